"""What a clock wakes: jobs at intervals (APScheduler, in memory).

Nothing that must not be forgotten lives here: what is due are rows, and a job asks for them. So a job that is
late, skipped or run twice changes nothing.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time as monotonic_time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

_log = structlog.get_logger(__name__)


class Job(NamedTuple):
    """Something to run again and again, a start each ``seconds``. ``name`` is unique."""

    name: str
    seconds: float
    run: Callable[[], object]


class Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires at once, and then at an interval. However long the machine slept, one run makes up for it.

    APScheduler's own interval trigger lists every run that was missed before it coalesces them: a clock that
    is set forward by a year at start (no battery) would cost 30 million entries for a job of each second.
    """

    def __init__(self, seconds: float) -> None:
        self._interval = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The next time to run; after a missed one, an interval from now."""
        if previous_fire_time is None:
            return now
        following = previous_fire_time + self._interval
        return following if following > now else now + self._interval


class Schedules:
    """Runs each job in a thread of its own: a slow one delays no other, and never overlaps itself.

    A job that raises is logged, handed to ``on_error(name, error)``, and runs again at its next time. A job
    that is overdue by the steady clock is started anew: otherwise a wall clock set back by a day would
    silence everything for that day.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        on_error: Callable[[str, Exception], None] | None = None,
        *,
        watch_seconds: float = 5.0,
    ) -> None:
        self._stopping = threading.Event()
        self._runs = {job.name: _Run(job, on_error, self._stopping) for job in jobs}
        if len(self._runs) != len(jobs):
            raise ValueError("two jobs have the same name")
        self._watch_seconds = watch_seconds
        self._watcher = threading.Thread(target=self._watch, name="schedule-watch", daemon=True)
        # APScheduler warns each time a job is due while it still runs: here that is as it should be.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={
                "default": ThreadPoolExecutor(1),
                **{name: ThreadPoolExecutor(1) for name in self._runs},
            },
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=UTC,
        )

    def start(self) -> None:
        """Starts the clock; every job runs at once for the first time."""
        self._scheduler.start()
        for name, run in self._runs.items():
            self._scheduler.add_job(run, Every(run.job.seconds), id=name, name=name, executor=name)
        self._watcher.start()

    def stop(self, timeout_seconds: float = 5.0) -> list[str]:
        """Starts no run any more, and waits for those going on; names the jobs still running after that."""
        self._stopping.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        until = monotonic_time.monotonic() + timeout_seconds
        late = [name for name, run in self._runs.items() if not run.wait_idle(until)]
        if late:
            _log.warning("jobs_still_running", jobs=late)
        return late

    def _watch(self) -> None:
        while not self._stopping.wait(self._watch_seconds):
            for name, run in self._runs.items():
                if run.overdue(self._watch_seconds) and not self._stopping.is_set():
                    _log.warning("job_overdue", job=name, remedy="started anew; was the clock set back?")
                    with contextlib.suppress(JobLookupError):  # stopped in between
                        self._scheduler.reschedule_job(name, trigger=Every(run.job.seconds))


class _Run:
    """A job with its guard: what it raises is told, and when it last started is known."""

    def __init__(
        self, job: Job, on_error: Callable[[str, Exception], None] | None, stopping: threading.Event
    ) -> None:
        self.job = job
        self._stopping = stopping
        self._on_error = on_error
        self._idle = threading.Event()
        self._idle.set()
        self._last = monotonic_time.monotonic()

    def __call__(self) -> None:
        self._idle.clear()
        self._last = monotonic_time.monotonic()
        try:
            if not self._stopping.is_set():
                self.job.run()
        except Exception as error:  # one run's failure must not end the job
            self._tell(error)
        finally:
            self._idle.set()

    def _tell(self, error: Exception) -> None:
        _log.error("job_failed", job=self.job.name, exc_info=error)
        if self._on_error is None:
            return
        try:
            self._on_error(self.job.name, error)
        except Exception as second:  # nor may the telling of it
            _log.error("on_error_failed", job=self.job.name, exc_info=second)

    def overdue(self, grace_seconds: float) -> bool:
        """Whether the job should have started by now and isn't running, by a clock that nobody sets."""
        waited = monotonic_time.monotonic() - self._last
        return self._idle.is_set() and waited > self.job.seconds + grace_seconds

    def wait_idle(self, until: float) -> bool:
        """Waits for the present run up to a monotonic instant; whether it is over."""
        return self._idle.wait(max(0.0, until - monotonic_time.monotonic()))
