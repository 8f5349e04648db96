"""The chart of a lot: for each stay the product probe's curve of the unit that it was in, over the lot's custody.

Times are drawn as in :mod:`monitor.web.charts.chart`. No line is drawn across a change of custody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.answer.excursion import ExcursionAnswer
from monitor.core.answer.lot import LotAnswer, WindowAnswer
from monitor.core.answer.reading import ReadingsAnswer
from monitor.core.time.instant import format_instant, parse_instant, to_datetime
from monitor.ports import JSON
from monitor.web.charts.chart import (
    Scales,
    Series,
    datasets_of,
    excursion_marks,
    extent,
    layers,
    limits,
    series_of,
    shift_at,
    window_rect,
)
from monitor.web.charts.palette import FONT, LIGHT, Palette
from monitor.web.pages.markup import celsius
from monitor.words.figures import offset

MOST_STAYS = 60
"""More than these in one range, and the older ones are left out: each is a question to the store."""
STAY_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Okabe and Ito's, one a unit in the order of first stay; each band also carries the unit's name."""
OUT_OF_STORAGE = "out of storage"
STRIP = (-30, -6)
"""Top and bottom of the strip of custody, in pixels: above the drawing."""


class ChartStay(NamedTuple):
    """What the chart shows of one stay: ``unit`` None is out of storage; ``channel`` are the product probe's
    readings as :meth:`monitor.ports.View.readings` gives them, None where there are none to show."""

    unit: str | None
    start: int
    end: int
    channel: ReadingsAnswer | None = None


_OPEN: WindowAnswer = {"low": None, "high": None}
_NO_READINGS: ReadingsAnswer = {
    "channel": "",
    "from": "",
    "to": "",
    "max_gap_seconds": 0,
    "count": 0,
    "readings": [],
}


def timeline(lot: LotAnswer, now: int) -> tuple[int, int] | None:
    """From when to when the lot's custody goes, at most to ``now``; None for a lot that was never stored."""
    custody = lot.get("custody") or []
    if not custody:
        return None
    start, last = parse_instant(custody[0]["from"]), custody[-1]["to"]
    end = now if last is None else min(parse_instant(last), now)
    return (start, end) if end > start else None


def shown_range(span: tuple[int, int], length: int | None, at: int | None) -> tuple[int, int]:
    """The part of the timeline that a chart of ``length`` ms shows: its end, or ``at`` in the middle. With
    ``length`` None all of it. ``at`` outside the timeline is shown by the nearest part."""
    start, end = span
    if length is None or length >= end - start:
        return span
    stop = end if at is None else min(max(at + length // 2, start + length), end)
    return stop - length, stop


def stays_between(lot: LotAnswer, start: int, end: int) -> list[ChartStay]:
    """The stays that touch a range, cut to it, oldest first; of many the newest :data:`MOST_STAYS`."""
    found = []
    for each in lot.get("custody") or []:
        begin = max(parse_instant(each["from"]), start)
        stop = end if each["to"] is None else min(parse_instant(each["to"]), end)
        if begin < stop:
            found.append(ChartStay(each["unit"], begin, stop))
    return found[-MOST_STAYS:]


def lot_chart_spec(
    stays: Sequence[ChartStay],
    excursions: Sequence[ExcursionAnswer],
    *,
    window: WindowAnswer | None,
    zone: ZoneInfo,
    at: int | None = None,
    palette: Palette = LIGHT,
) -> JSON:
    """The specification of a lot's chart over ``stays`` (at least one, as :func:`stays_between` gives them).

    ``excursions`` are those of the stays' channels, ``window`` the lot's own, ``at`` an instant to mark.
    """
    start, end = stays[0].start, stays[-1].end
    shift = shift_at(end, zone)
    found = _joined(stays, shift)
    shown = window or _OPEN
    low, high = extent([point["celsius"] for point in (*found.line, *found.alone)], shown)
    has_window = any(side is not None for side in shown.values())
    outside = [stay for stay in stays if stay.unit is None]
    datasets = {
        **datasets_of(found, end - start),
        "window": [window_rect(window, low, high)] if window and has_window else [],
        "limits": limits(shown),
        "excursions": excursion_marks(_inside(excursions, stays), shift, start, end),
        "stays": _stay_marks(stays, shift, end - start),
        "outside": [{"from": s.start + shift, "to": s.end + shift} for s in outside],
        "marked": [] if at is None or not start <= at <= end else [{"at": at + shift}],
        "others": [],
    }
    scales = Scales(start + shift, end + shift, low, high, shift, offset(to_datetime(end, zone)))
    spec: JSON = layers(scales, palette, _custody_layers(scales, palette)).to_dict()
    spec["description"] = describe(stays)
    spec["datasets"] = datasets
    return spec


def _joined(stays: Sequence[ChartStay], shift: int) -> Series:
    """The series of all stays; strokes are numbered per stay, so that no line crosses a change of custody."""
    joined = Series()
    for number, stay in enumerate(stays):
        if stay.unit is None:
            continue
        part = series_of(stay.channel or _NO_READINGS, shift=shift, start=stay.start, end=stay.end)
        name = {"where": stay.unit}
        joined.line += [{**point, **name, "stroke": f"{number}.{point['stroke']}"} for point in part.line]
        joined.alone += [{**point, **name} for point in part.alone]
        joined.bad += part.bad
        joined.suspect += part.suspect
        joined.gaps += part.gaps
    return joined


def _inside(excursions: Sequence[ExcursionAnswer], stays: Sequence[ChartStay]) -> list[ExcursionAnswer]:
    """The parts of excursions during which the lot was there."""
    found: list[ExcursionAnswer] = []
    for stay in stays:
        for each in excursions:
            if stay.unit is None or not str(each["channel"]).startswith(f"{stay.unit}/"):
                continue
            begin = max(parse_instant(each["started_at"]), stay.start)
            stop = stay.end if each["ended_at"] is None else min(parse_instant(each["ended_at"]), stay.end)
            if begin < stop:
                found.append({**each, "started_at": format_instant(begin), "ended_at": format_instant(stop)})
    return found


def _stay_marks(stays: Sequence[ChartStay], shift: int, span: int) -> list[JSON]:
    """The strip of custody: a band for each stay in its unit's colour, with its name where there is room."""
    units = list(dict.fromkeys(stay.unit for stay in stays if stay.unit is not None))
    colours = {unit: STAY_COLOURS[n % len(STAY_COLOURS)] for n, unit in enumerate(units)}
    return [
        {
            "from": stay.start + shift,
            "to": stay.end + shift,
            "unit": stay.unit or OUT_OF_STORAGE,
            "label": (stay.unit or OUT_OF_STORAGE) if stay.end - stay.start > span // 16 else "",
            "colour": None if stay.unit is None else colours[stay.unit],
        }
        for stay in stays
    ]


def describe(stays: Sequence[ChartStay]) -> str:
    """What the chart shows, for those who can't see it: each place in turn, with its lowest and highest value."""
    parts = []
    for stay in stays:
        readings = [] if stay.channel is None else stay.channel["readings"]
        good = [reading["celsius"] for reading in readings if reading["celsius"] is not None]
        if stay.unit is None:
            parts.append(OUT_OF_STORAGE)
        elif good:
            parts.append(f"{stay.unit} {celsius(min(good))} to {celsius(max(good))}")
        else:
            parts.append(f"{stay.unit} without good readings")
    left_out = len(parts) - 8
    told = [f"{left_out} earlier stays", *parts[-8:]] if left_out > 0 else parts
    return "Where it was, and how cold: " + "; then ".join(told) + "."


def _custody_layers(scales: Scales, palette: Palette) -> list[Any]:
    """The strip above the drawing, time out of storage behind it, and the instant that was asked for."""
    import altair as alt

    strip: dict[str, Any] = {"y": alt.value(STRIP[0]), "y2": alt.value(STRIP[1])}
    stays, outside = alt.Chart(alt.NamedData("stays")), alt.Chart(alt.NamedData("outside"))
    begins = f"utcFormat(datum.from, '%-d %b %Y %H:%M') + ' {scales.offset}'"
    ends = f"utcFormat(datum.to, '%-d %b %Y %H:%M') + ' {scales.offset}'"
    titles = {"unit": "Where", "begins": "From", "ends": "To"}
    told = [alt.Tooltip(f"{name}:N", title=title) for name, title in titles.items()]
    room = f"max(1, (datum.to - datum.from) / {max(scales.right - scales.left, 1)} * width - 10)"
    text: dict[str, Any] = {"font": FONT, "fontSize": 14, "baseline": "middle", "align": "left", "dx": 6}
    marked = alt.Chart(alt.NamedData("marked"))
    stroke: dict[str, Any] = {"stroke": palette.ink, "strokeWidth": 1}
    return [
        outside.mark_rect(fill=palette.other, opacity=0.3, strokeDash=[3, 3], **stroke).encode(
            x="from:Q", x2="to:Q"
        ),
        stays.transform_filter("datum.colour != null")
        .transform_calculate(begins=begins, ends=ends)
        .mark_rect(fillOpacity=0.35, **stroke)
        .encode(x="from:Q", x2="to:Q", fill=alt.Fill("colour:N", scale=None), tooltip=told, **strip),
        stays.transform_filter("datum.colour == null")
        .transform_calculate(begins=begins, ends=ends)
        .mark_rect(fill="transparent", strokeDash=[3, 3], **stroke)
        .encode(x="from:Q", x2="to:Q", tooltip=told, **strip),
        stays.mark_text(color=palette.ink, limit=alt.ExprRef(room), y=sum(STRIP) / 2, **text).encode(
            x="from:Q", text="label:N"
        ),
        marked.mark_rule(color=palette.ink, strokeWidth=2).encode(x="at:Q"),
    ]
