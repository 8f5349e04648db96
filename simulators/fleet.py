"""A fleet: units with probes and gateways, lots in them, what is going to happen, and the messages that come of it.

A :class:`Fleet` is a description and never changes. :meth:`Fleet.course` works out what comes of it, from the beginning
each time, the same each time: tests and recordings need no broker. Only what the description says decides; each unit,
probe and gateway has randomness of its own, so that adding one leaves the others' values as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile

from monitor.wire.v1 import DEFAULT_ROOT, NAME, Channel, LotEvent
from simulators.clock import MINUTE
from simulators.course import Course
from simulators.happening import KINDS, Failure, Happening, failures
from simulators.network.gateway import GatewayModel, Message
from simulators.physics.room import RoomModel
from simulators.physics.unit import UnitModel
from simulators.require import require
from simulators.sensing.probe import ProbeModel

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

    Raises ValueError for names that the wire format doesn't take, for two of one name, and for a happening whose
    target isn't there or that lies before the history.
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
        require(len({g.name for g in self.gateways}) == len(self.gateways), "two gateways have one name")
        require("lot" not in units, "'lot' is not a unit's name")
        for gateway in self.gateways:
            for probe in gateway.probes:
                require(probe in self._probes(), f"gateway {gateway.name} names {probe!r}, which is no probe")
        for each in self.happenings:
            self._check(each)

    def _check(self, each: Happening) -> None:
        targets = {
            "unit": {unit.name for unit in self.units},
            "probe": self._probes(),
            "gateway": {gateway.name for gateway in self.all_gateways()},
            "room": {unit.room for unit in self.units},
        }
        kind = KINDS[each.kind]
        there = each.target in targets[kind.target]
        require(there, f"{each.kind} happens to {each.target!r}, which is no {kind.target} of the fleet")
        begins = self.start_at if kind.target == "gateway" else self.began_at
        require(each.at >= begins, f"{each.kind} of {each.target} happens before the beginning")

    def _probes(self) -> set[str]:
        return {f"{unit.name}/{probe}" for unit in self.units for probe in unit.probes}

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
        taken = {gateway.name for gateway in self.gateways}
        return (*self.gateways, *(gateway for gateway in own if gateway.name not in taken))

    def failures(self) -> list[Failure]:
        """What fails when, in the order of the beginning."""
        return failures(self.happenings)

    def course(self) -> Course:
        """The fleet's course from its beginning, to be followed once."""
        return Course(self)

    def messages(self, until: int | None = None) -> Iterator[Message]:
        """Every message through ``until`` in the order of time; without ``until`` it never ends."""
        everything = self.course().messages()
        return everything if until is None else takewhile(lambda message: message.at <= until, everything)
