"""A lot's timeline: what is known, unknown, pending or without temperature, from its first storage to ``as_of``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from ..excursions import good_values
from ..lines import Moment, Piece, Reading, cut
from .custody import Stay, versions_during
from .inputs import PlaceRules, Probe, Profile, Unit


@dataclass(frozen=True)
class Place:
    """A part of the timeline under one set of rules, with one line. Out of storage ``unit`` is None."""

    unit: str | None
    storage_class: str | None
    probe: Probe | None
    rules: PlaceRules
    from_at: int
    to_at: int
    lasts: bool

    @property
    def in_storage(self) -> bool:
        return self.unit is not None

    def holds(self, at: int) -> bool:
        """Half-open: the last instant belongs to the next place, or to this one if there is none."""
        return self.from_at <= at < self.to_at or (self.lasts and at == self.to_at)


@dataclass(frozen=True)
class Span:
    """Time of one kind (``known``, ``unknown``, ``pending``, ``free``) in one place, longer than nothing.

    A known one lies between the same two limits of its place throughout; ``celsius`` is a value of it.
    """

    kind: str
    from_at: int
    to_at: int
    place: Place
    celsius: Fraction | None = None

    @property
    def length(self) -> int:
        return self.to_at - self.from_at

    @property
    def is_outside(self) -> bool:
        return self.celsius is not None and self.place.rules.is_outside(self.celsius)


@dataclass(frozen=True)
class Instant:
    """A good reading in the lot's custody, or the beginning of time at ambient."""

    at: int
    celsius: Fraction
    place: Place


@dataclass(frozen=True)
class Segment:
    """A straight line of the lot's temperature, as long as its custody lets it be."""

    from_at: int
    to_at: int
    celsius_from: Fraction
    celsius_to: Fraction

    def value(self, at: int) -> Fraction:
        share = Fraction(at - self.from_at, self.to_at - self.from_at)
        return self.celsius_from + (self.celsius_to - self.celsius_from) * share

    def within(self, from_at: int, to_at: int) -> Segment | None:
        """Its part in an interval, completed by the line's values; None if nothing of it has a length there."""
        begin, end = max(from_at, self.from_at), min(to_at, self.to_at)
        return Segment(begin, end, self.value(begin), self.value(end)) if begin < end else None


@dataclass(frozen=True)
class Stretch:
    """Unbroken unknown time: the spans of it, each from the end of the one before."""

    spans: tuple[Span, ...]

    @property
    def from_at(self) -> int:
        return self.spans[0].from_at

    @property
    def to_at(self) -> int:
        return self.spans[-1].to_at


@dataclass
class Timeline:
    """Everything in the order of time; the spans leave no millisecond out."""

    places: list[Place]
    spans: list[Span]
    instants: list[Instant]
    segments: list[Segment]

    @property
    def from_at(self) -> int:
        return self.places[0].from_at

    @property
    def to_at(self) -> int:
        return self.places[-1].to_at

    def total(self, kind: str) -> int:
        """Ms of that kind in storage."""
        return sum(span.length for span in self.spans if span.kind == kind and span.place.in_storage)

    def stretches(self) -> list[Stretch]:
        """Unknown spans joined; any good reading between two of them, or other time, parts them."""
        readings = {instant.at for instant in self.instants}
        found: list[Stretch] = []
        for span in self.spans:
            if span.kind != "unknown":
                continue
            if found and found[-1].to_at == span.from_at and span.from_at not in readings:
                found[-1] = Stretch((*found[-1].spans, span))
            else:
                found.append(Stretch((span,)))
        return found

    def values(self) -> list[Fraction]:
        """The values among which the lowest and the highest are."""
        found = [instant.celsius for instant in self.instants]
        for segment in self.segments:
            found += [segment.celsius_from, segment.celsius_to]
        return found


def timeline(
    stays: Sequence[Stay],
    profile: Profile,
    units: Mapping[str, Unit],
    readings: Mapping[str, Sequence[Reading]],
    as_of: int,
) -> Timeline | None:
    """The timeline of a lot's stays; None if it was never stored."""
    found = Timeline([], [], [], [])
    for stay in stays:
        if stay.unit is None:
            _out_of_storage(found, stay, profile)
            continue
        for version, part in versions_during(stay, units):
            storage_class = None if version is None else version.storage_class
            probe = None if version is None else version.probe
            rules = profile.rules_in(storage_class)
            place = Place(stay.unit, storage_class, probe, rules, part.from_at, part.to_at, part.lasts)
            found.places.append(place)
            good = _good(probe, readings, as_of)
            if probe is None or not good:
                _add(found, Span("unknown", place.from_at, place.to_at, place))
            else:
                _in_unit(found, place, probe, _line(good, rules), as_of)
    found.spans.sort(key=lambda span: span.from_at)
    found.instants.sort(key=lambda instant: instant.at)
    return found if found.places else None


def _good(
    probe: Probe | None, readings: Mapping[str, Sequence[Reading]], as_of: int
) -> dict[int, frozenset[Fraction]]:
    if probe is None:
        return {}
    return good_values(
        readings.get(probe.channel, ()), offset=probe.offset, plausible=probe.plausible, as_of=as_of
    )


def _line(good: dict[int, frozenset[Fraction]], rules: PlaceRules) -> list[Moment]:
    """The readings as this place sees them: of several values of one instant the worst."""
    return [Moment(Fraction(at), max(values, key=rules.badness)) for at, values in sorted(good.items())]


def _add(found: Timeline, span: Span) -> None:
    """Keep the part of a span that lies in its place, if it has a length."""
    clipped = replace(
        span, from_at=max(span.from_at, span.place.from_at), to_at=min(span.to_at, span.place.to_at)
    )
    if clipped.from_at < clipped.to_at:
        found.spans.append(clipped)


def _in_unit(found: Timeline, place: Place, probe: Probe, line: list[Moment], as_of: int) -> None:
    """The whole line of the channel, cut at every level and then clipped by the custody."""
    for moment in line:
        if place.holds(moment.at):
            found.instants.append(Instant(moment.at, moment.celsius, place))
    _add(found, Span("unknown", place.from_at, line[0].at, place))
    for one, other in pairwise(line):
        if other.at - one.at > probe.max_gap:
            _add(found, Span("unknown", one.at, other.at, place))
            continue
        segment = Segment(one.at, other.at, one.celsius, other.celsius).within(place.from_at, place.to_at)
        if segment is None:
            continue
        found.segments.append(segment)
        for piece in cut(one, other, levels=place.rules.levels(probe.uncertainty), instants=set()):
            if isinstance(piece, Piece):
                _add(found, Span("known", piece.first.at, piece.last.at, place, piece.celsius))
    last_at = line[-1].at
    rest = "pending" if as_of - last_at <= probe.max_gap else "unknown"
    _add(found, Span(rest, last_at, as_of, place))


def _out_of_storage(found: Timeline, stay: Stay, profile: Profile) -> None:
    """The free part has no temperature; what is beyond it is known to be at ambient."""
    place = Place(None, None, None, profile.own_rules(), stay.from_at, stay.to_at, stay.lasts)
    found.places.append(place)
    if profile.ambient is None:
        _add(found, Span("free", stay.from_at, stay.to_at, place))
        return
    celsius, begins_at = Fraction(repr(profile.ambient)), stay.from_at + profile.out_free
    _add(found, Span("free", stay.from_at, begins_at, place))
    _add(found, Span("known", begins_at, stay.to_at, place, celsius))
    if place.holds(begins_at):
        found.instants.append(Instant(begins_at, celsius, place))
    if begins_at < stay.to_at:
        found.segments.append(Segment(begins_at, stay.to_at, celsius, celsius))
