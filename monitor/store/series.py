"""The history of a channel: packed blocks of settled readings, and the unsettled tail of the log.

Settling packs what the log has gathered since last time into one block per channel. Blocks may overlap in time (late
readings simply make another one); many small ones are merged. All of it is a projection of the log.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from math import isnan, nan
from operator import itemgetter, sub
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.core.channel.columns import Plain
from monitor.core.channel.quality import CLOCK_AHEAD_MAX, RESET_BEFORE
from monitor.core.channel.reading import Fault, Reading
from monitor.core.profile.rules import Stretch
from monitor.ports import LogTuple, Placed
from monitor.store import schema

SETTLE_AT = 50_000
"""Unsettled readings at which they are settled; a search in the tail reads at most about this many."""
BLOCK_MAX = 4_096
SMALL_BLOCK = 512
SMALL_BLOCKS_MAX = 16

_FAULTS: tuple[str | None, ...] = (None, *(fault.value for fault in Fault))
_FAULT_CODE = {fault: code for code, fault in enumerate(_FAULTS)}


Settled = tuple[int, int, int, float | None, str | None]
"""A reading on its way into a block: measured_at, position, received_at, celsius, fault."""


def pack(rows: Sequence[Settled]) -> bytes:
    """Rows of one channel sorted by instant, as one block: columns, differences, deflated. ``seq`` and battery stay
    in the log."""
    at, positions, received, values, faults = zip(*rows, strict=True)
    columns = (
        array("q", map(sub, at, (0, *at[:-1]))).tobytes(),
        array("q", map(sub, positions, (0, *positions[:-1]))).tobytes(),
        array("q", map(sub, received, at)).tobytes(),
        array("d", [nan if value is None else value for value in values]).tobytes(),
        bytes([_FAULT_CODE[fault] for fault in faults]),
    )
    return zlib.compress(b"".join(columns), 1)


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


class Packed:
    """Readings of a channel that lie together: a block, or several that overlap with what is unsettled among them.

    ``stretch`` is what they come to, None if they have to be looked at one by one. Blocks are unpacked only for
    :meth:`readings`, in the transaction that they were found in.
    """

    __slots__ = (
        "_blocks",
        "_channel",
        "_is_plain",
        "_loose",
        "_span",
        "_tx",
        "first_at",
        "last_at",
        "stretch",
    )

    def __init__(self, tx: Connection, channel: int, span: tuple[int | None, int | None]) -> None:
        self.stretch: Stretch | None = None
        self.first_at = self.last_at = 0
        self._tx = tx
        self._channel = channel
        self._span = span
        self._blocks: list[int] = []
        self._loose: list[Placed] = []
        self._is_plain = False

    def add_block(self, row: Any) -> None:
        """A block; blocks are added in the order of their first readings."""
        is_alone = not self._blocks
        self.first_at = row.first_at if is_alone else self.first_at
        self.last_at = row.last_at if is_alone else max(self.last_at, row.last_at)
        self._blocks.append(row.id)
        after, upto = self._span
        is_whole = (after is None or row.first_at > after) and (upto is None or row.last_at <= upto)
        self.stretch = None
        self._is_plain = is_alone and row.longest is not None
        if self._is_plain and is_whole:
            self.stretch = Stretch(
                row.first_at, row.last_at, row.readings, row.low, row.high, row.last, row.longest
            )

    def add_loose(self, row: Placed) -> None:
        """A reading that isn't settled yet."""
        self.stretch = None
        self._is_plain = False
        self._loose.append(row)

    def plain(self) -> Plain | None:
        """The columns within the span that was asked for, where a single block of plain readings has them; None where
        readings have to be looked at one by one."""
        if not self._is_plain:
            return None
        block = sa.select(_B.count, _B.packed).where(_B.id == self._blocks[0])
        count, packed = self._tx.execute(block).one()
        at, celsius = unpack_plain(count, packed)
        after, upto = self._span
        first = 0 if after is None else bisect_right(at, after)
        last = count if upto is None else bisect_right(at, upto)
        return Plain(at[first:last], celsius[first:last]) if first < last else None

    def readings(self) -> list[Reading]:
        """The readings within the span that was asked for, in order, copies included."""
        found = list(self._loose)
        if self._blocks:
            blocks = sa.select(_B.count, _B.packed).where(_B.id.in_(self._blocks)).order_by(_B.first_at)
            for count, packed in self._tx.execute(blocks):
                found.extend(unpack(self._channel, count, packed))
        found.sort(key=in_time)
        return [row.reading for row in found if _is_within(row, self._span)]


def _is_within(row: Placed, span: tuple[int | None, int | None]) -> bool:
    after, upto = span
    at = row.reading.measured_at
    return (after is None or at > after) and (upto is None or at <= upto)


def course(
    tx: Connection,
    channel: int,
    *,
    after: int | None = None,
    upto: int | None = None,
    unsettled: Sequence[Placed] | None = None,
) -> Iterator[Packed]:
    """A channel's readings with ``after`` < measured_at ≤ ``upto`` in the order of time, as they lie together.

    ``unsettled``: the tail of this channel, if the caller has it already.
    """
    span = (after, upto)
    columns = (
        _B.id,
        _B.first_at,
        _B.last_at,
        _B.count.label("readings"),
        _B.low,
        _B.high,
        _B.last,
        _B.longest,
    )
    query = sa.select(*columns).where(_B.channel == channel)
    if after is not None:
        query = query.where(_B.last_at > after)
    if upto is not None:
        query = query.where(_B.first_at <= upto)
    found: list[Packed] = []
    for row in tx.execute(query.order_by(_B.first_at, _B.id)):
        if not found or row.first_at > found[-1].last_at:
            found.append(Packed(tx, channel, span))
        found[-1].add_block(row)
    rows = tail(tx, [channel], after=after, upto=upto) if unsettled is None else unsettled
    between: dict[int, Packed] = {}
    firsts = [packed.first_at for packed in found]
    for placed in rows:
        if _is_within(placed, span):
            index = bisect_right(firsts, placed.reading.measured_at) - 1
            if index >= 0 and placed.reading.measured_at <= found[index].last_at:
                found[index].add_loose(placed)
            else:
                between.setdefault(index, Packed(tx, channel, span)).add_loose(placed)
    for index in range(-1, len(found)):
        if index >= 0:
            yield found[index]
        if index in between:
            yield between[index]


def settled_position(tx: Connection) -> int:
    """The position up to which the log is in blocks."""
    value = tx.scalar(sa.select(schema.marker.c.value).where(schema.marker.c.name == "settled_position"))
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
    if channels is not None and len(channels) <= 200:
        query = query.where(_R.channel.in_(channels))
    if after is not None:
        query = query.where(_R.measured_at > after)
    if upto is not None:
        query = query.where(_R.measured_at <= upto)
    rows = tx.execute(query.order_by(_R.position))
    found = [Placed(row[0], row[1], Reading(*row[2:])) for row in rows]
    return found if channels is None or len(channels) <= 200 else [r for r in found if r.channel in channels]


def settled(
    tx: Connection, channel: int, *, after: int | None = None, upto: int | None = None
) -> list[Placed]:
    """The settled readings of a channel with ``after`` < measured_at ≤ ``upto``, a block after the other."""
    query = sa.select(_B.count, _B.packed).where(_B.channel == channel)
    if after is not None:
        query = query.where(_B.last_at > after)
    if upto is not None:
        query = query.where(_B.first_at <= upto)
    found: list[Placed] = []
    for count, packed in tx.execute(query.order_by(_B.last_at)):
        found.extend(unpack(channel, count, packed))
    if after is not None or upto is not None:
        found = [
            row
            for row in found
            if (after is None or row.reading.measured_at > after)
            and (upto is None or row.reading.measured_at <= upto)
        ]
    return found


def history(
    tx: Connection,
    channel: int,
    *,
    after: int | None = None,
    upto: int | None = None,
    position_max: int | None = None,
) -> list[Placed]:
    """The readings of a channel with ``after`` < measured_at ≤ ``upto``, sorted by instant, copies included."""
    found = settled(tx, channel, after=after, upto=upto)
    found.extend(tail(tx, [channel], after=after, upto=upto, position_max=position_max))
    found.sort(key=in_time)
    return found


def in_time(row: Placed) -> tuple[int, int]:
    """The order of a history: by instant, then by arrival."""
    return (row.reading.measured_at, row.position)


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
