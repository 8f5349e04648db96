"""What a probe needs beside being heard: a battery, a clock that is right, a calibration that is not out of date."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from monitor.core.alarm.calibration import due_text, told_from
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Level, Truth, is_worse
from monitor.core.alarm.limits import Limits
from monitor.core.channel.liveness import BatteryWord, ClockWord, Watch
from monitor.core.channel.probe_clock import Run
from monitor.core.profile.installation import Installation
from monitor.core.profile.unit import Channel
from monitor.core.sign.course import minutes
from monitor.core.time.instant import LATEST, format_instant, format_local, parse_instant
from monitor.ports import JSON, Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions
from monitor.writer.turn import Turn, Waiting

_BATTERY, _CLOCK = AlarmCondition.BATTERY_LOW, AlarmCondition.CLOCK_SKEW
_CALIBRATION = AlarmCondition.CALIBRATION_DUE
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
        self._due_on = {path: probe.calibration_due for path, probe in probes.items() if probe.alarms}
        self._told_from = {
            path: told_from(due, installation.zone_of(Channel.parse(path).site), limits.calibration_ahead)
            for path, due in self._due_on.items()
            if due is not None
        }

    # --- what a restart must know ---

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: all of it is on record."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Takes from the store which runs of wrong clocks are under way."""
        self._saved = {path: run.is_certain for path, run in self.runs(turn.tx).items()}

    def runs(self, tx: Tx) -> dict[str, Run]:
        """The runs of wrong clocks, by channel."""
        kept = self._store.due.markers(tx, _MARKER)
        return {name.removeprefix(_MARKER): Run(*json.loads(text)) for name, text in kept.items() if text}

    def low(self) -> dict[str, tuple[int, float]]:
        """Which batteries are low, as of which measurement, and how low."""
        found = {}
        for path in self._alarms.open_subjects(_BATTERY):
            alarm = self._alarms.get(_BATTERY, path)
            if alarm is not None:
                known = alarm.evidence
                found[path] = (parse_instant(known["measured_at"]), float(known["battery_percent"]))
        return found

    # --- what readings say ---

    def take(self, tx: Tx, now: int) -> None:
        """What a message has said of its channel's battery and clock."""
        for battery in self._watch.take_batteries():
            self._on_battery(tx, battery, now)
        for clock in self._watch.take_clocks():
            self._on_clock(tx, clock, now)

    def save(self, tx: Tx, runs: Mapping[str, Run | None]) -> None:
        """Keeps runs until they are certain; from then on their alarm says enough."""
        for path, run in runs.items():
            if run is None and path in self._saved:
                del self._saved[path]
                self._store.due.put_markers(tx, {f"{_MARKER}{path}": ""})
            elif run is not None and not (run.is_certain and self._saved.get(path)):
                self._saved[path] = run.is_certain
                self._store.due.put_markers(tx, {f"{_MARKER}{path}": json.dumps(run)})

    def _on_battery(self, tx: Tx, word: BatteryWord, now: int) -> None:
        if word.ended_at is not None:
            self._recovered(tx, _BATTERY, word.channel, word.ended_at, now)
            return
        evidence: JSON = {
            "text": f"{word.percent:g} % left",
            "battery_percent": word.percent,
            "measured_at": format_instant(word.measured_at),
            **self._conditions.place(word.channel),
        }
        truth = Truth(_BATTERY, word.channel, min(word.measured_at, now), LEVEL_OF[_BATTERY], evidence)
        self._alarms.hold(tx, truth, now)

    def _on_clock(self, tx: Tx, word: ClockWord, now: int) -> None:
        run = word.run
        if word.ended_at is not None:
            self._recovered(tx, _CLOCK, word.channel, word.ended_at, now)
            return
        alarm = self._alarms.get(_CLOCK, word.channel)
        level: Level = "alarm" if word.is_blind else LEVEL_OF[_CLOCK]
        if alarm is not None and not is_worse(level, alarm.level):
            return
        text = self._clock_text(word.channel, run)
        evidence = {
            "text": f"{text}, and nothing that it sends can be used" if word.is_blind else text,
            "kind": run.kind,
            "started_at": format_instant(run.first_received_at),
            "measured_at": format_instant(run.last_measured_at),
            "last_received_at": format_instant(run.last_received_at),
            **self._conditions.place(word.channel),
        }
        self._alarms.hold(tx, Truth(_CLOCK, word.channel, run.last_received_at, level, evidence), now)

    def _recovered(self, tx: Tx, condition: AlarmCondition, channel: str, at: int, now: int) -> None:
        evidence = {"clear_reason": "recovered"}
        self._alarms.end(tx, condition, channel, at=at, now=now, evidence=evidence)

    def _clock_text(self, channel: str, run: Run) -> str:
        if run.kind == "reset":
            zone = self._installation.zone_of(Channel.parse(channel).site)
            return f"its clock was reset: it says {format_local(run.last_measured_at, zone)}"
        span = minutes(abs(run.last_received_at - run.last_measured_at))
        return f"its clock is {span} {run.kind}"

    # --- what the calendar says ---

    def due(self, now: int) -> list[str]:
        """The channels whose calibration is to be asked for, or no more."""
        asked = self._alarms.open_subjects(_CALIBRATION)
        over = [path for path in asked if self._told_from.get(path, LATEST) > now]
        return over + [path for path, at in self._told_from.items() if at <= now and path not in asked]

    def look(self, turn: Turn, path: str) -> None:
        """Asks for a calibration whose date comes near, since its own instant; or ends what was asked for where the
        configured date is far again."""
        now, at, due = turn.now, self._told_from.get(path, LATEST), self._due_on.get(path)
        if at > now or due is None:
            evidence = {"clear_reason": "no_longer_watched" if due is None else "recovered"}
            self._alarms.end(turn.tx, _CALIBRATION, path, at=now, now=now, evidence=evidence)
            return
        asked: JSON = {"text": due_text(due), "due_on": due.isoformat(), **self._conditions.place(path)}
        self._alarms.hold(turn.tx, Truth(_CALIBRATION, path, at, LEVEL_OF[_CALIBRATION], asked), now)
