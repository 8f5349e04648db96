"""The walk along the line through a channel's readings: what opens, confirms, feeds and closes an excursion.

One :class:`Side` each judges what is above and what is below the window, apart from one another. For the side below,
temperatures are mirrored (u = −°C), so that there is one set of rules: "outside" is above the limit.

A side is a fold over known segments. Within a segment the next thing that happens (the window is left, entered
again, the deadband met, clearing done, another profile version takes effect) is found exactly, taken at its own
instant, and the walk goes on from there. There are no timers: only a reading makes anything known. The rules in words
are in docs/figures.md, "Excursions, in brief".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from monitor.core.channel.excursion import ConfirmedBy, Excursion
from monitor.core.channel.line import NANO, Line, nano
from monitor.core.profile.profile import HIGH, Band, Direction, Profile
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import EARLIEST

_CONFIRM_ORDER: Mapping[str, int] = MappingProxyType({"instant": 0, "delay": 1, "cumulative_delay": 2})
"""Which of several reasons to confirm at one instant is named: the one that says most about the danger."""


class Side:
    """One side of one channel's window: the rule in force there, and the open excursion if there is one."""

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


class Walk:
    """One segment of one side: from reading to reading, or the single point of a reading after unknown time.

    ``values`` are the good values at either end (more than one where they conflict); ``reading_at`` is the instant
    of the reading that makes the segment known. Everything that changes is appended to ``touched``.
    """

    __slots__ = ("at", "end", "line", "rules", "side", "touched", "uncertainty", "values")

    def __init__(
        self,
        side: Side,
        rules: ChannelRules,
        start: tuple[int, tuple[float, ...]],
        end: tuple[int, tuple[float, ...]],
        uncertainty: float | None,
        touched: list[Excursion],
    ) -> None:
        self.side = side
        self.rules = rules
        self.values = (start, end)
        self.at = start[0]
        self.end = end[0]
        self.uncertainty = uncertainty
        self.touched = touched
        self.line = self._line()

    def _line(self) -> Line:
        """The line of the rule in force: of conflicting values, the worse one by its window."""
        (t0, values0), (t1, values1) = self.values
        return Line(t0, self._u(self._worst(values0)), t1, self._u(self._worst(values1)))

    def _worst(self, values: tuple[float, ...]) -> float:
        # Two different values of one instant: the worse for the product counts; of equally bad ones the warmer, since
        # warmth is what spoils it. So it doesn't matter which came first.
        window = self.side.profile.window
        return values[0] if len(values) == 1 else max(values, key=lambda v: (window.distance(v), v))

    def _u(self, celsius: float) -> int:
        return nano(celsius) if self.side.direction == HIGH else -nano(celsius)

    def _level(self) -> int | None:
        limit = self.side.profile.limit(self.side.direction)
        return None if limit is None else self._u(limit)

    def _celsius(self, u: float) -> float:
        celsius = round(u / NANO, 9)
        return celsius if self.side.direction == HIGH else 0.0 - celsius

    # --- the two ways in ---

    def join(self) -> None:
        """Takes a segment that continues known time."""
        self._go()

    def begin(self) -> None:
        """Takes the first reading after unknown time: a single known point, where anything may have become so."""
        side, at = self.side, self.at
        if side.excursion is None:
            self._adopt(at)
        elif self._outside_at(at):
            if side.stay_since is None:
                self._leave(at)
            self._outside(at, at, ends_inside=False)
        else:
            side.excursion.uncertain_ms += side.near_ms
            self._enter(at)
        self._go()

    def _go(self) -> None:
        # Bounded: every turn but the last passes one of finitely many instants or changes of profile.
        while self._step():
            pass

    def _step(self) -> bool:
        """Goes on to the next thing that happens; False at the segment's end."""
        return self._step_outside() if self.side.stay_since is not None else self._step_inside()

    def _step_outside(self) -> bool:
        back_at = self._back_at()
        end = self.end if back_at is None else back_at
        # Charged before the stay is ended: the delay counts from the stay's start.
        self._outside(self.at, end, ends_inside=back_at is not None)
        self.at = end
        if back_at is None:
            return False
        self._enter(back_at)
        return True

    def _step_inside(self) -> bool:
        happening = min(self._ahead(), default=None)
        end = self.end if happening is None else happening[0]
        self._inside(self.at, end)
        self.at = end
        if happening is None:
            return False
        at, _, what = happening
        if what == "version":
            self._adopt(at)
        elif what == "deadband":
            self.side.clearing_since = at
        elif what == "close":
            self._close(at)
        else:
            self._leave(at)
        return True

    def _ahead(self) -> list[tuple[int, int, str]]:
        """What can happen next inside the window: (instant, order at one instant, what).

        Of the first three at most one can be ahead at a time; what matters is that each goes before leaving, because
        the window is closed: at the instant at which the line leaves it, the value is inside still. So a window that
        takes effect at that very instant is the one that is left (or isn't, if it is wider); and a value that has been
        inside for exactly ``clear_delay`` then has closed its excursion, and what it leaves for is another one.
        """
        side, happenings = self.side, list[tuple[int, int, str]]()
        if side.excursion is None:
            change_at = self.rules.next_profile_change(self.at)
            if change_at <= self.end:
                happenings.append((change_at, 0, "version"))
        elif side.clearing_since is None:
            level = self._level()
            assert level is not None
            met_at = self.line.first_at_or_below(level - nano(side.profile.deadband), self.at, self.end)
            if met_at is not None:
                happenings.append((met_at, 1, "deadband"))
        else:
            sure_at = side.clearing_since + side.profile.side(side.direction).clear_delay
            if sure_at <= self.end:
                happenings.append((max(sure_at, self.at), 2, "close"))
        left_at = self._left_at()
        if left_at is not None:
            happenings.append((left_at, 3, "leave"))
        return happenings

    def _left_at(self) -> int | None:
        level = self._level()
        if level is None or self.line.u1 <= level:
            return None
        return self.at if self.line.u0 > level else max(self.at, self.line.crossing(level))

    def _back_at(self) -> int | None:
        level = self._level()
        assert level is not None
        if self.line.u1 > level:
            return None
        return self.at if self.line.u0 <= level else max(self.at, self.line.crossing(level))

    # --- what can happen ---

    def _outside_at(self, at: int) -> bool:
        """Strictly outside; the millisecond to which a crossing is rounded counts as at the limit."""
        level, line = self._level(), self.line
        if level is None or not line.above(at, level):
            return False
        crosses = min(line.u0, line.u1) <= level < max(line.u0, line.u1)
        return not (crosses and line.crossing(level) == at)

    def _adopt(self, at: int) -> None:
        """Takes up the profile version in force; if its window leaves the value outside, that opens an excursion."""
        self.side.profile = self.rules.profile_at(at)
        self.line = self._line()
        if self._outside_at(at):
            self._leave(at)
            self._extreme(at)
            self._outside(at, at, ends_inside=False)

    def _leave(self, at: int) -> None:
        side = self.side
        side.stay_since = at
        side.reentered_at = side.clearing_since = None
        if side.excursion is not None:
            side.excursion.uncertain_ms += side.near_ms
        else:
            self._open(at)
        side.near_ms = 0

    def _open(self, at: int) -> None:
        side, profile = self.side, self.side.profile
        limit = profile.limit(side.direction)
        assert limit is not None
        side.excursion = Excursion(
            direction=side.direction,
            started_at=at,
            profile=profile.name,
            profile_version=profile.version,
            limit_celsius=limit,
            extreme_celsius=limit,
            decided_by={"opened": self.end, "extreme": at},
        )
        self.touched.append(side.excursion)

    def _enter(self, at: int) -> None:
        side = self.side
        side.stay_since = side.clearing_since = None
        side.reentered_at = at
        side.near_ms = 0

    def _confirm(self, at: int, by: ConfirmedBy) -> None:
        excursion = self.side.excursion
        assert excursion is not None
        # The earliest instant wins, whatever order the reasons are looked at in.
        if excursion.confirmed_at is not None and (at, _CONFIRM_ORDER[by]) >= (
            excursion.confirmed_at,
            _CONFIRM_ORDER[excursion.confirmed_by or "cumulative_delay"],
        ):
            return
        excursion.confirmed_at, excursion.confirmed_by = at, by
        excursion.decided_by["confirmed"] = self.end
        self.touched.append(excursion)

    def _close(self, at: int) -> None:
        side, excursion = self.side, self.side.excursion
        assert excursion is not None
        excursion.ended_at, excursion.closed_at = side.reentered_at, at
        excursion.decided_by["closed"] = self.end
        self.touched.append(excursion)
        side.excursion = side.reentered_at = side.clearing_since = None
        side.near_ms = 0
        # While it was open it kept its version; the one in force now may have a window that leaves the value outside.
        self._adopt(at)

    # --- what adds up ---

    def _outside(self, start: int, end: int, *, ends_inside: bool) -> None:
        """Charges a known piece outside, and confirms if it is time."""
        for edge in (start, end):
            if edge in (self.line.t0, self.line.t1):  # a crossing's value is the limit, but for its rounding
                self._extreme(edge)
        excursion, level = self.side.excursion, self._level()
        assert excursion is not None
        assert level is not None
        if end > start:
            excursion.area += self.line.area_above(level, start, end)
            self._charge_bands(excursion, start, end)
        # Only what was confirmed before this piece is settled: at its first instant another reason may still win.
        was_confirmed = excursion.confirmed_at is not None and excursion.confirmed_at < start
        # Both go on after it is confirmed: the day's sum confirms later excursions of that day, and the instant limit
        # makes this one critical.
        reached_at = self._add_to_day(start, end)
        self._reach(excursion, start, end)
        if was_confirmed:
            return
        if excursion.limit_reached_at is not None:
            self._confirm(excursion.limit_reached_at, "instant")
        delayed_at = self._delayed_at(start, end, ends_inside=ends_inside)
        if delayed_at is not None:
            self._confirm(delayed_at, "delay")
        if reached_at is not None:
            self._confirm(reached_at, "cumulative_delay")

    def _reach(self, excursion: Excursion, start: int, end: int) -> None:
        """Notes when a limit marked ``instant`` is first reached, confirmed or not: it is worse from then on."""
        instant = self.side.profile.side(self.side.direction).instant
        if instant is None or excursion.limit_reached_at is not None:
            return
        excursion.limit_reached_at = self.line.first_at_or_above(self._u(instant), start, end)
        if excursion.limit_reached_at is not None:
            self.touched.append(excursion)

    def _delayed_at(self, start: int, end: int, *, ends_inside: bool) -> int | None:
        """The first known instant outside, in this piece, at or after the start of the stay plus the delay."""
        since = self.side.stay_since
        assert since is not None
        at = max(start, since + self.side.profile.side(self.side.direction).delay)
        # At the instant at which the value is back at the limit it is inside: a stay of exactly the delay is too short.
        return at if at < end or (at == end and not ends_inside) else None

    def _extreme(self, at: int) -> None:
        excursion = self.side.excursion
        assert excursion is not None
        value = self.line.value(at)
        if value > self._u(excursion.extreme_celsius):
            excursion.extreme_celsius = self._celsius(value)
            excursion.decided_by["extreme"] = at

    def _charge_bands(self, excursion: Excursion, start: int, end: int) -> None:
        for band in self.side.profile.bands:
            ms = self._ms_in(band, start, end)
            if ms > 0:
                excursion.ms_by_band[band.name] = excursion.ms_by_band.get(band.name, 0) + ms

    def _ms_in(self, band: Band, start: int, end: int) -> int:
        """How long the line is in a band: from where it passes one of its edges to where it passes the other."""
        line = self.line
        if line.u0 == line.u1:
            return end - start if band_of((band,), self._celsius(line.u0)) else 0
        edges = [None if edge is None else self._u(edge) for edge in (band.above, band.up_to)]
        low, high = edges if self.side.direction == HIGH else reversed(edges)
        entered_at, left_at = line.between(low, high, start, end)
        return left_at - entered_at

    def _roll_day(self, at: int) -> None:
        side = self.side
        if at >= side.day_end:
            side.day_end = self.rules.day_of(at)[1]
            side.day_ms = 0

    def _add_to_day(self, start: int, end: int) -> int | None:
        """Adds known time outside to its calendar days; the first instant at which a day's sum was reached."""
        side = self.side
        cumulative = side.profile.side(side.direction).cumulative_delay
        reached_at: int | None = None
        self._roll_day(start)
        if cumulative is not None and side.day_ms >= cumulative:
            reached_at = start
        while start < end:
            self._roll_day(start)
            until = min(end, side.day_end)
            if reached_at is None and cumulative is not None and side.day_ms + until - start >= cumulative:
                reached_at = start + cumulative - side.day_ms
            side.day_ms += until - start
            start = until
        return reached_at

    def _inside(self, start: int, end: int) -> None:
        """Counts known time within the probe's uncertainty of the limit, on the good side."""
        if self.side.excursion is None or self.uncertainty is None or start == end:
            return
        limit = self.side.profile.limit(self.side.direction)
        assert limit is not None
        edge = self._u(limit) - nano(self.uncertainty)
        line = self.line
        passed_at = line.crossing(edge) if min(line.u0, line.u1) < edge < max(line.u0, line.u1) else None
        if passed_at is None:
            near = end - start if min(line.u0, line.u1) >= edge else 0
        elif line.u1 > line.u0:
            near = end - max(start, passed_at)
        else:
            near = passed_at - start
        self.side.near_ms += min(end - start, max(0, near))


def band_of(bands: tuple[Band, ...], celsius: float) -> str | None:
    """The name of the band ``(above, up_to]`` that holds a value; None in the window."""
    for band in bands:
        if (band.above is None or celsius > band.above) and (band.up_to is None or celsius <= band.up_to):
            return band.name
    return None
