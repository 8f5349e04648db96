"""What tests of the command line put in the place of :mod:`monitor.program.app`: two sites, one lot breached, one well.

Not a test itself; the name lets the other test files of the command line find it.
"""

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
from monitor.core.time.instant import format_instant, parse_instant
from monitor.ports import JSON
from tests.rigs.cli_alarms import AlarmsOfCommands, AlarmsOfView

NOW = parse_instant("2026-11-22T10:04:30Z")

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


def excursion(**changes: Any) -> JSON:
    """A confirmed, open excursion of lab1/F01."""
    return {
        "id": "x17",
        "version": 2,
        "channel": "lab1/F01/product",
        "direction": "high",
        "started_at": "2026-11-22T09:00:00.000Z",
        "ended_at": None,
        "closed_at": None,
        "confirmed_at": "2026-11-22T09:10:00.000Z",
        "confirmed_by": "delay",
        "extreme_celsius": -48.0,
        "degree_minutes": 402.5,
        "seconds_by_band": {"warm": 3120},
        "unknown_seconds": 0,
        "profile": "ult-80",
        "profile_version": 1,
        "events": [],
        "lots": ["EXO-1"],
        "superseded_by": None,
        **changes,
    }


def budget(
    band: str,
    above: float | None,
    up_to: float | None,
    limit: float | None,
    spent: float = 0.0,
    **changes: Any,
) -> JSON:
    """A budget as a lot's JSON has it; seconds and °C."""
    left = None if limit is None else max(0.0, limit - spent)
    figures = {"limit_seconds": limit, "spent_seconds": spent, "left_seconds": left}
    ends = {"exhausted_at": None, "runs_out_at": None}
    return {"band": band, "above": above, "up_to": up_to, **figures, **ends, **changes}


def lot(name: str, verdict: str, **changes: Any) -> JSON:
    """A lot in lab1/F01, with every field that a lot's JSON has."""
    text = "expired on 2026-11-21 00:00 +01:00: by its label"
    evidence = {"expires_at": "2026-11-20T23:00:00.000Z", "expiry_reason": "label", "profile": "ult-80@1"}
    reasons = [{"code": "expired", "text": text, "evidence": evidence}] if verdict == "breached" else []
    return {
        "as_of": format_instant(NOW),
        "lot": name,
        "site": "lab1",
        "product": "MSC exosomes",
        "profile": "ult-80",
        "profile_version": 1,
        "unit": "lab1/F01",
        "disposition": "in_storage",
        "verdict": verdict,
        "reasons": reasons,
        "expires_at": "2026-11-20T23:00:00.000Z",
        "effective_expires_at": "2026-11-20T23:00:00.000Z",
        "expiry_reason": "label",
        "profile_bound": None,
        "storage_class": "ult-80",
        "window": {"low": -90.0, "high": -60.0},
        "thaw_count": 0,
        "thaw_count_determinate": True,
        "thaw_limit": 1,
        "thawed_at": None,
        "is_frozen": True,
        "thaws": [],
        "budgets": [
            budget("warm", -60.0, -40.0, 86_400.0, 3_120.0),
            budget("thaw", -20.0, None, 0.0),
            budget("cold", None, -90.0, None),
            budget("out_of_storage", None, None, 1_800.0),
        ],
        "known_seconds": 27_000_000.0,
        "unknown_seconds": 2_400.0,
        "pending_seconds": 0.0,
        "out_of_storage_seconds": 0.0,
        "coverage": 0.9996,
        "coverage_minimum": 0.95,
        "mkt_celsius": None,
        "mkt_reason": "the window lies below 0 °C",
        "mkt_limit": None,
        "mkt_worst": None,
        "min_celsius": -81.5,
        "max_celsius": -48.0,
        "uncertain_seconds": None,
        "parent": None,
        "children": [],
        "quantity": None,
        "gtin": None,
        "lot_number": name,
        "serial": None,
        "registered_at": "2026-01-05T08:00:00.000Z",
        "disposed_at": None,
        "without_effect": {},
        "custody": [{"unit": "lab1/F01", "from": "2026-01-05T08:00:00.000Z", "to": None}],
        "excursions": ["x17"],
        **changes,
    }


class FakeView(AlarmsOfView):
    """A view of two lots; ``asked`` holds what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.all_lots = [lot("EXO-1", "within_profile"), lot("EXO-2", "breached")]
        self.all_excursions = [excursion()]
        self.all_units = [_unit("lab1/F01", -48.0, "excursion"), _unit("lab1/F02", None, "unknown")]
        self.payload = '{"measured_at": "2026-11-22T09:04:30", "celsius": -80}'

    def now(self) -> int:
        return NOW

    def sites(self) -> list[JSON]:
        return [{"site": "lab1", "timezone": "Europe/Berlin"}]

    def units(self) -> list[JSON]:
        return self.all_units

    def unit(self, unit: str) -> JSON | None:
        return next((each for each in self.all_units if each["unit"] == unit), None)

    def readings(self, channel: str, start: int, end: int, points: int) -> JSON | None:
        return {"channel": channel, "readings": []}

    def excursions(self, **asked: Any) -> list[JSON]:
        self.asked.append(("excursions", asked))
        return self.all_excursions

    def lots(self, *, as_of: int | None = None) -> list[JSON]:
        self.asked.append(("lots", {"as_of": as_of}))
        return self.all_lots

    def lot(self, lot: str, *, as_of: int | None = None) -> JSON | None:
        self.asked.append(("lot", {"lot": lot, "as_of": as_of}))
        return next((each for each in self.all_lots if each["lot"] == lot), None)

    def notifications(self, *, limit: int = 200) -> list[JSON]:
        self.asked.append(("notifications", {"limit": limit}))
        return [
            {
                "id": "n1",
                "alarm": "a1",
                "recipient": "anna",
                "medium": "mail",
                "subject": "Too warm: F01",
                "due_at": "2026-11-22T09:10:00.000Z",
                "sent_at": None,
                "attempts": 3,
                "error": "mail.lan refused",
            }
        ]

    def rejected(self, *, limit: int = 200) -> JSON:
        self.asked.append(("rejected", {"limit": limit}))
        message = {
            "received_at": "2026-11-22T09:04:31.000Z",
            "topic": "exosome/v1/lab1/F01/product/reading",
            "payload": self.payload,
            "reason": "bad_time",
            "detail": "no offset",
        }
        return {"counts": {"bad_time": 1}, "messages": [message]}

    def health(self) -> JSON:
        return {"ready": True}


def _unit(unit: str, celsius: float | None, state: str) -> JSON:
    return {
        "unit": unit,
        "title": unit,
        "window": {"low": -90.0, "high": -60.0},
        "celsius": celsius,
        "measured_at": None if celsius is None else "2026-11-22T10:04:00.000Z",
        "state": state,
        "state_text": state,
        "probes": [{"probe": "product", "product": True}],
        "lots": [],
    }


class FakeCommands(AlarmsOfCommands):
    """Keeps the events that it was given; ``answer`` is what it says, or raises."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str, str, JSON]] = []
        self.bound: list[tuple[str, str, str, str]] = []

    def lot_event(self, site: str, lot: str, event: JSON) -> JSON:
        if isinstance(self.answer, Exception):
            raise self.answer
        self.events.append((site, lot, event))
        return {"event_id": event["event_id"], "outcome": self.answer}

    def bind(self, lot: str, profile: str, *, reason: str, by: str) -> JSON:
        if isinstance(self.answer, Exception):
            raise self.answer
        self.bound.append((lot, profile, reason, by))
        return {"event_id": "b1", "outcome": "recorded"}


class FakeApp(ModuleType):
    """In the place of :mod:`monitor.program.app`. ``called`` holds what the commands asked of it."""

    def __init__(self) -> None:
        super().__init__("monitor.program.app")
        self.view = FakeView()
        self.commands = FakeCommands()
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
