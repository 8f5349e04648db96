"""A copy of the store that can be relied on, and what the store doesn't keep for ever."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from monitor.cli.program import program
from monitor.core.channel.reading import Reading
from monitor.core.time.instant import DAY, MINUTE, parse_instant
from monitor.store import schema
from monitor.store.upkeep import retention
from monitor.store.upkeep.backup import BackupError, BackupNotHereError, back_up, backups_in
from monitor.store.upkeep.retention import tidy
from monitor.testing import Rig

T0 = parse_instant("2026-11-20T06:00:00Z")


def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path / "monitor.db", now=T0)


def read(rig: Rig, count: int, start: int = T0) -> None:
    for n in range(count):
        rig.clock.at = start + n * MINUTE
        rig.read([Reading(rig.clock.at, rig.clock.at, -75.0 + n % 7 / 10)])


def test_a_backup_made_while_the_program_writes_is_whole_and_opens_as_a_store(
    rig: Rig, tmp_path: Path
) -> None:
    read(rig, 50)
    stop = threading.Event()

    def go_on() -> None:
        at = T0 + DAY
        while not stop.is_set():
            read(rig, 1, at)
            at += MINUTE

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        made = [back_up(url(tmp_path / "monitor.db"), tmp_path / "out", T0 + n * DAY) for n in range(3)]
    finally:
        stop.set()
        thread.join()
    positions = [one.log_position for one in made]
    assert positions == sorted(positions)
    assert positions[0] >= 50
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")] == []
    rig.close()
    restored = tmp_path / "restored.db"
    shutil.copy(made[-1].path, restored)
    again = Rig(restored, now=T0 + 2 * DAY)
    assert again.store.log.next_position() == made[-1].log_position + 1
    assert again.view.readings("lab1/F01/product", T0, T0 + 49 * MINUTE, 0)["count"] == 50
    read(again, 3, T0 + 3 * DAY)
    again.close()


def test_a_backup_is_readable_by_its_owner_alone_and_is_one_file(rig: Rig, tmp_path: Path) -> None:
    made = back_up(url(tmp_path / "monitor.db"), tmp_path / "out", T0)
    assert made.path.name == "monitor-20261120T060000Z.db"
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "out").iterdir()] == [made.path.name]
    assert made.bytes == made.path.stat().st_size
    rig.close()


def test_only_the_newest_backups_of_this_store_are_kept_and_nothing_else_is_touched(
    rig: Rig, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    others = ["other-20261120T060000Z.db", "monitor-2026.db", "monitor-20261120T060000Z.db.gz", "notes.txt"]
    for name in others:
        (out / name).write_text("mine")
    for n in range(5):
        made = back_up(url(tmp_path / "monitor.db"), out, T0 + n * DAY, keep=2)
    assert [path.name for path in made.removed] == ["monitor-20261122T060000Z.db"]
    assert [path.name for path in backups_in(out, "monitor")] == [
        "monitor-20261123T060000Z.db",
        "monitor-20261124T060000Z.db",
    ]
    assert all((out / name).read_text() == "mine" for name in others)
    rig.close()


def test_what_an_attempt_that_was_killed_left_is_no_hindrance(rig: Rig, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    left = [f".monitor-2026112{n}T060000Z.db.unfinished{end}" for n in (0, 1) for end in ("", "-journal")]
    left += [".monitor-20261119T060000Z.db.unfinished", ".other-20261119T060000Z.db.unfinished"]
    for name in left:
        (out / name).write_text("half")
        os.utime(out / name, (1_000_000_000, 1_000_000_000))
    going_on = out / ".monitor-20261120T055959Z.db.unfinished"
    going_on.write_text("another process is at it")
    back_up(url(tmp_path / "monitor.db"), out, T0)
    assert sorted(path.name for path in out.iterdir()) == [
        going_on.name,
        ".other-20261119T060000Z.db.unfinished",
        "monitor-20261120T060000Z.db",
    ]
    rig.close()


def test_a_damaged_copy_is_no_backup_and_the_older_ones_stay(rig: Rig, tmp_path: Path) -> None:
    read(rig, 50)
    out = tmp_path / "out"
    first = back_up(url(tmp_path / "monitor.db"), out, T0, keep=1)
    rig.close()
    store = tmp_path / "monitor.db"
    with closing(sqlite3.connect(store)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with store.open("r+b") as file:
        for page in range(4, store.stat().st_size // 4096, 2):
            file.seek(page * 4096)
            file.write(os.urandom(2048))
    with pytest.raises(BackupError):
        back_up(url(store), out, T0 + DAY, keep=1)
    assert [path.name for path in out.iterdir()] == [first.path.name]


def test_a_disk_without_room_a_missing_store_and_a_server_are_refused_with_the_remedy(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BackupError, match="no store"):
        back_up(url(tmp_path / "nowhere.db"), tmp_path / "out", T0)
    with pytest.raises(BackupNotHereError, match=r"pg_dump .*postgresql://monitor@db/x") as caught:
        back_up("postgresql://monitor:hunter2@db/x", tmp_path / "out", T0)
    assert "hunter2" not in str(caught.value)
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupError, match="no backup of"):
        back_up(url(tmp_path / "monitor.db"), tmp_path / "file", T0)
    full = shutil.disk_usage(tmp_path)._replace(free=1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(BackupError, match="make room"):
        back_up(url(tmp_path / "monitor.db"), tmp_path / "out", T0)
    assert list((tmp_path / "out").iterdir()) == []
    rig.close()


# --- the command ---


def configured(tmp_path: Path, store: str, more: str = "") -> list[str]:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "monitor.toml").write_text(f'[store]\nurl = "{store}"\n{more}')
    return ["--config", str(tmp_path / "config")]


def test_the_command_copies_the_store_of_a_running_program(rig: Rig, tmp_path: Path) -> None:
    read(rig, 5)
    options = configured(tmp_path, url(tmp_path / "monitor.db"), f'backup_dir = "{tmp_path}/out"\n')
    done = CliRunner().invoke(program, ["backup", *options])
    assert done.exit_code == 0, done.output
    (path,) = (tmp_path / "out").iterdir()
    assert done.stdout.startswith(f"{path}: ")
    with sqlite3.connect(path) as copy:
        assert copy.execute("SELECT count(*) FROM reading").fetchone() == (5,)
    asked = CliRunner().invoke(program, ["backup", *options, "--out", str(tmp_path / "other"), "--json"])
    assert '"log_position": 5' in asked.stdout
    rig.close()


def test_the_command_says_what_is_missing_and_what_backs_up_postgresql(tmp_path: Path) -> None:
    options = configured(tmp_path, "postgresql://monitor@db/x")
    nowhere = CliRunner().invoke(program, ["backup", *options])
    assert nowhere.exit_code == 2
    assert "--out DIR" in nowhere.output
    server = CliRunner().invoke(program, ["backup", *options, "--out", str(tmp_path)])
    assert (server.exit_code, "pg_dump" in server.output) == (2, True)


def test_a_backup_that_fails_is_a_negative_finding(tmp_path: Path) -> None:
    options = configured(tmp_path, url(tmp_path / "nowhere.db"))
    done = CliRunner().invoke(program, ["backup", *options, "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "nothing to back up" in done.output


# --- retention ---


def owed(number: int, **changes: object) -> dict[str, object]:
    return {
        "id": f"m{number}",
        "about": "a1",
        "kind": "opened",
        "recipient": "anna",
        "medium": "mail",
        "address": "anna@lab.example",
        "subject": "warm",
        "body": "act",
        "created_at": T0,
        "due_at": T0,
        "attempts": 0,
        **changes,
    }


def test_old_payloads_and_texts_go_and_what_is_owed_or_the_record_stays(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    monkeypatch.setattr(retention, "REFUSED_MAX", 2)
    read(rig, 10)
    rejected = [
        {
            "received_at": T0 + n * DAY,
            "topic": "t",
            "payload": b"x",
            "reason": "r",
            "detail": "",
            "item": None,
        }
        for n in range(10)
    ]
    with rig.store.writing() as tx:
        rig.store.log.append_rejected(tx, rejected)
        rig.store.outbox.owe(
            tx,
            [
                *(owed(n, sent_at=T0 + n * DAY) for n in range(8)),
                owed(8, withdrawn_at=T0),
                owed(9),
            ],
        )
        tx.execute(
            sa.insert(schema.refused_line),
            [{"projection": "influx", "line": str(n), "reason": "r"} for n in range(7)],
        )
    first = tidy(rig.store.database, rejected_before=T0 + 7 * DAY, texts_before=T0 + 5 * DAY, most=6)
    assert first == (6, 6, 5)
    more = tidy(rig.store.database, rejected_before=T0 + 7 * DAY, texts_before=T0 + 5 * DAY)
    assert more == (1, 0, 0)
    assert tidy(rig.store.database, rejected_before=T0 + 7 * DAY, texts_before=T0 + 5 * DAY) == (0, 0, 0)
    with rig.store.reading() as tx:
        counts, kept = rig.store.log.rejected(tx, 100)
        assert (counts, len(kept)) == ({"r": 10}, 3)
        rows = {row["id"]: row for row in rig.store.outbox.newest(tx, 100)}
        assert [line[0] for line in tx.execute(sa.select(schema.refused_line.c.line))] == ["5", "6"]
    assert [rows[f"m{n}"]["body"] for n in range(10)] == [""] * 5 + ["act"] * 3 + ["", "act"]
    assert all(row["subject"] == "warm" for row in rows.values())
    assert rig.view.readings("lab1/F01/product", T0, T0 + DAY, 0)["count"] == 10
    rig.close()
