"""Happenings: what befalls a unit or a probe at an instant, as a scenario or a story tells it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import get_args

from monitor.wire.v1 import FaultName, UnitEventKind
from simulators.physics.unit import Unit
from simulators.require import require
from simulators.sensing.probe import Probe


class HappeningKind(StrEnum):
    """What can happen."""

    DOOR_OPENED = "door_opened"
    DOOR_CLOSED = "door_closed"
    COMPRESSOR_FAILED = "compressor_failed"
    COMPRESSOR_RESTORED = "compressor_restored"
    PROBE_FAULT = "probe_fault"
    PROBE_FAULT_CLEARED = "probe_fault_cleared"
    PROBE_SILENT = "probe_silent"
    PROBE_RESUMED = "probe_resumed"


OF_PROBES = frozenset(
    {
        HappeningKind.PROBE_FAULT,
        HappeningKind.PROBE_FAULT_CLEARED,
        HappeningKind.PROBE_SILENT,
        HappeningKind.PROBE_RESUMED,
    }
)
"""What happens to one probe; all else happens to a unit."""

TOLD_BY_UNIT: MappingProxyType[HappeningKind, UnitEventKind] = MappingProxyType(
    {
        HappeningKind.DOOR_OPENED: UnitEventKind.DOOR_OPENED,
        HappeningKind.DOOR_CLOSED: UnitEventKind.DOOR_CLOSED,
    }
)
"""What a unit says of itself on the wire. A failed compressor has to be seen in the readings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happens at ``at`` to ``unit`` (its name), or to the ``probe`` in it.

    ``fault`` is what a probe with a ``probe_fault`` says instead of a temperature. Raises ValueError if a
    field that the kind needs is missing, or one is given that it doesn't have.
    """

    at: int
    unit: str
    kind: HappeningKind
    probe: str | None = None
    fault: FaultName | None = None

    def __post_init__(self) -> None:
        self._matches("probe", self.probe, needed=self.kind in OF_PROBES)
        self._matches("fault", self.fault, needed=self.kind is HappeningKind.PROBE_FAULT)
        known = get_args(FaultName)
        require(
            self.fault is None or self.fault in known, f"fault {self.fault!r} is none of {', '.join(known)}"
        )

    def _matches(self, name: str, value: str | None, *, needed: bool) -> None:
        require(not needed or value is not None, f"{self.kind} needs {name!r}")
        require(needed or value is None, f"{self.kind} has no {name!r}")


def happen_to_unit(happening: Happening, unit: Unit) -> None:
    """Changes a unit's state as the happening says."""
    match happening.kind:
        case HappeningKind.DOOR_OPENED | HappeningKind.DOOR_CLOSED:
            unit.door_open = happening.kind is HappeningKind.DOOR_OPENED
        case HappeningKind.COMPRESSOR_FAILED | HappeningKind.COMPRESSOR_RESTORED:
            unit.cooling_works = happening.kind is HappeningKind.COMPRESSOR_RESTORED
        case kind:
            wrong = f"{kind} happens to a probe"
            raise ValueError(wrong)


def happen_to_probe(happening: Happening, probe: Probe) -> None:
    """Changes a probe's state as the happening says."""
    match happening.kind:
        case HappeningKind.PROBE_FAULT | HappeningKind.PROBE_FAULT_CLEARED:
            probe.fault = happening.fault
        case HappeningKind.PROBE_SILENT | HappeningKind.PROBE_RESUMED:
            probe.silent = happening.kind is HappeningKind.PROBE_SILENT
        case kind:
            wrong = f"{kind} happens to a unit"
            raise ValueError(wrong)
