"""Clocks that are wrong: readings from the future, from before the year 2000, or that come long after they were
measured though nothing held them up.

A single reading proves nothing. What counts is a *run* of them, with no sound reading between: at least three, over at
least a minute. Readings that come late are a wrong clock only if they are measured no faster than they arrive: a
gateway that empties what it kept sends an hour's readings in a second.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from monitor.core.channel.quality import OF_CLOCKS
from monitor.core.time.instant import MINUTE, SECOND

LEAST = 3
FOR_LEAST = 1 * MINUTE
FASTER = 1.5
"""Readings of a gateway that catches up are measured at more than so many times the pace at which they come."""
JITTER = 10 * SECOND

Kind = Literal["ahead", "reset", "behind"]


class SkewedRun(NamedTuple):
    """Readings of one channel in a row whose clock is wrong: how, the first and the last, and how many. Instants in ms;
    ``from_measured_at`` belongs to the first of those that are wrong in the same way."""

    kind: Kind
    first_received_at: int
    from_received_at: int
    from_measured_at: int
    last_received_at: int
    last_measured_at: int
    readings: int

    @property
    def is_certain(self) -> bool:
        """Whether it is no accident."""
        return self.readings >= LEAST and self.last_received_at - self.first_received_at >= FOR_LEAST

    def is_blind(self, usable_received_at: int | None, silent_after: int) -> bool:
        """Whether nothing newer that can be used has come for ``silent_after``, though the channel talks.
        ``usable_received_at``: when the newest reading came that can; None: there never was one."""
        since = self.first_received_at if usable_received_at is None else usable_received_at
        return self.last_received_at - since > silent_after


def kind_of(reason: str | None, *, measured_at: int, received_at: int, late_after: int) -> Kind | None:
    """What is wrong with the clock of a reading that is alone in its message; ``reason``: why it is bad, if it is."""
    if reason in OF_CLOCKS:
        return "ahead" if reason == "clock_ahead" else "reset"
    return "behind" if received_at - measured_at > late_after else None


def longer(run: SkewedRun | None, kind: Kind, measured_at: int, received_at: int) -> SkewedRun:
    """The run with one more reading; or one that begins with it, where it is only late and catches up."""
    new = SkewedRun(kind, received_at, received_at, measured_at, received_at, measured_at, 1)
    if run is None or received_at < run.last_received_at:
        return new
    if kind != run.kind:
        return new._replace(first_received_at=run.first_received_at, readings=run.readings + 1)
    if kind == "behind" and _catches_up(run, measured_at, received_at):
        return new
    return run._replace(last_received_at=received_at, last_measured_at=measured_at, readings=run.readings + 1)


def _catches_up(run: SkewedRun, measured_at: int, received_at: int) -> bool:
    measured, received = measured_at - run.from_measured_at, received_at - run.from_received_at
    return measured_at < run.last_measured_at or measured > FASTER * received + JITTER
