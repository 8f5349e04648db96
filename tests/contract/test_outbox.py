"""Every outbox gives what is due in its order, keeps what failed, and gives nothing twice that was told.

What only the writer asks of an outbox is tested on the store alone: an outbox in memory is for deliverers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from monitor.core.time.instant import MINUTE
from monitor.ports import Outbox
from monitor.store.store import Store
from tests.fakes.outbox import MemoryOutbox

NOW = 1_000_000
ANNA, BEN = ("mail", "anna"), ("mail", "ben")


class Owing(Protocol):
    """An outbox, and how something comes into it: due at once, ``after`` another if one is named."""

    outbox: Outbox | MemoryOutbox

    def owe(self, name: str, address: str = "anna", *, after: str | None = None) -> None: ...


class OnDisk:
    """The store's outbox."""

    def __init__(self, store: Store) -> None:
        self.outbox = store.outbox
        self._store = store

    def owe(self, name: str, address: str = "anna", *, after: str | None = None) -> None:
        row = {"id": name, "about": "a1", "waits_for": after, "recipient": address.title(), "medium": "mail"}
        row |= {"address": address, "subject": name, "body": name, "created_at": 0, "due_at": 0}
        with self._store.writing() as tx:
            self.outbox.owe(tx, [row])


class InMemory:
    """That of the deliverer's tests."""

    def __init__(self) -> None:
        self.outbox = MemoryOutbox()

    def owe(self, name: str, address: str = "anna", *, after: str | None = None) -> None:
        self.outbox.owe(name, address, after=after)


@pytest.fixture(params=["Outbox", "MemoryOutbox"])
def owing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Owing]:
    if request.param == "MemoryOutbox":
        yield InMemory()
        return
    store = Store(f"sqlite:///{tmp_path}/store.db")
    store.open_for_writing()
    yield OnDisk(store)
    store.close()


def due(owing: Owing, at: int = NOW, limit: int = 100, **more: object) -> list[str]:
    return [message.id for message in owing.outbox.due(at, limit, **more)]  # type: ignore[arg-type]


def test_what_is_due_to_one_address_is_given_in_order_until_it_is_told(owing: Owing) -> None:
    for name in ("n1", "n2", "n3"):
        owing.owe(name)
    assert due(owing) == ["n1", "n2", "n3"]
    assert due(owing) == ["n1", "n2", "n3"], "asking changes nothing"
    owing.outbox.record_sent("n1", NOW)
    assert due(owing) == ["n2", "n3"]


def test_a_message_says_whom_it_is_to_and_how_often_it_was_tried(owing: Owing) -> None:
    owing.owe("n1")
    owing.outbox.record_failure("n1", NOW, "no answer", NOW + MINUTE)
    [message] = owing.outbox.due(NOW + MINUTE, 10)
    assert (message.id, message.recipient, message.medium, message.address) == ("n1", "Anna", "mail", "anna")
    assert (message.subject, message.body, message.attempts) == ("n1", "n1", 1)


def test_a_message_that_failed_is_due_again_at_its_time_and_not_before(owing: Owing) -> None:
    owing.owe("n1")
    owing.outbox.record_failure("n1", NOW, "no answer", NOW + MINUTE)
    assert due(owing, NOW + MINUTE - 1) == []
    assert due(owing, NOW + MINUTE) == ["n1"]


def test_a_message_that_waits_for_another_is_not_due_before_that_is_told(owing: Owing) -> None:
    owing.owe("opened")
    owing.owe("closed", after="opened")
    assert due(owing) == ["opened"]
    owing.outbox.record_failure("opened", NOW, "no answer", NOW + MINUTE)
    assert due(owing) == []
    owing.outbox.record_sent("opened", NOW)
    assert due(owing) == ["closed"]


def test_the_first_of_every_address_comes_before_the_second_of_any(owing: Owing) -> None:
    for name in ("a1", "a2", "a3"):
        owing.owe(name, "anna")
    owing.owe("b1", "ben")
    assert set(due(owing, limit=2)) == {"a1", "b1"}
    assert sorted(due(owing, per_lane=1)) == ["a1", "b1"]
    assert due(owing, without=[ANNA]) == ["b1"]
    assert due(owing, without=[ANNA, BEN]) == []


def test_what_is_owed_is_counted_by_address_with_the_tries_in_vain(owing: Owing) -> None:
    for name, address in (("a1", "anna"), ("a2", "anna"), ("b1", "ben")):
        owing.owe(name, address)
    owing.outbox.record_failure("a1", NOW, "no answer", NOW + MINUTE)
    owing.outbox.record_sent("b1", NOW)
    [lane] = owing.outbox.owed()
    assert lane == (ANNA, "Anna", 2, 1, 0)
