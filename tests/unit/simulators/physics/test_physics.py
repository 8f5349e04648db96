"""The heat of units against closed formulas, small differences and the conservation of energy.

How near the catalogue of kinds comes to published numbers is in ``test_kinds.py``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from simulators.clock import DAY, HOUR, MINUTE, SECOND
from simulators.physics.cooling import LOOK_EVERY, BackupBottle, Defrost, Liquid
from simulators.physics.kinds import KINDS
from simulators.physics.melting import Melting
from simulators.physics.network import KEPT, Network, opening
from simulators.physics.unit import EVENTS_MAX, GOODS_MAX, SimulatedUnit, UnitModel

START = 1_795_000_000_000

TIGHT = UnitModel(
    setpoint=-80.0,
    swing=2.0,
    warm_up_for=12 * HOUR,
    load_follows_for=5 * SECOND,
    air_share=0.5,
    duty=0.6,
    door_for=3 * MINUTE,
)
"""Air and load so close that they are one body: the closed formula holds for it."""

FULL = replace(KINDS["ult-upright"].full, water=0.0)
EMPTY = replace(KINDS["ult-upright"].empty, water=0.0)
FRIDGE = replace(KINDS["fridge-2-8"].model, water=0.0)
FROSTED = KINDS["freezer-20"].model


def failed(model: UnitModel) -> SimulatedUnit:
    unit = SimulatedUnit(model)
    unit.fail()
    return unit


def network(model: UnitModel) -> Network:
    return Network(
        air_share=model.air_share,
        wall_share=model.wall_share,
        warm_up_for=model.warm_up_for,
        load_follows_for=model.load_follows_for,
        door_for=model.door_for,
    )


# --- three heat capacities ----------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0.5, 1.2, 2.6, 4.2, 10.6, 18.4, 60.0])
def test_a_unit_without_cooling_warms_by_the_closed_formula(hours: float) -> None:
    unit = failed(TIGHT)
    unit.step(round(hours * HOUR))
    expected = 22.0 - 102.0 * math.exp(-hours / 12)
    assert unit.load == pytest.approx(expected, abs=0.05)
    assert unit.air == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("model", [TIGHT, FULL, EMPTY, FRIDGE])
def test_in_the_end_every_part_approaches_the_room_with_the_models_time_constant(model: UnitModel) -> None:
    unit = failed(model)
    unit.step(2 * model.warm_up_for)
    places = ("air", "wall", "load")
    before = [22.0 - unit.temperature(place) for place in places]
    unit.step(model.warm_up_for)
    after = [22.0 - unit.temperature(place) for place in places]
    for old, new in zip(before, after, strict=True):
        assert old / new == pytest.approx(math.e, rel=1e-6)


@pytest.mark.parametrize(
    ("model", "door", "cooling"),
    [
        (FULL, 0.0, True),
        (FULL, 1.0, False),
        (FRIDGE, 0.15, True),
        (EMPTY, 0.0, False),
        (replace(FULL, water=0.6), 1.0, False),
    ],
)
def test_a_step_agrees_with_the_equations_integrated_by_small_differences(
    model: UnitModel, door: float, cooling: bool
) -> None:
    # The thermostat must not interfere, and power not depend on the air: then it is a constant.
    wide = replace(model, swing=1_000.0, power_slope=0.0, rest_for=0)
    unit = SimulatedUnit(wide)
    unit.load -= 3.0
    unit.wall += 2.0
    unit.door, unit.room = door, 24.0
    if cooling:
        unit.setpoint = -1_000.0  # starts it at the first look
    air, wall, load = unit.air, unit.wall, unit.load
    leak, melting = network(wide).leak, Melting(wide.water, wide.setpoint)
    power = leak * (wide.ambient - wide.setpoint) / wide.duty if cooling else 0.0
    unit.step(6 * HOUR)
    dt, heat = 200.0, melting.heat(load)
    for _ in range(round(6 * HOUR / dt)):
        from_load = (load - air) * (1 - wide.air_share) / wide.load_follows_for
        from_wall = (wall - air) * 2 * leak
        through_door = (24.0 - air) * wide.air_share / wide.door_for * door**1.5
        air += dt * (from_load + from_wall + through_door - power) / wide.air_share
        wall += dt * ((24.0 - wall) * 2 * leak - from_wall) / wide.wall_share
        heat -= dt * from_load / (1 - wide.air_share)
        load = melting.celsius(heat)
    assert unit.cooling == cooling
    assert unit.air == pytest.approx(air, abs=0.01)
    assert unit.wall == pytest.approx(wall, abs=0.01)
    assert unit.load == pytest.approx(load, abs=0.01)
    assert abs(unit.load - wide.setpoint) > 0.5  # something did happen


BUSY = replace(
    KINDS["ult-upright"].model,
    swing=2.0,
    water=0.0,
    defrost=Defrost(every=2 * HOUR, lasts_for=5 * MINUTE, heats=1.0),
)


@pytest.mark.parametrize("model", [FULL, BUSY, KINDS["fridge-2-8"].model, KINDS["ln2-vapour"].model])
def test_the_length_of_the_steps_changes_nothing_with_all_controls_at_work(model: UnitModel) -> None:
    seed = 5
    print("seed", seed)
    random = Random(seed)
    one, many = (SimulatedUnit(model, began_at=START) for _ in range(2))
    for door, minutes in ((0.0, 47), (1.0, 1), (0.0, 33), (0.2, 20), (0.0, 200)):
        for unit in (one, many):
            unit.door = door
            unit.add_goods(0.05, 20.0)
        left = minutes * MINUTE
        one.step(left)
        while left:
            dt = min(left, random.randrange(1, 40 * SECOND))
            many.step(dt)
            left -= dt
    for place in ("air", "wall", "load"):
        assert many.temperature(place) == pytest.approx(one.temperature(place), abs=1e-9)
    assert many.level == pytest.approx(one.level, abs=1e-12)
    assert many.take_events() == one.take_events()


def test_odd_steps_by_the_thousand_are_not_all_remembered() -> None:
    asked = network(FULL)
    answers = {dt: asked.propagator(0.0, 1.0, dt) for dt in range(1, KEPT + 10)}
    assert asked.propagator(0.0, 1.0, KEPT + 9) is answers[KEPT + 9]
    remembered = [dt for dt in reversed(answers) if asked.propagator(0.0, 1.0, dt) is answers[dt]]
    assert len(remembered) < KEPT
    assert asked.propagator(0.0, 1.0, 1) == answers[1]


# --- energy -------------------------------------------------------------------------------------------------


def heat_of(model: UnitModel, unit: SimulatedUnit) -> float:
    """All heat in a unit without goods, in degrees of air and load, from the three temperatures alone."""
    load = Melting(model.water, model.setpoint).heat(unit.load)
    return model.air_share * unit.air + model.wall_share * unit.wall + (1 - model.air_share) * load


def test_what_a_unit_gains_from_thawing_to_freezing_is_what_came_in_less_what_cooling_took_out() -> None:
    model = replace(KINDS["ult-upright"].full, power_slope=0.0, rest_for=0, warm_up_for=6 * HOUR)
    leak = network(model).leak
    power = leak * (model.ambient - model.setpoint) / model.duty
    unit = failed(model)
    before, gained, warmest = unit.heat(), 0.0, -80.0
    assert before == pytest.approx(heat_of(model, unit))
    for tick in range(round(4 * DAY / LOOK_EVERY)):
        if tick == round(2 * DAY / LOOK_EVERY):
            unit.restore()
        wall = unit.wall
        unit.step(LOOK_EVERY)
        gained += LOOK_EVERY * 2 * leak * (unit.room - (wall + unit.wall) / 2)
        gained -= LOOK_EVERY * power * unit.cooling
        warmest = max(warmest, unit.load)
    assert warmest > 5.0  # it did thaw
    assert unit.load < -70.0  # and froze again
    assert unit.heat() - before == pytest.approx(gained, abs=1e-3)
    assert unit.heat() == pytest.approx(heat_of(model, unit))


def test_in_a_unit_that_nothing_leaves_warm_goods_and_ice_come_to_one_temperature_with_all_heat_kept() -> (
    None
):
    closed = replace(KINDS["freezer-20"].full, defrost=None, warm_up_for=10**15)
    unit = failed(closed)
    unit.air = unit.wall = unit.room = -20.0
    unit.add_goods(0.5, 30.0)
    before, load = unit.heat(), unit.load
    while unit.goods:
        assert unit.heat() == pytest.approx(before, abs=1e-7)
        load = unit.load
        unit.step(MINUTE)
    assert -20.0 < load < 0.0
    assert unit.load == pytest.approx(load, abs=0.2)
    # The goods are load now, and as much of the load has left the unit with its heat.
    left = 0.5 * (1 - closed.air_share) * Melting(closed.water, closed.setpoint).heat(load)
    assert left > 10.0
    assert unit.heat() == pytest.approx(before - left, abs=0.05)


@pytest.mark.parametrize(("water", "setpoint"), [(0.0, -80.0), (0.4, -80.0), (1.0, -20.0), (0.9, 5.0)])
def test_heat_and_temperature_of_a_load_are_each_others_inverse_and_rise_together(
    water: float, setpoint: float
) -> None:
    melting = Melting(water, setpoint)
    temperatures = [step / 8 - 100.0 for step in range(1_000)]
    heats = [melting.heat(celsius) for celsius in temperatures]
    assert all(a < b for a, b in pairwise(heats))
    for celsius, heat in zip(temperatures, heats, strict=True):
        assert melting.celsius(heat) == pytest.approx(celsius, abs=1e-9)
    assert melting.heat(setpoint) == pytest.approx(0.0, abs=1e-12)
    assert melting.heat(setpoint + 0.01) == pytest.approx(0.01)


def test_melting_takes_the_latent_heat_of_the_water_and_most_of_it_near_zero() -> None:
    ice = Melting(1.0, -80.0)
    through = ice.heat(10.0) - ice.heat(-30.0)
    sensible = (30.0 - 0.5) + (10.0 + 0.5) * 4.18 / 2.05
    assert through - sensible == pytest.approx(334 / 2.05, rel=0.02)
    near_zero = ice.heat(-0.5) - ice.heat(-2.0)
    assert 0.7 < near_zero / (334 / 2.05) < 0.8
    assert Melting(0.0, -80.0).heat(10.0) == pytest.approx(90.0)
    with pytest.raises(ValueError, match="water"):
        Melting(1.1, -80.0)


def test_a_load_stays_near_zero_for_long_when_it_thaws_and_when_it_freezes_again() -> None:
    unit = failed(replace(KINDS["freezer-20"].full, defrost=None))
    hours = []
    for target in (5.0, -15.0):
        near = 0
        while (unit.load < target) if target > 0 else (unit.load > target):
            unit.step(10 * MINUTE)
            near += -2.0 < unit.load < -0.52
        hours.append(near / 6)
        unit.restore()
    print("hours near zero", hours)
    assert min(hours) > 24


# --- doors, goods, thermostats ------------------------------------------------------------------------------


def test_an_open_door_warms_the_air_quickly_and_the_load_little() -> None:
    unit = SimulatedUnit(FULL)
    unit.step(2 * HOUR)
    air, load = unit.air, unit.load
    unit.door = 1.0
    unit.step(30 * SECOND)
    unit.door = 0.0
    assert 10 < unit.air - air < 30
    warmest = unit.load
    for _ in range(120):
        unit.step(MINUTE)
        warmest = max(warmest, unit.load)
    assert 0.2 < warmest - load < 2.0


def test_a_door_ajar_or_left_open_ends_on_a_plateau_below_ambient_while_cooling_runs() -> None:
    plateaus = []
    for door in (0.0, 0.05, 0.1, 0.2, 1.0):
        unit = SimulatedUnit(KINDS["ult-upright"].model)
        unit.door = door
        unit.step(20 * DAY)
        settled = unit.load
        unit.step(DAY)
        assert unit.load == pytest.approx(settled, abs=0.2)
        plateaus.append(settled)
    assert plateaus[0] == pytest.approx(-80.0, abs=0.5)
    assert plateaus[1] < -75.0  # a strong one holds it, and runs all the time
    assert -60.0 < plateaus[2] < plateaus[3] - 20.0 < plateaus[4] - 40.0
    assert plateaus[4] < 21.0
    assert [opening(door) for door in (0.0, 1.0)] == [0.0, 1.0]


def test_warm_goods_warm_the_air_for_hours_and_are_load_in_the_end() -> None:
    unit = SimulatedUnit(FULL)
    unit.step(6 * HOUR)
    unit.add_goods(0.2, 20.0)
    unit.step(20 * MINUTE)
    air, load = unit.air, unit.load
    unit.step(3 * HOUR)
    assert air > -77.5
    assert -80.0 < load < unit.load < -76.0
    unit.step(2 * DAY)
    assert not unit.goods
    assert unit.load == pytest.approx(-80.0, abs=0.5)
    for _ in range(3 * GOODS_MAX):
        unit.add_goods(0.01, 20.0)
    assert len(unit.goods) == GOODS_MAX
    assert unit.load > -79.0  # what was no longer followed apart
    for share in (0.0, 1.1, -0.1):
        with pytest.raises(ValueError, match="share"):
            unit.add_goods(share, 20.0)


def test_cooling_that_works_again_brings_the_unit_back_to_its_setpoint() -> None:
    unit = failed(EMPTY)
    unit.step(4 * HOUR)
    assert unit.load > -60.0
    unit.restore()
    unit.step(12 * HOUR)
    assert unit.load == pytest.approx(-80.0, abs=0.5)


def test_another_setpoint_is_held_by_the_same_cooling_and_a_fridge_set_too_low_freezes_its_load() -> None:
    unit = SimulatedUnit(KINDS["fridge-2-8"].model)
    unit.setpoint = -4.0
    unit.step(12 * HOUR)
    assert -1.5 < unit.load < -0.5  # it is freezing
    unit.step(6 * DAY)
    assert unit.load == pytest.approx(-4.0, abs=0.5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("setpoint", 22.0),
        ("swing", 0.0),
        ("warm_up_for", 0),
        ("load_follows_for", 0),
        ("load_follows_for", 24 * HOUR),
        ("air_share", 1.0),
        ("duty", 0.0),
        ("door_for", -1),
        ("wall_share", 0.0),
        ("water", 1.5),
        ("power_slope", -0.1),
        ("rest_for", -1),
        ("warmth", -1.0),
    ],
)
def test_a_unit_that_could_not_be_is_refused_by_the_name_of_the_field(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        replace(FULL, **{field: value})


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        (Defrost, {"every": HOUR, "lasts_for": HOUR, "heats": 1.0}, "every"),
        (Defrost, {"every": HOUR, "lasts_for": 0, "heats": 1.0}, "lasts_for"),
        (Defrost, {"every": HOUR, "lasts_for": MINUTE, "heats": -1.0}, "heats"),
        (BackupBottle, {"lasts_for": 0}, "lasts_for"),
        (BackupBottle, {"lasts_for": HOUR, "after": -1}, "after"),
        (BackupBottle, {"lasts_for": HOUR, "stands_for": 0}, "stands_for"),
        (BackupBottle, {"lasts_for": HOUR, "strength": 1.0}, "strength"),
        (Liquid, {"lasts_for": 0}, "lasts_for"),
        (Liquid, {"lasts_for": DAY, "fills_at": 1.0}, "fills_at"),
        (Liquid, {"lasts_for": DAY, "fill_for": 0}, "fill_for"),
    ],
)
def test_what_could_not_cool_or_defrost_is_refused_by_the_name_of_the_field(
    kind: type, fields: dict[str, float], field: str
) -> None:
    with pytest.raises(ValueError, match=field):
        kind(**fields)


def test_events_that_nobody_takes_are_forgotten_from_the_oldest_on() -> None:
    unit = SimulatedUnit(replace(FROSTED, defrost=Defrost(every=2 * MINUTE, lasts_for=MINUTE, heats=0.1)))
    unit.step(2 * DAY)
    taken = unit.take_events()
    assert len(taken) == EVENTS_MAX
    assert taken[-1][0] > 2 * DAY - 3 * MINUTE
    assert unit.take_events() == []
