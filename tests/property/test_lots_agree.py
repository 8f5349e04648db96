"""The product's core against the reference, lot by lot: the golden folders, and random histories.

``LOT_HISTORIES=20000 make test ARGS=tests/property/test_lots_agree.py`` tries more of them.
"""

from __future__ import annotations

import os
import random

import pytest

from monitor.core import ledger
from tests.property.product import disagreements
from tests.reference.lot_golden import LotCase, load_lot_cases
from tests.reference.lot_histories import lot_history

HISTORIES = int(os.environ.get("LOT_HISTORIES", "1000"))
TOGETHER = 50


@pytest.mark.parametrize("case", load_lot_cases(), ids=lambda case: case.name)
def test_the_core_judges_every_golden_lot_as_worked_out_by_hand(case: LotCase) -> None:
    assert disagreements(case) == []


@pytest.mark.parametrize("first", range(0, HISTORIES, TOGETHER))
def test_the_core_and_the_reference_agree_on_lots_of(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(first, first + TOGETHER):
        # How much is summed up must change nothing.
        monkeypatch.setattr(ledger, "CALM_MAX", random.Random(seed).choice([1, 2, 5, 4096]))
        assert disagreements(lot_history(seed)) == [], f"seed {seed}"
