"""The program watches itself: no broker, a store that is full or locked, people who can't be reached."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.alarm.cause.ourselves import DEAD_MAN
from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.alarm.limits import Limits
from monitor.core.channel.reading import Reading
from monitor.core.telling.policy import Contact, Ladder, Policy, Recipient, Route, Step
from monitor.core.time.instant import HOUR, LATEST, MINUTE, SECOND, format_instant, parse_instant
from monitor.ports import JSON, Arrived, Decoded, Message
from monitor.telling.emergency import Emergency
from monitor.testing import FakeMedium, ListSource, PlainVoice, Rig
from monitor.writer.condition.ourselves import Ourselves
from monitor.writer.loop import Loop

T0 = parse_instant("2026-11-20T08:00:00Z")
ANNA, BERT = (Recipient(name, "mail", f"{name}@lab.example") for name in ("anna", "bert"))
CONSOLE = Recipient("console", "console", "console")
POLICY = Policy(
    contacts={one.name: Contact(one.name, (one,)) for one in (ANNA, BERT)},
    ladders={"it": Ladder("it", (Step(("anna",), 10 * MINUTE), Step(("bert",), 0)), None)},
    routes=(Route("it", None, None, "store_failing", None),),
    always=(CONSOLE,),
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path / "s.db", now=T0)
    yield rig
    rig.close()


def watching(rig: Rig) -> Ourselves:
    people = {"anna", "bert", "console"}
    return Ourselves(rig.writer, rig.store, rig.clock, Limits(), people)


def of(rig: Rig, condition: str) -> list[JSON]:
    found = [alarm for alarm in rig.view.alarms() if alarm["condition"] == condition]
    return sorted(found, key=lambda alarm: int(alarm["id"][1:]))


def text(at: int) -> str:
    return format_instant(at)


# --- the broker ---


def test_a_broker_that_is_gone_for_two_minutes_is_told_until_it_is_back(rig: Rig) -> None:
    ourselves = watching(rig)
    ourselves.watch_broker(T0 - HOUR, "connected")
    for second in range(0, 200, 5):
        rig.clock.at = T0 + second * SECOND
        ourselves.watch_broker(None, "connection refused")
    (alarm,) = of(rig, "broker_lost")
    assert (alarm["level"], alarm["subject"]) == ("alarm", "broker")
    assert alarm["raised_at"] == text(T0 + 2 * MINUTE)
    assert alarm["evidence"]["text"] == "connection refused"
    assert alarm["evidence"]["started_at"] == text(T0)
    rig.clock.at = T0 + HOUR
    ourselves.watch_broker(T0 + 50 * MINUTE, "connected")
    assert of(rig, "broker_lost")[0]["cleared_at"] == text(T0 + 50 * MINUTE)


def test_a_short_loss_is_told_to_nobody(rig: Rig) -> None:
    ourselves = watching(rig)
    ourselves.watch_broker(None, "")
    rig.clock.at = T0 + 119 * SECOND
    ourselves.watch_broker(None, "")
    ourselves.watch_broker(rig.clock.at, "connected")
    rig.clock.at = T0 + 10 * MINUTE
    ourselves.watch_broker(None, "")
    assert of(rig, "broker_lost") == []


def test_a_restart_in_the_middle_changes_no_instant_and_repeats_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "s.db", now=T0)
    watching(rig).watch_broker(None, "")
    for minute in (1, 3, 6):
        rig.kill()
        rig = Rig(tmp_path / "s.db", clock=rig.clock)
        ourselves = watching(rig)
        for second in range(0, 150, 5):
            rig.clock.at = T0 + minute * MINUTE + second * SECOND
            ourselves.watch_broker(None, "")
    assert [alarm["raised_at"] for alarm in of(rig, "broker_lost")] == [text(T0 + 2 * MINUTE)]
    rig.kill()
    rig = Rig(tmp_path / "s.db", clock=rig.clock)
    watching(rig).watch_broker(T0 + 9 * MINUTE, "connected")
    assert [alarm["cleared_at"] for alarm in of(rig, "broker_lost")] == [text(T0 + 9 * MINUTE)]
    rig.close()


def test_a_loss_of_before_a_start_is_not_told_before_this_one_had_its_time_to_connect(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "s.db", now=T0)
    watching(rig).watch_broker(None, "")
    rig.kill()
    rig = Rig(tmp_path / "s.db", now=T0 + 10 * HOUR)
    ourselves = watching(rig)
    for _ in range(23):
        ourselves.watch_broker(None, "connecting")
        rig.clock.advance(5 * SECOND)
    ourselves.watch_broker(rig.clock.at, "connected")
    assert of(rig, "broker_lost") == []
    ourselves.watch_broker(None, "gone")
    rig.clock.advance(3 * MINUTE)
    ourselves.watch_broker(None, "gone")
    assert [alarm["evidence"]["text"] for alarm in of(rig, "broker_lost")] == ["gone"]
    rig.close()


# --- the store ---


def batch(start: int, count: int) -> list[Message]:
    return [Message("t", str(start + n).encode(), T0 + start + n, False, start + n) for n in range(count)]


class Failing:
    """The writer's loop in a thread of its own, with a store that is made to fail."""

    def __init__(self, rig: Rig) -> None:
        self.writer = rig
        self.source = ListSource([])
        self.stop = threading.Event()
        self.loop = Loop(rig.writer, self.source, self._decode, self.stop)
        self.ourselves = watching(rig)
        self.mail, self.console = FakeMedium(), FakeMedium()
        media = {"mail": self.mail, "console": self.console}
        self.emergency = Emergency(media, POLICY, PlainVoice(), rig.clock)
        self._thread = threading.Thread(target=self.loop.run)
        self._thread.start()

    def _decode(self, messages: Sequence[Message]) -> Decoded:
        number = self.writer.ids["lab1/F01/product"]
        return Decoded(
            readings=[
                Arrived(number, Reading(m.received_at, m.received_at, -80.0 - m.token % 7 / 10), 0, True)
                for m in messages
            ]
        )

    def look(self) -> None:
        """What the watchdog's two jobs do."""
        self.ourselves.note_store(self.loop.trouble or self.loop.failure)
        truth = self.ourselves.emergency()
        if truth is not None:
            self.emergency.tell(truth)
        elif self.ourselves.is_well:
            self.emergency.over()
        self.ourselves.watch_store()

    def told(self) -> list[str]:
        """Who was told what without the store, once nothing is under way."""
        wait_until(lambda: not self.emergency.is_busy)
        every = [*self.mail.delivered, *self.console.delivered]
        return sorted(f"{one.kind} {one.recipient}" for one in every)

    def close(self) -> None:
        self.stop.set()
        self._thread.join(40)
        self.emergency.close()


def wait_until(holds: Callable[[], bool], seconds: float = 40) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to that"
        threading.Event().wait(0.02)


def fill(rig: Rig, *, full: bool) -> None:
    """Lets the database have no page more than it has, as a full disk would; or as many as it likes."""
    with rig.store.writing() as tx:
        pages = tx.exec_driver_sql("PRAGMA page_count").scalar() if full else 1 << 30
        tx.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


@pytest.fixture
def failing(rig: Rig) -> Iterator[Failing]:
    failing = Failing(rig)
    yield failing
    failing.close()


def test_a_full_disk_is_told_without_the_store_and_is_on_record_when_there_is_room_again(
    rig: Rig, failing: Failing
) -> None:
    fill(rig, full=True)
    failing.source.batches.append(batch(0, 20_000))
    wait_until(lambda: failing.loop.trouble is not None)
    assert "full" in str(failing.loop.trouble)
    failing.look()
    assert failing.told() == []
    rig.clock.at = T0 + 61 * SECOND
    failing.look()
    assert failing.told() == ["opened anna", "opened bert", "opened console"]
    rig.clock.at = T0 + 30 * MINUTE
    failing.look()
    assert len(failing.told()) == 3, "once an hour"
    rig.clock.at = T0 + 62 * MINUTE
    failing.look()
    assert len(failing.told()) == 6
    fill(rig, full=False)
    wait_until(lambda: failing.loop.trouble is None)
    rig.clock.at = T0 + 70 * MINUTE
    failing.look()
    assert failing.told().count("closed anna") == 1
    (alarm,) = of(rig, "store_failing")
    assert (alarm["level"], alarm["raised_at"]) == ("alarm", text(T0 + MINUTE))
    assert (alarm["evidence"]["started_at"], alarm["cleared_at"]) == (text(T0), text(T0 + 70 * MINUTE))
    assert "full" in alarm["evidence"]["text"]
    told = [one["subject"] for one in reversed(rig.view.notifications()) if one["alarm"] == alarm["id"]]
    assert [subject.split()[0] for subject in told] == ["opened", "closed"], "and it is told as any alarm is"
    assert failing.loop.taken == 20_000, "nothing was lost"


def test_a_locked_database_is_a_store_that_fails(tmp_path: Path, rig: Rig, failing: Failing) -> None:
    with rig.store.writing() as tx:
        tx.exec_driver_sql("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    failing.source.batches.append(batch(0, 3))
    wait_until(lambda: failing.loop.trouble is not None)
    failing.look()
    rig.clock.at = T0 + 2 * MINUTE
    failing.look()
    assert failing.told() == ["opened anna", "opened bert", "opened console"]
    other.execute("ROLLBACK")
    other.close()
    wait_until(lambda: failing.loop.trouble is None)
    failing.look()
    assert [alarm["raised_at"] for alarm in of(rig, "store_failing")] == [text(T0 + MINUTE)]


def test_a_medium_that_fails_is_tried_again_and_holds_up_nobody(rig: Rig, failing: Failing) -> None:
    failing.mail.failures = 2
    ourselves = failing.ourselves
    ourselves.note_store("the store can't commit: disk full")
    for minute in (1, 2):
        rig.clock.at = T0 + minute * MINUTE
        truth = ourselves.emergency()
        assert truth is not None
        failing.emergency.tell(truth)
        failing.told()
    assert failing.told() == ["opened anna", "opened bert", "opened console"]


def test_a_store_that_fails_for_seconds_is_told_to_nobody(rig: Rig) -> None:
    ourselves = watching(rig)
    ourselves.note_store("the store can't commit: database is locked")
    rig.clock.at = T0 + 59 * SECOND
    assert ourselves.emergency() is None
    ourselves.note_store(None)
    ourselves.watch_store()
    assert of(rig, "store_failing") == []


# --- people ---


def lane(recipient: str, attempts: int, since: int = T0 - HOUR, medium: str = "mail") -> JSON:
    return {
        "recipient": recipient,
        "medium": medium,
        "owed": 3,
        "attempts": attempts,
        "error": "mailbox unavailable",
        "since": text(since),
        "permanent": False,
    }


def test_who_cannot_be_reached_twice_is_told_to_the_others_until_a_message_arrives(rig: Rig) -> None:
    ourselves = watching(rig)
    ourselves.watch_notifiers([lane("anna", 1)])
    assert of(rig, "notifier_failing") == []
    ourselves.watch_notifiers([lane("anna", 2), lane("bert", 1)])
    (alarm,) = of(rig, "notifier_failing")
    assert (alarm["subject"], alarm["level"]) == ("anna", "alarm")
    assert alarm["evidence"]["text"] == "mail: mailbox unavailable"
    assert alarm["evidence"]["started_at"] == text(T0 - HOUR)
    ourselves.watch_notifiers([lane("anna", 1)])
    assert of(rig, "notifier_failing")[0]["cleared_at"] is None, "still trying"
    rig.clock.at = T0 + MINUTE
    ourselves.watch_notifiers([])
    assert of(rig, "notifier_failing")[0]["cleared_at"] == text(T0 + MINUTE)


def test_who_is_told_no_more_does_not_fail_for_ever(tmp_path: Path, rig: Rig) -> None:
    watching(rig).watch_notifiers([lane("anna", 2)])
    without = Ourselves(rig.writer, rig.store, rig.clock, Limits(), {"bert"})
    ping = Truth(AlarmCondition.NOTIFIER_FAILING, DEAD_MAN, T0, "warning", {"text": "no answer"})
    rig.writer.hold(ping)
    without.watch_notifiers([lane("anna", 3)])
    found = {one["subject"]: one for one in of(rig, "notifier_failing")}
    assert found["anna"]["evidence"]["clear_reason"] == "no_longer_told"
    assert found[DEAD_MAN]["cleared_at"] is None, "that is not about a person"
    without.watch_notifiers([lane("anna", 4)])
    assert len(of(rig, "notifier_failing")) == 2, "and it isn't raised anew"


def test_messages_to_an_address_that_is_gone_are_withdrawn_and_all_others_stay_owed(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "s.db", now=T0, policy=POLICY)
    truth = Truth(AlarmCondition.STORE_FAILING, "store", T0, "alarm", {"text": "full"})
    rig.writer.hold(truth)
    assert owed(rig) == ["opened anna", "opened console"]
    rig.kill()
    moved = Recipient("anna", "mail", "anna@elsewhere.example")
    policy = replace(POLICY, contacts={**POLICY.contacts, "anna": Contact("anna", (moved,))})
    rig = Rig(tmp_path / "s.db", now=T0 + MINUTE, policy=policy)
    ticks(rig)
    assert [one.address for one in rig.store.outbox.due(LATEST, 9) if one.recipient == "anna"] == [
        moved.address
    ]
    rig.writer.end(AlarmCondition.STORE_FAILING, "store")
    ticks(rig)
    assert owed(rig) == ["opened anna", "opened console"], "what waits for them follows"
    for one in rig.store.outbox.due(LATEST, 9):
        rig.store.outbox.record_sent(one.id, rig.clock.at)
    assert owed(rig) == ["closed anna", "closed console"]
    assert {one.address for one in rig.store.outbox.due(LATEST, 9)} == {moved.address, CONSOLE.address}
    with rig.store.reading() as tx:
        assert len(rig.store.outbox.undelivered(tx)) == 2
    rig.close()


def owed(rig: Rig) -> list[str]:
    return sorted(f"{one.kind} {one.recipient}" for one in rig.store.outbox.due(LATEST, 9))


def ticks(rig: Rig) -> None:
    for _ in range(3):
        rig.clock.advance(6 * SECOND)
        rig.writer.tick(rig.clock.at, T0)
