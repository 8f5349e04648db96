"""Two judgements of one history held side by side: what was, by the rules in force, and what other rules would make
of the same readings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Level, Truth
from monitor.core.channel.excursion import Excursion, KnownExcursion, reconcile
from monitor.core.fact import JSON
from monitor.core.lot.verdict import Verdict
from monitor.core.profile.profile import HIGH
from monitor.core.time.instant import format_instant

Outcome = Literal["unchanged", "changed", "new", "gone", "merged"]
"""What becomes of an excursion, an alarm or a lot. ``merged``: gone, as a part of another."""
OUTCOMES: tuple[Outcome, ...] = ("unchanged", "changed", "new", "gone", "merged")

_OF_EXCURSIONS: Mapping[str, str] = {
    "started_at": "started_at",
    "ended_at": "ended_at",
    "closed_at": "closed_at",
    "confirmed_at": "confirmed_at",
    "confirmed_by": "confirmed_by",
    "limit_reached_at": "limit_reached_at",
    "extreme_celsius": "extreme_celsius",
    "degree_minutes": "degree_minutes",
    "seconds_by_band": "ms_by_band",
    "unknown_seconds": "unknown_ms",
}
"""What is compared of two excursions, by its name in JSON; not the profile's version, nor which readings decided."""


class Pair(NamedTuple):
    """An excursion as it was and as it would be; None where there is none."""

    was: Excursion | None
    would_be: Excursion | None
    outcome: Outcome
    changed: tuple[str, ...] = ()

    def touches(self, start: int) -> bool:
        """Whether either goes on to ``start`` or beyond."""
        return any(
            e is not None and (e.ended_at is None or e.ended_at >= start) for e in (self.was, self.would_be)
        )

    @property
    def confirmed(self) -> tuple[bool, bool]:
        """Whether it was confirmed, and whether it would be."""
        return _is_confirmed(self.was), _is_confirmed(self.would_be)


def _is_confirmed(excursion: Excursion | None) -> bool:
    return excursion is not None and excursion.confirmed_at is not None


def pairs(was: Sequence[Excursion], would_be: Sequence[Excursion]) -> list[Pair]:
    """The excursions of one channel by both rules, matched where they overlap, in the order of their start."""
    by_id = {str(number): one for number, one in enumerate(sorted(was, key=_start))}
    known = [KnownExcursion(name, e.direction, e.started_at, e.ended_at) for name, e in by_id.items()]
    found: list[Pair] = []
    for match in reconcile(known, sorted(would_be, key=_start)):
        old = None if match.known is None else by_id[match.known.id]
        if match.excursion is None:
            found.append(Pair(old, None, "gone" if match.merged_into is None else "merged"))
        elif old is None:
            found.append(Pair(None, match.excursion, "new"))
        else:
            changed = _differing(old, match.excursion)
            found.append(Pair(old, match.excursion, "changed" if changed else "unchanged", changed))
    return sorted(found, key=lambda pair: min(e.started_at for e in pair[:2] if e is not None))


def _start(excursion: Excursion) -> int:
    return excursion.started_at


def _differing(old: Excursion, new: Excursion) -> tuple[str, ...]:
    return tuple(name for name, field in _OF_EXCURSIONS.items() if getattr(old, field) != getattr(new, field))


# --- alarms ---


class AlarmSpan(NamedTuple):
    """An alarm about a channel's temperature, as an excursion makes it: from its confirmation until it closes."""

    condition: AlarmCondition
    level: Level
    raised_at: int
    cleared_at: int | None

    def to_json(self) -> JSON:
        """In the words of docs/json.md."""
        cleared_at = None if self.cleared_at is None else format_instant(self.cleared_at)
        return {"level": self.level, "raised_at": format_instant(self.raised_at), "cleared_at": cleared_at}


def alarm_of(excursion: Excursion | None) -> AlarmSpan | None:
    """The alarm of an excursion; None for one that isn't confirmed."""
    if excursion is None or excursion.confirmed_at is None:
        return None
    is_high = excursion.direction == HIGH
    condition = AlarmCondition.TEMPERATURE_HIGH if is_high else AlarmCondition.TEMPERATURE_LOW
    level: Level = "critical" if excursion.limit_reached_at is not None else LEVEL_OF[condition]
    return AlarmSpan(condition, level, excursion.confirmed_at, excursion.closed_at)


def overlap(one: AlarmSpan, start: int, end: int | None) -> bool:
    """Whether an alarm was open at some time in [start, end]; ``end`` None: for ever."""
    return (end is None or one.raised_at <= end) and (one.cleared_at is None or one.cleared_at >= start)


def outcome_of(was: object | None, would_be: object | None, *, merged: bool = False) -> Outcome | None:
    """What becomes of something that is or isn't there; None if it never is."""
    if was is None:
        return None if would_be is None else "new"
    if would_be is None:
        return "merged" if merged else "gone"
    return "unchanged" if was == would_be else "changed"


def truth_changes(
    was: Iterable[Truth], would_be: Iterable[Truth]
) -> Iterator[tuple[AlarmCondition, Truth | None, Truth | None, Outcome]]:
    """The conditions of one lot by both rules; one that begins at another instant or has another level is changed."""
    before, after = ({truth.condition: truth for truth in truths} for truths in (was, would_be))
    for condition in sorted(before.keys() | after.keys()):
        old, new = before.get(condition), after.get(condition)
        outcome = outcome_of(_moment(old), _moment(new))
        if outcome is not None:
            yield condition, old, new, outcome


def _moment(truth: Truth | None) -> tuple[int, Level] | None:
    return None if truth is None else (truth.since_at, truth.level)


# --- lots ---

_OF_LOTS = (
    *("verdict", "effective_expires_at", "expiry_reason", "thaw_count", "thaw_count_determinate"),
    *("known_seconds", "unknown_seconds", "out_of_storage_seconds", "coverage", "mkt_worst"),
)
"""Figures of a lot that are compared as they are; ``budgets`` and ``reasons`` are too, by what they say."""


def figures(body: Mapping[str, Any]) -> JSON:
    """Of a lot's JSON what is held side by side. Reasons: a code, with its band if it is about one; of their evidence
    what follows from the rules alone (the profile's version) says nothing."""
    return {
        **{name: body[name] for name in _OF_LOTS},
        "profile": f"{body['profile']}@{body['profile_version']}",
        "budgets": [
            {key: budget[key] for key in ("band", "limit_seconds", "spent_seconds", "exhausted_at")}
            for budget in body["budgets"]
        ],
        "reasons": [{"code": reason["code"], "text": reason["text"]} for reason in body["reasons"]],
    }


def lot_changes(was: JSON, would_be: JSON) -> list[str]:
    """The names of the figures in which a lot differs (both as :func:`figures` gives them)."""
    return [name for name in was if name != "profile" and was[name] != would_be[name]]


def reason_changes(was: JSON, would_be: JSON) -> tuple[list[JSON], list[JSON]]:
    """The reasons that a lot would have and hasn't, and those that it has and wouldn't have."""
    old, new = was["reasons"], would_be["reasons"]
    return [one for one in new if one not in old], [one for one in old if one not in new]


# --- in a sentence ---


class ReplayCounts(NamedTuple):
    """What a summary is made of. ``lots``: of each lot the verdict that it has and the one that it would have."""

    pairs: Sequence[Pair]
    alarms: Counter[Outcome]
    lots: Collection[tuple[str, str]]
    figures: int
    """Lots with the same verdict and other figures."""


def in_words(counts: ReplayCounts) -> str:
    """For a person of QA: the difference in one sentence."""
    clauses = [*_of_excursions(counts.pairs), *_of_alarms(counts.alarms), *_of_lots(counts)]
    if clauses:
        return f"With these rules {', '.join(clauses)}."
    excursions, lots = sum(pair.was is not None for pair in counts.pairs), len(counts.lots)
    return (
        f"With these rules nothing would have been different: {_number(excursions, 'excursion')},"
        f" {_number(lots, 'lot')}."
    )


def _of_excursions(found: Sequence[Pair]) -> Iterator[str]:
    apart = [pair for pair in found if pair.outcome != "merged"]
    confirmed = Counter(pair.confirmed for pair in apart)
    transients = Counter(pair.outcome for pair in apart if pair.confirmed == (False, False))
    more, fewer = confirmed[False, True], confirmed[True, False]
    otherwise = sum(pair.outcome == "changed" and len(set(pair.confirmed)) == 1 for pair in apart)
    if more:
        yield f"{_number(more, 'excursion')} more would have been confirmed"
    if fewer:
        yield f"{_number(fewer, 'excursion')} that {_was(fewer)} confirmed would not have been"
    if transients["new"]:
        yield f"{_number(transients['new'], 'transient')} more would have been seen"
    if transients["gone"]:
        yield f"{_number(transients['gone'], 'transient')} fewer would have been seen"
    if len(apart) < len(found):
        yield f"{_number(len(found) - len(apart), 'excursion')} would have been part of another"
    if otherwise:
        yield f"{_number(otherwise, 'excursion')} would have had another course"


def _of_alarms(found: Counter[Outcome]) -> Iterator[str]:
    if found["new"]:
        yield f"{_number(found['new'], 'alarm')} more would have been raised"
    if found["gone"]:
        yield f"{_number(found['gone'], 'alarm')} fewer would have been raised"


def _of_lots(counts: ReplayCounts) -> Iterator[str]:
    entering = Counter(would_be for was, would_be in counts.lots if was != would_be)
    for verdict in reversed(Verdict):
        number = entering[verdict.value]
        if number:
            words = verdict.value.replace("_", " ")
            yield f"{_number(number, 'lot')} would be {words} that {'is' if number == 1 else 'are'} not"
    if counts.figures:
        yield f"{_number(counts.figures, 'lot')} would keep the verdict with other figures"


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def tally(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """How many of each outcome, all of them named."""
    counted = Counter(outcomes)
    return {outcome: counted[outcome] for outcome in OUTCOMES}
