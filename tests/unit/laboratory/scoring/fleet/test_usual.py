"""The usual rule: 15 minutes beyond a limit, one page until 15 minutes back inside."""

from __future__ import annotations

import random

import pytest

from laboratory.scoring.fleet.usual import ULT, UsualLimits, UsualPage, UsualReading, usual_pages
from monitor.core.time.instant import MINUTE

FRIDGE = UsualLimits(low=2.0, high=8.0)
LIMITS = {"lab1/F01": ULT, "lab1/K01": FRIDGE}


def minutes(channel: str, values: list[float | None], start: int = 0) -> list[UsualReading]:
    """One reading a minute."""
    return [UsualReading(channel, (start + n) * MINUTE, value) for n, value in enumerate(values)]


def pages(*series: list[UsualReading]) -> list[tuple[str, int, int | None]]:
    """Pages in whole minutes."""
    readings = sorted((each for one in series for each in one), key=lambda each: each.at)
    found = usual_pages(readings, LIMITS)
    return [(unit, at // MINUTE, None if end is None else end // MINUTE) for unit, at, end in found]


def test_it_pages_at_the_first_reading_that_finds_fifteen_minutes() -> None:
    assert pages(minutes("lab1/F01/air", [-80.0] * 5 + [-70.0] * 16)) == [("lab1/F01", 20, None)]
    assert pages(minutes("lab1/F01/air", [-80.0] * 5 + [-70.0] * 15)) == []


def test_one_reading_inside_begins_the_fifteen_minutes_anew() -> None:
    assert pages(minutes("lab1/F01/air", [-69.0] * 14 + [-70.1] + [-69.0] * 16)) == [("lab1/F01", 30, None)]


def test_it_pages_once_until_all_probes_were_back_for_fifteen_minutes() -> None:
    air = minutes("lab1/F01/air", [-60.0] * 20 + [-80.0] * 10 + [-60.0] * 30 + [-80.0] * 40)
    assert pages(air) == [("lab1/F01", 15, 75)]
    product = minutes("lab1/F01/product", [-75.0] * 50 + [-69.0] * 20 + [-75.0] * 30)
    assert pages(air, product) == [("lab1/F01", 15, 85)]


def test_it_pages_again_after_it_was_over() -> None:
    air = minutes("lab1/F01/air", [-60.0] * 16 + [-80.0] * 16 + [-60.0] * 16)
    assert pages(air) == [("lab1/F01", 15, 31), ("lab1/F01", 47, None)]


def test_two_probes_do_not_share_one_stay() -> None:
    air = minutes("lab1/F01/air", [-60.0] * 10 + [-80.0] * 20)
    product = minutes("lab1/F01/product", [-80.0] * 10 + [-60.0] * 10 + [-80.0] * 10)
    assert pages(air, product) == []


@pytest.mark.parametrize(("celsius", "is_outside"), [(8.0, False), (8.01, True), (2.0, False), (1.99, True)])
def test_a_window_includes_its_limits(celsius: float, is_outside: bool) -> None:
    expected = [("lab1/K01", 15, None)] if is_outside else []
    assert pages(minutes("lab1/K01/product", [celsius] * 20)) == expected


def test_bad_readings_and_silence_break_nothing() -> None:
    assert pages(minutes("lab1/F01/air", [-60.0] * 5 + [None] * 5 + [-60.0] * 6)) == [("lab1/F01", 15, None)]
    apart = [*minutes("lab1/F01/air", [-60.0]), *minutes("lab1/F01/air", [-60.0], start=300)]
    assert pages(apart) == [("lab1/F01", 300, None)]
    assert pages(minutes("lab1/F01/air", [None] * 60)) == []


def test_a_probe_that_falls_silent_outside_keeps_the_page_open() -> None:
    air = minutes("lab1/F01/air", [-60.0] * 16)
    product = minutes("lab1/F01/product", [-80.0] * 100)
    assert pages(air, product) == [("lab1/F01", 15, None)]


def test_units_without_limits_are_left_out() -> None:
    assert usual_pages(minutes("lab1/X/air", [30.0] * 60), LIMITS) == []


def by_definition(readings: list[UsualReading]) -> list[UsualPage]:
    """The rule for one ULT, looked up anew at every reading: slow, and with no state but the open page."""
    found: list[UsualPage] = []
    for n, (channel, at, celsius) in enumerate(readings):
        if celsius is None:
            continue
        runs = {}  # each probe's last unbroken run: is it outside, and since when
        for probe, when, value in readings[: n + 1]:
            if value is not None and runs.get(probe, (None, 0))[0] is not (value >= -70.0):
                runs[probe] = (value >= -70.0, when)
        is_open = bool(found) and found[-1].ended_at is None
        is_outside, since = runs[channel]
        if not is_open and is_outside and at - since >= 15 * MINUTE:
            found.append(UsualPage("lab1/F01", at, None))
        elif is_open and all(not out and at - start >= 15 * MINUTE for out, start in runs.values()):
            found[-1] = found[-1]._replace(ended_at=at)
    return found


def test_it_agrees_with_its_definition_looked_up_slowly() -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    paged = 0
    for _ in range(150):
        at, warm, readings = 0, False, []
        for _ in range(90):
            at += dice.choice([0, 1, 2, 3]) * MINUTE + dice.randrange(1, 1_000)  # never two at once
            warm = warm is not (dice.random() < 0.05)
            celsius = None if dice.random() < 0.1 else (-69.5 if warm else -75.0)
            readings.append(UsualReading(f"lab1/F01/{dice.choice(['air', 'product'])}", at, celsius))
        found = usual_pages(readings, LIMITS)
        assert found == by_definition(readings)
        paged += len(found)
    assert paged > 50


def test_the_order_within_one_instant_changes_nothing() -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    names = ("lab1/F01/air", "lab1/F01/product", "lab1/K01/product")
    readings = [each for name in names for each in minutes(name, wandering(dice, 800))]
    readings += [each._replace(celsius=-75.0) for each in readings[::7]]  # two values for one instant
    readings.sort(key=lambda each: each.at)
    expected = usual_pages(readings, LIMITS)
    assert expected
    for _ in range(20):
        dice.shuffle(readings)
        readings.sort(key=lambda each: each.at)
        assert usual_pages(readings, LIMITS) == expected


def wandering(dice: random.Random, length: int) -> list[float | None]:
    """A value a minute, warm or cold for half an hour or so at a time."""
    celsius, found = -80.0, list[float | None]()
    for _ in range(length):
        celsius = dice.choice([-80.0, -60.0]) if dice.random() < 0.05 else celsius
        found.append(celsius)
    return found
