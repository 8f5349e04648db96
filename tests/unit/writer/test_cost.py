"""What a reading costs the writer, counted: Python calls and SQL statements, which no new layer may raise.

The ceilings are what the same readings cost at commit 25a5a62, before the writer was rebuilt (Python 3.11, the pinned
packages); newer Pythons make fewer calls.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Engine, event

from monitor.core.channel.reading import Reading
from monitor.core.time.instant import MINUTE, SECOND
from monitor.ports import Arrived, Decoded
from monitor.testing import Rig, one_unit
from tests.rigs.lab import T0

UNITS = tuple(f"F{number:02d}" for number in range(20))
NOT_COUNTED = 200
"""Readings before counting begins: the first of each channel wakes what sleeps."""


class Cost(NamedTuple):
    calls: int
    statements: int


def batches(rig: Rig, size: int, readings: int, *, is_warm: bool) -> Iterator[list[Arrived]]:
    """Readings of all units in turn, one a minute from each; warm ones go out of the window and back again."""
    channels = [rig.ids[f"lab1/{unit}/product"] for unit in UNITS]
    rows = []
    for number in range(readings):
        minute, unit = divmod(number, len(UNITS))
        celsius = -80.0 + minute % 7 / 10 + (30.0 if is_warm and minute // 20 % 2 else 0.0)
        at = T0 + minute * MINUTE + unit * SECOND
        rows.append(
            Arrived(channels[unit], Reading(at, at + SECOND // 2, celsius, None, None, None), 0, True)
        )
    for start in range(0, readings, size):
        yield rows[start : start + size]


def cost(path: Path, size: int, readings: int, *, is_warm: bool = False) -> Cost:
    rig = Rig(path, installation=one_unit(units=UNITS), now=T0)
    calls, statements = 0, 0

    def on_call(_frame: object, what: str, _argument: object) -> None:
        nonlocal calls
        calls += what == "call"

    def on_statement(*_: object) -> None:
        nonlocal statements
        statements += 1

    for number, rows in enumerate(batches(rig, size, readings, is_warm=is_warm)):
        rig.clock.at = rows[-1].reading.received_at
        if number * size == NOT_COUNTED:
            event.listen(Engine, "before_cursor_execute", on_statement)
            sys.setprofile(on_call)
        rig.writer.take(Decoded(readings=rows), lambda: None)
    sys.setprofile(None)
    event.remove(Engine, "before_cursor_execute", on_statement)
    rig.close()
    return Cost(calls, statements)


@pytest.mark.parametrize(
    ("size", "readings", "is_warm", "ceiling"),
    [
        pytest.param(100, 10_000, False, Cost(213_478, 392), id="batches of a hundred"),
        pytest.param(1, 1_200, False, Cost(352_700, 4_000), id="single messages"),
        pytest.param(100, 2_400, True, Cost(556_167, 1_873), id="excursions"),
    ],
)
def test_readings_cost_no_more_calls_and_statements_than_they_did(
    tmp_path: Path, size: int, readings: int, is_warm: bool, ceiling: Cost
) -> None:
    before = sys.getprofile()
    try:
        counted = cost(tmp_path / "s.db", size, readings, is_warm=is_warm)
    finally:
        sys.setprofile(before)
    assert counted.calls <= ceiling.calls
    assert counted.statements <= ceiling.statements
    assert counted.calls > ceiling.calls / 2, "it counts"
    assert counted.statements > ceiling.statements / 2
