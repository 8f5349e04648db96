"""The deliverer against an outbox in memory: nothing owed is lost, whatever fails and whenever it crashes."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from monitor.core.time.instant import LATEST, MINUTE, SECOND
from monitor.ports import DeliveryError, Notification
from monitor.telling.delivery import MOST_DUE, Deliverer
from monitor.testing import ManualClock
from tests.fakes.outbox import MemoryOutbox

FIRST, LONGEST = 10 * SECOND, 5 * MINUTE


class Wire:
    """A medium that keeps what it took, in order; ``verdict`` may raise instead."""

    def __init__(self, verdict: Callable[[Notification], None] = lambda _message: None) -> None:
        self.verdict = verdict
        self.took: list[str] = []
        self.lock = threading.Lock()

    def deliver(self, notification: Notification) -> None:
        self.verdict(notification)
        with self.lock:
            self.took.append(notification.id)


def deliverer(outbox: MemoryOutbox, medium: Wire, clock: ManualClock, patience: float = 10.0) -> Deliverer:
    return Deliverer(outbox, {"mail": medium}, clock, FIRST, LONGEST, patience_seconds=patience)


def fail(message: Notification) -> None:
    error = f"cannot reach {message.address}"
    raise DeliveryError(error)


def test_what_is_due_is_delivered_in_order_and_recorded_as_sent() -> None:
    outbox, wire, clock = MemoryOutbox(), Wire(), ManualClock(1_000_000)
    for name in ("n1", "n2", "n3"):
        outbox.owe(name)
    telling = deliverer(outbox, wire, clock)
    assert telling.run_due() == 3
    assert wire.took == ["n1", "n2", "n3"]
    assert {row.sent_at for row in outbox.rows} == {clock.at}
    assert telling.status() == {"ok": True, "text": "everybody was told", "owed": 0, "failing": []}
    assert telling.run_due() == 0
    telling.close()


def test_the_wait_after_a_failure_doubles_up_to_the_longest_and_never_ends() -> None:
    outbox, clock = MemoryOutbox(), ManualClock(1_000_000)
    outbox.owe("n1")
    telling = deliverer(outbox, Wire(fail), clock)
    waits = []
    for _ in range(60):
        telling.run_due()
        waits.append((outbox.row("n1").due_at - clock.at) // SECOND)
        clock.at = outbox.row("n1").due_at
    assert waits[:7] == [10, 20, 40, 80, 160, 300, 300]
    assert waits[-1] == 300
    assert outbox.row("n1").message.attempts == 60
    telling.close()


def test_a_permanent_failure_stays_owed_at_the_longest_wait_and_the_lane_goes_on() -> None:
    def refuse_first(message: Notification) -> None:
        if message.id == "n1":
            raise DeliveryError("no such user", permanent=True)

    outbox, wire, clock = MemoryOutbox(), Wire(refuse_first), ManualClock(1_000_000)
    outbox.owe("n1")
    outbox.owe("n2")
    telling = deliverer(outbox, wire, clock)
    assert telling.run_due() == 1
    assert wire.took == ["n2"]
    assert outbox.row("n1").due_at == clock.at + LONGEST
    assert outbox.due(LATEST, 10)[0].id == "n1"
    telling.close()


def test_a_failing_address_is_tried_once_per_rest_however_much_it_is_owed() -> None:
    tried: list[str] = []

    def refuse(message: Notification) -> None:
        tried.append(message.id)
        fail(message)

    outbox, clock = MemoryOutbox(), ManualClock(1_000_000)
    for number in range(50):
        outbox.owe(f"n{number}")
    telling = deliverer(outbox, Wire(refuse), clock)
    for _ in range(5):
        telling.run_due()
    assert tried == ["n0"]
    clock.at += FIRST
    telling.run_due()
    assert tried == ["n0", "n0"]
    telling.close()


def test_a_message_that_always_fails_does_not_hold_up_the_others_to_its_address() -> None:
    def poison(message: Notification) -> None:
        if message.id == "n0":
            raise RuntimeError("this text crashes the plugin")

    outbox, wire, clock = MemoryOutbox(), Wire(poison), ManualClock(1_000_000)
    for number in range(4):
        outbox.owe(f"n{number}")
    telling = deliverer(outbox, wire, clock)
    for _ in range(20):
        telling.run_due()
        clock.at += FIRST
    assert wire.took == ["n1", "n2", "n3"]
    assert outbox.row("n0").error == "unexpected RuntimeError in mail"
    assert outbox.row("n0").sent_at is None
    telling.close()


def test_a_slow_address_does_not_hold_up_another() -> None:
    release = threading.Event()

    def slow_for_ben(message: Notification) -> None:
        if message.address == "ben":
            assert release.wait(20)

    outbox, wire, clock = MemoryOutbox(), Wire(slow_for_ben), ManualClock(1_000_000)
    outbox.owe("b1", "ben")
    outbox.owe("a1", "anna")
    telling = deliverer(outbox, wire, clock, patience=0.2)
    begun = time.monotonic()
    assert telling.run_due() == 1
    outbox.owe("a2", "anna")
    assert telling.run_due() == 1
    assert time.monotonic() - begun < 5
    assert wire.took == ["a1", "a2"]
    assert telling.status()["owed"] == 1
    release.set()
    assert telling.close() == 1
    assert wire.took == ["a1", "a2", "b1"]


def test_a_long_queue_for_a_dead_address_does_not_hide_the_others() -> None:
    def dead_ben(message: Notification) -> None:
        if message.address == "ben":
            fail(message)

    outbox, wire, clock = MemoryOutbox(), Wire(dead_ben), ManualClock(1_000_000)
    for number in range(7 * MOST_DUE):
        outbox.owe(f"b{number}", "ben")
    outbox.owe("a1", "anna")
    telling = deliverer(outbox, wire, clock)
    assert telling.run_due() == 1, "in the first run, not once the others have been looked through"
    outbox.owe("a2", "anna")
    assert telling.run_due() == 1
    assert wire.took == ["a1", "a2"]
    status = telling.status()
    assert (status["owed"], [one["recipient"] for one in status["failing"]]) == (7 * MOST_DUE, ["Ben"])
    telling.close()


def test_with_more_addresses_than_are_taken_at_once_each_gets_its_turn() -> None:
    outbox, wire = MemoryOutbox(), Wire()
    for number in range(2 * MOST_DUE + 1):
        outbox.owe(f"n{number}", f"person{number}")
    telling = deliverer(outbox, wire, ManualClock(1_000_000), patience=30.0)
    assert [telling.run_due() for _ in range(3)] == [MOST_DUE, MOST_DUE, 1]
    telling.close()


def test_the_lanes_that_run_at_once_are_bounded() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def count(_message: Notification) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1

    outbox, wire = MemoryOutbox(), Wire(count)
    for number in range(40):
        outbox.owe(f"n{number}", f"person{number}")
    telling = deliverer(outbox, wire, ManualClock(1_000_000))
    assert telling.run_due() == 40
    assert 1 < most <= 8
    telling.close()


def test_a_store_that_fails_to_record_does_not_make_the_message_go_out_again() -> None:
    broken = True

    def full_disk(_id: str) -> None:
        if broken:
            raise OSError("disk full")

    outbox, wire, clock = MemoryOutbox(before_recording=full_disk), Wire(), ManualClock(1_000_000)
    outbox.owe("n1")
    telling = deliverer(outbox, wire, clock)
    for _ in range(3):
        with pytest.raises(OSError, match="disk full"):
            telling.run_due()
    broken = False
    assert telling.run_due() == 1
    assert wire.took == ["n1"]
    telling.close()


def test_after_closing_nothing_goes_out() -> None:
    outbox, wire = MemoryOutbox(), Wire()
    telling = deliverer(outbox, wire, ManualClock(1_000_000))
    telling.close()
    outbox.owe("n1")
    assert telling.run_due() == 0
    assert wire.took == []


class Crash(BaseException):
    """The process ends here."""


class Chaos:
    """One life after another of a deliverer, over one outbox, with failures and crashes at random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = ManualClock(1_000_000)
        self.outbox = MemoryOutbox()
        self.took: list[str] = []
        self.lost_records: Counter[str] = Counter()
        self.crashes = 0
        self.lock = threading.Lock()
        for alarm in range(12):
            for person in self.random.sample(["anna", "ben", "cleo", "dan"], 2):
                opened = f"{alarm}-{person}-opened"
                self.outbox.owe(opened, person)
                self.outbox.owe(f"{alarm}-{person}-closed", person, after=opened)

    def life(self) -> None:
        """Runs until everything is told, or until a crash."""
        alive = [True]

        def before_recording(_id: str) -> None:
            with self.lock:
                if self.random.random() < 0.15:
                    alive[0] = False
                    recorded = {row.message.id for row in self.outbox.rows if row.sent_at is not None}
                    told_now = Counter(self.took)
                    for name in told_now.keys() - recorded:
                        self.lost_records[name] = told_now[name]
                    raise Crash

        self.outbox.before_recording = before_recording
        telling = Deliverer(
            self.outbox, {"mail": _Fate(self, alive)}, self.clock, FIRST, LONGEST, patience_seconds=10
        )
        try:
            for _ in range(self.random.randrange(1, 40)):
                telling.run_due()
                self.clock.at += self.random.choice((SECOND, FIRST, LONGEST))
        except Crash:
            self.crashes += 1
        else:
            telling.close()


class _Fate:
    """A medium that takes, refuses or breaks; in a process that has crashed it does nothing."""

    def __init__(self, chaos: Chaos, alive: list[bool]) -> None:
        self.chaos = chaos
        self.alive = alive

    def deliver(self, notification: Notification) -> None:
        with self.chaos.lock:
            draw = self.chaos.random.random()
            if not self.alive[0] or draw < 0.3:
                raise DeliveryError("not now", permanent=draw < 0.05)
            if draw < 0.35:
                raise RuntimeError("a bug in a plugin")
            self.chaos.took.append(notification.id)


@pytest.mark.parametrize("seed", random.sample(range(1_000_000), 6))
def test_whatever_fails_and_crashes_each_message_is_told_and_twice_only_after_a_crash(seed: int) -> None:
    print(f"seed {seed}")
    chaos = Chaos(seed)
    for _ in range(2_000):
        if not chaos.outbox.due(LATEST, 1):
            break
        chaos.life()
    times = Counter(chaos.took)
    assert times.keys() == {row.message.id for row in chaos.outbox.rows}
    for name, count in times.items():
        assert count == 1 + chaos.lost_records[name], name
    first_told = {name: chaos.took.index(name) for name in times}
    for row in chaos.outbox.rows:
        if row.after is not None:
            assert first_told[row.after] < first_told[row.message.id]
