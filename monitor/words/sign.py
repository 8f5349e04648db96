"""How states, verdicts, levels and excursions are shown: words and a shape, never colour alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from monitor.core.answer.shape import AnyAnswer
from monitor.words.figures import spell_out


class Badge(NamedTuple):
    """How a state is shown: its words, the shape of its icon, its CSS class, and how much it matters (worst
    first)."""

    words: str
    shape: str
    css: str
    rank: int


UNIT_SIGNS: Mapping[str, Badge] = {
    "excursion": Badge("Excursion", "octagon", "excursion", 0),
    "outside": Badge("Outside window", "diamond", "outside", 1),
    "fault": Badge("Probe fault", "cross", "fault", 2),
    "no_data": Badge("No data", "ring", "no_data", 3),
    "unknown": Badge("Never heard", "ring", "unknown", 4),
    "warning": Badge("Warning", "triangle", "warning", 5),
    "ok": Badge("OK", "circle", "ok", 6),
}
VERDICT_SIGNS: Mapping[str, Badge] = {
    "breached": Badge("Breached", "octagon", "excursion", 0),
    "indeterminate": Badge("Indeterminate", "ring", "no_data", 1),
    "at_risk": Badge("At risk", "triangle", "warning", 2),
    "within_profile": Badge("Within profile", "circle", "ok", 4),
}
NOT_JUDGED = Badge("Not judged yet", "ring", "unknown", 3)
LEVEL_SIGNS: Mapping[str, Badge] = {
    "critical": Badge("Critical", "octagon", "excursion", 0),
    "alarm": Badge("Alarm", "diamond", "outside", 1),
    "warning": Badge("Warning", "triangle", "warning", 2),
}

_CONFIRMED_BY: Mapping[str, str] = {
    "delay": "outside for longer than its delay",
    "instant": "reached the limit that allows no delay",
    "cumulative_delay": "short ones added up to the daily limit",
}


def unit_sign(unit: AnyAnswer) -> Badge:
    """How a unit's state is shown; one that isn't known here is shown as unknown, never as fine."""
    return UNIT_SIGNS.get(unit["state"], UNIT_SIGNS["unknown"])


def verdict_sign(lot: AnyAnswer) -> Badge:
    """How a lot's verdict is shown."""
    return VERDICT_SIGNS.get(lot.get("verdict", ""), NOT_JUDGED)


def level_sign(alarm: AnyAnswer) -> Badge:
    """How an alarm's level is shown; an unknown level counts as an alarm."""
    return LEVEL_SIGNS.get(alarm["level"], LEVEL_SIGNS["alarm"])


def confirmed_by(how: str) -> str:
    """Why an excursion was confirmed."""
    return _CONFIRMED_BY.get(how) or spell_out(how)


def excursion_words(excursion: AnyAnswer) -> str:
    """What an excursion is, in a list: why it was confirmed, or what became of it."""
    if excursion.get("superseded_by"):
        return f"now {excursion['superseded_by']}"
    if excursion.get("withdrawn") or excursion["confirmed_at"] is None:
        return excursion_sign(excursion).words.lower()
    return confirmed_by(excursion["confirmed_by"])


def excursion_sign(excursion: AnyAnswer) -> Badge:
    """What became of an excursion, or is becoming of it."""
    if excursion.get("withdrawn"):
        return Badge("Withdrawn", "", "unknown", 3)
    if excursion["confirmed_at"] is not None:
        side = "warm" if excursion["direction"] == "high" else "cold"
        return Badge(f"Excursion, too {side}", "octagon", "excursion", 0)
    if excursion["closed_at"] is None:
        return Badge("Outside, not confirmed yet", "diamond", "outside", 1)
    return Badge("Transient, never confirmed", "", "unknown", 2)
