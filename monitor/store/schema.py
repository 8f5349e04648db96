"""The tables. Instants are ms since the epoch; ``position`` is a place in a log, given by the one writer."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()
_Serial = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER PRIMARY KEY counts by itself in SQLite

channel = Table(
    "channel",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False, unique=True),
)

reading = Table(
    "reading",
    metadata,
    Column("position", _Serial, primary_key=True, autoincrement=False),
    Column("channel", Integer, nullable=False),
    Column("measured_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("celsius", Float(53)),
    Column("fault", Text),
    Column("seq", BigInteger),
    Column("battery_percent", Float(53)),
    # The place within its message; 0 begins a new message. What is known when depends on messages, not on batches.
    Column("item", SmallInteger, nullable=False),
)

log_commit = Table(
    "log_commit",
    metadata,
    Column("last_position", _Serial, primary_key=True, autoincrement=False),
    Column("first_position", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("position", _Serial, primary_key=True, autoincrement=False),
    Column("scope", Text, nullable=False),  # lot or unit
    Column("subject", Text, nullable=False),  # the lot's id, or site/unit
    Column("event_id", Text, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("event_id", "digest"),
    Index("event_by_subject", "scope", "subject", "occurred_at"),
)

rejected = Table(
    "rejected",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("received_at", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("item", Integer),
)

rejected_count = Table(
    "rejected_count",
    metadata,
    Column("reason", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

rule_version = Table(
    "rule_version",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),  # profile, unit, probe
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("kind", "name", "version"),
)

series_block = Table(
    "series_block",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("channel", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    # What the block comes to; None where there are faults, copies, or a clock that ran ahead.
    Column("low", Float(53)),
    Column("high", Float(53)),
    Column("last", Float(53)),
    Column("longest", BigInteger),  # the longest step between two readings
    Index("series_block_by_time", "channel", "last_at"),
)

aliquot = Table(
    "aliquot",
    metadata,
    Column("child", Text, primary_key=True),
    Column("parent", Text, primary_key=True),
    Index("aliquot_by_parent", "parent"),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("channel", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)

latest = Table(
    "latest",
    metadata,
    Column("channel", Integer, primary_key=True, autoincrement=False),
    Column("measured_at", BigInteger),
    Column("celsius", Float(53)),
    Column("quality", Text),
    Column("reason", Text),
    Column("battery_percent", Float(53)),
    Column("received_at", BigInteger),
    Column("heard_at", BigInteger),  # last sign of life; a retained message is none
    Column("online", SmallInteger),
)

fact = Table(
    "fact",
    metadata,
    Column("position", _Serial, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # excursion, lot, alarm, health
    Column("id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("kind", "id", "version"),
)

fact_current = Table(
    "fact_current",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),  # channel, lot, or what the alarm is about
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger),  # None while open
    Column("body", Text, nullable=False),
    Index("fact_current_by_subject", "kind", "subject", "from_at"),
    Index("fact_current_by_time", "kind", "to_at"),
)

notification = Table(
    "notification",
    metadata,
    Column("number", _Serial, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("about", Text, nullable=False),  # the alarm's id, or the digest's
    Column("kind", Text, nullable=False, server_default="notice"),  # what it says of that
    Column("run", Integer, nullable=False, server_default="1"),  # which climbing of the ladder it belongs to
    Column("waits_for", Text),  # the id of the message that must be delivered before this one
    Column("recipient", Text, nullable=False),
    Column("medium", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("sent_at", BigInteger),
    Column("withdrawn_at", BigInteger),  # no longer true before anybody got it
    Column("error", Text),
    Index("notification_owed", "sent_at", "due_at"),
    Index("notification_about", "about"),
)

deadline = Table(
    "deadline",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("due_at", BigInteger, nullable=False, index=True),
)

marker = Table(
    "marker",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

cursor = Table(
    "cursor",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

refused_line = Table(
    "refused_line",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("projection", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
