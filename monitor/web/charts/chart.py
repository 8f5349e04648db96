"""The chart of a unit, as a Vega-Lite specification: pure functions from the API's JSON.

Times are drawn as local wall-clock time with the offset that the site has at the end of the range, so that
the axis never runs backwards where clocks are put back. The offset is written on the axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from monitor.core.answer.excursion import ExcursionAnswer
from monitor.core.answer.lot import WindowAnswer
from monitor.core.answer.reading import ReadingsAnswer
from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND, parse_instant, to_datetime
from monitor.ports import JSON
from monitor.web.charts.ahead_chart import Ahead, ahead_layers
from monitor.web.charts.palette import FONT, LIGHT, Palette
from monitor.web.pages.markup import celsius
from monitor.words.figures import DEGREES, offset

if TYPE_CHECKING:
    import altair as alt

HOVER_POINTS = 400


@dataclass(slots=True)
class Series:
    """One channel's readings, sorted out for drawing. Instants are ms, shifted to local time."""

    line: list[JSON] = field(default_factory=list)
    alone: list[JSON] = field(default_factory=list)
    bad: list[JSON] = field(default_factory=list)
    suspect: list[JSON] = field(default_factory=list)
    gaps: list[JSON] = field(default_factory=list)


def series_of(channel: ReadingsAnswer, *, shift: int, start: int, end: int) -> Series:
    """Good readings no farther apart than ``max_gap`` are one stroke; anything longer is a gap, drawn as
    unknown.

    Readings that were thinned lie farther apart than they were measured: there a gap is also at least three
    times the mean distance of what is left, so that thinning invents none.
    """
    readings = channel["readings"]
    max_gap = channel["max_gap_seconds"] * SECOND
    if channel["count"] > len(readings) > 0:
        max_gap = max(max_gap, 3 * (end - start) // len(readings))
    found = Series()
    strokes: list[list[JSON]] = [[]]
    last = start
    for reading in readings:
        at = parse_instant(reading["measured_at"])
        if reading["celsius"] is None:
            found.bad.append({"at": at + shift, "words": reading.get("reason") or "bad reading"})
            continue
        if at - last > max_gap:
            found.gaps.append({"from": last + shift, "to": at + shift})
            strokes.append([])
        point = {"at": at + shift, "celsius": reading["celsius"], "stroke": len(strokes)}
        strokes[-1].append(point)
        if reading["quality"] == "suspect":
            found.suspect.append(point)
        last = at
    if end - last > max_gap:
        found.gaps.append({"from": last + shift, "to": end + shift})
    for stroke in strokes:
        (found.alone if len(stroke) == 1 else found.line).extend(stroke)
    return found


def extent(values: Sequence[float], window: WindowAnswer) -> tuple[float, float]:
    """The temperatures that the chart spans: all values and the window's limits, with some air."""
    ends = [*values, *(side for side in (window.get("low"), window.get("high")) if side is not None)]
    low, high = (min(ends), max(ends)) if ends else (-1.0, 1.0)
    air = max((high - low) * 0.08, 0.5)
    return low - air, high + air


def describe(channel: ReadingsAnswer) -> str:
    """What the chart shows, for those who can't see it."""
    good = [reading["celsius"] for reading in channel["readings"] if reading["celsius"] is not None]
    if not good:
        return f"No good readings of {channel['channel']} in this range."
    return (
        f"{channel['channel']}: lowest {celsius(min(good))}, highest {celsius(max(good))}, "
        f"last {celsius(good[-1])}."
    )


def chart_spec(
    channel: ReadingsAnswer,
    excursions: Sequence[ExcursionAnswer],
    *,
    window: WindowAnswer,
    zone: ZoneInfo,
    start: int,
    end: int,
    others: Sequence[ReadingsAnswer] = (),
    ahead: Ahead | None = None,
    palette: Palette = LIGHT,
) -> JSON:
    """The specification of a unit's chart from ``start`` to ``end`` (ms).

    ``channel`` and ``others`` are as :meth:`monitor.ports.View.readings` gives them, the product probe's
    first; ``excursions`` those of that probe; ``window`` is ``{low, high}``, either None. With ``ahead`` it looks
    beyond ``end``, at what is coming.
    """
    shift = shift_at(end, zone)
    main = series_of(channel, shift=shift, start=start, end=end)
    rest = [
        {**point, "channel": other["channel"], "stroke": f"{other['channel']} {point['stroke']}"}
        for other in others
        for point in series_of(other, shift=shift, start=start, end=end).line
    ]
    drawn = [*main.line, *main.alone, *rest]
    coming = [] if ahead is None else ahead.celsius()
    low, high = extent([*(point["celsius"] for point in drawn), *coming], window)
    datasets = {
        **datasets_of(main, end - start),
        "window": [window_rect(window, low, high)],
        "limits": limits(window),
        "excursions": excursion_marks(excursions, shift, start, end),
        "others": rest,
    }
    right = end if ahead is None else max(end, ahead.end)
    scales = Scales(start + shift, right + shift, low, high, shift, offset(to_datetime(end, zone)))
    extra = () if ahead is None else ahead_layers(palette)
    spec: JSON = layers(scales, palette, extra).to_dict()
    spec["description"] = describe(channel) + ("" if ahead is None else ahead.describe())
    spec["datasets"] = datasets | ({} if ahead is None else ahead.datasets(shift))
    return spec


def datasets_of(series: Series, length: int) -> dict[str, list[JSON]]:
    """What is drawn of readings over ``length`` ms."""
    return {
        "gaps": gap_marks(series.gaps, length),
        "line": series.line,
        "alone": series.alone,
        "bad": series.bad,
        "suspect": series.suspect,
        "hover": [*series.line[:: len(series.line) // HOVER_POINTS + 1], *series.alone],
    }


@dataclass(frozen=True, slots=True)
class Scales:
    """What the axes span: local ms and °C; ``shift`` and ``offset`` are local time's from UTC, as ms and words."""

    left: int
    right: int
    low: float
    high: float
    shift: int
    offset: str


def shift_at(end: int, zone: ZoneInfo) -> int:
    """What local time has to be shifted by from UTC, in ms, as of an instant."""
    offset = to_datetime(end, zone).utcoffset()
    return int(offset.total_seconds()) * SECOND if offset else 0


def window_rect(window: WindowAnswer, low: float, high: float) -> JSON:
    """The window as a band between ``low`` and ``high``, which stand for a side that is open."""
    bottom, top = window.get("low"), window.get("high")
    return {"low": low if bottom is None else bottom, "high": high if top is None else top}


def limits(window: WindowAnswer) -> list[JSON]:
    """The window's limits with their labels."""
    found = []
    for side, value in (("low", window.get("low")), ("high", window.get("high"))):
        if value is not None:
            found.append({"celsius": value, "words": f"window {side} {celsius(value)}"})
    return found


def excursion_marks(found: Sequence[ExcursionAnswer], shift: int, start: int, end: int) -> list[JSON]:
    """What of the excursions lies in the range, oldest first. A label that would lie on another is left out
    (its words are still under the pointer); one in the right half goes to the left of its excursion."""
    shown = []
    free = start
    for each in sorted(found, key=lambda excursion: str(excursion["started_at"])):
        begin = max(parse_instant(each["started_at"]), start)
        stop = min(parse_instant(each["ended_at"]), end) if each["ended_at"] else end
        if begin >= stop:
            continue
        is_confirmed = each.get("confirmed_at") is not None
        has_room = begin >= free and (is_confirmed or stop - begin > (end - start) // 8)
        free = begin + (end - start) // 6 if has_room else free
        words = _excursion_words(each)
        shown.append(
            {
                "from": begin + shift,
                "to": stop + shift,
                "words": words,
                "label": words if has_room else "",
                "confirmed": is_confirmed,
                "late": begin - start > (end - start) * 0.6,
            }
        )
    return shown


def _excursion_words(found: ExcursionAnswer) -> str:
    kind = "Outside" if found["closed_at"] is None else "Transient"
    if found.get("confirmed_at") is not None:
        kind = "Excursion"
    extreme = found.get("extreme_celsius")
    return kind if extreme is None else f"{kind} {celsius(extreme)}"


def gap_marks(gaps: Sequence[JSON], span: int) -> list[JSON]:
    """Gaps with their label, where they are wide enough for one."""
    return [{**gap, "label": "no data" if gap["to"] - gap["from"] > span // 16 else ""} for gap in gaps]


def layers(scales: Scales, palette: Palette, extra: Sequence[Any] = ()) -> alt.LayerChart:
    """The drawing itself, over named datasets; ``extra`` layers lie between the backdrop and the readings."""
    import altair as alt

    chart: alt.LayerChart = (
        alt.layer(*_backdrop(palette), *extra, *_marks(scales, palette))
        .properties(width="container", height=380, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=palette.ink,
            titleColor=palette.ink,
            gridColor=palette.grid,
            domainColor=palette.grid,
            tickColor=palette.grid,
            labelFontSize=14,
            titleFontSize=14,
            titleFontWeight="normal",
            labelFont=FONT,
            titleFont=FONT,
        )
    )
    return chart


def _tick_step(span: int) -> int:
    """Ticks at whole local hours or days: at most ten of them, unless the span is longer than 30 years."""
    hours = (5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR)
    days = (DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 60 * DAY, 120 * DAY, 365 * DAY, 1_095 * DAY)
    return next((step for step in (*hours, *days) if span <= 10 * step), days[-1])


def _tick_format(span: int, step: int) -> str:
    if step < DAY:
        return "%H:%M"
    return "%-d %b" if span <= 300 * DAY else "%-d %b %Y"


def _axes(scales: Scales) -> tuple[Any, Any]:
    """The axes, with their domains: for one layer, whose scales all others share."""
    import altair as alt

    span = scales.right - scales.left
    step = _tick_step(span)
    x = alt.X(
        "at:Q",
        scale=alt.Scale(domain=[scales.left, scales.right], zero=False, nice=False, clamp=True),
        axis=alt.Axis(
            labelExpr=f"utcFormat(datum.value, '{_tick_format(span, step)}')",
            values=list(range(scales.left - scales.left % step + step, scales.right, step)),
            title=f"local time, UTC{scales.offset}",
            labelOverlap=True,
            labelSeparation=8,
            grid=False,
        ),
    )
    y = alt.Y(
        "celsius:Q",
        scale=alt.Scale(domain=[scales.low, scales.high], zero=False, nice=False),
        axis=alt.Axis(title=DEGREES, tickCount=7),
    )
    return x, y


def _backdrop(palette: Palette) -> list[Any]:
    """What lies behind the line: the window, unknown time, excursions, the window's limits."""
    import altair as alt

    span = "from:Q"
    window = alt.Chart(alt.NamedData("window")).mark_rect(color=palette.window, opacity=0.13)
    gaps = alt.Chart(alt.NamedData("gaps"))
    excursions = alt.Chart(alt.NamedData("excursions"))
    limits = alt.Chart(alt.NamedData("limits"))
    bold: dict[str, Any] = {"color": palette.excursion, "y": 4, "fontWeight": "bold"}
    text: dict[str, Any] = {
        "align": "left",
        "baseline": "top",
        "dx": 6,
        "fontSize": 14,
        "font": FONT,
        "clip": True,
    }
    right: dict[str, Any] = {**text, "align": "right", "baseline": "bottom", "dx": -4, "dy": -3, "x": "width"}
    return [
        window.encode(y="low:Q", y2="high:Q"),
        gaps.mark_rect(color=palette.unknown, opacity=0.22).encode(x=span, x2="to:Q"),
        gaps.mark_text(color=palette.ink, y=24, **text).encode(x=span, text="label:N"),
        excursions.mark_rect(color=palette.excursion, stroke=palette.excursion, strokeWidth=1).encode(
            x=span,
            x2="to:Q",
            opacity=alt.condition("datum.confirmed", alt.value(0.24), alt.value(0.12)),
            tooltip=alt.Tooltip("words:N", title="Excursion"),
        ),
        excursions.transform_filter("!datum.late").mark_text(**bold, **text).encode(x=span, text="label:N"),
        excursions.transform_filter("datum.late")
        .mark_text(**bold, **{**text, "align": "right", "dx": -6})
        .encode(x=span, text="label:N"),
        limits.mark_rule(color=palette.window, strokeDash=[6, 4], strokeWidth=1.5).encode(y="celsius:Q"),
        limits.mark_text(color=palette.window, **right).encode(y="celsius:Q", text="words:N"),
    ]


def _marks(scales: Scales, palette: Palette) -> list[Any]:
    """The readings: strokes, lone ones, suspect and bad ones, and what the pointer finds."""
    import altair as alt

    first_x, first_y = _axes(scales)
    x, y = "at:Q", "celsius:Q"
    local = f"utcFormat(datum.at, '%-d %b %H:%M:%S') + ' {scales.offset}'"
    utc = f"utcFormat(datum.at - {scales.shift}, '%-d %b %H:%M:%S')"
    when = [alt.Tooltip("local:N", title="Local time"), alt.Tooltip("utc:N", title="UTC")]
    value = alt.Tooltip("celsius:Q", title=DEGREES, format=".2f")
    suspect = alt.Tooltip("celsius:Q", title=f"suspect, {DEGREES}", format=".2f")

    def timed(name: str) -> Any:
        return alt.Chart(alt.NamedData(name)).transform_calculate(local=local, utc=utc)

    line = timed("line").mark_line(color=palette.line, strokeWidth=2.5, strokeJoin="round")
    others = timed("others").mark_line(color=palette.other, strokeWidth=1.2, strokeDash=[3, 3])
    bad: dict[str, Any] = {"shape": "cross", "filled": True, "opacity": 1, "y": "height", "yOffset": -12}
    return [
        others.encode(x=x, y=y, detail="stroke:N"),
        line.encode(x=first_x, y=first_y, detail="stroke:O"),
        timed("alone").mark_circle(color=palette.line, size=30, opacity=1).encode(x=x, y=y),
        timed("suspect")
        .mark_point(color=palette.bad, size=70, shape="diamond", strokeWidth=2)
        .encode(x=x, y=y),
        timed("bad")
        .mark_point(color=palette.bad, size=130, **bad)
        .encode(x=x, tooltip=[alt.Tooltip("words:N", title="Bad reading"), *when]),
        timed("hover").mark_circle(size=160, opacity=0).encode(x=x, y=y, tooltip=[value, *when]),
        timed("suspect").mark_circle(size=160, opacity=0).encode(x=x, y=y, tooltip=[suspect, *when]),
    ]
