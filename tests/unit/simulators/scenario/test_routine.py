"""The daily habits: doors and goods, in working hours, one after the other, within the time asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from random import Random

import pytest

from simulators.clock import DAY, HOUR, MINUTE, SECOND
from simulators.happening import Happening
from simulators.happening import HappeningKind as Kind
from simulators.scenario.routine import WORK_FROM, WORK_UNTIL, doors, goods
from tests.rigs.simulated import START


def a_month_of_doors(seed: int, per_day: float, *, told: bool = True) -> list[Happening]:
    print("seed", seed)
    made = doors(
        "F01",
        Random(seed),
        start_at=START,
        end_at=START + 28 * DAY,
        per_day=per_day,
        open_for=(20 * SECOND, 3 * MINUTE),
        told=told,
    )
    return list(made)


def pairs(found: list[Happening]) -> Iterator[tuple[Happening, Happening]]:
    return zip(found[::2], found[1::2], strict=True)


def is_weekend(at: int) -> bool:
    return datetime.fromtimestamp(at / SECOND, tz=UTC).weekday() >= 5


@pytest.mark.parametrize("seed", range(5))
def test_doors_are_opened_in_working_hours_and_shut_before_they_are_opened_again(seed: int) -> None:
    found = a_month_of_doors(seed, 40.0)
    for opened, closed in pairs(found):
        assert (opened.kind, closed.kind) == (Kind.DOOR_OPENED, Kind.DOOR_CLOSED)
        assert 20 * SECOND <= closed.at - opened.at <= 3 * MINUTE
        assert WORK_FROM <= opened.at % DAY < WORK_UNTIL
        assert START <= opened.at < closed.at <= START + 28 * DAY
        assert opened.told
        assert opened.ajar is None  # a habit is no failure
    assert all(b.at - a.at >= MINUTE for a, b in pairwise(found) if a.kind is Kind.DOOR_CLOSED)


@pytest.mark.parametrize("per_day", [0.5, 4.0, 12.0])
def test_so_many_doors_a_working_day_and_a_tenth_of_it_at_weekends(per_day: float) -> None:
    counts = [0, 0]
    for seed in range(20):
        for opened, _ in pairs(a_month_of_doors(seed, per_day)):
            counts[is_weekend(opened.at)] += 1
    assert counts[False] / (20 * 20) == pytest.approx(per_day, rel=0.15)
    assert counts[True] / (20 * 8) == pytest.approx(per_day / 10, rel=0.35)


def test_without_a_contact_nothing_tells_of_a_door() -> None:
    assert {each.told for each in a_month_of_doors(1, 5.0, told=False)} == {False}


def test_goods_are_put_in_half_way_through_an_open_door() -> None:
    end_at = START + 28 * DAY
    found = list(goods("F01", Random(3), start_at=START, end_at=end_at, per_day=3.0, share=(0.02, 0.15)))
    assert len(found) > 100
    for opened, loaded, closed in zip(found[::3], found[1::3], found[2::3], strict=True):
        kinds = (opened.kind, loaded.kind, closed.kind)
        assert kinds == (Kind.DOOR_OPENED, Kind.GOODS_LOADED, Kind.DOOR_CLOSED)
        assert MINUTE <= closed.at - opened.at <= 3 * MINUTE
        assert opened.at < loaded.at < closed.at
        assert 0.02 <= (loaded.share or 0.0) <= 0.15
        assert loaded.celsius is None  # at room temperature


def test_a_habit_shorter_than_a_working_day_stays_within_it() -> None:
    start_at = START - START % DAY + 9 * HOUR
    for seed in range(30):
        made = doors(
            "F01",
            Random(seed),
            start_at=start_at,
            end_at=start_at + HOUR,
            per_day=200.0,
            open_for=(MINUTE, 5 * MINUTE),
        )
        found = list(made)
        assert found
        assert all(start_at <= each.at <= start_at + HOUR for each in found)
