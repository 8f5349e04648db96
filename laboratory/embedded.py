"""Servers that the program starts for itself, for a demo or a simulation: a broker, and InfluxDB if it is there.

Never for real stock: they listen on loopback alone, their files go with the folder, and anybody may publish.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

_STARTS_WITHIN = 60.0
_STOPS_WITHIN = 10.0


class Server:
    """A server of our own, in a session of its own, so that Ctrl-C reaches us and we end it, by its process."""

    def __init__(self, command: list[str], log: Path, port: int) -> None:
        self._command = command
        self._log = log
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, again too, and waits until it listens."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603
                self._command, stdout=output, stderr=output, start_new_session=True
            )
        _await_port(self._port)

    def stop(self) -> None:
        """Ends it in good order; harmless if it doesn't run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class EmbeddedPart(NamedTuple):
    """What runs where (``text``), and the settings by which the program finds it. ``server``: its process, if it has
    one of its own."""

    name: str
    text: str
    settings: dict[str, str]
    server: Server | None = None


def free_port(wanted: int = 0) -> int:
    """A free port on loopback: the wanted one if it can be had."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port()
        return int(probe.getsockname()[1])


def find_program(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")


@contextmanager
def a_broker(home: Path) -> Iterator[EmbeddedPart]:
    """mosquitto if it is installed, else amqtt in this process."""
    port = free_port()
    settings = {"EXOSOME_MONITOR__MQTT__HOST": "127.0.0.1", "EXOSOME_MONITOR__MQTT__PORT": str(port)}
    program = find_program("mosquitto")
    if program is not None:
        folder = home / "mosquitto"
        folder.mkdir(exist_ok=True)
        lines = [
            f"listener {port} 127.0.0.1",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 1000000",
            "max_inflight_messages 10000",
            "set_tcp_nodelay true",
        ]
        if os.geteuid() == 0:
            lines.append("user root")
        conf = home / "mosquitto.conf"
        conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with Server([program, "-c", str(conf)], home / "mosquitto.log", port) as server:
            yield EmbeddedPart("MQTT broker", f"mosquitto on 127.0.0.1:{port}", settings, server)
        return
    with _amqtt(port):
        text = f"amqtt inside this process, on 127.0.0.1:{port} (for demonstration only)"
        yield EmbeddedPart("MQTT broker", text, {**settings, "EXOSOME_MONITOR__MQTT__PROTOCOL": "3.1.1"})


@contextmanager
def _amqtt(port: int) -> Iterator[None]:
    from amqtt.broker import Broker as AmqttBroker

    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="amqtt", daemon=True)
    thread.start()

    async def started() -> AmqttBroker:
        broker = AmqttBroker(config)
        await broker.start()
        return broker

    broker = asyncio.run_coroutine_threadsafe(started(), loop).result(_STARTS_WITHIN)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(broker.shutdown(), loop).result(_STOPS_WITHIN)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_STOPS_WITHIN)


@contextmanager
def an_influx(home: Path) -> Iterator[EmbeddedPart]:
    """The InfluxDB that ``INFLUXDB_URL`` names, else ``influxd`` if it is installed, else a file."""
    url = os.environ.get("INFLUXDB_URL")
    if url:
        org, bucket = os.environ.get("INFLUXDB_ORG", ""), os.environ.get("INFLUXDB_BUCKET", "")
        yield EmbeddedPart("InfluxDB", f"{url} (yours)", _influx_settings(url, org, bucket))
        return
    program = find_program("influxd")
    if program is None:
        path = home / "readings.lp"
        settings = {"EXOSOME_MONITOR__INFLUX__URL": f"file:{path}"}
        yield EmbeddedPart("InfluxDB", f"not installed; its line protocol goes to {path}", settings)
        return
    port, folder = free_port(), home / "influxdb"
    command = [
        program,
        f"--http-bind-address=127.0.0.1:{port}",
        f"--bolt-path={folder}/influxd.bolt",
        f"--engine-path={folder}/engine",
        f"--sqlite-path={folder}/influxd.sqlite",
        "--reporting-disabled",
    ]
    folder.mkdir(exist_ok=True)
    with Server(command, home / "influxd.log", port):
        url = f"http://127.0.0.1:{port}"
        settings = _influx_settings(url, "demo", "demo") | {"INFLUXDB_TOKEN": _set_up_influx(url)}
        yield EmbeddedPart("InfluxDB", f"influxd on {url}, bucket demo", settings)


def _influx_settings(url: str, org: str, bucket: str) -> dict[str, str]:
    return {
        "EXOSOME_MONITOR__INFLUX__URL": url,
        "EXOSOME_MONITOR__INFLUX__ORG": org,
        "EXOSOME_MONITOR__INFLUX__BUCKET": bucket,
    }


def _set_up_influx(url: str) -> str:
    token = secrets.token_hex(16)
    body = {
        "username": "demo",
        "password": secrets.token_hex(16),
        "org": "demo",
        "bucket": "demo",
        "token": token,
    }

    def set_up() -> None:
        httpx.post(f"{url}/api/v2/setup", json=body, timeout=10.0).raise_for_status()

    _patiently(set_up, httpx.TransportError, pause=0.2)
    return token


def _await_port(port: int) -> None:
    _patiently(lambda: socket.create_connection(("127.0.0.1", port), 1.0).close(), OSError, pause=0.05)


def _patiently(attempt: Callable[[], None], not_yet: type[Exception], *, pause: float) -> None:
    """Tries until it succeeds, with a pause (s) between; raises what it raises after ``_STARTS_WITHIN``."""
    deadline, waiting = time.monotonic() + _STARTS_WITHIN, threading.Event()
    while True:
        try:
            attempt()
        except not_yet:
            if time.monotonic() > deadline:
                raise
            waiting.wait(pause)
        else:
            return
