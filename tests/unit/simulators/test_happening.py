"""Happenings: what may be said of each kind, what each does to what it befalls, and which of them are failures."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from simulators.clock import DAY, HOUR, MINUTE
from simulators.effects import happen_to_gateway, happen_to_probe, happen_to_room, happen_to_unit
from simulators.happening import DURATIONS, FIELDS, KINDS, TOLD_BY_UNIT, FleetFailure, Happening, failures
from simulators.happening import HappeningKind as Kind
from simulators.network.gateway import Gateway, GatewayModel
from simulators.physics.kinds import KINDS as UNIT_KINDS
from simulators.physics.room import Room, RoomModel
from simulators.physics.unit import SimulatedUnit
from simulators.sensing.probe import BUFFERED, SimulatedProbe
from tests.rigs.simulated import START

GOOD: dict[str, Any] = {
    "celsius": 21.5,
    "to": 0.4,
    "share": 0.5,
    "percent": 9.0,
    "over": 3 * HOUR,
    "by": 5 * MINUTE,
    "on_for": MINUTE,
    "off_for": 10 * MINUTE,
    "fault": "read_error",
    "how": "nan",
    "place": "room",
    "scale": "fahrenheit",
    "told": True,
    "ajar": True,
}
"""A value that each field may have."""
BAD: dict[str, tuple[Any, ...]] = {
    "celsius": ("cold", float("nan"), float("inf"), True),
    "to": ("low", float("nan")),
    "share": (-0.1, 1.1, "half", True),
    "percent": (-1.0, 100.5, "low"),
    "over": (-1, 0.5, "3h", True),
    "by": (0.5, "3h"),
    "on_for": (-1, "1m"),
    "off_for": (-1, 1.5),
    "fault": ("melted", ""),
    "how": ("melted",),
    "place": ("load", "moon"),
    "scale": ("réaumur",),
    "told": ("no", 1),
    "ajar": ("yes", 0),
}
TARGETS = {"unit": "F01", "probe": "F01/product", "gateway": "F01", "room": "hall"}


def a(kind: Kind, at: int = START, **fields: Any) -> Happening:
    """One with all that it needs."""
    needed = {name: GOOD[name] for name in KINDS[kind].needs}
    return Happening(at=at, kind=kind, target=TARGETS[KINDS[kind].target], **needed | fields)


# --- what may be said ---------------------------------------------------------------------------------------


def test_every_kind_says_what_it_is() -> None:
    assert set(KINDS) == set(Kind)
    assert set(GOOD) == set(BAD) == set(FIELDS)
    assert set(DURATIONS) <= set(FIELDS)
    for kind, what in KINDS.items():
        assert what.needs | what.may <= set(FIELDS), kind
        assert not what.needs & what.may, kind
        assert what.ended_by is None or KINDS[what.ended_by].target == what.target, kind
        assert what.ended_by is None or KINDS[what.ended_by].ended_by is None, kind
        assert not what.failure or what.ended_by is not None, kind
    assert all(KINDS[kind].target == "unit" and "told" in KINDS[kind].may for kind in TOLD_BY_UNIT)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_needed_or_allowed_or_refused_as_its_kind_says(kind: Kind, name: str) -> None:
    what = KINDS[kind]
    given = {field: GOOD[field] for field in what.needs}
    complete = Happening(at=START, kind=kind, target="x", **given)
    assert all(getattr(complete, field) == value for field, value in given.items())
    if name in what.needs:
        with pytest.raises(ValueError, match=f"{kind} needs '{name}'"):
            Happening(at=START, kind=kind, target="x", **{f: v for f, v in given.items() if f != name})
    elif name in what.may:
        assert getattr(Happening(at=START, kind=kind, target="x", **given, **{name: GOOD[name]}), name)
    else:
        with pytest.raises(ValueError, match=f"{kind} has no '{name}'"):
            Happening(at=START, kind=kind, target="x", **given, **{name: GOOD[name]})


@pytest.mark.parametrize("name", FIELDS)
def test_a_value_that_a_field_cant_have_is_refused_in_words(name: str) -> None:
    kind = next(kind for kind, what in KINDS.items() if name in what.needs | what.may)
    for value in BAD[name]:
        with pytest.raises(ValueError, match=f"^{name} .* is not (a |one of |true or false)"):
            a(kind, **{name: value})


def test_only_a_clock_may_be_set_back() -> None:
    assert a(Kind.CLOCK_SKEWED, by=-HOUR).by == -HOUR
    for kind in (Kind.GATEWAY_LAGGING, Kind.GATEWAY_REORDERING):
        with pytest.raises(ValueError, match="by -3600000 is below 0"):
            a(kind, by=-HOUR)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_ends_a_happening_befalls_the_same_and_what_nothing_ends_says_so(kind: Kind) -> None:
    ended_by = KINDS[kind].ended_by
    if ended_by is None:
        with pytest.raises(ValueError, match=f"nothing ends {kind}"):
            a(kind).ending(START + HOUR)
        return
    ending = a(kind).ending(START + HOUR)
    assert (ending.at, ending.kind, ending.target) == (START + HOUR, ended_by, a(kind).target)


def test_what_no_contact_tells_of_at_the_beginning_none_tells_of_at_the_end() -> None:
    for told in (None, True, False):
        assert a(Kind.DOOR_OPENED, told=told).ending(START + 1).told is told


# --- what each does -----------------------------------------------------------------------------------------

Told = SimulatedUnit | SimulatedProbe | Gateway | Room


def targets(kind: Kind) -> dict[str, Told]:
    """One of each, in the state that the kind changes."""
    unit = SimulatedUnit(UNIT_KINDS["ult-upright"].model, began_at=START)
    probe = SimulatedProbe(BUFFERED, celsius=-80.0, began_at=START, random=Random("happening"))
    gateway = Gateway("F01", GatewayModel(), (), "exosome/v1", Random("happening"))
    room = Room(RoomModel())
    troubles: dict[Kind, tuple[Kind, ...]] = {
        Kind.DOOR_CLOSED: (Kind.DOOR_OPENED,),
        Kind.COMPRESSOR_RESTORED: (Kind.COMPRESSOR_FAILED,),
        Kind.POWER_RESTORED: (Kind.POWER_LOST,),
        Kind.SUPPLY_RESTORED: (Kind.SUPPLY_LOST,),
        Kind.SETPOINT_RESTORED: (Kind.SETPOINT_CHANGED,),
        Kind.ROOM_COOLING_RESTORED: (Kind.ROOM_COOLING_LOST,),
        Kind.PROBE_RESTORED: (Kind.PROBE_SILENT, Kind.PROBE_STUCK, Kind.PROBE_FELL_OUT, Kind.PROBE_CODE),
        Kind.BATTERY_CHANGED: (Kind.BATTERY_LOW,),
        Kind.CLOCK_SET: (Kind.CLOCK_SKEWED,),
        Kind.GATEWAY_RESTORED: (Kind.GATEWAY_LOST, Kind.GATEWAY_RETAINING, Kind.GATEWAY_GARBLING),
    }
    found: dict[str, Told] = {"unit": unit, "probe": probe, "gateway": gateway, "room": room}
    for before in troubles.get(kind, ()):
        HAPPEN[KINDS[before].target](a(before, at=START - HOUR), found[KINDS[before].target])
    return found


HAPPEN: dict[str, Callable[[Happening, Any], None]] = {
    "unit": happen_to_unit,
    "probe": happen_to_probe,
    "gateway": happen_to_gateway,
    "room": happen_to_room,
}


def state(of: Told) -> tuple[object, ...]:
    """What can be seen of it, now or after it has gone on for an hour."""
    match of:
        case SimulatedUnit():
            seen = (of.door, of.powered, of.supplied, of.setpoint)
            of.step(3 * HOUR)
            return (*seen, round(of.heat(), 6), of.capacity, of.cooling)
        case SimulatedProbe():
            shown = (of.place, of.fault, of.code, of.stuck, of.silent, of.intermittent, of.offset, of.losing)
            return (*shown, of.scale, of.drift_per_day, of.battery(START + DAY), of.clock.read(START))
        case Gateway():
            troubles = (of.duplicating, of.reordering, of.lagging, of.retaining, of.garbling, of.garble_how)
            return (*troubles, of.online)
        case Room():
            return tuple(of.celsius(START + hour * HOUR) for hour in (1, 2, 12))


@pytest.mark.parametrize(
    "kind", [kind for kind in Kind if kind not in (Kind.GATEWAY_RECONNECTED, Kind.GATEWAY_REPLAYED)]
)
def test_every_kind_changes_what_it_befalls(kind: Kind) -> None:
    target = KINDS[kind].target
    changed, untouched = targets(kind)[target], targets(kind)[target]
    assert state(targets(kind)[target]) == state(untouched)
    HAPPEN[target](a(kind), changed)
    assert state(changed) != state(targets(kind)[target])


@pytest.mark.parametrize("kind", list(Kind))
def test_what_happens_to_one_thing_is_refused_by_every_other(kind: Kind) -> None:
    for target, happen in HAPPEN.items():
        if target != KINDS[kind].target:
            with pytest.raises(
                ValueError, match=f"{kind} happens to a {KINDS[kind].target}, not to a {target}"
            ):
                happen(a(kind), targets(kind)[target])


@pytest.mark.parametrize("kind", [kind for kind, what in KINDS.items() if what.ended_by is not None])
def test_an_end_ends_what_began(kind: Kind) -> None:
    target = KINDS[kind].target
    befallen, calm = targets(kind)[target], targets(kind)[target]
    begin = a(kind)
    HAPPEN[target](begin, befallen)
    HAPPEN[target](begin.ending(START), befallen)
    if target == "gateway":
        befallen.release(START)  # type: ignore[union-attr]
    if kind is Kind.BATTERY_LOW:
        calm.set_battery(100.0, START)  # type: ignore[union-attr]  # a new battery is a full one
    assert state(befallen) == state(calm)


def test_goods_come_at_room_temperature_and_doors_open_wide_unless_told_otherwise() -> None:
    unit = SimulatedUnit(UNIT_KINDS["ult-upright"].model, began_at=START)
    heat = unit.heat()
    happen_to_unit(a(Kind.GOODS_LOADED, share=0.1), unit)
    warm = unit.heat() - heat
    happen_to_unit(a(Kind.GOODS_LOADED, share=0.1, celsius=22.0), unit)
    assert unit.heat() - heat == pytest.approx(2 * warm)
    happen_to_unit(a(Kind.DOOR_OPENED), unit)
    assert unit.door == 1.0
    happen_to_unit(a(Kind.DOOR_OPENED, share=0.1, ajar=True), unit)
    assert unit.door == 0.1
    room = Room(RoomModel(mean=20.0, swing=0.0))
    happen_to_room(a(Kind.ROOM_COOLING_LOST), room)
    assert room.celsius(START + DAY) == pytest.approx(35.0, abs=0.01)
    assert room.celsius(START + 2 * HOUR) == pytest.approx(35 - 15 / 2.718281828, abs=0.01)


# --- failures -----------------------------------------------------------------------------------------------


def test_failures_last_from_what_began_them_to_what_ended_them() -> None:
    fading = a(Kind.COMPRESSOR_FADING, at=10)
    found = failures([fading.ending(50), fading, a(Kind.PROBE_STUCK, at=20), a(Kind.GOODS_LOADED, at=5)])
    assert found == [
        FleetFailure(Kind.COMPRESSOR_FADING, "F01", 10, 50),
        FleetFailure(Kind.PROBE_STUCK, "F01/product", 20, None),  # to the end
    ]


def test_one_repair_ends_all_of_its_kind_that_overlap_and_none_elsewhere() -> None:
    here = [a(Kind.PROBE_STUCK, at=10), a(Kind.PROBE_FAULT, at=20), a(Kind.PROBE_SILENT, at=60)]
    other = Happening(at=15, kind=Kind.PROBE_STUCK, target="F01/air")
    power, compressor = a(Kind.POWER_LOST, at=12), a(Kind.COMPRESSOR_FAILED, at=13)
    assert failures([*here, other, power, compressor, here[0].ending(40), power.ending(45)]) == [
        FleetFailure(Kind.PROBE_STUCK, "F01/product", 10, 40),
        FleetFailure(Kind.POWER_LOST, "F01", 12, 45),
        FleetFailure(Kind.COMPRESSOR_FAILED, "F01", 13, None),
        FleetFailure(Kind.PROBE_STUCK, "F01/air", 15, None),
        FleetFailure(Kind.PROBE_FAULT, "F01/product", 20, 40),
        FleetFailure(Kind.PROBE_SILENT, "F01/product", 60, None),
    ]


def test_a_door_is_a_failure_only_if_it_stays_open_by_mistake() -> None:
    habit, ajar = a(Kind.DOOR_OPENED, at=10), a(Kind.DOOR_OPENED, at=50, share=0.1, ajar=True)
    found = failures([habit, habit.ending(20), ajar, ajar.ending(90)])
    assert found == [FleetFailure(Kind.DOOR_OPENED, "F01", 50, 90)]
    assert failures([a(Kind.DOOR_OPENED, ajar=False)]) == []


def test_what_is_repaired_can_fail_again() -> None:
    first, second = a(Kind.SUPPLY_LOST, at=10), a(Kind.SUPPLY_LOST, at=30)
    found = failures([first, first.ending(20), second, second.ending(40), second.ending(50)])
    assert [(each.began_at, each.ended_at) for each in found] == [(10, 20), (30, 40)]
