"""A fleet: units with probes and gateways, lots in them, what is going to happen, and the messages that come of it.

A :class:`Fleet` is a description and never changes. A :class:`~simulators.course.Course` works out what comes of it,
from the beginning each time, the same each time: tests and recordings need no broker. Only what the description says
decides; each unit, probe and gateway has randomness of its own, so that adding one leaves the others' values as they
were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from monitor.wire.v1 import DEFAULT_ROOT, NAME, Channel, LotEvent
from simulators.clock import MINUTE
from simulators.effects import happen_to_gateway, happen_to_probe, happen_to_room, happen_to_unit
from simulators.happening import KINDS, FleetFailure, Happening, failures
from simulators.network.gateway import Gateway, GatewayModel
from simulators.physics.room import Room, RoomModel
from simulators.physics.unit import SimulatedUnit, UnitModel
from simulators.require import require
from simulators.sensing.probe import ProbeModel, SimulatedProbe

ROOM = "room"
"""The room of units of which none is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetUnit:
    """One unit of a fleet: its name, what kind it is, its probes by name, and the room that it stands in."""

    name: str
    model: UnitModel
    probes: Mapping[str, ProbeModel]
    room: str = ROOM


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetGateway:
    """A gateway by name, and the probes (``unit/probe``) whose readings it passes on."""

    name: str
    probes: tuple[str, ...]
    model: GatewayModel = field(default_factory=GatewayModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Units of one site from ``start_at`` on, and what happens to them. Instants and durations in ms.

    Each probe is read every ``read_every``, at a second of its own. ``history`` is how long before ``start_at`` the
    units were already there: the readings and events of that time come at ``start_at`` as a buffered upload.
    ``lots`` are the events of lots, sent as they occur. ``root`` is that of the topics. Without ``gateways`` that name
    its probes, a unit has one of its own, named as the unit; a probe named by two is reported by both.

    Raises ValueError for names that the wire format doesn't take, for two of one name, for a unit without probes, and
    for a happening whose target isn't there, that can't befall it, or that lies before the history.
    """

    site: str
    units: tuple[FleetUnit, ...]
    start_at: int
    seed: int
    happenings: tuple[Happening, ...] = ()
    lots: tuple[LotEvent, ...] = ()
    rooms: Mapping[str, RoomModel] = field(default_factory=dict)
    gateways: tuple[FleetGateway, ...] = ()
    history: int = 0
    read_every: int = MINUTE
    root: str = DEFAULT_ROOT

    def __post_init__(self) -> None:
        require(self.history >= 0, f"history {self.history} is below 0")
        require(self.read_every > 0, f"read_every {self.read_every} is not above 0")
        names = [self.site, *(name for unit in self.units for name in (unit.name, *unit.probes))]
        for name in (*names, *(gateway.name for gateway in self.gateways)):
            proper = NAME.fullmatch(name) is not None
            require(proper, f"{name!r} is not a name (A-Z a-z 0-9 . _ -, 1 to 64 characters)")
        units = {unit.name for unit in self.units}
        require(len(units) == len(self.units), "two units have one name")
        require("lot" not in units, "'lot' is not a unit's name")
        for unit in self.units:
            require(len(unit.probes) > 0, f"unit {unit.name} has no probe")
        rooms = {unit.room for unit in self.units}
        for room in self.rooms:
            require(
                room in rooms, f"there is no unit in room {room!r}; they are in {', '.join(sorted(rooms))}"
            )
        self._check_gateways()
        self._check_happenings()

    def _check_gateways(self) -> None:
        names = [gateway.name for gateway in self.all_gateways()]
        twice = next((name for name in names if names.count(name) > 1), None)
        require(twice is None, f"two gateways have one name, {twice!r}; a unit's own is named as the unit")
        probes = {f"{unit.name}/{probe}" for unit in self.units for probe in unit.probes}
        for gateway in self.gateways:
            require(len(gateway.probes) > 0, f"gateway {gateway.name} has no probes")
            for probe in gateway.probes:
                require(probe in probes, f"gateway {gateway.name} names {probe!r}, which is no probe")
                require(gateway.probes.count(probe) == 1, f"gateway {gateway.name} names {probe!r} twice")

    def _check_happenings(self) -> None:
        rehearsal = _Rehearsal(self)
        for each in sorted(self.happenings, key=lambda happening: happening.at):
            target = KINDS[each.kind].target
            begins = self.start_at if target == "gateway" else self.began_at
            require(each.at >= begins, f"{each.kind} of {each.target} happens before the beginning")
            rehearsal.take(each)

    @property
    def began_at(self) -> int:
        """The instant at which the history begins; ``start_at`` without one."""
        return self.start_at - self.history

    def channels(self) -> tuple[Channel, ...]:
        """Every channel, in the order of the units."""
        return tuple(Channel(self.site, unit.name, probe) for unit in self.units for probe in unit.probes)

    def all_gateways(self) -> tuple[FleetGateway, ...]:
        """The gateways that are told, and those of the units that have probes which none of them names."""
        named = {probe for gateway in self.gateways for probe in gateway.probes}
        own = [
            FleetGateway(name=unit.name, probes=left)
            for unit in self.units
            if (left := tuple(f"{unit.name}/{p}" for p in unit.probes if f"{unit.name}/{p}" not in named))
        ]
        return (*self.gateways, *own)

    def failures(self) -> list[FleetFailure]:
        """What fails when, in the order of the beginning."""
        return failures(self.happenings)


class _Rehearsal:
    """Every happening tried on a target of its own, so that what can't be is told before anything runs."""

    def __init__(self, fleet: Fleet) -> None:
        at, nobody = fleet.began_at, Random(0)
        self._units = {unit.name: SimulatedUnit(unit.model, began_at=at) for unit in fleet.units}
        self._probes = {
            f"{unit.name}/{name}": SimulatedProbe(model, celsius=0.0, began_at=at, random=nobody)
            for unit in fleet.units
            for name, model in unit.probes.items()
        }
        self._gateways = {
            gateway.name: Gateway(gateway.name, gateway.model, (), fleet.root, nobody)
            for gateway in fleet.all_gateways()
        }
        self._rooms = {unit.room: Room(fleet.rooms.get(unit.room, RoomModel())) for unit in fleet.units}

    def take(self, each: Happening) -> None:
        """Raises ValueError, in words, if it can't happen."""
        try:
            match KINDS[each.kind].target:
                case "unit":
                    happen_to_unit(each, self._units[each.target])
                case "probe":
                    happen_to_probe(each, self._probes[each.target])
                case "gateway":
                    happen_to_gateway(each, self._gateways[each.target])
                case "room":
                    happen_to_room(each, self._rooms[each.target])
        except KeyError:
            target = KINDS[each.kind].target
            nowhere = f"{each.kind} happens to {each.target!r}, which is no {target} of the fleet"
            raise ValueError(nowhere) from None
        except ValueError as error:
            mistake = f"{each.kind} of {each.target}: {error}"
            raise ValueError(mistake) from error
