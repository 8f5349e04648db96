"""What storage did to a lot: a sweep over its timeline, place after place, piece after piece.

The timeline begins at the first storage and ends at ``as_of`` or at the lot's disposal. Every piece of it is known,
unknown, or told nowhere; what adds up is summed, thaws and unknown stretches go through small automata.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.core.channel.line import NANO, Line, nano
from monitor.core.lot.budget import OUT_OF_STORAGE, Budgets
from monitor.core.lot.event import LotEvent, LotEventKind
from monitor.core.lot.mkt import Segment, Worst, celsius_of, heat_of, worst_window
from monitor.core.lot.piece import Calm, Known, Piece, Unknown, Untold
from monitor.core.lot.place import Level, PlaceRule, rule_in
from monitor.core.lot.thaw import ThawCount
from monitor.core.profile.profile import Profile
from monitor.core.time.instant import LATEST


class LotPlace(NamedTuple):
    """A lot's time [from_at, to_at] in one place, and what is known of it.

    ``unit`` and ``channel`` are None out of storage (the channel also in a unit that was never configured);
    ``pieces`` are those of that time, in order; ``close_up`` gives the lines that a calm one sums up.
    ``is_uncertainty_known``: the probe states one.
    """

    from_at: int
    to_at: int
    unit: str | None
    channel: str | None
    rule: PlaceRule
    pieces: Iterable[Piece]
    close_up: Callable[[Calm], Iterable[Piece]] = lambda calm: ()
    is_uncertainty_known: bool = False


@dataclass(slots=True)
class Integrity:
    """The figures of one lot as of an instant. Times in ms, temperatures in °C.

    ``unknown_from``: since when the present unknown stretch lasts, None if the timeline doesn't end in one.
    ``present``: the value of the last known instant if the timeline ends in known or pending time in one place.
    """

    profile: Profile
    starts_at: int | None
    judged_at: int
    budgets: Budgets
    thaw: ThawCount = field(default_factory=ThawCount)
    known_ms: int = 0
    unknown_ms: int = 0
    pending_ms: int = 0
    out_ms: int = 0
    uncertain_ms: int | None = None
    min_celsius: float | None = None
    max_celsius: float | None = None
    mkt_celsius: float | None = None
    mkt_worst: Worst | None = None
    unknown_from: int | None = None
    out_from: int | None = None
    last_known_at: int | None = None
    present: float | None = None
    place: PlaceRule | None = None
    alternative_from: int | None = None
    shelf_life_ends_at: int | None = None

    @property
    def coverage(self) -> float | None:
        """Known ÷ (known + unknown) of the time in storage; None where there is none."""
        whole = self.known_ms + self.unknown_ms
        return None if whole == 0 else self.known_ms / whole


def integrity(
    profile: Profile,
    places: Sequence[LotPlace],
    events: Sequence[LotEvent] = (),
    *,
    judged_at: int,
) -> Integrity:
    """Judges a lot's timeline. ``places`` are in order and without gaps; ``events`` are ``thawed`` and ``refrozen``."""
    found = Integrity(profile, places[0].from_at if places else None, judged_at, Budgets(profile))
    sweep = _Sweep(found, events)
    for place in places:
        sweep.take(place)
    sweep.finish()
    return found


def out_of_storage(profile: Profile, start: int, end: int, *, closed: bool) -> list[Piece]:
    """A stay out of storage: its free part without a temperature, the rest at the profile's ambient. ``closed``: the
    instant ``end`` belongs to it."""
    out = profile.out_of_storage
    if profile.ambient is None:
        return [Untold(start, end)]
    free = 0 if out is None else out.free
    warm_from = min(end, start + free)
    pieces: list[Piece] = []
    if warm_from > start:
        pieces.append(Untold(start, warm_from))
    if start + free < end or (closed and start + free == end):
        u = nano(profile.ambient)
        pieces.append(Known(warm_from, end, Line(warm_from, u, end, u), None))
    return pieces


class _Sweep:
    """Goes along the timeline once."""

    def __init__(self, found: Integrity, events: Sequence[LotEvent]) -> None:
        self._found = found
        self._events = [*events]
        self._heat = 0
        self._heat_ms = 0
        self._delta = rule_in(found.profile, None).delta_h_over_r
        self._last: tuple[LotPlace, Piece] | None = None
        self._course: list[tuple[LotPlace, Calm | Known]] = []
        self._edges: set[int] = set()  # of the timeline; readings are edges too

    # --- along the places ---

    def take(self, place: LotPlace) -> None:
        """The next place, piece by piece."""
        found = self._found
        found.place, found.present, found.out_from = place.rule, None, None
        if place.unit is None:
            found.out_from = place.from_at
            found.out_ms += place.to_at - place.from_at
            budget = found.budgets.get(OUT_OF_STORAGE)
            if budget is not None:
                budget.charge(place.from_at, place.to_at)
        else:
            self._take_alternative(place)
        if place.is_uncertainty_known and found.uncertain_ms is None:
            found.uncertain_ms = 0
        self._edges |= {place.from_at, place.to_at}
        for piece in place.pieces:
            self._take_heat(piece, place)
            for part in self._split(piece, place):
                self._take_piece(part, place)
                self._last = (place, part)

    def _take_alternative(self, place: LotPlace) -> None:
        """Custody in a unit of an alternative class starts its shelf life, the first custody too."""
        if place.rule.shelf_life is not None:
            ends_at = place.from_at + place.rule.shelf_life
            if self._found.shelf_life_ends_at is None or ends_at < self._found.shelf_life_ends_at:
                self._found.shelf_life_ends_at = ends_at
                self._found.alternative_from = place.from_at

    def _split(self, piece: Piece, place: LotPlace) -> Iterator[Piece]:
        """A piece cut at the lot's events, each of which is taken at its own instant."""
        # At one instant: what ends there, then events, then a reading, then what begins there.
        last = piece.to_at if piece.from_at == piece.to_at else piece.to_at - 1
        while self._events and self._events[0].occurred_at <= last:
            at = max(piece.from_at, self._events[0].occurred_at)
            if at > piece.from_at:
                if isinstance(piece, Calm):
                    self._found.thaw.take_calm(place.rule.thaw, piece.from_at)
                else:
                    yield piece._replace(to_at=at)
                    piece = piece._replace(from_at=at)
            self._take_events(at)
            if isinstance(piece, Calm) and at > piece.from_at:
                self._found.thaw.take_calm(place.rule.thaw, at)
            else:
                self._look_again(at, place)
        yield piece

    def _take_events(self, at: int) -> None:
        """All events up to an instant, before what is known of that instant."""
        while self._events and self._events[0].occurred_at <= at:
            event = self._events.pop(0)
            if event.kind is LotEventKind.THAWED:
                self._found.thaw.take_thawed(event.occurred_at, event.event_id)
            else:
                self._found.thaw.take_refrozen(event.occurred_at)

    def _look_again(self, at: int, place: LotPlace) -> None:
        """The reading at an instant counts after the events there: it may have ended the piece before."""
        before = self._last
        if before is None or before[0] is not place or before[1].to_at != at:
            return
        if isinstance(before[1], Calm):
            self._found.thaw.take_calm(place.rule.thaw, at)
        elif isinstance(before[1], Known):
            self._found.thaw.take_known(place.rule.thaw, before[1].line, at, at)

    def finish(self) -> None:
        """Takes the events at the very end, and what can only be told of the whole."""
        if self._events:
            self._take_events(LATEST)
            if self._last is not None:
                self._look_again(self._found.judged_at, self._last[0])
        found, rule = self._found, self._found.profile.mkt
        if self._delta is None:
            return
        found.mkt_celsius = celsius_of(self._heat, self._heat_ms, self._delta)
        if rule is not None and found.starts_at is not None:
            segments = list(self._near_outside(rule.window))
            readings = {
                at for one in segments for at in (one.line.t0, one.line.t1) if one.from_at <= at <= one.to_at
            }
            found.mkt_worst = worst_window(
                segments,
                self._edges | readings,
                start=found.starts_at,
                end=found.judged_at,
                window=rule.window,
                delta_h_over_r=self._delta,
            )

    def _near_outside(self, window: int) -> Iterator[Segment]:
        """The known pieces within a window's length of time outside, each a line: no other can matter to the worst."""
        near = _merged(
            (piece.from_at - window, piece.to_at + window)
            for place, piece in self._course
            if isinstance(piece, Known) and _outside(place, piece, self._found.judged_at)
        )
        for place, piece in self._course:
            index = bisect_right(near, piece.to_at, key=_begin) - 1
            if index < 0 or near[index][1] < piece.from_at:
                continue
            if isinstance(piece, Known):
                outside = _outside(place, piece, self._found.judged_at)
                yield Segment(piece.from_at, piece.to_at, piece.line, outside)
                continue
            for one in place.close_up(piece):  # calm: none of it is outside
                index = bisect_right(near, one.to_at, key=_begin) - 1
                if isinstance(one, Known) and index >= 0 and near[index][1] >= one.from_at:
                    yield Segment(one.from_at, one.to_at, one.line, ())

    # --- piece by piece ---

    def _take_heat(self, piece: Piece, place: LotPlace) -> None:
        """For the mean kinetic temperature, by the whole piece: a lot's events cut no segment."""
        if self._delta is None or not isinstance(piece, Calm | Known):
            return
        if isinstance(piece, Calm):
            self._heat += piece.heat
        else:
            self._heat += heat_of(piece.line, piece.from_at, piece.to_at, self._delta)
        self._heat_ms += piece.to_at - piece.from_at
        self._course.append((place, piece))

    def _take_piece(self, piece: Piece, place: LotPlace) -> None:
        found = self._found
        if isinstance(piece, Unknown):
            self._take_unknown(piece, place)
            return
        found.unknown_from = None
        if isinstance(piece, Calm):
            self._take_calm(piece, place)
        elif isinstance(piece, Known):
            self._take_known(piece, place)
        else:
            found.thaw.interrupt()
            if place.unit is not None:
                found.pending_ms += piece.to_at - piece.from_at

    def _take_unknown(self, piece: Unknown, place: LotPlace) -> None:
        found = self._found
        if found.unknown_from is None:
            found.unknown_from = piece.from_at
        found.unknown_ms += piece.to_at - piece.from_at
        found.thaw.take_unknown(place.rule.thaw, found.unknown_from, piece.to_at)
        rule = found.profile.unknown
        if rule is not None and rule.rule == "as_band" and rule.band is not None:
            charged_from = max(piece.from_at, found.unknown_from + rule.after)
            if charged_from < piece.to_at:
                found.budgets[rule.band].charge(charged_from, piece.to_at)

    def _take_calm(self, piece: Calm, place: LotPlace) -> None:
        found = self._found
        found.known_ms += piece.to_at - piece.from_at
        found.last_known_at = piece.to_at
        found.thaw.take_calm(place.rule.thaw, piece.from_at)
        found.present = None
        self._reach(piece.low, piece.high)

    def _take_known(self, piece: Known, place: LotPlace) -> None:
        found, line = self._found, piece.line
        start, end = piece.from_at, piece.to_at
        ends = [round(line.value(at) / NANO, 9) for at in (start, end)]
        self._reach(min(ends), max(ends))
        found.last_known_at, found.present = end, ends[1]
        if place.unit is not None:
            found.known_ms += end - start
            if piece.near is not None:
                found.uncertain_ms = (found.uncertain_ms or 0) + _near_ms(
                    place.rule, line, start, end, piece.near
                )
        open_end = end == place.to_at != found.judged_at
        found.budgets.charge_line(place.rule, line, start, end, place.channel, open_end=open_end)
        found.thaw.take_known(place.rule.thaw, line, start, end, open_end=open_end)

    def _reach(self, low: float, high: float) -> None:
        found = self._found
        found.min_celsius = low if found.min_celsius is None else min(low, found.min_celsius)
        found.max_celsius = high if found.max_celsius is None else max(high, found.max_celsius)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order of their beginning, those that overlap as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _begin(span: tuple[int, int]) -> int:
    return span[0]


def _outside(place: LotPlace, piece: Known, judged_at: int) -> list[tuple[int, int]]:
    """The times of a piece outside the window, and (of no length) the readings there."""
    line, start, end = piece.line, piece.from_at, piece.to_at
    readings: list[tuple[int, int]] = []
    if place.unit is not None:
        last = end if end == judged_at or end != place.to_at else end - 1  # at its end the next place begins
        readings = [(at, u) for at, u in ((line.t0, line.u0), (line.t1, line.u1)) if start <= at <= last]
    found = []
    for low, high in ((place.rule.high, None), (None, place.rule.low)):
        if low is None and high is None:
            continue
        outside = Level("", low, high, None, ends_at_window=True)
        span = outside.span(line, start, end)
        if span is not None and span[0] < span[1]:
            found.append(span)
        found += [(at, at) for at, u in readings if outside.holds(u)]
    return found


def _near_ms(rule: PlaceRule, line: Line, start: int, end: int, near: int) -> int:
    """Known time inside the window and within the probe's uncertainty of one of its limits (not of a band's)."""
    spans = []
    if rule.high is not None:
        spans.append((rule.high - near, rule.high))
    if rule.low is not None:
        spans.append((rule.low, rule.low + near))
    found: list[tuple[int, int]] = []
    for low, high in spans:
        if rule.low is not None:
            low = max(low, rule.low)
        if rule.high is not None:
            high = min(high, rule.high)
        if line.u0 == line.u1:
            if low <= line.u0 <= high:
                found.append((start, end))
        else:
            found.append(line.between(low, high, start, end))
    if len(found) == 2:
        (a, b), (c, d) = found
        overlap = max(0, min(b, d) - max(a, c))
        return (b - a) + (d - c) - overlap
    return sum(b - a for a, b in found)
