"""Delivering what is owed: due messages to their media, each recorded as sent only after its medium took it.

A crash between the two repeats a message; nothing loses one. A message that fails stays owed for ever.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import structlog

from monitor.core.time.instant import format_instant
from monitor.ports import JSON, Clock, Lane, LaneBacklog, Medium, Notification, Outbox
from monitor.telling.courier import Courier, Outcome
from monitor.telling.retries import Retries

LANES_AT_ONCE = 8
BATCH = 100
"""Messages of one lane that are taken at a time."""
MOST_DUE = 1_000
"""Messages that are taken at a time, in all lanes together."""
NOTHING_TRIED = "nothing tried yet"

_log = structlog.get_logger(__name__)


class _LaneDone(NamedTuple):
    """A lane has nothing in hand any more."""

    lane: Lane


class Deliverer:
    """Delivers due messages, every address in a lane of its own, so that a slow one holds up no other.

    At most ``LANES_AT_ONCE`` lanes run at a time; further ones wait for one of them. Within a lane messages
    go one after another; when one fails for now, the lane rests for ``retry_first_ms`` and then goes on with
    the next: a dead address costs one attempt at a time, and a message that always fails holds up no other.
    The outbox is used only by the thread that calls :meth:`run_due` or :meth:`close`, media from several.
    """

    def __init__(
        self,
        outbox: Outbox,
        media: Mapping[str, Medium],
        clock: Clock,
        retry_first_ms: int,
        retry_max_ms: int,
        *,
        patience_seconds: float = 1.0,
        finish: Callable[[Notification], Notification] = lambda message: message,
    ) -> None:
        """``media`` by the names that :mod:`monitor.program.assembly` gives them. The wait after a first failure is
        ``retry_first_ms``; it doubles up to ``retry_max_ms``, the wait after a permanent one and the most that
        another side's ``retry_after`` is heard. ``finish`` adds what a message gets only as it is sent
        (:class:`monitor.telling.finish.Finisher`); it runs in the lane's thread, and must not raise."""
        self._outbox = outbox
        self._clock = clock
        self._courier = Courier(media, clock, finish)
        self._retries = Retries(retry_first_ms, retry_max_ms)
        self._patience_seconds = patience_seconds
        self._pool = ThreadPoolExecutor(LANES_AT_ONCE, thread_name_prefix="tell")
        self._results: queue.SimpleQueue[Outcome | _LaneDone] = queue.SimpleQueue()
        self._unrecorded: Outcome | _LaneDone | None = None
        self._busy: set[Lane] = set()
        self._stopping = threading.Event()
        self._one_caller = threading.Lock()
        self._status: JSON = {"ok": True, "text": NOTHING_TRIED, "owed": 0, "failing": []}

    def run_due(self) -> int:
        """Delivers what is due now, and returns how many messages were recorded as sent in this call.

        It waits ``patience_seconds`` for the lanes; a slower one goes on, and the next call records what it
        did. Raises what the outbox raises; what a medium took is then recorded by the next call, not resent.
        """
        with self._one_caller:
            if self._stopping.is_set():
                return 0
            sent = self._record_results(0.0)
            for lane, messages in self._due_by_lane().items():
                self._busy.add(lane)
                self._pool.submit(self._run_lane, lane, messages)
            sent += self._record_results(self._patience_seconds)
            self._status = self._status_now()
            return sent

    def close(self, timeout_seconds: float = 20.0) -> int:
        """Lets each lane finish the message in hand, records that, and takes no more; how many were sent."""
        with self._one_caller:
            self._stopping.set()
            sent = self._record_results(timeout_seconds)
            self._pool.shutdown(wait=False, cancel_futures=True)
            return sent

    def status(self) -> JSON:
        """``{ok, text, owed, failing: [{recipient, medium, owed, attempts, error, since, permanent}]}`` as of the
        last run: one item of ``failing`` for each lane with a message that was tried in vain.

        ``owed`` counts every message that is not yet delivered, whenever it is due. ``since``
        (RFC 3339): since when the oldest one that was tried in vain is owed; a restart doesn't change it.
        ``permanent``: the last attempt met a refusal that waiting doesn't heal (no such mailbox, a wrong password);
        null: nothing was tried since the start.
        """
        return self._status

    def _due_by_lane(self) -> dict[Lane, list[Notification]]:
        """Due messages of the lanes that are neither busy nor resting, in the order in which to tell them: at most
        ``BATCH`` of each lane and ``MOST_DUE`` in all. A lane without a place among these gets one when the others
        are busy or rest, or have nothing due any more."""
        now = self._clock.now()
        without = self._busy.union(self._retries.resting(now))
        return _by_lane(self._outbox.due(now, MOST_DUE, per_lane=BATCH, without=without))

    def _run_lane(self, lane: Lane, messages: Sequence[Notification]) -> None:
        """Runs in a thread of the pool: delivers in order up to a failure, and reports each outcome."""
        try:
            for message in messages:
                if self._stopping.is_set():
                    return
                outcome = self._courier.deliver(message)
                self._results.put(outcome)
                if outcome.error is not None and not outcome.permanent:
                    return
        finally:
            self._results.put(_LaneDone(lane))

    def _record_results(self, seconds: float) -> int:
        """Records outcomes until every lane is idle or the time is up; how many messages were sent."""
        until = time.monotonic() + seconds
        sent = 0
        while self._busy:
            if self._unrecorded is None:
                self._unrecorded = self._next_result(until - time.monotonic())
            if self._unrecorded is None:
                break
            sent += self._record(self._unrecorded)
            self._unrecorded = None  # only now: if recording raised, it is recorded by the next call
        return sent

    def _next_result(self, seconds: float) -> Outcome | _LaneDone | None:
        try:
            return self._results.get(timeout=seconds) if seconds > 0 else self._results.get_nowait()
        except queue.Empty:
            return None

    def _record(self, result: Outcome | _LaneDone) -> int:
        """Writes one outcome to the outbox; 1 if the message was sent."""
        if isinstance(result, _LaneDone):
            self._busy.discard(result.lane)
            return 0
        message, lane = result.notification, _lane(result.notification)
        if result.error is None:
            self._outbox.record_sent(message.id, result.at)
            self._retries.note_sent(lane)
            return 1
        self._record_failure(result, lane, result.error)
        return 0

    def _record_failure(self, result: Outcome, lane: Lane, error: str) -> None:
        message = result.notification
        delay = self._retries.wait_after(result)
        self._outbox.record_failure(message.id, result.at, error, result.at + delay)
        self._retries.note_failure(lane, result)
        _log.warning(
            "not_delivered",
            notification=message.id,
            recipient=message.recipient,
            medium=message.medium,
            attempts=message.attempts + 1,
            next_attempt_in_ms=delay,
            error=error,
        )

    def _status_now(self) -> JSON:
        lanes = self._outbox.owed()
        self._retries.keep({one.lane for one in lanes})
        failing = [self._failing(one, one.failing_since) for one in lanes if one.failing_since is not None]
        owed = sum(one.messages for one in lanes)
        text = f"owed: {owed}" if owed else "everybody was told"
        if failing:
            text += f"; failing: {', '.join(sorted({one['recipient'] for one in failing}))}"
        return {"ok": not failing, "text": text, "owed": owed, "failing": failing}

    def _failing(self, owed: LaneBacklog, since: int) -> JSON:
        last = self._retries.last_failure(owed.lane)
        return {
            "recipient": owed.recipient,
            "medium": owed.lane[0],
            "owed": owed.messages,
            "attempts": owed.attempts,
            "error": "failed before this start" if last is None else last.error,
            "since": format_instant(since),
            "permanent": None if last is None else last.permanent,
        }


def _lane(message: Notification) -> Lane:
    return (message.medium, message.address)


def _by_lane(messages: Sequence[Notification]) -> dict[Lane, list[Notification]]:
    """The messages of each lane; lanes and messages in the order given."""
    lanes: dict[Lane, list[Notification]] = {}
    for message in messages:
        lanes.setdefault(_lane(message), []).append(message)
    return lanes
