"""What the reference judges: the lines that readings draw, cut wherever anything could change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = 10**18


@dataclass(frozen=True)
class Rule:
    """One version of a profile. Instants and durations in ms, temperatures in °C; None is "no such limit"."""

    profile: str
    version: int
    effective_from: int
    low: float | None
    high: float | None
    deadband: float
    delay_high: int
    delay_low: int
    clear_high: int
    clear_low: int
    instant_high: float | None
    instant_low: float | None
    cumulative_high: int | None
    cumulative_low: int | None
    bands: tuple[tuple[str, float | None, float | None], ...]
    """``(name, above, up_to)`` of each band."""


@dataclass(frozen=True)
class Reading:
    """One reading as it arrived; instants in ms."""

    measured_at: int
    received_at: int
    celsius: float | None
    fault: str | None


def decimal(number: float) -> Fraction:
    """The number that the shortest decimal text of a float names: −60.1 is −601/10."""
    return Fraction(repr(number))


def half_up(exact: Fraction) -> int:
    """The nearest whole number; the larger of two equally near."""
    return (exact + Fraction(1, 2)).__floor__()


@dataclass(frozen=True)
class Moment:
    """An instant at which the temperature is known; ``at`` is ``exact`` in whole ms."""

    exact: Fraction
    celsius: Fraction

    @cached_property
    def at(self) -> int:
        return half_up(self.exact)


@dataclass(frozen=True)
class Piece:
    """The line strictly between two moments; it crosses no limit of any kind."""

    first: Moment
    last: Moment

    @property
    def celsius(self) -> Fraction:
        """The value half-way, which is on the same side of every limit as the whole piece."""
        return (self.first.celsius + self.last.celsius) / 2

    @property
    def length(self) -> int:
        return self.last.at - self.first.at


@dataclass(frozen=True)
class Gap:
    """Unknown time between two good readings, or from the last one to ``as_of``."""

    from_at: int
    to_at: int


Element = Moment | Piece | Gap


@dataclass(frozen=True)
class Side:
    """One side of one version's window. ``beyond`` is positive outside, and 0 or negative inside."""

    rule: Rule
    direction: str
    uncertainty: float | None

    def _of(self, name: str) -> Any:
        return getattr(self.rule, f"{name}_{self.direction}")

    @property
    def limit(self) -> float | None:
        return self.rule.high if self.direction == "high" else self.rule.low

    @property
    def delay(self) -> int:
        return int(self._of("delay"))

    @property
    def clear_delay(self) -> int:
        return int(self._of("clear"))

    @property
    def cumulative(self) -> int:
        """The day's sum that confirms; NEVER without such a rule."""
        return NEVER if self._of("cumulative") is None else int(self._of("cumulative"))

    def beyond(self, celsius: Fraction) -> Fraction:
        """By how much a value lies outside on this side, in °C."""
        assert self.limit is not None
        distance = celsius - decimal(self.limit)
        return distance if self.direction == "high" else -distance

    def is_instant(self, celsius: Fraction) -> bool:
        """Whether a value outside is at or beyond the limit that confirms at once."""
        instant = self._of("instant")
        return instant is not None and self.beyond(celsius) >= self.beyond(decimal(instant))

    def is_back_by_the_deadband(self, celsius: Fraction) -> bool:
        return self.beyond(celsius) <= -decimal(self.rule.deadband)

    def is_uncertain(self, celsius: Fraction) -> bool:
        """Whether a value is on the good side, within the uncertainty of the limit."""
        return self.uncertainty is not None and -decimal(self.uncertainty) <= self.beyond(celsius) <= 0

    def band(self, celsius: Fraction) -> str | None:
        for name, above, up_to in self.rule.bands:
            if (above is None or celsius > decimal(above)) and (up_to is None or celsius <= decimal(up_to)):
                return name
        return None

    def levels(self) -> set[Fraction]:
        """Every temperature at which a line has to be cut."""
        assert self.limit is not None
        limit, inwards = decimal(self.limit), -1 if self.direction == "high" else 1
        found = {limit, limit + inwards * decimal(self.rule.deadband)}
        if self.uncertainty is not None:
            found.add(limit + inwards * decimal(self.uncertainty))
        if self._of("instant") is not None:
            found.add(decimal(self._of("instant")))
        for _name, above, up_to in self.rule.bands:
            found |= {decimal(edge) for edge in (above, up_to) if edge is not None}
        return found


@dataclass(frozen=True)
class History:
    """The good values of a channel up to ``as_of``, by instant."""

    good: dict[int, frozenset[Fraction]]
    max_gap: int
    zone: ZoneInfo
    as_of: int

    def day(self, at: int) -> date:
        """The calendar day, in the site's time zone, that holds an instant."""
        return (EPOCH + timedelta(milliseconds=at)).astimezone(self.zone).date()

    @cached_property
    def midnights(self) -> set[Fraction]:
        """The beginning of every calendar day that the history touches, and of the day after."""
        day, found = self.day(min(self.good)), set[Fraction]()
        while day <= self.day(max(self.good)) + timedelta(days=1):
            midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
            found.add(Fraction((midnight - EPOCH) // timedelta(milliseconds=1)))
            day += timedelta(days=1)
        return found

    def line(self, rule: Rule) -> list[Moment]:
        """The readings as one version sees them: of several values of one instant the worst.

        That is the one farther outside the window; on a tie, or inside, the warmer.
        """

        def badness(celsius: Fraction) -> tuple[Fraction, Fraction]:
            above = Fraction(0) if rule.high is None else celsius - decimal(rule.high)
            below = Fraction(0) if rule.low is None else decimal(rule.low) - celsius
            return max(above, below, Fraction(0)), celsius

        return [Moment(Fraction(at), max(values, key=badness)) for at, values in sorted(self.good.items())]

    def elements(self, side: Side, since: Fraction) -> list[Element]:
        """The line of one version from ``since`` on: moments, the pieces between them, and gaps."""
        levels, instants = side.levels(), self.midnights | {since}
        found: list[Element] = []
        before: Moment | None = None
        for reading in self.line(side.rule):
            if reading.exact < since:
                before = reading
                continue
            if before is not None and reading.at - before.at <= self.max_gap:
                found += cut(before, reading, levels=levels, instants=instants)
            elif before is not None:
                found.append(Gap(before.at, reading.at))
            found.append(reading)
            before = reading
        if before is not None and self.as_of - before.at > self.max_gap:
            found.append(Gap(before.at, self.as_of))
        return [element for element in found if begins(element) >= since]


def begins(element: Element) -> Fraction:
    """The exact instant at which an element begins."""
    if isinstance(element, Moment):
        return element.exact
    return element.first.exact if isinstance(element, Piece) else Fraction(element.from_at)


def cut(one: Moment, other: Moment, *, levels: set[Fraction], instants: set[Fraction]) -> list[Element]:
    """The line between two readings: pieces and the moments between them, without the readings themselves.

    ``levels`` are the temperatures, ``instants`` the exact instants at which it is cut.
    """
    slope = (other.celsius - one.celsius) / (other.exact - one.exact)
    crossings = {one.exact + (level - one.celsius) / slope for level in levels} if slope else set()
    inner = sorted(t for t in crossings | instants if one.exact < t < other.exact)
    moments = [one, *(Moment(t, one.celsius + slope * (t - one.exact)) for t in inner), other]
    found: list[Element] = []
    for first, last in pairwise(moments):
        found += [Piece(first, last), last]
    return found[:-1]
