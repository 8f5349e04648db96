"""Who is on call when: one week each, in turn, by the wall clock of the rota's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.core.time.instant import from_datetime, to_datetime

_WEEK = 7


@dataclass(frozen=True, slots=True)
class Override:
    """A person who stands in on a rota from one instant until another."""

    person: str
    start_at: int
    until_at: int


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is on call: one week each, in the order of ``people``, from ``first_week`` on.

    A week begins at ``handover_at`` on the wall clock, also in the weeks that summer time makes longer or shorter.
    """

    name: str
    timezone: str
    people: tuple[str, ...]
    first_week: date
    handover_at: time
    overrides: tuple[Override, ...]

    def on_call(self, at: int) -> str | None:
        """Who is on call at an instant; of several who stand in the one named last. None before the first week."""
        standing_in = [one.person for one in self.overrides if one.start_at <= at < one.until_at]
        if standing_in:
            return standing_in[-1]
        week = self._week(at)
        return None if week < 0 or not self.people else self.people[week % len(self.people)]

    def everyone(self) -> list[str]:
        """Whoever is ever on it, those who stand in included, each once."""
        return list(dict.fromkeys([*self.people, *(one.person for one in self.overrides)]))

    def handover_after(self, at: int) -> int:
        """The next instant at which somebody else may be on call: a hand-over, or a stand-in who comes or goes."""
        changes = [edge for one in self.overrides for edge in (one.start_at, one.until_at) if edge > at]
        return min([self._start_of(max(self._week(at), -1) + 1), *changes])

    def first_gap(self, start_at: int, end_at: int) -> int | None:
        """The first instant between two at which nobody is on call; None if there is always somebody."""
        at = start_at
        while at < end_at:
            if self.on_call(at) is None:
                return at
            at = self.handover_after(at)
        return None

    def _week(self, at: int) -> int:
        """The number of the week that an instant is in, from 0; negative before the first."""
        zone = ZoneInfo(self.timezone)
        days = (to_datetime(at, zone).date() - self.first_week).days
        week = days // _WEEK
        return week if at >= self._start_of(week) else week - 1

    def _start_of(self, week: int) -> int:
        day = self.first_week + timedelta(days=_WEEK * week)
        return from_datetime(datetime.combine(day, self.handover_at, tzinfo=ZoneInfo(self.timezone)))
