"""The catalogue: what kinds of units there are, between nearly empty and full, and where the numbers are from.

What no source gives is assumed, and ``sources`` says so. Readings of makers and service firms are secondary
at best; nobody's product is modelled. ``docs/simulators.md`` has the table and how near the tests are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import exp, log
from random import Random
from types import MappingProxyType

from simulators.clock import DAY, HOUR, MINUTE, SECOND
from simulators.physics.cooling import Defrost, Liquid
from simulators.physics.unit import UnitModel
from simulators.require import require

USUALLY_FILLED = 0.6
BY_FACTORS = frozenset({"warm_up_for", "load_follows_for", "air_share", "wall_share"})
"""What goes between empty and full by equal factors, not by equal steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitKind:
    """One kind of unit: its two ends, its window, the habit of its doors, and the sources of it all.

    ``empty`` and ``full`` differ in numbers alone. ``window``: the usual limits of its products, °C.
    ``opened_per_day``: how often its door is opened on a working day; ``opened_for``: for how long, from and
    to, in ms. ``duty``, ``period``, ``setpoint``, ``tau``: the ranges in which individuals of :func:`vary`
    lie: share of time, ms, °C, and factors on the time constant of warming up. A tank has no duty or period.
    """

    empty: UnitModel
    full: UnitModel
    window: tuple[float, float]
    opened_per_day: float
    opened_for: tuple[int, int]
    setpoint: tuple[float, float]
    tau: tuple[float, float]
    sources: tuple[str, ...]
    duty: tuple[float, float] = (0.3, 0.6)
    period: tuple[int, int] = (15 * MINUTE, 40 * MINUTE)

    @property
    def model(self) -> UnitModel:
        """An ordinary one."""
        return self.filled(USUALLY_FILLED)

    def filled(self, share: float) -> UnitModel:
        """The unit filled to a ``share`` from 0 (nearly empty) to 1 (full). Raises ValueError for others."""
        require(0 <= share <= 1, f"share {share} is not between 0 and 1")
        between: dict[str, float] = {}
        for field in fields(UnitModel):
            low, high = getattr(self.empty, field.name), getattr(self.full, field.name)
            if low == high or not isinstance(low, int | float):
                continue
            if field.name in BY_FACTORS:
                value = low * (high / low) ** share
            else:
                value = low + (high - low) * share
            between[field.name] = round(value) if isinstance(low, int) else value
        return replace(self.full, **between)  # type: ignore[arg-type]


def vary(kind: UnitKind, random: Random) -> UnitModel:
    """A plausible individual: empty to full, slow to quick, within the kind's ranges. Same ``random``, same one.

    Its swing is chosen so that it cycles about as often as the kind does.
    """
    model = kind.filled(random.random())
    low, high = kind.tau
    model = replace(
        model,
        setpoint=round(random.uniform(*kind.setpoint), 1),
        warm_up_for=round(model.warm_up_for * exp(random.uniform(log(low), log(high)))),
        door_for=round(model.door_for * random.uniform(0.7, 1.4)),
    )
    duty, period = random.uniform(*kind.duty), random.uniform(*kind.period)
    if model.liquid is not None:
        return model
    model = replace(model, duty=duty)
    return replace(model, swing=round(swing_for(model, period), 2))


def swing_for(model: UnitModel, period: float) -> float:
    """The swing with which a model cycles about once in ``period`` ms, between 0.5 and 10 °C.

    The air drifts off, held back by a load that sits at the setpoint; a swing as wide as the load allows
    would never end, so the half of it stays within nine tenths of that.
    """
    held = (1 - model.air_share) / model.load_follows_for
    warming = (model.ambient + model.warmth - model.setpoint) / model.warm_up_for
    rises_to, falls_to = warming / held, warming * (1 / model.duty - 1) / held
    low, high = 0.25, min(5.0, 0.9 * rises_to, 0.9 * falls_to)
    for _ in range(40):
        half = (low + high) / 2
        ups = (rises_to + half) / (rises_to - half) * (falls_to + half) / (falls_to - half)
        low, high = (low, half) if log(ups) * model.air_share / held > period else (half, high)
    return low + high


_ULT = UnitModel(
    setpoint=-80.0,
    swing=3.0,
    warm_up_for=24 * HOUR,
    load_follows_for=120 * MINUTE,
    air_share=0.12,
    duty=0.6,
    door_for=3 * MINUTE,
    wall_share=0.1,
    water=0.6,
    power_slope=0.01,
    rest_for=3 * MINUTE,
)
_ULT_EMPTY = replace(
    _ULT,
    warm_up_for=12 * HOUR,
    load_follows_for=40 * MINUTE,
    air_share=0.3,
    wall_share=0.3,
    water=0.3,
)
_ULT_SOURCES = (
    "time constants of warming up, 12 h nearly empty to 24 h full: assumed; no maker's table could be had, but one "
    "says that models differ up to about three times in the time to −60 °C",
    "duty 31 to 88 %: a seller's guide to the maintenance of ultra-low freezers",
    "a cycle of 10 to 40 min, swing ±1 to ±5 °C: assumed",
    "10 min (a maker's manual) to 60 min (a service firm, second hand) to recover from an opened door",
    "water in the load, wall, power by temperature, rest of the compressor, habit of the door: assumed",
)
_FREEZER = UnitModel(
    setpoint=-20.0,
    swing=4.0,
    warm_up_for=36 * HOUR,
    load_follows_for=90 * MINUTE,
    air_share=0.1,
    duty=0.4,
    door_for=2 * MINUTE,
    wall_share=0.08,
    water=0.7,
    rest_for=3 * MINUTE,
)
_FREEZER_EMPTY = replace(
    _FREEZER,
    swing=6.0,
    warm_up_for=round(4.9 * HOUR),
    load_follows_for=20 * MINUTE,
    air_share=0.45,
    wall_share=0.4,
    water=0.0,
)
_FREEZER_SOURCES = (
    "warming up: a household freezer measured by its owner, empty from −20 to 0 °C in 3.5 h (τ about 4.9 h), loaded "
    "2.6 % of the difference per hour (τ 30 to 38 h); one or two starts an hour, duty 40 %",
    "water in the load, wall, rest of the compressor, door and its habit: assumed",
)

_FRIDGE = UnitModel(
    setpoint=5.0,
    swing=2.0,
    warm_up_for=12 * HOUR,
    load_follows_for=90 * MINUTE,
    air_share=0.1,
    duty=0.4,
    door_for=2 * MINUTE,
    wall_share=0.1,
    water=0.9,
    rest_for=3 * MINUTE,
)
_FRIDGE_EMPTY = replace(
    _FRIDGE,
    warm_up_for=4 * HOUR,
    load_follows_for=30 * MINUTE,
    air_share=0.35,
    wall_share=0.3,
    water=0.5,
)
_TANK = UnitModel(
    setpoint=-183.0,
    swing=2.0,
    warm_up_for=34 * DAY,
    load_follows_for=6 * HOUR,
    air_share=0.2,
    duty=0.1,
    door_for=2 * HOUR,
    wall_share=0.05,
    liquid=Liquid(lasts_for=3 * DAY),
)
_TANK_EMPTY = replace(_TANK, warm_up_for=24 * DAY, load_follows_for=4 * HOUR, air_share=0.3, wall_share=0.1)
_ROOM = UnitModel(
    setpoint=21.0,
    swing=1.6,
    warm_up_for=10 * HOUR,
    load_follows_for=150 * MINUTE,
    air_share=0.08,
    duty=0.45,
    door_for=20 * MINUTE,
    wall_share=0.2,
    warmth=6.0,
)
_ROOM_EMPTY = replace(
    _ROOM,
    warm_up_for=4 * HOUR,
    load_follows_for=60 * MINUTE,
    air_share=0.2,
    wall_share=0.3,
)
_DEFROST = Defrost(every=8 * HOUR, lasts_for=20 * MINUTE, heats=0.9)

KINDS: Mapping[str, UnitKind] = MappingProxyType(
    {
        "ult-upright": UnitKind(
            empty=_ULT_EMPTY,
            full=_ULT,
            window=(-90.0, -60.0),
            opened_per_day=6.0,
            opened_for=(15 * SECOND, 60 * SECOND),
            duty=(0.33, 0.85),
            period=(12 * MINUTE, 30 * MINUTE),
            setpoint=(-82.0, -76.0),
            tau=(0.85, 1.15),
            sources=_ULT_SOURCES,
        ),
        "ult-chest": UnitKind(
            empty=replace(_ULT_EMPTY, door_for=10 * MINUTE, warm_up_for=14 * HOUR, duty=0.5),
            full=replace(_ULT, door_for=10 * MINUTE, warm_up_for=28 * HOUR, duty=0.5),
            window=(-90.0, -60.0),
            opened_per_day=4.0,
            opened_for=(15 * SECOND, 90 * SECOND),
            duty=(0.33, 0.75),
            period=(12 * MINUTE, 30 * MINUTE),
            setpoint=(-82.0, -76.0),
            tau=(0.85, 1.15),
            sources=(*_ULT_SOURCES, "a chest keeps its cold air when opened, and warms more slowly: assumed"),
        ),
        "freezer-20": UnitKind(
            empty=replace(_FREEZER_EMPTY, swing=3.0, defrost=_DEFROST),
            full=replace(_FREEZER, swing=3.0, defrost=_DEFROST),
            window=(-25.0, -15.0),
            opened_per_day=6.0,
            opened_for=(10 * SECOND, 40 * SECOND),
            period=(20 * MINUTE, 40 * MINUTE),
            setpoint=(-21.0, -19.0),
            tau=(0.9, 1.1),
            sources=(
                *_FREEZER_SOURCES,
                "defrosting two or three times a day: a seller of laboratory freezers; it swings the temperature by "
                "±15 °C empty and ±3 to ±6 °C full: another; 20 min of it: assumed",
            ),
        ),
        "freezer-20-manual": UnitKind(
            empty=_FREEZER_EMPTY,
            full=_FREEZER,
            window=(-25.0, -15.0),
            opened_per_day=4.0,
            opened_for=(10 * SECOND, 40 * SECOND),
            period=(30 * MINUTE, 50 * MINUTE),
            setpoint=(-22.0, -19.0),
            tau=(0.9, 1.1),
            sources=_FREEZER_SOURCES,
        ),
        "fridge-2-8": UnitKind(
            empty=_FRIDGE_EMPTY,
            full=_FRIDGE,
            window=(2.0, 8.0),
            opened_per_day=12.0,
            opened_for=(10 * SECOND, 45 * SECOND),
            period=(12 * MINUTE, 30 * MINUTE),
            setpoint=(4.5, 5.5),
            tau=(0.8, 1.25),
            sources=("everything: assumed",),
        ),
        "ln2-vapour": UnitKind(
            empty=_TANK_EMPTY,
            full=_TANK,
            window=(-273.15, -150.0),
            opened_per_day=2.0,
            opened_for=(60 * SECOND, 180 * SECOND),
            setpoint=(-184.0, -182.0),
            tau=(1.0, 1.15),
            sources=(
                "about −180 °C in ordinary use, from −170 to −150 °C in 3 to 5 days with the lid shut: a newspaper on "
                "cord blood banks",
                "stock lost in an outage of 5 days, where 4 were tolerable: the press on a Swedish institute in 2023",
                "how level, contact with the vapour, loss and lid hang together: assumed",
            ),
        ),
        "room-crt": UnitKind(
            empty=_ROOM_EMPTY,
            full=_ROOM,
            window=(15.0, 25.0),
            opened_per_day=10.0,
            opened_for=(10 * SECOND, 60 * SECOND),
            setpoint=(20.0, 22.0),
            tau=(0.8, 1.25),
            sources=("everything: assumed",),
        ),
    }
)
"""The kinds by name."""
