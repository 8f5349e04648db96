"""Which of many alarms somebody asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from monitor.core.answer.alarm import AlarmAnswer


@dataclass(frozen=True, slots=True)
class Choice:
    """Alarms of these states, conditions and levels (empty: of all), about a unit or what is in it (None: of all)."""

    states: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    unit: str | None = None

    @property
    def is_everything(self) -> bool:
        """Whether it leaves nothing out."""
        return self == Choice()

    def takes(self, alarm: Mapping[str, Any]) -> bool:
        """Whether an alarm (its JSON) is one of them."""
        return (
            (not self.states or alarm["state"] in self.states)
            and (not self.conditions or alarm["condition"] in self.conditions)
            and (not self.levels or alarm["level"] in self.levels)
            and (self.unit is None or is_about(alarm, self.unit))
        )

    def of(self, alarms: Iterable[AlarmAnswer], most: int) -> list[AlarmAnswer]:
        """Those that it takes, in their order, ``most`` at most."""
        chosen = (alarm for alarm in alarms if self.takes(alarm))
        return list(islice(chosen, most))


def is_about(alarm: Mapping[str, Any], unit: str) -> bool:
    """Whether an alarm's subject is a unit (``site/unit``), a probe of it, or (as its evidence says) a lot in it."""
    subject, evidence = str(alarm["subject"]), alarm["evidence"]
    within = evidence.get("unit") if isinstance(evidence, Mapping) else None
    return subject == unit or subject.startswith(f"{unit}/") or within == unit
