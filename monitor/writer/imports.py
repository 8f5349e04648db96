"""The past, as the writer takes it: an import in parts, which wakes no one for what is over by its end.

One rule decides who is told. While an import is on, what its readings leave *open* (a confirmed excursion, a probe's
fault) is on record and raises nothing; what they close is an alarm of the past. When the import ends, whatever still
holds is raised. An import that says nothing more for ``IDLE_MAX`` has ended too: nothing is held back for ever.

A part commits with all that follows from it, so a crash leaves nothing half done; and what is held back commits with
it, so that a restart knows. Readings later than all of their channel are judged as they come. Those that belong before
others are judged once, at the end: an import of a year is one judging again for each channel, not thousands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from monitor.core.alarm.alarm import Alarm
from monitor.core.channel.liveness import ProbeFault
from monitor.core.fact import is_alive, is_going_on
from monitor.core.lot.ledger import Ledger
from monitor.core.time.instant import MINUTE
from monitor.ports import JSON, Arrived, Decoded, Store, Tx
from monitor.writer.channel.desk import ExcursionChange
from monitor.writer.channel.judge import Judge

if TYPE_CHECKING:
    from monitor.writer.writer import Monitor

log = structlog.get_logger(__name__)

IDLE_MAX = 10 * MINUTE
"""An import that says nothing for this long is over: it was broken off, and what it held back must be told."""
STEPS_FOR = 500
"""How long (ms) one tick goes on ending a broken-off import."""
FIRST_REJECTED = 20
"""Rejected items of a part that are given back in words; all are counted, and kept with the rejected messages."""
_MARKER = "import"


class Imports:
    """Takes imports for the writer, whose lock and transactions it uses. Its state is small: at most an instant for
    each channel and a fault for each probe, and while an import is on the names of the lots it touched."""

    def __init__(self, writer: Monitor, store: Store) -> None:
        self._writer = writer
        self._store = store
        self._until: int | None = None  # None: no import is on
        self._since: dict[
            int, int
        ] = {}  # channels to judge again, from their earliest reading that came late
        self._faults: dict[str, ProbeFault] = {}  # open, and told to no one
        self._last: dict[int, int] | None = (
            None  # the latest instant of each channel; None: not looked up yet
        )
        self._touched = _Touched()
        self._alarms: list[Alarm] | None = None  # of the part under way; None: none is

    # --- what a restart must know ---

    def resume(self, tx: Tx) -> None:
        """Takes what is held back from the store: at the start, and after a transaction that failed."""
        kept: dict[str, Any] = json.loads(self._store.due.marker(tx, _MARKER) or "{}")
        self._until, self._last = kept.get("until"), None
        self._since = {int(channel): at for channel, at in kept.get("since", {}).items()}
        self._faults = {
            path: ProbeFault(path, since_at, reason, None)
            for path, (since_at, reason) in kept.get("faults", {}).items()
        }

    def _save(self, tx: Tx) -> None:
        kept: JSON = {}
        if self._until is not None:
            faults = {path: (fault.since_at, fault.reason) for path, fault in self._faults.items()}
            kept = {"until": self._until, "since": self._since, "faults": faults}
        self._store.due.put_markers(tx, {_MARKER: json.dumps(kept)})

    @property
    def is_on(self) -> bool:
        """Whether an import is under way."""
        return self._until is not None

    def faulty(self) -> dict[str, int]:
        """The probes whose fault is held back, and since when: no one else would remember them."""
        return {path: fault.since_at for path, fault in self._faults.items()}

    # --- taking ---

    def ingest(self, decoded: Decoded, *, live: bool, marks: Mapping[str, str], last: bool) -> JSON:
        """What :meth:`monitor.ports.Commands.ingest` promises, of messages that are decoded."""
        if live:
            return self._take_live(decoded)
        return self.end(marks) if last else self.take(decoded, marks)

    def _take_live(self, decoded: Decoded) -> JSON:
        """Messages that another way than the broker's has brought just now."""
        counts = self._writer.counts
        with self._writer._lock:
            before = counts.duplicates
            self._writer.take(decoded, lambda: None)
            duplicates = counts.duplicates - before
        return {
            "readings": len(decoded.readings) - duplicates,
            "duplicates": duplicates,
            "rejected": rejected_in_words(decoded),
        }

    def take(self, decoded: Decoded, marks: Mapping[str, str]) -> JSON:
        """Takes a part of an import. It is durable, judged and noted with ``marks`` (small named values) in one
        commit; raises if it can't be committed, and nothing has happened then.

        Returns what came of it: counts of ``readings``, ``duplicates`` and ``events``, what was ``rejected``, which
        ``excursions`` changed, which ``alarms`` of the past were recorded.
        """
        writer, store = self._writer, self._store
        with self._writing() as (tx, now):
            if self._last is None:
                self._last = store.history.last_measured(tx)
            self._until = now + IDLE_MAX
            position = store.log.next_position()
            rows, lots = writer._commit(decoded)
            events = store.log.next_position() - position - len(rows)
            reasons = writer._judge.why_bad(rows)
            writer._hear(tx, rows, reasons, now)
            changes = self._judge(tx, rows, reasons, now)
            writer._signs.forget({row.channel for row in rows})
            self._touched.lots |= lots
            store.due.put_markers(tx, marks)
            self._save(tx)
            writer._judged_position = max(writer._judged_position, store.log.next_position() - 1)
            writer._flush(tx, now)
            alarms = self._of_the_past()
        writer.counts.judged += len(rows)
        if rows:
            writer._around.publish("readings", {"count": len(rows)})
        return {
            "readings": len(rows),
            "duplicates": len(decoded.readings) - len(rows),
            "events": events,
            "duplicate_events": len(decoded.lot_events) + len(decoded.unit_events) - events,
            "statuses": len(decoded.statuses),
            "rejected": rejected_in_words(decoded),
            "excursions": changes,
            "past_alarms": alarms,
        }

    @contextmanager
    def _writing(self) -> Iterator[tuple[Tx, int]]:
        """The writer's lock and one transaction, and the present instant. If it fails, the writer forgets what it
        thought of the part and starts again from what is committed."""
        writer = self._writer
        with writer._lock:
            now = writer._around.clock.now()
            if writer._is_behind:
                writer._note_progress(now)
            self._alarms = []
            try:
                with writer._writing() as tx:
                    yield tx, now
            except BaseException:
                writer._is_behind = True
                raise
            finally:
                self._alarms = None

    def _judge(
        self, tx: Tx, rows: Sequence[Arrived], reasons: Sequence[str | None], now: int
    ) -> dict[str, str]:
        """Judges readings that are later than all of their channel; notes the others for the end."""
        last, since = self._last, self._since
        assert last is not None
        ordered: list[Arrived] = []
        why: list[str | None] = []
        for arrived, reason in zip(rows, reasons, strict=True):
            channel, at = arrived.channel, arrived.reading.measured_at
            if reason is None:
                if channel in since:
                    since[channel] = min(since[channel], at)
                    continue
                if at <= last.get(channel, at - 1):
                    since[channel] = at
                    continue
                last[channel] = at
            ordered.append(arrived)
            why.append(reason)
        return self._follow(tx, self._writer._judge.take(tx, ordered, why, now), now)

    def _follow(self, tx: Tx, changes: Sequence[ExcursionChange], now: int) -> dict[str, str]:
        """What changed excursions lead to now: all but what is open. Gives each id with what became of it."""
        temperatures = self._writer._temperatures
        self._touched.note(self._writer._judge, changes)
        for change in changes:
            self._writer._count(change)
            if not is_going_on(change.body):
                temperatures.on_excursion(tx, change, now)
        for spelled in self._writer._judge.take_spells():
            temperatures.on_spells(tx, spelled, now, hold=False)
        found: dict[str, str] = {}
        for change in changes:
            what = "changed" if is_alive(change.body) else "withdrawn"
            found[change.id] = "new" if change.version == 1 or found.get(change.id) == what == "new" else what
        return found

    def on_faults(self, tx: Tx, faults: Sequence[ProbeFault], now: int) -> None:
        """Probes turned faulty or sound, as the part under way says, or live readings if there is none."""
        for fault in faults:
            if self._alarms is not None and fault.ended_at is None:
                self._faults[fault.channel] = fault
            else:
                self._faults.pop(fault.channel, None)
                self._writer._conditions.on_faults(tx, [fault], now)

    def note_alarm(self, alarm: Alarm) -> None:
        """An alarm has a new version."""
        if self._alarms is not None:
            self._alarms.append(alarm)

    def _of_the_past(self) -> list[str]:
        return [alarm.id for alarm in self._alarms or () if alarm.past]

    # --- ending ---

    def end(self, marks: Mapping[str, str]) -> JSON:
        """Goes one step towards the end of the import: judges one channel again, or, when none is left, raises the
        alarms whose conditions hold, judges the lots and notes ``marks``. To be called until ``ended`` is true.

        Returns also the changed ``excursions``, ``lots`` with their verdicts before and after, ``alarms`` raised and
        ``past_alarms``.
        """
        return self._step(marks, more_for=IDLE_MAX)

    def end_idle(self, now: int) -> None:
        """Ends an import that was broken off, at its deadline; some steps at each tick, for readings wait."""
        if self._until is None or now <= self._until:
            return
        log.warning("an import was broken off; what it held back is told now", channels_left=len(self._since))
        clock = self._writer._around.clock
        while not self._step({}, more_for=-1)["ended"]:
            if clock.now() - now > STEPS_FOR:
                return

    def _step(self, marks: Mapping[str, str], more_for: int) -> JSON:
        if not self._since:
            return self._conclude(marks)
        with self._writing() as (tx, now):
            self._until = now + more_for
            changes = self._judge_again(tx, *self._since.popitem(), now)
            self._save(tx)
            past = self._of_the_past()
        return _answer(ended=False, excursions=changes, left=len(self._since), past_alarms=past)

    def _judge_again(self, tx: Tx, channel: int, since: int, now: int) -> dict[str, str]:
        """Judges a channel from an instant on. Its readings of that instant are handed over twice: whatever was last
        judged there, the second time they come late, and late readings have the whole history judged again."""
        placed = self._store.history.readings(tx, channel, after=since - 1, upto=since)
        rows = [Arrived(channel, row.reading, n, False) for n, row in enumerate(placed + placed)]
        changes = self._writer._judge.take(tx, rows, self._writer._judge.why_bad(rows), now)
        return self._follow(tx, list({change.id: change for change in changes}.values()), now)

    def _conclude(self, marks: Mapping[str, str]) -> JSON:
        """What holds now is told, and what it means for lots."""
        writer, conditions, temperatures = self._writer, self._writer._conditions, self._writer._temperatures
        with writer._lock:
            with self._writing() as (tx, now):
                before = self._verdicts(tx)
                for fact in self._store.facts.current(tx, "excursion", open_only=True):
                    if is_going_on(fact.body) and fact.subject in writer._around.rules:
                        temperatures.on_held_back(tx, fact, now)
                temperatures.tell_open(tx, now)
                conditions.on_faults(tx, self._faults.values(), now)
                self._until, self._last, self._faults = None, None, {}
                self._touched.queue(tx, writer)
                self._store.due.put_markers(tx, marks)
                self._save(tx)
                alarms = list(self._alarms or ())
            self._touched = _Touched()
            self._alarms = alarms
            try:
                while writer._take_lots(now):
                    pass
            finally:
                self._alarms = None
        with self._store.reading() as tx:
            lots = [
                {"lot": lot, "before": before.get(lot), "after": verdict}
                for lot, verdict in self._verdicts(tx).items()
                if before.get(lot) != verdict
            ]
        return _answer(ended=True, lots=lots, alarms=[alarm.id for alarm in alarms if alarm.is_open])

    def _verdicts(self, tx: Tx) -> dict[str, str]:
        return {fact.id: fact.body["verdict"] for fact in self._store.facts.current(tx, "lot")}


class _Touched:
    """What of a lot's surroundings an import has changed: lots are judged when it ends."""

    def __init__(self) -> None:
        self.lots: set[str] = set()
        self._changes: dict[str, ExcursionChange] = {}
        self._stirred: dict[int, Ledger] = {}
        self._late: dict[str, int] = {}

    def note(self, judge: Judge, changes: Sequence[ExcursionChange]) -> None:
        """Takes from the judge what readings stirred, so that nobody else acts on it before the end."""
        self._changes |= {change.channel: change for change in changes}
        self._stirred |= {id(ledger): ledger for ledger in judge.take_stirred()}
        for channel, at in judge.take_late().items():
            self._late[channel] = min(at, self._late.get(channel, at))

    def queue(self, tx: Tx, writer: Monitor) -> None:
        """Queues the lots to which all that may matter."""
        lots = writer._lots
        lots.queue_after_readings(self._stirred.values())
        for channel, at in self._late.items():
            lots.queue_after_late(channel, at)
        writer._queue_lots_of(self._changes.values())
        lots.queue_after_event(tx, self.lots)


def _answer(**found: Any) -> JSON:
    """What a step of the end came to; what isn't given is nothing."""
    return {"excursions": {}, "lots": [], "left": 0, "past_alarms": [], "alarms": [], **found}


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
