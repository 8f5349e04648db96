"""What can befall a compressor, and the room around the units."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from simulators.clock import DAY, HOUR, MINUTE, SECOND
from simulators.physics.cooling import LOOK_EVERY
from simulators.physics.kinds import KINDS
from simulators.physics.room import Room, RoomModel
from simulators.physics.unit import SimulatedUnit

START = 1_795_000_000_000
"""2026-11-18T10:26:40Z."""
ULT = KINDS["ult-upright"].model


def settled(began_at: int = 0) -> SimulatedUnit:
    unit = SimulatedUnit(ULT, began_at=began_at)
    unit.step(6 * HOUR)
    return unit


def running(unit: SimulatedUnit, span: int) -> float:
    """The share of a span for which the compressor runs."""
    runs = 0
    for _ in range(span // LOOK_EVERY):
        unit.step(LOOK_EVERY)
        runs += unit.cooling
    return runs / (span // LOOK_EVERY)


def test_a_fading_unit_first_runs_longer_then_all_the_time_and_then_drifts_up() -> None:
    unit = settled()
    unit.fade(0.3, over=28 * DAY)
    duties, loads, capacities = [], [], []
    for _ in range(28):
        duties.append(running(unit, DAY))
        loads.append(unit.load)
        capacities.append(unit.capacity)
    print("duty by day", duties, "load by day", loads)
    assert duties[0] == pytest.approx(ULT.duty, abs=0.05)
    assert all(duties[day] < duties[day + 4] + 1e-9 for day in range(24))
    always = duties.index(1.0)
    assert 12 <= always <= 20
    assert loads[always - 2] < -78.0
    assert -75.0 < loads[-1] < -30.0
    assert capacities[-1] == pytest.approx(0.3)
    assert capacities[13] == pytest.approx(0.65)
    unit.step(DAY)
    assert unit.capacity == 0.3
    unit.restore()
    unit.step(DAY)
    assert unit.load == pytest.approx(-80.0, abs=0.5)


def test_a_unit_that_lost_all_its_refrigerant_runs_for_ever_and_a_dead_one_not_at_all() -> None:
    leaked, dead = settled(), settled()
    leaked.fade(0.0, over=0)
    dead.fail()
    for unit in (leaked, dead):
        unit.step(3 * HOUR)
        assert unit.load > -70.0
    assert (leaked.cooling, dead.cooling) == (True, False)
    assert (leaked.capacity, dead.capacity) == (0.0, 0.0)


def test_a_second_fade_begins_where_the_first_has_come_to() -> None:
    unit = settled(began_at=START)
    unit.fade(0.0, over=10 * DAY)
    unit.step(5 * DAY)
    unit.fade(1.0, over=DAY)
    assert unit.capacity == pytest.approx(0.5)
    unit.step(DAY // 2)
    assert unit.capacity == pytest.approx(0.75)


def test_a_compressor_that_trips_runs_in_short_bursts_and_cannot_hold_the_setpoint() -> None:
    unit = settled()
    unit.short_cycle(2 * MINUTE, 6 * MINUTE)
    unit.step(2 * HOUR)
    switched, before = [], unit.cooling
    for tick in range(HOUR // LOOK_EVERY):
        unit.step(LOOK_EVERY)
        if unit.cooling != before:
            before = unit.cooling
            switched.append((tick, before))
    spans = {
        running: {
            (after - tick) * LOOK_EVERY
            for (tick, state), (after, _) in pairwise(switched)
            if state == running
        }
        for running in (True, False)
    }
    assert spans == {True: {2 * MINUTE}, False: {6 * MINUTE}}
    unit.step(DAY)
    assert unit.load > -72.0
    unit.restore()
    unit.step(DAY)
    assert unit.load == pytest.approx(-80.0, abs=0.5)


def test_a_compressor_rests_before_it_starts_again_also_after_a_moment_without_mains() -> None:
    unit = SimulatedUnit(replace(ULT, rest_for=3 * MINUTE), phase=1.0)
    unit.step(MINUTE)
    assert unit.cooling
    unit.powered = False
    unit.step(LOOK_EVERY)
    unit.powered = True
    assert not unit.cooling
    unit.step(2 * MINUTE)
    assert not unit.cooling
    unit.step(2 * MINUTE)
    assert unit.cooling


@pytest.mark.parametrize(
    ("knob", "given", "match"),
    [
        ("fade", (1.1, DAY), "capacity"),
        ("fade", (-0.1, DAY), "capacity"),
        ("fade", (0.5, -1), "over"),
        ("short_cycle", (0, MINUTE), "on_for"),
        ("short_cycle", (MINUTE, 0), "off_for"),
    ],
)
def test_a_trouble_that_could_not_be_is_refused_by_its_name(
    knob: str, given: tuple[float, ...], match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        getattr(settled(), knob)(*given)


# --- the room -----------------------------------------------------------------------------------------------


def test_a_room_has_its_mean_over_a_day_and_is_warmest_in_the_afternoon() -> None:
    room = Room(RoomModel(mean=21.0, swing=3.0, warmest_at=15 * HOUR))
    midnight = START - START % DAY
    hours = [room.celsius(midnight + hour * HOUR) for hour in range(24)]
    assert sum(hours) / 24 == pytest.approx(21.0)
    assert max(hours) - min(hours) == pytest.approx(3.0)
    assert hours.index(max(hours)) == 15
    assert room.celsius(midnight + 400 * DAY) == pytest.approx(hours[0])


def test_a_room_that_loses_its_cooling_warms_within_hours_and_comes_back() -> None:
    room = Room(RoomModel(mean=22.0, swing=0.0))
    room.lose_cooling(START, to=35.0, follows_for=2 * HOUR)
    room.restore_cooling(START + 6 * HOUR)
    after = [round(room.celsius(START + hour * HOUR), 2) for hour in (-1, 0, 2, 6, 8, 20)]
    assert after == [22.0, 22.0, 30.22, 34.35, 26.54, 22.01]
    assert room.celsius(START + 2 * HOUR) == pytest.approx(30.22, abs=0.01)  # asked again, out of order
    with pytest.raises(ValueError, match="latest change"):
        room.lose_cooling(START)
    with pytest.raises(ValueError, match="follows_for"):
        room.lose_cooling(START + DAY, follows_for=0)


def test_a_hot_room_costs_a_unit_more_cooling_and_a_weak_one_its_temperature() -> None:
    cool, hot, weak = settled(), settled(), settled()
    hot.room = weak.room = 35.0
    weak.fade(0.6, over=0)
    assert running(hot, DAY) == pytest.approx(running(cool, DAY) * 115 / 102, abs=0.02)
    weak.step(2 * DAY)
    assert hot.load < -79.0
    assert -75.0 < weak.load < -50.0
    assert weak.temperature("room") == 35.0


@pytest.mark.parametrize(
    ("field", "value"), [("mean", float("nan")), ("swing", -1.0), ("warmest_at", DAY), ("warmest_at", -1)]
)
def test_a_room_that_could_not_be_is_refused_by_the_name_of_the_field(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        replace(RoomModel(), **{field: value})


def test_what_is_done_to_a_unit_tells_within_a_look() -> None:
    unit = SimulatedUnit(ULT, phase=1.0)
    unit.step(SECOND)
    assert unit.cooling
    unit.fail()
    unit.step(LOOK_EVERY)
    assert not unit.cooling
