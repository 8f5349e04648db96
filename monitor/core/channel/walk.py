"""The walk along the line through a channel's readings: what opens, confirms, feeds and closes an excursion.

One :class:`~monitor.core.channel.excursion.Side` each holds what is above and what is below the window, apart from one
another. For the side below, temperatures are mirrored (u = −°C), so that there is one set of rules: "outside" is above
the limit.

A side is a fold over known segments. Within a segment the next thing that happens (the window is left, entered
again, the deadband met, clearing done, another profile version takes effect) is found exactly, taken at its own
instant, and the walk goes on from there. There are no timers: only a reading makes anything known. The rules in words
are in docs/figures.md, "Excursions, in brief".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from monitor.core.channel.excursion import ConfirmedBy, Excursion, Side
from monitor.core.channel.line import nano
from monitor.core.profile.rules import ChannelRules

_CONFIRM_ORDER: Mapping[str, int] = MappingProxyType({"instant": 0, "delay": 1, "cumulative_delay": 2})
"""Which of several reasons to confirm at one instant is named: the one that says most about the danger."""


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
        self.line = side.line(start, end)

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
            self.side.enter(at)
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
        self.side.enter(back_at)
        return True

    def _step_inside(self) -> bool:
        happening = min(self._ahead(), default=None)
        end = self.end if happening is None else happening[0]
        self.side.count_near(self.line, self.at, end, self.uncertainty)
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
            level = self.side.level()
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
        level = self.side.level()
        if level is None or self.line.u1 <= level:
            return None
        return self.at if self.line.u0 > level else max(self.at, self.line.crossing(level))

    def _back_at(self) -> int | None:
        level = self.side.level()
        assert level is not None
        if self.line.u1 > level:
            return None
        return self.at if self.line.u0 <= level else max(self.at, self.line.crossing(level))

    # --- what can happen ---

    def _outside_at(self, at: int) -> bool:
        """Strictly outside; the millisecond to which a crossing is rounded counts as at the limit."""
        level, line = self.side.level(), self.line
        if level is None or not line.above(at, level):
            return False
        crosses = min(line.u0, line.u1) <= level < max(line.u0, line.u1)
        return not (crosses and line.crossing(level) == at)

    def _adopt(self, at: int) -> None:
        """Takes up the profile version in force; if its window leaves the value outside, that opens an excursion."""
        self.side.profile = self.rules.profile_at(at)
        self.line = self.side.line(*self.values)
        if self._outside_at(at):
            self._leave(at)
            self.side.note_extreme(self.line, at)
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
                self.side.note_extreme(self.line, edge)
        excursion, level = self.side.excursion, self.side.level()
        assert excursion is not None
        assert level is not None
        if end > start:
            excursion.area += self.line.area_above(level, start, end)
            self.side.charge_bands(self.line, start, end)
        # Only what was confirmed before this piece is settled: at its first instant another reason may still win.
        was_confirmed = excursion.confirmed_at is not None and excursion.confirmed_at < start
        # Both go on after it is confirmed: the day's sum confirms later excursions of that day, and the instant limit
        # makes this one critical.
        reached_at = self.side.add_to_day(self.rules, start, end)
        if self.side.reaches_limit(self.line, start, end):
            self.touched.append(excursion)
        if was_confirmed:
            return
        if excursion.limit_reached_at is not None:
            self._confirm(excursion.limit_reached_at, "instant")
        delayed_at = self.side.delayed_at(start, end, ends_inside=ends_inside)
        if delayed_at is not None:
            self._confirm(delayed_at, "delay")
        if reached_at is not None:
            self._confirm(reached_at, "cumulative_delay")
