"""The database behind the store: connections, migrations, and the lock of the one writer.

SQLite (WAL, ``synchronous=FULL``) by default, PostgreSQL by URL. Reading is free and never waits; writing happens in
one process, the one that holds the lock, one transaction at a time.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import postgresql, sqlite

_ADVISORY_LOCK = 0x65786F73  # any number that only this program uses


class StoreLockedError(RuntimeError):
    """Another process is the writer of this store."""


class Database:
    """Connections to one store. ``url`` is SQLAlchemy's; a SQLite file and its folder are made if missing."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._mutex = threading.RLock()
        self._connection: Connection | None = None  # the writer's
        self._tx: Connection | None = None
        self._lock_file: IO[str] | None = None
        self._lock_connection: Connection | None = None
        if self.is_sqlite:
            if not self.url.database or self.url.database == ":memory:":
                raise ValueError(
                    f"store url {url!r} names no file; a store in memory would not outlive a restart"
                )
            Path(self.url.database).absolute().parent.mkdir(parents=True, exist_ok=True)
        self._writer = self._engine(writer=True)
        self._reader = self._engine(writer=False)

    @property
    def path(self) -> Path | None:
        """The SQLite file; None for a server."""
        return Path(str(self.url.database)) if self.is_sqlite else None

    def _engine(self, *, writer: bool) -> Engine:
        if not self.is_sqlite:
            # Several statements of one reading must see one state, as they do in SQLite's WAL.
            isolation = "READ COMMITTED" if writer else "REPEATABLE READ"
            return sa.create_engine(
                self.url, pool_size=1 if writer else 8, pool_pre_ping=True, isolation_level=isolation
            )
        engine = sa.create_engine(
            self.url,
            connect_args={"check_same_thread": False, "timeout": 30.0, "isolation_level": None},
            pool_size=1 if writer else 8,
            max_overflow=0 if writer else 32,
        )

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            # FULL: a commit is on the disk before the broker is told that a message is safe.
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "cache_size=-32000"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        begin = "BEGIN IMMEDIATE" if writer else "BEGIN"

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    # --- the one writer ---

    def lock(self) -> None:
        """Becomes the writer; raises :class:`StoreLockedError` if another process is. Ends with the process."""
        if self.is_sqlite:
            path = Path(f"{self.url.database}.lock")
            self._lock_file = path.open("a+", encoding="utf-8")
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._lock_file.close()
                self._lock_file = None
                raise StoreLockedError(
                    f"the store {self.url.database} is being written by another process"
                ) from None
            self._lock_file.truncate(0)
            self._lock_file.write(f"{os.getpid()}\n")
            self._lock_file.flush()
            return
        self._lock_connection = self._reader.connect()
        if not self._lock_connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_ADVISORY_LOCK))):
            self._lock_connection.close()
            self._lock_connection = None
            raise StoreLockedError(
                f"the store {self.url.render_as_string()} is being written by another process"
            )
        self._lock_connection.commit()

    def close(self) -> None:
        """Gives up the lock and all connections."""
        if self._lock_connection is not None:
            self._lock_connection.close()
            self._lock_connection = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._writer.dispose()
        self._reader.dispose()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction of the writer; a nested call takes part in the outer one.

        It begins with the first statement, so that one in which nothing is written costs nothing; and the
        connection is kept, because taking one from a pool costs more than a small batch.
        """
        with self._mutex:
            if self._tx is not None:
                yield self._tx
                return
            if self._connection is None:
                self._connection = self._writer.connect()
            self._tx = self._connection
            try:
                yield self._tx
                self._tx.commit()
            except BaseException:
                self._tx.rollback()
                raise
            finally:
                self._tx = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of what is committed."""
        with self._reader.connect() as connection:
            yield connection

    # --- migrations ---

    def migrate(self) -> None:
        """Brings the tables up to this version of the program; the lock must be held."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self.writing() as tx:
            config.attributes["connection"] = tx
            command.upgrade(config, "head")


def upsert(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows or, where the primary key is taken, overwrites every column given."""
    if rows:
        tx.execute(_upsert_of(table, tuple(rows[0]), tx.dialect.name), list(rows))


@lru_cache(maxsize=64)
def _upsert_of(table: Table, columns: tuple[str, ...], dialect: str) -> Any:
    statement = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    keys = [column.name for column in table.primary_key.columns]
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    if changed:
        return statement.on_conflict_do_update(index_elements=keys, set_=changed)
    return statement.on_conflict_do_nothing(index_elements=keys)
