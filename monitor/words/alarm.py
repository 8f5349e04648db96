"""Alarms in words: their states, what became of messages about them, what holds them back, who isn't watched, and how
well alarms serve. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.alarm.aside import Aside
from monitor.core.answer.alarm import UnwatchedAnswer
from monitor.core.answer.shape import AnyAnswer
from monitor.core.fact import JSON
from monitor.core.time.instant import format_local
from monitor.words import figures
from monitor.words.condition import condition_name
from monitor.words.figures import At, Said, capital, percent, span, spell_out
from monitor.words.sign import Badge

STATES: Mapping[str, str] = {
    "normal": "over",
    "unacknowledged": "not acknowledged",
    "acknowledged": "acknowledged",
    "returned_unacknowledged": "over, not acknowledged",
    "latched_unacknowledged": "not acknowledged",
    "latched_acknowledged": "acknowledged, stays until QA lifts it",
}
MEDIA = {"mail": "mail", "apprise": "a message", "console": "the console", "pagerduty": "PagerDuty"}
SAID = {
    "opened": "that it opened",
    "again": "once more",
    "reminder": "a reminder",
    "taken": "who has taken it",
    "closed": "that it is over",
}
WAYS = {
    "web": "on its page",
    "link": "by the link in a message",
    "cli": "on the command line",
    "api": "over the API",
}
UNWATCHED = {
    "shelved": "Shelved",
    "suppressed": "Suppressed",
    "out_of_service": "Out of service",
    "silent": "Silent",
    "faulty": "Faulty",
    "judging_failed": "Not judged",
    "uncalibrated": "Not calibrated",
    "without_recipient": "Nobody is told",
}
"""Why something isn't watched, the reasons that a person gave first."""
_NO_READINGS_JUDGED = ("nobody has judged it", "Read its temperature off the unit itself, every hour")
_NO_VERDICT = ("nobody has judged it", "Decide nothing by its verdict")
_NOTHING_SAID = ("nobody has been told", "Tell people of it yourself, and look at the open alarms every hour")
_UNTIL_MENDED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("lot", "date"), _NO_VERDICT),
    **dict.fromkeys(("telling", "alarm", "message", "digest", "drill"), _NOTHING_SAID),
}
"""What it means that some work fails, and what to do until it works again; of all else it is the unit's readings."""
_NOT_URGENT = frozenset({"uncalibrated"})
"""What is watched all the same, though not as well as it should be."""
HELD_BACK = ("shelved", "suppressed", "out_of_service")
_HOLDS = ("unacknowledged", "acknowledged")


def holds(alarm: AnyAnswer) -> bool:
    """Whether its condition still holds, as far as is known."""
    return alarm["state"] in _HOLDS


def needs_acknowledging(alarm: AnyAnswer) -> bool:
    """Whether somebody should still say that they have seen it."""
    return bool(alarm["state"].endswith("unacknowledged"))


def needs_reset(alarm: AnyAnswer) -> bool:
    """Whether it was acknowledged and waits for somebody to hold it to be dealt with."""
    return bool(alarm["state"] == "latched_acknowledged")


def state(alarm: AnyAnswer) -> str:
    """Its state in words."""
    return STATES.get(alarm["state"]) or spell_out(alarm["state"])


def about(alarm: AnyAnswer) -> str:
    """What an alarm, or what holds some back, is about: "Too warm, lab1/F01/product"; without a condition all."""
    name = alarm.get("condition")
    return f"{condition_name(name)}, {alarm['subject']}" if name else str(alarm["subject"])


def state_of(alarm: AnyAnswer) -> Said:
    """Its state in a list: with who took it, and what holds it back until when."""
    parts: list[str | At] = [state(alarm)]
    if alarm.get("acknowledged_by"):
        parts.append(f"{'' if alarm['state'] == 'acknowledged' else ', taken'} by {alarm['acknowledged_by']}")
    for kind in HELD_BACK:
        if alarm.get(f"{kind}_until"):
            parts += [f", {spell_out(kind)} until ", At(alarm[f"{kind}_until"])]
    return tuple(parts)


def acknowledged(alarm: AnyAnswer) -> Said:
    """Who took it, when, and by which way; empty while nobody has."""
    taken = alarm.get("acknowledgement") or {
        "by": alarm.get("acknowledged_by"),
        "at": alarm.get("acknowledged_at"),
    }
    if not taken["at"]:
        return ()
    how = f", {way(taken['how'])}" if taken.get("how") else ""
    return (f"by {taken['by']}, ", At(taken["at"]), how)


def held_back(suppression: AnyAnswer | None) -> Said:
    """Until when something is held back, by whom and why; empty where nothing is."""
    if not suppression:
        return ()
    return ("until ", At(suppression["until"]), f" by {suppression['owner']}: {suppression['reason']}")


class Delivery(NamedTuple):
    """What became of a message: words for it, and whether that is bad."""

    words: str
    is_bad: bool


def delivery(message: AnyAnswer) -> Delivery:
    """What became of one message; a failure is said with its cause and the number of attempts."""
    error, attempts = message.get("error"), message.get("attempts") or 0
    cause = f": {error}" if error else ""
    times = f"{attempts} attempt{'s' if attempts != 1 else ''}"
    if message.get("sent_at"):
        return Delivery("delivered", False)
    if message.get("withdrawn_at"):
        return Delivery("not sent: it was no longer true", False)
    if attempts:
        return Delivery(f"not delivered yet, {times}{cause}", True)
    return Delivery("waiting", False)


def medium(name: str) -> str:
    """By which way a message goes."""
    return MEDIA.get(name) or spell_out(name)


def said(kind: str | None) -> str:
    """What a message said of an alarm: ``again:2`` is a second telling."""
    return SAID.get((kind or "").partition(":")[0]) or spell_out(kind or "")


def way(how: str) -> str:
    """By which way somebody acknowledged."""
    return WAYS.get(how) or f"by {spell_out(how)}"


def happened(reason: str) -> str:
    """Why an alarm has a new version, with a capital."""
    return capital(spell_out(reason))


def unwatched_reason(entry: AnyAnswer) -> str:
    """Why something isn't watched, in a word or two."""
    return UNWATCHED.get(entry["reason"]) or capital(spell_out(str(entry["reason"])))


def why_unwatched(entry: AnyAnswer) -> str:
    """What is wrong with it, or the reason that a person gave, without what stands beside it."""
    if entry.get("why"):
        about = f"{condition_name(entry['condition'])}: " if entry.get("condition") else ""
        return f"{about}{entry['why']}"
    return str(entry["text"]).removeprefix(f"{entry['subject']}: ")


def not_judged(aside: Aside, zone: ZoneInfo) -> str:
    """What fails, since when, and what to do until it works again; local times are those of ``zone``."""
    since, (fails, remedy) = (
        format_local(aside.since_at, zone),
        _UNTIL_MENDED.get(aside.work, _NO_READINGS_JUDGED),
    )
    return f"{fails} since {since}: {aside.error}. {remedy}, and send this to whoever looks after the program"


def is_urgent(unwatched: Sequence[UnwatchedAnswer]) -> bool:
    """Whether something is watched by nobody, rather than less well than it should be."""
    return any(entry["reason"] not in _NOT_URGENT for entry in unwatched)


def by_reason(unwatched: Sequence[UnwatchedAnswer]) -> list[UnwatchedAnswer]:
    """What isn't watched, what people hold back first, and then by name."""
    order = list(UNWATCHED)

    def place(entry: AnyAnswer) -> tuple[int, str]:
        reason = entry["reason"]
        return (order.index(reason) if reason in order else len(order), str(entry["subject"]))

    return sorted(unwatched, key=place)


# --- how well alarms serve ---

WELL = Badge("Good", "circle", "ok", 2)
TOO_MUCH = Badge("Too much", "triangle", "warning", 0)
NOT_KNOWN = Badge("Can't be told", "ring", "unknown", 1)


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


class HealthLine(NamedTuple):
    """One figure: what it is called, how much it is, what it should be, how that is, and what it means."""

    name: str
    value: str
    target: str
    sign: Badge
    meaning: str


class HealthRow(NamedTuple):
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


def judged(value: float | None, target: float) -> Badge:
    """How a figure is beside the most that it should be."""
    if value is None:
        return NOT_KNOWN
    return WELL if value <= target else TOO_MUCH


def lines(total: AnyAnswer, targets: JSON) -> list[HealthLine]:
    """The figures of all together that have a target, the most telling first."""
    values, limits, unknown = _values(total), _limits(targets), _untold(total)
    return [
        HealthLine(
            name,
            values[key],
            limits[key],
            NOT_KNOWN if key in unknown else judged(total[key], targets[key]),
            meaning,
        )
        for key, (name, meaning) in _MEANINGS.items()
    ]


_FIGURES: Mapping[str, Callable[[Any], str]] = {
    **dict.fromkeys(("pages_per_week", "pages_per_person_week"), "{:.3g}".format),
    **dict.fromkeys(("top_ten_share", "flood_share"), percent),
    "ack_p95_seconds": span,
    "held_seconds": lambda seconds: held(seconds),
}
"""How a figure is said, where it isn't simply a number."""


def _shown(key: str, values: AnyAnswer) -> str:
    return _FIGURES.get(key, str)(values[key])


def _values(total: AnyAnswer) -> Mapping[str, str]:
    words = {key: _shown(key, total) for key in _MEANINGS}
    if total["ack_p95_seconds"] is not None:
        words["ack_p95_seconds"] += f", half within {span(total['ack_median_seconds'])}"
    drills = total["drills"]
    words["unanswered_drills"] = f"{total['unanswered_drills']} of {drills}" if drills else "no drill"
    return words


def _limits(targets: JSON) -> Mapping[str, str]:
    spoken = ("ack_p95_seconds", "top_ten_share", "flood_share")
    return {
        **{key: f"at most {value:g}" if value else "none" for key, value in targets.items()},
        **{key: f"at most {_shown(key, targets)}" for key in spoken},
    }


def _untold(total: AnyAnswer) -> set[str]:
    """Figures that say nothing here: drills where there were none, the ten worst of few sources."""
    untold = set() if total["drills"] else {"unanswered_drills"}
    return untold | ({"top_ten_share"} if total["sources"] <= SOURCES_LEAST else set())


def unit_rows(units: Sequence[AnyAnswer], targets: JSON) -> list[HealthRow]:
    """The units, those with most pages first."""
    order = sorted(units, key=lambda one: (-one["pages"], -one["alarms"], one["unit"]))
    return [_row(one, targets) for one in order]


def _row(unit: AnyAnswer, targets: JSON) -> HealthRow:
    cells = {key: _shown(key, unit) for key in COLUMNS}
    compared = {key: unit[key] for key in cells if key in targets}
    compared["pages_per_week"] = unit["pages_per_person_week"]
    limits = {**targets, "pages_per_week": targets["pages_per_person_week"]}
    bad = {key for key, value in compared.items() if value is not None and value > limits[key]}
    return HealthRow(unit["unit"], unit["title"], cells, frozenset(bad))


def held(seconds: Mapping[str, float]) -> str:
    """For how long alarms were held back, by kind: "shelved 4 h, out of service 2 d"."""
    return ", ".join(f"{spell_out(kind)} {span(length)}" for kind, length in seconds.items()) or figures.NONE


def weeks_text(counts: Sequence[int]) -> str:
    """Pages in each week, oldest first: "2, 0, 1, 5"."""
    return ", ".join(map(str, counts))
