"""Alarms over HTTP: which there are, and what people do about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from monitor.core.answer.alarm import AlarmDetailAnswer
from monitor.core.answer.shape import AnyAnswer
from monitor.ports import JSON
from monitor.web.api.changes import (
    AUTHORIZED,
    authorize,
    body_of,
    carried_out,
    decoded,
    described,
    end_at,
    instant_of,
    needed,
)
from monitor.web.api.queries import EVERY, AlarmsQuery, Nothing, SuppressionsQuery
from monitor.web.known import known_unit
from monitor.web.refusal import ErrorBody, JsonResponse, not_found
from monitor.web.wiring import Wired, Wiring

ALARMS = "GET /api/v1/alarms"
SUPPRESSIONS = "GET /api/v1/suppressions"
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


def known_alarm(wired: Wiring, alarm: str) -> AlarmDetailAnswer:
    """The alarm, or 404."""
    found = wired.view.alarm(alarm)
    if found is None:
        raise not_found("alarm", alarm, "/api/v1/alarms")
    return found


# --- what people do -----------------------------------------------------------------------------------------


class _Acknowledge(msgspec.Struct, forbid_unknown_fields=True):
    by: str
    reason: str = ""
    action: str = ""
    how: Literal["api", "cli", "web", "link"] = "api"


class _By(msgspec.Struct, forbid_unknown_fields=True):
    by: str
    reason: str = ""


class _Shelve(msgspec.Struct, forbid_unknown_fields=True):
    by: str
    reason: str
    until: str | None = None
    lasting: str | None = msgspec.field(default=None, name="for")


class _Suppress(msgspec.Struct, forbid_unknown_fields=True):
    subject: str
    kind: Literal["suppressed", "out_of_service"]
    by: str
    reason: str
    start: str | None = msgspec.field(default=None, name="from")
    until: str | None = None
    lasting: str | None = msgspec.field(default=None, name="for")


_TEXT: JSON = {"type": "string", "maxLength": 500}
_BY: JSON = {**_TEXT, "description": "who does it: a person's name"}
_END: JSON = {
    "until": {"type": "string", "format": "date-time", "description": "its end; or give `for`"},
    "for": {"type": "string", "description": "how long from now on: 90m, 2h, 1d"},
}
_BY_BODY = described(("by",), {"by": _BY, "reason": _TEXT}, {"by": "M. Keller", "reason": "lots were moved"})


@alarms_api.post(
    "/alarms/{alarm}/acknowledge",
    summary="Take an alarm",
    responses=_CHANGES,
    openapi_extra=described(
        ("by",),
        {
            "by": _BY,
            "reason": _TEXT,
            "action": {**_TEXT, "description": "what was done about it"},
            "how": {"enum": ["api", "cli", "web", "link"], "default": "api"},
        },
        {"by": "M. Keller", "reason": "door was left open", "action": "closed it; lots are at −71 °C"},
    ),
)
async def acknowledge(wired: Wired, alarm: str, request: Request) -> JsonResponse:
    """Somebody takes the alarm: nobody more is told, and those who were hear who has it. It is told anew if it gets
    worse, or isn't over after `[alerting] rearm_after`. Who acknowledged first stays. Needs
    `Authorization: Bearer <token>`."""
    authorize(wired, request)
    remedy = "Send by (and reason, action), as /docs shows."
    wanted = decoded(await body_of(request), _Acknowledge, code="bad_acknowledgement", remedy=remedy)
    by = needed("by", wanted.by, "An acknowledgement needs the name of whoever takes the alarm")

    def do() -> AnyAnswer:
        return wired.commands.acknowledge(
            alarm, by=by, reason=wanted.reason, action=wanted.action, how=wanted.how
        )

    return await _answered("alarm", ALARMS, do)


@alarms_api.post(
    "/alarms/{alarm}/reset", summary="Reset a latched alarm", responses=_CHANGES, openapi_extra=_BY_BODY
)
async def reset(wired: Wired, alarm: str, request: Request) -> JsonResponse:
    """A latched alarm (`lot_thawed`, `lot_breached`) that was acknowledged is dealt with. Needs
    `Authorization: Bearer <token>`."""
    wanted = await _by(wired, request, "A reset needs the name of whoever holds the alarm to be dealt with")
    return await _answered(
        "alarm", ALARMS, lambda: wired.commands.reset(alarm, by=wanted.by, reason=wanted.reason)
    )


@alarms_api.post(
    "/alarms/{alarm}/shelve",
    summary="Shelve an alarm",
    responses=_CHANGES,
    openapi_extra=described(
        ("by", "reason"),
        {"by": _BY, "reason": _TEXT, **_END},
        {"by": "M. Keller", "reason": "defrosting by hand", "for": "2h"},
    ),
)
async def shelve(wired: Wired, alarm: str, request: Request) -> JsonResponse:
    """Nobody is told of this condition of this subject until then, unless it gets worse. `until` or `for` must lie
    within `[alerting] shelve_max`, and before the time by which somebody must have acted. Readings, excursions and
    budgets go on. Answers with the suppression. Needs `Authorization: Bearer <token>`."""
    authorize(wired, request)
    remedy = "Send by, reason, and until or for, as /docs shows."
    wanted = decoded(await body_of(request), _Shelve, code="bad_shelf", remedy=remedy)
    by, reason = _owned(wanted.by, wanted.reason, "Shelving")
    until = end_at(wired, wanted.until, wanted.lasting)
    return await _answered(
        "alarm", ALARMS, lambda: wired.commands.shelve(alarm, by=by, reason=reason, until=until)
    )


@alarms_api.post(
    "/alarms/{alarm}/unshelve", summary="End a shelf", responses=_CHANGES, openapi_extra=_BY_BODY
)
async def unshelve(wired: Wired, alarm: str, request: Request) -> JsonResponse:
    """It is told again from now on. Answers with the suppression that ended. Needs `Authorization: Bearer <token>`."""
    wanted = await _by(wired, request, "Unshelving needs a name")
    return await _answered(
        "alarm", ALARMS, lambda: wired.commands.unshelve(alarm, by=wanted.by, reason=wanted.reason)
    )


@alarms_api.post(
    "/suppressions",
    summary="Suppress a unit or a probe",
    responses=_CHANGES,
    openapi_extra=described(
        ("subject", "kind", "by", "reason"),
        {
            "subject": {"type": "string", "description": "site/unit or site/unit/probe"},
            "kind": {"enum": ["suppressed", "out_of_service"]},
            "by": _BY,
            "reason": _TEXT,
            "from": {"type": "string", "format": "date-time", "description": "default: now"},
            **_END,
        },
        {
            "subject": "lab1/F02",
            "kind": "suppressed",
            "by": "M. Keller",
            "reason": "yearly service; empty",
            "from": "2026-11-23T07:00:00Z",
            "until": "2026-11-23T15:00:00Z",
        },
    ),
)
async def suppress(wired: Wired, request: Request) -> JsonResponse:
    """Planned (`suppressed`: maintenance, an empty unit) or not relied on (`out_of_service`): nobody is told of its
    alarms from `from` to `until`, or `for` so long from now. Needs `Authorization: Bearer <token>`."""
    authorize(wired, request)
    remedy = "Send subject, kind, by, reason, and until or for, as /docs shows."
    wanted = decoded(await body_of(request), _Suppress, code="bad_suppression", remedy=remedy)
    by, reason = _owned(wanted.by, wanted.reason, wanted.kind.replace("_", " ").capitalize())
    start = None if wanted.start is None else instant_of("from", wanted.start)
    until = end_at(wired, wanted.until, wanted.lasting)

    def do() -> AnyAnswer:
        return wired.commands.suppress(
            wanted.subject, kind=wanted.kind, by=by, reason=reason, start=start, until=until
        )

    return await _answered("subject", "GET /api/v1/units", do)


@alarms_api.post(
    "/suppressions/{suppression}/end", summary="End a suppression", responses=_CHANGES, openapi_extra=_BY_BODY
)
async def end_suppression(wired: Wired, suppression: str, request: Request) -> JsonResponse:
    """Before its time: what is open there is told. Needs `Authorization: Bearer <token>`."""
    wanted = await _by(wired, request, "Ending it needs a name")

    def do() -> AnyAnswer:
        return wired.commands.end_suppression(suppression, by=wanted.by, reason=wanted.reason)

    return await _answered("suppression", SUPPRESSIONS, do)


async def _by(wired: Wiring, request: Request, why: str) -> _By:
    authorize(wired, request)
    remedy = "Send by (and reason), as /docs shows."
    wanted = decoded(await body_of(request), _By, code="bad_body", remedy=remedy)
    needed("by", wanted.by, why)
    return wanted


def _owned(by: str, reason: str, what: str) -> tuple[str, str]:
    return (
        needed("by", by, f"{what} needs an owner: whoever answers for it"),
        needed("reason", reason, f"{what} needs a reason: whoever comes next must know why it is quiet"),
    )


async def _answered(what: str, where: str, do: Callable[[], AnyAnswer]) -> JsonResponse:
    """The answer of a command, which may wait for the writer."""
    return JsonResponse(await run_in_threadpool(carried_out, what, where, do))
