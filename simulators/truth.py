"""What really was: the temperatures of the physics, for scoring who watches. Nobody sends it anywhere."""

from __future__ import annotations

from array import array
from collections.abc import Iterator


class Trace:
    """A series of true temperatures: instants (ms) as they came, and °C. 16 bytes each."""

    __slots__ = ("_at", "_celsius")

    def __init__(self) -> None:
        self._at = array("q")
        self._celsius = array("d")

    def note(self, at: int, celsius: float) -> None:
        """Adds the temperature at an instant."""
        self._at.append(at)
        self._celsius.append(celsius)

    def __len__(self) -> int:
        return len(self._at)

    @property
    def last(self) -> float:
        """The newest temperature; raises IndexError if there is none."""
        return self._celsius[-1]

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self._at, self._celsius, strict=True)

    def rises_through(self, level: float) -> list[int]:
        """The instants at which it rose to ``level`` from below, on straight lines between."""
        instants = []
        before: tuple[int, float] | None = None
        for at, celsius in self:
            if before is not None and before[1] < level <= celsius:
                share = (level - before[1]) / (celsius - before[1])
                instants.append(before[0] + round(share * (at - before[0])))
            before = (at, celsius)
        return instants

    def stays_outside(self, low: float, high: float) -> list[tuple[int, int]]:
        """The stays outside of [low, high]: from the first instant outside to the first inside again (or the last)."""
        stays: list[tuple[int, int]] = []
        since: int | None = None
        at = 0
        for at, celsius in self:
            outside = not low <= celsius <= high
            if outside and since is None:
                since = at
            elif not outside and since is not None:
                stays.append((since, at))
                since = None
        if since is not None:
            stays.append((since, at))
        return stays


class FleetTruth:
    """What a fleet's units and probes really had. ``elements``: of each channel the temperature of its element, at
    every instant at which a reading was due, sent or not; ``loads``: of each unit (``site/unit``) that of what is
    stored in it, at the same instants as its first probe. ``said``: of each channel what the probe said of that, by
    its own clock, before any network; not a number where it said a fault."""

    __slots__ = ("elements", "loads", "said")

    def __init__(self) -> None:
        self.elements: dict[str, Trace] = {}
        self.loads: dict[str, Trace] = {}
        self.said: dict[str, Trace] = {}
