"""What an open door means for an alarm."""

from __future__ import annotations

from typing import Any

from monitor.core.alarm.cause.door import DOOR, FORGOTTEN_AFTER, DoorState, of_door
from monitor.core.alarm.cause.outcome import End, Hold, Past
from monitor.core.alarm.cause.upload import PATIENCE
from monitor.core.sign.base import ToldEvent
from monitor.core.time.instant import MINUTE, format_instant
from tests.rigs.causes import NOW, PLACE, UNIT, an_alarm, kinds

AFTER = 5 * MINUTE


def opened(ago: int) -> ToldEvent:
    return ToldEvent(NOW - ago, "door_opened")


def shut(ago: int) -> ToldEvent:
    return ToldEvent(NOW - ago, "door_closed")


def door(*events: ToldEvent, **changes: Any) -> DoorState:
    """A door whose events came as they happened, of a unit that is heard."""
    usual = {"told_at": events[-1].at, "alarm": None, "heard_at": NOW, "on_record": (), "place": PLACE}
    return DoorState(unit=UNIT, events=events, **{**usual, **changes})


def test_a_door_is_looked_at_again_at_its_deadline_and_is_an_alarm_since_then() -> None:
    decided = of_door(door(opened(MINUTE)), AFTER, NOW)
    assert (decided.outcomes, decided.look_at) == ([], NOW + 4 * MINUTE)
    decided = of_door(door(opened(7 * MINUTE)), AFTER, NOW)
    (outcome,) = decided.outcomes
    assert isinstance(outcome, Hold)
    assert outcome.truth.since_at == NOW - 2 * MINUTE
    assert outcome.truth.grounds.started_at == NOW - 7 * MINUTE
    assert decided.look_at is None


def test_a_door_that_was_shut_ends_its_alarm_at_that_instant() -> None:
    alarm = an_alarm(DOOR, UNIT, evidence={"started_at": format_instant(NOW - 9 * MINUTE)})
    told = door(opened(9 * MINUTE), shut(MINUTE), alarm=alarm, on_record={NOW - 9 * MINUTE})
    (outcome,) = of_door(told, AFTER, NOW).outcomes
    assert isinstance(outcome, End)
    assert outcome.at == NOW - MINUTE


def test_one_that_stood_open_and_was_shut_before_anybody_could_say_so_is_of_the_past_once() -> None:
    told = door(opened(9 * MINUTE), shut(MINUTE))
    (outcome,) = of_door(told, AFTER, NOW).outcomes
    assert isinstance(outcome, Past)
    assert (outcome.truth.since_at, outcome.ended_at) == (NOW - 4 * MINUTE, NOW - MINUTE)
    assert of_door(told._replace(on_record={NOW - 9 * MINUTE}), AFTER, NOW).outcomes == []
    assert of_door(door(opened(5 * MINUTE), shut(MINUTE)), AFTER, NOW).outcomes == [], "not for too long"


def test_told_of_late_it_is_waited_for_that_it_was_shut() -> None:
    late = door(opened(7 * MINUTE), told_at=NOW)
    assert (of_door(late, AFTER, NOW).outcomes, of_door(late, AFTER, NOW).look_at) == ([], NOW + PATIENCE)
    sure = of_door(late._replace(heard_at=NOW + PATIENCE), AFTER, NOW + PATIENCE)
    assert kinds(sure.outcomes) == ["Hold"]


def test_while_nothing_is_heard_of_its_unit_it_is_waited_for_too() -> None:
    silent = door(opened(7 * MINUTE), heard_at=NOW - 6 * MINUTE)
    assert (of_door(silent, AFTER, NOW).outcomes, of_door(silent, AFTER, NOW).look_at) == ([], NOW + PATIENCE)
    assert kinds(of_door(silent._replace(heard_at=None), AFTER, NOW).outcomes) == ["Hold"], "it has no probe"


def test_a_door_that_was_opened_a_day_ago_is_not_said_to_be_open_now() -> None:
    assert of_door(door(opened(FORGOTTEN_AFTER + AFTER)), AFTER, NOW).outcomes == []


def test_what_a_clock_ahead_tells_of_is_looked_at_in_its_time() -> None:
    decided = of_door(door(opened(-MINUTE)), AFTER, NOW)
    assert (decided.outcomes, decided.look_at) == ([], NOW + MINUTE)
