"""An excursion: a channel outside its window on one side, as far as its readings say; the side, with what adds up
there; and which excursion is which, when late data moved, merged or split some: what overlaps keeps its id.

:class:`monitor.core.channel.walk.Walk` finds them; docs/figures.md has the rules in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from monitor.core.channel.line import NANO, Line, nano
from monitor.core.profile.profile import HIGH, Band, Direction, Profile
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import EARLIEST, MINUTE

ConfirmedBy = Literal["delay", "instant", "cumulative_delay"]


@dataclass(slots=True)
class Excursion:
    """A stay or stays outside the window on one side, as far as they are known.

    Instants in ms; ``area`` in nano-degree milliseconds beyond the limit; ``ms_by_band`` known time per band.
    ``ended_at`` and ``closed_at`` are None until it closes. ``decided_by`` names the readings (their
    ``measured_at``) by which it was opened, confirmed and closed, and the one with the extreme.
    """

    direction: Direction
    started_at: int
    profile: str
    profile_version: int
    limit_celsius: float
    extreme_celsius: float
    confirmed_at: int | None = None
    confirmed_by: ConfirmedBy | None = None
    limit_reached_at: int | None = None  # the instant limit
    ended_at: int | None = None
    closed_at: int | None = None
    area: float = 0.0
    ms_by_band: dict[str, int] = field(default_factory=dict)
    unknown_ms: int = 0
    uncertain_ms: int = 0
    suspect_readings: int = 0
    decided_by: dict[str, int] = field(default_factory=dict)

    @property
    def degree_minutes(self) -> float:
        """°C·min beyond the limit, to the sixth decimal."""
        return round(self.area / NANO / MINUTE, 6)

    @property
    def key(self) -> tuple[Direction, int]:
        """What tells excursions of one channel and one judging apart."""
        return (self.direction, self.started_at)


class Side:
    """One side of one channel's window: the rule in force there, the open excursion if there is one, and what adds up.

    ``u`` are nano-degrees, mirrored for the side below, so that outside is above the ``level`` on either side.
    """

    __slots__ = (
        "clearing_since",
        "day_end",
        "day_ms",
        "direction",
        "excursion",
        "near_ms",
        "profile",
        "reentered_at",
        "stay_since",
    )

    def __init__(self, direction: Direction, profile: Profile) -> None:
        self.direction = direction
        self.profile = profile
        self.excursion: Excursion | None = None
        self.stay_since: int | None = None  # start of the unbroken stay outside
        self.reentered_at: int | None = None  # last instant at which the window was entered again
        self.clearing_since: int | None = None  # when the deadband was met
        self.near_ms = 0  # uncertain time since re-entry; counts once the window is left again
        self.day_end = EARLIEST  # end of the calendar day that day_ms belongs to
        self.day_ms = 0  # known time outside on this calendar day

    # --- its rule ---

    def u(self, celsius: float) -> int:
        """A temperature as it counts on this side."""
        return nano(celsius) if self.direction == HIGH else -nano(celsius)

    def level(self) -> int | None:
        """The limit; None where the window has none on this side."""
        limit = self.profile.limit(self.direction)
        return None if limit is None else self.u(limit)

    def line(self, start: tuple[int, tuple[float, ...]], end: tuple[int, tuple[float, ...]]) -> Line:
        """The line from the good values of one instant to those of another, by the rule in force: of conflicting
        values, the worse one by its window."""
        return Line(start[0], self.u(self._worst(start[1])), end[0], self.u(self._worst(end[1])))

    def _worst(self, values: tuple[float, ...]) -> float:
        # Two different values of one instant: the worse for the product counts; of equally bad ones the warmer, since
        # warmth is what spoils it. So it doesn't matter which came first.
        window = self.profile.window
        return values[0] if len(values) == 1 else max(values, key=lambda v: (window.distance(v), v))

    def _celsius(self, u: float) -> float:
        celsius = round(u / NANO, 9)
        return celsius if self.direction == HIGH else 0.0 - celsius

    # --- what adds up ---

    def enter(self, at: int) -> None:
        """The window is entered again."""
        self.stay_since = self.clearing_since = None
        self.reentered_at = at
        self.near_ms = 0

    def count_near(self, line: Line, start: int, end: int, uncertainty: float | None) -> None:
        """Counts known time within the probe's uncertainty (°C) of the limit, on the good side."""
        if self.excursion is None or uncertainty is None or start == end:
            return
        limit = self.profile.limit(self.direction)
        assert limit is not None
        edge = self.u(limit) - nano(uncertainty)
        passed_at = line.crossing(edge) if min(line.u0, line.u1) < edge < max(line.u0, line.u1) else None
        if passed_at is None:
            near = end - start if min(line.u0, line.u1) >= edge else 0
        elif line.u1 > line.u0:
            near = end - max(start, passed_at)
        else:
            near = passed_at - start
        self.near_ms += min(end - start, max(0, near))

    def note_extreme(self, line: Line, at: int) -> None:
        """Takes the line's value at an instant, if it is the farthest outside."""
        excursion = self.excursion
        assert excursion is not None
        value = line.value(at)
        if value > self.u(excursion.extreme_celsius):
            excursion.extreme_celsius = self._celsius(value)
            excursion.decided_by["extreme"] = at

    def charge_bands(self, line: Line, start: int, end: int) -> None:
        """Adds the open excursion's known time in each band."""
        excursion = self.excursion
        assert excursion is not None
        for band in self.profile.bands:
            ms = self._ms_in(band, line, start, end)
            if ms > 0:
                excursion.ms_by_band[band.name] = excursion.ms_by_band.get(band.name, 0) + ms

    def _ms_in(self, band: Band, line: Line, start: int, end: int) -> int:
        """How long the line is in a band: from where it passes one of its edges to where it passes the other."""
        if line.u0 == line.u1:
            return end - start if _is_in(band, self._celsius(line.u0)) else 0
        edges = [None if edge is None else self.u(edge) for edge in (band.above, band.up_to)]
        low, high = edges if self.direction == HIGH else reversed(edges)
        entered_at, left_at = line.between(low, high, start, end)
        return left_at - entered_at

    def add_to_day(self, rules: ChannelRules, start: int, end: int) -> int | None:
        """Adds known time outside to its calendar days; the first instant at which a day's sum was reached."""
        cumulative = self.profile.side(self.direction).cumulative_delay
        reached_at: int | None = None
        self._roll_day(rules, start)
        if cumulative is not None and self.day_ms >= cumulative:
            reached_at = start
        while start < end:
            self._roll_day(rules, start)
            until = min(end, self.day_end)
            if reached_at is None and cumulative is not None and self.day_ms + until - start >= cumulative:
                reached_at = start + cumulative - self.day_ms
            self.day_ms += until - start
            start = until
        return reached_at

    def _roll_day(self, rules: ChannelRules, at: int) -> None:
        if at >= self.day_end:
            self.day_end = rules.day_of(at)[1]
            self.day_ms = 0

    # --- what is reached ---

    def reaches_limit(self, line: Line, start: int, end: int) -> bool:
        """Notes when a limit marked ``instant`` is first reached, confirmed or not: it is worse from then on; whether
        that is in this piece."""
        excursion, instant = self.excursion, self.profile.side(self.direction).instant
        assert excursion is not None
        if instant is None or excursion.limit_reached_at is not None:
            return False
        excursion.limit_reached_at = line.first_at_or_above(self.u(instant), start, end)
        return excursion.limit_reached_at is not None

    def delayed_at(self, start: int, end: int, *, ends_inside: bool) -> int | None:
        """The first known instant outside, in this piece, at or after the start of the stay plus the delay."""
        since = self.stay_since
        assert since is not None
        at = max(start, since + self.profile.side(self.direction).delay)
        # At the instant at which the value is back at the limit it is inside: a stay of exactly the delay is too short.
        return at if at < end or (at == end and not ends_inside) else None


def _is_in(band: Band, celsius: float) -> bool:
    """Whether the band ``(above, up_to]`` holds a value."""
    return (band.above is None or celsius > band.above) and (band.up_to is None or celsius <= band.up_to)


class KnownExcursion(NamedTuple):
    """An excursion that has an id already; ``to_at`` is its ``ended_at``, None while open."""

    id: str
    direction: Direction
    from_at: int
    to_at: int | None


class Match(NamedTuple):
    """What became of it: ``known`` is now ``excursion``; a new one has no ``known``; a known one without
    ``excursion`` is gone, ``merged_into`` another if it overlaps one."""

    known: KnownExcursion | None
    excursion: Excursion | None
    merged_into: Excursion | None = None


def reconcile(known: Sequence[KnownExcursion], judged: Sequence[Excursion]) -> list[Match]:
    """Matches known excursions of one channel (oldest first) with those judged anew.

    One that overlaps a known one keeps its id: the oldest's, if several merged; the first part's, if one was split.
    """
    taken: dict[int, KnownExcursion] = {}
    gone: list[tuple[KnownExcursion, Excursion | None]] = []
    for old in known:  # oldest first: it is the first to be asked which of them it is
        touching = [new for new in judged if _overlap(old, new)]
        free = [new for new in touching if id(new) not in taken]
        if free:
            # Of the parts that it was split into the first goes on being it; the others are new.
            taken[id(min(free, key=lambda new: new.started_at))] = old
        else:
            gone.append((old, touching[0] if touching else None))
    matches = [Match(taken.get(id(new)), new) for new in judged]
    return matches + [Match(old, None, into) for old, into in gone]


def _overlap(old: KnownExcursion, new: Excursion) -> bool:
    if old.direction != new.direction:
        return False
    starts_before_end = new.ended_at is None or old.from_at <= new.ended_at
    return starts_before_end and (old.to_at is None or new.started_at <= old.to_at)
