"""What a sign of failure means for an alarm."""

from __future__ import annotations

from monitor.core.alarm.cause.outcome import End
from monitor.core.alarm.cause.sign import Leaving, is_told_warm, of_end, of_prospect, of_sign
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.sign.base import Sign
from monitor.core.time.instant import HOUR, format_instant
from tests.rigs.causes import CHANNEL, NOW, PLACE, an_alarm

RISING = AlarmCondition.RISING_FAST
SIGN = Sign(RISING, CHANNEL, NOW + 1, "alarm", {"text": "rises", "channel": CHANNEL})
COMING = Leaving(NOW + HOUR, NOW + 2 * HOUR, -60.0)


def test_a_sign_is_held_not_of_the_future_with_by_when_to_act_where_that_can_be_told() -> None:
    truth = of_sign(SIGN, PLACE, NOW).truth
    assert (truth.since_at, truth.act_by, truth.grounds.is_foretold) == (NOW, None, False)
    truth = of_sign(SIGN, PLACE, NOW, COMING).truth
    assert (truth.act_by, truth.grounds.is_foretold) == (NOW + HOUR, True)
    assert truth.evidence["leaves_window_at"] == format_instant(NOW + 2 * HOUR)
    assert truth.evidence["act_by_reason"] == "it may leave its window (-60 °C) then"


def test_a_rise_that_was_told_before_that_was_known_is_amended_and_told_to_nobody_anew() -> None:
    alarm = an_alarm(RISING)
    (outcome,) = of_prospect(alarm, COMING)
    assert (outcome.alarm.act_by, outcome.alarm.run, outcome.why) == (NOW + HOUR, alarm.run, "foretold")
    assert of_prospect(outcome.alarm, COMING) == []
    assert of_prospect(alarm, None) == []


def test_it_is_over_when_its_detector_says_so() -> None:
    (outcome,) = of_end(RISING, CHANNEL, NOW)
    assert isinstance(outcome, End)
    assert outcome.evidence == {"clear_reason": "recovered", "ended_at": format_instant(NOW)}
    assert of_end(RISING, CHANNEL, None) == []


def test_a_warning_that_it_is_warm_wakes_nobody_and_does_not_count() -> None:
    high = AlarmCondition.TEMPERATURE_HIGH
    assert is_told_warm([None, an_alarm(high)])
    assert not is_told_warm([None, an_alarm(high, level="warning")])
