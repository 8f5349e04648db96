"""What a spell beyond the warning level means for an alarm.

Theory of operation. A channel that has been beyond its profile's warning level for long enough raises a warning, on the
side's one alarm. If an excursion comes of it, that alarm gets worse, and is over with the excursion
(:mod:`monitor.core.alarm.cause.excursion`), not with the spell. Else it is over with the spell. So a spell that an
excursion came of warns of nothing new once the excursion is over: an alarm on record that covers some of it has told of
it. A spell that began and ended before anybody could be told is an alarm of the past.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.excursion import THERMAL
from monitor.core.alarm.cause.outcome import End, Hold, Outcome, Past
from monitor.core.alarm.condition import Truth
from monitor.core.channel.warning import Spell
from monitor.core.record import degrees
from monitor.core.time.instant import format_instant


class LevelState(NamedTuple):
    """What is known of a channel's side when a spell of it holds or is over.

    ``alarm``: the open one. ``is_watched``: the channel's warning level is told. ``is_outside``: a confirmed excursion
    is open. ``is_on_record``: an alarm, open or not, covers some of the spell (:func:`covers`). ``place``: what the
    evidence says of where it is.
    """

    alarm: Alarm | None
    is_watched: bool
    is_outside: bool
    is_on_record: bool
    place: Mapping[str, Any]


def of_open_spell(channel: str, spell: Spell, level: LevelState) -> list[Outcome]:
    """What a spell that holds comes to."""
    is_told_already = level.alarm is None and level.is_on_record
    if not level.is_watched or is_told_already:
        return []
    return [Hold(_truth(channel, spell, level))]


def of_ended_spell(channel: str, spell: Spell, ended_at: int, level: LevelState) -> list[Outcome]:
    """What the end of a spell comes to."""
    if covers_end(level.alarm, ended_at):
        return [] if level.is_outside else [_end(channel, spell, ended_at)]
    if level.is_watched and not level.is_on_record:
        return [Past(_truth(channel, spell, level), ended_at)]
    return []


def of_no_spell(alarm: Alarm | None, now: int, *, is_outside: bool) -> list[Outcome]:
    """Judged again, nothing is beyond the level: a warning that said so is over, and was wrong."""
    if alarm is None or alarm.grounds.excursion is not None or is_outside:
        return []
    return [End(alarm.condition, alarm.subject, now, {"clear_reason": "corrected"})]


def covers_end(alarm: Alarm | None, ended_at: int) -> bool:
    """Whether the open alarm was raised before a spell ended, so that it is the one about it."""
    return alarm is not None and alarm.raised_at <= ended_at


def covers(spans: Iterable[tuple[int, int | None]], spell: Spell) -> bool:
    """Whether one of the spans (ms; None: open) has an instant in common with a spell, which may have moved since."""
    until = spell.ended_at
    return any(
        (until is None or start <= until) and (end is None or end >= spell.raised_at) for start, end in spans
    )


def _end(channel: str, spell: Spell, ended_at: int) -> End:
    evidence = {
        "clear_reason": "recovered",
        "ended_at": format_instant(ended_at),
        "extreme_celsius": spell.extreme_celsius,
    }
    return End(THERMAL[spell.direction], channel, ended_at, evidence)


def _truth(channel: str, spell: Spell, level: LevelState) -> Truth:
    extreme, limit = spell.extreme_celsius, spell.limit_celsius
    evidence = {
        "text": f"{degrees(extreme)}, warning level {degrees(limit)}",
        "celsius": extreme,
        "limit_celsius": limit,
        "extreme_celsius": extreme,
        "started_at": format_instant(spell.started_at),
        "confirmed_at": format_instant(spell.raised_at),
        **level.place,
    }
    return Truth(THERMAL[spell.direction], channel, spell.raised_at, "warning", evidence)
