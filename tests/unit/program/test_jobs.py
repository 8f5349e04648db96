"""The jobs of the running program: the dead-man ping, and the daily housekeeping."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import generate_latest

from monitor.config import load
from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND, parse_instant
from monitor.core.time.recurring import Recurring
from monitor.program import jobs as jobs_module
from monitor.program.housekeeping import Housekeeping
from monitor.program.jobs import Jobs
from monitor.program.measures import Measures
from monitor.store.projection import Projection
from monitor.store.upkeep.backup import backups_in
from monitor.telling.dead_man import DeadMan
from monitor.telling.media.attempt import Attempts
from monitor.testing import ManualClock, Rig

T0 = parse_instant("2026-03-27T12:00:00Z")  # two days before the clocks go forward


class Outside:
    """A service on loopback that counts pings, and answers as it is told."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.status = 200
        self.release = threading.Event()
        self.release.set()
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outside.release.wait(10)
                outside.paths.append(self.path)
                self.send_response(outside.status)
                if outside.status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/ping/hunter2"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def outside() -> Iterator[Outside]:
    found = Outside()
    yield found
    found.close()


class Deliverer:
    """In the place of the one that delivers: this is about whether it comes to an end."""

    def run_due(self) -> int:
        return 0


class JobRig:
    """A writer with its jobs on a clock that is set, without threads."""

    def __init__(
        self,
        tmp_path: Path,
        toml: str = "",
        dead_man: DeadMan | None = None,
        environ: dict[str, str] | None = None,
        clock: ManualClock | None = None,
    ) -> None:
        self.directory = tmp_path / "config"
        self.directory.mkdir(exist_ok=True)
        store = tmp_path / "monitor.db"
        text = f'[store]\nurl = "sqlite:///{store}"\n{toml}\n[site.lab1]\ntimezone = "Europe/Berlin"\n'
        (self.directory / "monitor.toml").write_text(text)
        self.configuration = load(self.directory, environ or {"INFLUXDB_TOKEN": "token"})
        self.clock = clock or ManualClock(T0)
        self.path = store
        self.health: dict[str, Any] = {
            part: {"ok": True, "text": "fine"} for part in ("broker", "store", "influx", "alerting")
        }
        self.dead_man = dead_man
        self.start()

    def start(self) -> None:
        self.rig = Rig(self.path, clock=self.clock)
        store, writer = self.rig.store, self.rig.writer
        projection = Projection(store.database, lambda: self.rig.rules)
        self.housekeeping = Housekeeping(self.configuration, self.clock, store, writer, projection)
        self.jobs = Jobs(
            self.clock,
            writer,
            Deliverer(),  # type: ignore[arg-type]
            None,
            self.housekeeping,
            self.dead_man,
            tick=lambda: writer.tick(self.clock.now(), self.clock.now()),
            health=lambda: self.health,
        )
        self._all = {job.name: job for job in self.jobs.all()}
        self.run("tick", "deliver", "housekeeping")

    def restart(self) -> None:
        self.rig.close()
        self.start()

    def run(self, *names: str) -> None:
        for name in names:
            self._all[name].run()

    def at(self, text: str, *names: str) -> None:
        self.clock.at = parse_instant(text)
        self.run("tick", *names)

    def open_alarms(self) -> list[tuple[str, str, str]]:
        return [
            (one["condition"], one["subject"], one["level"])
            for one in self.rig.view.alarms(open_only=True)
            if one["condition"] in ("store_failing", "notifier_failing")
        ]


# --- the dead-man ping ---


def pinging_rig(tmp_path: Path, outside: Outside) -> JobRig:
    clock = ManualClock(T0)
    return JobRig(tmp_path, dead_man=DeadMan(outside.url, 5 * MINUTE, clock), clock=clock)


@pytest.fixture
def pinging(tmp_path: Path, outside: Outside) -> JobRig:
    return pinging_rig(tmp_path, outside)


def test_a_ping_is_sent_as_often_as_configured_while_all_is_well(pinging: JobRig, outside: Outside) -> None:
    for _ in range(61):
        pinging.run("tick", "deliver", "dead man")
        pinging.clock.advance(30 * SECOND)
    assert outside.paths == ["/ping/hunter2"] * 7
    assert pinging.jobs.status()["dead_man"]["ok"]


def test_no_ping_is_sent_while_the_program_is_not_well(
    pinging: JobRig, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalled = [0.0]
    monkeypatch.setattr(jobs_module, "monotonic", lambda: monotonic() + stalled[0])

    def silent_because(why: str) -> None:
        pinging.clock.advance(10 * MINUTE)
        before = len(outside.paths)
        pinging.run("dead man")
        assert len(outside.paths) == before
        status = pinging.jobs.status()["dead_man"]
        assert not status["ok"]
        assert why in status["text"]

    pinging.health["broker"] = {"ok": False, "text": "refused"}
    silent_because("broker: refused")
    pinging.health["broker"] = {"ok": True, "text": "fine"}
    pinging.health["store"] = {"ok": False, "text": "judging failed"}
    silent_because("judging failed")
    pinging.health["store"] = {"ok": True, "text": "fine"}
    for job in ("tick", "deliver"):
        pinging.run("tick", "deliver")
        stalled[0] += jobs_module.STALLED_SECONDS + 1
        pinging.run("deliver" if job == "tick" else "tick")
        silent_because(f"the job {job!r} has not come to an end")
    pinging.run("tick", "deliver")
    pinging.rig.store.database.writing = None  # type: ignore[assignment,method-assign]
    silent_because("nothing can be committed")
    del pinging.rig.store.database.writing
    pinging.clock.advance(10 * MINUTE)
    pinging.run("tick", "deliver", "dead man")
    assert outside.paths == ["/ping/hunter2"]


def test_what_was_switched_off_leaves_no_alarm(tmp_path: Path) -> None:
    rig = JobRig(tmp_path)
    for condition, subject in (("influx_lagging", "influx"), ("notifier_failing", "dead-man ping")):
        rig.rig.writer.hold(Truth(AlarmCondition(condition), subject, T0, "warning", {"text": "gone"}))
    rig.restart()
    rig.run("influx watch", "dead man")
    alarms = rig.rig.view.alarms()
    assert {(one["condition"], one["evidence"]["clear_reason"]) for one in alarms} == {
        ("influx_lagging", "switched_off"),
        ("notifier_failing", "switched_off"),
    }


@pytest.mark.parametrize("status", [500, 404, 302])
def test_pings_that_fail_are_shown_at_once_and_told_after_half_an_hour(
    pinging: JobRig, outside: Outside, status: int
) -> None:
    pinging.run("dead man")
    outside.status = status
    for minute in range(5, 35):
        pinging.clock.advance(MINUTE if minute > 5 else 5 * MINUTE)
        pinging.run("tick", "dead man")
        assert f"answered {status}" in pinging.jobs.status()["dead_man"]["text"]
        assert pinging.open_alarms() == []
    pinging.clock.advance(2 * MINUTE)
    pinging.run("tick", "dead man")
    assert pinging.open_alarms() == [("notifier_failing", "dead-man ping", "warning")]
    assert "/elsewhere" not in outside.paths
    outside.status = 200
    pinging.clock.advance(MINUTE)
    pinging.run("tick", "dead man")
    assert pinging.open_alarms() == []
    assert pinging.jobs.status()["dead_man"]["ok"]


def test_what_is_said_of_a_failing_ping_holds_no_address(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    dead_man = DeadMan(f"http://127.0.0.1:{port}/hunter2", MINUTE, ManualClock(T0))
    assert not dead_man.ping()
    assert dead_man.status()["text"].startswith("the ping fails: Connection refused")
    strange = DeadMan("http://[hunter2", MINUTE, ManualClock(T0))
    assert not strange.ping()
    assert "hunter2" not in strange.status()["text"]


def test_a_service_that_never_answers_holds_up_nothing(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.telling.dead_man.Attempts", lambda: Attempts(0.2))
    dead_man = DeadMan(outside.url, MINUTE, ManualClock(T0))
    outside.release.clear()
    assert not dead_man.ping()
    assert "no answer within 0.2 s" in dead_man.status()["text"]
    assert not dead_man.ping()


def test_a_clock_that_is_set_back_does_not_silence_the_pings(pinging: JobRig, outside: Outside) -> None:
    pinging.run("dead man")
    pinging.clock.advance(-DAY)
    pinging.run("tick", "dead man")
    assert len(outside.paths) == 2


def test_without_an_address_an_alarm_of_before_ends(tmp_path: Path, outside: Outside) -> None:
    rig = pinging_rig(tmp_path, outside)
    outside.status = 500
    for _ in range(40):
        rig.run("tick", "dead man")
        rig.clock.advance(MINUTE)
    assert len(rig.open_alarms()) == 1
    rig.dead_man = None
    rig.restart()
    rig.run("dead man")
    assert rig.open_alarms() == []


def test_prometheus_is_told_of_pings_and_housekeeping(pinging: JobRig, outside: Outside) -> None:
    outside.status = 500
    pinging.run("dead man")
    health = {**pinging.health, **pinging.jobs.status()}
    text = generate_latest(Measures(pinging.rig.writer.parts.counts, lambda: health).registry).decode()
    assert "exosome_monitor_dead_man_ok 0.0" in text
    assert "exosome_monitor_housekeeping_ok 1.0" in text
    rest = {part: found for part, found in health.items() if part != "dead_man"}
    text = generate_latest(Measures(pinging.rig.writer.parts.counts, lambda: rest).registry).decode()
    assert "dead_man" not in text


# --- housekeeping ---


@pytest.fixture
def keeping(tmp_path: Path) -> JobRig:
    return JobRig(tmp_path, f'backup_dir = "{tmp_path}/out"\nhousekeeping_at = "02:30"')


def backups(rig: JobRig) -> list[str]:
    return [path.name[8:23] for path in backups_in(rig.path.parent / "out", "monitor")]


def test_a_backup_is_made_once_a_local_day_also_when_clocks_change(keeping: JobRig) -> None:
    end = parse_instant("2026-03-31T12:00:00Z")
    while keeping.clock.now() < end:
        keeping.clock.advance(10 * MINUTE)
        keeping.run("housekeeping")
    assert backups(keeping) == ["20260328T013000", "20260329T010000", "20260330T003000", "20260331T003000"]


def test_a_machine_that_slept_makes_up_for_the_last_backup_and_a_restart_repeats_none(
    keeping: JobRig,
) -> None:
    keeping.at("2026-04-03T22:00:00Z", "housekeeping")
    assert backups(keeping) == ["20260403T220000"]
    keeping.restart()
    keeping.at("2026-04-03T23:00:00Z", "housekeeping")
    assert len(backups(keeping)) == 1
    keeping.at("2026-04-04T00:30:00Z", "housekeeping")
    assert len(backups(keeping)) == 2


def test_a_backup_that_fails_is_told_and_tried_again_each_hour(keeping: JobRig) -> None:
    out = keeping.path.parent / "out"
    out.write_text("in the way")
    keeping.at("2026-03-28T01:30:00Z", "housekeeping")
    assert keeping.open_alarms() == [("store_failing", "backup", "warning")]
    status = keeping.jobs.status()["housekeeping"]
    assert not status["ok"]
    assert "no backup of" in status["chores"]["backup"]["text"]
    assert status["chores"]["tidying"]["ok"]
    out.unlink()
    keeping.at("2026-03-28T02:00:00Z", "housekeeping")
    assert not out.exists()
    keeping.at("2026-03-28T02:31:00Z", "housekeeping")
    assert backups(keeping) == ["20260328T023100"]
    assert keeping.open_alarms() == []
    assert keeping.jobs.status()["housekeeping"]["ok"]


def test_where_no_backup_is_asked_for_any_more_its_alarm_ends(tmp_path: Path) -> None:
    rig = JobRig(tmp_path, f'backup_dir = "{tmp_path}/out"')
    (tmp_path / "out").write_text("in the way")
    rig.at("2026-03-28T04:30:00Z", "housekeeping")
    assert len(rig.open_alarms()) == 1
    (rig.directory / "monitor.toml").write_text('[site.lab1]\ntimezone = "Europe/Berlin"\n')
    rig.configuration = load(rig.directory, {})
    rig.restart()
    assert rig.open_alarms() == []


def test_what_is_old_goes_each_day(tmp_path: Path) -> None:
    rig = JobRig(tmp_path, 'keep_rejected = "2d"')
    row = {"topic": "t", "payload": b"x", "reason": "r", "detail": "", "item": None}
    with rig.rig.store.writing() as tx:
        rig.rig.store.log.append_rejected(tx, [{**row, "received_at": T0 - day * DAY} for day in range(4)])
    rig.at("2026-03-28T03:00:00Z", "housekeeping")
    assert rig.rig.view.rejected()["counts"] == {"r": 4}
    assert len(rig.rig.view.rejected()["messages"]) == 2
    assert "removed 2 rejected messages" in rig.jobs.status()["housekeeping"]["text"]


def test_an_influxdb_out_of_reach_leaves_the_comparison_owed(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    influx = f'[influx]\nurl = "http://127.0.0.1:{port}"\norg = "lab"\nbucket = "exosome"'
    rig = JobRig(tmp_path, influx)
    rig.at("2026-03-28T03:00:00Z", "housekeeping")
    chore = rig.jobs.status()["housekeeping"]["chores"]["influx reconcile"]
    assert not chore["ok"]
    assert chore["text"].startswith("failed 2026-03-28T03:00:00.000Z")
    assert rig.open_alarms() == []
    daily = Recurring((rig.configuration.store.housekeeping_at,))
    assert rig.rig.writer.parts.chores.owed("influx reconcile", daily, ZoneInfo("Europe/Berlin"))


def test_it_is_tried_again_when_the_clock_was_set_back(keeping: JobRig) -> None:
    out = keeping.path.parent / "out"
    out.write_text("in the way")
    keeping.at("2026-03-28T01:30:00Z", "housekeeping")
    out.unlink()
    keeping.clock.advance(-HOUR + 30 * MINUTE)  # to 02:00 local: the time of the day before is done
    keeping.run("housekeeping")
    assert backups(keeping) == []
    keeping.clock.advance(2 * HOUR)
    keeping.run("housekeeping")
    assert len(backups(keeping)) == 1
