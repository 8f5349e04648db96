"""Binding a lot to another profile version over HTTP, and through the client that the command line uses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from monitor.ports import JSON
from monitor.ports.commands import BindProfile
from monitor.web.application import create_application
from monitor.web.client import ApiCommands, WriterUnreachableError, write_token_file
from monitor.web.server import WebServer
from monitor.web.wiring import Wiring
from tests.fakes.commands import FakeCommands
from tests.fakes.lab import FakeLab

TOKEN = "correct horse"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
PATH = "/api/v1/lots/EXO-2026-014/binding"
BODY: JSON = {"profile": "ult-80@4", "reason": "study S-12", "by": "QA, R. Lindqvist"}


class Rig:
    """The application over fakes."""

    def __init__(self) -> None:
        view = FakeLab()
        self.commands = FakeCommands(view)
        self.app = create_application(Wiring(view, self.commands, token=TOKEN))
        self.client = TestClient(self.app, raise_server_exceptions=False)


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def commands(rig: Rig, tmp_path: Path) -> Iterator[ApiCommands]:
    """The client of a server that runs."""
    server = WebServer(rig.app, "127.0.0.1", 0)
    server.start()
    write_token_file(tmp_path / "token", server.url, TOKEN)
    yield ApiCommands(tmp_path / "token")
    server.stop()


def test_a_binding_is_handed_over_with_who_and_why(rig: Rig) -> None:
    answer = rig.client.post(PATH, json=BODY, headers=AUTHORIZED)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded")
    assert rig.commands.carried_out == [BindProfile(lot="EXO-2026-014", **BODY)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({**BODY, "reason": ""}, 422, "binding_refused"),
        ({"profile": "ult-80@4", "reason": "x"}, 422, "bad_binding"),
        ({**BODY, "profile": 4}, 422, "bad_binding"),
        ([BODY], 422, "bad_binding"),
        ("not json", 422, "bad_binding"),
        (b" " * 300_000, 413, "too_large"),
    ],
)
def test_a_binding_that_is_none_is_refused_with_a_code(
    rig: Rig, body: object, status: int, code: str
) -> None:
    content = body if isinstance(body, bytes) else b"{" if body == "not json" else json.dumps(body).encode()
    answer = rig.client.post(PATH, content=content, headers=AUTHORIZED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["remedy"]
    assert rig.commands.carried_out == []


def test_an_unknown_lot_is_404_and_a_request_without_the_token_401(rig: Rig) -> None:
    gone = rig.client.post("/api/v1/lots/EXO-9/binding", json=BODY, headers=AUTHORIZED)
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "unknown_lot")
    assert rig.client.post(PATH, json=BODY).status_code == 401
    assert rig.commands.carried_out == []


def test_the_client_binds_through_the_running_program_and_says_its_refusals(
    rig: Rig, commands: ApiCommands
) -> None:
    found = commands.carry_out(
        BindProfile(lot="EXO-2026-014", profile="ult-80@4", reason="study S-12", by="QA")
    )
    assert found == {"event_id": "b1", "outcome": "recorded"}
    assert rig.commands.carried_out == [BindProfile(lot="EXO-2026-014", **{**BODY, "by": "QA"})]
    with pytest.raises(LookupError, match=r"There is no lot 'EXO-9'\."):
        commands.carry_out(BindProfile(lot="EXO-9", profile="ult-80@4", reason="x", by="QA"))
    with pytest.raises(ValueError, match="needs 'reason'"):
        commands.carry_out(BindProfile(lot="EXO-2026-014", profile="ult-80@4", reason="", by="QA"))


def test_the_client_says_where_to_look_when_the_program_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(WriterUnreachableError, match="token"):
        ApiCommands(tmp_path / "token").carry_out(BindProfile(lot="L1", profile="ult@2", reason="x", by="QA"))
