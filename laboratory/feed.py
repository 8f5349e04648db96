"""A scenario for a broker that somebody else runs: for who tries a dashboard."""

from __future__ import annotations

import threading
import time

from monitor.core.time.instant import SECOND
from monitor.program.clock import SystemClock
from simulators.clock import SimulatedClock
from simulators.publish import Broker, run
from simulators.scenario.file import load


def feed(
    scenario: str,
    broker: Broker,
    stop: threading.Event,
    *,
    seed: int | None,
    speed: float,
    seconds: float | None,
    root: str,
) -> int:
    """Publishes a scenario's messages from now on, ``speed`` times as fast as real time, for so many real seconds or
    until ``stop`` is set; returns how many. Raises ScenarioError for one that can't be used."""
    start_at = SystemClock().now()
    fleet = load(scenario).fleet(start_at=start_at, seed=seed, root=root)
    clock = SimulatedClock(start_at, speed, time.monotonic)
    until = None if seconds is None else start_at + round(seconds * speed * SECOND)
    return run(fleet, clock, broker, stop, until=until)
