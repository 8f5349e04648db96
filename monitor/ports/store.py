"""The store: its parts, and their transactions."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from monitor.ports.due import Due
from monitor.ports.facts import Facts
from monitor.ports.history import History
from monitor.ports.log import Log, Tx
from monitor.ports.outbox import Outbox


class Store(Protocol):
    """One process writes (it holds the lock), one transaction at a time; reading is free."""

    @property
    def log(self) -> Log:
        """What arrived."""

    @property
    def history(self) -> History:
        """What each channel said, in the order of time."""

    @property
    def facts(self) -> Facts:
        """What was concluded."""

    @property
    def due(self) -> Due:
        """What a restart has to know."""

    @property
    def outbox(self) -> Outbox:
        """What is owed to people."""

    def writing(self) -> AbstractContextManager[Tx]:
        """A transaction of the writer, durable when it ends without an exception."""

    def reading(self) -> AbstractContextManager[Tx]:
        """A consistent view of what is committed."""

    def is_trouble(self, error: BaseException) -> bool:
        """Whether an error is the store's own (a full disk, a lock, a lost connection), and says nothing of what was
        to be written."""
