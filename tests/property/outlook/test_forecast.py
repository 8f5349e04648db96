"""What holds for every forecast, whatever the readings; with hypothesis, which shrinks what fails."""

from __future__ import annotations

from math import exp, isfinite, log
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.outlook.forecast import HORIZON, LOOK_BACK, Forecast, forecast
from monitor.core.time.instant import HOUR, MINUTE, SECOND

T0 = 1_770_000_000_000
ANY_CELSIUS = st.floats(allow_nan=False, allow_infinity=False)
ANY_AMBIENT = st.one_of(st.none(), ANY_CELSIUS)
ANY_READINGS = st.lists(st.tuples(st.integers(-(10**18), 10**18), ANY_CELSIUS), max_size=40)
NEAR_READINGS = st.lists(
    st.tuples(
        st.integers(T0, T0 + 4 * HOUR), st.floats(-200, 60) | st.sampled_from([-80.0, -70.0, -1000.0, 1000.0])
    ),
    min_size=5,
    max_size=60,
)


@st.composite
def warmings(draw: st.DrawFn) -> tuple[list[tuple[int, float]], float | None]:
    """A calm time and a warming by the formula, with noise; and the ambient told."""
    chance = Random(draw(st.integers(0, 10**6)))
    celsius = draw(st.sampled_from([-185.0, -80.0, -20.0, 5.0]))
    ambient = draw(st.floats(18, 30))
    tau = draw(st.floats(1, 60))
    every = draw(st.sampled_from([10, 60, 300, 900])) * SECOND
    calm, warm = draw(st.integers(0, 90)) * MINUTE, draw(st.integers(5, 180)) * MINUTE
    noise = draw(st.sampled_from([0.0, 0.03, 0.3]))
    readings = []
    for at in range(-calm, warm, every):
        left = (ambient - celsius) * exp(-max(at, 0) / HOUR / tau)
        readings.append((T0 + at, round(ambient - left + chance.gauss(0, noise), 1)))
    return readings, draw(st.sampled_from([None, 22.0, ambient]))


def is_sound(prediction: Forecast) -> None:
    values = (
        *prediction.coolest,
        *prediction.likely,
        *prediction.warmest,
        prediction.celsius,
        prediction.rate_per_hour,
        prediction.towards,
    )
    assert all(isfinite(value) for value in values)
    assert prediction.rate_per_hour > 0
    assert prediction.tau_ms is None or prediction.tau_ms > 0
    for curve in (prediction.coolest, prediction.likely, prediction.warmest):
        assert list(curve) == sorted(curve)
        assert len(curve) == len(prediction.hours)


def is_ordered(prediction: Forecast, levels: list[float]) -> None:
    """Within a crossing, and from one level to a higher one."""
    before, ended = None, False
    for level in sorted(levels):
        crossing = prediction.crossing(level)
        if level <= prediction.celsius:
            assert crossing is None
            continue
        if crossing is None:
            ended = True
            continue
        assert not ended, "a higher level is said to be reached, a lower one not"
        assert (
            prediction.made_at <= crossing.earliest_at <= crossing.likely_at <= prediction.made_at + HORIZON
        )
        assert (
            crossing.latest_at is None
            or crossing.likely_at <= crossing.latest_at <= prediction.made_at + HORIZON
        )
        if before is not None:
            assert before.earliest_at <= crossing.earliest_at
            assert before.likely_at <= crossing.likely_at
            latest = [HORIZON * 10**9 if at is None else at for at in (before.latest_at, crossing.latest_at)]
            assert latest == sorted(latest)
        before = crossing


LEVELS = st.lists(st.floats(-250, 100) | ANY_CELSIUS, min_size=1, max_size=8)


@settings(max_examples=300, deadline=None)
@given(readings=ANY_READINGS | NEAR_READINGS | NEAR_READINGS.map(sorted), ambient=ANY_AMBIENT, levels=LEVELS)
def test_no_finite_readings_make_it_raise(
    readings: list[tuple[int, float]], ambient: float | None, levels: list[float]
) -> None:
    prediction = forecast(readings, ambient=ambient)
    if prediction is not None:
        is_sound(prediction)
        is_ordered(prediction, levels)


@settings(max_examples=200, deadline=None)
@given(
    rise=st.lists(st.floats(0, 30), min_size=5, max_size=60),
    every=st.integers(1, 15 * MINUTE),
    ambient=ANY_AMBIENT,
)
def test_no_rise_of_any_shape_makes_it_raise(rise: list[float], every: int, ambient: float | None) -> None:
    celsius, readings = -80.0, []
    for i, step in enumerate(rise):
        celsius += step
        readings.append((T0 + i * every, celsius))
    prediction = forecast(readings, ambient=ambient)
    if prediction is not None:
        is_sound(prediction)
        is_ordered(prediction, [celsius + 1, celsius + 10, 0.0, 22.0])


@settings(max_examples=100, deadline=None)
@given(case=warmings(), levels=LEVELS)
def test_the_ends_of_an_interval_are_in_order_and_grow_with_the_level(
    case: tuple[list[tuple[int, float]], float | None], levels: list[float]
) -> None:
    readings, ambient = case
    prediction = forecast(readings, ambient=ambient)
    if prediction is not None:
        is_sound(prediction)
        assert prediction.made_at == readings[-1][0]
        is_ordered(
            prediction,
            [
                *levels,
                prediction.celsius,
                prediction.celsius + 0.5,
                prediction.celsius + 5,
                prediction.celsius + 20,
            ],
        )


@settings(max_examples=60, deadline=None)
@given(case=warmings(), by=st.integers(-(10**13), 10**13), chance=st.randoms(use_true_random=False))
def test_it_moves_with_the_readings_and_their_order_does_not_matter(
    case: tuple[list[tuple[int, float]], float | None], by: int, chance: Random
) -> None:
    readings, ambient = case
    prediction = forecast(readings, ambient=ambient)
    moved = [(at + by, celsius) for at, celsius in readings]
    chance.shuffle(moved)
    again = forecast(moved, ambient=ambient)
    if prediction is None:
        assert again is None
        return
    assert again is not None
    assert again.made_at == prediction.made_at + by
    assert (again.celsius, again.rate_per_hour, again.towards, again.tau_ms) == (
        prediction.celsius,
        prediction.rate_per_hour,
        prediction.towards,
        prediction.tau_ms,
    )
    one, other = prediction.crossing(prediction.celsius + 3), again.crossing(prediction.celsius + 3)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert [one.earliest_at + by, one.likely_at + by] == [other.earliest_at, other.likely_at]
        assert other.latest_at == (None if one.latest_at is None else one.latest_at + by)


@settings(max_examples=60, deadline=None)
@given(case=warmings(), older=st.floats(-200, 60))
def test_what_is_older_than_it_looks_back_changes_nothing(
    case: tuple[list[tuple[int, float]], float | None], older: float
) -> None:
    readings, ambient = case
    before = [(readings[-1][0] - LOOK_BACK - i * MINUTE, older) for i in range(5)]
    assert forecast(before + readings, ambient=ambient) == forecast(readings, ambient=ambient)


@settings(max_examples=100, deadline=None)
@given(
    base=st.floats(-190, 20),
    noise=st.floats(0, 0.08),
    fall=st.floats(0, 10),
    every=st.sampled_from([10, 60, 300, 900]),
    seed=st.integers(0, 10**6),
)
def test_a_unit_that_is_steady_or_cools_is_not_forecast(
    base: float, noise: float, fall: float, every: int, seed: int
) -> None:
    chance = Random(seed)
    readings = [
        (T0 + at, base - fall * at / HOUR + chance.gauss(0, noise))
        for at in range(0, 3 * HOUR, every * SECOND)
    ]
    assert forecast(readings, ambient=22.0) is None


@settings(max_examples=60, deadline=None)
@given(
    swing=st.floats(0.5, 5),
    period=st.integers(10, 40),
    duty=st.floats(0.31, 0.88),
    phase=st.floats(0, 1),
    lasted=st.integers(90, 180),
)
def test_the_saw_tooth_of_a_compressor_is_not_forecast(
    swing: float, period: int, duty: float, phase: float, lasted: int
) -> None:
    readings = []
    for minute in range(lasted):
        place = (minute / period + phase) % 1
        share = place / (1 - duty) if place < 1 - duty else (1 - place) / duty
        readings.append((T0 + minute * MINUTE, round(-80 + swing * share, 2)))
    assert forecast(readings, ambient=22.0) is None


@pytest.mark.parametrize("wrong", [-130.0, 20.0, 85.0])
@pytest.mark.parametrize("place", [0, 30, 100, 148, 149])
def test_one_wrong_reading_neither_makes_a_forecast_nor_breaks_one(wrong: float, place: int) -> None:
    calm = [(T0 + i * MINUTE, -80.0 + 0.02 * (i % 3)) for i in range(150)]
    rising = [(at, celsius + max(0.0, (at - T0) / HOUR - 1.5) * 4) for at, celsius in calm]
    good = forecast(rising, ambient=22.0)
    assert good is not None
    for readings in (calm, rising):
        readings[place] = (readings[place][0], wrong)
    assert forecast(calm, ambient=22.0) is None
    prediction = forecast(rising, ambient=22.0)
    assert prediction is not None
    told, expected = prediction.crossing(-70.0), good.crossing(-70.0)
    assert told is not None
    assert expected is not None
    lead = expected.likely_at - good.made_at
    assert abs(told.likely_at - expected.likely_at) < 0.1 * lead


def test_a_clean_warming_is_told_to_within_a_few_minutes() -> None:
    ambient, tau = 22.0, 12.0
    readings = [
        (T0 + i * MINUTE, round(ambient - 102 * exp(-max(0, i - 60) / 60 / tau), 2)) for i in range(-10, 180)
    ]
    prediction = forecast(readings, ambient=ambient)
    assert prediction is not None
    truth = T0 + 60 * MINUTE + round(tau * log(102 / 72) * HOUR)  # −50 °C
    crossing = prediction.crossing(-50.0)
    assert crossing is not None
    assert crossing.latest_at is not None
    assert crossing.earliest_at <= truth <= crossing.latest_at
    assert abs(crossing.likely_at - truth) < 10 * MINUTE
    assert prediction.tau_ms == pytest.approx(tau * HOUR, rel=0.15)
    assert prediction.towards == pytest.approx(ambient, abs=2)
    assert prediction.celsius == pytest.approx(readings[-1][1], abs=0.1)
    assert prediction.rate_per_hour == pytest.approx((ambient - prediction.celsius) / tau, rel=0.1)


def test_a_level_above_where_it_will_end_is_never_reached() -> None:
    readings = [(T0 + i * MINUTE, round(22 - 17 * exp(-i / 240), 2)) for i in range(180)]
    prediction = forecast(readings, ambient=22.0)
    assert prediction is not None
    assert prediction.crossing(60.0) is None
    assert prediction.crossing(prediction.celsius) is None
    assert prediction.crossing(-300.0) is None
