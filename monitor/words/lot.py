"""A lot's figures in words: budgets as bars, reasons with their evidence, expiry, thaws. Pure; every figure may be
absent, and then nothing is said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from markupsafe import Markup

from monitor.core.fact import JSON
from monitor.core.lot.budget import LOW_PERCENT
from monitor.core.lot.verdict import VERDICT_OF
from monitor.core.time.instant import DAY, parse_instant
from monitor.web.zones import Zones
from monitor.words import figures as words

MOST_READINGS = 6
LONG_TIMELINE = 90 * DAY
EXHAUSTED = words.Sign("Exhausted", "octagon", "excursion", 0)
NEARLY_SPENT = words.Sign("Nearly spent", "triangle", "warning", 2)
TOO_LITTLE = words.Sign("too little", "ring", "no_data", 1)
OVER = words.Sign("over its limit", "octagon", "excursion", 0)
NOTED = words.Sign("Noted", "ring", "unknown", 3)


def _exactly(celsius: float) -> str:
    return f"{words.limit(celsius)}\N{NO-BREAK SPACE}°C"


_LIMITS: Mapping[str, Callable[[float], str]] = {
    "budget_exhausted": words.duration,
    "budget_low": words.duration,
    "band_touched": words.duration,
    "unknown_over_limit": words.duration,
    "mkt_over_limit": _exactly,
    "excursion_open": _exactly,
    "coverage_low": words.percent,
}
"""How the ``limit`` in a reason's evidence reads; a plain number for any other code."""
_SPOKEN = frozenset(
    {"limit", "limit_seconds", "spent_seconds", "celsius", "count", "band", "above", "up_to", "expiry_reason"}
    | {"readings", "thaws", "excursion", "events", "profile", "from", "to"}
)
"""What of a reason's evidence has words of its own here; all else is shown as it is named. The reason of an expiry
is in the reason's text."""


# --- budgets ------------------------------------------------------------------------------------------------


class Bar(NamedTuple):
    """A budget with a limit, as a bar: ``share`` is the percentage spent, ``css`` how it is filled."""

    share: float
    css: str
    sign: words.Sign | None
    spent: str
    left: str


def title(budget: JSON) -> str:
    """A budget's name, and the temperatures that are charged to it."""
    return words.plain(str(budget["band"]))


def limits(budget: Mapping[str, Any]) -> str:
    """The temperatures of a band: "above −60 °C up to −40 °C"; empty for time out of storage."""
    above, up_to = budget.get("above"), budget.get("up_to")
    parts = [] if above is None else [f"above {_exactly(above)}"]
    if up_to is not None:
        parts.append(f"up to {_exactly(up_to)}")
    return " ".join(parts)


def bar(budget: JSON) -> Bar | None:
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
    spoken = f"{words.duration(spent)} of {words.duration(limit)} spent"
    return Bar(share, css, sign, spoken, "nothing left" if is_exhausted else f"{words.duration(left)} left")


def limited(lot: JSON) -> list[JSON]:
    """The budgets that have a limit, as they are ordered in the profile."""
    return [each for each in lot.get("budgets") or [] if each.get("limit_seconds") is not None]


def unlimited(lot: JSON) -> list[JSON]:
    """The bands of which time is only recorded."""
    return [each for each in lot.get("budgets") or [] if each.get("limit_seconds") is None]


def runs_out(budget: JSON, lot: JSON, zones: Zones) -> Markup:
    """When a budget runs out: if all stays as it is, and by the forecast. Empty if it isn't running."""
    if budget.get("exhausted_at") is not None:
        return Markup("")
    place, parts = _place(lot), []
    if (at := budget.get("runs_out_at")) is not None:
        parts.append(Markup("{} {}").format(zones.near(at, place), _while(lot)))
    if forecast := zones.interval(budget.get("forecast"), place):
        parts.append(Markup("{} by the forecast").format(forecast))
    return Markup("Runs out {}.").format(Markup("; ").join(parts)) if parts else Markup("")


def _while(lot: JSON) -> str:
    """Under which condition a budget that is running now goes on running."""
    if lot.get("custody") and lot.get("unit") is None:
        return "if it stays out of storage"
    if "celsius" not in lot:
        return "at the present temperature"
    celsius = lot["celsius"]
    return "if its temperature stays unknown" if celsius is None else f"at {words.celsius(celsius)}"


# --- reasons ------------------------------------------------------------------------------------------------


def reason_sign(reason: JSON) -> words.Sign:
    """What a reason makes of the lot, as a sign; a code that this page doesn't know is shown as noted."""
    verdict = VERDICT_OF.get(str(reason.get("code")))
    return NOTED if verdict is None else words.VERDICT_SIGNS.get(str(verdict), NOTED)


def chart_address(lot: JSON, at: str, as_of: str | None) -> str:
    """The lot's page with its chart around an instant."""
    query = {"range": "24h", "at": at, **({} if as_of is None else {"as_of": as_of})}
    return f"/lots/{quote(str(lot['lot']))}?{urlencode(query)}#chart-head"


def evidence(reason: JSON, lot: JSON, zones: Zones, as_of: str | None = None) -> list[Markup]:
    """What a reason rests on, a line each: the limit, the readings with links to the chart around them, the
    excursion, the events, and the rule that was applied."""
    found = reason.get("evidence")
    if not isinstance(found, Mapping):
        text = words.evidence(found)
        return [Markup.escape(words.sentence(text))] if text else []
    told = {key: value for key, value in found.items() if value not in (None, [], "")}
    lines = [_figures(str(reason.get("code")), told, lot, zones), _span(told, lot, zones, as_of)]
    lines += [_thaws(told, lot, zones, as_of), _readings(told, lot, zones, as_of), _references(told)]
    return [line for line in lines if line]


def _figures(code: str, told: Mapping[str, Any], lot: JSON, zones: Zones) -> Markup:
    parts: list[str | Markup] = []
    if (band := told.get("band")) is not None:
        within = limits(told)
        parts.append(f"band {words.plain(str(band))}{f' ({within})' if within else ''}")
    if (limit := told.get("limit")) is not None:
        say = _LIMITS.get(code) if isinstance(limit, int | float) else None
        parts.append(f"limit {say(limit) if say else words.figure('', limit).strip()}")
    for key in ("limit_seconds", "spent_seconds"):
        if told.get(key) is not None:
            parts.append(words.figure(words.plain(key), told[key]))
    if (celsius := told.get("celsius")) is not None:
        parts.append(words.celsius(celsius, 2) if isinstance(celsius, int | float) else str(celsius))
    if (count := told.get("count")) is not None:
        parts.append(f"counted {count}")
    parts += [_named(key, value, lot, zones) for key, value in told.items() if key not in _SPOKEN]
    return Markup(", ").join(parts)


def _named(key: str, value: object, lot: JSON, zones: Zones) -> str | Markup:
    """A figure that has no words of its own: named by its key, read by the end of that."""
    if key.endswith("_at") and isinstance(value, str):
        return Markup("{} {}").format(words.plain(key[:-3]), _instant(value, lot, zones))
    if key in ("coverage", "minimum", "share") and isinstance(value, int | float):
        return f"{key} {words.percent(value)}"
    return words.figure(words.plain(key), value)


def _instant(text: str, lot: JSON, zones: Zones) -> str | Markup:
    try:
        return zones.when(text, _place(lot))
    except ValueError:
        return text


def _link(text: str, lot: JSON, zones: Zones, as_of: str | None) -> str | Markup:
    """An instant that leads to the chart around it; what is no instant is shown as it is."""
    try:
        shown = zones.when(text, _place(lot))
    except ValueError:
        return text
    return Markup('<a href="{}">{}</a>').format(chart_address(lot, text, as_of), shown)


def _span(told: Mapping[str, Any], lot: JSON, zones: Zones, as_of: str | None) -> Markup:
    start, end = told.get("from"), told.get("to")
    parts = []
    if isinstance(start, str):
        parts.append(Markup("from {}").format(_link(start, lot, zones, as_of)))
    if isinstance(end, str):
        parts.append(Markup("to {}").format(_link(end, lot, zones, as_of)))
    return Markup(" ").join(parts)


def _thaws(told: Mapping[str, Any], lot: JSON, zones: Zones, as_of: str | None) -> Markup:
    """When each thaw was counted, and by which event if it was one."""
    shown = []
    for each in told.get("thaws") or []:
        if isinstance(each, Mapping):
            by = f" by event {each['event']}" if each.get("event") else ""
            shown.append(Markup("{}{}").format(_link(str(each.get("at")), lot, zones, as_of), by))
    return Markup("thawed {}").format(Markup(", ").join(shown)) if shown else Markup("")


def _readings(told: Mapping[str, Any], lot: JSON, zones: Zones, as_of: str | None) -> Markup:
    """The readings that decided, each linked to the chart around it; the channel once where it is the same."""
    readings = [each for each in told.get("readings") or [] if isinstance(each, Mapping)]
    if not readings:
        return Markup("")
    channels = {str(each.get("channel") or "") for each in readings}
    shown = []
    for each in readings[:MOST_READINGS]:
        where = f" {each.get('channel')}" if len(channels) > 1 else ""
        at = _link(str(each.get("measured_at")), lot, zones, as_of)
        shown.append(Markup("{}{} at {}").format(words.celsius(each.get("celsius"), 2), where, at))
    if len(readings) > MOST_READINGS:
        shown.append(Markup("and {} more").format(len(readings) - MOST_READINGS))
    channel = channels.pop() if len(channels) == 1 else ""
    of = f" of {channel}" if channel else ""
    noun = "reading" if len(readings) == 1 else "readings"
    return Markup("{}{}: {}").format(noun, of, Markup(", ").join(shown))


def _references(told: Mapping[str, Any]) -> Markup:
    """The excursion, events and rule that a reason names."""
    parts: list[str | Markup] = []
    if found := told.get("excursion"):
        parts.append(Markup('<a href="#excursion-{0}">excursion {0}</a>').format(found))
    if events := told.get("events"):
        named = events if isinstance(events, Sequence) and not isinstance(events, str) else [events]
        parts.append(f"event{'s' if len(named) != 1 else ''} {', '.join(map(str, named))}")
    if profile := told.get("profile"):
        name, _, version = str(profile).partition("@")
        parts.append(f"by profile {name}{f' version {version}' if version else ''}")
    return Markup(", ").join(parts)


# --- single figures -----------------------------------------------------------------------------------------


def _place(lot: JSON) -> str | None:
    """Where to take a lot's local time from."""
    place = lot.get("unit") or lot.get("site")
    return None if place is None else str(place)


def where(lot: JSON) -> str:
    """Where a lot is that is in no unit."""
    if lot.get("disposition") == "disposed":
        return "disposed of"
    return "out of storage" if lot.get("custody") else "not stored yet"


def expiry(lot: JSON, zones: Zones) -> list[Markup]:
    """Until when the lot is good and why, and the label's date where that is another one; a sentence each."""
    effective, label = lot.get("effective_expires_at"), lot.get("expires_at")
    at, place = effective or label, _place(lot)
    if at is None:
        return [Markup("No expiry is on record.")]
    why = words.EXPIRY_REASONS.get(str(lot.get("expiry_reason"))) if effective else "by its label"
    if lot.get("expiry_reason") == "thawed" and lot.get("thawed_at"):
        why = Markup("because it was first thawed {}").format(zones.near(lot["thawed_at"], place))
    reason = Markup(", {}").format(why) if why else Markup("")
    until = zones.until(at, place)
    told = Markup("Expired: it was good") if zones.is_past(at, lot.get("as_of")) else Markup("Good")
    lines = [Markup("{} {}{}.").format(told, until, reason)]
    if label and effective and label != effective:
        lines.append(Markup("Its label says {}.").format(zones.until(label, place)))
    return lines


def thaws(lot: JSON) -> list[str]:
    """How often the lot was thawed, of how often it may be, and how sure that is; a sentence each."""
    if lot.get("thaw_count") is None:
        return []
    count, limit = lot["thaw_count"], lot.get("thaw_limit")
    if not count and limit is None and _is_never_frozen(lot):
        return ["Not counted: the product is not kept frozen."]
    times = f"{count} time{'s' if count != 1 else ''}"
    lines = [f"Thawed {times}{', no limit' if 'thaw_limit' in lot else ''}."]
    if limit is not None:
        lines = [f"Thawed {count} of {limit} times allowed{': over the limit' if count > limit else ''}."]
    if not lot.get("thaw_count_determinate", True):
        lines.append("At least: it may have thawed while nobody knew its temperature, so the count is open.")
    elif "thaw_count_determinate" in lot:
        lines.append("The count is certain.")
    if lot.get("is_frozen") is not None and lot.get("disposition") != "disposed":
        lines.append("It is frozen now." if lot["is_frozen"] else "It is thawed now.")
    return lines


def _is_never_frozen(lot: JSON) -> bool:
    low = (lot.get("window") or {}).get("low")
    return low is not None and low >= 0


def known_time(lot: JSON) -> str:
    """How much of the lot's time in storage is known, unknown and pending, as far as that is on record."""
    named = (("known_seconds", "known"), ("unknown_seconds", "unknown"), ("pending_seconds", "pending"))
    return ", ".join(f"{words.duration(lot[key])} {name}" for key, name in named if lot.get(key))


def default_range(lot: JSON, now: int) -> str:
    """All of the timeline where that is at most 90 days, else the last 30: years of readings take a while."""
    custody = lot.get("custody") or []
    return "30d" if custody and now - parse_instant(custody[0]["from"]) > LONG_TIMELINE else "all"


def stays(lot: JSON) -> Iterator[JSON]:
    """The lot's custody, oldest first, each stay with its length in seconds (``seconds``; None for the present)."""
    for stay in lot.get("custody") or []:
        until = stay.get("to")
        span = None if until is None else (parse_instant(until) - parse_instant(stay["from"])) / 1000
        yield {**stay, "seconds": span}
