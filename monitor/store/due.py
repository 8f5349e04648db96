"""What must be looked at again, and from where: deadlines, states of channels, small named values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.store import schema
from monitor.store.engine import upsert


class Due:
    """Implements :class:`monitor.ports.Due`."""

    def put_deadlines(self, tx: Connection, kind: str, due: Mapping[str, int | None]) -> None:
        """Sets, moves or (None) removes the instant at which a subject must be looked at again."""
        for subject, due_at in due.items():
            c = schema.deadline.c
            if due_at is None:
                tx.execute(sa.delete(schema.deadline).where(c.kind == kind, c.subject == subject))
            else:
                upsert(tx, schema.deadline, [{"kind": kind, "subject": subject, "due_at": due_at}])

    def passed(self, tx: Connection, now: int, limit: int) -> list[tuple[int, str, str]]:
        """Deadlines that have passed, in the order of their instants: (due_at, kind, subject)."""
        c = schema.deadline.c
        rows = tx.execute(
            sa.select(c.due_at, c.kind, c.subject)
            .where(c.due_at <= now)  # at its instant it has passed: that is when it is judged
            .order_by(c.due_at, c.kind, c.subject)
            .limit(limit)
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def put_checkpoint(self, tx: Connection, channel: int, at: int, body: Mapping[str, Any]) -> None:
        """Keeps a state of a channel's fold, as of its last good reading."""
        text = msgspec.json.encode(body).decode()
        upsert(tx, schema.checkpoint, [{"channel": channel, "at": at, "body": text}])

    def checkpoint_before(
        self, tx: Connection, channel: int, at: int | None
    ) -> tuple[int, dict[str, Any]] | None:
        """The latest state strictly before an instant (None: the latest of all)."""
        c = schema.checkpoint.c
        query = sa.select(c.at, c.body).where(c.channel == channel)
        if at is not None:
            query = query.where(c.at < at)
        row = tx.execute(query.order_by(c.at.desc()).limit(1)).first()
        return None if row is None else (row.at, msgspec.json.decode(row.body))

    def checkpoint_from(self, tx: Connection, channel: int, at: int) -> tuple[int, dict[str, Any]] | None:
        """The first state at or after an instant."""
        c = schema.checkpoint.c
        query = sa.select(c.at, c.body).where(c.channel == channel, c.at >= at).order_by(c.at).limit(1)
        row = tx.execute(query).first()
        return None if row is None else (row.at, msgspec.json.decode(row.body))

    def drop_checkpoints(self, tx: Connection, channel: int, since: int) -> None:
        """Forgets the states that a late reading made wrong."""
        c = schema.checkpoint.c
        tx.execute(sa.delete(schema.checkpoint).where(c.channel == channel, c.at >= since))

    def marker(self, tx: Connection, name: str) -> str | None:
        """A small named value."""
        return tx.scalar(sa.select(schema.marker.c.value).where(schema.marker.c.name == name))

    def markers(self, tx: Connection, prefix: str) -> dict[str, str]:
        """The named values whose names begin with a prefix."""
        c = schema.marker.c
        past = prefix[:-1] + chr(ord(prefix[-1]) + 1)  # a range, not LIKE: names may hold its wildcards
        rows = tx.execute(sa.select(c.name, c.value).where(c.name >= prefix, c.name < past))
        return {row.name: row.value for row in rows}

    def put_markers(self, tx: Connection, values: Mapping[str, Any]) -> None:
        """Sets small named values."""
        upsert(tx, schema.marker, [{"name": name, "value": str(value)} for name, value in values.items()])
