"""Readings for the benches of judging: many freezers, a minute at a time, the same for the same arguments."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Set
from typing import NamedTuple

from monitor.core.channel.reading import Reading
from monitor.core.profile.profile import Band, OutOfStorage, Profile, ThawRule, UnknownRule
from monitor.core.time.instant import MINUTE
from monitor.testing import ult_profile

BEGINS_AT = 1_796_083_200_000
"""2026-12-01T00:00:00Z, the instant of the first minute."""
_HOUR = 60 * MINUTE
_WARM_FROM, _WARM_MINUTES, _WARM_EVERY = 8, 8, 40
_SILENT_MINUTES = 20
_GAP_CHANCE = 1 / 2_000


class Weather(NamedTuple):
    """What happens beside noise. ``warming``: the freezers (by number) that go up to −50 °C for 8 minutes every 40;
    ``has_gaps``: now and then a channel is silent for 20 minutes."""

    warming: Set[int]
    has_gaps: bool


def profile() -> Profile:
    """Ultra-low storage with budgets, a thaw rule and a rule for unknown time, as the starter configuration has it."""
    return ult_profile(
        bands=(
            Band("warm", -60.0, -40.0, 24 * _HOUR),
            Band("warmer", -40.0, -20.0, 2 * _HOUR),
            Band("thaw", -20.0, None, 0),
            Band("cold", None, -90.0, None),
        ),
        ambient=22.0,
        out_of_storage=OutOfStorage(2 * MINUTE, 30 * MINUTE),
        unknown=UnknownRule("as_band", "warm", 4 * _HOUR, 24 * _HOUR),
        thaw=ThawRule(-20.0, 10 * MINUTE, -40.0, 4 * _HOUR, 1),
        coverage_minimum=0.95,
    )


def minutes(channels: int, weather: Weather, *, seed: int = 1) -> Iterator[list[tuple[int, Reading]]]:
    """For ever, minute by minute: one reading of each channel (its number from 0), in the order of their instants.

    Compressor cycles of 1.5 °C about −80 °C, 0.15 °C of noise, hundredths of a degree as sent.
    """
    chance = random.Random(seed)
    phases = [chance.uniform(0.0, 2.0 * math.pi) for _ in range(channels)]
    silent = [0] * channels
    minute = 0
    while True:
        found = []
        for channel in range(channels):
            if silent[channel]:
                silent[channel] -= 1
                continue
            if weather.has_gaps and chance.random() < _GAP_CHANCE:
                silent[channel] = _SILENT_MINUTES
            is_warm = channel in weather.warming and _is_warm(minute)
            base = -50.0 if is_warm else -80.0 + 1.5 * math.sin(phases[channel] + minute * 0.35)
            celsius = round(base + chance.uniform(-0.15, 0.15), 2)
            at = BEGINS_AT + minute * MINUTE + channel * MINUTE // channels
            found.append((channel, Reading(at, at + 200, celsius, seq=minute + 1)))
        yield found
        minute += 1


def _is_warm(minute: int) -> bool:
    return _WARM_FROM <= minute % _WARM_EVERY < _WARM_FROM + _WARM_MINUTES
