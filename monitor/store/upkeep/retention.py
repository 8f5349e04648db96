"""What the store need not keep for ever, and how it goes: by age, in small transactions.

Readings, events, facts and rules stay: they are the record. Gone after their time are the payloads of messages that
could not be taken (their counts stay), the texts of messages to people (that they were sent, to whom and when stays),
and lines that InfluxDB refused.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Column, Table

from monitor.store import schema
from monitor.store.engine import Database

AT_ONCE = 1_000
"""Rows that one transaction touches: readings wait for no more than that."""
REFUSED_MAX = 10_000
"""Lines refused by InfluxDB that are kept, the newest."""


class Tidied(NamedTuple):
    """How many of each went."""

    rejected: int
    texts: int
    refused_lines: int


def tidy(database: Database, *, rejected_before: int, texts_before: int, most: int = 100_000) -> Tidied:
    """Removes what is older than two instants (ms), at most about ``most`` rows of each kind; the rest is for the next
    time. Only for the process that holds the lock."""
    rejected, message, line = schema.rejected.c, schema.notification.c, schema.refused_line.c
    # What is still owed keeps its text, however old it is.
    told = sa.and_(
        sa.or_(message.sent_at < texts_before, message.withdrawn_at < texts_before), message.body != ""
    )
    return Tidied(
        _in_parts(database, schema.rejected, rejected.id, rejected.received_at < rejected_before, None, most),
        _in_parts(database, schema.notification, message.number, told, {"body": ""}, most),
        _in_parts(database, schema.refused_line, line.id, line.id <= _last_to_go(database), None, most),
    )


def _last_to_go(database: Database) -> int:
    """The newest line beyond those that are kept; 0 if there are no more than that."""
    line = schema.refused_line.c
    with database.reading() as tx:
        newest = sa.select(line.id).order_by(line.id.desc()).offset(REFUSED_MAX).limit(1)
        return tx.scalar(newest) or 0


def _in_parts(
    database: Database,
    table: Table,
    key: Column[Any],
    condition: sa.ColumnElement[bool],
    values: dict[str, Any] | None,
    most: int,
) -> int:
    """Deletes rows, or sets ``values`` in them; how many."""
    done = 0
    while done < most:
        chosen = sa.select(key).where(condition).order_by(key).limit(AT_ONCE)
        with database.writing() as tx:
            ids = [row[0] for row in tx.execute(chosen)]
            if ids:
                change = sa.delete(table) if values is None else sa.update(table).values(**values)
                tx.execute(change.where(key.in_(ids)))
        done += len(ids)
        if len(ids) < AT_ONCE:
            break
    return done
