"""The simulated clocks, and durations in words."""

from __future__ import annotations

import math
from random import Random

import pytest

from simulators.clock import DAY, HOUR, MINUTE, SECOND, SimulatedClock, SteppedClock, duration
from tests.rigs.simulated import START


class RealTime:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


def test_the_clock_starts_at_its_instant_and_runs_at_its_speed() -> None:
    real = RealTime(77.0)
    clock = SimulatedClock(START, 60.0, real)
    assert clock.now() == START
    real.seconds += 2.5
    assert clock.now() == START + 150 * SECOND
    assert clock() == clock.now()
    assert clock.real_seconds_until(START + 210 * SECOND) == pytest.approx(1.0)
    assert clock.real_seconds_until(START) == 0.0


def test_no_time_is_left_until_an_instant_exactly_when_the_clock_has_reached_it() -> None:
    seed = 20261118
    print("seed", seed)
    random = Random(seed)
    for _ in range(2_000):
        real = RealTime(random.uniform(0, 1e6))
        clock = SimulatedClock(START, random.choice([0.1, 1.0, 60.0, 997.3, 1e5]), real)
        at = START + random.randrange(1, 10_000_000)
        real.seconds += clock.real_seconds_until(at) + random.choice([0.0, -1e-9, 1e-9, -1e-4, 1e-4])
        assert (clock.real_seconds_until(at) == 0.0) == (clock.now() >= at)


@pytest.mark.parametrize("speed", [0.0, -1.0, math.inf, math.nan])
def test_a_clock_that_would_stand_still_or_run_backwards_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        SimulatedClock(START, speed, RealTime(0.0))


def test_a_stepped_clock_stands_still_until_it_is_moved_and_never_goes_back() -> None:
    clock = SteppedClock(START)
    assert clock.now() == START
    clock.move_to(START + MINUTE)
    clock.move_to(START + MINUTE)
    assert clock.now() == START + MINUTE
    with pytest.raises(ValueError, match="can't go back"):
        clock.move_to(START)
    assert clock.now() == START + MINUTE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90 * SECOND),
        ("15m", 15 * MINUTE),
        ("2h30m", 150 * MINUTE),
        ("14d", 14 * DAY),
        ("1d2h3m4s", DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_as_it_is_written(text: str, expected: int) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "15", "1.5h", "-3h", "3h ", "2m1h", "1H", "٣h", "h", "1h2h"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration: write 90s, 15m, 2h30m or 14d"):
        duration(text)
