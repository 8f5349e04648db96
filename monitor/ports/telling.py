"""Telling people: what is owed, by which medium."""

from __future__ import annotations

from typing import Protocol

from monitor.ports.outbox import Notification


class DeliveryError(Exception):
    """A medium could not deliver; the text says what, where and the remedy. ``permanent``: trying again won't help.
    ``retry_after`` (ms): what the other side asked for; None: nothing."""

    def __init__(self, text: str, *, permanent: bool = False, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.permanent = permanent
        self.retry_after = retry_after


class Medium(Protocol):
    """A way to reach a person. Called from several threads at once, for different addresses."""

    def deliver(self, notification: Notification) -> None:
        """Hands the message over, or raises :class:`DeliveryError` within a bounded time."""
