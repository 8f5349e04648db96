"""Probes: what a temperature sensor makes of the temperature it sits in. Pure, and seeded.

A probe draws its noise and its luck for every reading that is due, also for one that is faulty or never sent, so that
a trouble in one hour leaves the readings of the next as they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, isfinite
from random import Random
from typing import Literal

from monitor.wire.v1 import FaultName, Reading
from simulators.clock import DAY, MINUTE, SECOND
from simulators.require import require
from simulators.sensing.clockwork import DeviceClock

Place = Literal["air", "load", "wall", "room"]
Scale = Literal["celsius", "fahrenheit", "kelvin", "unsigned"]
"""What a number is sent as, under the name of °C; ``unsigned`` has lost its minus sign."""

WEAK_BELOW = 15.0
"""Per cent of a battery below which readings get lost: the share that does grows from none to all, with the square of
how far below it is. Assumed: that gaps grow longer before the end is known, how much is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeModel:
    """What kind of probe it is, and where. Temperatures in °C, durations in ms.

    ``place``: in the unit's air, among its load, at its wall, or in the room. ``lag_for``: the time constant with which
    it follows (a buffer of glycol or beads makes it long). ``noise``: standard deviation. ``resolution``: readings are
    multiples of it. ``offset``: by how much it says too much, as a calibration would find it.
    ``battery_for``: how long a full battery lasts; None for one on mains, which sends no ``battery_percent``.
    ``battery_percent``: what is left of it at the start. Raises ValueError for values that make no sense.
    """

    place: Place
    lag_for: int
    noise: float = 0.03
    resolution: float = 0.01
    offset: float = 0.0
    battery_for: int | None = None
    battery_percent: float = 100.0

    def __post_init__(self) -> None:
        require(self.lag_for > 0, f"lag_for {self.lag_for} is not above 0")
        require(self.noise >= 0 and isfinite(self.noise), f"noise {self.noise} is not a number from 0 on")
        require(self.resolution > 0, f"resolution {self.resolution} is not above 0")
        require(isfinite(self.offset), f"offset {self.offset} is not a number")
        require(
            self.battery_for is None or self.battery_for > 0, f"battery_for {self.battery_for} is not above 0"
        )
        _require_percent(self.battery_percent)


def _require_percent(percent: float) -> None:
    require(0 <= percent <= 100, f"battery_percent {percent} is not between 0 and 100")


BUFFERED = ProbeModel(place="load", lag_for=10 * MINUTE, battery_for=730 * DAY, battery_percent=93.0)
"""A product probe: in a buffered bottle among the load, on a battery that lasts two years."""

BARE = ProbeModel(place="air", lag_for=30 * SECOND, noise=0.08)
"""An air probe on mains: quick, a little noisier."""


class SimulatedProbe:
    """One probe's state. ``celsius`` is what its element has, ``place`` where it is, ``clock`` its own clock.

    Its troubles are set from outside; of those that would say something, the first of these does. ``silent``: nothing.
    ``losing``: so many of its readings (a share) never arrive. ``fault``: that, and no temperature. ``intermittent``:
    so many of its readings (a share) are a ``read_error``. ``code``: that number (see :mod:`simulators.sensing.codes`).
    ``stuck``: its last value, to the digit. Then ``offset``, what :meth:`drift` adds, and ``scale``.
    ``began_at`` is the instant from which its battery runs down. ``random`` is left with the probe.
    """

    __slots__ = (
        "_chance",
        "_drifted",
        "_drifts_from",
        "_dt",
        "_gauss",
        "_last",
        "_per_degree",
        "_seq",
        "_share",
        "_told_at",
        "_told_percent",
        "celsius",
        "clock",
        "code",
        "drift_per_day",
        "fault",
        "intermittent",
        "losing",
        "model",
        "offset",
        "place",
        "scale",
        "silent",
        "stuck",
    )

    place: Place
    fault: FaultName | None
    code: float | None
    scale: Scale

    def __init__(self, model: ProbeModel, *, celsius: float, began_at: int, random: Random) -> None:
        self.model = model
        self.celsius = celsius
        self.clock = DeviceClock()
        self._seq = 0
        self._last: float | None = None
        self._dt, self._share = 0, 0.0
        per_degree = 1 / model.resolution
        self._per_degree = per_degree if per_degree.is_integer() else None
        self._told_at, self._told_percent = began_at, model.battery_percent
        self._gauss = random.gauss
        # Luck of its own, which takes nothing from the noise.
        luck = Random()
        luck.setstate(random.getstate())
        self._chance = Random(f"luck/{luck.getrandbits(64)}").random
        self.restore()

    def restore(self) -> None:
        """Ends every trouble, and puts it back in its place. Its battery and clock stay as they are."""
        self.place = self.model.place
        self.fault = None
        self.code = None
        self.scale = "celsius"
        self.stuck = self.silent = False
        self.intermittent = self.losing = 0.0
        self.offset = self.model.offset
        self.drift_per_day = self._drifted = 0.0
        self._drifts_from = 0

    def drift(self, per_day: float, at: int) -> None:
        """Drifts by so many °C a day from ``at`` on; how far it has drifted until then stays."""
        self._drifted = self._drifted_by(at)
        self.drift_per_day, self._drifts_from = per_day, at

    def _drifted_by(self, at: int) -> float:
        return self._drifted + self.drift_per_day * (at - self._drifts_from) / DAY

    def battery(self, at: int) -> float | None:
        """What is left of the battery at ``at``, in per cent; None on mains."""
        battery_for = self.model.battery_for
        if battery_for is None:
            return None
        left = self._told_percent - 100 * (at - self._told_at) / battery_for
        return left if left > 0.0 else 0.0

    def set_battery(self, percent: float, at: int) -> None:
        """From ``at`` on the battery runs down from ``percent``. Raises ValueError on mains or outside 0 to 100."""
        require(self.model.battery_for is not None, "a probe on mains has no battery")
        _require_percent(percent)
        self._told_at, self._told_percent = at, percent

    def follow(self, celsius: float, dt: int) -> None:
        """Lets ``dt`` ms pass in surroundings of ``celsius``."""
        if dt != self._dt:
            self._dt, self._share = dt, -expm1(-dt / self.model.lag_for)
        self.celsius += (celsius - self.celsius) * self._share

    def read(self, at: int) -> Reading | None:
        """The reading due at ``at``; None if it is lost, the probe silent or its battery empty (half a per cent).

        ``seq`` counts the readings due, so those that are missing show as a gap in it. ``received_at`` is ``at``.
        """
        self._seq += 1
        noise = self._gauss(0.0, self.model.noise)
        chance = self._chance()
        lost = self.losing
        battery = None
        left = self.battery(at)
        if left is not None:
            battery = round(left)
            if left < WEAK_BELOW:
                lost += (1.0 - lost) * (1.0 - left / WEAK_BELOW) ** 2
        if self.silent or battery == 0 or chance < lost:
            return None
        fault = self.fault
        if fault is None and chance < lost + (1.0 - lost) * self.intermittent:
            fault = "read_error"
        celsius = None if fault is not None else self._say(noise, at)
        return Reading(at + self.clock.ahead_by, at, celsius, fault, self._seq, battery)

    def _say(self, noise: float, at: int) -> float:
        """The number that it sends for its element's temperature."""
        if self.code is not None:
            return self.code
        if self.stuck and self._last is not None:
            return self._last
        value = self.celsius + noise + self.offset
        if self.drift_per_day or self._drifted:
            value += self._drifted_by(at)
        if self.scale != "celsius":
            value = _on_scale(value, self.scale)
        resolution = self.model.resolution
        steps = round(value / resolution)  # an int: there is no −0 among the values
        per_degree = self._per_degree
        # The same to the bit; dividing by a whole number is much quicker than rounding to decimals.
        self._last = said = steps / per_degree if per_degree else round(steps * resolution, 6)
        return said


def _on_scale(celsius: float, scale: Scale) -> float:
    match scale:
        case "fahrenheit":
            return celsius * 1.8 + 32
        case "kelvin":
            return celsius + 273.15
        case "unsigned":
            return abs(celsius)
        case _:
            return celsius
