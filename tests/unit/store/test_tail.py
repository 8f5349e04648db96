"""The tail that the writer keeps in memory answers as the database does, whatever came, failed and was settled."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from monitor.core.channel.reading import Reading
from monitor.core.time.instant import MINUTE
from monitor.ports import Arrived, Decoded
from monitor.store import series
from monitor.testing import Rig, one_unit
from tests.rigs.lab import T0

HALF = 30 * MINUTE
SEEDS = range(int(os.environ.get("TAILS_FROM", "0")), int(os.environ.get("TAILS_TO", "12")))


def take_and_fail(rig: Rig, rows: list[Arrived]) -> None:
    """Takes readings in a turn that is not committed; the tail was asked in between."""
    with rig.writer.parts.turns.turn() as turn:
        rig.writer.parts.intake.commit(turn, Decoded(readings=rows))
        for row in rows:
            rig.store.history.readings(turn.tx, row.channel)
        raise ZeroDivisionError


@pytest.mark.parametrize("seed", SEEDS)
def test_memory_and_database_know_the_same_readings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    print(f"seed={seed}")
    chance = random.Random(seed)
    monkeypatch.setattr(series, "SETTLE_AT", chance.choice((7, 40, 10_000)))
    rig = Rig(tmp_path / "s.db", installation=one_unit(units=("F01", "F02")), now=T0)
    channels = [rig.ids[f"lab1/{unit}/product"] for unit in ("F01", "F02")]
    for number in range(60):
        rig.clock.at = T0 + number * MINUTE
        ats = [rig.clock.at - chance.choice((0, 0, 1, 5, 30)) * MINUTE for _ in range(chance.randint(1, 4))]
        rows = [
            Arrived(chance.choice(channels), Reading(at, rig.clock.at, -80.0 + item), item, True)
            for item, at in enumerate(ats)
        ]
        if chance.random() < 0.1:
            with pytest.raises(ZeroDivisionError):
                take_and_fail(rig, rows)
        else:
            rig.writer.take(Decoded(readings=rows), lambda: None)
        span = {"after": chance.choice((None, T0 + 3 * MINUTE)), "upto": chance.choice((None, T0 + HALF))}
        for channel in channels:
            with rig.store.writing() as tx:
                of_memory = rig.store.history.readings(tx, channel, **span)
            with rig.store.reading() as tx:
                of_database = rig.store.history.readings(tx, channel, **span)
            assert [tuple(row) for row in of_memory] == [tuple(row) for row in of_database], f"seed={seed}"
    rig.close()
