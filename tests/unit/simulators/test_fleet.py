"""What a fleet sends, byte for byte: when, in which order, by which gateways; and what truly was."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice, pairwise, takewhile
from typing import Any

import pytest

from monitor.wire.v1 import (
    ITEMS_MAX,
    MESSAGE_BYTES_MAX,
    LotEventTopic,
    Reading,
    ReadingTopic,
    StatusTopic,
    UnitEventTopic,
    decode_readings,
    parse_topic,
)
from simulators.clock import DAY, HOUR, MINUTE, SECOND
from simulators.course import Course, messages_of
from simulators.fleet import FleetGateway, FleetUnit
from simulators.happening import HappeningKind as Kind
from simulators.network.gateway import GatewayMessage, GatewayModel
from simulators.physics.cooling import CARBON_DIOXIDE
from simulators.physics.kinds import KINDS as UNIT_KINDS
from simulators.physics.room import RoomModel
from simulators.sensing.probe import BUFFERED
from tests.rigs.simulated import (
    FREEZER,
    FRIDGE,
    START,
    decoded,
    digest,
    fleet,
    happening,
    lab,
    unit_events,
)

PRODUCT, AIR, FRIDGES = "lab1/F01/product", "lab1/F01/air", "lab1/R01/product"


def of_channel(messages: Iterable[GatewayMessage], channel: str) -> list[GatewayMessage]:
    """The messages with a channel's readings."""
    return [message for message in messages if message.topic == f"exosome/v1/{channel}/reading"]


def statuses(messages: Iterable[GatewayMessage]) -> list[tuple[float, str, bytes]]:
    """(minute, channel, what was said of it)."""
    addressed = ((message, parse_topic(message.topic)) for message in messages)
    return [
        ((message.at - START) / MINUTE, str(topic.channel), message.payload)
        for message, topic in addressed
        if isinstance(topic, StatusTopic)
    ]


def taken(messages: Iterable[GatewayMessage]) -> dict[str, list[Reading]]:
    """The readings of each channel, whenever they came."""
    return {
        name: [r._replace(received_at=0) for r in readings] for name, readings in decoded(messages).items()
    }


# --- the same bytes -----------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    until = START + 30 * MINUTE
    assert digest(messages_of(lab(), until)) == digest(messages_of(lab(), until))
    assert digest(messages_of(lab(seed=8), until)) != digest(messages_of(lab(), until))


def test_the_bytes_are_the_same_in_another_run_of_the_interpreter() -> None:
    script = (
        "from simulators.course import messages_of; from tests.rigs.simulated import START, digest, lab;"
        f"print(digest(messages_of(lab(), START + {20 * MINUTE})))"
    )
    environment = os.environ | {
        "PYTHONHASHSEED": "4711",
        "PYTHONPATH": os.pathsep.join(p for p in ("", *sys.path)),
    }
    other = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == digest(messages_of(lab(), START + 20 * MINUTE))


def test_messages_begin_anew_each_time_and_a_later_end_only_adds_to_them() -> None:
    its = lab()
    short = list(messages_of(its, START + 10 * MINUTE))
    endless = list(islice(messages_of(its), len(short) + 50))
    assert endless[: len(short)] == short
    assert short[-1].at <= START + 10 * MINUTE < endless[len(short)].at


def test_messages_come_in_the_order_of_time_and_never_before_what_they_tell_has_been_measured() -> None:
    for seed in range(3):
        messages = list(messages_of(lab(seed=seed), START + 70 * MINUTE))
        assert messages[0].at == START
        assert all(a.at <= b.at for a, b in pairwise(messages))
        for message in messages:
            if isinstance(parse_topic(message.topic), ReadingTopic):
                readings, _ = decode_readings(message.payload, message.at)
                live = not message.payload.startswith(b"[")
                assert all(r.measured_at == message.at if live else r.measured_at < START for r in readings)


def test_every_message_decodes_and_measured_at_rises_strictly_in_each_channel() -> None:
    its = lab()
    channels = decoded(messages_of(its, START + 2 * HOUR))
    assert set(channels) == {str(channel) for channel in its.channels()}
    for name, readings in channels.items():
        steps = [b.measured_at - a.measured_at for a, b in pairwise(readings)]
        assert min(steps) > 0, name
        assert set(steps) == {MINUTE} or (name == "lab1/F03/product" and max(steps) > 29 * MINUTE), name
        sequence = [reading.seq for reading in readings]
        assert sequence == sorted(set(sequence)), name


def test_another_unit_in_the_fleet_leaves_the_values_of_the_others_as_they_were() -> None:
    its = lab()
    more = replace(its, units=(replace(FRIDGE, name="F00"), *its.units))
    before, after = decoded(messages_of(its, START + HOUR)), decoded(messages_of(more, START + HOUR))
    assert set(after) - set(before) == {"lab1/F00/product"}
    assert all(after[name] == readings for name, readings in before.items())


def test_a_failing_neighbour_changes_nothing_before_it_fails_nor_in_other_units() -> None:
    its = lab(history="0s")
    calm = replace(its, happenings=tuple(each for each in its.happenings if each.target != "F02"))
    with_story, without = decoded(messages_of(its, START + HOUR)), decoded(messages_of(calm, START + HOUR))
    assert all(with_story[name] == without[name] for name in without if "/F02/" not in name)
    first = next(
        a.measured_at
        for a, b in zip(with_story["lab1/F02/air"], without["lab1/F02/air"], strict=True)
        if a.celsius != b.celsius
    )
    assert START + 8 * MINUTE < first <= START + 10 * MINUTE


def test_topics_lie_below_the_root_that_was_asked_for() -> None:
    topics = [message.topic for message in messages_of(lab(root="tests/here"), START + 12 * MINUTE)]
    assert all(topic.startswith("tests/here/lab1/") for topic in topics)
    kinds = {type(parse_topic(topic, "tests/here")) for topic in topics}
    assert kinds == {ReadingTopic, StatusTopic, UnitEventTopic, LotEventTopic}


# --- the past -----------------------------------------------------------------------------------------------


def test_the_past_comes_at_the_start_as_arrays_that_the_wire_format_takes() -> None:
    its = fleet(history=40 * HOUR)
    arrays = [m for m in messages_of(its, START) if m.payload.startswith(b"[")]
    assert {message.at for message in arrays} == {START}
    assert all(len(message.payload) < MESSAGE_BYTES_MAX for message in arrays)
    assert max(len(decode_readings(message.payload, START)[0]) for message in arrays) == ITEMS_MAX
    for name, readings in decoded(messages_of(its, START)).items():
        assert len(readings) == 40 * 60, name
        assert its.began_at <= readings[0].measured_at < its.began_at + MINUTE
        assert START - MINUTE <= readings[-1].measured_at < START


def test_a_reading_measured_at_the_very_start_is_live_and_one_before_it_is_the_past() -> None:
    # Read every millisecond, each probe has a reading at exactly START.
    unit = FleetUnit(name="F01", model=FREEZER.model, probes={"product": BUFFERED})
    its = fleet(units=(unit,), history=3, read_every=1)
    payloads = [m.payload for m in messages_of(its, START) if not m.retained]
    past, now = (decode_readings(payload, START)[0] for payload in payloads)
    assert payloads[0].startswith(b"[")
    assert [reading.measured_at for reading in past] == [START - 3, START - 2, START - 1]
    assert not payloads[1].startswith(b"[")
    assert [reading.measured_at for reading in now] == [START]


def test_a_past_longer_than_a_gateways_buffer_is_told_as_a_whole() -> None:
    small = FleetGateway(name="g", probes=("F01/product", "F01/air"), model=GatewayModel(buffer=5))
    its = fleet(history=2 * HOUR, gateways=(small,))
    counts = {name: len(readings) for name, readings in decoded(messages_of(its, START)).items()}
    assert counts == {PRODUCT: 120, AIR: 120, FRIDGES: 120}


def test_without_a_past_the_first_readings_come_within_a_minute_of_the_start() -> None:
    channels = decoded(messages_of(lab(history="0s"), START + MINUTE))
    assert len(channels) == 11
    assert all(START <= readings[0].measured_at < START + MINUTE for readings in channels.values())


# --- gateways -----------------------------------------------------------------------------------------------


def test_each_channel_first_says_that_it_is_online_and_only_that_is_retained() -> None:
    its = lab()
    messages = list(messages_of(its, START + 5 * MINUTE))
    online = [message for message in messages if message.retained]
    assert online == messages[: len(online)]
    assert [message.topic for message in online] == [
        f"exosome/v1/{channel}/status" for channel in its.channels()
    ]
    assert {message.payload for message in online} == {b"online"}


def test_an_outage_is_told_by_its_channels_alone_and_the_readings_of_it_come_afterwards() -> None:
    lost = happening(10 * MINUTE, Kind.GATEWAY_LOST, "F01")
    its = fleet(lost, lost.ending(START + 40 * MINUTE))
    messages = list(messages_of(its, START + HOUR))
    assert [said for said in statuses(messages) if said[0] > 0] == [
        (10.0, PRODUCT, b"offline"),
        (10.0, AIR, b"offline"),
        (40.0, PRODUCT, b"online"),
        (40.0, AIR, b"online"),
    ]
    for channel in (PRODUCT, AIR):
        sent = of_channel(messages, channel)
        assert not [m for m in sent if START + 10 * MINUTE < m.at < START + 40 * MINUTE]
        (upload,) = [m for m in sent if m.at == START + 40 * MINUTE and m.payload.startswith(b"[")]
        assert len(decode_readings(upload.payload, upload.at)[0]) == 30
    assert taken(messages) == taken(messages_of(fleet(), START + HOUR))  # late, and all there


def test_a_gateway_that_keeps_nothing_loses_what_was_read_meanwhile() -> None:
    forgetful = FleetGateway(name="g", probes=("F01/product",), model=GatewayModel(buffer=0))
    lost = happening(10 * MINUTE, Kind.GATEWAY_LOST, "g")
    its = fleet(lost, lost.ending(START + 40 * MINUTE), gateways=(forgetful,))
    counts = {name: len(readings) for name, readings in decoded(messages_of(its, START + HOUR)).items()}
    assert counts == {PRODUCT: 30, AIR: 60, FRIDGES: 60}


def test_two_gateways_report_one_probe_with_its_number_the_same_and_each_its_own_rounding() -> None:
    first = FleetGateway(name="g1", probes=("F01/product", "F01/air", "R01/product"))
    second = FleetGateway(
        name="g2", probes=("F01/product",), model=GatewayModel(resolution=0.5, delay=7 * SECOND)
    )
    messages = list(messages_of(fleet(gateways=(first, second)), START + HOUR + 10 * SECOND))
    by_lateness: dict[int, list[Reading]] = {}
    for message in of_channel(messages, PRODUCT):
        (reading,), _ = decode_readings(message.payload, message.at)
        by_lateness.setdefault(message.at - reading.measured_at, []).append(reading._replace(received_at=0))
    direct, late = by_lateness[0][:60], by_lateness[7 * SECOND][:60]
    assert set(by_lateness) == {0, 7 * SECOND}
    assert [(r.measured_at, r.seq) for r in direct] == [(r.measured_at, r.seq) for r in late]
    assert all((2 * r.celsius).is_integer() for r in late if r.celsius is not None)
    assert any(not (2 * r.celsius).is_integer() for r in direct if r.celsius is not None)
    assert {len(of_channel(messages, name)) for name in (AIR, FRIDGES)} == {60}


def test_messages_put_off_come_at_their_time_while_others_go_on() -> None:
    lagging = happening(10 * MINUTE, Kind.GATEWAY_LAGGING, "F01", by=2 * HOUR)
    messages = list(messages_of(fleet(lagging), START + 4 * HOUR))
    assert all(a.at <= b.at for a, b in pairwise(messages))
    for message in of_channel(messages, AIR):
        (reading,), _ = decode_readings(message.payload, message.at)
        is_late = reading.measured_at >= START + 10 * MINUTE
        assert message.at - reading.measured_at == (2 * HOUR if is_late else 0)
    assert len(of_channel(messages, AIR)) == 10 + 110
    assert len(of_channel(messages, FRIDGES)) == 240


# --- rooms and events ---------------------------------------------------------------------------------------


def test_a_room_without_cooling_warms_all_units_in_it_and_no_other() -> None:
    cabinet = UNIT_KINDS["room-crt"].model
    units = tuple(
        FleetUnit(name=name, model=cabinet, probes={"product": BUFFERED}, room=room)
        for name, room in (("C01", "a"), ("C02", "a"), ("C03", "b"))
    )
    rooms = {"a": RoomModel(mean=21.0), "b": RoomModel(mean=21.0)}
    lost = happening(HOUR, Kind.ROOM_COOLING_LOST, "a", to=45.0, over=HOUR)
    warm = Course(fleet(lost, units=units, rooms=rooms))
    calm = Course(fleet(units=units, rooms=rooms))
    for course in (warm, calm):
        deque(takewhile(lambda message: message.at <= START + 2 * DAY, course.messages()), 0)

    def warmer(unit: str) -> float:
        pairs = zip(warm.truth.loads[f"lab1/{unit}"], calm.truth.loads[f"lab1/{unit}"], strict=False)
        return max(a - b for (_, a), (_, b) in pairs)

    assert warmer("C01") > 2.0
    assert warmer("C02") > 2.0
    assert warmer("C03") == 0.0


def test_doors_and_power_are_told_with_their_instants_unless_no_contact_tells_them() -> None:
    opened = happening(-HOUR, Kind.DOOR_OPENED, "R01")
    silent = happening(5 * MINUTE, Kind.DOOR_OPENED, "R01", told=False)
    power = happening(20 * MINUTE, Kind.POWER_LOST, "F01")
    story = (
        opened,
        opened.ending(START - 59 * MINUTE),
        silent,
        silent.ending(START + 6 * MINUTE),
        power,
        power.ending(START + 25 * MINUTE),
    )
    messages = list(messages_of(fleet(*story, history=2 * HOUR), START + HOUR))
    events = unit_events(messages)
    assert [((e.occurred_at - START) / MINUTE, e.unit, e.kind.value) for e in events] == [
        (-60.0, "R01", "door_opened"),
        (-59.0, "R01", "door_closed"),
        (20.0, "F01", "power_lost"),
        (25.0, "F01", "power_restored"),
    ]
    assert len({event.event_id for event in events}) == len(events)
    assert [m.at - START for m in messages if m.topic.endswith("/event")] == [0, 0, 20 * MINUTE, 25 * MINUTE]


def test_defrosts_and_backup_cooling_are_told_as_they_happen_and_a_dead_compressor_is_not() -> None:
    freezer = FleetUnit(name="F11", model=UNIT_KINDS["freezer-20"].model, probes={"product": BUFFERED})
    backed = replace(FREEZER, model=replace(UNIT_KINDS["ult-upright"].empty, backup=CARBON_DIOXIDE))
    failed = happening(HOUR, Kind.COMPRESSOR_FAILED, "F01")
    its = fleet(failed, failed.ending(START + 20 * HOUR), units=(freezer, backed))
    messages = list(messages_of(its, START + 2 * DAY))
    told = unit_events(messages)
    assert [event.kind.value for event in told if event.unit == "F01"] == [
        "backup_cooling_started",
        "backup_cooling_ended",
    ]
    defrosts = [event for event in told if event.unit == "F11"]
    kinds = [event.kind.value for event in defrosts]
    assert len(kinds) >= 4
    assert kinds == ["defrost_started", "defrost_ended"] * (len(kinds) // 2)
    sent = [m.at for m in messages if m.topic == "exosome/v1/lab1/F11/event"]
    assert all(0 <= at - event.occurred_at <= MINUTE for at, event in zip(sent, defrosts, strict=True))


def test_an_event_takes_the_way_of_its_units_gateway() -> None:
    lost = happening(10 * MINUTE, Kind.GATEWAY_LOST, "F01")
    opened = happening(12 * MINUTE, Kind.DOOR_OPENED, "F01")
    its = fleet(lost, opened, opened.ending(START + 13 * MINUTE), lost.ending(START + 30 * MINUTE))
    messages = list(messages_of(its, START + HOUR))
    assert [m.at - START for m in messages if m.topic.endswith("/event")] == [30 * MINUTE] * 2
    assert [(e.occurred_at - START) / MINUTE for e in unit_events(messages)] == [12.0, 13.0]


# --- what could not be --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"units": (FREEZER, FREEZER)}, "two units have one name"),
        ({"units": (replace(FREEZER, name="a b"),)}, "'a b' is not a name"),
        ({"units": (replace(FREEZER, name="lot"),)}, "'lot' is not a unit's name"),
        ({"units": (replace(FREEZER, probes={}),)}, "unit F01 has no probe"),
        ({"site": "a/b"}, "'a/b' is not a name"),
        ({"read_every": 0}, "read_every 0 is not above 0"),
        ({"history": -1}, "history -1 is below 0"),
        ({"rooms": {"cellar": RoomModel()}}, "no unit in room 'cellar'; they are in room"),
        ({"gateways": (FleetGateway(name="g", probes=()),)}, "gateway g has no probes"),
        (
            {"gateways": (FleetGateway(name="g", probes=("F01/top",)),)},
            "g names 'F01/top', which is no probe",
        ),
        ({"gateways": (FleetGateway(name="g", probes=("F01/air",) * 2),)}, "g names 'F01/air' twice"),
        ({"gateways": (FleetGateway(name="F01", probes=("R01/product",)),)}, "one name, 'F01'; a unit's own"),
        ({"gateways": (FleetGateway(name="g", probes=("F01/air",)),) * 2}, "one name, 'g'"),
    ],
)
def test_a_fleet_that_could_not_be_is_refused_with_the_reason(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        fleet(**changes)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            (MINUTE, Kind.DOOR_OPENED, "F99", {}),
            "door_opened happens to 'F99', which is no unit of the fleet",
        ),
        ((MINUTE, Kind.PROBE_SILENT, "R01/air", {}), "'R01/air', which is no probe of the fleet"),
        ((MINUTE, Kind.GATEWAY_LOST, "g", {}), "'g', which is no gateway of the fleet"),
        ((MINUTE, Kind.ROOM_COOLING_LOST, "cellar", {}), "'cellar', which is no room of the fleet"),
        ((-2 * HOUR, Kind.DOOR_OPENED, "F01", {}), "door_opened of F01 happens before the beginning"),
        ((-MINUTE, Kind.GATEWAY_LOST, "F01", {}), "gateway_lost of F01 happens before the beginning"),
        ((MINUTE, Kind.BATTERY_LOW, "F01/air", {"percent": 5.0}), "F01/air: a probe on mains has no battery"),
        ((MINUTE, Kind.GOODS_LOADED, "F01", {"share": 0.0}), "F01: share 0.0 is not above 0 and at most 1"),
        (
            (MINUTE, Kind.COMPRESSOR_FADING, "F01", {"to": 2.0, "over": 1}),
            "capacity 2.0 is not between 0 and 1",
        ),
        ((MINUTE, Kind.ROOM_COOLING_LOST, "room", {"over": 0}), "room: follows_for 0 is not above 0"),
    ],
)
def test_a_happening_that_could_not_be_is_refused_before_anything_runs(
    given: tuple[int, Kind, str, dict[str, Any]], words: str
) -> None:
    at, kind, target, fields = given
    with pytest.raises(ValueError, match=re.escape(words)):
        fleet(happening(at, kind, target, **fields), history=HOUR)
