"""Real answers, from a real store: over HTTP from a freezer that warms, and by command from the worked example.

Not a test itself: tests of docs/json.md hold the answers against what that describes.
"""

from __future__ import annotations

import json
import shutil
from math import exp
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from monitor.cli.program import program
from monitor.core.channel.reading import Reading
from monitor.core.profile.profile import Band, Profile, SideRule, ThawRule, WarningLevel
from monitor.core.time.instant import HOUR, MINUTE, format_instant
from monitor.ports import Decoded
from monitor.program.clock import SystemClock
from monitor.testing import ult_profile
from tests.house import ROOT
from tests.rigs.alarms_rig import AlarmsRig
from tests.rigs.lab import T0

EXAMPLE = ROOT / "docs" / "example"
LABEL = {"product": "EV-7", "profile": "ult"}
WHY = {"by": "anna", "reason": "door"}
Said = dict[str, list[Any]]
"""What was answered, by the address or the command."""


def over_http(folder: Path) -> Said:
    """What the API answers, all addresses but ``/readyz``; refusals under ``error``."""
    answers: Said = {}
    rig = AlarmsRig(folder, profiles=[_profile()])
    try:
        _OverHttp(rig, answers).run()
    finally:
        rig.close()
    return answers


def _profile() -> Profile:
    """One with a limit of every kind."""
    return ult_profile(
        bands=(
            Band("warm", -60.0, -40.0, 24 * HOUR),
            Band("warmer", -40.0, None, 2 * HOUR),
            Band("cold", None, -90.0, None),
        ),
        high=SideRule(10 * MINUTE, 5 * MINUTE, -40.0, HOUR),
        warning=WarningLevel(None, -70.0, 30 * MINUTE),
        thaw=ThawRule(-20.0, 10 * MINUTE, -40.0, 4 * HOUR, 1),
        coverage_minimum=0.95,
        ambient=22.0,
    )


def _warms(rig: AlarmsRig) -> None:
    """F02 loses its cooling after an hour; F01 is too warm for two minutes, and then for a quarter of an hour."""
    start = rig.clock.now()
    here = [-80, -80, -58, -58, *[-80] * 10, *[-30] * 15, *[-80] * 20]
    for minute in range(210):
        at = rig.clock.at = start + minute * MINUTE
        celsius = 22 - 97 * exp(-max(0, minute - 60) / 600)
        rig.read([Reading(at, at, round(celsius, 2), battery_percent=93)], channel="lab1/F02/product")
        if minute < len(here):
            rig.read([Reading(at, at, here[minute])])
    number = rig.ids["lab1/F02/product"]
    rig.writer.take(Decoded(statuses=[(number, True, rig.clock.now())]), lambda: None)
    rig.writer.tick(rig.clock.now(), None)


class _OverHttp:
    """A freezer that warms with lots in it, an aliquot, a lot that was never stored; alarms and all that people do."""

    def __init__(self, rig: AlarmsRig, answers: Said) -> None:
        self._rig = rig
        self._answers = answers
        self._number = iter(range(100))

    def ask(self, address: str, path: str | None = None, *, status: int = 200) -> Any:
        answer = self._rig.client.get(path or address)
        return self._noted(f"GET {address}", answer, status)

    def do(self, address: str, path: str, body: Any, *, status: int = 200) -> Any:
        return self._noted(f"POST /api/v1{address}", self._rig.post(path, body), status)

    def _noted(self, address: str, answer: httpx.Response, status: int) -> Any:
        assert answer.status_code == status, answer.text
        self._answers.setdefault(address if status == 200 else "error", []).append(answer.json())
        return answer.json()

    def event(self, lot: str, kind: str, at: int, *, status: int = 200, **fields: Any) -> None:
        event_id = "thaw" if kind == "thawed" else f"e{next(self._number)}"
        body = {"event_id": event_id, "occurred_at": format_instant(at), "kind": kind, "by": "LIMS"}
        self.do("/lots/{lot}/events", f"/lots/{lot}/events", {**body, **fields}, status=status)

    def run(self) -> None:
        self.ask("/api/v1/units")
        self._send()
        self._rig.writer.tick(self._rig.clock.now(), None)
        self._look()
        self._hush()
        self._thaw()
        self.event("L3", "registered", self._rig.clock.now(), unit="F02", expires_on="2027-01-31", **LABEL)
        _warms(self._rig)
        self._look()

    def _send(self) -> None:
        """Lots and readings, and some that are refused."""
        soon = format_instant(T0 + HOUR)
        self.event(
            "L1", "registered", T0, unit="F01", expires_on="2027-01-31", gtin="04012345123456", **LABEL
        )
        self.event("L2", "registered", T0, unit=None, expires_at=soon, serial="7", quantity=3, **LABEL)
        self.event("L4", "registered", T0, unit="F02", expires_on="2027-01-31", **LABEL)
        self.event("L1", "aliquoted", T0 + 5 * MINUTE, into=["L1a", "L1b"])
        self.event("L1a", "moved", T0 + 6 * MINUTE, unit=None)
        self.event("L4", "thawed", T0 + 7 * MINUTE)
        self.event("L1b", "moved", T0 + 8 * MINUTE, unit="F02")
        self.event("L1b", "disposed", T0 + 9 * MINUTE)
        self.event("L1b", "disposed", T0 + 10 * MINUTE)
        self.event("L9", "moved", T0, unit="F9", status=422)
        reading = {"site": "lab1", "unit": "F02", "probe": "product", "measured_at": format_instant(T0)}
        fault = {"measured_at": format_instant(T0 + MINUTE), "celsius": None, "fault": "open_circuit"}
        bad = [{"celsius": "cold"}, {"celsius": -80, "unit": "F9"}, {"celsius": -80, "probe": "a b"}]
        sent = [{**reading, **each} for each in ({"celsius": -80}, fault, *bad)]
        self.do("/ingest/readings", "/ingest/readings", sent)

    def _look(self) -> None:
        """At everything there is."""
        lists = ("units", "lots", "excursions", "alarms", "unwatched", "suppressions")
        for name in (*lists, "alarm-health", "notifications", "rejected"):
            self.ask(f"/api/v1/{name}")
        self.ask("/healthz")
        self.ask("/api/v1/units/{site}/{unit}", "/api/v1/units/lab1/F01")
        for unit in ("F01", "F02"):
            address = "/api/v1/channels/{site}/{unit}/{probe}/readings"
            self.ask(address, f"/api/v1/channels/lab1/{unit}/product/readings")
        for lot in ("L1", "L1a", "L1b", "L2"):
            self.ask("/api/v1/lots/{lot}", f"/api/v1/lots/{lot}")
            self.ask("/api/v1/lots/{lot}", f"/api/v1/lots/{lot}?as_of={format_instant(T0 + 8 * MINUTE)}")
        self.ask("/api/v1/excursions", "/api/v1/excursions?history=true")
        self.ask("/api/v1/suppressions", "/api/v1/suppressions?all=true")
        self.ask("/api/v1/lots/L77", status=404)
        self.ask("/api/v1/lots?as_of=now", status=422)

    def _hush(self) -> None:
        """What people do about the alarm of F01."""
        of_alarm = f"/alarms/{self._rig.id}"
        self.do("/alarms/{alarm}/shelve", f"{of_alarm}/shelve", {**WHY, "for": "2h"})
        self.ask("/api/v1/alarms")
        self.ask("/api/v1/unwatched")
        self.do("/alarms/{alarm}/unshelve", f"{of_alarm}/unshelve", WHY)
        self.do("/alarms/{alarm}/acknowledge", f"{of_alarm}/acknowledge", {**WHY, "action": "closed it"})
        self.do("/alarms/{alarm}/reset", f"{of_alarm}/reset", WHY, status=409)
        planned = {"subject": "lab1/F01", "kind": "suppressed", **WHY, "for": "1d"}
        held = self.do("/suppressions", "/suppressions", planned)
        self.ask("/api/v1/alarms/{alarm}", f"/api/v1{of_alarm}")
        self.do("/suppressions", "/suppressions", {**planned, "kind": "out_of_service"})
        self.ask("/api/v1/alarms")
        self.do("/suppressions/{suppression}/end", f"/suppressions/{held['id']}/end", WHY)

    def _thaw(self) -> None:
        """A thaw that never was: its alarm stays until somebody resets it."""
        of_lots = [each for each in self.ask("/api/v1/alarms") if each["condition"] == "lot_thawed"]
        (thawed,) = [each["id"] for each in of_lots if each["subject"] == "L4"]
        self.do("/alarms/{alarm}/acknowledge", f"/alarms/{thawed}/acknowledge", WHY)
        self.event("L4", "voided", T0 + 11 * MINUTE, voids="thaw", reason="it never was")
        self._rig.cool()
        self.do("/alarms/{alarm}/reset", f"/alarms/{thawed}/reset", WHY)


def by_command(folder: Path) -> Said:
    """The worked example of docs/figures.md, imported, asked, tried with another rule, exported; and a freezer that is
    warm now, with all that people do about its alarm."""
    answers: Said = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXOSOME_MONITOR__STORE__URL", f"sqlite:///{folder / 'store.db'}")
        _ask_commands(folder, _laboratory(folder), answers)
    return answers


def _laboratory(folder: Path) -> Path:
    """The example with a second version of a profile, and somebody who can't be reached."""
    config = folder / "config"
    shutil.copytree(EXAMPLE, config)
    frozen = config / "profiles" / "example-frozen.toml"
    first = frozen.read_text(encoding="utf-8")
    frozen.rename(frozen.with_name("example-frozen@1.toml"))
    second = first.replace("version = 1", "version = 2").replace("2025-01-01", "2026-01-01")
    frozen.write_text(second, encoding="utf-8")
    with (config / "monitor.toml").open("a", encoding="utf-8") as file:
        file.write('\n[mail]\nhost = "127.0.0.1"\nport = 1\nfrom = "monitor@lab.example"\n')
    person = '[[person]]\nname = "anna"\naddresses = ["anna@lab.example"]\n'
    (config / "people.toml").write_text(person, encoding="utf-8")
    return config


def _ask_commands(folder: Path, config: Path, answers: Said) -> None:
    def ask(command: str, *words: str, code: int = 0, of: Path = config) -> Any:
        line = [*command.split(), *words, "--json", "--config", str(of)]
        done = CliRunner().invoke(program, line, prog_name="exosome-monitor")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, f"{line}: {done.output[:500]}"
        answers.setdefault(command, []).append(json.loads(done.stdout))
        return answers[command][-1]

    ask("version")
    ask("ingest", str(EXAMPLE / "readings.csv"), str(EXAMPLE / "events.jsonl"))
    ask("ingest", str(_warm_now(folder)), code=1)
    for lot, code in (("EXO-EX-1", 0), ("EXO-EX-2", 1)):  # the second is breached
        ask("lots show", lot, "--as-of", "2025-03-03T10:30:00Z", code=code)
        ask("export lot", lot, "--out", str(folder / "exports"), "--as-of", "2025-03-03T10:30:00Z")
    label = ("--product", "EV", "--profile", "example-frozen", "--expires-on", "2099-06-30")
    ask("lots register", "L1", *label, "--unit", "lab1/F01")
    ask("lots move", "L1", "lab1/F02")
    ask("lots event", "L1", "aliquoted", "--into", "L1a")
    ask("lots bind", "L1", "example-frozen@1", "--reason", "study S-12", "--by", "QA")
    ask("lots show", "L1")
    (alarm,) = [each["id"] for each in ask("alarms list", "--condition", "temperature_high", "--open")]
    ask("alarms ack", alarm, "--by", "anna")
    ask("alarms shelve", alarm, "--by", "anna", "--reason", "at work", "--for", "2h")
    ask("alarms unwatched", code=1)
    ask("alarms show", alarm)
    ask("alarms unshelve", alarm, "--by", "anna")
    service = ("--kind", "out_of_service", "--by", "anna", "--reason", "broken", "--for", "1d")
    ended = ask("alarms suppress", "lab1/F02", *service)
    ask("alarms suppressions")
    ask("alarms end", ended["id"], "--by", "anna")
    for command in ("units", "lots list", "excursions", "alarms list", "notifications", "rejected"):
        ask(command)
    trial = folder / "trial"
    shutil.copytree(config, trial)
    for name in ("example-frozen.toml", "example-frozen@1.toml"):
        rules = (trial / "profiles" / name).read_text(encoding="utf-8")
        changed = rules.replace('delay = "10m"', 'delay = "0s"').replace('limit = "50m"', 'limit = "5m"')
        (trial / "profiles" / name).write_text(changed, encoding="utf-8")
    ask("replay", of=trial)
    ask("notify test", code=1)
    ask("backup", "--out", str(folder / "backups"))


def _warm_now(folder: Path) -> Path:
    """Readings of half an hour until now in which F01 is too warm, and one that is none."""
    now = SystemClock().now()
    rows = [f"lab1,F01,product,{format_instant(now - ago * MINUTE)},-50.0" for ago in range(30, 0, -1)]
    lines = ["site,unit,probe,measured_at,celsius", *rows, "lab1,F01,product,never,-80.0"]
    path = folder / "now.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
