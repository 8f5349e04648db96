"""What the clock wakes in the running program: each job asks for what is owed, so one that is late, skipped or run
twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from monitor.alerting.delivery import Deliverer
from monitor.alerting.schedule import Job
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.instant import MINUTE
from monitor.influx.exporter import Exporter
from monitor.ports import JSON, Clock
from monitor.runtime.monitor import Monitor

log = structlog.get_logger(__name__)

INFLUX_LAG_AFTER = 5 * MINUTE
"""How long InfluxDB may be unreachable or behind before somebody is told."""
PARTS = ("broker", "store", "influx", "alerting")
"""The parts whose health is put on record."""


class Jobs:
    """The jobs of the service. ``tick`` takes what is due by the clock; ``health`` says how each part is."""

    def __init__(
        self,
        clock: Clock,
        monitor: Monitor,
        deliverer: Deliverer,
        exporter: Exporter | None,
        *,
        tick: Callable[[], None],
        health: Callable[[], JSON],
    ) -> None:
        self._clock = clock
        self._monitor = monitor
        self._deliverer = deliverer
        self._exporter = exporter
        self._tick = tick
        self._health = health
        self._influx_bad_since: int | None = None

    def all(self) -> list[Job]:
        """Every job with its interval."""
        return [
            Job("tick", 1.0, self._tick),
            Job("deliver", 1.0, self._deliver),
            Job("influx watch", 5.0, self._watch_influx),
            Job("health", 10.0, self._note_health),
        ]

    def _deliver(self) -> None:
        self._deliverer.run_due()

    def _watch_influx(self) -> None:
        if self._exporter is None:
            return
        found = self._exporter.status()
        now = self._clock.now()
        if found["ok"] and not found["refused"]:
            self._influx_bad_since = None
            self._monitor.end(AlarmCondition.INFLUX_LAGGING, "influx")
            return
        self._influx_bad_since = self._influx_bad_since or now
        if found["refused"] or now - self._influx_bad_since >= INFLUX_LAG_AFTER:
            condition = AlarmCondition.INFLUX_LAGGING
            evidence = {"text": found["text"], "refused": found["refused"]}
            since = self._influx_bad_since
            self._monitor.hold(Truth(condition, "influx", since, LEVEL_OF[condition], evidence))

    def _note_health(self) -> None:
        found = self._health()
        self._monitor.note_health({part: found[part]["ok"] for part in PARTS})
