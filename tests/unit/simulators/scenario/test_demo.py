"""The story of the demonstration, as it is told to those who watch it."""

from __future__ import annotations

import pytest

from monitor.wire.v1 import LotEventTopic, decode_lot_event, parse_topic
from simulators.clock import MINUTE
from simulators.course import LOTS_AFTER, messages_of
from simulators.physics.kinds import KINDS as UNIT_KINDS
from simulators.scenario.file import load
from tests.rigs.simulated import START, decoded, lab, minutes, unit_events

WINDOWS = {unit.name: UNIT_KINDS[unit.kind].window for unit in load("demo").document.unit}


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
    assert WINDOWS["F02"] == (-90.0, -60.0)  # what the story is about


def test_a_dozen_lots_are_registered_once_their_units_have_been_heard() -> None:
    its = lab()
    registered = [
        decode_lot_event(message.payload, topic)
        for message in messages_of(its, START + LOTS_AFTER)
        if isinstance(topic := parse_topic(message.topic), LotEventTopic)
    ]
    assert len({event.lot for event in registered}) == len(registered) == 12
    assert sum(event.unit == "lab1/F02" for event in registered) == 3
    assert {event.unit for event in registered} == {f"lab1/{unit}" for unit in WINDOWS}
    by_gtin = {event.gtin: event.product for event in registered}
    assert all(by_gtin[event.gtin] == event.product for event in registered)  # one product, one number
    assert len(set(by_gtin.values())) == len(by_gtin) == 9
    first_heard = {
        name.rsplit("/", 1)[0]: readings[0].measured_at
        for name, readings in decoded(messages_of(its, START)).items()
        if name.endswith("/product")
    }
    assert all(event.occurred_at >= first_heard[str(event.unit)] for event in registered)
    assert {event.occurred_at for event in registered} == {its.began_at + MINUTE}


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
    trace = minutes(decoded(messages_of(lab(seed=seed), START + 90 * MINUTE))["lab1/F02/product"])
    outside = [minute for minute, celsius in trace if celsius > -60.0]
    assert 18 <= outside[0] <= 24
    assert outside == [
        minute for minute, _ in trace if outside[0] <= minute <= outside[-1]
    ]  # one unbroken stay
    assert outside[-1] - outside[0] > 12
    assert outside[0] + 10 < 36
    assert 41 <= outside[-1] <= 47
    # Below the limit at which all is lost at once.
    assert -45.0 < max(celsius for _, celsius in trace) < -40.0
    assert all(celsius < -62.0 for minute, celsius in trace if minute >= 48)
    assert all(-83.0 < celsius < -78.0 for minute, celsius in trace if minute < 8 or minute > 60)


@pytest.mark.parametrize("seed", range(4))
def test_every_other_product_stays_in_its_window_through_doors_and_faults(seed: int) -> None:
    channels = decoded(messages_of(lab(seed=seed, history="12h"), START + 90 * MINUTE))
    for unit, (low, high) in WINDOWS.items():
        trace = minutes(channels[f"lab1/{unit}/product"])
        assert len(trace) > 12 * 60
        assert all(low < celsius < high for minute, celsius in trace if unit != "F02" or minute < 8), unit


def test_r02_is_faulty_and_f03_silent_when_the_story_says_so() -> None:
    channels = decoded(messages_of(lab(), START + 90 * MINUTE))
    faulty = [r for r in channels["lab1/R02/product"] if r.fault]
    assert {(r.celsius, r.fault) for r in faulty} == {(None, "open_circuit")}
    spans = [(r.measured_at - START) / MINUTE for r in faulty]
    assert (12 <= min(spans) < 13, 23 <= max(spans) < 24, len(faulty)) == (True, True, 12)
    heard = [minute for minute, _ in minutes(channels["lab1/F03/product"]) if minute >= 0]
    assert not [minute for minute in heard if 16 <= minute < 46]
    assert len([minute for minute in heard if minute < 16]) == 16
    assert min(minute for minute in heard if minute > 16) < 47
    # Its neighbour talks on.
    assert len([m for m, _ in minutes(channels["lab1/F03/air"]) if 16 <= m < 46]) == 30


def test_the_storys_doors_are_told_on_the_wire_and_the_compressor_is_not() -> None:
    events = unit_events(messages_of(lab(), START + 60 * MINUTE))
    told = {((e.occurred_at - START) / MINUTE, e.unit, e.kind.value) for e in events}
    assert told >= {
        (10.0, "R01", "door_opened"),
        (11.0, "R01", "door_closed"),
        (14.0, "F01", "door_opened"),
        (14.75, "F01", "door_closed"),
        (31.0, "R01", "door_opened"),
        (31.5, "R01", "door_closed"),
    }
    assert {kind for _, _, kind in told} == {"door_opened", "door_closed"}
    assert {unit for _, unit, _ in told} <= {"F01", "F11", "R01", "R02"}  # those with a habit of doors
    assert len({event.event_id for event in events}) == len(events)


def test_the_air_of_a_freezer_swings_more_than_its_product() -> None:
    channels = decoded(messages_of(lab(history="0s"), START + 14 * MINUTE))
    air = [celsius for _, celsius in minutes(channels["lab1/F03/air"])]
    product = [celsius for _, celsius in minutes(channels["lab1/F03/product"])]
    assert max(air) - min(air) > 1.0
    assert max(product) - min(product) < 0.5
