"""The unsettled tail of the log, as the writer keeps it in memory: late readings are looked for there one by one."""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter

from monitor.core.channel.reading import Reading
from monitor.ports import LogTuple, Placed

_MEASURED_AT = itemgetter(2)


class Tail:
    """At most :data:`monitor.store.series.SETTLE_AT` readings and a batch: ``rows``, in the order of the log, to which
    its owner appends."""

    def __init__(self, rows: list[LogTuple]) -> None:
        self.rows = rows
        # Of channels that were asked for: their rows in the order of time, and how many of all were seen for that.
        self._by_time: dict[int, tuple[int, list[LogTuple]]] = {}

    def cut(self, length: int) -> None:
        """Only the first so many rows are in the log after all."""
        del self.rows[length:]
        self._by_time.clear()

    def upto(self, position: int) -> list[LogTuple]:
        """The rows up to a position of the log."""
        return [row for row in self.rows if row[0] <= position]

    def after(self, position: int) -> Tail:
        """What is left when all up to a position is settled."""
        return Tail([row for row in self.rows if row[0] > position])

    def of(self, channel: int, after: int | None, upto: int | None, position_max: int | None) -> list[Placed]:
        """The readings of a channel with ``after`` < measured_at ≤ ``upto``, and up to a position of the log, in the
        order of time and arrival."""
        rows = self._in_time(channel)
        first = 0 if after is None else bisect_right(rows, after, key=_MEASURED_AT)
        last = len(rows) if upto is None else bisect_right(rows, upto, key=_MEASURED_AT)
        return [
            Placed(row[0], channel, Reading(*row[2:8]))
            for row in rows[first:last]
            if position_max is None or row[0] <= position_max
        ]

    def _in_time(self, channel: int) -> list[LogTuple]:
        seen, rows = self._by_time.get(channel, (0, []))
        if seen < len(self.rows):
            rows += [row for row in self.rows[seen:] if row[1] == channel]
            rows.sort(key=itemgetter(2, 0))  # nearly sorted as they come: that is quick
            self._by_time[channel] = (len(self.rows), rows)
        return rows
