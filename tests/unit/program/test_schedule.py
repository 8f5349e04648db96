"""Jobs that a clock wakes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import apscheduler.schedulers.base
import pytest

from monitor.program.schedule import Every, Job, Schedules


def eventually(claim: Callable[[], bool], seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > until:
            return False
        threading.Event().wait(0.01)
    return True


def test_a_job_runs_at_once_and_then_again_and_again_until_stopped() -> None:
    runs: list[float] = []
    schedules = Schedules([Job("tick", 0.05, lambda: runs.append(time.monotonic()))])
    begun = time.monotonic()
    schedules.start()
    assert eventually(lambda: len(runs) >= 4)
    assert runs[0] - begun < 2.0
    assert schedules.stop() == []
    count = len(runs)
    threading.Event().wait(0.3)
    assert len(runs) == count


def test_a_job_that_raises_is_told_and_goes_on() -> None:
    errors: list[tuple[str, str]] = []
    runs: list[int] = []

    def breaks() -> None:
        runs.append(1)
        raise RuntimeError("no route to host")

    schedules = Schedules([Job("tell", 0.05, breaks)], lambda name, error: errors.append((name, str(error))))
    schedules.start()
    assert eventually(lambda: len(runs) >= 3)
    schedules.stop()
    assert set(errors) == {("tell", "no route to host")}


def test_an_error_handler_that_raises_does_not_end_the_job() -> None:
    runs: list[int] = []

    def breaks() -> None:
        runs.append(1)
        raise RuntimeError("first")

    def handler(_name: str, _error: Exception) -> None:
        raise ValueError("second")

    schedules = Schedules([Job("tell", 0.05, breaks)], handler)
    schedules.start()
    assert eventually(lambda: len(runs) >= 3)
    assert schedules.stop() == []


def test_a_slow_job_delays_no_other_and_never_overlaps_itself() -> None:
    release = threading.Event()
    inside, most, ticks = 0, 0, 0

    def slow() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        release.wait(10)
        inside -= 1

    def quick() -> None:
        nonlocal ticks
        ticks += 1

    schedules = Schedules([Job("slow", 0.05, slow), Job("quick", 0.05, quick)])
    schedules.start()
    assert eventually(lambda: ticks >= 5)
    assert most == 1
    begun = time.monotonic()
    assert schedules.stop(timeout_seconds=0.2) == ["slow"]
    assert time.monotonic() - begun < 2.0
    release.set()


def test_stopping_what_was_never_started_is_fine() -> None:
    assert Schedules([Job("tick", 1.0, lambda: None)]).stop() == []


def test_two_jobs_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        Schedules([Job("tick", 1.0, lambda: None), Job("tick", 2.0, lambda: None)])


class SetTime(datetime):
    """A wall clock that can be set."""

    shift = timedelta()

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) + cls.shift


@pytest.mark.parametrize("days", [-400, 400])
def test_a_wall_clock_that_is_set_does_not_stop_the_jobs(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", SetTime)
    monkeypatch.setattr(SetTime, "shift", timedelta())
    runs: list[int] = []
    schedules = Schedules([Job("tick", 0.1, lambda: runs.append(1))], watch_seconds=0.2)
    schedules.start()
    assert eventually(lambda: len(runs) >= 2)
    monkeypatch.setattr(SetTime, "shift", timedelta(days=days))
    before = len(runs)
    assert eventually(lambda: len(runs) >= before + 4)
    schedules.stop()


def test_however_long_the_machine_slept_one_run_makes_up_for_it() -> None:
    trigger, now = Every(1.0), datetime(2026, 11, 22, tzinfo=UTC)
    assert trigger.get_next_fire_time(None, now) == now
    assert trigger.get_next_fire_time(now, now) == now + timedelta(seconds=1)
    assert trigger.get_next_fire_time(now - timedelta(days=400), now) == now + timedelta(seconds=1)
