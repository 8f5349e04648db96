"""What silences, faults and excursions mean for alarms: which conditions hold, and what a person must know of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from monitor.core.alarm.alarm import Alarm, decide
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.alarm.flood import gather_for
from monitor.core.fact import JSON, is_alive
from monitor.core.installation import Installation
from monitor.core.instant import format_instant, format_local, parse_instant
from monitor.core.profile import HIGH
from monitor.core.rescue import Shelter
from monitor.core.rules import ChannelRules
from monitor.core.unit import Channel
from monitor.ports import Fact, Store, Tx
from monitor.runtime.alarms import Alarms
from monitor.runtime.judge import ExcursionChange
from monitor.runtime.lots import Lots
from monitor.runtime.watch import ProbeFault, Silence

_OF_CHANNELS = (
    AlarmCondition.TEMPERATURE_HIGH,
    AlarmCondition.TEMPERATURE_LOW,
    AlarmCondition.NO_DATA,
    AlarmCondition.PROBE_FAULT,
)
_NOT_WELL = (
    *_OF_CHANNELS,
    AlarmCondition.RISING_FAST,
    AlarmCondition.FLAT_LINE,
    AlarmCondition.DOOR_OPEN,
    AlarmCondition.COOLING_WEAK,
)
"""What a unit has, or one of its probes, that is no place to take lots to."""
THERMAL = {HIGH: AlarmCondition.TEMPERATURE_HIGH, "low": AlarmCondition.TEMPERATURE_LOW}


class Conditions:
    """Holds and ends alarms about channels. Used by the one writer, within its transactions."""

    def __init__(
        self,
        store: Store,
        installation: Installation,
        rules: Mapping[str, ChannelRules],
        alarms: Alarms,
        lots: Lots,
    ) -> None:
        self._store = store
        self._rules = rules
        self._installation = installation
        self._probes = installation.probes()
        self._alarms = alarms
        self._lots = lots

    def end_unwatched(self, tx: Tx, now: int) -> None:
        """Ends the alarms about channels that the configuration no longer has: nothing could ever end them."""
        for condition in _OF_CHANNELS:
            for channel in self._alarms.open_subjects(condition):
                if channel not in self._probes:
                    evidence = {"clear_reason": "no_longer_watched"}
                    self._alarms.end(tx, condition, channel, at=now, now=now, evidence=evidence)

    def on_silence(self, tx: Tx, silence: Silence, now: int) -> None:
        """A channel was silent from its deadline on, and may have been heard again."""
        condition = AlarmCondition.NO_DATA
        if not self._probes[silence.channel].alarms and self._alarms.get(condition, silence.channel) is None:
            return
        heard_at = None if silence.heard_at is None else format_instant(silence.heard_at)
        heard = (
            "never heard"
            if silence.heard_at is None
            else f"last heard {self._local(silence.channel, silence.heard_at)}"
        )
        evidence = {"text": heard, "last_received_at": heard_at, **self.place(silence.channel)}
        if self._alarms.get(condition, silence.channel) is None:
            wait = gather_for(self._probes[silence.channel].silent_after)
            truth = Truth(
                condition,
                silence.channel,
                silence.silent_at,
                LEVEL_OF[condition],
                evidence,
                tell_after=wait,
            )
            self._alarms.hold(tx, truth, now)
        if silence.heard_again_at is not None:
            self._alarms.end(
                tx,
                condition,
                silence.channel,
                at=silence.heard_again_at,
                now=now,
                evidence={"clear_reason": "recovered"},
            )

    def on_faults(self, tx: Tx, faults: Iterable[ProbeFault], now: int) -> None:
        """Probes turned faulty or sound."""
        condition = AlarmCondition.PROBE_FAULT
        for fault in faults:
            if not self._probes[fault.channel].alarms and self._alarms.get(condition, fault.channel) is None:
                continue
            kind = fault.reason.removeprefix("fault:")
            evidence = {
                "text": kind.replace("_", " "),
                "fault": kind,
                "measured_at": format_instant(fault.since_at),
                **self.place(fault.channel),
            }
            truth = Truth(condition, fault.channel, fault.since_at, LEVEL_OF[condition], evidence)
            if fault.ended_at is None:
                self._alarms.hold(tx, truth, now)
            elif self._alarms.get(condition, fault.channel) is None:
                self._alarms.past(tx, truth, ended_at=fault.ended_at, now=now)
            else:
                cleared = {"clear_reason": "recovered"}
                self._alarms.end(tx, condition, fault.channel, at=fault.ended_at, now=now, evidence=cleared)

    def _local(self, channel: str, at: int) -> str:
        return format_local(at, self._installation.zone_of(Channel.parse(channel).site))

    def place(self, subject: str) -> JSON:
        """What a person needs to know of the place that an alarm is about; ``subject`` is a unit or a channel."""
        units = self._installation.units
        unit = units[subject] if subject in units else units[Channel.parse(subject).unit_path]
        return {"unit": unit.path, "unit_title": unit.title, "lots": self._lots.in_unit(unit.path)}

    def on_excursion(self, tx: Tx, change: ExcursionChange, now: int) -> None:
        """An excursion has a new version: its alarm follows what is true now."""
        body = change.body
        condition = THERMAL[body["direction"]]
        is_real = is_alive(body) and body["confirmed_at"] is not None
        is_over = is_real and body["closed_at"] is not None
        if is_real and not is_over:
            if self._probes[change.channel].alarms:
                self._alarms.hold(
                    tx, self._with_outlook(tx, self._thermal_truth(change, condition), now), now
                )
            return
        alarm = self._alarms.get(condition, change.channel)
        if alarm is not None and not self._still_outside(tx, change):
            self._end(tx, change, condition, now, is_over=is_over)
        elif is_over and not self._was_told(tx, change) and self._probes[change.channel].alarms:
            truth = self._thermal_truth(change, condition)
            self._alarms.past(tx, truth, ended_at=parse_instant(body["closed_at"]), now=now)

    def on_held_back(self, tx: Tx, fact: Fact, now: int) -> None:
        """What an open excursion leads to that was on record before anybody could be told of it."""
        change = ExcursionChange(fact.subject, fact.id, fact.version, "held back", fact.body)
        self.on_excursion(tx, change, now)

    def _end(
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

    def _thermal_truth(self, change: ExcursionChange, condition: AlarmCondition) -> Truth:
        body, limits = change.body, change.body["limits"]
        extreme = body["extreme_celsius"]
        evidence = {
            "text": f"{extreme:g} °C, limit {limits['celsius']:g} °C",
            "excursion": change.id,
            "celsius": extreme,
            "limit_celsius": limits["celsius"],
            **{key: body[key] for key in ("extreme_celsius", "started_at", "confirmed_at", "confirmed_by")},
            **self.place(change.channel),
        }
        level = "critical" if body["limit_reached_at"] is not None else LEVEL_OF[condition]
        return Truth(condition, change.channel, parse_instant(body["confirmed_at"]), level, evidence)

    def _with_outlook(self, tx: Tx, truth: Truth, now: int) -> Truth:
        """The truth with what comes next: by when to act, and what to move where. Worked out once, as the alarm is
        raised or gets worse; the pages show it as it changes."""
        alarm = self._alarms.get(truth.condition, truth.subject)
        unit = self._installation.units[Channel.parse(truth.subject).unit_path]
        if truth.subject != unit.product_channel or decide(alarm, truth) == "nothing":
            return truth
        outlook = self._lots.outlook(tx, self._rules, now)
        coming = outlook.unit(unit, self._lots.in_unit(unit.path), self._shelters())
        evidence = {**truth.evidence, "act_by_reason": coming["act_by_reason"], "rescue": coming["rescue"]}
        act_by = None if coming["act_by"] is None else parse_instant(coming["act_by"])
        return replace(truth, evidence=evidence, act_by=act_by)

    def act_by(self, tx: Tx, alarm: Alarm, now: int) -> int | None:
        """By when somebody must have acted about a unit that an alarm is about, as forecast now."""
        unit = self._installation.units.get("/".join(alarm.subject.split("/")[:2]))
        if unit is None or alarm.subject not in (unit.path, unit.product_channel):
            return None
        outlook = self._lots.outlook(tx, self._rules, now)
        coming = outlook.unit(unit, self._lots.in_unit(unit.path), self._shelters())
        return None if coming["act_by"] is None else parse_instant(coming["act_by"])

    def _shelters(self) -> list[Shelter]:
        """The units as places to take lots to: healthy are those without an open alarm."""
        found = []
        for unit in self._installation.units.values():
            channels = [str(probe.channel) for probe in unit.probes]
            about = [*channels, unit.path]
            wrong = [c.value for c in _NOT_WELL for subject in about if self._alarms.get(c, subject)]
            found.append(
                Shelter(
                    unit=unit.path,
                    title=unit.title,
                    storage_class=unit.storage_class,
                    is_healthy=not wrong,
                    why_not=", ".join(wrong) or None,
                    site=unit.site,
                    lots=len(self._lots.in_unit(unit.path)),
                )
            )
        return found

    def _was_told(self, tx: Tx, change: ExcursionChange) -> bool:
        facts = self._store.current_facts(tx, "alarm", subjects=[change.channel])
        return any(fact.body["evidence"].get("excursion") == change.id for fact in facts)

    def _still_outside(self, tx: Tx, change: ExcursionChange) -> bool:
        """Whether another confirmed excursion of the same side is open (one may have merged into it)."""
        facts = self._store.current_facts(tx, "excursion", subjects=[change.channel], open_only=True)
        return any(
            is_alive(fact.body)
            and fact.body["direction"] == change.body["direction"]
            and fact.body["confirmed_at"] is not None
            for fact in facts
        )
