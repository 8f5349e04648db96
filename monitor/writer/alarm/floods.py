"""Many alarms at once: the page about their cause, and which alarms are told as part of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.core.alarm.alarm import Alarm, rearmed, told_anew
from monitor.core.alarm.condition import AlarmCondition, Level, Truth, is_worse
from monitor.core.alarm.flood import (
    OUTLIVES_AFTER,
    TOLD_ANEW_AFTER,
    WITHIN,
    Case,
    Cause,
    can_be_child,
    cause_of_flood,
    goes_on,
    is_explained,
    is_over,
    is_recent,
    level_of,
    news_since,
    outlives_after,
    parent_by_power,
)
from monitor.core.alarm.machine import State
from monitor.core.telling.policy import Place
from monitor.core.time.instant import parse_instant
from monitor.ports import Store, Tx

if TYPE_CHECKING:
    from monitor.writer.alarm.alarms import Alarms

_FLOOD = AlarmCondition.ALARM_FLOOD
_WHY = {
    "power": "units lost their power",
    "gateway": "units were cut off: their gateway or the network is gone",
    "many": "alarms came at once",
}


class Floods:
    """Finds causes, and lets go of what outlives them. Used by :class:`monitor.writer.alarm.alarms.Alarms`."""

    def __init__(
        self,
        alarms: Alarms,
        store: Store,
        place_of: Callable[[Alarm], Place],
        is_hushed: Callable[[Alarm, int], bool],
    ) -> None:
        self._alarms = alarms
        self._store = store
        self._place_of = place_of
        self._is_hushed = is_hushed

    def gather(self, tx: Tx, changed: Sequence[Alarm], now: int) -> None:
        """What a transaction changed: new alarms join the page about their cause, and alarms leave one that is over.
        What nobody is to be told of makes no flood."""
        for alarm in changed:
            if not alarm.is_open:
                self._let_go(tx, alarm, now)
        new = [alarm for alarm in changed if self._is_new(alarm, now)]
        for site in dict.fromkeys(self._place_of(alarm).site for alarm in new):
            if site is not None:
                self._gather_site(tx, site, [one for one in new if self._place_of(one).site == site], now)

    def _is_new(self, alarm: Alarm, now: int) -> bool:
        return (
            alarm.is_open
            and alarm.parent is None
            and can_be_child(alarm)
            and (is_recent(alarm, now) or now - alarm.run.from_at < WITHIN)
            and not self._is_hushed(alarm, now)
        )

    def _gather_site(self, tx: Tx, site: str, new: Sequence[Alarm], now: int) -> None:
        cases = self._cases(site)
        for alarm in new:
            case = self._case(alarm)
            parent = parent_by_power(case, cases)
            if parent is not None and not self._is_hushed(parent, now):
                self._alarms.adopt(tx, alarm, parent, now, why="its unit has no power")
        flood = self._alarms.get(_FLOOD, site)
        if flood is not None and goes_on(flood, self._alarms.children(flood), now):
            self._join(tx, flood, [self._case(alarm) for alarm in new], now)
        self._begin(tx, site, now)

    def _begin(self, tx: Tx, site: str, now: int) -> None:
        """A flood that begins; or, where one is open already, a further one that becomes a part of it."""
        cases = [case for case in self._cases(site) if self._is_new(case.alarm, now)]
        cause = cause_of_flood(cases, now)
        if cause is None:
            return
        explained = [case.alarm for case in cases if is_explained(case, cause)]
        units = sorted({case.unit for case in cases if case.unit is not None and case.alarm in explained})
        text = f"{len(explained) if cause == 'many' else len(units)} {_WHY[cause]}"
        evidence = {"text": text, "cause": cause, "units": units, "alarms": len(explained)}
        flood = self._alarms.get(_FLOOD, site)
        if flood is not None:
            more = replace(flood, evidence={**flood.evidence, **evidence})
            self._tell_anew(tx, more, f"{len(explained)} more at once", level_of(explained), now)
        else:
            since = min(alarm.raised_at for alarm in explained)
            self._alarms.hold(tx, Truth(_FLOOD, site, since, level_of(explained), evidence), now)
        flood = self._alarms.get(_FLOOD, site)
        if flood is not None:
            for alarm in explained:
                self._alarms.adopt(tx, alarm, flood, now, why=f"told as part of {flood.id}")

    def _join(self, tx: Tx, flood: Alarm, new: Sequence[Case], now: int) -> None:
        cause: Cause = flood.evidence["cause"]
        joining = [case.alarm for case in new if case.alarm.parent is None and is_explained(case, cause)]
        for alarm in joining:
            self._alarms.adopt(tx, alarm, flood, now, why=f"told as part of {flood.id}")
        level = level_of(joining)
        if joining and is_worse(level, flood.level):
            evidence = {**flood.evidence, "alarms": len(self._alarms.children(flood))}
            self._alarms.hold(tx, Truth(_FLOOD, flood.subject, flood.raised_at, level, evidence), now)

    # --- as time goes on ---

    def look(self, tx: Tx, now: int) -> None:
        """Floods that go on are told anew with what joined them; those whose cause is gone end."""
        for flood in [alarm for alarm in self._alarms.open() if alarm.condition is _FLOOD]:
            children = self._alarms.children(flood)
            ended = self._ended_children(tx, flood)
            if is_over(len(children), ended, now):
                evidence: dict[str, object] = {"clear_reason": "recovered"}
                at = max(ended, default=now)
                self._alarms.end(tx, _FLOOD, flood.subject, at=at, now=now, evidence=evidence)
            elif now - flood.run.from_at >= TOLD_ANEW_AFTER:
                more = news_since(children, flood.run.from_at)
                if more:
                    self._tell_anew(tx, flood, f"{more} more or worse since", flood.level, now)

    def _tell_anew(self, tx: Tx, flood: Alarm, why: str, level: Level, now: int) -> None:
        again = told_anew(flood, at=now, why=why)
        if flood.state is State.ACKNOWLEDGED:
            again = rearmed(flood, at=now, why=why)
        if is_worse(level, again.level):
            again = replace(again, level=level)
        self._alarms.record(tx, again, now, why)

    def let_go(self, tx: Tx, parent: Alarm, now: int) -> None:
        """Nobody is told of an alarm any more: what was told as part of it is told by itself."""
        for child in self._alarms.children(parent):
            self._alarms.adopt(tx, child, None, now, why=f"{parent.condition} of its unit is shelved")

    def _ended_children(self, tx: Tx, flood: Alarm) -> list[int]:
        facts = self._store.facts.current(tx, "alarm", since=flood.raised_at)
        return [
            parse_instant(fact.body["cleared_at"])
            for fact in facts
            if fact.body.get("parent") == flood.id and fact.body["cleared_at"] is not None
        ]

    def _let_go(self, tx: Tx, parent: Alarm, now: int) -> None:
        """What outlives its cause is told by itself, when it has had time to recover; a flood has waited for most of
        it before it is over."""
        waited = OUTLIVES_AFTER if parent.condition is _FLOOD else 0
        for child in self._alarms.children(parent):
            why, wait = "its cause is over, and it isn't", outlives_after(child) - waited
            self._alarms.adopt(tx, child, None, now, why=why, tell_from=now + wait)

    def _cases(self, site: str) -> list[Case]:
        found = (self._case(alarm) for alarm in self._alarms.open())
        return [case for case in found if self._place_of(case.alarm).site == site]

    def _case(self, alarm: Alarm) -> Case:
        return Case(alarm, self._place_of(alarm).unit)
