"""The log: what arrived, in arrival order, immutable. Written by the one writer, in its transactions."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.ports import LogRow, LogTuple, Outcome
from monitor.store import schema
from monitor.store.engine import upsert
from monitor.store.history import History

REJECTED_MAX = 10_000
"""Rejected messages kept verbatim; beyond it the oldest go, their count stays."""
REJECTED_BYTES_MAX = 64 * 1024 * 1024
KEPT_BYTES_MAX = 256 * 1024
_PRUNE_EVERY = 500

_R = schema.reading.c
_INSERT = (
    "INSERT INTO reading (position, channel, measured_at, received_at, celsius, fault, seq, battery_percent, item)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_NOTE = "INSERT INTO log_commit (last_position, first_position, recorded_at) VALUES (%s, %s, %s)"
_COPY = (
    "COPY reading (position, channel, measured_at, received_at, celsius, fault, seq, battery_percent, item)"
    " FROM STDIN"
)


class Log:
    """Implements :class:`monitor.ports.Log`. What is appended is the tail of ``history`` until it is settled."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._rejected = RejectedLog()
        self._next_position = 0

    def open(self, tx: Connection) -> None:
        """Finds its end."""
        reading = tx.scalar(sa.select(sa.func.max(_R.position))) or 0
        event = tx.scalar(sa.select(sa.func.max(schema.event.c.position))) or 0
        self._next_position = max(int(reading), int(event)) + 1

    def next_position(self) -> int:
        return self._next_position

    def append_readings(self, tx: Connection, rows: Sequence[LogTuple], recorded_at: int) -> None:
        """Appends readings, and notes when their positions became durable. The one place that bypasses SQLAlchemy: its
        insert is several times slower than these, and small batches must be cheap."""
        if not rows:
            return
        if not tx.in_transaction():
            # SQLAlchemy begins with its first statement, and would see none here: each row would commit by itself.
            tx.begin()
        raw: Any = tx.connection.driver_connection
        noted = (rows[-1][0], rows[0][0], recorded_at)
        if tx.dialect.name == "sqlite":
            raw.executemany(_INSERT, rows)
            raw.execute(_NOTE.replace("%s", "?"), noted)
        else:
            with raw.cursor() as cursor:
                with cursor.copy(_COPY) as copy:
                    for row in rows:
                        copy.write_row(row)
                cursor.execute(_NOTE, noted)
        self._history.append(rows)
        self._next_position = noted[0] + 1

    def append_event(
        self, tx: Connection, scope: str, subject: str, received_at: int, body: Mapping[str, Any]
    ) -> Outcome:
        """Appends an event as parsed (``body`` with ``event_id`` and ``occurred_at``), unless it is there already.

        The same id with other content is kept too, so that both can be set aside: outcome ``conflict``.
        """
        c = schema.event.c
        digest = event_digest({"scope": scope, "subject": subject, **body})
        # By the id alone: one that two lots claim is a conflict too, for the digest has the subject in it.
        digests = set(tx.scalars(sa.select(c.digest).where(c.event_id == body["event_id"])))
        if digest in digests:
            return "duplicate"
        tx.execute(
            sa.insert(schema.event).values(
                position=self._next_position,
                scope=scope,
                subject=subject,
                event_id=body["event_id"],
                occurred_at=body["occurred_at"],
                received_at=received_at,
                digest=digest,
                body=msgspec.json.encode(body).decode(),
            )
        )
        self._next_position += 1
        upsert(tx, schema.aliquot, [{"child": child, "parent": subject} for child in body.get("into") or ()])
        return "conflict" if digests else "recorded"

    def append_rejected(self, tx: Connection, rows: Collection[Mapping[str, Any]]) -> None:
        self._rejected.append(tx, rows)

    def after(self, tx: Connection, position: int, limit: int | None) -> list[LogRow]:
        query = sa.select(schema.reading).where(_R.position > position).order_by(_R.position).limit(limit)
        return [LogRow(*row) for row in tx.execute(query)]

    def events(
        self,
        tx: Connection,
        scope: str,
        *,
        subject: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> list[dict[str, Any]]:
        """Events of a scope in the order of (``occurred_at``, ``event_id``): their bodies, with ``position``,
        ``received_at`` and ``conflict`` (an event of the same id has other content: both are set aside)."""
        c = schema.event.c
        other = schema.event.alias("other").c
        contested = sa.exists().where(other.event_id == c.event_id, other.digest != c.digest)
        query = sa.select(c.position, c.received_at, c.body, contested.label("conflict"))
        query = query.where(c.scope == scope)
        if subject is not None:
            query = query.where(c.subject == subject)
        if start is not None:
            query = query.where(c.occurred_at >= start)
        if end is not None:
            query = query.where(c.occurred_at <= end)
        rows = tx.execute(query.order_by(c.occurred_at, c.event_id))
        return [
            {
                **msgspec.json.decode(row.body),
                "position": row.position,
                "received_at": row.received_at,
                "conflict": bool(row.conflict),
            }
            for row in rows
        ]

    def event_subjects(self, tx: Connection, scope: str, event_id: str | None = None) -> list[str]:
        """The subjects that have events of a scope (all, or those with one ``event_id``)."""
        c = schema.event.c
        query = sa.select(c.subject).where(c.scope == scope).distinct().order_by(c.subject)
        if event_id is not None:
            query = query.where(c.event_id == event_id)
        return list(tx.scalars(query))

    def relatives(self, tx: Connection, lot: str) -> set[str]:
        """The lots whose events may matter to a lot: its ancestors, its children, and who else claims one of these."""
        c = schema.aliquot.c
        family: set[str] = set()
        ahead = {lot, *tx.scalars(sa.select(c.child).where(c.parent == lot))}
        while ahead:
            family |= ahead
            ahead = set(tx.scalars(sa.select(c.parent).where(c.child.in_(ahead)))) - family
        return family - {lot}

    def descendants(self, tx: Connection, lot: str) -> set[str]:
        """The lots that are said to be aliquots of a lot, or of one of those."""
        c = schema.aliquot.c
        aliquots: set[str] = set()
        ahead = {lot}
        while ahead:
            ahead = set(tx.scalars(sa.select(c.child).where(c.parent.in_(ahead)))) - aliquots
            aliquots |= ahead
        return aliquots - {lot}

    def rejected(self, tx: Connection, limit: int) -> tuple[dict[str, int], list[dict[str, Any]]]:
        """Counts by reason since the store was made, and the newest rejected messages."""
        c = schema.rejected_count.c
        counts = {row[0]: row[1] for row in tx.execute(sa.select(c.reason, c.count))}
        rows = tx.execute(sa.select(schema.rejected).order_by(schema.rejected.c.id.desc()).limit(limit))
        return counts, [dict(row) for row in rows.mappings()]


def event_digest(body: Mapping[str, Any]) -> str:
    """What two events must share to be the same, beside their id."""
    canonical = msgspec.json.encode(body, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()


class RejectedLog:
    """Keeps what was not taken, bounded; prunes every few hundred messages rather than at each."""

    def __init__(self) -> None:
        self._since_prune = (
            _PRUNE_EVERY  # the first message prunes: a run before may have ended with too many
        )

    def append(self, tx: Connection, rows: Collection[Mapping[str, Any]]) -> None:
        """``rows``: received_at, topic, payload (bytes), reason, detail, item. Payloads beyond 256 KiB are cut."""
        if not rows:
            return
        counts: dict[str, int] = {}
        for row in rows:
            counts[row["reason"]] = counts.get(row["reason"], 0) + 1
        kept = list(rows)[
            -REJECTED_MAX:
        ]  # of a flood the rest would be pruned at once; it is counted all the same
        tx.execute(
            sa.insert(schema.rejected),
            [
                {**row, "size": len(row["payload"]), "payload": row["payload"][:KEPT_BYTES_MAX]}
                for row in kept
            ],
        )
        c = schema.rejected_count.c
        totals = {row[0]: row[1] for row in tx.execute(sa.select(c.reason, c.count))}
        upsert(
            tx,
            schema.rejected_count,
            [
                {c.reason.name: reason, c.count.name: totals.get(reason, 0) + n}
                for reason, n in counts.items()
            ],
        )
        self._since_prune += len(kept)
        if self._since_prune >= _PRUNE_EVERY:
            self._since_prune = 0
            self._prune(tx)

    def _prune(self, tx: Connection) -> None:
        c = schema.rejected.c
        # PostgreSQL's min takes no second argument: there the size that was sent counts, and it prunes a little early.
        size = sa.func.sum(sa.func.min(c.size, KEPT_BYTES_MAX) if tx.dialect.name == "sqlite" else c.size)
        kept_bytes = size.over(order_by=c.id.desc())
        number = sa.func.row_number().over(order_by=c.id.desc())
        ranked = sa.select(c.id, kept_bytes.label("bytes"), number.label("number")).subquery()
        old = sa.select(ranked.c.id).where(
            sa.or_(ranked.c.number > REJECTED_MAX, ranked.c.bytes > REJECTED_BYTES_MAX)
        )
        tx.execute(sa.delete(schema.rejected).where(c.id.in_(old)))
