"""The tables of a scenario file, as TOML has them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from simulators.fleet import ROOM


class ScenarioProbe(Struct, kw_only=True):
    """A probe: ``like`` a model, with changes; ``monitor`` are keys of its table in monitor.toml."""

    name: str
    like: Literal["buffered", "bare"] = "buffered"
    model: dict[str, Any] = {}
    monitor: dict[str, Any] = {}


class ScenarioUnit(Struct, kw_only=True):
    """A unit of a ``kind``, ``filled`` to a share from 0 to 1, with changes to its ``model``; ``doors``: openings on a
    working day, told by a contact unless ``door_contact`` is false."""

    name: str
    kind: str
    title: str = ""
    profile: str | None = None
    room: str = ROOM
    doors: float = 0.0
    door_contact: bool = True
    filled: float | None = None
    backup: Literal["carbon_dioxide", "liquid_nitrogen"] | None = None
    model: dict[str, Any] = {}
    probe: list[ScenarioProbe] = field(default_factory=lambda: [ScenarioProbe(name="product")])
    monitor: dict[str, Any] = {}


class RoomTable(Struct, kw_only=True):
    """A room, with changes to its model."""

    name: str
    model: dict[str, Any] = {}


class GatewayTable(Struct, kw_only=True):
    """A gateway for all probes of ``units``, or for ``probes`` (``unit/probe``)."""

    name: str
    units: list[str] = []
    probes: list[str] = []
    model: dict[str, Any] = {}


class LotTable(Struct, kw_only=True):
    """A lot, registered in ``unit`` a minute after the beginning (or ``at``)."""

    lot: str
    unit: str
    product: str = "EV reference material"
    profile: str | None = None
    expires_in: str = "365d"
    quantity: float | None = None
    gtin: str | None = None
    at: str | None = None


class ActionTable(Struct, kw_only=True):
    """As :class:`Action`."""

    at: str
    do: Literal["restart_monitor", "stop_broker", "acknowledge", "shelve"]
    lasting: str | None = field(default=None, name="for")
    alarm: str | None = None
    subject: str | None = None
    by: str = "technician"


class Document(Struct, kw_only=True):
    """The whole file. ``step``: how far the clock is moved on at once when it is checked; ``speed``: how fast a demo
    of it runs."""

    title: str
    story: str = ""
    source: str = ""
    start: datetime
    length: str
    history: str = "24h"
    read_every: str = "1m"
    step: str = "20s"
    seed: int = 1
    site: str = "lab1"
    timezone: str = "Europe/Berlin"
    speed: float = 60.0
    room: list[RoomTable] = []
    unit: list[ScenarioUnit]
    gateway: list[GatewayTable] = []
    lot: list[LotTable] = []
    lot_event: list[dict[str, Any]] = []
    happening: list[dict[str, Any]] = []
    action: list[ActionTable] = []
    profile: list[dict[str, Any]] = []
    monitor: dict[str, Any] = {}
    expect: list[dict[str, Any]] = []
    allow: list[dict[str, Any]] = []
