"""What people do about alarms on the pages: forms that answer with the alarm's page.

There is no sign-in: whoever reaches the pages can act on them, under the name that they write. What is kept out is
another site that sends a form through somebody's browser, also one whose name was made to lead here.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from monitor.core.answer.shape import AnyAnswer
from monitor.core.time.instant import in_local_time
from monitor.ports.commands import (
    Acknowledge,
    EndSuppression,
    OfAlarms,
    Reset,
    Shelve,
    Unshelve,
    said_of,
)
from monitor.web.api.changes import body_of, carried_out, end_at
from monitor.web.bodies import ROUTES
from monitor.web.hosts import refuse_strange_host
from monitor.web.pages.zones import Zones
from monitor.web.refusal import ApiError
from monitor.web.wiring import Wired, Wiring

FORM_BYTES_MAX = 16_384
FIELDS_MAX = 32
FORM = "application/x-www-form-urlencoded"

router = APIRouter(include_in_schema=False)


def _form_about_an_alarm(kind: type[OfAlarms]) -> None:
    """The form of what somebody does about an alarm. Fields: those of the value; of an end: ``for``."""

    async def send(wired: Wired, alarm: str, request: Request) -> Response:
        return await _done(wired, alarm, await _filled_in(wired, request, kind, alarm=alarm))

    router.add_api_route(ROUTES[kind].path, send, methods=["POST"])


for _kind in (Acknowledge, Reset, Shelve, Unshelve):
    _form_about_an_alarm(_kind)


@router.post(ROUTES[EndSuppression].path)
async def end_suppression(wired: Wired, suppression: str, request: Request) -> Response:
    """Fields: by, reason. Answers with the page of what isn't watched."""
    await carried_out(wired, await _filled_in(wired, request, EndSuppression, suppression=suppression))
    return RedirectResponse("/unwatched", status_code=303)


async def _filled_in(wired: Wiring, request: Request, kind: type[OfAlarms], **in_path: str) -> OfAlarms:
    """The command that a form asks for: its texts are the form's fields of that name; its end is ``for`` so long, or,
    where that is an instant, until then."""
    form = await _form(wired, request)
    given: dict[str, Any] = {**in_path, "by": _name(form)}
    for name, said in said_of(kind).items():
        if said.role == "end":
            chosen = form.get("for") or None
            is_instant = chosen is not None and "T" in chosen
            given[name] = end_at(wired, chosen if is_instant else None, None if is_instant else chosen)
        elif said.role == "way":
            given[name] = "web"
        elif said.role == "line" and name not in given:
            given[name] = form.get(name, "")
    command: Callable[..., OfAlarms] = kind
    return command(**given)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form as sent by a browser; of a field given twice, the last. Raises 413, 415 and 422."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        text = f"The body is {kind or 'of no kind'}, not a form."
        raise ApiError(415, "not_a_form", text, f"Send it as {FORM}, or use the API.")
    body = await body_of(request, FORM_BYTES_MAX)
    try:
        return dict(
            parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
        )
    except ValueError as error:
        text = "The form can't be read."
        raise ApiError(422, "bad_form", text, "Load the page again and use its form.") from error


async def _form(wired: Wiring, request: Request) -> dict[str, str]:
    """The fields of a form of ours; raises 403 for one of another site, 421 for one sent to another name."""
    if not wired.page_actions:
        text = "Alarms can't be changed on the pages of this installation."
        raise ApiError(
            403, "page_actions_off", text, "Use the command line, the link of a message, or the API."
        )
    refuse_strange_host(wired, request)
    _refuse_strangers(wired, request)
    form = await form_of(request)
    if not hmac.compare_digest(form.get("csrf", "").encode(), wired.csrf_token.encode()):
        text = "This form was made before the program was started, or elsewhere: nothing was changed."
        raise ApiError(403, "stale_form", text, "Go back, load the page again, and press the button there.")
    return form


def _refuse_strangers(wired: Wiring, request: Request) -> None:
    """Raises 403 for what a browser says comes from another site. What isn't a browser says nothing of it."""
    headers = request.headers
    fetched = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    ours = {headers.get("host", ""), urlsplit(wired.external_url).netloc} - {""}
    if fetched in ("same-origin", "none") and (origin is None or urlsplit(origin).netloc in ours):
        return
    text = "This form came from another site: nothing was changed."
    remedy = (
        "Use the alarm's page here. Behind a proxy, set [web] external_url to how browsers name this server."
    )
    raise ApiError(403, "cross_site", text, remedy)


def _name(form: dict[str, str]) -> str:
    name = form.get("by", "").strip()
    if not name:
        text = "It isn't said who does this: nothing was changed."
        raise ApiError(422, "by_missing", text, "Go back, write your name, and press the button again.")
    return name


async def _done(wired: Wiring, alarm: str, command: OfAlarms) -> Response:
    """Back to the alarm's page, by GET, so that loading it again repeats nothing. A refusal tells the time as it is
    where the alarm is."""
    try:
        await carried_out(wired, command)
    except ApiError as error:
        zone = await run_in_threadpool(_zone_of, wired, alarm)
        text = in_local_time(error.text, zone)
        raise ApiError(error.status, error.code, text, error.remedy, more=error.more) from error
    return RedirectResponse(f"/alarms/{quote(alarm, safe='')}", status_code=303)


def _zone_of(wired: Wiring, alarm: str) -> ZoneInfo:
    found: AnyAnswer = wired.view.alarm(alarm) or {}
    evidence = found.get("evidence")
    unit = evidence.get("unit") if isinstance(evidence, dict) else None
    return Zones(wired.view).at(unit or found.get("subject"))
