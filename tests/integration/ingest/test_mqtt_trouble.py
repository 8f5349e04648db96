"""The MQTT subscription when the broker is away, stands still, is an old one, or refuses us."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from paho.mqtt.client import Client

from monitor.config.secret.secret import Secret
from monitor.ingest import connection
from monitor.ingest.mqtt import MqttSource
from monitor.program.clock import SystemClock
from tests.rigs.loopback import free_port
from tests.rigs.server.mosquitto import Mosquitto, publish, wait_until
from tests.rigs.server.subscription import (
    CLIENT,
    numbered,
    numbers,
    pings,
    settings,
    sever,
    source_of,
    subscribed,
    take,
)

pytestmark = [pytest.mark.server("mosquitto")]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


def test_a_broker_that_is_restarted_is_found_again_and_nothing_is_lost(broker: Mosquitto) -> None:
    with subscribed(broker, settings(broker.port)) as source:
        publish(broker.port, numbered(100))
        found = take(source, 40, acknowledge=False)
        source.acknowledge(found)
        since = source.connected_since()
        broker.stop()
        wait_until(lambda: source.connected_since() is None, "the loss to be noticed")
        assert source.status()["ok"] is False
        assert "trying again" in source.status()["text"]
        broker.start()
        publish(broker.port, numbered(100, start=100))
        wait_until(lambda: source.connected_since() is not None, "the connection")
        assert (source.connected_since() or 0) > (since or 0)
        found += take(source, 160, seconds=3.0)
    assert set(numbers(found)) == set(range(200))


def test_a_broker_that_is_not_there_yet_is_waited_for_and_the_protocol_stays(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    with source_of(settings(broker.port), connected=False) as source:
        wait_until(lambda: "refused" in source.status()["text"], "the refusal")
        assert source.status()["protocol"] == "5"
        broker.start()
        try:
            wait_until(lambda: source.connected_since() is not None, "the connection")
            assert source.status()["protocol"] == "5"
        finally:
            broker.stop()


def test_a_broker_that_stands_still_for_two_seconds_is_not_taken_for_an_old_one(broker: Mosquitto) -> None:
    broker.pause()
    with source_of(settings(broker.port), connected=False) as source:
        time.sleep(2.0)
        broker.resume()
        wait_until(lambda: source.connected_since() is not None, "the connection")
        assert source.status()["protocol"] == "5"


def test_a_broker_that_stands_still_once_5_has_worked_is_never_asked_in_3_1_1(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.2)
    clients: list[Client] = []
    with subscribed(broker, settings(broker.port), clients=clients) as source:
        broker.pause()
        sever(clients[-1])
        wait_until(lambda: "does not answer" in source.status()["text"], "the silence to be noticed")
        assert source.status()["protocol"] == "5"
        broker.resume()
        wait_until(lambda: source.connected_since() is not None, "the connection")
        assert source.status()["protocol"] == "5"


class OldBroker:
    """Speaks 3.1.1 only, in a few lines. To a CONNECT of version 5 it does what ``habit`` says."""

    def __init__(self, habit: str) -> None:
        self._habit = habit
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.versions: list[int] = []
        self._held: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._held.append(client)
            hello = client.recv(1_024)
            version = hello[hello.index(b"MQTT") + 4]
            self.versions.append(version)
            if version == 4:
                client.sendall(b"\x20\x02\x00\x00")
            elif self._habit == "refuse":
                client.sendall(b"\x20\x02\x00\x01")
            elif self._habit == "close":
                client.close()

    def close(self) -> None:
        for held in (self._listener, *self._held):
            held.close()


@pytest.mark.parametrize("habit", ["refuse", "close", "hang"])
def test_a_broker_that_can_not_do_5_is_asked_in_3_1_1_and_that_is_remembered(
    habit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.5)
    old = OldBroker(habit)
    clients: list[Client] = []
    with closing(old), source_of(settings(old.port), clients=clients) as source:
        assert source.status()["protocol"] == "3.1.1"
        assert old.versions == [5, 4]
        sever(clients[-1])
        wait_until(lambda: len(old.versions) == 3, "a second connection")
        assert old.versions == [5, 4, 4]


def test_a_protocol_that_is_fixed_is_never_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    old = OldBroker("refuse")
    with closing(old), source_of(settings(old.port, protocol="5"), connected=False):
        wait_until(lambda: len(old.versions) >= 3, "three attempts")
        assert set(old.versions) == {5}


def test_a_wrong_password_is_said_and_tried_again_until_it_is_right(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker", users={"monitor": "right"})
    broker.start()
    try:
        wrong = settings(broker.port, username="monitor", password=Secret("wrong"))
        with source_of(wrong, connected=False) as source:
            wait_until(lambda: "check [mqtt] username and password" in source.status()["text"], "the refusal")
            assert "wrong" not in source.status()["text"]
            wait_until(lambda: broker.log().count("New connection from") >= 3, "more attempts")
            assert source.status()["ok"] is False
            assert source.connected_since() is None
        with source_of(settings(broker.port, username="monitor", password=Secret("right"))) as source:
            assert source.status()["ok"] is True
    finally:
        broker.stop()


def test_a_quiet_connection_is_kept_alive(broker: Mosquitto) -> None:
    with subscribed(broker, settings(broker.port, keepalive=1_000)) as source:
        since = source.connected_since()
        wait_until(lambda: pings(broker) >= 3, "pings")
        assert source.connected_since() == since
        assert since is not None


def test_a_broker_that_falls_silent_is_noticed_within_two_keep_alives(broker: Mosquitto) -> None:
    with subscribed(broker, settings(broker.port, keepalive=1_000)) as source:
        broker.pause()
        wait_until(lambda: source.connected_since() is None, "the silence to be noticed", seconds=4.0)
        broker.resume()
        wait_until(lambda: source.connected_since() is not None, "the connection")


def test_close_returns_within_two_seconds_in_any_state(broker: Mosquitto) -> None:
    silent = OldBroker("hang")
    waiting = source_of(settings(free_port()), connected=False)
    unanswered = source_of(settings(silent.port, protocol="5"), connected=False)
    full = subscribed(broker, settings(broker.port), inbox=1)
    for state in (waiting, unanswered, full):
        before = set(threading.enumerate())
        with state as source:
            if state is full:
                publish(broker.port, numbered(100))
            time.sleep(0.3)
            began = time.monotonic()
            source.close()
            assert time.monotonic() - began < 2.0
            assert source.status()["text"] == "closed"
            assert set(threading.enumerate()) <= before
    silent.close()


def test_an_error_in_the_consumers_clock_does_not_kill_the_thread(broker: Mosquitto) -> None:
    class NowAndThen(SystemClock):
        calls = 0

        def now(self) -> int:
            NowAndThen.calls += 1
            if NowAndThen.calls in (3, 4):
                raise RuntimeError("a clock that fails now and then")
            return super().now()

    source = MqttSource(settings(broker.port), NowAndThen())
    source.start()
    with closing(source):
        wait_until(lambda: broker.subscriptions(CLIENT) > 0, "the subscription")
        publish(broker.port, numbered(20))
        assert set(numbers(take(source, 20))) == set(range(20))
