"""What a person reads who was woken at 3:00."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.core.time.instant import parse_instant, to_datetime
from monitor.words.case import Case, page
from monitor.words.condition import CONDITIONS
from monitor.words.figures import minutes
from monitor.words.message import MOST_LOTS, WIDTH, Context, closed, opened

CONTEXT = Context({"lab1": ZoneInfo("Europe/Zurich")}, "https://monitor.lab.example/")
WARM: dict[str, Any] = {
    "id": "A-12",
    "condition": "temperature_high",
    "subject": "lab1/F02/product",
    "level": "critical",
    "state": "unacknowledged",
    "raised_at": "2026-11-22T02:22:00.000Z",
    "cleared_at": None,
    "act_by": "2026-11-22T04:40:00.000Z",
    "evidence": {
        "celsius": -48.2,
        "extreme_celsius": -47.94,
        "window": {"low": -90.0, "high": -60.0},
        "limit_celsius": -60.0,
        "started_at": "2026-11-22T02:12:00.000Z",
        "confirmed_at": "2026-11-22T02:22:00.000Z",
        "confirmed_by": "delay",
        "measured_at": "2026-11-22T02:25:00.000Z",
        "lots": ["L-7", "L-8"],
        "unit_title": "Thermo TSX, room 3.14",
    },
}


def alarm(
    condition: str, subject: str = "lab1/F02/product", level: str = "alarm", **evidence: Any
) -> dict[str, Any]:
    return {
        **WARM,
        "condition": condition,
        "subject": subject,
        "level": level,
        "act_by": None,
        "evidence": evidence,
    }


def over(one: dict[str, Any], reason: str | None, **evidence: Any) -> dict[str, Any]:
    told = {**one["evidence"], **evidence} | ({} if reason is None else {"clear_reason": reason})
    return {**one, "cleared_at": "2026-11-22T03:15:00.000Z", "evidence": told}


WARM_TEXT = """\
[CRITICAL] F02 too warm: -48.2 °C (limit -60 °C) since 03:12 +01:00, 2 lots inside

Act by Sun 2026-11-22 05:40 +01:00

What to do first:
1. Check that the door is shut.
2. Check the power: plug, breaker, the unit's own display.
3. Still warming? Move the lots below to a healthy unit of the
   same class, and record the move.
4. Keep the door shut in between.

Lots inside (2):
  L-7
  L-8

Unit: Thermo TSX, room 3.14 (lab1/F02)
Probe: product
Window: -90 to -60 °C
Last value: -48.2 °C, Sun 2026-11-22 03:25 +01:00
Warmest: -47.9 °C
Began: Sun 2026-11-22 03:12 +01:00
Confirmed: Sun 2026-11-22 03:22 +01:00 (outside for longer than its delay)
Alarm raised: Sun 2026-11-22 03:22 +01:00

Page: https://monitor.lab.example/alarms/A-12
Message: A-12 opened
"""


def test_the_whole_message_of_a_warm_freezer_reads_so() -> None:
    subject, body = opened(WARM, CONTEXT)
    assert body == WARM_TEXT
    assert subject == body.splitlines()[0]


@pytest.mark.parametrize(
    ("one", "subject"),
    [
        (alarm("temperature_low", celsius=1.0, window={"low": 2.0, "high": 8.0}, lots=["L-1"]),
         "[ALARM] F02 too cold: 1.0 °C (limit 2 °C) since 03:22 +01:00, 1 lot inside"),
        (alarm("temperature_high", level="warning", celsius=-69.5, limit_celsius=-70.0, lots=[]),
         "[WARNING] F02 getting warm: -69.5 °C (limit -70 °C) since 03:22 +01:00, no lots inside"),
        (alarm("temperature_high"), "[ALARM] F02 too warm since 03:22 +01:00"),
        (alarm("no_data", last_received_at="2026-11-22T02:01:00.000Z", lots=["L-1"]),
         "[ALARM] F02 sends no data since 03:01 +01:00, 1 lot inside"),
        (alarm("no_data", last_received_at="2026-11-21T22:50:00.000Z"),
         "[ALARM] F02 sends no data since Sat 2026-11-21 23:50 +01:00"),
        (alarm("no_data", last_received_at=None), "[ALARM] F02 sends no data, noticed 03:22 +01:00"),
        (alarm("probe_fault", fault="open_circuit"),
         "[ALARM] F02 has a faulty probe (product, open circuit) since 03:22 +01:00"),
        (alarm("lot_expiring", "L-7", "warning", expires_at="2026-11-29T23:00:00.000Z", unit="lab1/F02"),
         "[WARNING] Lot L-7 expires soon: Mon 2026-11-30 00:00 +01:00, in F02"),
        (alarm("lot_expired", "L-7", "critical", expires_at="2026-11-21T23:00:00.000Z", unit=None),
         "[CRITICAL] Lot L-7 has expired: Sun 2026-11-22 00:00 +01:00"),
        (alarm("influx_lagging", "influx", "warning"),
         "[WARNING] InfluxDB lags behind since 03:22 +01:00"),
        (alarm("door_left_open", "lab1/F02", "warning"),
         "[WARNING] F02 has an alarm: door left open since 03:22 +01:00"),
        (alarm("door_open", "lab1/F02", started_at="2026-11-22T02:17:00.000Z", lots=[]),
         "[ALARM] F02 has its door open since 03:17 +01:00, no lots inside"),
        (alarm("rising_fast", celsius=-74.21, rate_per_hour=9.43, started_at="2026-11-22T01:58:00.000Z"),
         "[ALARM] F02 rises and does not fall: -74.2 °C, +9.4 °C/h since 02:58 +01:00"),
        (alarm("flat_line", celsius=-80.11, started_at="2026-11-22T00:52:00.000Z"),
         "[ALARM] F02 has a stuck probe (product, -80.1 °C) since 01:52 +01:00"),
        (alarm("slow_drift", level="warning", celsius=-76.0, drift_per_day=0.625),
         "[WARNING] F02 drifts from day to day: -76.0 °C, +0.62 °C a day since 03:22 +01:00"),
        (alarm("cooling_weak", "lab1/F02", "warning", celsius=-75.5),
         "[WARNING] F02 cools without a pause and gets no colder: -75.5 °C since 03:22 +01:00"),
        (alarm("lot_thawed", "L-7", unit="lab1/F02"),
         "[ALARM] Lot L-7 has thawed since 03:22 +01:00, in F02"),
        (alarm("lot_thawed", "L-7", unit="lab1/F02", count=1, thawed_at="2026-11-22T02:12:00.000Z"),
         "[ALARM] Lot L-7 has thawed: Sun 2026-11-22 03:12 +01:00, in F02"),
        (alarm("lot_thawed", "L-7", unit=None, count=3, thawed_at="2026-11-22T02:12:00.000Z"),
         "[ALARM] Lot L-7 has thawed: 3 times, last Sun 2026-11-22 03:12 +01:00"),
        (alarm("lot_budget", "L-7", "warning", unit="lab1/F02", band="warm",
               left_seconds={"warm": 4_830.0, "out_of_storage": 59.9}),
         "[WARNING] Lot L-7 is running out of allowed time: warm 1 h 20 min left, out of storage 59 s left"
         " since 03:22 +01:00, in F02"),
        (alarm("lot_breached", "L-7", "critical", unit="lab1/F02", codes=["budget_exhausted", "band_touched"]),
         "[CRITICAL] Lot L-7 has broken its profile: budget exhausted, band touched since 03:22 +01:00, in F02"),
    ],
)  # fmt: skip
def test_a_subject_says_how_bad_what_where_and_since_when(one: dict[str, Any], subject: str) -> None:
    assert opened(one, CONTEXT)[0] == subject


@pytest.mark.parametrize("condition", [*CONDITIONS, "something_new"])
@pytest.mark.parametrize(
    "evidence", [None, {}, {"lots": None, "window": None, "celsius": None, "unit": None}]
)
def test_what_is_not_known_is_left_out_and_never_invented(
    condition: str, evidence: dict[str, Any] | None
) -> None:
    bare = {"id": "A-1", "condition": condition, "subject": "lab1/F02/product", "evidence": evidence}
    for subject, body in (opened(bare, CONTEXT), closed(bare, CONTEXT)):
        assert subject == body.splitlines()[0]
        for absent in ("None", "°C", "Act by", "since", "noticed", "nan", "{", "inside"):
            assert absent not in subject + body.replace("recorded inside", "")


@pytest.mark.parametrize("condition", [*CONDITIONS, "something_new"])
def test_steps_are_numbered_and_short_enough_for_a_phone(condition: str) -> None:
    _, body = opened(alarm(condition, lots=["L-1"]), CONTEXT)
    steps = body.split("What to do first:\n")[1].split("\n\n")[0].splitlines()
    assert steps[0].startswith("1. ")
    assert max(map(len, steps)) <= WIDTH


def test_the_deadline_stands_above_the_steps_and_only_if_the_alarm_has_one() -> None:
    _, body = opened(WARM, CONTEXT)
    assert body.index("Act by Sun 2026-11-22 05:40 +01:00") < body.index("What to do first")
    assert "Act by" not in opened({**WARM, "act_by": None}, CONTEXT)[1]


def test_with_several_sites_a_unit_is_named_with_its_site_and_in_its_time() -> None:
    two = Context({"lab1": ZoneInfo("Europe/Zurich"), "osaka": ZoneInfo("Asia/Tokyo")}, "")
    subject, body = opened({**WARM, "subject": "osaka/F02/product"}, two)
    assert subject.startswith("[CRITICAL] osaka/F02 too warm: -48.2 °C (limit -60 °C) since 11:12 +09:00")
    assert "Page:" not in body


def test_an_unknown_site_is_told_in_utc() -> None:
    assert "since 02:12 +00:00" in opened({**WARM, "subject": "mars/F02/product"}, CONTEXT)[0]


def test_a_long_list_of_lots_is_cut_with_the_number_left_out() -> None:
    _, body = opened(alarm("temperature_high", lots=[f"L-{n}" for n in range(MOST_LOTS + 12)]), CONTEXT)
    assert f"Lots inside ({MOST_LOTS + 12}):" in body
    assert f"  L-{MOST_LOTS - 1}\n... and 12 more: see the page" in body


def test_text_from_outside_cannot_forge_a_line_or_a_header() -> None:
    forged = alarm("probe_fault", fault="x\r\nBcc: eve@evil.example\n\nAct by: never\u202e\x1b[31m")
    subject, body = opened(forged, CONTEXT)
    assert "\n" not in subject
    assert "\x1b" not in subject + body
    assert not any(line.startswith(("Bcc", "Act by")) for line in body.splitlines())


@pytest.mark.parametrize(
    ("one", "subject", "sentence"),
    [
        (over(WARM, "recovered", ended_at="2026-11-22T03:10:00.000Z"),
         "[CLOSED] F02: too warm, recovered 04:10 +01:00 after 58 min", "back in its window"),
        (over(WARM, "corrected"), "[CLOSED] F02: too warm, corrected 04:15 +01:00", "does not hold"),
        (over(alarm("no_data", last_received_at="2026-11-22T00:15:00.000Z"), "recovered"),
         "[CLOSED] F02: no data, recovered 04:15 +01:00 after 3 h", "Readings arrive again"),
        (over(alarm("lot_expiring", "L-7"), "disposed"), "[CLOSED] Lot L-7: expiring, disposed 04:15 +01:00",
         "disposed of"),
        (over(alarm("lot_expiring", "L-7"), "expired"), "[CLOSED] Lot L-7: expiring, expired 04:15 +01:00",
         "must not be used"),
        (over(alarm("lot_budget", "L-7"), "exhausted"),
         "[CLOSED] Lot L-7: running out of allowed time, exhausted 04:15 +01:00", "the lot is breached"),
        (over(alarm("lot_breached", "L-7"), "corrected"), "[CLOSED] Lot L-7: breached, corrected 04:15 +01:00",
         "another profile that QA bound"),
        (over(alarm("no_data"), "unit_removed"), "[CLOSED] F02: no data, unit removed 04:15 +01:00",
         "Reason: unit removed."),
        (over(WARM, None), "[CLOSED] F02: too warm, closed 04:15 +01:00", "No reason is recorded."),
    ],
)  # fmt: skip
def test_a_closing_says_why_and_claims_no_recovery_that_was_not(
    one: dict[str, Any], subject: str, sentence: str
) -> None:
    told, body = closed(one, CONTEXT)
    assert told == subject
    assert sentence in " ".join(body.split())
    assert ("back in its window" in body) == (
        one["evidence"].get("clear_reason") == "recovered" and "warm" in told
    )
    assert body.endswith("Message: A-12 closed\n")


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (-59.96, -60.0, "-59.96 °C"),
        (-59.9996, -60.0, "-60.000 °C"),
        (-60.0, -60.0, "-60.0 °C"),
        (-48.24, -60.0, "-48.2 °C"),
        (-0.04, None, "0.0 °C"),
        (None, -60.0, ""),
        (True, -60.0, ""),
    ],
)
def test_a_value_beyond_its_limit_is_not_rounded_onto_it(value: Any, limit: float | None, text: str) -> None:
    case = Case.of(alarm("temperature_high", celsius=value, limit_celsius=limit), CONTEXT)
    assert case.celsius("celsius") == text


def test_a_duration_names_its_two_largest_units() -> None:
    start = to_datetime(parse_instant("2026-11-22T00:00:00Z"))
    ends = ("00:00:40", "00:58:30", "01:58:59", "23:00:00")
    told = [
        minutes((to_datetime(parse_instant(f"2026-11-22T{end}Z")) - start).total_seconds()) for end in ends
    ]
    assert told == ["40 s", "58 min", "1 h 58 min", "23 h"]


def test_a_page_address_quotes_what_a_name_holds() -> None:
    assert page(CONTEXT, "lots", "a/b?c d") == "https://monitor.lab.example/lots/a%2Fb%3Fc%20d"


def test_a_sign_says_why_it_is_believed() -> None:
    text = "has risen without a fall for 34 min, by 4.2 °C at 7.4 °C/h, to -74.2 °C; usual is up to -78.4 °C"
    _, body = opened(alarm("rising_fast", text=text, celsius=-74.2), CONTEXT)
    assert f"Why: {text}." in " ".join(body.split())
