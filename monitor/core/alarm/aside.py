"""What is set aside: a part of the judging that failed, so that it keeps nothing else waiting.

A part is what is judged by itself: a channel, a unit, a lot, an alarm, a site's digest. One that fails is tried again
by itself, sooner at first and then more and more seldom; and at once by another version of the program, which may have
mended it. Until then an alarm says that nobody judges it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.answer.health import JudgingAnswer
from monitor.core.time.instant import HOUR, SECOND, format_instant

RETRY_FIRST = 1 * SECOND
RETRY_MAX = 1 * HOUR
_FARTHER = 4
TOLD_AFTER = 10 * SECOND
"""What fails once and works when it is tried again wakes nobody."""
ERROR_MAX = 500
NAMED_MAX = 5
"""So many are named in one line."""


class Aside(NamedTuple):
    """One part that is set aside: what failed (``work``) of what (``subject``), since when and why; the failed
    ``attempts``, when it is tried again, and which version of the program failed. Instants in ms."""

    work: str
    subject: str
    since_at: int
    error: str
    attempts: int
    retry_at: int
    version: str

    def is_due(self, now: int, version: str) -> bool:
        """Whether it is to be tried again; a clock that was set back keeps nothing waiting for long."""
        return self.version != version or not now < self.retry_at <= now + RETRY_MAX

    @property
    def text(self) -> str:
        """In words for a person."""
        return f"{self.work} of {self.subject} fails: {self.error}"


def failed(
    known: Aside | None, work: str, subject: str, error: BaseException, *, now: int, version: str
) -> Aside:
    """A part that failed, once more if it is ``known``."""
    attempts = 1 if known is None else known.attempts + 1
    # No more than it takes to reach the longest wait: 4 to the power of a year's attempts fits nowhere.
    wait = min(RETRY_MAX, RETRY_FIRST * _FARTHER ** min(attempts - 1, 10))
    since_at = now if known is None else known.since_at
    return Aside(work, subject, since_at, error_text(error), attempts, now + wait, version)


def error_text(error: BaseException) -> str:
    """An error for whoever looks after the program."""
    return f"{type(error).__name__}: {error}"[:ERROR_MAX]


def truth_of(aside: Aside) -> Truth:
    """That somebody must look after what nobody judges."""
    condition = AlarmCondition.JUDGING_FAILED
    evidence = {
        "text": aside.text,
        "started_at": format_instant(aside.since_at),
        "work": aside.work,
        "error": aside.error,
        "attempts": aside.attempts,
    }
    return Truth(
        condition, aside.subject, aside.since_at, LEVEL_OF[condition], evidence, tell_after=TOLD_AFTER
    )


def judging_part(asides: Sequence[Aside]) -> JudgingAnswer:
    """How the judging is, as a part of the program's health."""
    named = ", ".join(f"{aside.work} of {aside.subject}" for aside in asides[:NAMED_MAX])
    more = "" if len(asides) <= NAMED_MAX else f" and {len(asides) - NAMED_MAX} more"
    what = "1 part fails and is" if len(asides) == 1 else f"{len(asides)} parts fail and are"
    return {
        "ok": not asides,
        "text": f"{what} set aside: {named}{more}" if asides else "nothing is set aside",
        "aside": [
            {
                "work": aside.work,
                "subject": aside.subject,
                "since": format_instant(aside.since_at),
                "error": aside.error,
                "attempts": aside.attempts,
                "retry_at": format_instant(aside.retry_at),
            }
            for aside in asides
        ],
    }
