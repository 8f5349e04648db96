"""An outbox in memory, as the deliverer knows it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from monitor.ports import Lane, LaneBacklog, Notification


@dataclass
class Row:
    message: Notification
    due_at: int = 0
    after: str | None = None
    sent_at: int | None = None
    error: str | None = None


@dataclass
class MemoryOutbox:
    """The port's contract in a list; ``before_recording`` may raise, as a store or a crash would."""

    rows: list[Row] = field(default_factory=list)
    before_recording: Callable[[str], None] = lambda _id: None
    thread: int | None = None

    def owe(
        self, name: str, address: str = "anna", *, medium: str = "mail", after: str | None = None
    ) -> None:
        self.rows.append(Row(Notification(name, address.title(), medium, address, name, name), after=after))

    def due(
        self, now: int, limit: int, *, per_lane: int | None = None, without: Collection[Lane] = ()
    ) -> list[Notification]:
        self._same_thread()
        sent = {row.message.id for row in self.rows if row.sent_at is not None}
        places: Counter[Lane] = Counter()
        due = []
        for row in self.rows:
            lane = (row.message.medium, row.message.address)
            is_due = row.sent_at is None and row.due_at <= now and (row.after is None or row.after in sent)
            if is_due and lane not in without and (per_lane is None or places[lane] < per_lane):
                places[lane] += 1
                due.append((places[lane], row.message))
        due.sort(key=lambda one: one[0])
        return [message for _, message in due[:limit]]

    def owed(self) -> list[LaneBacklog]:
        self._same_thread()
        lanes: dict[Lane, list[Notification]] = {}
        for row in self.rows:
            if row.sent_at is None:
                lanes.setdefault((row.message.medium, row.message.address), []).append(row.message)
        return [
            LaneBacklog(
                lane,
                messages[0].recipient,
                len(messages),
                max(message.attempts for message in messages),
                min((message.created_at for message in messages if message.attempts), default=None),
            )
            for lane, messages in lanes.items()
        ]

    def record_sent(self, notification_id: str, at: int) -> None:
        self._same_thread()
        self.before_recording(notification_id)
        row = self.row(notification_id)
        assert row.sent_at is None, "recorded as sent twice"
        row.sent_at = at

    def record_failure(self, notification_id: str, at: int, error: str, next_attempt_at: int) -> None:
        self._same_thread()
        self.before_recording(notification_id)
        row = self.row(notification_id)
        assert next_attempt_at > at
        row.due_at, row.error = next_attempt_at, error
        row.message = row.message._replace(attempts=row.message.attempts + 1)

    def row(self, name: str) -> Row:
        return next(row for row in self.rows if row.message.id == name)

    def _same_thread(self) -> None:
        self.thread = self.thread or threading.get_ident()
        assert threading.get_ident() == self.thread, "the outbox belongs to one thread"
