"""What comes again and again at a local time of day, and which of its times is owed.

A time that was slept through stays owed until the next one comes: a machine that was off makes up for the last,
never for a pile. Times are named by the wall clock (``2026-11-22T07:00``), so that a name, kept in the store when it
is done, is done for ever: on the days that summer time makes longer or shorter, and after a clock was set back.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.time.instant import from_datetime, start_of_day, to_datetime

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = timedelta(days=1)
_DAYS_BACK = 15
"""A week, and one more for a weekday that a zone has left out (Samoa had no 30 December 2011)."""


class Period(NamedTuple):
    """One of the times: ``name`` is the local day and time of day, ``at`` the instant at which it came."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Recurring:
    """Times of day, daily, or on one ``weekday`` (0: Monday). With no times it never comes."""

    times: tuple[time, ...] = ()
    weekday: int | None = None

    def __str__(self) -> str:
        """``07:00, 19:00``, ``Mon 08:00``, or ``off``."""
        texts = (f"{at:%H:%M}" for at in self.times)
        day = "" if self.weekday is None else f"{WEEKDAYS[self.weekday]} "
        return ", ".join(f"{day}{text}" for text in texts) or "off"

    def last(self, now: int, zone: ZoneInfo) -> Period | None:
        """The latest of its times that has come by ``now``; None if none has."""
        today = to_datetime(now, zone).date()
        for back in range(-1, _DAYS_BACK):
            come = [period for period in self._of_day(today - back * _DAY, zone) if period.at <= now]
            if come:
                # Two of its times are one instant where the change to summer time skips both: the later one has come.
                return max(come, key=lambda period: (period.at, period.name))
        return None

    def _of_day(self, day: date, zone: ZoneInfo) -> list[Period]:
        if self.weekday not in (None, day.weekday()) or not _exists(day, zone):
            return []
        return [Period(f"{day.isoformat()}T{at:%H:%M}", _instant(day, at, zone)) for at in self.times]


def due_period(now: int, zone: ZoneInfo, when: Recurring, done: Container[str]) -> Period | None:
    """The time that is owed at ``now``: the last that has come, unless its name is among ``done``."""
    found = when.last(now, zone)
    return None if found is None or found.name in done else found


def _exists(day: date, zone: ZoneInfo) -> bool:
    return to_datetime(start_of_day(day, zone), zone).date() == day


def _instant(day: date, at: time, zone: ZoneInfo) -> int:
    """When a wall clock first shows a time of day; for one that the change to summer time skips, the change."""
    first = from_datetime(datetime.combine(day, at.replace(fold=0), tzinfo=zone))
    skipped_from = from_datetime(datetime.combine(day, at.replace(fold=1), tzinfo=zone))
    if skipped_from >= first:  # it is there once or twice
        return first
    # It was skipped: the two readings of it lie on either side of the change.
    before, after = skipped_from, first
    old = to_datetime(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if to_datetime(middle, zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


@dataclass(frozen=True, slots=True)
class Agenda:
    """What is told by the calendar. ``digest`` and ``summary`` come in each site's time zone.

    ``qa``: who gets the weekly summary, by name; empty: everyone. ``drilled``: each person who is drilled, with the
    time zone of theirs.
    """

    digest: Recurring = Recurring()
    summary: Recurring = Recurring()
    drill: Recurring = Recurring()
    qa: tuple[str, ...] = ()
    drilled: tuple[tuple[str, ZoneInfo], ...] = ()
