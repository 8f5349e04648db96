"""Recoveries on courses drawn by hand: how long a unit takes after a leap of its air, and what that says of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.core.alarm.grounds import Grounds
from monitor.core.sign.base import Probed
from monitor.core.sign.cooling import cooling_over, cooling_weak
from monitor.core.sign.course import Point
from monitor.core.sign.recovery import Recovery, recovered, recoveries
from monitor.core.sign.trail import Trail
from monitor.core.time.instant import DAY, MINUTE
from tests.rigs.signs import readings

START = 1_790_000_000_000 // DAY * DAY
DAY_MINUTES = 24 * 60
PERIOD, LOW, HIGH = 40, -82.0, -78.4
DOORS = (9 * 60, 10 * 60 + 40, 12 * 60 + 40, 14 * 60, 15 * 60 + 20)
"""Minutes of a day at which the door is opened."""
Course = Callable[[int], float]


def weakening(rests: tuple[int, ...], needs: tuple[int, ...], leaps: tuple[float, ...] = (12.0,)) -> Course:
    """Air that warms for ``rests[day]`` of 40 minutes; after a door it needs ``needs[day]`` minutes to its lowest."""

    def celsius(minute: int) -> float:
        day, in_day = divmod(minute, DAY_MINUTES)
        rest, need = rests[min(day, len(rests) - 1)], needs[min(day, len(needs) - 1)]
        calm_since = 0
        for number, door in enumerate(DOORS):
            gone = in_day - door
            calm_since = door + need if gone >= need else calm_since
            if 0 <= gone < need:
                leap = leaps[number % len(leaps)]
                return LOW + (HIGH - LOW + leap) * (min(1.0, gone / 2) - max(0, gone - 2) / need)
        phase = (in_day - calm_since) % PERIOD
        if phase < rest:
            return LOW + (HIGH - LOW) * phase / rest
        return HIGH - (HIGH - LOW) * (phase - rest) / (PERIOD - rest)

    return celsius


def watched(course: Course, until: int) -> Probed:
    found = Probed("lab1/F01/air", Trail(), max_gap=15 * MINUTE, is_product=False)
    taken = readings(course, 0, until, start=START)
    found.trail.add([(one.measured_at, one.celsius or 0.0) for one in taken])
    return found


UNTIL = 3 * DAY_MINUTES + 16 * 60 + 30
NOW = START + UNTIL * MINUTE
STEADY, WEAKER = (24,), (26, 26, 22)


def told(course: Course, until: int = UNTIL) -> str | None:
    sign = cooling_weak([watched(course, until)], START + until * MINUTE, "lab1/F01")
    return None if sign is None else str(sign.evidence["text"])


# --- what a recovery is ---


def course(*celsius: float, width: int = 5 * MINUTE) -> list[Point]:
    return [Point(n * width, one) for n, one in enumerate(celsius)]


def test_a_recovery_lasts_from_the_peak_to_the_first_pause() -> None:
    drawn = course(-80, -82, -70, -66, -74, -79, -81, -82, -80, -82)
    assert recoveries(drawn, -77, 1.5, 15 * MINUTE) == [Recovery(15 * MINUTE, -66, 20 * MINUTE, True)]


def test_a_recovery_that_goes_on_says_for_how_long_so_far() -> None:
    drawn = course(-82, -66, -74, -76, -76, -76)
    assert recoveries(drawn, -77, 1.5, 15 * MINUTE) == [Recovery(5 * MINUTE, -66, 20 * MINUTE, False)]


def test_one_that_another_leap_breaks_off_says_nothing() -> None:
    drawn = course(-82, -66, -74, -60, -70, -82, -80)
    assert recoveries(drawn, -77, 1.5, 15 * MINUTE) == [Recovery(15 * MINUTE, -60, 10 * MINUTE, True)]


def test_one_with_a_gap_in_it_says_nothing() -> None:
    drawn = [*course(-82, -66, -74), *(Point(60 * MINUTE + n * 5 * MINUTE, -82 + n) for n in range(4))]
    assert recoveries(drawn, -77, 1.5, 15 * MINUTE) == []


@pytest.mark.parametrize("drawn", [course(), course(-82), course(-82, -80, -82)])
def test_without_a_leap_there_is_none(drawn: list[Point]) -> None:
    assert recoveries(drawn, -77, 1.5, 15 * MINUTE) == []


# --- what they say of a compressor ---


def test_recoveries_that_take_longer_tell_of_a_weak_compressor_before_its_duty_alone_would() -> None:
    text = told(weakening(WEAKER, (20, 20, 20, 45)))
    assert text is not None
    assert text.startswith("needs 40 min to recover from an opened door or warm goods (the middle of 5 times")
    assert "it was 15 min before; the compressor runs 46 %" in text
    assert told(weakening(WEAKER, (20,))) is None


def test_a_recovery_that_never_gets_there_counts_as_a_long_one() -> None:
    text = told(weakening(WEAKER, (20, 20, 20, 75)), UNTIL - 10)
    assert text is not None
    assert "to recover from" in text


def test_slow_recoveries_of_a_compressor_that_runs_no_longer_than_ever_are_somebodys_goods() -> None:
    assert told(weakening(STEADY, (20, 20, 20, 45))) is None


def test_higher_leaps_are_compared_with_those_that_were_as_high() -> None:
    usual = watched(weakening(STEADY, (20,), leaps=(4.0, 30.0)), UNTIL).habit(NOW)
    assert usual is not None

    def takes_longer_the_higher(minute: int) -> float:
        number = sum(door <= minute % DAY_MINUTES for door in DOORS) - 1
        is_high = number in ((0, 1, 2) if minute >= 2 * DAY_MINUTES + 990 else (0,))
        return weakening(STEADY, (50,) if is_high else (20,), leaps=(30.0 if is_high else 4.0,))(minute)

    one = watched(takes_longer_the_higher, UNTIL)
    found = recovered(one, usual, NOW // (60 * MINUTE) * 60 * MINUTE)
    assert found is not None
    assert not found.is_slower


def test_a_unit_that_recovers_as_ever_runs_longer_for_another_reason() -> None:
    tired = (24, 24, 12)
    one = watched(weakening(tired, (20, 20, 20, 60)), UNTIL)
    assert cooling_weak([one], NOW, "lab1/F01") is not None
    assert told(weakening(tired, (20,))) is None


def test_too_few_recoveries_say_nothing() -> None:
    one = watched(weakening(WEAKER, (20, 20, 20, 45)), 2 * DAY_MINUTES + 600)
    usual = one.habit(START + 2 * DAY)
    assert usual is not None
    assert recovered(one, usual, START + 30 * 60 * MINUTE) is None


def test_what_was_told_is_over_when_the_compressor_runs_as_little_as_before() -> None:
    mended = weakening((*WEAKER, 22, 26), (20, 20, 20, 45, 20))
    sign = cooling_weak([watched(mended, UNTIL)], NOW, "lab1/F01")
    assert sign is not None
    assert cooling_over(watched(mended, UNTIL), Grounds.of(sign.evidence), NOW - DAY, NOW) is None
    later = watched(mended, UNTIL + DAY_MINUTES)
    assert cooling_over(later, Grounds.of(sign.evidence), NOW - DAY, NOW + DAY) is not None
