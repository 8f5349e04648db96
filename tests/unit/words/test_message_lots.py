"""What a message says of a lot, of how long there is to act, and of which lots to move first."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.core.time.instant import parse_instant
from monitor.words.message import MOST_LOTS, WIDTH, Context, closed, opened
from tests.unit.words.test_message import CONTEXT, WARM, alarm, over

THAWED_AT = "2026-11-22T02:12:00.000Z"


def at(text: str) -> Context:
    """The context of a message that is put together at that instant."""
    return Context(
        {"lab1": ZoneInfo("Europe/Zurich")}, "https://monitor.lab.example", lambda: parse_instant(text)
    )


def rescue(lot: str, act_by: str | None = None, to: Any = ("lab1/F01",), why: str = "F01 is healthy.") -> Any:
    return {"lot": lot, "act_by": act_by, "what": "warm", "why": why, "to": to if to is None else list(to)}


def warm(**evidence: Any) -> dict[str, Any]:
    return {**WARM, "evidence": {**WARM["evidence"], **evidence}}


# --- how long there is ---


@pytest.mark.parametrize(
    ("now", "line"),
    [
        ("2026-11-22T02:30:00Z", "Act by 05:40 +01:00 (in 2 h 10 min)"),
        ("2026-11-22T04:39:30Z", "Act by 05:40 +01:00 (in 30 s)"),
        ("2026-11-21T22:30:00Z", "Act by Sun 2026-11-22 05:40 +01:00 (in 6 h 10 min)"),
        ("2026-11-22T04:40:00Z", "Act by 05:40 +01:00 (0 s ago)"),
        ("2026-11-22T05:00:00Z", "Act by 05:40 +01:00 (20 min ago)"),
    ],
)
def test_the_deadline_says_how_far_off_it_is_when_the_message_is_put_together(now: str, line: str) -> None:
    assert opened(WARM, at(now))[1].splitlines()[2] == line


def test_the_deadline_is_followed_by_what_happens_then() -> None:
    reason = "lot L-7: its time in band 'warm' may be used up then"
    lines = opened(warm(act_by_reason=reason), at("2026-11-22T02:30:00Z"))[1].splitlines()
    assert lines[2:5] == [
        "Act by 05:40 +01:00 (in 2 h 10 min)",
        "Lot L-7: its time in band 'warm' may be used up then.",
        "",
    ]


def test_the_deadline_of_another_site_is_told_in_its_own_time() -> None:
    zones = {"lab1": ZoneInfo("Europe/Zurich"), "osaka": ZoneInfo("Asia/Tokyo")}
    context = Context(zones, "", lambda: parse_instant("2026-11-22T02:30:00Z"))
    body = opened({**WARM, "subject": "osaka/F02/product"}, context)[1]
    assert "Act by 13:40 +09:00 (in 2 h 10 min)" in body


# --- which lots first ---


def test_lots_are_listed_in_the_order_in_which_to_move_them_with_when_where_and_why() -> None:
    order = [
        rescue("L-8", "2026-11-22T04:40:00.000Z", ["lab1/F01", "lab1/F04", "lab1/F05", "lab1/F06"]),
        rescue("L-7", None, [], "No unit can take it. Find other cold storage."),
    ]
    body = opened(warm(rescue=order), CONTEXT)[1]
    block = body.split("Move the lots in this order:\n")[1].split("\n\n")[0]
    assert " ".join(block.split()) == (
        "1. L-8, by 05:40 +01:00, to lab1/F01 or lab1/F04 or lab1/F05. F01 is healthy."
        " 2. L-7. No unit can take it. Find other cold storage."
    )
    assert max(map(len, block.splitlines())) <= WIDTH
    assert "ots inside" not in body.split("Move the lots")[1]


def test_a_lot_inside_that_no_order_names_is_listed_too() -> None:
    body = opened(warm(rescue=[rescue("L-8")]), CONTEXT)[1]
    assert "Other lots inside (1):\n  L-7\n" in body


def test_a_very_long_order_is_cut_and_every_lot_is_still_counted() -> None:
    names = [f"L-{n}" for n in range(MOST_LOTS + 5)]
    body = opened(warm(rescue=[rescue(name) for name in names], lots=names), CONTEXT)[1]
    assert f"\n{MOST_LOTS}. L-{MOST_LOTS - 1}, to lab1/F01" in body
    assert "... and 5 more: see the page" in body
    assert "Other lots inside (5):" in body


@pytest.mark.parametrize("found", [None, [], "L-7", [None], [{}], [{"lot": "L-7", "to": None, "act_by": 5}]])
def test_an_order_that_is_none_or_lacks_something_breaks_no_message(found: Any) -> None:
    subject, body = opened(warm(rescue=found), CONTEXT)
    assert body.splitlines()[0] == subject
    assert "L-7" in body
    assert "None" not in body


def test_an_order_cannot_forge_a_line() -> None:
    body = opened(warm(rescue=[rescue("L\nAct by never", to=["a\r\nBcc: x"], why="y\n\nPage: z")]), CONTEXT)[
        1
    ]
    assert [line for line in body.splitlines() if line.startswith(("Bcc", "Act by never", "Page: z"))] == []


def test_a_closing_lists_every_lot_and_no_order() -> None:
    body = closed(over(warm(rescue=[rescue("L-8")]), "recovered"), CONTEXT)[1]
    assert "Lots inside (2):\n  L-7\n  L-8\n" in body
    assert "Move the lots" not in body


# --- lots ---

BREACHED_TEXT = """\
[CRITICAL] Lot L-7 has broken its profile: budget exhausted, thaws over limit since 03:12 +01:00, in F02

What to do first:
1. Do not use the lot.
2. Set it apart and mark it, in storage that is within its
   profile: do not throw it away.
3. Ask QA for a decision. The readings that decided are on its
   page.

Why: the 2 h allowed in band 'warmer' were used up; thawed 2
times, 1 allowed; last on 2026-11-22 03:12 +01:00.

Product: EV-7, lyophilised
Unit: lab1/F02
Alarm raised: Sun 2026-11-22 03:12 +01:00

Page: https://monitor.lab.example/alarms/A-12
Message: A-12 opened
"""


def test_the_whole_message_of_a_breached_lot_reads_so() -> None:
    why = "the 2 h allowed in band 'warmer' were used up; thawed 2 times, 1 allowed; last on 2026-11-22 03:12 +01:00"
    told = alarm(
        "lot_breached",
        "L-7",
        "critical",
        text=f"EV-7, lyophilised, lab1/F02: {why}",
        product="EV-7, lyophilised",
        unit="lab1/F02",
        codes=["budget_exhausted", "thaws_over_limit"],
        verdict="breached",
    )
    subject, body = opened({**told, "raised_at": THAWED_AT}, CONTEXT)
    assert body == BREACHED_TEXT
    assert subject == body.splitlines()[0]


def test_a_breach_out_of_storage_says_why_without_naming_the_product_twice() -> None:
    told = alarm("lot_breached", "L-7", text="EV-7, out of storage: too long", product="EV-7", unit=None)
    assert "\nWhy: too long.\n" in opened(told, CONTEXT)[1]


def test_a_thaw_that_an_event_told_names_it_and_says_not_to_refreeze() -> None:
    told = alarm(
        "lot_thawed", "L-7", product="EV-7", unit="lab1/F02", count=1, thawed_at=THAWED_AT, event="lims-7"
    )
    body = opened(told, CONTEXT)[1]
    assert "Thawed: Sun 2026-11-22 03:12 +01:00\nEvent: lims-7\n" in body
    assert "1. Do not refreeze the lot: ask QA first." in body


@pytest.mark.parametrize("left", [None, "much", {}, {"warm": None}, {"warm": "5"}])
def test_a_budget_of_which_nothing_can_be_told_invents_nothing(left: Any) -> None:
    subject = opened(alarm("lot_budget", "L-7", "warning", left_seconds=left), CONTEXT)[0]
    assert subject == "[WARNING] Lot L-7 is running out of allowed time since 03:22 +01:00"
