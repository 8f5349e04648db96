"""What a battery, a clock, a calibration date and a probe's fault mean for alarms."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from monitor.core.alarm.cause.outcome import End, Hold, Past
from monitor.core.alarm.cause.upkeep import calibration_due, of_battery, of_clock, of_date, of_fault
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.channel.ear import BatteryWord, ClockWord, ProbeFault
from monitor.core.channel.probe_clock import SkewedRun
from monitor.core.time.instant import DAY, HOUR, MINUTE
from tests.rigs.causes import CHANNEL, NOW, PLACE, an_alarm, kinds

UTC = ZoneInfo("UTC")
BEHIND = SkewedRun("behind", NOW - HOUR, NOW - HOUR, NOW - 3 * HOUR, NOW, NOW - 2 * HOUR, 3)


# --- batteries ---


def test_a_low_battery_is_held_as_of_its_measurement_but_never_of_the_future() -> None:
    for measured_at, since in ((NOW - MINUTE, NOW - MINUTE), (NOW + HOUR, NOW)):
        outcome = of_battery(BatteryWord(CHANNEL, 3.0, measured_at, None), PLACE, NOW)
        assert isinstance(outcome, Hold)
        assert (outcome.truth.since_at, outcome.truth.evidence["text"]) == (since, "3 % left")
        assert outcome.truth.grounds.measured_at == measured_at


def test_a_battery_that_is_charged_ends_it_when_that_was_heard() -> None:
    outcome = of_battery(BatteryWord(CHANNEL, 3.0, NOW - HOUR, NOW - MINUTE), PLACE, NOW)
    assert isinstance(outcome, End)
    assert outcome.at == NOW - MINUTE


# --- clocks ---


def test_a_wrong_clock_is_a_warning_and_an_alarm_once_nothing_of_use_comes() -> None:
    for is_blind, level in ((False, "warning"), (True, "alarm")):
        (outcome,) = of_clock(ClockWord(CHANNEL, BEHIND, is_blind, None), None, UTC, PLACE)
        assert isinstance(outcome, Hold)
        assert outcome.truth.level == level
        assert ("nothing that it sends can be used" in outcome.truth.evidence["text"]) is is_blind


def test_a_clock_that_was_told_is_told_again_only_when_it_is_worse() -> None:
    warned = an_alarm(AlarmCondition.CLOCK_SKEW)
    assert of_clock(ClockWord(CHANNEL, BEHIND, False, None), warned, UTC, PLACE) == []
    assert kinds(of_clock(ClockWord(CHANNEL, BEHIND, True, None), warned, UTC, PLACE)) == ["Hold"]
    blind = an_alarm(AlarmCondition.CLOCK_SKEW, level="alarm")
    assert of_clock(ClockWord(CHANNEL, BEHIND, False, None), blind, UTC, PLACE) == []


def test_a_clock_that_is_right_again_ends_it() -> None:
    assert kinds(of_clock(ClockWord(CHANNEL, BEHIND, False, NOW), None, UTC, PLACE)) == ["End"]


# --- calibrations ---

DUE = calibration_due(date(1970, 1, 15), UTC, 14 * DAY)


def test_a_calibration_is_asked_for_since_its_own_instant_however_late() -> None:
    assert DUE.told_from == 0
    outcome = of_date(CHANNEL, DUE, PLACE, NOW, is_open=False)
    assert isinstance(outcome, Hold)
    assert (outcome.truth.since_at, outcome.truth.evidence["due_on"]) == (0, "1970-01-15")
    assert of_date(CHANNEL, DUE, PLACE, NOW, is_open=True) is None


@pytest.mark.parametrize(
    ("due", "why"), [(DUE._replace(told_from=NOW + 1), "recovered"), (None, "no_longer_watched")]
)
def test_a_date_that_is_far_or_gone_ends_it(due: object, why: str) -> None:
    outcome = of_date(CHANNEL, due, {}, NOW, is_open=True)  # type: ignore[arg-type]
    assert isinstance(outcome, End)
    assert outcome.evidence["clear_reason"] == why
    assert of_date(CHANNEL, due, {}, NOW, is_open=False) is None  # type: ignore[arg-type]


# --- faults ---

FAULT = ProbeFault(CHANNEL, NOW - HOUR, "fault:open_circuit", None)
SOUND = FAULT._replace(ended_at=NOW)


def test_a_faulty_probe_is_held_since_its_first_bad_reading() -> None:
    (outcome,) = of_fault(FAULT, PLACE, is_open=False, alarms=True)
    assert isinstance(outcome, Hold)
    assert (outcome.truth.since_at, outcome.truth.evidence["text"]) == (NOW - HOUR, "open circuit")


def test_a_sound_one_ends_it_or_is_of_the_past_where_nobody_was_told() -> None:
    assert kinds(of_fault(SOUND, PLACE, is_open=True, alarms=True)) == ["End"]
    (outcome,) = of_fault(SOUND, PLACE, is_open=False, alarms=True)
    assert isinstance(outcome, Past)
    assert outcome.ended_at == NOW


def test_a_probe_without_alarms_raises_none_and_ends_the_one_that_it_has() -> None:
    assert of_fault(FAULT, PLACE, is_open=False, alarms=False) == []
    assert kinds(of_fault(SOUND, PLACE, is_open=True, alarms=False)) == ["End"]
