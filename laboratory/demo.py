"""The demonstration: the whole program on embedded parts, fed by a simulated lab, in one process.

The monitor gets the simulators' clock, so that at 60× a minute of the lab passes in a second for both.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
import webbrowser
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from laboratory.embedded import EmbeddedPart, a_broker, an_influx, free_port
from laboratory.watching import configured
from monitor.core.answer.lot import LotAnswer
from monitor.program.clock import SystemClock
from monitor.program.service import Service
from simulators.clock import SimulatedClock
from simulators.publish import Broker, run
from simulators.scenario.file import Scenario, load

_STOPS_WITHIN = 10.0


def run_demo(
    *,
    scenario: str = "demo",
    speed: float | None = None,
    for_seconds: float | None = None,
    browser: bool = True,
    directory: Path | None = None,
) -> int:
    """Runs until Ctrl-C or for some seconds; returns 0 after a summary of what happened.

    ``speed`` None: the scenario's own. Raises ScenarioError for one that can't be used.
    """
    told = load(scenario)
    speed = speed or told.document.speed
    console = Console()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with ExitStack() as stack:
        home = directory or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="exosome-monitor-demo-"))
        )
        home.mkdir(parents=True, exist_ok=True)
        broker = stack.enter_context(a_broker(home))
        influx = stack.enter_context(an_influx(home))
        service, clock = _service(home, told, speed, {**os.environ, **broker.settings, **influx.settings})
        stack.callback(service.stop)
        service.start()
        feed = partial(_feed, service, told, clock, broker, ended)
        lab = threading.Thread(target=feed, name="lab", daemon=True)
        lab.start()
        _introduce(console, service, [broker, influx], home, told, speed)
        if browser and any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
            webbrowser.open(service.web.url)  # without a display it would take over the terminal
        ended.wait(for_seconds)
        ended.set()
        lab.join(_STOPS_WITHIN)
        _summarise(console, service)
    console.print("Stopped cleanly.")
    return 0


def _service(
    home: Path, scenario: Scenario, speed: float, environment: Mapping[str, str]
) -> tuple[Service, SimulatedClock]:
    configuration = configured(home, scenario.document, environment, port=free_port(8080))
    # The demo's clock begins at the present and runs ahead of it: nothing it writes is ever mixed with real stock.
    clock = SimulatedClock(SystemClock().now(), speed, time.monotonic)
    banner = (
        f"Demo: a simulated lab at {speed:g} times its speed. Not for real stock. You are signed in as demo.",
    )
    return Service(configuration, clock=clock, banner=banner), clock


def _feed(
    service: Service, scenario: Scenario, clock: SimulatedClock, broker: EmbeddedPart, ended: threading.Event
) -> None:
    fleet = scenario.fleet(start_at=clock.now(), root=service.configuration.mqtt.root)
    port = int(broker.settings["EXOSOME_MONITOR__MQTT__PORT"])
    run(fleet, clock, Broker(host="127.0.0.1", port=port), ended, drain_seconds=1.0)


# --- what it prints ---


def _introduce(
    console: Console,
    service: Service,
    parts: list[EmbeddedPart],
    home: Path,
    scenario: Scenario,
    speed: float,
) -> None:
    document = scenario.document
    table = Table(title="exosome-monitor demo", show_header=False, title_justify="left")
    table.add_row("Page", f"[bold]{service.web.url}[/bold]")
    for part in parts:
        table.add_row(part.name, part.text)
    table.add_row("Store", f"SQLite in {home}")
    table.add_row("Messages", "told on this console (nobody else is configured)")
    table.add_row(
        "Simulated",
        f"{len(document.unit)} units, {len(document.lot)} lots and their sensors, at {speed:g} times real speed;"
        " the clock begins now and runs ahead",
    )
    table.add_row("Scenario", f"{scenario.name}: {document.title}")
    table.add_row("Story", " ".join(document.story.split()))
    table.add_row("End", "Ctrl-C")
    console.print(table)


def _summarise(console: Console, service: Service) -> None:
    counts, view = service.writer.parts.counts, service.view
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


def _reasons(lot: LotAnswer) -> str:
    return "; ".join(reason["text"] for reason in lot["reasons"])
