"""A scenario run through a real broker and the real monitor, and its expectations checked."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from laboratory.beside import Progress, Stop, beside
from laboratory.embedded import a_broker, free_port
from laboratory.engine import Simulation, SimulationError
from laboratory.scoring.expectation import Expectations, check, read_expectations
from laboratory.scoring.outcome import RunOutcome
from laboratory.scoring.report import ScoreReport
from laboratory.watching import configured
from monitor.config import ConfigurationError
from monitor.core.time.instant import parse_instant
from monitor.ports import JSON
from monitor.program.service import Service
from simulators.scenario.file import Scenario, ScenarioError, load

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
EVERYTHING = 1_000_000


@dataclass(frozen=True, slots=True)
class Checked:
    """A scenario's report, what it rests on, and how many real seconds the run took."""

    scenario: Scenario
    report: ScoreReport
    outcome: RunOutcome
    seconds: float
    messages: int

    def to_json(self) -> JSON:
        """The whole for programs."""
        return {
            "scenario": self.scenario.name,
            "title": self.scenario.document.title,
            "simulated_seconds": self.outcome.length / 1000,
            "seconds": round(self.seconds, 2),
            "messages": self.messages,
            **self.report.to_json(),
        }

    def as_text(self) -> str:
        """The whole for people."""
        spent = f"{self.outcome.length / 3_600_000:g} h in {self.seconds:.1f} s, {self.messages} messages"
        return f"{self.scenario.name}: {self.scenario.document.title}\n{spent}\n{self.report.as_text()}"


def expectations_of(scenario: Scenario) -> Expectations:
    """What a scenario expects; raises ExpectationError with all mistakes."""
    document = scenario.document
    return read_expectations(
        document.expect,
        document.allow,
        units={unit.name for unit in document.unit},
        probes={f"{unit.name}/{probe.name}" for unit in document.unit for probe in unit.probe},
        lots={lot.lot for lot in document.lot}
        | {lot for event in document.lot_event for lot in event.get("into", ())},
    )


def check_scenario(
    scenario: Scenario,
    *,
    seed: int | None = None,
    progress: Progress = lambda passed, of: None,
    stop: Stop | None = None,
) -> Checked:
    """Runs a scenario to its end and checks what it expects.

    Raises ExpectationError before anything runs, SimulationError if the simulation comes to a halt, or is stopped.
    """
    expectations = expectations_of(scenario)
    fleet = scenario.fleet(seed=seed)
    began = time.monotonic()
    with workplace() as home, a_broker(home) as broker:
        configuration = configured(home, scenario.document, broker.settings, port=free_port())
        simulation = Simulation(fleet, configuration, broker, actions=scenario.actions, step=scenario.step)
        try:
            for at in simulation.run(scenario.length, stop=stop):
                progress(at - fleet.start_at, scenario.length)
            if stop is not None and stop.is_set():
                raise SimulationError("it was stopped before its end")
            outcome = outcome_of(simulation, fleet.start_at + scenario.length)
        finally:
            simulation.close()
    report = check(expectations, outcome)
    return Checked(scenario, report, outcome, time.monotonic() - began, simulation.messages)


def check_all(
    names: Sequence[str],
    *,
    seed: int | None = None,
    progress: Progress = lambda passed, of: None,
    stop: Stop | None = None,
) -> list[tuple[JSON, str]]:
    """Runs scenarios (names, or TOML files) of their own seed, or another, beside one another: what came of each, for
    programs and in words, in their order. One that comes to a halt has not gone as expected; its ``error`` says why.

    Raises ScenarioError or ExpectationError before anything runs.
    """
    for name in names:
        try_out(load(name))
    return list(beside(_check_one, [(name, seed) for name in names], progress, stop))


def _check_one(job: tuple[str, int | None], progress: Progress, stop: Stop) -> tuple[JSON, str]:
    name, seed = job
    try:
        checked = check_scenario(load(name), seed=seed, progress=progress, stop=stop)
    except SimulationError as error:
        text = f"{name}: the simulation came to a halt: {error}"
        return {"scenario": name, "ok": False, "error": str(error)}, text
    return checked.to_json(), checked.as_text()


def try_out(scenario: Scenario) -> None:
    """Raises ScenarioError or ExpectationError, in words, for a scenario of which a monitor can make nothing."""
    expectations_of(scenario)
    with workplace() as home:
        try:
            configured(home, scenario.document, {}, port=free_port())
        except ConfigurationError as error:
            text = f"scenario {scenario.name}: a monitor can't be configured as it says:\n{error}"
            raise ScenarioError(text) from error


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder that goes at the end; in memory where there is some: nothing in it outlives the run."""
    parent = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="exosome-monitor-simulation-", dir=parent) as folder:
        yield Path(folder)


def outcome_of(simulation: Simulation, ended_at: int) -> RunOutcome:
    """What the program says at the end, as everybody may ask it, and what truly was."""
    service, fleet = simulation.service, simulation.fleet
    view = service.view
    channels = [str(channel) for channel in fleet.channels()]
    readings = {}
    for channel in channels:
        course = view.readings(channel, fleet.began_at, ended_at + 1, 0)
        good = () if course is None else course["readings"]
        readings[channel] = sum(reading["celsius"] is not None for reading in good)
    return RunOutcome(
        site=fleet.site,
        started_at=fleet.start_at,
        ended_at=ended_at,
        alarms=[{**alarm} for alarm in view.alarms(limit=EVERYTHING)],
        told=told(service),
        excursions=[{**excursion} for excursion in view.excursions()],
        lots=[{**lot} for lot in view.lots()],
        rejected=view.rejected(limit=1)["counts"],
        readings=readings,
        truth={channel: list(simulation.course.truth.elements[channel]) for channel in channels},
    )


def told(service: Service) -> list[JSON]:
    """Which messages about alarms were owed when, one for each alarm, kind and level: ``{alarm, kind, level, at}``."""
    messages: dict[tuple[str, str, str], JSON] = {}
    histories: dict[str, list[tuple[int, str]]] = {}
    for row in reversed(service.view.notifications(limit=EVERYTHING)):  # the oldest first
        name, kind = row["alarm"], row["kind"]
        if kind in ("opened", "again", "reminder", "closed"):
            if name not in histories:
                histories[name] = _levels(service, name)
            level = _level_at(histories[name], parse_instant(row["created_at"]))
            told = {"alarm": name, "kind": kind, "level": level, "at": row["created_at"]}
            messages.setdefault((name, kind, level), told)
    return [*messages.values(), *_as_part(service, messages.values())]


def _as_part(service: Service, alarms: Iterable[JSON]) -> list[JSON]:
    """What was told as part of another alarm: when that one was, but not before it was known."""
    first: dict[str, str] = {}
    for alarm in alarms:
        if alarm["kind"] == "opened":
            first.setdefault(alarm["alarm"], alarm["at"])
    return [
        {
            "alarm": child["id"],
            "kind": "opened",
            "level": child["level"],
            "at": max(first[child["parent"]], child["known_at"]),
        }
        for child in service.view.alarms(limit=EVERYTHING)
        if child["parent"] in first
    ]


def _levels(service: Service, alarm: str) -> list[tuple[int, str]]:
    """Since when an alarm had which level."""
    with service.store.reading() as tx:
        versions = service.store.facts.versions(tx, "alarm", alarm)
    return [(version["recorded_at"], version["body"]["level"]) for version in versions]


def _level_at(levels: Sequence[tuple[int, str]], at: int) -> str:
    return next((level for since, level in reversed(levels) if since <= at), "alarm")
