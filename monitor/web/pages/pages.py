"""The pages, and the fragments of them that a page fetches again when something changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field

from monitor.core.answer.alarm import AlarmAnswer
from monitor.core.answer.excursion import ExcursionAnswer
from monitor.core.answer.lot import LotAnswer, WindowAnswer
from monitor.core.answer.unit import UnitAnswer
from monitor.core.time.instant import DAY, HOUR, format_instant
from monitor.ports import JSON
from monitor.web.api.queries import AsOfQuery, Instant, Strict
from monitor.web.charts.ahead_chart import Ahead
from monitor.web.charts.lot_chart import ChartStay, lot_chart_spec, shown_range, stays_between, timeline
from monitor.web.charts.palette import DARK, LIGHT
from monitor.web.charts.unit_chart import CHART_POINTS, unit_chart
from monitor.web.known import known_lot, known_unit
from monitor.web.pages.rendering import live, places, render
from monitor.web.pages.zones import Zones
from monitor.web.refusal import ApiError, JsonResponse
from monitor.web.wiring import Wired, Wiring
from monitor.words import lot as lot_words
from monitor.words.sign import NOT_JUDGED, Badge, level_sign, unit_sign, verdict_sign

RANGES = {"1h": HOUR, "6h": 6 * HOUR, "24h": DAY, "7d": 7 * DAY}
LOT_RANGES: dict[str, int | None] = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "all": None}
FEWEST_POINTS = 50
WEEK_POINTS = 4_000
"""More for the week: thinned readings have to stay closer together than the usual ``max_gap`` of 15 min."""

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class RangeQuery(Strict):
    """How much of a unit's past the chart shows, and on which background."""

    range: Literal["1h", "6h", "24h", "7d"] = "24h"
    scheme: Literal["light", "dark"] = "light"


class LotQuery(AsOfQuery):
    """As of when a lot is judged, and how much of its timeline the chart shows: its end, or ``at`` in the
    middle. Without a range: all of it where that is at most 90 days, else the last 30."""

    range: Literal["24h", "7d", "30d", "all"] | None = None
    at: Instant | None = Field(None, description="the chart shows the range around this instant")
    scheme: Literal["light", "dark"] = "light"


def _counts(units: Sequence[UnitAnswer]) -> list[tuple[Badge, int]]:
    """How many units are in each state, worst first."""
    signs = [unit_sign(unit) for unit in units]
    return [(sign, signs.count(sign)) for sign in sorted(set(signs), key=lambda sign: sign.rank)]


# --- pages --------------------------------------------------------------------------------------------------


@router.get("/")
@router.get("/fragments/wall")
def wall(request: Request, wired: Wired) -> Response:
    """The wall screen: open alarms, every unit, lots that need attention."""
    units, every_lot = wired.view.units(), wired.view.lots()
    lots = [lot for lot in every_lot if _needs_attention(lot)]
    context = {
        "units": sorted(units, key=lambda unit: unit_sign(unit).rank),
        "counts": _counts(units),
        "alarms": by_level(wired.view.alarms(open_only=True)),
        "place_of": places(units),
        "lots": sorted(lots, key=lambda lot: verdict_sign(lot).rank),
        "unjudged": sum(verdict_sign(lot) is NOT_JUDGED for lot in every_lot),
    }
    return live(request, wired, "_wall.html", context, heading="Overview", wide=True)


def _needs_attention(lot: LotAnswer) -> bool:
    """Lots that are not judged yet are counted beside these, never taken as fine."""
    if lot.get("disposition") == "disposed":
        return False
    return lot.get("verdict", "within_profile") != "within_profile" or lot.get("disposition") == "quarantined"


def by_level(alarms: Sequence[AlarmAnswer]) -> list[AlarmAnswer]:
    """Worst level first; within one, those that nobody has acknowledged first, then as they came."""
    return sorted(alarms, key=lambda a: (level_sign(a).rank, a.get("acknowledged_at") is not None))


@router.get("/units/{site}/{unit}")
@router.get("/fragments/units/{site}/{unit}")
def unit(
    request: Request, wired: Wired, site: str, unit: str, query: Annotated[RangeQuery, Query()]
) -> Response:
    """One unit: its chart, probes, lots, excursions and alarms."""
    found = known_unit(wired, f"{site}/{unit}")
    alarms = {alarm["id"]: alarm for alarm in wired.view.alarms(open_only=True)}
    context = {
        "unit": found,
        "range": query.range,
        "ranges": list(RANGES),
        "lots": [wired.view.lot(lot) or {"lot": lot} for lot in found["lots"]],
        "excursions": wired.view.excursions(unit=found["unit"])[:20],
        "alarms": by_level([alarms[each] for each in found["alarms"] if each in alarms]),
        "place_of": places([found]),
    }
    return live(request, wired, "_unit.html", context, heading=found["title"], chart=found["unit"])


@router.get("/charts/units/{site}/{unit}.json")
def chart(wired: Wired, site: str, unit: str, query: Annotated[RangeQuery, Query()]) -> JsonResponse:
    """The unit's chart as a Vega-Lite specification."""
    found = known_unit(wired, f"{site}/{unit}")
    end = wired.view.now()
    points = WEEK_POINTS if query.range == "7d" else CHART_POINTS
    ahead = None if query.range == "7d" else Ahead(end, found.get("forecast"), found.get("act_by"))
    drawn = unit_chart(
        wired.view, found, end - RANGES[query.range], end, points, scheme=query.scheme, ahead=ahead
    )
    return JsonResponse(drawn)


@router.get("/lots")
@router.get("/fragments/lots")
def lots(request: Request, wired: Wired, query: Annotated[AsOfQuery, Query()]) -> Response:
    """Every lot, the worst verdict first."""
    found = wired.view.lots(as_of=query.as_of)
    context = {"lots": sorted(found, key=lambda lot: (verdict_sign(lot).rank, lot["lot"]))}
    return live(request, wired, "_lots.html", {**context, **_as_of(query)}, heading="Lots")


@router.get("/lots/{lot}")
@router.get("/fragments/lots/{lot}")
def lot(request: Request, wired: Wired, lot: str, query: Annotated[LotQuery, Query()]) -> Response:
    """One lot: the verdict with its reasons, expiry, budgets, its curve over its custody, excursions."""
    found = known_lot(wired, lot, query.as_of)
    chosen = query.range or lot_words.default_range(found, wired.view.now())
    context = {
        "lot": found,
        "excursions": wired.view.excursions(lot=lot, as_of=query.as_of),
        "alarms": _about(found, wired.view.alarms(open_only=True)),
        "place_of": places(wired.view.units()),
        "range": chosen,
        "ranges": list(LOT_RANGES),
        "at": None if query.at is None else format_instant(query.at),
        "around": _around(lot, query),
        "has_curve": timeline(found, _judged_at(wired, query)) is not None,
        **_as_of(query),
    }
    return live(request, wired, "_lot.html", context, heading=f"Lot {lot}", lot_id=lot)


def _around(lot: str, query: LotQuery) -> str:
    """The lot's page with its chart around an instant, for which ``{}`` stands."""
    as_of = "" if query.as_of is None else "&" + urlencode({"as_of": format_instant(query.as_of)})
    return f"/lots/{quote(lot, safe='')}?range=24h&at={{}}{as_of}#chart-head"


def _about(lot: LotAnswer, alarms: Sequence[AlarmAnswer]) -> list[AlarmAnswer]:
    """The alarms about a lot, and about the unit that it is in."""
    unit = lot.get("unit")

    def is_near(subject: str) -> bool:
        return subject == lot["lot"] or (unit is not None and f"{subject}/".startswith(f"{unit}/"))

    return by_level([alarm for alarm in alarms if is_near(str(alarm["subject"]))])


@router.get("/charts/lots/{lot}.json")
def lot_chart(wired: Wired, lot: str, query: Annotated[LotQuery, Query()]) -> JsonResponse:
    """The lot's chart as a Vega-Lite specification; 404 for a lot that was never stored."""
    found = known_lot(wired, lot, query.as_of)
    span = timeline(found, _judged_at(wired, query))
    if span is None:
        text = f"Lot {lot!r} was never stored: there is nothing to draw."
        raise ApiError(404, "nothing_to_draw", text, "Ask again once it has been moved to a unit.")
    chosen = query.range or lot_words.default_range(found, wired.view.now())
    start, end = shown_range(span, LOT_RANGES[chosen], query.at)
    stays = [_read(wired, stay, end - start) for stay in stays_between(found, start, end)]
    spec = lot_chart_spec(
        stays,
        _product_excursions(wired, found["lot"], stays, query.as_of),
        window=found.get("window") or _last_window(wired, found, stays),
        zone=Zones(wired.view).at(found.get("site") or found.get("unit")),
        at=query.at,
        palette=DARK if query.scheme == "dark" else LIGHT,
    )
    return JsonResponse(spec)


def _judged_at(wired: Wiring, query: LotQuery) -> int:
    return wired.view.now() if query.as_of is None else query.as_of


def _read(wired: Wiring, stay: ChartStay, span: int) -> ChartStay:
    """A stay with its unit's product probe's readings, as many as its share of the chart is wide."""
    unit = None if stay.unit is None else wired.view.unit(stay.unit)
    product = next((probe for probe in unit["probes"] if probe["product"]), None) if unit else None
    if unit is None or product is None:
        return stay
    points = max(WEEK_POINTS * (stay.end - stay.start) // span, FEWEST_POINTS)
    channel = f"{unit['unit']}/{product['probe']}"
    return stay._replace(channel=wired.view.readings(channel, stay.start, stay.end, points))


def _last_window(wired: Wiring, lot: LotAnswer, stays: Sequence[ChartStay]) -> WindowAnswer | None:
    """The window of a lot that is in no unit now, from the last that it was in, where that is judged by the same
    version of the same profile."""
    last = next((stay.unit for stay in reversed(stays) if stay.unit is not None), None)
    unit = None if last is None else wired.view.unit(last)
    if unit is None or unit["profile"] != lot["profile"]:
        return None
    return unit["window"] if unit["profile_version"] == lot["profile_version"] else None


def _product_excursions(
    wired: Wiring, lot: str, stays: Sequence[ChartStay], as_of: int | None
) -> list[ExcursionAnswer]:
    """The excursions of the channels that the chart draws."""
    drawn = {stay.channel["channel"] for stay in stays if stay.channel is not None}
    start, end = stays[0].start, stays[-1].end
    found = wired.view.excursions(lot=lot, start=start, end=end, as_of=as_of)
    return [each for each in found if each["channel"] in drawn]


def _as_of(query: AsOfQuery) -> JSON:
    return {"as_of": None if query.as_of is None else format_instant(query.as_of)}


@router.get("/docs")
def docs(request: Request, wired: Wired) -> Response:
    """The paths of the API, from its own schema."""
    schema = request.app.openapi()
    routes = [
        {"path": path, "method": method.upper(), **operation}
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    ]
    return render(request, "docs.html", routes=routes, schema=schema, unwatched=wired.view.unwatched())
