"""``lots show`` and ``lots bind``: every figure of a lot as a person reads it, and a binding as it is handed over."""

from __future__ import annotations

import getpass
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.cli.lot.card import cells
from monitor.cli.output import said
from monitor.ports.commands import BindProfile
from monitor.words.lot import bar, least_left
from monitor.words.reason import evidence
from tests.fakes.app import FakeApp, answer, app, run
from tests.fakes.desk import budget, lot

__all__ = ["app"]  # a fixture

BERLIN = ZoneInfo("Europe/Berlin")
EXHAUSTED = "2026-11-22T09:30:00.000Z"
WORST = {"celsius": 7.91, "from": EXHAUSTED, "to": EXHAUSTED}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def card(app: FakeApp, code: int = 0, verdict: str = "at_risk", **changes: Any) -> str:
    """What ``lots show`` prints of a lot, its blanks made one."""
    app.view.all_lots = [lot("EXO-1", verdict, **changes)]
    return " ".join(run("lots show EXO-1", code).stdout.split())


def test_the_verdict_comes_first_then_the_reasons_with_what_they_rest_on(app: FakeApp) -> None:
    reasons = [
        {
            "code": "budget_exhausted",
            "text": "the 2 h allowed in band 'warmer' were used up",
            "evidence": {
                "band": "warmer",
                "above": -40.0,
                "up_to": -20.0,
                "limit_seconds": 7_200.0,
                "spent_seconds": 7_260.0,
                "exhausted_at": EXHAUSTED,
                "readings": [
                    {"channel": "lab1/F01/product", "measured_at": EXHAUSTED, "celsius": -38.25},
                ],
                "profile": "ult-80@1",
            },
        },
        {
            "code": "excursion_open",
            "text": "its unit is outside the window",
            "evidence": {"excursion": "x17"},
        },
    ]
    text = card(app, 1, "breached", reasons=reasons)
    assert text.startswith("Verdict breached Lot EXO-1")
    said = (
        "breached the 2 h allowed in band 'warmer' were used up band warmer (-40 to -20 °C),"
        " limit 2 h, spent 2 h 1 min, exhausted 2026-11-22 10:30:00 +01:00"
        " reading of lab1/F01/product: -38.25 °C at 2026-11-22 10:30:00 +01:00"
        " by profile ult-80 version 1"
        " at risk its unit is outside the window excursion x17"
    )
    assert said in text


@pytest.mark.parametrize(
    ("rests_on", "lines"),
    [
        ({}, []),
        (
            {"coverage": 0.912, "minimum": 0.95, "unknown_seconds": 9_000.0},
            ["coverage 91.2 %, minimum 95 %, unknown 2 h 30 min"],
        ),
        (
            {"celsius": 9.25, "limit": 8.0, "from": EXHAUSTED, "to": None, "profile": "fridge@2"},
            ["limit 8 °C, 9.25 °C", "from 2026-11-22 10:30:00 +01:00", "by profile fridge version 2"],
        ),
        (
            {
                "count": 2,
                "limit": 1,
                "thaws": [
                    {"at": EXHAUSTED, "event": "e7", "since": None},
                    {"at": EXHAUSTED, "event": None, "since": "2026-11-22T09:20:00.000Z"},
                ],
            },
            [
                "limit 1, counted 2",
                "thawed 2026-11-22 10:30:00 +01:00 by event e7,"
                " 2026-11-22 10:30:00 +01:00 (above since 2026-11-22 10:20:00 +01:00)",
            ],
        ),
        (
            {"expires_at": EXHAUSTED, "expiry_reason": "in_use"},
            ["expires 2026-11-22 10:30:00 +01:00"],
        ),
    ],
)
def test_evidence_is_told_with_its_units(rests_on: dict[str, Any], lines: list[str]) -> None:
    assert [said(line, BERLIN) for line in evidence({"evidence": rests_on})] == lines


def test_budgets_are_bars_with_what_is_spent_and_left_and_when_they_run_out(app: FakeApp) -> None:
    budgets = [
        budget("warm", -60.0, -40.0, 86_400.0, 43_200.0, runs_out_at="2026-11-22T22:04:30.000Z"),
        budget("warmer", -40.0, -20.0, 7_200.0, 7_260.0, exhausted_at=EXHAUSTED),
        budget("thaw", -20.0, None, 0.0),
        budget("cold", None, -90.0, None, 75.0),
        budget("out_of_storage", None, None, 1_800.0),
    ]
    text = card(app, budgets=budgets)
    for row in (
        "warm (-60 to -40 °C) █████░░░░░ 12 h of 1 d spent 12 h left Runs out 2026-11-22 23:04:30 +01:00",
        "warmer (-40 to -20 °C) ██████████ 2 h 1 min of 2 h spent nothing left"
        " Since 2026-11-22 10:30:00 +01:00.",
        "thaw (above -20 °C) ░░░░░░░░░░ no time allowed never touched",
        "cold (up to -90 °C) 1 min 15 s, no limit",
        "out of storage ░░░░░░░░░░ 0 s of 30 min spent 30 min left",
    ):
        assert row in text


@pytest.mark.parametrize(
    ("spent", "exhausted", "full"),
    [(0.0, False, 0), (0.001, False, 1), (99.999, False, 9), (100.0, True, 10)],
)
def test_only_an_exhausted_budget_is_a_full_bar_and_only_an_untouched_one_an_empty_one(
    spent: float, exhausted: bool, full: int
) -> None:
    filled = bar(budget("warm", None, None, 100.0, spent, exhausted_at=EXHAUSTED if exhausted else None))
    assert filled is not None
    drawn = cells(filled)
    assert (drawn.count("█"), len(drawn)) == (full, 10)


def test_a_band_of_limit_0_that_was_touched_says_when(app: FakeApp) -> None:
    touched = [budget("thaw", -20.0, None, 0.0, 0.0, exhausted_at=EXHAUSTED)]
    assert "██████████ no time allowed touched Since 2026-11-22 10:30:00 +01:00." in card(
        app, budgets=touched
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Thaws Thawed 0 of 1 times allowed. The count is certain."),
        (
            {"thaw_count": 2, "thaw_count_determinate": False, "thawed_at": EXHAUSTED, "is_frozen": False},
            "Thaws Thawed 2 of 1 times allowed: over the limit. At least: it may have thawed while nobody knew its"
            " temperature, so the count is open. It was first thawed 2026-11-22 10:30:00 +01:00. It is thawed now.",
        ),
        ({"thaw_limit": None}, "Thaws Thawed 0 times, no limit. The count is certain."),
        ({}, "Coverage 99.9 % known, at least 95 % asked for"),
        ({"coverage": None, "coverage_minimum": None}, "Coverage none: it was never in storage"),
        ({"pending_seconds": 90.0}, "1 min 30 s pending"),
        ({}, "40 min unknown Out of storage 0 s Lowest -81.50 °C Highest -48.00 °C"),
        ({"uncertain_seconds": 210.0}, "Near a limit 3 min 30 s within the probe's uncertainty"),
        ({}, "Near a limit not known"),
        ({}, "Mean kinetic temperature none: the window lies below 0 °C"),
        (
            {"mkt_celsius": 5.414, "mkt_limit": 8.0, "mkt_worst": WORST},
            "Mean kinetic temperature 5.41 °C over the whole time Worst of it 7.91 °C"
            " from 2026-11-22 10:30:00 +01:00 to 2026-11-22 10:30:00 +01:00, limit 8 °C",
        ),
        ({"mkt_celsius": 5.414, "mkt_limit": 8.0}, "Worst of it none: it was not outside its window, limit 8 °C"),
        (
            {"act_by": "2026-11-22T11:12:30.000Z", "act_by_reason": "then band warm is used up"},
            "Act by 2026-11-22 12:12:30 +01:00: then band warm is used up",
        ),
        ({}, "Expiry Expired: it was good until 2026-11-21 00:00:00 +01:00, by its label."),
        (
            {"effective_expires_at": "2026-11-23T09:30:00.000Z", "expiry_reason": "thawed"},
            "Expiry Good until 2026-11-23 10:30:00 +01:00, by its time in use after the first thaw.",
        ),
        ({"effective_expires_at": None, "expiry_reason": None, "expires_at": None}, "Expiry No expiry is on record."),
        ({"parent": "EXO-0", "children": ["EXO-1-A", "EXO-1-B"]}, "Aliquot of EXO-0 Aliquots EXO-1-A, EXO-1-B"),
        (
            {"profile_bound": {"profile": "ult-80@3", "by": "QA", "at": EXHAUSTED, "reason": "study", "event_id": "b"}},
            "Bound QA bound it to profile ult-80 version 3, by QA, 2026-11-22 10:30:00 +01:00. Reason: Study.",
        ),
        ({"without_effect": {"e9": "voided by v1"}}, "Without effect e9: voided by v1"),
        ({}, "lab1/F01 2026-01-05 09:00:00 +01:00 now 321 d 2 h"),
        ({"unit": None, "custody": []}, "Where not stored yet"),
        ({"unit": None, "disposition": "disposed"}, "Where disposed of"),
    ],
)  # fmt: skip
def test_every_figure_is_told_so_that_a_person_can_read_it(
    app: FakeApp, changes: dict[str, Any], said: str
) -> None:
    assert said in card(app, **changes)


@pytest.mark.parametrize(
    ("budgets", "said"),
    [
        ([], None),
        ([budget("cold", None, -90.0, None, 5.0), budget("thaw", -20.0, None, 0.0)], None),
        ([budget("a", 0.0, 1.0, 100.0, 10.0), budget("b", 1.0, 2.0, 1_000.0, 900.0)], "b: 1 min 40 s"),
        ([budget("a", 0.0, 1.0, 100.0, 90.0), budget("thaw", 1.0, None, 0.0, exhausted_at=EXHAUSTED)], "thaw: nothing"),
    ],
)  # fmt: skip
def test_the_least_left_is_the_smallest_share_and_a_touched_band_is_less_than_any(
    budgets: list[dict[str, Any]], said: str | None
) -> None:
    assert least_left(lot("L", "within_profile", budgets=budgets)) == said


# --- bind ---

BIND = "lots bind EXO-1 ult-80@2 --reason 'study S-12'"


def test_a_binding_is_handed_over_with_the_login_name_unless_one_is_given(app: FakeApp) -> None:
    assert "EXO-1 is judged by ult-80@2 from now on (event b1)" in run(BIND).stdout
    assert answer(f"{BIND} --by 'QA, R. L.' --json") == {"event_id": "b2", "outcome": "recorded"}
    assert app.commands.carried_out == [
        BindProfile(lot="EXO-1", profile="ult-80@2", reason="study S-12", by=getpass.getuser()),
        BindProfile(lot="EXO-1", profile="ult-80@2", reason="study S-12", by="QA, R. L."),
    ]


def test_a_binding_without_a_reason_is_usage_and_of_an_unknown_lot_a_finding(app: FakeApp) -> None:
    assert "--reason" in run("lots bind EXO-1 ult-80@2", 2).stderr
    assert "did you mean EXO-1?" in run("lots bind EXO-11 ult-80@2 --reason x", 1).stderr
    assert app.commands.carried_out == []


def test_a_refused_binding_is_a_finding_in_words(app: FakeApp) -> None:
    app.commands.refusal = ValueError("there is no profile version 'ult-80@9'; write one of ult-80@1")
    assert "write one of ult-80@1" in run(BIND, 1).stderr


def test_bound_is_no_event_to_be_recorded_by_hand(app: FakeApp) -> None:
    assert "Use 'lots bind'." in run("lots event EXO-1 bound", 2).stderr


# --- the configuration and what has been judged ---


@pytest.mark.parametrize("line", ["run", "check"])
def test_a_profile_that_was_edited_after_it_judged_is_told_with_exit_2(app: FakeApp, line: str) -> None:
    from pathlib import Path

    from monitor.config import ConfigurationError
    from monitor.config.file.problem import Problem

    problem = Problem("profiles/ult-80.toml", "version", "1", "2")
    app.contradiction = ConfigurationError(Path("config"), [problem])
    result = run(line, 2)
    assert "profiles/ult-80.toml: version: found 1; expected 2" in result.stderr
    assert result.stdout == ""


def test_check_still_checks_the_files_when_the_store_cannot_be_asked(app: FakeApp) -> None:
    from sqlalchemy.exc import OperationalError

    app.contradiction = OperationalError("SELECT secret", {}, Exception("connection refused"))
    result = run("check")
    assert "warning: the store can't be asked" in result.stderr
    assert "connection refused" in result.stderr
    assert "SELECT" not in result.stderr
    assert "can be used" in result.stderr
