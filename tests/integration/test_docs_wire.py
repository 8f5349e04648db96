"""The session at the end of docs/wire.md, typed into a shell, goes through a real broker and is taken whole."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from monitor.ingest.decode import Decoder
from monitor.ports import Decoded, Message
from tests.conftest import need
from tests.house import ROOT
from tests.integration.mosquitto import Mosquitto, wait_until

PAGE = ROOT / "docs" / "wire.md"


def typed() -> tuple[str, str]:
    """The session, and the gateway with a Last Will."""
    text = PAGE.read_text(encoding="utf-8").partition("## A session to try")[2]
    session, gateway = re.findall(r"^```sh\n(.*?)\n```$", text, re.M | re.S)
    return session, gateway


def decoded(heard: list[tuple[str, bytes]]) -> Decoded:
    decoder = Decoder("exosome/v1", {"lab1/F01/product": 1}, {"lab1/F01"}, {"lab1"}, {"ult-80"})
    return decoder([Message(topic, payload, 0, False, None) for topic, payload in heard])


def listening(port: int, heard: list[tuple[str, bytes]]) -> Client:
    """A client that hears what comes in below the root, once it has subscribed."""
    subscribed: list[bool] = []
    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _userdata, message: heard.append((message.topic, message.payload))
    client.on_subscribe = lambda *_: subscribed.append(True)
    client.connect("127.0.0.1", port)
    client.subscribe("exosome/v1/#", qos=1)
    client.loop_start()
    wait_until(lambda: bool(subscribed), "the subscription")
    return client


def test_the_session_goes_through_a_broker_and_is_taken_whole(tmp_path: Path) -> None:
    need("mosquitto_pub")
    session, gateway = typed()
    broker = Mosquitto(tmp_path)
    broker.start()
    heard: list[tuple[str, bytes]] = []
    client = listening(broker.port, heard)
    try:
        lines = re.sub(r"^(mosquitto_pub) ", rf"\1 -p {broker.port} ", session, flags=re.M)
        subprocess.run(["bash", "-ec", lines], check=True, timeout=60)
        wait_until(lambda: len(heard) == session.count("mosquitto_pub"), "the session")
        killed = subprocess.Popen([*gateway.split(), "-p", str(broker.port)])
        # Not before it is connected: until then the broker knows of no will.
        wait_until(lambda: "nothing/to/hear" in broker.log(), "the gateway to connect")
        killed.kill()
        killed.wait()
        wait_until(lambda: heard[-1][1] == b"offline", "the Last Will")
    finally:
        client.loop_stop()
        broker.stop()
    found = decoded(heard)
    assert (len(found.readings), len(found.statuses)) == (1, 2)
    assert (len(found.unit_events), len(found.lot_events)) == (2, 1)
    assert found.rejected == []
