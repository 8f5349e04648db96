"""The loop that carries batches from a source to the writer, and tries again rather than lose one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import structlog

from monitor.ports import Decoded, Message, Source
from monitor.writer.writer import Writer

log = structlog.get_logger(__name__)

RECEIVE_TIMEOUT = 0.5
RETRY_FIRST = 0.5
RETRY_MAX = 30.0


class Loop:
    """Runs in a thread of its own until ``stop`` is set."""

    def __init__(
        self,
        writer: Writer,
        source: Source,
        decode: Callable[[Sequence[Message]], Decoded],
        stop: threading.Event,
    ) -> None:
        self._writer = writer
        self._source = source
        self._decode = decode
        self._stop = stop
        self.trouble: str | None = None
        self.taken = 0
        """Messages that the writer has taken: committed, acknowledged and judged."""

    @property
    def failure(self) -> str | None:
        """What the writer can't do, in words; None: nothing."""
        return self._writer.failure

    def run(self) -> None:
        """Receives and hands on, for ever."""
        while not self._stop.is_set():
            batch = self._source.receive(RECEIVE_TIMEOUT)
            if batch:
                self._take(batch)

    def _take(self, batch: Sequence[Message]) -> None:
        """Takes a batch, as often as it needs: while the store can't commit, nothing is acknowledged or read."""
        decoded = self._decode(batch)
        wait = RETRY_FIRST
        while not self._stop.is_set():
            try:
                self._writer.listen(self._source.connected_since())
                self._writer.take(decoded, lambda: self._source.acknowledge(batch))
            except Exception as error:
                self.trouble = f"the store can't commit: {error}"
                log.exception("commit failed; the batch is kept and tried again", retry_seconds=wait)
                self._stop.wait(wait)
                wait = min(RETRY_MAX, wait * 2)
            else:
                self.trouble = None
                self.taken += len(batch)
                return
