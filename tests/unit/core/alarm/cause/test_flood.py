"""What many alarms at once mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.alarm.alarm import Alarm, Run
from monitor.core.alarm.cause.flood import (
    FLOOD,
    is_new,
    of_cause_over,
    of_cause_shelved,
    of_site,
    of_time,
)
from monitor.core.alarm.cause.outcome import Adopt, Amend, End, Hold
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.alarm.flood import FLOOD_LEAST, OUTLIVES_AFTER, RECOVERS_WITHIN, TOLD_ANEW_AFTER, OpenAlarm
from monitor.core.alarm.machine import State
from monitor.core.time.instant import MINUTE
from tests.rigs.causes import NOW, an_alarm, kinds

LOST, NO_DATA = AlarmCondition.POWER_LOST, AlarmCondition.NO_DATA
HIGH = AlarmCondition.TEMPERATURE_HIGH


def of_unit(unit: str, condition: AlarmCondition, **changes: Any) -> OpenAlarm:
    alarm = an_alarm(condition, unit, at=NOW, id=f"{condition}:{unit}", **changes)
    return OpenAlarm(alarm, unit)


def flood(**changes: Any) -> Alarm:
    usual = {"id": "f1", "level": "warning", "evidence": {"cause": "many", "alarms": 10}}
    return an_alarm(FLOOD, "lab1", at=NOW, **{**usual, **changes})


def test_two_units_without_power_are_one_page() -> None:
    cases = [of_unit("lab1/F01", LOST), of_unit("lab1/F02", LOST)]
    hold, *adoptions = of_site("lab1", None, cases, cases, NOW)
    assert isinstance(hold, Hold)
    assert hold.truth.evidence["text"] == "2 units lost their power"
    assert adoptions == [Adopt(case.alarm, (FLOOD, "lab1")) for case in cases]


def test_what_lost_power_explains_is_told_as_part_of_it_and_that_it_is_too_warm_never() -> None:
    lost, silent, warm = (of_unit("lab1/F01", condition) for condition in (LOST, NO_DATA, HIGH))
    outcomes = of_site("lab1", None, [lost, silent, warm], [silent, warm], NOW)
    assert outcomes == [Adopt(silent.alarm, (LOST, "lab1/F01"), "its unit has no power")]


def test_a_cause_that_nobody_is_told_of_explains_nothing() -> None:
    lost, silent = of_unit("lab1/F01", LOST)._replace(is_hushed=True), of_unit("lab1/F01", NO_DATA)
    assert of_site("lab1", None, [lost, silent], [silent], NOW) == []


def test_ten_alarms_at_once_are_a_flood_and_nine_are_not() -> None:
    cases = [of_unit(f"lab1/F{number}", HIGH) for number in range(FLOOD_LEAST)]
    assert of_site("lab1", None, cases[1:], cases[1:], NOW) == []
    assert kinds(of_site("lab1", None, cases, cases, NOW)) == ["Hold", *["Adopt"] * FLOOD_LEAST]


def test_what_comes_to_a_flood_that_goes_on_joins_it_and_makes_it_worse_if_it_is() -> None:
    new = of_unit("lab1/F01", HIGH)
    joined, held = of_site("lab1", flood(), [new], [new], NOW)
    assert joined == Adopt(new.alarm, (FLOOD, "lab1"))
    assert isinstance(held, Hold)
    assert (held.truth.level, held.truth.evidence["alarms"]) == ("alarm", 1)
    mild = of_unit("lab1/F01", HIGH, level="warning")
    assert kinds(of_site("lab1", flood(), [mild], [mild], NOW)) == ["Adopt"]


def test_a_flood_of_another_day_is_joined_by_nothing() -> None:
    new, old = of_unit("lab1/F01", HIGH), replace(flood(), known_at=0)
    assert of_site("lab1", old, [new], [new], NOW) == []


@pytest.mark.parametrize("state", [State.UNACKNOWLEDGED, State.ACKNOWLEDGED])
def test_a_further_flood_is_told_anew_with_the_one_that_is_open(state: State) -> None:
    old = replace(flood(), known_at=0, state=state)
    cases = [of_unit("lab1/F01", LOST), of_unit("lab1/F02", LOST)]
    again, *adoptions = of_site("lab1", old, cases, cases, NOW)
    assert isinstance(again, Amend)
    assert (again.why, again.alarm.level, again.alarm.run.number) == ("2 more at once", "alarm", 2)
    assert again.alarm.state is State.UNACKNOWLEDGED
    assert kinds(adoptions) == ["Adopt", "Adopt"]


def test_only_what_is_told_by_itself_and_came_lately_is_new() -> None:
    case = of_unit("lab1/F01", HIGH)
    assert is_new(case, NOW)
    assert not is_new(case, NOW + 10 * MINUTE)
    assert is_new(
        case._replace(alarm=replace(case.alarm, run=Run(2, NOW + 9 * MINUTE, "again"))), NOW + 10 * MINUTE
    )
    assert not is_new(case._replace(is_hushed=True), NOW)
    assert not is_new(case._replace(alarm=replace(case.alarm, parent="f1")), NOW)
    assert not is_new(of_unit("lab1", FLOOD), NOW)


def test_a_flood_is_over_with_what_it_explained_and_told_anew_with_what_joined_it() -> None:
    (over,) = of_time(flood(), [], [NOW - MINUTE], NOW)
    assert isinstance(over, End)
    assert over.at == NOW - MINUTE
    child = replace(of_unit("lab1/F01", HIGH).alarm, known_at=NOW + MINUTE)
    later = NOW + TOLD_ANEW_AFTER
    assert of_time(flood(), [child], [], later - 1) == []
    (again,) = of_time(flood(), [child], [], later)
    assert isinstance(again, Amend)
    assert again.why == "1 more or worse since"


def test_what_outlives_its_cause_is_told_by_itself_when_it_has_had_time_to_recover() -> None:
    rising, silent = (of_unit("lab1/F01", c).alarm for c in (AlarmCondition.RISING_FAST, NO_DATA))
    lost = of_unit("lab1/F01", LOST).alarm
    waits = [adoption.tell_from for adoption in of_cause_over(lost, [rising, silent], NOW)]  # type: ignore[union-attr]
    assert waits == [NOW + RECOVERS_WITHIN, NOW + OUTLIVES_AFTER]
    (outcome,) = of_cause_over(flood(), [silent], NOW)
    assert outcome == Adopt(silent, None, "its cause is over, and it isn't", NOW)


def test_what_was_told_as_part_of_a_shelved_alarm_is_told_by_itself_at_once() -> None:
    silent = of_unit("lab1/F01", NO_DATA).alarm
    (outcome,) = of_cause_shelved(of_unit("lab1/F01", LOST).alarm, [silent])
    assert outcome == Adopt(silent, None, "power_lost of its unit is shelved")
