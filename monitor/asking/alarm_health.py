"""What is on record of alarms, messages and shelves, read for the figures of :mod:`monitor.core.alarm.health`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from monitor.core.alarm.condition import AlarmCondition
from monitor.core.alarm.health import WEEK, AlarmRecord, Held, Page, Record, to_json
from monitor.core.alarm.suppression import Suppression
from monitor.core.answer.health import AlarmHealthAnswer
from monitor.core.telling.policy import Policy
from monitor.core.telling.told import KEEP_A_STATE
from monitor.core.time.instant import parse_instant
from monitor.ports import Fact, Store, Tx
from monitor.writer.alarm.suppressions import KIND
from monitor.writer.installed import Installed

WEEKS_MAX = 52
_PAGES = ("opened", "again", "reminder")
_NOBODY = ("console",)
"""Recipients that are no person."""


def alarm_health(store: Store, installed: Installed, weeks: int) -> AlarmHealthAnswer:
    """See :class:`monitor.ports.View`. Raises ValueError for less than a week or more than a year."""
    if not 1 <= weeks <= WEEKS_MAX:
        raise ValueError(f"weeks is {weeks}: ask for 1 to {WEEKS_MAX}")
    end = installed.clock.now()
    start = end - weeks * WEEK
    with store.reading() as tx:
        record = _record(store, tx, installed.installation.units, _machines(installed.policy), start, end)
    found = to_json(record, start=start, end=end)
    titles = {path: unit.title for path, unit in installed.installation.units.items()}
    units = [{**one, "title": titles.get(one["unit"], one["unit"])} for one in found["units"]]
    return cast(AlarmHealthAnswer, {**found, "units": units})


def _machines(policy: Policy) -> set[str]:
    """Those of people.toml with no address at which a person reads."""
    return {
        name
        for name, contact in policy.contacts.items()
        if contact.recipients and all(one.medium in KEEP_A_STATE for one in contact.recipients)
    }


def _record(
    store: Store, tx: Tx, units: Collection[str], machines: Collection[str], start: int, end: int
) -> Record:
    """Alarms that stood open within the span or became known in it, what was told of them, and what was held back."""
    facts = store.facts.current(tx, "alarm", since=start, until=end)
    known_later = store.facts.current(tx, "alarm", recorded_after=start - 1)
    every = {fact.id: fact for fact in (*facts, *known_later)}
    alarms, pages = [], []
    for fact in every.values():
        unit = _unit_of(fact.subject, fact.body, units)
        alarm = _alarm(store, tx, fact, unit)
        alarms.append(alarm)
        if not alarm.is_drill:
            pages += _pages(store, tx, fact.id, unit, machines)
    held = [_held(fact, units, end) for fact in store.facts.current(tx, KIND, since=start)]
    return Record(alarms, pages, held)


def _alarm(store: Store, tx: Tx, fact: Fact, unit: str | None) -> AlarmRecord:
    body = fact.body
    condition = str(body["condition"])
    return AlarmRecord(
        id=fact.id,
        condition=condition,
        subject=fact.subject,
        unit=unit,
        raised_at=fact.from_at,
        known_at=parse_instant(body["known_at"]) if body.get("known_at") else fact.from_at,
        cleared_at=fact.to_at,
        acknowledged_at=_first_acknowledged(store, tx, fact),
        is_child=body.get("parent") is not None,
        is_past=bool(body["past"]),
        is_drill=condition == AlarmCondition.DRILL,
    )


def _first_acknowledged(store: Store, tx: Tx, fact: Fact) -> int | None:
    """When somebody first took it: an alarm that got worse or was told anew has forgotten that."""
    if fact.version == 1:
        return None
    for version in store.facts.versions(tx, "alarm", fact.id):
        if (text := version["body"].get("acknowledged_at")) is not None:
            return parse_instant(text)
    return None


def _pages(store: Store, tx: Tx, alarm: str, unit: str | None, machines: Collection[str]) -> list[Page]:
    """One for each person and telling: what goes out by several media is one page. What was never sent is none."""
    found: dict[tuple[str, str], int] = {}
    for row in store.outbox.about(tx, alarm):
        kind, person = str(row["kind"]), str(row["recipient"])
        if kind.partition(":")[0] not in _PAGES or person in _NOBODY or row["sent_at"] is None:
            continue
        telling = (_telling(row, kind), person)
        found[telling] = min(found.get(telling, row["sent_at"]), row["sent_at"])
    return [
        Page(f"{telling}:{person}", at, person, unit, person in machines)
        for (telling, person), at in found.items()
    ]


def _telling(row: Mapping[str, Any], kind: str) -> str:
    """Which telling of an alarm a message belongs to: its id as far as the recipient's name."""
    text = str(row["id"])
    head, found, _ = text.partition(f":{row['recipient']}:")
    return head if found else f"{row['about']}:{kind}"


def _held(fact: Fact, units: Collection[str], end: int) -> Held:
    one = Suppression.from_json(fact.body)
    until = one.until_at if one.ended_at is None else one.ended_at
    return Held(one.id, one.kind, _unit_of(one.subject, {}, units), one.from_at, min(until, end))


def _unit_of(subject: str, body: Mapping[str, Any], units: Collection[str]) -> str | None:
    """The unit of a subject, or the one that a lot was in when its alarm was raised."""
    evidence = body.get("evidence")
    inside = evidence.get("unit") if isinstance(evidence, Mapping) else None
    path = "/".join((subject if "/" in subject else str(inside or "")).split("/")[:2])
    return path if path in units else None
