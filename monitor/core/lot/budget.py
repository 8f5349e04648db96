"""Budgets: allowed cumulative time, per band and out of storage, over a lot's life; only ever spent (SPEC 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.core.channel.line import Line
from monitor.core.lot.place import PlaceRule
from monitor.core.profile.profile import Profile

OUT_OF_STORAGE = "out_of_storage"
LOW_SHARE = 0.8
"""A budget of which more than this share is spent puts a lot at risk."""


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
        return self.limit is not None and self.exhausted_at is None and 10 * self.spent > 8 * self.limit

    def charge(self, start: int, end: int, channel: str | None = None, line: Line | None = None) -> None:
        """Spends [start, end], perhaps a single instant."""
        before = self.spent
        self.spent += end - start
        if self.limit is None or self.exhausted_at is not None:
            return
        if self.low_at is None and self.is_low:
            self.low_at = start + max(0, 8 * self.limit // 10 + 1 - before)
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
        for (begin, finish), name in sorted(spans):
            if not (open_end and begin == end):
                self._by_name[name].charge(begin, finish, channel, line)

    def exhausted(self) -> list[Budget]:
        """Those that are, in the order of the instants."""
        found = [budget for budget in self if budget.exhausted_at is not None]
        return sorted(found, key=lambda budget: (budget.exhausted_at or 0, budget.name))
