"""What a late reading costs, counted: as much in a channel with a long history as in one with a short one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from monitor.core.channel.reading import Reading
from monitor.core.time.instant import DAY, HOUR, MINUTE
from monitor.ports import Arrived, Decoded
from monitor.testing import Rig, one_unit
from tests.rigs.lab import T0, register

pytestmark = pytest.mark.slow


def take_late(rig: Rig, at: int) -> None:
    rig.clock.at += 100
    late = Arrived(rig.ids["lab1/F01/product"], Reading(at, rig.clock.at, -80.0), 0, True)
    rig.writer.take(Decoded(readings=[late]), lambda: None)


def late_calls(path: Path, days: int) -> int:
    """Python calls for fifteen late messages, near the beginning of so many days of minutes."""
    rig = Rig(path, installation=one_unit(), now=T0 + days * DAY)
    number, gap = rig.ids["lab1/F01/product"], T0 + DAY // 2
    past = [Reading(at, at, -80.0) for at in range(T0, T0 + days * DAY, MINUTE) if not gap <= at < gap + HOUR]
    rows = [Arrived(number, reading, item, False) for item, reading in enumerate(past)]
    rig.writer.ingest(Decoded(readings=rows), live=False, marks={}, last=False)
    rig.writer.lot_event(register(at=T0))
    while not rig.writer.ingest(Decoded(), live=False, marks={}, last=True)["ended"]:
        pass
    calls = 0
    take_late(rig, gap)  # the first finds no state that was kept on the way: the import came in one piece

    def on_call(_frame: object, what: str, _argument: object) -> None:
        nonlocal calls
        calls += what == "call"

    sys.setprofile(on_call)
    for at in range(gap + MINUTE, gap + HOUR, 4 * MINUTE):
        take_late(rig, at)
    sys.setprofile(None)
    rig.close()
    return calls


def test_a_late_reading_costs_by_what_it_changes_and_not_by_how_old_it_is(tmp_path: Path) -> None:
    young, old = late_calls(tmp_path / "young.db", 3), late_calls(tmp_path / "old.db", 12)
    assert old < 1.2 * young
