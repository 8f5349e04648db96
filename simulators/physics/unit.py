"""Heat: what a unit's air, wall and load do while it cools, is opened, defrosts, is filled, or fails.

Three heat capacities (``network``) follow the exact solution of their linear equations between two looks of
the controls, which are ``LOOK_EVERY`` apart counted from the beginning; so the length of a step doesn't
matter. What is not linear is held from one look to the next, and no heat is lost over it: what compressor,
heater, backup and liquid nitrogen do (``cooling``), goods put in warm, and the melting load (``melting``).

Left out: ice on the coils, that a hot room weakens a compressor, air that is warmer above than below.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from simulators.physics.cooling import (
    LOOK_EVERY,
    BackupBottle,
    Compressor,
    Defrost,
    Defroster,
    Gas,
    Liquid,
    Pool,
)
from simulators.physics.melting import melting
from simulators.physics.network import Network
from simulators.require import require

__all__ = ["LOOK_EVERY", "Place", "SimulatedUnit", "UnitModel"]

Place = Literal["air", "load", "wall", "room"]

EVENTS_MAX = 1_000
"""So many events are kept until they are taken; beyond that the oldest are forgotten."""
GOODS_MAX = 32
"""So many batches of warm goods are followed apart; beyond that the oldest counts as load at once."""
AS_COLD = 0.2
"""Goods within so many °C of the load are load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitModel:
    """What kind of unit it is. Temperatures in °C, durations in ms, shares from 0 to 1 (both ends excluded).

    ``setpoint``, ``swing``: cooling starts at setpoint + swing/2 and stops at setpoint − swing/2, by the air.
    ``warm_up_for``: the time constant τ with which the whole, left without cooling, approaches ``ambient``.
    ``load_follows_for``: the time constant with which the load follows the air; shorter than ``warm_up_for``.
    ``air_share``: the air's part (with liner and shelves) of the heat capacity of air and load.
    ``duty``: the share of time for which cooling has to run to hold the setpoint.
    ``door_for``: the time constant with which the air alone approaches ``ambient`` through a wide open door.
    ``wall_share``: the heat capacity of wall and cabinet, as a multiple of that of air and load.
    ``water``: the water's part of the load's heat capacity, 0 to 1; it freezes and melts.
    ``power_slope``: by what part cooling power rises for each degree of air above the setpoint.
    ``rest_for``: how long a compressor stays off at least.
    ``warmth``: how far what runs in it (lamps, machines, people) would warm it above ``ambient``.
    ``defrost``, ``backup``: what it has of these. With ``liquid`` it is a tank of liquid nitrogen: without a
    thermostat, kept at ``setpoint`` by a full pool; swing, duty, slope and rest say nothing then.

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
    wall_share: float = 0.05
    water: float = 0.0
    power_slope: float = 0.0
    rest_for: int = 0
    warmth: float = 0.0
    defrost: Defrost | None = None
    backup: BackupBottle | None = None
    liquid: Liquid | None = None

    def __post_init__(self) -> None:
        cold = self.setpoint < self.ambient + self.warmth
        require(cold, f"setpoint {self.setpoint} is not below ambient {self.ambient}")
        for name in ("swing", "warm_up_for", "load_follows_for", "door_for", "wall_share"):
            require(getattr(self, name) > 0, f"{name} {getattr(self, name)} is not above 0")
        for name in ("air_share", "duty"):
            require(0 < getattr(self, name) < 1, f"{name} {getattr(self, name)} is not between 0 and 1")
        require(0 <= self.water <= 1, f"water {self.water} is not between 0 and 1")
        for name in ("power_slope", "rest_for", "warmth"):
            require(getattr(self, name) >= 0, f"{name} {getattr(self, name)} is below 0")
        quicker = self.load_follows_for < self.warm_up_for
        require(
            quicker, f"load_follows_for {self.load_follows_for} is not below warm_up_for {self.warm_up_for}"
        )


class _Goods:
    """A batch of goods on its way to the load's temperature; ``flow`` is what it loses per ms, in its degrees."""

    __slots__ = ("flow", "heat", "share")

    def __init__(self, share: float, heat: float) -> None:
        self.share, self.heat, self.flow = share, heat, 0.0


class SimulatedUnit:
    """One unit's state: ``air``, ``wall`` and ``load`` in °C, and what can be done to it from outside.

    ``room`` (°C around it), ``door`` (0.0 shut to 1.0 wide open), ``powered`` (mains), ``supplied`` (liquid
    nitrogen) and ``setpoint`` may be set at any time between steps; what is controlled follows at its next
    look. ``setpoint`` moves the thermostat, not the power of what cools.

    ``phase`` (0 to 1) is where it is in its cycles at the start: how far the air has risen through its
    swing, how far the next defrost is away, how full a tank is above its filling level. The load starts at
    the setpoint, the wall half way to ``ambient``. ``began_at`` is the instant of the start.
    """

    __slots__ = (
        "_compressor",
        "_defroster",
        "_events",
        "_gas",
        "_heat",
        "_look_at",
        "_melting",
        "_network",
        "_now",
        "_own_heat",
        "_piece",
        "_pool",
        "air",
        "door",
        "goods",
        "load",
        "model",
        "powered",
        "room",
        "setpoint",
        "supplied",
        "wall",
    )

    def __init__(self, model: UnitModel, *, phase: float = 0.5, began_at: int = 0) -> None:
        self.model = model
        self.setpoint, self.room = model.setpoint, model.ambient
        self.door, self.powered, self.supplied = 0.0, True, True
        self._now = self._look_at = began_at
        self._network = network = Network(
            air_share=model.air_share,
            wall_share=model.wall_share,
            warm_up_for=model.warm_up_for,
            load_follows_for=model.load_follows_for,
            door_for=model.door_for,
        )
        self._own_heat = network.leak * model.warmth
        power = network.leak * (model.ambient + model.warmth - model.setpoint) / model.duty
        self._compressor = Compressor(
            power=power, slope=model.power_slope, rated_at=model.setpoint, rest_for=model.rest_for
        )
        self._defroster = self._gas = self._pool = None
        self.air = self.load = model.setpoint
        if model.liquid is None:
            self.air += model.swing * (phase - 0.5)
        else:
            self._fill_tank(model.liquid, phase)
        self.wall = (self.air + model.ambient) / 2
        if model.defrost is not None:
            due_at = began_at + round(model.defrost.every * phase)
            self._defroster = Defroster(model.defrost, power=power, due_at=due_at)
        if model.backup is not None:
            self._gas = Gas(model.backup, leak=network.leak, ambient=model.ambient, began_at=began_at)
        self._melting = melting(model.water, model.setpoint)
        self._piece = self._melting.piece(self.load)
        self.goods: list[_Goods] = []
        self._heat = 0.0
        self._events: deque[tuple[int, str]] = deque(maxlen=EVENTS_MAX)

    _defroster: Defroster | None
    _gas: Gas | None
    _pool: Pool | None

    def _fill_tank(self, liquid: Liquid, phase: float) -> None:
        """Starts a tank at rest, at a level between that of filling and full."""
        model, leak = self.model, self._network.leak
        level = liquid.fills_at + (1 - liquid.fills_at) * phase
        self._pool = Pool(
            liquid,
            leak=leak,
            ambient=model.ambient,
            full_at=model.setpoint,
            level=level,
            began_at=self._now,
        )
        self.air = self.load = self._pool.rests_at(leak, model.ambient)

    # --- what can be read ---

    @property
    def cooling(self) -> bool:
        """Whether the compressor runs, or the supply of liquid nitrogen is open."""
        return self._compressor.running if self._pool is None else self._pool.filling

    @property
    def level(self) -> float:
        """How much of the liquid nitrogen is left, 1.0 to 0.0; 1.0 where there is none."""
        return 1.0 if self._pool is None else self._pool.level

    @property
    def backup_left(self) -> float:
        """What is left in the bottle of the backup, 1.0 to 0.0; 0.0 without a backup."""
        return 0.0 if self._gas is None else self._gas.left

    @property
    def capacity(self) -> float:
        """Its cooling power as a part of what it was built for, now."""
        return self._compressor.capacity(self._now)

    def temperature(self, place: Place) -> float:
        """°C in the air, the load, the wall, or the room around it."""
        if place == "air":
            return self.air
        if place == "load":
            return self.load
        return self.wall if place == "wall" else self.room

    def heat(self) -> float:
        """All heat in it, in degrees of air and load together, counted from 0 °C (the load: the setpoint)."""
        network = self._network
        load = self._melting.heat(self.load) + sum(goods.share * goods.heat for goods in self.goods)
        return network.air_share * self.air + network.wall_share * self.wall + network.load_share * load

    def take_events(self) -> list[tuple[int, str]]:
        """What it would say of itself since the last call: instants and kinds of unit events."""
        events = list(self._events)
        self._events.clear()
        return events

    # --- what can be done to it ---

    def fail(self) -> None:
        """Its compressor is dead; a tank's supply valve stays shut."""
        self._compressor.fail()

    def fade(self, to: float, over: int) -> None:
        """Its capacity goes evenly from what it is to ``to`` (0 to 1), within ``over`` ms. Raises ValueError."""
        self._compressor.fade(self._now, to, over)

    def short_cycle(self, on_for: int, off_for: int) -> None:
        """Its compressor trips after ``on_for`` and doesn't start again for ``off_for`` ms. Raises ValueError."""
        self._compressor.short_cycle(on_for, off_for)

    def restore(self) -> None:
        """Its cooling is as it was built: ends what fail, fade and short_cycle began."""
        self._compressor.restore()

    def add_goods(self, share: float, celsius: float) -> None:
        """Puts in goods of ``celsius`` with a ``share`` (to 1) of the load's heat capacity.

        They cool as the load does, through the air. Once as cold they are load, and as much of it leaves the
        unit. Raises ValueError for another share.
        """
        require(0 < share <= 1, f"share {share} is not above 0 and at most 1")
        if len(self.goods) >= GOODS_MAX:
            self._mix(self.goods.pop(0))
        self.goods.append(_Goods(share, self._melting.heat(celsius)))

    def step(self, dt: int) -> None:
        """Lets ``dt`` ms pass."""
        until = self._now + dt
        while self._now < until:
            if self._now >= self._look_at:
                self._look_at += LOOK_EVERY
                self._heat = self._look()
            part = min(until, self._look_at) - self._now
            self._pass(part)
            self._now += part

    # --- how it works ---

    def _look(self) -> float:
        """Lets everything that is controlled decide; the heat that flows into the air per ms until the next."""
        now, air, heat = self._now, self.air, self._own_heat
        if self._pool is not None:
            may_fill = self.supplied and self.powered
            heat -= self._pool.look(now, air, may_fill=may_fill, capacity=self._compressor.capacity(now))
        else:
            defrosting = False
            if self._defroster is not None:
                was = self._defroster.on
                heat += self._defroster.look(now, air, powered=self.powered)
                defrosting = self._defroster.on
                self._say("defrost", was, defrosting)
            half = self.model.swing / 2
            heat -= self._compressor.look(
                now,
                air,
                starts_at=self.setpoint + half,
                stops_at=self.setpoint - half,
                may_run=self.powered and not defrosting,
            )
        if self._gas is not None:
            was = self._gas.on
            heat -= self._gas.look(now, air)
            self._say("backup_cooling", was, self._gas.on)
        return heat + self._from_goods() if self.goods else heat

    def _say(self, what: str, was: bool, now: bool) -> None:
        if was != now:
            self._events.append((self._now, f"{what}_started" if now else f"{what}_ended"))

    def _from_goods(self) -> float:
        """The heat that goods give to the air per ms until the next look; those as cold as the load join it."""
        total = 0.0
        for goods in list(self.goods):
            celsius = self._melting.celsius(goods.heat)
            if abs(celsius - self.load) < AS_COLD:
                self.goods.remove(goods)
                self._mix(goods)
                continue
            goods.flow = (celsius - self.air) / self.model.load_follows_for
            total += goods.share * goods.flow
        return total * self._network.load_share

    def _mix(self, goods: _Goods) -> None:
        """Goods become load; as much of the old load leaves the unit."""
        old = self._melting.heat(self.load)
        self.load = self._melting.celsius(old + goods.share * (goods.heat - old))

    def _pass(self, dt: int) -> None:
        """Lets ``dt`` ms pass with the controls as they are."""
        room, heat, before, piece = self.room, self._heat, self.load, self._piece
        if not piece.low <= before < piece.high:
            piece = self._piece = self._melting.piece(before)
        a0, w0, l0 = self.air - room, self.wall - room, before - room
        aa, aw, al, ah, wa, ww, wl, wh, la, lw, ll, lh = self._network.propagator(self.door, piece.factor, dt)
        self.air = room + aa * a0 + aw * w0 + al * l0 + ah * heat
        self.wall = room + wa * a0 + ww * w0 + wl * l0 + wh * heat
        load = room + la * a0 + lw * w0 + ll * l0 + lh * heat
        if not piece.low <= load < piece.high:
            # It got as much heat as this piece takes for that change; the next piece makes its own of it.
            load = self._melting.celsius(self._melting.heat(before) + piece.factor * (load - before))
        self.load = load
        for goods in self.goods:
            goods.heat -= goods.flow * dt
