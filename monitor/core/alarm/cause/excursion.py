"""What an excursion means for an alarm.

Theory of operation. One alarm per channel and side says that it is too warm, or too cold. It holds while a confirmed
excursion of that side is open; the excursion's own limit makes it critical. It is over with the last of them: at the
instant at which that was closed, or now, if late data has taken it away. An excursion that was opened and closed before
anybody could be told of it is an alarm of the past.

Two things are easy to get wrong. An alarm that is a warning (:mod:`monitor.core.alarm.cause.warning`) has come of no
excursion as far as anybody was told, so an excursion's end doesn't end it. And judging again may have merged an
excursion into another: what is on record then is of the same judgement, and may say that the side is outside still.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.outcome import End, Hold, Outcome, Past
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.answer.shape import AnyAnswer
from monitor.core.fact import is_alive, is_going_on
from monitor.core.profile.profile import HIGH, LOW
from monitor.core.record import degrees
from monitor.core.time.instant import parse_instant

THERMAL: Mapping[str, AlarmCondition] = {
    HIGH: AlarmCondition.TEMPERATURE_HIGH,
    LOW: AlarmCondition.TEMPERATURE_LOW,
}


class SideState(NamedTuple):
    """What is known of a channel's side when an excursion of it has a new version.

    ``alarm``: the open one. ``alarms``: whether the probe has any. ``is_outside``: another confirmed excursion is open.
    ``was_told``: an alarm on record, open or not, is about this one. ``place``: what evidence says of where it is.
    """

    alarm: Alarm | None
    alarms: bool
    is_outside: bool
    was_told: bool
    place: Mapping[str, Any]


def of_excursion(excursion: str, body: AnyAnswer, side: SideState, now: int) -> list[Outcome]:
    """What a new version of an excursion comes to. ``excursion`` is its id, ``body`` its fact's."""
    if is_going_on(body):
        return [Hold(_truth(excursion, body, side))] if side.alarms else []
    is_over = is_alive(body) and body["confirmed_at"] is not None
    if _is_about_excursions(side.alarm, body, is_over=is_over) and not side.is_outside:
        return [_end(body, now, is_over=is_over)]
    if is_over and not side.was_told and side.alarms:
        return [Past(_truth(excursion, body, side), parse_instant(body["closed_at"]))]
    return []


def _is_about_excursions(alarm: Alarm | None, body: AnyAnswer, *, is_over: bool) -> bool:
    """Whether the open alarm is about this excursion or one before it. It isn't one that came after this was over."""
    if alarm is None or alarm.grounds.excursion is None:
        return False
    return not is_over or parse_instant(body["closed_at"]) >= alarm.raised_at


def _end(body: AnyAnswer, now: int, *, is_over: bool) -> End:
    evidence = {
        "clear_reason": "recovered" if is_over else "corrected",
        "ended_at": body["ended_at"],
        "extreme_celsius": body["extreme_celsius"],
    }
    at = parse_instant(body["closed_at"]) if is_over else now
    return End(THERMAL[body["direction"]], body["channel"], at, evidence)


def _truth(excursion: str, body: AnyAnswer, side: SideState) -> Truth:
    condition, limit, extreme = (
        THERMAL[body["direction"]],
        body["limits"]["celsius"],
        body["extreme_celsius"],
    )
    evidence = {
        "text": f"{degrees(extreme)}, limit {degrees(limit)}",
        "excursion": excursion,
        "celsius": extreme,
        "limit_celsius": limit,
        **{key: body[key] for key in ("extreme_celsius", "started_at", "confirmed_at", "confirmed_by")},
        **side.place,
    }
    level = "critical" if body["limit_reached_at"] is not None else LEVEL_OF[condition]
    return Truth(condition, body["channel"], parse_instant(body["confirmed_at"]), level, evidence)


def with_outlook(truth: Truth, coming: Mapping[str, Any]) -> Truth:
    """A truth about a product's temperature with what comes next: by when to act, and what to move where."""
    evidence = {
        **truth.evidence,
        "act_by_reason": coming["act_by_reason"],
        "rescue": coming["rescue"],
    }
    act_by = None if coming["act_by"] is None else parse_instant(coming["act_by"])
    return replace(truth, evidence=evidence, act_by=act_by)
