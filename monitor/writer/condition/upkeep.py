"""What a probe needs beside being heard: a battery, a clock that is right, a calibration that is not out of date."""

from __future__ import annotations

import json
from collections.abc import Mapping

from monitor.core.alarm.cause.battery import BATTERY, of_battery
from monitor.core.alarm.cause.calibration import CALIBRATION, calibration_due, of_date
from monitor.core.alarm.cause.probe_clock import CLOCK, of_clock
from monitor.core.alarm.limits import Limits
from monitor.core.channel.liveness import Watch
from monitor.core.channel.probe_clock import Run
from monitor.core.profile.installation import Installation
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import LATEST
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions

_MARKER = "clock:"


class Upkeep:
    """Holds and ends those alarms. Used by the one writer, within its transactions."""

    def __init__(
        self,
        store: Store,
        installation: Installation,
        limits: Limits,
        alarms: Alarms,
        conditions: Conditions,
        watch: Watch,
    ) -> None:
        self._store = store
        self._installation = installation
        self._alarms = alarms
        self._conditions = conditions
        self._watch = watch
        self._saved: dict[str, bool] = {}  # channels whose run is kept, and whether as certain
        probes = installation.probes()
        self._due = {
            path: calibration_due(due, installation.zone_of(probe.channel.site), limits.calibration_ahead)
            for path, probe in probes.items()
            if probe.alarms and (due := probe.calibration_due) is not None
        }
        self._next_at = 0

    # --- what a restart must know ---

    def resume(self, tx: Tx) -> None:
        """Takes from the store which runs of wrong clocks are under way."""
        runs = self._runs(tx)
        self._saved = {path: run.is_certain for path, run in runs.items()}
        self._next_at = 0

    def runs(self, tx: Tx) -> dict[str, Run]:
        """The runs of wrong clocks, by channel."""
        return self._runs(tx)

    def low(self) -> dict[str, tuple[int, float]]:
        """Which batteries are low, as of which measurement, and how low."""
        low = {}
        for path in self._alarms.open_subjects(BATTERY):
            alarm = self._alarms.get(BATTERY, path)
            if alarm is not None:
                grounds = alarm.grounds
                low[path] = (grounds.measured_at or alarm.raised_at, grounds.battery_percent or 0.0)
        return low

    def _runs(self, tx: Tx) -> dict[str, Run]:
        kept = self._store.due.markers(tx, _MARKER)
        return {name.removeprefix(_MARKER): Run(*json.loads(text)) for name, text in kept.items() if text}

    # --- what readings say ---

    def take(self, tx: Tx, now: int) -> None:
        """What a message has said of its channel's battery and clock."""
        for battery in self._watch.take_batteries():
            place = self._conditions.place(battery.channel)
            self._alarms.carry_out(tx, [of_battery(battery, place, now)], now)
        for clock in self._watch.take_clocks():
            alarm = self._alarms.get(CLOCK, clock.channel)
            zone = self._installation.zone_of(Channel.parse(clock.channel).site)
            place = self._conditions.place(clock.channel)
            self._alarms.carry_out(tx, of_clock(clock, alarm, zone, place), now)

    def save(self, tx: Tx, runs: Mapping[str, Run | None]) -> None:
        """Keeps runs until they are certain; from then on their alarm says enough."""
        for path, run in runs.items():
            if run is None and path in self._saved:
                del self._saved[path]
                self._store.due.put_markers(tx, {f"{_MARKER}{path}": ""})
            elif run is not None and not (run.is_certain and self._saved.get(path)):
                self._saved[path] = run.is_certain
                self._store.due.put_markers(tx, {f"{_MARKER}{path}": json.dumps(run)})

    # --- what the calendar says ---

    def is_waiting(self, now: int) -> bool:
        """Whether :meth:`look` has anything to do."""
        return now >= self._next_at

    def look(self, tx: Tx, now: int) -> None:
        """Asks for calibrations whose date comes near, each since its own instant, and ends what was asked for where
        the configured date is far again."""
        asked_for = self._alarms.open_subjects(CALIBRATION)
        for path in [*asked_for, *(path for path in self._due if path not in asked_for)]:
            due = self._due.get(path)
            place = {} if due is None else self._conditions.place(path)
            outcome = of_date(path, due, place, now, is_open=path in asked_for)
            if outcome is not None:
                self._alarms.carry_out(tx, [outcome], now)
        coming = (due.told_from for due in self._due.values() if due.told_from > now)
        self._next_at = min(coming, default=LATEST)
