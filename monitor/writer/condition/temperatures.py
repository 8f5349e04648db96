"""Too warm, too cold: reads what :mod:`monitor.core.alarm.cause.excursion` and ``warning`` decide by, and carries out
what they say about the alarms of a channel's temperature, one per side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.alarm.alarm import Alarm, decide
from monitor.core.alarm.cause.excursion import THERMAL, SideState, of_excursion, with_outlook
from monitor.core.alarm.cause.outcome import Hold, Outcome
from monitor.core.alarm.cause.warning import (
    LevelState,
    covers,
    covers_end,
    of_ended_spell,
    of_no_spell,
    of_open_spell,
)
from monitor.core.channel.warning import Spell
from monitor.core.fact import is_going_on
from monitor.core.profile.installation import Installation
from monitor.core.profile.profile import HIGH, LOW
from monitor.core.profile.unit import Channel
from monitor.ports import Fact, Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.channel.desk import ExcursionChange, SpellChange
from monitor.writer.channel.judge import Judge
from monitor.writer.condition.conditions import Conditions
from monitor.writer.turn import Turn, Waiting

Key = tuple[str, str]
"""A channel and a side."""


class Temperatures:
    """Holds and ends the alarms about temperatures. Used by the one writer, within its transactions.

    It keeps which confirmed excursions and which spells beyond a warning level are open, as far as their messages were
    taken: what a batch brings later doesn't count yet, so batches change nothing.
    """

    def __init__(
        self, store: Store, installation: Installation, judge: Judge, alarms: Alarms, conditions: Conditions
    ) -> None:
        self._store = store
        self._installation = installation
        self._probes = installation.probes()
        self._judge = judge
        self._alarms = alarms
        self._conditions = conditions
        self._outside: dict[Key, set[str]] = {}
        self._spells: dict[Key, Spell] = {}

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: all of it is on record."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Takes what is open from the store, and from the judge."""
        self._outside = {}
        for fact in self._store.facts.current(turn.tx, "excursion", open_only=True):
            if is_going_on(fact.body):
                self._outside.setdefault((fact.subject, fact.body["direction"]), set()).add(fact.id)
        self._spells = {(channel, spell.direction): spell for channel, spell in self._judge.open_spells()}

    # --- excursions ---

    def on_excursion(self, tx: Tx, change: ExcursionChange, now: int) -> None:
        """An excursion has a new version: its alarm follows what is true now."""
        outside = self._outside.setdefault((change.channel, change.body["direction"]), set())
        if is_going_on(change.body):
            outside.add(change.id)
        else:
            outside.discard(change.id)
        side = self._side(tx, change, is_outside=bool(outside))
        self._carry_out(tx, of_excursion(change.id, change.body, side, now), now)

    def on_held_back(self, tx: Tx, fact: Fact, now: int) -> None:
        """What an open excursion leads to that was on record before anybody could be told of it."""
        change = ExcursionChange(fact.subject, fact.id, fact.version, "held back", fact.body)
        self.on_excursion(tx, change, now)

    def _side(self, tx: Tx, change: ExcursionChange, *, is_outside: bool) -> SideState:
        """What is known of the side; the store is asked only about what is over."""
        alarm = self._alarms.get(THERMAL[change.body["direction"]], change.channel)
        is_about_it = alarm is not None and alarm.grounds.excursion == change.id
        is_over = change.body["closed_at"] is not None
        if alarm is not None and change.is_rejudged and not is_outside:
            is_outside = self._is_outside_on_record(tx, change)
        return SideState(
            alarm,
            alarms=self._probes[change.channel].alarms,
            is_outside=is_outside,
            was_told=is_about_it or (is_over and self._was_told(tx, change)),
            place=self._conditions.place(change.channel),
        )

    def _was_told(self, tx: Tx, change: ExcursionChange) -> bool:
        facts = self._store.facts.current(tx, "alarm", subjects=[change.channel])
        return any(Alarm.from_json(fact.body).grounds.excursion == change.id for fact in facts)

    def _is_outside_on_record(self, tx: Tx, change: ExcursionChange) -> bool:
        """Whether another confirmed excursion of the same side is open (one may have merged into it)."""
        facts = self._store.facts.current(tx, "excursion", subjects=[change.channel], open_only=True)
        return any(
            is_going_on(fact.body) and fact.body["direction"] == change.body["direction"] for fact in facts
        )

    # --- the warning level ---

    def on_spells(self, tx: Tx, change: SpellChange, now: int, *, hold: bool = True) -> None:
        """A message, or judging a channel again, has begun or ended spells beyond the warning level. Without ``hold``
        nobody is told of what is open (an import, a part of an upload): :meth:`tell_open` does that later."""
        channel = change.channel
        for direction in (HIGH, LOW):
            key = (channel, direction)
            for spell in change.spells:
                if spell.direction == direction and spell.ended_at is not None:
                    level = self._level(tx, channel, spell)
                    self._carry_out(tx, of_ended_spell(channel, spell, spell.ended_at, level), now)
            still = next((spell for spell in change.open if spell.direction == direction), None)
            if still is None:
                self._spells.pop(key, None)
                if change.is_rejudged:
                    alarm = self._alarms.get(THERMAL[direction], channel)
                    is_outside = bool(self._outside.get(key))
                    self._carry_out(tx, of_no_spell(alarm, now, is_outside=is_outside), now)
            else:
                self._spells[key] = still
                if hold:
                    self._tell(tx, channel, still, now)

    def open(self) -> list[tuple[str, Spell]]:
        """The spells that hold now, by channel."""
        return [(channel, spell) for (channel, _), spell in self._spells.items()]

    def tell_open(self, tx: Tx, now: int, channel: str | None = None) -> None:
        """Tells of the spells that hold, of one channel or of all."""
        for path, spell in self.open():
            if channel in (None, path):
                self._tell(tx, path, spell, now)

    def _tell(self, tx: Tx, channel: str, spell: Spell, now: int) -> None:
        self._carry_out(tx, of_open_spell(channel, spell, self._level(tx, channel, spell)), now)

    def _level(self, tx: Tx, channel: str, spell: Spell) -> LevelState:
        """What is known of the side of a spell; the store is asked only where no open alarm answers."""
        condition, is_watched = THERMAL[spell.direction], self._is_watched(channel)
        alarm = self._alarms.get(condition, channel)
        is_covered = alarm is not None if spell.ended_at is None else covers_end(alarm, spell.ended_at)
        return LevelState(
            alarm,
            is_watched=is_watched,
            is_outside=bool(self._outside.get((channel, spell.direction))),
            is_on_record=is_watched and not is_covered and covers(self._spans(tx, channel, condition), spell),
            place=self._conditions.place(channel),
        )

    def _spans(self, tx: Tx, channel: str, condition: str) -> list[tuple[int, int | None]]:
        """From when to when alarms of a condition are on record, open ones included."""
        facts = self._store.facts.current(tx, "alarm", subjects=[channel])
        return [(fact.from_at, fact.to_at) for fact in facts if fact.body["condition"] == condition]

    def _is_watched(self, channel: str) -> bool:
        """Whether a channel's warning level is told: the product's, or one of a probe with a profile of its own."""
        unit = self._installation.units[Channel.parse(channel).unit_path]
        probe = self._probes[channel]
        return probe.alarms and (channel == unit.product_channel or probe.profile is not None)

    # --- both ---

    def _carry_out(self, tx: Tx, outcomes: Iterable[Outcome], now: int) -> None:
        self._alarms.carry_out(tx, (self._foreseen(tx, outcome, now) for outcome in outcomes), now)

    def _foreseen(self, tx: Tx, outcome: Outcome, now: int) -> Outcome:
        """What is to be held, with what comes next: by when to act, and what to move where. Worked out once, as the
        alarm is raised or gets worse; the pages show it as it changes."""
        if not isinstance(outcome, Hold):
            return outcome
        truth = outcome.truth
        unit = self._installation.units[Channel.parse(truth.subject).unit_path]
        alarm = self._alarms.get(truth.condition, truth.subject)
        if truth.subject != unit.product_channel or decide(alarm, truth) == "nothing":
            return outcome
        return Hold(with_outlook(truth, self._conditions.outlook(tx, unit, now)))
