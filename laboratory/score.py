"""Random laboratories watched by the real program for weeks, and scored by what was true.

Recall, delays, false pages and forecasts, with the field's usual rule (a probe beyond −70 °C, or beyond its window, for
15 minutes) beside it on the same readings.
"""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from laboratory.beside import Progress, Stop, beside
from laboratory.check import EVERYTHING, told, workplace
from laboratory.embedded import a_broker, free_port
from laboratory.engine import Simulation
from laboratory.scoring.fleet.plot import plot as draw_plot
from laboratory.scoring.fleet.score import score
from laboratory.scoring.fleet.usual import ULT, UsualLimits, UsualPage, usual_pages
from laboratory.scoring.fleet.words import as_markdown, as_text
from laboratory.watching import configured
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.answer.alarm import AlarmAnswer
from monitor.core.time.instant import DAY, HOUR, MINUTE, parse_instant, to_datetime
from monitor.ports import JSON
from monitor.program.service import Service
from simulators.draw import Drawn, draw
from simulators.fleet import FleetUnit
from simulators.happening import KINDS, FleetFailure
from simulators.happening import HappeningKind as Kind
from simulators.physics.kinds import KINDS as UNIT_KINDS
from simulators.scenario.tables import Document, ScenarioProbe, ScenarioUnit
from simulators.truth import FleetTruth

START_AT = parse_instant("2026-03-02T06:00:00Z")  # a Monday
DAYS = 20
"""How many days a laboratory lives; a score of more unit-days has more units."""
UNITS_MAX = 50
"""Units of one laboratory; a score of more has several, one after the other."""
STEP = MINUTE
FORECAST_EVERY = 5 * MINUTE
FORECAST_FROM, FORECAST_LIMIT = -72.0, -60.0
OPENED_WITHIN = 2 * HOUR
"""A door opened so long before a crossing, an hour before the forecast for it, bends the curve."""
SHORT_OUTAGE = 20 * MINUTE
"""A gateway that is away for less, and then sends all it has, is no failure."""

RECOVERY = 12 * HOUR
"""How long after a repair product may still be out of its window because of the failure."""
BY_USE = "warmed by use"
"""Product that doors and goods alone took out of its window: no failure of a unit, but true all the same."""
BY_USE_LEAST = 10 * MINUTE

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


@dataclass
class Gathered:
    """What laboratories came to, for :func:`laboratory.scoring.fleet.score`. Units carry their laboratory's number."""

    failures: list[JSON] = field(default_factory=list)
    pages: list[JSON] = field(default_factory=list)
    usual: list[UsualPage] = field(default_factory=list)
    forecasts: list[JSON] = field(default_factory=list)
    crossings: list[JSON] = field(default_factory=list)
    unit_days: float = 0.0
    messages: int = 0

    def add(self, other: Gathered) -> None:
        """Takes what another laboratory came to."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


class _Order(NamedTuple):
    """A laboratory to run: how many units, from which seed, for how long (ms), and whether things fail in it."""

    number: int
    units: int
    seed: int
    length: int
    failing: bool


def score_fleets(
    unit_days: int,
    *,
    seed: int,
    plot: Path | None = None,
    markdown: bool = False,
    progress: Progress = lambda done, of: None,
    stop: threading.Event | None = None,
) -> tuple[JSON, str]:
    """Scores laboratories of at least so many unit-days, half of these without any failure: for programs, in words.

    They run beside one another, a processor each. Same arguments, same laboratories. Raises SimulationError if a
    simulation comes to a halt.
    """
    began = time.monotonic()
    orders = _orders(unit_days, seed)
    gathered = Gathered()
    for harvest in beside(_laboratory, orders, progress, stop):
        gathered.add(harvest)
    figures = score(
        gathered.failures,
        gathered.pages,
        gathered.usual,
        gathered.forecasts,
        gathered.crossings,
        gathered.unit_days,
        kinds=[str(kind) for kind, rule in KINDS.items() if rule.failure],
    )
    figures |= {"seed": seed, "seconds": round(time.monotonic() - began, 1), "messages": gathered.messages}
    if plot is not None:
        draw_plot(figures, plot)
    return figures, as_markdown(figures) if markdown else as_text(figures)


def _orders(unit_days: int, seed: int) -> list[_Order]:
    """Laboratories of so many unit-days together: as many calm ones as such in which things fail."""
    days = min(DAYS, max(4, unit_days // 2))
    units = math.ceil(unit_days / days)
    orders: list[_Order] = []
    for failing, left in ((True, math.ceil(units / 2)), (False, units // 2)):
        while left > 0:
            of_seed = 1_000_000 * failing + 1_000 * seed + len(orders)
            orders.append(_Order(len(orders) + 1, min(left, UNITS_MAX), of_seed, days * DAY, failing))
            left -= UNITS_MAX
    return orders


def _laboratory(order: _Order, progress: Progress, stop: Stop) -> Gathered:
    """Runs a laboratory, and gathers what came of it."""
    drawn = draw(
        seed=order.seed, units=order.units, start_at=START_AT, length=order.length, failing=order.failing
    )
    with workplace() as home, a_broker(home) as broker:
        document = _document(drawn)
        configuration = configured(home, document, broker.settings, port=free_port())
        simulation = Simulation(drawn.fleet, configuration, broker, step=STEP)
        asked = _Forecasts(drawn, simulation.course.truth)
        try:
            for at in simulation.run(order.length, on_step=asked.ask, stop=stop):
                progress(order.units * (at - START_AT) / DAY, order.units * order.length / DAY)
            harvest = _Harvest(order, drawn, simulation.course.truth).of(simulation.service)
        finally:
            simulation.close()
    harvest.forecasts += [
        {**forecast, "unit": f"run{order.number}-{forecast['unit']}"} for forecast in asked.found
    ]
    harvest.messages = simulation.messages
    return harvest


class _Harvest:
    """Gathers what came of one laboratory."""

    def __init__(self, order: _Order, drawn: Drawn, truth: FleetTruth) -> None:
        self._order = order
        self._drawn = drawn
        self._truth = truth
        self._found = Gathered(unit_days=order.units * order.length / DAY)

    def of(self, service: Service) -> Gathered:
        said: dict[str, list[JSON]] = {}
        for message in told(service):
            if message["kind"] in ("opened", "again"):
                said.setdefault(message["alarm"], []).append(message)
        for alarm in service.view.alarms(limit=EVERYTHING):
            if alarm["condition"] != AlarmCondition.ALARM_FLOOD:  # its alarms are counted, each by itself
                self._found.pages += [self._page(alarm, message) for message in said.get(alarm["id"], ())]
        for page in usual_pages(_said(self._truth), _usual_limits(self._drawn)):
            self._found.usual.append(page._replace(unit=self._named(page.unit)))
        for failure in self._drawn.fleet.failures():
            self._take(failure)
        for unit in self._drawn.fleet.units:
            self._take_use(unit)
        return self._found

    def _named(self, unit: str) -> str:
        """A unit's path, of its own in each laboratory."""
        return f"run{self._order.number}-{unit}"

    def _page(self, alarm: AlarmAnswer, told: JSON) -> JSON:
        return {
            "unit": self._named("/".join(alarm["subject"].split("/")[:2])),
            "condition": alarm["condition"],
            "level": told["level"],
            "told_at": told["at"],
            "alarm": f"{self._order.number}:{alarm['id']}",
            "subject": alarm["subject"],
        }

    def _take(self, failure: FleetFailure) -> None:
        fleet, rule = self._drawn.fleet, KINDS[failure.kind]
        ended_at = START_AT + self._order.length if failure.ended_at is None else failure.ended_at
        if failure.kind is Kind.GATEWAY_LOST and ended_at - failure.began_at < SHORT_OUTAGE:
            return
        is_thermal = rule.target in ("unit", "room")
        for unit in _units_of(failure, fleet.units):
            path = f"{fleet.site}/{unit.name}"
            harmless = is_thermal and not self._harms(unit, failure.began_at, ended_at + HOUR)
            self._found.failures.append(
                {
                    "kind": f"{failure.kind} (harmless)" if harmless else str(failure.kind),
                    "unit": self._named(path),
                    "began_at": failure.began_at,
                    "ended_at": ended_at,
                    "detect_by": ended_at,
                    "excused": harmless,
                    "told_by": sorted(_THERMAL if is_thermal else _BLIND),
                }
            )
            if is_thermal and self._drawn.kinds[unit.name].startswith("ult"):
                self._found.crossings += [
                    {
                        "unit": self._named(path),
                        "limit": FORECAST_LIMIT,
                        "at": at,
                        "cause": f"{failure.kind}, {self._opened(unit, failure.began_at, at)}",
                    }
                    for at in self._truth.elements[f"{path}/product"].rises_through(FORECAST_LIMIT)
                    if failure.began_at <= at <= ended_at
                ]

    def _opened(self, unit: FleetUnit, since: int, until: int) -> str:
        """Whether somebody opened a unit or put goods in: no forecast can know that somebody will."""
        kinds = (Kind.DOOR_OPENED, Kind.GOODS_LOADED)
        opened = any(
            happening.kind in kinds
            and happening.target == unit.name
            and max(since, until - OPENED_WITHIN) <= happening.at <= until
            for happening in self._drawn.fleet.happenings
        )
        return "opened meanwhile" if opened else "left shut"

    def _take_use(self, unit: FleetUnit) -> None:
        """Where doors and goods alone took product out of its window, a page is no false one."""
        path = f"{self._drawn.fleet.site}/{unit.name}"
        low, high = UNIT_KINDS[self._drawn.kinds[unit.name]].window
        thermal = sorted(_THERMAL)
        own = [
            failure
            for failure in self._found.failures
            if failure["unit"] == self._named(path) and _warms(failure)
        ]
        for start, end in self._truth.elements[f"{path}/product"].stays_outside(low, high):
            # A probe's element trails its load: what began as a failure ends long after its repair.
            failed = any(failure["began_at"] <= start <= failure["ended_at"] + RECOVERY for failure in own)
            if not failed and end - start >= BY_USE_LEAST:
                self._found.failures.append(
                    {
                        "kind": BY_USE,
                        "unit": self._named(path),
                        "began_at": start,
                        "ended_at": end,
                        "told_by": thermal,
                        "excused": True,
                    }
                )

    def _harms(self, unit: FleetUnit, start: int, end: int) -> bool:
        """Whether what is stored truly left the usual window of its kind of unit between two instants."""
        low, high = UNIT_KINDS[self._drawn.kinds[unit.name]].window
        load = self._truth.loads[f"{self._drawn.fleet.site}/{unit.name}"]
        return any(start <= at <= end and not low <= celsius <= high for at, celsius in load)


class _Forecasts:
    """Asks for the forecasts of ultra-low freezers that warm, every few minutes: those alone make any."""

    def __init__(self, drawn: Drawn, truth: FleetTruth) -> None:
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
                forecast = None if shown is None else shown["forecast"]
                self.found += (
                    []
                    if forecast is None
                    else [
                        {"unit": unit, "made_at": forecast["made_at"], **crossing}
                        for crossing in forecast["crossings"]
                        if crossing["limit"] == FORECAST_LIMIT
                    ]
                )


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
            ScenarioUnit(
                name=unit.name,
                kind=drawn.kinds[unit.name],
                probe=[
                    ScenarioProbe(
                        name=name, like="bare" if name == "air" else "buffered", monitor=dict(sensor)
                    )
                    for name in unit.probes
                ],
            )
            for unit in fleet.units
        ],
    )


def _units_of(failure: FleetFailure, units: tuple[FleetUnit, ...]) -> list[FleetUnit]:
    if KINDS[failure.kind].target == "room":
        return [unit for unit in units if unit.room == failure.target]
    name = failure.target.partition("/")[0]
    return [unit for unit in units if unit.name == name]


def _warms(failure: JSON) -> bool:
    """Whether a failure warms its unit, or its probe."""
    return bool(failure["told_by"] == sorted(_THERMAL) or failure["kind"] == Kind.PROBE_FELL_OUT)


def _usual_limits(drawn: Drawn) -> Mapping[str, UsualLimits]:
    limits = {}
    for name, kind in drawn.kinds.items():
        low, high = UNIT_KINDS[kind].window
        limits[f"{drawn.fleet.site}/{name}"] = ULT if kind.startswith("ult") else UsualLimits(low, high)
    return limits


def _said(truth: FleetTruth) -> Iterator[tuple[str, int, float | None]]:
    """What all probes said, in the order of their clocks."""

    def of(channel: str) -> Iterator[tuple[int, str, float | None]]:
        for at, celsius in truth.said[channel]:
            yield at, channel, None if math.isnan(celsius) else celsius

    for at, channel, celsius in heapq.merge(*map(of, truth.said), key=lambda said: said[0]):
        yield channel, at, celsius
