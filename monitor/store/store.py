"""The store: its parts behind one lock, in one transaction."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.store.due import Due
from monitor.store.engine import Database
from monitor.store.facts import Facts
from monitor.store.history import History
from monitor.store.log import Log
from monitor.store.outbox import Outbox


class Store:
    """Implements :class:`monitor.ports.Store`. ``open_for_writing`` makes this process the one writer; one that is
    ``read_only`` never can, and raises :class:`~monitor.store.engine.StoreUnreadableError` if it can't be read."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.database = Database(url, read_only=read_only)
        self.history = History()
        self.log = Log(self.history)
        self.facts = Facts()
        self.due = Due()
        self.outbox = Outbox(self.database)

    def open_for_writing(self) -> None:
        """Takes the writer's lock (:class:`~monitor.store.engine.StoreLockedError` if another process has it),
        migrates the tables and finds the ends of the logs."""
        self.database.lock()
        self.database.migrate()
        with self.reading() as tx:
            self.log.open(tx)
            self.facts.open(tx)
            self.history.open(tx)

    def close(self) -> None:
        """Gives up the lock and all connections."""
        self.database.close()

    def writing(self) -> AbstractContextManager[Connection]:
        return self.database.writing()

    def reading(self) -> AbstractContextManager[Connection]:
        return self.database.reading()

    def is_trouble(self, error: BaseException) -> bool:
        own = (
            sa.exc.OperationalError,
            sa.exc.InterfaceError,
            sa.exc.TimeoutError,
            sqlite3.OperationalError,
            OSError,
        )
        return isinstance(error, own)
