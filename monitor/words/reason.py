"""Why a lot's verdict is what it is, in words: each reason with what it rests on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitor.core.answer.shape import AnyAnswer
from monitor.core.lot.verdict import VERDICT_OF
from monitor.words import figures
from monitor.words.figures import About, At, Said, joined, spell_out
from monitor.words.lot import band_text, profile_text
from monitor.words.sign import VERDICT_SIGNS, Badge

MOST_READINGS = 6
NOTED = Badge("Noted", "ring", "unknown", 3)
_LIMITS: Mapping[str, Callable[[float], str]] = {
    "budget_exhausted": figures.span,
    "budget_low": figures.span,
    "band_touched": figures.span,
    "unknown_over_limit": figures.span,
    "mkt_over_limit": figures.degrees,
    "excursion_open": figures.degrees,
    "coverage_low": figures.percent,
}
"""How the ``limit`` in a reason's evidence reads; a plain number for any other code."""
_SPOKEN = frozenset(
    {"limit", "limit_seconds", "spent_seconds", "celsius", "count", "band", "above", "up_to", "expiry_reason"}
    | {"readings", "thaws", "excursion", "events", "profile", "from", "to"}
)
"""What of a reason's evidence has words of its own here; all else is shown as it is named. The reason of an expiry
is in the reason's text."""


def reason_sign(reason: AnyAnswer) -> Badge:
    """What a reason makes of the lot, as a sign; a code that isn't known here is shown as noted."""
    verdict = VERDICT_OF.get(str(reason.get("code")))
    return NOTED if verdict is None else VERDICT_SIGNS.get(str(verdict), NOTED)


def evidence(reason: AnyAnswer) -> list[Said]:
    """What a reason rests on, a line each: the limit, the readings, the excursion, the events, and the rule that was
    applied."""
    rests_on = reason.get("evidence")
    if not isinstance(rests_on, Mapping):
        text = figures.evidence(rests_on)
        return [(figures.sentence(text),)] if text else []
    given = {key: value for key, value in rests_on.items() if value not in (None, [], "")}
    lines = (_figures(str(reason.get("code")), given), _span(given), _thaws(given), _readings(given))
    return [line for line in (*lines, _references(given)) if line]


def _figures(code: str, given: Mapping[str, Any]) -> Said:
    parts: list[Said] = []
    if "band" in given:
        parts.append((f"band {band_text(given)}",))
    if (limit := given.get("limit")) is not None:
        say = _LIMITS.get(code, figures.degrees if "celsius" in given else None)
        parts.append(
            (f"limit {say(limit) if say and figures.is_number(limit) else figures.figure('', limit)}",)
        )
    parts += [
        (figures.figure(key, given[key]),) for key in ("limit_seconds", "spent_seconds") if key in given
    ]
    if (celsius := given.get("celsius")) is not None:
        parts.append((_exactly(celsius),))
    if "count" in given:
        parts.append((f"counted {given['count']}",))
    parts += [_named(key, value) for key, value in given.items() if key not in _SPOKEN]
    return joined(parts, ", ")


def _exactly(celsius: object) -> str:
    """A measured temperature as finely as probes tell it."""
    return figures.celsius(celsius, 2) if isinstance(celsius, int | float) else str(celsius)


def _named(key: str, value: object) -> Said:
    """A figure that has no words of its own: named by its key, read by the end of that."""
    if key.endswith("_at") and isinstance(value, str):
        return (f"{spell_out(key[:-3])} ", _at(value, "exact"))
    return (figures.figure(key, value),)


def _at(text: object, how: str = "chart") -> str | At:
    """An instant; what is none is shown as it is."""
    return At(str(text), how) if figures.is_instant(text) else str(text)


def _span(given: Mapping[str, Any]) -> Said:
    ends = ((key, given.get(key)) for key in ("from", "to"))
    return joined([(f"{key} ", _at(at)) for key, at in ends if isinstance(at, str)], " ")


def _thaws(given: Mapping[str, Any]) -> Said:
    """When each thaw was counted, and by which event, or since when it had been so warm."""
    thaws = [each for each in given.get("thaws") or [] if isinstance(each, Mapping)]
    shown = joined([(_at(each.get("at")), *_by(each)) for each in thaws], ", ")
    return ("thawed ", *shown) if shown else ()


def _by(thaw: Mapping[str, Any]) -> Said:
    if thaw.get("event"):
        return (f" by event {thaw['event']}",)
    return (" (above since ", _at(thaw["since"], "exact"), ")") if thaw.get("since") else ()


def _readings(given: Mapping[str, Any]) -> Said:
    """The readings that decided; the channel once where it is the same."""
    readings = [each for each in given.get("readings") or [] if isinstance(each, Mapping)]
    if not readings:
        return ()
    channels = {str(each.get("channel") or "") for each in readings}
    several = len(channels) > 1
    shown: list[Said] = [
        (
            figures.celsius(each.get("celsius"), 2) + (f" {each.get('channel')} at " if several else " at "),
            _at(each.get("measured_at")),
        )
        for each in readings[:MOST_READINGS]
    ]
    if len(readings) > MOST_READINGS:
        shown.append((f"and {len(readings) - MOST_READINGS} more",))
    of = "" if several or channels == {""} else f" of {channels.pop()}"
    return (f"{'reading' if len(readings) == 1 else 'readings'}{of}: ", *joined(shown, ", "))


def _references(given: Mapping[str, Any]) -> Said:
    """The excursion, events and rule that a reason names."""
    parts: list[Said] = []
    if excursion := given.get("excursion"):
        parts.append((About(str(excursion)),))
    if events := given.get("events"):
        named = events if isinstance(events, Sequence) and not isinstance(events, str) else [events]
        parts.append((f"event{'s' if len(named) != 1 else ''} {', '.join(map(str, named))}",))
    if profile := given.get("profile"):
        parts.append((f"by profile {profile_text(profile)}",))
    return joined(parts, ", ")
