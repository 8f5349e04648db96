"""Scenario files: what they say becomes a fleet, and those that ship."""

from __future__ import annotations

import pytest

from laboratory.check import expectations_of
from monitor.wire.v1 import LotEventKind
from simulators.clock import DAY, HOUR, MINUTE, SECOND
from simulators.happening import Happening
from simulators.happening import HappeningKind as Kind
from simulators.scenario.file import Action, load, parse, shipped_scenarios

HEAD = """
title = "A test"
start = 2026-11-18T10:00:00Z
length = "90m"
"""
UNIT = """
[[unit]]
name = "F01"
kind = "ult-upright"
"""
FRIDGE = """
[[unit]]
name = "R01"
kind = "fridge-2-8"
probe = [{ name = "product" }, { name = "air", like = "bare" }]
"""
BASE = HEAD + UNIT
START = 1_794_996_000_000


def happening(text: str, base: str = BASE) -> str:
    """A file with one happening."""
    return f"{base}\n[[happening]]\n{text}\n"


def happenings(text: str, base: str = BASE) -> list[Happening]:
    """What a file says that happens, in order."""
    return list(parse(text, "test").fleet().happenings)


# --- what is said, done -------------------------------------------------------------------------------------


def test_a_scenario_is_its_files_words_as_instants_and_durations() -> None:
    text = (
        HEAD.replace('"90m"', '"2h30m"')
        + 'history = "14d"\nstep = "90s"\nread_every = "30s"\nsite = "site2"\nseed = 5\n'
        + UNIT
        + '[[action]]\nat = "10m"\ndo = "stop_broker"\nfor = "3m"\n[[action]]\nat = "1h"\ndo = "restart_monitor"\n'
    )
    scenario = parse(text, "test")
    assert (scenario.start_at, scenario.length) == (START, 150 * MINUTE)
    assert (scenario.history, scenario.step) == (14 * DAY, 90 * SECOND)
    assert scenario.actions == (
        Action(10 * MINUTE, "stop_broker", 3 * MINUTE),
        Action(HOUR, "restart_monitor", None),
    )
    fleet = scenario.fleet()
    assert (fleet.start_at, fleet.began_at, fleet.read_every) == (START, START - 14 * DAY, 30 * SECOND)
    assert (fleet.site, fleet.seed, scenario.fleet(seed=9).seed) == ("site2", 5, 9)
    assert scenario.fleet(start_at=START + DAY, root="a/b").start_at == START + DAY


def test_a_happening_lasts_for_some_time_and_comes_so_many_times() -> None:
    found = happenings(
        happening('at="10m"\nfor="2m"\nevery="1h30m"\ntimes=3\nkind="door_opened"\nunit="F01"')
    )
    told = [((each.at - START) / MINUTE, each.kind) for each in found]
    assert told == [
        (10, Kind.DOOR_OPENED),
        (12, Kind.DOOR_CLOSED),
        (100, Kind.DOOR_OPENED),
        (102, Kind.DOOR_CLOSED),
        (190, Kind.DOOR_OPENED),
        (192, Kind.DOOR_CLOSED),
    ]


def test_a_minus_lies_before_the_start() -> None:
    (only,) = happenings(happening('at="-3h"\nkind="goods_loaded"\nshare=0.1\ncelsius=-20\nunit="F01"'))
    assert (only.at, only.share, only.celsius) == (START - 3 * HOUR, 0.1, -20)
    (skewed,) = happenings(happening('at="1m"\nkind="clock_skewed"\nby="-2h"\nprobe="F01/product"'))
    assert skewed.by == -2 * HOUR


@pytest.mark.parametrize(
    ("told", "targets"),
    [
        ('kind = "door_opened"\nunit = "*"', ["F01", "R01"]),
        ('kind = "door_opened"\nunit = ["R01", "F01"]', ["R01", "F01"]),
        ('kind = "probe_silent"\nprobe = "*"', ["F01/product", "R01/product", "R01/air"]),
        ('kind = "gateway_lost"\ngateway = "*"', ["g", "F01", "R01"]),
        ('kind = "room_cooling_lost"\nroom = "*"', ["room"]),
    ],
)
def test_a_star_stands_for_all_and_a_list_for_those_that_it_names(told: str, targets: list[str]) -> None:
    base = BASE + FRIDGE + '[[gateway]]\nname = "g"\nprobes = ["R01/air"]\n'
    assert [each.target for each in happenings(happening(f'at = "5m"\n{told}', base))] == targets


def test_models_are_changed_field_by_field_parts_of_them_too() -> None:
    text = (
        HEAD
        + UNIT
        + 'filled = 1.0\nbackup = "carbon_dioxide"\nroom = "hall"\n'
        + 'model = { setpoint = -75, warm_up_for = "30h", backup = { after = "5m" } }\n'
        + 'probe = [{ name = "p", model = { lag_for = "90s", place = "wall" } }]\n'
        + '[[unit]]\nname = "F02"\nkind = "ult-chest"\n'
        + 'model = { defrost = { every = "8h", lasts_for = "20m", heats = 0.5 } }\n'
        + '[[room]]\nname = "hall"\nmodel = { mean = 19.5, warmest_at = "14h" }\n'
        + '[[gateway]]\nname = "g"\nunits = ["*"]\nmodel = { buffer = 50, will_after = "90s", delay = "3s" }\n'
    )
    fleet = parse(text, "test").fleet()
    first, second = fleet.units
    assert (first.model.setpoint, first.model.warm_up_for, first.room) == (-75.0, 30 * HOUR, "hall")
    assert first.model.backup is not None
    assert (first.model.backup.after, first.model.backup.lasts_for) == (5 * MINUTE, 7 * HOUR)
    assert (first.probes["p"].lag_for, first.probes["p"].place) == (90 * SECOND, "wall")
    assert first.model.air_share == 0.12  # full
    assert second.model.defrost is not None
    assert second.model.defrost.every == 8 * HOUR
    assert (fleet.rooms["hall"].mean, fleet.rooms["hall"].warmest_at) == (19.5, 14 * HOUR)
    (gateway,) = fleet.all_gateways()
    assert gateway.probes == ("F01/p", "F02/product")
    assert (gateway.model.buffer, gateway.model.will_after, gateway.model.delay) == (50, 90_000, 3_000)


def test_lots_are_registered_and_what_becomes_of_them_is_told() -> None:
    text = (
        BASE
        + FRIDGE
        + (
            '[[lot]]\nlot = "E1"\nunit = "F01"\nexpires_in = "-2d"\n'
            '[[lot]]\nlot = "E2"\nunit = "R01"\nat = "-1h"\nprofile = "special"\n'
            '[[lot_event]]\nat = "5m"\nlot = "E1"\nkind = "moved"\nunit = "R01"\n'
            '[[lot_event]]\nat = "9m"\nlot = "E1"\nkind = "moved"\nunit = ""\nby = "Anna"\n'
        )
    )
    first, second, moved, out = parse(text, "test").fleet().lots
    assert (first.unit, first.profile, first.expires_on) == ("lab1/F01", "ult-80", "2026-11-16")
    assert first.occurred_at == START - DAY + MINUTE
    assert (second.occurred_at, second.profile) == (START - HOUR, "special")
    assert (moved.kind, moved.unit, moved.by) == (LotEventKind.MOVED, "lab1/R01", "LIMS")
    assert (out.occurred_at, out.unit, out.by) == (START + 9 * MINUTE, None, "Anna")
    assert len({event.event_id for event in (first, second, moved, out)}) == 4


def test_the_habit_of_doors_is_in_working_hours_and_silent_without_a_contact() -> None:
    found = happenings(BASE.replace('"90m"', '"14d"') + "doors = 9\ndoor_contact = false\n")
    opened = [each for each in found if each.kind is Kind.DOOR_OPENED]
    assert 60 < len(opened) < 130
    assert all(each.told is False for each in found)
    assert all(7 * HOUR <= each.at % DAY <= 17 * HOUR for each in opened)


# --- those that ship ----------------------------------------------------------------------------------------


def test_scenarios_ship_in_order_with_a_title_each() -> None:
    found = shipped_scenarios()
    names = [name for name, _ in found]
    assert names == sorted(set(names))
    assert "demo" in names
    assert len({title for _, title in found}) == len(found)
    assert all(title.strip() for _, title in found)


@pytest.mark.parametrize("name", [name for name, _ in shipped_scenarios()])
def test_a_scenario_that_ships_can_be_used_and_expects_something(name: str) -> None:
    scenario = load(name)
    assert scenario.document.title
    assert scenario.document.story.strip()
    expectations = expectations_of(scenario)
    assert expectations.expected or expectations.quiet
    assert all(each.began_at >= scenario.start_at - scenario.history for each in scenario.failing)
