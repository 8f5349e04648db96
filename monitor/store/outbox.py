"""The messages that are owed: written with the facts that they tell, sent afterwards, recorded as told last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.core.telling.policy import Recipient
from monitor.core.telling.told import Told
from monitor.ports import Lane, LaneBacklog, Notification
from monitor.store import schema
from monitor.store.engine import Database

_N = schema.notification.c
_OWED = (_N.sent_at.is_(None), _N.withdrawn_at.is_(None))


class Outbox:
    """Implements :class:`monitor.ports.Outbox` on the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def owe(self, tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds messages; one whose id is there already is the same message and stays as it is."""
        for row in rows:
            # Not an upsert: a message that was sent must not become owed again when its facts are judged once more.
            if tx.scalar(sa.select(_N.number).where(_N.id == row["id"])) is None:
                tx.execute(sa.insert(schema.notification).values(**row))

    def due(
        self, now: int, limit: int, *, per_lane: int | None = None, without: Collection[Lane] = ()
    ) -> list[Notification]:
        """See :class:`monitor.ports.Outbox`."""
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
                for r in connection.execute(_due(now, limit, per_lane, without))
            ]

    def owed(self) -> list[LaneBacklog]:
        """See :class:`monitor.ports.Outbox`."""
        query = (
            sa.select(
                _N.medium,
                _N.address,
                sa.func.max(_N.recipient).label("recipient"),
                sa.func.count().label("messages"),
                sa.func.max(_N.attempts).label("attempts"),
                sa.func.min(sa.case((_N.attempts > 0, _N.created_at))).label("failing_since"),
            )
            .where(*_OWED)
            .group_by(_N.medium, _N.address)
            .order_by(sa.func.min(_N.number))
        )
        with self._database.reading() as connection:
            return [
                LaneBacklog((r.medium, r.address), r.recipient, r.messages, r.attempts, r.failing_since)
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

    def undelivered(self, tx: Connection) -> dict[str, Recipient]:
        """To whom messages are owed that were neither delivered nor withdrawn, by id, oldest first."""
        query = sa.select(_N.id, _N.recipient, _N.medium, _N.address).order_by(_N.number)
        rows = tx.execute(query.where(_N.sent_at.is_(None), _N.withdrawn_at.is_(None)))
        return {row.id: Recipient(row.recipient, row.medium, row.address) for row in rows}

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
        return [dict(row) for row in rows.mappings()]

    def about(self, tx: Connection, about: str) -> list[dict[str, Any]]:
        """The messages about an alarm or digest, oldest first, those that were withdrawn included."""
        rows = tx.execute(sa.select(schema.notification).where(_N.about == about).order_by(_N.number))
        return [dict(row) for row in rows.mappings()]


def _due(now: int, limit: int, per_lane: int | None, without: Collection[Lane]) -> sa.Select[Any]:
    """The rows of :meth:`Outbox.due`. Only their keys are ranked, so that no text is read but of those given."""
    earlier = schema.notification.alias("earlier")
    waits = sa.exists().where(
        earlier.c.id == _N.waits_for, earlier.c.sent_at.is_(None), earlier.c.withdrawn_at.is_(None)
    )
    place = sa.func.row_number().over(partition_by=(_N.medium, _N.address), order_by=_N.number)
    keys = sa.select(_N.number, place.label("place")).where(*_OWED, _N.due_at <= now)
    if without:
        keys = keys.where(sa.tuple_(_N.medium, _N.address).not_in(list(without)))
    ranked = keys.where(sa.or_(_N.waits_for.is_(None), ~waits)).subquery("ranked")
    query = sa.select(schema.notification).join(ranked, ranked.c.number == _N.number)
    if per_lane is not None:
        query = query.where(ranked.c.place <= per_lane)
    return query.order_by(ranked.c.place, _N.number).limit(limit)
