"""Readings over HTTP, into a real store: what a gateway is answered, and what the import command sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from monitor.core.time.instant import MINUTE, format_instant
from monitor.ingest.decode import Decoder
from monitor.ports import Message
from monitor.ports.commands import Ingest
from monitor.program.commands import OwnCommands
from monitor.testing import Rig, one_unit
from monitor.web import client as web_client
from monitor.web.application import create_application
from monitor.web.client import ApiCommands, WriterUnreachableError, write_token_file
from monitor.web.server import WebServer
from monitor.web.wiring import Wiring
from monitor.wire.recording import Origin
from tests.rigs.lab import T0, WARM, subjects

AUTHORIZED = {"Authorization": "Bearer sesame"}
ROOT = "lab/own/root"
READING = {
    "site": "lab1",
    "unit": "F01",
    "probe": "product",
    "measured_at": format_instant(T0),
    "celsius": -80.5,
}


class Server:
    """The API before a writer on a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.rig = Rig(folder / "store.db", now=T0, installation=one_unit(units=("F01", "F02")))
        decoder = Decoder(ROOT, self.rig.ids, {"lab1/F01"}, {"lab1"}, {"ult"})
        commands = OwnCommands(self.rig.writer, decoder, self.rig.view)
        self.app = create_application(Wiring(self.rig.view, commands, token="sesame", root=ROOT))
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def post(self, body: Any, path: str = "readings", code: int = 200) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body)
        answer = self.client.post(f"/api/v1/ingest/{path}", content=content, headers=AUTHORIZED)
        assert answer.status_code == code, answer.text
        return answer.json()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path)
    yield found
    found.rig.close()


def test_a_gateways_readings_are_durable_when_it_is_answered_and_doubles_are_known(server: Server) -> None:
    assert server.post(READING) == {"readings": 1, "duplicates": 0, "rejected": {"counts": {}, "first": []}}
    other = {**READING, "unit": "F02", "seq": 4, "battery_percent": 80}
    found = server.post([READING, other, {**READING, "measured_at": T0 + 1}])
    assert (found["readings"], found["duplicates"]) == (2, 1)
    with server.rig.store.reading() as tx:
        assert [
            (r.channel, r.measured_at, r.celsius, r.seq) for r in server.rig.store.log.after(tx, 0, None)
        ] == [
            (1, T0, -80.5, None),
            (1, T0 + 1, -80.5, None),
            (2, T0, -80.5, 4),
        ]


def test_a_gateways_readings_are_signs_of_life_and_wake_people(server: Server) -> None:
    server.rig.writer.tick(T0, T0)
    for number, celsius in enumerate(WARM[:16]):
        server.rig.clock.at = T0 + number * MINUTE
        server.post({**READING, "measured_at": T0 + number * MINUTE, "celsius": celsius})
    for number in (16, 17):
        server.rig.clock.at = T0 + number * MINUTE
        server.rig.writer.tick(T0 + number * MINUTE, T0)
    assert subjects(server.rig) == [
        "opened temperature_high lab1/F01/product",
        "opened no_data lab1/F02/product",
    ]


def test_a_bad_reading_is_rejected_by_itself_and_kept(server: Server) -> None:
    bad: list[Any] = [
        {**READING, "celsius": "-80"},
        {**READING, "measured_at": "2026-11-20T08:00:00"},
        {**READING, "unit": "F09"},
        {**READING, "site": "lab1/F01"},
        {"measured_at": T0, "celsius": -80},
        7,
    ]
    found = server.post([bad[0], READING, *bad[1:]])
    assert found["readings"] == 1
    assert found["rejected"]["counts"] == {
        "wrong_type": 1,
        "bad_time": 1,
        "unknown_channel": 1,
        "bad_name": 3,
    }
    assert sorted(row["detail"].split(": ")[0] for row in found["rejected"]["first"]) == [
        f"request:{n}" for n in (0, 2, 3, 4, 5, 6)
    ]
    assert server.rig.view.rejected()["counts"] == found["rejected"]["counts"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"[1,", b"nonsense", b"\xff", json.dumps([READING] * 1001).encode()]
)
def test_a_body_that_holds_no_readings_is_refused_whole(server: Server, body: bytes) -> None:
    assert server.post(body, code=422)["error"]["code"] == "not_json"
    assert server.rig.view.rejected()["counts"] == {}


def test_what_is_too_large_or_without_the_token_is_not_taken(server: Server) -> None:
    assert server.post(b" " * (256 * 1024 + 1), code=413)["error"]["code"] == "too_large"
    for path in ("readings", "messages"):
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            answer = server.client.post(
                f"/api/v1/ingest/{path}", content=json.dumps(READING), headers=headers
            )
            assert answer.status_code == 401
    assert server.post(b"{]", "messages", code=422)["error"]["code"] == "not_a_part"


def test_a_store_that_can_not_commit_is_said_so_and_the_gateway_may_try_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(server.rig.store, "writing", lambda: 1 / 0)
        assert server.post(READING, code=503)["error"]["code"] == "not_committed"
    assert server.post(READING)["readings"] == 1


def test_the_import_command_reaches_a_running_program(server: Server, tmp_path: Path) -> None:
    web = WebServer(server.app, "127.0.0.1", 0)
    web.start()
    try:
        token = tmp_path / "token"
        write_token_file(token, web.url, "sesame")
        commands = ApiCommands(token)
        payload = json.dumps(
            [{"measured_at": T0 - 5, "celsius": -80}, {"measured_at": "?", "celsius": 1}]
        ).encode()
        topic = f"{ROOT}/lab1/F01/product/reading"
        message = Message(topic, payload, T0, True, Origin("past.csv", (2, 3)))
        refused = Message("", b"\xff", T0, True, Origin("past.csv", (4,), ("bad_row", "no good")))
        found = commands.carry_out(Ingest(messages=[message, refused], marks={"import:x": "2"}))
        assert found["readings"] == 1
        assert [row["detail"].split(": ")[0] for row in found["rejected"]["first"]] == [
            "past.csv:3",
            "past.csv:4",
        ]
        with server.rig.store.reading() as tx:
            assert server.rig.store.due.marker(tx, "import:x") == "2"
        assert commands.carry_out(Ingest(last=True))["ended"] is True
        with pytest.raises(ValueError, match="ingest/readings"):
            commands.carry_out(Ingest(messages=[message], live=True))
        write_token_file(token, web.url, "wrong")
        with pytest.raises(WriterUnreachableError, match="token"):
            commands.carry_out(Ingest(messages=[message]))
    finally:
        web.stop()
    with pytest.raises(web_client.WriterUnreachableError, match="can't be reached"):
        commands.carry_out(Ingest(messages=[message]))
