"""Budgets: allowed cumulative time, per band and out of storage, over a lot's life; only ever spent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from monitor.core.channel.line import Line
from monitor.core.lot.place import PlaceRule
from monitor.core.profile.profile import Profile
from monitor.core.time.instant import LATEST

OUT_OF_STORAGE = "out_of_storage"
LOW_PERCENT = 80
"""A budget of which more than so much is spent is nearly spent, and puts its lot at risk."""


@dataclass(slots=True)
class Budget:
    """One budget. Times in ms, ``above`` and ``up_to`` in °C; ``limit`` None: recorded only.

    ``low_at`` is the first instant at which more than 80 % were spent, ``exhausted_at`` the first at which all was
    (spent ≥ limit); for a limit of 0 the first in the band.
    ``by_channel`` and ``by_line`` say which readings did it: None for assumed time (unknown, out of storage).
    """

    name: str
    above: float | None
    up_to: float | None
    limit: int | None
    spent: int = 0
    low_at: int | None = None
    exhausted_at: int | None = None
    by_channel: str | None = None
    by_line: Line | None = None

    @property
    def left(self) -> int | None:
        """What may still be spent; None without a limit, never below 0."""
        return None if self.limit is None else max(0, self.limit - self.spent)

    @property
    def is_low(self) -> bool:
        """Over 80 % spent, and not exhausted."""
        return (
            self.limit is not None
            and self.exhausted_at is None
            and 100 * self.spent > LOW_PERCENT * self.limit
        )

    def charge(self, start: int, end: int, channel: str | None = None, line: Line | None = None) -> None:
        """Spends [start, end], perhaps a single instant."""
        before = self.spent
        self.spent += end - start
        if self.limit is None or self.exhausted_at is not None:
            return
        if self.low_at is None and self.is_low:
            # The first whole millisecond at which more than that share is spent.
            self.low_at = start + max(0, LOW_PERCENT * self.limit // 100 + 1 - before)
        if self.spent < self.limit:
            return
        self.exhausted_at = start + max(0, self.limit - before)
        self.by_channel, self.by_line = channel, line


class Budgets:
    """All budgets of a lot: the profile's bands, those that only an alternative class has, and out of storage."""

    def __init__(self, profile: Profile) -> None:
        self._by_name: dict[str, Budget] = {}
        bands = [*profile.bands, *(band for one in profile.alternatives for band in one.bands)]
        for band in bands:
            if band.name not in self._by_name:
                self._by_name[band.name] = Budget(band.name, band.above, band.up_to, band.limit)
        out = profile.out_of_storage
        if out is not None:
            self._by_name[OUT_OF_STORAGE] = Budget(OUT_OF_STORAGE, None, None, out.limit)

    def __iter__(self) -> Iterator[Budget]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> Budget:
        return self._by_name[name]

    def get(self, name: str) -> Budget | None:
        """A budget by its name."""
        return self._by_name.get(name)

    def charge_line(
        self,
        rule: PlaceRule,
        line: Line,
        start: int,
        end: int,
        channel: str | None,
        *,
        open_end: bool = False,
    ) -> None:
        """Charges a known piece to the bands that it passes through, in the order of time. ``open_end``: its last
        instant is one of the next place."""
        spans = [(span, level.name) for level in rule.levels if (span := level.span(line, start, end))]
        # In the order of time: bands of one name share a budget, and the piece that exhausts it is the one to name.
        for (begin, finish), name in sorted(spans):
            if not (open_end and begin == end):
                self._by_name[name].charge(begin, finish, channel, line)

    def exhausted(self) -> list[Budget]:
        """Those that are, in the order of the instants."""
        found = [budget for budget in self if budget.exhausted_at is not None]
        return sorted(found, key=lambda budget: (budget.exhausted_at or 0, budget.name))


class Spending(NamedTuple):
    """How a budget with a limit is being spent. Times in ms: ``limit`` and ``spent``; the instants at which it was used
    up, at which it will be at the present temperature, and at which it likely will be by the forecast."""

    band: str
    limit: int
    spent: int
    exhausted_at: int | None = None
    runs_out_at: int | None = None
    likely_at: int | None = None

    @property
    def ends_at(self) -> int:
        """When it runs out at the earliest, ms; an instant after all others if nobody can tell."""
        known = [at for at in (self.runs_out_at, self.likely_at) if at is not None]
        return min(known, default=LATEST)


def tightest(budgets: Iterable[Spending]) -> Spending | None:
    """The budget that matters most; None if none does.

    One that is used up, of several the one that was used up first. Else the one that runs out first: of what the
    present temperature and the forecast say, the earlier; one for which there is no forecast runs out at the present
    temperature or not at all. Of those that aren't being spent, the one of which the smallest share is left. Ties: the
    one with the least time left, then the one that its profile names first. One of limit 0 that was never touched has
    nothing to lose, and doesn't count.
    """
    return min(
        (budget for budget in budgets if budget.limit or budget.exhausted_at is not None),
        key=_urgency,
        default=None,
    )


def _urgency(budget: Spending) -> tuple[bool, int, float, int]:
    if budget.exhausted_at is not None:
        return (False, budget.exhausted_at, 0.0, 0)
    left = budget.limit - budget.spent
    return (True, budget.ends_at, left / budget.limit, left)
