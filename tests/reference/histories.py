"""Nasty random histories: everything that can coincide does so often.

Few distinct values around the limits, spacings that make crossings fall on half milliseconds and stays end
on the very millisecond of a delay, gaps of exactly ``max_gap``, conflicts, bad readings, several versions,
and days that begin, or change their clocks, in the middle.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from .excursions import Reading, Rule
from .golden import ALWAYS, Case

MIDNIGHTS = (
    ("UTC", "2026-03-02T00:00:00Z"),
    ("Asia/Kolkata", "2026-05-31T18:30:00Z"),
    ("Europe/Berlin", "2026-03-28T23:00:00Z"),  # begins a day of 23 hours
    ("Europe/Berlin", "2026-03-29T22:00:00Z"),  # ends it
    ("Europe/Berlin", "2026-10-24T22:00:00Z"),  # begins a day of 25 hours
    ("Europe/Berlin", "2026-10-25T23:00:00Z"),  # ends it
    ("Africa/Cairo", "2024-04-25T22:00:00Z"),  # begins a day without its first hour
    ("America/Sao_Paulo", "2018-02-18T03:00:00Z"),  # ends a day whose last hour came twice
)
FAULTS = ("open_circuit", "short_circuit", "out_of_range", "power_on_default", "read_error")
LIMITS = (-60.0, -60.0, -61.0, -59.0)
SPANS = (0, 1, 30_000, 45_000, 60_000, 60_001, 90_000)


def history(seed: int, *, decimals: bool | None = None) -> Case:
    """The history of a seed, with what the reference expects of it.

    ``decimals`` asks for temperatures that binary fractions can't hold (tenths), or for none of them; by
    default the seed decides. Without them floating point is exact wherever a line's slope is.
    """
    rng = random.Random(seed)
    zone, midnight = rng.choice(MIDNIGHTS)
    if decimals is None:
        decimals = rng.random() < 0.3
    shift = rng.choice((0.1, 0.3, -0.2)) if decimals else 0.0
    max_gap = rng.choice((60_000, 90_000, 120_000))
    around = _ms(midnight) + rng.choice((0, 0, 1, 500, 15_000))
    times = _times(rng, around=around, max_gap=max_gap)
    rules = _rules(rng, times, shift)
    case = Case(
        name=f"history({seed})",
        rules=rules,
        readings=_readings(rng, times, rules, shift),
        max_gap=max_gap,
        zone=ZoneInfo(zone),
        as_of=_as_of(rng, times, max_gap),
        uncertainty=rng.choice((None, 0.0, 0.5, 0.5, 1.0)),
        expected=(),
        offset=rng.choice((0.0, 0.0, 0.0, 0.5)),
        plausible=(-90.0, 60.0),
    )
    return replace(case, expected=tuple(case.judged()))


def _ms(text: str) -> int:
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _times(rng: random.Random, *, around: int, max_gap: int) -> list[int]:
    """30 to 60 instants, about half of them before ``around``."""
    usual = rng.choice((15_000, 15_000, 30_001, 10_001))
    odd = (1, 2, 3, 7_501, 29_999, 45_000, max_gap, max_gap, max_gap + 1, 3 * max_gap)
    steps = [usual if rng.random() < 0.65 else rng.choice(odd) for _ in range(rng.randint(30, 60))]
    half = sum(steps[: len(steps) // 2])
    at, found = around - half, []
    for step in steps:
        found.append(at)
        at += step
    return found


def _rules(rng: random.Random, times: list[int], shift: float) -> tuple[Rule, ...]:
    """One to three versions; the later ones come into force at a reading, between two, or in a gap."""
    starts = sorted(
        rng.choice(times) + rng.choice((0, 0, 1, -1, 7_500)) for _ in range(rng.choice((0, 0, 1, 2)))
    )
    first = times[0] - 1 if starts and rng.random() < 0.5 else ALWAYS
    return tuple(
        _rule(rng, version, effective_from, shift)
        for version, effective_from in enumerate([min([first, *starts]), *starts], start=1)
    )


def _rule(rng: random.Random, version: int, effective_from: int, shift: float) -> Rule:
    high = None if rng.random() < 0.08 else round(rng.choice(LIMITS) + shift, 9)
    low = None if rng.random() < 0.08 else round(rng.choice((-64.0, -64.0, -65.0, -62.0)) + shift, 9)
    bands: list[tuple[str, float | None, float | None]] = []
    if high is not None:
        edge = round(high + 1.0, 9)
        bands += [("warm", high, edge), ("hot", edge, None)]
    if low is not None:
        edge = round(low - 1.0, 9)
        bands += [("cool", edge, low), ("cold", None, edge)]
    return Rule(
        profile="random",
        version=version,
        effective_from=effective_from,
        low=low,
        high=high,
        deadband=rng.choice((0.0, 0.5, 0.5, 1.0, 2.0)),
        delay_high=rng.choice(SPANS),
        delay_low=rng.choice(SPANS),
        clear_high=rng.choice(SPANS),
        clear_low=rng.choice(SPANS),
        instant_high=None
        if high is None or rng.random() < 0.5
        else round(high + rng.choice((0, 1.0, 2.0)), 9),
        instant_low=None if low is None or rng.random() < 0.5 else round(low - rng.choice((0, 1.0, 2.0)), 9),
        cumulative_high=rng.choice((None, 30_000, 60_000, 90_001, 120_000)),
        cumulative_low=rng.choice((None, 30_000, 60_000, 90_001, 120_000)),
        bands=tuple(bands),
    )


def _readings(
    rng: random.Random, times: list[int], rules: tuple[Rule, ...], shift: float
) -> tuple[Reading, ...]:
    """Readings at the times, in any order: runs of one value, conflicts, copies and bad ones among them."""
    edges = [edge for rule in rules for edge in (rule.low, rule.high) if edge is not None] or [-60.0]
    values = [edge + step for edge in edges for step in (0.0, 0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0)]
    values += [-62.5 + shift, -55.0 + shift, -70.0 + shift]
    found: list[Reading] = []
    celsius = round(rng.choice(values), 9)
    for at in times:
        if rng.random() < 0.7:
            celsius = round(rng.choice(values), 9)
        if rng.random() < 0.08:
            found.append(_bad(rng, at))
            continue
        found.append(Reading(at, at + rng.choice((-300_000, 0, 200, 3_600_000)), celsius, None))
        if rng.random() < 0.1:
            found.append(Reading(at, at, round(rng.choice(values), 9), None))
        if rng.random() < 0.1:
            found.append(replace(found[-1], received_at=found[-1].received_at + 60_000))
    rng.shuffle(found)
    return tuple(found)


def _bad(rng: random.Random, at: int) -> Reading:
    """A reading that must take no part, by each of the rules."""
    return rng.choice(
        (
            Reading(at, at, -50.0, rng.choice(FAULTS)),
            Reading(at, at, None, rng.choice(FAULTS)),
            Reading(at, at, None, None),
            Reading(at, at, 85.0, None),
            Reading(at, at, -127.0, None),
            Reading(at, at - 300_001, -50.0, None),
        )
    )


def _as_of(rng: random.Random, times: list[int], max_gap: int) -> int:
    """At or about a reading, or after the last one by about ``max_gap``."""
    inside = rng.choice(times) + rng.choice((-1, 0, 1, max_gap, max_gap + 1))
    return rng.choice(
        (inside, times[-1], times[-1] + max_gap, times[-1] + max_gap + 1, times[-1] + 10 * max_gap)
    )
