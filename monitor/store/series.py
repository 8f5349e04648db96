"""The history of a channel: packed blocks of settled readings, and the unsettled tail of the log.

Settling packs what the log has gathered since last time into one block per channel. Blocks may overlap in time (late
readings simply make another one); many small ones are merged. All of it is a projection of the log.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, groupby
from math import isnan, nan
from operator import attrgetter, itemgetter, sub

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.core.channel.columns import Plain
from monitor.core.channel.quality import CLOCK_AHEAD_MAX, RESET_BEFORE
from monitor.core.channel.reading import Fault, Reading
from monitor.ports import LogTuple, Placed
from monitor.store import schema

SETTLE_AT = 50_000
"""Unsettled readings at which they are settled; a search in the tail reads at most about this many."""
BLOCK_MAX = 4_096
SMALL_BLOCK = 512
SMALL_BLOCKS_MAX = 16
UNPACKED_MAX = 4
"""Blocks that are kept unpacked: readings that come late one by one ask for the same one again and again."""
SETTLED = "settled_position"
"""The marker of the position up to which the log is in blocks."""

_FAULTS: tuple[str | None, ...] = (None, *(fault.value for fault in Fault))
_FAULT_CODE = {fault: code for code, fault in enumerate(_FAULTS)}


Settled = tuple[int, int, int, float | None, str | None]
"""A reading on its way into a block: measured_at, position, received_at, celsius, fault."""


def pack(rows: Sequence[Settled]) -> bytes:
    """Rows of one channel sorted by instant, as one block: columns, differences, deflated. ``seq`` and battery stay
    in the log."""
    at, positions, received, values, faults = zip(*rows, strict=True)
    columns = (
        # Differences of what comes regularly are all alike, and deflate to next to nothing.
        array("q", map(sub, at, (0, *at[:-1]))).tobytes(),
        array("q", map(sub, positions, (0, *positions[:-1]))).tobytes(),
        array("q", map(sub, received, at)).tobytes(),
        array("d", [nan if value is None else value for value in values]).tobytes(),
        bytes([_FAULT_CODE[fault] for fault in faults]),
    )
    return zlib.compress(b"".join(columns), 1)


_MEASURED_AT = attrgetter("reading.measured_at")
in_time = attrgetter("reading.measured_at", "position")
"""The order of a history: by instant, then by arrival."""


@lru_cache(maxsize=UNPACKED_MAX)
def unpack(channel: int, count: int, packed: bytes) -> list[Placed]:
    """The rows of a block."""
    raw = zlib.decompress(packed)
    width = 8 * count
    at, positions, lags = array("q"), array("q"), array("q")
    for column, start in ((at, 0), (positions, width), (lags, 2 * width)):
        column.frombytes(raw[start : start + width])
    values = array("d")
    values.frombytes(raw[3 * width : 4 * width])
    faults = raw[4 * width :]
    return [
        Placed(p, channel, Reading(t, t + lag, None if isnan(v) else v, _FAULTS[f]))
        for t, p, lag, v, f in zip(accumulate(at), accumulate(positions), lags, values, faults, strict=True)
    ]


@lru_cache(maxsize=UNPACKED_MAX)
def unpack_plain(count: int, packed: bytes) -> Plain:
    """Instants and values of a block whose readings are plain."""
    raw = zlib.decompress(packed)
    width = 8 * count
    at, values = array("q"), array("d")
    at.frombytes(raw[:width])
    values.frombytes(raw[3 * width : 4 * width])
    return Plain(list(accumulate(at)), values)


def summary(rows: Sequence[Settled]) -> dict[str, float | int | None]:
    """What a block's rows come to (:class:`monitor.core.profile.rules.Stretch`); None: a closer look is needed."""
    at: tuple[int, ...]
    at, _, received, values, faults = zip(*rows, strict=True)
    steps = list(map(sub, at[1:], at))
    is_plain = (
        not any(faults)
        and None not in values
        and min(steps, default=1) > 0
        and min(map(sub, received, at)) >= -CLOCK_AHEAD_MAX
        and (at[0] >= RESET_BEFORE or max(received) < RESET_BEFORE)
    )
    if not is_plain:
        return dict.fromkeys(("low", "high", "last", "longest"))
    return {
        "low": min(values),
        "high": max(values),
        "last": values[-1],
        "longest": max(steps, default=0),
    }


def settled_position(tx: Connection) -> int:
    """The position up to which the log is in blocks."""
    value = tx.scalar(sa.select(schema.marker.c.value).where(schema.marker.c.name == SETTLED))
    return int(value) if value is not None else 0


_R = schema.reading.c
_B = schema.series_block.c


def tail(
    tx: Connection,
    channels: Collection[int] | None = None,
    *,
    after: int | None = None,
    upto: int | None = None,
    position_after: int | None = None,
    position_max: int | None = None,
) -> list[Placed]:
    """Unsettled readings in arrival order, those with ``after`` < measured_at ≤ ``upto`` where given."""
    since = settled_position(tx) if position_after is None else position_after
    query = sa.select(
        _R.position,
        _R.channel,
        _R.measured_at,
        _R.received_at,
        _R.celsius,
        _R.fault,
        _R.seq,
        _R.battery_percent,
    ).where(_R.position > since)
    if position_max is not None:
        query = query.where(_R.position <= position_max)
    if channels is not None and len(channels) <= 200:  # of more, all of the tail is read: it is bounded, too
        query = query.where(_R.channel.in_(channels))
    if after is not None:
        query = query.where(_R.measured_at > after)
    if upto is not None:
        query = query.where(_R.measured_at <= upto)
    rows = tx.execute(query.order_by(_R.position))
    placed = [Placed(row[0], row[1], Reading(*row[2:])) for row in rows]
    return (
        placed if channels is None or len(channels) <= 200 else [r for r in placed if r.channel in channels]
    )


def settled(
    tx: Connection, channel: int, *, after: int | None = None, upto: int | None = None
) -> list[Placed]:
    """The settled readings of a channel with ``after`` < measured_at ≤ ``upto``, a block after the other."""
    query = sa.select(_B.count, _B.packed).where(_B.channel == channel)
    if after is not None:
        query = query.where(_B.last_at > after)
    if upto is not None:
        query = query.where(_B.first_at <= upto)
    placed: list[Placed] = []
    for count, packed in tx.execute(query.order_by(_B.last_at)):
        placed.extend(within(unpack(channel, count, packed), after, upto))
    return placed


def within(rows: Sequence[Placed], after: int | None, upto: int | None) -> Sequence[Placed]:
    """Of rows in the order of time those with ``after`` < measured_at ≤ ``upto``."""
    first = 0 if after is None else bisect_right(rows, after, key=_MEASURED_AT)
    last = len(rows) if upto is None else bisect_right(rows, upto, key=_MEASURED_AT)
    return rows[first:last]


def settle(tx: Connection, rows: Iterable[LogTuple]) -> None:
    """Packs rows of the log into blocks, one or more for each channel."""
    ordered = sorted(rows, key=itemgetter(1, 2, 0))  # channel, measured_at, position
    for channel, group in groupby(ordered, key=itemgetter(1)):
        _insert_blocks(tx, channel, [(row[2], row[0], row[3], row[4], row[5]) for row in group])
        _merge_small(tx, channel)


def _insert_blocks(tx: Connection, channel: int, rows: Sequence[Settled]) -> None:
    blocks = [rows[i : i + BLOCK_MAX] for i in range(0, len(rows), BLOCK_MAX)]
    tx.execute(
        sa.insert(schema.series_block),
        [
            {
                "channel": channel,
                "first_at": block[0][0],
                "last_at": block[-1][0],
                "count": len(block),
                "packed": pack(block),
                **summary(block),
            }
            for block in blocks
        ],
    )


def _merge_small(tx: Connection, channel: int) -> None:
    small = tx.execute(
        sa.select(_B.id, _B.count, _B.packed).where(_B.channel == channel, _B.count < SMALL_BLOCK)
    ).all()
    if len(small) < SMALL_BLOCKS_MAX:
        return
    rows: list[Settled] = []
    for _, count, packed in small:
        for position, _, reading in unpack(channel, count, packed):
            rows.append((reading.measured_at, position, reading.received_at, reading.celsius, reading.fault))
    rows.sort(key=itemgetter(0, 1))
    tx.execute(sa.delete(schema.series_block).where(_B.id.in_([row.id for row in small])))
    _insert_blocks(tx, channel, rows)
