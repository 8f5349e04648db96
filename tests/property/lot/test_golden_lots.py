"""The product's core on the golden folders of lots."""

from __future__ import annotations

import pytest

from tests.property.lot.product import disagreements
from tests.reference.lot.golden import LotCase, load_lot_cases


@pytest.mark.parametrize("case", load_lot_cases(), ids=lambda case: case.name)
def test_the_core_judges_every_golden_lot_as_worked_out_by_hand(case: LotCase) -> None:
    assert disagreements(case) == []
