"""What can be asked of alarms: which there are, what was told of them, what holds them back, who isn't watched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, cast
from zoneinfo import ZoneInfo

from monitor.asking.alarm_health import alarm_health
from monitor.asking.wall import NOT_JUDGED
from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.aside import Aside
from monitor.core.alarm.suppression import Suppression, hushing
from monitor.core.answer.alarm import (
    AlarmAnswer,
    AlarmDetailAnswer,
    AlarmVersionAnswer,
    NotificationAnswer,
    SuppressionAnswer,
    TellingNowAnswer,
    UnwatchedAnswer,
    UnwatchedReason,
)
from monitor.core.answer.health import AlarmHealthAnswer
from monitor.core.answer.unit import UnitAnswer
from monitor.core.fact import instant_or_none
from monitor.core.telling.answer import why_told
from monitor.core.telling.policy import Place, place_of
from monitor.core.telling.told import Told, plan
from monitor.core.time.instant import end_of_day, format_instant
from monitor.ports import Store, Tx
from monitor.words.alarm import not_judged
from monitor.writer.alarm.suppressions import KIND
from monitor.writer.asides import on_record
from monitor.writer.installed import Installed

_BLIND: Mapping[str, UnwatchedReason] = {"no_data": "silent", "unknown": "silent", "fault": "faulty"}
"""The states of a probe that say nothing, or nothing that can be trusted."""


class AlarmView:
    """Implements :class:`monitor.ports.AlarmView`; ``cards``: those of all units, as :meth:`monitor.ports.View.units`
    has them, without what is to come."""

    def __init__(self, store: Store, installed: Installed, cards: Callable[[], Iterable[UnitAnswer]]) -> None:
        self._store = store
        self._installed = installed
        self._cards_of_all = cards

    def now(self) -> int:
        return self._installed.clock.now()

    def alarms(self, *, open_only: bool = False, limit: int = 500) -> list[AlarmAnswer]:
        """See :class:`monitor.ports.View`."""
        with self._store.reading() as tx:
            facts = self._store.facts.current(tx, "alarm", open_only=True, limit=limit)
            if not open_only:
                newest = self._store.facts.current(tx, "alarm", limit=limit)
                facts += [fact for fact in newest if fact.to_at is not None]
            in_force = self.in_force(tx)
        return [self._shown(fact.body, in_force) for fact in facts[:limit]]

    def alarm(self, alarm: str) -> AlarmDetailAnswer | None:
        """See :class:`monitor.ports.View`."""
        with self._store.reading() as tx:
            fact = self._store.facts.one(tx, "alarm", alarm)
            if fact is None:
                return None
            in_force, versions = self.in_force(tx), self._store.facts.versions(tx, "alarm", alarm)
            same_time = self._store.facts.current(tx, "alarm", since=fact.from_at)
            rows, told = self._store.outbox.about(tx, alarm), self._store.outbox.told(tx, alarm)
        known, now = Alarm.from_json(fact.body), self._installed.clock.now()
        hushed = hushing(known, in_force, now)
        return {
            **self._shown(fact.body, in_force),
            "suppression": None if hushed is None else hushed.to_json(),
            "telling_now": self._telling_now(known, told, hushed, now),
            "history": [_version(one) for one in versions],
            "children": [
                self._shown(other.body, in_force) for other in same_time if other.body.get("parent") == alarm
            ],
            "told": [_notification(row) for row in rows],
        }

    def _telling_now(
        self, alarm: Alarm, told: Mapping[str, Told], hushed: Suppression | None, now: int
    ) -> TellingNowAnswer:
        """Why people are told of an alarm, or aren't: by the same plan as the writer's, as of now."""
        installation, policy = self._installed.installation, self._installed.policy
        place = place_of(alarm, installation)
        planned = plan(alarm, told, policy, now, place=place, is_hushed=hushed is not None)
        text = why_told(planned, alarm, hushed, installation.zone_of(place.site or ""))
        until = planned.until if hushed is None else hushed.until_at
        return {"why": planned.why.value, "text": text, "until": instant_or_none(until)}

    def suppressions(self, *, open_only: bool = True) -> list[SuppressionAnswer]:
        """See :class:`monitor.ports.View`."""
        with self._store.reading() as tx:
            facts = self._store.facts.current(tx, KIND, open_only=open_only)
        return [cast(SuppressionAnswer, fact.body) for fact in facts]

    def notifications(self, *, limit: int = 200) -> list[NotificationAnswer]:
        """See :class:`monitor.ports.View`."""
        with self._store.reading() as tx:
            return [_notification(row) for row in self._store.outbox.newest(tx, limit)]

    def alarm_health(self, *, weeks: int = 4) -> AlarmHealthAnswer:
        """See :class:`monitor.ports.View`."""
        return alarm_health(self._store, self._installed, weeks)

    def in_force(self, tx: Tx) -> list[Suppression]:
        """What holds back the telling of alarms and has not ended."""
        facts = self._store.facts.current(tx, KIND, open_only=True)
        return [Suppression.from_json(fact.body) for fact in facts]

    def _shown(self, body: Mapping[str, Any], in_force: Sequence[Suppression]) -> AlarmAnswer:
        """An alarm's JSON with what holds it back now."""
        shown = cast(AlarmAnswer, dict(body))
        if not in_force:
            return shown
        alarm, now = Alarm.from_json(body), self._installed.clock.now()
        until = {
            one.kind: format_instant(one.until_at) for one in in_force if one.holds(now) and one.covers(alarm)
        }
        shown["shelved_until"] = until.get("shelved")
        shown["suppressed_until"] = until.get("suppressed")
        shown["out_of_service_until"] = until.get("out_of_service")
        return shown

    # --- who isn't watched ---

    def unwatched(self) -> list[UnwatchedAnswer]:
        """See :class:`monitor.ports.View`."""
        unjudged = self._unjudged()
        blind = _blind(self._cards_of_all(), {entry["subject"] for entry in unjudged})
        found = [*self._held_back(), *blind, *unjudged, *self._uncalibrated()]
        if not self._installed.is_anybody_told:
            text = "nobody is told of any alarm: no people are configured"
            return [*found, _without_recipient("all units", text)]
        return [*found, *self._unreached()]

    def _unreached(self) -> list[UnwatchedAnswer]:
        """The units of which something could be wrong without anybody hearing of it now."""
        policy, now = self._installed.policy, self._installed.clock.now()
        if not policy.contacts:
            return []  # nobody could be reached, and that is said of all units at once
        found = []
        for path, unit in self._installed.installation.units.items():
            unheard = policy.unreached(Place(unit.site, path), now)
            if unheard:
                text = ", ".join(condition.value.replace("_", " ") for condition in unheard)
                found.append(_without_recipient(path, f"{path}: nobody would be told now of: {text}"))
        return found

    def _held_back(self) -> list[UnwatchedAnswer]:
        with self._store.reading() as tx:
            in_force = self.in_force(tx)
        now = self._installed.clock.now()
        return [
            {
                "subject": one.subject,
                "reason": one.kind,
                "text": _why_held_back(one),
                "since": format_instant(one.from_at),
                "until": format_instant(one.until_at),
                "by": one.owner,
                "why": one.reason,
                "condition": None if one.condition is None else one.condition.value,
                "id": one.id,
                "alarm": one.alarm,
            }
            for one in in_force
            if one.holds(now)
        ]

    def _unjudged(self) -> list[UnwatchedAnswer]:
        """What the program fails at, each once, however many of its parts do."""
        with self._store.reading() as tx:
            asides = on_record(self._store, tx)
        first: dict[str, Aside] = {}
        for aside in asides:
            first.setdefault(aside.subject, aside)
        zones = self._installed.installation.zones
        usual = next(iter(zones.values())) if len(zones) == 1 else ZoneInfo("UTC")
        return [
            {
                "subject": subject,
                "reason": "judging_failed",
                "text": f"{subject}: {not_judged(aside, zones.get(subject.partition('/')[0], usual))}",
                "since": format_instant(aside.since_at),
            }
            for subject, aside in first.items()
        ]

    def _uncalibrated(self) -> list[UnwatchedAnswer]:
        now = self._installed.clock.now()
        found: list[UnwatchedAnswer] = []
        for channel, probe in self._installed.installation.probes().items():
            if probe.calibration_due is not None:
                zone = self._installed.installation.zone_of(probe.channel.site)
                due = end_of_day(probe.calibration_due, zone)
                if now >= due:
                    text = f"{channel}: its calibration was due on {probe.calibration_due}"
                    since = format_instant(due)
                    found.append({"subject": channel, "reason": "uncalibrated", "text": text, "since": since})
        return found


def _without_recipient(subject: str, text: str) -> UnwatchedAnswer:
    return {"subject": subject, "reason": "without_recipient", "text": text, "since": None}


def _why_held_back(one: Suppression) -> str:
    what = one.subject if one.condition is None else f"{one.condition.replace('_', ' ')} of {one.subject}"
    kind = one.kind.replace("_", " ")
    return f"{what}: {kind} by {one.owner} until {format_instant(one.until_at)}: {one.reason}"


def _blind(units: Iterable[UnitAnswer], unjudged: Collection[str]) -> list[UnwatchedAnswer]:
    """The probes that say nothing, or nothing that can be trusted. What nobody judges is ``unknown`` too, and is no
    silence; ``unjudged`` is listed already."""
    found: list[UnwatchedAnswer] = []
    for unit in units:
        for probe in unit["probes"]:
            channel, since = f"{unit['unit']}/{probe['probe']}", probe["measured_at"]
            for state, reason in _BLIND.items():  # also beside something worse: a warm channel can go silent
                if (why := probe["states"].get(state)) is None:
                    continue
                if (state, why) == NOT_JUDGED:
                    if not {channel, unit["unit"]}.isdisjoint(unjudged):
                        continue
                    reason = "judging_failed"
                text = f"{channel}: {why}"
                found.append({"subject": channel, "reason": reason, "text": text, "since": since})
    return found


def _version(one: Mapping[str, Any]) -> AlarmVersionAnswer:
    body = one["body"]
    return {
        "version": one["version"],
        "recorded_at": format_instant(one["recorded_at"]),
        "reason": one["reason"],
        "state": body["state"],
        "level": body["level"],
    }


def _notification(row: Mapping[str, Any]) -> NotificationAnswer:
    return {
        "id": row["id"],
        "about": row["about"],
        "kind": row["kind"],
        "recipient": row["recipient"],
        "medium": row["medium"],
        "subject": row["subject"],
        "body": row["body"],
        "attempts": row["attempts"],
        "error": row["error"],
        "alarm": row["about"],
        "due_at": format_instant(row["due_at"]),
        "created_at": format_instant(row["created_at"]),
        "sent_at": instant_or_none(row["sent_at"]),
        "withdrawn_at": instant_or_none(row["withdrawn_at"]),
    }
