"""Which readings can be trusted: fault codes dressed as temperatures, implausible values, clocks that run ahead."""

from __future__ import annotations

from types import MappingProxyType

from monitor.core.channel.reading import Reading
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import MINUTE

CLOCK_AHEAD_MAX = 5 * MINUTE
"""A reading measured later than this after its arrival comes from a clock that can't be right."""
RESET_BEFORE = 946_684_800_000
"""2000-01-01: clocks that lost their power begin again at 1970, 1980 or 2000, before any of our readings."""
OF_CLOCKS = frozenset({"clock_ahead", "clock_reset"})
"""The reasons for which a clock is to blame, and not the probe."""

SENSOR_CODES: MappingProxyType[str, frozenset[float]] = MappingProxyType(
    {
        # DS18B20: power-on default, under-powered, disconnected as common libraries tell it.
        "ds18b20": frozenset({85.0, 127.94, 127.9375, -127.0}),
        # PT100 or PT1000 behind a MAX31865: open (full scale), shorted or no SPI, as two libraries compute it.
        "max31865": frozenset({988.79, -242.02, -242.0, -246.86, -246.9, -246.87}),
        "pt100": frozenset({988.79, -242.02, -242.0, -246.86, -246.9, -246.87}),
        "pt1000": frozenset({988.79, -242.02, -242.0, -246.86, -246.9, -246.87}),
        # 16-bit hundredths: 0x7FFF and 0x8000 mean "no value".
        "int16": frozenset({327.67, -327.68}),
        # Loggers and gateways that send a number for "nothing".
        "sentinel": frozenset({999.0, 9999.0, -999.0, -9999.0}),
    }
)
"""Values that a kind of sensor sends for a fault. Sources: docs/sources.md."""

SENSOR_RANGES: MappingProxyType[str, tuple[float, float]] = MappingProxyType({"ds18b20": (-55.0, 125.0)})
"""Ranges outside of which a kind of sensor can't read at all (a DS18B20 says nothing about −80 °C)."""


def corrected(celsius: float, offset: float) -> float:
    """A value with the probe's calibration offset added, as the decimal number that was meant.

    Nine decimals are kept, so that −60.3 + 0.3 is the −60 of a window's limit and not a neighbour of it.
    """
    return round(celsius + offset, 9) if offset else celsius


def why_bad(reading: Reading, settings: ProbeSettings) -> str | None:
    """Why a reading takes no part in judging; None for one that does.

    The reasons, in the order in which they are looked for: ``fault:<kind>`` whatever the value says, ``null``,
    ``sensor_code`` and ``sensor_range`` (compared before the offset is added), ``implausible`` (after it),
    ``clock_ahead``, and ``clock_reset`` for what was measured before the year 2000 and received after it.
    """
    # What the probe says of itself first. Codes are numbers as sent, so they come before the offset is added. The clock
    # comes last: it alone depends on when the reading came, and copies may come at several times.
    if reading.fault is not None:
        return f"fault:{reading.fault}"
    celsius = reading.celsius
    if celsius is None:
        return "null"
    if settings.sensor is not None:
        if celsius in SENSOR_CODES.get(settings.sensor, ()):
            return "sensor_code"
        low, high = SENSOR_RANGES.get(settings.sensor, (float("-inf"), float("inf")))
        if not low <= celsius <= high:
            return "sensor_range"
    value = corrected(celsius, settings.offset)
    if not settings.plausible_low <= value <= settings.plausible_high:
        return "implausible"
    if reading.measured_at > reading.received_at + CLOCK_AHEAD_MAX:
        return "clock_ahead"
    if reading.measured_at < RESET_BEFORE <= reading.received_at:
        return "clock_reset"
    return None


def is_range_good(low: float, high: float, settings: ProbeSettings) -> bool:
    """Whether every value from ``low`` to ``high`` as sent, without a fault and from a clock that is right, is good."""
    if settings.sensor is not None:
        if any(low <= code <= high for code in SENSOR_CODES.get(settings.sensor, ())):
            return False
        coldest, warmest = SENSOR_RANGES.get(settings.sensor, (float("-inf"), float("inf")))
        if low < coldest or high > warmest:
            return False
    return settings.plausible_low <= corrected(low, settings.offset) and (
        corrected(high, settings.offset) <= settings.plausible_high
    )


def is_too_fast(*, from_at: int, from_celsius: float, to_at: int, to_celsius: float, max_rate: float) -> bool:
    """Whether a step between two consecutive good readings is faster than ``max_rate`` (°C per minute)."""
    return abs(to_celsius - from_celsius) * MINUTE > max_rate * (to_at - from_at)
