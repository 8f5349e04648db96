"""The import command on real files and real stores, by itself and through the running program; killed in between."""

from __future__ import annotations

import gzip
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.core.time.instant import DAY, MINUTE, format_instant
from tests.rigs.server.program import Inbox, Monitor, Mosquitto, Stopping, wait_until

pytestmark = pytest.mark.slow

HEADER = "site,unit,probe,measured_at,celsius\n"
WARM = [-78.0, -70.0, -62.0, *[-52.0] * 14, -62.0, -70.0, *[-78.0] * 8]
"""Twenty-seven minutes with an excursion that the starter's ult-80 confirms and closes."""
START = time.time_ns() // 1_000_000 // MINUTE * MINUTE - 400 * DAY


@pytest.fixture
def stopping() -> Iterator[Stopping]:
    everything = Stopping()
    yield everything
    everything.stop()


@pytest.fixture
def broker(tmp_path: Path, stopping: Stopping) -> Mosquitto:
    found: Mosquitto = stopping.add(Mosquitto(tmp_path))
    return found


def past(path: Path, rows: int, *, unit: str = "F01", start: int = START) -> str:
    """A CSV file of a reading a minute; every ten hours there is an excursion."""
    with path.open("w") as file:
        file.write(HEADER)
        for n in range(rows):
            celsius = WARM[n % 600] if n % 600 < len(WARM) else -78.0
            file.write(f"lab1,{unit},product,{format_instant(start + n * MINUTE)},{celsius}\n")
    return str(path)


def rows_done(database: Path) -> int:
    """How far an import under way has come, as the store says."""
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as store:
            found = store.execute("SELECT value FROM marker WHERE name LIKE 'import:%'").fetchone()
    except sqlite3.Error:
        return 0
    return int(found[0]) if found else 0


def begin(monitor: Monitor, *names: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "monitor", "ingest", *names, "--json"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=monitor.environment, stdout=pipe, stderr=pipe, text=True)


def excursions(monitor: Monitor) -> list[dict[str, Any]]:
    found = monitor.json("excursions")
    return [{key: value for key, value in each.items() if key not in ("id", "version")} for each in found]


def test_a_table_with_bad_rows_gives_its_good_ones_and_says_which_are_bad(
    tmp_path: Path, broker: Mosquitto
) -> None:
    monitor = Monitor(tmp_path, broker)
    name = past(tmp_path / "past.csv", 700)
    with open(name, "a") as file:
        file.write("lab1,F01,product,2025-01-01T00:00:00,-80\nlab1,F01,product,2025-01-01T00:00:00Z,cold\n")
        file.write("lab1,nowhere,product,2025-01-01T00:00:00Z,-80\n")
    zipped = tmp_path / "past.csv.gz"
    zipped.write_bytes(gzip.compress(Path(name).read_bytes()))
    found = json.loads(monitor.command("ingest", str(zipped), "--json", expect=1))
    assert (found["rows"], found["readings"], found["rejected"]) == (703, 700, 3)
    assert found["rejected_by_reason"] == {"bad_time": 1, "bad_number": 1, "unknown_channel": 1}
    where = {row["reason"]: row["detail"].split(": ")[0] for row in found["rejected_first"]}
    assert where == {
        r: f"{zipped}:{n}" for n, r in ((702, "bad_time"), (703, "bad_number"), (704, "unknown_channel"))
    }
    assert len(found["excursions"]["new"]) == len(found["past_alarms"]) == 2
    assert found["alarms"] == []
    assert all(alarm["past"] for alarm in monitor.json("alarms", "list"))
    assert monitor.json("notifications") == []
    kept = {row["reason"]: row["payload"] for row in monitor.json("rejected")["messages"]}
    assert kept["bad_number"] == "lab1,F01,product,2025-01-01T00:00:00Z,cold"

    again = json.loads(monitor.command("ingest", name, "--json", expect=1))
    assert (again["readings"], again["duplicates"], again["rejected"]) == (0, 700, 3)
    assert again["excursions"] == {"new": [], "changed": [], "withdrawn": []}


def test_a_file_that_can_not_be_used_stops_the_import_before_anything_is_taken(
    tmp_path: Path, broker: Mosquitto
) -> None:
    monitor = Monitor(tmp_path, broker)
    good, bad = past(tmp_path / "good.csv", 10), tmp_path / "bad.csv"
    bad.write_text("site,unit,probe,time,celsius\n")
    monitor.command("ingest", good, str(bad), expect=2)
    monitor.command("ingest", good, str(tmp_path / "none.csv"), expect=2)
    assert not monitor.database.exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_import_that_was_broken_off_goes_on_near_where_it_stopped(
    tmp_path: Path, broker: Mosquitto, how: signal.Signals
) -> None:
    rows = 45_000
    name = past(tmp_path / "past.csv", rows)
    monitor = Monitor(tmp_path, broker)
    process = begin(monitor, name)
    wait_until(lambda: rows_done(monitor.database) > 0, 60, "some of the file is taken")
    process.send_signal(how)
    out, err = process.communicate(timeout=30)
    stopped_at = rows_done(monitor.database)
    assert 0 < stopped_at < rows
    if how is signal.SIGINT:
        assert process.returncode == 1
        assert "Run the same command again" in err
        assert json.loads(out)["interrupted"] is True
    found = monitor.json("ingest", name)
    (file,) = found["files"]
    assert (file["resumed_at"], file["rows"]) == (stopped_at, rows)
    assert (found["readings"], found["duplicates"]) == (rows - stopped_at, 0)
    assert monitor.json("notifications") == []
    broken_off = excursions(monitor)

    other = tmp_path / "straight"
    other.mkdir()
    straight = Monitor(other, broker)
    found = straight.json("ingest", name)
    assert len(found["excursions"]["new"]) == rows // 600
    assert excursions(straight) == broken_off


def test_restart_begins_again_and_a_finished_import_does_so_by_itself(
    tmp_path: Path, broker: Mosquitto
) -> None:
    monitor = Monitor(tmp_path, broker)
    name = past(tmp_path / "past.csv", 100)
    monitor.json("ingest", name)
    with sqlite3.connect(monitor.database) as store:
        store.execute("UPDATE marker SET value = '60' WHERE name LIKE 'import:%'")
    for options, resumed_at, duplicates in (([], 60, 40), (["--restart"], 0, 100), ([], 0, 100)):
        found = monitor.json("ingest", name, *options)
        assert found["files"][0]["resumed_at"] == resumed_at
        assert found["duplicates"] == duplicates


def test_a_recording_brings_readings_and_lots_and_a_parquet_file_what_it_holds(
    tmp_path: Path, broker: Mosquitto
) -> None:
    monitor = Monitor(tmp_path, broker)
    root = "exosome/v1/lab1"
    registered = {
        "event_id": "r1",
        "occurred_at": START,
        "kind": "registered",
        "product": "EV-7",
        "profile": "ult-80",
        "unit": "F01",
        "expires_at": format_instant(START + DAY),
    }
    disposed = {"event_id": "d1", "occurred_at": START + 2 * DAY, "kind": "disposed"}
    lines: list[dict[str, Any]] = [
        {"topic": f"{root}/lot/L1/event", "payload": registered, "received_at": START + 5},
        {"topic": f"{root}/lot/L2/event", "payload": {**registered, "event_id": "r2"}},
        *(
            {
                "topic": f"{root}/F01/product/reading",
                "payload": {"measured_at": START + n * MINUTE, "celsius": c},
            }
            for n, c in enumerate(WARM)
        ),
        {"topic": f"{root}/F01/product/status", "payload": "offline"},
        {"topic": f"{root}/lot/L1/event", "payload": disposed},
    ]
    recording = tmp_path / "broker.jsonl"
    recording.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = monitor.json("ingest", str(recording))
    assert (found["rows"], found["readings"], found["events"]) == (len(lines), len(WARM), 3)
    assert {each["lot"]: each["before"] for each in found["lots"]} == {"L1": None, "L2": None}
    alarms = monitor.json("alarms", "list")
    told = {
        alarm["subject"] for alarm in alarms if not alarm["past"] and alarm["condition"].startswith("lot_")
    }
    assert told == {"L2"}, "what L1 was before it was disposed of wakes no one"
    assert [alarm["condition"] for alarm in alarms if alarm["past"]] == ["temperature_high"]

    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table(
        {
            "measured_at": pyarrow.array(
                [START + n * MINUTE for n in range(len(WARM))], pyarrow.timestamp("ms", "UTC")
            ),
            "celsius": WARM,
            **{
                name: [value] * len(WARM)
                for name, value in (("site", "lab1"), ("unit", "F01"), ("probe", "product"))
            },
        }
    )
    pytest.importorskip("pyarrow.parquet").write_table(table, tmp_path / "past.parquet")
    found = monitor.json("ingest", str(tmp_path / "past.parquet"))
    assert (found["readings"], found["duplicates"]) == (0, len(WARM))


def test_an_import_through_the_running_program_wakes_no_one_and_survives_its_death(
    tmp_path: Path, stopping: Stopping, broker: Mosquitto
) -> None:
    broker.start()
    inbox = stopping.add(Inbox())
    monitor = stopping.add(Monitor(tmp_path, broker, mail=inbox))
    monitor.start()
    rows = 45_000
    name = past(tmp_path / "past.csv", rows)
    process = begin(monitor, name)
    wait_until(lambda: rows_done(monitor.database) > 0, 60, "some of the file is taken")
    monitor.kill()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "goes on where this one stopped" in err
    stopped_at = rows_done(monitor.database)

    monitor.start()
    found = monitor.json("ingest", name)
    assert found["files"][0]["resumed_at"] == stopped_at
    assert found["readings"] + found["duplicates"] == rows - stopped_at
    assert len(monitor.json("excursions")) == rows // 600
    assert all(alarm["past"] for alarm in monitor.get("/alarms") if alarm["condition"] == "temperature_high")

    # What is warm at the end of an import is told, and live readings still are.
    warm = tmp_path / "warm.csv"
    now = time.time_ns() // 1_000_000
    lines = [f"lab1,F02,product,{now - (20 - n) * MINUTE},-50\n" for n in range(20)]
    warm.write_text(HEADER + "".join(lines))
    assert len(monitor.json("ingest", str(warm))["alarms"]) == 1
    live = {"measured_at": format_instant(now), "celsius": -20.0}
    broker.publish("exosome/v1/lab1/F01/product/reading", [json.dumps(live)])
    wait_until(lambda: len(inbox.mails) >= 2, 30, "both mails")
    assert all("F01" in subject or "F02" in subject for subject in inbox.subjects())
    assert len(inbox.mails) == 2
