"""Excursion judging once more: slow, obvious, exact, and written from the specification alone.

The whole history is judged at once. Every temperature is the fraction that its decimal text names, a line
is cut at every instant at which anything could change (limit, deadband, instant limit, band edge,
uncertainty, midnight), and the pieces are walked one after the other. The cost is quadratic and of no
concern.

Where the specification leaves room, this reads it as follows.

1.  Every duration (stay, clearing, band, cumulative) runs between instants *after* rounding to the
    millisecond. Degree-minutes alone are the exact integral of the line beyond the limit.
2.  A crossing instant is an instant at the limit, hence inside. A reading outside is a known instant
    outside, even where the crossing beside it rounds to the same millisecond. So the end of a stay confirms
    nothing, the end of a clearing closes, and what was true as of a reading isn't taken back by the line
    after it.
3.  A clearing of exactly ``clear_delay`` closes, also when the line leaves the window at that very instant;
    another excursion then opens there.
4.  The time outside that ``cumulative_delay`` sums is the time outside as it was judged: by the version
    that judged at the time. It is compared with the ``cumulative_delay`` of the version of the excursion in
    question.
5.  ``cumulative_delay`` is reached inclusively: also at the end of a stay, where that end closes the
    excursion too, and at the midnight that ends the day.
6.  The version in force at an instant is the last whose ``effective_from`` is at or before it. It takes
    over at ``closed_at`` of an excursion that an earlier version kept, on its own line; the new excursion
    opens there if the value is outside. Its stay and its delay begin there as well.
7.  A version that comes into force in unknown time opens nothing then: the first good reading outside does.
8.  The extreme is that of the known line, so at ``effective_from`` it may be a value between two readings.
9.  A high excursion has the bands of the time above the window alone, a low one those below. A reading
    between two stretches of unknown time has no duration: it sets the extreme and may confirm, but no band
    gets time from it.
10. Time at exactly the limit, or at exactly ``uncertainty`` inside it, is within the uncertainty. Without
    an ``uncertainty`` nothing can be said: ``uncertain_seconds`` is None.
11. Copies are equal in ``measured_at``, value and fault. The earliest ``received_at`` of them decides
    whether the clock was ahead. More than two values of one instant are compared like two.
12. "Inside" for one side says nothing about the other: a value below ``low`` clears a high excursion, and
    time there is uncertain for the high side if ``uncertainty`` reaches that far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from .lines import NEVER, Element, Gap, History, Moment, Piece, Reading, Rule, Side, begins, decimal, half_up

__all__ = ["Fact", "Reading", "Rule", "judge"]

CLOCK_AHEAD = 5 * 60_000
CONFIRMING = ("instant", "delay", "cumulative_delay")  # in the order that decides a tie

Fact = dict[str, Any]


@dataclass
class Walk:
    """One excursion, from its opening to its closing or to the end of what is known."""

    side: Side
    history: History
    outside_by_day: dict[date, int]
    """Known ms outside on this side per calendar day, of every excursion so far; this walk adds its own."""
    started_at: int
    stay_from: int | None = None
    inside_from: int | None = None
    clearing_from: int | None = None
    closed_at: int | None = None
    confirmed_at: int | None = None
    confirmed_by: str | None = None
    sum_reached: bool = False
    extreme: Fraction | None = None
    degree_ms: Fraction = Fraction(0)
    in_band: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    gaps: list[tuple[int, int]] = field(default_factory=list)
    uncertain: list[tuple[int, int]] = field(default_factory=list)

    def take(self, element: Element) -> None:
        """Live through one element; sets ``closed_at`` if the excursion closes in it."""
        if isinstance(element, Gap):
            self.gaps.append((element.from_at, element.to_at))
            self.inside_from = self.clearing_from = None
            return
        outside = self.side.beyond(element.celsius) > 0
        if isinstance(element, Moment):
            (self._moment_outside if outside else self._moment_inside)(element)
            self._close_by(element.at)
        elif outside:
            self._piece_outside(element)
        else:
            if self.side.is_uncertain(element.celsius):
                self.uncertain.append((element.first.at, element.last.at))
            self._close_by(element.last.at)

    def _close_by(self, at: int) -> None:
        if self.clearing_from is not None and self.clearing_from + self.side.clear_delay <= at:
            self.closed_at = self.clearing_from + self.side.clear_delay

    def _confirm(self, reasons: dict[str, int], *, up_to: int) -> None:
        """Confirm by the earliest reason that holds by ``up_to``; of several in one millisecond, the first named."""
        due = [(at, CONFIRMING.index(by)) for by, at in reasons.items() if at <= up_to]
        if self.confirmed_at is not None and self.confirmed_by is not None:
            due.append((self.confirmed_at, CONFIRMING.index(self.confirmed_by)))
        if due:
            self.confirmed_at, order = min(due)
            self.confirmed_by = CONFIRMING[order]

    def _is_out(self, at: int) -> None:
        if self.stay_from is None:
            self.stay_from = at
        self.inside_from = self.clearing_from = None

    def _moment_outside(self, moment: Moment) -> None:
        self._is_out(moment.at)
        assert self.stay_from is not None
        reasons = {"delay": max(moment.at, self.stay_from + self.side.delay)}
        if self.side.is_instant(moment.celsius):
            reasons["instant"] = moment.at
        if self.sum_reached or self.outside_by_day[self.history.day(moment.at)] >= self.side.cumulative:
            reasons["cumulative_delay"] = moment.at
        self._confirm(reasons, up_to=moment.at)
        self.sum_reached = False
        if self.extreme is None or self.side.beyond(moment.celsius) > self.side.beyond(self.extreme):
            self.extreme = moment.celsius

    def _moment_inside(self, moment: Moment) -> None:
        if self.sum_reached:
            self._confirm({"cumulative_delay": moment.at}, up_to=moment.at)
        self.sum_reached = False
        self.stay_from = None
        if self.inside_from is None:
            self.inside_from = moment.at
        if self.clearing_from is None and self.side.is_back_by_the_deadband(moment.celsius):
            self.clearing_from = moment.at

    def _piece_outside(self, piece: Piece) -> None:
        """The last instant of a piece is not its own: what happens there is for the moment that follows."""
        first_at, day = piece.first.at, self.history.day(piece.first.at)
        self._is_out(first_at)
        assert self.stay_from is not None
        still_needed = max(0, self.side.cumulative - self.outside_by_day[day])
        reasons = {
            "delay": max(first_at, self.stay_from + self.side.delay),
            "cumulative_delay": first_at + still_needed,
        }
        if self.side.is_instant(piece.celsius):
            reasons["instant"] = first_at
        self._confirm(reasons, up_to=piece.last.at - 1)
        self.outside_by_day[day] += piece.length
        self.sum_reached = self.outside_by_day[day] >= self.side.cumulative
        self.degree_ms += self.side.beyond(piece.celsius) * (piece.last.exact - piece.first.exact)
        band = self.side.band(piece.celsius)
        if band is not None:
            self.in_band[band] += piece.length

    def fact(self) -> Fact:
        """What is told about the excursion; it has ended only if it has closed."""
        ended_at = None if self.closed_at is None else self.inside_from
        until = self.history.as_of if ended_at is None else ended_at
        assert self.extreme is not None
        return {
            "direction": self.side.direction,
            "started_at": self.started_at,
            "ended_at": ended_at,
            "closed_at": self.closed_at,
            "confirmed_at": self.confirmed_at,
            "confirmed_by": self.confirmed_by,
            "extreme_celsius": float(self.extreme),
            "degree_minutes": float(self.degree_ms / 60_000),
            "seconds_by_band": {name: ms / 1000 for name, ms in self.in_band.items() if ms},
            "unknown_seconds": seconds_before(until, self.gaps),
            "profile": self.side.rule.profile,
            "profile_version": self.side.rule.version,
            "uncertain_seconds": self._uncertain_seconds(until),
        }

    def _uncertain_seconds(self, until: int) -> float | None:
        return None if self.side.uncertainty is None else seconds_before(until, self.uncertain)


def seconds_before(until: int, spans: Iterable[tuple[int, int]]) -> float:
    """The seconds in those spans that end by ``until``; none of the spans straddles it."""
    return sum(end - begin for begin, end in spans if end <= until) / 1000


def good_values(
    readings: Iterable[Reading], *, offset: float, plausible: tuple[float, float], as_of: int
) -> dict[int, frozenset[Fraction]]:
    """The values that take part in judging, by instant; copies are one reading with the earliest arrival."""
    arrivals: dict[tuple[int, float | None, str | None], int] = {}
    for reading in readings:
        copy = (reading.measured_at, reading.celsius, reading.fault)
        arrivals[copy] = min(reading.received_at, arrivals.get(copy, reading.received_at))
    good: dict[int, set[Fraction]] = defaultdict(set)
    for (measured_at, celsius, fault), received_at in arrivals.items():
        if fault is not None or celsius is None:
            continue
        if measured_at > min(as_of, received_at + CLOCK_AHEAD):
            continue
        value = decimal(celsius) + decimal(offset)
        if decimal(plausible[0]) <= value <= decimal(plausible[1]):
            good[measured_at].add(value)
    return {at: frozenset(values) for at, values in good.items()}


def next_opening(
    history: History, sides: Sequence[Side], since: Fraction
) -> tuple[Side, int, list[Element]] | None:
    """The first element outside from ``since`` on, by the version in force there, and what follows it.

    The first version holds for all time before it too, each other one until the next comes into force.
    Returns that side, the instant of the opening, and the elements from the opening on.
    """
    for position, side in enumerate(sides):
        from_at = since if position == 0 else max(since, Fraction(side.rule.effective_from))
        to_at = sides[position + 1].rule.effective_from if position + 1 < len(sides) else NEVER
        if side.limit is None or from_at >= to_at:
            continue
        elements = history.elements(side, from_at)
        for index, element in enumerate(elements):
            if isinstance(element, Gap):
                continue
            at = half_up(begins(element))
            if at < to_at and side.beyond(element.celsius) > 0:
                return side, at, elements[index:]
    return None


def judge_side(history: History, sides: Sequence[Side]) -> list[Fact]:
    """All excursions on one side, in order."""
    found: list[Fact] = []
    outside_by_day: dict[date, int] = defaultdict(int)
    since = Fraction(min(history.good))
    while (opening := next_opening(history, sides, since)) is not None:
        side, started_at, elements = opening
        walk = Walk(side, history, outside_by_day, started_at)
        for element in elements:
            walk.take(element)
            if walk.closed_at is not None:
                break
        found.append(walk.fact())
        if walk.closed_at is None:
            break
        # The crossing that closed it may lie up to half a millisecond after its whole instant.
        since = max(Fraction(walk.closed_at), begins(element))
    return found


def judge(
    readings: Iterable[Reading],
    rules: Sequence[Rule],
    *,
    max_gap: int,
    zone: ZoneInfo,
    as_of: int,
    offset: float = 0.0,
    plausible: tuple[float, float] = (-210.0, 60.0),
    uncertainty: float | None = None,
) -> list[Fact]:
    """Every excursion of one channel as of ``as_of``, sorted by (started_at, direction).

    ``readings`` come in any order and with any copies; ``rules`` are sorted by ``effective_from``. The keys
    of each fact are those of the excursion JSON, without ids, and ``uncertain_seconds``. Instants are ms;
    ``ended_at``, ``closed_at`` and ``confirmed_at`` are None as long as that hasn't happened.
    """
    good = good_values(readings, offset=offset, plausible=plausible, as_of=as_of)
    if not good:
        return []
    history = History(good, max_gap, zone, as_of)
    facts: list[Fact] = []
    for direction in ("high", "low"):
        facts += judge_side(history, [Side(rule, direction, uncertainty) for rule in rules])
    return sorted(facts, key=lambda fact: (fact["started_at"], fact["direction"]))
