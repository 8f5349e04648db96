"""The clock inside a device: right, ahead or behind, or begun again at 1970."""

from __future__ import annotations


class DeviceClock:
    """What a device takes for the time. It runs as fast as ours; it is ``ahead_by`` ms ahead (below 0: behind).

    A clock in the wrong time zone, or one that misses the change to summer time, is one that is hours ahead or behind.
    """

    __slots__ = ("ahead_by",)

    def __init__(self) -> None:
        self.ahead_by = 0

    def read(self, at: int) -> int:
        """What it shows at the instant ``at``, in ms since 1970 in UTC."""
        return at + self.ahead_by

    def skew(self, by: int) -> None:
        """Sets it ``by`` ms ahead of the right time, whatever it showed before; behind if ``by`` is below 0."""
        self.ahead_by = by

    def reset(self, at: int) -> None:
        """Begins again at 1970-01-01T00:00:00Z, as a clock without a battery does when power returns at ``at``."""
        self.ahead_by = -at

    def set_right(self) -> None:
        """Shows the right time again, as after a look at a time server."""
        self.ahead_by = 0
