"""What makes a unit a bad place to take lots to, and what doesn't."""

from __future__ import annotations

import pytest

from monitor.core.alarm.alarm import Alarm, raised
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Level, Truth
from monitor.core.alarm.suppression import Suppression, SuppressionKind
from monitor.core.outlook.shelter import NOTED, UNFIT, Shelter, UnitState, shelters
from monitor.core.profile.profile import Window
from monitor.core.time.instant import HOUR
from monitor.testing import one_unit

NOW = 10 * HOUR
UNIT = one_unit().units["lab1/F01"]
ABOUT_NO_UNIT = frozenset(
    condition
    for condition in AlarmCondition
    if condition.value.startswith("lot_")
    or condition.value in ("broker_lost", "influx_lagging", "store_failing", "notifier_failing")
    or condition.value in ("event_conflict", "alarm_flood", "drill")
)


def asked(
    *alarms: Alarm,
    celsius: float | None = -80.0,
    is_in_excursion: bool = False,
    held_back: tuple[Suppression, ...] = (),
) -> Shelter:
    state = UnitState(UNIT, celsius, Window(-90.0, -60.0), is_in_excursion, lots=2)
    (shelter,) = shelters([state], alarms, held_back, NOW)
    return shelter


def alarm(condition: AlarmCondition, level: Level | None = None, subject: str = "lab1/F01/product") -> Alarm:
    truth = Truth(condition, subject, NOW, level or LEVEL_OF[condition])
    return raised("a1", truth, now=NOW)


def suppression(kind: SuppressionKind, subject: str = "lab1/F01", until: int = NOW + HOUR) -> Suppression:
    return Suppression("s1", kind, subject, "anna", "empty", from_at=0, until_at=until)


def test_every_condition_is_unfit_or_noted_or_about_no_unit() -> None:
    assert not set(UNFIT) & set(NOTED)
    assert {*UNFIT, *NOTED} | ABOUT_NO_UNIT == set(AlarmCondition)


def test_a_unit_of_which_nothing_is_wrong_takes_lots() -> None:
    assert asked() == Shelter("lab1/F01", "Freezer F01", "ult", None, "lab1", 2, None)
    assert asked().is_healthy


@pytest.mark.parametrize("condition", UNFIT)
def test_what_is_wrong_with_a_unit_or_a_probe_of_it_is_named(condition: AlarmCondition) -> None:
    is_judged = condition is not AlarmCondition.JUDGING_FAILED
    named = condition.value.replace("_", " ") if is_judged else "not judged: the program fails at it"
    for subject in ("lab1/F01", "lab1/F01/product", "lab1/F01/air"):
        assert asked(alarm(condition, subject=subject)).why_not == named
    assert asked(alarm(condition, subject="lab1/F011/product")).is_healthy


@pytest.mark.parametrize("condition", NOTED)
def test_what_can_wait_until_the_morning_is_a_note(condition: AlarmCondition) -> None:
    shelter = asked(alarm(condition))
    assert (shelter.why_not, shelter.note) == (None, condition.value.replace("_", " "))


def test_a_warning_of_too_warm_counts_too() -> None:
    assert asked(alarm(AlarmCondition.TEMPERATURE_HIGH, "warning")).why_not == "temperature high"


def test_a_clock_that_leaves_nothing_of_use_is_no_note() -> None:
    shelter = asked(alarm(AlarmCondition.CLOCK_SKEW, "alarm"))
    assert shelter.why_not == "its clock is wrong, and nothing that it sends can be used"


@pytest.mark.parametrize("celsius", [-59.9, -90.1])
def test_a_value_outside_the_window_needs_no_alarm_to_count(celsius: float) -> None:
    assert asked(celsius=celsius).why_not == "outside its window"


def test_an_excursion_that_is_not_over_counts_though_the_value_is_back() -> None:
    assert asked(is_in_excursion=True).why_not == "outside its window"
    both = asked(alarm(AlarmCondition.TEMPERATURE_HIGH), celsius=-50.0, is_in_excursion=True)
    assert both.why_not == "temperature high", "said once"


def test_unknown_is_not_fine() -> None:
    assert asked(celsius=None).why_not == "its temperature is not known"
    assert asked(alarm(AlarmCondition.NO_DATA), celsius=None).why_not == "no data", "said once"


def test_what_people_took_out_of_use_takes_no_lots_while_that_holds() -> None:
    assert asked(held_back=(suppression("out_of_service"),)).why_not == "out of service"
    assert asked(held_back=(suppression("suppressed", "lab1/F01/product"),)).why_not == "suppressed"
    assert asked(held_back=(suppression("suppressed", until=NOW),)).is_healthy
    assert asked(held_back=(suppression("suppressed", "lab1/F02"),)).is_healthy


def test_a_shelf_hushes_people_and_mends_no_freezer() -> None:
    assert asked(held_back=(suppression("shelved"),)).is_healthy
    assert not asked(alarm(AlarmCondition.NO_DATA), held_back=(suppression("shelved"),)).is_healthy


def test_everything_that_is_wrong_is_said_the_worst_first() -> None:
    alarms = [alarm(AlarmCondition.DOOR_OPEN, subject="lab1/F01"), alarm(AlarmCondition.TEMPERATURE_HIGH)]
    shelter = asked(*alarms, held_back=(suppression("suppressed"),))
    assert shelter.why_not == "temperature high, door open, suppressed"
