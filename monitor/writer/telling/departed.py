"""Messages to addresses that the configuration no longer has: nobody could ever take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import structlog

from monitor.core.telling.policy import Policy
from monitor.ports import Store
from monitor.writer.turn import Turn

log = structlog.get_logger(__name__)

WITHDRAWN_AT_ONCE = 500
"""Ids in one statement; a database bears so many."""


class Departed:
    """Withdraws what is owed to an address that nobody is told at any more: it would be tried for ever, and whoever has
    left would count as somebody who can't be reached. Used by the one writer, within its transactions.

    Not only at the start: that an alarm is over, or taken, comes to be owed to all who were told that it began.
    """

    def __init__(self, store: Store, policy: Policy) -> None:
        self._store = store
        self._known = {(one.medium, one.address) for one in policy.recipients()}

    def due(self, now: int) -> list[str]:
        """The outbox, whenever the clock asks."""
        return ["outbox"]

    def look(self, turn: Turn, subject: str) -> None:
        """Withdraws what came to be owed there since the last look."""
        tx, now = turn.tx, turn.now
        gone = {
            message: recipient
            for message, recipient in self._store.outbox.undelivered(tx).items()
            if (recipient.medium, recipient.address) not in self._known
        }
        if gone:
            for ids in _batched(gone):
                self._store.outbox.withdraw(tx, ids, now)
            people = sorted({recipient.name for recipient in gone.values()})
            log.warning(
                "messages to addresses that are configured no more are withdrawn",
                messages=len(gone),
                people=people,
            )


def _batched(ids: Iterable[str]) -> Iterator[list[str]]:
    left = iter(ids)
    while batch := list(islice(left, WITHDRAWN_AT_ONCE)):
        yield batch
