"""What an excursion means for an alarm."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.core.alarm.cause.excursion import SideState, of_excursion, with_outlook
from monitor.core.alarm.cause.outcome import End, Hold, Past
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.time.instant import HOUR, MINUTE, format_instant
from tests.rigs.causes import CHANNEL, NOW, PLACE, an_alarm

HIGH = AlarmCondition.TEMPERATURE_HIGH
OF_X1 = an_alarm(HIGH, evidence={"excursion": "x1"})
WARNING = an_alarm(HIGH, level="warning")


def body(**changes: Any) -> dict[str, Any]:
    usual = {
        "channel": CHANNEL,
        "direction": "high",
        "started_at": format_instant(NOW - 2 * HOUR),
        "confirmed_at": format_instant(NOW - HOUR),
        "confirmed_by": "delay",
        "ended_at": None,
        "closed_at": None,
        "limit_reached_at": None,
        "extreme_celsius": -48.0,
        "limits": {"celsius": -60.0},
        "withdrawn": False,
        "superseded_by": None,
    }
    return {**usual, **changes}


def side(**changes: Any) -> SideState:
    usual = {"alarm": None, "alarms": True, "is_outside": False, "was_told": False, "place": PLACE}
    return SideState(**{**usual, **changes})


CLOSED = body(ended_at=format_instant(NOW - 2 * MINUTE), closed_at=format_instant(NOW - MINUTE))


def test_one_that_is_open_and_not_confirmed_says_nothing() -> None:
    assert of_excursion("x1", body(confirmed_at=None), side(), NOW) == []


def test_a_confirmed_one_is_held_since_its_confirmation_and_names_itself() -> None:
    (outcome,) = of_excursion("x1", body(), side(), NOW)
    assert isinstance(outcome, Hold)
    truth = outcome.truth
    assert (truth.condition, truth.subject, truth.since_at, truth.level) == (
        HIGH,
        CHANNEL,
        NOW - HOUR,
        "alarm",
    )
    assert truth.grounds.excursion == "x1"
    assert truth.evidence["text"] == "-48 °C, limit -60 °C"
    assert truth.evidence["lots"] == ["L1"]


def test_its_own_limit_makes_it_critical() -> None:
    (outcome,) = of_excursion("x1", body(limit_reached_at=format_instant(NOW)), side(), NOW)
    assert isinstance(outcome, Hold)
    assert outcome.truth.level == "critical"


def test_the_alarm_is_over_with_it_at_the_instant_at_which_it_was_closed() -> None:
    (outcome,) = of_excursion("x1", CLOSED, side(alarm=OF_X1, was_told=True), NOW)
    assert isinstance(outcome, End)
    assert (outcome.condition, outcome.at) == (HIGH, NOW - MINUTE)
    assert outcome.evidence["clear_reason"] == "recovered"


def test_the_alarm_goes_on_while_another_one_of_its_side_is_open() -> None:
    assert of_excursion("x1", CLOSED, side(alarm=OF_X1, was_told=True, is_outside=True), NOW) == []


def test_one_that_late_data_took_away_ends_the_alarm_now_as_corrected() -> None:
    for gone in ({"withdrawn": True}, {"superseded_by": "x2"}, {"confirmed_at": None}):
        (outcome,) = of_excursion("x1", body(**gone), side(alarm=OF_X1), NOW)
        assert isinstance(outcome, End)
        assert (outcome.at, outcome.evidence["clear_reason"]) == (NOW, "corrected")


def test_a_warning_is_not_over_with_an_excursion_that_nobody_was_told_of() -> None:
    (outcome,) = of_excursion("x1", CLOSED, side(alarm=WARNING), NOW)
    assert isinstance(outcome, Past)
    assert of_excursion("x1", body(withdrawn=True), side(alarm=WARNING), NOW) == []


def test_one_that_was_closed_before_the_alarm_began_has_no_part_in_it() -> None:
    later = an_alarm(HIGH, at=NOW, evidence={"excursion": "x2"})
    (outcome,) = of_excursion("x1", CLOSED, side(alarm=later), NOW)
    assert isinstance(outcome, Past)
    assert outcome.ended_at == NOW - MINUTE


@pytest.mark.parametrize("known", [{"was_told": True}, {"alarms": False}])
def test_the_past_is_on_record_once_and_only_for_a_probe_that_has_alarms(known: dict[str, bool]) -> None:
    assert of_excursion("x1", CLOSED, side(**known), NOW) == []


def test_a_probe_without_alarms_raises_none() -> None:
    assert of_excursion("x1", body(), side(alarms=False), NOW) == []


def test_what_comes_next_is_said_with_it_also_that_nobody_must_act() -> None:
    (outcome,) = of_excursion("x1", body(), side(), NOW)
    assert isinstance(outcome, Hold)
    assert not outcome.truth.grounds.is_foretold
    coming = {"act_by": None, "act_by_reason": None, "rescue": []}
    foretold = with_outlook(outcome.truth, coming)
    assert (foretold.act_by, foretold.grounds.is_foretold, foretold.grounds.has_rescue) == (None, True, True)
    assert with_outlook(outcome.truth, {**coming, "act_by": format_instant(NOW)}).act_by == NOW
