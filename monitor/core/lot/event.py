"""Lots: what happened to them, as events, and what follows for where they are and who decided what.

A lot's state is a fold over its events in the order of (``occurred_at``, ``event_id``), whatever order they came in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LotEventKind(StrEnum):
    """What can happen to a lot (wire format v1)."""

    REGISTERED = "registered"
    MOVED = "moved"
    THAWED = "thawed"
    REFROZEN = "refrozen"
    DISPOSED = "disposed"
    ALIQUOTED = "aliquoted"
    VOIDED = "voided"
    EXPIRY_CHANGED = "expiry_changed"
    QUARANTINED = "quarantined"
    BOUND = "bound"  # QA binds another profile version; no message can say so


class Disposition(StrEnum):
    """QA's decision on a lot; the software may quarantine, it never releases."""

    IN_STORAGE = "in_storage"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    REJECTED = "rejected"
    DISPOSED = "disposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LotEvent:
    """One event of a lot, parsed. Two events are the same when all fields are equal.

    ``unit`` is ``site/unit``, or None for "out of storage" (in ``moved``) and "not yet stored" (in ``registered``).
    ``expires_on`` is an ISO date, through the end of that day at the lot's site; ``expires_at`` an instant.
    ``profile`` is a name, in ``bound`` ``name@version``.
    """

    lot: str
    site: str
    event_id: str
    occurred_at: int
    kind: LotEventKind
    by: str
    product: str | None = None
    profile: str | None = None
    unit: str | None = None
    expires_on: str | None = None
    expires_at: int | None = None
    quantity: float | str | None = None
    gtin: str | None = None
    lot_number: str | None = None
    serial: str | None = None
    into: tuple[str, ...] = ()
    voids: str | None = None
    reason: str | None = None
    note: str | None = None

    @property
    def key(self) -> tuple[int, str]:
        """The place among the events of lots: by instant, then by id."""
        return (self.occurred_at, self.event_id)


class UnitEventKind(StrEnum):
    """What a unit can say of itself (wire format v1)."""

    DOOR_OPENED = "door_opened"
    DOOR_CLOSED = "door_closed"
    DEFROST_STARTED = "defrost_started"
    DEFROST_ENDED = "defrost_ended"
    POWER_LOST = "power_lost"
    POWER_RESTORED = "power_restored"
    BACKUP_COOLING_STARTED = "backup_cooling_started"
    BACKUP_COOLING_ENDED = "backup_cooling_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEvent:
    """One event of a unit, parsed. Two events are the same when all fields are equal."""

    site: str
    unit: str
    event_id: str
    occurred_at: int
    kind: UnitEventKind

    @property
    def unit_path(self) -> str:
        """The unit as ``site/unit``."""
        return f"{self.site}/{self.unit}"
