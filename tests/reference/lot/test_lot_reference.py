"""The reference for lots against the cases worked out by hand, and against what must hold for any history."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise

import pytest

from ..lines import Reading
from .golden import LotCase, differences, load_lot_cases
from .histories import lot_history
from .inputs import Event
from .lots import Judgement
from .mkt import mean_kinetic
from .timeline import Segment

CASES = load_lot_cases()
SEEDS = range(15)
history = cache(lot_history)
case_named = {case.name: case for case in CASES}.__getitem__
STORED = case_named("two-moves-in-one-excursion")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_reference_agrees_with_the_arithmetic_by_hand(case: LotCase) -> None:
    assert case.expected
    found = {lot: differences(case.judged(lot), wanted) for lot, wanted in case.expected.items()}
    assert found == {lot: [] for lot in case.expected}


def test_a_difference_of_one_millisecond_is_named() -> None:
    case = case_named("budget-reached-exactly")
    wanted = {"budgets": [{"band": "warm", "exhausted_at": "2026-03-02T10:55:00.001Z"}]}
    assert differences(case.judged("L1"), wanted) == [
        "budgets.warm.exhausted_at is 2026-03-02T10:55:00+00:00 + 0 ms, not 2026-03-02T10:55:00.001Z"
    ]
    assert differences(case.judged("L1"), None) == ["one of them is no lot"]
    assert differences(case.judged("L1"), {"verdict": "within_profile"}) == [
        "verdict is 'breached', not 'within_profile'"
    ]


@pytest.mark.parametrize(
    ("celsius", "mkt"),
    [
        ([4, 4, 4, 4, 16], 8.1089),
        ([5] * 23 + [15], 5.7635),
        ([5] * 20 + [14] * 4, 7.3276),
        ([24] * 29 + [40], 25.2602),
        ([21] * 29 + [40], 22.7943),
        ([6] * 7, 6.0),
        ([-200, -200], -200.0),
    ],
)
def test_the_mean_kinetic_temperature_is_that_of_the_vectors(celsius: list[int], mkt: float) -> None:
    steps = [Segment(at, at + 1, Fraction(one), Fraction(one)) for at, one in enumerate(celsius)]
    assert mean_kinetic(steps, 10_000.0) == pytest.approx(mkt, abs=5e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_neither_order_nor_copies_change_a_lot(seed: int) -> None:
    case, rng = history(seed), random.Random(seed)
    events = [*case.events, *rng.sample(case.events, k=3)]
    rng.shuffle(events)
    readings = {}
    for channel, own in case.readings.items():
        copies = [replace(reading, received_at=reading.received_at + 1) for reading in own[::3]]
        readings[channel] = rng.sample([*own, *copies], k=len(own) + len(copies))
    shuffled = replace(case, events=tuple(events), readings=readings)
    for lot in case.ids():
        assert shuffled.judged(lot) == case.judged(lot)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_parts_of_a_timeline_add_up(seed: int) -> None:
    case = history(seed)
    for lot in case.ids():
        found = case.judged(lot)
        if found is None or not found["custody"]:
            continue
        as_of, stays = found["as_of"], found["custody"]
        assert stays[0][0] is not None
        for (unit, _from, to), (following, begins_at, _to) in pairwise(stays):
            assert to == begins_at
            assert unit != following
        in_storage = sum((to or as_of) - begins_at for unit, begins_at, to in stays if unit is not None)
        assert 0 <= found["known_ms"] + found["unknown_ms"] <= in_storage
        assert in_storage + found["out_of_storage_ms"] == as_of - stays[0][1]
        in_bands = sum(b["spent"] for b in found["budgets"] if b["band"] != "out_of_storage")
        assert in_bands <= as_of - stays[0][1]
        assert_budgets_agree_with_themselves(found)


def assert_budgets_agree_with_themselves(found: Judgement) -> None:
    """What is left, what was exhausted and when the lot expires say the same."""
    for budget in found["budgets"]:
        if budget["limit"] is None:
            assert budget["left"] is budget["exhausted_at"] is None
            continue
        assert budget["left"] == max(0, budget["limit"] - budget["spent"])
        if budget["limit"] > 0:
            assert (budget["left"] == 0) == (budget["exhausted_at"] is not None)
        if budget["exhausted_at"] is not None:
            assert found["effective_expires_at"] <= budget["exhausted_at"] <= found["as_of"]
            assert "expired" in found["reasons"]
    assert found["effective_expires_at"] <= found["expires_at"]


def never_falling(found: Judgement) -> dict[str, int]:
    sums = {budget["band"]: budget["spent"] for budget in found["budgets"]}
    return {**sums, "unknown": found["unknown_ms"], "out": found["out_of_storage_ms"]}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_spent_never_falls_as_time_goes_on(seed: int) -> None:
    case = replace(history(seed), bindings={})
    instants = sorted({reading.measured_at for own in case.readings.values() for reading in own})
    chosen = sorted(random.Random(seed).sample(instants, k=5))
    told = random.Random(seed).sample([event.occurred_at for _lot, event in case.events], k=5)
    for lot in case.ids():
        before: Judgement | None = None
        for as_of in sorted({*chosen, *(at + 1 for at in chosen), *told}):
            now = case.judged(lot, as_of)
            if before is not None:
                assert now is not None
                assert all(now_spent >= spent for now_spent, spent in zip(
                    never_falling(now).values(), never_falling(before).values(), strict=True
                )), f"seed {seed}, {lot} at {as_of}"  # fmt: skip
                assert now["thaw_count"] >= before["thaw_count"], f"seed {seed}, {lot} at {as_of}"
            before = now


@pytest.mark.parametrize("seed", SEEDS)
def test_an_aliquot_that_stays_is_judged_like_its_parent(seed: int) -> None:
    case = history(seed)
    twin = Event("twin", max(event.occurred_at for _lot, event in case.events), "aliquoted", into=("twin",))
    case = replace(case, events=(*case.events, ("L2", twin)), as_of=max(case.as_of, twin.occurred_at))
    parent, child = case.judged("L2"), case.judged("twin")
    if parent is None or parent["disposition"] == "disposed":
        assert child is None
        return
    assert child is not None
    own = {"lot", "parent", "children", "reasons", "verdict"}
    assert {key: value for key, value in child.items() if key not in own} == {
        key: value for key, value in parent.items() if key not in own
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_a_voided_event_is_as_if_it_had_never_been(seed: int) -> None:
    case = history(seed)
    ids = [event.event_id for _lot, event in set(case.events)]
    lot, target = next(
        item for item in case.events if item[1].kind != "voided" and ids.count(item[1].event_id) == 1
    )
    without = tuple(item for item in case.events if item[1].event_id != target.event_id)
    voided = (*case.events, (lot, Event("void", case.as_of + 1, "voided", voids=target.event_id)))
    for one in case.ids():
        assert replace(case, events=voided).judged(one) == replace(case, events=without).judged(one)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_move_to_where_the_lot_is_changes_nothing(seed: int) -> None:
    case = history(seed)
    judged = case.judged("L1")
    if judged is None or not judged["custody"]:
        judged, case = STORED.judged("L1"), STORED
        assert judged is not None
    unit, begins_at, to = judged["custody"][-1]
    again = Event("zzz", (begins_at + (to or case.as_of)) // 2, "moved", unit=unit)
    assert replace(case, events=(*case.events, ("L1", again))).judged("L1") == judged


def test_nothing_after_as_of_counts() -> None:
    case = case_named("warm-for-two-hours")
    own = case.readings["lab1/F01/product"]
    later = Reading(case.as_of + 1, case.as_of + 1, 20.0, None)
    moved = Event("later", case.as_of + 1, "moved", unit=None)
    changed = replace(
        case, readings={"lab1/F01/product": [*own, later]}, events=(*case.events, ("L1", moved))
    )
    assert changed.judged("L1") == case.judged("L1")
