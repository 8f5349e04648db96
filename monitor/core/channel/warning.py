"""The warning before a window's limit: a channel that has been beyond its warning level for a while.

Judged on the line through its readings, as an excursion is (:mod:`monitor.core.channel.excursion`), with the same
marks: strictly beyond the level is outside; unknown time neither begins nor ends anything, and only a known instant
outside makes it certain; one instant at the level ends a stay. A *spell* begins when one unbroken stay beyond the level
has lasted ``delay``, or when an excursion of that side is confirmed within the stay. It ends when the value is back
inside by the deadband. A warning level needs no clearing delay: it wakes no one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from monitor.core.channel.line import Line, nano
from monitor.core.profile.profile import HIGH, Direction, Profile
from monitor.core.time.instant import LATEST

_INFINITY = float("inf")
_NEAR = 2e-9
"""More than the nano-degrees in which levels are compared."""


class WarningRule(NamedTuple):
    """The warning level of one side, with what ends it (°C) and how long it takes (ms)."""

    limit: float
    deadband: float
    delay: int


def rule_of(profile: Profile, direction: Direction) -> WarningRule | None:
    """A profile's warning level on one side; None if it has none."""
    warning = profile.warning
    limit = None if warning is None else warning.high if direction == HIGH else warning.low
    return None if warning is None or limit is None else WarningRule(limit, profile.deadband, warning.delay)


@dataclass(slots=True)
class Spell:
    """A time beyond the warning level: the stay since ``started_at``, certain since ``raised_at``, over at
    ``ended_at`` (None: not yet). ``extreme_celsius`` is the farthest value up to when it was last said."""

    direction: Direction
    limit_celsius: float
    started_at: int
    raised_at: int
    extreme_celsius: float
    profile: str
    ended_at: int | None = None


class WarningSide:
    """One side of one channel: the stay that may become a spell, and the spell that holds."""

    __slots__ = ("direction", "extreme", "rule", "since", "spell")

    def __init__(self, direction: Direction) -> None:
        self.direction = direction
        self.rule: WarningRule | None = None  # that of the stay or spell
        self.since: int | None = None
        self.extreme = 0.0
        self.spell: Spell | None = None

    @property
    def is_calm(self) -> bool:
        """Whether it is inside its level, and nothing holds."""
        return self.since is None and self.spell is None

    def calm(self, profile: Profile) -> tuple[float, float, int]:
        """For which values, and until which instant, a reading changes nothing here: the lowest and the highest value,
        both included."""
        rule = rule_of(profile, self.direction) if self.spell is None and self.since is None else self.rule
        if rule is None:
            return -_INFINITY, _INFINITY, LATEST
        high = self.direction == HIGH
        if self.since is None and self.spell is None:
            return (-_INFINITY, rule.limit, LATEST) if high else (rule.limit, _INFINITY, LATEST)
        until = LATEST if self.spell is not None or self.since is None else self.since + rule.delay
        inner = rule.deadband if self.spell is not None else 0.0
        if high:
            return rule.limit - inner + _NEAR, self.extreme, until
        return self.extreme, rule.limit + inner - _NEAR, until

    def take(
        self,
        profile: Profile,
        start: tuple[int, float] | None,
        end: tuple[int, float],
        confirmed_at: int | None,
        changed: list[Spell],
    ) -> None:
        """Takes the known segment from ``start`` to ``end`` (None: a single reading after unknown time), judged by the
        profile in force at its end. ``confirmed_at``: since when an excursion of this side is confirmed and open.

        What began or ended is appended to ``changed``, as it is then.
        """
        if self.spell is None:
            rule = rule_of(profile, self.direction)
            if rule != self.rule:
                self.rule, self.since = rule, None
            if rule is None:
                return
        line = self._line(start or end, end)
        if self.spell is None:
            self._stay(profile, line, confirmed_at, changed)
        if self.spell is not None:
            self._follow(line, changed)

    def _stay(self, profile: Profile, line: Line, confirmed_at: int | None, changed: list[Spell]) -> None:
        """Begins, goes on with or ends a stay, and makes it a spell when it has lasted."""
        rule = self.rule
        assert rule is not None
        level = self._u(rule.limit)
        if self.since is None:
            if line.u1 <= level:
                return
            self.since = line.t0 if line.u0 > level else line.crossing(level)
            self.extreme = rule.limit
        left_at = None if line.u1 > level else line.t0 if line.u0 <= level else line.crossing(level)
        self._note(line)
        due_at = max(self.since + rule.delay, line.t0)
        if confirmed_at is not None:
            # A confirmed excursion says more than the delay could: the warning waits no longer.
            due_at = min(due_at, max(confirmed_at, self.since, line.t0))
        # At the instant at which the value is back at the level it is inside, as at the window's limit.
        if due_at < (line.t1 + 1 if left_at is None else left_at):
            self.spell = Spell(self.direction, rule.limit, self.since, due_at, self.extreme, profile.label)
            changed.append(replace(self.spell))
        if left_at is not None:
            self.since = None

    def _follow(self, line: Line, changed: list[Spell]) -> None:
        """Goes on with a spell, and ends it where the line is back inside by the deadband."""
        rule, spell = self.rule, self.spell
        assert rule is not None
        assert spell is not None
        self._note(line)
        spell.extreme_celsius = self.extreme
        over_at = line.first_at_or_below(self._u(rule.limit) - nano(rule.deadband), line.t0, line.t1)
        if over_at is not None:
            spell.ended_at = max(over_at, spell.raised_at)
            changed.append(replace(spell))
            self.spell, self.since, self.rule = None, None, None

    def _note(self, line: Line) -> None:
        for u in (line.u0, line.u1):
            if u > self._u(self.extreme):
                value = u / nano(1.0)
                self.extreme = round(value if self.direction == HIGH else -value, 9)

    def _line(self, start: tuple[int, float], end: tuple[int, float]) -> Line:
        return Line(start[0], self._u(start[1]), end[0], self._u(end[1]))

    def _u(self, celsius: float) -> int:
        return nano(celsius) if self.direction == HIGH else -nano(celsius)


def side_to_json(side: WarningSide) -> dict[str, Any] | None:
    """A side in plain values; None where nothing is underway."""
    if side.is_calm or side.rule is None:
        return None
    spell = None if side.spell is None else asdict(side.spell)
    return {"rule": list(side.rule), "since": side.since, "extreme": side.extreme, "spell": spell}


def side_from_json(direction: Direction, found: Mapping[str, Any] | None) -> WarningSide:
    """The side again."""
    side = WarningSide(direction)
    if found is not None:
        limit, deadband, delay = found["rule"]
        side.rule, side.since, side.extreme = (
            WarningRule(limit, deadband, delay),
            found["since"],
            found["extreme"],
        )
        side.spell = None if found["spell"] is None else Spell(**found["spell"])
    return side


def spells(sides: Sequence[WarningSide]) -> list[Spell]:
    """The spells that hold now, as they are."""
    return [replace(side.spell) for side in sides if side.spell is not None]
