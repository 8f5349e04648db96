"""How often a lot was thawed: an automaton that walks the whole timeline, millisecond-exact, one step at a time.

At one instant what ends there comes first, then the events of that instant, then the readings, then what
begins there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ..lines import decimal
from .inputs import Event
from .timeline import Instant, Place, Span, Stretch, Timeline

TWO_HOURS = 2 * 3_600_000
Frozen = tuple[int, int | None]


@dataclass
class Passage:
    """Unbroken known time above the place's limit. The timer starts with it, and anew with each ``refrozen``."""

    began_at: int
    timer_at: int
    excused: bool


@dataclass
class Thaws:
    """The automaton, and what it found: instants of counted thaws, and whether all can have been seen."""

    count: int = 0
    counted_at: list[int] = field(default_factory=list)
    frozen_since: int | None = 0
    """None while thawed; 0 from the beginning on."""
    frozen_during: list[Frozen] = field(default_factory=list)
    """``(from, to)`` of each frozen time that has ended."""
    counted_passages: list[int] = field(default_factory=list)
    """The beginnings of the passages that counted."""
    excusing: list[int] = field(default_factory=list)
    """The instants of events that counted and have not yet excused a passage."""
    passage: Passage | None = None

    def _thaw(self, at: int, *, counts: bool) -> None:
        assert self.frozen_since is not None
        self.frozen_during.append((self.frozen_since, at))
        self.frozen_since = None
        if counts:
            self.count += 1
            self.counted_at.append(at)

    def _freeze(self, at: int) -> None:
        if self.frozen_since is None:
            self.frozen_since = at

    def event(self, event: Event) -> None:
        at = event.occurred_at
        if event.kind == "refrozen":
            self._freeze(at)
            if self.passage is not None:
                self.passage.timer_at = at
        elif self.frozen_since is not None:
            if any(began_at <= at <= began_at + TWO_HOURS for began_at in self.counted_passages):
                return
            self._thaw(at, counts=True)
            self.excusing.append(at)

    def interrupt(self) -> None:
        self.passage = None

    def known(self, item: Span | Instant) -> None:
        """Live through known time, or a known instant."""
        rule, celsius = item.place.rules.thaw, item.celsius
        from_at = item.from_at if isinstance(item, Span) else item.at
        to_at = item.to_at if isinstance(item, Span) else item.at
        if rule is None or celsius is None:
            self.interrupt()
            return
        if celsius < decimal(rule.refrozen_below):
            self._freeze(from_at)
        if celsius <= decimal(rule.above):
            self.interrupt()
            return
        if self.passage is None:
            self.passage = self._begin(from_at)
        due_at = max(from_at, self.passage.timer_at + rule.after)
        if self.frozen_since is not None and due_at <= to_at:
            counts = not self.passage.excused
            if counts:
                self.counted_passages.append(self.passage.began_at)
            self._thaw(due_at, counts=counts)

    def _begin(self, at: int) -> Passage:
        """A passage begins; every event that still excuses one excuses this one."""
        excused = any(at <= told_at + TWO_HOURS for told_at in self.excusing)
        self.excusing.clear()
        return Passage(at, at, excused)


def count_thaws(timeline: Timeline | None, events: Sequence[Event]) -> tuple[Thaws, bool]:
    """The walk over, and whether the count is determinate."""
    told = [event for event in events if event.kind in ("thawed", "refrozen")]
    thaws = Thaws()
    for _at, _order, item in sorted(_steps(timeline, told), key=lambda step: step[:2]):
        if isinstance(item, Event):
            thaws.event(item)
        elif isinstance(item, Span) and item.kind != "known":
            thaws.interrupt()
        else:
            thaws.known(item)
    if thaws.frozen_since is not None:
        thaws.frozen_during.append((thaws.frozen_since, None))
    stretches = [] if timeline is None else timeline.stretches()
    return thaws, not any(_could_hide(stretch, thaws.frozen_during) for stretch in stretches)


def _steps(timeline: Timeline | None, told: list[Event]) -> list[tuple[int, int, Event | Instant | Span]]:
    """(instant, order within it, what happens): spans cut at events, so that nothing happens inside one."""
    steps: list[tuple[int, int, Event | Instant | Span]] = []
    for order, event in enumerate(told):
        steps.append((event.occurred_at, order, event))
    if timeline is None:
        return steps
    cuts = {event.occurred_at for event in told}
    steps += [(instant.at, len(told), instant) for instant in timeline.instants]
    for span in timeline.spans:
        edges = sorted({span.from_at, span.to_at} | {at for at in cuts if span.from_at < at < span.to_at})
        for from_at, to_at in pairwise(edges):
            part = Span(span.kind, from_at, to_at, span.place, span.celsius)
            steps.append((from_at, len(told) + 1, part))
    return steps


def _could_hide(stretch: Stretch, frozen_during: list[Frozen]) -> bool:
    """Whether a thaw could have gone unseen: unknown and frozen for as long as the rule of the place says."""
    for frozen_from, frozen_to in frozen_during:
        begin = max(stretch.from_at, frozen_from)
        for span in stretch.spans:
            hidden_by_gap = _hidden_by_gap(span.place)
            end = span.to_at if frozen_to is None else min(span.to_at, frozen_to)
            if hidden_by_gap is not None and end > max(begin, span.from_at) and end - begin >= hidden_by_gap:
                return True
    return False


def _hidden_by_gap(place: Place) -> int | None:
    return None if place.rules.thaw is None else place.rules.thaw.hidden_by_gap
