"""The pages over the fake lab, with lots and units that a test changes."""

from __future__ import annotations

import re

import httpx
from fastapi.testclient import TestClient

from monitor.core.time.instant import format_instant
from monitor.ports import JSON
from monitor.web.application import create_application
from monitor.web.wiring import Wiring
from tests.fakes.commands import FakeCommands
from tests.fakes.lab import FakeLab
from tests.fakes.view import NOW


class Lab(FakeLab):
    """The fake lab, with lots and units that a test changes."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: dict[str, JSON] = {}

    def there_are_lots(self, at: int) -> list[JSON]:
        return [self.changed.get(lot["lot"], lot) for lot in super().there_are_lots(at)]

    def unit(self, unit: str) -> JSON | None:
        return self.changed.get(unit) or super().unit(unit)


class Rig:
    """The pages over a lab that can be changed."""

    def __init__(self) -> None:
        self.view = Lab()
        app = create_application(Wiring(self.view, FakeCommands(self.view), title="Test lab"))
        self.client = TestClient(app, "http://127.0.0.1:8080")

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.client.get(path, params=query or None)

    def page(self, path: str, **query: str) -> str:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.text


def lot(name: str = "EXO-2026-014", **changes: object) -> JSON:
    """A lot of the fake lab, changed."""
    found = FakeLab().lot(name)
    assert found is not None
    return {**found, **changes}


def text(markup: str) -> str:
    """What a reader sees of markup."""
    return re.sub(r"<[^>]*>", "", str(markup)).replace("\N{NO-BREAK SPACE}", " ")


def before(ms: int) -> str:
    """The instant so many ms before the lab's present one."""
    return format_instant(NOW - ms)
