"""From when on a condition is told: what ``[alerting]`` says of the conditions that no profile has a say in."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.time.instant import DAY, HOUR, MINUTE

CHARGED_ABOVE = 10.0
"""So many percent above the low level a battery has been replaced or charged; in between nothing is said."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``battery_low`` in percent; the rest in ms. ``clock_skew_after``: how long after they were measured single
    readings may come. ``calibration_ahead``: how long before its date a calibration is asked for."""

    battery_low: float = 15.0
    clock_skew_after: int = 1 * HOUR
    calibration_ahead: int = 14 * DAY
    broker_lost_after: int = 2 * MINUTE

    @property
    def battery_charged(self) -> float:
        """The percentage from which on a battery is no longer low."""
        return min(100.0, self.battery_low + CHARGED_ABOVE)
