"""What a failed transaction leaves behind in the writer's memory: nothing that waits is forgotten, whatever fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.channel.reading import Reading
from monitor.core.lot.event import UnitEvent, UnitEventKind
from monitor.core.time.instant import HOUR, MINUTE, SECOND, format_instant
from monitor.ports import Arrived, Decoded
from monitor.testing import Rig
from tests.rigs.lab import T0, live, minutes, subjects

F01 = "lab1/F01/product"


class Failing:
    """Lets transactions fail that record an alarm of a condition: as it is recorded, as it is committed, or as
    it is settled who is told of it."""

    def __init__(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch, condition: str, where: str, times: int = 1
    ) -> None:
        self._condition = condition
        self._record, self._withdraw = rig.store.facts.record, rig.store.outbox.withdraw
        self._writing = rig.store.database.writing
        self._where, self.left = where, times
        self._depth, self._is_changed = 0, False
        monkeypatch.setattr(rig.store.facts, "record", self._recording)
        monkeypatch.setattr(rig.store.outbox, "withdraw", self._telling)
        monkeypatch.setattr(rig.store.database, "writing", self._transaction)

    def _fail(self, where: str) -> None:
        if self._where == where and self.left:
            self.left -= 1
            raise OSError("disk full")

    def _recording(self, tx, fact, reason: str) -> None:
        is_of_it = fact.body.get("condition") == self._condition
        if is_of_it:
            self._fail("middle")
        self._record(tx, fact, reason)
        self._is_changed = self._is_changed or is_of_it

    def _telling(self, *args) -> None:
        self._withdraw(*args)
        if self._is_changed:
            self._fail("settling")

    @contextmanager
    def _transaction(self) -> Iterator:
        self._depth += 1
        try:
            with self._writing() as tx:
                yield tx
                if self._depth == 1 and self._is_changed:
                    self._fail("commit")
        finally:
            self._depth -= 1
            self._is_changed = self._is_changed and self._depth > 0


def event(kind: str, at: int, heard_at: int) -> Decoded:
    told = UnitEvent(
        site="lab1", unit="F01", event_id=f"{kind}{at}", occurred_at=at, kind=UnitEventKind(kind)
    )
    return Decoded(unit_events=[(told, heard_at)])


def an_array_leaves_an_excursion_open(rig: Rig) -> str:
    rig.clock.at = T0 + HOUR
    rig.read(minutes([-80, *[-50] * 20], lag=HOUR), apart=False)
    return "temperature_high"


def power_lost_is_told_of_late(rig: Rig) -> str:
    rig.clock.at = T0 + HOUR
    rig.writer.take(event("power_lost", T0, rig.clock.at), lambda: None)
    return "power_lost"


def a_door_is_opened(rig: Rig) -> str:
    rig.clock.at = T0
    rig.writer.take(event("door_opened", T0, T0), lambda: None)
    return "door_open"


WAITING = [an_array_leaves_an_excursion_open, power_lost_is_told_of_late, a_door_is_opened]


@pytest.mark.parametrize("where", ["middle", "settling", "commit"])
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("begin", WAITING)
def test_what_waits_is_told_though_the_tick_that_was_to_tell_it_failed(
    tmp_path: Path, monkeypatch, begin: Callable[[Rig], str], where: str, times: int
) -> None:
    rig = Rig(tmp_path / "s.db", now=T0)
    condition = begin(rig)
    assert subjects(rig) == []
    failing = Failing(rig, monkeypatch, condition, where, times)
    tick(rig, 10 * MINUTE)
    assert failing.left == 0
    told = [subject.split()[:2] for subject in subjects(rig)]
    assert told.count(["opened", condition]) == 1
    assert [alarm["condition"] for alarm in rig.view.alarms(open_only=True)].count(condition) == 1
    assert rig.writer.failure is None
    rig.close()


def tick(rig: Rig, span: int, every: int = 10 * SECOND) -> None:
    """Ticks as the clock goes on, at each as one who is connected."""
    for _ in range(span // every):
        rig.clock.advance(every)
        rig.writer.tick(rig.clock.now(), T0)


@pytest.mark.parametrize("begin", WAITING)
def test_a_deadline_that_fails_at_every_tick_holds_back_nothing_else(
    tmp_path: Path, monkeypatch, begin: Callable[[Rig], str]
) -> None:
    rig = Rig(tmp_path / "s.db", now=T0)
    condition = begin(rig)

    def broken(*_: object) -> None:
        raise ValueError("a bug")

    works = rig.writer.parts.clockwork.works
    broken_works = [work._replace(look=broken) if work.name == "digest" else work for work in works]
    monkeypatch.setattr(rig.writer.parts.clockwork, "works", broken_works)
    tick(rig, 7 * MINUTE, 20 * SECOND)
    assert f"opened {condition}" in {" ".join(subject.split()[:2]) for subject in subjects(rig)}
    rig.close()


@pytest.mark.parametrize("where", ["middle", "settling", "commit"])
def test_events_whose_judging_fails_are_judged_by_the_next_tick(
    tmp_path: Path, monkeypatch, where: str
) -> None:
    rig = Rig(tmp_path / "s.db", now=T0)
    failing = Failing(rig, monkeypatch, "power_lost", where)
    rig.writer.take(event("power_lost", T0, T0), lambda: None)
    assert failing.left == 0
    for _ in range(2):  # noticed, and told with what else may have lost its power
        tick(rig, 10 * SECOND)
    assert [subject.split()[:2] for subject in subjects(rig)] == [["opened", "power_lost"]]
    rig.close()


@pytest.mark.parametrize("where", ["middle", "settling", "commit"])
def test_starting_again_that_fails_ends_no_alarm(tmp_path: Path, monkeypatch, where: str) -> None:
    rig = Rig(tmp_path / "s.db", now=T0)
    truth = Truth(
        AlarmCondition.POWER_LOST, "lab1/F99", T0, "alarm", {"started_at": format_instant(T0)}
    )  # of a unit that isn't watched any more: starting again ends it
    rig.writer.hold(truth)
    failing = Failing(rig, monkeypatch, "power_lost", where)
    with pytest.raises(OSError, match="disk full"):
        rig.writer.resume()
    assert failing.left == 0
    rig.writer.hold(truth)
    assert [subject.split()[0] for subject in subjects(rig)] == ["opened"], "it is open still"
    tick(rig, 2 * SECOND, 1 * SECOND)
    assert [subject.split()[0] for subject in subjects(rig)] == ["opened", "closed"]
    rig.close()


def broken_for(times: int, real: Callable) -> Callable:
    left = [times]

    def call(*args, **named):
        if left[0]:
            left[0] -= 1
            raise OSError("disk full")
        return real(*args, **named)

    return call


def test_what_could_not_be_judged_before_the_end_is_judged_by_the_next_process(
    tmp_path: Path, monkeypatch
) -> None:
    rig = Rig(tmp_path / "s.db", now=T0 + HOUR)
    monkeypatch.setattr(rig.store.history, "put_latest", broken_for(1, rig.store.history.put_latest))
    rig.read(minutes([-50] * 15, start=T0 + 45 * MINUTE))
    assert rig.view.excursions() == []
    rig.close()
    rig = Rig(tmp_path / "s.db", now=T0 + HOUR)
    assert subjects(rig) == [f"opened temperature_high {F01}"]
    rig.close()


def test_the_newest_reading_is_kept_though_noting_it_failed(tmp_path: Path, monkeypatch) -> None:
    rig = Rig(tmp_path / "s.db", now=T0)
    live(rig, minutes([-80]))
    rig.clock.advance(500)
    rig.writer.take(
        Decoded(readings=[Arrived(rig.ids[F01], Reading(T0 + 500, T0 + 500, -79.0), 0, True)]),
        lambda: None,
    )
    monkeypatch.setattr(rig.store.history, "settle", broken_for(1, rig.store.history.settle))
    tick(rig, 5 * SECOND, 1 * SECOND)
    assert rig.view.units()[0]["celsius"] == -79.0
    with rig.store.reading() as tx:
        assert int(rig.store.due.marker(tx, "judged_position") or 0) == rig.store.log.next_position() - 1
    rig.close()


# --- what fails is seen ---


def test_a_ladder_that_cannot_be_climbed_is_seen_while_readings_are_judged(
    tmp_path: Path, monkeypatch
) -> None:
    rig = Rig(tmp_path / "s.db", now=T0)
    works = rig.writer.parts.clockwork.works

    def broken(*_: object) -> list[str]:
        raise ValueError("no such step")

    monkeypatch.setattr(
        rig.writer.parts.clockwork,
        "works",
        [work._replace(due=broken) if work.name == "alarm" else work for work in works],
    )
    tick(rig, 10 * SECOND)
    live(rig, minutes([-80, -80], start=T0 + MINUTE))
    assert rig.writer.failure == "alarm: no such step"
    monkeypatch.setattr(rig.writer.parts.clockwork, "works", works)
    tick(rig, 10 * SECOND)
    assert rig.writer.failure is None
    rig.close()


def test_silences_that_cannot_be_taken_hold_up_no_other_deadline(tmp_path: Path, monkeypatch) -> None:
    rig = Rig(tmp_path / "s.db", now=T0)
    a_door_is_opened(rig)
    tick(rig, 10 * SECOND)

    def broken(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(rig.writer.parts.watch, "due", broken)
    rig.clock.advance(6 * MINUTE)
    rig.writer.tick(rig.clock.now(), T0 + 1)  # the connection was lost and came back
    assert "opened door_open lab1/F01" in subjects(rig)
    assert "a bug" in str(rig.writer.failure)
    rig.kill()
