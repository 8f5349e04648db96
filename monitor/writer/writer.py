"""The one writer: commit, acknowledge, judge, owe. Everything that changes the store goes through here.

A batch is committed to the log first and acknowledged then, so that nothing that the broker holds to be delivered
can be lost. Judging commits its facts, the alarms that follow and the messages owed together with the position up to
which it has judged; after a crash it goes on from there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.lot import OF_LOTS, of_lot
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.channel.liveness import SOUND_FOR, Watch
from monitor.core.channel.reading import Reading
from monitor.core.lot.event import LotEvent, UnitEvent
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import SECOND
from monitor.ports import JSON, Arrived, Decoded, LogRow, Outcome, Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.alarm.operators import Operators
from monitor.writer.calendar.chores import Chores
from monitor.writer.calendar.digests import Digests
from monitor.writer.calendar.drills import Drills
from monitor.writer.channel.desk import ExcursionChange
from monitor.writer.channel.judge import Judge
from monitor.writer.clockwork import Deadlines
from monitor.writer.condition.conditions import Conditions
from monitor.writer.condition.power import Power
from monitor.writer.condition.signs import Signs
from monitor.writer.condition.silences import Silences
from monitor.writer.condition.temperatures import Temperatures
from monitor.writer.condition.upkeep import Upkeep
from monitor.writer.condition.uploads import Uploads
from monitor.writer.copies import Copies
from monitor.writer.health import Counts, note_health
from monitor.writer.imports import Imports
from monitor.writer.lot.findings import LotEvents, event_to_json
from monitor.writer.lot.lots import LotChange, Lots
from monitor.writer.surroundings import Surroundings
from monitor.writer.turn import Memory

log = structlog.get_logger(__name__)

FLUSH_AFTER = 1 * SECOND
"""The newest readings reach the store, for pages and other processes, at most this much later."""
RESUME_CHUNK = 5_000
_NOT_SAID = -1
LOTS_MAX = 500
"""Lots judged in one transaction; more wait for the next."""


class Monitor:
    """The writer. Its methods may be called from any thread; they take turns."""

    def __init__(self, store: Store, around: Surroundings) -> None:
        self._store = store
        self._around = around
        self._lock = threading.RLock()
        probes = around.installation.probes()
        ids = {path: around.channel_ids[path] for path in probes}
        self._lots = Lots(store, around.installation, around.profiles, around.channel_ids)
        self._judge = Judge(store, dict(around.rules), ids, self._lots.ledgers)
        self._watch = Watch(probes, around.rules, ids, around.limits)
        self._alarms = Alarms(store, around.policy, around.voice, around.installation, self._on_alarm)
        self._copies = Copies(store)
        known = store, around.installation, around.rules
        self._conditions = Conditions(*known, self._alarms, self._lots, self._watch.newest)
        of_alarms = self._alarms, self._conditions
        self._temperatures = Temperatures(store, around.installation, self._judge, *of_alarms)
        self._silences = Silences(store, around.installation, *of_alarms, self._watch)
        self._upkeep = Upkeep(store, around.installation, around.limits, *of_alarms, self._watch)
        self._power = Power(store, around.installation, *of_alarms)
        self._uploads = Uploads(store, self._judge, self._alarms, self._temperatures)
        self._signs = Signs(store, around, self._alarms, self._conditions, self._lots, self._watch.heard_at)
        self._digests = Digests(store, around)
        self._drills = Drills(store, around, self._alarms)
        self.imports = Imports(self, store)
        self._deadlines = Deadlines(self, store)
        self.chores = Chores(self._writing, store, around.clock)
        self.operators = Operators(self._writing, around, self._alarms, self._conditions)
        parts = self._uploads, self._power, self._signs, self._watch
        self._memory = Memory(part for one in parts for part in one.to_do)
        self._is_behind = False  # something committed has not been judged
        self._is_stale = False  # a transaction failed; what is remembered may not be in the store
        self._judged_position = 0
        self._judged_noted = 0
        self._flushed_at = 0
        self._listening_since: int | None = _NOT_SAID
        self.counts = Counts()
        self._judging_failure: str | None = None

    @property
    def failure(self) -> str | None:
        """What can't be done, in words; None: nothing. Each stays until it works again: that readings are judged says
        nothing of a ladder that can't be climbed."""
        judging = [] if self._judging_failure is None else [self._judging_failure]
        return "; ".join([*judging, *self._deadlines.failures()]) or None

    # --- starting ---

    def resume(self) -> None:
        """Goes on where the last process stopped: judges what was committed and not judged, forgets nothing."""
        with self._lock:
            now = self._around.clock.now()
            self._is_behind, self._is_stale = True, False  # all of it is taken from the store here
            with self._writing() as tx:
                self._judged_position = int(self._store.due.marker(tx, "judged_position") or 0)
                self._judged_noted = self._judged_position
                self._copies.resume(tx, now)
                self._judge.resume(tx, self._judged_position)
                self._watch.resume(self._store.history.latest(tx))
                self._recall(tx)
                self._temperatures.resume(tx)
                if not self.imports.is_on:
                    self._uploads.resume(tx, now, self._around.rules)
                self._conditions.end_unwatched(tx, now)
                self._power.resume(tx, now)
                self._signs.resume(tx, now)
            self._catch_up()
            self._is_behind, self._judging_failure = False, None

    def _recall(self, tx: Tx) -> None:
        """Takes alarms and lots from the store: at the start, and after a transaction that failed."""
        self._alarms.resume(tx)
        self._lots.resume(tx)
        self.imports.resume(tx)
        faulty = self.imports.faulty() | {
            path: alarm.raised_at
            for path in self._alarms.open_subjects(AlarmCondition.PROBE_FAULT)
            if (alarm := self._alarms.get(AlarmCondition.PROBE_FAULT, path)) is not None
        }
        sound = self._judge.good_since(tx, faulty, SOUND_FOR)
        self._silences.resume(tx)
        self._upkeep.resume(tx)
        self._watch.recall(self._silences.silent(), faulty, sound)
        self._watch.recall_words(self._upkeep.low(), self._upkeep.runs(tx), self._silences.steady())

    @contextmanager
    def _writing(self) -> Iterator[Tx]:
        """A transaction in which alarms and lots may change. If it fails, what the store forgot is forgotten here
        too; nobody would raise again an alarm that is thought to be open. And what was taken from memory to be done
        in it is to be done still (:class:`monitor.writer.turn.Memory`)."""
        with self._lock:
            to_do, positions = self._memory.copy(), (self._judged_position, self._judged_noted)
            try:
                with self._store.writing() as tx:
                    if self._is_stale:
                        self._recall(tx)
                    yield tx
                    self._alarms.settle(tx, self._around.clock.now())
                self._is_stale = False
            except BaseException:
                self._is_stale = True
                self._memory.restore(to_do)
                self._judged_position, self._judged_noted = positions
                raise

    def _catch_up(self) -> None:
        """Judges what the log holds beyond the judged position, and lots whose events may not have been judged."""
        while True:
            with self._store.reading() as tx:
                rows = self._store.log.after(tx, self._judged_position, RESUME_CHUNK)
            if not rows:
                break
            self._judge_rows(
                [Arrived(r.channel, _reading_of(r), r.item, True) for r in rows], rows[-1].position
            )
        with self._store.reading() as tx:
            events = self._lots.queue_all(tx, "resumed")
        while self._take_lots(self._around.clock.now(), events):
            pass

    # --- the main path ---

    def take(self, decoded: Decoded, acknowledge: Callable[[], None]) -> None:
        """Commits what a batch says, acknowledges it, judges it. Raises only if it can't be committed: nothing has
        happened then, and the same batch can be taken again. What fails later is made up for from the log."""
        with self._lock:
            rows, lots = self._commit(decoded)
            was_behind, self._is_behind = self._is_behind, True
            try:
                acknowledge()
            except Exception:
                log.exception("acknowledging failed; the messages will come again, and are known then")
            for status in decoded.statuses:
                self._watch.set_online(*status)
            self._judge_committed(rows, lots, was_behind=was_behind)

    def _judge_committed(self, rows: Sequence[Arrived], lots: Iterable[str], *, was_behind: bool) -> None:
        """Judges a batch, or, if an earlier one could not be judged, all that the log holds since."""
        try:
            if was_behind:
                self.resume()
            else:
                self._judge_rows(rows, self._store.log.next_position() - 1, lots)
        except Exception as error:
            # What was committed stays; the facts are made from the last judged position as soon as that works.
            log.exception("judging failed; it starts again from the last judged position")
            self._judging_failure = f"judging failed: {error}"
        else:
            self._is_behind, self._judging_failure = False, None

    def _commit(self, decoded: Decoded) -> tuple[list[Arrived], set[str]]:
        now = self._around.clock.now()
        lots: set[str] = set()
        with self._writing() as tx:
            rows = self._copies.leave_out(tx, decoded.readings)
            position = self._store.log.next_position()
            self._store.log.append_readings(
                tx,
                [
                    (position + n, channel, *reading, item)
                    for n, (channel, reading, item, _) in enumerate(rows)
                ],
                now,
            )
            for event, received_at in decoded.lot_events:
                self._append_event(tx, "lot", event.lot, received_at, event_to_json(event), lots)
            for unit_event, received_at in decoded.unit_events:
                body = {name: getattr(unit_event, name) for name in UnitEvent.__slots__}
                self._append_event(tx, "unit", unit_event.unit_path, received_at, body, lots)
            self._store.log.append_rejected(tx, decoded.rejected)
        counts = self.counts
        counts.received += len(decoded.readings)
        counts.duplicates += len(decoded.readings) - len(rows)
        counts.appended += len(rows)
        counts.rejected += len(decoded.rejected)
        counts.events += len(decoded.lot_events) + len(decoded.unit_events)
        counts.batches += 1
        return rows, lots

    def _append_event(
        self, tx: Tx, scope: str, subject: str, received_at: int, body: JSON, lots: set[str]
    ) -> Outcome:
        """Appends an event; ``lots`` gains those to judge: its own, and with a contested id all that had that id."""
        outcome = self._store.log.append_event(tx, scope, subject, received_at, body)
        event_id = body["event_id"]
        if scope == "lot":
            lots.add(subject)
        else:
            self._signs.doors.stir(subject)
            self._power.stir(subject)
        if outcome == "conflict":
            lots.update(self._store.log.event_subjects(tx, "lot", event_id))
            condition = AlarmCondition.EVENT_CONFLICT
            text = f"two different events of id {event_id!r}, one for {subject}: both are set aside"
            evidence = {"text": text, scope: subject, "event_id": event_id}
            truth = Truth(condition, event_id, received_at, LEVEL_OF[condition], evidence)
            self._alarms.hold(tx, truth, self._around.clock.now())
        return outcome

    def _judge_rows(self, rows: Sequence[Arrived], last_position: int, lots: Iterable[str] = ()) -> None:
        now = self._around.clock.now()
        reasons = self._judge.why_bad(rows)
        with self._writing() as tx:
            fact_position = self._store.facts.next_position()
            self._hear(tx, rows, reasons, now)
            changes = self._judge.take(tx, rows, reasons, now)
            for change in changes:
                self._count(change)
            self._uploads.follow(tx, changes, self._judge.take_spells(), rows, now)
            self._signs.hear(rows, reasons)
            self._signs.look(tx, now)
            self._power.look(tx, now)
            self._queue_lots_of(changes)
            self._lots.queue_after_event(tx, lots)
            judged = self._judge_queued(tx, now)
            self._judged_position = max(self._judged_position, last_position)
            if self._store.facts.next_position() != fact_position or now - self._flushed_at >= FLUSH_AFTER:
                self._flush(tx, now)
        self._lots.done(judged)
        self.counts.judged += len(rows)
        if rows:
            self._around.publish("readings", {"count": len(rows)})

    def _flush(self, tx: Tx, now: int) -> None:
        """Notes how far judging has come, together with everything that followed from it."""
        if self._judged_position != self._judged_noted:
            self._store.due.put_markers(tx, {"judged_position": self._judged_position})
            self._judged_noted = self._judged_position
        self._store.history.put_latest(tx, self._watch.take_changed())
        if self._store.history.settle(tx, self._judged_position):
            self._judge.checkpoint(tx)
        self._flushed_at = now

    # --- what follows from readings ---

    def _hear(self, tx: Tx, rows: Sequence[Arrived], reasons: Sequence[str | None], now: int) -> None:
        watch = self._watch
        for arrived, reason in zip(rows, reasons, strict=True):
            if arrived.item == 0 and watch.has_words:
                self._take_words(tx, now)
            heard = watch.hear(arrived, reason)
            if heard is not None:
                self._silences.take(tx, heard, now)
        self._take_words(tx, now)
        self._upkeep.save(tx, watch.take_runs())

    def _take_words(self, tx: Tx, now: int) -> None:
        """What a message has said of its probe."""
        self._watch.has_words = False
        self.imports.on_faults(tx, self._watch.take_faults(), now)
        self._upkeep.take(tx, now)

    # --- lots ---

    def _count(self, change: ExcursionChange) -> None:
        self.counts.excursion_changes += 1
        self.counts.confirmed += "confirmed" in change.reason
        self._around.publish("excursion", {"id": change.id, "channel": change.channel})

    def _queue_lots_of(self, changes: Iterable[ExcursionChange]) -> None:
        """Queues the lots to which a batch of readings may matter."""
        self._lots.queue_after_readings(self._judge.take_stirred())
        for channel, at in self._judge.take_late().items():
            self._lots.queue_after_late(channel, at)
        units = self._around.installation.units
        for channel in {change.channel for change in changes}:
            unit = units[Channel.parse(channel).unit_path]
            if channel == unit.product_channel:
                self._lots.queue(self._lots.in_unit(unit.path), "excursion")

    def _judge_queued(self, tx: Tx, now: int, events: LotEvents | None = None) -> list[str]:
        """Judges the next lots of the queue; returns those, to be told done when that is committed."""
        due = self._lots.due(LOTS_MAX)
        for lot, reason in due:
            self._judge_lot(tx, lot, now, now, reason, events)
        return [lot for lot, _ in due]

    def _take_lots(self, now: int, events: LotEvents | None = None) -> bool:
        """Judges what is left of the queue, a bounded part in one transaction; says whether there was any."""
        with self._writing() as tx:
            judged = self._judge_queued(tx, now, events)
        self._lots.done(judged)
        return bool(judged)

    def _judge_lot(
        self, tx: Tx, lot: str, as_of: int, now: int, reason: str, events: LotEvents | None = None
    ) -> LotChange:
        change = self._lots.judge(tx, lot, as_of, now, reason, events)
        open_conditions = {condition for condition in OF_LOTS if self._alarms.get(condition, lot) is not None}
        self._alarms.carry_out(tx, of_lot(change.history, change.truths, open_conditions, as_of), now)
        self._around.publish("lot", {"lot": lot})
        return change

    def lot_event(self, event: LotEvent) -> Outcome:
        """Records an event that a person or another program states through us; raises ValueError for one that would
        have no effect, in words."""
        now, lots = self._around.clock.now(), set[str]()
        with self._writing() as tx:
            self._lots.refuse_without_effect(tx, event)
            outcome = self._append_event(tx, "lot", event.lot, now, event_to_json(event), lots)
            self._lots.queue_after_event(tx, lots)
            judged = self._judge_queued(tx, now)
        self._lots.done(judged)
        return outcome

    # --- the clock ---

    def listen(self, connected_since: int | None) -> None:
        """Says since when messages can reach us (None: they can't). Silences due before that are taken first."""
        with self._lock:
            if connected_since != self._listening_since:
                now = self._around.clock.now()
                if self._listening_since not in (None, _NOT_SAID):
                    self._take_silences(now)
                self._listening_since = connected_since
                self._watch.listen_from(connected_since, now)

    def _take_silences(self, now: int) -> None:
        with self._writing() as tx:
            for silence in self._watch.silences(now):
                self._silences.take(tx, silence, now)

    def tick(self, now: int, connected_since: int | None) -> None:
        """Takes every deadline up to ``now`` (:class:`monitor.writer.clockwork.Deadlines`)."""
        with self._lock:
            self._deadlines.take(now, connected_since)

    def _note_progress(self, now: int) -> None:
        if self._is_behind:
            self.resume()
        elif now - self._flushed_at >= FLUSH_AFTER:
            with self._writing() as tx:
                self._flush(tx, now)

    def note_health(self, parts: Mapping[str, bool]) -> None:
        """Puts on record how the parts of the program are, if that has changed or an hour has passed."""
        with self._lock, self._store.writing() as tx:
            note_health(self._store, tx, parts, self.counts, self._around.clock.now())

    def hold(self, truth: Truth) -> None:
        """Raises an alarm about ourselves (a projection that lags)."""
        with self._writing() as tx:
            self._alarms.hold(tx, truth, self._around.clock.now())

    def end(self, condition: AlarmCondition, subject: str, why: str = "recovered") -> None:
        """Ends such an alarm."""
        with self._lock:
            if self._alarms.get(condition, subject) is not None:
                now = self._around.clock.now()
                with self._writing() as tx:
                    evidence = {"clear_reason": why}
                    self._alarms.end(tx, condition, subject, at=now, now=now, evidence=evidence)

    def _on_alarm(self, alarm: Alarm) -> None:
        self.counts.alarms_raised += alarm.is_open
        self.imports.note_alarm(alarm)
        self._around.publish("alarm", {"id": alarm.id})

    def close(self) -> None:
        """Writes what is still to be noted. What could not be judged is judged from the log by the next process."""
        with self._lock:
            if not self._is_behind:
                with self._store.writing() as tx:
                    self._flush(tx, self._around.clock.now())


def _reading_of(row: LogRow) -> Reading:
    return Reading(row.measured_at, row.received_at, row.celsius, row.fault, row.seq, row.battery_percent)
