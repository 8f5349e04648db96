"""What requests that change something share: who may, how long a body may be, and how a refusal is said."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from monitor.config.file.duration import parse_duration
from monitor.core.answer.shape import AnyAnswer
from monitor.core.time.instant import parse_instant
from monitor.ports.commands import OfAlarms, Spoken, missing_in
from monitor.web.bodies import ROUTES, STRUCTS, asked_for, in_body
from monitor.web.refusal import ApiError, ErrorBody
from monitor.web.wiring import Wiring
from monitor.wire.format import MESSAGE_BYTES_MAX
from monitor.words.figures import sentence

Body = TypeVar("Body")

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a body of no use raises."""

AUTHORIZED: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorBody, "description": "no token, or a wrong one"},
    413: {"model": ErrorBody, "description": "the body is too large"},
}
"""What every request that changes something may be answered with, for the API's description."""


def authorize(wired: Wiring, request: Request) -> None:
    """Raises 401 unless the request carries the token of this server."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if wired.token is None:
        text, remedy = (
            "This server takes no changes: it has no token.",
            "Start it with one, or use the command line.",
        )
    elif scheme.lower() != "bearer" or not given.strip():
        text, remedy = "This request carries no token.", "Send the header Authorization: Bearer <token>."
    elif not hmac.compare_digest(given.strip().encode(), wired.token.encode()):
        text, remedy = "The token is not the right one.", "Use the one in the token file beside the store."
    else:
        return
    raise ApiError(401, "unauthorized", text, remedy, headers={"WWW-Authenticate": "Bearer"})


async def body_of(request: Request, bytes_max: int = MESSAGE_BYTES_MAX) -> bytes:
    """The body; raises 413 for one that is longer. By default it may be as long as a message over MQTT."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise ApiError(413, "too_large", f"The body is over {bytes_max} bytes.", "Send less at a time.")
    return bytes(body)


def decoded(body: bytes, kind: type[Body], *, code: str, remedy: str) -> Body:
    """The body as what it should be; raises 422 with ``code``, naming what is wrong."""
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as error:
        text = f"The body does not say what to do: {error}."
        raise ApiError(422, code, text, remedy) from error


async def fields_of(wired: Wiring, request: Request, kind: type[Spoken]) -> dict[str, Any]:
    """What the body of a command says, as it was written. Raises 401, 413, and 422 that names what is wrong."""
    authorize(wired, request)
    remedy = f"Send {asked_for(kind)}, as /docs shows."
    body = decoded(await body_of(request), STRUCTS[kind], code=ROUTES[kind].code, remedy=remedy)
    return msgspec.structs.asdict(body)


async def command_of(wired: Wiring, request: Request, kind: type[OfAlarms], **in_path: str) -> OfAlarms:
    """The command that a request asks for; what its path names is given. Raises as :func:`fields_of`."""
    said = await fields_of(wired, request, kind)
    for name, what in missing_in(kind, said):
        raise ApiError(422, f"{name}_missing", sentence(what), f"Add {name!r} and send it again.")
    for name, each in in_body(kind).items():
        if each.role == "begin":
            said[name] = None if said[name] is None else instant_of("from", said[name])
        elif each.role == "end":
            said[name] = end_at(wired, said[name], said.pop("lasting"))
    command: Callable[..., OfAlarms] = kind
    return command(**in_path, **said)


def end_at(wired: Wiring, until: str | None, lasting: str | None) -> int:
    """The instant at which something ends: given as one, or as the time from now on. Raises 422."""
    if (until is None) == (lasting is None):
        text = "It is not said when it ends." if until is None else "It is said twice when it ends."
        raise ApiError(422, "bad_end", text, "Give either until (RFC 3339) or for (such as 2h).")
    if until is not None:
        return instant_of("until", until)
    try:
        return wired.view.now() + parse_duration(lasting)
    except ValueError as error:
        text = f"for {lasting!r} is not {error}."
        raise ApiError(422, "bad_end", text, "Write for how long: 90m, 2h, 1d.") from error


def instant_of(name: str, text: str) -> int:
    """An instant of a body; raises 422."""
    try:
        return parse_instant(text)
    except ValueError as error:
        said = f"{name} {text!r} is no instant: {error}."
        raise ApiError(422, "bad_instant", said, "Write it with an offset: 2026-11-22T10:00:00Z.") from error


async def carried_out(wired: Wiring, command: OfAlarms) -> AnyAnswer:
    """What a command answers, which may wait for the writer. Raises 404 for what it is about and isn't there, and 409
    for what can't be; the refusal's ``reason`` is what the command said."""
    return await run_in_threadpool(carry_out, wired, command)


def carry_out(wired: Wiring, command: OfAlarms) -> AnyAnswer:
    """As :func:`carried_out`, in the thread that asks."""
    try:
        return wired.commands.carry_out(command)
    except LookupError as error:
        if type(error) is not LookupError:  # a KeyError is a mistake of ours
            raise
        route = ROUTES[type(command)]
        text, remedy = sentence(str(error)), f"GET /api/v1{route.listed_by} lists those that are."
        raise ApiError(404, f"unknown_{route.thing}", text, remedy, more={"reason": str(error)}) from error
    except ValueError as error:
        text, remedy = sentence(str(error)), "Look at it as it is now, and ask for what can be."
        raise ApiError(409, "refused", text, remedy, more={"reason": str(error)}) from error
