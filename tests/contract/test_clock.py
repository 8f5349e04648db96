"""Every clock tells whole milliseconds since 1970, whoever asks, and doesn't go back while nobody sets it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.clock import WallClock
from monitor.core.time.instant import EARLIEST, LATEST, parse_instant
from monitor.ports import Clock
from monitor.program.clock import SystemClock
from monitor.testing import ManualClock
from simulators.clock import SimulatedClock, SteppedClock
from tests.chaos.watching import FastClock

NOW = parse_instant("2026-11-22T03:00:00Z")

CLOCKS: dict[str, Callable[[], Clock]] = {
    "SystemClock": SystemClock,
    "WallClock": WallClock,
    "ManualClock": lambda: ManualClock(NOW),
    "SteppedClock": lambda: SteppedClock(NOW),
    "SimulatedClock": lambda: SimulatedClock(NOW, 600.0, time.monotonic),
    "FastClock": lambda: FastClock(NOW, time.time(), 600.0),
}


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest) -> Clock:
    return CLOCKS[request.param]()


def test_a_clock_tells_whole_milliseconds_of_our_time(clock: Clock) -> None:
    at = clock.now()
    assert type(at) is int
    assert EARLIEST < at < LATEST
    assert at > parse_instant("2020-01-01T00:00:00Z"), "seconds taken for milliseconds?"


def test_a_clock_that_nobody_sets_never_goes_back(clock: Clock) -> None:
    instants = [clock.now() for _ in range(1_000)]
    assert instants == sorted(instants)


def test_any_thread_may_ask(clock: Clock) -> None:
    before = clock.now()
    with ThreadPoolExecutor(4) as threads:
        instants = list(threads.map(lambda _: clock.now(), range(100)))
    assert before <= min(instants)
    assert max(instants) <= clock.now()
