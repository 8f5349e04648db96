"""What a probe needs beside being heard: a battery, a clock that is right, a calibration that is not out of date."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from monitor.core.alarm.cause.upkeep import (
    BATTERY,
    CALIBRATION,
    CLOCK,
    calibration_due,
    of_battery,
    of_clock,
    of_date,
)
from monitor.core.alarm.limits import Limits
from monitor.core.channel.liveness import Watch
from monitor.core.channel.probe_clock import SkewedRun
from monitor.core.profile.installation import Installation
from monitor.core.profile.unit import Channel
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions
from monitor.writer.turn import Turn, Waiting

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

    # --- what a restart must know ---

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: all of it is on record."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Takes from the store which runs of wrong clocks are under way."""
        self._saved = {path: run.is_certain for path, run in self.runs(turn.tx).items()}

    def runs(self, tx: Tx) -> dict[str, SkewedRun]:
        """The runs of wrong clocks, by channel."""
        kept = self._store.due.markers(tx, _MARKER)
        return {
            name.removeprefix(_MARKER): SkewedRun(*json.loads(text)) for name, text in kept.items() if text
        }

    def low(self) -> dict[str, tuple[int, float]]:
        """Which batteries are low, as of which measurement, and how low."""
        low = {}
        for path in self._alarms.open_subjects(BATTERY):
            alarm = self._alarms.get(BATTERY, path)
            if alarm is not None:
                grounds = alarm.grounds
                low[path] = (grounds.measured_at or alarm.raised_at, grounds.battery_percent or 0.0)
        return low

    # --- what readings say ---

    def take(self, tx: Tx, now: int) -> None:
        """What a message has said of its channel's battery and clock."""
        for battery in self._watch.batteries.take_words():
            place = self._conditions.place(battery.channel)
            self._alarms.carry_out(tx, [of_battery(battery, place, now)], now)
        for clock in self._watch.clocks.take_words():
            alarm = self._alarms.get(CLOCK, clock.channel)
            zone = self._installation.zone_of(Channel.parse(clock.channel).site)
            place = self._conditions.place(clock.channel)
            self._alarms.carry_out(tx, of_clock(clock, alarm, zone, place), now)

    def save(self, tx: Tx, runs: Mapping[str, SkewedRun | None]) -> None:
        """Keeps runs until they are certain; from then on their alarm says enough."""
        for path, run in runs.items():
            if run is None and path in self._saved:
                del self._saved[path]
                self._store.due.put_markers(tx, {f"{_MARKER}{path}": ""})
            elif run is not None and not (run.is_certain and self._saved.get(path)):
                self._saved[path] = run.is_certain
                self._store.due.put_markers(tx, {f"{_MARKER}{path}": json.dumps(run)})

    # --- what the calendar says ---

    def due(self, now: int) -> list[str]:
        """The channels whose calibration is to be asked for, or no more."""
        asked_for = self._alarms.open_subjects(CALIBRATION)
        over = [path for path in asked_for if path not in self._due or self._due[path].told_from > now]
        return over + [
            path for path, due in self._due.items() if due.told_from <= now and path not in asked_for
        ]

    def look(self, turn: Turn, path: str) -> None:
        """Asks for a calibration whose date comes near, since its own instant; or ends what was asked for where the
        configured date is far again."""
        due = self._due.get(path)
        place = {} if due is None else self._conditions.place(path)
        is_open = self._alarms.get(CALIBRATION, path) is not None
        outcome = of_date(path, due, place, turn.now, is_open=is_open)
        if outcome is not None:
            self._alarms.carry_out(turn.tx, [outcome], turn.now)
