"""Which signs are looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from monitor.core.alarm.condition import NATURE, AlarmCondition
from monitor.core.time.instant import MINUTE

SIGNS: Mapping[str, AlarmCondition] = MappingProxyType(
    {condition.value: condition for condition in AlarmCondition if NATURE[condition].is_sign}
)
"""The conditions that are signs, by name."""


@dataclass(frozen=True, slots=True)
class Detection:
    """``[detection]``: each sign on or off; ``door_open_after`` in ms."""

    rising_fast: bool = True
    flat_line: bool = True
    door_open: bool = True
    door_open_after: int = 5 * MINUTE
    slow_drift: bool = True
    cooling_weak: bool = True

    def looks_for(self, condition: AlarmCondition) -> bool:
        """Whether a sign is on."""
        return bool(getattr(self, condition.value))

    @property
    def needs_trails(self) -> bool:
        """Whether any sign is looked for in readings."""
        return self.rising_fast or self.flat_line or self.slow_drift or self.cooling_weak
