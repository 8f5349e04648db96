"""The command line on a real store, while the program runs in a process of its own, and while it doesn't."""

from __future__ import annotations

import csv
import getpass
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from monitor.cli.program import program
from monitor.config.starter import write_starter
from monitor.core.time.instant import HOUR, MINUTE, format_instant
from monitor.program.clock import SystemClock
from tests.conftest import need
from tests.house import ROOT
from tests.rigs.loopback import free_port

PATIENCE = 30.0
"""Real seconds after which a wait has failed."""

MONITOR_TOML = """
[store]
url = "sqlite:///{folder}/monitor.db"
[mqtt]
port = {broker}
[web]
port = {web}
[site.lab1]
timezone = "Europe/Berlin"
[[unit]]
site = "lab1"
name = "F01"
profile = "ult-80"
probe = [{{ name = "product", max_gap = "15m", silent_after = "15m" }}]
[[unit]]
site = "lab1"
name = "F02"
profile = "ult-80"
probe = [{{ name = "product", max_gap = "15m", silent_after = "15m" }}]
"""


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, f"waited {PATIENCE:g} s for {what}"
        pause.wait(0.05)


class Installation:
    """A folder with a configuration, and the program's commands in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker = free_port()
        write_starter(folder / "config")
        text = MONITOR_TOML.format(folder=folder, broker=self.broker, web=free_port())
        (folder / "config" / "monitor.toml").write_text(text, encoding="utf-8")
        self.env = {**os.environ, "PYTHONPATH": str(ROOT)}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "monitor", *words]

    def run(self, *words: str, code: int = 0) -> Any:
        """A command in this process (starting one takes seconds on a busy machine); has ``stdout``, ``stderr``."""
        done = CliRunner().invoke(program, words, prog_name="exosome-monitor")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    def answer(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def register(self, lot: str, at: int, *more: str, code: int = 0) -> Any:
        what = ("--product", "MSC exosomes", "--profile", "ult-80", "--unit", "F01")
        expiry = () if "--expires-at" in more else ("--expires-on", "2099-06-30")
        return self.run("lots", "register", lot, *what, *expiry, "--at", format_instant(at), *more, code=code)

    @contextmanager
    def mosquitto(self) -> Iterator[None]:
        mosquitto = need("mosquitto")
        lines = (f"listener {self.broker} 127.0.0.1", "allow_anonymous true", f"user {getpass.getuser()}")
        (self.folder / "mosquitto.conf").write_text("\n".join(lines), encoding="utf-8")
        with _process(
            [mosquitto, "-c", str(self.folder / "mosquitto.conf")], self.folder, self.env, "broker.log"
        ):
            wait_until(lambda: _listens(self.broker), "mosquitto to listen")
            yield

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        with _process(self.command("run"), self.folder, self.env, "run.log") as process:
            token = self.folder / "monitor.db.token"
            wait_until(lambda: token.exists() or process.poll() is not None, "the program to open its way in")
            assert process.poll() is None, (self.folder / "run.log").read_text(encoding="utf-8")
            # Before it has subscribed, a new installation's broker keeps nothing for it.
            ready = f"{json.loads(token.read_text(encoding='utf-8'))['url']}/readyz"
            wait_until(lambda: httpx.get(ready).status_code == 200, "the program to be ready")
            yield process


@contextmanager
def _process(
    command: list[str], folder: Path, env: dict[str, str], log: str
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / log).open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=output)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    for name in [name for name in os.environ if name.startswith("EXOSOME_MONITOR")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Installation(tmp_path)


def test_a_lots_life_is_recorded_and_shown_while_the_program_is_stopped(here: Installation) -> None:
    now = SystemClock().now()
    here.register("EXO-1", now - 3 * HOUR, "--event-id", "e1")
    assert "on record already" in here.register("EXO-1", now - 3 * HOUR, "--event-id", "e1").stdout
    assert "registered already" in here.register("EXO-1", now, code=1).stderr
    assert "lab1/F09" in here.run("lots", "move", "EXO-1", "lab1/F09", code=1).stderr
    here.run("lots", "move", "EXO-1", "F02", "--at", format_instant(now - HOUR))
    here.run("lots", "event", "EXO-1", "quarantined", "--reason", "label damaged")
    found = here.answer("lots", "show", "EXO-1")
    assert [stay["unit"] for stay in found["custody"]] == ["lab1/F01", "lab1/F02"]
    # Nobody has heard of its temperature yet: that is not the same as within its profile.
    assert (found["disposition"], found["verdict"]) == ("quarantined", "indeterminate")
    assert found["coverage"] == 0.0
    before = here.answer("lots", "show", "EXO-1", "--as-of", format_instant(now - 2 * HOUR))
    assert (before["unit"], before["disposition"]) == ("lab1/F01", "in_storage")
    assert "there is no lot" in here.run("lots", "show", "EXO-9", code=1).stderr


@pytest.mark.parametrize(
    "line",
    [
        *("alarms", "alarms --json", "alarms unwatched", "alarms show a1", "alarms ack a1", "alarms end s1"),
        *("units", "lots list", "lots show EXO-1", "excursions", "rejected", "notifications"),
        "influx status",
    ],
)
def test_where_no_store_is_yet_a_question_says_so_and_makes_none(here: Installation, line: str) -> None:
    with (here.folder / "config" / "monitor.toml").open("a", encoding="utf-8") as file:
        file.write('\n[influx]\nurl = "file:influx.lp"\n')
    done = here.run(*line.split(), code=2)
    assert f"there is no store yet at {here.folder / 'monitor.db'}" in done.stderr
    assert "Start 'exosome-monitor run'" in done.stderr
    assert done.stdout == ""
    assert [path.name for path in here.folder.iterdir()] == ["config"]


def test_an_expired_lot_is_breached_with_exit_1(here: Installation) -> None:
    now = SystemClock().now()
    here.register("EXO-1", now - 3 * HOUR, "--expires-at", format_instant(now - HOUR))
    assert "expired" in here.run("lots", "show", "EXO-1", code=1).stdout
    here.run("lots", "show", "EXO-1", "--as-of", format_instant(now - 2 * HOUR))
    assert [lot["verdict"] for lot in here.answer("lots", "list")] == ["breached"]


def test_commands_go_through_the_running_program_and_readings_are_exported(here: Installation) -> None:
    now = SystemClock().now()
    start = now - now % MINUTE - 60 * MINUTE
    with here.mosquitto(), here.running() as process:
        _publish(here.broker, start)
        here.register("EXO-1", start + 10 * MINUTE + 1)
        here.run("lots", "move", "EXO-1", "out", "--at", format_instant(start + 40 * MINUTE + 1))
        wait_until(lambda: here.answer("units")[0]["celsius"] == -79.0, "the last reading to be judged")
        assert here.answer("rejected")["counts"] == {"not_json": 1}
        folder = here.folder / "out" / "EXO-1"
        assert "32 readings" in here.run("export", "lot", "EXO-1", "--out", "out").stdout
        assert "is there already" in here.run("export", "lot", "EXO-1", "--out", "out", code=2).stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    with (folder / "readings.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["in_custody"] for row in rows] == ["false", *["true"] * 30, "false"]
    assert [row["measured_at"] for row in rows] == [format_instant(start + n * MINUTE) for n in range(10, 42)]
    for file in json.loads((folder / "manifest.json").read_text("utf-8"))["files"]:
        assert file["sha256"] == hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest()
    assert not (here.folder / "monitor.db.token").exists()
    # Out of storage for longer than is free, it counts as at room temperature: a band that must never be touched.
    found = here.answer("lots", "show", "EXO-1", code=1)
    assert (found["unit"], found["verdict"]) == (None, "breached")
    assert "band_touched" in [reason["code"] for reason in found["reasons"]]


def _publish(port: int, start: int) -> None:
    """An hour of readings of F01, one a minute, and a message that is none."""
    client = Client(CallbackAPIVersion.VERSION2, client_id="sensor")
    client.connect("127.0.0.1", port)
    client.loop_start()
    topic = "exosome/v1/lab1/F01/product/reading"
    for n in range(60):
        celsius = -79.0 if n == 59 else -80.0
        reading = {"measured_at": format_instant(start + n * MINUTE), "celsius": celsius}
        client.publish(topic, json.dumps(reading), qos=1).wait_for_publish(PATIENCE)
    client.publish(topic, b"no json", qos=1).wait_for_publish(PATIENCE)
    client.disconnect()
    client.loop_stop()


def test_a_configuration_with_mistakes_ends_run_with_exit_2(here: Installation) -> None:
    path = here.folder / "config" / "monitor.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("ult-80", "ult-81", 1), encoding="utf-8")
    done = subprocess.run(here.command("run"), env=here.env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "did you mean ult-80?" in done.stderr
    assert done.stdout == ""
