"""Figures in words: what pages show of the JSON. Pure; every state has words and a shape, never colour
alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from monitor.core.fact import JSON
from monitor.core.time.instant import format_instant, parse_instant, to_datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Sign(NamedTuple):
    """How a state is shown: its words, the shape of its icon, its CSS class, and how much it matters (worst
    first)."""

    words: str
    shape: str
    css: str
    rank: int


UNIT_SIGNS = {
    "excursion": Sign("Excursion", "octagon", "excursion", 0),
    "outside": Sign("Outside window", "diamond", "outside", 1),
    "fault": Sign("Probe fault", "cross", "fault", 2),
    "no_data": Sign("No data", "ring", "no_data", 3),
    "unknown": Sign("Never heard", "ring", "unknown", 4),
    "warning": Sign("Warning", "triangle", "warning", 5),
    "ok": Sign("OK", "circle", "ok", 6),
}
VERDICT_SIGNS = {
    "breached": Sign("Breached", "octagon", "excursion", 0),
    "indeterminate": Sign("Indeterminate", "ring", "no_data", 1),
    "at_risk": Sign("At risk", "triangle", "warning", 2),
    "within_profile": Sign("Within profile", "circle", "ok", 4),
}
NOT_JUDGED = Sign("Not judged yet", "ring", "unknown", 3)
LEVEL_SIGNS = {
    "critical": Sign("Critical", "octagon", "excursion", 0),
    "alarm": Sign("Alarm", "diamond", "outside", 1),
    "warning": Sign("Warning", "triangle", "warning", 2),
}
ALARM_STATES = {
    "normal": "over",
    "unacknowledged": "not acknowledged",
    "acknowledged": "acknowledged",
    "returned_unacknowledged": "over, not acknowledged",
    "latched_unacknowledged": "not acknowledged",
    "latched_acknowledged": "acknowledged, stays until QA lifts it",
}
CONDITIONS = {
    "temperature_high": "Too warm",
    "temperature_low": "Too cold",
    "rising_fast": "Rising without a fall",
    "door_open": "Door open",
    "slow_drift": "Drifting slowly",
    "cooling_weak": "Cooling is weak",
    "no_data": "No data",
    "probe_fault": "Probe fault",
    "flat_line": "Reading does not move",
    "clock_skew": "Clock is wrong",
    "battery_low": "Battery low",
    "lot_expiring": "Lot expires soon",
    "lot_expired": "Lot expired",
    "lot_budget": "Lot's time budget nearly spent",
    "lot_breached": "Lot breached",
    "lot_thawed": "Lot thawed",
    "influx_lagging": "InfluxDB lags behind",
    "store_failing": "Store is failing",
    "notifier_failing": "Messages can't be delivered",
}
DISPOSITIONS = {"in_storage": "in storage"}
EXPIRY_REASONS = {
    "label": "by its label",
    "thawed": "because it was thawed",
    "alternative": "because it was stored in another class",
    "budget": "because a time budget ran out",
}
EVENT_REASONS = {
    "delay": "after its delay",
    "instant": "at once, by reaching a limit",
    "cumulative_delay": "by many short ones",
}
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


def plain(code: str) -> str:
    """A code as words, for codes that have none of their own: ``door_open`` is "door open"."""
    return code.replace("_", " ")


def condition(code: str) -> str:
    """An alarm's condition in words."""
    return CONDITIONS.get(code) or plain(code).capitalize()


def unit_sign(unit: JSON) -> Sign:
    """How a unit's state is shown; one that this page doesn't know is shown as unknown, never as fine."""
    return UNIT_SIGNS.get(unit["state"], UNIT_SIGNS["unknown"])


def verdict_sign(lot: JSON) -> Sign:
    """How a lot's verdict is shown."""
    return VERDICT_SIGNS.get(lot.get("verdict", ""), NOT_JUDGED)


def level_sign(alarm: JSON) -> Sign:
    """How an alarm's level is shown; an unknown level counts as an alarm."""
    return LEVEL_SIGNS.get(alarm["level"], LEVEL_SIGNS["alarm"])


def number(value: float | None, digits: int = 1) -> str:
    """A figure with a true minus sign; "–" for none."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def celsius(value: float | None, digits: int = 1) -> str:
    """A temperature with its unit; "–" for none. A no-break space keeps them on one line."""
    return "–" if value is None else f"{number(value, digits)}\N{NO-BREAK SPACE}°C"


def limit(value: float) -> str:
    """A limit as short as it is exact: −60 rather than −60.0."""
    return f"{value:g}".replace("-", "−")


def window(limits: Mapping[str, float | None] | None) -> str:
    """A window in words; either side may be open."""
    low, high = (limits or {}).get("low"), (limits or {}).get("high")
    if low is not None and high is not None:
        return f"{limit(low)} to {limit(high)}\N{NO-BREAK SPACE}°C"
    if high is not None:
        return f"up to {limit(high)}\N{NO-BREAK SPACE}°C"
    if low is not None:
        return f"from {limit(low)}\N{NO-BREAK SPACE}°C up"
    return "no window"


def duration(seconds: float | None) -> str:
    """A span of time in its two largest units."""
    if seconds is None:
        return "–"
    whole = int(seconds)
    for size, name, smaller, smaller_name in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {name} {rest} {smaller_name}" if rest else f"{whole // size} {name}"
    return f"{whole // 60} min" if whole >= 60 else f"{whole} s"


def left(seconds: float) -> str:
    """How far off an instant is: "in 1 h 8 min", "passed 5 min ago"."""
    return f"in {duration(seconds)}" if seconds >= 0 else f"passed {duration(-seconds)} ago"


def percent(share: float | None) -> str:
    """A share of one as a percentage, cut off rather than rounded up: 99.96 % is not 100 %."""
    return "–" if share is None else f"{int(share * 1000 + 1e-9) / 10:g}\N{NO-BREAK SPACE}%"


def offset_text(at: int, zone: ZoneInfo) -> str:
    """The zone's offset from UTC at an instant: "+01:00"."""
    text = f"{to_datetime(at, zone):%z}"
    return f"{text[:3]}:{text[3:5]}"


def clock_text(at: int, zone: ZoneInfo, now: int) -> str:
    """Local time with its offset; the day only where it isn't today's, the year only where it isn't this
    one."""
    moment, today = to_datetime(at, zone), to_datetime(now, zone)
    day = "" if moment.date() == today.date() else f"{moment.day} {_MONTHS[moment.month - 1]} "
    year = f"{moment.year} " if moment.year != today.year else ""
    return f"{day}{year}{moment:%H:%M} {offset_text(at, zone)}"


def time_tag(text: str, zone: ZoneInfo, now: int, *, age: str | None = None) -> Markup:
    """A ``<time>``: local time shown, UTC as its tooltip. With ``age`` ("ago", "for") the page's script
    shows how long ago instead; the server's words don't change with time, so that an unchanged part stays
    unchanged."""
    at = parse_instant(text)
    moment = to_datetime(at)
    utc = f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year} {moment:%H:%M:%S} UTC"
    local = clock_text(at, zone, now)
    if age is None:
        return Markup('<time datetime="{}" title="{}">{}</time>').format(text, utc, local)
    title = f"{local} · {utc}"
    words = f"since {local}" if age == "for" else f"at {local}"
    shown = (text, title, age, words)
    return Markup('<time datetime="{}" title="{}" data-age="{}">{}</time>').format(*shown)


def day_text(at: int, zone: ZoneInfo, now: int, *, today: str = "today ") -> str:
    """Local time as people say it: "today 15:40", "tomorrow 03:10", "24 Nov 15:40", with the year if it isn't
    this one. The offset is left out: it is under the pointer."""
    moment, present = to_datetime(at, zone), to_datetime(now, zone)
    days = (moment.date() - present.date()).days
    said = {-1: "yesterday ", 0: today, 1: "tomorrow "}.get(days, _date_text(moment, present) + " ")
    return f"{said}{moment:%H:%M}"


def _date_text(moment: datetime, present: datetime) -> str:
    year = f" {moment.year}" if moment.year != present.year else ""
    return f"{moment.day} {_MONTHS[moment.month - 1]}{year}"


def _tag(at: int, zone: ZoneInfo, now: int, shown: str) -> Markup:
    """A ``<time>`` with the exact local time and UTC as its tooltip."""
    moment = to_datetime(at)
    utc = f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year} {moment:%H:%M:%S} UTC"
    title = f"{clock_text(at, zone, now)} · {utc}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(format_instant(at), title, shown)


def near_tag(text: str, zone: ZoneInfo, now: int, *, today: str = "today ") -> Markup:
    """A ``<time>`` that says an instant as :func:`day_text` does."""
    at = parse_instant(text)
    return _tag(at, zone, now, day_text(at, zone, now, today=today))


def until_tag(text: str, zone: ZoneInfo, now: int) -> Markup:
    """Until when something is good. The first instant of a local day is the end of the day before, and a date
    is what the label says: "through 30 Jun 2028"; any other instant "until 24 Nov 15:40"."""
    at = parse_instant(text)
    moment, present = to_datetime(at, zone), to_datetime(now, zone)
    if (moment.hour, moment.minute, moment.second, moment.microsecond) != (0, 0, 0, 0):
        return Markup("until {}").format(near_tag(text, zone, now))
    return _tag(at, zone, now, f"through {_date_text(to_datetime(at - 1, zone), present)}")


def interval(forecast: JSON | None, zone: ZoneInfo, now: int) -> Markup:
    """A forecast's interval in words; ``latest`` null: it may never happen. Empty without a forecast."""
    if not forecast or not forecast.get("earliest"):
        return Markup("")
    earliest, latest = parse_instant(forecast["earliest"]), forecast.get("latest")
    first = near_tag(forecast["earliest"], zone, now)
    if latest is None:
        return Markup("not before {}, perhaps never").format(first)
    end = parse_instant(latest)
    is_same_day = to_datetime(earliest, zone).date() == to_datetime(end, zone).date()
    last = _tag(
        end, zone, now, f"{to_datetime(end, zone):%H:%M}" if is_same_day else day_text(end, zone, now)
    )
    return Markup("between {} and {}").format(first, last)


def crossing(what: str) -> str:
    """What a unit does when it crosses a limit of its forecast: "window", "instant limit", or a band's name."""
    named = {"window": "leaves its window", "instant limit": "reaches the limit that allows no delay"}
    return named.get(what) or f"enters band {plain(what.removeprefix('band '))}"


def runs_out(what: str) -> str:
    """What comes to an end for a lot in a rescue order: a band's name, or words that are shown as they are."""
    if what == "out_of_storage":
        return "Then its time out of storage runs out."
    return sentence(what) if " " in what else f"Then its time in band {plain(what)} runs out."


def pace(forecast: JSON) -> str:
    """How a unit's temperature moves, in a sentence: rate, and the temperature that it moves towards."""
    rate, towards = forecast.get("rate_per_hour"), forecast.get("towards")
    said = "Moving" if rate is None else f"Warming by {celsius(rate)} an hour"
    if rate is not None and rate < 0:
        said = f"Cooling by {celsius(-rate)} an hour"
    if isinstance(towards, int | float):
        said += f" towards {celsius(towards)}"
    return said


def sentence(text: str) -> str:
    """A text with a capital first letter and a full stop, however it was handed over."""
    whole = text.strip()
    return whole[:1].upper() + whole[1:] + ("" if whole.endswith((".", "!", "?")) else ".")


def evidence(found: object) -> str:
    """What an alarm or a reason rests on, as words. A mapping's own ``text`` is taken as it is."""
    if not found:
        return ""
    if isinstance(found, Mapping):
        if found.get("text"):
            return str(found["text"])
        pairs = [(plain(str(key)), value) for key, value in found.items() if value is not None]
        return ", ".join(figure(key, value) for key, value in pairs)
    return _value(found)


def figure(key: str, value: object) -> str:
    """A named figure, its unit taken from the end of its name."""
    name, _, kind = key.rpartition(" ")
    if kind == "celsius" and isinstance(value, int | float):
        return f"{name} {celsius(value)}".strip()
    if kind == "seconds" and isinstance(value, int | float):
        return f"{name} {duration(value)}".strip()
    return f"{key} {_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return limit(round(value, 2))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(_value(each) for each in value)
    if isinstance(value, Mapping):
        return f"({evidence(value)})"
    return str(value)


def absent_figures(lot: JSON) -> list[str]:
    """The figures of a lot that are not computed yet, in words."""
    return [words for key, words in FIGURES.items() if key not in lot]


class Gauge(NamedTuple):
    """Where a temperature lies beside its window, in percent of a bar's width; None: that side is open."""

    low: float | None
    high: float | None
    at: float


def gauge(value: float | None, limits: Mapping[str, float | None]) -> Gauge | None:
    """The bar shows the window and half as much again on either side (beside a one-sided one at
    least 15 °C, and so much that the value is on it); a value beyond it stands at the end. None without a
    value or a window."""
    low, high = limits.get("low"), limits.get("high")
    if value is None or (low is None and high is None):
        return None
    first, last = (low if low is not None else high), (high if high is not None else low)
    assert first is not None
    assert last is not None
    span = (last - first) / 2 or max(15.0, 1.4 * abs(value - first))
    left, right = first - span, last + span

    def place(celsius_: float) -> float:
        return round(min(max(100 * (celsius_ - left) / (right - left), 1.5), 98.5), 2)

    return Gauge(None if low is None else place(low), None if high is None else place(high), place(value))
