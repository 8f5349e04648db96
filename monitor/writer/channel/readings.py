"""What readings of the log lead to, in order: they are heard, judged, and what that changed is followed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from monitor.core.alarm.condition import AlarmCondition
from monitor.core.channel.liveness import SOUND_FOR, ProbeFault, Watch
from monitor.core.profile.installation import Unit
from monitor.core.profile.unit import Channel
from monitor.ports import JSON, Arrived, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.channel.desk import ExcursionChange
from monitor.writer.channel.judge import Judge
from monitor.writer.condition.silences import Silences
from monitor.writer.condition.trails import Trails
from monitor.writer.condition.upkeep import Upkeep
from monitor.writer.condition.uploads import Uploads
from monitor.writer.health import Counts
from monitor.writer.lot.lots import Lots
from monitor.writer.progress import Progress
from monitor.writer.turn import Turn, Waiting

Faults = Callable[[Tx, Sequence[ProbeFault], int], None]
"""Takes that probes turned faulty or sound."""


class Readings:
    """The road of a reading through the writer. Used within its turns."""

    def __init__(
        self,
        units: Mapping[str, Unit],
        *,
        judge: Judge,
        watch: Watch,
        progress: Progress,
        alarms: Alarms,
        lots: Lots,
        counts: Counts,
        publish: Callable[[str, JSON], None],
    ) -> None:
        self._units = units
        self.judge = judge
        self._watch = watch
        self._progress = progress
        self._alarms = alarms
        self._lots = lots
        self._counts = counts
        self._publish = publish

    def lead_to(
        self,
        silences: Silences,
        upkeep: Upkeep,
        uploads: Uploads,
        trails: Trails,
        *,
        on_faults: Faults,
        faulty: Callable[[], dict[str, int]],
    ) -> None:
        """What acts on readings; ``faulty``: the probes whose fault is held back, and since when."""
        self._silences, self._upkeep, self._uploads, self._trails = silences, upkeep, uploads, trails
        self._on_faults, self._faulty = on_faults, faulty

    # --- part of every turn ---

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: what was heard is in the log."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Tells the watch again what people were told of channels."""
        condition = AlarmCondition.PROBE_FAULT
        faulty = self._faulty() | {
            path: alarm.raised_at
            for path in self._alarms.open_subjects(condition)
            if (alarm := self._alarms.get(condition, path)) is not None
        }
        sound = self.judge.good_since(turn.tx, faulty, SOUND_FOR)
        self._watch.recall(self._silences.silent(), faulty, sound)
        self._watch.recall_words(self._upkeep.low(), self._upkeep.runs(turn.tx), self._silences.steady())

    # --- the road ---

    def take(self, turn: Turn, rows: Sequence[Arrived], without: Collection[int] = ()) -> None:
        """Takes readings of the log in arrival order: all are heard, and judged are those of channels that aren't
        ``without``."""
        reasons = self.judge.why_bad(rows)
        self.hear(turn, rows, reasons)
        if without:
            kept = [n for n, row in enumerate(rows) if row.channel not in without]
            rows, reasons = [rows[n] for n in kept], [reasons[n] for n in kept]
        changes = self.judged(turn, rows, reasons)
        self._uploads.follow(turn.tx, changes, self.judge.take_spells(), rows, turn.now)
        self._trails.hear(rows, reasons)
        self.queue_lots(changes, turn.now)
        self._counts.judged += len(rows)

    def hear(self, turn: Turn, rows: Sequence[Arrived], reasons: Sequence[str | None]) -> None:
        """Takes readings as signs of life, and what they say of their probes, as of the end of each message."""
        tx, now, watch = turn.tx, turn.now, self._watch
        for arrived, reason in zip(rows, reasons, strict=True):
            if arrived.item == 0 and watch.has_words:
                self._take_words(tx, now)
            heard = watch.hear(arrived, reason)
            if heard is not None:
                self._silences.take(tx, heard, now)
        self._take_words(tx, now)
        self._upkeep.save(tx, watch.take_runs())

    def _take_words(self, tx: Tx, now: int) -> None:
        self._watch.has_words = False
        self._on_faults(tx, self._watch.take_faults(), now)
        self._upkeep.take(tx, now)

    def judged(
        self, turn: Turn, rows: Sequence[Arrived], reasons: Sequence[str | None]
    ) -> list[ExcursionChange]:
        """Judges readings; what that changed."""
        judge = self.judge
        turn.undo(partial(judge.doubt, rows))
        if judge.is_in_doubt:
            judge.refresh(turn.tx, rows, self._progress.position)
            turn.then(partial(judge.trust, {row.channel for row in rows}))
        changes = judge.take(turn.tx, rows, reasons, turn.now)
        self.count(turn, changes)
        return changes

    def judge_again(self, turn: Turn, channel: int, since: int) -> list[ExcursionChange]:
        """Judges a channel again from an instant on; what that changed, the last version of each."""
        changes = self.judge.rejudge(turn.tx, channel, since, turn.now)
        turn.undo(partial(self.judge.distrust, channel, since))
        turn.then(partial(self.judge.trust, (channel,)))
        self.count(turn, changes)
        return changes

    def count(self, turn: Turn, changes: Iterable[ExcursionChange]) -> None:
        """Counts changes of excursions, and tells open pages of them."""
        for change in changes:
            self._counts.excursion_changes += 1
            self._counts.confirmed += "confirmed" in change.reason
            turn.then(partial(self._publish, "excursion", {"id": change.id, "channel": change.channel}))

    def queue_lots(self, changes: Iterable[ExcursionChange], now: int) -> None:
        """Queues the lots to which what was just judged may matter."""
        lots = self._lots
        lots.queue_after_readings(self.judge.take_stirred())
        for channel, at in self.judge.take_late().items():
            lots.queue_after_late(channel, at, now)
        self.queue_lots_inside(change.channel for change in changes)

    def queue_lots_inside(self, channels: Iterable[str]) -> None:
        """Queues the lots in the units of which these are the product's channels."""
        for channel in dict.fromkeys(channels):
            unit = self._units[Channel.parse(channel).unit_path]
            if channel == unit.product_channel:
                self._lots.queue(self._lots.in_unit(unit.path), "excursion")
