"""A unit's chart from what can be asked of the store: its probes, excursions, and what lies ahead."""

from __future__ import annotations

from monitor.ports import JSON, View
from monitor.web.ahead_chart import Ahead
from monitor.web.chart import chart_spec
from monitor.web.palette import DARK, LIGHT
from monitor.web.zones import Zones

CHART_POINTS = 1_500


def unit_chart(
    view: View,
    unit: JSON,
    start: int,
    end: int,
    points: int = CHART_POINTS,
    *,
    scheme: str = "light",
    first: str | None = None,
    ahead: Ahead | None = None,
) -> JSON:
    """The chart of a unit from ``start`` to ``end`` (ms) as a Vega-Lite specification: channel ``first`` (default: the
    product probe) with its excursions, the others beside it, and what lies ``ahead``."""
    probes = sorted(unit["probes"], key=lambda p: (f"{unit['unit']}/{p['probe']}" != first, not p["product"]))
    series = [view.readings(f"{unit['unit']}/{p['probe']}", start, end, points) for p in probes]
    known = [each for each in series if each is not None]
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


def _no_readings(unit: str) -> JSON:
    return {"channel": unit, "readings": [], "count": 0, "max_gap_seconds": 900}
