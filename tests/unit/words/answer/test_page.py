"""docs/json.md and docs/json.schema.json are what the program answers: every answer below is a real one, from a real
store, over HTTP or from a command, and no field in it goes undescribed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from monitor.cli.program import program
from monitor.core.answer.alarm import AlarmAnswer, TellingNowAnswer
from monitor.core.answer.command import ErrorAnswer
from monitor.core.answer.excursion import ExcursionAnswer
from monitor.core.answer.health import ReadyAnswer
from monitor.core.answer.lot import LotAnswer
from monitor.core.answer.unit import ProbeAnswer, UnitAnswer
from monitor.core.telling.told import Why
from monitor.program.app import load
from monitor.program.service import Service
from monitor.words.answer.fields import fields_of, parts
from monitor.words.answer.page import json_doc, json_schema
from monitor.words.answer.ways import CHANGES, QUESTIONS, AnswerWay
from tests.house import ROOT
from tests.rigs.alarms_rig import AlarmsRig
from tests.rigs.answer.described import SCHEMA, hold
from tests.rigs.answer.json_answers import EXAMPLE, Said, by_command, over_http

PAGE = ROOT / "docs" / "json.md"
WAYS = (*QUESTIONS, *CHANGES)


# --- the page is the program's own ---


@pytest.mark.parametrize(("path", "options"), [(PAGE, []), (SCHEMA, ["--schema"])])
def test_the_page_and_the_schema_are_what_the_command_prints(path: Path, options: list[str]) -> None:
    printed = CliRunner().invoke(program, ["docs", "json", *options])
    assert printed.exit_code == 0, printed.output
    remedy = f"exosome-monitor docs json {' '.join(options)} --out docs/{path.name}"
    assert path.read_text(encoding="utf-8") == printed.output, f"make the page again: {remedy}"


def test_they_can_be_written_to_a_file(tmp_path: Path) -> None:
    printed = CliRunner().invoke(program, ["docs", "json", "--out", str(tmp_path / "json.md")])
    assert (printed.exit_code, printed.output) == (0, "")
    assert (tmp_path / "json.md").read_text(encoding="utf-8") == json_doc()


def test_every_field_of_every_answer_says_what_it_is() -> None:
    for name, kind in json.loads(json_schema())["$defs"].items():
        assert kind["description"].endswith((".", ")")), name
        for field, about in kind["properties"].items():
            assert about["description"], f"{name}.{field} has no meaning beside it"


def test_why_somebody_is_told_or_not_has_the_values_of_the_plan() -> None:
    (why,) = [field for field in fields_of(TellingNowAnswer) if field.name == "why"]
    assert set(why.one_of) == set(Why)


# --- no address and no command goes undescribed ---

APART = {"GET /metrics", "GET /api/v1/stream"}
"""Addresses that don't answer JSON."""
REPORTS = {"check", "simulate"}
"""Commands whose JSON is described elsewhere."""


def test_every_address_is_in_the_table_with_its_parameters_and_the_fields_of_its_body(rig: AlarmsRig) -> None:
    described = {way.address: way for way in WAYS if way.address is not None}
    served = set(APART)
    for path, methods in rig.app.openapi()["paths"].items():
        for method, operation in methods.items():
            address = f"{method.upper()} {path}"
            served.add(address)
            if address in APART:
                continue
            way = described[address]
            asked = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            fields = body.get("schema", {}).get("properties", {})
            assert {*way.needs, *way.takes} == asked | set(fields), address
            assert set(way.needs) == set(body.get("schema", {}).get("required", ())), address
    assert served == set(described) | APART


def test_every_command_with_json_is_in_the_table() -> None:
    described = {way.command for way in WAYS if way.command is not None}
    assert set(_commands(typer.main.get_command(program), ())) == described | REPORTS


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    for name, each in inner.items():
        yield from _commands(each, (*path, name))
    if not inner and any("--json" in option.opts for option in command.params):
        yield " ".join(path)


# --- what is really said ---


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[AlarmsRig]:
    lab = AlarmsRig(tmp_path)
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    answers = over_http(tmp_path_factory.mktemp("http"))
    for command, printed in by_command(tmp_path_factory.mktemp("commands")).items():
        answers.setdefault(command, []).extend(printed)
    return answers


NOT_HERE = {"GET /readyz", "influx status", "influx reconcile"}
"""Tried below, and with an InfluxDB in tests/integration."""


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.address or way.command)
def test_what_is_answered_is_what_is_described(way: AnswerWay, said: Said) -> None:
    answers = _answers(way, said)
    assert answers or {way.address, way.command} & NOT_HERE, "nothing was answered"
    for answer in answers:
        hold(way.kind, answer)


def test_a_refusal_is_what_is_described(said: Said) -> None:
    assert len(said["error"]) >= 4
    for answer in said["error"]:
        hold(ErrorAnswer, answer)


def test_a_part_of_the_program_that_fails_is_what_is_described(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXOSOME_MONITOR__STORE__URL", f"sqlite:///{tmp_path / 'store.db'}")
        service = Service(load(EXAMPLE))
    try:
        with service.writer.parts.turns.turn() as turn:
            service.writer.parts.asides.put(turn, "lot", "L1", ValueError("a bug"))
        hold(ReadyAnswer, {**service.health(), "reasons": []})
    finally:
        service.stop()


# --- what may be null is, and what may not isn't ---

NEVER_SEEN: Mapping[type, set[str]] = {
    LotAnswer: {"expires_at", "effective_expires_at", "expiry_reason", "registered_at"},
    ExcursionAnswer: {"superseded_by"},
    AlarmAnswer: {"parent"},
    UnitAnswer: set(),
    ProbeAnswer: {"online"},
}
"""Fields that no answer here has, or none lacks."""


@pytest.mark.parametrize("kind", list(NEVER_SEEN), ids=lambda kind: kind.__name__)
def test_each_field_is_seen_with_a_value_and_null_where_it_may_be(kind: type, said: Said) -> None:
    answers = [each for way in WAYS if way.kind is kind for each in _answers(way, said)]
    if kind is ProbeAnswer:
        answers = [probe for unit in _answers(QUESTIONS[0], said) for probe in unit["probes"]]
    odd = set()
    for field in fields_of(kind):
        seen = {each.get(field.name) is None for each in answers}
        may_lack = type(None) in parts(field.hint) or not field.is_required
        if seen != ({True, False} if may_lack else {False}):
            odd.add(field.name)
    assert odd == NEVER_SEEN[kind]


def _answers(way: AnswerWay, said: Said) -> list[Any]:
    answers = [answer for name in (way.address, way.command) for answer in said.get(name or "", ())]
    return [each for answer in answers for each in answer] if way.is_list else answers
