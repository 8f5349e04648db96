"""Late readings cost by what they change: a lot is judged after them at most once in half a minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.core.channel.reading import Reading
from monitor.core.time.instant import HOUR, MINUTE
from monitor.testing import Rig
from monitor.writer.lot.queue import LATE_EVERY
from tests.rigs.lab import T0, live, minutes, register

END = T0 + 3 * HOUR


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A lab with a lot, and two hours of readings with an hour missing between them."""
    rig = Rig(tmp_path / "s.db", now=T0)
    rig.writer.lot_event(register())
    live(rig, minutes([-80] * 30) + minutes([-80] * 60, start=T0 + 2 * HOUR))
    rig.clock.at = END
    rig.writer.tick(END, T0)
    return rig


def count_judged(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    judged: list[str] = []
    real = rig.writer.parts.lots.judge

    def judge(tx, lot, as_of, now, reason, events=None):
        judged.append(reason)
        return real(tx, lot, as_of, now, reason, events)

    monkeypatch.setattr(rig.writer.parts.lots, "judge", judge)
    return judged


def come_late(rig: Rig, celsius: float, *, every: int = 100) -> None:
    for minute in range(40, 100):
        rig.clock.at += every
        at = T0 + minute * MINUTE
        rig.read([Reading(at, rig.clock.at, celsius)])


def test_a_gap_filled_message_by_message_judges_a_lot_once_and_again_when_it_has_waited(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = count_judged(rig, monkeypatch)
    come_late(rig, -80.0)
    assert judged == ["late data"]
    rig.clock.at += LATE_EVERY
    rig.writer.tick(rig.clock.at, T0)
    assert judged == ["late data"] * 2
    rig.writer.tick(rig.clock.at, T0)
    assert judged == ["late data"] * 2, "nothing waits any more"
    rig.close()


def test_an_excursion_that_late_readings_bring_is_on_record_at_once(rig: Rig) -> None:
    come_late(rig, -50.0)
    assert [body["confirmed_at"] is not None for body in rig.view.excursions()] == [True]
    rig.close()
