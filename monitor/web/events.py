"""What changed, told to everybody who is watching: one hub, any number of threads that publish, bounded
clients."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec

from monitor.ports import JSON

RETRY_MS = 2_000
"""How long a browser waits before it connects again."""


def frame(kind: str, body: JSON) -> bytes:
    """One server-sent event: ``data: {"kind": …, "body": {…}}``. It has no ``event:`` line, so that one
    listener hears every kind, those included that it doesn't know yet."""
    return b"data: " + msgspec.json.encode({"kind": kind, "body": body}) + b"\n\n"


class Subscription:
    """One client's queue. It lives on the event loop on which it was made; ``put`` may come from any thread.

    At the bound the oldest event is dropped, and the client hears ``resync`` first: what it shows may be
    old, so it must ask for everything again.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._pending: deque[bytes] = deque()
        self._lost = 0
        self._ended = False
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()

    def put(self, event: bytes) -> None:
        """Queues one event; never blocks."""
        with self._lock:
            idle = not self._pending
            if len(self._pending) >= self._bound:
                self._pending.popleft()
                self._lost += 1
            self._pending.append(event)
        if idle:
            self._rouse()

    def end(self) -> None:
        """Ends the stream after what is queued."""
        self._ended = True
        self._rouse()

    def _rouse(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: so is the stream
            self._loop.call_soon_threadsafe(self._wake.set)

    def _take(self) -> tuple[bytes, bool]:
        with self._lock:
            lost, self._lost = self._lost, 0
            taken = b"".join(self._pending)
            self._pending.clear()
            self._wake.clear()
            if self._ended:
                self._wake.set()
        return (frame("resync", {"lost": lost}) if lost else b"") + taken, self._ended

    async def chunks(self, heartbeat_seconds: float) -> AsyncIterator[bytes]:
        """What has been queued, joined; empty when nothing came for ``heartbeat_seconds``. Stops at
        :meth:`end`."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), heartbeat_seconds)
            taken, ended = self._take()
            if taken or not ended:
                yield taken
            if ended:
                return


class EventHub:
    """Hands every published event to every client.

    ``publish`` may be called from any thread, never blocks, and costs next to nothing while nobody listens.
    About ``clients`` may listen at once (the API refuses more), each with at most ``bound`` events waiting.
    """

    def __init__(self, *, clients: int = 200, bound: int = 256) -> None:
        self._clients = clients
        self._bound = bound
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def publish(self, kind: str, body: JSON) -> None:
        """Tells everybody that something changed. ``body`` should name what: ``unit`` (site/unit), ``lot``,
        ``alarm``; a page of another unit or lot then needs no refresh."""
        with self._lock:
            listening = tuple(self._subscriptions)
        if listening:
            event = frame(kind, body)
            for subscription in listening:
                subscription.put(event)

    def subscribe(self) -> Subscription:
        """A new client's queue; call it on the event loop. After :meth:`close` it ends at once."""
        subscription = Subscription(self._bound)
        with self._lock:
            self._subscriptions.add(subscription)
            closed = self._closed
        if closed:
            subscription.end()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forgets a client that went away."""
        with self._lock:
            self._subscriptions.discard(subscription)

    def listeners(self) -> int:
        """How many clients are listening."""
        with self._lock:
            return len(self._subscriptions)

    def is_full(self) -> bool:
        """Whether another client should be refused."""
        return self.listeners() >= self._clients

    def close(self) -> None:
        """Ends every stream, now and in future: an open stream would otherwise hold up a shutdown."""
        with self._lock:
            self._closed = True
            listening = tuple(self._subscriptions)
        for subscription in listening:
            subscription.end()
