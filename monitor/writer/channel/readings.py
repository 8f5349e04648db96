"""What readings of the log lead to, in order: they are heard, judged, and what that changed is followed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from monitor.core.profile.installation import Unit
from monitor.core.profile.unit import Channel
from monitor.ports import JSON, Arrived
from monitor.writer.channel.desk import ExcursionChange
from monitor.writer.channel.hearing import Hearing
from monitor.writer.channel.judge import Judge
from monitor.writer.channel.soundness import Soundness
from monitor.writer.condition.trails import Trails
from monitor.writer.condition.uploads import Uploads
from monitor.writer.health import Counts
from monitor.writer.lot.lots import Lots
from monitor.writer.lot.queue import LotQueue
from monitor.writer.progress import Progress
from monitor.writer.turn import Turn


class Readings:
    """The road of a reading through the writer. Used within its turns."""

    def __init__(
        self,
        units: Mapping[str, Unit],
        judge: Judge,
        progress: Progress,
        lots: Lots,
        queue: LotQueue,
        hearing: Hearing,
        soundness: Soundness,
        uploads: Uploads,
        trails: Trails,
        *,
        counts: Counts,
        publish: Callable[[str, JSON], None],
    ) -> None:
        self._units = units
        self._judge = judge
        self._progress = progress
        self._lots = lots
        self._queue = queue
        self._hearing = hearing
        self._soundness = soundness
        self._uploads = uploads
        self._trails = trails
        self._counts = counts
        self._publish = publish

    def take(self, turn: Turn, rows: Sequence[Arrived], without: Collection[int] = ()) -> None:
        """Takes readings of the log in arrival order: all are heard, and those of channels that aren't ``without`` are
        judged, and what that changed is followed."""
        reasons = self._soundness.why_bad(rows)
        self._hearing.hear(turn, rows, reasons)
        if without:
            kept = [n for n, row in enumerate(rows) if row.channel not in without]
            rows, reasons = [rows[n] for n in kept], [reasons[n] for n in kept]
        changes = self.judged(turn, rows, reasons)
        self._uploads.follow(turn.tx, changes, self._judge.news.take_spells(), rows, turn.now)
        self._trails.hear(rows, reasons)
        self.queue_lots(changes, turn.now)
        self._counts.judged += len(rows)

    def hear(self, turn: Turn, rows: Sequence[Arrived]) -> list[str | None]:
        """Takes readings as signs of life only; for each why it takes no part in judging, None if it does."""
        reasons = self._soundness.why_bad(rows)
        self._hearing.hear(turn, rows, reasons)
        self._counts.judged += len(rows)
        return reasons

    def judged(
        self, turn: Turn, rows: Sequence[Arrived], reasons: Sequence[str | None]
    ) -> list[ExcursionChange]:
        """Judges readings; what that changed."""
        judge = self._judge
        turn.undo(partial(judge.doubt, rows))
        if judge.in_doubt:
            judge.refresh(turn.tx, rows, self._progress.position)
            turn.then(partial(judge.trust, {row.channel for row in rows}))
        changes = judge.take(turn.tx, rows, reasons, turn.now)
        if changes:
            self.count(turn, changes)
        return changes

    def judge_again(self, turn: Turn, channel: int, since: int) -> list[ExcursionChange]:
        """Judges a channel again from an instant on; what that changed, the last version of each."""
        changes = self._judge.rejudge(turn.tx, channel, since, turn.now)
        turn.undo(partial(self._judge.distrust, channel, since))
        turn.then(partial(self._judge.trust, (channel,)))
        self.count(turn, changes)
        return changes

    def judge_what_failed(self, turn: Turn, channel: int, since: int) -> None:
        """Judges a channel that nobody judged from an instant on, and follows what that changed."""
        changes = self.judge_again(turn, channel, since)
        self._uploads.follow(turn.tx, changes, self._judge.news.take_spells(), (), turn.now)
        self._trails.forget([channel])
        self.queue_lots(changes, turn.now)

    def count(self, turn: Turn, changes: Iterable[ExcursionChange]) -> None:
        """Counts changes of excursions, and tells open pages of them."""
        for change in changes:
            self._counts.excursion_changes += 1
            self._counts.confirmed += change.is_confirmed
            turn.then(partial(self._publish, "excursion", {"id": change.id, "channel": change.channel}))

    def queue_lots(self, changes: Collection[ExcursionChange], now: int) -> None:
        """Queues the lots to which what was just judged may matter."""
        if stirred := self._judge.news.take_stirred():
            self._queue.after_readings(stirred)
        for channel, at in self._judge.news.take_late().items():
            self._queue.after_late(channel, at, now)
        if changes:
            self.queue_lots_inside([change.channel for change in changes])

    def queue_lots_inside(self, channels: Iterable[str]) -> None:
        """Queues the lots in the units of which these are the product's channels."""
        for channel in dict.fromkeys(channels):
            unit = self._units[Channel.parse(channel).unit_path]
            if channel == unit.product_channel:
                self._queue.put(self._lots.in_unit(unit.path), "excursion")
