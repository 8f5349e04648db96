"""The simulators without a broker: probes, what a fleet sends byte for byte."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice, pairwise
from random import Random

import pytest
from simulators.lab import (
    FREEZER,
    ULTRA_LOW,
    UNITS,
    demo_lab,
)

from monitor.wire.v1 import (
    ITEMS_MAX,
    MESSAGE_BYTES_MAX,
    LotEventTopic,
    Reading,
    ReadingTopic,
    StatusTopic,
    UnitEvent,
    UnitEventTopic,
    decode_lot_event,
    decode_readings,
    decode_status,
    decode_unit_event,
    parse_topic,
)
from simulators.clock import HOUR, MINUTE, SECOND, SimulatedClock
from simulators.fleet import LOTS_AFTER, Fleet, FleetUnit, Message
from simulators.happening import (
    OF_PROBES,
    Happening,
    HappeningKind,
    happen_to_probe,
    happen_to_unit,
)
from simulators.physics.unit import Unit
from simulators.sensing.probe import BUFFERED, Probe, ProbeModel

START = 1_795_000_000_000
"""2026-11-18T10:26:40Z."""

WINDOWS = {
    "F01": (-90.0, -60.0),
    "F02": (-90.0, -60.0),
    "F03": (-90.0, -60.0),
    "F11": (-25.0, -15.0),
    "R01": (2.0, 8.0),
    "R02": (2.0, 8.0),
    "T01": (-273.15, -150.0),
    "C01": (15.0, 25.0),
}


def decoded(messages: Iterable[Message]) -> dict[str, list[Reading]]:
    """The readings of each channel in the order sent; every message must decode."""
    found: dict[str, list[Reading]] = defaultdict(list)
    for message in messages:
        match parse_topic(message.topic):
            case ReadingTopic(channel):
                readings, rejections = decode_readings(message.payload, message.at)
                assert not rejections
                assert readings
                found[str(channel)] += readings
            case StatusTopic():
                assert decode_status(message.payload)
            case UnitEventTopic() as topic:
                decode_unit_event(message.payload, topic)
            case LotEventTopic() as topic:
                decode_lot_event(message.payload, topic)
    return found


def digest(messages: Iterable[Message]) -> str:
    return hashlib.sha256(repr(list(messages)).encode()).hexdigest()


def minutes(readings: Iterable[Reading]) -> list[tuple[float, float]]:
    """(minutes after START, °C) of the readings that have a value."""
    return [((r.measured_at - START) / MINUTE, r.celsius) for r in readings if r.celsius is not None]


# --- the clock ----------------------------------------------------------------------------------------------


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


# --- probes -------------------------------------------------------------------------------------------------


def probe(model: ProbeModel, celsius: float = -80.0) -> Probe:
    return Probe(model, celsius=celsius, began_at=START, random=Random("probe"))


# --- happenings ---------------------------------------------------------------------------------------------


def happening(kind: HappeningKind) -> Happening:
    return Happening(
        at=START,
        unit="F01",
        kind=kind,
        probe="product" if kind in OF_PROBES else None,
        fault="read_error" if kind is HappeningKind.PROBE_FAULT else None,
    )


@pytest.mark.parametrize("kind", list(HappeningKind))
def test_every_kind_of_happening_changes_a_unit_or_a_probe_and_is_refused_by_the_other(
    kind: HappeningKind,
) -> None:
    def state(of: Unit | Probe) -> tuple[object, ...]:
        return (of.cooling_works, of.door_open) if isinstance(of, Unit) else (of.fault, of.silent)

    unit, its_probe = Unit(ULTRA_LOW), probe(BUFFERED)
    unit.cooling_works = kind is not HappeningKind.COMPRESSOR_RESTORED
    unit.door_open = kind is HappeningKind.DOOR_CLOSED
    its_probe.silent = kind is HappeningKind.PROBE_RESUMED
    its_probe.fault = "open_circuit" if kind is HappeningKind.PROBE_FAULT_CLEARED else None
    before = state(unit), state(its_probe)
    if kind in OF_PROBES:
        happen_to_probe(happening(kind), its_probe)
        with pytest.raises(ValueError, match="happens to a probe"):
            happen_to_unit(happening(kind), unit)
    else:
        happen_to_unit(happening(kind), unit)
        with pytest.raises(ValueError, match="happens to a unit"):
            happen_to_probe(happening(kind), its_probe)
    changed = state(unit) != before[0], state(its_probe) != before[1]
    assert changed == (kind not in OF_PROBES, kind in OF_PROBES)


def test_a_happening_with_a_field_missing_or_too_many_is_refused() -> None:
    with pytest.raises(ValueError, match="probe_silent needs 'probe'"):
        Happening(at=0, unit="F01", kind=HappeningKind.PROBE_SILENT)
    with pytest.raises(ValueError, match="door_opened has no 'probe'"):
        Happening(at=0, unit="F01", kind=HappeningKind.DOOR_OPENED, probe="air")
    with pytest.raises(ValueError, match="probe_fault needs 'fault'"):
        Happening(at=0, unit="F01", kind=HappeningKind.PROBE_FAULT, probe="air")
    with pytest.raises(ValueError, match="'melted' is none of open_circuit"):
        Happening(at=0, unit="F01", kind=HappeningKind.PROBE_FAULT, probe="air", fault="melted")  # type: ignore[arg-type]


# --- fleets -------------------------------------------------------------------------------------------------


def lab(**changes: object) -> Fleet:
    return demo_lab(start_at=START, **{"seed": 7, "history_hours": 3.0} | changes)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    until = START + 30 * MINUTE
    assert digest(lab().messages(until)) == digest(lab().messages(until))
    assert digest(lab(seed=8).messages(until)) != digest(lab().messages(until))


def test_the_bytes_are_the_same_in_another_run_of_the_interpreter() -> None:
    script = (
        "import hashlib; from simulators.lab import demo_lab;"
        f"m = list(demo_lab(start_at={START}, seed=7, history_hours=3.0).messages({START + 20 * MINUTE}));"
        "print(hashlib.sha256(repr(m).encode()).hexdigest())"
    )
    environment = os.environ | {
        "PYTHONHASHSEED": "4711",
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
    }
    other = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == digest(lab().messages(START + 20 * MINUTE))


def test_messages_begin_anew_each_time_and_a_later_end_only_adds_to_them() -> None:
    fleet = lab()
    short = list(fleet.messages(START + 10 * MINUTE))
    endless = list(islice(fleet.messages(), len(short) + 50))
    assert endless[: len(short)] == short
    assert short[-1].at <= START + 10 * MINUTE < endless[len(short)].at


def test_messages_come_in_the_order_of_time_and_never_before_what_they_tell_has_been_measured() -> None:
    for seed in range(3):
        messages = list(lab(seed=seed).messages(START + 70 * MINUTE))
        assert messages[0].at == START
        assert all(a.at <= b.at for a, b in pairwise(messages))
        for message in messages:
            if isinstance(parse_topic(message.topic), ReadingTopic):
                readings, _ = decode_readings(message.payload, message.at)
                live = not message.payload.startswith(b"[")
                assert all(r.measured_at == message.at if live else r.measured_at < START for r in readings)


def test_every_message_decodes_and_measured_at_rises_strictly_in_each_channel() -> None:
    fleet = lab()
    channels = decoded(fleet.messages(START + 2 * HOUR))
    assert set(channels) == {str(channel) for channel in fleet.channels()}
    for name, readings in channels.items():
        steps = [b.measured_at - a.measured_at for a, b in pairwise(readings)]
        assert min(steps) > 0, name
        assert set(steps) == {MINUTE} or (name == "lab1/F03/product" and max(steps) > 29 * MINUTE), name
        sequence = [reading.seq for reading in readings]
        assert sequence == sorted(set(sequence)), name


def test_the_past_comes_at_the_start_as_arrays_that_the_wire_format_takes() -> None:
    fleet = lab(history_hours=40.0)
    arrays = [m for m in fleet.messages(START) if m.payload.startswith(b"[")]
    assert {message.at for message in arrays} == {START}
    assert all(len(message.payload) < MESSAGE_BYTES_MAX for message in arrays)
    assert max(len(decode_readings(message.payload, START)[0]) for message in arrays) == ITEMS_MAX
    for name, readings in decoded(fleet.messages(START)).items():
        assert len(readings) == 40 * 60, name
        assert fleet.began_at <= readings[0].measured_at < fleet.began_at + MINUTE
        assert START - MINUTE <= readings[-1].measured_at < START


def test_a_reading_measured_at_the_very_start_is_live_and_one_before_it_is_the_past() -> None:
    # Read every millisecond, each probe has a reading at exactly START.
    unit = FleetUnit(name="F01", model=ULTRA_LOW, probes={"product": BUFFERED})
    fleet = Fleet(site="lab1", units=(unit,), start_at=START, seed=1, history=3, read_every=1)
    payloads = [m.payload for m in fleet.messages(START) if not m.retained]
    past, now = (decode_readings(payload, START)[0] for payload in payloads)
    assert payloads[0].startswith(b"[")
    assert [reading.measured_at for reading in past] == [START - 3, START - 2, START - 1]
    assert not payloads[1].startswith(b"[")
    assert [reading.measured_at for reading in now] == [START]


def test_without_a_past_the_first_readings_come_within_a_minute_of_the_start() -> None:
    channels = decoded(lab(history_hours=0.0).messages(START + MINUTE))
    assert len(channels) == 11
    assert all(START <= readings[0].measured_at < START + MINUTE for readings in channels.values())


def test_each_channel_first_says_that_it_is_online_and_only_that_is_retained() -> None:
    fleet = lab()
    messages = list(fleet.messages(START + 5 * MINUTE))
    online = [message for message in messages if message.retained]
    assert online == messages[: len(online)]
    assert [message.topic for message in online] == [
        f"exosome/v1/{channel}/status" for channel in fleet.channels()
    ]
    assert {message.payload for message in online} == {b"online"}


def unit_events(messages: Iterable[Message]) -> list[UnitEvent]:
    addressed = ((parse_topic(message.topic), message) for message in messages)
    return [
        decode_unit_event(m.payload, topic) for topic, m in addressed if isinstance(topic, UnitEventTopic)
    ]


def test_doors_are_told_on_the_wire_with_their_instants_and_the_compressor_is_not() -> None:
    past = Happening(at=START - HOUR, unit="F11", kind=HappeningKind.DOOR_OPENED)
    fleet = replace(lab(), happenings=(*demo_lab(start_at=START).happenings, past))
    messages = list(fleet.messages(START + HOUR))
    events = unit_events(messages)
    told = sorted(((e.occurred_at - START) / MINUTE, e.unit, e.kind.value) for e in events)
    assert told == [
        (-60.0, "F11", "door_opened"),
        (10.0, "R01", "door_opened"),
        (11.0, "R01", "door_closed"),
        (14.0, "F01", "door_opened"),
        (14.75, "F01", "door_closed"),
        (31.0, "R01", "door_opened"),
        (31.5, "R01", "door_closed"),
    ]
    assert len({event.event_id for event in events}) == len(events)
    sent_at = [m.at for m in messages if m.topic == "exosome/v1/lab1/F11/event"]
    assert sent_at == [START]


def test_another_unit_in_the_fleet_leaves_the_values_of_the_others_as_they_were() -> None:
    fleet = lab()
    more = replace(
        fleet, units=(FleetUnit(name="F00", model=FREEZER, probes={"product": BUFFERED}), *fleet.units)
    )
    before, after = decoded(fleet.messages(START + HOUR)), decoded(more.messages(START + HOUR))
    assert set(after) - set(before) == {"lab1/F00/product"}
    assert all(after[name] == readings for name, readings in before.items())


def test_a_failing_neighbour_changes_nothing_before_it_fails_nor_in_other_units() -> None:
    fleet = lab(history_hours=0.0)
    calm = replace(fleet, happenings=())
    with_story, without = decoded(fleet.messages(START + HOUR)), decoded(calm.messages(START + HOUR))
    assert with_story["lab1/T01/product"] == without["lab1/T01/product"]
    first = next(
        a.measured_at
        for a, b in zip(with_story["lab1/F02/air"], without["lab1/F02/air"], strict=True)
        if a.celsius != b.celsius
    )
    assert START + 8 * MINUTE < first <= START + 10 * MINUTE


def test_topics_lie_below_the_root_that_was_asked_for() -> None:
    topics = [message.topic for message in lab(root="tests/here").messages(START + 12 * MINUTE)]
    assert all(topic.startswith("tests/here/lab1/") for topic in topics)
    assert {type(parse_topic(topic, "tests/here")) for topic in topics} == {
        ReadingTopic,
        StatusTopic,
        UnitEventTopic,
        LotEventTopic,
    }


def test_a_fleet_that_could_not_be_is_refused_with_the_reason() -> None:
    fleet = lab()
    unit = fleet.units[0]
    with pytest.raises(ValueError, match="two units have one name"):
        replace(fleet, units=(*fleet.units, unit))
    with pytest.raises(ValueError, match="'a b' is not a name"):
        replace(fleet, units=(*fleet.units, replace(unit, name="a b")))
    with pytest.raises(ValueError, match="'lot' is not a unit's name"):
        replace(fleet, units=(*fleet.units, replace(unit, name="lot")))
    with pytest.raises(ValueError, match="'F99', which is no unit"):
        replace(fleet, happenings=(Happening(at=START, unit="F99", kind=HappeningKind.DOOR_OPENED),))
    with pytest.raises(ValueError, match="'air', which is no probe of R01"):
        replace(
            fleet,
            happenings=(Happening(at=START, unit="R01", kind=HappeningKind.PROBE_SILENT, probe="air"),),
        )
    with pytest.raises(ValueError, match="before the beginning"):
        replace(fleet, happenings=(Happening(at=0, unit="R01", kind=HappeningKind.DOOR_OPENED),))


# --- the demo -----------------------------------------------------------------------------------------------


def test_the_lab_has_the_units_and_probes_of_the_starter_configuration() -> None:
    assert [str(channel) for channel in lab().channels()] == [
        "lab1/F01/product",
        "lab1/F01/air",
        "lab1/F02/product",
        "lab1/F02/air",
        "lab1/F03/product",
        "lab1/F03/air",
        "lab1/F11/product",
        "lab1/R01/product",
        "lab1/R02/product",
        "lab1/T01/product",
        "lab1/C01/product",
    ]
    assert [unit.name for unit in UNITS] == list(WINDOWS)


def test_a_dozen_lots_are_registered_once_their_units_have_been_heard() -> None:
    fleet = lab()
    registered = [
        decode_lot_event(message.payload, topic)
        for message in fleet.messages(START + LOTS_AFTER)
        if isinstance(topic := parse_topic(message.topic), LotEventTopic)
    ]
    assert len({event.lot for event in registered}) == len(registered) == 12
    assert sum(event.unit == "lab1/F02" for event in registered) == 3
    assert {event.unit for event in registered} == {f"lab1/{unit}" for unit in WINDOWS}
    assert len({(event.gtin, event.lot_number) for event in registered}) == 12
    first_heard = {
        name.rsplit("/", 1)[0]: readings[0].measured_at
        for name, readings in decoded(fleet.messages(START)).items()
        if name.endswith("/product")
    }
    assert all(event.occurred_at >= first_heard[str(event.unit)] for event in registered)
    assert {event.occurred_at for event in registered} == {fleet.began_at + MINUTE}


def test_the_gtins_have_the_check_digit_that_gs1_prescribes() -> None:
    for event in lab().lots:
        digits = [int(digit) for digit in str(event.gtin)]
        assert len(digits) == 14
        assert (3 * sum(digits[0::2]) + sum(digits[1::2])) % 10 == 0


def test_one_lot_has_expired_in_every_time_zone_and_one_expires_within_days() -> None:
    # The start is 2026-11-18 in UTC; somewhere it may be the 17th or the 19th.
    expiry = sorted(str(event.expires_on) for event in lab().lots)
    assert expiry[:2] == ["2026-11-16", "2026-11-21"]
    assert expiry[2] > "2027-05"


@pytest.mark.parametrize("seed", range(4))
def test_f02_leaves_its_window_long_enough_to_be_confirmed_and_is_back_in_time(seed: int) -> None:
    trace = minutes(decoded(lab(seed=seed).messages(START + 90 * MINUTE))["lab1/F02/product"])
    outside = [minute for minute, celsius in trace if celsius > -60.0]
    assert 18 <= outside[0] <= 24
    assert outside == [
        minute for minute, _ in trace if outside[0] <= minute <= outside[-1]
    ]  # one unbroken stay
    assert outside[-1] - outside[0] > 12
    assert outside[0] + 10 < 36
    assert 42 <= outside[-1] <= 47
    assert (
        -45.0 < max(celsius for _, celsius in trace) < -40.0
    )  # below the limit at which all is lost at once
    assert all(celsius < -62.0 for minute, celsius in trace if minute >= 48)
    assert all(-83.0 < celsius < -78.0 for minute, celsius in trace if minute < 8 or minute > 60)


@pytest.mark.parametrize("seed", range(4))
def test_every_other_product_stays_in_its_window_through_doors_and_faults(seed: int) -> None:
    channels = decoded(lab(seed=seed, history_hours=12.0).messages(START + 90 * MINUTE))
    for unit, (low, high) in WINDOWS.items():
        trace = minutes(channels[f"lab1/{unit}/product"])
        assert all(low < celsius < high for minute, celsius in trace if unit != "F02" or minute < 8), unit


def test_r02_is_faulty_and_f03_silent_when_the_story_says_so() -> None:
    channels = decoded(lab().messages(START + 90 * MINUTE))
    faulty = [r for r in channels["lab1/R02/product"] if r.fault]
    assert {(r.celsius, r.fault) for r in faulty} == {(None, "open_circuit")}
    spans = [(r.measured_at - START) / MINUTE for r in faulty]
    assert (12 <= min(spans) < 13, 23 <= max(spans) < 24, len(faulty)) == (True, True, 12)
    heard = [minute for minute, _ in minutes(channels["lab1/F03/product"]) if minute > 0]
    assert not [minute for minute in heard if 16 <= minute < 46]
    assert len([minute for minute in heard if minute < 16]) == 16
    assert min(minute for minute in heard if minute > 16) < 47
    assert (
        len([m for m, _ in minutes(channels["lab1/F03/air"]) if 16 <= m < 46]) == 30
    )  # its neighbour talks on


def test_the_air_of_a_freezer_swings_more_than_its_product() -> None:
    channels = decoded(lab(history_hours=0.0).messages(START + 14 * MINUTE))
    air = [celsius for _, celsius in minutes(channels["lab1/F01/air"])]
    product = [celsius for _, celsius in minutes(channels["lab1/F01/product"])]
    assert max(air) - min(air) > 1.0
    assert max(product) - min(product) < 0.5
