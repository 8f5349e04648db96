"""The dead-man ping: an outside URL is asked for while all is well, so that somebody out there notices our silence.

The service behind it (healthchecks.io, an uptime monitor, another laboratory) tells people when no ping has come for a
while: the one failure that this program can't tell of is its own.
"""

from __future__ import annotations

import threading

import httpx
import structlog

from monitor import __version__
from monitor.core.time.instant import MINUTE, SECOND, format_instant
from monitor.ports import JSON, Clock
from monitor.telling.media.attempt import SOCKET_SECONDS, Attempts, NoAnswerError

_log = structlog.get_logger(__name__)

RETRY_AFTER = 1 * MINUTE
LOOKED_AFTER = 15 * SECOND
"""How soon it is looked again whether all is well."""
TOLD_AFTER = 30 * MINUTE
"""How long pings fail before somebody is told of it: an outage of a network isn't worth a page."""


class DeadMan:
    """Pings ``url`` every ``every`` ms as long as it is asked to; one call at a time."""

    def __init__(self, url: str, every: int, clock: Clock) -> None:
        self._url = url
        self._every = every
        self._clock = clock
        self._attempts = Attempts()
        self._one_caller = threading.Lock()
        self._due_at = 0
        self._pinged_at: int | None = None
        self._withheld: str | None = None
        self._error: str | None = None
        self.failing_since: int | None = None

    def is_due(self) -> bool:
        """Whether it is time for the next ping; a clock that was set back doesn't postpone it."""
        now = self._clock.now()
        return now >= self._due_at or now < self._due_at - max(self._every, RETRY_AFTER)

    def withhold(self, why: str) -> None:
        """Sends no ping, because not all is well: so the silence tells."""
        if self._withheld is None:
            _log.warning("ping_withheld", why=why)
        self._withheld = why
        self._due_at = self._clock.now() + LOOKED_AFTER

    def ping(self) -> bool:
        """Pings, and says whether it was answered. Any answer but 2xx is a failure; none is raised."""
        with self._one_caller:
            now = self._clock.now()
            self._withheld = None
            try:
                self._attempts.run(self._url, str(now), self._get)
            except Exception as error:  # whatever it is, the next ping is tried all the same
                self._failed(error, now)
                return False
            if self._error is not None:
                _log.info("ping_works_again")
            self._error = self.failing_since = None
            self._pinged_at, self._due_at = now, now + self._every
            return True

    def _get(self) -> None:
        with httpx.Client(timeout=SOCKET_SECONDS, follow_redirects=False) as client:
            headers = {"User-Agent": f"exosome-monitor/{__version__}"}
            with client.stream("GET", self._url, headers=headers) as answer:
                if not answer.is_success:
                    raise NoAnswerError(f"answered {answer.status_code}")

    def _failed(self, error: Exception, now: int) -> None:
        # The error's own text may hold the address, which is as good as a token.
        text = str(error) if isinstance(error, NoAnswerError) else _reason(error)
        if self._error != text:
            _log.warning("ping_failed", error=text)
        self._error = text
        self.failing_since = self.failing_since or now
        self._due_at = now + min(RETRY_AFTER, self._every)

    def is_to_be_told(self) -> bool:
        """Whether pings have failed for so long that somebody should know."""
        return self.failing_since is not None and self._clock.now() - self.failing_since >= TOLD_AFTER

    def status(self) -> JSON:
        """``{ok, text}``."""
        last = "none yet" if self._pinged_at is None else format_instant(self._pinged_at)
        if self._error is not None:
            return {
                "ok": False,
                "text": f"the ping fails: {self._error} (last one that went through: {last})",
            }
        if self._withheld is not None:
            return {"ok": False, "text": f"no ping is sent: {self._withheld} (last one: {last})"}
        return {"ok": True, "text": f"last ping: {last}"}


def _reason(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
