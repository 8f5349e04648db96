"""The store behind one door: what :class:`monitor.ports.Store` promises, on SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.core.telling.policy import Recipient
from monitor.core.telling.told import Told
from monitor.ports import Fact, LogRow, LogTuple, Outcome, Placed
from monitor.store import facts, log, schema, series
from monitor.store.engine import Database
from monitor.store.outbox import Outbox

_R = schema.reading.c


class Store:
    """Implements :class:`monitor.ports.Store`. ``open_for_writing`` makes this process the one writer; one that is
    ``read_only`` never can, and raises :class:`~monitor.store.engine.StoreUnreadableError` if it can't be read."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.database = Database(url, read_only=read_only)
        self.outbox = Outbox(self.database)
        self._rejected = log.RejectedLog()
        self._next_position = 0
        self._next_fact = 0
        self._settled = 0
        self._unsettled: list[
            LogTuple
        ] = []  # the log beyond what is settled; bounded by series.SETTLE_AT and a batch

    def open_for_writing(self) -> None:
        """Takes the writer's lock (:class:`~monitor.store.engine.StoreLockedError` if another process has it),
        migrates the tables and finds the ends of the logs."""
        self.database.lock()
        self.database.migrate()
        with self.reading() as tx:
            self._next_position = log.last_position(tx) + 1
            self._next_fact = facts.last_fact_position(tx) + 1
            self._settled = series.settled_position(tx)
            self._unsettled = list(self.log_after(tx, self._settled, None))

    def close(self) -> None:
        """Gives up the lock and all connections."""
        self.database.close()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        unsettled, length, settled = self._unsettled, len(self._unsettled), self._settled
        try:
            with self.database.writing() as tx:
                yield tx
        except BaseException:
            # What the store forgot must not be remembered here: neither rows, nor that they were settled.
            self._unsettled, self._settled = unsettled, settled
            del self._unsettled[length:]
            raise

    def reading(self) -> AbstractContextManager[Connection]:
        return self.database.reading()

    # --- the log ---

    def next_position(self) -> int:
        return self._next_position

    def append_readings(self, tx: Connection, rows: Sequence[LogTuple], recorded_at: int) -> None:
        if not rows:
            return
        log.append_readings(tx, rows, recorded_at)
        self._unsettled += rows
        self._next_position = rows[-1][0] + 1

    def append_event(
        self, tx: Connection, scope: str, subject: str, received_at: int, body: Mapping[str, Any]
    ) -> Outcome:
        position = self._next_position
        outcome = log.append_event(
            tx, position=position, scope=scope, subject=subject, received_at=received_at, body=body
        )
        if outcome != "duplicate":
            self._next_position = position + 1
        return outcome

    def append_rejected(self, tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rejected.append(tx, rows)

    def events(
        self,
        tx: Connection,
        scope: str,
        *,
        subject: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> list[dict[str, Any]]:
        return log.events(tx, scope, subject=subject, start=start, end=end)

    def event_subjects(self, tx: Connection, scope: str, event_id: str | None = None) -> list[str]:
        return log.event_subjects(tx, scope, event_id)

    def relatives(self, tx: Connection, lot: str) -> set[str]:
        return log.relatives(tx, lot)

    def descendants(self, tx: Connection, lot: str) -> set[str]:
        return log.descendants(tx, lot)

    def log_after(self, tx: Connection, position: int, limit: int | None) -> list[LogRow]:
        query = sa.select(schema.reading).where(_R.position > position).order_by(_R.position).limit(limit)
        return [LogRow(*row) for row in tx.execute(query)]

    def last_measured(self, tx: Connection) -> dict[int, int]:
        block = schema.series_block.c
        query = sa.select(block.channel, sa.func.max(block.last_at)).group_by(block.channel)
        found = {row[0]: row[1] for row in tx.execute(query)}
        for row in series.tail(tx):
            at = row.reading.measured_at
            if at > found.get(row.channel, at - 1):
                found[row.channel] = at
        return found

    def channel_ids(self, tx: Connection) -> dict[str, int]:
        return log.channel_ids(tx)

    def add_channels(self, tx: Connection, paths: Sequence[str]) -> dict[str, int]:
        """Numbers for channels that have none yet; returns all."""
        return log.add_channels(tx, paths)

    def rejected(self, tx: Connection, limit: int) -> tuple[dict[str, int], list[dict[str, Any]]]:
        return log.rejected(tx, limit)

    def known(self, tx: Connection, wanted: Mapping[int, tuple[int, int]]) -> dict[int, dict[Any, int]]:
        found: dict[int, dict[Any, int]] = {channel: {} for channel in wanted}
        rows: list[Placed] = []
        for channel, (start, end) in wanted.items():
            rows += series.settled(tx, channel, after=start - 1, upto=end)
        rows += series.tail(tx, wanted.keys())
        for row in rows:
            seen, reading = found[row.channel], row.reading
            earlier = seen.get(reading.identity)
            if earlier is None or reading.received_at < earlier:
                seen[reading.identity] = reading.received_at
        return found

    def history(
        self,
        tx: Connection,
        channel: int,
        *,
        after: int | None = None,
        upto: int | None = None,
        position_max: int | None = None,
    ) -> list[Placed]:
        return series.history(tx, channel, after=after, upto=upto, position_max=position_max)

    def course(
        self, tx: Connection, channel: int, *, after: int | None = None, upto: int | None = None
    ) -> Iterator[series.Packed]:
        return series.course(tx, channel, after=after, upto=upto)

    def settle(self, tx: Connection, judged_position: int) -> bool:
        if judged_position - self._settled < series.SETTLE_AT:
            return False
        series.settle(tx, [row for row in self._unsettled if row[0] <= judged_position])
        facts.put_markers(tx, {"settled_position": judged_position})
        self._unsettled = [row for row in self._unsettled if row[0] > judged_position]
        self._settled = judged_position
        return True

    # --- facts ---

    def next_fact_position(self) -> int:
        return self._next_fact

    def record_fact(self, tx: Connection, fact: Fact, reason: str) -> None:
        position = self._next_fact
        self._next_fact = position + 1
        facts.record(tx, position, fact, reason)

    def fact(self, tx: Connection, kind: str, fact_id: str) -> Fact | None:
        return facts.one(tx, kind, fact_id)

    def current_facts(
        self,
        tx: Connection,
        kind: str,
        *,
        subjects: Sequence[str] | None = None,
        open_only: bool = False,
        since: int | None = None,
        until: int | None = None,
        recorded_after: int | None = None,
        limit: int | None = None,
    ) -> list[Fact]:
        return facts.current(
            tx,
            kind,
            subjects=subjects,
            open_only=open_only,
            since=since,
            until=until,
            recorded_after=recorded_after,
            limit=limit,
        )

    def versions(self, tx: Connection, kind: str, fact_id: str) -> list[dict[str, Any]]:
        """Every version of a fact, oldest first."""
        return facts.versions(tx, kind, fact_id)

    # --- checkpoints, latest, deadlines, markers ---

    def put_checkpoint(self, tx: Connection, channel: int, at: int, body: Mapping[str, Any]) -> None:
        facts.put_checkpoint(tx, channel, at, body)

    def checkpoint_before(
        self, tx: Connection, channel: int, at: int | None
    ) -> tuple[int, dict[str, Any]] | None:
        return facts.checkpoint_before(tx, channel, at)

    def drop_checkpoints(self, tx: Connection, channel: int, since: int) -> None:
        facts.drop_checkpoints(tx, channel, since)

    def put_latest(self, tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        facts.put_latest(tx, rows)

    def latest(self, tx: Connection) -> dict[int, dict[str, Any]]:
        return facts.latest(tx)

    def put_deadlines(self, tx: Connection, kind: str, due: Mapping[str, int | None]) -> None:
        facts.put_deadlines(tx, kind, due)

    def due(self, tx: Connection, now: int, limit: int) -> list[tuple[int, str, str]]:
        return facts.due(tx, now, limit)

    def marker(self, tx: Connection, name: str) -> str | None:
        return facts.marker(tx, name)

    def markers(self, tx: Connection, prefix: str) -> dict[str, str]:
        return facts.markers(tx, prefix)

    def put_markers(self, tx: Connection, values: Mapping[str, Any]) -> None:
        facts.put_markers(tx, values)

    # --- messages ---

    def owe(self, tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        self.outbox.owe(tx, rows)

    def newest_messages(self, tx: Connection, limit: int) -> list[dict[str, Any]]:
        return self.outbox.newest(tx, limit)

    def messages_about(self, tx: Connection, about: str) -> list[dict[str, Any]]:
        return self.outbox.about(tx, about)

    def told(self, tx: Connection, about: str) -> dict[str, Told]:
        return self.outbox.told(tx, about)

    def undelivered(self, tx: Connection) -> dict[str, Recipient]:
        return self.outbox.undelivered(tx)

    def withdraw(self, tx: Connection, ids: Sequence[str], at: int) -> None:
        self.outbox.withdraw(tx, ids, at)
