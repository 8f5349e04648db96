"""How well alarms serve people: a page for whoever runs the lab, and the same figures as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field

from monitor.web.api.queries import Strict
from monitor.web.pages.rendering import live, places
from monitor.web.refusal import ErrorBody, JsonResponse
from monitor.web.wiring import Wired
from monitor.words import alarm as alarm_words

WEEKS = (1, 4, 13, 52)

router = APIRouter()


class WeeksQuery(Strict):
    """Over how many weeks, up to now."""

    weeks: int = Field(4, ge=1, le=52, description="the last so many weeks, up to now")


@router.get(
    "/api/v1/alarm-health",
    tags=["alarms"],
    summary="How well do alarms serve people?",
    response_class=JsonResponse,
    responses={422: {"model": ErrorBody, "description": "a parameter is wrong"}},
)
def alarm_health(wired: Wired, query: Annotated[WeeksQuery, Query()]) -> JsonResponse:
    """Pages per week and person, chattering, stale and unacknowledged alarms, floods, time until somebody acknowledged,
    drills, and what was held back: in total and per unit, with the `targets`. Shares are of one; what can't be told is
    null. How each figure is computed is in the documentation of alarms."""
    return JsonResponse(wired.view.alarm_health(weeks=query.weeks))


@router.get("/alarm-health", include_in_schema=False, response_class=HTMLResponse)
@router.get("/fragments/alarm-health", include_in_schema=False, response_class=HTMLResponse)
def page(request: Request, wired: Wired, query: Annotated[WeeksQuery, Query()]) -> Response:
    """The figures with their targets, in plain words."""
    found = wired.view.alarm_health(weeks=query.weeks)
    context = {
        "found": found,
        "lines": alarm_words.lines(found["total"], found["targets"]),
        "rows": alarm_words.unit_rows(found["units"], found["targets"]),
        "weeks": query.weeks,
        "spans": WEEKS,
        "place_of": places(wired.view.units()),
    }
    return live(request, wired, "_alarm_health.html", context, heading="How well alarms serve")
