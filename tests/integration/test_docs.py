"""Examples of the documents, tried: the one that checks a webhook's signature, and the session of docs/wire.md."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from monitor.ingest.decode import Decoder
from monitor.ports import Decoded, Message, Notification
from monitor.program.clock import SystemClock
from monitor.telling.media.webhook import SIGNATURE, WebhookMedium
from tests.conftest import need
from tests.rigs.server.mosquitto import Mosquitto, wait_until
from tests.rigs.server.tellees import Hook, web_server

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
PAGE = OPERATING.with_name("wire.md")
KEY = "a key that only the two of us know"


class Past:
    """Ten minutes ago."""

    def now(self) -> int:
        return SystemClock().now() - 600_000


def test_the_example_takes_what_we_send_and_nothing_else() -> None:
    [example] = re.findall(r"```python\n(import hashlib.*?)```", OPERATING.read_text("utf-8"), re.DOTALL)
    found: dict[str, Any] = {}
    exec(example, found)
    with web_server(Hook()) as hook:
        note = Notification("n1", "lims", "webhook", f"webhook:{hook.url}/", "F02 −48 °C", "F02 −48 °C")
        for clock in (SystemClock(), Past()):
            WebhookMedium(clock, {"lims": KEY}.get).deliver(note)
    fresh, old = hook.posted
    assert found["is_genuine"](fresh.body, fresh.headers[SIGNATURE], KEY)
    assert not found["is_genuine"](fresh.body + b" ", fresh.headers[SIGNATURE], KEY)
    assert not found["is_genuine"](fresh.body, fresh.headers[SIGNATURE], KEY + "x")
    assert not found["is_genuine"](old.body, old.headers[SIGNATURE], KEY)
    later = fresh.headers[SIGNATURE].replace("t=1", "t=2", 1)
    assert not found["is_genuine"](fresh.body, later, KEY)


# --- docs/wire.md ---


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
    batch = decoded(heard)
    assert (len(batch.readings), len(batch.statuses)) == (1, 2)
    assert (len(batch.unit_events), len(batch.lot_events)) == (2, 1)
    assert batch.rejected == []
