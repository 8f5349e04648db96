"""Times of day that come again and again: over zones, changes of the clock, sleeps and restarts each is owed once."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.time.instant import DAY, HOUR, MINUTE, from_datetime, parse_instant, to_datetime
from monitor.core.time.recurring import Recurring, due_period

ZONES = (
    *("Europe/Zurich", "America/St_Johns", "Australia/Lord_Howe", "Africa/Cairo", "America/Nuuk"),
    *("Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca", "America/Havana", "UTC"),
)
ZURICH = ZoneInfo("Europe/Zurich")
zones = st.sampled_from(ZONES).map(ZoneInfo)
clock_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
weekdays = st.none() | st.integers(0, 6)
recurring = st.builds(
    Recurring, st.lists(clock_times, min_size=1, max_size=3, unique=True).map(tuple), weekdays
)
years = st.sampled_from((2011, 2024, 2026))  # Samoa left out a day in 2011
steps = st.lists(
    st.one_of(
        st.integers(1, 90 * MINUTE),  # awake
        st.integers(HOUR, 40 * HOUR),  # slept for a night or a day
        st.integers(2 * DAY, 20 * DAY),  # off for weeks
        st.integers(-3 * HOUR, -1),  # a clock that was set back
    ),
    min_size=1,
    max_size=60,
)


def parsed(name: str) -> datetime:
    return datetime.fromisoformat(name)


@settings(max_examples=100, deadline=None)
@given(zones, recurring, years, st.integers(0, 364), steps)
def test_each_is_owed_once_and_of_those_slept_through_only_the_last(
    zone: ZoneInfo, when: Recurring, year: int, day: int, spans: list[int]
) -> None:
    now = from_datetime(datetime(year, 1, 1, tzinfo=zone)) + day * DAY
    done: list[str] = []
    for span in spans:
        now += span
        owed = due_period(now, zone, when, done)
        if owed is None:
            continue
        assert owed.name not in done
        assert owed.at <= now
        assert parsed(owed.name).weekday() == when.weekday or when.weekday is None
        assert parsed(owed.name).time() in when.times
        # Nothing of the same schedule came between it and now: the others that were slept through stay forgotten.
        later = when.last(now, zone)
        assert later == owed
        done.append(owed.name)
        assert due_period(now, zone, when, done) is None


@settings(max_examples=25, deadline=None)
@given(zones, clock_times, weekdays, years, st.integers(0, 330), st.integers(10, 50))
def test_who_looks_often_enough_misses_none(
    zone: ZoneInfo, at: time, weekday: int | None, year: int, day: int, step: int
) -> None:
    when = Recurring((at,), weekday)
    start = from_datetime(datetime(year, 1, 1, 12, tzinfo=zone)) + day * DAY
    end = start + 30 * DAY
    found: list[str] = []
    for now in range(start, end, step * MINUTE):
        owed = due_period(now, zone, when, found)
        if owed is not None:
            found.append(owed.name)
            if len(found) > 1:  # the first may be of before
                assert now - owed.at < step * MINUTE
    first, last = to_datetime(start, zone).date(), to_datetime(end - 2 * step * MINUTE, zone).date()
    inner = [first + timedelta(days=n) for n in range(1, (last - first).days)]
    expected = {d.isoformat() for d in inner if weekday in (None, d.weekday()) and not is_left_out(d, zone)}
    days = [name[:10] for name in found]
    assert len(days) == len(set(days))
    assert expected <= set(days)
    assert not any(is_left_out(date.fromisoformat(one), zone) for one in days)


def is_left_out(day: date, zone: ZoneInfo) -> bool:
    return zone.key == "Pacific/Apia" and day == date(2011, 12, 30)


@given(zones, recurring, years, st.integers(0, 364 * DAY), st.integers(0, 30 * DAY))
@settings(max_examples=100, deadline=None)
def test_the_last_one_never_goes_back_as_time_goes_on(
    zone: ZoneInfo, when: Recurring, year: int, offset: int, span: int
) -> None:
    now = from_datetime(datetime(year, 1, 1, tzinfo=zone)) + offset
    earlier, later = when.last(now, zone), when.last(now + span, zone)
    assert earlier is not None
    assert later is not None
    assert later.at >= earlier.at


def last(text: str, when: Recurring) -> str | None:
    found = when.last(parse_instant(text), ZURICH)
    return None if found is None else found.name


def daily(*texts: str) -> Recurring:
    return Recurring(tuple(time.fromisoformat(text) for text in texts))


def test_it_is_owed_from_its_local_time_on() -> None:
    assert last("2026-11-22T06:59:59.999+01:00", daily("07:00")) == "2026-11-21T07:00"
    assert last("2026-11-22T07:00:00+01:00", daily("07:00")) == "2026-11-22T07:00"
    assert last("2026-11-22T18:00:00+01:00", daily("07:00", "19:00")) == "2026-11-22T07:00"
    assert last("2026-11-22T19:00:00+01:00", daily("07:00", "19:00")) == "2026-11-22T19:00"


def test_a_weekday_comes_once_a_week() -> None:
    monday = Recurring((time(8, 0),), 0)
    assert last("2026-11-23T07:59:00+01:00", monday) == "2026-11-16T08:00"
    assert last("2026-11-23T08:00:00+01:00", monday) == "2026-11-23T08:00"
    assert last("2026-11-29T23:59:00+01:00", monday) == "2026-11-23T08:00"


def test_a_time_that_summer_time_skips_comes_at_the_change() -> None:
    assert last("2026-03-29T01:59:59.999+01:00", daily("02:30")) == "2026-03-28T02:30"
    assert last("2026-03-29T03:00:00+02:00", daily("02:30")) == "2026-03-29T02:30"


def test_a_time_that_winter_time_repeats_comes_the_first_time() -> None:
    assert last("2026-10-25T02:29:59+02:00", daily("02:30")) == "2026-10-24T02:30"
    assert last("2026-10-25T02:30:00+02:00", daily("02:30")) == "2026-10-25T02:30"
    assert last("2026-10-25T02:10:00+01:00", daily("02:30")) == "2026-10-25T02:30"
    assert last("2026-10-25T02:30:00+01:00", daily("02:30")) == "2026-10-25T02:30"


def test_a_day_that_was_left_out_has_none() -> None:
    apia = ZoneInfo("Pacific/Apia")
    found = daily("07:00").last(parse_instant("2011-12-31T03:00:00+14:00"), apia)
    assert found is not None
    assert found.name == "2011-12-29T07:00"


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (daily("07:00", "19:00"), "07:00, 19:00"),
        (Recurring((time(8, 0),), 0), "Mon 08:00"),
        (Recurring(), "off"),
    ],
)
def test_it_says_when_it_comes(when: Recurring, text: str) -> None:
    assert str(when) == text


def test_what_is_off_is_never_owed() -> None:
    assert due_period(0, ZURICH, Recurring(), ()) is None
