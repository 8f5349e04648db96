"""Templates filled: a page or its fragment, and what an alarm's place is called there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from monitor.core.answer.shape import AnyAnswer
from monitor.core.answer.unit import UnitAnswer
from monitor.core.fact import tightest_budget
from monitor.core.time.instant import format_instant
from monitor.ports import JSON
from monitor.web import assets
from monitor.web.pages import markup
from monitor.web.pages.zones import Zones
from monitor.web.wiring import Wiring
from monitor.words import alarm as alarm_words
from monitor.words import lot as lot_words
from monitor.words import reason
from monitor.words.figures import interval, typeset


class AlarmPlace(NamedTuple):
    """What an alarm is about: its name, what people call it, and its page if it has one."""

    name: str
    title: str
    href: str | None


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The templates. An undefined name is an error: a figure that is missing must be asked for as such."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(address=assets.address, interval=interval, tightest=tightest_budget)
    templates.globals.update(w=markup, lw=lot_words, aw=alarm_words, rw=reason)
    templates.filters["typeset"] = typeset
    return templates


def render(request: Request, template: str, **context: Any) -> HTMLResponse:
    """A template as an answer; every one knows the installation's title and banner."""
    wired: Wiring = request.app.state.wiring
    text = (
        environment()
        .get_template(template)
        .render(title=wired.title, banner=wired.banner, path=request.url.path, **context)
    )
    return HTMLResponse(text)


def live(request: Request, wired: Wiring, body: str, context: JSON, **page: Any) -> HTMLResponse:
    """A page, or only its fragment if that is what was asked for: both come from the same template."""
    zones = Zones(wired.view)
    common = {
        "when": zones.when,
        "zones": zones,
        "clocks": zones.clocks(),
        "now": format_instant(zones.now),
        "unwatched": wired.view.unwatched(),
        "body": body,
        **context,
    }
    if request.url.path.startswith("/fragments/"):
        return render(request, body, **common)
    query = f"?{request.url.query}" if request.url.query else ""
    fragment = f"/fragments{request.url.path.rstrip('/') or '/wall'}{query}"
    return render(request, "page.html", fragment=fragment, **common, **page)


def places(units: Sequence[UnitAnswer]) -> Callable[[AnyAnswer], AlarmPlace]:
    titles = {unit["unit"]: unit["title"] for unit in units}

    def place_of(alarm: AnyAnswer) -> AlarmPlace:
        subject = str(alarm["subject"])
        unit = "/".join(subject.split("/")[:2])
        if unit in titles:
            return AlarmPlace(subject, titles[unit], f"/units/{unit}")
        if str(alarm.get("condition", "")).startswith("lot_"):
            return AlarmPlace(subject, f"Lot {subject}", f"/lots/{subject}")
        return AlarmPlace(subject, subject, None)

    return place_of
