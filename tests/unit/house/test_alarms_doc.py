"""docs/alarms.md is what the program goes by, and every condition has its words: for messages and for the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli.program import program
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.alarm.machine import TRANSITIONS
from monitor.words.alarm_doc import alarm_doc
from monitor.words.case import Case, Context
from monitor.words.condition import CONDITIONS, why_cleared
from monitor.words.message import headline, message
from tests.house import ROOT

PAGE = ROOT / "docs" / "alarms.md"


def test_the_page_is_what_the_command_prints() -> None:
    found = CliRunner().invoke(program, ["docs", "alarms"])
    assert found.exit_code == 0, found.output
    remedy = "exosome-monitor docs alarms --out docs/alarms.md"
    assert PAGE.read_text(encoding="utf-8") == found.output, f"make the page again: {remedy}"


def test_it_can_be_written_to_a_file(tmp_path: Path) -> None:
    found = CliRunner().invoke(program, ["docs", "alarms", "--out", str(tmp_path / "alarms.md")])
    assert (found.exit_code, found.output) == (0, "")
    assert (tmp_path / "alarms.md").read_text(encoding="utf-8") == alarm_doc()


def test_every_condition_has_its_words_and_its_meaning_and_nothing_else_has() -> None:
    names = {condition.value for condition in AlarmCondition}
    assert set(CONDITIONS) == names


@pytest.mark.parametrize("condition", list(AlarmCondition))
def test_a_condition_is_worded_for_somebody_just_woken(condition: AlarmCondition) -> None:
    words = CONDITIONS[condition]
    assert 2 <= len(words.first) <= 4
    for sentence in (*words.first, CONDITIONS[condition].means):
        assert re.search(r"[.?}]$", sentence), sentence
        assert sentence[0].isupper(), sentence
    assert not words.happens.endswith(".")
    assert why_cleared(condition.value, "recovered").endswith(".")


@pytest.mark.parametrize("condition", list(AlarmCondition))
def test_the_page_has_a_section_with_what_the_message_says_to_do_first(condition: AlarmCondition) -> None:
    section = alarm_doc().split(f"\n### {condition}\n")[1].split("\n### ")[0]
    for step in CONDITIONS[condition].first:
        assert step.split("{move}")[0] in section
    assert CONDITIONS[condition].clears in section


def test_every_move_that_does_something_is_in_the_table_and_the_diagram() -> None:
    text = alarm_doc()
    for (state, event), move in TRANSITIONS.items():
        if move.to is not state:
            assert f"| {state.value.replace('_', ' ')} | {event.value} |" in text
            assert re.search(rf"{state.value} --> {move.to.value}: .*{event.value}", text)


def alarm(condition: str, subject: str, **evidence: object) -> dict[str, object]:
    return {
        "id": "a7",
        "condition": condition,
        "subject": subject,
        "level": "alarm",
        "raised_at": "2026-11-20T08:00:00.000Z",
        "cleared_at": None,
        "evidence": evidence,
    }


def test_a_flood_says_how_many_and_why_in_its_first_line() -> None:
    flood = alarm("alarm_flood", "lab1", text="12 units lost their power", cause="power")
    assert headline(Case.of(flood, Context({}))) == "lab1: 12 units lost their power since 08:00 +00:00"


@pytest.mark.parametrize(
    ("condition", "subject", "first"),
    [
        ("broker_lost", "broker", "[ALARM] The MQTT broker cannot be reached: no readings arrive since"),
        ("store_failing", "store", "[ALARM] store fails since"),
        ("notifier_failing", "anna", "[ALARM] anna cannot be reached since"),
        ("power_lost", "lab1/F01", "[ALARM] F01 has lost its power since"),
        ("battery_low", "lab1/F01/product", "[ALARM] F01 has a probe with a low battery since"),
        ("clock_skew", "lab1/F01/product", "[ALARM] F01 has a probe with a wrong clock since"),
        ("drill", "anna", "[ALARM] anna has a drill to answer since"),
    ],
)
def test_a_message_begins_with_what_and_where_and_says_why(condition: str, subject: str, first: str) -> None:
    text = "as it was seen"
    subject_line, body = message("opened", alarm(condition, subject, text=text), Context({}))
    assert subject_line.startswith(first)
    assert (f"Why: {text}." in body) == (condition != "drill")


def test_the_end_of_a_warning_claims_no_more_than_it_was() -> None:
    warned = {**alarm("temperature_high", "lab1/F01/product", clear_reason="recovered"), "level": "warning"}
    warned["cleared_at"] = "2026-11-20T09:00:00.000Z"
    assert "back within its warning level" in message("closed", warned, Context({}))[1]
