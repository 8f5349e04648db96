"""Many alarms at once: reads what :mod:`monitor.core.alarm.cause.flood` decides by, and gives what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.flood import FLOOD, may_be_new, of_cause_over, of_site, of_time
from monitor.core.alarm.cause.outcome import Outcome
from monitor.core.alarm.flood import OpenAlarm
from monitor.core.telling.policy import Place
from monitor.core.time.instant import parse_instant
from monitor.ports import Store, Tx


class Floods:
    """Finds causes, and lets go of what outlives them. What it gives is for who asked to carry out."""

    def __init__(
        self, store: Store, place_of: Callable[[Alarm], Place], is_hushed: Callable[[Alarm, int], bool]
    ) -> None:
        self._store = store
        self._place_of = place_of
        self._is_hushed = is_hushed

    def of_ended(self, changed: Iterable[Alarm], open_alarms: Iterable[Alarm], now: int) -> list[Outcome]:
        """What was told as part of alarms that are over now."""
        children: dict[str | None, list[Alarm]] = {}
        for alarm in open_alarms:
            children.setdefault(alarm.parent, []).append(alarm)
        over = (alarm for alarm in changed if not alarm.is_open)
        return [
            outcome for alarm in over for outcome in of_cause_over(alarm, children.get(alarm.id, ()), now)
        ]

    def sites_of(self, changed: Iterable[Alarm], now: int) -> dict[str, list[OpenAlarm]]:
        """The sites with the alarms of theirs that changed and are new."""
        sites: dict[str, list[OpenAlarm]] = {}
        for alarm in changed:
            if may_be_new(alarm, now):
                place = self._place_of(alarm)
                if place.site is not None and not self._is_hushed(alarm, now):
                    sites.setdefault(place.site, []).append(OpenAlarm(alarm, place.unit))
        return sites

    def of_site(
        self, site: str, new: Sequence[OpenAlarm], open_alarms: Iterable[Alarm], now: int
    ) -> list[Outcome]:
        """What the open alarms of a site come to: new ones join the page about their cause."""
        placed = [(alarm, self._place_of(alarm)) for alarm in open_alarms]
        cases = [
            OpenAlarm(alarm, place.unit, self._is_hushed(alarm, now))
            for alarm, place in placed
            if place.site == site
        ]
        floods = (case.alarm for case in cases if case.alarm.condition is FLOOD)
        return of_site(site, next(floods, None), cases, new, now)

    def look(self, tx: Tx, open_alarms: Sequence[Alarm], now: int) -> list[Outcome]:
        """Floods that go on are told anew with what joined them; those whose cause is gone end."""
        outcomes = []
        for flood in (alarm for alarm in open_alarms if alarm.condition is FLOOD):
            children = [alarm for alarm in open_alarms if alarm.parent == flood.id]
            outcomes += of_time(flood, children, self._ended_children(tx, flood), now)
        return outcomes

    def _ended_children(self, tx: Tx, flood: Alarm) -> list[int]:
        facts = self._store.facts.current(tx, "alarm", since=flood.raised_at)
        return [
            parse_instant(fact.body["cleared_at"])
            for fact in facts
            if fact.body.get("parent") == flood.id and fact.body["cleared_at"] is not None
        ]
