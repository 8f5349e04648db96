"""A step's messages reach the monitor as one batch, however they trickle in."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from monitor.ports import Message
from monitor.simulation.stepped import Together


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
        together.expect(len(sent))
        assert batches(together, len(parts) + 2) == [sent]


def test_what_nobody_announced_is_handed_on_at_once() -> None:
    first, second, third = messages(3)
    together = Together(Trickle([[first], [second], [], [third]]))
    assert batches(together, 2) == [[first], [second]]
    together.expect(1)
    assert batches(together, 3) == [[third]]


def test_steps_follow_one_another_and_acknowledgements_go_through() -> None:
    sent = messages(5)
    source = Trickle([sent[:1], sent[1:2], sent[2:4], sent[4:]])
    together = Together(source)
    together.expect(2)
    assert batches(together, 2) == [sent[:2]]
    together.acknowledge(sent[:2])
    together.expect(2)
    together.expect(1)
    assert batches(together, 2) == [sent[2:]]
    assert source.acknowledged == sent[:2]
    assert together.connected_since() == 77
    together.close()
    assert source.closed
