"""What is known of each channel: its readings in the order of time, settled ones packed, and its newest word."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.core.channel.columns import Plain
from monitor.core.channel.reading import Reading
from monitor.core.profile.rules import Stretch
from monitor.ports import LogTuple, Placed
from monitor.store import schema, series
from monitor.store.engine import WRITES, upsert
from monitor.store.tail import Tail

_B = schema.series_block.c


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
        """A reading within the span that isn't settled yet."""
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
        at, celsius = series.unpack_plain(count, packed)
        after, upto = self._span
        first = 0 if after is None else bisect_right(at, after)
        last = count if upto is None else bisect_right(at, upto)
        return Plain(at[first:last], celsius[first:last]) if first < last else None

    def readings(self) -> list[Reading]:
        """The readings within the span that was asked for, in order, copies included."""
        rows = list(self._loose)
        if self._blocks:
            blocks = sa.select(_B.count, _B.packed).where(_B.id.in_(self._blocks)).order_by(_B.first_at)
            for count, packed in self._tx.execute(blocks):
                rows.extend(series.within(series.unpack(self._channel, count, packed), *self._span))
        rows.sort(key=series.in_time)
        return [row.reading for row in rows]


def _is_within(row: Placed, span: tuple[int | None, int | None]) -> bool:
    after, upto = span
    at = row.reading.measured_at
    return (after is None or at > after) and (upto is None or at <= upto)


class History:
    """Implements :class:`monitor.ports.History`. The writer keeps the unsettled tail in memory too: it is bounded by
    :data:`monitor.store.series.SETTLE_AT` and a batch."""

    def __init__(self) -> None:
        self._settled = 0
        self._unsettled = Tail([])

    def open(self, tx: Connection) -> None:
        """Finds the unsettled tail."""
        self._settled = series.settled_position(tx)
        rows = sa.select(schema.reading).where(schema.reading.c.position > self._settled)
        self._unsettled = Tail([tuple(row) for row in tx.execute(rows.order_by(schema.reading.c.position))])

    def append(self, rows: Sequence[LogTuple]) -> None:
        """The log has these readings too."""
        self._unsettled.rows += rows

    def as_it_is(self) -> Callable[[], None]:
        """Called when a transaction fails, the answer takes back what it has added to the tail, and that it was
        settled."""
        unsettled, length, settled = self._unsettled, len(self._unsettled.rows), self._settled

        def take_back() -> None:
            self._unsettled, self._settled = unsettled, settled
            unsettled.cut(length)

        return take_back

    def channel_ids(self, tx: Connection) -> dict[str, int]:
        """Every channel ever configured: ``site/unit/probe`` to its number in the log."""
        return {row.path: row.id for row in tx.execute(sa.select(schema.channel))}

    def add_channels(self, tx: Connection, paths: Iterable[str]) -> dict[str, int]:
        """Numbers for channels that have none yet; returns all."""
        numbers = self.channel_ids(tx)
        for path in paths:
            if path not in numbers:
                numbers[path] = max(numbers.values(), default=0) + 1
                tx.execute(sa.insert(schema.channel).values(id=numbers[path], path=path))
        return numbers

    def last_measured(self, tx: Connection) -> dict[int, int]:
        block = schema.series_block.c
        query = sa.select(block.channel, sa.func.max(block.last_at)).group_by(block.channel)
        newest = {row[0]: row[1] for row in tx.execute(query)}
        for row in series.tail(tx):
            at = row.reading.measured_at
            if at > newest.get(row.channel, at - 1):  # a channel without blocks has only its tail
                newest[row.channel] = at
        return newest

    def known(self, tx: Connection, wanted: Mapping[int, tuple[int, int]]) -> dict[int, dict[Any, int]]:
        received: dict[int, dict[Any, int]] = {channel: {} for channel in wanted}
        rows: list[Placed] = []
        for channel, (start, end) in wanted.items():
            rows += series.settled(tx, channel, after=start - 1, upto=end)
            rows += self._tail(tx, channel, after=start - 1, upto=end)
        for row in rows:
            seen, reading = received[row.channel], row.reading
            earlier = seen.get(reading.identity)  # of copies the first to come counts
            if earlier is None or reading.received_at < earlier:
                seen[reading.identity] = reading.received_at
        return received

    def _tail(
        self,
        tx: Connection,
        channel: int,
        *,
        after: int | None,
        upto: int | None,
        position_max: int | None = None,
    ) -> list[Placed]:
        """The unsettled readings of a channel, as :func:`monitor.store.series.tail` has them; the writer needn't ask
        the database."""
        if not tx.info.get(WRITES):
            return series.tail(tx, [channel], after=after, upto=upto, position_max=position_max)
        return self._unsettled.of(channel, after, upto, position_max)

    def readings(
        self,
        tx: Connection,
        channel: int,
        *,
        after: int | None = None,
        upto: int | None = None,
        position_max: int | None = None,
    ) -> list[Placed]:
        """The readings of a channel with ``after`` < measured_at ≤ ``upto``, sorted by instant, copies included."""
        rows = series.settled(tx, channel, after=after, upto=upto)
        rows.extend(self._tail(tx, channel, after=after, upto=upto, position_max=position_max))
        rows.sort(key=series.in_time)
        return rows

    def course(
        self,
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
        spans: list[Packed] = []
        for row in tx.execute(query.order_by(_B.first_at, _B.id)):
            # Blocks that overlap in time are gone through together: one after the other they aren't in its order.
            if not spans or row.first_at > spans[-1].last_at:
                spans.append(Packed(tx, channel, span))
            spans[-1].add_block(row)
        rows = self._tail(tx, channel, after=after, upto=upto) if unsettled is None else unsettled
        between: dict[int, Packed] = {}
        firsts = [packed.first_at for packed in spans]
        for placed in rows:
            if _is_within(placed, span):
                # Within a span it belongs to its readings; else it stands after the span before it (−1: before all).
                index = bisect_right(firsts, placed.reading.measured_at) - 1
                if index >= 0 and placed.reading.measured_at <= spans[index].last_at:
                    spans[index].add_loose(placed)
                else:
                    between.setdefault(index, Packed(tx, channel, span)).add_loose(placed)
        for index in range(-1, len(spans)):
            if index >= 0:
                yield spans[index]
            if index in between:
                yield between[index]

    def settle(self, tx: Connection, judged_position: int) -> bool:
        if judged_position - self._settled < series.SETTLE_AT:
            return False
        series.settle(tx, self._unsettled.upto(judged_position))
        upsert(tx, schema.marker, [{"name": series.SETTLED, "value": str(judged_position)}])
        self._unsettled = self._unsettled.after(judged_position)
        self._settled = judged_position
        return True

    def put_latest(self, tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keeps the newest reading and sign of life of channels."""
        upsert(tx, schema.latest, rows)

    def latest(self, tx: Connection) -> dict[int, dict[str, Any]]:
        """The newest reading and sign of life of each channel."""
        return {row["channel"]: dict(row) for row in tx.execute(sa.select(schema.latest)).mappings()}
