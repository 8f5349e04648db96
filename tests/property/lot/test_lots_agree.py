"""The product's core against the reference, lot by lot, on random histories; the golden folders: test_golden_lots.

``LOT_HISTORIES=20000 make test-slow ARGS=tests/property/lot/test_lots_agree.py`` tries more of them.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest

from monitor.core.lot import ledger
from tests.property.lot.product import Channels, disagreements, judged, steady
from tests.reference.lot.histories import lot_history

pytestmark = pytest.mark.slow

HISTORIES = int(os.environ.get("LOT_HISTORIES", "1000"))
TOGETHER = 50


@pytest.mark.parametrize("first", range(0, HISTORIES, TOGETHER))
def test_the_core_and_the_reference_agree_on_lots_of(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(first, first + TOGETHER):
        # How much is summed up must change nothing.
        monkeypatch.setattr(ledger, "CALM_MAX", random.Random(seed).choice([1, 2, 5, 4096]))
        assert disagreements(lot_history(seed)) == [], f"seed {seed}"


@pytest.mark.parametrize("first", range(0, HISTORIES // 10, TOGETHER))
def test_the_core_and_the_reference_agree_as_of_any_instant_of(first: int) -> None:
    for seed in range(first, first + TOGETHER):
        chance = random.Random(seed)
        case = lot_history(seed)
        instants = [one.measured_at for readings in case.readings.values() for one in readings]
        instants += [event.occurred_at for _, event in case.events]
        for as_of in chance.sample(instants, 3):
            moved = replace(case, as_of=as_of + chance.choice((-1, 0, 0, 1, 600_000)))
            assert disagreements(moved) == [], f"seed {seed} as of {moved.as_of}"


@pytest.mark.parametrize("first", range(0, HISTORIES // 20, TOGETHER))
def test_what_was_spent_never_comes_back_as_time_goes_on_in(first: int) -> None:
    for seed in range(first, first + TOGETHER):
        case = steady(lot_history(seed))
        channels = Channels(case)
        instants = sorted({one.measured_at for readings in case.readings.values() for one in readings})
        for lot in case.ids():
            before: dict[str, float] = {}
            for as_of in instants[:: max(1, len(instants) // 12)]:
                now = spent(judged(case, lot, as_of, channels))
                fell = [name for name, value in before.items() if now and now[name] < value]
                assert fell == [], f"seed {seed} {lot} as of {as_of}"
                before = now


def spent(body: dict | None) -> dict[str, float]:
    """What only ever grows. (A bound profile counts otherwise, from its binding on.)"""
    if body is None or body["profile_bound"] is not None:
        return {}
    budgets = {budget["band"]: budget["spent_seconds"] for budget in body["budgets"]}
    return {
        **budgets,
        "unknown": body["unknown_seconds"],
        "out": body["out_of_storage_seconds"],
    }
