"""What a link in a message opens: one alarm, on a phone's screen, and one button that acknowledges it.

Mail scanners open every link, and browsers load pages before anybody asks: so opening one changes nothing, whoever
does it. Only the button's form does. The token in the address is the whole authority
(:mod:`monitor.core.telling.link`), so the pages say to nobody where they were (no referrer), are kept by nobody, and
run no scripts.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from monitor.core.alarm.machine import ACTIVE, State
from monitor.core.answer.alarm import AlarmAnswer
from monitor.core.answer.unit import UnitAnswer
from monitor.core.telling.link import Claim, LinkError, claim
from monitor.core.time.instant import format_instant
from monitor.ports.commands import Acknowledge
from monitor.web.api.changes import carry_out
from monitor.web.hosts import refuse_strange_host
from monitor.web.pages.forms import form_of
from monitor.web.pages.rendering import environment
from monitor.web.pages.zones import Zones
from monitor.web.refusal import ApiError
from monitor.web.wiring import Wired, Wiring
from monitor.words.figures import typeset

UNANSWERED = frozenset({State.UNACKNOWLEDGED, State.RETURNED_UNACKNOWLEDGED, State.LATCHED_UNACKNOWLEDGED})
"""The states in which there is something to acknowledge."""

router = APIRouter(include_in_schema=False)


@router.api_route("/a/{token}", methods=["GET", "HEAD"])
def opened(wired: Wired, token: str) -> Response:
    """The alarm, and the button while nobody has acknowledged it. Changes nothing."""
    try:
        return _alarm_page(wired, token)
    except ApiError as error:
        return _problem(wired, error)


@router.post("/a/{token}")
async def pressed(wired: Wired, token: str, request: Request) -> Response:
    """Acknowledges with the name that the link is for. Fields: reason, action."""
    try:
        refuse_strange_host(wired, request)
        form = await form_of(request)
        await run_in_threadpool(_acknowledge, wired, token, form)
    except ApiError as error:
        return _problem(wired, error)
    # By GET, so that loading it again sends nothing again; who was first stands there.
    return RedirectResponse(f"/a/{quote(token, safe='')}", status_code=303)


def _acknowledge(wired: Wiring, token: str, form: dict[str, str]) -> None:
    found = _claim(wired, token)
    said = {"reason": form.get("reason", ""), "action": form.get("action", "")}
    carry_out(wired, Acknowledge(alarm=found.alarm, by=found.recipient, how="link", **said))


def _claim(wired: Wiring, token: str) -> Claim:
    """What the link says; raises 401 for one that isn't ours, 410 for an old one, 404 where there are none."""
    remedy = "Open the alarms, or use the link of a newer message."
    if wired.link_key is None:
        raise ApiError(404, "no_links", "This server has no links that acknowledge.", remedy)
    try:
        found = claim(wired.link_key, token, now=0)
    except LinkError as error:
        raise ApiError(401, "bad_link", str(error), remedy) from error
    if wired.view.now() >= found.expires_at:
        text = f"This link was good until {format_instant(found.expires_at)} and no longer."
        raise ApiError(410, "old_link", text, remedy, more={"alarm": found.alarm})
    return found


def _alarm_page(wired: Wiring, token: str) -> Response:
    found = _claim(wired, token)
    alarm = wired.view.alarm(found.alarm)
    if alarm is None:
        text = f"There is no alarm {found.alarm!r} here any more."
        raise ApiError(404, "unknown_alarm", text, "Open the alarms.")
    place, zones = str(alarm["subject"]), Zones(wired.view)
    unit = wired.view.unit("/".join(place.split("/")[:2]))
    context = {
        "alarm": alarm,
        "headline": typeset(wired.voice.headline(alarm)),
        "steps": wired.voice.first_steps(alarm) if alarm["state"] in ACTIVE else [],
        "name": found.recipient,
        "where": place if unit is None else f"{unit['title']} ({place})",
        "unit": unit,
        "act_by": _act_by(alarm, unit),
        "taken": alarm["acknowledgement"] if alarm["acknowledged_by"] else None,
        "is_open": alarm["state"] in ACTIVE,
        "can_be_taken": alarm["state"] in UNANSWERED,
        "when": lambda text: zones.when(text, place),
    }
    return _page(wired, "link.html", **context)


def _act_by(alarm: AlarmAnswer, unit: UnitAnswer | None) -> str | None:
    """By when somebody must act: as forecast now, else as told; None once it is over."""
    if alarm["state"] not in ACTIVE:
        return None
    return (unit and unit["act_by"]) or alarm["act_by"]


def _problem(wired: Wiring, error: ApiError) -> Response:
    alarm = error.more.get("alarm")
    where = "/alarms" if alarm is None else f"/alarms/{quote(str(alarm), safe='')}"
    page = _page(wired, "link_problem.html", error=error, where=where)
    page.status_code = error.status
    return page


def _page(wired: Wiring, template: str, **context: Any) -> HTMLResponse:
    return HTMLResponse(environment().get_template(template).render(title=wired.title, **context))
