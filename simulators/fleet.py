"""A fleet: units with probes, lots in them, what is going to happen, and the messages that come of it.

A :class:`Fleet` is a description and never changes. :meth:`Fleet.messages` works out what comes of it, from
the beginning each time, the same each time: tests and recordings need no broker. Only what the description
says decides; each unit and each probe has randomness of its own, so that adding one leaves the others'
values as they were.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, repeat, takewhile
from random import Random
from typing import NamedTuple

from monitor.wire.v1 import (
    DEFAULT_ROOT,
    ITEMS_MAX,
    NAME,
    Channel,
    LotEvent,
    Reading,
    UnitEvent,
    encode_lot_event,
    encode_reading,
    encode_readings,
    encode_unit_event,
    lot_event_topic,
    reading_topic,
    status_topic,
    unit_event_topic,
)
from simulators.clock import MINUTE
from simulators.happening import OF_PROBES, TOLD_BY_UNIT, Happening, happen_to_probe, happen_to_unit
from simulators.physics.unit import LOOK_EVERY, Unit, UnitModel
from simulators.require import require
from simulators.sensing.probe import Probe, ProbeModel


class Message(NamedTuple):
    """One MQTT message, to be published at ``at`` (simulated ms) with QoS 1."""

    at: int
    topic: str
    payload: bytes
    retained: bool


LOTS_AFTER = 3 * MINUTE
"""Events of lots come so long after the start, where there are buffered readings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetUnit:
    """One unit of a fleet: its name, what kind it is, and its probes by name."""

    name: str
    model: UnitModel
    probes: Mapping[str, ProbeModel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Units of one site from ``start_at`` on, and what happens to them. Instants and durations in ms.

    Each probe is read every ``read_every``, at a second of its own. ``history`` is how long before
    ``start_at`` the units were already there: the readings of that time come at ``start_at`` as buffered
    uploads of at most 1,000, events of that time come then too, with the time at which they occurred.
    ``lots`` are the events of lots, sent as they occur. ``root`` is that of the topics.

    Raises ValueError for names that the wire format doesn't take, for two units of one name, and for a
    happening that names a unit or probe that isn't there or lies before the history.
    """

    site: str
    units: tuple[FleetUnit, ...]
    start_at: int
    seed: int
    happenings: tuple[Happening, ...] = ()
    lots: tuple[LotEvent, ...] = ()
    history: int = 0
    read_every: int = MINUTE
    root: str = DEFAULT_ROOT

    def __post_init__(self) -> None:
        require(self.history >= 0, f"history {self.history} is below 0")
        require(self.read_every > 0, f"read_every {self.read_every} is not above 0")
        names = [self.site, *(name for unit in self.units for name in (unit.name, *unit.probes))]
        for name in names:
            proper = NAME.fullmatch(name) is not None
            require(proper, f"{name!r} is not a name (A-Z a-z 0-9 . _ -, 1 to 64 characters)")
        probes = {unit.name: unit.probes for unit in self.units}
        require(len(probes) == len(self.units), "two units have one name")
        require("lot" not in probes, "'lot' is not a unit's name")
        for each in self.happenings:
            require(
                each.unit in probes, f"{each.kind} happens to {each.unit!r}, which is no unit of the fleet"
            )
            there = each.probe is None or each.probe in probes[each.unit]
            require(there, f"{each.kind} happens to {each.probe!r}, which is no probe of {each.unit}")
            require(each.at >= self.began_at, f"{each.kind} in {each.unit} happens before the beginning")

    @property
    def began_at(self) -> int:
        """The instant at which the history begins; ``start_at`` without one."""
        return self.start_at - self.history

    def channels(self) -> tuple[Channel, ...]:
        """Every channel, in the order of the units."""
        return tuple(Channel(self.site, unit.name, probe) for unit in self.units for probe in unit.probes)

    def messages(self, until: int | None = None) -> Iterator[Message]:
        """Every message through ``until`` in the order of time; without ``until`` it never ends."""
        streams = [
            self._online(),
            self._lot_messages(),
            *(_UnitRun(self, unit).messages() for unit in self.units),
        ]
        everything = heapq.merge(*streams, key=_at)
        return everything if until is None else takewhile(lambda message: message.at <= until, everything)

    def _online(self) -> Iterator[Message]:
        for channel in self.channels():
            yield Message(self.start_at, status_topic(channel, self.root), b"online", retained=True)

    def _lot_messages(self) -> Iterator[Message]:
        for event in sorted(self.lots, key=lambda event: (event.occurred_at, event.event_id)):
            topic = lot_event_topic(event.site, event.lot, self.root)
            # The gateways empty their buffers first: a lot of yesterday is then known from its beginning.
            at = max(self.start_at + (LOTS_AFTER if self.history else 0), event.occurred_at)
            yield Message(at, topic, encode_lot_event(event), retained=False)


def _at(message: Message) -> int:
    return message.at


class _UnitRun:
    """One unit while its messages are being worked out."""

    def __init__(self, fleet: Fleet, unit: FleetUnit) -> None:
        self._fleet = fleet
        self._name = unit.name
        self._now = fleet.began_at
        self._unit = Unit(unit.model, phase=self._random("cycle").random())
        self._probes = {name: self._probe(name, model) for name, model in unit.probes.items()}
        self._held: dict[str, list[Reading]] = {name: [] for name in unit.probes}

    def messages(self) -> Iterator[Message]:
        """The unit's messages in the order of time, without an end."""
        started = False
        for at, due in heapq.merge(*self._due(), key=lambda item: item[0]):
            if not started and at >= self._fleet.start_at:
                started = True
                yield from self._uploads()
            self._advance(at)
            if isinstance(due, Happening):
                yield from self._happen(due)
            elif reading := self._probes[due].read(at):
                if started:
                    yield Message(at, self._topic(due), encode_reading(reading), retained=False)
                else:
                    self._held[due].append(reading)

    def _due(self) -> Iterator[Iterator[tuple[int, Happening | str]]]:
        """What is due when: this unit's happenings, and each probe's readings as the probe's name."""
        fleet = self._fleet
        mine = sorted(
            (each for each in fleet.happenings if each.unit == self._name), key=lambda each: each.at
        )
        yield ((each.at, each) for each in mine)
        for name in self._probes:
            first = fleet.began_at + self._random(name, "phase").randrange(fleet.read_every)
            yield zip(count(first, fleet.read_every), repeat(name), strict=False)

    def _advance(self, at: int) -> None:
        """Lets the unit and its probes get to ``at``."""
        unit = self._unit
        while self._now < at:
            dt = min(LOOK_EVERY, at - self._now)
            air, load = unit.air, unit.load
            unit.step(dt)
            for probe in self._probes.values():
                # What a probe sits in moves little in so short a time: the middle of it will do.
                probe.follow(
                    (air + unit.air) / 2 if probe.model.place == "air" else (load + unit.load) / 2, dt
                )
            self._now += dt

    def _happen(self, happening: Happening) -> Iterator[Message]:
        if happening.kind in OF_PROBES:
            happen_to_probe(happening, self._probes[str(happening.probe)])
        else:
            happen_to_unit(happening, self._unit)
        if (kind := TOLD_BY_UNIT.get(happening.kind)) is not None:
            fleet = self._fleet
            event = UnitEvent(
                site=fleet.site,
                unit=self._name,
                event_id=f"sim-{fleet.seed}-{fleet.site}-{self._name}-{happening.at}-{kind}",
                occurred_at=happening.at,
                kind=kind,
            )
            topic = unit_event_topic(fleet.site, self._name, fleet.root)
            yield Message(max(fleet.start_at, happening.at), topic, encode_unit_event(event), retained=False)

    def _uploads(self) -> Iterator[Message]:
        """What the probes held back before the start, as arrays."""
        for name, readings in self._held.items():
            for first in range(0, len(readings), ITEMS_MAX):
                payload = encode_readings(readings[first : first + ITEMS_MAX])
                yield Message(self._fleet.start_at, self._topic(name), payload, retained=False)
            readings.clear()

    def _topic(self, probe: str) -> str:
        return reading_topic(Channel(self._fleet.site, self._name, probe), self._fleet.root)

    def _probe(self, name: str, model: ProbeModel) -> Probe:
        at_rest = self._unit.air if model.place == "air" else self._unit.load
        random = self._random(name, "noise")
        return Probe(model, celsius=at_rest, began_at=self._fleet.began_at, random=random)

    def _random(self, *names: str) -> Random:
        """A source of randomness of its own for each thing named."""
        return Random("/".join((str(self._fleet.seed), self._fleet.site, self._name, *names)))
