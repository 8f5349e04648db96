"""Random laboratories for scoring who watches them: units of every kind, their daily life, and, if wanted, failures.

A unit's life is calm for a day and a half, then something fails, is repaired, and after a calm time something else
fails, each failure of another kind where its unit knows enough of them. Everything follows from the seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

from simulators.clock import DAY, HOUR, MINUTE, SECOND
from simulators.fleet import Fleet, FleetGateway, FleetUnit
from simulators.happening import KINDS, Happening
from simulators.happening import HappeningKind as Kind
from simulators.network.gateway import GatewayModel
from simulators.physics.kinds import KINDS as UNIT_KINDS
from simulators.physics.kinds import vary
from simulators.physics.room import RoomModel
from simulators.physics.unit import UnitModel
from simulators.scenario.routine import doors, goods
from simulators.sensing.probe import BARE, BUFFERED, ProbeModel

MIX = (
    *["ult-upright"] * 8,
    *["ult-chest"] * 3,
    *["freezer-20"] * 2,
    *["freezer-20-manual"] * 2,
    *["fridge-2-8"] * 4,
    "ln2-vapour",
    "room-crt",
)
"""What kinds of units a laboratory has, as parts of the whole. Assumed."""
CALM_FIRST = (36 * HOUR, 60 * HOUR)
CALM_BETWEEN = (30 * HOUR, 80 * HOUR)
"""How long nothing fails: at first, and after a repair."""


class Befall(NamedTuple):
    """A failure of a unit's life: how it begins, and how long until somebody has repaired it (ms, from and to)."""

    kind: Kind
    lasts: tuple[int, int]
    fields: dict[str, Any]


class DrawnUnit(NamedTuple):
    """A unit of a drawn laboratory with the name of its kind, which says who watches it and how."""

    unit: FleetUnit
    kind: str


class Drawn(NamedTuple):
    """A drawn laboratory: its fleet, and the kinds of its units."""

    fleet: Fleet
    kinds: dict[str, str]


def draw(
    *, seed: int, units: int, start_at: int, length: int, failing: bool = True, site: str = "lab1"
) -> Drawn:
    """A laboratory of so many units that lives for ``length`` ms. ``failing``: whether things fail in it.

    Same arguments, same laboratory, and the same bytes from it.
    """
    drawn = [_unit(Random(f"{seed}/{number}/unit"), number) for number in range(1, units + 1)]
    # Unit for unit the kinds of failures take turns, so that a small laboratory has seen most of them.
    turn = Random(f"{seed}/turns").randrange(1_000)
    happenings: list[Happening] = []
    for number, unit in enumerate(drawn, start=1):
        end_at = start_at + length
        life = list(_life(Random(f"{seed}/{number}/life"), unit, start_at, end_at))
        failures: list[Happening] = []
        if failing:
            failures = list(
                _failures(Random(f"{seed}/{number}/failures"), unit, start_at, end_at, turn + number)
            )
        happenings += failures + _apart(life, failures)
    fleet = Fleet(
        site=site,
        units=tuple(each.unit for each in drawn),
        start_at=start_at,
        seed=seed,
        happenings=tuple(sorted(happenings, key=lambda happening: happening.at)),
        rooms={each.unit.room: _room(Random(f"{seed}/{each.unit.room}/room")) for each in drawn},
        gateways=tuple(_gateway(Random(f"{seed}/{each.unit.name}/gateway"), each.unit) for each in drawn),
    )
    return Drawn(fleet, {each.unit.name: each.kind for each in drawn})


# --- what there is ---


def _unit(random: Random, number: int) -> DrawnUnit:
    name = random.choice(MIX)
    model = vary(UNIT_KINDS[name], random)
    probes = {"product": _buffered(random)}
    if random.random() < 0.6:
        probes["air"] = _bare(random)
    # A store for dry product is a room of its own; the others share one by tens.
    room = f"room{number}" if name == "room-crt" else f"hall{number // 10}"
    return DrawnUnit(FleetUnit(name=f"U{number:03d}", model=model, probes=probes, room=room), name)


def _buffered(random: Random) -> ProbeModel:
    return replace(
        BUFFERED,
        lag_for=round(random.uniform(2, 20) * MINUTE),
        noise=round(random.uniform(0.01, 0.06), 3),
        resolution=random.choice((0.01, 0.0625, 0.1)),
        battery_percent=round(random.uniform(60, 100)),
    )


def _bare(random: Random) -> ProbeModel:
    return replace(
        BARE,
        lag_for=round(random.uniform(20, 180) * SECOND),
        noise=round(random.uniform(0.02, 0.12), 3),
        resolution=random.choice((0.01, 0.0625, 0.1)),
    )


def _room(random: Random) -> RoomModel:
    return RoomModel(
        mean=round(random.uniform(19.5, 23.0), 1),
        swing=round(random.uniform(0.5, 4.0), 1),
        warmest_at=round(random.uniform(12, 17) * HOUR),
    )


def _gateway(random: Random, unit: FleetUnit) -> FleetGateway:
    model = GatewayModel(delay=random.choice((0, 500, 3_000)), resent=random.randrange(30))
    return FleetGateway(
        name=unit.name, probes=tuple(f"{unit.name}/{probe}" for probe in unit.probes), model=model
    )


# --- ordinary life ---


def _life(random: Random, drawn: DrawnUnit, start_at: int, end_at: int) -> Iterator[Happening]:
    """Doors, goods, and a network as networks are: what must wake no one."""
    kind, name = UNIT_KINDS[drawn.kind], drawn.unit.name
    told = random.random() < 0.5
    busy = kind.opened_per_day * random.uniform(0.3, 2.0)
    yield from doors(
        name, random, start_at=start_at, end_at=end_at, per_day=busy, open_for=kind.opened_for, told=told
    )
    if drawn.kind not in ("ln2-vapour", "room-crt"):
        often = random.uniform(0, 0.4)
        yield from goods(
            name, random, start_at=start_at, end_at=end_at, per_day=often, share=(0.02, 0.15), told=told
        )
    flaps = random.uniform(0, 0.6)
    at = start_at + round(random.expovariate(max(flaps, 0.05)) * DAY)
    while at < end_at:
        yield Happening(at=at, kind=Kind.GATEWAY_LOST, target=name)
        back_at = at + random.randrange(MINUTE, 11 * MINUTE)
        yield Happening(at=back_at, kind=Kind.GATEWAY_RESTORED, target=name)
        if random.random() < 0.3:
            yield Happening(at=back_at + SECOND, kind=Kind.GATEWAY_RECONNECTED, target=name)
        at = back_at + HOUR + round(random.expovariate(max(flaps, 0.05)) * DAY)


# --- failures ---


def _failures(random: Random, drawn: DrawnUnit, start_at: int, end_at: int, turn: int) -> Iterator[Happening]:
    befalls = befalling(drawn, random)
    at = start_at + random.randrange(*CALM_FIRST)
    while True:
        befall = befalls[turn % len(befalls)]
        turn += 7  # no divisor of the usual numbers of kinds: all of them come
        lasts = random.randrange(befall.lasts[0], befall.lasts[1] + 1)
        if at + lasts > end_at - 2 * HOUR:
            return
        happening = Happening(at=at, kind=befall.kind, target=_target(befall.kind, drawn), **befall.fields)
        yield happening
        yield happening.ending(at + lasts)
        at += lasts + random.randrange(*CALM_BETWEEN)


def _apart(life: Sequence[Happening], failures: Sequence[Happening]) -> list[Happening]:
    """A unit's ordinary life without what would end a failure of it: a door that stands open by mistake is passed by
    and not opened and shut, a gateway that is lost doesn't come back for a moment."""
    keeps = {Kind.DOOR_OPENED, Kind.GATEWAY_LOST}
    spans = [(begin.at, end.at, begin.kind) for begin, end in pairwise(failures) if begin.kind in keeps]

    def is_apart(happening: Happening) -> bool:
        network = KINDS[happening.kind].target == "gateway"
        return not any(
            start - HOUR <= happening.at <= end + HOUR and network == (kind is Kind.GATEWAY_LOST)
            for start, end, kind in spans
        )

    return [happening for happening in life if is_apart(happening)]


def _target(kind: Kind, drawn: DrawnUnit) -> str:
    match KINDS[kind].target:
        case "probe":
            return f"{drawn.unit.name}/product"
        case "room":
            return drawn.unit.room
        case _:
            return drawn.unit.name


def befalling(drawn: DrawnUnit, random: Random) -> list[Befall]:
    """What can befall a unit, with figures drawn for it: every kind of failure that its kind knows.

    Only what would harm product or blind who watches: a compressor that still copes is no failure.
    """
    probes = _of_probes(random, drawn)
    gateway = Befall(Kind.GATEWAY_LOST, (HOUR, 6 * HOUR), {})
    if drawn.kind == "ln2-vapour":
        return [Befall(Kind.SUPPLY_LOST, (6 * DAY, 7 * DAY), {}), *probes, gateway]
    if drawn.kind == "room-crt":
        warm = {"to": round(random.uniform(30, 36), 1), "over": round(random.uniform(1, 3) * HOUR)}
        return [Befall(Kind.ROOM_COOLING_LOST, (8 * HOUR, 16 * HOUR), warm), *probes, gateway]
    return [*_of_cooling(random, drawn.unit.model), *probes, gateway]


def _of_cooling(random: Random, model: UnitModel) -> list[Befall]:
    # Warming through the window takes hours in a freezer that is full: until then nobody is late.
    long = (8 * HOUR, 14 * HOUR)
    weak = round(model.duty * random.uniform(0.1, 0.6), 3)  # below its duty it can't hold the setpoint
    on_for = random.randrange(2 * MINUTE, 4 * MINUTE)
    off_for = round(on_for / (model.duty * random.uniform(0.2, 0.5)))
    warmer = 12.0 if model.setpoint < -60 else 7.0
    changed = round(model.setpoint + warmer * random.uniform(1.6, 2.2), 1)
    # Told by a contact or not: half of the units have one.
    told = random.random() < 0.5
    return [
        Befall(Kind.COMPRESSOR_FAILED, long, {}),
        Befall(Kind.POWER_LOST, long, {"told": told}),
        Befall(
            Kind.COMPRESSOR_FADING,
            (40 * HOUR, 60 * HOUR),
            {"to": weak, "over": random.randrange(12 * HOUR, 30 * HOUR)},
        ),
        Befall(Kind.DOOR_OPENED, (2 * HOUR, 5 * HOUR), _ajar(random)),
        Befall(Kind.COMPRESSOR_SHORT_CYCLING, (14 * HOUR, 24 * HOUR), {"on_for": on_for, "off_for": off_for}),
        Befall(
            Kind.REFRIGERANT_LEAKING,
            (8 * DAY, 9 * DAY),
            {"to": weak, "over": random.randrange(6 * DAY, 8 * DAY)},
        ),
        Befall(Kind.SETPOINT_CHANGED, (20 * HOUR, 30 * HOUR), {"to": changed}),
    ]


def _ajar(random: Random) -> dict[str, Any]:
    return {"share": round(random.uniform(0.1, 0.4), 2), "ajar": True, "told": random.random() < 0.5}


def _of_probes(random: Random, drawn: DrawnUnit) -> list[Befall]:
    fault = random.choice(("open_circuit", "short_circuit", "out_of_range", "read_error"))
    code = random.choice((988.79, -246.86, 327.67, 999.0))
    hours = (HOUR, 8 * HOUR)
    befalls = [
        Befall(Kind.PROBE_FAULT, hours, {"fault": fault}),
        Befall(Kind.PROBE_SILENT, hours, {}),
        Befall(Kind.PROBE_STUCK, (10 * HOUR, 20 * HOUR), {}),
        Befall(Kind.PROBE_CODE, hours, {"celsius": code}),
        Befall(Kind.PROBE_INTERMITTENT, hours, {"share": round(random.uniform(0.3, 0.7), 2)}),
    ]
    if drawn.kind != "room-crt":
        befalls.append(Befall(Kind.PROBE_FELL_OUT, (3 * HOUR, 8 * HOUR), {}))
    return befalls
