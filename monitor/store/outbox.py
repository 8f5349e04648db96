"""The messages that are owed: written with the facts that they tell, sent afterwards, recorded as told last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.core.alarm.policy import Recipient
from monitor.core.alarm.told import Told
from monitor.ports import Notification
from monitor.store import schema
from monitor.store.engine import Database

_N = schema.notification.c


class Outbox:
    """Implements :class:`monitor.ports.Outbox` on the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def owe(self, tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds messages; one whose id is there already is the same message and stays as it is."""
        for row in rows:
            if tx.scalar(sa.select(_N.number).where(_N.id == row["id"])) is None:
                tx.execute(sa.insert(schema.notification).values(**row))

    def due(self, now: int, limit: int) -> list[Notification]:
        """See :class:`monitor.ports.Outbox`."""
        earlier = schema.notification.alias("earlier")
        undelivered = sa.select(earlier.c.id).where(
            earlier.c.sent_at.is_(None), earlier.c.withdrawn_at.is_(None)
        )
        query = (
            sa.select(schema.notification)
            .where(_N.sent_at.is_(None), _N.withdrawn_at.is_(None), _N.due_at <= now)
            .where(sa.or_(_N.waits_for.is_(None), _N.waits_for.not_in(undelivered)))
            .order_by(_N.number)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [
                Notification(
                    id=r.id,
                    recipient=r.recipient,
                    medium=r.medium,
                    address=r.address,
                    subject=r.subject,
                    body=r.body,
                    attempts=r.attempts,
                    about=r.about,
                    kind=r.kind,
                    created_at=r.created_at,
                )
                for r in connection.execute(query)
            ]

    def record_sent(self, notification_id: str, at: int) -> None:
        """See :class:`monitor.ports.Outbox`."""
        with self._database.writing() as tx:
            tx.execute(
                sa.update(schema.notification)
                .where(_N.id == notification_id)
                .values(sent_at=at, attempts=_N.attempts + 1, error=None)
            )

    def record_failure(self, notification_id: str, at: int, error: str, next_attempt_at: int) -> None:
        """See :class:`monitor.ports.Outbox`."""
        with self._database.writing() as tx:
            tx.execute(
                sa.update(schema.notification)
                .where(_N.id == notification_id)
                .values(attempts=_N.attempts + 1, error=error[:2000], due_at=next_attempt_at)
            )

    def told(self, tx: Connection, about: str) -> dict[str, Told]:
        """The messages owed, delivered or withdrawn about an alarm or digest, by id, oldest first."""
        query = sa.select(schema.notification).where(_N.about == about)
        return {
            row.id: Told(
                row.kind,
                Recipient(row.recipient, row.medium, row.address),
                row.run,
                row.created_at,
                row.sent_at,
                is_failing=row.sent_at is None and row.attempts > 0,
                is_withdrawn=row.withdrawn_at is not None,
            )
            for row in tx.execute(query.order_by(_N.number))
        }

    def withdraw(self, tx: Connection, ids: Sequence[str], at: int) -> None:
        """Marks messages that are owed as no longer true; one that a medium has taken stays as told."""
        if ids:
            tx.execute(
                sa.update(schema.notification)
                .where(_N.id.in_(ids), _N.sent_at.is_(None))
                .values(withdrawn_at=at)
            )

    def newest(self, tx: Connection, limit: int) -> list[dict[str, Any]]:
        """The newest messages, told or owed."""
        rows = tx.execute(sa.select(schema.notification).order_by(_N.number.desc()).limit(limit))
        return [dict(row._mapping) for row in rows]

    def about(self, tx: Connection, about: str) -> list[dict[str, Any]]:
        """The messages about an alarm or digest, oldest first, those that were withdrawn included."""
        rows = tx.execute(sa.select(schema.notification).where(_N.about == about).order_by(_N.number))
        return [dict(row._mapping) for row in rows]
