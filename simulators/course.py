"""The course of a fleet: units, probes and gateways moved on in the order of time, and the messages they send.

Everything is worked out lazily: who follows the messages drives the physics.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count, repeat, takewhile
from math import nan
from operator import itemgetter
from random import Random
from typing import NamedTuple

from monitor.wire.v1 import (
    ITEMS_MAX,
    Channel,
    Reading,
    UnitEvent,
    UnitEventKind,
    encode_lot_event,
    encode_readings,
    encode_unit_event,
    lot_event_topic,
    reading_topic,
    unit_event_topic,
)
from simulators.clock import MINUTE, SECOND
from simulators.effects import happen_to_gateway, happen_to_probe, happen_to_room, happen_to_unit
from simulators.fleet import Fleet, FleetUnit
from simulators.happening import KINDS, TOLD_BY_UNIT, Happening
from simulators.network.gateway import Gateway, GatewayMessage
from simulators.physics.room import Room, RoomModel
from simulators.physics.unit import SimulatedUnit
from simulators.sensing.probe import ProbeModel, SimulatedProbe
from simulators.truth import FleetTruth, Trace

LOTS_AFTER = 3 * MINUTE
"""Events of lots come so long after the start, where there are buffered readings: gateways empty their buffers first,
and a lot of yesterday is then known from its beginning."""
STEP = 10 * SECOND
"""How far units and their probes are moved on at once."""


class _Sent(NamedTuple):
    """Something that a unit hands to a gateway: a reading of a channel, or (``reading`` None) an event's message, which
    takes the way of that channel."""

    at: int
    channel: Channel
    reading: Reading | None
    topic: str = ""
    payload: bytes = b""


_Due = tuple[int, object]


class Course:
    """A fleet on its way. ``truth`` fills as :meth:`messages` is followed."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.truth = FleetTruth()
        self._rooms = {unit.room: Room(fleet.rooms.get(unit.room, RoomModel())) for unit in fleet.units}
        for each in sorted(fleet.happenings, key=_at):
            if KINDS[each.kind].target == "room":
                happen_to_room(each, self._rooms[each.target])
        described = fleet.all_gateways()
        self._gateways = [
            Gateway(
                gateway.name,
                gateway.model,
                [Channel(fleet.site, *probe.split("/")) for probe in gateway.probes],
                fleet.root,
                fleet_random(fleet, "gateway", gateway.name),
            )
            for gateway in described
        ]
        self._names = [gateway.name for gateway in described]
        self._of_channel: dict[Channel, list[int]] = {}
        for index, gateway in enumerate(described):
            for probe in gateway.probes:
                self._of_channel.setdefault(Channel(fleet.site, *probe.split("/")), []).append(index)
        self._waiting: list[tuple[int, int]] = []  # a heap of when which gateway is to be looked after
        self._noted: dict[int, int] = {}  # the earliest of those instants, by gateway
        self._past: list[_Sent] = []  # measured and told before the start; emptied there

    def messages(self) -> Iterator[GatewayMessage]:
        """Every message in the order of time, without an end. To be followed once."""
        fleet = self._fleet
        for gateway in self._gateways:
            gateway.lose(fleet.began_at)  # until the start they have no way out
            gateway.release(fleet.began_at)
        runs = [_UnitRun(fleet, unit, self._rooms[unit.room], self.truth).sent() for unit in fleet.units]
        streams: list[Iterator[_Due]] = [self._of_gateways(), self._lots(), *runs]
        for at, what in heapq.merge(*streams, key=itemgetter(0)):
            yield from self._delayed(at - 1)
            if isinstance(what, _Sent):
                if at < fleet.start_at:
                    self._past.append(what)
                else:
                    yield from self._pass_on(what)
            elif isinstance(what, GatewayMessage):
                yield what
            elif isinstance(what, Happening):
                yield from self._happen(what)
            else:
                yield from self._begin()

    def _begin(self) -> Iterator[GatewayMessage]:
        """The start: the gateways find their way out, and send what was measured before as one upload."""
        at = self._fleet.start_at
        for index, gateway in enumerate(self._gateways):
            gateway.restore(at)
            yield from self._release(index, at)
        by_channel: dict[Channel, list[Reading]] = {}
        for sent in self._past:
            if sent.reading is None:
                yield GatewayMessage(at, sent.topic, sent.payload, retained=False)
            else:
                by_channel.setdefault(sent.channel, []).append(sent.reading)
        self._past.clear()
        for channel, readings in by_channel.items():
            topic = reading_topic(channel, self._fleet.root)
            for first in range(0, len(readings), ITEMS_MAX):
                payload = encode_readings(readings[first : first + ITEMS_MAX])
                yield GatewayMessage(at, topic, payload, retained=False)

    def _of_gateways(self) -> Iterator[_Due]:
        """What befalls the gateways, and the start, at which they get their way out."""
        mine = [each for each in self._fleet.happenings if KINDS[each.kind].target == "gateway"]
        start = (self._fleet.start_at, None)
        return iter(sorted([start, *((each.at, each) for each in mine)], key=itemgetter(0)))

    def _lots(self) -> Iterator[_Due]:
        fleet = self._fleet
        first = fleet.start_at + (LOTS_AFTER if fleet.history else 0)
        for event in sorted(fleet.lots, key=lambda event: (event.occurred_at, event.event_id)):
            topic = lot_event_topic(event.site, event.lot, fleet.root)
            at = max(first, event.occurred_at)
            yield at, GatewayMessage(at, topic, encode_lot_event(event), retained=False)

    def _pass_on(self, sent: _Sent) -> Iterator[GatewayMessage]:
        indexes = self._of_channel[sent.channel]
        if sent.reading is None:
            self._gateways[indexes[0]].tell(sent.at, sent.topic, sent.payload)
            yield from self._release(indexes[0], sent.at)
            return
        for index in indexes:
            self._gateways[index].read(sent.at, sent.channel, sent.reading)
            yield from self._release(index, sent.at)

    def _happen(self, happening: Happening) -> Iterator[GatewayMessage]:
        index = self._names.index(happening.target)
        happen_to_gateway(happening, self._gateways[index])
        yield from self._release(index, happening.at)

    def _release(self, index: int, at: int) -> Iterator[GatewayMessage]:
        """What a gateway sends now; what it sends later is noted."""
        gateway = self._gateways[index]
        next_at = gateway.next_at()
        if next_at is not None and next_at <= at:
            yield from gateway.release(at)
            next_at = gateway.next_at()
        if next_at is not None and next_at < self._noted.get(index, next_at + 1):
            self._noted[index] = next_at
            heapq.heappush(self._waiting, (next_at, index))

    def _delayed(self, until: int) -> Iterator[GatewayMessage]:
        """What gateways had put off to an instant through ``until``."""
        while self._waiting and self._waiting[0][0] <= until:
            at, index = heapq.heappop(self._waiting)
            if self._noted.get(index) == at:
                del self._noted[index]
                yield from self._release(index, at)


class _UnitRun:
    """One unit while its readings are being worked out."""

    def __init__(self, fleet: Fleet, unit: FleetUnit, room: Room, truth: FleetTruth) -> None:
        self._fleet = fleet
        self._name = unit.name
        self._room = room
        self._now = fleet.began_at
        self._minute: int | None = None  # since 1970, for which the room's temperature is set
        phase = fleet_random(fleet, unit.name, "cycle").random()
        self._unit = SimulatedUnit(unit.model, phase=phase, began_at=fleet.began_at)
        self._probes = {name: self._probe(name, model) for name, model in unit.probes.items()}
        self._channels = {name: Channel(fleet.site, unit.name, name) for name in unit.probes}
        self._first = next(iter(unit.probes))
        self._load = truth.loads.setdefault(f"{fleet.site}/{unit.name}", Trace())
        channels = self._channels.items()
        self._elements = {
            name: truth.elements.setdefault(str(channel), Trace()) for name, channel in channels
        }
        self._said = {name: truth.said.setdefault(str(channel), Trace()) for name, channel in channels}

    def sent(self) -> Iterator[_Due]:
        """What the unit and its probes hand to their gateways, in the order of time, without an end."""
        for at, due in heapq.merge(*self._due(), key=itemgetter(0)):
            self._advance(at)
            for occurred_at, kind in self._unit.take_events():
                yield at, self._told(at, occurred_at, UnitEventKind(kind))
            if isinstance(due, Happening):
                self._happen(due)
                kind_told = TOLD_BY_UNIT.get(due.kind)
                if kind_told is not None and due.told is not False:
                    yield at, self._told(at, at, kind_told)
                continue
            name = str(due)
            probe = self._probes[name]
            self._elements[name].note(at, probe.celsius)
            if name == self._first:
                self._load.note(at, self._unit.load)
            reading = probe.read(at)
            if reading is not None:
                celsius = nan if reading.celsius is None else reading.celsius
                self._said[name].note(reading.measured_at, celsius)
                yield at, _Sent(at, self._channels[name], reading)

    def _due(self) -> Iterator[Iterator[_Due]]:
        """What is due when: this unit's happenings, and each probe's readings as the probe's name."""
        fleet = self._fleet
        mine = [
            each
            for each in fleet.happenings
            if KINDS[each.kind].target in ("unit", "probe") and each.unit == self._name
        ]
        yield ((each.at, each) for each in sorted(mine, key=_at))
        # On the grid of the steps, so that the physics isn't cut into odd pieces.
        grid = STEP if fleet.read_every > STEP else 1
        for name in self._probes:
            phase = fleet_random(fleet, self._name, name, "phase").randrange(0, fleet.read_every, grid)
            yield zip(count(fleet.began_at + phase, fleet.read_every), repeat(name), strict=False)

    def _advance(self, at: int) -> None:
        """Lets the unit and its probes get to ``at``."""
        if self._now >= at:
            return
        unit, probes = self._unit, tuple(self._probes.values())
        began_at = self._fleet.began_at
        while self._now < at:
            # Both on grids of their own: what is due when must not show in the temperatures.
            if (minute := self._now // MINUTE) != self._minute:
                self._minute, unit.room = minute, self._room.celsius(minute * MINUTE)
            dt = min(STEP - (self._now - began_at) % STEP, at - self._now)
            air, load, wall = unit.air, unit.load, unit.wall
            unit.step(dt)
            for probe in probes:
                # What a probe sits in moves little in so short a time: the middle of it will do.
                match probe.place:
                    case "air":
                        probe.follow((air + unit.air) / 2, dt)
                    case "load":
                        probe.follow((load + unit.load) / 2, dt)
                    case "wall":
                        probe.follow((wall + unit.wall) / 2, dt)
                    case _:
                        probe.follow(unit.room, dt)
            self._now += dt

    def _happen(self, happening: Happening) -> None:
        if KINDS[happening.kind].target == "probe":
            happen_to_probe(happening, self._probes[happening.target.partition("/")[2]])
        else:
            happen_to_unit(happening, self._unit)

    def _told(self, at: int, occurred_at: int, kind: UnitEventKind) -> _Sent:
        fleet = self._fleet
        event = UnitEvent(
            site=fleet.site,
            unit=self._name,
            event_id=f"sim-{fleet.seed}-{fleet.site}-{self._name}-{occurred_at}-{kind}",
            occurred_at=occurred_at,
            kind=kind,
        )
        topic = unit_event_topic(fleet.site, self._name, fleet.root)
        return _Sent(at, self._channels[self._first], None, topic, encode_unit_event(event))

    def _probe(self, name: str, model: ProbeModel) -> SimulatedProbe:
        at_rest = self._unit.temperature(model.place)
        random = fleet_random(self._fleet, self._name, name, "noise")
        return SimulatedProbe(model, celsius=at_rest, began_at=self._fleet.began_at, random=random)


def messages_of(fleet: Fleet, until: int | None = None) -> Iterator[GatewayMessage]:
    """Every message through ``until`` in the order of time, from the beginning; without ``until`` it never ends."""
    everything = Course(fleet).messages()
    return everything if until is None else takewhile(lambda message: message.at <= until, everything)


def fleet_random(fleet: Fleet, *names: str) -> Random:
    """A source of randomness of its own for each thing named."""
    return Random("/".join((str(fleet.seed), fleet.site, *names)))


def _at(happening: Happening) -> int:
    return happening.at
