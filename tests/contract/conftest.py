"""The views that the suites run through: the one over a store, and those that stand in for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.core.time.instant import HOUR
from monitor.ports import View
from monitor.ports.commands import Suppress
from tests.fakes.desk import fake_desk, suppression
from tests.fakes.lab import FakeLab
from tests.rigs.alarms_rig import AlarmsRig
from tests.rigs.web_rig import Lab


@pytest.fixture
def real_view(tmp_path: Path) -> Iterator[View]:
    """A freezer that is too warm, with an open alarm; something is held back, and a lot can't be judged."""
    rig = AlarmsRig(tmp_path)
    until = rig.clock.now() + HOUR
    rig.commands.carry_out(
        Suppress(subject="lab1/F02", kind="suppressed", by="anna", reason="service", until=until)
    )
    with rig.writer.parts.turns.turn() as turn:
        rig.writer.parts.asides.put(turn, "lot", "L9", ValueError("a bug"))
    yield rig.view
    rig.close()


@pytest.fixture(params=["View", "FakeView", "FakeLab", "Lab"])
def view(request: pytest.FixtureRequest) -> View:
    """Each implementation of :class:`monitor.ports.View`."""
    if request.param == "View":
        over_a_store: View = request.getfixturevalue("real_view")
        return over_a_store
    desk = fake_desk()
    desk.all_suppressions.append(suppression("s1", ended_at=desk.at(HOUR), ended_by="ben", ended_why="x"))
    stand_ins = {"FakeView": desk, "FakeLab": FakeLab(), "Lab": Lab()}
    stand_in = stand_ins[request.param]
    unjudged = {"subject": "L9", "reason": "judging_failed", "text": "L9: nobody judges it"}
    stand_in.all_unwatched.append({**unjudged, "since": desk.at(HOUR)})
    answering: View = stand_in
    return answering
