"""The web application, put together."""

from __future__ import annotations

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import monitor
from monitor.core.time.instant import HOUR
from monitor.ports import Commands, View
from monitor.web import assets
from monitor.web.api import alarms as alarms_api
from monitor.web.api import api, intake
from monitor.web.errors import install_handlers
from monitor.web.events import EventHub
from monitor.web.pages import alarm_health, alarms, forms, links, pages
from monitor.web.wiring import Wiring
from monitor.wire.format import DEFAULT_ROOT
from monitor.words.voice import Voice

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_LINK_HEADERS = {
    **_HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of links in messages: their address acknowledges, so nobody must learn it from them."""


class GuardHeaders:
    """Puts the headers on every answer that keep a browser from running or sending anything elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_LINK_HEADERS if scope["path"].startswith("/a/") else _HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, guarded)


def create_application(
    view: View,
    commands: Commands,
    *,
    title: str,
    token: str | None,
    banner: tuple[str, ...],
    events: EventHub,
    metrics: CollectorRegistry,
    root: str = DEFAULT_ROOT,
    voice: Voice | None = None,
    page_actions: bool = True,
    host: str = "127.0.0.1",
    external_url: str = "",
    link_key: bytes | None = None,
    shelve_max: int = 12 * HOUR,
) -> FastAPI:
    """The API and the pages over one view. ``banner`` are lines shown on every page ("Demo: simulated lab").

    Changes through the API need ``Authorization: Bearer <token>``; with ``token`` None there are none. With
    ``page_actions`` the pages' forms change alarms, without a sign-in; with a ``link_key`` links in messages
    acknowledge. Both only where a request calls the server by a name of its own: ``host``, which it listens on,
    ``external_url``, how browsers name it, or as :mod:`monitor.web.hosts` says.
    ``voice`` says alarms as their messages do. Forms shelve for ``shelve_max`` ms at most.
    """
    app = FastAPI(
        title=title,
        version=monitor.__version__,
        description="Figures are as of now, unless as_of says otherwise. Instants are RFC 3339.",
        docs_url=None,  # FastAPI's own pages load scripts from another host
        redoc_url=None,
    )
    app.state.wiring = Wiring(
        view=view,
        commands=commands,
        events=events,
        metrics=metrics,
        token=token,
        title=title,
        banner=banner,
        root=root,
        voice=voice or Voice(),
        page_actions=page_actions,
        host=host,
        external_url=external_url,
        link_key=link_key,
        shelve_max=shelve_max,
    )
    install_handlers(app)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(GuardHeaders)
    for router in (api.service, api.api, alarms_api.alarms_api):
        app.include_router(router)
    for part in (intake, assets, links, forms, pages, alarms, alarm_health):
        app.include_router(part.router)
    return app
