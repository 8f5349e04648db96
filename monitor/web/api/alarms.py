"""Alarms over HTTP: which there are, and what people do about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request

from monitor.ports import JSON
from monitor.ports.commands import Acknowledge, EndSuppression, OfAlarms, Reset, Shelve, Suppress, Unshelve
from monitor.web.api.changes import AUTHORIZED, carried_out, command_of
from monitor.web.api.queries import EVERY, AlarmsQuery, Nothing, SuppressionsQuery
from monitor.web.bodies import ROUTES, described_as
from monitor.web.known import known_alarm, known_unit
from monitor.web.refusal import ErrorBody, JsonResponse
from monitor.web.wiring import Wired, Wiring

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_CHANGES: dict[int | str, dict[str, Any]] = {
    **AUTHORIZED,
    404: {"model": ErrorBody, "description": "there is no such thing"},
    409: {"model": ErrorBody, "description": "it can't be: the text says why"},
}

alarms_api = APIRouter(
    prefix="/api/v1",
    tags=["alarms"],
    default_response_class=JsonResponse,
    responses={422: {"model": ErrorBody, "description": "a parameter or the body is wrong"}},
)


# --- what there is ------------------------------------------------------------------------------------------


@alarms_api.get("/alarms", summary="Alarms, open ones first")
def alarms(wired: Wired, query: Annotated[AlarmsQuery, Query()]) -> JsonResponse:
    """Then newest first. `state`, `condition` and `level` may be given several times: any of them."""
    if query.unit is not None:
        known_unit(wired, query.unit)
    choice = query.choice()
    most = query.limit if choice.is_everything else EVERY
    return JsonResponse(choice.of(wired.view.alarms(open_only=query.open, limit=most), query.limit))


@alarms_api.get("/alarms/{alarm}", summary="One alarm", responses={404: _CHANGES[404]})
def alarm(wired: Wired, alarm: str, _query: Annotated[Nothing, Query()]) -> JsonResponse:
    """With its `history`, the `children` that are told as part of it, the `suppression` that holds it back now, and
    what was `told` to whom."""
    return JsonResponse(known_alarm(wired, alarm))


@alarms_api.get("/unwatched", summary="Who is not being watched now?")
def unwatched(wired: Wired, _query: Annotated[Nothing, Query()]) -> JsonResponse:
    """Shelved, suppressed, out of service, silent, faulty, uncalibrated, or without a recipient."""
    return JsonResponse(wired.view.unwatched())


@alarms_api.get("/suppressions", summary="What holds back the telling of alarms")
def suppressions(wired: Wired, query: Annotated[SuppressionsQuery, Query()]) -> JsonResponse:
    """Shelves, planned maintenance, what is out of service: now or later; with `all` also what has ended."""
    return JsonResponse(wired.view.suppressions(open_only=not query.all))


# --- what people do -----------------------------------------------------------------------------------------


def _change(kind: type[OfAlarms], summary: str, example: JSON) -> Callable[[Endpoint], Endpoint]:
    """The route of a command, described by its fields and an example."""
    body = described_as(kind, example)
    return alarms_api.post(ROUTES[kind].path, summary=summary, responses=_CHANGES, openapi_extra=body)


async def _answer(wired: Wiring, request: Request, kind: type[OfAlarms], **in_path: str) -> JsonResponse:
    return JsonResponse(await carried_out(wired, await command_of(wired, request, kind, **in_path)))


@_change(
    Acknowledge,
    "Take an alarm",
    {"by": "M. Keller", "reason": "door was left open", "action": "closed it; all lots are still frozen"},
)
async def acknowledge(wired: Wired, alarm: str, request: Request) -> JsonResponse:
    """Somebody takes the alarm: nobody more is told, and those who were hear who has it. It is told anew if it gets
    worse, or isn't over after `[alerting] rearm_after`. Who acknowledged first stays. Needs
    `Authorization: Bearer <token>`."""
    return await _answer(wired, request, Acknowledge, alarm=alarm)


@_change(Reset, "Reset a latched alarm", {"by": "M. Keller", "reason": "lots were moved"})
async def reset(wired: Wired, alarm: str, request: Request) -> JsonResponse:
    """A latched alarm (`lot_thawed`, `lot_breached`) that was acknowledged is dealt with. Needs
    `Authorization: Bearer <token>`."""
    return await _answer(wired, request, Reset, alarm=alarm)


@_change(Shelve, "Shelve an alarm", {"by": "M. Keller", "reason": "defrosting by hand", "for": "2h"})
async def shelve(wired: Wired, alarm: str, request: Request) -> JsonResponse:
    """Nobody is told of this condition of this subject until then, unless it gets worse. `until` or `for` must lie
    within `[alerting] shelve_max`, and before the time by which somebody must have acted. Readings, excursions and
    budgets go on. Answers with the suppression. Needs `Authorization: Bearer <token>`."""
    return await _answer(wired, request, Shelve, alarm=alarm)


@_change(Unshelve, "End a shelf", {"by": "M. Keller", "reason": "lots were moved"})
async def unshelve(wired: Wired, alarm: str, request: Request) -> JsonResponse:
    """It is told again from now on. Answers with the suppression that ended. Needs `Authorization: Bearer <token>`."""
    return await _answer(wired, request, Unshelve, alarm=alarm)


@_change(
    Suppress,
    "Suppress a unit or a probe",
    {
        "subject": "lab1/F02",
        "kind": "suppressed",
        "by": "M. Keller",
        "reason": "yearly service; empty",
        "from": "2026-11-23T07:00:00Z",
        "until": "2026-11-23T15:00:00Z",
    },
)
async def suppress(wired: Wired, request: Request) -> JsonResponse:
    """Planned (`suppressed`: maintenance, an empty unit) or not relied on (`out_of_service`): nobody is told of its
    alarms from `from` to `until`, or `for` so long from now. Needs `Authorization: Bearer <token>`."""
    return await _answer(wired, request, Suppress)


@_change(EndSuppression, "End a suppression", {"by": "M. Keller", "reason": "lots were moved"})
async def end_suppression(wired: Wired, suppression: str, request: Request) -> JsonResponse:
    """Before its time: what is open there is told. Needs `Authorization: Bearer <token>`."""
    return await _answer(wired, request, EndSuppression, suppression=suppression)
