"""The reference against the cases worked out by hand, and against what must hold for any history."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise

import pytest

from .excursions import Fact, Reading, good_values
from .golden import Case, differences, load_cases
from .histories import history as new_history
from .lines import Rule, decimal, half_up

CASES = load_cases()
SEEDS = range(30)
history = cache(new_history)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_reference_agrees_with_the_arithmetic_by_hand(case: Case) -> None:
    assert differences(case.judged(), list(case.expected)) == []


def test_a_difference_of_one_millisecond_is_named() -> None:
    case = next(case for case in CASES if case.name == "twelve-minutes-across-minus-60")
    changed = {**case.expected[0], "ended_at": case.expected[0]["ended_at"] + 1}
    assert differences([changed], list(case.expected)) == [
        "excursion 1: ended_at is 2026-03-02T10:12:30.001000+00:00, not 2026-03-02T10:12:30+00:00"
    ]
    assert differences([], list(case.expected)) == ["0 excursions instead of 1"]


@pytest.mark.parametrize("seed", SEEDS)
def test_neither_order_nor_copies_change_a_fact(seed: int) -> None:
    case, rng = history(seed), random.Random(seed)
    copies = [replace(reading, received_at=reading.received_at + 1) for reading in case.readings]
    readings = [*case.readings, *rng.sample(copies, k=len(copies) // 3)]
    rng.shuffle(readings)
    assert replace(case, readings=tuple(readings)).judged() == list(case.expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_excursions_of_one_side_follow_one_another(seed: int) -> None:
    case = history(seed)
    for direction in ("high", "low"):
        facts = [fact for fact in case.expected if fact["direction"] == direction]
        for fact in facts:
            assert_its_instants_and_sums_agree(fact, case.as_of)
        for fact, following in pairwise(facts):
            assert fact["closed_at"] is not None
            assert fact["closed_at"] <= following["started_at"]


def assert_its_instants_and_sums_agree(fact: Fact, as_of: int) -> None:
    """The parts of an excursion don't overlap, and its instants are in order."""
    assert (fact["ended_at"] is None) == (fact["closed_at"] is None)
    assert (fact["confirmed_at"] is None) == (fact["confirmed_by"] is None)
    until = fact["closed_at"] or as_of
    assert fact["started_at"] <= (fact["ended_at"] or until) <= until <= as_of
    if fact["confirmed_at"] is not None:
        assert fact["started_at"] <= fact["confirmed_at"] <= until
    parts = sum(fact["seconds_by_band"].values()) + fact["unknown_seconds"] + (fact["uncertain_seconds"] or 0)
    assert parts * 1000 <= (fact["ended_at"] or as_of) - fact["started_at"] + 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_sure_as_of_a_reading_stays_so(seed: int) -> None:
    case = history(seed)
    for as_of in random.Random(seed).sample([reading.measured_at for reading in case.readings], k=4):
        later = {(fact["direction"], fact["started_at"]): fact for fact in case.expected}
        for fact in replace(case, as_of=min(as_of, case.as_of)).judged():
            now = later[fact["direction"], fact["started_at"]]
            assert now["profile_version"] == fact["profile_version"]
            if fact["confirmed_at"] is not None:
                assert (now["confirmed_at"], now["confirmed_by"]) == (
                    fact["confirmed_at"],
                    fact["confirmed_by"],
                )
            if fact["closed_at"] is not None:
                assert now == fact


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mirrored_history_has_mirrored_excursions(seed: int) -> None:
    case = with_one_good_value_each(history(seed))
    mirrored = replace(
        case,
        readings=tuple(replace(reading, celsius=-(reading.celsius or 0.0)) for reading in case.readings),
        rules=tuple(mirrored_rule(rule) for rule in case.rules),
        plausible=(-case.plausible[1], -case.plausible[0]),
    )
    other = {"high": "low", "low": "high"}
    back = [
        {**fact, "direction": other[fact["direction"]], "extreme_celsius": -fact["extreme_celsius"]}
        for fact in mirrored.judged()
    ]
    back.sort(key=lambda fact: (fact["started_at"], fact["direction"]))
    # An edge belongs to the band below it, so bands are the one thing that a mirror changes.
    assert [{**fact, "seconds_by_band": None} for fact in back] == [
        {**fact, "seconds_by_band": None} for fact in case.judged()
    ]


def mirrored_rule(rule: Rule) -> Rule:
    """The rule for the same temperatures with the other sign."""

    def negative(celsius: float | None) -> float | None:
        return None if celsius is None else -celsius

    return replace(
        rule,
        low=negative(rule.high),
        high=negative(rule.low),
        delay_high=rule.delay_low,
        delay_low=rule.delay_high,
        clear_high=rule.clear_low,
        clear_low=rule.clear_high,
        instant_high=negative(rule.instant_low),
        instant_low=negative(rule.instant_high),
        cumulative_high=rule.cumulative_low,
        cumulative_low=rule.cumulative_high,
        bands=tuple((name, negative(up_to), negative(above)) for name, above, up_to in rule.bands),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reading_on_the_line_adds_nothing(seed: int) -> None:
    whole = history(seed)
    whole = replace(whole, as_of=max(reading.measured_at for reading in whole.readings))
    case = with_one_good_value_each(whole)
    between = []
    for one, other in pairwise(case.readings):
        distance = other.measured_at - one.measured_at
        assert one.celsius is not None
        assert other.celsius is not None
        half_way = (one.celsius + other.celsius) / 2
        on_the_line = decimal(half_way) * 2 == decimal(one.celsius) + decimal(other.celsius)
        if 1_000 < distance <= case.max_gap and distance % 2 == 0 and on_the_line:
            at = (one.measured_at + other.measured_at) // 2
            between.append(Reading(at, at, half_way, None))
    assert between
    assert replace(case, readings=(*case.readings, *between)).judged() == case.judged()


@pytest.mark.parametrize("seed", SEEDS)
def test_all_known_time_outside_lies_in_an_excursion(seed: int) -> None:
    case = with_one_good_value_each(history(seed))
    case = replace(case, rules=case.rules[:1])
    told: dict[str, float] = defaultdict(float)
    for fact in case.judged():
        told[fact["direction"]] += sum(fact["seconds_by_band"].values())
    rule = case.rules[0]
    assert told["high"] == pytest.approx(seconds_above(case, rule.high, sign=1))
    assert told["low"] == pytest.approx(seconds_above(case, rule.low, sign=-1))


def seconds_above(case: Case, limit: float | None, *, sign: int) -> float:
    """The known seconds above a limit (below it for sign −1), segment by segment, without any state."""
    if limit is None:
        return 0.0
    total = 0
    for one, other in pairwise(case.readings):
        if other.measured_at - one.measured_at > case.max_gap:
            continue
        before, after = (
            sign * (decimal(reading.celsius or 0.0) - decimal(limit)) for reading in (one, other)
        )
        crossing = half_up(
            one.measured_at + Fraction(other.measured_at - one.measured_at) * before / (before - after)
            if before * after < 0
            else Fraction(one.measured_at)
        )
        if min(before, after) >= 0 and max(before, after) > 0:
            total += other.measured_at - one.measured_at
        elif before < 0 < after:
            total += other.measured_at - crossing
        elif after < 0 < before:
            total += crossing - one.measured_at
    return total / 1000


def with_one_good_value_each(case: Case) -> Case:
    """The history without bad readings and conflicts, in order, its offset added, up to ``as_of``."""
    good = good_values(case.readings, offset=case.offset, plausible=case.plausible, as_of=case.as_of)
    readings = tuple(Reading(at, at, float(min(values)), None) for at, values in sorted(good.items()))
    return replace(case, readings=readings, offset=0.0)
