"""What is wrong with the program itself, or with what it is told, and what that means for alarms: no broker, a store
that can't commit, people who can't be reached, two events of one id."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from monitor.core.alarm.cause.outcome import End, Hold, recovered
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.time.instant import MINUTE, format_instant, parse_instant

BROKER, STORE = AlarmCondition.BROKER_LOST, AlarmCondition.STORE_FAILING
NOTIFIER, CONFLICT = AlarmCondition.NOTIFIER_FAILING, AlarmCondition.EVENT_CONFLICT
STORE_FAILING_AFTER = 1 * MINUTE
ATTEMPTS_LEAST = 2
"""One failed attempt to reach somebody proves nothing."""
DEAD_MAN = "dead-man ping"
"""The subject of the alarm about a ping that fails: no person, and :mod:`monitor.program.jobs` looks after it."""


class BrokerState(NamedTuple):
    """No connection has been noted since ``lost_since`` (None: there was one). This process has looked since
    ``started_at``; a loss is told after ``lost_after`` ms, if it isn't told already (``is_open``)."""

    lost_since: int | None
    started_at: int
    lost_after: int
    is_open: bool


class Trouble(NamedTuple):
    """The store has failed since ``since_at``; ``why`` in words."""

    since_at: int
    why: str

    def is_to_be_told(self, now: int) -> bool:
        """Whether it has lasted for so long that somebody must know."""
        return now - self.since_at >= STORE_FAILING_AFTER


def of_broker(
    broker: BrokerState, connected_since: int | None, why: str, now: int
) -> tuple[list[Hold | End], int | None]:
    """What is to be done, and since when there is no connection from now on; ``why``: how the connection is, in words.

    A loss that the process before this one noted goes on, but is told only once this one, too, has had its time to
    connect: the broker may have come back long ago.
    """
    since = broker.lost_since
    if connected_since is not None:
        if since is None:
            return [], None
        return [recovered(BROKER, "broker", max(connected_since, since), says_when=True)], None
    since = now if since is None else since
    due_at = since + broker.lost_after
    if broker.is_open or max(due_at, broker.started_at + broker.lost_after) > now:
        return [], since
    evidence = {"text": why, "started_at": format_instant(since)}
    return [Hold(Truth(BROKER, "broker", due_at, LEVEL_OF[BROKER], evidence))], since


def of_trouble(trouble: Trouble) -> Truth:
    """That the store fails."""
    evidence = {"text": trouble.why, "started_at": format_instant(trouble.since_at)}
    return Truth(STORE, "store", trouble.since_at + STORE_FAILING_AFTER, LEVEL_OF[STORE], evidence)


def of_store(trouble: Trouble, now: int, *, is_well: bool, is_recorded: bool) -> list[Hold | End]:
    """What is to be put on record of a trouble, as soon as anything can be; ``is_well``: it is over."""
    outcomes: list[Hold | End] = []
    if not is_recorded and trouble.is_to_be_told(now):
        outcomes.append(Hold(of_trouble(trouble)))
    if is_well and (is_recorded or outcomes):
        outcomes.append(recovered(STORE, "store", now, says_when=True))
    return outcomes


def of_notifiers(
    failing: Sequence[Mapping[str, Any]], open_about: Collection[str], people: Collection[str], now: int
) -> list[Hold | End]:
    """The others are told of those who can't be reached. ``failing``: as
    :class:`monitor.core.answer.health.FailingLaneAnswer`; ``open_about``: whose alarm is open; ``people``: the names of
    all who are ever told."""
    outcomes: list[Hold | End] = []
    trying = {lane["recipient"] for lane in failing}
    for name in open_about:
        if name not in people and name != DEAD_MAN:
            evidence = {"clear_reason": "no_longer_told", "ended_at": format_instant(now)}
            outcomes.append(End(NOTIFIER, name, now, evidence))
        elif name in people and name not in trying:
            outcomes.append(recovered(NOTIFIER, name, now, says_when=True))
    unreached: dict[str, list[Mapping[str, Any]]] = {}
    for lane in failing:
        name = lane["recipient"]
        if lane["attempts"] >= ATTEMPTS_LEAST and name in people and name not in open_about:
            unreached.setdefault(name, []).append(lane)
    return [*outcomes, *(_unreached(name, lanes, now) for name, lanes in unreached.items())]


def _unreached(name: str, lanes: Sequence[Mapping[str, Any]], now: int) -> Hold:
    evidence = {
        "text": "; ".join(f"{lane['medium']}: {lane['error']}" for lane in lanes),
        "started_at": format_instant(min(parse_instant(lane["since"]) for lane in lanes)),
        "owed": sum(lane["owed"] for lane in lanes),
    }
    return Hold(Truth(NOTIFIER, name, now, LEVEL_OF[NOTIFIER], evidence))


def of_conflict(event_id: str, scope: str, subject: str, received_at: int) -> Hold:
    """Two different events came with one id; ``scope``: what the second is about, a lot or a unit."""
    text = f"two different events of id {event_id!r}, one for {subject}: both are set aside"
    evidence = {"text": text, scope: subject, "event_id": event_id}
    return Hold(Truth(CONFLICT, event_id, received_at, LEVEL_OF[CONFLICT], evidence))
