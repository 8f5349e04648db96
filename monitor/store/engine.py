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
from urllib.parse import quote

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import postgresql, sqlite

_ADVISORY_LOCK = 0x65786F73  # any number that only this program uses


class StoreLockedError(RuntimeError):
    """Another process is the writer of this store."""


class StoreUnreadableError(ValueError):
    """There is no store, or its tables are those of another version of the program; the text says the remedy."""


def refuse_absent(url: str) -> None:
    """Raises :class:`StoreUnreadableError`, with the remedy, where no store is yet; makes nothing."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(parsed.database or "")
        is_there = path.is_file() and path.stat().st_size > 0
        shown = str(path.absolute())
    else:
        engine = sa.create_engine(parsed, execution_options={"postgresql_readonly": True})
        try:
            with engine.connect() as tx:
                is_there = MigrationContext.configure(tx).get_current_revision() is not None
        finally:
            engine.dispose()
        shown = parsed.render_as_string()
    if not is_there:
        raise StoreUnreadableError(
            f"there is no store yet at {shown} ([store] url). Start 'exosome-monitor run', which makes it; if it has"
            " run, check --config, and the directory that you are in: a relative url starts there"
        )


WRITES = "writes"
"""What :attr:`sqlalchemy.Connection.info` says of the writer's connection."""


class Database:
    """Connections to one store. ``url`` is SQLAlchemy's; a SQLite file and its folder are made if missing.

    ``read_only``: nothing is made or changed, whatever is asked; a store that isn't there, or whose tables are not
    those of this version of the program, raises :class:`StoreUnreadableError`.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.is_read_only = read_only
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
            if not read_only:
                Path(self.url.database).absolute().parent.mkdir(parents=True, exist_ok=True)
            elif not Path(self.url.database).is_file():
                raise StoreUnreadableError(f"there is no store {self.url.database}")
        self._writer = self._engine(writer=not read_only)
        self._reader = self._engine(writer=False)
        if read_only:
            self._check_tables()

    @property
    def path(self) -> Path | None:
        """The SQLite file; None for a server."""
        return Path(str(self.url.database)) if self.is_sqlite else None

    def _engine(self, *, writer: bool) -> Engine:
        if not self.is_sqlite:
            # Several statements of one reading must see one state, as they do in SQLite's WAL.
            isolation = "READ COMMITTED" if writer else "REPEATABLE READ"
            return sa.create_engine(
                self.url,
                pool_size=1 if writer else 8,
                pool_pre_ping=True,
                isolation_level=isolation,
                execution_options={"postgresql_readonly": self.is_read_only},
            )
        engine = sa.create_engine(
            self._read_only_url() if self.is_read_only else self.url,
            connect_args={"check_same_thread": False, "timeout": 30.0, "isolation_level": None},
            pool_size=1 if writer else 8,
            max_overflow=0 if writer else 32,
        )

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            # FULL: a commit is on the disk before the broker is told that a message is safe.
            lasting = ("query_only=ON",) if self.is_read_only else ("journal_mode=WAL", "synchronous=FULL")
            for pragma in (*lasting, "busy_timeout=30000", "cache_size=-32000"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        begin = "BEGIN IMMEDIATE" if writer else "BEGIN"

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    def _read_only_url(self) -> sa.URL:
        """SQLite's own way of saying so: the last connection to close doesn't tidy up the file either."""
        path = quote(str(Path(str(self.url.database)).absolute()))
        return self.url.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"})

    # --- the one writer ---

    def lock(self) -> None:
        """Becomes the writer; raises :class:`StoreLockedError` if another process is. Ends with the process."""
        self._refuse_if_read_only()
        if self.is_sqlite:
            path = Path(f"{self.url.database}.lock")
            # Not "w": until the lock is ours, what stands there is the number of the process that has it.
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
        self._lock_connection.commit()  # the lock is the session's; a transaction left open would hold back vacuuming

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
        self._refuse_if_read_only()
        with self._mutex:
            if self._tx is not None:
                yield self._tx
                return
            if self._connection is None:
                self._connection = self._writer.connect()
                self._connection.info[WRITES] = True
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

    def _refuse_if_read_only(self) -> None:
        if self.is_read_only:
            raise RuntimeError(f"the store {self.url.render_as_string()} was opened for reading only")

    # --- migrations ---

    def _check_tables(self) -> None:
        """Raises :class:`StoreUnreadableError` unless the tables are those of this version of the program."""
        scripts = ScriptDirectory.from_config(_migrations())
        with self.reading() as tx:
            revision = MigrationContext.configure(tx).get_current_revision()
        if revision == scripts.get_current_head():
            return
        shown = self.url.render_as_string()
        if revision is None:
            raise StoreUnreadableError(f"{shown} holds no store")
        if revision in {script.revision for script in scripts.walk_revisions()}:
            raise StoreUnreadableError(
                f"the store {shown} is of an older version of the program, and here nothing is written: start the"
                " program on it once, or on a copy, which brings it up to date"
            )
        raise StoreUnreadableError(f"the store {shown} is of a newer version of the program: use that one")

    def migrate(self) -> None:
        """Brings the tables up to this version of the program; the lock must be held."""
        config = _migrations()
        with self.writing() as tx:
            config.attributes["connection"] = tx
            command.upgrade(config, "head")


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


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
