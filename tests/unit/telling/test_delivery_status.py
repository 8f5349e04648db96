"""What the deliverer says of those who can't be reached, when it asks again, and what it adds to a message."""

from __future__ import annotations

import pytest

from monitor.core.time.instant import HOUR, MINUTE, SECOND, format_instant
from monitor.ports import DeliveryError, Notification
from monitor.telling.delivery import Deliverer
from monitor.testing import ManualClock
from tests.fakes.outbox import MemoryOutbox
from tests.unit.telling.test_delivery import FIRST, LONGEST, Wire, deliverer, fail


def test_status_says_who_cannot_be_reached_why_and_forgets_it_once_told() -> None:
    up = False

    def sometimes(message: Notification) -> None:
        if message.address == "ben" and not up:
            fail(message)

    outbox, clock = MemoryOutbox(), ManualClock(1_000_000)
    for name, address in (("b1", "ben"), ("b2", "ben"), ("a1", "anna")):
        outbox.owe(name, address)
    outbox.row("b1").message = outbox.row("b1").message._replace(created_at=clock.at - MINUTE)
    outbox.row("b2").message = outbox.row("b2").message._replace(created_at=clock.at - HOUR)
    telling = deliverer(outbox, Wire(sometimes), clock)
    telling.run_due()
    failing = {
        "recipient": "Ben",
        "medium": "mail",
        "owed": 2,
        "attempts": 1,
        "error": "cannot reach ben",
        "since": format_instant(clock.at - MINUTE),
        "permanent": False,
    }
    assert telling.status() == {"ok": False, "text": "owed: 2; failing: Ben", "owed": 2, "failing": [failing]}
    up = True
    clock.at += HOUR
    assert telling.run_due() == 2
    assert telling.status()["ok"]
    telling.close()


def test_after_a_restart_status_still_knows_who_could_not_be_reached() -> None:
    outbox, clock = MemoryOutbox(), ManualClock(1_000_000)
    outbox.owe("n1")
    first = deliverer(outbox, Wire(fail), clock)
    first.run_due()
    first_status = first.status()
    first.close()
    second = deliverer(outbox, Wire(fail), clock)
    second.run_due()
    assert not second.status()["ok"]
    [failing] = second.status()["failing"]
    assert failing["error"] == "failed before this start"
    assert failing["permanent"] is None
    assert failing["since"] == first_status["failing"][0]["since"]
    second.close()


def test_status_tells_a_refusal_for_good_from_a_failure_for_now() -> None:
    def refuse(message: Notification) -> None:
        raise DeliveryError("no such user", permanent=message.address == "ben")

    outbox, clock = MemoryOutbox(), ManualClock(1_000_000)
    outbox.owe("a1", "anna")
    outbox.owe("b1", "ben")
    telling = deliverer(outbox, Wire(refuse), clock)
    telling.run_due()
    assert [(one["recipient"], one["permanent"]) for one in telling.status()["failing"]] == [
        ("Anna", False),
        ("Ben", True),
    ]
    telling.close()


@pytest.mark.parametrize(
    ("asked", "waited"), [(None, FIRST), (SECOND, FIRST), (90 * SECOND, 90 * SECOND), (HOUR, LONGEST)]
)
def test_another_sides_wish_to_be_left_alone_is_heard_up_to_the_longest_wait(
    asked: int | None, waited: int
) -> None:
    tried: list[int] = []

    def busy(_message: Notification) -> None:
        tried.append(clock.at)
        raise DeliveryError("too many", retry_after=asked)

    outbox, clock = MemoryOutbox(), ManualClock(1_000_000)
    outbox.owe("n1")
    outbox.owe("n2")
    telling = deliverer(outbox, Wire(busy), clock)
    begun = clock.at
    while len(tried) < 2:
        telling.run_due()
        clock.at += SECOND
    assert outbox.row("n1").due_at >= begun + waited
    assert tried == [begun, begun + waited], "no other message to that address goes out either"
    telling.close()


def test_what_a_message_gets_only_as_it_is_sent_reaches_the_medium_and_not_the_outbox() -> None:
    seen: list[Notification] = []
    outbox, clock = MemoryOutbox(), ManualClock(1_000_000)
    outbox.owe("n1")
    telling = Deliverer(
        outbox, {"mail": Wire(seen.append)}, clock, FIRST, LONGEST,
        patience_seconds=10, finish=lambda message: message._replace(link="https://x.example/a/t"),
    )  # fmt: skip
    assert telling.run_due() == 1
    assert [message.link for message in seen] == ["https://x.example/a/t"]
    assert outbox.row("n1").message.link == ""
    telling.close()


def test_a_medium_that_is_not_set_up_is_told_and_the_message_stays_owed() -> None:
    outbox, clock = MemoryOutbox(), ManualClock(1_000_000)
    outbox.owe("n1", medium="pager")
    telling = deliverer(outbox, Wire(), clock)
    assert telling.run_due() == 0
    assert outbox.row("n1").error == "no medium 'pager' is set up. Known: mail"
    telling.close()
