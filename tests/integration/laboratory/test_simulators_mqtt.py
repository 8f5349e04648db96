"""The simulators against a real mosquitto on a loopback port of its own."""

from __future__ import annotations

import getpass
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from monitor.wire.v1 import ReadingTopic, decode_readings, parse_topic
from simulators.clock import MINUTE, SimulatedClock
from simulators.course import messages_of
from simulators.fleet import Fleet
from simulators.publish import Broker, run
from tests.conftest import need
from tests.rigs.simulated import START, lab

PASSWORD = "for this test alone"
PATIENCE = 30.0
"""Real seconds after which a wait has failed."""


class Mosquitto:
    """A broker that can be started again on its port; it keeps sessions and their queues."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self._program = need("mosquitto")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._settings = folder / "mosquitto.conf"
        lines = (
            *(settings or ("allow_anonymous true",)),
            f"listener {self.port} 127.0.0.1",
            "max_queued_messages 100000",
            f"user {getpass.getuser()}",  # as root it would become somebody who can't write to the folder
            "persistence true",
            f"persistence_location {folder}/",
        )
        self._settings.write_text("\n".join(lines))
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [self._program, "-c", str(self._settings)]
        self._running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._listens, "mosquitto to listen")

    def stop(self) -> None:
        if self._running is not None:
            self._running.terminate()
            self._running.wait(PATIENCE)
            self._running = None

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    @property
    def broker(self) -> Broker:
        return Broker(host="127.0.0.1", port=self.port)


class Listener:
    """Everything below ``exosome/v1`` by topic, in the order in which it came, across the broker's absences.

    ``stamped`` has the same with the instant ``at()`` at which each came. The session outlives the
    connection: what is published while the broker is back and this listener isn't yet comes later.
    """

    def __init__(self, port: int, at: Callable[[], int] = lambda: 0, username: str | None = None) -> None:
        self.heard: dict[str, list[bytes]] = defaultdict(list)
        self.retained: dict[str, bytes] = {}
        self.stamped: list[tuple[int, str, bytes]] = []
        self._at = at
        self._subscribed = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=f"listener-{id(self)}", clean_session=False
        )
        self._client.username_pw_set(username, username and PASSWORD)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda *_: self._client.subscribe("exosome/v1/#", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE)

    def _on_message(self, _client: Any, _userdata: Any, message: MQTTMessage) -> None:
        if message.retain:
            self.retained[message.topic] = message.payload
            return
        self.stamped.append((self._at(), message.topic, message.payload))
        self.heard[message.topic].append(message.payload)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}"
        time.sleep(0.02)


def said(fleet: Fleet, until: int) -> dict[str, list[bytes]]:
    """What the fleet has to say by topic, in order."""
    found: dict[str, list[bytes]] = defaultdict(list)
    for message in messages_of(fleet, until):
        found[message.topic].append(message.payload)
    return found


def statuses(fleet: Fleet) -> set[str]:
    return {f"exosome/v1/{channel}/status" for channel in fleet.channels()}


@contextmanager
def running(
    fleet: Fleet, clock: SimulatedClock, broker: Broker, until: int | None = None, drain: float = 5.0
) -> Iterator[threading.Thread]:
    """``run`` in a thread; told to stop at the end, and to have ended by then."""
    stop = threading.Event()
    options = {"until": until, "drain_seconds": drain}
    thread = threading.Thread(target=run, args=(fleet, clock, broker, stop), kwargs=options)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def online(listener: Listener, topic: str) -> list[bytes]:
    """How often a channel has said ``online``."""
    return [payload for payload in listener.heard[topic] if payload == b"online"]


def expect_all(listener: Listener, expected: dict[str, list[bytes]]) -> None:
    """Waits until everything has been heard, and nothing else. QoS 1 may say it twice."""
    wait_until(lambda: all(set(p) <= set(listener.heard[t]) for t, p in expected.items()), "all messages")
    for topic, payloads in expected.items():
        assert set(listener.heard[topic]) - {b"offline"} == set(payloads)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    server = Mosquitto(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def listen(mosquitto: Mosquitto) -> Iterator[Callable[..., Listener]]:
    opened: list[Listener] = []

    def one(at: Callable[[], int] = lambda: 0) -> Listener:
        opened.append(Listener(mosquitto.port, at))
        return opened[-1]

    yield one
    for listener in opened:
        listener.close()


def test_what_a_fleet_says_is_what_the_broker_hears_byte_for_byte_and_in_order(
    mosquitto: Mosquitto, listen: Callable[..., Listener]
) -> None:
    mosquitto.start()
    listener = listen()
    fleet = lab(seed=3, history="2h")
    until = START + 60 * MINUTE
    published = run(
        fleet,
        SimulatedClock(START, 100_000.0, time.monotonic),
        mosquitto.broker,
        threading.Event(),
        until=until,
    )
    expected = said(fleet, until)
    assert published == sum(map(len, expected.values()))
    for topic in statuses(fleet):
        expected[topic].append(b"offline")
    wait_until(lambda: sum(map(len, listener.heard.values())) >= published + 11, "all messages")
    assert listener.heard == expected


def test_nothing_is_heard_before_it_was_measured_on_the_shared_clock(
    mosquitto: Mosquitto, listen: Callable[..., Listener]
) -> None:
    mosquitto.start()
    clock = SimulatedClock(START, 600.0, time.monotonic)
    listener = listen(clock.now)
    began = time.monotonic()
    run(lab(history="0s"), clock, mosquitto.broker, threading.Event(), until=START + 20 * MINUTE)
    assert time.monotonic() - began >= 1.9  # 20 minutes at 600 times real time are two seconds
    wait_until(lambda: b"offline" in listener.heard["exosome/v1/lab1/C01/product/status"], "the end")
    count = 0
    for heard_at, topic, payload in list(listener.stamped):
        if isinstance(parse_topic(topic), ReadingTopic):
            (reading,), _ = decode_readings(payload, heard_at)
            assert reading.measured_at <= heard_at
            count += 1
    assert count > 11 * 15


def test_online_is_retained_while_it_runs_and_offline_once_it_is_told_to_stop(
    mosquitto: Mosquitto, listen: Callable[..., Listener]
) -> None:
    mosquitto.start()
    fleet = lab(history="0s")
    early = listen()
    with running(fleet, SimulatedClock(START, 60.0, time.monotonic), mosquitto.broker):
        wait_until(lambda: all(early.heard[topic] == [b"online"] for topic in statuses(fleet)), "online")
        late = listen()
        wait_until(lambda: late.retained == dict.fromkeys(statuses(fleet), b"online"), "the retained online")
    after = listen()
    wait_until(lambda: after.retained == dict.fromkeys(statuses(fleet), b"offline"), "the retained offline")


def test_the_last_will_of_every_channel_speaks_when_the_simulators_are_killed(
    mosquitto: Mosquitto, listen: Callable[..., Listener]
) -> None:
    mosquitto.start()
    script = (
        "import threading, time; from simulators.clock import SimulatedClock;"
        "from tests.rigs.simulated import lab;"
        "from simulators.publish import Broker, run;"
        f"run(lab(history='0s'), SimulatedClock({START}, 60.0, time.monotonic),"
        f"    Broker(host='127.0.0.1', port={mosquitto.port}), threading.Event())"
    )
    listener = listen()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    simulators = subprocess.Popen([sys.executable, "-c", script], env=environment)
    try:
        topics = statuses(lab(history="0s"))
        wait_until(lambda: all(listener.heard[topic] == [b"online"] for topic in topics), "online")
    finally:
        os.kill(simulators.pid, signal.SIGKILL)
        simulators.wait()
    wait_until(
        lambda: all(listener.heard[topic] == [b"online", b"offline"] for topic in topics), "the last wills"
    )


def test_a_broker_that_comes_late_hears_everything(
    mosquitto: Mosquitto, listen: Callable[..., Listener]
) -> None:
    mosquitto.start()
    listener = listen()
    mosquitto.stop()
    fleet = lab(history="1h")
    until = START + 30 * MINUTE
    clock = SimulatedClock(START, 2_000.0, time.monotonic)
    with running(fleet, clock, mosquitto.broker, until) as it:
        wait_until(lambda: clock.now() > until + 5 * MINUTE, "the fleet to be ahead of the broker")
        mosquitto.start()
        it.join(PATIENCE)
    expect_all(listener, said(fleet, until))


def test_a_broker_that_goes_and_returns_misses_nothing_and_hears_online_again(
    mosquitto: Mosquitto, listen: Callable[..., Listener]
) -> None:
    mosquitto.start()
    listener = listen()
    fleet = lab(history="0s")
    until = START + 60 * MINUTE
    clock = SimulatedClock(START, 600.0, time.monotonic)
    with running(fleet, clock, mosquitto.broker, until) as it:
        wait_until(lambda: clock.now() > START + 15 * MINUTE, "the first quarter")
        mosquitto.stop()
        wait_until(lambda: clock.now() > START + 25 * MINUTE, "some time without a broker")
        mosquitto.start()
        again = [b"online", b"online"]
        wait_until(lambda: all(online(listener, topic) >= again for topic in statuses(fleet)), "online again")
        it.join(PATIENCE)
    expect_all(listener, said(fleet, until))


def test_a_full_queue_makes_the_fleet_wait_and_loses_nothing(
    mosquitto: Mosquitto, listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.publish.WAITING_MAX", 5)
    mosquitto.start()
    listener = listen()
    mosquitto.stop()
    fleet = lab(history="0s")
    until = START + 40 * MINUTE
    with running(fleet, SimulatedClock(START, 1e6, time.monotonic), mosquitto.broker, until, drain=0.1) as it:
        it.join(1.0)
        assert it.is_alive()  # five messages each, and no broker to take them
        mosquitto.start()
        it.join(PATIENCE)
    expect_all(listener, said(fleet, until))


@pytest.mark.parametrize("seconds", [0.5, 1.2, 3.1])
def test_told_to_stop_it_ends_soon_at_whatever_point_of_its_tries_no_broker_was_there(
    mosquitto: Mosquitto, seconds: float
) -> None:
    fleet, clock = lab(history="0s"), SimulatedClock(START, 60.0, time.monotonic)
    with running(fleet, clock, mosquitto.broker) as it:
        it.join(seconds)
        assert it.is_alive()
        told_at = time.monotonic()
    # paho looks once a second whether it is over. Eleven channels must not add up to eleven such seconds.
    assert time.monotonic() - told_at < 3.0


def test_a_broker_that_wants_a_name_gets_it_and_a_refusal_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run([need("mosquitto_passwd"), "-b", "-c", str(passwords), "lab", PASSWORD], check=True)
    server = Mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords}")
    server.start()
    listener = Listener(server.port, username="lab")
    try:
        fleet = lab(history="0s")
        clock = SimulatedClock(START, 60.0, time.monotonic)
        with caplog.at_level(logging.WARNING), running(fleet, clock, server.broker):
            wait_until(lambda: "refused" in caplog.text, "the refusal in the log")
        assert not listener.heard
        known = Broker(host="127.0.0.1", port=server.port, username="lab", password=PASSWORD)
        with running(fleet, clock, known):
            wait_until(lambda: all(listener.heard[topic] for topic in statuses(fleet)), "online")
    finally:
        listener.close()
        server.stop()
