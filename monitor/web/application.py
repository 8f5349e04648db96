"""The web application, put together."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import monitor
from monitor.web import assets
from monitor.web.api import alarms as alarms_api
from monitor.web.api import api, intake
from monitor.web.errors import install_handlers
from monitor.web.pages import alarm_health, alarms, forms, links, pages
from monitor.web.wiring import Wiring

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


def create_application(wiring: Wiring) -> FastAPI:
    """The API and the pages over one view. What changes alarms without the token is taken only where a request calls
    the server by a name of its own: what it listens on, how browsers name it, or as :mod:`monitor.web.hosts` says."""
    app = FastAPI(
        title=wiring.title,
        version=monitor.__version__,
        description="Figures are as of now, unless as_of says otherwise. Instants are RFC 3339.",
        docs_url=None,  # FastAPI's own pages load scripts from another host
        redoc_url=None,
    )
    app.state.wiring = wiring
    install_handlers(app)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(GuardHeaders)
    for router in (api.service, api.api, alarms_api.alarms_api):
        app.include_router(router)
    for part in (intake, assets, links, forms, pages, alarms, alarm_health):
        app.include_router(part.router)
    return app
