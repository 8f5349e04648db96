"""Happenings: what befalls a unit, a probe, a gateway or a room at an instant, as a scenario tells it.

:data:`KINDS` is the whole list: what each kind happens to, what must and what may be said about it, what ends it, and
whether it is a failure that somebody should be told of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, cast, get_args

from monitor.wire.v1 import FaultName, UnitEventKind
from simulators.network.garbling import GarbleKind
from simulators.require import require
from simulators.sensing.probe import Scale

Target = Literal["unit", "probe", "gateway", "room"]


class HappeningKind(StrEnum):
    """What can happen."""

    DOOR_OPENED = "door_opened"
    DOOR_CLOSED = "door_closed"
    GOODS_LOADED = "goods_loaded"
    COMPRESSOR_FAILED = "compressor_failed"
    COMPRESSOR_FADING = "compressor_fading"
    COMPRESSOR_SHORT_CYCLING = "compressor_short_cycling"
    REFRIGERANT_LEAKING = "refrigerant_leaking"
    COMPRESSOR_RESTORED = "compressor_restored"
    POWER_LOST = "power_lost"
    POWER_RESTORED = "power_restored"
    SUPPLY_LOST = "supply_lost"
    SUPPLY_RESTORED = "supply_restored"
    SETPOINT_CHANGED = "setpoint_changed"
    SETPOINT_RESTORED = "setpoint_restored"

    ROOM_COOLING_LOST = "room_cooling_lost"
    ROOM_COOLING_RESTORED = "room_cooling_restored"

    PROBE_FAULT = "probe_fault"
    PROBE_CODE = "probe_code"
    PROBE_STUCK = "probe_stuck"
    PROBE_INTERMITTENT = "probe_intermittent"
    PROBE_LOSING = "probe_losing"
    PROBE_MISREAD = "probe_misread"
    PROBE_OFFSET = "probe_offset"
    PROBE_DRIFTING = "probe_drifting"
    PROBE_FELL_OUT = "probe_fell_out"
    PROBE_SILENT = "probe_silent"
    PROBE_RESTORED = "probe_restored"
    BATTERY_LOW = "battery_low"
    BATTERY_CHANGED = "battery_changed"
    CLOCK_SKEWED = "clock_skewed"
    CLOCK_RESET = "clock_reset"
    CLOCK_SET = "clock_set"

    GATEWAY_LOST = "gateway_lost"
    GATEWAY_DUPLICATING = "gateway_duplicating"
    GATEWAY_REORDERING = "gateway_reordering"
    GATEWAY_LAGGING = "gateway_lagging"
    GATEWAY_RECONNECTED = "gateway_reconnected"
    GATEWAY_REPLAYED = "gateway_replayed"
    GATEWAY_RETAINING = "gateway_retaining"
    GATEWAY_GARBLING = "gateway_garbling"
    GATEWAY_RESTORED = "gateway_restored"


class Kind(NamedTuple):
    """What a kind of happening is: its target, the fields that it needs and may have, what ends it, whether it is a
    ``failure`` (something that harms product, or blinds who watches it)."""

    target: Target
    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    ended_by: HappeningKind | None = None
    failure: bool = False


def _kind(
    target: Target,
    *needs: str,
    may: Iterable[str] = (),
    ended_by: HappeningKind | None = None,
    failure: bool = False,
) -> Kind:
    return Kind(target, frozenset(needs), frozenset(may), ended_by, failure)


_K = HappeningKind

KINDS: Mapping[HappeningKind, Kind] = MappingProxyType(
    {
        # A door is a failure only if it stays open: whoever opens it says so (``ajar``).
        _K.DOOR_OPENED: _kind("unit", may=("share", "told", "ajar"), ended_by=_K.DOOR_CLOSED),
        _K.DOOR_CLOSED: _kind("unit", may=("told",)),
        _K.GOODS_LOADED: _kind("unit", "share", may=("celsius",)),
        _K.COMPRESSOR_FAILED: _kind("unit", ended_by=_K.COMPRESSOR_RESTORED, failure=True),
        _K.COMPRESSOR_FADING: _kind("unit", "to", "over", ended_by=_K.COMPRESSOR_RESTORED, failure=True),
        _K.COMPRESSOR_SHORT_CYCLING: _kind(
            "unit", "on_for", "off_for", ended_by=_K.COMPRESSOR_RESTORED, failure=True
        ),
        _K.REFRIGERANT_LEAKING: _kind("unit", "to", "over", ended_by=_K.COMPRESSOR_RESTORED, failure=True),
        _K.COMPRESSOR_RESTORED: _kind("unit"),
        _K.POWER_LOST: _kind("unit", may=("told",), ended_by=_K.POWER_RESTORED, failure=True),
        _K.POWER_RESTORED: _kind("unit", may=("told",)),
        _K.SUPPLY_LOST: _kind("unit", ended_by=_K.SUPPLY_RESTORED, failure=True),
        _K.SUPPLY_RESTORED: _kind("unit"),
        _K.SETPOINT_CHANGED: _kind("unit", "to", ended_by=_K.SETPOINT_RESTORED, failure=True),
        _K.SETPOINT_RESTORED: _kind("unit"),
        _K.ROOM_COOLING_LOST: _kind(
            "room", may=("to", "over"), ended_by=_K.ROOM_COOLING_RESTORED, failure=True
        ),
        _K.ROOM_COOLING_RESTORED: _kind("room"),
        _K.PROBE_FAULT: _kind("probe", "fault", ended_by=_K.PROBE_RESTORED, failure=True),
        _K.PROBE_CODE: _kind("probe", "celsius", ended_by=_K.PROBE_RESTORED, failure=True),
        _K.PROBE_STUCK: _kind("probe", ended_by=_K.PROBE_RESTORED, failure=True),
        _K.PROBE_INTERMITTENT: _kind("probe", "share", ended_by=_K.PROBE_RESTORED, failure=True),
        _K.PROBE_LOSING: _kind("probe", "share", ended_by=_K.PROBE_RESTORED),
        _K.PROBE_MISREAD: _kind("probe", "scale", ended_by=_K.PROBE_RESTORED, failure=True),
        _K.PROBE_OFFSET: _kind("probe", "celsius", ended_by=_K.PROBE_RESTORED),
        _K.PROBE_DRIFTING: _kind("probe", "celsius", ended_by=_K.PROBE_RESTORED),
        _K.PROBE_FELL_OUT: _kind("probe", may=("place",), ended_by=_K.PROBE_RESTORED, failure=True),
        _K.PROBE_SILENT: _kind("probe", ended_by=_K.PROBE_RESTORED, failure=True),
        _K.PROBE_RESTORED: _kind("probe"),
        _K.BATTERY_LOW: _kind("probe", "percent", ended_by=_K.BATTERY_CHANGED),
        _K.BATTERY_CHANGED: _kind("probe"),
        _K.CLOCK_SKEWED: _kind("probe", "by", ended_by=_K.CLOCK_SET),
        _K.CLOCK_RESET: _kind("probe", ended_by=_K.CLOCK_SET),
        _K.CLOCK_SET: _kind("probe"),
        _K.GATEWAY_LOST: _kind("gateway", ended_by=_K.GATEWAY_RESTORED, failure=True),
        _K.GATEWAY_DUPLICATING: _kind("gateway", "share", ended_by=_K.GATEWAY_RESTORED),
        _K.GATEWAY_REORDERING: _kind("gateway", "by", ended_by=_K.GATEWAY_RESTORED),
        _K.GATEWAY_LAGGING: _kind("gateway", "by", ended_by=_K.GATEWAY_RESTORED),
        _K.GATEWAY_RECONNECTED: _kind("gateway"),
        _K.GATEWAY_REPLAYED: _kind("gateway"),
        _K.GATEWAY_RETAINING: _kind("gateway", ended_by=_K.GATEWAY_RESTORED),
        _K.GATEWAY_GARBLING: _kind("gateway", "share", may=("how",), ended_by=_K.GATEWAY_RESTORED),
        _K.GATEWAY_RESTORED: _kind("gateway"),
    }
)

TOLD_BY_UNIT: Mapping[HappeningKind, UnitEventKind] = MappingProxyType(
    {
        _K.DOOR_OPENED: UnitEventKind.DOOR_OPENED,
        _K.DOOR_CLOSED: UnitEventKind.DOOR_CLOSED,
        _K.POWER_LOST: UnitEventKind.POWER_LOST,
        _K.POWER_RESTORED: UnitEventKind.POWER_RESTORED,
    }
)
"""What a unit says of itself on the wire, if its door or mains has a contact. A failed compressor has to be seen in the
readings; defrosts and backup cooling are told by the physics as they happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happens at ``at`` to ``target``: a unit or room or gateway by name, a probe as ``unit/probe``.

    The other fields are those that the kind needs or may have (:data:`KINDS`): ``celsius`` and ``to`` in °C (or, of a
    compressor, the share of its capacity), ``share`` from 0 to 1, ``over``, ``by``, ``on_for`` and ``off_for`` in ms,
    ``told`` whether a contact reports it, ``ajar`` whether a door stays open by mistake, ``how`` a kind of garbling,
    ``place`` where a probe fell to, ``scale`` what it sends as if it were °C, ``percent`` of a battery. Raises
    ValueError if a field is missing, or one is given that the kind doesn't have.
    """

    at: int
    kind: HappeningKind
    target: str
    celsius: float | None = None
    to: float | None = None
    share: float | None = None
    percent: float | None = None
    over: int | None = None
    by: int | None = None
    on_for: int | None = None
    off_for: int | None = None
    fault: FaultName | None = None
    how: GarbleKind | Literal["mixed"] | None = None
    place: Literal["air", "wall", "room"] | None = None
    scale: Scale | None = None
    told: bool | None = None
    ajar: bool | None = None

    def __post_init__(self) -> None:
        kind = KINDS[self.kind]
        for name in FIELDS:
            value = getattr(self, name)
            require(value is not None or name not in kind.needs, f"{self.kind} needs {name!r}")
            require(value is None or name in kind.needs | kind.may, f"{self.kind} has no {name!r}")
            if value is not None:
                require(_FITS[name](value), f"{name} {value!r} is not {_WANTED[name]}")
        backwards = self.kind is HappeningKind.CLOCK_SKEWED
        require(backwards or self.by is None or self.by >= 0, f"by {self.by} is below 0")

    @property
    def unit(self) -> str:
        """The unit's name, of a happening to a unit or a probe."""
        return self.target.partition("/")[0]

    def ending(self, at: int) -> Happening:
        """What ends it at ``at``; raises ValueError for one that nothing ends."""
        ended_by = KINDS[self.kind].ended_by
        if ended_by is None:
            nothing = f"nothing ends {self.kind}"
            raise ValueError(nothing)
        told = self.told if "told" in KINDS[ended_by].may else None
        return Happening(at=at, kind=ended_by, target=self.target, told=told)


FIELDS: tuple[str, ...] = tuple(
    name for name in Happening.__dataclass_fields__ if name not in ("at", "kind", "target")
)
"""The fields that tell more of a happening."""
DURATIONS = ("over", "by", "on_for", "off_for")
"""Those that are durations, in ms."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_length(value: object) -> bool:
    return _is_whole(value) and cast("int", value) >= 0


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "fault": get_args(FaultName),
    "how": (*get_args(GarbleKind), "mixed"),
    "place": ("air", "wall", "room"),
    "scale": get_args(Scale),
}
_FITS: Mapping[str, Callable[[Any], bool]] = {
    "celsius": _is_number,
    "to": _is_number,
    "share": lambda value: _is_number(value) and 0 <= value <= 1,
    "percent": lambda value: _is_number(value) and 0 <= value <= 100,
    "by": _is_whole,
    **dict.fromkeys(("over", "on_for", "off_for"), _is_length),
    **{name: words.__contains__ for name, words in _CHOICES.items()},
    **dict.fromkeys(("told", "ajar"), lambda value: isinstance(value, bool)),
}
_WANTED: Mapping[str, str] = {
    "celsius": "a number",
    "to": "a number",
    "share": "a number between 0 and 1",
    "percent": "a number between 0 and 100",
    "by": "a duration",
    **dict.fromkeys(("over", "on_for", "off_for"), "a duration from 0 on"),
    **{name: "one of " + ", ".join(words) for name, words in _CHOICES.items()},
    **dict.fromkeys(("told", "ajar"), "true or false"),
}
"""What a field has to be, checked and in words."""


class FleetFailure(NamedTuple):
    """A failure that befell something, from ``began_at`` to ``ended_at`` (None: to the end). ``target``: as the
    happening names it."""

    kind: HappeningKind
    target: str
    began_at: int
    ended_at: int | None


def failures(happenings: Iterable[Happening]) -> list[FleetFailure]:
    """The failures among happenings, in the order of their beginning, each up to what ended it."""
    ended: list[FleetFailure] = []
    open_at: dict[tuple[str, HappeningKind | None], list[int]] = {}
    for each in sorted(happenings, key=lambda happening: happening.at):
        kind = KINDS[each.kind]
        if kind.failure or each.ajar:
            open_at.setdefault((each.target, kind.ended_by), []).append(len(ended))
            ended.append(FleetFailure(each.kind, each.target, each.at, None))
        for index in open_at.pop((each.target, each.kind), ()):
            ended[index] = ended[index]._replace(ended_at=each.at)
    return ended


def happening_to(target: str, kind: HappeningKind, at: int, fields: Mapping[str, Any]) -> Happening:
    """A happening from named fields; raises ValueError, in words, for a field that no happening has."""
    for name in fields:
        require(name in FIELDS, f"{kind} has no {name!r}")
    return Happening(at=at, kind=kind, target=target, **fields)
