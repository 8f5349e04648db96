"""The figures of a site's weekly summary for QA, from the facts on record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.fact import JSON, is_alive
from monitor.core.profile.installation import Installation
from monitor.core.profile.rules import ChannelRules
from monitor.core.telling.policy import Place
from monitor.core.time.instant import DAY, SECOND, end_of_day, format_instant, parse_instant
from monitor.ports import Store, Tx
from monitor.writer.alarm.suppressions import KIND as SUPPRESSION
from monitor.writer.calendar.coverage import coverage
from monitor.writer.installed import Installed

CALIBRATIONS_AHEAD = 30 * DAY
"""A calibration is listed so long before its date."""
ALARMS_MAX = 5_000
"""Alarms of a week that are counted; with more the summary says that it is of the newest."""

PlaceOf = Callable[[Alarm], Place]


class Week:
    """A site between two instants. Bounded by :data:`ALARMS_MAX` and the number of units."""

    def __init__(
        self,
        store: Store,
        tx: Tx,
        around: Installed,
        place_of: PlaceOf,
        *,
        site: str,
        start: int,
        end: int,
    ) -> None:
        self._store = store
        self._tx = tx
        self._around = around
        self._place_of = place_of
        self._site = site
        self._start = start
        self._end = end

    def to_json(self) -> JSON:
        """``{since, until, excursions, lots, coverage, alarms, alarms_cut, suppressions, calibrations, drills}``, as
        :func:`monitor.words.summary.summary` words them."""
        facts = self._store.facts.current(self._tx, "alarm", since=self._start, limit=ALARMS_MAX)
        alarms = [Alarm.from_json(fact.body) for fact in facts]
        raised = [alarm for alarm in alarms if self._start < alarm.known_at <= self._end]
        return {
            "since": format_instant(self._start),
            "until": format_instant(self._end),
            "excursions": self._excursions(),
            "lots": lots_of(self._store, self._tx, self._site),
            "coverage": self._coverage(),
            "alarms": self._alarms(raised),
            "alarms_cut": len(facts) == ALARMS_MAX,
            "suppressions": self._suppressions(),
            "calibrations": calibrations(self._around.installation, self._site, self._end),
            "drills": [_drill(one) for one in raised if one.condition is AlarmCondition.DRILL],
        }

    def _excursions(self) -> list[JSON]:
        """Those confirmed in this time, and older ones that came to be known in it; the newest first."""
        facts = self._store.facts.current(self._tx, "excursion", recorded_after=self._start)
        found = []
        for fact in facts:
            confirmed_at = fact.body["confirmed_at"]
            if confirmed_at is None or not is_alive(fact.body) or not self._is_here(fact.body["channel"]):
                continue
            is_late = parse_instant(confirmed_at) <= self._start
            if not is_late or self._is_new(fact.id):
                found.append({**fact.body, "is_late": is_late})
        return found

    def _is_new(self, excursion: str) -> bool:
        """Whether an excursion was not on record as confirmed before this time."""
        versions = self._store.facts.versions(self._tx, "excursion", excursion)
        before = [one for one in versions if one["recorded_at"] <= self._start]
        return not before or before[-1]["body"]["confirmed_at"] is None

    def _is_here(self, subject: str) -> bool:
        return subject.startswith(f"{self._site}/")

    def _coverage(self) -> list[JSON]:
        """Of each unit's product probe, the lowest first."""
        ids = self._around.channel_ids
        found = []
        for unit in self._around.installation.units.values():
            rules: ChannelRules | None = self._around.rules.get(unit.product_channel)
            if unit.site != self._site or rules is None:
                continue
            channel = ids[unit.product_channel]
            share = coverage(self._store, self._tx, channel, rules, self._start, self._end)
            found.append({"unit": unit.path, "title": unit.title, "coverage": share})
        return sorted(found, key=lambda one: (one["coverage"] or 0.0, one["unit"]))

    def _alarms(self, raised: Iterable[Alarm]) -> list[JSON]:
        """By unit, the most alarms first: how many, and how soon they were acknowledged."""
        of_unit: dict[str, list[Alarm]] = {}
        for alarm in raised:
            place = self._place_of(alarm)
            if alarm.condition is AlarmCondition.DRILL or place.site not in (self._site, None):
                continue
            of_unit.setdefault(place.unit or place.site or "no site", []).append(alarm)
        found = [{"unit": unit, **_answers(alarms)} for unit, alarms in of_unit.items()]
        return sorted(found, key=lambda one: (-one["count"], one["unit"]))

    def _suppressions(self) -> list[JSON]:
        """What held back telling in this time, with for how long."""
        found = []
        for fact in self._store.facts.current(self._tx, SUPPRESSION, since=self._start):
            body = fact.body
            start = max(parse_instant(body["from"]), self._start)
            end = min(parse_instant(body["ended_at"] or body["until"]), self._end)
            if end > start and self._is_here(f"{body['subject']}/"):
                found.append({**body, "seconds": (end - start) / SECOND})
        return sorted(found, key=lambda one: (-one["seconds"], one["subject"]))


def _answers(alarms: Sequence[Alarm]) -> JSON:
    """``{count, past, acknowledged, open_unacknowledged, median_seconds, longest_seconds}``."""
    waits = [
        max(alarm.acknowledgement.at - alarm.known_at, 0) / SECOND
        for alarm in alarms
        if alarm.acknowledgement is not None
    ]
    past = sum(alarm.past for alarm in alarms)
    return {
        "count": len(alarms),
        "past": past,
        "acknowledged": len(waits),
        "never_acknowledged": len(alarms) - past - len(waits),
        "median_seconds": median(waits) if waits else None,
        "longest_seconds": max(waits, default=None),
    }


def _drill(alarm: Alarm) -> JSON:
    """``{person, raised_at, outcome, by, seconds}``; ``outcome``: answered, unanswered, open, not_drilled."""
    taken, reason = alarm.acknowledgement, alarm.evidence.get("clear_reason")
    return {
        "person": alarm.subject,
        "raised_at": format_instant(alarm.raised_at),
        "outcome": "open" if alarm.is_open else str(reason),
        "by": None if taken is None else taken.by,
        "seconds": None if taken is None else max(taken.at - alarm.raised_at, 0) / SECOND,
    }


def lots_of(store: Store, tx: Tx, site: str) -> list[Mapping[str, Any]]:
    """The lots of a site that are not disposed of, as facts."""
    facts = store.facts.current(tx, "lot", open_only=True)
    return [fact.body for fact in facts if site_of_lot(fact.body) == site]


def site_of_lot(body: Mapping[str, Any]) -> str:
    """The site where a lot is, else where it was registered."""
    return str(body["unit"] or body["site"] + "/").partition("/")[0]


def calibrations(installation: Installation, site: str, now: int) -> list[JSON]:
    """The probes whose calibration is due within :data:`CALIBRATIONS_AHEAD` or overdue, the most urgent first."""
    zone: ZoneInfo = installation.zone_of(site)
    found = []
    for channel, probe in installation.probes().items():
        due_on = probe.calibration_due
        if due_on is None or probe.channel.site != site:
            continue
        due_at = end_of_day(due_on, zone)
        if due_at - now <= CALIBRATIONS_AHEAD:
            found.append({"channel": channel, "due_on": due_on.isoformat(), "is_overdue": now >= due_at})
    return sorted(found, key=lambda one: (one["due_on"], one["channel"]))
