"""The main job, end to end, with real servers: a reading on MQTT to a judged excursion, InfluxDB and a mail."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.core.time.instant import MINUTE, format_instant, parse_instant
from tests.rigs.server.influxd import InfluxServer, influx  # noqa: F401 - a fixture
from tests.rigs.server.program import Inbox, Monitor, Mosquitto, Stopping, wait_until

pytestmark = pytest.mark.slow

# Twelve minutes above -60 °C, on a line a minute; the limits of the starter's ult-80.
CELSIUS = [
    -78.0,
    -70.0,
    -62.0,
    -58.0,
    -54.0,
    -52.0,
    -51.0,
    -50.0,
    -50.0,
    -51.0,
    -52.0,
    -53.0,
    -54.0,
    -56.0,
    -58.0,
]
CELSIUS += [-62.0, -66.0, -70.0, -74.0, -76.0, -78.0, -78.0]
TOPIC = "exosome/v1/lab1/F01/product/reading"


@pytest.fixture
def stopping() -> Iterator[Stopping]:
    everything = Stopping()
    yield everything
    everything.stop()


def payloads(first_at: int) -> list[str]:
    """The readings as a person would type them."""
    return [
        json.dumps({"measured_at": format_instant(first_at + i * MINUTE), "celsius": celsius, "seq": i})
        for i, celsius in enumerate(CELSIUS)
    ]


def now() -> int:
    return time.time_ns() // 1_000_000


def without_versions(found: list[dict]) -> list[dict]:
    return [{key: value for key, value in e.items() if key not in ("id", "version")} for e in found]


def test_twenty_two_readings_give_one_excursion_everywhere_and_one_mail_each_way(
    tmp_path: Path,
    stopping: Stopping,
    influx: InfluxServer,  # noqa: F811
) -> None:
    broker = stopping.add(Mosquitto(tmp_path))
    broker.start()
    inbox = stopping.add(Inbox())
    to_influx = {
        "EXOSOME_MONITOR__INFLUX__URL": influx.url,
        "EXOSOME_MONITOR__INFLUX__ORG": influx.org,
        "EXOSOME_MONITOR__INFLUX__BUCKET": influx.bucket,
        "INFLUXDB_TOKEN": influx.token,
    }
    monitor = stopping.add(Monitor(tmp_path, broker, mail=inbox, env=to_influx))
    monitor.start()
    first_at = now() // MINUTE * MINUTE - 22 * MINUTE
    broker.publish(TOPIC, payloads(first_at))

    (excursion,) = wait_until(
        lambda: [e for e in monitor.json("excursions") if e["closed_at"] is not None],
        what="one closed excursion",
    )
    # Leaves −60 half-way between −62 at minute 2 and −58 at minute 3; is back half-way between minutes 14 and 15;
    # is 2 °C inside (−62) at minute 15, and has stayed inside for 5 minutes at minute 20.
    assert parse_instant(excursion["started_at"]) == first_at + 2 * MINUTE + 30_000
    assert parse_instant(excursion["confirmed_at"]) == first_at + 12 * MINUTE + 30_000
    assert parse_instant(excursion["ended_at"]) == first_at + 14 * MINUTE + 30_000
    assert parse_instant(excursion["closed_at"]) == first_at + 20 * MINUTE
    assert excursion["confirmed_by"] == "delay"
    assert excursion["extreme_celsius"] == -50.0

    assert monitor.get("/excursions") == [excursion]
    wait_until(lambda: len(inbox.mails) >= 2, what="two mails")
    opened, closed = inbox.subjects()
    assert "F01 too warm" in opened
    assert closed.startswith("[CLOSED] F01")
    points = wait_until(
        lambda: (found := influx.points("storage_temperature", "unit", "F01"))[len(CELSIUS) - 1 :] and found,
        what="the readings in InfluxDB",
    )
    assert sorted(point["celsius"] for point in points) == sorted(CELSIUS)
    versions = wait_until(
        lambda: [p for p in influx.points("excursion", "unit", "F01") if p.get("closed_at")],
        what="the excursion in InfluxDB",
    )
    assert versions[-1]["started_at"] == excursion["started_at"]

    broker.publish(TOPIC, payloads(first_at)[::-1] * 2)
    wait_until(lambda: monitor.measure("readings_duplicate_total") >= 2 * len(CELSIUS), what="copies seen")
    assert monitor.json("excursions") == [excursion]
    time.sleep(1.5)
    assert len(inbox.mails) == 2


def test_the_same_readings_in_reverse_order_and_twice_give_the_same(
    tmp_path: Path, stopping: Stopping
) -> None:
    broker = stopping.add(Mosquitto(tmp_path))
    broker.start()
    first_at = now() // MINUTE * MINUTE - 22 * MINUTE
    found = []
    for name, order in (("forward", payloads(first_at)), ("reverse", payloads(first_at)[::-1] * 2)):
        folder = tmp_path / name
        folder.mkdir()
        monitor = stopping.add(Monitor(folder, broker, env={"EXOSOME_MONITOR__MQTT__CLIENT_ID": name}))
        monitor.start()
        broker.publish(TOPIC, order)
        wait_until(
            lambda m=monitor: m.measure("readings_committed_total") >= len(CELSIUS), what="all committed"
        )
        wait_until(
            lambda m=monitor: any(excursion["closed_at"] for excursion in m.json("excursions")), what="closed"
        )
        found.append(without_versions(monitor.json("excursions")))
        monitor.stop()
    assert found[0] == found[1]


LOAD = """
import sys, threading, time, json
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
port, first, count = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
client = Client(CallbackAPIVersion.VERSION2, client_id=f"load{first}")
client.max_inflight_messages_set(2000)
client.connect("127.0.0.1", port)
client.loop_start()
begun = time.monotonic()
infos = []
for n in range(first, first + count):
    body = json.dumps({"measured_at": 1_700_000_000_000 + n * 7, "celsius": -80.0 + (n % 50) / 100, "seq": n})
    infos.append(client.publish(f"exosome/v1/lab1/F0{1 + n % 3}/product/reading", body, qos=1))
    while n - first > (time.monotonic() - begun) * 5000:
        time.sleep(0.001)
for info in infos:
    info.wait_for_publish(60)
client.disconnect()
"""


@pytest.mark.parametrize("seed", [20261123])
def test_kill_9_ten_times_under_load_loses_and_doubles_nothing(
    tmp_path: Path, stopping: Stopping, seed: int
) -> None:
    """5,000 messages a second come in; the monitor is killed at random. What the broker accepted is there once."""
    chance = random.Random(seed)
    broker = stopping.add(Mosquitto(tmp_path))
    broker.start()
    monitor = stopping.add(Monitor(tmp_path, broker))
    monitor.start()  # its session exists from here on
    total = 60_000
    load = subprocess.Popen([sys.executable, "-c", LOAD, str(broker.port), "0", str(total)])
    for _ in range(10):
        time.sleep(chance.uniform(0.2, 1.5))
        monitor.kill()
        monitor.start()
    assert load.wait(120) == 0, f"seed={seed}"

    def committed() -> int:
        with sqlite3.connect(f"file:{monitor.database}?mode=ro", uri=True) as database:
            return int(database.execute("SELECT count(*) FROM reading").fetchone()[0])

    wait_until(lambda: committed() >= total, 60, f"all are in the store (seed={seed})")
    time.sleep(1.0)
    monitor.stop()
    with sqlite3.connect(f"file:{monitor.database}?mode=ro", uri=True) as database:
        distinct = database.execute("SELECT count(DISTINCT seq), count(*) FROM reading").fetchone()
    assert distinct == (total, total), f"seed={seed}"


def test_a_lot_goes_through_the_running_program_and_without_it(tmp_path: Path, stopping: Stopping) -> None:
    broker = stopping.add(Mosquitto(tmp_path))
    broker.start()
    monitor = stopping.add(Monitor(tmp_path, broker))
    register = ["lots", "register", "L-1", "--product", "EV-7", "--profile", "ult-80", "--unit", "lab1/F01"]
    monitor.command(*register, "--expires-on", "2099-12-31", "--event-id", "e1")  # nobody runs: by itself
    monitor.start()
    monitor.command("lots", "move", "L-1", "lab1/F02", "--event-id", "e2")  # through the API
    quarantine = {
        "event_id": "e3",
        "occurred_at": format_instant(now()),
        "kind": "quarantined",
        "by": "QA",
        "reason": "label torn",
    }
    broker.publish("exosome/v1/lab1/lot/L-1/event", [json.dumps(quarantine)])
    lot = wait_until(
        lambda: (found := monitor.json("lots", "show", "L-1"))["disposition"] == "quarantined" and found,
        what="the event over MQTT",
    )
    assert lot["unit"] == "lab1/F02"
    assert [stay["unit"] for stay in lot["custody"]] == ["lab1/F01", "lab1/F02"]
    assert monitor.get("/lots/L-1")["verdict"] == "indeterminate"  # no reading has come yet
    monitor.command("lots", "event", "L-1", "voided", "--voids", "e2", "--reason", "scanned the wrong box")
    assert monitor.json("lots", "show", "L-1")["unit"] == "lab1/F01"
    monitor.command("export", "lot", "L-1", "--out", str(tmp_path / "out"))
    assert json.loads((tmp_path / "out" / "L-1" / "lot.json").read_text())["lot"] == "L-1"
    assert monitor.stop() == 0


def test_a_second_program_on_the_same_store_is_refused_in_words(tmp_path: Path, stopping: Stopping) -> None:
    broker = stopping.add(Mosquitto(tmp_path))
    broker.start()
    monitor = stopping.add(Monitor(tmp_path, broker))
    monitor.start()
    monitor.command("run", expect=2)


def test_rows_deleted_in_influxdb_come_back_by_the_reconcile_command(
    tmp_path: Path,
    stopping: Stopping,
    influx: InfluxServer,  # noqa: F811
) -> None:
    broker = stopping.add(Mosquitto(tmp_path))
    broker.start()
    to_influx = {
        "EXOSOME_MONITOR__INFLUX__URL": influx.url,
        "EXOSOME_MONITOR__INFLUX__ORG": influx.org,
        "EXOSOME_MONITOR__INFLUX__BUCKET": influx.bucket,
        "INFLUXDB_TOKEN": influx.token,
    }
    monitor = stopping.add(Monitor(tmp_path, broker, env=to_influx))
    monitor.start()
    first_at = now() // MINUTE * MINUTE - 22 * MINUTE
    broker.publish("exosome/v1/lab1/F03/product/reading", payloads(first_at))

    def points() -> int:
        return len(influx.points("storage_temperature", "unit", "F03"))

    wait_until(lambda: points() == len(CELSIUS), what="all readings in InfluxDB")
    influx.delete('_measurement="storage_temperature"', first_at, now() + MINUTE)
    assert points() == 0
    monitor.command("influx", "reconcile")
    assert points() == len(CELSIUS)
