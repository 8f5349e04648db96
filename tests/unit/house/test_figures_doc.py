"""docs/figures.md says what the program says: its example is imported by the real program, and every figure compared.

Tables are told apart by their header: ``figure`` rows are looked up in the program's JSON, ``seconds`` and ``instant``
are computed again, ``code`` and readings are compared with what they speak of.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from monitor.core.lot.verdict import VERDICT_OF
from monitor.core.time.instant import parse_instant
from monitor.program.app import load, open_view
from tests.house import ROOT

DOCUMENT = ROOT / "docs" / "figures.md"
EXAMPLE = ROOT / "docs" / "example"
TEXT = DOCUMENT.read_text(encoding="utf-8")
RULES, WORKED = TEXT.split("\n## Part 2", 1)
AS_OF = parse_instant("2025-03-03T10:30:00Z")
STORE = "EXOSOME_MONITOR__STORE__URL"

Table = tuple[list[str], list[list[str]]]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program says of the example: both lots, and the excursion of the first."""
    url = f"sqlite:///{tmp_path_factory.mktemp('figures') / 'example.db'}"
    command = [sys.executable, "-m", "monitor", "ingest", "--config", str(EXAMPLE)]
    files = [str(EXAMPLE / "readings.csv"), str(EXAMPLE / "events.jsonl")]
    env = {**os.environ, STORE: url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, *files], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STORE, url)
        configuration = load(EXAMPLE)
    with open_view(configuration) as view:
        lots = {lot: view.lot(lot, as_of=AS_OF) for lot in ("EXO-EX-1", "EXO-EX-2")}
        (excursion,) = view.excursions(lot="EXO-EX-1", as_of=AS_OF)
    return {
        "figure": lots["EXO-EX-1"],
        "figure of the second lot": lots["EXO-EX-2"],
        "figure of the excursion": excursion,
    }


def tables(text: str) -> Iterator[Table]:
    """Header and rows of each table, cells without their marks."""
    for block in re.findall(r"^\|.*\n\|[-|]+\n(?:\|.*\n)*", text, re.M):
        lines = [[_plain(cell) for cell in line.strip("|").split("|")] for line in block.splitlines()]
        yield lines[0], lines[2:]


def _plain(cell: str) -> str:
    return cell.strip().strip("*`")


def headed(text: str, *names: str) -> list[Table]:
    """The tables that have all these columns; there must be one."""
    found = [table for table in tables(text) if set(names) <= set(table[0])]
    assert found, f"no table with the columns {names}"
    return found


def number(cell: str) -> Fraction:
    return Fraction(cell.replace(",", "").replace("−", "-"))


def instant(cell: str) -> int:
    """The instant of a time of the example's day."""
    return parse_instant(f"2025-03-03T{cell if cell.count(':') == 2 else cell + ':00'}Z")


def value(cell: str) -> Any:
    """A cell as JSON has it."""
    if re.fullmatch(r"[−\d.,]+", cell):
        return float(number(cell))
    return {"null": None, "true": True, "false": False}.get(cell, cell)


def look_up(body: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(body, list):
            body = next(each for each in body if each["band"] == name)
        else:
            body = body[name]
    return body


# --- the example ---


@pytest.mark.parametrize("kind", ["figure", "figure of the second lot", "figure of the excursion"])
def test_every_figure_that_is_worked_out_is_what_the_program_says(said: dict[str, Any], kind: str) -> None:
    rows = [row for _, found in headed(WORKED, kind, "value") for row in found]
    assert len(rows) >= 7
    for path, _, shown in rows:
        assert look_up(said[kind], path) == value(shown), path


def test_the_json_of_the_document_is_what_the_program_says(said: dict[str, Any]) -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```", WORKED, re.M | re.S)
    shown, actual = json.loads(block), dict(said["figure"])
    # An id counts what came before it in this store; that there is one excursion is the figure.
    assert len(shown.pop("excursions")) == len(actual.pop("excursions")) == 1
    assert shown == actual


def test_the_reasons_that_hold_are_those_that_the_program_gives(said: dict[str, Any]) -> None:
    ((_, rows),) = headed(WORKED, "code", "holds")
    assert [code for code, _, _ in rows] == list(VERDICT_OF)
    assert {code for code, _, holds in rows if holds == "yes"} == {
        reason["code"] for reason in said["figure"]["reasons"]
    }


def test_the_readings_shown_are_those_of_the_file() -> None:
    rows = [row for _, found in headed(WORKED, "unit", "time", "°C") for row in found]
    shown = [(unit, instant(time), None if cell == "fault" else number(cell)) for unit, time, cell in rows]
    with (EXAMPLE / "readings.csv").open(encoding="utf-8", newline="") as file:
        given = [
            (
                row["unit"],
                parse_instant(row["measured_at"]),
                None if row["fault"] else Fraction(row["celsius"]),
            )
            for row in csv.DictReader(file)
        ]
    assert shown == given


def test_the_profile_shown_is_that_of_the_file() -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```", WORKED, re.M | re.S)
    assert block == (EXAMPLE / "profiles" / "example-frozen.toml").read_text(encoding="utf-8")


def test_every_duration_is_that_of_its_ends_and_every_sum_is_right() -> None:
    for header, rows in headed(WORKED, "from", "to", "seconds"):
        at, spent = header.index("seconds"), Fraction(0)
        for row in rows:
            if row[0] == "sum":
                assert number(row[at]) == spent
            else:
                assert number(row[at]) == Fraction(instant(row[1]) - instant(row[0]), 1000), row
                spent += number(row[at])


def test_every_crossing_is_where_the_line_passes_its_level() -> None:
    readings = {
        (instant(time), number(cell))
        for _, rows in headed(WORKED, "unit", "time", "°C")
        for unit, time, cell in rows
        if unit == "F01" and cell != "fault"
    }
    ((_, rows),) = headed(WORKED, "level", "instant")
    for start, end, first, last, level, _, after, at in rows:
        assert {(instant(start), number(first)), (instant(end), number(last))} <= readings
        share = (number(level) - number(first)) / (number(last) - number(first))
        ms = int(share * (instant(end) - instant(start)) + Fraction(1, 2))
        assert number(after) == Fraction(ms, 1000)
        assert instant(at) == instant(start) + ms


# --- the rules ---


def test_every_field_of_a_lot_is_explained(said: dict[str, Any]) -> None:
    named = set(re.findall(r"`([a-z_]+)`", RULES))
    of_budgets = {name for budget in said["figure"]["budgets"] for name in budget}
    assert (said["figure"].keys() | of_budgets) - {"band"} - named == set()


def test_the_table_of_reason_codes_is_that_of_the_program() -> None:
    ((_, rows),) = headed(RULES, "code", "makes the lot")
    assert {row[0]: row[-1] for row in rows} == {code: verdict.value for code, verdict in VERDICT_OF.items()}


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert len(links) > 50
    assert [link for link in links if not (DOCUMENT.parent / link).exists()] == []
