"""The whole program in a process that can be killed at any moment, on a clock that runs faster than the real one.

Started from a fork server that has everything imported: a start takes a tenth of a second.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from monitor.config import load
from monitor.program.service import Service


class FastClock:
    """A clock that shows ``start_at`` (ms) at the real instant ``began`` and runs ``speed`` times as fast: the same in
    every process."""

    def __init__(self, start_at: int, began: float, speed: float) -> None:
        self._start_at = start_at
        self._began = began
        self._speed = speed

    def now(self) -> int:
        """Implements :class:`monitor.ports.Clock`."""
        return self._start_at + int((time.time() - self._began) * 1_000 * self._speed)


def watch(config: str, environment: dict[str, str], clock: FastClock) -> None:
    """Runs until it is killed."""
    log = os.open(Path(config).with_name("monitor.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    service = Service(load(Path(config), environment), clock=clock)
    service.start()
    while True:  # the jobs of every real second are too slow for this clock
        service.tick()
        service.deliverer.run_due()
        time.sleep(0.02)
