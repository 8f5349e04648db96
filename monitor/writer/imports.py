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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from monitor.core.alarm.alarm import Alarm
from monitor.core.channel.liveness import ProbeFault
from monitor.core.fact import is_alive, is_going_on
from monitor.core.lot.ledger import Ledger
from monitor.core.time.instant import MINUTE
from monitor.ports import JSON, Arrived, Decoded, Store, Tx
from monitor.writer.asides import JUDGING
from monitor.writer.channel.desk import ExcursionChange
from monitor.writer.channel.judge import Judge
from monitor.writer.turn import Turn, Waiting

if TYPE_CHECKING:
    from monitor.writer.parts import Parts

log = structlog.get_logger(__name__)

IDLE_MAX = 10 * MINUTE
"""An import that says nothing for this long is over: it was broken off, and what it held back must be told."""
STEPS_FOR = 500
"""How long (ms) one tick goes on ending a broken-off import."""
FIRST_REJECTED = 20
"""Rejected items of a part that are given back in words; all are counted, and kept with the rejected messages."""
_MARKER = "import"


class Imports:
    """Takes imports for the writer, in its turns. Its state is small: at most an instant for each channel and a fault
    for each probe, and while an import is on the names of the lots it touched."""

    def __init__(self, parts: Parts, store: Store) -> None:
        self._parts = parts
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

    # --- part of every turn ---

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: what is held back is on record."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Takes what is held back from the store."""
        kept: dict[str, Any] = json.loads(self._store.due.marker(turn.tx, _MARKER) or "{}")
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

    def take(self, decoded: Decoded, marks: Mapping[str, str], *, judge: bool = True) -> JSON:
        """Takes a part of an import. It is durable, judged and noted with ``marks`` (small named values) in one
        commit; raises if that fails, and nothing has happened then. Without ``judge`` its readings are neither heard
        nor judged before the end, channel by channel.

        Returns what came of it: counts of ``readings``, ``duplicates`` and ``events``, what was ``rejected``, which
        ``excursions`` changed, which ``alarms`` of the past were recorded.
        """
        parts, store = self._parts, self._store
        with self._turn() as turn:
            tx = turn.tx
            if self._last is None:
                self._last = store.history.last_measured(tx)
            self._until = turn.now + IDLE_MAX
            rows, lots, events, position = parts.intake.commit(turn, decoded)
            changes = self._judge(turn, rows) if judge else self._judge_later(rows)
            parts.signs.trails.forget({row.channel for row in rows})
            self._touched.lots |= lots
            store.due.put_markers(tx, marks)
            self._save(tx)
            parts.progress.reach(turn, position, has_news=True)
            alarms = self._of_the_past()
        parts.counts.judged += len(rows)
        if rows:
            parts.around.publish("readings", {"count": len(rows)})
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
    def _turn(self) -> Iterator[Turn]:
        """One turn, in which alarms of the past are noted."""
        with self._noting_alarms(), self._parts.turns.turn() as turn:
            yield turn

    @contextmanager
    def _noting_alarms(self) -> Iterator[None]:
        with self._parts.turns.one_at_a_time:
            self._alarms = []
            try:
                yield
            finally:
                self._alarms = None

    def _judge_later(self, rows: Iterable[Arrived]) -> dict[str, str]:
        for row in rows:
            at = row.reading.measured_at
            self._since[row.channel] = min(at, self._since.get(row.channel, at))
        return {}

    def _judge(self, turn: Turn, rows: Sequence[Arrived]) -> dict[str, str]:
        """Judges readings that are later than all of their channel; notes the others for the end, and those of
        channels that are set aside."""
        reasons = self._parts.judge.why_bad(rows)
        self._parts.readings.hear(turn, rows, reasons)
        last, since = self._last, self._since
        assert last is not None
        ordered: list[Arrived] = []
        why: list[str | None] = []
        aside = {number for path in self._parts.arrears.channels() if (number := self._parts.ids.get(path))}
        for arrived, reason in zip(rows, reasons, strict=True):
            channel, at = arrived.channel, arrived.reading.measured_at
            if reason is None:
                if channel in since:
                    since[channel] = min(since[channel], at)
                    continue
                if at <= last.get(channel, at - 1) or channel in aside:
                    since[channel] = at
                    continue
                last[channel] = at
            ordered.append(arrived)
            why.append(reason)
        return self._follow(turn, self._parts.readings.judged(turn, ordered, why))

    def _follow(self, turn: Turn, changes: Sequence[ExcursionChange]) -> dict[str, str]:
        """What changed excursions lead to now: all but what is open. Gives each id with what became of it."""
        judge, temperatures = self._parts.judge, self._parts.temperatures
        self._touched.note(judge, changes)
        for change in changes:
            if not is_going_on(change.body):
                temperatures.on_excursion(turn.tx, change, turn.now)
        for spelled in judge.take_spells():
            temperatures.on_spells(turn.tx, spelled, turn.now, hold=False)
        became: dict[str, str] = {}
        for change in changes:
            what = "changed" if is_alive(change.body) else "withdrawn"
            became[change.id] = (
                "new" if change.version == 1 or became.get(change.id) == what == "new" else what
            )
        return became

    def on_faults(self, tx: Tx, faults: Sequence[ProbeFault], now: int) -> None:
        """Probes turned faulty or sound, as the part under way says, or live readings if there is none."""
        for fault in faults:
            if self._alarms is not None and fault.ended_at is None:
                self._faults[fault.channel] = fault
            else:
                self._faults.pop(fault.channel, None)
                self._parts.conditions.on_faults(tx, [fault], now)

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
        clock = self._parts.around.clock
        while not self._step({}, more_for=-1)["ended"]:
            if clock.now() - now > STEPS_FOR:
                return

    def _step(self, marks: Mapping[str, str], more_for: int) -> JSON:
        if not self._since:
            return self._conclude(marks)
        channel, since = next(iter(self._since.items()))
        path = self._parts.judge.path_of(channel)
        became: dict[str, str] = {}
        past: list[str] = []

        def judge_again(turn: Turn, _: str) -> None:
            self._pass_by(turn, channel, more_for)
            became.update(self._follow(turn, self._parts.readings.judge_again(turn, channel, since)))
            past[:] = self._of_the_past()

        def give_up(turn: Turn, path: str) -> None:
            self._pass_by(turn, channel, more_for)
            self._parts.arrears.note(turn, path, since)

        with self._noting_alarms():
            self._parts.isolation.alone(JUDGING, path, judge_again, failed=give_up)
        return _answer(ended=False, excursions=became, left=len(self._since), past_alarms=past)

    def _pass_by(self, turn: Turn, channel: int, more_for: int) -> None:
        """A channel needn't be judged again by this import any more."""
        self._until = turn.now + more_for
        self._since.pop(channel, None)
        self._save(turn.tx)

    def _conclude(self, marks: Mapping[str, str]) -> JSON:
        """What holds now is told, and what it means for lots."""
        parts = self._parts
        with parts.turns.one_at_a_time:
            with self._turn() as turn:
                before = self._verdicts(turn.tx)
                self._tell_what_holds(turn)
                self._until, self._last, self._faults = None, None, {}
                self._touched.queue(turn.tx, parts, turn.now)
                self._store.due.put_markers(turn.tx, marks)
                self._save(turn.tx)
                alarms = list(self._alarms or ())
            self._touched = _Touched()
            self._alarms = alarms
            try:
                while parts.judge_some_lots():
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

    def _tell_what_holds(self, turn: Turn) -> None:
        parts, tx, now = self._parts, turn.tx, turn.now
        for fact in self._store.facts.current(tx, "excursion", open_only=True):
            if is_going_on(fact.body) and fact.subject in parts.around.rules:
                parts.temperatures.on_held_back(tx, fact, now)
        parts.temperatures.tell_open(tx, now)
        parts.conditions.on_faults(tx, self._faults.values(), now)

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

    def queue(self, tx: Tx, parts: Parts, now: int) -> None:
        """Queues the lots to which all that may matter."""
        lots = parts.lots
        lots.queue_after_readings(self._stirred.values())
        for channel, at in self._late.items():
            lots.queue_after_late(channel, at, now)
        parts.readings.queue_lots_inside(self._changes)
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
