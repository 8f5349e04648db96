"""From a scenario's tables to a fleet: names to kinds and models, words to instants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from monitor.wire.v1 import (
    LotEvent,
    LotEventKind,
    LotEventTopic,
    decode_lot_event,
    encode_lot_event,
    lot_event_topic,
    parse_topic,
)
from simulators.clock import MINUTE, SECOND, duration
from simulators.fleet import Fleet, FleetGateway, FleetUnit
from simulators.happening import DURATIONS, KINDS, Happening, HappeningKind, happening_to
from simulators.network.gateway import GatewayModel
from simulators.physics.cooling import CARBON_DIOXIDE, LIQUID_NITROGEN
from simulators.physics.kinds import KINDS as UNIT_KINDS
from simulators.physics.kinds import UnitKind
from simulators.physics.room import RoomModel
from simulators.require import require
from simulators.scenario.reading import changed, none_of, signed, span
from simulators.scenario.routine import doors
from simulators.scenario.tables import Document, LotTable, ScenarioUnit
from simulators.sensing.probe import BARE, BUFFERED

LIKE = {"buffered": BUFFERED, "bare": BARE}
BACKUPS = {"carbon_dioxide": CARBON_DIOXIDE, "liquid_nitrogen": LIQUID_NITROGEN}
PROFILE_OF: Mapping[str, str] = {
    "ult-upright": "ult-80",
    "ult-chest": "ult-80",
    "freezer-20": "frozen-20",
    "freezer-20-manual": "frozen-20",
    "fridge-2-8": "fridge-2-8",
    "ln2-vapour": "ln2-vapour",
    "room-crt": "lyo-crt",
}
"""The storage profile that a kind of unit is watched by, unless the scenario says another."""
REGISTERED_AFTER = MINUTE
"""A lot is registered so long after the beginning of the history, unless told otherwise."""
EVERY = "*"
"""Stands for all units, probes, gateways or rooms that there are."""


def described(document: Document, *, start_at: int, length: int, seed: int, root: str) -> Fleet:
    """The fleet that a scenario describes, from ``start_at`` on; raises ValueError, in words."""
    return _Description(document, start_at, length, seed).fleet(root)


class _Description:
    def __init__(self, document: Document, start_at: int, length: int, seed: int) -> None:
        self._document = document
        self._start_at = start_at
        self._end_at = start_at + length
        self._began_at = start_at - duration(document.history)
        self._seed = seed

    def fleet(self, root: str) -> Fleet:
        document = self._document
        fleet = Fleet(
            site=document.site,
            units=tuple(self._unit(table) for table in document.unit),
            start_at=self._start_at,
            seed=self._seed,
            lots=tuple(self._lots()),
            rooms={
                table.name: changed(RoomModel(), table.model, f"room {table.name}") for table in document.room
            },
            gateways=tuple(self._gateways()),
            history=duration(document.history),
            read_every=duration(document.read_every),
            root=root,
        )
        return replace(fleet, happenings=tuple(sorted(self._happenings(fleet), key=lambda each: each.at)))

    def _unit(self, table: ScenarioUnit) -> FleetUnit:
        where = f"unit {table.name}"
        require(table.doors >= 0, f"{where}: doors {table.doors:g} is below 0")
        model = self._kind(table).model
        if table.filled is not None:
            require(0 <= table.filled <= 1, f"{where}: filled {table.filled:g} is not between 0 and 1")
            model = self._kind(table).filled(table.filled)
        if table.backup is not None:
            model = replace(model, backup=BACKUPS[table.backup])
        model = changed(model, table.model, where)
        names = [probe.name for probe in table.probe]
        require(len(set(names)) == len(names), f"{where}: two probes have one name")
        probes = {
            probe.name: changed(LIKE[probe.like], probe.model, f"probe {table.name}/{probe.name}")
            for probe in table.probe
        }
        return FleetUnit(name=table.name, model=model, probes=probes, room=table.room)

    def _kind(self, table: ScenarioUnit) -> UnitKind:
        require(table.kind in UNIT_KINDS, f"unit {table.name}: {none_of(table.kind, UNIT_KINDS, 'kind')}")
        return UNIT_KINDS[table.kind]

    def _gateways(self) -> Iterator[FleetGateway]:
        probes = {unit.name: [probe.name for probe in unit.probe] for unit in self._document.unit}
        for table in self._document.gateway:
            units = list(probes) if table.units == [EVERY] else table.units
            for unit in units:
                require(unit in probes, f"gateway {table.name} names {unit!r}, which is no unit")
            named = [f"{unit}/{probe}" for unit in units for probe in probes[unit]]
            model = changed(GatewayModel(), table.model, f"gateway {table.name}")
            yield FleetGateway(name=table.name, probes=(*named, *table.probes), model=model)

    # --- what happens ---

    def _happenings(self, fleet: Fleet) -> Iterator[Happening]:
        for table in self._document.unit:
            if table.doors:
                yield from doors(
                    table.name,
                    Random(f"{self._seed}/{self._document.site}/{table.name}/doors"),
                    start_at=self._began_at,
                    end_at=self._end_at,
                    per_day=table.doors,
                    open_for=self._kind(table).opened_for,
                    told=table.door_contact,
                )
        for number, told in enumerate(self._document.happening, start=1):
            try:
                happenings = tuple(self._told(fleet, dict(told)))
                replace(fleet, happenings=happenings)  # which has its say, here where the place is known
            except (ValueError, TypeError, KeyError) as error:
                mistake = f"happening {number}: {error}"
                raise ValueError(mistake) from error
            yield from happenings

    def _told(self, fleet: Fleet, table: dict[str, Any]) -> Iterator[Happening]:
        """A table's happening to each of its targets, as often as it says, each with its end."""
        for key in ("at", "kind"):
            require(key in table, f"it needs {key!r}")
        first, name = self._at(table.pop("at")), table.pop("kind")
        kinds = list(HappeningKind)
        require(name in kinds, none_of(name, kinds, "kind"))
        kind = HappeningKind(name)
        times, every = table.pop("times", 1), table.pop("every", None)
        require(isinstance(times, int) and times >= 1, f"times {times!r} is not a whole number from 1 on")
        require((times == 1) == (every is None), "'times' (above 1) and 'every' go together")
        period = 0 if every is None else span(every)
        require(every is None or period > 0, f"every {every!r} is not above 0")
        lasting = span(table.pop("for")) if "for" in table else None
        targets = _targets(fleet, kind, table)
        for key in DURATIONS:
            if key in table:
                table[key] = signed(table[key])
        for target in targets:
            for at in (first + n * period for n in range(times)):
                happening = happening_to(target, kind, at, table)
                yield happening
                if lasting is not None:
                    yield happening.ending(at + lasting)

    # --- lots ---

    def _lots(self) -> Iterator[LotEvent]:
        """The events of lots, each of which the wire format takes."""
        names = [table.lot for table in self._document.lot]
        for table in self._document.lot:
            require(names.count(table.lot) == 1, f"lot {table.lot} is there twice")
            yield _taken(self._registered(table), f"lot {table.lot}")
        for number, told in enumerate(self._document.lot_event, start=1):
            yield _taken(self._lot_event(dict(told), f"lot_event {number}"), f"lot_event {number}")

    def _registered(self, table: LotTable) -> LotEvent:
        units = {unit.name: unit for unit in self._document.unit}
        require(table.unit in units, f"lot {table.lot} is in {table.unit!r}, which is no unit")
        unit = units[table.unit]
        at = self._began_at + REGISTERED_AFTER if table.at is None else self._at(table.at)
        # In whole days from the day of the start, which may be yesterday somewhere: the tests of dates allow a day.
        today = datetime.fromtimestamp(self._start_at / SECOND, tz=UTC).date()
        expires = today + timedelta(milliseconds=signed(table.expires_in))
        return LotEvent(
            lot=table.lot,
            site=self._document.site,
            event_id=self._event_id(table.lot, at, LotEventKind.REGISTERED),
            occurred_at=at,
            kind=LotEventKind.REGISTERED,
            by="LIMS",
            product=table.product,
            profile=table.profile or unit.profile or PROFILE_OF[unit.kind],
            unit=f"{self._document.site}/{table.unit}",
            expires_on=expires.isoformat(),
            quantity=table.quantity,
            gtin=table.gtin,
        )

    def _lot_event(self, table: dict[str, Any], where: str) -> LotEvent:
        keys = ("at", *(each.name for each in fields(LotEvent) if each.name not in ("site", "occurred_at")))
        for key in table:
            require(key in keys, f"{where}: {none_of(key, keys, 'key')}")
        for key in ("at", "lot", "kind"):
            require(key in table, f"{where}: it needs {key!r}")
        kinds = list(LotEventKind)
        require(table["kind"] in kinds, f"{where}: {none_of(table['kind'], kinds, 'kind')}")
        lot, kind = table.pop("lot"), LotEventKind(table.pop("kind"))
        try:
            at = self._at(table.pop("at"))
        except ValueError as error:
            mistake = f"{where}, at: {error}"
            raise ValueError(mistake) from error
        if isinstance(table.get("unit"), str):
            table["unit"] = f"{self._document.site}/{table['unit']}" if table["unit"] else None
        table["into"] = tuple(table.get("into", ()))
        table.setdefault("event_id", self._event_id(lot, at, kind))
        table.setdefault("by", "LIMS")
        return LotEvent(lot=lot, site=self._document.site, occurred_at=at, kind=kind, **table)

    def _event_id(self, lot: str, at: int, kind: LotEventKind) -> str:
        return f"sim-{self._seed}-{self._document.site}-{lot}-{at}-{kind}"

    def _at(self, told: object) -> int:
        return self._start_at + signed(told)


def _targets(fleet: Fleet, kind: HappeningKind, table: dict[str, Any]) -> list[str]:
    """Takes the targets out of a table: ``unit = "F01"``, a list of them, or ``"*"`` for all there are."""
    target = KINDS[kind].target
    require(target in table, f"{kind} needs a {target!r}")
    told = table.pop(target)
    if told == EVERY:
        return {
            "unit": [unit.name for unit in fleet.units],
            "probe": [f"{unit.name}/{probe}" for unit in fleet.units for probe in unit.probes],
            "gateway": [gateway.name for gateway in fleet.all_gateways()],
            "room": list(dict.fromkeys(unit.room for unit in fleet.units)),
        }[target]
    names = told if isinstance(told, list) else [told]
    require(len(names) > 0, f"{target} names none")
    for name in names:
        require(isinstance(name, str), f"{target}: {name!r} is no name")
    return list(names)


def _taken(event: LotEvent, where: str) -> LotEvent:
    """An event that can be sent and understood; raises ValueError, in words, for any other."""
    try:
        topic = parse_topic(lot_event_topic(event.site, event.lot))
        assert isinstance(topic, LotEventTopic)
        decode_lot_event(encode_lot_event(event), topic)
    except (ValueError, TypeError) as error:
        mistake = f"{where}: {error}"
        raise ValueError(mistake) from error
    return event
