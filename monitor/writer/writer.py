"""The one writer: commit, acknowledge, judge, owe. Everything that changes the store goes through here.

A batch is committed to the log first and acknowledged then, so that nothing that the broker holds to be delivered
can be lost. Judging commits its facts, the alarms that follow and the messages owed together with the position up to
which it has judged; after a crash it goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import structlog

from monitor.core.alarm.aside import Aside
from monitor.core.alarm.cause.outcome import End, Hold
from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.channel.reading import Reading
from monitor.core.lot.event import LotEvent
from monitor.core.time.instant import EARLIEST
from monitor.ports import JSON, AlarmView, Arrived, Decoded, LogRow, Outcome, Store
from monitor.writer.asides import JUDGING
from monitor.writer.health import note_health
from monitor.writer.installed import Installed
from monitor.writer.intake.imports import rejected_in_words
from monitor.writer.parts import Parts
from monitor.writer.turn import Turn

log = structlog.get_logger(__name__)

RESUME_CHUNK = 5_000
_NOT_SAID = -1


class Writer:
    """The writer. Its methods may be called from any thread; they take turns."""

    def __init__(self, store: Store, around: Installed, view: AlarmView) -> None:
        """``view`` answers, over the same store, what a digest says."""
        self._store = store
        self._around = around
        self.parts = Parts(store, around, view)
        self._is_read = False  # what the store holds is known here
        self._is_behind = False  # something committed has not been judged
        self._listening_since: int | None = _NOT_SAID
        self._judging_failure: str | None = None

    @property
    def failure(self) -> str | None:
        """What can't be done, in words; None: nothing. Each stays until it works again: that readings are judged says
        nothing of a ladder that can't be climbed."""
        judging = [] if self._judging_failure is None else [self._judging_failure]
        return "; ".join([*judging, *self.parts.clockwork.failures()]) or None

    def set_aside(self) -> list[Aside]:
        """What nobody judges now, because judging it fails. It waits for no turn: how the program is must be known
        while one takes long."""
        return self.parts.asides.all()

    # --- starting ---

    def resume(self) -> None:
        """Goes on where the last process stopped: judges what was committed and not judged, forgets nothing."""
        parts = self.parts
        with parts.turns.one_at_a_time:
            self._is_read, self._is_behind = False, True
            self._catch_up()

    def _read_all(self, turn: Turn) -> None:
        """Takes from the store what is to be known; a channel that can't be judged on is set aside."""
        parts, tx, now = self.parts, turn.tx, turn.now
        parts.progress.resume(turn)
        parts.copies.resume(tx, now)
        parts.asides.recall(turn)
        broken = parts.judge.resume(tx, parts.progress.position, parts.asides.subjects(JUDGING))
        parts.watch.resume(self._store.history.latest(tx))
        parts.lots.resume(tx)
        parts.turns.recall(turn)
        if not parts.held.is_on:
            parts.uploads.resume(tx, now, self._around.rules)
        parts.conditions.end_unwatched(tx, now)
        parts.power.resume(tx, now)
        parts.signs.resume(tx, now)
        for channel, error in broken.items():
            parts.asides.put(turn, JUDGING, channel, error)
        for channel in parts.asides.subjects(JUDGING) - parts.arrears.since.keys():
            parts.arrears.note(turn, channel, EARLIEST)

    def _catch_up(self) -> None:
        """Judges what the log holds beyond the judged position, and lots whose events may not have been judged."""
        parts = self.parts
        if not self._is_read:
            with parts.turns.turn() as turn:
                self._read_all(turn)
            self._is_read = True
        while True:
            with self._store.reading() as tx:
                rows = self._store.log.after(tx, parts.progress.position, RESUME_CHUNK)
            if not rows:
                break
            parts.batches.judge(
                [Arrived(r.channel, _reading_of(r), r.item, True) for r in rows], rows[-1].position
            )
        with self._store.reading() as tx:
            parts.judging_lots.read_at_once(parts.lot_queue.put_all(tx, "resumed"))
        try:
            parts.judging_lots.judge_all()
        finally:
            parts.judging_lots.read_at_once(None)
        self._is_behind, self._judging_failure = False, None

    # --- the main path ---

    def take(self, decoded: Decoded, acknowledge: Callable[[], None]) -> None:
        """Commits what a batch says, acknowledges it, judges it. Raises only if it can't be committed: nothing has
        happened then, and the same batch can be taken again. What fails later is made up for from the log."""
        parts = self.parts
        with parts.turns.one_at_a_time:
            with parts.turns.turn() as turn:
                committed = parts.intake.commit(turn, decoded)
            was_behind, self._is_behind = self._is_behind, True
            try:
                acknowledge()
            except Exception:
                log.exception("acknowledging failed; the messages will come again, and are known then")
            for status in decoded.statuses:
                parts.watch.set_online(*status)
            try:
                if was_behind:
                    self._catch_up()
                else:
                    parts.batches.judge(committed.rows, committed.position, committed.lots)
            except Exception as error:
                # What was committed stays; the facts are made from the last judged position as soon as that works.
                log.exception("judging failed; it starts again from the last judged position")
                self._judging_failure = f"judging failed: {error}"
            else:
                self._is_behind, self._judging_failure = False, None

    def lot_event(self, event: LotEvent) -> Outcome:
        """Records an event that a person or another program states through us; raises ValueError for one that would
        have no effect, in words."""
        parts, lots = self.parts, set[str]()
        with parts.turns.turn() as turn:
            parts.lots.refuse_without_effect(turn.tx, event)
            outcome = parts.intake.append_lot_event(turn, event, lots)
            parts.lot_queue.after_event(turn.tx, lots)
        parts.judging_lots.judge_some()
        return outcome

    # --- the clock ---

    def listen(self, connected_since: int | None) -> None:
        """Says since when messages can reach us (None: they can't). Silences due before that are taken first."""
        parts = self.parts
        with parts.turns.one_at_a_time:
            if connected_since != self._listening_since:
                now = self._around.clock.now()
                if self._listening_since not in (None, _NOT_SAID):
                    parts.isolation.each("silence", parts.silences.due(now), parts.silences.look)
                self._listening_since = connected_since
                parts.watch.listen_from(connected_since, now)

    def tick(self, now: int, connected_since: int | None) -> None:
        """Takes every deadline up to ``now`` (:mod:`monitor.writer.clockwork`)."""
        parts = self.parts
        with parts.turns.one_at_a_time:
            parts.clockwork.attempt("listen", partial(self.listen, connected_since))
            parts.clockwork.take(now)
            parts.clockwork.attempt("note progress", partial(self._note_progress, now))
            parts.clockwork.attempt("end idle", partial(parts.ending.end_idle, now))

    def _note_progress(self, now: int) -> None:
        if self._is_behind:
            self._catch_up()
        elif self.parts.progress.is_due(now):
            with self.parts.turns.turn() as turn:
                self.parts.progress.flush(turn)

    def ingest(self, decoded: Decoded, *, live: bool, marks: Mapping[str, str], last: bool) -> JSON:
        """What :meth:`monitor.ports.Commands.ingest` promises, of messages that are decoded."""
        imports = self.parts.imports
        if live:
            return self._take_live(decoded)
        with self.parts.turns.one_at_a_time:
            if self._is_behind:
                self._note_progress(self._around.clock.now())
            if last:
                return self.parts.ending.step(marks)
            try:
                return imports.take(decoded, marks)
            except Exception as error:
                if self._store.is_trouble(error):
                    raise
                log.exception(
                    "judging a part of an import fails; it is judged at the end, channel by channel"
                )
                return imports.take(decoded, marks, judge=False)

    def _take_live(self, decoded: Decoded) -> JSON:
        """Messages that another way than the broker's has brought just now."""
        with self.parts.turns.one_at_a_time:
            before = self.parts.counts.duplicates
            self.take(decoded, lambda: None)
            duplicates = self.parts.counts.duplicates - before
        return {
            "readings": len(decoded.readings) - duplicates,
            "duplicates": duplicates,
            "rejected": rejected_in_words(decoded),
        }

    # --- ourselves ---

    def note_health(self, well: Mapping[str, bool]) -> None:
        """Puts on record how the parts of the program are, if that has changed or an hour has passed."""
        with self.parts.turns.turn() as turn:
            note_health(self._store, turn.tx, well, self.parts.counts, turn.now)

    def carry_out(self, outcomes: Iterable[Hold | End], markers: Mapping[str, str] | None = None) -> None:
        """Does what a cause about ourselves comes to; ``markers`` are kept in the same commit."""
        with self.parts.turns.turn() as turn:
            self._store.due.put_markers(turn.tx, markers or {})
            self.parts.alarms.carry_out(turn.tx, outcomes, turn.now)

    def hold(self, truth: Truth) -> None:
        """Raises an alarm about ourselves (a projection that lags)."""
        self.carry_out([Hold(truth)])

    def end(self, condition: AlarmCondition, subject: str, why: str = "recovered") -> None:
        """Ends such an alarm as of now, if it is open."""
        if self.is_open(condition, subject):
            self.carry_out([End(condition, subject, self._around.clock.now(), {"clear_reason": why})])

    def is_open(self, condition: AlarmCondition, subject: str) -> bool:
        """Whether there is an open alarm of a condition about a subject."""
        with self.parts.turns.one_at_a_time:
            return self.parts.alarms.get(condition, subject) is not None

    def open_subjects(self, condition: AlarmCondition) -> list[str]:
        """What a condition has an open alarm about."""
        with self.parts.turns.one_at_a_time:
            return self.parts.alarms.open_subjects(condition)

    def close(self) -> None:
        """Writes what is still to be noted. What could not be judged is judged from the log by the next process."""
        with self.parts.turns.one_at_a_time:
            if not self._is_behind:
                with self.parts.turns.turn() as turn:
                    self.parts.progress.flush(turn)


def _reading_of(row: LogRow) -> Reading:
    return Reading(row.measured_at, row.received_at, row.celsius, row.fault, row.seq, row.battery_percent)
