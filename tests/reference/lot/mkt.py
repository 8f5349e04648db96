"""Mean kinetic temperature, of a period and of its worst window. As docs/figures.md has it: ΔH/R = 10,000 K."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .timeline import Segment, Timeline

KELVIN = 273.15
DECIMALS = 9
"""MKTs are rounded to so many decimals, so that a constant temperature has itself as its MKT."""


@dataclass(frozen=True)
class Worst:
    celsius: float
    from_at: int
    to_at: int


def mean_kinetic(segments: Iterable[Segment], delta_h_over_r: float) -> float | None:
    """Each segment weighs the mean of its two ends' rates by its length; None without any known time.

    The rates are relative to that of the warmest end, so that none can overflow and one of them is 1.
    """
    ends = [
        (segment.to_at - segment.from_at, float(segment.celsius_from), float(segment.celsius_to))
        for segment in segments
    ]
    total = sum(length for length, _from, _to in ends)
    if total == 0:
        return None
    warmest = KELVIN + max(max(one, other) for _length, one, other in ends)

    def rate(celsius: float) -> float:
        return math.exp(delta_h_over_r * (1 / warmest - 1 / (KELVIN + celsius)))

    mean = math.fsum(length * (rate(one) + rate(other)) / 2 for length, one, other in ends) / total
    return round(1 / (1 / warmest - math.log(mean) / delta_h_over_r) - KELVIN, DECIMALS)


def worst_window(timeline: Timeline, length: int, delta_h_over_r: float) -> Worst | None:
    """The window with the highest MKT (the earliest of several); None if no window qualifies."""
    length = min(length, timeline.to_at - timeline.from_at)
    found: Worst | None = None
    for from_at in sorted(_candidates(timeline, length)):
        to_at = from_at + length
        inside = [part for segment in timeline.segments if (part := segment.within(from_at, to_at))]
        known = sum(segment.to_at - segment.from_at for segment in inside)
        if known * 2 < length or not _touches_time_outside(timeline, from_at, to_at):
            continue
        celsius = mean_kinetic(inside, delta_h_over_r)
        if celsius is not None and (found is None or celsius > found.celsius):
            found = Worst(celsius, from_at, to_at)
    return found


def _candidates(timeline: Timeline, length: int) -> set[int]:
    """Where a window can begin: it begins or ends at a reading or an edge, and lies inside the timeline."""
    ends = {instant.at for instant in timeline.instants}
    for place in timeline.places:
        ends |= {place.from_at, place.to_at}
    found = ends | {at - length for at in ends}
    return {at for at in found if timeline.from_at <= at and at + length <= timeline.to_at}


def _touches_time_outside(timeline: Timeline, from_at: int, to_at: int) -> bool:
    for span in timeline.spans:
        if span.is_outside and max(span.from_at, from_at) < min(span.to_at, to_at):
            return True
    return any(
        from_at <= instant.at <= to_at and instant.place.rules.is_outside(instant.celsius)
        for instant in timeline.instants
    )
