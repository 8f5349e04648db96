"""The figures of alarm health in words, with their targets. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from monitor.core.fact import JSON
from monitor.words.figures import Sign, duration, percent, plain

WELL = Sign("Good", "circle", "ok", 2)
TOO_MUCH = Sign("Too much", "triangle", "warning", 0)
NOT_KNOWN = Sign("Can't be told", "ring", "unknown", 1)


SOURCES_LEAST = 50
"""Ten of so many sources make a fifth of all alarms if all make as many: with fewer the share can't be low."""

_MEANINGS: Mapping[str, tuple[str, str]] = {
    "pages_per_person_week": (
        "Pages a week for the person told most",
        "Who is woken too often stops believing it. Drills do not count.",
    ),
    "unacknowledged": ("Never acknowledged", "Alarms that nobody has said to have seen."),
    "ack_p95_seconds": (
        "Until acknowledged, 95 of 100 within",
        "From when it was known until somebody took it.",
    ),
    "unanswered_drills": (
        "Drills that nobody answered",
        "A dead address, or a person who sleeps through it.",
    ),
    "chattering": (
        "Chattering",
        "The same condition of the same place, three times within an hour: its delay or limit is too tight.",
    ),
    "stale": (
        "Open for over a day",
        "What stays on is no longer looked at: repair it, or take the unit out of service.",
    ),
    "top_ten_share": (
        "Share of the ten worst sources",
        "Where few sources raise most alarms, mending these is worth most. It needs more than fifty sources to tell.",
    ),
    "flood_share": (
        "Time in floods",
        "Ten or more alarms within ten minutes are more than a person can take in.",
    ),
}


class Line(NamedTuple):
    """One figure: what it is called, how much it is, what it should be, how that is, and what it means."""

    name: str
    value: str
    target: str
    sign: Sign
    meaning: str


class Row(NamedTuple):
    """A unit's figures as words; ``bad`` names those that miss their target."""

    unit: str
    title: str
    cells: Mapping[str, str]
    bad: frozenset[str]


COLUMNS: Mapping[str, str] = {
    "pages_per_week": "Pages a week",
    "alarms": "Alarms",
    "chattering": "Chattering",
    "stale": "Open over a day",
    "unacknowledged": "Not acknowledged",
    "ack_p95_seconds": "Until acknowledged",
    "flood_share": "In flood",
    "held_seconds": "Held back",
}


def judged(value: float | None, target: float) -> Sign:
    """How a figure is beside the most that it should be."""
    if value is None:
        return NOT_KNOWN
    return WELL if value <= target else TOO_MUCH


def lines(total: JSON, targets: JSON) -> list[Line]:
    """The figures of all together that have a target, the most telling first."""
    values, limits, unknown = _values(total), _limits(targets), _untold(total)
    return [
        Line(
            name,
            values[key],
            limits[key],
            NOT_KNOWN if key in unknown else judged(total[key], targets[key]),
            meaning,
        )
        for key, (name, meaning) in _MEANINGS.items()
    ]


def _values(total: JSON) -> Mapping[str, str]:
    median, p95 = total["ack_median_seconds"], total["ack_p95_seconds"]
    return {
        **{key: str(total[key]) for key in ("unacknowledged", "chattering", "stale")},
        "pages_per_person_week": f"{total['pages_per_person_week']:.3g}",
        "ack_p95_seconds": "–" if p95 is None else f"{duration(p95)}, half within {duration(median)}",
        "unanswered_drills": f"{total['unanswered_drills']} of {total['drills']}"
        if total["drills"]
        else "no drill",
        "top_ten_share": percent(total["top_ten_share"]),
        "flood_share": percent(total["flood_share"]),
    }


def _limits(targets: JSON) -> Mapping[str, str]:
    return {
        **{key: f"at most {value:g}" if value else "none" for key, value in targets.items()},
        "ack_p95_seconds": f"at most {duration(targets['ack_p95_seconds'])}",
        "top_ten_share": f"at most {percent(targets['top_ten_share'])}",
        "flood_share": f"at most {percent(targets['flood_share'])}",
    }


def _untold(total: JSON) -> set[str]:
    """Figures that say nothing here: drills where there were none, the ten worst of few sources."""
    found = set() if total["drills"] else {"unanswered_drills"}
    return found | ({"top_ten_share"} if total["sources"] <= SOURCES_LEAST else set())


def unit_rows(units: Sequence[JSON], targets: JSON) -> list[Row]:
    """The units, those with most pages first."""
    order = sorted(units, key=lambda one: (-one["pages"], -one["alarms"], one["unit"]))
    return [_row(one, targets) for one in order]


def _row(unit: JSON, targets: JSON) -> Row:
    cells = {
        "pages_per_week": f"{unit['pages_per_week']:.3g}",
        "alarms": str(unit["alarms"]),
        "chattering": str(unit["chattering"]),
        "stale": str(unit["stale"]),
        "unacknowledged": str(unit["unacknowledged"]),
        "ack_p95_seconds": duration(unit["ack_p95_seconds"]),
        "flood_share": percent(unit["flood_share"]),
        "held_seconds": held(unit["held_seconds"]),
    }
    compared = {key: unit[key] for key in cells if key in targets}
    compared["pages_per_week"] = unit["pages_per_person_week"]
    limits = {**targets, "pages_per_week": targets["pages_per_person_week"]}
    bad = {key for key, value in compared.items() if value is not None and value > limits[key]}
    return Row(unit["unit"], unit["title"], cells, frozenset(bad))


def held(seconds: Mapping[str, float]) -> str:
    """For how long alarms were held back, by kind: "shelved 4 h, out of service 2 d"."""
    return ", ".join(f"{plain(kind)} {duration(length)}" for kind, length in seconds.items()) or "–"


def weeks_text(counts: Sequence[int]) -> str:
    """Pages in each week, oldest first: "2, 0, 1, 5"."""
    return ", ".join(map(str, counts))
