"""The time of day, for the bench: the one place here that asks for it. Durations use ``time.monotonic``."""

from __future__ import annotations

import time

from monitor.core.time.instant import MINUTE


class WallClock:
    """A :class:`monitor.ports.Clock` that tells the machine's time."""

    def now(self) -> int:
        """The present instant in ms."""
        return time.time_ns() // 1_000_000

    def last_whole_minute(self) -> int:
        """The instant at which the present minute began."""
        return self.now() // MINUTE * MINUTE
