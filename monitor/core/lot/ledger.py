"""What one channel's history is to the lots that a rule judges there, as a row of pieces in the order of time.

A ledger is a fold over a channel's good readings by one :class:`~monitor.core.lot.place.PlaceRule`. Long calm
stretches, in which nothing happens to a lot, are one piece each; only what is near or outside a limit is kept line by
line. So a lot is judged from few pieces however long it was there, and a reading costs the same however many lots there
are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from monitor.core.channel.line import Line, nano
from monitor.core.channel.quality import corrected
from monitor.core.lot.mkt import heat_along, heat_of
from monitor.core.lot.piece import Calm, GoodValues, Known, Piece, Unknown, Untold, Zoom, cut, every_line
from monitor.core.lot.place import PlaceRule
from monitor.core.profile.rules import ChannelRules, Stretch
from monitor.core.time.instant import LATEST

CALM_MAX = 1_024
"""Readings of a calm piece; one that a custody edge cuts is looked at reading by reading."""


class Tally:
    """What has happened along a ledger, as ``counts`` that only rise: known ms per band, and how often something
    happened (``touch:`` a band, ``rung``: the thaw limit was passed, ``unknown``)."""

    __slots__ = ("_levels", "_thaws_above", "counts", "is_warm")

    def __init__(self, rule: PlaceRule) -> None:
        self.counts: dict[str, int] = {}
        self.is_warm = False
        """Whether the last reading is above the thaw limit."""
        self._levels = rule.levels
        self._thaws_above = None if rule.thaw is None else nano(rule.thaw.above)

    def take(self, line: Line) -> None:
        """Counts what a line touches and passes."""
        counts = self.counts
        for level in self._levels:
            span = level.span(line, line.t0, line.t1)
            if span is not None:
                touch = f"touch:{level.name}"
                counts[level.name] = counts.get(level.name, 0) + span[1] - span[0]
                counts[touch] = counts.get(touch, 0) + 1
        limit = self._thaws_above
        if limit is not None:
            if not self.is_warm and max(line.u0, line.u1) > limit:
                counts["rung"] = counts.get("rung", 0) + 1
            self.is_warm = line.u1 > limit


class Ledger:
    """The pieces of one channel by one rule, from ``since`` on. Readings are taken in the order of their instants.

    ``stirred``: something came that may matter to a lot; whoever looks resets it. ``wake_at``: a reading from that
    instant on stirs too. ``tally``: what those who wait for something are woken by.
    """

    __slots__ = (
        "_calm",
        "_calm_high",
        "_calm_low",
        "_pieces",
        "_rules",
        "_value",
        "last_at",
        "rule",
        "since",
        "stirred",
        "tally",
        "wake_at",
    )

    def __init__(self, rule: PlaceRule, rules: ChannelRules, since: int) -> None:
        self.rule = rule
        self.since = since
        self.last_at: int | None = None
        self.stirred = False
        self.wake_at = LATEST
        self.tally = Tally(rule)
        self._rules = rules
        self._pieces: list[Piece] = []
        self._calm: Calm | None = None  # the last piece, while it grows
        self._value = 0.0
        widest = max((s.uncertainty or 0.0 for _, s in rules.settings), default=0.0)
        self._calm_low, self._calm_high = rule.calm_range(widest)

    def is_uncertainty_known(self, start: int, end: int) -> bool:
        """Whether the probe states the uncertainty of its readings at some time in [start, end]."""
        return any(settings.uncertainty is not None for settings in self._rules.settings_in(start, end))

    @property
    def unknown_at(self) -> int:
        """The first instant at which the time since the last reading is unknown, if none comes until then."""
        last_at = self.since if self.last_at is None else self.last_at
        return last_at + self._rules.max_gap_after(last_at) + 1

    # --- taking readings ---

    def take(self, at: int, values: tuple[float, ...]) -> None:
        """The good values of the next instant; of several the worse by this rule's window counts."""
        value = values[0]
        if len(values) > 1:
            value = self.rule.worse(values)
        last_at, last_value, calm = self.last_at, self._value, self._calm
        self.last_at, self._value = at, value
        if at >= self.wake_at:
            self.stirred = True
        is_calm = self._calm_low <= value <= self._calm_high
        settings = self._rules.settings_at(at)
        if last_at is None or at - last_at > self._rules.max_gap_after(last_at):
            self._begin(last_at, at)
            line = None if is_calm else Line(at, nano(value), at, nano(value))
        elif is_calm and calm is not None:
            self._go_on(calm, last_at, last_value, at, value)
            return
        else:
            self.stirred = True
            self._calm = None
            line = Line(last_at, nano(last_value), at, nano(value))
        if line is not None:
            near = None if settings.uncertainty is None else nano(settings.uncertainty)
            self._pieces.append(Known(line.t0, at, line, near))
            self.tally.take(line)
        if is_calm:
            self._start_calm(at, value)

    def _go_on(self, calm: Calm, last_at: int, last_value: float, at: int, value: float) -> None:
        if calm.count >= CALM_MAX:
            calm = self._start_calm(last_at, last_value)
        calm.to_at = at
        calm.count += 1
        if value < calm.low:
            calm.low = value
        elif value > calm.high:
            calm.high = value
        if self.rule.delta_h_over_r is not None:
            line = Line(last_at, nano(last_value), at, nano(value))
            calm.heat += heat_of(line, last_at, at, self.rule.delta_h_over_r)

    def _start_calm(self, at: int, value: float) -> Calm:
        calm = self._calm = Calm(at, at, value, value, 1)
        self._pieces.append(calm)
        self.tally.is_warm = False
        return calm

    def _begin(self, last_at: int | None, at: int) -> None:
        """A reading after unknown time, or the first of all."""
        self.stirred = True
        self._calm = None
        self.tally.is_warm = False
        if last_at is not None:
            self._pieces.append(Unknown(last_at, at))
            counts = self.tally.counts
            counts["unknown"] = counts.get("unknown", 0) + 1

    def take_stretch(
        self, stretch: Stretch, readings: tuple[Sequence[int], Sequence[float]] | None = None
    ) -> bool:
        """Takes a stretch of readings as a whole, if nothing happens in it; says whether it did.

        ``readings``: instants and values as sent; without them a rule with a mean kinetic temperature takes none.
        """
        settings, last_at, delta = (
            self._rules.settings_at(stretch.first_at),
            self.last_at,
            self.rule.delta_h_over_r,
        )
        if (delta is not None and readings is None) or not self._rules.are_good(stretch):
            return False
        low = corrected(stretch.low, settings.offset)
        high = corrected(stretch.high, settings.offset)
        if not (self._calm_low <= low and high <= self._calm_high and stretch.longest <= settings.max_gap):
            return False
        before: tuple[list[int], list[float]] = ([], [])
        if last_at is None:
            self.stirred = True
            calm = self._start_calm(stretch.first_at, low)
        elif self._calm is None or not 0 < stretch.first_at - last_at <= self._rules.max_gap_after(last_at):
            return False
        else:
            before = ([last_at], [self._value])
            calm = self._calm if self._calm.count < CALM_MAX else self._start_calm(last_at, self._value)
        if delta is not None and readings is not None:
            there = (corrected(celsius, settings.offset) for celsius in readings[1])
            calm.heat += heat_along([*before[0], *readings[0]], [*before[1], *there], delta)
        calm.to_at = self.last_at = stretch.last_at
        calm.low, calm.high = min(low, calm.low), max(high, calm.high)
        calm.count += stretch.readings
        self._value = corrected(stretch.last, settings.offset)
        return True

    def begin_at(self, since: int) -> int:
        """Begins earlier than it did; returns the instant after which readings must be taken again: all."""
        self.since = since
        return self.rewind(since)

    def rewind(self, at: int) -> int:
        """Forgets what follows from readings at or after ``at``; returns the instant after which readings must be
        taken again: the last one kept is among them, for the line goes on from it."""
        del self._pieces[bisect_left(self._pieces, at, key=_to_at) :]
        self._calm = None
        self.tally.is_warm = False
        self.last_at = None
        self.stirred = True
        return self._pieces[-1].to_at - 1 if self._pieces else self.since - 1

    def part_between(self, at: int, until: int) -> LedgerPart | None:
        """The part of this ledger that changes where readings between two instants came late; None where that goes as
        far as its end."""
        first = bisect_left(self._pieces, at, key=_to_at)
        last = bisect_left(self._pieces, until, lo=first, key=_to_at)
        if last >= len(self._pieces) - 1:
            return None
        after = self._pieces[first - 1].to_at - 1 if first else self.since - 1
        return LedgerPart(
            Ledger(self.rule, self._rules, self.since), first, last, after, self._pieces[last].to_at
        )

    def replace(self, part: LedgerPart) -> bool:
        """Puts a part that was taken again in the place of the old one; says whether it fits: it ends with the same
        reading. Nothing counts anew: every lot that was there is judged again after late readings."""
        if part.ledger.last_at != part.until:
            return False
        self._pieces[part.first : part.last + 1] = part.ledger._pieces
        return True

    # --- asking ---

    def pieces(self, start: int, end: int, *, as_of: int, closed: bool, zoom: Zoom) -> Iterator[Piece]:
        """The pieces of [start, end], judged from the readings at or before ``as_of`` (``end`` ≤ ``as_of``).
        ``closed``: the instant ``end`` itself belongs to it, with a lone reading there."""
        for piece in self._as_of(start, end, as_of, zoom):
            if isinstance(piece, Calm) and (piece.from_at < start or piece.to_at > end):
                parts: Iterable[Piece] = self._part_of(piece, start, end, zoom)
            else:
                parts = (piece,)
            for part in parts:
                inside = cut(part, start, end)
                if inside is not None and (closed or inside.from_at < end):
                    yield inside

    def _as_of(self, start: int, end: int, as_of: int, zoom: Zoom) -> Iterator[Piece]:
        """Uncut pieces that touch [start, end] up to the last reading at or before ``as_of``, and what follows it."""
        known = self._pieces
        if not known or known[0].from_at > as_of:
            yield Unknown(start, as_of)
            return
        if start < known[0].from_at:
            yield Unknown(start, known[0].from_at)
        index = bisect_left(known, start, key=_to_at)
        last_at = known[0].from_at if index == 0 else known[index - 1].to_at
        while index < len(known) and known[index].to_at <= as_of:
            piece = known[index]
            if piece.from_at > end:
                return
            yield piece
            last_at = piece.to_at
            index += 1
        if index < len(known) and isinstance(known[index], Calm) and known[index].from_at <= as_of:
            for part in self._summed_up(zoom(known[index].from_at, as_of)):
                yield part
                last_at = part.to_at
        if last_at < as_of:
            is_pending = as_of - last_at <= self._rules.max_gap_after(last_at)
            yield Untold(last_at, as_of) if is_pending else Unknown(last_at, as_of)

    def _summed_up(self, readings: Iterable[GoodValues]) -> list[Piece]:
        """The pieces of some readings alone."""
        ledger = Ledger(self.rule, self._rules, self.since)
        for at, values in readings:
            ledger.take(at, values)
        return ledger._pieces

    def _part_of(self, calm: Calm, start: int, end: int, zoom: Zoom) -> list[Piece]:
        """The part of a calm piece in [start, end]: what lies between two readings there summed up, and the lines that
        an edge cuts."""
        readings = zoom(calm.from_at, calm.to_at)
        first, last = bisect_left(readings, start, key=_at), bisect_right(readings, end, key=_at)
        found = self._summed_up(readings[first:last])
        if 0 < first < len(readings):
            found[:0] = every_line(self.rule, self._rules, readings[first - 1 : first + 1])[-1:]
        if first < last < len(readings):
            found += every_line(self.rule, self._rules, readings[last - 1 : last + 1])[-1:]
        return found

    def close_up(self, first: int, last: int, zoom: Zoom) -> list[Piece]:
        """Every line between the readings of [first, last]."""
        return every_line(self.rule, self._rules, zoom(first, last))


class LedgerPart(NamedTuple):
    """A part of a ledger, to be filled with the readings later than ``after`` and not later than ``until``: the pieces
    from number ``first`` to number ``last``."""

    ledger: Ledger
    first: int
    last: int
    after: int
    until: int


def _to_at(piece: Piece) -> int:
    return piece.to_at


def _at(one: GoodValues) -> int:
    return one[0]
