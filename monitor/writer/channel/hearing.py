"""Readings as signs of life, and what they say of their probes: whoever is silent, faulty or low is known from here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.core.alarm.condition import AlarmCondition
from monitor.core.channel.ear import SOUND_FOR, ProbeFault
from monitor.core.channel.liveness import Watch
from monitor.ports import Arrived, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.channel.soundness import Soundness
from monitor.writer.condition.silences import Silences
from monitor.writer.condition.upkeep import Upkeep
from monitor.writer.turn import Turn, Waiting

Faults = Callable[[Tx, Sequence[ProbeFault], int], None]
"""Takes that probes turned faulty or sound."""


class Hearing:
    """Hands what the watch hears on. Used within the writer's turns. ``held_back``: the probes of whose fault nobody
    is told yet, and since when they have it."""

    def __init__(
        self,
        watch: Watch,
        soundness: Soundness,
        alarms: Alarms,
        silences: Silences,
        upkeep: Upkeep,
        *,
        on_faults: Faults,
        held_back: Callable[[], dict[str, int]],
    ) -> None:
        self._watch = watch
        self._soundness = soundness
        self._alarms = alarms
        self._silences = silences
        self._upkeep = upkeep
        self._on_faults = on_faults
        self._held_back = held_back

    # --- part of every turn ---

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: what was heard is in the log."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Tells the watch again what people were told of channels."""
        condition = AlarmCondition.PROBE_FAULT
        faulty = self._held_back() | {
            path: alarm.raised_at
            for path in self._alarms.open_subjects(condition)
            if (alarm := self._alarms.get(condition, path)) is not None
        }
        sound = self._soundness.good_since(turn.tx, faulty, SOUND_FOR)
        self._watch.recall(self._silences.silent(), faulty, sound)
        self._watch.recall_words(self._upkeep.low(), self._upkeep.runs(turn.tx), self._silences.steady())

    # --- hearing ---

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
        self._upkeep.save(tx, watch.clocks.take_runs())

    def _take_words(self, tx: Tx, now: int) -> None:
        self._watch.has_words = False
        self._on_faults(tx, self._watch.faults.take_words(), now)
        self._upkeep.take(tx, now)
