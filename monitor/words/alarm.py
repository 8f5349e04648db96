"""What the pages about alarms say: one alarm for the person on call, who isn't watched, how well alarms serve. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from monitor.config.file.duration import format_duration
from monitor.core.fact import JSON
from monitor.core.time.instant import HOUR, MINUTE, parse_instant
from monitor.words import figures as words

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
    "uncalibrated": "Not calibrated",
    "without_recipient": "Nobody is told",
}
"""Why something isn't watched, the reasons that a person gave first."""
_NOT_URGENT = frozenset({"uncalibrated"})
"""What is watched all the same, though not as well as it should be."""
HELD_BACK = ("shelved", "suppressed", "out_of_service")
_HOLDS = ("unacknowledged", "acknowledged")
_FIGURE = re.compile(r"(?<![\w-])-?(\d+(?:\.\d+)?) (°C|h|min|d|s)(?!\w)")
_SHELVES = (
    (30 * MINUTE, "30m", "30 min"),
    (HOUR, "1h", "1 h"),
    (2 * HOUR, "2h", "2 h"),
    (4 * HOUR, "4h", "4 h"),
)


def headline(text: str) -> str:
    """A message's first line for a page: true minus signs, and no figure torn from its unit."""

    def joined(found: re.Match[str]) -> str:
        minus = "−" if found[0].startswith("-") else ""
        return f"{minus}{found[1]}\N{NO-BREAK SPACE}{found[2]}"

    return _FIGURE.sub(joined, text)


def holds(alarm: JSON) -> bool:
    """Whether its condition still holds, as far as is known."""
    return alarm["state"] in _HOLDS


def needs_acknowledging(alarm: JSON) -> bool:
    """Whether somebody should still say that they have seen it."""
    return bool(alarm["state"].endswith("unacknowledged"))


def needs_reset(alarm: JSON) -> bool:
    """Whether it was acknowledged and waits for somebody to hold it to be dealt with."""
    return bool(alarm["state"] == "latched_acknowledged")


def state(alarm: JSON) -> str:
    """Its state in words."""
    return words.ALARM_STATES.get(alarm["state"]) or words.plain(alarm["state"])


class Choice(NamedTuple):
    """How long to shelve an alarm: the form's value, and what it says."""

    value: str
    words: str


def shelf_choices(now: int, act_by: str | None, most_for: int) -> list[Choice]:
    """For how long an alarm can be shelved: for ``most_for`` at most, and no longer than until somebody must have
    acted. All in ms. That instant is the last choice, where it is near enough."""
    end = None if act_by is None else parse_instant(act_by)
    last = now + most_for if end is None else min(now + most_for, end)
    found = [
        Choice(value, said) for span, value, said in _SHELVES if now + span <= last and now + span != end
    ]
    if act_by is not None and end is not None and now < end == last:
        found.append(Choice(act_by, "until"))
    elif not found and last > now:
        longest = format_duration(most_for)
        found.append(Choice(longest, longest))
    return found


class Delivery(NamedTuple):
    """What became of a message: words for it, and whether that is bad."""

    words: str
    is_bad: bool


def delivery(message: JSON) -> Delivery:
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
    return MEDIA.get(name) or words.plain(name)


def said(kind: str | None) -> str:
    """What a message said of an alarm: ``again:2`` is a second telling."""
    return SAID.get((kind or "").partition(":")[0]) or words.plain(kind or "")


def way(how: str) -> str:
    """By which way somebody acknowledged."""
    return WAYS.get(how) or f"by {words.plain(how)}"


def happened(reason: str) -> str:
    """Why an alarm has a new version, with a capital."""
    text = words.plain(reason)
    return text[:1].upper() + text[1:]


def unwatched_reason(found: JSON) -> str:
    """Why something isn't watched, in a word or two."""
    return UNWATCHED.get(found["reason"]) or words.plain(str(found["reason"])).capitalize()


def why_unwatched(found: JSON) -> str:
    """What is wrong with it, or the reason that a person gave, without what stands beside it."""
    if found.get("why"):
        about = f"{words.condition(found['condition'])}: " if found.get("condition") else ""
        return f"{about}{found['why']}"
    return str(found["text"]).removeprefix(f"{found['subject']}: ")


def is_urgent(unwatched: Sequence[JSON]) -> bool:
    """Whether something is watched by nobody, rather than less well than it should be."""
    return any(found["reason"] not in _NOT_URGENT for found in unwatched)


def by_reason(unwatched: Sequence[JSON]) -> list[JSON]:
    """What isn't watched, what people hold back first, and then by name."""
    order = list(UNWATCHED)

    def place(found: JSON) -> tuple[int, str]:
        reason = found["reason"]
        return (order.index(reason) if reason in order else len(order), str(found["subject"]))

    return sorted(unwatched, key=place)
