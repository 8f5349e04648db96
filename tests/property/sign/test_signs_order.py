"""Signs and the order of things: the same readings give the same trail and the same signs, however they came."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.alarm.grounds import Grounds
from monitor.core.sign.base import Probed, Sign, ToldEvent, opened_at
from monitor.core.sign.cooling import cooling_over, cooling_weak
from monitor.core.sign.door import door_open, openings
from monitor.core.sign.rising import rising
from monitor.core.sign.trail import HOURS_FOR, MINUTES_FOR, PARTS_FOR, Ring, Trail
from monitor.core.time.instant import DAY, HOUR, MINUTE
from tests.rigs.signs import cycling, failing, readings
from tests.unit.core.sign.test_recovery import NOW, UNTIL, WEAKER, weakening

START = 1_790_000_000_000 // DAY * DAY
Reading = tuple[int, float]


def contents(trail: Trail) -> list[object]:
    """All that anybody can see of a trail."""
    newest = trail.newest_at or 0
    rings = (trail.minutes, trail.parts, trail.hours)
    return [newest, *(ring.bins(newest - 40 * DAY, newest + 1) for ring in rings)]


def added(readings_: Sequence[Reading], sizes: Sequence[int]) -> Trail:
    """A trail that got its readings in parts of these sizes, over and over again."""
    trail, start, turn = Trail(), 0, 0
    while start < len(readings_):
        size = sizes[turn % len(sizes)]
        trail.add(readings_[start : start + size])
        start, turn = start + size, turn + 1
    return trail


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40 * DAY // (37 * 1_000)).map(lambda n: START + n * 37_000),
            st.floats(-90, 30).map(lambda celsius: round(celsius, 2)),
        ),
        max_size=60,
    ),
    st.lists(st.integers(1, 20), min_size=1, max_size=4),
    st.integers(0, 2**32),
)
def test_a_trail_does_not_depend_on_the_order_or_the_batches_of_its_readings(
    some: list[Reading], sizes: list[int], seed: int
) -> None:
    shuffled = list(some)
    Random(seed).shuffle(shuffled)
    assert contents(added(shuffled, sizes)) == contents(added(some, [1000]))


@given(
    st.lists(st.tuples(st.integers(0, 3 * DAY), st.integers(-90_000, 30_000)), min_size=1, max_size=80),
    st.integers(0, 2**32),
)
def test_a_ring_holds_exactly_what_a_list_would(some: list[tuple[int, int]], seed: int) -> None:
    ring, width, span = Ring(MINUTE, 2 * HOUR), MINUTE, 2 * HOUR
    shuffled = list(some)
    Random(seed).shuffle(shuffled)
    for at, milli in shuffled:
        ring.add({at // width: [1, milli, milli, milli]})
    newest = max(at for at, _ in some) // width
    expected: dict[int, list[int]] = {}
    for at, milli in some:
        if at // width > newest - span // width:
            expected.setdefault(at // width * width, []).append(milli)
    found = ring.bins(0, 4 * DAY)
    assert [(one.at, one.readings, one.total, one.low, one.high) for one in found] == [
        (at, len(values), sum(values), min(values), max(values)) for at, values in sorted(expected.items())
    ]


def seen(some: Sequence[Reading], now: int) -> Sign | None:
    probed = Probed("lab1/F01/air", Trail(), max_gap=15 * MINUTE, is_product=True)
    probed.trail.add(some)
    return rising([probed], (), now, probed.channel)


SLOW = settings(max_examples=15, deadline=None)
PAST = 24 * 60  # minutes of calm before it fails


@SLOW
@given(st.integers(0, 2**32), st.lists(st.integers(50, 900), min_size=1, max_size=5), st.integers(45, 150))
def test_a_sign_does_not_depend_on_the_order_or_the_batches_of_the_readings(
    seed: int, sizes: list[int], minutes: int
) -> None:
    course = failing(PAST)
    taken = readings(course, 0, PAST + minutes, start=START, seed=seed)
    some = [(one.measured_at, one.celsius or 0.0) for one in taken]
    now = some[-1][0] + 1
    expected = seen(some, now)
    assert expected is not None
    shuffled = list(some)
    Random(seed).shuffle(shuffled)
    probed = Probed("lab1/F01/air", Trail(), max_gap=15 * MINUTE, is_product=True)
    start = turn = 0
    while start < len(shuffled):
        probed.trail.add(shuffled[start : start + sizes[turn % len(sizes)]])
        rising([probed], (), now, probed.channel)  # a look in between leaves nothing behind
        start, turn = start + sizes[turn % len(sizes)], turn + 1
    assert rising([probed], (), now, probed.channel) == expected


@SLOW
@given(st.integers(0, 2**32), st.integers(40, 90), st.integers(0, 60))
def test_since_when_it_rises_does_not_depend_on_when_somebody_looks(
    seed: int, first: int, later: int
) -> None:
    course = failing(PAST)
    taken = readings(course, 0, PAST + first + later, start=START, seed=seed)
    some = [(one.measured_at, one.celsius or 0.0) for one in taken]
    at_first = seen(some[: PAST + first], some[PAST + first - 1][0] + 1)
    at_last = seen(some, some[-1][0] + 1)
    assert at_last is not None
    if at_first is not None:
        assert at_first.since_at == at_last.since_at


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.integers(200, 2_000), min_size=1, max_size=4),
    st.sampled_from([(20, 20, 20, 45), (20, 20, 20, 60), (20, 20, 30, 90)]),
)
def test_weak_cooling_does_not_depend_on_the_order_or_the_batches_of_the_readings(
    seed: int, sizes: list[int], needs: tuple[int, ...]
) -> None:
    taken = readings(weakening(WEAKER, needs), 0, UNTIL, start=START, seed=seed)
    some = [(one.measured_at, one.celsius or 0.0) for one in taken]
    in_order = Probed("lab1/F01/air", Trail(), max_gap=15 * MINUTE, is_product=False)
    in_order.trail.add(some)
    expected = cooling_weak([in_order], NOW, "lab1/F01")
    assert expected is not None
    assert "recovers_seconds" in expected.evidence
    shuffled = list(some)
    Random(seed).shuffle(shuffled)
    probed = Probed("lab1/F01/air", Trail(), max_gap=15 * MINUTE, is_product=False)
    start = turn = 0
    while start < len(shuffled):
        probed.trail.add(shuffled[start : start + sizes[turn % len(sizes)]])
        cooling_weak([probed], NOW, "lab1/F01")  # a look in between leaves nothing behind
        start, turn = start + sizes[turn % len(sizes)], turn + 1
    assert cooling_weak([probed], NOW, "lab1/F01") == expected
    assert cooling_over(probed, Grounds.of(expected.evidence), NOW - DAY, NOW) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(["door_opened", "door_closed", "defrost_started"])),
        max_size=12,
        unique_by=lambda event: event[0],
    ),
    st.integers(0, 2**32),
    st.integers(0, 70),
)
def test_a_door_is_judged_alike_whatever_the_order_and_the_copies_of_its_events(
    some: list[tuple[int, str]], seed: int, now: int
) -> None:
    events = [ToldEvent(START + minute * MINUTE, kind) for minute, kind in some]
    shuffled = [*events, *events[::2]]
    Random(seed).shuffle(shuffled)
    at = START + now * MINUTE
    assert opened_at(shuffled, at) == opened_at(sorted(events), at)
    sign = door_open("lab1/F01", shuffled, at, 5 * MINUTE)
    assert sign == door_open("lab1/F01", sorted(events), at, 5 * MINUTE)
    # What the deadline says is what somebody who had looked in time would have said.
    if sign is not None:
        in_time = door_open(
            "lab1/F01", [one for one in events if one.at <= sign.since_at], sign.since_at, 5 * MINUTE
        )
        assert in_time == sign
    spans = openings([one for one in shuffled if one.at <= at])
    assert (opened_at(shuffled, at) is not None) == any(end is None for _, end in spans)


def test_a_trail_is_as_large_as_its_docstring_says() -> None:
    assert MINUTES_FOR // MINUTE + PARTS_FOR // (5 * MINUTE) + HOURS_FOR // HOUR == 1_944
    assert Trail().nbytes == 28 * 1_944


def test_a_unit_that_only_cycles_says_nothing_at_any_minute() -> None:
    taken = readings(cycling, 0, 3 * 24 * 60, start=START, seed=7)
    probed = Probed("lab1/F01/air", Trail(), max_gap=15 * MINUTE, is_product=True)
    fed = 0
    for minute in range(24 * 60, 3 * 24 * 60, 7):
        now = START + minute * MINUTE
        upto = next((i for i in range(fed, len(taken)) if taken[i].measured_at >= now), len(taken))
        probed.trail.add([(one.measured_at, one.celsius or 0.0) for one in taken[fed:upto]])
        fed = upto
        assert rising([probed], (), now, probed.channel) is None
