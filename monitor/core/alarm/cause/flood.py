"""What many alarms at once mean: the page about their cause, and which alarms are told as part of it.

Theory of operation. Each time alarms have changed, those of a site that are new and told by themselves are looked at
together. What a unit's lost power explains is told as part of that unit's alarm. What belongs to the site's flood,
while that goes on, joins it, and makes it worse if it is worse. What is left may begin a flood, or, where one is open,
add to it, which is told anew then. A flood whose cause is gone is over; what outlives its cause is told by itself, when
it has had time to recover. What nobody is to be told of makes no flood.

The thresholds, and what explains what, are in :mod:`monitor.core.alarm.flood`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from monitor.core.alarm.alarm import Alarm, rearmed, told_anew, worsened
from monitor.core.alarm.cause.outcome import Adopt, Amend, Hold, Outcome, recovered
from monitor.core.alarm.condition import AlarmCondition, Level, Truth, is_worse
from monitor.core.alarm.flood import (
    OUTLIVES_AFTER,
    TOLD_ANEW_AFTER,
    WITHIN,
    OpenAlarm,
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

FLOOD = AlarmCondition.ALARM_FLOOD
_WHY = {
    "power": "units lost their power",
    "gateway": "units were cut off: their gateway or the network is gone",
    "many": "alarms came at once",
}


def is_new(case: OpenAlarm, now: int) -> bool:
    """Whether an alarm becomes part of something if there is a cause for it."""
    return not case.is_hushed and may_be_new(case.alarm, now)


def may_be_new(alarm: Alarm, now: int) -> bool:
    """Whether an alarm that somebody is to be told of is new: it is open, came, or was told anew, lately, and is told
    by itself."""
    return (
        alarm.is_open
        and alarm.parent is None
        and can_be_child(alarm)
        and (is_recent(alarm, now) or now - alarm.run.from_at < WITHIN)
    )


def of_site(
    site: str, flood: Alarm | None, cases: Sequence[OpenAlarm], new: Sequence[OpenAlarm], now: int
) -> list[Outcome]:
    """What the alarms of a site come to after some have changed. ``flood``: the open one; ``cases``: all that are open;
    ``new``: those among them that changed and are new (:func:`is_new`)."""
    outcomes = list(_without_power(cases, new))
    if flood is not None:
        children = [case.alarm for case in cases if case.alarm.parent == flood.id]
        if goes_on(flood, children, now):
            joined, flood = _joined(flood, len(children), new, now)
            outcomes += joined
    told_elsewhere = {outcome.alarm.id for outcome in outcomes if isinstance(outcome, Adopt)}
    left = [case for case in cases if case.alarm.id not in told_elsewhere and is_new(case, now)]
    return [*outcomes, *_begun(site, flood, left, now)]


def _without_power(cases: Sequence[OpenAlarm], new: Sequence[OpenAlarm]) -> Iterator[Outcome]:
    hushed = {case.alarm.id for case in cases if case.is_hushed}
    for case in new:
        parent = parent_by_power(case, cases)
        if parent is not None and parent.id not in hushed:
            yield Adopt(case.alarm, (parent.condition, parent.subject), "its unit has no power")


def _joined(flood: Alarm, children: int, new: Sequence[OpenAlarm], now: int) -> tuple[list[Outcome], Alarm]:
    """What joins a flood that goes on, and the flood as it is then. What a unit's power explains joins it too, if the
    flood is about power: the wider cause is the one to tell of."""
    cause = flood.grounds.flood_cause or "many"
    joining = [case.alarm for case in new if is_explained(case, cause)]
    outcomes: list[Outcome] = [Adopt(alarm, (FLOOD, flood.subject)) for alarm in joining]
    level = level_of(joining)
    if not joining or not is_worse(level, flood.level):
        return outcomes, flood
    evidence = {**flood.evidence, "alarms": children + len(joining)}
    truth = Truth(FLOOD, flood.subject, flood.raised_at, level, evidence)
    return [*outcomes, Hold(truth)], worsened(flood, truth, now=now)


def _begun(site: str, flood: Alarm | None, cases: Sequence[OpenAlarm], now: int) -> Iterator[Outcome]:
    """A flood that begins; or, where one is open already, a further one that becomes a part of it."""
    cause = cause_of_flood(cases, now)
    if cause is None:
        return
    of_it = [case for case in cases if is_explained(case, cause)]
    explained = [case.alarm for case in of_it]
    units = sorted({case.unit for case in of_it if case.unit is not None})
    text = f"{len(explained) if cause == 'many' else len(units)} {_WHY[cause]}"
    evidence = {"text": text, "cause": cause, "units": units, "alarms": len(explained)}
    if flood is None:
        since = min(alarm.raised_at for alarm in explained)
        yield Hold(Truth(FLOOD, site, since, level_of(explained), evidence))
    else:
        more = replace(flood, evidence={**flood.evidence, **evidence})
        yield _told_anew(more, f"{len(explained)} more at once", level_of(explained), now)
    for alarm in explained:
        yield Adopt(alarm, (FLOOD, site))


def _told_anew(flood: Alarm, why: str, level: Level, now: int) -> Amend:
    again = told_anew(flood, at=now, why=why)
    if flood.state is State.ACKNOWLEDGED:
        again = rearmed(flood, at=now, why=why)
    return Amend(replace(again, level=level) if is_worse(level, again.level) else again, why)


def of_time(flood: Alarm, children: Sequence[Alarm], ended_at: Sequence[int], now: int) -> list[Outcome]:
    """What becomes of a flood as time goes on. ``children``: what is told as part of it and open; ``ended_at``: when
    the rest of them was over."""
    if is_over(len(children), ended_at, now):
        return [recovered(FLOOD, flood.subject, max(ended_at, default=now))]
    more = news_since(children, flood.run.from_at)
    if more and now - flood.run.from_at >= TOLD_ANEW_AFTER:
        return [_told_anew(flood, f"{more} more or worse since", flood.level, now)]
    return []


def of_cause_over(parent: Alarm, children: Iterable[Alarm], now: int) -> list[Outcome]:
    """What outlives its cause is told by itself, when it has had time to recover; a flood has waited for most of it
    before it is over."""
    waited = OUTLIVES_AFTER if parent.condition is FLOOD else 0
    return [
        Adopt(child, None, "its cause is over, and it isn't", now + outlives_after(child) - waited)
        for child in children
    ]


def of_cause_shelved(parent: Alarm, children: Iterable[Alarm]) -> list[Outcome]:
    """Nobody is told of an alarm any more: what was told as part of it is told by itself."""
    return [Adopt(child, None, f"{parent.condition} of its unit is shelved") for child in children]
