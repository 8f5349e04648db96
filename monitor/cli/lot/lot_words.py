"""A lot's figures in words: budgets as bars, expiry, thaws, temperatures, and what a reason rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from monitor.cli.output import celsius, duration, local, percent, words
from monitor.core.fact import tightest_budget
from monitor.core.lot.budget import OUT_OF_STORAGE
from monitor.core.lot.verdict import VERDICT_OF
from monitor.core.time.instant import parse_instant
from monitor.ports import JSON

BAR = 10
"""Cells of a budget's bar."""
_WHY_EXPIRY = {
    "label": "by its label",
    "thawed": "by its time in use after the first thaw",
    "alternative": "by its shelf life in the other storage class",
    "budget": "because a budget was used up",
}
_SHARES = frozenset(("coverage", "minimum"))
_INSTANTS = frozenset(("from", "to", "since"))


# --- budgets ---


def band_words(budget: Mapping[str, Any]) -> str:
    """A budget's name, and the temperatures that are charged to it: ``warm (-60 to -40 °C)``."""
    if budget["band"] == OUT_OF_STORAGE:
        return "out of storage"
    above, up_to = budget["above"], budget["up_to"]
    if above is None and up_to is None:
        return str(budget["band"])
    if above is None:
        return f"{budget['band']} (up to {up_to:g} °C)"
    return (
        f"{budget['band']} (above {above:g} °C)"
        if up_to is None
        else (f"{budget['band']} ({above:g} to {up_to:g} °C)")
    )


def bar(budget: Mapping[str, Any]) -> str:
    """What is spent of a budget, as ten cells. Only an exhausted one is full; the first ms shows."""
    limit, spent = budget["limit_seconds"], budget["spent_seconds"]
    if limit is None:
        return ""
    if budget["exhausted_at"] is not None:
        return "█" * BAR
    cells = max(1, int(BAR * spent / limit)) if limit and spent else 0
    return "█" * min(cells, BAR - 1) + "░" * (BAR - min(cells, BAR - 1))


def spent_words(budget: Mapping[str, Any]) -> str:
    """``52 min of 1 d``."""
    limit = budget["limit_seconds"]
    spent = duration(budget["spent_seconds"])
    return f"{spent}, no limit" if limit is None else f"{spent} of {duration(limit)}"


def left_words(budget: Mapping[str, Any]) -> str:
    """What may still be spent; empty without a limit."""
    if budget["limit_seconds"] is None:
        return ""
    if budget["exhausted_at"] is not None:
        return "nothing"
    return "no time allowed" if budget["limit_seconds"] == 0 else str(duration(budget["left_seconds"]))


def end_words(budget: Mapping[str, Any], zone: ZoneInfo) -> str:
    """When a budget ran out, or does if the lot stays where it is at its present temperature."""
    if budget["exhausted_at"] is not None:
        verb = "ran out" if budget["limit_seconds"] else "touched"
        return f"{verb} {local(budget['exhausted_at'], zone)}"
    at = budget["runs_out_at"]
    return "" if at is None else f"runs out {local(at, zone)}"


def least_left(lot: JSON) -> str | None:
    """The budget that matters most, and how much of it is left; None where none does."""
    tightest = tightest_budget(lot)
    return None if tightest is None else f"{words(tightest['band'])}: {left_words(tightest)}"


# --- single figures ---


def expiry_words(lot: JSON, zone: ZoneInfo) -> str:
    """Until when a lot is good, and what says so."""
    at = lot["effective_expires_at"]
    if at is None:
        return "nothing ends its life"
    is_over = parse_instant(at) <= parse_instant(lot["as_of"])
    why = _WHY_EXPIRY.get(str(lot["expiry_reason"]), words(lot["expiry_reason"]))
    return f"{'expired ' if is_over else ''}{local(at, zone)}, {why}"


def act_by_words(lot: JSON, zone: ZoneInfo) -> str | None:
    """By when somebody must have acted, and why; None while nothing is coming."""
    if lot.get("act_by") is None:
        return None
    return f"{local(lot['act_by'], zone)}: {lot['act_by_reason']}"


def thaw_words(lot: JSON, zone: ZoneInfo) -> str:
    """How often a lot was thawed, of how often it may be, and how sure that is."""
    count, limit = lot["thaw_count"], lot["thaw_limit"]
    parts = [str(count) if limit is None else f"{count} of {limit} allowed"]
    if lot["thaw_count_determinate"]:
        parts.append("certain")
    else:
        parts = [f"at least {parts[0]}: one may have gone unseen in unknown time"]
    if lot["thawed_at"] is not None:
        parts.append(f"first {local(lot['thawed_at'], zone)}")
        parts.append("frozen again" if lot["is_frozen"] else "not frozen again")
    return ", ".join(parts)


def coverage_words(lot: JSON) -> str:
    """How much of its time in storage is known, and how much must be."""
    minimum = lot["coverage_minimum"]
    asked = "" if minimum is None else f", at least {percent(minimum)} asked for"
    return f"{percent(lot['coverage']) or 'no time in storage yet'}{asked}"


def mkt_words(lot: JSON) -> str:
    """The mean kinetic temperature of the whole period, or why there is none."""
    return celsius(lot["mkt_celsius"]) or f"none: {lot['mkt_reason']}"


def worst_words(lot: JSON, zone: ZoneInfo) -> str | None:
    """The worst window of the mean kinetic temperature, with its limit; None where the profile has no such rule."""
    worst, limit = lot["mkt_worst"], lot["mkt_limit"]
    if worst is None:
        return None if limit is None else f"none: it was not outside its window, limit {limit:g} °C"
    most = "" if limit is None else f", limit {limit:g} °C"
    return (
        f"{celsius(worst['celsius'])} from {local(worst['from'], zone)} to {local(worst['to'], zone)}{most}"
    )


def near_limit_words(lot: JSON) -> str:
    """How long the lot was so near a limit that its probe could not tell on which side."""
    if lot["uncertain_seconds"] is None:
        return "not known: no probe there states its uncertainty"
    return f"{duration(lot['uncertain_seconds'])} within the probe's uncertainty"


def bound_words(lot: JSON, zone: ZoneInfo) -> str | None:
    """By which decision a lot is judged by another version than that of its registration."""
    bound = lot["profile_bound"]
    if bound is None:
        return None
    return f"to {bound['profile']} by {bound['by']}, {local(bound['at'], zone)}: {bound['reason']}"


# --- reasons ---


def reason_rows(lot: JSON, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """What each reason makes of the lot and why, followed by what it rests on, a line each."""
    for reason in lot["reasons"]:
        verdict = VERDICT_OF.get(reason["code"])
        yield str(words(reason["code"] if verdict is None else verdict.value)), reason["text"]
        for line in evidence_lines(reason["evidence"] or {}, zone):
            yield " ", f"  {line}"


def evidence_lines(evidence: Mapping[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """The figures in one line, then every reading and every thaw that it rests on."""
    figures = {
        key: value
        for key, value in evidence.items()
        if value is not None and key not in ("readings", "thaws", "profile")
    }
    told = [_figure(key, value, evidence, zone) for key, value in figures.items()]
    if evidence.get("profile"):
        told.append(f"by {evidence['profile']}")
    if told:
        yield ", ".join(told)
    for reading in evidence.get("readings") or ():
        at = local(reading["measured_at"], zone)
        yield f"reading of {reading['channel']}: {celsius(reading['celsius'])} at {at}"
    for thaw in evidence.get("thaws") or ():
        how = f"by event {thaw['event']}" if thaw["event"] else f"above since {local(thaw['since'], zone)}"
        yield f"thawed {local(thaw['at'], zone)}, {how}"


def _figure(key: str, value: Any, evidence: Mapping[str, Any], zone: ZoneInfo) -> str:
    """One figure of the evidence; its unit is taken from its name."""
    name = str(words(key))
    if isinstance(value, str):
        is_instant = key.endswith("_at") or key in _INSTANTS
        return f"{name} {local(value, zone)}" if is_instant else f"{name} {words(value)}"
    if key.endswith("_seconds"):
        return f"{name.removesuffix(' seconds')} {duration(value)}"
    if key in _SHARES:
        return f"{name} {percent(value)}"
    if key in ("above", "up_to") or (key == "limit" and "celsius" in evidence):
        return f"{name} {value:g} °C"
    return str(celsius(value)) if key == "celsius" else f"{name} {value}"
