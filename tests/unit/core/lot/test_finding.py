"""Which open excursions count for a lot, and that one assembly makes its verdict."""

from __future__ import annotations

from typing import Any

from monitor.core.fact import open_excursion
from monitor.core.lot.finding import open_where
from monitor.core.lot.verdict import OpenExcursion
from monitor.core.time.instant import MINUTE, format_instant

CHANNEL = "lab1/F01/product"


def body(**changes: Any) -> dict[str, Any]:
    usual = {
        "channel": CHANNEL,
        "started_at": format_instant(MINUTE),
        "confirmed_at": format_instant(11 * MINUTE),
        "closed_at": None,
        "extreme_celsius": -48.0,
        "limits": {"celsius": -60.0},
        "withdrawn": False,
        "superseded_by": None,
    }
    return {**usual, **changes}


def test_only_a_confirmed_excursion_that_is_not_over_and_still_stands_is_open() -> None:
    assert open_excursion("x1", body()) == OpenExcursion("x1", CHANNEL, MINUTE, -48.0, -60.0)
    assert open_excursion("x1", body(confirmed_at=None)) is None
    assert open_excursion("x1", body(closed_at=format_instant(30 * MINUTE))) is None
    assert open_excursion("x1", body(withdrawn=True)) is None
    assert open_excursion("x1", body(superseded_by="x2")) is None


def test_those_where_the_lot_is_count_the_newest_first_in_whatever_order_they_came() -> None:
    old, new = OpenExcursion("x1", CHANNEL, 1, 0.0, 0.0), OpenExcursion("x2", CHANNEL, 2, 0.0, 0.0)
    elsewhere = OpenExcursion("x3", "lab1/F02/product", 3, 0.0, 0.0)
    assert open_where(CHANNEL, [old, elsewhere, new]) == [new, old]
    assert open_where(CHANNEL, [new, old]) == [new, old]
    assert open_where(None, [old, elsewhere]) == []
