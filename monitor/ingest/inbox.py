"""Between the network's thread and the consumer's: what waits, and how each wakes the other."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence

from monitor.ports import Message


class Inbox:
    """Messages that came in and were not taken yet. Any thread may call.

    ``bound`` is how many should wait at most: whoever puts asks for ``room`` first and, when there is none, stops
    reading from the peer; ``on_room`` is called when a full inbox has room again. Nothing is ever dropped.
    """

    def __init__(self, bound: int, on_room: Callable[[], None]) -> None:
        self._bound = bound
        self._on_room = on_room
        self._waiting: list[Message] = []
        self._taken = 0
        self._filled = threading.Condition()

    @property
    def room(self) -> int:
        """How many more may be put; 0 when it is full."""
        return max(0, self._bound - len(self._waiting))

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def received(self) -> int:
        """How many were put since the beginning."""
        with self._filled:
            return self._taken + len(self._waiting)

    def put(self, messages: Sequence[Message]) -> None:
        """Adds messages and wakes whoever waits for them."""
        with self._filled:
            self._waiting.extend(messages)
            self._filled.notify()

    def take(self, timeout: float, limit: int) -> list[Message]:
        """Up to ``limit`` messages at once if any wait, else the first that come within ``timeout`` seconds."""
        with self._filled:
            if not self._waiting:
                self._filled.wait(timeout)
            was_full = not self.room
            if len(self._waiting) <= limit:
                batch, self._waiting = self._waiting, []
            else:
                batch = self._waiting[:limit]
                del self._waiting[:limit]
            self._taken += len(batch)
        if was_full and batch:  # outside of the lock, so that whoever is woken needn't wait for it
            self._on_room()
        return batch


class Bell:
    """Wakes a thread that waits on sockets: it watches ``reader`` beside its own."""

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._writer.setblocking(False)

    def ring(self) -> None:
        """Makes ``reader`` readable. Any thread; harmless after :meth:`close`."""
        with contextlib.suppress(OSError):  # full: it rings already; closed: nobody listens
            self._writer.send(b"\0")

    def silence(self) -> None:
        """Forgets all rings so far."""
        with contextlib.suppress(BlockingIOError):
            while len(self.reader.recv(4_096)) == 4_096:
                pass

    def close(self) -> None:
        """Frees the sockets."""
        self.reader.close()
        self._writer.close()
