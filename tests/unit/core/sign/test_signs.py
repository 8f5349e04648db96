"""Signs on courses drawn by hand: what each detector says, when, why, and when it holds its tongue."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from monitor.core.alarm.grounds import Grounds
from monitor.core.sign.base import Probed, ToldEvent
from monitor.core.sign.cooling import cooling_over, cooling_weak
from monitor.core.sign.drift import drift, drift_over
from monitor.core.sign.flat import flat, flat_over, is_moving
from monitor.core.sign.rising import rising, rising_over
from monitor.core.sign.trail import Trail
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant, parse_instant
from tests.rigs.signs import HIGH, cycling, failing, readings

START = 1_790_000_000_000 // DAY * DAY
DAYS = 2
FAILS = DAYS * 24 * 60 + 25
SUBJECT = "lab1/F01/product"
Course = Callable[[int], float]


def at(minute: int) -> int:
    return START + minute * MINUTE


def watched(course: Course, until: int, *, first: int = 0, every: int = 1, noise: float = 0.03) -> Probed:
    """A probe that has read a course up to a minute."""
    found = Probed("lab1/F01/air", Trail(), max_gap=15 * MINUTE, is_product=False)
    taken = readings(course, first, until, start=START, every=every, noise=noise)
    found.trail.add([(one.measured_at, one.celsius or 0.0) for one in taken])
    return found


def first_told(
    course: Course, since: int, until: int, *, told: tuple[ToldEvent, ...] = (), every: int = 1
) -> int | None:
    """The minute at which a rise is told first."""
    one = watched(course, since, every=every)
    coming = readings(course, 0, until, start=START, every=every)
    for minute in range(since, until):
        new = [(each.measured_at, each.celsius or 0.0) for each in coming if each.measured_at == at(minute)]
        one.trail.add(new)
        if rising([one], told, at(minute) + 1, SUBJECT) is not None:
            return minute
    return None


def disturbed(leap: float, at_minute: int, falls_for: int) -> Course:
    """A door: the air leaps up within two minutes, and falls back."""

    def celsius(minute: int) -> float:
        gone = minute - at_minute
        if gone < 0 or gone > falls_for:
            return cycling(minute)
        return cycling(minute) + leap * min(gone / 2, 1 - (gone - 2) / falls_for)

    return celsius


def used_door() -> tuple[ToldEvent, ...]:
    """A contact that has told of eight doors, none in the five hours before the failure."""
    opened = [FAILS - 300 - 60 * n for n in range(8)]
    return tuple(
        ToldEvent(at(minute), kind)
        for start in opened
        for minute, kind in ((start, "door_opened"), (start + 1, "door_closed"))
    )


# --- rising ---


def test_a_pause_that_does_not_end_is_told_minutes_after_it_left_the_usual_swing() -> None:
    minute = first_told(failing(FAILS), FAILS - 5, FAILS + 60)
    assert minute is not None
    assert 12 <= minute - FAILS <= 30
    sign = rising([watched(failing(FAILS), minute + 1)], (), at(minute) + 1, SUBJECT)
    assert sign is not None
    assert sign.since_at <= at(minute)
    assert sign.evidence["started_at"] <= format_instant(at(FAILS))
    assert f"usual is up to {HIGH - 0.2:.0f}"[:16] in sign.evidence["text"]


@pytest.mark.parametrize("leap", [3.0, 12.0, 30.0])
@pytest.mark.parametrize("falls_for", [10, 45])
def test_a_door_that_was_opened_and_shut_is_not_told(leap: float, falls_for: int) -> None:
    course = disturbed(leap, FAILS, falls_for)
    assert first_told(course, FAILS, FAILS + 70) is None


def test_an_open_door_explains_a_rise_but_not_for_ever() -> None:
    told = (ToldEvent(at(FAILS - 1), "door_opened"),)
    unexplained = first_told(failing(FAILS), FAILS, FAILS + 60)
    explained = first_told(failing(FAILS), FAILS, FAILS + 60, told=told)
    assert unexplained is not None
    assert explained is not None
    assert explained == max(unexplained, FAILS - 1 + 30)


def test_a_defrost_that_is_told_explains_a_rise_for_an_hour() -> None:
    told = (ToldEvent(at(FAILS), "defrost_started"), ToldEvent(at(FAILS + 20), "defrost_ended"))
    assert first_told(failing(FAILS), FAILS, FAILS + 79, told=told) is None


def test_with_little_known_of_what_is_usual_nothing_is_said() -> None:
    assert rising([watched(failing(150), 150 + 90)], (), at(150 + 90), SUBJECT) is None


def test_a_probe_that_is_silent_is_not_said_to_rise() -> None:
    one = watched(failing(FAILS), FAILS + 40)
    assert rising([one], (), at(FAILS + 40), SUBJECT) is not None
    assert rising([one], (), at(FAILS + 40) + 16 * MINUTE, SUBJECT) is None


def test_a_buffered_probe_is_believed_soon_only_where_a_contact_says_that_the_door_stayed_shut() -> None:
    def buffered(minute: int) -> float:
        return -80.0 + max(0, minute - FAILS) * 5.0 / 60

    shut = used_door()
    assert first_told(buffered, FAILS + 30, FAILS + 120) is None
    assert first_told(buffered, FAILS + 30, FAILS + 120, told=shut[:4]) is None
    minute = first_told(buffered, FAILS + 30, FAILS + 120, told=shut)
    assert minute is not None
    assert minute - FAILS < 65
    assert rising([watched(buffered, FAILS + 345)], (), at(FAILS + 345), SUBJECT) is not None


def test_a_rise_that_comes_to_rest_is_not_believed() -> None:
    def settling(minute: int) -> float:
        gone = max(0, minute - FAILS)
        return -80.0 + 4.0 * gone / (gone + 25)

    shut = used_door()
    assert first_told(settling, FAILS + 30, FAILS + 200, told=shut) is None


@pytest.mark.parametrize("every", [1, 5])
def test_readings_far_apart_are_told_later_and_not_wrongly(every: int) -> None:
    assert first_told(cycling, FAILS, FAILS + 60, every=every) is None
    minute = first_told(failing(FAILS), FAILS, FAILS + 90, every=every)
    assert minute is not None
    assert minute - FAILS <= 30 + 4 * every


def test_a_rise_is_over_once_it_has_clearly_fallen() -> None:
    def repaired(minute: int) -> float:
        top = failing(FAILS)(FAILS + 60)
        return failing(FAILS)(minute) if minute < FAILS + 60 else top - 0.2 * (minute - FAILS - 60)

    assert rising_over(watched(repaired, FAILS + 62), at(FAILS), at(FAILS + 62)) is None
    over = rising_over(watched(repaired, FAILS + 100), at(FAILS), at(FAILS + 100))
    assert over is not None
    assert at(FAILS + 62) < over < at(FAILS + 95)


# --- flat line ---


def test_a_probe_that_repeats_itself_is_stuck_after_more_than_two_periods() -> None:
    def stuck(minute: int) -> float:
        return cycling(minute) if minute < FAILS else -80.0

    live = watched(stuck, FAILS)
    one = watched(stuck, FAILS)
    one.trail.add([(at(minute), -80.0) for minute in range(FAILS, FAILS + 100)])
    assert is_moving(live, at(FAILS))
    assert flat(one, at(FAILS + 100)) is not None
    sign = flat(one, at(FAILS + 100))
    assert sign is not None
    assert sign.since_at == at(FAILS + 90)
    assert "has read -80 °C to the digit" in sign.evidence["text"]
    assert flat_over(one, -80.0, at(FAILS), at(FAILS + 100)) is None
    one.trail.add([(at(FAILS + 100), -79.9)])
    assert flat_over(one, -80.0, at(FAILS), at(FAILS + 101)) == at(FAILS + 100)


def test_a_quiet_probe_may_stand_still_for_much_longer_than_a_lively_one() -> None:
    def quiet(minute: int) -> float:
        return -20.0 if minute // 170 % 2 else -20.1

    one = watched(quiet, DAYS * 24 * 60, noise=0.0)
    last = DAYS * 24 * 60
    one.trail.add([(at(minute), -20.5) for minute in range(last, last + 400)])
    assert flat(one, at(last + 400)) is None
    one.trail.add([(at(minute), -20.5) for minute in range(last + 400, last + 720)])
    assert flat(one, at(last + 720)) is not None


# --- slow drift ---


def creeping(per_day: float, since_day: int = 3) -> Course:
    return lambda minute: cycling(minute) + max(0.0, minute / 1440 - since_day) * per_day


@pytest.mark.parametrize("per_day", [1.0, 0.4])
def test_a_creep_towards_the_limit_is_told_with_its_pace(per_day: float) -> None:
    one = watched(creeping(per_day), 8 * 1440, every=5)
    one.highest, one.lowest = -74.0, -90.0
    sign = drift(one, at(8 * 1440))
    assert sign is not None
    assert sign.evidence["drift_per_day"] == pytest.approx(per_day, rel=0.35)
    assert "going on like that it reaches -74 °C on " in sign.evidence["text"]


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.2])
def test_the_figures_of_a_drift_are_of_one_line(shift: float) -> None:
    """Also where the last day lies off the line."""

    def uneven(minute: int) -> float:
        return creeping(0.6)(minute) + (shift if minute >= 7 * 1440 else 0.0)

    one = watched(uneven, 8 * 1440, every=5)
    one.highest, one.lowest = -74.0, -90.0
    sign = drift(one, at(8 * 1440))
    assert sign is not None
    text = sign.evidence["text"]
    found = re.search(r"from (\S+) to (\S+) °C in (\d+) days, by (\S+) °C a day", text)
    assert found is not None
    first, last, days, per_day = (float(each) for each in found.groups())
    assert last - first == pytest.approx(days * per_day, abs=0.11 + 0.005 * days)
    ahead = (parse_instant(sign.evidence["crosses_at"]) - at(8 * 1440)) / DAY
    assert last + ahead * per_day == pytest.approx(-74.0, abs=0.06 + 0.005 * ahead)


@pytest.mark.parametrize(
    ("course", "highest"),
    [(cycling, -77.0), (creeping(0.5), -60.0), (creeping(-0.5), -77.0), (creeping(-3.0, -6), -60.0)],
)
def test_what_is_calm_or_far_or_goes_away_is_no_drift(course: Course, highest: float) -> None:
    one = watched(course, 8 * 1440, every=5)
    one.highest, one.lowest = highest, None
    assert drift(one, at(8 * 1440)) is None


def test_a_drift_is_over_when_it_has_been_at_rest_for_three_days() -> None:
    def stops(minute: int) -> float:
        return creeping(1.0)(min(minute, 8 * 1440 // 20 * 20 + minute % 20))

    one = watched(stops, 13 * 1440, every=5)
    assert drift_over(one, -77.0, 1.0, at(9 * 1440)) is None
    assert drift_over(one, -77.0, 1.0, at(13 * 1440)) is not None


# --- cooling weak ---


def tiring(minute: int) -> float:
    """The same swing, with pauses that get shorter from day to day: 28 of 40 minutes, then 20, then 12."""
    rests = max(12, 28 - 8 * max(0, minute // 1440 - 1))
    phase = minute % 40
    return -82.0 + 3.6 * phase / rests if phase < rests else -78.4 - 3.6 * (phase - rests) / (40 - rests)


def test_a_compressor_that_runs_longer_from_day_to_day_is_told_with_the_figures() -> None:
    sign = cooling_weak([watched(tiring, 4 * 1440 - 60)], at(4 * 1440 - 60), "lab1/F01")
    assert sign is not None
    assert sign.evidence["duty"] - sign.evidence["usual_duty"] > 0.15
    assert "% of the time in the calmest 6 hours" in sign.evidence["text"]


def test_a_healthy_compressor_is_not_called_weak() -> None:
    for hour in range(48, 72, 3):
        assert cooling_weak([watched(cycling, hour * 60)], at(hour * 60), "lab1/F01") is None


def without_a_pause(minute: int) -> float:
    return -77.5 if FAILS <= minute < FAILS + 400 else cycling(minute)


def test_weak_cooling_is_over_once_there_are_pauses_again() -> None:
    during = watched(without_a_pause, FAILS + 330)
    sign = cooling_weak([during], at(FAILS + 330), "lab1/F01")
    assert sign is not None
    assert "has not cycled for 4 h" in sign.evidence["text"]
    assert cooling_over(during, Grounds.of(sign.evidence), at(FAILS + 60), at(FAILS + 330)) is None
    after = watched(without_a_pause, FAILS + 520)
    over = cooling_over(after, Grounds.of(sign.evidence), at(FAILS + 60), at(FAILS + 520))
    assert over is not None
    assert over > at(FAILS + 400)


def test_a_compressor_that_stops_cycling_and_warms_is_told_after_three_of_its_longest_runs() -> None:
    def tired(minute: int) -> float:
        return cycling(minute) if minute < FAILS else -78.6 + 0.005 * (minute - FAILS)

    until = FAILS + 100
    sign = cooling_weak([watched(tired, until)], at(until), "lab1/F01", days=False)
    assert sign is not None
    text = sign.evidence["text"]
    assert text.startswith(
        "the compressor has not cycled for 1 h 30 min, where it seldom runs for longer than "
    )
    assert "in the first 30 min of that time" in text
    falling = watched(lambda minute: tired(min(minute, FAILS)) - 0.002 * max(0, minute - FAILS), until)
    assert cooling_weak([falling], at(until), "lab1/F01") is None


def bumped(level: Course, doors: tuple[int, ...], leap: float) -> Course:
    """Doors opened at these minutes: the air leaps up, and is back after 20 minutes."""

    def celsius(minute: int) -> float:
        gone = [minute - door for door in doors if 0 <= minute - door < 20]
        return level(minute) + (leap * (1 - gone[0] / 20) if gone else 0.0)

    return celsius


@pytest.mark.parametrize("leap", [2.5, 12.0])
def test_doors_of_a_unit_that_cannot_cool_are_no_pauses_of_its_compressor(leap: float) -> None:
    def tired(minute: int) -> float:
        return cycling(minute) if minute < FAILS else -78.6 + min(1.0, 0.003 * (minute - FAILS))

    def cooler(minute: int) -> float:  # at night it gets a little colder, and still never stops
        return tired(minute) if minute < FAILS + 335 else -79.5

    doors = (FAILS + 340, FAILS + 400, FAILS + 470)
    during = watched(tired, FAILS + 330)
    sign = cooling_weak([during], at(FAILS + 330), "lab1/F01")
    assert sign is not None
    after = watched(bumped(cooler, doors, leap), FAILS + 520)
    started_at = parse_instant(sign.evidence["started_at"])
    assert cooling_over(after, Grounds.of(sign.evidence), started_at, at(FAILS + 520)) is None


def test_a_unit_that_fails_for_days_is_not_taken_for_usual_and_called_recovered() -> None:
    def failed(minute: int) -> float:
        return cycling(minute) if minute < FAILS else cycling(minute) + 15.0

    sign = cooling_weak([watched(without_a_pause, FAILS + 330)], at(FAILS + 330), "lab1/F01")
    assert sign is not None
    long_after = FAILS + 5 * 1440
    started_at = parse_instant(sign.evidence["started_at"])
    restarted = watched(failed, long_after, first=long_after - 3 * 1440)
    assert cooling_over(restarted, Grounds.of(sign.evidence), started_at, at(long_after)) is None


def test_a_unit_that_runs_less_because_it_is_opened_and_warms_is_not_recovered() -> None:
    """Without cooling, a door's warmth makes the air fall and rise: its duty looks small."""
    tired = watched(tiring, 4 * 1440 - 60)
    sign = cooling_weak([tired], at(4 * 1440 - 60), "lab1/F01")
    assert sign is not None

    def dead(minute: int) -> float:
        return tiring(minute) if minute < 4 * 1440 else tiring(minute - 4 * 1440) + 20.0

    now = 5 * 1440
    assert cooling_over(watched(dead, now), Grounds.of(sign.evidence), at(3 * 1440), at(now)) is None


def test_a_trail_of_one_reading_says_nothing() -> None:
    one = Probed("lab1/F01/air", Trail(), max_gap=15 * MINUTE, is_product=True)
    one.trail.add([(START, -80.0)])
    one.highest, one.lowest = -70.0, None
    assert rising([one], (), START + 1, SUBJECT) is None
    assert flat(one, START + 1) is None
    assert drift(one, START + HOUR) is None
    assert cooling_weak([one], START + 1, "lab1/F01") is None
