"""The time of day: the one place that asks the machine for it."""

from __future__ import annotations

import time


class SystemClock:
    """Implements :class:`monitor.ports.Clock` with the machine's clock."""

    def now(self) -> int:
        """The present instant in ms since the epoch."""
        return time.time_ns() // 1_000_000
