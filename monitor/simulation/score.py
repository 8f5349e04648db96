"""Random laboratories watched by the real program for weeks, and scored by what was true.

Recall, delays, false pages and forecasts, with the field's usual rule (a probe beyond −70 °C, or beyond its window, for
15 minutes) beside it on the same readings.
"""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.core.instant import DAY, HOUR, MINUTE, parse_instant, to_datetime
from monitor.embedded import a_broker, free_port
from monitor.ports import JSON
from monitor.scoring.fleet import score
from monitor.scoring.fleet_plot import plot as draw_plot
from monitor.scoring.fleet_words import as_markdown, as_text
from monitor.scoring.usual import ULT, UsualLimits, UsualPage, usual_pages
from monitor.service import Service
from monitor.simulation.check import EVERYTHING, told, workplace
from monitor.simulation.engine import Simulation
from monitor.simulation.watching import configured
from simulators.draw import Drawn, draw
from simulators.fleet import FleetUnit
from simulators.happening import KINDS, Failure
from simulators.happening import HappeningKind as Kind
from simulators.physics.kinds import KINDS as UNIT_KINDS
from simulators.scenario.tables import Document, ProbeTable, UnitTable
from simulators.truth import Truth

START_AT = parse_instant("2026-03-02T06:00:00Z")  # a Monday
DAYS = 20
"""How many days a laboratory lives; a score of more unit-days has more units."""
UNITS_MAX = 50
"""Units of one laboratory; a score of more has several, one after the other."""
STEP = MINUTE
FORECAST_EVERY = 5 * MINUTE
FORECAST_FROM, FORECAST_LIMIT = -72.0, -60.0
SHORT_OUTAGE = 20 * MINUTE
"""A gateway that is away for less, and then sends all it has, is no failure."""

_THERMAL = frozenset(
    (
        "temperature_high",
        "temperature_low",
        "rising_fast",
        "slow_drift",
        "cooling_weak",
        "door_open",
        "power_lost",
    )
)
_BLIND = frozenset(("no_data", "probe_fault", "flat_line", *_THERMAL))
"""What tells of a probe that can't be trusted: also a temperature that isn't so, for somebody then looks."""

Progress = Callable[[float, float], None]


def score_fleets(
    unit_days: int,
    *,
    seed: int,
    plot: Path | None = None,
    markdown: bool = False,
    progress: Progress = lambda done, of: None,
    stop: threading.Event | None = None,
) -> tuple[JSON, str]:
    """Scores laboratories of at least so many unit-days: half of these without any failure. For programs, in words.

    Same arguments, same laboratories. Raises SimulationError if a simulation comes to a halt.
    """
    days = min(DAYS, max(4, unit_days // 2))
    runs = list(_runs(max(1, math.ceil(unit_days / days)), seed))
    total = sum(units for units, _, _ in runs) * days
    gathered = _Gathered()
    began, done = time.monotonic(), 0.0
    for units, of_seed, failing in runs:
        drawn = draw(seed=of_seed, units=units, start_at=START_AT, length=days * DAY, failing=failing)
        for passed in gathered.run(drawn, days * DAY, stop):
            progress(done + units * passed / DAY, total)
        done += units * days
        if stop is not None and stop.is_set():
            break
    found = score(
        gathered.failures,
        gathered.pages,
        gathered.usual,
        gathered.forecasts,
        gathered.crossings,
        done,
        kinds=[kind for kind, rule in KINDS.items() if rule.failure and kind is not Kind.SETPOINT_CHANGED],
    )
    found |= {"seed": seed, "seconds": round(time.monotonic() - began, 1), "messages": gathered.messages}
    if plot is not None:
        draw_plot(found, plot)
    return found, as_markdown(found) if markdown else as_text(found)


def _runs(units: int, seed: int) -> Iterator[tuple[int, int, bool]]:
    """Laboratories (units, seed, whether things fail in it) of so many units together, half of them calm."""
    for failing, share in ((True, math.ceil(units / 2)), (False, units // 2)):
        number = 0
        while share > 0:
            yield min(share, UNITS_MAX), 1_000_000 * failing + 1_000 * seed + number, failing
            share -= UNITS_MAX
            number += 1


class _Gathered:
    """What the runs came to, for :func:`monitor.scoring.fleet.score`. Units carry the number of their run."""

    def __init__(self) -> None:
        self.failures: list[JSON] = []
        self.pages: list[JSON] = []
        self.usual: list[UsualPage] = []
        self.forecasts: list[JSON] = []
        self.crossings: list[JSON] = []
        self.messages = 0
        self._number = 0

    def run(self, drawn: Drawn, length: int, stop: threading.Event | None) -> Iterator[int]:
        """Runs a laboratory and gathers what came of it; yields how many ms have passed."""
        self._number += 1
        fleet = drawn.fleet
        with workplace() as home, a_broker(home) as broker:
            document = _document(drawn)
            configuration = configured(home, document, broker.settings, port=free_port())
            simulation = Simulation(fleet, configuration, broker, step=STEP)
            asked = _Forecasts(drawn, simulation.course.truth)
            try:
                for at in simulation.run(length, on_step=asked.ask, stop=stop):
                    yield at - fleet.start_at
                self._take(drawn, simulation.service, simulation.course.truth)
            finally:
                simulation.close()
        self.forecasts += [{**one, "unit": self._named(one["unit"])} for one in asked.found]
        self.messages += simulation.messages

    def _named(self, unit: str) -> str:
        """A unit's path, of its own in each run."""
        return f"run{self._number}-{unit}"

    def _take(self, drawn: Drawn, service: Service, truth: Truth) -> None:
        opened = {one["alarm"]: one["at"] for one in told(service) if one["kind"] == "opened"}
        for alarm in service.view.alarms(limit=EVERYTHING):
            if alarm["id"] in opened:
                unit = "/".join(alarm["subject"].split("/")[:2])
                self.pages.append(
                    {
                        "unit": self._named(unit),
                        "condition": alarm["condition"],
                        "level": alarm["level"],
                        "told_at": opened[alarm["id"]],
                        "alarm": f"{self._number}:{alarm['id']}",
                        "subject": alarm["subject"],
                    }
                )
        for page in usual_pages(_said(truth), _usual_limits(drawn)):
            self.usual.append(page._replace(unit=self._named(page.unit)))
        for failure in drawn.fleet.failures():
            self._take_failure(drawn, failure, truth)

    def _take_failure(self, drawn: Drawn, failure: Failure, truth: Truth) -> None:
        fleet, rule = drawn.fleet, KINDS[failure.kind]
        ended_at = failure.ended_at or START_AT + DAYS * DAY
        if failure.kind is Kind.GATEWAY_LOST and ended_at - failure.began_at < SHORT_OUTAGE:
            return
        is_thermal = rule.target in ("unit", "room")
        for unit in _units_of(failure, fleet.units):
            path = f"{fleet.site}/{unit.name}"
            kind = str(failure.kind)
            if is_thermal and not _harms(drawn, unit, truth, failure.began_at, ended_at + HOUR):
                kind = f"{kind} (harmless)"
            self.failures.append(
                {
                    "kind": kind,
                    "unit": self._named(path),
                    "probe": None,
                    "began_at": failure.began_at,
                    "ended_at": ended_at,
                    "detect_by": ended_at,
                    "told_by": sorted(_THERMAL if is_thermal else _BLIND),
                }
            )
            if is_thermal and drawn.kinds[unit.name].startswith("ult"):
                for at in truth.elements[f"{path}/product"].rises_through(FORECAST_LIMIT):
                    if failure.began_at <= at <= ended_at:
                        self.crossings.append({"unit": self._named(path), "limit": FORECAST_LIMIT, "at": at})


class _Forecasts:
    """Asks for the forecasts of ultra-low freezers that warm, every few minutes: those alone make any."""

    def __init__(self, drawn: Drawn, truth: Truth) -> None:
        site = drawn.fleet.site
        self._truth = truth
        self._units = [f"{site}/{name}" for name, kind in drawn.kinds.items() if kind.startswith("ult")]
        self.found: list[JSON] = []

    def ask(self, at: int, service: Service) -> None:
        """To be called at each step."""
        if at % FORECAST_EVERY:
            return
        for unit in self._units:
            element = self._truth.elements[f"{unit}/product"]
            if len(element) and FORECAST_FROM < element.last < FORECAST_LIMIT:
                shown = service.view.unit(unit)
                forecast = (shown or {}).get("forecast") or {"crossings": ()}
                self.found += [
                    {"unit": unit, "made_at": forecast["made_at"], **crossing}
                    for crossing in forecast["crossings"]
                    if crossing["limit"] == FORECAST_LIMIT
                ]


def _document(drawn: Drawn) -> Document:
    """What watches a drawn laboratory, as a scenario would say it."""
    fleet = drawn.fleet
    sensor = {"sensor": "max31865", "max_gap": "15m", "silent_after": "15m"}
    return Document(
        title="a random laboratory",
        start=to_datetime(fleet.start_at, ZoneInfo("UTC")),
        length="1d",
        site=fleet.site,
        timezone="UTC",
        unit=[
            UnitTable(
                name=unit.name,
                kind=drawn.kinds[unit.name],
                probe=[
                    ProbeTable(name=name, like="bare" if name == "air" else "buffered", monitor=dict(sensor))
                    for name in unit.probes
                ],
            )
            for unit in fleet.units
        ],
    )


def _units_of(failure: Failure, units: tuple[FleetUnit, ...]) -> list[FleetUnit]:
    if KINDS[failure.kind].target == "room":
        return [unit for unit in units if unit.room == failure.target]
    name = failure.target.partition("/")[0]
    return [unit for unit in units if unit.name == name]


def _harms(drawn: Drawn, unit: FleetUnit, truth: Truth, start: int, end: int) -> bool:
    """Whether what is stored truly left the usual window of its kind of unit between two instants."""
    low, high = UNIT_KINDS[drawn.kinds[unit.name]].window
    load = truth.loads[f"{drawn.fleet.site}/{unit.name}"]
    return any(start <= at <= end and not low <= celsius <= high for at, celsius in load)


def _usual_limits(drawn: Drawn) -> Mapping[str, UsualLimits]:
    found = {}
    for name, kind in drawn.kinds.items():
        low, high = UNIT_KINDS[kind].window
        found[f"{drawn.fleet.site}/{name}"] = ULT if kind.startswith("ult") else UsualLimits(low, high)
    return found


def _said(truth: Truth) -> Iterator[tuple[str, int, float | None]]:
    """What all probes said, in the order of their clocks."""

    def of(channel: str) -> Iterator[tuple[int, str, float | None]]:
        for at, celsius in truth.said[channel]:
            yield at, channel, None if math.isnan(celsius) else celsius

    for at, channel, celsius in heapq.merge(*map(of, truth.said), key=lambda said: said[0]):
        yield channel, at, celsius
