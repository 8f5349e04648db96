"""What a person reads at the start of a shift, and QA on a Monday."""

from __future__ import annotations

from typing import Any

from monitor.words.digest import digest
from monitor.words.message import WIDTH
from monitor.words.summary import summary
from tests.unit.words.test_message import CONTEXT, WARM, over

LOTS: list[dict[str, Any]] = [
    {"lot": "L-1", "verdict": "within_profile"},
    {"lot": "L-2", "verdict": "at_risk", "unit": "lab1/F02", "product": "Exo-A",
     "effective_expires_at": "2026-11-29T23:00:00.000Z",
     "reasons": [{"code": "expiring", "text": "Near expiry."}]},
    {"lot": "L-3", "verdict": "breached", "unit": None, "as_of": "2026-11-23T06:00:00.000Z",
     "effective_expires_at": "2026-11-20T23:00:00.000Z", "reasons": []},
    {"lot": "L-4", "verdict": "breached", "disposition": "disposed"},
    {"lot": "L-5", "unit": "lab1/F01"},
]  # fmt: skip


def test_a_digest_lists_open_alarms_past_ones_and_lots_worst_first() -> None:
    past = over(WARM, "recovered", ended_at="2026-11-22T03:10:00.000Z")
    found = {"lots": LOTS, "past": [past], "open": [WARM]}
    subject, body = digest("lab1", "2026-11-23T07:00", found, CONTEXT)
    assert subject == "[DIGEST] lab1 2026-11-23 07:00: 1 open alarm, 1 past alarm, 3 lots to look at"
    text = " ".join(body.split())
    assert "first: - [CRITICAL] F02 too warm: -48.2 °C (limit -60 °C) since 03:12 +01:00" in text
    assert (
        "- F02: too warm, up to -47.9 °C (limit -60 °C), Sun 2026-11-22 03:12 +01:00 to 04:10 +01:00" in text
    )
    assert "- L-3 (not in storage): breached, expired Sat 2026-11-21 00:00 +01:00." in text
    assert "- L-2 (Exo-A, in F02): at risk, expires Mon 2026-11-30 00:00 +01:00. Near expiry." in text
    assert body.index("L-3 ") < body.index("L-2 ") < body.index("L-5 ")
    assert "L-4" not in body
    assert "L-1" not in body
    assert "1 lot within profile." in body


def test_a_digest_names_first_what_nobody_has_acknowledged() -> None:
    taken = {**WARM, "state": "acknowledged", "acknowledged_by": "anna", "subject": "lab1/F09/product"}
    warning = {**WARM, "level": "warning", "subject": "lab1/F08/product"}
    _, body = digest("lab1", "2026-11-23T07:00", {"open": [taken, warning, WARM]}, CONTEXT)
    assert body.index("F02") < body.index("F08") < body.index("F09")
    assert "(acknowledged by anna)" in " ".join(body.split())


def test_a_digest_says_who_is_not_watched_what_nobody_saw_and_what_must_be_calibrated() -> None:
    found = {
        "unseen": [over(WARM, "recovered", ended_at="2026-11-22T03:10:00.000Z")],
        "unwatched": [{"subject": "lab1/F03", "text": "lab1/F03: suppressed by ben until noon: defrosting"}],
        "calibrations": [
            {"channel": "lab1/F01/product", "due_on": "2026-11-01", "is_overdue": True},
            {"channel": "lab1/F02/product", "due_on": "2026-12-01", "is_overdue": False},
        ],
    }
    subject, body = digest("lab1", "2026-11-23T19:00", found, CONTEXT)
    assert subject == "[DIGEST] lab1 2026-11-23 19:00: no open alarms, 1 not watched, no lots to look at"
    text = " ".join(body.split())
    assert "Ended before anybody acknowledged them: - F02: too warm" in text
    assert "Not watched now: - lab1/F03: suppressed by ben until noon: defrosting" in text
    assert "- lab1/F01/product: was due on 2026-11-01" in text
    assert "- lab1/F02/product: is due on 2026-12-01" in text


def test_a_digest_with_nothing_to_tell_says_so() -> None:
    subject, body = digest("lab1", "2026-11-23T07:00", {}, CONTEXT)
    assert subject == "[DIGEST] lab1 2026-11-23 07:00: no open alarms, no lots to look at"
    assert "Nothing to report." in body


WEEK: dict[str, Any] = {
    "since": "2026-11-16T07:00:00.000Z",
    "until": "2026-11-23T07:00:00.000Z",
    "excursions": [
        {"channel": "lab1/F02/product", "direction": "high", "extreme_celsius": -48.2,
         "started_at": "2026-11-22T02:12:00.000Z", "ended_at": "2026-11-22T04:10:00.000Z", "is_late": False},
        {"channel": "lab1/R01/product", "direction": "low", "extreme_celsius": 0.4,
         "started_at": "2026-11-10T02:12:00.000Z", "ended_at": None, "is_late": True},
    ],
    "lots": LOTS,
    "coverage": [
        {"unit": "lab1/F03", "title": "F03", "coverage": None},
        {"unit": "lab1/F02", "title": "F02", "coverage": 0.99999},
        {"unit": "lab1/F01", "title": "F01", "coverage": 1.0},
    ],
    "alarms": [
        {"unit": "lab1/F02", "count": 4, "past": 1, "acknowledged": 2, "never_acknowledged": 1,
         "median_seconds": 240.0, "longest_seconds": 540.0},
    ],
    "suppressions": [
        {"subject": "lab1/F01", "kind": "out_of_service", "condition": None, "owner": "ben",
         "reason": "repair", "seconds": 10_800},
    ],
    "calibrations": [{"channel": "lab1/F01/product", "due_on": "2026-11-01", "is_overdue": True}],
    "drills": [
        {"person": "anna", "outcome": "answered", "by": "anna", "seconds": 125.0},
        {"person": "ben", "outcome": "answered", "by": "anna", "seconds": 3_900.0},
        {"person": "cleo", "outcome": "unanswered", "by": None, "seconds": None},
        {"person": "dora", "outcome": "open", "by": None, "seconds": None},
    ],
}  # fmt: skip


def test_the_weekly_summary_says_what_qa_asks_of_a_week() -> None:
    subject, body = summary("lab1", "2026-11-23T08:00", WEEK, CONTEXT)
    assert subject == "[WEEK] lab1 2026-11-23 08:00: 2 excursions, 4 alarms, 3 lots to look at"
    text = " ".join(body.split())
    for part in (
        "From Mon 2026-11-16 08:00 +01:00 to Mon 2026-11-23 08:00 +01:00.",
        "- lab1/F02/product: up to -48.2 °C, Sun 2026-11-22 03:12 +01:00 to 05:10 +01:00",
        "- lab1/R01/product: down to 0.4 °C, Tue 2026-11-10 03:12 +01:00, open (of before;",
        "- lab1/F03: nothing to count yet - lab1/F02: 99.9 % - lab1/F01: 100 %",
        "- lab1/F02: 4 alarms, 2 acknowledged (typically after 4 min, at most 9 min), 1 not acknowledged, 1 past",
        "- lab1/F01: out of service for 3 h by ben: repair",
        "- anna: answered after 2 min - ben: answered after 1 h 5 min, by anna - cleo: NOT ANSWERED",
        "- dora: not answered yet",
        "- lab1/F01/product: was due on 2026-11-01",
    ):
        assert part in text
    assert max(map(len, body.splitlines()[1:])) <= WIDTH


def test_a_week_without_anything_says_so() -> None:
    subject, body = summary("lab1", "2026-11-23T08:00", {}, CONTEXT)
    assert subject == "[WEEK] lab1 2026-11-23 08:00: no excursions, no alarms, no lots to look at"
    assert "No excursion was confirmed." in body
