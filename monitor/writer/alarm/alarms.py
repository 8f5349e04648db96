"""Alarms as facts, and the messages owed about them: recorded together, sent later by whoever delivers.

Nothing is sent from here. What changed in a transaction is settled at its end (:meth:`Alarms.settle`): alarms that came
together become one page, and rows that say what is owed commit with the alarms themselves, so that a crash at any
point after that loses no message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from monitor.core.alarm.alarm import (
    Acknowledgement,
    Alarm,
    acknowledged,
    cleared,
    decide,
    of_the_past,
    raised,
    rearmed,
    replaced,
    reset,
    told_anew,
    told_as_part_of,
    told_by_itself,
    worsened,
)
from monitor.core.alarm.cause.flood import of_cause_shelved
from monitor.core.alarm.cause.outcome import Adopt, Amend, End, Hold, Outcome, Past
from monitor.core.alarm.condition import ENDED_BY_ACKNOWLEDGEMENT, AlarmCondition, Truth
from monitor.core.alarm.machine import State
from monitor.core.alarm.suppression import Suppression, hushing
from monitor.core.profile.installation import Installation
from monitor.core.telling.policy import Policy
from monitor.core.time.instant import LATEST, MINUTE, SECOND, format_instant
from monitor.ports import Fact, Store, Tx
from monitor.words.voice import Voice
from monitor.writer.alarm.floods import Floods
from monitor.writer.alarm.suppressions import Suppressions
from monitor.writer.telling.telling import Present, Telling
from monitor.writer.turn import Turn, Waiting

Key = tuple[AlarmCondition, str]
ActBy = Callable[[Tx, Alarm, int], int | None]
"""By when somebody must have acted about an alarm, as forecast now."""

LADDERS_EVERY = 5 * SECOND
SHELVES_EVERY = 1 * MINUTE
_EARLIER_MAX = 50
_WAITING = (State.RETURNED_UNACKNOWLEDGED, State.LATCHED_UNACKNOWLEDGED, State.LATCHED_ACKNOWLEDGED)
"""Over, and still waiting for a person."""


class Alarms:
    """The open alarms, and what their coming and going owes to whom. Used by the one writer."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        voice: Voice,
        installation: Installation,
        on_change: Callable[[Alarm], None] = lambda alarm: None,
    ) -> None:
        self._store = store
        self._policy = policy
        self._on_change = on_change
        self._telling = Telling(store, policy, voice, installation)
        self.suppressions = Suppressions(store)
        self._floods = Floods(store, self._telling.place_of, self.is_hushed)
        self._open: dict[Key, Alarm] = {}
        self.changed: dict[str, Alarm] = {}
        """The alarms that changed in this turn, by id: people are told of them as it ends."""
        # Of what changed and is over now: how it was, if that is news too.
        self._was_open: dict[str, Alarm] = {}
        self._climbing: set[str] = set()  # alarms of which time alone may owe more
        self._climbed_at = self._shelves_looked_at = 0
        self._act_by: ActBy = lambda tx, alarm, now: None
        self._told: set[str] = set()
        self._untold: dict[str, Exception] = {}
        self.is_set_aside: Callable[[str, int], bool] = lambda alarm, now: False
        """Whether the telling of an alarm failed, and isn't to be tried again yet."""

    def say_with(self, present: Present, act_by: ActBy) -> None:
        """What an alarm is like as a message about it is put together comes from ``present``."""
        self._telling.present = present
        self._act_by = act_by

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: all of it is on record."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Finds the alarms that are open, and what holds their telling back."""
        tx = turn.tx
        facts = self._store.facts.current(tx, "alarm", open_only=True)
        found = [Alarm.from_json(fact.body) for fact in facts]
        self._open = {(alarm.condition, alarm.subject): alarm for alarm in found}
        self.changed, self._was_open = {}, {}
        self._told, self._untold = set(), {}
        self._climbing = {alarm.id for alarm in found}
        self.suppressions.resume(tx)

    # --- what is open ---

    def get(self, condition: AlarmCondition, subject: str) -> Alarm | None:
        """The open alarm of a condition and subject."""
        return self._open.get((condition, subject))

    def open_subjects(self, condition: AlarmCondition) -> list[str]:
        """What a condition has an open alarm about."""
        return [subject for open_condition, subject in self._open if open_condition == condition]

    def open(self) -> Iterable[Alarm]:
        """Every open alarm."""
        return list(self._open.values())

    # --- what is true ---

    def carry_out(self, tx: Tx, outcomes: Iterable[Outcome], now: int) -> None:
        """Does what a cause comes to, one after the other: each may be asked for as the one before it is done."""
        for outcome in outcomes:
            match outcome:
                case Hold():
                    self.hold(tx, outcome.truth, now)
                case Past():
                    self.past(tx, outcome.truth, ended_at=outcome.ended_at, now=now)
                case End(condition, subject, at, evidence):
                    self.end(tx, condition, subject, at=at, now=now, evidence=evidence)
                case Amend():
                    self.record(tx, outcome.alarm, now, outcome.why)
                case Adopt():
                    self._adopt(tx, outcome, now)

    def _adopt(self, tx: Tx, adoption: Adopt, now: int) -> None:
        alarm = adoption.alarm
        if adoption.parent is None:
            why, tell_from = adoption.why or "", now if adoption.tell_from is None else adoption.tell_from
            self.record(tx, told_by_itself(alarm, at=tell_from, why=why), now, why)
        elif (parent := self._open.get(adoption.parent)) is not None:
            why = adoption.why or f"told as part of {parent.id}"
            self.record(tx, told_as_part_of(alarm, parent.id), now, why)

    def hold(self, tx: Tx, truth: Truth, now: int) -> None:
        """A condition holds: raises its alarm, or raises the level of the open one."""
        alarm = self._open.get((truth.condition, truth.subject))
        decision = decide(alarm, truth)
        if decision == "raise":
            self._raise(tx, truth, now)
        elif decision == "worsen" and alarm is not None:
            self.record(tx, worsened(alarm, truth, now=now), now, f"now {truth.level}")

    def _raise(self, tx: Tx, truth: Truth, now: int) -> None:
        """A new alarm; one of before that is over and waits for a person gives way to it."""
        for fact in self._store.facts.current(tx, "alarm", subjects=[truth.subject], limit=_EARLIER_MAX):
            if fact.body["condition"] == truth.condition and fact.body["state"] in _WAITING:
                self.record(tx, replaced(Alarm.from_json(fact.body)), now, "came back: a new alarm")
        self.record(tx, raised(self._new_id(), truth, now=now), now, "raised")

    def end(
        self,
        tx: Tx,
        condition: AlarmCondition,
        subject: str,
        *,
        at: int,
        now: int,
        evidence: Mapping[str, Any],
    ) -> None:
        """A condition is known to be over since ``at``."""
        alarm = self._open.get((condition, subject))
        if decide(alarm, None) == "clear" and alarm is not None:
            self.record(tx, cleared(alarm, at=at, evidence=evidence), now, "cleared")

    def past(self, tx: Tx, truth: Truth, *, ended_at: int, now: int) -> None:
        """A condition that had ended before anything said that it began: recorded, told in the next digest."""
        self.record(tx, of_the_past(self._new_id(), truth, ended_at=ended_at, now=now), now, "past")

    def _new_id(self) -> str:
        return f"a{self._store.facts.next_position()}"

    def record(self, tx: Tx, alarm: Alarm, now: int, reason: str) -> None:
        """Puts an alarm on record as it is now; who is to be told of it follows as the transaction ends."""
        old = self._store.facts.one(tx, "alarm", alarm.id)
        fact = Fact(
            kind="alarm",
            id=alarm.id,
            version=1 if old is None else old.version + 1,
            recorded_at=now,
            subject=alarm.subject,
            from_at=alarm.raised_at,
            to_at=alarm.cleared_at,
            body=alarm.to_json(),
        )
        self._store.facts.record(tx, fact, reason)
        key = (alarm.condition, alarm.subject)
        if alarm.is_open:
            self._open[key] = alarm
        elif (known := self._open.get(key)) is not None and known.id == alarm.id:
            del self._open[key]
        before = self.changed.get(alarm.id)
        if before is not None and before.is_open and not alarm.is_open:
            self._was_open[alarm.id] = before
        self.changed[alarm.id] = alarm
        self._on_change(alarm)

    # --- what people do ---

    def known(self, tx: Tx, alarm_id: str) -> Alarm:
        """An alarm, open or not. Raises LookupError for an unknown one."""
        fact = self._store.facts.one(tx, "alarm", alarm_id)
        if fact is None:
            raise LookupError(f"there is no alarm {alarm_id!r}")
        return Alarm.from_json(fact.body)

    def acknowledge(self, tx: Tx, alarm_id: str, taken: Acknowledgement) -> Alarm:
        """A person takes an alarm; a drill is answered, and over, by that. Raises LookupError, and RefusedError where
        there is nothing to take."""
        alarm = self.known(tx, alarm_id)
        now_is = acknowledged(alarm, taken)
        if now_is != alarm:
            self.record(tx, now_is, taken.at, f"acknowledged by {taken.by}")
        if alarm.condition in ENDED_BY_ACKNOWLEDGEMENT and alarm.is_open:
            reason = "dealt_with"
            if alarm.condition is AlarmCondition.DRILL:
                reason = "answered" if taken.by == alarm.subject else "answered_by_another"
            evidence = {"clear_reason": reason, "answered_by": taken.by}
            self.end(tx, alarm.condition, alarm.subject, at=taken.at, now=taken.at, evidence=evidence)
        return self.known(tx, alarm_id)

    def reset(self, tx: Tx, alarm_id: str, *, by: str, reason: str, now: int) -> Alarm:
        """A person holds a latched alarm to be dealt with. Raises LookupError and RefusedError."""
        alarm = reset(self.known(tx, alarm_id))
        why = f"reset by {by}" + (f": {reason}" if reason else "")
        self.record(tx, alarm, now, why)
        return alarm

    # --- as time goes on ---

    def due(self, now: int) -> list[str]:
        """The alarms, suppressions and sites with a flood to look at now: for re-arming, ends of shelves, what breaks
        through them, causes that are gone, steps of ladders."""
        due = [alarm.id for alarm in self._open.values() if self._rearmed_at(alarm) <= now]
        due += [one.id for one in self.suppressions.in_force() if one.until_at <= now]
        if not 0 <= now - self._shelves_looked_at < SHELVES_EVERY:
            self._shelves_looked_at = now
            due += [shelf.id for shelf in self.suppressions.shelves(now)]
            due += self.open_subjects(AlarmCondition.ALARM_FLOOD)
        if not 0 <= now - self._climbed_at < LADDERS_EVERY:
            self._climbed_at = now
            self._climbing &= {alarm.id for alarm in self._open.values()}
            due += sorted(alarm for alarm in self._climbing if not self.is_set_aside(alarm, now))
        return list(dict.fromkeys(due))

    def look(self, turn: Turn, subject: str) -> None:
        """Takes what is due of one of them, each at its own instant."""
        tx, now = turn.tx, turn.now
        if self.get(AlarmCondition.ALARM_FLOOD, subject) is not None:
            self.carry_out(tx, self._floods.look(tx, list(self.open()), now), now)
        elif self.suppressions.has(subject):
            self._look_at_suppression(tx, self.suppressions.get(subject), now)
        else:
            alarm = next((alarm for alarm in self._open.values() if alarm.id == subject), None)
            if alarm is not None and self._rearmed_at(alarm) <= now:
                self._rearm(tx, alarm, now)
            elif alarm is not None:
                self.changed.setdefault(subject, alarm)

    def _look_at_suppression(self, tx: Tx, one: Suppression, now: int) -> None:
        if one.until_at <= now:
            ended = self.suppressions.end(
                tx, one, at=one.until_at, by="exosome-monitor", why="its time is up"
            )
            self._after_suppression(tx, ended, now)
        elif one.kind == "shelved":
            self._break_through(tx, one, now, self._act_by)

    def _rearmed_at(self, alarm: Alarm) -> int:
        taken, rearm_after = alarm.acknowledgement, self._policy.rearm_after
        if alarm.state is not State.ACKNOWLEDGED or taken is None or rearm_after is None:
            return LATEST
        return taken.at + rearm_after

    def _rearm(self, tx: Tx, alarm: Alarm, now: int) -> None:
        taken = alarm.acknowledgement
        assert taken is not None
        why = f"acknowledged by {taken.by} {format_instant(taken.at)}, and still not over"
        self.record(tx, rearmed(alarm, at=self._rearmed_at(alarm), why=why), now, "re-armed")

    def _after_suppression(self, tx: Tx, ended: Suppression, now: int) -> None:
        """What was held back is told, and whoever shelved it hears that it is watched again."""
        at = now if ended.ended_at is None else ended.ended_at
        if at <= ended.from_at:
            return  # it never held anything back
        told = False
        for alarm in self.open():
            if ended.covers(alarm) and alarm.state is State.UNACKNOWLEDGED:
                told = told or (alarm.parent is None and not self.is_hushed(alarm, now))
                why = f"{ended.kind.replace('_', ' ')} until now by {ended.owner}: {ended.ended_why}"
                self.record(tx, told_anew(alarm, at=at, why=why), now, "told again")
        if ended.alarm is not None and not told:
            self._telling.shelf_ended(tx, ended, self._of(ended) or self.known(tx, ended.alarm), now)

    def _of(self, shelf: Suppression) -> Alarm | None:
        return None if shelf.condition is None else self.get(shelf.condition, shelf.subject)

    def _break_through(self, tx: Tx, shelf: Suppression, now: int, act_by: ActBy) -> None:
        alarm = self._of(shelf)
        if alarm is None:
            return
        why = self.suppressions.why_broken(shelf, alarm, self.open(), act_by=act_by(tx, alarm, now))
        if why is not None:
            self.unshelve(tx, shelf, by="exosome-monitor", why=why, now=now)

    def unshelve(self, tx: Tx, shelf: Suppression, *, by: str, why: str, now: int) -> Suppression:
        """Ends what holds back telling, now; what is open is told."""
        ended = self.suppressions.end(tx, shelf, at=now, by=by, why=why)
        self._after_suppression(tx, ended, now)
        return ended

    def settle(self, turn: Turn) -> None:
        """Owes the messages that follow from what changed: the last thing done in a turn. In one that does a single
        thing after doing all together has failed, every alarm is told by itself: rather too often than not at all."""
        tx, now = turn.tx, turn.now
        if not turn.is_alone:
            self._gather(tx, list(self.changed.values()), now)
            for shelf in self.suppressions.shelves(now):
                self._break_through(tx, shelf, now, lambda tx, alarm, now: None)  # forecasts: by the clock
        for alarm in sorted(self.changed.values(), key=lambda one: (one.known_at, len(one.id), one.id)):
            try:
                # What came and went in one turn: both are told, in this order.
                if (before := self._was_open.get(alarm.id)) is not None:
                    self._tell(tx, before, now)
                self._tell(tx, alarm, now)
            except Exception as error:
                if self._store.is_trouble(error):
                    raise
                self._climbing.add(alarm.id)
                self._untold[alarm.id] = error
            else:
                self._told.add(alarm.id)
        self.changed, self._was_open = {}, {}

    def take_told(self) -> tuple[set[str], dict[str, Exception]]:
        """The alarms of which was told what is owed since the last call, and those of which it couldn't be."""
        told, untold = self._told, self._untold
        self._told, self._untold = set(), {}
        return told, untold

    def _gather(self, tx: Tx, changed: Sequence[Alarm], now: int) -> None:
        """Alarms leave a cause that is over, and new ones join the page about theirs."""
        self.carry_out(tx, self._floods.of_ended(changed, self.open(), now), now)
        for site, new in self._floods.sites_of(changed, now).items():
            self.carry_out(tx, self._floods.of_site(site, new, self.open(), now), now)

    def is_hushed(self, alarm: Alarm, now: int) -> bool:
        """Whether the telling of an alarm is held back."""
        return hushing(alarm, self.suppressions.in_force(), now) is not None

    def let_go(self, tx: Tx, parent: Alarm, now: int) -> None:
        """An alarm has been shelved: what is told as part of it, and isn't shelved, is told by itself."""
        self.carry_out(tx, of_cause_shelved(parent, self.children(parent)), now)

    def _tell(self, tx: Tx, alarm: Alarm, now: int) -> None:
        is_hushed = self.is_hushed(alarm, now)
        more = self._telling.tell(tx, alarm, now, is_hushed=is_hushed, children=self.children(alarm))
        (self._climbing.add if more else self._climbing.discard)(alarm.id)

    def children(self, parent: Alarm) -> list[Alarm]:
        """The open alarms that are told as part of another."""
        return [alarm for alarm in self._open.values() if alarm.parent == parent.id]
