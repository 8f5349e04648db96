"""Figures, spans and instants in words: plain text, one function for each, whoever shows it. Pure.

Minus signs are hyphens and blanks are blanks; :func:`typeset` is for screens that can do better. Nothing is ever
invented: what isn't known is "–".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.answer.lot import WindowAnswer
from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND, from_datetime, parse_instant, to_datetime

NONE = "–"
DEGREES = "°C"

# --- text ---

_FIGURE = re.compile(r"(?<![\w-])(-?\d+(?:\.\d+)? to )?(-?\d+(?:\.\d+)?) (°C|%|h|min|d|s)(?!\w)")


def typeset(text: str) -> str:
    """A text with true minus signs before its figures, and no figure torn from its unit."""

    def joined(match: re.Match[str]) -> str:
        low, figure, unit = match.groups(default="")
        return f"{low}{figure} {unit}".replace("-", "−").replace(" ", "\N{NO-BREAK SPACE}")

    return _FIGURE.sub(joined, text)


def spell_out(code: str) -> str:
    """A code as words: ``door_open`` is "door open"."""
    return code.replace("_", " ").strip()


def capital(text: str) -> str:
    """A text with a capital first letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """A text with a capital first letter and a full stop, however it was handed over."""
    whole = text.strip()
    return capital(whole) + ("" if whole.endswith((".", "!", "?")) else ".")


def count_text(number_of: int, one: str, many: str) -> str:
    """``no lots``, ``1 lot``, ``2 lots``."""
    return f"1 {one}" if number_of == 1 else f"{number_of or 'no'} {many}"


def bounded(lines: Iterable[str], most: int) -> list[str]:
    """The first ``most`` lines, and how many more there are."""
    every = list(lines)
    return every if len(every) <= most else [*every[:most], f"... and {len(every) - most} more: see the page"]


# --- temperatures and shares ---


def is_number(value: object) -> bool:
    """Whether a value of the JSON is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: float | None, digits: int = 1) -> str:
    """A figure, never "-0.0"; "–" for none."""
    if value is None:
        return NONE
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def celsius(value: float | None, digits: int = 1, *, beside: float | None = None) -> str:
    """A temperature with its unit; "–" for none. In more digits, up to three, where it would read as being at the
    limit that it stands ``beside``."""
    if value is None:
        return NONE
    while digits < 3 and beside is not None and value != beside and float(number(value, digits)) == beside:
        digits += 1
    return f"{number(value, digits)} °C"


def degrees(value: float | None) -> str:
    """A temperature as short as it is exact: ``-60 °C``."""
    return NONE if value is None else f"{value + 0.0:g} °C"


def window(limits: WindowAnswer | None) -> str:
    """A window in words; either side may be open."""
    low, high = (None, None) if limits is None else (limits.get("low"), limits.get("high"))
    if low is not None and high is not None:
        return f"{low:g} to {degrees(high)}"
    if high is not None:
        return f"up to {degrees(high)}"
    return "no window" if low is None else f"from {degrees(low)} up"


def band_range(above: float | None, up_to: float | None) -> str:
    """The temperatures of a band, whose upper end belongs to it: "-60 to -40 °C"; empty where both sides are open."""
    if above is None:
        return "" if up_to is None else f"up to {degrees(up_to)}"
    return f"above {degrees(above)}" if up_to is None else f"{above:g} to {degrees(up_to)}"


def percent(share: float | None) -> str:
    """A share of one as a percentage, cut off rather than rounded up: 99.96 % is not 100 %."""
    return NONE if share is None else f"{int(share * 1000 + 1e-9) / 10:g} %"


# --- spans ---

_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))
HOURS = ((HOUR, "h"),)


def span(seconds: float | None) -> str:
    """A span of time in its two largest units, cut off: ``1 h 8 min``, ``4 min 10 s``; "–" for none."""
    if seconds is None:
        return NONE
    rest = int(max(seconds, 0)) * SECOND
    place = next((at for at, (size, _) in enumerate(_UNITS) if rest >= size), len(_UNITS) - 1)
    return exact_span(rest, _UNITS[place : place + 2]) if rest else "0 s"


def minutes(seconds: float | None) -> str:
    """The same in whole minutes from one minute on: for what nobody times to the second, or what is read late."""
    return span(seconds if seconds is None or seconds < 60 else seconds // 60 * 60)


def exact_span(length: int, units: Sequence[tuple[int, str]] = _UNITS) -> str:
    """A length in ms in all of its units, or in some: ``2 h 10 min 0.4 s``."""
    parts = []
    for size, name in units:
        amount, rest = divmod(length, size)
        if size == SECOND and rest:
            parts.append(f"{length / SECOND:.3f}".rstrip("0").rstrip(".") + " s")
        elif amount:
            parts.append(f"{amount} {name}")
        length = rest
    return " ".join(parts) or f"0 {units[-1][1]}"


def left(seconds: float) -> str:
    """How far off an instant is: "in 1 h 8 min", "passed 5 min ago"."""
    return f"in {minutes(seconds)}" if seconds >= 0 else f"passed {minutes(-seconds)} ago"


# --- instants ---

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # strftime's follow the machine's language
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class At(NamedTuple):
    """An instant within a sentence: who shows it says it in local time, and may lead from it to a chart.

    ``text`` is RFC 3339. ``how``: "exact" (with its offset), "near" ("today 15:40"), "until" ("through 30 Jun 2028"),
    "end" (of a span that began "near": the time alone on the same day as ``since``), "chart" (exact, and on a page
    a link to the chart around it).
    """

    text: str
    how: str = "exact"
    since: str | None = None


class About(NamedTuple):
    """A thing that is named within a sentence and stands elsewhere on a page."""

    excursion: str


Said = tuple[str | At | About, ...]
"""A sentence in parts: texts, and what is shown otherwise on a page than on a terminal."""


def local(instant: Any, zone: ZoneInfo | None) -> datetime | None:
    """An RFC 3339 text as local time (None: UTC); None for anything else."""
    if not isinstance(instant, str):
        return None
    try:
        return to_datetime(parse_instant(instant), zone)
    except ValueError:
        return None


def is_instant(value: object) -> bool:
    """Whether a value of the JSON is an instant."""
    return local(value, None) is not None


def offset(moment: datetime) -> str:
    """The offset from UTC of a local time: "+01:00"."""
    text = f"{moment:%z}"
    return f"{text[:3]}:{text[3:5]}"


def time_of_day(moment: datetime) -> str:
    """``03:12``, beside a time that has its offset."""
    return f"{moment:%H:%M}"


def clock(moment: datetime) -> str:
    """``03:12 +01:00``."""
    return f"{time_of_day(moment)} {offset(moment)}"


def exact(moment: datetime | None, *, seconds: bool = False) -> str:
    """``2026-11-22 03:12 +01:00``, as it may stand in a record; seconds are cut, not rounded. "–" for none."""
    if moment is None:
        return NONE
    time = f"{moment:%H:%M:%S}" if seconds else time_of_day(moment)
    return f"{moment.date().isoformat()} {time} {offset(moment)}"


def full(moment: datetime | None) -> str:
    """``Sun 2026-11-22 03:12 +01:00``, for who reads it on another day; empty for none."""
    return "" if moment is None else f"{_WEEKDAYS[moment.weekday()]} {exact(moment)}"


def short(moment: datetime, beside: datetime | None) -> str:
    """The time of day; with its date, unless that is the day of ``beside``, when one reads it."""
    return clock(moment) if beside is not None and moment.date() == beside.date() else full(moment)


def brief(moment: datetime, present: datetime) -> str:
    """Local time with its offset; the day only where it isn't today's, the year only where it isn't this one."""
    day = "" if moment.date() == present.date() else f"{_date(moment, present)} "
    return f"{day}{clock(moment)}"


def near(moment: datetime, present: datetime, *, today: str = "today ") -> str:
    """Local time as people say it: "today 15:40", "tomorrow 03:10", "24 Nov 15:40", with the year if it isn't this
    one."""
    days = (moment.date() - present.date()).days
    day = {-1: "yesterday ", 0: today, 1: "tomorrow "}.get(days, f"{_date(moment, present)} ")
    return f"{day}{time_of_day(moment)}"


def until(moment: datetime, present: datetime) -> tuple[str, str]:
    """Until when something is good: a preposition, and when. The first instant of a local day is the end of the day
    before, and a date is what the label says: "through" "30 Jun 2028"; any other instant "until" "24 Nov 15:40"."""
    if (moment.hour, moment.minute, moment.second, moment.microsecond) != (0, 0, 0, 0):
        return "until", near(moment, present)
    last = to_datetime(from_datetime(moment) - 1).astimezone(moment.tzinfo)
    return "through", _date(last, present)


def utc(moment: datetime) -> str:
    """``22 Nov 2026 02:12:30 UTC``."""
    there = moment.astimezone(UTC)
    return f"{there.day} {_MONTHS[there.month - 1]} {there.year} {there:%H:%M:%S} UTC"


def _date(moment: datetime, present: datetime) -> str:
    year = f" {moment.year}" if moment.year != present.year else ""
    return f"{moment.day} {_MONTHS[moment.month - 1]}{year}"


def joined(parts: Iterable[Said], between: str) -> Said:
    """Parts of a sentence with something between them."""
    return tuple(piece for at, part in enumerate(parts) for piece in ((between, *part) if at else part))


def interval(forecast: Mapping[str, Any] | None) -> Said:
    """A forecast's interval in words; ``latest`` null: it may never happen. Empty without a forecast."""
    if not forecast or not forecast.get("earliest"):
        return ()
    earliest, latest = forecast["earliest"], forecast.get("latest")
    if latest is None:
        return ("not before ", At(earliest, "near"), ", perhaps never")
    return ("between ", At(earliest, "near"), " and ", At(latest, "end", since=earliest))


def battery(percent: float | None) -> str:
    """What a probe says is left in its battery."""
    return NONE if percent is None else f"{percent:.0f} %"


def crossing(what: str) -> str:
    """What a unit does when it crosses a limit of its forecast: "window", "instant limit", or a band's name."""
    named = {"window": "leaves its window", "instant limit": "reaches the limit that allows no delay"}
    return named.get(what) or f"enters band {spell_out(what.removeprefix('band '))}"


def pace(forecast: Mapping[str, Any]) -> str:
    """How a unit's temperature moves, in a sentence: rate, and the temperature that it moves towards."""
    rate, towards = forecast.get("rate_per_hour"), forecast.get("towards")
    said = "Moving" if rate is None else f"Warming by {celsius(rate)} an hour"
    if rate is not None and rate < 0:
        said = f"Cooling by {celsius(-rate)} an hour"
    return f"{said} towards {celsius(towards)}" if is_number(towards) else said


# --- evidence ---


def evidence(rests_on: object) -> str:
    """What an alarm or a reason rests on, as words. A mapping's own ``text`` is taken as it is."""
    if not rests_on:
        return ""
    if isinstance(rests_on, Mapping):
        if rests_on.get("text"):
            return str(rests_on["text"])
        return ", ".join(figure(str(key), value) for key, value in rests_on.items() if value is not None)
    return _value(rests_on)


def figure(key: str, value: Any) -> str:
    """A named figure, its unit taken from its name: ``limit_seconds``, ``celsius``, ``coverage``."""
    name, _, kind = spell_out(key).rpartition(" ")
    if is_number(value):
        if kind == "celsius":
            return f"{name} {celsius(value)}".strip()
        if kind == "seconds":
            return f"{name} {span(value)}".strip()
        if key in ("coverage", "minimum", "share"):
            return f"{key} {percent(value)}"
    return f"{spell_out(key)} {_value(value)}".strip()


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{round(value, 2) + 0.0:g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(_value(each) for each in value)
    if isinstance(value, Mapping):
        return f"({evidence(value)})"
    return str(value)
