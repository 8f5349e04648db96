"""The HTTP API: the same figures that the pages show, as JSON: docs/json.md describes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from monitor.core.time.instant import format_instant
from monitor.ports import JSON
from monitor.ports.commands import BindProfile, RecordLotEvent
from monitor.web.api.changes import AUTHORIZED, authorize, body_of, decoded, fields_of
from monitor.web.api.queries import (
    AsOfQuery,
    ExcursionsQuery,
    LimitQuery,
    Nothing,
    ReadingsQuery,
    require_order,
)
from monitor.web.bodies import ROUTES, described, described_as
from monitor.web.events import RETRY_MS, frame
from monitor.web.known import known_lot, known_unit
from monitor.web.refusal import ApiError, ErrorBody, JsonResponse, not_found
from monitor.web.wiring import Wired, Wiring
from monitor.wire.format import NAME

HEARTBEAT_SECONDS = 5.0

_REFUSALS: dict[int | str, dict[str, Any]] = {
    422: {"model": ErrorBody, "description": "a parameter is wrong"}
}
_MISSING: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "there is no such thing"}
}

service = APIRouter(tags=["service"], default_response_class=JsonResponse)
api = APIRouter(prefix="/api/v1", tags=["v1"], default_response_class=JsonResponse, responses=_REFUSALS)


# --- is it well ---------------------------------------------------------------------------------------------


@service.get("/healthz", summary="Is the program alive?")
async def healthz() -> JsonResponse:
    """200 as long as it answers at all."""
    return JsonResponse({"status": "alive"})


@service.get(
    "/readyz", summary="Is it doing its work?", responses={503: {"description": "not ready, and why"}}
)
def readyz(wired: Wired) -> JsonResponse:
    """Broker, store, InfluxDB and alerting, each with `ok` and `text`; 503 with `reasons` when it isn't
    ready."""
    try:
        health = wired.view.health()
    except Exception as error:  # a check that fails is an answer: not ready
        health = {"ready": False, "store": {"ok": False, "text": f"the store can't be asked: {error}"}}
    reasons = [
        f"{name}: {part['text']}"
        for name, part in health.items()
        if isinstance(part, dict) and not part["ok"]
    ]
    return JsonResponse({**health, "reasons": reasons}, status_code=200 if health["ready"] else 503)


@service.get("/metrics", summary="Prometheus metrics", response_class=Response)
def metrics(wired: Wired) -> Response:
    """In Prometheus' text format."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    return Response(generate_latest(wired.metrics), media_type=CONTENT_TYPE_LATEST)


# --- what there is ------------------------------------------------------------------------------------------


@api.get("/units", summary="Every unit")
def units(wired: Wired, _query: Annotated[Nothing, Query()]) -> JsonResponse:
    """Each with its temperature, state, window, probes, and the lots, alarms and excursions there now."""
    return JsonResponse(wired.view.units())


@api.get("/units/{site}/{unit}", summary="One unit", responses=_MISSING)
def unit(wired: Wired, site: str, unit: str, _query: Annotated[Nothing, Query()]) -> JsonResponse:
    """As in the list of units."""
    return JsonResponse(known_unit(wired, f"{site}/{unit}"))


@api.get("/channels/{site}/{unit}/{probe}/readings", summary="A channel's readings", responses=_MISSING)
def readings(
    wired: Wired, site: str, unit: str, probe: str, query: Annotated[ReadingsQuery, Query()]
) -> JsonResponse:
    """Thinned to about `points` so that every minimum and maximum stays. A bad reading has `celsius` null."""
    channel = f"{site}/{unit}/{probe}"
    start, end = query.span(wired.view.now())
    found = wired.view.readings(channel, start, end, query.points)
    if found is None:
        raise not_found("channel", channel, "/api/v1/units")
    return JsonResponse(found)


@api.get("/lots", summary="Every lot")
def lots(wired: Wired, query: Annotated[AsOfQuery, Query()]) -> JsonResponse:
    """Each with its verdict and the reasons for it."""
    return JsonResponse(wired.view.lots(as_of=query.as_of))


@api.get("/lots/{lot}", summary="One lot", responses=_MISSING)
def lot(wired: Wired, lot: str, query: Annotated[AsOfQuery, Query()]) -> JsonResponse:
    """A figure that isn't computed yet is absent."""
    return JsonResponse(known_lot(wired, lot, query.as_of))


@api.get("/excursions", summary="Excursions, newest first", responses=_MISSING)
def excursions(wired: Wired, query: Annotated[ExcursionsQuery, Query()]) -> JsonResponse:
    """Transients (closed and never confirmed) included."""
    require_order(query.start, query.end)
    if query.unit is not None:
        known_unit(wired, query.unit)
    if query.lot is not None:
        known_lot(wired, query.lot)
    found = wired.view.excursions(
        unit=query.unit,
        lot=query.lot,
        start=query.start,
        end=query.end,
        open_only=query.open,
        as_of=query.as_of,
        history=query.history,
    )
    return JsonResponse(found)


@api.get("/notifications", summary="What was told or is owed")
def notifications(wired: Wired, query: Annotated[LimitQuery, Query()]) -> JsonResponse:
    """One message to one recipient by one medium each."""
    return JsonResponse(wired.view.notifications(limit=query.limit))


@api.get("/rejected", summary="Messages that could not be taken")
def rejected(wired: Wired, query: Annotated[LimitQuery, Query()]) -> JsonResponse:
    """Counted by reason, and the newest verbatim."""
    return JsonResponse(wired.view.rejected(limit=query.limit))


# --- what changes -------------------------------------------------------------------------------------------


@api.get("/stream", summary="What changes, as server-sent events", response_class=StreamingResponse)
async def stream(wired: Wired) -> StreamingResponse:
    """Each event's data is `{"kind", "body"}`. `hello` comes first and `tick` every 5 s, both with the
    server's `now`; `resync` means that events were lost: ask for everything again."""
    if wired.events.is_full():
        text = "As many pages are open as this server takes."
        raise ApiError(503, "too_many_clients", text, "Close one that is open elsewhere.")
    return StreamingResponse(
        _stream(wired), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def _stream(wired: Wiring) -> AsyncIterator[bytes]:
    """The comment keeps proxies from hanging up; the tick lets a page notice a line that died silently.

    It subscribes in here: what a client leaves before its first byte is never begun, and so leaves nothing
    behind.
    """
    subscription = wired.events.subscribe()
    try:
        yield b"retry: %d\n\n" % RETRY_MS + frame("hello", {"now": format_instant(wired.view.now())})
        async for chunk in subscription.chunks(HEARTBEAT_SECONDS):
            yield chunk or b": heartbeat\n" + frame("tick", {"now": format_instant(wired.view.now())})
    finally:
        wired.events.unsubscribe(subscription)


_EVENT_BODY = described(
    ["event_id", "occurred_at", "kind"],
    {
        "site": {"type": "string", "description": "needed where there are several sites"},
        "event_id": {"type": "string"},
        "occurred_at": {"type": "string", "format": "date-time"},
        "kind": {"type": "string"},
    },
    {
        "event_id": "lims-2041",
        "occurred_at": "2026-11-22T10:00:00Z",
        "kind": "moved",
        "by": "LIMS",
        "unit": "F02",
    },
)


@api.post(
    "/lots/{lot}/events",
    summary="Record a lot event",
    openapi_extra=_EVENT_BODY,
    responses={
        **AUTHORIZED,
        409: {"model": ErrorBody, "description": "this event_id was used with other content"},
    },
)
async def lot_event(wired: Wired, lot: str, request: Request) -> JsonResponse:
    """A lot event in the words of wire format v1, plus `site` where there are several. Needs
    `Authorization: Bearer <token>`. The same event again is a `duplicate` and changes nothing."""
    authorize(wired, request)
    event = decoded(
        await body_of(request), dict[str, Any], code="not_json", remedy="Send one lot event, as /docs shows."
    )
    if not NAME.fullmatch(lot):
        text = f"{lot!r} is not a lot's name."
        raise ApiError(422, "bad_name", text, "Use A-Z a-z 0-9 . _ -, 1 to 64 characters.")
    return await run_in_threadpool(_record, wired, lot, event)


@api.post(
    ROUTES[BindProfile].path,
    summary="Bind a lot to another profile version",
    openapi_extra=described_as(
        BindProfile, {"profile": "ult-80@4", "reason": "stability study S-12", "by": "QA, R. Lindqvist"}
    ),
    responses={
        **_MISSING,
        **AUTHORIZED,
    },
)
async def bind(wired: Wired, lot: str, request: Request) -> JsonResponse:
    """A decision of QA: from now on the lot is judged by `profile` (`name@version`) over its whole timeline. Kept as
    an event of the lot, with who and why. Needs `Authorization: Bearer <token>`."""
    said = await fields_of(wired, request, BindProfile)
    return await run_in_threadpool(_bind, wired, BindProfile(lot=lot, **said))


def _bind(wired: Wiring, command: BindProfile) -> JsonResponse:
    known_lot(wired, command.lot)
    try:
        return JsonResponse(wired.commands.carry_out(command))
    except ValueError as error:
        raise ApiError(422, "binding_refused", str(error), "Correct it and send it again.") from error


def _record(wired: Wiring, lot: str, event: JSON) -> JsonResponse:
    site = _site(wired, lot, event.pop("site", None))
    try:
        outcome = wired.commands.carry_out(RecordLotEvent(site=site, lot=lot, event=event))
    except ValueError as error:
        raise ApiError(422, "event_refused", str(error), "Correct the event and send it again.") from error
    if outcome["outcome"] == "conflict":
        text = f"Event {outcome['event_id']!r} is on record with other content; both are set aside."
        raise ApiError(409, "event_conflict", text, "Send what is meant under a new event_id.", more=outcome)
    return JsonResponse(outcome)


def _site(wired: Wiring, lot: str, given: object) -> str:
    """The event's site: the one named, else the lot's, else the only one there is."""
    sites = [site["site"] for site in wired.view.sites()]
    if given is not None:
        if given not in sites:
            raise ApiError(
                422, "unknown_site", f"There is no site {given!r}.", f"Use one of: {', '.join(sites)}."
            )
        return str(given)
    registered = wired.view.lot(lot)
    known = None if registered is None else registered["site"]
    if known is None and len(sites) != 1:
        text = "The event does not say at which site it happened."
        raise ApiError(422, "site_missing", text, f'Add "site", one of: {", ".join(sites)}.')
    return str(known or sites[0])
