"""What a unit tells of its power: when it was lost and came back, and whether its backup cooling ran meanwhile. Pure.

Events count by the instant at which they occurred, in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from monitor.core.sign.base import Told


class Outage(NamedTuple):
    """Power that was lost at ``lost_at`` and came back at ``restored_at`` (None: not yet, as far as is told).
    ``backup``: what its backup cooling did meanwhile, each as (instant, ``started`` or ``ended``)."""

    lost_at: int
    restored_at: int | None
    backup: tuple[tuple[int, str], ...] = ()


def outages(events: Sequence[Told], now: int) -> list[Outage]:
    """The outages that a unit's events tell of, up to ``now``, in order. Told lost twice, the first counts."""
    found: list[Outage] = []
    for event in sorted(events):
        if event.at > now:
            break
        is_out = bool(found) and found[-1].restored_at is None
        if event.kind == "power_lost" and not is_out:
            found.append(Outage(event.at, None))
        elif event.kind == "power_restored" and is_out:
            found[-1] = found[-1]._replace(restored_at=event.at)
        elif event.kind in ("backup_cooling_started", "backup_cooling_ended") and is_out:
            backup = (*found[-1].backup, (event.at, event.kind.removeprefix("backup_cooling_")))
            found[-1] = found[-1]._replace(backup=backup)
    return found


def restored_after(events: Sequence[Told], lost_at: int, now: int) -> int | None:
    """When power that was lost at ``lost_at`` came back, also where that event is no longer among ``events``."""
    back = [event.at for event in events if event.kind == "power_restored" and lost_at <= event.at <= now]
    return min(back, default=None)


def overlaps(outage: Outage, start: int, end: int | None) -> bool:
    """Whether an outage and a span (``end`` None: open) have an instant in common."""
    return (end is None or outage.lost_at <= end) and (
        outage.restored_at is None or start <= outage.restored_at
    )
