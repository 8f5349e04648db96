"""What tests of the command line put in the place of :mod:`monitor.program.app`."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

import monitor.program
from monitor.cli.program import program
from monitor.config import Configuration, load
from monitor.config.starter import write_starter
from monitor.ports import JSON
from tests.fakes.commands import FakeCommands
from tests.fakes.desk import fake_desk
from tests.fakes.view import FakeView

MONITOR_TOML = """
[site.lab1]
timezone = "Europe/Berlin"

[[unit]]
site = "lab1"
name = "F01"
profile = "ult-80"
probe = [{ name = "product", max_gap = "15m" }]

[[unit]]
site = "lab1"
name = "F02"
profile = "ult-80"
probe = [{ name = "product", max_gap = "15m" }]
"""
SECOND_SITE = """
[site.lab2]
timezone = "America/New_York"

[[unit]]
site = "lab2"
name = "F01"
profile = "ult-80"
probe = [{ name = "product", max_gap = "15m" }]
"""


class FakeApp(ModuleType):
    """In the place of :mod:`monitor.program.app`. ``called`` holds what the commands asked of it."""

    def __init__(self) -> None:
        super().__init__("monitor.program.app")
        self.view = fake_desk()
        self.commands = FakeCommands(self.view, self.view.all_suppressions)
        self.called: dict[str, Any] = {}
        self.code = 0
        self.influx: Any = {"ok": True, "text": "up to date", "behind_readings": 0, "behind_facts": 0}
        self.reconciled: Any = {"agrees": True, "channels": []}
        self.tested: list[JSON] = [{"recipient": "anna", "medium": "mail", "ok": True, "text": "sent"}]
        self.fails_to_open: Exception | None = None
        self.contradiction: Exception | None = None
        file = {"file": "past.csv", "rows": 1200, "resumed_at": 0, "damaged": None}
        counts = {"rows": 1200, "accepted": 1200, "readings": 1198, "events": 2, "duplicates": 0}
        none = {"rejected": 0, "rejected_by_reason": {}, "rejected_first": [], "lots": [], "alarms": []}
        changed = {"excursions": {"new": ["x1"], "changed": [], "withdrawn": []}, "past_alarms": ["a2"]}
        self.imported: Any = {"files": [file], **counts, **none, **changed, "interrupted": False}

    def load(self, directory: Path) -> Configuration:
        self.called["load"] = directory
        return load(directory, {})

    @contextmanager
    def open_view(self, configuration: Configuration) -> Iterator[FakeView]:
        if self.fails_to_open is not None:
            raise self.fails_to_open
        yield self.view

    def require_store(self, configuration: Configuration) -> None:
        if self.fails_to_open is not None:
            raise self.fails_to_open

    @contextmanager
    def open_commands(self, configuration: Configuration) -> Iterator[FakeCommands]:
        yield self.commands

    def check_on_call(self, configuration: Configuration) -> None:
        pass

    def check_against_store(self, configuration: Configuration) -> None:
        if self.contradiction is not None:
            raise self.contradiction

    def ingest(
        self,
        configuration: Configuration,
        names: list[str],
        *,
        restart: bool,
        progress: Callable[[str, int, float], None],
        stop: threading.Event,
    ) -> JSON:
        self.called["ingest"] = (names, restart)
        self.stop = stop
        progress(names[0], 600, 0.5)
        return self._answer(self.imported)

    def run(self, configuration: Configuration) -> int:
        if self.contradiction is not None:
            raise self.contradiction
        self.called["run"] = configuration.directory
        return self.code

    def demo(self, **asked: Any) -> int:
        self.called["demo"] = asked
        if asked["scenario"] == "none-such":
            raise ValueError("there is no such story")
        return self.code

    def influx_status(self, configuration: Configuration) -> JSON:
        return self._answer(self.influx)

    def influx_reconcile(
        self,
        configuration: Configuration,
        start: int | None,
        end: int | None,
        progress: Callable[[int, int, str], None],
    ) -> JSON:
        self.called["reconcile"] = (start, end)
        progress(1, 2, "lab1/F01/product")
        return self._answer(self.reconciled)

    def backup(self, configuration: Configuration, folder: Path) -> JSON:
        self.called["backup"] = folder
        made = {"path": f"{folder}/monitor-20261122T033000Z.db", "bytes": 4_096, "log_position": 7}
        return {**made, "recorded_at": "2026-11-22T03:30:00.000Z"}

    def notify_test(self, configuration: Configuration, person: str | None = None) -> list[JSON]:
        self.called["notify_test"] = person
        return self.tested

    def _answer(self, answer: Any) -> JSON:
        if isinstance(answer, Exception):
            raise answer
        found: JSON = answer
        return found


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeApp:
    """The fake application, and a current directory with a configuration of two units at one site."""
    fake = FakeApp()
    monkeypatch.setitem(sys.modules, "monitor.program.app", fake)
    monkeypatch.setattr(monitor.program, "app", fake, raising=False)
    monkeypatch.setattr("laboratory.demo.run_demo", fake.demo)
    monkeypatch.delenv("EXOSOME_MONITOR_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    write_starter(tmp_path / "config")
    (tmp_path / "config" / "monitor.toml").write_text(MONITOR_TOML, encoding="utf-8")
    return fake


def add_site(tmp_path: Path) -> None:
    """Gives the configuration a second site, in another time zone, with a unit of the same name."""
    (tmp_path / "config" / "monitor.toml").write_text(MONITOR_TOML + SECOND_SITE, encoding="utf-8")


def run(line: str, code: int = 0) -> Any:
    """Runs a command line and asserts its exit code; the result has ``stdout`` and ``stderr``."""
    result = CliRunner().invoke(program, shlex.split(line), prog_name="exosome-monitor")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def answer(line: str, code: int = 0) -> Any:
    """What a command prints as JSON."""
    return json.loads(run(line, code).stdout)
