"""What a silence means for an alarm, and silences that come and go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from monitor.core.alarm.cause.outcome import End, Hold
from monitor.core.alarm.cause.silence import Chatter, HearingState, of_silence, of_steady
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.channel.liveness import Silence, Steady
from monitor.core.time.instant import HOUR, MINUTE
from monitor.testing import one_unit
from tests.rigs.causes import CHANNEL, NOW, PLACE, an_alarm, kinds

PROBE = one_unit().probes()[CHANNEL]
SILENT = Silence(CHANNEL, NOW - 15 * MINUTE, NOW, None)
HEARD = SILENT._replace(heard_again_at=NOW + MINUTE)
ALARM = an_alarm(AlarmCondition.NO_DATA, at=NOW)


def hearing(**changes: Any) -> HearingState:
    usual = {
        "probe": PROBE,
        "alarm": None,
        "chatter": None,
        "raised": (),
        "zone": ZoneInfo("UTC"),
        "place": PLACE,
    }
    return HearingState(**{**usual, **changes})


def test_a_channel_that_fell_silent_is_told_since_its_deadline_a_moment_later() -> None:
    decided = of_silence(SILENT, hearing())
    (outcome,) = decided.outcomes
    assert isinstance(outcome, Hold)
    assert (outcome.truth.since_at, outcome.truth.tell_after) == (NOW, MINUTE)
    assert outcome.truth.evidence["text"] == "last heard 1970-01-01 09:45 +00:00"
    assert decided.chatter is None


def test_a_gateway_that_said_goodbye_is_named_and_a_channel_never_heard_too() -> None:
    (outcome,) = of_silence(Silence(CHANNEL, None, NOW, None, is_offline=True), hearing()).outcomes
    assert isinstance(outcome, Hold)
    assert outcome.truth.evidence["text"] == "its gateway is offline, never heard"
    assert outcome.truth.grounds.is_offline


def test_a_probe_without_alarms_raises_none_and_ends_the_one_that_it_has() -> None:
    mute = replace(PROBE, alarms=False)
    assert of_silence(SILENT, hearing(probe=mute)).outcomes == []
    decided = of_silence(HEARD, hearing(probe=mute, alarm=ALARM, raised=[NOW]))
    assert kinds(decided.outcomes) == ["End"]


def test_heard_again_it_is_over_at_that_instant() -> None:
    decided = of_silence(HEARD, hearing(alarm=ALARM, raised=[NOW]))
    (outcome,) = decided.outcomes
    assert isinstance(outcome, End)
    assert (outcome.at, decided.chatter) == (NOW + MINUTE, None)


def test_a_silence_that_was_over_before_anybody_heard_of_it_is_told_and_over() -> None:
    assert kinds(of_silence(HEARD, hearing()).outcomes) == ["Hold", "End"]


def test_a_second_silence_within_two_hours_must_be_heard_for_half_an_hour() -> None:
    decided = of_silence(HEARD, hearing(alarm=ALARM, raised=[NOW, NOW - HOUR]))
    assert decided.outcomes == []
    assert decided.chatter == Chatter(NOW + MINUTE + 30 * MINUTE)


def test_the_silence_that_is_told_just_now_counts_too() -> None:
    decided = of_silence(HEARD, hearing(raised=[NOW - HOUR]))
    assert kinds(decided.outcomes) == ["Hold"]
    assert decided.chatter == Chatter(NOW + MINUTE + 30 * MINUTE)


def test_a_channel_that_chatters_and_falls_silent_again_begins_anew() -> None:
    chatters = hearing(alarm=ALARM, chatter=Chatter(NOW + HOUR), raised=[NOW - 5 * HOUR])
    assert of_silence(SILENT, chatters).chatter == Chatter(None)
    assert of_silence(HEARD, chatters).chatter == Chatter(NOW + MINUTE + 30 * MINUTE)


def test_one_that_was_heard_for_long_enough_is_well() -> None:
    decided = of_steady(Steady(CHANNEL, NOW))
    (outcome,) = decided.outcomes
    assert isinstance(outcome, End)
    assert (outcome.at, decided.chatter) == (NOW, None)
