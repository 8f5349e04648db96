"""A step's messages reach the monitor as one batch, however they trickle in."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from laboratory.stepped import Sent, Together
from monitor.ports import Message


class Trickle:
    """A source of which each call gives the next part."""

    def __init__(self, parts: Sequence[Sequence[Message]]) -> None:
        self._parts = list(parts)
        self.acknowledged: list[Message] = []
        self.closed = False

    def receive(self, timeout: float) -> Sequence[Message]:
        assert timeout > 0
        return self._parts.pop(0) if self._parts else ()

    def acknowledge(self, batch: Sequence[Message]) -> None:
        self.acknowledged += batch

    def connected_since(self) -> int | None:
        return 77

    def close(self) -> None:
        self.closed = True


def messages(count: int) -> list[Message]:
    return [Message(f"lab/{number}", b"", 0, retained=False, token=number) for number in range(count)]


def said(messages: Sequence[Message]) -> list[Sent]:
    return [(message.topic, message.payload) for message in messages]


def batches(together: Together, calls: int) -> list[Sequence[Message]]:
    return [batch for _ in range(calls) if (batch := together.receive(0.1))]


def test_a_steps_messages_are_handed_on_together_and_in_order() -> None:
    seed = 11
    print("seed", seed)
    random = Random(seed)
    for _ in range(200):
        sent = messages(random.randrange(1, 40))
        cuts = sorted(random.randrange(len(sent) + 1) for _ in range(random.randrange(6)))
        parts = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
        together = Together(Trickle(parts))
        together.expect(said(sent))
        assert batches(together, len(parts) + 2) == [sent]


def test_what_nobody_announced_is_handed_on_at_once() -> None:
    first, second, third = messages(3)
    together = Together(Trickle([[first], [second], [], [third]]))
    assert batches(together, 2) == [[first], [second]]
    together.expect(said([third]))
    assert batches(together, 3) == [[third]]


def test_steps_follow_one_another_and_acknowledgements_go_through() -> None:
    sent = messages(5)
    source = Trickle([sent[:1], sent[1:2], sent[2:4], sent[4:]])
    together = Together(source)
    together.expect(said(sent[:2]))
    assert batches(together, 2) == [sent[:2]]
    together.acknowledge(sent[:2])
    together.expect(said(sent[2:4]))
    together.expect(said(sent[4:]))
    assert batches(together, 2) == [sent[2:]]
    assert source.acknowledged == sent[:2]
    assert together.connected_since() == 77
    together.close()
    assert source.closed


def test_messages_that_come_twice_after_a_lost_connection_make_no_later_step_end_early() -> None:
    """As a number they would: from then on each step would end before as many of its own messages had come."""
    first, second, third, fourth = messages(4)
    together = Together(Trickle([[first, second], [first, second, third], [fourth]]))
    together.expect(said([first, second]))
    assert batches(together, 1) == [[first, second]]
    assert together.handed_on() == 2
    together.expect(said([third, fourth]))
    assert batches(together, 1) == []
    assert together.handed_on() is None
    assert batches(together, 1) == [[first, second, third, fourth]]
    assert together.handed_on() == 6


def test_of_two_messages_that_say_the_same_both_are_awaited() -> None:
    same = Message("lab/1", b"again", 0, retained=False, token=1)
    together = Together(Trickle([[same], [same]]), said([same, same]))
    assert batches(together, 1) == []
    assert batches(together, 1) == [[same, same]]
