"""The demonstration: the whole program on embedded parts, fed by a simulated lab, in one process.

The monitor gets the simulators' clock, so that at 60× a minute of the lab passes in a second for both.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx
from rich.console import Console
from rich.table import Table

from monitor.clock import SystemClock
from monitor.config import load
from monitor.config.starter import write_starter
from monitor.ports import JSON
from monitor.service import Service
from simulators.clock import SimulatedClock
from simulators.lab import demo_lab
from simulators.publish import Broker, run

HISTORY_HOURS = 24.0
_STARTS_WITHIN = 60.0
_STOPS_WITHIN = 10.0


class _Part(NamedTuple):
    """What runs where, for the table that the demo prints."""

    name: str
    text: str
    settings: dict[str, str]


def run_demo(
    *,
    speed: float = 60.0,
    for_seconds: float | None = None,
    browser: bool = True,
    directory: Path | None = None,
    scenario: str | None = None,
) -> int:
    """Runs until Ctrl-C or for some seconds; returns 0 after a summary of what happened."""
    if scenario is not None:
        raise ValueError(
            f"scenario {scenario!r}: this version has one story, the default; leave --scenario out"
        )
    console = Console()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with ExitStack() as stack:
        home = directory or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="exosome-monitor-demo-"))
        )
        home.mkdir(parents=True, exist_ok=True)
        broker = stack.enter_context(_broker(home))
        influx = stack.enter_context(_influx(home))
        service, clock = _service(home, speed, {**broker.settings, **influx.settings})
        stack.callback(service.stop)
        service.start()
        lab = threading.Thread(target=partial(_feed, service, clock, broker, ended), name="lab", daemon=True)
        lab.start()
        _introduce(console, service, [broker, influx], home, speed)
        if browser and any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
            webbrowser.open(service.web.url)  # without a display it would take over the terminal
        ended.wait(for_seconds)
        ended.set()
        lab.join(_STOPS_WITHIN)
        _summarise(console, service)
    console.print("Stopped cleanly.")
    return 0


def _service(home: Path, speed: float, settings: dict[str, str]) -> tuple[Service, SimulatedClock]:
    config = home / "config"
    if not config.exists():
        write_starter(config)
    names = {
        "EXOSOME_MONITOR__STORE__URL": f"sqlite:///{home / 'monitor.db'}",
        "EXOSOME_MONITOR__WEB__PORT": str(_port(8080)),
        **settings,
    }
    os.environ.update(names)
    configuration = load(config, os.environ)
    # The demo's clock begins at the present and runs ahead of it: nothing it writes is ever mixed with real stock.
    clock = SimulatedClock(SystemClock().now(), speed, time.monotonic)
    banner = (
        f"Demo: a simulated lab at {speed:g} times its speed. Not for real stock. You are signed in as demo.",
    )
    return Service(configuration, clock=clock, banner=banner), clock


def _feed(service: Service, clock: SimulatedClock, broker: _Part, ended: threading.Event) -> None:
    root = service.configuration.mqtt.root
    fleet = demo_lab(start_at=clock.now(), history_hours=HISTORY_HOURS, root=root)
    port = int(broker.settings["EXOSOME_MONITOR__MQTT__PORT"])
    run(fleet, clock, Broker(host="127.0.0.1", port=port), ended, drain_seconds=1.0)


# --- the parts ---


def _port(wanted: int = 0) -> int:
    """A free port on loopback: the wanted one if it can be had."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return _port()
        return int(probe.getsockname()[1])


def _find(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")


@contextmanager
def _broker(home: Path) -> Iterator[_Part]:
    """mosquitto if it is installed, else amqtt in this process."""
    port = _port()
    settings = {"EXOSOME_MONITOR__MQTT__HOST": "127.0.0.1", "EXOSOME_MONITOR__MQTT__PORT": str(port)}
    program = _find("mosquitto")
    if program is not None:
        folder = home / "mosquitto"
        folder.mkdir(exist_ok=True)
        lines = [
            f"listener {port} 127.0.0.1",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 1000000",
        ]
        if os.geteuid() == 0:
            lines.append("user root")
        conf = home / "mosquitto.conf"
        conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with _process([program, "-c", str(conf)], home / "mosquitto.log"):
            _await_port(port)
            yield _Part("MQTT broker", f"mosquitto on 127.0.0.1:{port}", settings)
        return
    with _amqtt(port):
        text = f"amqtt inside this process, on 127.0.0.1:{port} (for demonstration only)"
        yield _Part("MQTT broker", text, {**settings, "EXOSOME_MONITOR__MQTT__PROTOCOL": "3.1.1"})


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
def _influx(home: Path) -> Iterator[_Part]:
    """The InfluxDB that ``INFLUXDB_URL`` names, else ``influxd`` if it is installed, else a file."""
    url = os.environ.get("INFLUXDB_URL")
    if url:
        org, bucket = os.environ.get("INFLUXDB_ORG", ""), os.environ.get("INFLUXDB_BUCKET", "")
        yield _Part("InfluxDB", f"{url} (yours)", _influx_settings(url, org, bucket))
        return
    program = _find("influxd")
    if program is None:
        path = home / "readings.lp"
        settings = {"EXOSOME_MONITOR__INFLUX__URL": f"file:{path}"}
        yield _Part("InfluxDB", f"not installed; its line protocol goes to {path}", settings)
        return
    port, folder = _port(), home / "influxdb"
    command = [
        program,
        f"--http-bind-address=127.0.0.1:{port}",
        f"--bolt-path={folder}/influxd.bolt",
        f"--engine-path={folder}/engine",
        f"--sqlite-path={folder}/influxd.sqlite",
        "--reporting-disabled",
    ]
    folder.mkdir(exist_ok=True)
    with _process(command, home / "influxd.log"):
        url = f"http://127.0.0.1:{port}"
        os.environ["INFLUXDB_TOKEN"] = _set_up_influx(url)
        yield _Part("InfluxDB", f"influxd on {url}, bucket demo", _influx_settings(url, "demo", "demo"))


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
    deadline = time.monotonic() + _STARTS_WITHIN
    waiting = threading.Event()
    while True:
        try:
            httpx.post(f"{url}/api/v2/setup", json=body, timeout=10.0).raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            waiting.wait(0.2)
        else:
            return token


@contextmanager
def _process(command: list[str], log: Path) -> Iterator[None]:
    """A server of our own: in a session of its own, so that Ctrl-C reaches us and we end it, by its process."""
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)  # noqa: S603
        try:
            yield
        finally:
            server.terminate()
            try:
                server.wait(_STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _await_port(port: int) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    waiting = threading.Event()
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            waiting.wait(0.05)
        else:
            return


# --- what it prints ---


def _introduce(console: Console, service: Service, parts: list[_Part], home: Path, speed: float) -> None:
    table = Table(title="exosome-monitor demo", show_header=False, title_justify="left")
    table.add_row("Page", f"[bold]{service.web.url}[/bold]")
    for part in parts:
        table.add_row(part.name, part.text)
    table.add_row("Store", f"SQLite in {home}")
    table.add_row("Messages", "told on this console (nobody else is configured)")
    table.add_row(
        "Simulated",
        f"8 units, 12 lots and their sensors, at {speed:g} times real speed; the clock begins now and runs ahead",
    )
    table.add_row(
        "Story", "F02's compressor fails after 8 s; outside -60 °C after about 25 s; alarm after about 35 s"
    )
    table.add_row("End", "Ctrl-C")
    console.print(table)


def _summarise(console: Console, service: Service) -> None:
    counts, view = service.monitor.counts, service.view
    alarms, lots = view.alarms(), view.lots()
    excursions = view.excursions()
    told = [message for message in view.notifications(limit=1_000) if message["sent_at"] is not None]
    at_risk = [lot for lot in lots if lot["verdict"] != "within_profile"]
    console.print()
    console.print("[bold]What happened[/bold]")
    console.print(
        f"  {counts.judged} readings judged, {counts.duplicates} copies, {counts.rejected} rejected"
    )
    confirmed = sum(e["confirmed_at"] is not None for e in excursions)
    console.print(f"  {len(excursions)} excursions, {confirmed} of them confirmed")
    console.print(f"  {len(alarms)} alarms, {sum(a['cleared_at'] is None for a in alarms)} of them open")
    console.print(f"  {len(told)} messages told")
    for lot in at_risk:
        console.print(f"  lot {lot['lot']} ({lot['product']}): {lot['verdict']}, {_reasons(lot)}")
    influx = service.health()["influx"]
    console.print(f"  InfluxDB: {influx['text']}")


def _reasons(lot: JSON) -> str:
    return "; ".join(reason["text"] for reason in lot["reasons"])
