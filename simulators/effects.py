"""What each happening does to what it befalls: the one place where a scenario's words become physics."""

from __future__ import annotations

from simulators.clock import HOUR
from simulators.happening import KINDS, Happening
from simulators.happening import HappeningKind as Kind
from simulators.network.gateway import Gateway
from simulators.physics.room import Room
from simulators.physics.unit import SimulatedUnit
from simulators.sensing.probe import SimulatedProbe

GOODS_CELSIUS = 22.0
"""Goods come at room temperature unless told otherwise."""
ROOM_WARMS_TO, ROOM_WARMS_FOR = 35.0, 2 * HOUR


def _must_be(target: str, happening: Happening) -> None:
    actual = KINDS[happening.kind].target
    if actual != target:
        mistake = f"{happening.kind} happens to a {actual}, not to a {target}"
        raise ValueError(mistake)


def happen_to_unit(happening: Happening, unit: SimulatedUnit) -> None:
    """Changes a unit's state as the happening says; raises ValueError for one of something else."""
    _must_be("unit", happening)
    match happening.kind:
        case Kind.DOOR_OPENED:
            unit.door = 1.0 if happening.share is None else happening.share
        case Kind.DOOR_CLOSED:
            unit.door = 0.0
        case Kind.GOODS_LOADED:
            celsius = GOODS_CELSIUS if happening.celsius is None else happening.celsius
            unit.add_goods(happening.share or 0.0, celsius)
        case Kind.COMPRESSOR_FAILED:
            unit.fail()
        case Kind.COMPRESSOR_FADING | Kind.REFRIGERANT_LEAKING:
            unit.fade(happening.to or 0.0, happening.over or 0)
        case Kind.COMPRESSOR_SHORT_CYCLING:
            unit.short_cycle(happening.on_for or 0, happening.off_for or 0)
        case Kind.COMPRESSOR_RESTORED:
            unit.restore()
        case Kind.POWER_LOST | Kind.POWER_RESTORED:
            unit.powered = happening.kind is Kind.POWER_RESTORED
        case Kind.SUPPLY_LOST | Kind.SUPPLY_RESTORED:
            unit.supplied = happening.kind is Kind.SUPPLY_RESTORED
        case Kind.SETPOINT_CHANGED:
            unit.setpoint = unit.model.setpoint if happening.to is None else happening.to
        case Kind.SETPOINT_RESTORED:
            unit.setpoint = unit.model.setpoint


def happen_to_probe(happening: Happening, probe: SimulatedProbe) -> None:
    """Changes a probe's state as the happening says; raises ValueError for one of something else."""
    _must_be("probe", happening)
    at = happening.at
    match happening.kind:
        case Kind.PROBE_FAULT:
            probe.fault = happening.fault
        case Kind.PROBE_CODE:
            probe.code = happening.celsius
        case Kind.PROBE_STUCK:
            probe.stuck = True
        case Kind.PROBE_INTERMITTENT:
            probe.intermittent = happening.share or 0.0
        case Kind.PROBE_LOSING:
            probe.losing = happening.share or 0.0
        case Kind.PROBE_MISREAD:
            probe.scale = happening.scale or "celsius"
        case Kind.PROBE_OFFSET:
            probe.offset = happening.celsius or 0.0
        case Kind.PROBE_DRIFTING:
            probe.drift(happening.celsius or 0.0, at)
        case Kind.PROBE_FELL_OUT:
            probe.place = happening.place or "room"
        case Kind.PROBE_SILENT:
            probe.silent = True
        case Kind.PROBE_RESTORED:
            probe.restore()
        case Kind.BATTERY_LOW:
            probe.set_battery(happening.percent or 0.0, at)
        case Kind.BATTERY_CHANGED:
            probe.set_battery(100.0, at)
        case Kind.CLOCK_SKEWED:
            probe.clock.skew(happening.by or 0)
        case Kind.CLOCK_RESET:
            probe.clock.reset(at)
        case Kind.CLOCK_SET:
            probe.clock.set_right()


def happen_to_gateway(happening: Happening, gateway: Gateway) -> None:
    """Changes a gateway's state as the happening says; raises ValueError for one of something else."""
    _must_be("gateway", happening)
    match happening.kind:
        case Kind.GATEWAY_LOST:
            gateway.lose(happening.at)
        case Kind.GATEWAY_DUPLICATING:
            gateway.duplicating = happening.share or 0.0
        case Kind.GATEWAY_REORDERING:
            gateway.reordering = happening.by or 0
        case Kind.GATEWAY_LAGGING:
            gateway.lagging = happening.by or 0
        case Kind.GATEWAY_RECONNECTED:
            gateway.reconnect(happening.at)
        case Kind.GATEWAY_REPLAYED:
            gateway.replay_retained(happening.at)
        case Kind.GATEWAY_RETAINING:
            gateway.retaining = True
        case Kind.GATEWAY_GARBLING:
            gateway.garbling = happening.share or 0.0
            gateway.garble_how = happening.how or "mixed"
        case Kind.GATEWAY_RESTORED:
            gateway.restore(happening.at)


def happen_to_room(happening: Happening, room: Room) -> None:
    """Changes a room's state as the happening says; raises ValueError for one of something else."""
    _must_be("room", happening)
    match happening.kind:
        case Kind.ROOM_COOLING_LOST:
            to = ROOM_WARMS_TO if happening.to is None else happening.to
            follows_for = ROOM_WARMS_FOR if happening.over is None else happening.over
            room.lose_cooling(happening.at, to=to, follows_for=follows_for)
        case Kind.ROOM_COOLING_RESTORED:
            room.restore_cooling(happening.at)
