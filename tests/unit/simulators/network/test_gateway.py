"""What comes of readings on their way: outages and buffers, copies, late and old messages, and bad ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from monitor.wire.v1 import (
    ITEMS_MAX,
    MESSAGE_BYTES_MAX,
    Channel,
    Reading,
    ReadingTopic,
    StatusTopic,
    UnitEventTopic,
    decode_readings,
    decode_status,
    encode_reading,
    parse_topic,
    unit_event_topic,
)
from simulators.clock import HOUR, MINUTE, SECOND
from simulators.network.gateway import COPY_WITHIN, Gateway, GatewayMessage, GatewayModel

START = 1_795_000_000_000
ROOT = "tests/v1"
CHANNELS = tuple(Channel("lab1", unit, probe) for unit in ("F01", "F02") for probe in ("product", "air"))
ONE = CHANNELS[0]
FOREVER = START + 10_000 * HOUR


def gateway(model: GatewayModel | None = None, seed: int = 1) -> Gateway:
    return Gateway("g1", model or GatewayModel(), CHANNELS, ROOT, Random(seed))


def reading(at: int, number: int = 1, celsius: float | None = -79.84) -> Reading:
    return Reading(at, at, celsius, None if celsius is not None else "read_error", number, 93)


def statuses(messages: Iterable[GatewayMessage]) -> list[tuple[int, str, bool]]:
    """(instant, channel, online) of the messages of states."""
    found = []
    for message in messages:
        if isinstance(topic := parse_topic(message.topic, ROOT), StatusTopic):
            assert message.retained
            found.append((message.at, str(topic.channel), decode_status(message.payload)))
    return found


def arrived(messages: Iterable[GatewayMessage]) -> list[tuple[int, Channel, Reading]]:
    """(instant, channel, reading) of all readings, each message of which must decode."""
    found = []
    for message in messages:
        if isinstance(topic := parse_topic(message.topic, ROOT), ReadingTopic):
            readings, rejections = decode_readings(message.payload, START)
            assert not rejections
            assert len(message.payload) < MESSAGE_BYTES_MAX
            found += [(message.at, topic.channel, each) for each in readings]
    return found


def told_events(messages: Iterable[GatewayMessage]) -> list[bytes]:
    return [m.payload for m in messages if isinstance(parse_topic(m.topic, ROOT), UnitEventTopic)]


def fed(it: Gateway, minutes: range) -> None:
    """A reading of every channel in every minute, numbered by the minute."""
    for minute in minutes:
        for index, channel in enumerate(CHANNELS):
            at = START + minute * MINUTE + index * SECOND
            it.read(at, channel, reading(at, minute))


# --- random lives: for what has to hold whatever happens --------------------------------------------------------

Step = tuple[int, str, Any]
TELLING = ("read", "read", "read", "read", "tell")
KNOBS = {"duplicating": 0.3, "reordering": 90_000, "lagging": 40_000, "retaining": True, "garbling": 0.3}
ALWAYS = ("lose", "restore", "restore", "lagging", "reordering")
REPEATING = ("duplicating", "reconnect", "retaining", "replay_retained")


def life(random: Random, troubles: tuple[str, ...], length: int = 400) -> list[Step]:
    """What is handed over and happens, in the order of time; at the end all is well again."""
    steps: list[Step] = []
    at = START
    for number in range(length):
        at += random.choice([0, 0, 1, SECOND, 20 * SECOND, MINUTE])
        kind = random.choice(TELLING if random.random() < 0.9 else troubles)
        celsius = random.choice([None, 85.0, round(random.uniform(-90, 20), 2)])
        steps.append((at, kind, (random.choice(CHANNELS), reading(at, number, celsius))))
    return [*steps, (at, "restore", None)]


def live(
    it: Gateway, steps: Iterable[Step], release: Callable[[int, int], list[GatewayMessage]]
) -> list[GatewayMessage]:
    """Every message of a life. ``release(at, next)`` is asked for some of them after each step."""
    steps = list(steps)
    sent: list[GatewayMessage] = []
    for (at, kind, what), (then, _, _) in pairwise([*steps, (FOREVER, "", None)]):
        match kind:
            case "read":
                it.read(at, *what)
            case "tell":
                it.tell(at, unit_event_topic("lab1", "F01", ROOT), b'{"event":%d}' % what[1].seq)
            case "lose" | "restore" | "reconnect" | "replay_retained":
                getattr(it, kind)(at)
            case knob:
                setattr(it, knob, KNOBS[knob])
        sent += release(at, then)
    return sent + it.release(FOREVER)


def nothing(_at: int, _then: int) -> list[GatewayMessage]:
    return []


@pytest.mark.parametrize("seed", range(25))
def test_the_messages_are_the_same_however_often_and_whenever_they_are_released(seed: int) -> None:
    print("seed", seed)
    random = Random(f"release/{seed}")
    model = GatewayModel(
        buffer=random.choice([0, 7, 10_000]),
        array_max=random.choice([3, 1_000]),
        delay=random.choice([0, 700]),
        will_after=random.choice([0, 90 * SECOND]),
        resent=random.choice([0, 5]),
    )
    steps = life(random, (*ALWAYS, *REPEATING, "garbling"))
    once = live(gateway(model, seed), steps, nothing)

    its = gateway(model, seed)

    def often(at: int, then: int) -> list[GatewayMessage]:
        found: list[GatewayMessage] = []
        for until in sorted(random.randint(at, min(then, at + MINUTE)) for _ in range(random.randrange(4))):
            next_at = its.next_at()
            released = its.release(until)
            assert [message.at for message in released[:1]] == (
                [next_at] if (next_at or FOREVER) <= until else []
            )
            assert all(message.at <= until for message in released)
            found += released
        return found

    assert live(its, steps, often) == once
    assert [message.at for message in once] == sorted(message.at for message in once)
    assert its.next_at() is None


def test_another_seed_gives_other_messages() -> None:
    steps = [(START, "duplicating", None), (START, "reordering", None), *life(Random(1), TELLING)]
    assert live(gateway(seed=1), steps, nothing) == live(gateway(seed=1), steps, nothing)
    assert live(gateway(seed=1), steps, nothing) != live(gateway(seed=2), steps, nothing)


@pytest.mark.parametrize("seed", range(25))
def test_everything_arrives_exactly_once_whatever_is_late_or_offline(seed: int) -> None:
    print("seed", seed)
    random = Random(f"once/{seed}")
    it = gateway(GatewayModel(array_max=random.choice([2, 50]), delay=random.choice([0, 300])), seed)
    steps = life(random, ALWAYS)
    messages = live(it, steps, nothing)
    handed = Counter((what[0], what[1]) for _, kind, what in steps if kind == "read")
    assert (
        Counter(
            (channel, each._replace(received_at=each.measured_at)) for _, channel, each in arrived(messages)
        )
        == handed
    )
    assert (
        len(told_events(messages))
        == len(set(told_events(messages)))
        == sum(kind == "tell" for _, kind, _ in steps)
    )
    assert it.dropped == 0
    assert all(at >= each.measured_at for at, _, each in arrived(messages))


@pytest.mark.parametrize("seed", range(25))
def test_everything_arrives_at_least_once_where_messages_are_repeated(seed: int) -> None:
    print("seed", seed)
    random = Random(f"repeated/{seed}")
    steps = life(random, ALWAYS + REPEATING)
    steps.append((steps[-1][0], "reconnect", None))
    messages = live(gateway(seed=seed), steps, nothing)
    handed = {(what[0], what[1].seq) for _, kind, what in steps if kind == "read"}
    assert {(channel, each.seq) for _, channel, each in arrived(messages)} == handed
    assert len(arrived(messages)) > len(handed)


@pytest.mark.parametrize("seed", range(25))
def test_a_small_buffer_loses_as_much_as_it_says_and_no_more(seed: int) -> None:
    print("seed", seed)
    random = Random(f"small/{seed}")
    it = gateway(GatewayModel(buffer=random.choice([0, 1, 5, 20])), seed)
    steps = life(random, ("lose", "lose", "restore", "lagging"))
    messages = live(it, steps, nothing)
    handed = sum(kind in ("read", "tell") for _, kind, _ in steps)
    assert len(arrived(messages)) + len(told_events(messages)) == handed - it.dropped
    assert it.dropped > 0


# --- outages ----------------------------------------------------------------------------------------------------


def test_a_live_reading_goes_out_at_once_as_the_wire_format_has_it() -> None:
    it = gateway()
    it.read(START, ONE, reading(START))
    assert it.release(START) == [
        GatewayMessage(
            START, "tests/v1/lab1/F01/product/reading", encode_reading(reading(START)), retained=False
        )
    ]
    assert it.release(START) == []


def test_an_outage_ends_with_online_then_the_buffer_as_arrays_the_oldest_first_then_live_readings() -> None:
    it = gateway(GatewayModel(array_max=100))
    fed(it, range(5))
    it.lose(START + 5 * MINUTE)
    fed(it, range(6, 256))
    it.tell(START + 256 * MINUTE, unit_event_topic("lab1", "F01", ROOT), b"{}")
    quiet = it.release(START + 300 * MINUTE)
    it.restore(START + 300 * MINUTE)
    fed(it, range(301, 303))
    back = it.release(FOREVER)

    assert statuses(quiet) == [(START + 5 * MINUTE, str(channel), False) for channel in CHANNELS]
    assert len(arrived(quiet)) == 5 * 4
    assert statuses(back[:4]) == [(START + 300 * MINUTE, str(channel), True) for channel in CHANNELS]
    uploads = back[4 : 4 + 3 * 4]
    assert {message.at for message in uploads} == {START + 300 * MINUTE}
    assert all(message.payload.startswith(b"[") for message in uploads)
    assert [len(arrived([message])) for message in uploads] == [100] * 8 + [50] * 4
    firsts = [arrived([message])[0][2].measured_at for message in uploads]
    assert firsts == sorted(firsts)
    assert told_events(back[16:17]) == [b"{}"]
    assert [at for at, _, each in arrived(back[17:]) if at == each.measured_at] == [m.at for m in back[17:]]
    assert len(back) == 17 + 2 * 4
    for channel in CHANNELS:
        numbers = [each.seq for _, its, each in arrived(quiet + back) if its == channel]
        assert numbers == [*range(5), *range(6, 256), 301, 302]


def test_an_upload_is_never_too_large_for_the_wire_format() -> None:
    it = gateway()
    it.lose(START)
    for number in range(2_500):
        worst = Reading(
            START + number, START, -79.123456789012345, "power_on_default", 2**62 + number, 93.333333333333333
        )
        it.read(START + number, ONE, worst)
    it.restore(START + HOUR)
    uploads = [message for message in it.release(START + HOUR) if message.payload.startswith(b"[")]
    assert [len(arrived([message])) for message in uploads] == [ITEMS_MAX, ITEMS_MAX, 500]


def test_a_buffer_that_is_full_drops_the_oldest() -> None:
    it = gateway(GatewayModel(buffer=10))
    it.lose(START)
    for number in range(25):
        it.read(START + number, ONE, reading(START + number, number))
    it.restore(START + HOUR)
    assert [each.seq for _, _, each in arrived(it.release(FOREVER))] == list(range(15, 25))
    assert it.dropped == 15


def test_a_short_outage_goes_unnoticed_where_the_broker_waits_for_it() -> None:
    it = gateway(GatewayModel(will_after=90 * SECOND))
    it.lose(START)
    it.restore(START + 89 * SECOND)
    assert [online for _, _, online in statuses(it.release(FOREVER - 2 * HOUR))] == [True] * 4
    it.lose(FOREVER - HOUR)
    assert statuses(it.release(FOREVER))[0] == (FOREVER - HOUR + 90 * SECOND, str(ONE), False)


def test_to_lose_it_twice_or_to_restore_what_is_well_says_nothing() -> None:
    it = gateway()
    it.restore(START)
    it.lose(START)
    it.lose(START + 1)
    it.reconnect(START + 2)
    it.replay_retained(START + 2)
    assert len(it.release(FOREVER)) == len(CHANNELS)


def test_restoring_ends_every_trouble() -> None:
    it, fresh = gateway(), gateway()
    for knob, value in {**KNOBS, "garbling": 1.0, "garble_how": "nan"}.items():
        setattr(it, knob, value)
    it.restore(START)
    fed(it, range(20))
    fed(fresh, range(20))
    assert it.release(FOREVER) == fresh.release(FOREVER)


def test_what_goes_back_in_time_is_refused() -> None:
    it = gateway()
    it.release(START)
    it.read(START, ONE, reading(START))
    with pytest.raises(ValueError, match="gateway g1 is at 1795000000000 and can't go back to 1794999999999"):
        it.read(START - 1, ONE, reading(START - 1))
    with pytest.raises(KeyError):
        it.read(START, Channel("lab1", "F99", "air"), reading(START))


# --- copies, late and old messages ------------------------------------------------------------------------------


def test_a_share_of_messages_comes_twice_byte_for_byte_within_seconds() -> None:
    it = gateway()
    it.duplicating = 0.2
    fed(it, range(1_000))
    messages = it.release(FOREVER)
    at: dict[tuple[str, bytes], list[int]] = {}
    for message in messages:
        at.setdefault((message.topic, message.payload), []).append(message.at)
    assert {len(each) for each in at.values()} == {1, 2}
    assert len(messages) / 4_000 == pytest.approx(1.2, abs=0.03)
    assert all(0 < each[1] - each[0] <= COPY_WITHIN for each in at.values() if len(each) == 2)


def test_reordering_makes_messages_overtake_and_lagging_makes_all_late() -> None:
    it = gateway(GatewayModel(delay=200))
    it.reordering = 3 * MINUTE
    fed(it, range(200))
    found = arrived(it.release(START + 250 * MINUTE))
    measured = [each.measured_at for _, its, each in found if its == ONE]
    assert sorted(measured) != measured
    late = [at - each.measured_at - 200 for at, _, each in found]
    assert (min(late) >= 0, max(late) <= 3 * MINUTE, max(late) > 2 * MINUTE) == (True, True, True)
    it.reordering, it.lagging = 0, 30 * SECOND
    fed(it, range(300, 310))
    assert {at - each.measured_at for at, _, each in arrived(it.release(FOREVER))} == {30 * SECOND + 200}


def test_a_reconnect_sends_the_last_messages_again_byte_for_byte() -> None:
    it = gateway(GatewayModel(resent=6))
    fed(it, range(10))
    before = it.release(START + 20 * MINUTE)
    it.lose(START + 20 * MINUTE)
    it.restore(START + 20 * MINUTE)
    it.release(START + 20 * MINUTE)  # states, which are not among them
    it.reconnect(START + 20 * MINUTE)
    again = it.release(FOREVER)
    assert again == [message._replace(at=START + 20 * MINUTE) for message in before[-6:]]


def test_old_values_come_again_flagged_retained_at_a_reconnect() -> None:
    it = gateway(GatewayModel(resent=0))
    it.retaining = True
    fed(it, range(3))
    retained = it.release(START + 10 * MINUTE)
    assert all(message.retained for message in retained)
    it.retaining = False
    fed(it, range(20, 30))
    assert not any(message.retained for message in it.release(START + 40 * MINUTE))
    it.retaining = True
    it.reconnect(START + HOUR)
    # A broker keeps the last value that was sent retained, however many came since.
    assert it.release(FOREVER) == [message._replace(at=START + HOUR) for message in retained[-4:]]


def test_old_values_come_again_where_none_was_retained() -> None:
    it = gateway()
    fed(it, range(3))
    last = it.release(START + 10 * MINUTE)[-4:]
    it.replay_retained(START + HOUR)
    assert it.release(FOREVER) == [message._replace(at=START + HOUR, retained=True) for message in last]


def test_two_gateways_report_one_probe_each_with_its_rounding_delay_and_clock() -> None:
    fine, coarse = gateway(), gateway(GatewayModel(resolution=0.5, delay=900, stamps=True))
    coarse.clock.skew(-7)
    for it in (fine, coarse):
        it.read(START, ONE, reading(START))
        it.read(START, ONE, reading(START, 2, None))
    assert [(at, r.measured_at, r.celsius) for at, _, r in arrived(fine.release(FOREVER))] == [
        (START, START, -79.84),
        (START, START, None),
    ]
    assert [(at, r.measured_at, r.celsius) for at, _, r in arrived(coarse.release(FOREVER))] == [
        (START + 900, START - 7, -80.0),
        (START + 900, START - 7, None),
    ]


@pytest.mark.parametrize("field", ["buffer", "array_max", "delay", "will_after", "resent", "resolution"])
def test_a_gateway_that_could_not_be_is_refused_by_the_name_of_the_field(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        GatewayModel(**{field: -1})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="array_max 1001 is not 1 to 1,000"):
        GatewayModel(array_max=1_001)
