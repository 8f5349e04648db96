"""Thaws of one lot: a small automaton over its timeline and its events (docs/figures.md, "Thaws").

A frozen lot is thawed once it has been above ``thaw.above`` for ``thaw.after`` of unbroken known time, or by a
``thawed`` event; it is frozen again once known below ``refrozen_below``, or by a ``refrozen`` event.
"""

from __future__ import annotations

from typing import NamedTuple

from monitor.core.channel.line import Line, nano
from monitor.core.profile.profile import ThawRule
from monitor.core.time.instant import HOUR

SAME_THAW = 2 * HOUR
"""An event and a passage that lie no farther apart tell of one thaw."""


class Thaw(NamedTuple):
    """A thaw that counted: when, and by which event or by a passage that began when."""

    at: int
    event_id: str | None
    passage_from: int | None


class ThawCount:
    """What is known of a lot's thaws up to an instant. Pieces and events are taken in the order of time."""

    __slots__ = (
        "above_since",
        "determinate",
        "doubtful_from",
        "excuse_from",
        "frozen",
        "frozen_since",
        "is_excused",
        "passage_from",
        "thaws",
    )

    def __init__(self) -> None:
        self.thaws: list[Thaw] = []
        self.determinate = True
        self.doubtful_from: int | None = None  # begin of the unknown time that may hide one
        self.frozen = True
        self.frozen_since: int | None = None  # None: from the beginning
        self.above_since: int | None = None  # the timer: start of unbroken known time above
        self.passage_from: int | None = None  # where that began by the curve
        self.is_excused = False  # the passage was told of by an event before it
        self.excuse_from: int | None = None  # an event that excuses the first passage of the next two hours

    # --- the curve ---

    def take_known(
        self, rule: ThawRule | None, line: Line, start: int, end: int, *, open_end: bool = False
    ) -> None:
        """A known piece of the timeline, under the rule of the place there. ``open_end``: its last instant is one of
        the next place."""
        # In the order in which the line passes the two levels: one that rises leaves the cold one before it reaches the
        # warm one, one that falls does it the other way round.
        if rule is None:
            self.interrupt()
        elif line.u1 > line.u0:
            self._refreeze(rule, line, start, end)
            self._warm(rule, line, start, end, open_end=open_end)
        else:
            self._warm(rule, line, start, end, open_end=open_end)
            self._refreeze(rule, line, start, end)

    def take_calm(self, rule: ThawRule | None, at: int) -> None:
        """Known time from ``at`` on in which the lot is cold enough to be frozen, if there is a rule."""
        self.interrupt()
        if rule is not None and not self.frozen:
            self._freeze(at)

    def _warm(self, rule: ThawRule, line: Line, start: int, end: int, *, open_end: bool) -> None:
        level = nano(rule.above)
        is_warm_then, is_warm_later = line.above(start, level), line.above(end, level)
        if open_end and is_warm_then and start < end:
            is_warm_later = line.at_or_above(
                end, level
            )  # it comes down to the limit where the next place begins
        if not is_warm_then and not is_warm_later:
            self.interrupt()
            return
        if not is_warm_then or self.above_since is None:
            self.interrupt()
            self._begin_passage(start if is_warm_then else line.passed_at(level, start, end))
        until = end if is_warm_later else line.passed_at(level, start, end)
        assert self.above_since is not None
        if self.above_since + rule.after <= until:
            self._thaw_by_curve(max(self.above_since + rule.after, start))
        if not is_warm_later:
            self.interrupt()

    def _begin_passage(self, at: int) -> None:
        self.above_since = self.passage_from = at
        excuse, self.is_excused = self.excuse_from, False
        if excuse is not None and excuse <= at:
            self.is_excused = at <= excuse + SAME_THAW
            self.excuse_from = None

    def _thaw_by_curve(self, at: int) -> None:
        if not self.frozen:
            return
        self.frozen = False
        if not self.is_excused:
            self.thaws.append(Thaw(at, None, self.passage_from))

    def _refreeze(self, rule: ThawRule, line: Line, start: int, end: int) -> None:
        if self.frozen:
            return
        level = nano(rule.refrozen_below)
        if _below(line, start, level):
            self._freeze(start)
        elif _below(line, end, level):
            self._freeze(line.passed_at(level, start, end))

    def _freeze(self, at: int) -> None:
        self.frozen = True
        self.frozen_since = at

    def interrupt(self) -> None:
        """Known time above ends here: the line came down, or nothing is known."""
        self.above_since = self.passage_from = None

    # --- unknown time ---

    def take_unknown(self, rule: ThawRule | None, stretch_from: int, end: int) -> None:
        """Unknown time in storage from ``stretch_from`` without a break to ``end``."""
        self.interrupt()
        if rule is None or rule.hidden_by_gap is None or not self.frozen:
            return
        since = stretch_from if self.frozen_since is None else max(stretch_from, self.frozen_since)
        if self.determinate and end - since >= rule.hidden_by_gap:
            self.determinate = False
            self.doubtful_from = since

    # --- events ---

    def take_thawed(self, at: int, event_id: str) -> None:
        """A ``thawed`` event."""
        if not self.frozen:
            return
        begins = [thaw.passage_from for thaw in self.thaws if thaw.passage_from is not None]
        if any(0 <= at - begin <= SAME_THAW for begin in begins):
            return
        self.frozen = False
        self.excuse_from = at
        self.thaws.append(Thaw(at, event_id, None))

    def take_refrozen(self, at: int) -> None:
        """A ``refrozen`` event: frozen, and the timer starts anew."""
        if not self.frozen:
            self._freeze(at)
        if self.above_since is not None:
            self.above_since = at


def _below(line: Line, at: int, level: int) -> bool:
    """Strictly below a level."""
    return Line(line.t0, -line.u0, line.t1, -line.u1).above(at, -level)
