"""A fleet's score as a picture: how long it took to page, of each kind of failure, the usual rule beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from laboratory.scoring.fleet.words import seconds_words
from laboratory.scoring.outcome import JSON

if TYPE_CHECKING:
    import altair as alt

OURS, USUAL = "this program", "usual rule (15 min beyond a limit)"
COLOURS = ["#0b4f8a", "#b35c00"]  # colour-blind people can tell them apart; in print their shapes do
INK, GRID = "#3b4754", "#dfe5ea"
FONT = "sans-serif"
FEWEST_SECONDS = 1.0  # a logarithmic axis has no 0; nothing is told faster than this
MINUTE, HOUR, DAY = 60, 3_600, 86_400  # in seconds, as scores tell delays
TICKS = (1, 10, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY)
PNG_SCALE = 2.0


def plot(score: JSON, path: Path) -> None:
    """Draws the delays of a score into ``path``: SVG or PNG, by its ending. Raises ValueError for another ending."""
    import vl_convert

    if path.suffix not in (".svg", ".png"):
        raise ValueError(f"{path.name}: a plot ends in .svg or .png")
    spec = chart(score).to_dict()
    if path.suffix == ".svg":
        path.write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")
    else:
        path.write_bytes(vl_convert.vegalite_to_png(spec, scale=PNG_SCALE))


def chart(score: JSON) -> alt.LayerChart:
    """The chart of a score: the median as a dot with its words, and a line from it to the 95th percentile."""
    import altair as alt

    rows = [row for kind, figures in score["kinds"].items() for row in _rows(kind, figures)]
    drawn = [row for row in rows if row["median"] is not None]
    told = alt.Chart(alt.InlineData(values=drawn))
    nothing = alt.Chart(alt.InlineData(values=[row for row in rows if row["median"] is None]))
    x, place = _x(drawn), _place(score)
    legend = alt.Legend(title=None, symbolOpacity=1)
    colour = alt.Color("who:N", scale=alt.Scale(domain=[OURS, USUAL], range=COLOURS), legend=legend)
    shape = alt.Shape("who:N", scale=alt.Scale(domain=[OURS, USUAL], range=["circle", "diamond"]))
    text: dict[str, Any] = {
        "align": "left",
        "baseline": "bottom",
        "dx": 8,
        "dy": -3,
        "fontSize": 12,
        "font": FONT,
    }
    layers: alt.LayerChart = (
        alt.layer(
            told.mark_rule(strokeWidth=3, opacity=0.4).encode(x, alt.X2("p95:Q"), colour, *place),
            told.mark_point(filled=True, size=90, opacity=1).encode(x, colour, shape, *place),
            told.mark_text(**text).encode(x, colour, alt.Text("words:N"), *place),
            nothing.mark_text(**{**text, "dy": 5}).encode(
                colour, alt.Text("words:N"), *place, x=alt.value(0)
            ),
        )
        .properties(width=680, height={"step": 24, "for": "offset"}, background="white", title=_title(score))
        .configure_view(stroke=None)
        .configure_title(
            anchor="start", font=FONT, color=INK, fontSize=16, subtitleColor=INK, subtitleFont=FONT
        )
        .configure_axis(labelFont=FONT, titleFont=FONT, labelFontSize=13, titleFontSize=13, labelColor=INK)
        .configure_axisX(gridColor=GRID, titleColor=INK, titleFontWeight="normal")
        .configure_legend(labelFont=FONT, labelFontSize=13, labelColor=INK, labelLimit=400, orient="top")
    )
    return layers


def _x(drawn: Sequence[JSON]) -> alt.X:
    """A logarithmic axis over all that is drawn, with ticks that are said in seconds, minutes, hours and days."""
    import altair as alt

    ends = [end for row in drawn for end in (row["median"], row["p95"])]
    low, high = (min(ends) / 2, max(ends) * 6) if ends else (MINUTE, DAY)  # room on the right for the words
    words = " : ".join(f"datum.value == {tick} ? '{seconds_words(tick)}'" for tick in TICKS)
    return alt.X(
        "median:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(
            title="time from the failure to the page (median; line: to 95 % of those told), logarithmic",
            values=[tick for tick in TICKS if low <= tick <= high],
            labelExpr=f"{words} : ''",
        ),
    )


def _place(score: JSON) -> tuple[alt.Y, alt.YOffset]:
    import altair as alt

    kinds = [_label(kind, figures) for kind, figures in score["kinds"].items()]
    lines = alt.Axis(labelLimit=280, grid=False, ticks=False, domain=False)
    return (
        alt.Y("kind:N", sort=kinds, title=None, axis=lines, scale=alt.Scale(domain=kinds, paddingInner=0.25)),
        alt.YOffset("who:N", sort=[OURS, USUAL]),
    )


def _rows(kind: str, figures: JSON) -> list[JSON]:
    """What is drawn of a kind: ours and the usual rule's. Where nothing was told, words stand in place of a dot."""
    rows = []
    for who, side in ((OURS, figures), (USUAL, figures["usual"])):
        delay, told = side["delay_seconds"], side["detected"] + side["late"]
        row: JSON = {"kind": _label(kind, figures), "who": who, "median": None, "p95": None}
        if not side["n"]:
            row["words"] = "none failed" if who == OURS else ""
        elif delay["median"] is None:
            row["words"] = f"told none of {side['n']}"
        else:
            some = f" ({told} of {side['n']} told)" if told < side["n"] else ""
            row["words"] = seconds_words(delay["median"]) + some
            row |= {key: max(delay[key], FEWEST_SECONDS) for key in ("median", "p95")}
        rows.append(row)
    return rows


def _label(kind: str, figures: JSON) -> str:
    return f"{kind.replace('_', ' ')} ({figures['n']})"


def _title(score: JSON) -> JSON:
    ours, usual = (score["pages"][who]["false_per_1000_unit_days"] for who in ("ours", "usual"))
    false = (
        "no unit-days"
        if ours is None
        else f"false pages per 1,000 unit-days: {ours:.3g}, usual rule {usual:.3g}"
    )
    return {
        "text": "How long until somebody is paged",
        "subtitle": f"{score['unit_days']:,.6g} unit-days, {score['all']['n']} failures; {false}",
    }
