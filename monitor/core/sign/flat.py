"""Flat line: a probe repeats itself to the digit, for much longer than it usually does. Pure.

A stuck probe blinds us: its last value may look perfect for days. A live one has noise, and follows the compressor;
how much of that its resolution shows differs, so it is learned. A buffered probe of 0.1 °C in a full freezer may stand
still for hours, and then nothing is said for longer.
"""

from __future__ import annotations

from itertools import pairwise

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition
from monitor.core.record import degrees, minutes
from monitor.core.sign.base import Probed, Sign
from monitor.core.sign.trail import MINUTES_FOR, PARTS_FOR, Bin
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant

FLAT_FOR = 90 * MINUTE
"""More than two periods of a compressor (10 to 40 min; assumed)."""
QUIET_FOR = 8 * HOUR
"""For a probe that moves by less than ``LIVELY`` of its steps in most hours."""
LIVELY = 3.0
TIMES = 4.0
"""How many times as long as its third longest standstill so far: once or twice it may have been stuck."""
FLAT_AT_MOST = DAY
"""A probe that would have to stand still for longer has too coarse a resolution to say anything."""
KNOWN_LEAST, KNOWN_LEAST_QUIET = 12 * HOUR, 36 * HOUR
READINGS_LEAST = 8


def flat(probed: Probed, now: int) -> Sign | None:
    """Whether a probe is stuck, as of ``now``."""
    if not probed.is_fresh(now):
        return None
    bins = _same(probed, now)
    if len(bins) < 2 or sum(one.readings for one in bins) < READINGS_LEAST:
        return None
    start_at, end_at = bins[0].at, bins[-1].at
    needed = _needed(probed, start_at)
    if needed is None or end_at - start_at < needed[0]:
        return None
    condition, celsius = AlarmCondition.FLAT_LINE, bins[-1].low / 1_000
    text = (
        f"has read {degrees(celsius)} to the digit for {minutes(end_at - start_at)}; "
        f"usual is up to {minutes(needed[1])}"
    )
    evidence = {
        "text": text,
        "probe": probed.name,
        "channel": probed.channel,
        "celsius": celsius,
        "started_at": format_instant(start_at),
        "measured_at": format_instant(end_at),
        "usual_seconds": needed[1] / 1_000,
    }
    return Sign(condition, probed.channel, start_at + needed[0], LEVEL_OF[condition], evidence)


def is_moving(probed: Probed, now: int) -> bool:
    """Whether it has shown two values in the last hour: then it isn't stuck, and nobody needs to look."""
    bins = probed.trail.parts.bins(now - HOUR, now)
    return bool(bins) and min(one.low for one in bins) != max(one.high for one in bins)


def flat_over(probed: Probed, celsius: float, started_at: int, now: int) -> int | None:
    """Since when a probe that was stuck at a value has moved again; None while it hasn't."""
    ring = probed.trail.minutes if now - started_at < MINUTES_FOR else probed.trail.parts
    milli = round(celsius * 1_000)
    return next((one.at for one in ring.bins(started_at, now) if one.low != milli or one.high != milli), None)


def _same(probed: Probed, now: int) -> list[Bin]:
    """The newest stretches of time in which there is one value alone, in order: minutes, and parts before them."""
    trail = probed.trail
    found = _alike(trail.minutes.bins(now - MINUTES_FOR, now), probed.max_gap)
    if not found or found[0].at - (now - MINUTES_FOR) > probed.max_gap:
        return found
    parts = [one for one in trail.parts.bins(now - PARTS_FOR, now) if one.at < found[0].at]
    before = _alike(parts, probed.max_gap)
    is_one = bool(before) and before[-1].low == found[0].low
    return before + found if is_one and found[0].at - before[-1].at <= probed.max_gap else found


def _alike(bins: list[Bin], max_gap: int) -> list[Bin]:
    """The last bins of one value, without a gap."""
    for i in range(len(bins) - 1, -1, -1):
        is_apart = i + 1 < len(bins) and bins[i + 1].at - bins[i].at > max_gap
        if is_apart or bins[i].low != bins[i].high or bins[i].low != bins[-1].low:
            return bins[i + 1 :]
    return bins


def _needed(probed: Probed, until: int) -> tuple[int, int] | None:
    """How long a probe must stand still to be stuck, and its usual longest standstill; None: it can't be told."""
    bins = probed.trail.parts.bins(until - PARTS_FOR, until)
    if len(bins) < 2:
        return None
    apart = sorted(after.at - before.at for before, after in pairwise(bins))
    known_for = len(bins) * apart[len(apart) // 2]
    if known_for < KNOWN_LEAST:
        return None
    step = min(
        [
            *(one.high - one.low for one in bins if one.high > one.low),
            *(abs(after.low - before.low) for before, after in pairwise(bins) if after.low != before.low),
        ],
        default=0,
    )
    if not step:
        return None
    hours: dict[int, tuple[int, int]] = {}
    for one in bins:
        low, high = hours.get(one.at // HOUR, (one.low, one.high))
        hours[one.at // HOUR] = (min(low, one.low), max(high, one.high))
    spreads = sorted((high - low) / step for low, high in hours.values())
    longest = _third_longest(bins, probed.max_gap)
    is_lively = spreads[len(spreads) // 10] >= LIVELY
    if not is_lively and known_for < KNOWN_LEAST_QUIET:
        return None
    least = FLAT_FOR if is_lively else QUIET_FOR
    needed = max(least, round(TIMES * longest))
    return (needed, longest) if needed <= FLAT_AT_MOST else None


def _third_longest(bins: list[Bin], max_gap: int) -> int:
    """The third longest time in ms for which there was one value alone."""
    found, start, end = [], bins[0], bins[0]
    for before, one in pairwise(bins):
        is_same = start.low == start.high == one.low == one.high
        if not is_same or one.at - before.at > max_gap:
            found.append(end.at - start.at)
            start = one
        end = one
    found.append(end.at - start.at)
    return sorted([0, 0, *found])[-3]
