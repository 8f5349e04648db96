"""Killed two hundred times in the middle of escalations: everybody who had to be told is told, in order.

The whole program beside a real broker, a real mail server and a real webhook receiver, both of which refuse, defer and
dawdle for half of the time. It is ended by ``kill -9`` at random moments while freezers warm up and cool down, ladders
are climbed, and people acknowledge. Then all is left in peace, and what everybody got is compared with what was true.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
import threading
import time
from collections import defaultdict
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from monitor.core.time.instant import MINUTE, format_instant, parse_instant
from tests.chaos.receivers import Got, Mails, Moods, Webhooks
from tests.chaos.watching import FastClock, watch
from tests.rigs.loopback import free_port
from tests.rigs.server.program import Mosquitto, wait_until

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "200"))
SEED = int(os.environ.get("KILLS_SEED", "6"))
SPEED = 600.0
START_AT = parse_instant("2026-11-20T08:00:00Z")
UNITS = ("F01", "F02", "F03", "F04")
PERIOD, WARM_FOR, APART = 110, 65, 27  # minutes
WAIT = 10  # minutes, of each step of the ladder

MONITOR = """
[mqtt]
client_id = "chaos"
[mail]
host = "127.0.0.1"
from = "monitor@lab.example"
[web]
host = "127.0.0.1"
[alerting]
console = false
retry_first = "30s"
retry_max = "5m"
[detection]
rising_fast = false
flat_line = false
door_open = false
slow_drift = false
cooling_weak = false
[site.lab1]
timezone = "Europe/Berlin"
"""
UNIT = """
[[unit]]
site = "lab1"
name = "{name}"
profile = "plain"
product_probe = "product"
probe = [{{ name = "product", max_gap = "6h", silent_after = "24h" }}]
"""
PROFILE = """
name = "plain"
version = 1
effective_from = 2026-01-01T00:00:00Z
title = "No warning, no limit: an excursion, and nothing else"
window = { high = -60.0 }
deadband = 2.0
delay = "10m"
clear_delay = "5m"
band = [{ name = "warm", above = -60.0 }]
"""
PEOPLE = """
[[person]]
name = "anna"
addresses = ["anna@lab.example"]
[[person]]
name = "bert"
addresses = ["webhook:{url}"]
webhook_key = "env:KEY"
[[person]]
name = "chris"
addresses = ["chris@lab.example"]
[[ladder]]
name = "usual"
repeat = "25m"
step = [
  {{ tell = ["anna"], wait = "{wait}m" }},
  {{ tell = ["bert"], wait = "{wait}m" }},
  {{ tell = ["chris"], wait = "{wait}m" }},
]
[[route]]
ladder = "usual"
"""


def is_warm(unit: int, minute: int) -> bool:
    return (minute - unit * APART) % PERIOD >= PERIOD - WARM_FOR and minute >= unit * APART


def raised_at(unit: int, minute: int) -> int:
    """When the alarm of a warm time that begins at a minute is raised: -60 °C is two thirds of the way from -80 to
    -50, and ten minutes confirm it."""
    return START_AT + (minute - 1) * MINUTE + MINUTE * 2 // 3 + 10 * MINUTE


class Laboratory:
    """Publishes a reading a minute for each unit, on the fast clock, until it is told to let all of them get cold."""

    def __init__(self, clock: FastClock, port: int) -> None:
        self._clock = clock
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="laboratory", clean_session=False)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._minute = 0
        self.begun: list[tuple[int, int]] = []
        self.is_ending = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        warm = [False] * len(UNITS)
        while not self._stop.wait(0.02):
            while START_AT + self._minute * MINUTE <= self._clock.now():
                for number, unit in enumerate(UNITS):
                    is_so = is_warm(number, self._minute) and (warm[number] or not self.is_ending)
                    if is_so and not warm[number]:
                        self.begun.append((number, self._minute))
                    warm[number] = is_so
                    self._publish(unit, -50.0 if is_so else -80.0)
                self._minute += 1
        self.is_cold = not any(warm)

    def _publish(self, unit: str, celsius: float) -> None:
        at = format_instant(START_AT + self._minute * MINUTE)
        payload = json.dumps({"measured_at": at, "celsius": celsius})
        self._client.publish(f"exosome/v1/lab1/{unit}/product/reading", payload, qos=1)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()


def configure(folder: Path, url: str) -> Path:
    config = folder / "config"
    (config / "profiles").mkdir(parents=True)
    (config / "monitor.toml").write_text(MONITOR + "".join(UNIT.format(name=name) for name in UNITS))
    (config / "profiles" / "plain.toml").write_text(PROFILE)
    (config / "people.toml").write_text(PEOPLE.format(url=url, wait=WAIT))
    return config


class Store:
    """What is on record, read beside the program."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, query: str) -> list[sqlite3.Row]:
        if not self._path.exists():
            return []
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=10)) as database:
            database.row_factory = sqlite3.Row
            return database.execute(query).fetchall()

    def alarms(self) -> list[dict[str, Any]]:
        rows = self.rows("SELECT body FROM fact_current WHERE kind = 'alarm'")
        return [json.loads(row["body"]) for row in rows]

    def messages(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self.rows("SELECT * FROM notification ORDER BY number")]


def acknowledge_something(url: str, token_file: Path, random: Random) -> None:
    """Anna takes one of the open alarms, if the program lives just now."""
    with suppress(OSError, ValueError, httpx.HTTPError, KeyError):
        token = json.loads(token_file.read_text())["token"]
        found = httpx.get(f"{url}/api/v1/alarms?open=true", timeout=0.5).json()
        mine = [
            one
            for one in found
            if one["state"] == "unacknowledged" and one["condition"] == "temperature_high"
        ]
        if mine:
            httpx.post(
                f"{url}/api/v1/alarms/{random.choice(mine)['id']}/acknowledge",
                json={"by": "anna", "reason": "chaos"},
                headers={"Authorization": f"Bearer {token}"},
                timeout=0.5,
            )


def test_whoever_had_to_be_told_is_told_in_order_however_often_the_program_is_killed(tmp_path: Path) -> None:
    print("seed", SEED, "kills", KILLS)
    random, got = Random(SEED), list[Got]()
    moods = Moods(SEED), Moods(SEED + 1)
    mails, webhooks = Mails(got.append, moods[0]), Webhooks(got.append, moods[1])
    broker = Mosquitto(tmp_path)
    broker.start()
    config, port, store = configure(tmp_path, webhooks.url), free_port(), Store(tmp_path / "monitor.db")
    environment = {
        "EXOSOME_MONITOR__STORE__URL": f"sqlite:///{tmp_path}/monitor.db",
        "EXOSOME_MONITOR__MQTT__PORT": str(broker.port),
        "EXOSOME_MONITOR__MAIL__PORT": str(mails.port),
        "EXOSOME_MONITOR__WEB__PORT": str(port),
        "KEY": "chaos" * 8,
    }
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["tests.chaos.watching"])
    clock = FastClock(START_AT, time.time() + 1.0, SPEED)
    laboratory: Laboratory | None = None

    def start() -> Any:
        process = forks.Process(target=watch, args=(str(config), environment, clock), daemon=True)
        process.start()
        return process

    try:
        first = start()  # so that the broker knows its session: what comes from now on is kept for it
        wait_until(lambda: _answers(port), 60, "the program to start")
        clock = FastClock(START_AT, time.time(), SPEED)
        first.kill()
        first.join()
        laboratory = Laboratory(clock, broker.port)
        for _ in range(KILLS):
            process = start()
            time.sleep(random.uniform(0.1, 0.5))
            if random.random() < 0.15:
                token = tmp_path / "monitor.db.token"
                acknowledge_something(f"http://127.0.0.1:{port}", token, random)
            process.kill()
            process.join()
        laboratory.is_ending = True
        for mood in moods:
            mood.is_over = True
        process = start()
        wait_until(
            lambda: _is_at_peace(store, laboratory), 90, "all alarms to be over, and nothing to be owed"
        )
        process.kill()
        process.join()
    finally:
        if laboratory is not None:
            laboratory.stop()
        broker.stop()
        mails.stop()
        webhooks.stop()
    assert_no_alarm_was_lost_or_raised_again(store, laboratory)
    assert_everybody_was_told_in_order(store, got)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=1.0).status_code == 200
    except httpx.HTTPError:
        return False


def _is_at_peace(store: Store, laboratory: Laboratory) -> bool:
    alarms, messages = store.alarms(), store.messages()
    return (
        len(alarms) >= len(laboratory.begun)
        and all(alarm["cleared_at"] for alarm in alarms)
        and all(row["sent_at"] or row["withdrawn_at"] for row in messages)
    )


def assert_no_alarm_was_lost_or_raised_again(store: Store, laboratory: Laboratory) -> None:
    warm = [alarm for alarm in store.alarms() if alarm["condition"] == "temperature_high"]
    found = sorted((alarm["subject"], alarm["raised_at"]) for alarm in warm)
    begun = [
        (f"lab1/{UNITS[unit]}/product", format_instant(raised_at(unit, at))) for unit, at in laboratory.begun
    ]
    assert found == sorted(begun)
    assert len(begun) > KILLS // 12, "there was something to tell"


def assert_everybody_was_told_in_order(store: Store, got: list[Got]) -> None:
    about = {alarm["id"] for alarm in store.alarms()}
    heard: dict[tuple[str, str], list[Got]] = defaultdict(list)
    for one in got:
        if one.alarm not in about:
            continue  # a digest
        heard[one.alarm, one.recipient].append(one)
    sent = {
        (row["about"], row["recipient"])
        for row in store.messages()
        if row["sent_at"] and row["about"] in about
    }
    assert sent <= set(heard), "what is recorded as told was told"
    for (alarm, recipient), messages in heard.items():
        firsts = list(dict.fromkeys(messages))
        kinds = [one.kind for one in firsts]
        assert kinds[0] == "opened", (alarm, recipient, kinds)
        assert kinds[-1] == "closed", (alarm, recipient, kinds)
        assert kinds.count("opened") == kinds.count("closed") == 1
        if "taken" in kinds:
            assert not {"reminder", "again"} & set(kinds[kinds.index("taken") :]), (alarm, recipient, kinds)
    for alarm in store.alarms():
        if alarm["condition"] != "temperature_high":
            continue
        told_from = parse_instant(alarm["telling"]["from_at"])
        ends = [alarm["acknowledged_at"] or alarm["cleared_at"], alarm["cleared_at"]]
        until = (
            min(parse_instant(end) for end in ends) if alarm["acknowledged_at"] else parse_instant(ends[1])
        )
        for step, who in enumerate(("anna", "bert", "chris")):
            # What is due is told as soon as the program lives, which may be some minutes late.
            if until - told_from > (step * WAIT + WAIT) * MINUTE:
                assert (alarm["id"], who) in heard, (alarm, who)
    repeated = len(got) - len(set(got))
    print(f"{len(got)} messages, {repeated} of them repeated; {len(heard)} pairs of alarm and person")
    assert repeated <= KILLS, "only a crash between sending and recording repeats a message"
    assert {one.kind for one in got} >= {"opened", "reminder", "closed"}
