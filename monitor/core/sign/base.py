"""Signs: what the course of a unit's readings says before a limit is passed, each with its reason in words.

A detector is a pure function of the trails of a unit's probes, its events and an instant. It answers with a
:class:`Sign`, or None: no claim rather than a wild one, so with too little known of what is usual it stays silent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from monitor.core.alarm.condition import AlarmCondition, Level
from monitor.core.sign.course import Habit, Point, habit, points
from monitor.core.sign.trail import MINUTES_FOR, PARTS_FOR, Trail
from monitor.core.time.instant import HOUR

HABITS_KEPT = 8
HABIT_EVERY = 12 * HOUR
"""How often it is worked out anew what is usual."""


class Sign(NamedTuple):
    """A condition that holds since an instant; ``evidence`` has its reason as ``text``."""

    condition: AlarmCondition
    subject: str
    since_at: int
    level: Level
    evidence: Mapping[str, Any]


class ToldEvent(NamedTuple):
    """An event of a unit: the instant at which it occurred, and its kind in the wire's words."""

    at: int
    kind: str


class Probed:
    """One probe of a unit with its trail. ``max_gap`` in ms: with no reading for longer nothing is said of it.

    ``lowest`` and ``highest``: where its good side ends (the warning level, else the window), None for an open side.
    """

    __slots__ = ("_habits", "_late", "channel", "highest", "is_product", "lowest", "max_gap", "trail")

    def __init__(self, channel: str, trail: Trail, *, max_gap: int, is_product: bool) -> None:
        self.channel = channel
        self.trail = trail
        self.max_gap = max_gap
        self.is_product = is_product
        self.lowest: float | None = None
        self.highest: float | None = None
        self._habits: dict[int, Habit | None] = {}
        self._late = trail.late

    def restart(self) -> None:
        """Forgets all that it has measured."""
        self.trail = Trail()
        self._late = self.trail.late
        self._habits.clear()

    @property
    def name(self) -> str:
        """The probe's own name."""
        return self.channel.rpartition("/")[2]

    def is_fresh(self, now: int) -> bool:
        """Whether it has said anything of the present."""
        newest = self.trail.newest_at
        return newest is not None and now - newest <= self.max_gap

    def habit(self, until: int) -> Habit | None:
        """What was usual in the three days before ``until``; worked out anew every ``HABIT_EVERY``, or every hour while
        too little is known, and again when a reading of the past comes."""
        if self._late != self.trail.late:
            self._habits.clear()
            self._late = self.trail.late
        found = self._habit_before(until // HABIT_EVERY * HABIT_EVERY)
        return self._habit_before(until // HOUR * HOUR) if found is None else found

    def _habit_before(self, until: int) -> Habit | None:
        if until not in self._habits:
            if len(self._habits) >= HABITS_KEPT:
                del self._habits[min(self._habits)]
            self._habits[until] = habit(self.trail.parts, until - PARTS_FOR, until)
        return self._habits[until]

    def course(self, now: int) -> list[Point]:
        """The means of its minutes of the last six hours."""
        return points(self.trail.minutes.bins(now - MINUTES_FOR, now))


def opened_at(events: Sequence[ToldEvent], now: int) -> int | None:
    """Since when the door has stood open; None while it is shut, as far as the unit tells."""
    opened: int | None = None
    for event in sorted(events):
        if event.at > now:
            break
        if event.kind == "door_opened" and opened is None:
            opened = event.at
        elif event.kind == "door_closed":
            opened = None
    return opened
