"""Courses drawn by hand for tests of signs: a freezer that cycles, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from zoneinfo import ZoneInfo

from monitor.core.channel.reading import Reading
from monitor.core.profile.installation import Installation, Probe, Unit
from monitor.core.profile.unit import Channel, ProbeSettings
from monitor.core.time.instant import MINUTE

PERIOD = 20
WARMS_FOR = 12
LOW, HIGH = -82.0, -78.4
PER_MINUTE = (HIGH - LOW) / WARMS_FOR


def cycling(minute: int) -> float:
    """Air: it warms for 12 minutes and cools for 8, between −82 and −78.4 °C."""
    phase = minute % PERIOD
    if phase < WARMS_FOR:
        return LOW + PER_MINUTE * phase
    return HIGH - (HIGH - LOW) * (phase - WARMS_FOR) / (PERIOD - WARMS_FOR)


def failing(at: int, slows: float = 0.004) -> Callable[[int], float]:
    """From minute ``at`` on it warms as in every pause, then more and more slowly, and never cools."""

    def celsius(minute: int) -> float:
        if minute < at:
            return cycling(minute)
        gone = minute - at
        return cycling(at) + 75 * PER_MINUTE * (1 - 1 / (1 + gone / 75)) + slows * gone

    return celsius


def readings(
    course: Callable[[int], float],
    first: int,
    last: int,
    *,
    start: int,
    every: int = 1,
    noise: float = 0.03,
    lag: int = 0,
    seed: int = 1,
) -> list[Reading]:
    """Readings of the minutes [first, last), to a hundredth, received ``lag`` later. The noise is seeded."""
    return list(_readings(course, range(first, last, every), start, noise, lag, seed))


def _readings(
    course: Callable[[int], float], minutes: range, start: int, noise: float, lag: int, seed: int
) -> Iterator[Reading]:
    for minute in minutes:
        at = start + minute * MINUTE
        value = course(minute) + Random(f"{seed}/{minute}").gauss(0.0, noise)
        yield Reading(at, at + lag, round(value, 2))


def two_probes(*, air_alarms: bool = False) -> Installation:
    """A freezer ``lab1/F01`` with a product probe and an air probe."""
    channels = {name: Channel("lab1", "F01", name) for name in ("product", "air")}
    unit = Unit(
        site="lab1",
        name="F01",
        title="Freezer F01",
        profile="ult",
        storage_class="ult",
        product_probe="product",
        probes=(
            Probe(channels["product"], ProbeSettings()),
            Probe(channels["air"], ProbeSettings(), alarms=air_alarms),
        ),
    )
    return Installation({"lab1/F01": unit}, {"lab1": ZoneInfo("Europe/Berlin")})
