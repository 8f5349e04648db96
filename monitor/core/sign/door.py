"""Door open: the unit's contact says that its door was opened, and not that it was shut. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition
from monitor.core.record import minutes
from monitor.core.sign.base import Sign, ToldEvent, opened_at
from monitor.core.time.instant import format_instant


def door_open(unit: str, events: Sequence[ToldEvent], now: int, open_after: int) -> Sign | None:
    """Whether a unit's door has stood open for ``open_after`` ms at ``now``. Its deadline is its ``since_at``, however
    late somebody asks; events may come in any order."""
    opened = opened_at(events, now)
    if opened is None or now - opened < open_after:
        return None
    condition = AlarmCondition.DOOR_OPEN
    text = f"its contact told that the door was opened, and for {minutes(open_after)} not that it was shut"
    evidence = {"text": text, "started_at": format_instant(opened)}
    return Sign(condition, unit, opened + open_after, LEVEL_OF[condition], evidence)


def door_shut(events: Sequence[ToldEvent], started_at: int, now: int) -> int | None:
    """The instant at which a door that was open since ``started_at`` was shut; None while it isn't."""
    if opened_at(events, now) == started_at:
        return None
    shut = [event.at for event in events if event.kind == "door_closed" and started_at <= event.at <= now]
    return min(shut, default=None)


def openings(events: Sequence[ToldEvent]) -> list[tuple[int, int | None]]:
    """When a door was opened and shut, in order; None for one that is open still."""
    found: list[tuple[int, int | None]] = []
    opened: int | None = None
    # Of one instant "closed" sorts before "opened": in doubt the door is open.
    for event in sorted(events):
        if event.kind == "door_opened" and opened is None:
            opened = event.at
        elif event.kind == "door_closed" and opened is not None:
            found.append((opened, event.at))
            opened = None
    return found if opened is None else [*found, (opened, None)]
