"""From a scenario's tables to a fleet: names to kinds and models, words to instants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from monitor.wire.v1 import LotEvent, LotEventKind
from simulators.clock import MINUTE, SECOND, duration
from simulators.fleet import Fleet, FleetGateway, FleetUnit
from simulators.happening import KINDS, Happening, HappeningKind, happening_to
from simulators.network.gateway import GatewayModel
from simulators.physics.cooling import CARBON_DIOXIDE, LIQUID_NITROGEN
from simulators.physics.kinds import KINDS as UNIT_KINDS
from simulators.physics.kinds import UnitKind
from simulators.physics.room import RoomModel
from simulators.require import require
from simulators.scenario.routine import doors
from simulators.scenario.tables import Document, LotTable, UnitTable
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
"""Stands for all units, or all gateways."""

_Model = TypeVar("_Model")
_DURATIONS = ("over", "by", "on_for", "off_for")


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
        return Fleet(
            site=document.site,
            units=tuple(self._unit(table) for table in document.unit),
            start_at=self._start_at,
            seed=self._seed,
            happenings=tuple(sorted(self._happenings(), key=lambda each: each.at)),
            lots=(*map(self._registered, document.lot), *self._lot_events()),
            rooms={
                table.name: changed(RoomModel(), table.model, f"room {table.name}") for table in document.room
            },
            gateways=tuple(self._gateways()),
            history=duration(document.history),
            read_every=duration(document.read_every),
            root=root,
        )

    def _unit(self, table: UnitTable) -> FleetUnit:
        where = f"unit {table.name}"
        kind = self._kind(table)
        model = kind.model if table.filled is None else kind.filled(table.filled)
        if table.backup is not None:
            model = replace(model, backup=BACKUPS[table.backup])
        model = changed(model, table.model, where)
        probes = {
            probe.name: changed(LIKE[probe.like], probe.model, f"probe {table.name}/{probe.name}")
            for probe in table.probe
        }
        return FleetUnit(name=table.name, model=model, probes=probes, room=table.room)

    def _kind(self, table: UnitTable) -> UnitKind:
        known = ", ".join(UNIT_KINDS)
        require(table.kind in UNIT_KINDS, f"unit {table.name} is of kind {table.kind!r}; kinds are {known}")
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

    def _happenings(self) -> Iterator[Happening]:
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
        for number, happening in enumerate(self._document.happening, start=1):
            try:
                yield from self._told(dict(happening))
            except (ValueError, TypeError, KeyError) as error:
                wrong = f"happening {number}: {error}"
                raise ValueError(wrong) from error

    def _told(self, table: dict[str, Any]) -> Iterator[Happening]:
        """A table's happening to each of its targets, as often as it says, each with its end."""
        for key in ("at", "kind"):
            require(key in table, f"it has no {key!r}")
        first = self._at(table.pop("at"))
        name = table.pop("kind")
        require(
            name in list(HappeningKind), f"there is no kind {name!r}; kinds are {', '.join(HappeningKind)}"
        )
        kind = HappeningKind(name)
        times, every = table.pop("times", 1), duration(table.pop("every", "0s"))
        lasting = table.pop("for", None)
        targets = self._targets(kind, table)
        for key in _DURATIONS:
            if key in table:
                table[key] = _signed(table[key])
        for target in targets:
            for at in (first + n * every for n in range(times)):
                happening = happening_to(target, kind, at, table)
                yield happening
                if lasting is not None:
                    yield happening.ending(at + duration(lasting))

    def _targets(self, kind: HappeningKind, table: dict[str, Any]) -> list[str]:
        """Takes the targets out of a table: ``unit = "F01"``, a list of them, or ``"*"`` for all."""
        target = KINDS[kind].target
        require(target in table, f"{kind} needs a {target!r}")
        told = table.pop(target)
        if told == EVERY:
            names = {
                "unit": [unit.name for unit in self._document.unit],
                "gateway": [gateway.name for gateway in self._document.gateway],
            }
            require(target in names, f"{EVERY!r} can't stand for every {target}")
            return names[target]
        return list(told) if isinstance(told, list) else [str(told)]

    # --- lots ---

    def _registered(self, table: LotTable) -> LotEvent:
        units = {unit.name: unit for unit in self._document.unit}
        require(table.unit in units, f"lot {table.lot} is in {table.unit!r}, which is no unit")
        unit = units[table.unit]
        at = self._began_at + REGISTERED_AFTER if table.at is None else self._at(table.at)
        # In whole days from the day of the start, which may be yesterday somewhere: the tests of dates allow a day.
        today = datetime.fromtimestamp(self._start_at / SECOND, tz=UTC).date()
        expires = today + timedelta(milliseconds=_signed(table.expires_in))
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

    def _lot_events(self) -> Iterator[LotEvent]:
        for number, told in enumerate(self._document.lot_event, start=1):
            table = dict(told)
            try:
                at, lot, kind = self._at(table.pop("at")), table.pop("lot"), LotEventKind(table.pop("kind"))
                if isinstance(table.get("unit"), str):
                    table["unit"] = f"{self._document.site}/{table['unit']}" if table["unit"] else None
                table["into"] = tuple(table.get("into", ()))
                table.setdefault("event_id", self._event_id(lot, at, kind))
                table.setdefault("by", "LIMS")
                yield LotEvent(lot=lot, site=self._document.site, occurred_at=at, kind=kind, **table)
            except (ValueError, TypeError, KeyError) as error:
                wrong = f"lot_event {number}: {error}"
                raise ValueError(wrong) from error

    def _event_id(self, lot: str, at: int, kind: LotEventKind) -> str:
        return f"sim-{self._seed}-{self._document.site}-{lot}-{at}-{kind}"

    def _at(self, text: str) -> int:
        return self._start_at + _signed(text)


def _signed(text: str) -> int:
    """A duration that may be negative (``-3h``)."""
    return -duration(text[1:]) if text.startswith("-") else duration(text)


def changed(model: _Model, changes: Mapping[str, Any], where: str) -> _Model:
    """A model with some of its fields changed, durations told in words; raises ValueError for a field it lacks."""
    known = {each.name: each for each in fields(model)}  # type: ignore[arg-type]
    values = {}
    for name, value in changes.items():
        require(name in known, f"{where}: its model has no {name!r}; it has {', '.join(known)}")
        values[name] = duration(value) if isinstance(value, str) and name.endswith(_LENGTHS) else value
    return replace(model, **values)  # type: ignore[type-var]


_LENGTHS = ("_for", "_every", "delay")
