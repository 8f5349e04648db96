"""The pages about alarms: all of them, one for the person on call, and who is not being watched."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from monitor.config.file.duration import format_duration
from monitor.core.answer.alarm import AlarmAnswer
from monitor.core.answer.shape import AnyAnswer
from monitor.core.answer.unit import UnitAnswer
from monitor.core.time.instant import HOUR, MINUTE, parse_instant
from monitor.ports import JSON
from monitor.web.api.queries import Strict
from monitor.web.charts.ahead_chart import Ahead
from monitor.web.charts.unit_chart import unit_chart
from monitor.web.hosts import forms_of
from monitor.web.known import known_alarm
from monitor.web.pages.pages import by_level
from monitor.web.pages.rendering import live, places
from monitor.web.refusal import ApiError, JsonResponse
from monitor.web.wiring import Wired, Wiring
from monitor.words import alarm as alarm_words
from monitor.words.figures import exact_span, typeset

_SHELVES = (30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR)
SHOWN_FOR = 12 * HOUR
AFTERWARDS = 1 * HOUR
"""How long the curve goes on after an alarm that is over."""
STILL_WIDTH = 720
STILL_HEIGHT = 420

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class SchemeQuery(Strict):
    """On which background a chart is drawn."""

    scheme: Literal["light", "dark"] = "light"


@router.get("/alarms")
@router.get("/fragments/alarms")
def alarms(request: Request, wired: Wired) -> Response:
    """Alarms, open and past."""
    found = wired.view.alarms()
    context = {
        "alarms": by_level([alarm for alarm in found if alarm["state"] != "normal"]),
        "past": [alarm for alarm in found if alarm["state"] == "normal"],
        "place_of": places(wired.view.units()),
    }
    return live(request, wired, "_alarms.html", context, heading="Alarms")


@router.get("/alarms/{alarm}")
@router.get("/fragments/alarms/{alarm}")
def alarm(request: Request, wired: Wired, alarm: str) -> Response:
    """One alarm, for the person on call: what it is, by when to act, what to do, and a button that takes it."""
    found = known_alarm(wired, alarm)
    unit = _unit_of(wired, found)
    coming = _coming(wired, found, unit)
    parent = found.get("parent")
    context = {
        "alarm": found,
        "headline": typeset(wired.voice.headline(found)),
        "steps": wired.voice.first_steps(found),
        "unit": unit,
        "coming": coming,
        "choices": shelf_choices(wired.view.now(), coming["act_by"], wired.shelve_max),
        "parent": None if parent is None else wired.view.alarm(parent),
        "place_of": places(wired.view.units()),
        "children": by_level(found.get("children") or []),
        **forms_of(wired, request),
    }
    page = {"heading": context["headline"], "own_script": "alarm.js", "css": "oncall"}
    return live(request, wired, "_alarm.html", context, has_curve=unit is not None, **page)


class ShelfChoice(NamedTuple):
    """How long to shelve an alarm: the form's value, and what it says."""

    value: str
    words: str


def shelf_choices(now: int, act_by: str | None, most_for: int) -> list[ShelfChoice]:
    """For how long an alarm can be shelved: for ``most_for`` at most, and no longer than until somebody must have
    acted. All in ms. That instant is the last choice, where it is near enough."""
    end = None if act_by is None else parse_instant(act_by)
    last = now + most_for if end is None else min(now + most_for, end)
    lengths = [length for length in _SHELVES if now + length <= last and now + length != end]
    if act_by is not None and end is not None and now < end == last:
        return [*map(_choice, lengths), ShelfChoice(act_by, "until")]
    return [_choice(length) for length in lengths or ([most_for] if last > now else [])]


def _choice(length: int) -> ShelfChoice:
    return ShelfChoice(format_duration(length), exact_span(length))


def _unit_of(wired: Wiring, alarm: AlarmAnswer) -> UnitAnswer | None:
    """The unit that an alarm is about, or in which the lot is that it is about."""
    subject, evidence = str(alarm["subject"]), alarm.get("evidence")
    if "/" not in subject:
        lot = wired.view.lot(subject) if str(alarm["condition"]).startswith("lot_") else None
        inside = (lot and lot["unit"]) or (evidence.get("unit") if isinstance(evidence, dict) else None)
        return wired.view.unit(inside) if isinstance(inside, str) else None
    return wired.view.unit("/".join(subject.split("/")[:2]))


def _coming(wired: Wiring, alarm: AlarmAnswer, unit: UnitAnswer | None) -> JSON:
    """By when to act, why, and what to move first, as is foreseen now; where nothing is, as the alarm says. Nothing of
    an alarm that is over."""
    nothing: JSON = {"act_by": None, "act_by_reason": None, "rescue": [], "forecast": None}
    if not alarm_words.holds(alarm):
        return nothing
    evidence = alarm.get("evidence")
    known = evidence if isinstance(evidence, dict) else {}
    own = {
        "act_by": alarm.get("act_by"),
        "act_by_reason": known.get("act_by_reason"),
        "rescue": known.get("rescue") or [],
    }
    now: AnyAnswer = unit or {}
    if "/" not in str(alarm["subject"]):
        now = wired.view.lot(str(alarm["subject"])) or {}
    fresh = {key: now[key] for key in nothing if now.get(key)}
    if not fresh.get("act_by"):
        fresh.pop("act_by_reason", None)
    elif not fresh.get("act_by_reason"):
        fresh["act_by_reason"] = None
    return {**nothing, **own, **fresh}


def _chart(wired: Wiring, alarm: AlarmAnswer, scheme: str) -> JSON:
    unit = _unit_of(wired, alarm)
    if unit is None:
        text = f"Alarm {alarm['id']!r} is about no unit: there is nothing to draw."
        raise ApiError(404, "nothing_to_draw", text, "See its page.")
    now = wired.view.now()
    over_since = None if alarm_words.holds(alarm) else alarm["cleared_at"]
    end = now if over_since is None else min(now, parse_instant(over_since) + AFTERWARDS)
    coming = _coming(wired, alarm, unit)
    ahead = None if over_since is not None else Ahead(now, unit.get("forecast"), coming["act_by"])
    return unit_chart(
        wired.view, unit, end - SHOWN_FOR, end, scheme=scheme, first=str(alarm["subject"]), ahead=ahead
    )


@router.get("/charts/alarms/{alarm}.json")
def chart(wired: Wired, alarm: str, query: Annotated[SchemeQuery, Query()]) -> JsonResponse:
    """The curve of the last hours, with what lies ahead, as a Vega-Lite specification."""
    return JsonResponse(_chart(wired, known_alarm(wired, alarm), query.scheme))


@router.get("/charts/alarms/{alarm}.svg")
def still_chart(wired: Wired, alarm: str, query: Annotated[SchemeQuery, Query()]) -> Response:
    """The same as a picture, for a browser that runs no scripts."""
    spec = _chart(wired, known_alarm(wired, alarm), query.scheme)
    return Response(still(spec), media_type="image/svg+xml")


def still(spec: JSON) -> str:
    """A chart as SVG."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg({**spec, "width": STILL_WIDTH, "height": STILL_HEIGHT}))


@router.get("/unwatched")
@router.get("/fragments/unwatched")
def unwatched(request: Request, wired: Wired) -> Response:
    """Who is not being watched now: why, since and until when, by whom, and how to end it."""
    context = {
        "place_of": places(wired.view.units()),
        "found": alarm_words.by_reason(wired.view.unwatched()),
        **forms_of(wired, request),
    }
    return live(request, wired, "_unwatched.html", context, heading="Not watched now", own_script="alarm.js")
