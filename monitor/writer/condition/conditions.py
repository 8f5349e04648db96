"""What faults mean for alarms, and what a person must know of the place that an alarm is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import structlog

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.outcome import unwatched
from monitor.core.alarm.cause.upkeep import FAULT, of_fault
from monitor.core.alarm.condition import NATURE, AlarmCondition
from monitor.core.answer.unit import UnitOutlook
from monitor.core.channel.ear import ProbeFault
from monitor.core.fact import JSON, is_alive
from monitor.core.outlook.shelter import Shelter, UnitState, shelters
from monitor.core.profile.installation import Installation, Unit
from monitor.core.profile.profile import HIGH
from monitor.core.profile.rules import ChannelRules
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import format_instant, parse_instant
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.alarm.suppressions import Suppressions
from monitor.writer.lot.lots import Lots
from monitor.writer.lot.outlook import not_known

log = structlog.get_logger(__name__)


class Conditions:
    """Holds and ends alarms about channels. Used by the one writer, within its transactions."""

    def __init__(
        self,
        store: Store,
        installation: Installation,
        rules: Mapping[str, ChannelRules],
        alarms: Alarms,
        suppressions: Suppressions,
        lots: Lots,
        newest_of: Callable[[str], tuple[int, float] | None],
    ) -> None:
        """``newest_of`` gives the instant and the °C of a channel's newest reading."""
        self._store = store
        self._rules = rules
        self._installation = installation
        self._probes = installation.probes()
        self._alarms = alarms
        self._suppressions = suppressions
        self._lots = lots
        self._newest_of = newest_of

    def end_unwatched(self, tx: Tx, now: int) -> None:
        """Ends the alarms about channels that the configuration no longer has: nothing could ever end them."""
        for condition in (condition for condition in AlarmCondition if NATURE[condition].of_channel):
            for channel in self._alarms.open_subjects(condition):
                if channel not in self._probes:
                    self._alarms.carry_out(tx, [unwatched(condition, channel, now)], now)

    def on_faults(self, tx: Tx, faults: Iterable[ProbeFault], now: int) -> None:
        """Probes turned faulty or sound."""
        for fault in faults:
            is_open = self._alarms.get(FAULT, fault.channel) is not None
            alarms, place = self._probes[fault.channel].alarms, self.place(fault.channel)
            self._alarms.carry_out(tx, of_fault(fault, place, is_open=is_open, alarms=alarms), now)

    def place(self, subject: str) -> JSON:
        """What a person needs to know of the place that an alarm is about; ``subject`` is a unit or a channel."""
        units = self._installation.units
        unit = units[subject] if subject in units else units[Channel.parse(subject).unit_path]
        return {"unit": unit.path, "unit_title": unit.title, "lots": self._lots.in_unit(unit.path)}

    def act_by(self, tx: Tx, alarm: Alarm, now: int) -> int | None:
        """By when somebody must have acted about a unit that an alarm is about, as forecast now."""
        unit = self._installation.units.get("/".join(alarm.subject.split("/")[:2]))
        if unit is None or alarm.subject not in (unit.path, unit.product_channel):
            return None
        coming = self.outlook(tx, unit, now)
        return None if coming["act_by"] is None else parse_instant(coming["act_by"])

    def outlook(self, tx: Tx, unit: Unit, now: int) -> UnitOutlook:
        """What is coming to a unit, as forecast now: by when to act and why, and what to move where. Where that fails
        nothing is known of it: nobody must be kept from hearing of an alarm because its outlook can't be made."""
        try:
            outlook, lots = self._lots.outlook(tx, self._rules, now), self._lots.in_unit(unit.path)
            return outlook.unit(unit, lots, self._shelters(tx, now) if lots else ())
        except Exception as error:
            if self._store.is_trouble(error):
                raise
            log.warning("what is coming to a unit can't be told", unit=unit.path, error=repr(error))
            return not_known()

    def present(self, tx: Tx, alarm: Alarm, now: int) -> JSON:
        """What of an alarm's JSON is otherwise now than when it was raised: for the words of a message that is put
        together later, or for a later step of the ladder."""
        evidence: JSON = {**alarm.evidence, **self._newest(tx, alarm)}
        body: JSON = {"evidence": evidence}
        unit = self._installation.units.get("/".join(alarm.subject.split("/")[:2]))
        if unit is not None and alarm.subject == unit.product_channel and alarm.grounds.has_rescue:
            coming = self.outlook(tx, unit, now)
            evidence.update(act_by_reason=coming["act_by_reason"], rescue=coming["rescue"])
            body["act_by"] = coming["act_by"]
        return body

    def _newest(self, tx: Tx, alarm: Alarm) -> JSON:
        """The last value of the channel whose temperature an alarm is about, and its excursion's extreme so far."""
        grounds, now_is = alarm.grounds, JSON()
        newest = self._newest_of(grounds.channel or alarm.subject)
        if newest is not None and grounds.celsius is not None:
            now_is.update(celsius=newest[1], measured_at=format_instant(newest[0]))
        if grounds.excursion is None:
            return now_is
        excursion = self._store.facts.one(tx, "excursion", grounds.excursion)
        if excursion is not None:
            # Its versions come with what it is judged by; how far it has gone since is in the readings.
            farther = max if excursion.body["direction"] == HIGH else min
            extreme = excursion.body["extreme_celsius"]
            if excursion.body["ended_at"] is None:
                extreme = farther(extreme, now_is.get("celsius", extreme))
            now_is["extreme_celsius"] = extreme
        return now_is

    def _shelters(self, tx: Tx, now: int) -> list[Shelter]:
        """The units as places to take lots to."""
        facts = self._store.facts.current(tx, "excursion", open_only=True)
        outside = {fact.subject for fact in facts if is_alive(fact.body)}
        states = (self._state(unit, outside, now) for unit in self._installation.units.values())
        return shelters(states, self._alarms.open(), self._suppressions.in_force(), now)

    def _state(self, unit: Unit, outside: Collection[str], now: int) -> UnitState:
        newest = self._newest_of(unit.product_channel)
        return UnitState(
            unit,
            celsius=None if newest is None else newest[1],
            window=self._rules[unit.product_channel].profile_at(now).window,
            is_in_excursion=unit.product_channel in outside,
            lots=len(self._lots.in_unit(unit.path)),
        )
