"""What is due by the clock, taken by the writer at each tick: each deadline at its own instant, however late it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from monitor.writer.isolation import Do, Isolation

log = structlog.get_logger(__name__)


class Work(NamedTuple):
    """One kind of what is due. ``due(now)`` names what there is to do it for: channels, units, lots, alarms, sites;
    ``look`` does it for one of them. ``again``: until there is nothing left, for what makes more of itself;
    ``failed``: what follows when one is set aside."""

    name: str
    due: Callable[[int], Sequence[str]]
    look: Do
    again: bool = False
    failed: Do = lambda turn, subject: None


class Clockwork:
    """Takes what is due. Each kind by itself, so that one that fails holds up no other; it is tried again at the next
    tick, and what of it is set aside as :mod:`monitor.writer.isolation` says."""

    def __init__(self, isolation: Isolation, works: Sequence[Work]) -> None:
        self._isolation = isolation
        self.works = works
        self._failures: dict[str, str] = {}

    def failures(self) -> list[str]:
        """What failed when it was last tried, in words: judging may go well while people aren't told."""
        return list(self._failures.values())

    def take(self, now: int) -> None:
        """Takes every deadline up to ``now``."""
        for work in self.works:
            self.attempt(work.name, lambda work=work: self._take(work, now))  # type: ignore[misc]

    def _take(self, work: Work, now: int) -> None:
        subjects: Sequence[str] | None = None
        # What is set aside stays due; the same again means that nothing more can be done now.
        while (due := work.due(now)) != subjects:
            subjects = due
            self._isolation.each(work.name, subjects, work.look, failed=work.failed)
            if not work.again or not subjects:
                return

    def attempt(self, name: str, what: Callable[[], None]) -> None:
        """Does something; that it fails is kept, and known until it works again."""
        try:
            what()
        except Exception as error:
            log.exception("a deadline could not be taken; it is tried again", what=name)
            self._failures[name] = f"{name}: {error}"
        else:
            self._failures.pop(name, None)
