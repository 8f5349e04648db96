"""A unit's chart from what can be asked of the store: its probes, excursions, and what lies ahead."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.answer.reading import ReadingsAnswer
from monitor.core.answer.unit import ProbeAnswer, UnitAnswer
from monitor.ports import JSON, UnitView
from monitor.web.charts.ahead_chart import Ahead
from monitor.web.charts.chart import chart_spec
from monitor.web.charts.palette import DARK, LIGHT
from monitor.web.pages.zones import Zones

CHART_POINTS = 1_500


def unit_chart(
    view: UnitView,
    unit: UnitAnswer,
    start: int,
    end: int,
    points: int = CHART_POINTS,
    *,
    scheme: str = "light",
    first: str | None = None,
    ahead: Ahead | None = None,
    series: Sequence[ReadingsAnswer] | None = None,
) -> JSON:
    """The chart of a unit from ``start`` to ``end`` (ms) as a Vega-Lite specification: channel ``first`` (default: the
    product probe) with its excursions, the others beside it, and what lies ``ahead``. ``series``: what
    :func:`unit_series` gave for the same, if it was asked already."""
    probes = _in_order(unit, first)
    known = unit_series(view, unit, start, end, points, first=first) if series is None else series
    channel = known[0] if known else _no_readings(unit["unit"])
    excursions = view.excursions(unit=unit["unit"], start=start, end=end)
    return chart_spec(
        channel,
        [each for each in excursions if each["channel"] == channel["channel"]],
        window=unit["window"] if not probes else probes[0]["window"] or unit["window"],
        zone=Zones(view).at(unit["unit"]),
        start=start,
        end=end,
        others=known[1:],
        ahead=ahead,
        palette=DARK if scheme == "dark" else LIGHT,
    )


def unit_series(
    view: UnitView,
    unit: UnitAnswer,
    start: int,
    end: int,
    points: int = CHART_POINTS,
    *,
    first: str | None = None,
) -> list[ReadingsAnswer]:
    """The readings of a unit's probes, channel ``first`` (default: the product probe) first."""
    paths = [f"{unit['unit']}/{probe['probe']}" for probe in _in_order(unit, first)]
    series = [view.readings(path, start, end, points) for path in paths]
    return [each for each in series if each is not None]


def _in_order(unit: UnitAnswer, first: str | None) -> list[ProbeAnswer]:
    return sorted(unit["probes"], key=lambda p: (f"{unit['unit']}/{p['probe']}" != first, not p["product"]))


def _no_readings(unit: str) -> ReadingsAnswer:
    return {"channel": unit, "from": "", "to": "", "readings": [], "count": 0, "max_gap_seconds": 900}
