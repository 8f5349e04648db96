"""The catalogue of kinds against published numbers, and what can befall cooling; each test prints how near it is.

Where the numbers are from is said in ``docs/simulators.md``; those assumed are held all the same.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import fields, replace
from random import Random
from typing import NamedTuple

import pytest

from simulators.clock import DAY, HOUR, MINUTE, SECOND
from simulators.physics.cooling import CARBON_DIOXIDE, LIQUID_NITROGEN, LOOK_EVERY
from simulators.physics.kinds import KINDS, UnitKind, swing_for, vary
from simulators.physics.unit import Place, SimulatedUnit, UnitModel

START = 1_795_000_000_000
"""2026-11-18T10:26:40Z."""
ULT = KINDS["ult-upright"]
CYCLING = [name for name in KINDS if name != "ln2-vapour"]


def settled(model: UnitModel, **given: float) -> SimulatedUnit:
    unit = SimulatedUnit(model, **given)  # type: ignore[arg-type]
    unit.step(6 * HOUR)
    unit.take_events()
    return unit


def hours_until(unit: SimulatedUnit, levels: Iterable[float], place: Place = "load") -> list[float]:
    """The hours after which a place is as warm as each of some rising levels."""
    passed, found = 0, []
    for level in levels:
        while unit.temperature(place) < level:
            unit.step(MINUTE)
            passed += MINUTE
            assert passed < 60 * DAY
        found.append(passed / HOUR)
    return found


class Cycles(NamedTuple):
    """Half a day of a unit: minutes from start to start, share of time running, and how far air and load swing."""

    period: float
    duty: float
    air: float
    load: float
    mean: float


def cycles(model: UnitModel) -> Cycles:
    unit = settled(replace(model, defrost=None))
    air, load, starts, runs = [], [], [], 0
    for second in range(0, 12 * 3600, 10):
        before = unit.cooling
        unit.step(10 * SECOND)
        if unit.cooling and not before:
            starts.append(second)
        runs += unit.cooling
        air.append(unit.air)
        load.append(unit.load)
    period = (starts[-1] - starts[0]) / (len(starts) - 1) / 60
    return Cycles(
        period,
        runs / len(air),
        max(air) - min(air),
        max(load) - min(load),
        statistics.fmean(air) - model.setpoint,
    )


# --- warming up ---------------------------------------------------------------------------------------------

LEVELS = (-70.0, -60.0, -50.0, -20.0, 0.0)


@pytest.mark.parametrize(
    ("model", "formula"),
    [(ULT.empty, (1.2, 2.6, 4.2, 10.6, 18.4)), (ULT.full, (2.5, 5.2, 8.4, 21.3, 36.8))],
)
def test_a_dry_ultra_low_freezer_warms_as_the_exponential_of_its_time_constant(
    model: UnitModel, formula: tuple[float, ...]
) -> None:
    unit = settled(replace(model, water=0.0))
    unit.fail()
    hours = hours_until(unit, LEVELS)
    print("hours until", LEVELS, "formula", formula, "here", hours)
    # The load is behind the formula of one body by a part of the time with which it follows the air.
    for here, expected in zip(hours, formula, strict=True):
        assert 0 < here - expected < 0.4


def test_a_loaded_one_is_as_quick_until_its_water_melts_and_then_stays_below_zero_for_days() -> None:
    dry, wet = settled(replace(ULT.full, water=0.0)), settled(ULT.full)
    dry.fail(), wet.fail()
    until = (-70.0, -60.0, -50.0, -25.0)
    assert hours_until(wet, until) == pytest.approx(hours_until(dry, until), abs=0.05)
    (more,) = hours_until(wet, [0.0])
    print("hours from −25 to 0 °C", more)
    assert more > 72


def test_individual_ultra_low_freezers_differ_up_to_three_times_in_their_holdover() -> None:
    hours = []
    for seed in range(40):
        unit = settled(replace(vary(ULT, Random(seed)), setpoint=-80.0))
        unit.fail()
        hours += hours_until(unit, [-60.0])
    print("hours to −60 °C", min(hours), max(hours))
    assert 2.0 < min(hours) < 3.2
    assert 5.2 < max(hours) < 7.0
    assert max(hours) / min(hours) < 3.0


def test_household_freezers_warm_as_the_one_that_was_measured() -> None:
    kind = KINDS["freezer-20-manual"]
    empty = settled(replace(kind.empty, ambient=19.0))
    empty.fail()
    (hours,) = hours_until(empty, [0.0], "air")
    full = settled(kind.full)
    full.fail()
    full.step(3 * HOUR)
    before = 22.0 - full.load
    full.step(HOUR)
    rate = 100 * (1 - (22.0 - full.load) / before)
    print(
        "empty from −20 to 0 °C in",
        hours,
        "h (3.5 measured); loaded",
        rate,
        "% of the difference per h (2.6)",
    )
    assert hours == pytest.approx(3.5, abs=0.3)
    assert rate == pytest.approx(2.6, abs=0.3)
    starts = [60 / cycles(model).period for model in (kind.empty, kind.model, kind.full)]
    print("starts per hour", starts)
    assert all(1.0 <= each <= 2.0 for each in starts)


# --- cycles and doors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CYCLING)
def test_compressors_cycle_as_often_and_as_long_as_their_kind_and_the_load_hardly_feels_it(name: str) -> None:
    kind, seeds = KINDS[name], range(6)
    print("seeds", seeds)
    models = [kind.empty, kind.model, kind.full, *(vary(kind, Random(seed)) for seed in seeds)]
    for model in models:
        found = cycles(model)
        print(name, found)
        assert 10 <= found.period <= (60 if name == "freezer-20-manual" else 41)
        assert found.duty == pytest.approx(model.duty, abs=0.05)
        assert 0.29 <= found.duty <= 0.88
        assert model.swing <= found.air <= model.swing + 0.5
        assert found.load < 0.3 * found.air
        assert abs(found.mean) < 0.6


@pytest.mark.parametrize("model", [ULT.empty, ULT.model, ULT.full])
def test_an_ultra_low_freezer_recovers_from_an_opened_door_within_ten_to_sixty_minutes(
    model: UnitModel,
) -> None:
    for seconds in (30, 60):
        unit = settled(model)
        unit.door = 1.0
        unit.step(seconds * SECOND)
        unit.door = 0.0
        minutes = 0
        while unit.air >= model.setpoint + model.swing / 2:
            unit.step(MINUTE)
            minutes += 1
        print(f"{seconds} s open: recovered after {minutes} min")
        assert 10 <= minutes <= 60


def test_automatic_defrost_comes_three_times_a_day_and_swings_as_told() -> None:
    highest = {}
    for filled in (0.0, 0.6, 1.0):
        unit = settled(KINDS["freezer-20"].filled(filled), phase=0.3)
        warmest = warmest_load = -20.0
        for _ in range(DAY // LOOK_EVERY):
            unit.step(LOOK_EVERY)
            warmest, warmest_load = max(warmest, unit.air), max(warmest_load, unit.load)
        events = unit.take_events()
        assert [kind for _, kind in events] == ["defrost_started", "defrost_ended"] * 3
        assert {
            ended - started for (started, _), (ended, _) in zip(events[::2], events[1::2], strict=True)
        } == {20 * MINUTE}
        assert events[2][0] - events[0][0] == 8 * HOUR
        highest[filled] = warmest + 20.0, warmest_load + 20.0
    print("°C above the setpoint, air and load", highest)
    assert 12 <= highest[0.0][0] <= 18
    assert 3 <= highest[1.0][0] <= 6.5
    assert highest[1.0][1] < 2.0


def test_a_defrost_ends_with_the_mains_and_one_that_falls_due_without_is_left_out() -> None:
    unit = SimulatedUnit(KINDS["freezer-20"].model, phase=0.5, began_at=START)
    unit.step(4 * HOUR + 5 * MINUTE)
    unit.powered = False
    unit.step(9 * HOUR)
    unit.powered = True
    unit.step(8 * HOUR)
    told = [((at - START) / HOUR, kind) for at, kind in unit.take_events()]
    assert [kind for _, kind in told] == ["defrost_started", "defrost_ended"] * 2
    assert [round(at, 1) for at, _ in told] == [4.0, 4.1, 20.0, 20.3]


# --- mains, backup, liquid nitrogen -------------------------------------------------------------------------


def test_without_mains_a_unit_warms_as_without_a_compressor_and_comes_back_with_them() -> None:
    dark, broken = settled(ULT.model), settled(ULT.model)
    dark.powered = False
    broken.fail()
    dark.step(3 * HOUR), broken.step(3 * HOUR)
    assert (dark.air, dark.load) == (broken.air, broken.load)
    dark.powered = True
    dark.step(10 * HOUR)
    assert dark.load < -78.0


@pytest.mark.parametrize(("backup", "low", "high"), [(CARBON_DIOXIDE, 7.5, 8.5), (LIQUID_NITROGEN, 45, 50)])
def test_a_backup_holds_a_freezer_three_quarters_full_for_its_hours(
    backup: object, low: float, high: float
) -> None:
    unit = settled(replace(ULT.filled(0.75), backup=backup))  # type: ignore[arg-type]
    unit.powered = False
    warmest = -80.0
    while unit.backup_left > 0:
        unit.step(LOOK_EVERY)
        warmest = max(warmest, unit.load)
    unit.step(LOOK_EVERY)
    (started_at, started), (ended_at, ended) = unit.take_events()
    hours = (ended_at - started_at) / HOUR
    print("hours", hours, "warmest load", warmest)
    assert (started, ended) == ("backup_cooling_started", "backup_cooling_ended")
    assert low <= hours <= high
    assert warmest < -59.5
    unit.step(6 * HOUR)
    assert unit.load > -58.0


def test_a_backup_ends_when_the_compressor_is_back_and_liquid_nitrogen_boils_off_unused() -> None:
    unit = settled(replace(ULT.model, backup=CARBON_DIOXIDE))
    unit.powered = False
    unit.step(5 * HOUR)
    unit.powered = True
    unit.step(4 * HOUR)
    assert [kind for _, kind in unit.take_events()] == ["backup_cooling_started", "backup_cooling_ended"]
    assert 0.1 < unit.backup_left < 0.95
    for backup, days in ((CARBON_DIOXIDE, None), (LIQUID_NITROGEN, (21, 28))):
        unused = SimulatedUnit(replace(ULT.model, backup=backup))
        unused.step(20 * DAY)
        left = unused.backup_left
        assert left == 1.0 if days is None else 20 / days[1] < 1 - left < 20 / days[0]
    assert SimulatedUnit(ULT.model).backup_left == 0.0


def test_a_tank_without_supply_goes_from_minus_170_to_minus_150_in_three_to_five_days() -> None:
    kind, seeds = KINDS["ln2-vapour"], range(4)
    print("seeds", seeds)
    for model in (kind.empty, kind.full, *(vary(kind, Random(seed)) for seed in seeds)):
        unit = SimulatedUnit(model)
        levels = []
        for _ in range(5 * 24):
            unit.step(HOUR)
            assert -184.0 < unit.air < -178.0
            levels.append(unit.level)
        assert 0.7 <= min(levels) < 0.8 < max(levels) <= 1.0
        unit.supplied = False
        first, last = hours_until(unit, [-170.0, -150.0], "air")
        print(
            "days to −170 °C", first / 24, "from there to −150 °C", (last - first) / 24, "level", unit.level
        )
        assert 3 <= (last - first) / 24 <= 5
        assert 2 <= first / 24 <= 5
        assert unit.level < 0.2
        unit.supplied = True
        unit.step(2 * HOUR)
        assert unit.level > 0.9
        unit.step(7 * DAY)
        assert unit.air < -178.0


@pytest.mark.parametrize("stopped", ["fail", "powered"])
def test_a_supply_valve_that_cannot_open_is_as_no_supply(stopped: str) -> None:
    unit, dry = SimulatedUnit(KINDS["ln2-vapour"].model), SimulatedUnit(KINDS["ln2-vapour"].model)
    dry.supplied = False
    if stopped == "fail":
        unit.fail()
    else:
        unit.powered = False
    unit.step(3 * DAY), dry.step(3 * DAY)
    assert (unit.air, unit.level) == (dry.air, dry.level)


def test_an_opened_lid_warms_the_vapour_and_costs_liquid() -> None:
    shut, opened = SimulatedUnit(KINDS["ln2-vapour"].model), SimulatedUnit(KINDS["ln2-vapour"].model)
    for unit in (shut, opened):
        unit.supplied = False
    opened.door = 1.0
    shut.step(3 * MINUTE), opened.step(3 * MINUTE)
    assert 3.0 < opened.air - shut.air < 10.0
    opened.door = 0.0
    shut.step(DAY), opened.step(DAY)
    assert opened.air - shut.air < 1.0
    assert opened.level < shut.level - 0.005


# --- the catalogue ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_individuals_are_the_same_for_the_same_randomness_and_lie_within_their_kind(kind: UnitKind) -> None:
    seeds = range(60)
    print("seeds", seeds)
    models = [vary(kind, Random(seed)) for seed in seeds]
    assert models == [vary(kind, Random(seed)) for seed in seeds]
    assert len(set(models)) == len(models)
    low, high = sorted((kind.empty.warm_up_for, kind.full.warm_up_for))
    for model in models:
        assert low * kind.tau[0] - 1 <= model.warm_up_for <= high * kind.tau[1] + 1
        assert kind.setpoint[0] <= model.setpoint <= kind.setpoint[1]
        assert kind.window[0] < model.setpoint - model.swing / 2
        assert model.setpoint + model.swing / 2 < kind.window[1]
        if model.liquid is None:
            assert kind.duty[0] <= model.duty <= kind.duty[1]
    spread = [model.warm_up_for for model in models]
    assert min(spread) < low * 1.15
    assert max(spread) > high / 1.15


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_kind_goes_from_empty_to_full_and_says_its_sources(kind: UnitKind) -> None:
    assert kind.filled(0.0) == kind.empty
    assert kind.filled(1.0) == kind.full
    half = kind.filled(0.5)
    for field in fields(UnitModel):
        ends = getattr(kind.empty, field.name), getattr(kind.full, field.name)
        if isinstance(ends[0], int | float):
            assert min(ends) <= getattr(half, field.name) <= max(ends), field.name
    assert any("assumed" in source for source in kind.sources)
    assert 0 < kind.opened_for[0] < kind.opened_for[1]
    with pytest.raises(ValueError, match="share"):
        kind.filled(1.2)


def test_a_swing_is_found_for_the_period_asked_for() -> None:
    for minutes in (12, 20, 30):
        model = replace(ULT.model, swing=swing_for(ULT.model, minutes * MINUTE))
        assert cycles(model).period == pytest.approx(minutes, rel=0.1)
