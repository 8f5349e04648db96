"""What pages add to words: true minus signs and blanks that don't break, ``<time>``, links, escaping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import NamedTuple, ParamSpec
from urllib.parse import quote
from zoneinfo import ZoneInfo

from markupsafe import Markup

from monitor.core.time.instant import parse_instant, to_datetime
from monitor.words import figures
from monitor.words.condition import condition_name
from monitor.words.figures import About, At, Said, capital, crossing, sentence, spell_out, typeset
from monitor.words.sign import confirmed_by, excursion_sign, level_sign, unit_sign, verdict_sign

__all__ = [
    "capital",
    "condition_name",
    "confirmed_by",
    "crossing",
    "excursion_sign",
    "level_sign",
    "sentence",
    "spell_out",
    "unit_sign",
    "verdict_sign",
]

P = ParamSpec("P")


def _set(say: Callable[P, str]) -> Callable[P, str]:
    """What words say, set for a page."""

    @wraps(say)
    def shown(*args: P.args, **kwargs: P.kwargs) -> str:
        return typeset(say(*args, **kwargs))

    return shown


celsius = _set(figures.celsius)
degrees = _set(figures.degrees)
window = _set(figures.window)
span = _set(figures.span)
percent = _set(figures.percent)
evidence = _set(figures.evidence)
battery = _set(figures.battery)
pace = _set(figures.pace)


def number(value: float | None) -> str:
    """A figure whose unit stands beside it."""
    return figures.number(value).replace("-", "−")


# --- instants ---


def time_tag(text: str, present: datetime, *, age: str | None = None) -> Markup:
    """A ``<time>``: local time shown, UTC as its tooltip; ``present`` is now, there. With ``age`` ("ago", "for") the
    page's script shows how long ago instead; the server's words don't change with time, so that an unchanged part
    stays unchanged."""
    moment = _there(text, present)
    local = figures.brief(moment, present)
    if age is None:
        return Markup('<time datetime="{}" title="{}">{}</time>').format(text, figures.utc(moment), local)
    title = f"{local} · {figures.utc(moment)}"
    words = f"since {local}" if age == "for" else f"at {local}"
    return Markup('<time datetime="{}" title="{}" data-age="{}">{}</time>').format(text, title, age, words)


def near_tag(text: str, present: datetime, *, today: str = "today ") -> Markup:
    """A ``<time>`` that says an instant as people do."""
    return _tag(text, present, figures.near(_there(text, present), present, today=today))


def _tag(text: str, present: datetime, shown: str) -> Markup:
    """A ``<time>`` with the exact local time and UTC as its tooltip."""
    moment = _there(text, present)
    title = f"{figures.brief(moment, present)} · {figures.utc(moment)}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(text, title, shown)


def _there(text: str, present: datetime) -> datetime:
    """An instant in the local time of the place whose present is given."""
    zone = present.tzinfo
    assert isinstance(zone, ZoneInfo)
    return to_datetime(parse_instant(text), zone)


def said(sentence: Said, present: datetime, chart: str = "") -> Markup:
    """A sentence of words. ``chart``: the address of the chart around an instant, where ``{}`` stands for it."""
    return Markup("").join(_part(part, present, chart) for part in sentence)


def _part(part: str | At | About, present: datetime, chart: str) -> str | Markup:
    if isinstance(part, str):
        return typeset(part)
    if isinstance(part, About):
        return Markup('<a href="#excursion-{0}">excursion {0}</a>').format(part.excursion)
    moment = _there(part.text, present)
    match part.how:
        case "near":
            return near_tag(part.text, present)
        case "end" if part.since and _there(part.since, present).date() == moment.date():
            return _tag(part.text, present, figures.time_of_day(moment))
        case "end":
            return near_tag(part.text, present)
        case "until":
            preposition, when = figures.until(moment, present)
            return Markup("{} {}").format(preposition, _tag(part.text, present, when))
        case "chart" if chart:
            address = chart.replace("{}", quote(part.text, safe=""))
            return Markup('<a href="{}">{}</a>').format(address, time_tag(part.text, present))
        case _:
            return time_tag(part.text, present)


# --- the bar beside a temperature ---


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
    width = (last - first) / 2 or max(15.0, 1.4 * abs(value - first))
    left, right = first - width, last + width

    def place(at: float) -> float:
        return round(min(max(100 * (at - left) / (right - left), 1.5), 98.5), 2)

    return Gauge(None if low is None else place(low), None if high is None else place(high), place(value))
