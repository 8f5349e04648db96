"""Facts with their versions. A version once written stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.ports import Fact
from monitor.store import schema
from monitor.store.engine import upsert

_C = schema.fact_current.c
_INSERT = sa.insert(schema.fact)
# Written once: building a statement costs as much as running it, and these are asked for every lot.
_ONE = sa.select(schema.fact_current).where(_C.kind == sa.bindparam("kind"), _C.id == sa.bindparam("id"))
_RECORDED_AT = sa.select(_C.recorded_at).where(_C.kind == sa.bindparam("kind"), _C.id == sa.bindparam("id"))


class Facts:
    """Implements :class:`monitor.ports.Facts`."""

    def __init__(self) -> None:
        self._next_position = 0

    def open(self, tx: Connection) -> None:
        """Finds the end of the versions."""
        self._next_position = int(tx.scalar(sa.select(sa.func.max(schema.fact.c.position))) or 0) + 1

    def next_position(self) -> int:
        return self._next_position

    def record(self, tx: Connection, fact: Fact, reason: str) -> None:
        """Adds a version and makes it the current one. Versions of a fact are recorded at instants that rise, so that
        a projection by time keeps them apart."""
        position, self._next_position = self._next_position, self._next_position + 1
        if fact.version > 1:
            before = tx.scalar(_RECORDED_AT, {"kind": fact.kind, "id": fact.id})
            fact = fact._replace(recorded_at=max(fact.recorded_at, (before or 0) + 1))
        body = msgspec.json.encode(fact.body).decode()
        row = {
            "position": position,
            "kind": fact.kind,
            "id": fact.id,
            "version": fact.version,
            "recorded_at": fact.recorded_at,
            "reason": reason,
            "body": body,
        }
        tx.execute(_INSERT, row)
        upsert(tx, schema.fact_current, [{**fact._asdict(), "body": body}])

    def current(
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
        """Current versions, newest first: those of ``subjects``, open ones, those that touch [since, until], those with
        a version recorded after an instant."""
        query = sa.select(schema.fact_current).where(_C.kind == kind)
        if subjects is not None:
            query = query.where(_C.subject.in_(subjects))
        if open_only:
            query = query.where(_C.to_at.is_(None))
        if since is not None:
            query = query.where(sa.or_(_C.to_at.is_(None), _C.to_at >= since))
        if until is not None:
            query = query.where(_C.from_at <= until)
        if recorded_after is not None:
            query = query.where(_C.recorded_at > recorded_after)
        query = query.order_by(_C.from_at.desc(), _C.id.desc())
        if limit is not None:
            query = query.limit(limit)
        return [_fact(row) for row in tx.execute(query)]

    def one(self, tx: Connection, kind: str, fact_id: str) -> Fact | None:
        """The current version of one fact."""
        row = tx.execute(_ONE, {"kind": kind, "id": fact_id}).first()
        return None if row is None else _fact(row)

    def versions(self, tx: Connection, kind: str, fact_id: str) -> list[dict[str, Any]]:
        """Every version of a fact, oldest first: version, recorded_at, reason, body."""
        c = schema.fact.c
        rows = tx.execute(sa.select(schema.fact).where(c.kind == kind, c.id == fact_id).order_by(c.version))
        return [
            {
                "version": row.version,
                "recorded_at": row.recorded_at,
                "reason": row.reason,
                "body": msgspec.json.decode(row.body),
            }
            for row in rows
        ]


def _fact(row: Any) -> Fact:
    return Fact(
        row.kind,
        row.id,
        row.version,
        row.recorded_at,
        row.subject,
        row.from_at,
        row.to_at,
        msgspec.json.decode(row.body),
    )
