"""An outbox of one message, for tests of what a medium does until it is delivered. Not a test itself."""

from __future__ import annotations

from collections.abc import Collection

from monitor.ports import Lane, LaneBacklog, Notification


class OneOwed:
    """The port's contract for one message: ``sent`` has its id once it was delivered, ``errors`` each failure."""

    def __init__(self, message: Notification) -> None:
        self.message = message
        self.due_at = 0
        self.sent: list[str] = []
        self.errors: list[str] = []

    @property
    def _lane(self) -> Lane:
        return (self.message.medium, self.message.address)

    def due(
        self, now: int, limit: int, *, per_lane: int | None = None, without: Collection[Lane] = ()
    ) -> list[Notification]:
        assert limit > 0
        assert per_lane is None or per_lane > 0
        return [] if self.sent or now < self.due_at or self._lane in without else [self.message]

    def owed(self) -> list[LaneBacklog]:
        one = self.message
        since = one.created_at if one.attempts else None
        return [] if self.sent else [LaneBacklog(self._lane, one.recipient, 1, one.attempts, since)]

    def record_sent(self, notification_id: str, at: int) -> None:
        assert at
        assert notification_id == self.message.id
        self.sent.append(notification_id)

    def record_failure(self, notification_id: str, at: int, error: str, next_attempt_at: int) -> None:
        assert notification_id == self.message.id
        assert error
        assert next_attempt_at > at
        self.due_at = next_attempt_at
        self.errors.append(error)
        self.message = self.message._replace(attempts=self.message.attempts + 1)
