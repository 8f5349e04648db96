"""Attempts to deliver, bounded as a whole: a peer that sends a byte now and then, or a name server that never answers,
outlasts every time limit of a socket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from monitor.core.time.instant import SECOND
from monitor.ports import DeliveryError
from monitor.words.figures import exact_span

SOCKET_SECONDS = 10.0
"""How long one operation of a socket may take."""
DELIVERY_SECONDS = 14.0
"""How long an attempt may take as a whole."""


class NoAnswerError(Exception):
    """The other side took too long; the text says how long."""


class Attempts:
    """Runs each delivery in a thread of its own, which is left behind when it takes longer than ``seconds``.

    At most one attempt per address is left behind so; until it ends, no other begins. What it delivers after all is
    remembered, and counts when that message is tried again.
    """

    def __init__(self, seconds: float = DELIVERY_SECONDS) -> None:
        self._seconds = seconds
        self._left: dict[Hashable, _Attempt] = {}
        self._lock = threading.Lock()

    def run(self, address: Hashable, notification_id: str, send: Callable[[], None]) -> None:
        """Returns once ``send`` has delivered; raises what it raises, or :class:`NoAnswerError`, in bounded time."""
        left = self._take_left(address)
        if left is not None and left.delivered(notification_id):
            return
        attempt = _Attempt(notification_id, send)
        if not attempt.finish_within(self._seconds):
            with self._lock:
                self._left[address] = attempt
            raise NoAnswerError(f"no answer within {exact_span(round(self._seconds * SECOND))}")
        if attempt.error is not None:
            raise attempt.error

    def _take_left(self, address: Hashable) -> _Attempt | None:
        """The attempt that was left behind for an address, now over; raises while it still runs."""
        with self._lock:
            left = self._left.get(address)
            if left is not None and left.running:
                raise NoAnswerError("an earlier attempt still gets no answer")
            return self._left.pop(address, None)


class _Attempt:
    """One delivery in a thread of its own, which a process that ends doesn't wait for.

    ``error`` is None if the service took the message, else why not; it holds once ``running`` is false.
    """

    def __init__(self, notification_id: str, send: Callable[[], None]) -> None:
        self.error: Exception | None = DeliveryError("not finished")
        self._id = notification_id
        self._send = send
        self._thread = threading.Thread(target=self._run, name="deliver", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._send()
        except Exception as error:  # whatever a plugin raises is this message's failure
            self.error = error
        else:
            self.error = None

    @property
    def running(self) -> bool:
        """Whether the other side hasn't answered yet."""
        return self._thread.is_alive()

    def finish_within(self, seconds: float) -> bool:
        """Waits for the end, at most so long; whether it came."""
        self._thread.join(seconds)
        return not self.running

    def delivered(self, notification_id: str) -> bool:
        """Whether this attempt delivered that message."""
        return self._id == notification_id and self.error is None
