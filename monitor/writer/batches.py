"""Judging what the log has got: all of a batch in one turn, or, where that fails, each channel by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

import structlog

from monitor.ports import JSON, Arrived, Store
from monitor.writer.asides import JUDGING
from monitor.writer.channel.arrears import Arrears
from monitor.writer.channel.readings import Readings
from monitor.writer.condition.power import Power
from monitor.writer.condition.signs import Signs
from monitor.writer.isolation import Isolation
from monitor.writer.lot.judging import LotJudging
from monitor.writer.progress import Progress
from monitor.writer.turn import Turn, Turns

log = structlog.get_logger(__name__)


class Batches:
    """Judges batches of the log, in its order. ``ids``: how the log numbers the channels."""

    def __init__(
        self,
        store: Store,
        turns: Turns,
        isolation: Isolation,
        readings: Readings,
        arrears: Arrears,
        signs: Signs,
        power: Power,
        lots: LotJudging,
        progress: Progress,
        ids: Mapping[str, int],
        publish: Callable[[str, JSON], None],
    ) -> None:
        self._store = store
        self._turns = turns
        self._isolation = isolation
        self._readings = readings
        self._arrears = arrears
        self._signs = signs
        self._power = power
        self._lots = lots
        self._progress = progress
        self._ids = ids
        self._publish = publish

    def judge(self, rows: Sequence[Arrived], last_position: int, lots: Collection[str] = ()) -> None:
        """Judges readings of the log up to a position, and the lots of events. Raises only what is the store's own
        trouble."""
        try:
            with self._turns.turn() as turn:
                self._together(turn, rows, last_position, lots)
        except Exception as error:
            if self._store.is_trouble(error):
                raise
            log.warning("judging a batch fails; each channel is judged by itself now", error=str(error))
            self._apart(rows, last_position, lots)
        if rows:
            self._publish("readings", {"count": len(rows)})

    def _together(
        self, turn: Turn, rows: Sequence[Arrived], last_position: int, lots: Collection[str]
    ) -> None:
        facts, signs, power = self._store.facts, self._signs, self._power
        before = facts.next_position()
        in_arrears = self._note_arrears(turn, rows) if self._arrears.since else ()
        self._readings.take(turn, rows, in_arrears)
        for unit in signs.trails.asked_for():
            signs.look(turn, unit)
        for unit in signs.doors.due(turn.now):
            signs.doors.look(turn, unit)
        for unit in power.due(turn.now):
            power.look(turn, unit)
        if lots:
            self._lots.queue_after_event(turn, lots)
        self._lots.judge_queued(turn)
        self._progress.reach(turn, last_position, has_news=facts.next_position() != before)

    def _note_arrears(self, turn: Turn, rows: Sequence[Arrived]) -> set[int]:
        """The channels that are set aside, of which it is noted from which instant on they must be judged again."""
        arrears = self._arrears
        paths = {self._ids[path]: path for path in arrears.since if path in self._ids}
        for row in rows:
            if row.channel in paths:
                arrears.note(turn, paths[row.channel], row.reading.measured_at)
        return set(paths)

    def _apart(self, rows: Sequence[Arrived], last_position: int, lots: Collection[str]) -> None:
        paths = {number: path for path, number in self._ids.items()}
        by_channel = groupby(sorted(rows, key=attrgetter("channel")), key=attrgetter("channel"))
        for channel, group in by_channel:
            if channel in paths and paths[channel] not in self._arrears.since:
                self._alone(paths[channel], list(group))
        with self._turns.turn(is_alone=True) as turn:
            self._note_arrears(turn, rows)
            self._lots.queue_after_event(turn, lots)
            self._progress.reach(turn, last_position, has_news=True)
        # Signs, doors, power and lots are due now: each is looked at by itself as the clock asks.

    def _alone(self, channel: str, rows: Sequence[Arrived]) -> None:
        self._isolation.alone(
            JUDGING,
            channel,
            lambda turn, _: self._readings.take(turn, rows),
            failed=lambda turn, path: self._arrears.note_rows(turn, path, rows),
        )
