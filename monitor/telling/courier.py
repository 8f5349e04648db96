"""Taking one message to its medium, and how it fared there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog

from monitor.ports import Clock, DeliveryError, Medium, Notification

_log = structlog.get_logger(__name__)


class Outcome(NamedTuple):
    """How one message fared at the instant ``at``. ``error`` None: the medium took it. ``permanent``: waiting doesn't
    heal it; ``retry_after``: the ms that the other side asked to be left alone for."""

    notification: Notification
    at: int
    error: str | None = None
    permanent: bool = False
    retry_after: int = 0


class Courier:
    """Delivers messages, from several threads, and never raises. ``media`` and ``finish``: see
    :class:`monitor.telling.delivery.Deliverer`."""

    def __init__(
        self, media: Mapping[str, Medium], clock: Clock, finish: Callable[[Notification], Notification]
    ) -> None:
        self._media = media
        self._clock = clock
        self._finish = finish

    def deliver(self, message: Notification) -> Outcome:
        """Has its medium take a message."""
        medium = self._media.get(message.medium)
        if medium is None:
            error = (
                f"no medium {message.medium!r} is set up. Known: {', '.join(sorted(self._media)) or 'none'}"
            )
            return Outcome(message, self._clock.now(), error, permanent=True)
        try:
            medium.deliver(self._finish(message))
        except DeliveryError as failure:
            at, asked = self._clock.now(), failure.retry_after or 0
            return Outcome(message, at, str(failure), failure.permanent, asked)
        except Exception as bug:  # a faulty medium must not end the telling of everybody
            _log.exception("medium_raised", medium=message.medium, notification=message.id)
            return Outcome(message, self._clock.now(), f"unexpected {type(bug).__name__} in {message.medium}")
        return Outcome(message, self._clock.now())
