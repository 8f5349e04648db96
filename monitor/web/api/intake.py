"""Readings and other messages over HTTP: from gateways that don't speak MQTT, and from the import command."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from monitor.core.profile.unit import Channel
from monitor.ports import JSON, Message
from monitor.ports.commands import Ingest
from monitor.web.api.changes import AUTHORIZED, UNREADABLE, authorize, body_of
from monitor.web.bodies import described_by
from monitor.web.refusal import ApiError, ErrorBody, JsonResponse
from monitor.web.wiring import Wired, Wiring
from monitor.wire.format import ITEMS_MAX, MESSAGE_BYTES_MAX, NAME
from monitor.wire.recording import Origin, SentPart, decode_part, origin_of
from monitor.wire.registry import OURS

PART_BYTES_MAX = 64 * 1024 * 1024

_REFUSALS: dict[int | str, dict[str, Any]] = {
    **AUTHORIZED,
    422: {"model": ErrorBody, "description": "the body can't be read at all"},
    503: {"model": ErrorBody, "description": "the store can't commit; send it again later"},
}

router = APIRouter(
    prefix="/api/v1/ingest", tags=["v1"], default_response_class=JsonResponse, responses=_REFUSALS
)

_READING: JSON = {
    "type": "object",
    "required": ["site", "unit", "probe", "measured_at", "celsius"],
    "properties": {
        "site": {"type": "string"},
        "unit": {"type": "string"},
        "probe": {"type": "string"},
        "measured_at": {"type": "string", "format": "date-time"},
        "celsius": {"type": ["number", "null"]},
        "fault": {"type": ["string", "null"]},
        "seq": {"type": ["integer", "null"]},
        "battery_percent": {"type": ["number", "null"]},
    },
}
_READINGS_BODY = described_by(
    {"oneOf": [_READING, {"type": "array", "items": _READING, "maxItems": ITEMS_MAX}]},
    [
        {
            "site": "lab1",
            "unit": "F01",
            "probe": "product",
            "measured_at": "2026-11-22T10:00:00.000Z",
            "celsius": -79.84,
        }
    ],
)


class _Place(msgspec.Struct):
    site: str
    unit: str
    probe: str


_place = msgspec.json.Decoder(_Place)


@router.post("/readings", summary="Readings of an HTTP gateway", openapi_extra=_READINGS_BODY)
async def readings(wired: Wired, request: Request) -> JsonResponse:
    """A reading in the words of wire format v1 with `site`, `unit` and `probe`, or an array of up to 1,000. They are
    durable when the answer comes, and signs of life. Needs `Authorization: Bearer <token>`. A bad reading is rejected
    by itself: the answer is 200 and names it (`request:0` is the first). The same again is a duplicate."""
    authorize(wired, request)
    messages = _messages(await body_of(request, MESSAGE_BYTES_MAX), wired)
    return await run_in_threadpool(_ingest, wired, messages, SentPart(), live=True)


@router.post("/messages", summary="A part of an import", include_in_schema=False)
async def messages(wired: Wired, request: Request) -> JsonResponse:
    """What `exosome-monitor ingest` sends while the program runs: a part of the past. Not for others: it may change."""
    authorize(wired, request)
    body = await body_of(request, PART_BYTES_MAX)
    return await run_in_threadpool(_take_part, wired, body)


def _take_part(wired: Wiring, body: bytes) -> JsonResponse:
    try:
        part = decode_part(body)
    except ValueError as error:
        raise ApiError(
            422, "not_a_part", str(error), "Use exosome-monitor ingest of the same version."
        ) from error
    found = [
        Message(sent.topic, sent.payload.encode(), sent.received_at, True, origin_of(sent))
        for sent in part.messages
    ]
    return _ingest(wired, found, part, live=False)


def _ingest(wired: Wiring, messages: list[Message], part: SentPart, *, live: bool) -> JsonResponse:
    try:
        command = Ingest(messages=messages, live=live, marks=part.marks, last=part.last)
        return JsonResponse(wired.commands.carry_out(command))
    except Exception as error:
        text = f"The readings can't be committed: {error}."
        raise ApiError(503, "not_committed", text, "Send them again later; doubles do no harm.") from error


def _messages(body: bytes, wired: Wiring) -> list[Message]:
    """A message for each channel, as if a gateway had uploaded what it gathered."""
    items = OURS.items_of(body) if body.lstrip()[:1] == b"[" else [body]
    if not items or len(items) > ITEMS_MAX or not _is_json(body):
        text = f"The body is not a reading, nor an array of 1 to {ITEMS_MAX} readings."
        raise ApiError(422, "not_json", text, "Send what /docs shows.")
    received_at = wired.view.now()
    found: list[Message] = []
    gathered: dict[Channel, tuple[list[bytes], list[int]]] = {}
    for number, item in enumerate(items):
        channel = _channel_of(item)
        if channel is None:
            why = (
                "bad_name",
                "site, unit and probe must be there and be names (A-Z a-z 0-9 . _ -, 1 to 64 each)",
            )
            found.append(Message("", item, received_at, False, Origin("request", (number,), why)))
            continue
        group = gathered.setdefault(channel, ([], []))
        group[0].append(item)
        group[1].append(number)
    for channel, (readings, lines) in gathered.items():
        topic = OURS.reading_topic(channel, wired.root)
        payload = b"[" + b",".join(readings) + b"]"
        found.append(Message(topic, payload, received_at, False, Origin("request", tuple(lines))))
    return found


def _channel_of(item: bytes) -> Channel | None:
    """The channel that a reading names; None if it names none."""
    try:
        place = _place.decode(item)
    except UNREADABLE:
        return None
    channel = Channel(place.site, place.unit, place.probe)
    return channel if all(map(NAME.fullmatch, channel)) else None


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except UNREADABLE:
        return False
    return True
