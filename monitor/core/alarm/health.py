"""How well alarms serve people: figures over a span of time, from what is on record. Pure.

An alarm system that pages too often is not believed, and one that nobody answers helps no one. The figures and their
targets are those of EEMUA 191 and ISA-18.2 (docs/sources.md), with one of our own: a freezer room should
page a person at most once a week outside drills.

Alarms of the past (they woke no one), the children of a flood (told as one) and drills are told apart. The order of
what is given, and doubles of it, change nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from types import MappingProxyType
from typing import Any

from monitor.core.alarm.flood import FLOOD_LEAST, WITHIN
from monitor.core.time.instant import DAY, HOUR, SECOND, format_instant

WEEK = 7 * DAY
CHATTERS = 3
"""So many alarms of one condition and subject within ``CHATTERS_WITHIN`` are chatter."""
CHATTERS_WITHIN = HOUR
STALE_AFTER = DAY
FLOOD_ENDS_BELOW = 5
TOP = 10

TARGETS: Mapping[str, float] = MappingProxyType(
    {
        "pages_per_person_week": 1.0,
        "chattering": 0,
        "stale": 0,
        "top_ten_share": 0.2,
        "flood_share": 0.01,
        "ack_p95_seconds": 600.0,
        "unacknowledged": 0,
        "unanswered_drills": 0,
    }
)
"""The most that each figure should be. Acknowledged within 10 min: the usual time-out of a ladder's step."""


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """What is on record of one alarm. Instants in ms; ``unit`` is ``site/unit``, or None where it is about none.

    ``acknowledged_at``: when somebody first took it. ``is_child``: told as a part of another; ``is_past``: over before
    anybody could know; ``is_drill``: raised to see whether it is answered.
    """

    id: str
    condition: str
    subject: str
    unit: str | None
    raised_at: int
    known_at: int
    cleared_at: int | None = None
    acknowledged_at: int | None = None
    is_child: bool = False
    is_past: bool = False
    is_drill: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A person told of an alarm, once: by however many media at that instant (``id`` names the telling).
    ``is_machine``: who is told is a program or a service, and counts as no person."""

    id: str
    at: int
    person: str
    unit: str | None
    is_machine: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A span in which the telling of a subject's alarms was held back."""

    id: str
    kind: str
    unit: str | None
    from_at: int
    to_at: int


@dataclass(frozen=True, slots=True)
class Record:
    """All that the figures rest on."""

    alarms: Sequence[AlarmRecord] = ()
    pages: Sequence[Page] = ()
    held: Sequence[Held] = ()

    def of_unit(self, unit: str) -> Record:
        """What of it is about one unit."""
        return Record(
            [one for one in self.alarms if one.unit == unit],
            [one for one in self.pages if one.unit == unit],
            [one for one in self.held if one.unit == unit],
        )

    def units(self) -> list[str]:
        """Every unit that something is on record of, by name."""
        every = (one.unit for part in (self.alarms, self.pages, self.held) for one in part)
        return sorted({unit for unit in every if unit is not None})


@dataclass(frozen=True, slots=True)
class AlarmSource:
    """What raised alarms, and how many."""

    condition: str
    subject: str
    alarms: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one span. Shares are of one; None where there is nothing to tell it from.

    ``pages_by_week``: oldest week first. ``pages_by_person``: pages a week of every person told. ``chattering``:
    conditions of a subject that chattered. ``stale``: alarms that stood open for longer than a day within the span.
    ``top_ten_share``: of all alarms, those of the ten worst sources; None where there are no more than ten sources.
    ``ack_median_seconds``, ``ack_p95_seconds``: from when it was known until somebody took it (nearest rank).
    ``unacknowledged``: nobody has taken it until now. ``held_seconds``: by kind, summed over what was held back.
    ``sources``: conditions and subjects that raised an alarm.
    """

    alarms: int
    pages: int
    pages_per_week: float
    pages_by_week: tuple[int, ...]
    pages_by_person: Mapping[str, float]
    chattering: int
    stale: int
    top_ten_share: float | None
    flood_share: float
    ack_median_seconds: float | None
    ack_p95_seconds: float | None
    unacknowledged: int
    drills: int
    unanswered_drills: int
    held_seconds: Mapping[str, float] = field(default_factory=dict)
    sources: int = 0
    top: tuple[AlarmSource, ...] = ()

    @property
    def pages_per_person_week(self) -> float:
        """Pages a week of the person who was told most often."""
        return max(self.pages_by_person.values(), default=0.0)


def figures(record: Record, *, start: int, end: int) -> Figures:
    """The figures of ``record`` from ``start`` to ``end`` (ms, both within; ``start`` < ``end``), as known then."""
    every = sorted({one for one in record.alarms if not one.is_past}, key=lambda one: (one.known_at, one.id))
    within = [one for one in every if start <= one.known_at <= end]
    drills = [one for one in within if one.is_drill]
    real = [one for one in within if not one.is_drill]
    asked = [one for one in real if not one.is_child]
    pages = {one for one in record.pages if start <= one.at <= end}
    weeks = (end - start) / WEEK
    waits = sorted(
        one.acknowledged_at - one.known_at
        for one in asked
        if one.acknowledged_at is not None and one.acknowledged_at <= end
    )
    sources = Counter((one.condition, one.subject) for one in real)
    worst = sorted(sources.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    per_person = Counter(one.person for one in pages if not one.is_machine)
    return Figures(
        alarms=len(real),
        pages=len(pages),
        pages_per_week=len(pages) / weeks,
        pages_by_week=_by_week([one.at for one in pages], start, end),
        pages_by_person={person: count / weeks for person, count in sorted(per_person.items())},
        chattering=_chattering(real),
        stale=sum(_is_stale(one, start, end) for one in every if not one.is_drill),
        top_ten_share=None if len(sources) <= TOP else sum(count for _, count in worst) / len(real),
        flood_share=_flood_time([one.known_at for one in real], end) / (end - start),
        ack_median_seconds=_rank(waits, 0.5),
        ack_p95_seconds=_rank(waits, 0.95),
        unacknowledged=sum(one.acknowledged_at is None or one.acknowledged_at > end for one in asked),
        drills=len(drills),
        unanswered_drills=sum(one.acknowledged_at is None and one.cleared_at is not None for one in drills),
        held_seconds=_held(record.held, start, end),
        sources=len(sources),
        top=tuple(AlarmSource(condition, subject, count) for (condition, subject), count in worst),
    )


def _by_week(instants: Iterable[int], start: int, end: int) -> tuple[int, ...]:
    """How many in each week, counted back from ``end``; a first part of a week is a week of its own."""
    number = -(-(end - start) // WEEK)
    found = [0] * number
    for at in instants:
        found[max(number - 1 - (end - at) // WEEK, 0)] += 1
    return tuple(found)


def _chattering(alarms: Sequence[AlarmRecord]) -> int:
    """``alarms`` in the order of ``known_at``."""
    instants: dict[tuple[str, str], list[int]] = {}
    for one in alarms:
        instants.setdefault((one.condition, one.subject), []).append(one.known_at)
    return sum(
        any(
            last - first <= CHATTERS_WITHIN for first, last in zip(found, found[CHATTERS - 1 :], strict=False)
        )
        for found in instants.values()
    )


def _is_stale(alarm: AlarmRecord, start: int, end: int) -> bool:
    stood_until = end if alarm.cleared_at is None else min(alarm.cleared_at, end)
    return stood_until > start and stood_until - alarm.raised_at > STALE_AFTER


def _flood_time(instants: Sequence[int], end: int) -> int:
    """For how long, in ms, a flood went on: it begins with ``FLOOD_LEAST`` alarms within ``WITHIN``, and ends once
    fewer than ``FLOOD_ENDS_BELOW`` came in the last ``WITHIN``. ``instants`` are sorted."""
    changes = sorted([(at, 1) for at in instants] + [(at + WITHIN, -1) for at in instants])
    lately, since, total = 0, None, 0
    for at, step in changes:
        lately += step
        if since is None and lately >= FLOOD_LEAST:
            since = at
        elif since is not None and lately < FLOOD_ENDS_BELOW:
            total += min(at, end) - min(since, end)
            since = None
    return total


def _rank(waits: Sequence[int], share: float) -> float | None:
    """The nearest rank of sorted spans, in seconds."""
    if not waits:
        return None
    return waits[ceil(len(waits) * share) - 1] / SECOND


def _held(held: Iterable[Held], start: int, end: int) -> dict[str, float]:
    """Seconds by kind. What lies on each other in one unit by the same kind is counted once."""
    spans: dict[tuple[str, str | None], list[tuple[int, int]]] = {}
    for one in set(held):
        first, last = max(one.from_at, start), min(one.to_at, end)
        if first < last:
            spans.setdefault((one.kind, one.unit), []).append((first, last))
    total: Counter[str] = Counter()
    for (kind, _), found in spans.items():
        covered_until = start
        for first, last in sorted(found):
            total[kind] += max(last - max(first, covered_until), 0)
            covered_until = max(covered_until, last)
    return {kind: length / SECOND for kind, length in sorted(total.items())}


# --- in words of the API ---


def to_json(record: Record, *, start: int, end: int) -> dict[str, Any]:
    """``{from, to, weeks, targets, total, units, top}``: the figures in total and per unit, the targets, and the ten
    sources with most alarms. A unit's ``top_ten_share`` and ``drills`` are left out: they are of all together."""
    total = figures(record, start=start, end=end)
    units = {unit: figures(record.of_unit(unit), start=start, end=end) for unit in record.units()}
    every = total.alarms
    return {
        "from": format_instant(start),
        "to": format_instant(end),
        "weeks": round((end - start) / WEEK, 2),
        "targets": dict(TARGETS),
        "total": {
            **_figures_json(total),
            "pages_by_person": {name: round(value, 2) for name, value in total.pages_by_person.items()},
            "top_ten_share": _rounded(total.top_ten_share),
            "sources": total.sources,
            "drills": total.drills,
            "unanswered_drills": total.unanswered_drills,
        },
        "units": [{"unit": unit, **_figures_json(one)} for unit, one in units.items()],
        "top": [
            {
                "condition": one.condition,
                "subject": one.subject,
                "alarms": one.alarms,
                "share": round(one.alarms / every, 4),
            }
            for one in total.top
        ],
    }


def _figures_json(one: Figures) -> dict[str, Any]:
    return {
        "alarms": one.alarms,
        "pages": one.pages,
        "pages_per_week": round(one.pages_per_week, 2),
        "pages_by_week": list(one.pages_by_week),
        "pages_per_person_week": round(one.pages_per_person_week, 2),
        "chattering": one.chattering,
        "stale": one.stale,
        "flood_share": round(one.flood_share, 6),
        "ack_median_seconds": one.ack_median_seconds,
        "ack_p95_seconds": one.ack_p95_seconds,
        "unacknowledged": one.unacknowledged,
        "held_seconds": dict(one.held_seconds),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
