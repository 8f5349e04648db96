"""A lot in words: budgets, expiry, thaws, mean kinetic temperature. Pure; every figure may be absent, and then nothing
is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from monitor.core.answer.shape import AnyAnswer
from monitor.core.fact import JSON, tightest_budget
from monitor.core.lot.budget import LOW_PERCENT
from monitor.core.time.instant import DAY, SECOND, parse_instant
from monitor.words import figures
from monitor.words.figures import At, Said, joined, spell_out
from monitor.words.sign import Badge

LONG_TIMELINE = 90 * DAY
EXHAUSTED = Badge("Exhausted", "octagon", "excursion", 0)
NEARLY_SPENT = Badge("Nearly spent", "triangle", "warning", 2)
TOO_LITTLE = Badge("too little", "ring", "no_data", 1)
OVER = Badge("over its limit", "octagon", "excursion", 0)
NO_LIMIT = "no limit"

FIGURES = {
    "verdict": "verdict",
    "effective_expires_at": "effective expiry",
    "budgets": "time budgets",
    "thaw_count": "thaw count",
    "coverage": "coverage",
    "unknown_seconds": "unknown time",
    "out_of_storage_seconds": "time out of storage",
    "min_celsius": "lowest temperature",
    "max_celsius": "highest temperature",
    "mkt_celsius": "mean kinetic temperature",
    "mkt_worst": "worst mean kinetic temperature",
    "uncertain_seconds": "time within the probe's uncertainty of a limit",
}
_EXPIRY_REASONS = {
    "label": "by its label",
    "thawed": "by its time in use after the first thaw",
    "alternative": "by its shelf life in the other storage class",
    "budget": "because a time budget ran out",
}
# --- budgets ---


class Bar(NamedTuple):
    """A budget with a limit, as a bar: ``share`` is the percentage spent, ``css`` how it is filled."""

    share: float
    css: str
    sign: Badge | None
    spent: str
    left: str


def band_text(budget: Mapping[str, Any]) -> str:
    """A budget's name with the temperatures that are charged to it: "warm (-60 to -40 °C)"."""
    within = limits(budget)
    return f"{spell_out(str(budget['band']))}{f' ({within})' if within else ''}"


def limits(budget: Mapping[str, Any]) -> str:
    """The temperatures of a band; empty for time out of storage."""
    return figures.band_range(budget.get("above"), budget.get("up_to"))


def bar(budget: AnyAnswer) -> Bar | None:
    """A budget as a bar; None for one without a limit. A limit of 0 is spent by the first instant."""
    limit, spent = budget.get("limit_seconds"), budget.get("spent_seconds") or 0
    if limit is None:
        return None
    is_exhausted = budget.get("exhausted_at") is not None or spent >= limit > 0
    share = 100.0 if is_exhausted else 100 * spent / limit if limit else 0.0
    sign = EXHAUSTED if is_exhausted else NEARLY_SPENT if share > LOW_PERCENT else None
    css = "full" if is_exhausted else "much" if sign else "some"
    if not limit:
        return Bar(share, css, sign, "no time allowed", "touched" if is_exhausted else "never touched")
    left = budget.get("left_seconds")
    left = max(limit - spent, 0) if left is None else left
    spoken = f"{figures.span(spent)} of {figures.span(limit)} spent"
    return Bar(share, css, sign, spoken, "nothing left" if is_exhausted else f"{figures.span(left)} left")


def limited(lot: AnyAnswer) -> list[JSON]:
    """The budgets that have a limit, as they are ordered in the profile."""
    return [each for each in lot.get("budgets") or [] if each.get("limit_seconds") is not None]


def unlimited(lot: AnyAnswer) -> list[JSON]:
    """The bands of which time is only recorded."""
    return [each for each in lot.get("budgets") or [] if each.get("limit_seconds") is None]


def runs_out(budget: AnyAnswer, lot: AnyAnswer) -> Said:
    """When a budget runs out: if all stays as it is, and by the forecast. Empty if it isn't running."""
    if budget.get("exhausted_at") is not None:
        return ()
    at, forecast = budget.get("runs_out_at"), figures.interval(budget.get("forecast"))
    parts = [] if at is None else [(At(at, "near"), f" {_while(lot)}")]
    clauses: list[Said] = [*parts, *([(*forecast, " by the forecast")] if forecast else [])]
    return ("Runs out ", *joined(clauses, "; "), ".") if clauses else ()


def end(budget: AnyAnswer, lot: AnyAnswer) -> Said:
    """Since when a budget is exhausted, or when it runs out; empty for one that isn't running."""
    if budget.get("exhausted_at") is not None:
        return ("Since ", At(budget["exhausted_at"]), ".")
    return runs_out(budget, lot)


def _while(lot: AnyAnswer) -> str:
    """Under which condition a budget that is running now goes on running."""
    if lot.get("custody") and lot.get("unit") is None:
        return "if it stays out of storage"
    if "celsius" not in lot:
        return "at the present temperature"
    celsius = lot["celsius"]
    return "if its temperature stays unknown" if celsius is None else f"at {figures.celsius(celsius)}"


def least_left(lot: AnyAnswer) -> str | None:
    """The tightest budget and what is left of it: "warm: 12 h"; None where none matters."""
    budget = tightest_budget(lot)
    drawn = None if budget is None else bar(budget)
    if budget is None or drawn is None:
        return None
    left = "nothing" if drawn.sign is EXHAUSTED else drawn.left.removesuffix(" left")
    return f"{spell_out(budget['band'])}: {left}"


# --- single figures ---


def place_of(lot: AnyAnswer) -> str | None:
    """Where to take a lot's local time from."""
    place = lot.get("unit") or lot.get("site")
    return None if place is None else str(place)


def where(lot: AnyAnswer) -> str:
    """Where a lot is: in which unit, or why in none."""
    if lot.get("disposition") == "disposed":
        return "disposed of"
    return lot.get("unit") or ("out of storage" if lot.get("custody") else "not stored yet")


def until(text: str) -> Said:
    """Until when something is good."""
    return (At(text, "until"),)


def is_past(text: str, as_of: str) -> bool:
    """Whether an instant lies at or before another one."""
    return parse_instant(text) <= parse_instant(as_of)


def expiry(lot: AnyAnswer) -> list[Said]:
    """Until when the lot is good and why, and the label's date where that is another one; a sentence each. ``as_of``,
    which every lot has, decides whether that is past."""
    effective, label = lot.get("effective_expires_at"), lot.get("expires_at")
    at = effective or label
    if at is None:
        return [("No expiry is on record.",)]
    good = "Expired: it was good " if is_past(at, lot["as_of"]) else "Good "
    lines: list[Said] = [(good, At(at, "until"), *_why_expiry(lot), ".")]
    if label and effective and label != effective:
        lines.append(("Its label says ", At(label, "until"), "."))
    return lines


def _why_expiry(lot: AnyAnswer) -> Said:
    reason = str(lot.get("expiry_reason")) if lot.get("effective_expires_at") else "label"
    if reason == "thawed" and lot.get("thawed_at"):
        return (", because it was first thawed ", At(lot["thawed_at"], "near"))
    return (f", {_EXPIRY_REASONS[reason]}",) if reason in _EXPIRY_REASONS else ()


def thaws(lot: AnyAnswer) -> list[Said]:
    """How often the lot was thawed, of how often it may be, and how sure that is; a sentence each."""
    if lot.get("thaw_count") is None:
        return []
    count, limit = lot["thaw_count"], lot.get("thaw_limit")
    if not count and limit is None and _is_never_frozen(lot):
        return [("Not counted: the product is not kept frozen.",)]
    times = f"{count} time{'s' if count != 1 else ''}"
    lines: list[Said] = [(f"Thawed {times}{', no limit' if 'thaw_limit' in lot else ''}.",)]
    if limit is not None:
        lines = [(f"Thawed {count} of {limit} times allowed{': over the limit' if count > limit else ''}.",)]
    if not lot.get("thaw_count_determinate", True):
        lines.append(
            ("At least: it may have thawed while nobody knew its temperature, so the count is open.",)
        )
    elif "thaw_count_determinate" in lot:
        lines.append(("The count is certain.",))
    if lot.get("thawed_at") is not None:
        lines.append(("It was first thawed ", At(lot["thawed_at"], "near"), "."))
    if lot.get("is_frozen") is not None and lot.get("disposition") != "disposed":
        lines.append(("It is frozen now." if lot["is_frozen"] else "It is thawed now.",))
    return lines


def _is_never_frozen(lot: AnyAnswer) -> bool:
    low = (lot.get("window") or {}).get("low")
    return low is not None and low >= 0


def known_time(lot: AnyAnswer) -> str:
    """How much of the lot's time in storage is known, unknown and pending, as far as that is on record."""
    named = (("known_seconds", "known"), ("unknown_seconds", "unknown"), ("pending_seconds", "pending"))
    return ", ".join(f"{figures.span(lot[key])} {name}" for key, name in named if lot.get(key))


def coverage(lot: AnyAnswer) -> str:
    """How much of its time in storage is known, and how much must be."""
    if lot["coverage"] is None:
        return "none: it was never in storage"
    minimum = lot.get("coverage_minimum")
    asked = "" if minimum is None else f", at least {figures.percent(minimum)} asked for"
    return f"{figures.percent(lot['coverage'])} known{asked}"


def mkt(lot: AnyAnswer) -> str:
    """The mean kinetic temperature of the whole time, or why there is none."""
    if lot["mkt_celsius"] is not None:
        return f"{figures.celsius(lot['mkt_celsius'], 2)} over the whole time"
    return f"none: {lot['mkt_reason']}" if lot.get("mkt_reason") else "none"


def mkt_worst(lot: AnyAnswer) -> Said:
    """The worst window of the mean kinetic temperature, with its limit; empty where the profile has no such rule."""
    worst, most = lot.get("mkt_worst"), lot.get("mkt_limit")
    limit: Said = () if most is None else (f", limit {figures.degrees(most)}",)
    if not worst:
        return ("none: it was not outside its window", *limit) if limit else ()
    return (
        f"{figures.celsius(worst['celsius'], 2)} from ",
        At(worst["from"]),
        " to ",
        At(worst["to"]),
        *limit,
    )


def is_over(lot: AnyAnswer) -> bool:
    """Whether the worst mean kinetic temperature is over its limit."""
    worst, most = (lot.get("mkt_worst") or {}).get("celsius"), lot.get("mkt_limit")
    return worst is not None and most is not None and worst > most


def near_limit(lot: AnyAnswer) -> str:
    """How long the lot was so near a limit that its probe could not tell on which side."""
    if lot.get("uncertain_seconds") is None:
        return "not known: no probe there states its uncertainty"
    return f"{figures.span(lot['uncertain_seconds'])} within the probe's uncertainty"


def bound(lot: AnyAnswer) -> Said:
    """By which decision a lot is judged by another version than that of its registration; empty without one."""
    binding = lot.get("profile_bound")
    if not binding:
        return ()
    by = f", by {binding['by']}" if binding.get("by") else ""
    why = figures.sentence(binding.get("reason") or "none given")
    return (
        f"QA bound it to profile {profile_text(binding['profile'])}{by}, ",
        At(binding["at"]),
        f". Reason: {why}",
    )


def profile_text(label: object) -> str:
    """``ult-80@3`` as "ult-80 version 3"."""
    name, _, version = str(label).partition("@")
    return f"{name} version {version}" if version else name


def absent_figures(lot: AnyAnswer) -> list[str]:
    """The figures of a lot that are not computed yet, in words."""
    return [words for key, words in FIGURES.items() if key not in lot]


def runs_out_then(what: str) -> str:
    """What comes to an end for a lot in a rescue order: a band's name, or words that are shown as they are."""
    if what == "out_of_storage":
        return "Then its time out of storage runs out."
    return figures.sentence(what) if " " in what else f"Then its time in band {spell_out(what)} runs out."


def default_range(lot: AnyAnswer, now: int) -> str:
    """All of the timeline where that is at most 90 days, else the last 30: years of readings take a while."""
    custody = lot.get("custody") or []
    return "30d" if custody and now - parse_instant(custody[0]["from"]) > LONG_TIMELINE else "all"


def stays(lot: AnyAnswer) -> Iterator[JSON]:
    """The lot's custody, oldest first, each stay with its length in seconds up to the instant judged (``seconds``)."""
    for stay in lot.get("custody") or []:
        end = parse_instant(stay.get("to") or lot["as_of"])
        yield {**stay, "seconds": (end - parse_instant(stay["from"])) / SECOND}
