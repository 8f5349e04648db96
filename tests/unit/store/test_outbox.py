"""The outbox on the store: every address gets its turn, in order, however much is owed to others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.core.time.instant import LATEST, MINUTE, SECOND
from monitor.ports import DeliveryError, Lane, Notification
from monitor.store.store import Store
from monitor.telling.delivery import Deliverer
from monitor.testing import ManualClock

DEAD = 6_500
NOW = 1_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/store.db")
    made.open_for_writing()
    yield made
    made.close()


def message(name: str, address: str, *, medium: str = "mail", after: str | None = None) -> dict[str, Any]:
    return {
        "id": name,
        "about": "a1",
        "waits_for": after,
        "recipient": address.title(),
        "medium": medium,
        "address": address,
        "subject": name,
        "body": "what to do" * 50,
        "created_at": NOW - MINUTE,
        "due_at": NOW,
    }


def owe(store: Store, rows: list[dict[str, Any]]) -> None:
    with store.writing() as tx:
        store.outbox.owe(tx, rows)


class DeadFor:
    """A medium that reaches everybody but one."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.took: list[str] = []

    def deliver(self, notification: Notification) -> None:
        if notification.address == self.address:
            raise DeliveryError("no answer")
        self.took.append(notification.id)


def test_thousands_owed_to_a_dead_address_hide_no_message_to_another(store: Store) -> None:
    owe(store, [message(f"b{number}", "ben") for number in range(DEAD)])
    owe(store, [message("a1", "anna")])
    medium, clock = DeadFor("ben"), ManualClock(NOW)
    telling = Deliverer(store.outbox, {"mail": medium}, clock, MINUTE, 10 * MINUTE, patience_seconds=10.0)
    assert telling.run_due() == 1
    owe(store, [message("a2", "anna")])
    clock.advance(SECOND)
    assert telling.run_due() == 1
    assert medium.took == ["a1", "a2"]
    (failing,) = telling.status()["failing"]
    assert (failing["recipient"], failing["owed"], failing["attempts"]) == ("Ben", DEAD, 1)
    telling.close()


def test_a_closed_message_is_not_due_before_its_opened_one_was_delivered_or_withdrawn(store: Store) -> None:
    owe(store, [message("o1", "anna"), message("c1", "anna", after="o1"), message("c2", "ben", after="o2")])
    owe(store, [message("o2", "ben")])
    assert {one.id for one in store.outbox.due(NOW, 10)} == {"o1", "o2"}
    store.outbox.record_failure("o1", NOW, "no answer", NOW + MINUTE)
    assert [one.id for one in store.outbox.due(NOW, 10)] == ["o2"], "o1 isn't due, and c1 waits for it"
    store.outbox.record_sent("o1", NOW + MINUTE)
    with store.writing() as tx:
        store.outbox.withdraw(tx, ["o2"], NOW)
    assert {one.id for one in store.outbox.due(NOW, 10)} == {"c1", "c2"}


@pytest.mark.parametrize("seed", random.sample(range(1_000_000), 20))
def test_what_is_due_is_fair_between_lanes_and_in_order_within_one(store: Store, seed: int) -> None:
    """Against the same rule in plain Python."""
    print(f"seed {seed}")
    draw = random.Random(seed)
    lanes: list[Lane] = [(medium, address) for medium in ("mail", "sms") for address in ("anna", "ben", "'x")]
    rows = []
    for number in range(draw.randrange(60)):
        medium, address = draw.choice(lanes)
        after = draw.choice(rows)["id"] if rows and draw.random() < 0.3 else None
        rows.append(message(f"n{number}", address, medium=medium, after=after))
        rows[-1]["due_at"] += draw.choice((0, 0, MINUTE))
    owe(store, rows)
    sent = {row["id"] for row in rows if draw.random() < 0.3}
    for name in sent:
        store.outbox.record_sent(name, NOW)
    without = draw.sample(lanes, draw.randrange(len(lanes)))
    per_lane, limit = draw.choice((None, 1, 3)), draw.randrange(1, 40)

    expected: list[tuple[int, int, str]] = []
    for lane in lanes:
        due = [
            (number, row["id"])
            for number, row in enumerate(rows)
            if (row["medium"], row["address"]) == lane
            and lane not in without
            and row["id"] not in sent
            and row["due_at"] <= NOW
            and (row["waits_for"] is None or row["waits_for"] in sent)
        ]
        expected += [(place, number, name) for place, (number, name) in enumerate(due[:per_lane])]
    found = store.outbox.due(NOW, limit, per_lane=per_lane, without=without)
    assert [one.id for one in found] == [name for _, _, name in sorted(expected)[:limit]]
    owed = {one.lane: one.messages for one in store.outbox.owed()}
    left = [(row["medium"], row["address"]) for row in rows if row["id"] not in sent]
    assert owed == {lane: left.count(lane) for lane in lanes if lane in left}
    assert len(store.outbox.due(LATEST, 1)) <= 1
