"""What projections read of the store: the log and the versions of facts, by cursor, in recorded order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.core.channel.fold import Instant, instants
from monitor.core.channel.reading import Quality
from monitor.core.profile.rules import ChannelRules
from monitor.ports import LoggedFact, LoggedReading, Placed, Refusal
from monitor.store import schema, series
from monitor.store.engine import Database, upsert
from monitor.store.history import History

LOOK_BACK = 24 * 3_600_000
"""How far back the reading before is looked for, by which a step is too fast."""


class Projection:
    """Implements :class:`monitor.ports.ProjectionSource`."""

    def __init__(self, database: Database, rules: Callable[[], Mapping[str, ChannelRules]]) -> None:
        self._database = database
        self._history = History()
        self._rules = rules

    def cursor(self, name: str) -> int:
        with self._database.reading() as tx:
            c = schema.cursor.c
            return int(tx.scalar(sa.select(c.position).where(c.name == name)) or 0)

    def advance_cursor(self, name: str, position: int, refusals: Sequence[Refusal] = ()) -> None:
        with self._database.writing() as tx:
            upsert(tx, schema.cursor, [{"name": name, "position": position}])
            if refusals:
                tx.execute(
                    sa.insert(schema.refused_line),
                    [{"projection": name, "line": r.line, "reason": r.reason} for r in refusals],
                )

    def readings_after(self, position: int, limit: int) -> list[LoggedReading]:
        """In log order; each as it counts for its instant, all that is known of it now considered."""
        c = schema.reading.c
        with self._database.reading() as tx:
            rows = tx.execute(
                sa.select(c.position, c.channel, c.measured_at, c.celsius, c.fault, c.battery_percent)
                .where(c.position > position)
                .order_by(c.position)
                .limit(limit)
            ).all()
            spans: dict[int, tuple[int, int]] = {}
            for row in rows:
                first, last = spans.get(row.channel, (row.measured_at, row.measured_at))
                spans[row.channel] = (min(first, row.measured_at), max(last, row.measured_at))
            paths = {number: path for path, number in self._history.channel_ids(tx).items()}
            seen = self._seen(tx, spans, paths)
        return [
            _logged(row.position, paths[row.channel], instant, row.battery_percent)
            if (instant := seen[row.channel].get(row.measured_at)) is not None
            else _as_it_came(paths[row.channel], row)
            for row in rows
        ]

    def _seen(
        self, tx: Connection, spans: Mapping[int, tuple[int, int]], paths: Mapping[int, str]
    ) -> dict[int, dict[int, Instant]]:
        """What each channel's readings say in its span, by instant. The tail is searched once, for all."""
        starts = {
            number: first - 1 - self._look_back(paths[number], first) for number, (first, _) in spans.items()
        }
        tails: dict[int, list[Placed]] = {number: [] for number in spans}
        for row in series.tail(tx, spans.keys(), after=min(starts.values(), default=0)):
            tails[row.channel].append(row)
        by_channel: dict[int, dict[int, Instant]] = {}
        for number, (first, last) in spans.items():
            rules = self._rules().get(paths[number])
            if rules is None:  # configured no more: its readings go as they came
                by_channel[number] = {}
                continue
            rows = series.settled(tx, number, after=starts[number], upto=last)
            rows += [row for row in tails[number] if starts[number] < row.reading.measured_at <= last]
            rows.sort(key=series.in_time)
            seen = instants((row.reading for row in rows), rules)
            by_channel[number] = {instant.at: instant for instant in seen if instant.at >= first}
        return by_channel

    def _look_back(self, path: str, at: int) -> int:
        """Only where a step can be too fast does the reading before matter."""
        rules = self._rules().get(path)
        return LOOK_BACK if rules is not None and rules.settings_at(at).max_rate is not None else 0

    def facts_after(self, position: int, limit: int) -> list[LoggedFact]:
        c = schema.fact.c
        with self._database.reading() as tx:
            rows = tx.execute(
                sa.select(schema.fact).where(c.position > position).order_by(c.position).limit(limit)
            )
            return [
                LoggedFact(
                    row.position,
                    row.kind,
                    row.id,
                    row.version,
                    row.recorded_at,
                    row.reason,
                    msgspec.json.decode(row.body),
                )
                for row in rows
            ]

    def last_positions(self) -> tuple[int, int]:
        with self._database.reading() as tx:
            reading = tx.scalar(sa.select(sa.func.max(schema.reading.c.position))) or 0
            fact = tx.scalar(sa.select(sa.func.max(schema.fact.c.position))) or 0
            return int(reading), int(fact)

    def channels(self) -> list[str]:
        with self._database.reading() as tx:
            ruled = set(self._rules())
            return sorted(path for path in self._history.channel_ids(tx) if path in ruled)

    def readings_between(self, channel: str, start: int, end: int) -> list[LoggedReading]:
        with self._database.reading() as tx:
            number = self._history.channel_ids(tx)[channel]
            seen = self._seen(tx, {number: (start, end - 1)}, {number: channel})[number]
        return [_logged(0, channel, instant, instant.battery_percent) for instant in seen.values()]

    def span(self, channel: str) -> tuple[int, int] | None:
        block, reading = schema.series_block.c, schema.reading.c
        with self._database.reading() as tx:
            number = self._history.channel_ids(tx)[channel]
            settled = tx.execute(
                sa.select(sa.func.min(block.first_at), sa.func.max(block.last_at)).where(
                    block.channel == number
                )
            ).one()
            tail = tx.execute(
                sa.select(sa.func.min(reading.measured_at), sa.func.max(reading.measured_at)).where(
                    reading.channel == number, reading.position > series.settled_position(tx)
                )
            ).one()
        firsts = [at for at in (settled[0], tail[0]) if at is not None]
        lasts = [at for at in (settled[1], tail[1]) if at is not None]
        return (min(firsts), max(lasts)) if firsts else None


def _as_it_came(channel: str, row: Any) -> LoggedReading:
    """A reading of a channel that is no longer configured: nothing says how to take it."""
    quality = Quality.BAD if row.fault is not None or row.celsius is None else Quality.GOOD
    celsius = None if quality is Quality.BAD else row.celsius
    return LoggedReading(row.position, channel, row.measured_at, celsius, quality.value, row.battery_percent)


def _logged(position: int, channel: str, instant: Instant, battery: float | None) -> LoggedReading:
    return LoggedReading(position, channel, instant.at, instant.celsius, instant.quality.value, battery)
