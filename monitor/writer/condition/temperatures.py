"""Too warm, too cold: what excursions and the warning level mean for the alarms about a channel's temperature.

One alarm per channel and side. It begins as a warning when the channel has been beyond its profile's warning level for
long enough, becomes an alarm when an excursion is confirmed, and is over with the excursion; without one, when the
channel is back within the warning level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from monitor.core.alarm.alarm import decide
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.channel.warning import Spell
from monitor.core.fact import is_alive, is_going_on
from monitor.core.profile.installation import Installation
from monitor.core.profile.profile import HIGH, LOW
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import format_instant, parse_instant
from monitor.ports import Fact, Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.channel.desk import ExcursionChange, SpellChange
from monitor.writer.channel.judge import Judge
from monitor.writer.condition.conditions import Conditions
from monitor.writer.turn import Turn, Waiting

THERMAL: Mapping[str, AlarmCondition] = {
    HIGH: AlarmCondition.TEMPERATURE_HIGH,
    LOW: AlarmCondition.TEMPERATURE_LOW,
}
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
        body, key = change.body, (change.channel, change.body["direction"])
        condition = THERMAL[body["direction"]]
        is_real = is_alive(body) and body["confirmed_at"] is not None
        is_over = is_real and body["closed_at"] is not None
        outside = self._outside.setdefault(key, set())
        if is_real and not is_over:
            outside.add(change.id)
            if self._probes[change.channel].alarms:
                self._hold(tx, self._truth_of(change, condition), now)
            return
        outside.discard(change.id)
        alarm = self._alarms.get(condition, change.channel)
        # A warning that no excursion has come of, as far as anybody was told, ends with its spell.
        is_its_own = (
            alarm is not None
            and "excursion" in alarm.evidence
            and (not is_over or parse_instant(body["closed_at"]) >= alarm.raised_at)
        )
        goes_on = bool(outside) or (change.is_rejudged and self._still_outside(tx, change))
        if is_its_own and not goes_on:
            self._end_with(tx, change, condition, now, is_over=is_over)
        elif is_over and not self._was_told(tx, change) and self._probes[change.channel].alarms:
            truth = self._truth_of(change, condition)
            self._alarms.past(tx, truth, ended_at=parse_instant(body["closed_at"]), now=now)

    def on_held_back(self, tx: Tx, fact: Fact, now: int) -> None:
        """What an open excursion leads to that was on record before anybody could be told of it."""
        change = ExcursionChange(fact.subject, fact.id, fact.version, "held back", fact.body)
        self.on_excursion(tx, change, now)

    def _end_with(
        self, tx: Tx, change: ExcursionChange, condition: AlarmCondition, now: int, *, is_over: bool
    ) -> None:
        body = change.body
        evidence = {
            "clear_reason": "recovered" if is_over else "corrected",
            "ended_at": body["ended_at"],
            "extreme_celsius": body["extreme_celsius"],
        }
        at = parse_instant(body["closed_at"]) if is_over else now
        self._alarms.end(tx, condition, change.channel, at=at, now=now, evidence=evidence)

    def _truth_of(self, change: ExcursionChange, condition: AlarmCondition) -> Truth:
        body, limits = change.body, change.body["limits"]
        extreme = body["extreme_celsius"]
        evidence = {
            "text": f"{extreme:g} °C, limit {limits['celsius']:g} °C",
            "excursion": change.id,
            "celsius": extreme,
            "limit_celsius": limits["celsius"],
            **{key: body[key] for key in ("extreme_celsius", "started_at", "confirmed_at", "confirmed_by")},
            **self._conditions.place(change.channel),
        }
        level = "critical" if body["limit_reached_at"] is not None else LEVEL_OF[condition]
        return Truth(condition, change.channel, parse_instant(body["confirmed_at"]), level, evidence)

    def _was_told(self, tx: Tx, change: ExcursionChange) -> bool:
        facts = self._store.facts.current(tx, "alarm", subjects=[change.channel])
        return any(fact.body["evidence"].get("excursion") == change.id for fact in facts)

    def _still_outside(self, tx: Tx, change: ExcursionChange) -> bool:
        """Whether another confirmed excursion of the same side is open (one may have merged into it)."""
        facts = self._store.facts.current(tx, "excursion", subjects=[change.channel], open_only=True)
        return any(
            is_going_on(fact.body) and fact.body["direction"] == change.body["direction"] for fact in facts
        )

    # --- the warning level ---

    def on_spells(self, tx: Tx, change: SpellChange, now: int, *, hold: bool = True) -> None:
        """A message, or judging a channel again, has begun or ended spells beyond the warning level. Without ``hold``
        nobody is told of what is open (an import, a part of an upload): :meth:`tell_open` does that later."""
        for direction in (HIGH, LOW):
            for spell in change.spells:
                if spell.direction == direction and spell.ended_at is not None:
                    self._over(tx, change.channel, spell, spell.ended_at, now)
            key = (change.channel, direction)
            still = next((spell for spell in change.open if spell.direction == direction), None)
            if still is None:
                self._spells.pop(key, None)
                if change.is_rejudged:
                    self._correct(tx, key, now)
            else:
                self._spells[key] = still
                if hold:
                    self._tell(tx, change.channel, still, now)

    def open(self) -> list[tuple[str, Spell]]:
        """The spells that hold now, by channel."""
        return [(channel, spell) for (channel, _), spell in self._spells.items()]

    def tell_open(self, tx: Tx, now: int, channel: str | None = None) -> None:
        """Tells of the spells that hold, of one channel or of all."""
        for path, spell in self.open():
            if channel in (None, path):
                self._tell(tx, path, spell, now)

    def _tell(self, tx: Tx, channel: str, spell: Spell, now: int) -> None:
        """A spell that an excursion came of is told with that: it warns of nothing new when the excursion is over."""
        condition = THERMAL[spell.direction]
        is_told = self._alarms.get(condition, channel) is None and self._is_on_record(
            tx, channel, condition, spell
        )
        if self.is_watched(channel) and not is_told:
            self._hold(tx, self._warning(channel, spell), now)

    def _over(self, tx: Tx, channel: str, spell: Spell, ended_at: int, now: int) -> None:
        key, condition = (channel, spell.direction), THERMAL[spell.direction]
        self._spells.pop(key, None)
        alarm = self._alarms.get(condition, channel)
        if alarm is not None and alarm.raised_at <= ended_at:
            if not self._outside.get(key):
                evidence = {
                    "clear_reason": "recovered",
                    "ended_at": format_instant(ended_at),
                    "extreme_celsius": spell.extreme_celsius,
                }
                self._alarms.end(tx, condition, channel, at=ended_at, now=now, evidence=evidence)
        elif self.is_watched(channel) and not self._is_on_record(tx, channel, condition, spell):
            self._alarms.past(tx, self._warning(channel, spell), ended_at=ended_at, now=now)

    def _correct(self, tx: Tx, key: Key, now: int) -> None:
        """Judged again, nothing is beyond a level: an alarm that said so is over."""
        channel, direction = key
        alarm = self._alarms.get(THERMAL[direction], channel)
        if alarm is not None and "excursion" not in alarm.evidence and not self._outside.get(key):
            evidence = {"clear_reason": "corrected"}
            self._alarms.end(tx, alarm.condition, channel, at=now, now=now, evidence=evidence)

    def _is_on_record(self, tx: Tx, channel: str, condition: AlarmCondition, spell: Spell) -> bool:
        """Whether an alarm is known that covers some of a spell: the spell may have moved since."""
        until = spell.ended_at
        facts: Iterable[Fact] = self._store.facts.current(tx, "alarm", subjects=[channel])
        return any(
            fact.body["condition"] == condition.value
            and (until is None or fact.from_at <= until)
            and (fact.to_at is None or fact.to_at >= spell.raised_at)
            for fact in facts
        )

    def is_watched(self, channel: str) -> bool:
        """Whether a channel's warning level is told: the product's, or one of a probe with a profile of its own."""
        unit = self._installation.units[Channel.parse(channel).unit_path]
        probe = self._probes[channel]
        return probe.alarms and (channel == unit.product_channel or probe.profile is not None)

    def _warning(self, channel: str, spell: Spell) -> Truth:
        extreme, limit = spell.extreme_celsius, spell.limit_celsius
        evidence = {
            "text": f"{extreme:g} °C, warning level {limit:g} °C",
            "celsius": extreme,
            "limit_celsius": limit,
            "extreme_celsius": extreme,
            "started_at": format_instant(spell.started_at),
            "confirmed_at": format_instant(spell.raised_at),
            **self._conditions.place(channel),
        }
        return Truth(THERMAL[spell.direction], channel, spell.raised_at, "warning", evidence)

    # --- both ---

    def _hold(self, tx: Tx, truth: Truth, now: int) -> None:
        """Holds a truth with what comes next: by when to act, and what to move where. Worked out once, as the alarm is
        raised or gets worse; the pages show it as it changes."""
        alarm = self._alarms.get(truth.condition, truth.subject)
        unit = self._installation.units[Channel.parse(truth.subject).unit_path]
        if truth.subject == unit.product_channel and decide(alarm, truth) != "nothing":
            coming = self._conditions.outlook(tx, unit, now)
            evidence = {
                **truth.evidence,
                "act_by_reason": coming["act_by_reason"],
                "rescue": coming["rescue"],
            }
            act_by = None if coming["act_by"] is None else parse_instant(coming["act_by"])
            truth = replace(truth, evidence=evidence, act_by=act_by)
        self._alarms.hold(tx, truth, now)
