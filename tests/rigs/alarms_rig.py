"""The web application over a real writer with one real alarm: a freezer that got too warm, by its readings.

Not a test itself; several test files of alarms over HTTP use it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import httpx
from fastapi.testclient import TestClient

from monitor.core.profile.profile import Profile
from monitor.core.telling.policy import Policy
from monitor.core.time.instant import HOUR, MINUTE
from monitor.ingest.decode import Decoder
from monitor.ports import JSON
from monitor.program.commands import OwnCommands
from monitor.testing import Rig, one_unit
from monitor.web.application import create_application
from monitor.web.wiring import Wiring
from tests.rigs.lab import T0, WARM, live, minutes

TOKEN = "correct horse"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
LINK_KEY = b"a key of more than sixteen bytes"


class AlarmsRig(Rig):
    """``warm``: F01 is too warm since T0, and its alarm is open and told. The clock stands until it is moved."""

    def __init__(
        self,
        folder: Path,
        *,
        page_actions: bool = True,
        host: str = "127.0.0.1",
        external_url: str = "",
        shelve_max: int = 12 * HOUR,
        profiles: Iterable[Profile] = (),
        policy: Policy | None = None,
    ) -> None:
        units = ("F01", "F02")
        installation = one_unit(units=units)
        super().__init__(
            folder / "store.db", installation=installation, profiles=profiles, policy=policy, now=T0
        )
        live(self, minutes(WARM[:15]))
        known = {f"lab1/{name}" for name in units}
        decoder = Decoder("exosome/v1", self.ids, known, {"lab1"}, {"ult"})
        self.commands = OwnCommands(self.writer, decoder, self.view)
        wiring = Wiring(
            self.view,
            self.commands,
            title="Test lab",
            token=TOKEN,
            page_actions=page_actions,
            host=host,
            external_url=external_url,
            link_key=LINK_KEY,
            shelve_max=shelve_max,
        )
        self.app = create_application(wiring)
        self.client = TestClient(
            self.app, "http://127.0.0.1:8080", raise_server_exceptions=False, follow_redirects=False
        )
        self.csrf = self.app.state.wiring.csrf_token
        self.id = str(self.view.alarms()[0]["id"])

    def cool(self) -> None:
        """Readings until the excursion has closed, and with it the alarm."""
        live(self, minutes(WARM)[15:])
        self.clock.advance(HOUR)
        self.writer.tick(self.clock.now(), None)

    def alarm(self) -> JSON:
        """The alarm as the view says it."""
        return cast(JSON, self.view.alarm(self.id))

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """To the API, with the token."""
        return self.client.post(f"/api/v1{path}", json=body, headers={**AUTHORIZED, **headers})

    def act(self, what: str, body: Any) -> httpx.Response:
        """Something done about the alarm, through the API."""
        return self.post(f"/alarms/{self.id}/{what}", body)

    def form(self, what: str, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
        """A form of the alarm's page, as a browser sends it."""
        given = {"origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin", "accept": "text/html"}
        sent = {"csrf": self.csrf, **fields}
        return self.client.post(f"/alarms/{self.id}/{what}", data=sent, headers={**given, **(headers or {})})


__all__ = ["AUTHORIZED", "LINK_KEY", "MINUTE", "TOKEN", "AlarmsRig"]
