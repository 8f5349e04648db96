"""Heat: what a unit's air and load do while its compressor cycles, its door is open, its cooling has failed.

The unit is a network of two heat capacities. The *air* (with the shelves and liner, which follow it within
minutes) loses to the surroundings through the wall, is cooled by the compressor, and is warmed by an open
door. The *load* (what is stored) exchanges heat with the air alone. Between two looks of the thermostat
both follow the exact solution of the linear equations, so the length of a step matters little.

With the compressor off and the door shut both end up on T = Ta − (Ta − T0)·e^(−t/τ), the τ a little longer
than ``warm_up_for``: the slower the load follows, the longer. What the model leaves out: the plateau while
ice melts, cooling power that falls with temperature, and heat that the load gives off.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

from simulators.clock import SECOND
from simulators.require import require

LOOK_EVERY = 5 * SECOND
"""How often the thermostat looks at the air."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitModel:
    """What kind of unit it is. Temperatures in °C, durations in ms, shares from 0 to 1 (both ends excluded).

    ``setpoint``, ``swing``: cooling starts at setpoint + swing/2 and stops at setpoint − swing/2, by the air.
    ``warm_up_for``: the time constant τ with which the whole, left without cooling, approaches ``ambient``.
    ``load_follows_for``: the time constant with which the load follows the air.
    ``air_share``: the air's part (with liner and shelves) of the unit's whole heat capacity.
    ``duty``: the share of time for which cooling has to run to hold the setpoint.
    ``door_for``: the time constant with which the air alone approaches ``ambient`` through an open door.

    Cooling is a compressor, or the filling valve of a liquid nitrogen tank; to this model they are the same.
    Raises ValueError for values with which it would be no cold unit.
    """

    setpoint: float
    swing: float
    warm_up_for: int
    load_follows_for: int
    air_share: float
    duty: float
    door_for: int
    ambient: float = 22.0

    def __post_init__(self) -> None:
        cold = self.setpoint < self.ambient
        require(cold, f"setpoint {self.setpoint} is not below ambient {self.ambient}")
        for name in ("swing", "warm_up_for", "load_follows_for", "door_for"):
            require(getattr(self, name) > 0, f"{name} {getattr(self, name)} is not above 0")
        for name in ("air_share", "duty"):
            require(0 < getattr(self, name) < 1, f"{name} {getattr(self, name)} is not between 0 and 1")


class Unit:
    """One unit's state: ``air`` and ``load`` in °C, whether cooling runs or can, whether the door is open.

    ``phase`` (0 to 1) is how far the air has risen through its swing at the start; the load starts at the
    setpoint.
    """

    __slots__ = ("air", "cooling", "cooling_works", "door_open", "load", "model")

    def __init__(self, model: UnitModel, *, phase: float = 0.5) -> None:
        self.model = model
        self.load = model.setpoint
        self.air = model.setpoint + model.swing * (phase - 0.5)
        self.cooling = False
        self.cooling_works = True
        self.door_open = False

    def step(self, dt: int) -> None:
        """Lets ``dt`` ms pass."""
        while dt > 0:
            part = min(dt, LOOK_EVERY)
            self._look()
            self._pass(part)
            dt -= part

    def _look(self) -> None:
        model = self.model
        if not self.cooling_works:
            self.cooling = False
        elif self.air >= model.setpoint + model.swing / 2:
            self.cooling = True
        elif self.air <= model.setpoint - model.swing / 2:
            self.cooling = False

    def _pass(self, dt: int) -> None:
        """Solves air' = −a·air + b·load, load' = c·air − c·load, from where they would settle."""
        model = self.model
        leak = 1 / model.warm_up_for  # all conductances per unit of the whole heat capacity, 1/ms
        door = model.air_share / model.door_for if self.door_open else 0.0
        exchange = (1 - model.air_share) / model.load_follows_for
        a = (leak + door + exchange) / model.air_share
        b = exchange / model.air_share
        c = 1 / model.load_follows_for
        cooling = (model.ambient - model.setpoint) * leak / model.duty if self.cooling else 0.0
        settled = model.ambient - cooling / (leak + door)
        air, load = self.air - settled, self.load - settled
        root = sqrt((a - c) ** 2 + 4 * b * c)
        fast, slow = exp(-(a + c + root) / 2 * dt), exp(-(a + c - root) / 2 * dt)
        difference, mean = (slow - fast) / root, (slow + fast) / 2
        half = (c - a) / 2
        self.air = settled + (mean + difference * half) * air + difference * b * load
        self.load = settled + difference * c * air + (mean - difference * half) * load
