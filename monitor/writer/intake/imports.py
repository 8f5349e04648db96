"""The past, as the writer takes it: an import in parts, which wakes no one for what is over by its end.

One rule decides who is told. While an import is on, what its readings leave *open* (a confirmed excursion, a probe's
fault) is on record and raises nothing; what they close is an alarm of the past. When the import ends, whatever still
holds is raised. An import that says nothing more for ``IDLE_MAX`` has ended too: nothing is held back for ever.

A part commits with all that follows from it, so a crash leaves nothing half done; and what is held back commits with
it, so that a restart knows. Readings later than all of their channel are judged as they come. Those that belong before
others are judged once, at the end: an import of a year is one judging again for each channel, not thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from monitor.core.alarm.alarm import Alarm
from monitor.core.time.instant import MINUTE
from monitor.ports import JSON, Arrived, Decoded, Store
from monitor.writer.channel.arrears import Arrears
from monitor.writer.channel.readings import Readings
from monitor.writer.intake.aftermath import Aftermath
from monitor.writer.intake.commit import Intake
from monitor.writer.intake.held_back import HeldBack
from monitor.writer.progress import Progress
from monitor.writer.turn import Turn, Turns

IDLE_MAX = 10 * MINUTE
"""An import that says nothing for this long is over: it was broken off, and what it held back must be told."""
FIRST_REJECTED = 20
"""Rejected items of a part that are given back in words; all are counted, and kept with the rejected messages."""


class Imports:
    """Takes the parts of imports for the writer, in its turns."""

    def __init__(
        self,
        store: Store,
        turns: Turns,
        intake: Intake,
        held: HeldBack,
        readings: Readings,
        arrears: Arrears,
        aftermath: Aftermath,
        progress: Progress,
        ids: Mapping[str, int],
        publish: Callable[[str, JSON], None],
    ) -> None:
        self._store = store
        self._turns = turns
        self._intake = intake
        self._held = held
        self._readings = readings
        self._arrears = arrears
        self._aftermath = aftermath
        self._progress = progress
        self._ids = ids
        self._publish = publish

    def take(self, decoded: Decoded, marks: Mapping[str, str], *, judge: bool = True) -> JSON:
        """Takes a part of an import. It is durable, judged and noted with ``marks`` (small named values) in one
        commit; raises if that fails, and nothing has happened then. Without ``judge`` its readings are neither heard
        nor judged before the end, channel by channel.

        Returns what came of it: counts of ``readings``, ``duplicates`` and ``events``, what was ``rejected``, which
        ``excursions`` changed, which ``alarms`` of the past were recorded.
        """
        held, changes = self._held, dict[str, str]()
        with self._turns.one_at_a_time, held.noting_alarms() as alarms, self._turns.turn() as turn:
            if held.last is None:
                held.last = self._store.history.last_measured(turn.tx)
            held.until = turn.now + IDLE_MAX
            rows, lots, events, position = self._intake.commit(turn, decoded)
            if judge:
                changes = self._judge(turn, rows, held.last)
            else:
                held.judge_later(rows)
            self._aftermath.note_events(rows, lots)
            self._store.due.put_markers(turn.tx, marks)
            held.save(turn.tx)
            self._progress.reach(turn, position, has_news=True)
            past = of_the_past(alarms)
        if rows:
            self._publish("readings", {"count": len(rows)})
        return {
            "readings": len(rows),
            "duplicates": len(decoded.readings) - len(rows),
            "events": events,
            "duplicate_events": len(decoded.lot_events) + len(decoded.unit_events) - events,
            "statuses": len(decoded.statuses),
            "rejected": rejected_in_words(decoded),
            "excursions": changes,
            "past_alarms": past,
        }

    def _judge(self, turn: Turn, rows: Sequence[Arrived], last: dict[int, int]) -> dict[str, str]:
        """Judges readings that are later than all of their channel; notes the others for the end, and those of
        channels that are set aside."""
        reasons, since = self._readings.hear(turn, rows), self._held.since
        aside = {number for path in self._arrears.since if (number := self._ids.get(path))}
        ordered: list[Arrived] = []
        why: list[str | None] = []
        for arrived, reason in zip(rows, reasons, strict=True):
            channel, at = arrived.channel, arrived.reading.measured_at
            if reason is None:
                if channel in since or at <= last.get(channel, at - 1) or channel in aside:
                    since[channel] = min(at, since.get(channel, at))
                    continue
                last[channel] = at
            ordered.append(arrived)
            why.append(reason)
        return self._aftermath.follow(turn, self._readings.judged(turn, ordered, why))


def of_the_past(alarms: Sequence[Alarm]) -> list[str]:
    """The ids of those that were over when they were recorded."""
    return [alarm.id for alarm in alarms if alarm.past]


def rejected_in_words(decoded: Decoded) -> JSON:
    """What of a batch was not taken: ``counts`` by reason, and the ``first`` few in words."""
    counts: dict[str, int] = {}
    for row in decoded.rejected:
        counts[row["reason"]] = counts.get(row["reason"], 0) + 1
    first = [
        {key: row[key] for key in ("topic", "item", "reason", "detail")}
        for row in decoded.rejected[:FIRST_REJECTED]
    ]
    return {"counts": counts, "first": first}
