"""What every route can reach: the ports, and what the installation calls itself."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from monitor.core.time.instant import HOUR
from monitor.ports import Commands, View
from monitor.web.events import EventHub
from monitor.wire.format import DEFAULT_ROOT
from monitor.words.voice import Voice


@dataclass(frozen=True, slots=True)
class Wiring:
    """``title`` and ``banner`` ("Demo: simulated lab") stand on every page. Changes through the API need
    ``Authorization: Bearer <token>``; with ``token`` None there are none. ``root`` is that of topics. ``voice`` says
    alarms as messages do.

    With ``page_actions`` people change alarms on the pages; their forms carry ``csrf_token`` in the field ``csrf``, by
    which this process knows that it made them. ``host`` is what the server listens on, ``external_url`` how browsers
    elsewhere name it: see :mod:`monitor.web.hosts`. ``link_key`` is what links in messages are signed with; None:
    there are none. ``shelve_max`` is for how long (ms) an alarm can be shelved.
    """

    view: View
    commands: Commands
    title: str = "exosome-monitor"
    token: str | None = field(default=None, repr=False)
    banner: tuple[str, ...] = ()
    events: EventHub = field(default_factory=EventHub)
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    root: str = DEFAULT_ROOT
    voice: Voice = field(default_factory=Voice)
    page_actions: bool = True
    host: str = "127.0.0.1"
    external_url: str = ""
    link_key: bytes | None = field(default=None, repr=False)
    shelve_max: int = 12 * HOUR
    csrf_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)


async def wiring_of(request: Request) -> Wiring:
    """The wiring of the application that answers."""
    found: Wiring = request.app.state.wiring
    return found


Wired = Annotated[Wiring, Depends(wiring_of)]
