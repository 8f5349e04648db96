"""Simulations beside one another: each in a process of its own, as many at once as there are processors."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from typing import Any, Protocol, TypeVar

import structlog

Progress = Callable[[float, float], None]
"""``progress(done, of)``"""

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_LOOK_SECONDS = 0.2


class Stop(Protocol):
    """What says that all shall end early: a threading.Event, or that of another process."""

    def is_set(self) -> bool:
        """Whether it shall."""


def beside(
    run: Callable[[_Job, Progress, Stop], _Result],
    jobs: Sequence[_Job],
    progress: Progress = lambda done, of: None,
    stop: Stop | None = None,
) -> Iterator[_Result]:
    """What ``run(job, progress, stop)`` makes of each job, in the order of the jobs; ``run`` must be a module's own.

    ``progress`` is the sum of theirs. Raises what a run raises; the others are then told to stop.
    """
    context = multiprocessing.get_context("spawn")
    ended = context.Event()
    shares = context.Array("d", 2 * len(jobs))
    workers = min(len(jobs), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, context, _begin, (shares, ended)) as pool:
        futures = [pool.submit(_one, run, job, index) for index, job in enumerate(jobs)]
        try:
            left = set(futures)
            while left:
                done, left = wait(left, _LOOK_SECONDS)
                progress(sum(shares[0::2]), sum(shares[1::2]))
                if stop is not None and stop.is_set():
                    ended.set()
                for future in done:
                    future.result()
        except BaseException:
            ended.set()
            raise
    for future in futures:
        yield future.result()


_shared: list[Any] = []


def _begin(shares: Any, ended: Any) -> None:
    """In a new process: who asked us decides when to stop, and only the report is wanted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    _shared[:] = [shares, ended]


def _one(run: Callable[[Any, Progress, Stop], _Result], job: Any, index: int) -> _Result:
    shares, ended = _shared

    def progress(done: float, of: float) -> None:
        shares[2 * index : 2 * index + 2] = [done, of]

    return run(job, progress, ended)
