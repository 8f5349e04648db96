"""What probes make of the temperature they sit in: noise, faults, codes, batteries, clocks."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import get_args

import pytest

from monitor.core.channel import quality
from monitor.core.channel.reading import Fault
from monitor.core.profile.unit import ProbeSettings
from monitor.wire.v1 import FaultName, Reading, decode_reading, encode_reading
from simulators.clock import DAY, HOUR, MINUTE
from simulators.sensing.clockwork import DeviceClock
from simulators.sensing.codes import SENSOR_CODES
from simulators.sensing.probe import BARE, BUFFERED, WEAK_BELOW, Place, ProbeModel, Scale, SimulatedProbe

START = 1_795_000_000_000
EXACT = ProbeModel(place="air", lag_for=1, noise=0.0)
"""Without noise: it says what its element has, to the hundredth."""


def probe(model: ProbeModel, celsius: float = -80.0, seed: str = "probe") -> SimulatedProbe:
    return SimulatedProbe(model, celsius=celsius, began_at=START, random=Random(seed))


def heard(it: SimulatedProbe, at: int = START) -> Reading:
    reading = it.read(at)
    assert reading is not None
    return reading


# --- heat, noise, resolution ------------------------------------------------------------------------------------


def test_a_probe_follows_with_a_first_order_lag_whatever_the_steps() -> None:
    one, many, mixed = probe(BUFFERED), probe(BUFFERED), probe(BUFFERED)
    one.follow(-60.0, BUFFERED.lag_for)
    for _ in range(100):
        many.follow(-60.0, BUFFERED.lag_for // 100)
    left, random = BUFFERED.lag_for, Random(3)
    while left:
        dt = min(left, random.choice([1_000, 7_000, 10_000]))
        mixed.follow(-60.0, dt)
        left -= dt
    assert one.celsius == pytest.approx(-80.0 + 20.0 * (1 - math.exp(-1)))
    assert many.celsius == pytest.approx(one.celsius)
    assert mixed.celsius == pytest.approx(one.celsius)


@pytest.mark.parametrize("resolution", [0.0625, 0.1, 0.01, 0.5, 0.3])
def test_readings_are_multiples_of_the_resolution_and_scatter_as_told(resolution: float) -> None:
    it = probe(ProbeModel(place="air", lag_for=1, noise=0.4, resolution=resolution))
    values = [reading.celsius for n in range(4_000) if (reading := it.read(START + n)) is not None]
    assert all(
        value is not None and value == round(value, 6) for value in values
    )  # 0.3, not 0.30000000000000004
    steps = [value / resolution for value in values if value is not None]
    assert steps == pytest.approx([round(step) for step in steps], abs=1e-9)
    assert statistics.stdev(values) == pytest.approx(math.hypot(0.4, resolution / 12**0.5), rel=0.05)
    assert statistics.fmean(values) == pytest.approx(-80.0, abs=0.04)


def test_noise_is_drawn_from_the_randomness_given_and_luck_takes_nothing_from_it() -> None:
    it, random = probe(replace(EXACT, noise=1.0)), Random("probe")
    for n in range(20):
        assert heard(it, START + n).celsius == pytest.approx(-80.0 + random.gauss(0.0, 1.0), abs=0.0051)


def test_a_value_that_rounds_to_nothing_is_a_plain_zero() -> None:
    for resolution in (0.1, 0.3):
        model = ProbeModel(place="air", lag_for=1, noise=0.0, resolution=resolution)
        assert b'"celsius":0.0' in encode_reading(heard(probe(model, celsius=-0.01)))


# --- troubles ---------------------------------------------------------------------------------------------------

TROUBLES: dict[str, Callable[[SimulatedProbe, int], None]] = {
    "fault": lambda it, _: setattr(it, "fault", "open_circuit"),
    "code": lambda it, _: setattr(it, "code", 85.0),
    "stuck": lambda it, _: setattr(it, "stuck", True),
    "intermittent": lambda it, _: setattr(it, "intermittent", 0.5),
    "losing": lambda it, _: setattr(it, "losing", 0.5),
    "silent": lambda it, _: setattr(it, "silent", True),
    "offset": lambda it, _: setattr(it, "offset", 3.0),
    "scale": lambda it, _: setattr(it, "scale", "fahrenheit"),
    "drift": lambda it, at: it.drift(2_000.0, at),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_trouble_shows_and_leaves_later_readings_as_they_would_have_been(trouble: str) -> None:
    model = replace(BUFFERED, battery_percent=14.0)  # so weak that luck is needed as well
    calm, troubled = probe(model), probe(model)
    before, during, after = ([calm.read(START + n * MINUTE) for n in range(k, k + 60)] for k in (0, 60, 120))
    assert [troubled.read(START + n * MINUTE) for n in range(60)] == before
    TROUBLES[trouble](troubled, START + 60 * MINUTE)
    assert [troubled.read(START + n * MINUTE) for n in range(60, 120)] != during
    troubled.restore()
    assert [troubled.read(START + n * MINUTE) for n in range(120, 180)] == after


@pytest.mark.parametrize("fault", get_args(FaultName))
def test_a_faulty_probe_says_its_fault_and_no_temperature(fault: FaultName) -> None:
    it = probe(BUFFERED)
    it.fault, it.code, it.stuck = fault, 85.0, True
    reading = heard(it)
    assert (reading.celsius, reading.fault) == (None, fault)
    assert decode_reading(encode_reading(reading), START) == reading
    it.restore()
    healed = heard(it)
    assert healed.fault is None
    assert healed.celsius == pytest.approx(-80.0, abs=0.3)


def test_every_fault_of_the_wire_format_is_there() -> None:
    assert set(get_args(FaultName)) == {fault.value for fault in Fault}


def test_silence_leaves_a_gap_in_seq_and_later_readings_as_they_would_have_been() -> None:
    talking, silent = probe(BUFFERED), probe(BUFFERED)
    everything = [talking.read(START + n) for n in range(10)]
    said = []
    for n in range(10):
        silent.silent = 3 <= n < 7
        said.append(silent.read(START + n))
    assert said[3:7] == [None] * 4
    assert said[:3] + said[7:] == everything[:3] + everything[7:]
    assert [reading.seq for reading in said if reading] == [1, 2, 3, 8, 9, 10]


def test_a_stuck_probe_repeats_the_last_temperature_it_said_to_the_digit_whatever_comes() -> None:
    it = probe(BARE)
    last = [heard(it).celsius for _ in range(5)][-1]
    it.silent = True
    it.read(START)
    it.silent, it.stuck = False, True
    it.follow(20.0, DAY)
    it.offset = 5.0
    assert {heard(it).celsius for _ in range(50)} == {last}
    it.code = -127.0
    assert heard(it).celsius == -127.0
    it.code, it.fault = None, "read_error"
    heard(it)
    it.fault = None
    assert heard(it).celsius == last
    it.stuck = False
    assert heard(it).celsius == pytest.approx(25.0, abs=0.5)


def test_a_probe_that_is_stuck_before_it_said_anything_sticks_at_its_first_value() -> None:
    it = probe(BARE)
    it.stuck = True
    first = heard(it).celsius
    it.follow(0.0, DAY)
    assert heard(it).celsius == first == pytest.approx(-80.0, abs=0.5)


@pytest.mark.parametrize("share", [0.1, 0.6, 1.0])
def test_an_intermittent_probe_has_read_errors_and_a_losing_one_gaps_in_the_share_told(share: float) -> None:
    it, far = probe(EXACT), probe(EXACT)
    it.intermittent = share
    faults = [heard(it, START + n).fault for n in range(4_000)]
    assert set(faults) <= {None, "read_error"}
    assert faults.count("read_error") / 4_000 == pytest.approx(share, abs=0.025)
    far.losing, far.intermittent = share, 0.25
    readings = [far.read(START + n) for n in range(8_000)]
    assert readings.count(None) / 8_000 == pytest.approx(share, abs=0.025)
    rest = [reading.fault for reading in readings if reading]
    if rest:  # of those that arrive, the share of errors is what it was
        assert rest.count("read_error") / len(rest) == pytest.approx(0.25, abs=0.04)


def test_an_offset_and_a_drift_add_up_and_the_drift_counts_from_when_it_was_set() -> None:
    it = probe(replace(EXACT, offset=0.5))
    assert heard(it).celsius == -79.5
    it.drift(0.2, START + DAY)
    assert heard(it, START + DAY).celsius == -79.5
    assert heard(it, START + 6 * DAY).celsius == -78.5
    it.drift(-0.1, START + 6 * DAY)  # what it has drifted so far stays
    assert heard(it, START + 16 * DAY).celsius == -79.5
    it.offset = 2.0
    assert heard(it, START + 16 * DAY).celsius == -78.0
    it.restore()
    assert heard(it, START + 20 * DAY).celsius == -79.5


@pytest.mark.parametrize(
    ("scale", "value"), [("celsius", -80.0), ("fahrenheit", -112.0), ("kelvin", 193.15), ("unsigned", 80.0)]
)
def test_a_number_on_another_scale_goes_out_as_if_it_were_celsius(scale: Scale, value: float) -> None:
    it = probe(EXACT)
    it.scale = scale
    assert heard(it).celsius == value


def test_a_probe_that_fell_out_is_back_in_its_place_when_restored() -> None:
    it = probe(BUFFERED)
    places: list[Place] = [it.place]
    it.place = "room"
    it.restore()
    assert [*places, it.place] == ["load", "load"]
    assert set(get_args(Place)) == {"air", "load", "wall", "room"}


# --- codes ------------------------------------------------------------------------------------------------------


def test_a_code_is_said_instead_of_the_temperature_and_survives_the_wire() -> None:
    for code in SENSOR_CODES:
        it = probe(BARE)
        it.code = code.celsius
        reading = heard(it)
        assert (reading.celsius, reading.fault) == (code.celsius, None)
        assert decode_reading(encode_reading(reading), START).celsius == code.celsius


def test_judging_takes_no_code_for_a_temperature_but_those_that_the_sensor_could_measure() -> None:
    for code in SENSOR_CODES:
        known = code.sensor in quality.SENSOR_CODES
        settings = ProbeSettings(sensor=code.sensor if known else None)
        why = quality.why_bad(Reading(START, START, code.celsius), settings)
        assert (why is None) == code.hidden, code
        assert code.source or code.mark == "known", code


def test_the_codes_of_every_kind_that_judging_knows_can_be_simulated() -> None:
    ours: dict[str, set[float]] = {}
    for code in SENSOR_CODES:
        ours.setdefault(code.sensor, set()).add(code.celsius)
    for sensor, codes in quality.SENSOR_CODES.items():
        same = {"pt100": "max31865", "pt1000": "max31865"}.get(sensor, sensor)
        # Judging also knows the same codes with fewer decimals.
        assert all(any(abs(number - each) < 0.06 for each in ours[same]) for number in codes), sensor


# --- batteries --------------------------------------------------------------------------------------------------


def test_a_battery_runs_down_and_an_empty_one_is_silence() -> None:
    it = probe(ProbeModel(place="air", lag_for=1, battery_for=100 * HOUR, battery_percent=50.0))
    levels = [heard(it, START + hour * HOUR).battery_percent for hour in (0, 10, 30)]
    assert levels == [50, 40, 20]
    last = [reading.battery_percent for n in range(200) if (reading := it.read(START + 49 * HOUR + n))]
    assert set(last) == {1}
    assert [it.read(START + hour * HOUR) for hour in (50, 51, 70)] == [None] * 3
    assert it.battery(START + 70 * HOUR) == 0.0
    assert probe(BARE).battery(START + DAY) is None
    assert heard(probe(BARE), START + DAY * 9_999).battery_percent is None


def test_a_weak_battery_loses_more_and_more_readings_until_there_is_silence() -> None:
    it = probe(replace(EXACT, battery_for=730 * DAY))
    shares = []
    for percent in (WEAK_BELOW, 12.0, 9.0, 6.0, 3.0, 1.0):
        it.set_battery(percent, START)
        shares.append([it.read(START + n) for n in range(2_000)].count(None) / 2_000)
    assert shares[0] == 0.0
    assert all(a < b for a, b in pairwise(shares))
    assert shares[-1] > 0.8
    it.set_battery(100.0, START + DAY)
    assert heard(it, START + DAY).battery_percent == 100
    it.set_battery(0.4, START + DAY)
    assert [it.read(START + DAY + n) for n in range(2_000)] == [None] * 2_000


def test_a_battery_that_could_not_be_is_refused() -> None:
    with pytest.raises(ValueError, match="a probe on mains has no battery"):
        probe(BARE).set_battery(50.0, START)
    with pytest.raises(ValueError, match="battery_percent 101"):
        probe(BUFFERED).set_battery(101.0, START)


# --- clocks -----------------------------------------------------------------------------------------------------


def test_a_clock_is_right_skewed_or_begins_again_at_1970() -> None:
    clock = DeviceClock()
    assert clock.read(START) == START
    clock.skew(-90_000)
    assert clock.read(START) == START - 90_000
    clock.skew(2 * HOUR)
    assert clock.read(START) == START + 2 * HOUR
    clock.reset(START)
    assert (clock.read(START), clock.read(START + DAY)) == (0, DAY)
    clock.set_right()
    assert clock.read(START) == START


def test_readings_carry_the_time_of_the_probes_own_clock() -> None:
    it = probe(BARE)
    it.clock.reset(START)
    it.restore()  # troubles end; a clock is set right by hand
    reading = heard(it, START + HOUR)
    assert (reading.measured_at, reading.received_at) == (HOUR, START + HOUR)
    assert b'"measured_at":"1970-01-01T01:00:00.000Z"' in encode_reading(reading)
    it.clock.set_right()
    assert heard(it, START + HOUR).measured_at == START + HOUR


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lag_for", 0),
        ("noise", -0.1),
        ("noise", math.nan),
        ("resolution", 0.0),
        ("offset", math.inf),
        ("battery_for", 0),
        ("battery_percent", 101.0),
    ],
)
def test_a_probe_that_could_not_be_is_refused_by_the_name_of_the_field(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        replace(BUFFERED, **{field: value})
