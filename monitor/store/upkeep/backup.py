"""A copy of a SQLite store while it is written: made by SQLite's own backup, checked, and only then given its name.

The copy is one consistent state: everything that was committed when it began (and perhaps more), nothing by halves.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import sqlalchemy as sa

from monitor.core.time.instant import file_stamp

_ROOM = 16 * 1024 * 1024
"""What must stay free on the disk beside the copy, in bytes."""
_BUSY_SECONDS = 30.0
_GOING_ON_SECONDS = 3600.0


class BackupError(RuntimeError):
    """No backup was made; the text says why, and the remedy. What was there before is untouched."""


class BackupNotHereError(BackupError):
    """The store is one that its own server backs up."""


class Backup(NamedTuple):
    """A finished copy; ``bytes`` is its size, ``log_position`` up to where it has the log."""

    path: Path
    bytes: int
    log_position: int
    removed: list[Path]


def back_up(url: str, folder: Path, now: int, *, keep: int | None = None) -> Backup:
    """Copies the store of ``url`` into ``folder`` as ``<store>-20261122T033000Z.db``, and checks it.

    ``keep``: so many of the store's backups stay in the folder, the newest; None: all. Raises :class:`BackupError`.
    """
    source = _source(url)
    target = folder / f"{source.stem}-{file_stamp(now)}.db"
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_without_room(source, folder)
        with _removed_at_the_end(unfinished):
            # Readable by its owner alone, from the first byte on.
            os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            _remove_left_behind(source, unfinished)
            _copy(source, unfinished)
            position = _checked(unfinished)
            _flush(unfinished)
            size = unfinished.stat().st_size
            unfinished.replace(target)
            _flush(folder)
        return Backup(target, size, position, [] if keep is None else _prune(source, folder, keep))
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"no backup of {source} in {folder}: {error}") from error


def backups_in(folder: Path, stem: str) -> list[Path]:
    """The backups of a store in a folder, the oldest first; by their names, so that no other file is taken for one."""
    name = re.compile(re.escape(stem) + r"-\d{8}T\d{6}Z\.db", re.ASCII)
    return sorted(path for path in folder.iterdir() if name.fullmatch(path.name)) if folder.is_dir() else []


def _source(url: str) -> Path:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        shown = parsed._replace(drivername="postgresql", password=None).render_as_string()
        text = (
            f"the store is on a server: back it up with pg_dump --format=custom --file=monitor.dump {shown}"
        )
        raise BackupNotHereError(text)
    source = Path(str(parsed.database))
    if not source.is_file():
        raise BackupError(f"there is no store {source} yet: nothing to back up")
    return source


def _refuse_without_room(source: Path, folder: Path) -> None:
    needed = source.stat().st_size + _ROOM
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"no backup of {source}: {folder} has {free // 2**20:,} MiB free, and {needed // 2**20:,} are needed;"
            " make room, or name another folder"
        )


@contextlib.contextmanager
def _removed_at_the_end(path: Path) -> Iterator[None]:
    """Nothing unfinished is left behind, nor kept from an attempt that was killed."""
    path.unlink(missing_ok=True)
    try:
        yield
    finally:
        for name in ("", "-journal", "-wal", "-shm"):
            path.with_name(path.name + name).unlink(missing_ok=True)


def _remove_left_behind(source: Path, ours: Path) -> None:
    """What attempts that were killed left in the folder, so that they don't fill it. One that was written to within the
    last hour may be going on beside us."""
    since = ours.stat().st_mtime - _GOING_ON_SECONDS
    for path in ours.parent.glob(f".{glob.escape(source.stem)}-*.db.unfinished*"):
        with contextlib.suppress(FileNotFoundError):  # it came to its end meanwhile
            if path.stat().st_mtime < since:
                path.unlink()


def _copy(source: Path, target: Path) -> None:
    """In one step: the program may go on writing meanwhile, and in small steps each of its commits would begin the copy
    again."""
    read_only = f"file:{quote(str(source.absolute()))}?mode=ro"
    with (
        closing(sqlite3.connect(read_only, uri=True, timeout=_BUSY_SECONDS)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing, pages=-1)
        # One file, without a log beside it: it can be copied on as it is.
        writing.execute("PRAGMA journal_mode=DELETE")


def _checked(path: Path) -> int:
    """The position of the last reading in a copy that is whole; raises BackupError for one that isn't."""
    with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as copy:
        complaints = [row[0] for row in copy.execute("PRAGMA integrity_check(5)")]
        if complaints != ["ok"]:
            raise BackupError(
                f"the copy is damaged, and so is perhaps the store: {'; '.join(map(str, complaints))}. Keep the older"
                " backups, and look at the disk"
            )
        row = copy.execute("SELECT max(position) FROM reading").fetchone()
    return int(row[0] or 0)


def _flush(path: Path) -> None:
    """Onto the disk, not only into the machine's memory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prune(source: Path, folder: Path, keep: int) -> list[Path]:
    old = backups_in(folder, source.stem)[: -max(keep, 1)]
    for path in old:
        path.unlink(missing_ok=True)
    return old
