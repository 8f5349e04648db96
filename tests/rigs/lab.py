"""A day in a small lab, for tests of the writer."""

from __future__ import annotations

from monitor.core.channel.reading import Reading
from monitor.core.lot.event import LotEvent, LotEventKind
from monitor.core.time.instant import DAY, MINUTE, parse_instant
from monitor.testing import Rig

T0 = parse_instant("2026-11-20T08:00:00Z")
WARM = [
    -80,
    -75,
    -61,
    -58,
    -55,
    -50,
    -45,
    -44,
    -45,
    -46,
    -47,
    -48,
    -50,
    -55,
    -58,
    -61,
    -66,
    -70,
    -75,
    -78,
    -79,
]
WARM += [-80, -80]


def minutes(values: list[float], start: int = T0, lag: int = 0) -> list[Reading]:
    return [Reading(start + i * MINUTE, start + i * MINUTE + lag, float(v)) for i, v in enumerate(values)]


def live(rig: Rig, readings: list[Reading]) -> None:
    """Each reading as its own message, at the time it was measured."""
    for reading in readings:
        rig.clock.at = max(rig.clock.at, reading.received_at)
        rig.read([reading])


def subjects(rig: Rig) -> list[str]:
    return [message["subject"] for message in reversed(rig.view.notifications())]


def lot_event(event_id: str, kind: str, at: int, lot: str = "L1", **fields: object) -> LotEvent:
    kind = LotEventKind(kind)
    return LotEvent(lot=lot, site="lab1", event_id=event_id, occurred_at=at, kind=kind, by="LIMS", **fields)


def register(
    lot: str = "L1", at: int = T0, expires_at: int = T0 + 100 * DAY, unit: str = "lab1/F01"
) -> LotEvent:
    return lot_event(
        f"r-{lot}", "registered", at, lot, product="EV-7", profile="ult", unit=unit, expires_at=expires_at
    )
