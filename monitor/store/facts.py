"""Facts with their versions, checkpoints of the fold, and small markers. A version once written stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def last_fact_position(tx: Connection) -> int:
    """The position of the newest version of any fact."""
    return int(tx.scalar(sa.select(sa.func.max(schema.fact.c.position))) or 0)


def record(tx: Connection, position: int, fact: Fact, reason: str) -> None:
    """Adds a version and makes it the current one. Versions of a fact are recorded at instants that rise, so that
    a projection by time keeps them apart."""
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
    """Current versions, newest first: those of ``subjects``, open ones, those that touch [since, until], those with a
    version recorded after an instant."""
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


def one(tx: Connection, kind: str, fact_id: str) -> Fact | None:
    """The current version of one fact."""
    row = tx.execute(_ONE, {"kind": kind, "id": fact_id}).first()
    return None if row is None else _fact(row)


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


def versions(tx: Connection, kind: str, fact_id: str) -> list[dict[str, Any]]:
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


# --- checkpoints ---


def put_checkpoint(tx: Connection, channel: int, at: int, body: Mapping[str, Any]) -> None:
    """Keeps a state of a channel's fold, as of its last good reading."""
    text = msgspec.json.encode(body).decode()
    upsert(tx, schema.checkpoint, [{"channel": channel, "at": at, "body": text}])


def checkpoint_before(tx: Connection, channel: int, at: int | None) -> tuple[int, dict[str, Any]] | None:
    """The latest state strictly before an instant (None: the latest of all)."""
    c = schema.checkpoint.c
    query = sa.select(c.at, c.body).where(c.channel == channel)
    if at is not None:
        query = query.where(c.at < at)
    row = tx.execute(query.order_by(c.at.desc()).limit(1)).first()
    return None if row is None else (row.at, msgspec.json.decode(row.body))


def drop_checkpoints(tx: Connection, channel: int, since: int) -> None:
    """Forgets the states that a late reading made wrong."""
    c = schema.checkpoint.c
    tx.execute(sa.delete(schema.checkpoint).where(c.channel == channel, c.at >= since))


# --- latest readings, deadlines, markers ---


def put_latest(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keeps the newest reading and sign of life of channels."""
    upsert(tx, schema.latest, rows)


def latest(tx: Connection) -> dict[int, dict[str, Any]]:
    """The newest reading and sign of life of each channel."""
    return {row.channel: dict(row._mapping) for row in tx.execute(sa.select(schema.latest))}


def put_deadlines(tx: Connection, kind: str, due: Mapping[str, int | None]) -> None:
    """Sets, moves or (None) removes the instant at which a subject must be looked at again."""
    for subject, due_at in due.items():
        c = schema.deadline.c
        if due_at is None:
            tx.execute(sa.delete(schema.deadline).where(c.kind == kind, c.subject == subject))
        else:
            upsert(tx, schema.deadline, [{"kind": kind, "subject": subject, "due_at": due_at}])


def due(tx: Connection, now: int, limit: int) -> list[tuple[int, str, str]]:
    """Deadlines that have passed, in the order of their instants: (due_at, kind, subject)."""
    c = schema.deadline.c
    rows = tx.execute(
        sa.select(c.due_at, c.kind, c.subject)
        .where(c.due_at <= now)
        .order_by(c.due_at, c.kind, c.subject)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def marker(tx: Connection, name: str) -> str | None:
    """A small named value."""
    return tx.scalar(sa.select(schema.marker.c.value).where(schema.marker.c.name == name))


def markers(tx: Connection, prefix: str) -> dict[str, str]:
    """The named values whose names begin with a prefix."""
    c = schema.marker.c
    past = prefix[:-1] + chr(ord(prefix[-1]) + 1)  # a range, not LIKE: names may hold its wildcards
    rows = tx.execute(sa.select(c.name, c.value).where(c.name >= prefix, c.name < past))
    return {row.name: row.value for row in rows}


def put_markers(tx: Connection, values: Mapping[str, Any]) -> None:
    """Sets small named values."""
    upsert(tx, schema.marker, [{"name": name, "value": str(value)} for name, value in values.items()])


# --- versions of rules ---


def rule_versions(tx: Connection, kind: str | None = None) -> list[dict[str, Any]]:
    """Dated versions of what judges (``kind``: profile, unit, probe), in the order in which they take effect."""
    c = schema.rule_version.c
    query = sa.select(schema.rule_version).order_by(c.from_at, c.id)
    if kind is not None:
        query = query.where(c.kind == kind)
    return [{**row._mapping, "body": msgspec.json.decode(row.body)} for row in tx.execute(query)]


def add_rule_versions(tx: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Adds dated versions: kind, name, version, from_at, recorded_at, digest, body (JSON)."""
    found = [{**row, "body": msgspec.json.encode(row["body"]).decode()} for row in rows]
    if found:
        tx.execute(sa.insert(schema.rule_version), found)
