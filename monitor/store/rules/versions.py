"""Dated versions of what judges, as rows: profiles, units, probes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.store import schema


def rule_versions(tx: Connection, kind: str | None = None) -> list[dict[str, Any]]:
    """Dated versions of what judges (``kind``: profile, unit, probe), in the order in which they take effect."""
    c = schema.rule_version.c
    query = sa.select(schema.rule_version).order_by(c.from_at, c.id)
    if kind is not None:
        query = query.where(c.kind == kind)
    return [{**row, "body": msgspec.json.decode(row["body"])} for row in tx.execute(query).mappings()]


def add_rule_versions(tx: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Adds dated versions: kind, name, version, from_at, recorded_at, digest, body (JSON)."""
    encoded = [{**row, "body": msgspec.json.encode(row["body"]).decode()} for row in rows]
    if encoded:
        tx.execute(sa.insert(schema.rule_version), encoded)
