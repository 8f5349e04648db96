"""Debian's Chromium, driven by Playwright, and an application over the fake lab for it to look at.

The browser lives for one module only: Playwright keeps an event loop running in the thread that started it,
which other tests must not find there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from monitor.web.application import create_application
from monitor.web.events import EventHub
from monitor.web.server import WebServer
from monitor.web.wiring import Wiring
from monitor.words.case import Context
from monitor.words.voice import Voice
from tests.conftest import need
from tests.fakes.commands import FakeCommands
from tests.fakes.lab import FakeLab

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Lab:
    """The fake lab, served."""

    def __init__(self, port: int = 0) -> None:
        self.view = FakeLab()
        self.events = EventHub()
        zones = {site["site"]: ZoneInfo(site["timezone"]) for site in self.view.sites()}
        wiring = Wiring(
            self.view,
            FakeCommands(self.view),
            title="Test lab",
            banner=("Demo: simulated lab",),
            events=self.events,
            voice=Voice(Context(zones, now=self.view.now)),
        )
        self.server = WebServer(create_application(wiring), "127.0.0.1", port)
        self.server.start()

    @property
    def url(self) -> str:
        return self.server.url


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.server.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=need("chromium"),
            args=ARGUMENTS,
            downloads_path=Path(tmp_path_factory.mktemp("downloads")),
        )
        yield made
        made.close()


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """A page in a context of its own; a test fails if it logged an error or asked another host for
    anything."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, timezone_id="Asia/Tokyo")
    made = context.new_page()
    wrong: list[str] = []
    made.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: wrong.append(str(error)))
    own = (lab.url, "data:")
    made.on("request", lambda asked: None if asked.url.startswith(own) else wrong.append(asked.url))
    yield made
    context.close()
    assert [each for each in wrong if "ERR_CONNECTION_REFUSED" not in each] == []
