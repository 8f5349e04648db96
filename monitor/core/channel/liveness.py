"""Liveness and probe faults: what each channel last said, and since when it has been silent.

Silence alone runs on ``received_at``. Its deadline is taken at its own instant: a watch that wakes late, or only as
the next reading comes, says the same as a punctual one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from monitor.core.alarm.chatter import LEAST
from monitor.core.alarm.limits import Limits
from monitor.core.channel.ear import NEVER, NOT_LOW, Ear, LatestRow
from monitor.core.channel.probe_clock import SkewedRun, kind_of, longer
from monitor.core.channel.quality import OF_CLOCKS
from monitor.core.channel.reading import Arrived, Reading
from monitor.core.profile.installation import Probe
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import DAY, MINUTE

SOUND_FOR = 30 * MINUTE
"""A probe is sound again when all that it has said for so long is good: a loose contact would otherwise raise and end
an alarm with each of its readings."""
_NO_FAULT = frozenset({None, *OF_CLOCKS})
"""A clock that is wrong is a fault of the clock, not of the probe."""
FRESH_FOR = DAY
"""A battery that was low so long before anybody heard of it is not said to be low now."""


class Silence(NamedTuple):
    """A channel that said nothing from ``heard_at`` (None: never) to its deadline ``silent_at``; ``heard_again_at``
    if a message has ended it. ``is_offline``: its gateway has told, as its last will, that it is gone."""

    channel: str
    heard_at: int | None
    silent_at: int
    heard_again_at: int | None
    is_offline: bool = False


class Steady(NamedTuple):
    """A channel whose silences came and went has been heard for long enough, at ``at``."""

    channel: str
    at: int


class BatteryWord(NamedTuple):
    """What a channel's battery came to by the end of a message: low as of ``measured_at``, or (``ended_at``, received)
    charged again."""

    channel: str
    percent: float
    measured_at: int
    ended_at: int | None


class ClockWord(NamedTuple):
    """What a channel's clock came to by the end of a message: wrong, or (``ended_at``) sound again. ``is_blind``:
    nothing that can be used has come for as long as it may be silent."""

    channel: str
    run: SkewedRun
    is_blind: bool
    ended_at: int | None


class ProbeFault(NamedTuple):
    """A probe's newest readings are no temperatures since ``since_at`` (measured); ``ended_at``: since when all are
    again, told when that has lasted for :data:`SOUND_FOR`."""

    channel: str
    since_at: int
    reason: str
    ended_at: int | None


class Watch:
    """Hears every reading in arrival order. Silence counts from our return after an outage of our own."""

    def __init__(
        self,
        probes: Mapping[str, Probe],
        rules: Mapping[str, ChannelRules],
        ids: Mapping[str, int],
        limits: Limits,
    ) -> None:
        self._low, self._charged = limits.battery_low, limits.battery_charged
        self._late_after = limits.clock_skew_after
        self._ears = {ids[path]: Ear(path, probe, rules[path]) for path, probe in probes.items()}
        for ear in self._ears.values():
            ear.late_after = min(self._late_after, ear.probe.silent_after)
        self._by_path = {ear.path: ear for ear in self._ears.values()}
        self._deaf_since: int | None = None
        self._changed: set[int] = set()
        self._faults: set[str] = set()
        self._ended: dict[str, ProbeFault] = {}
        self._batteries: dict[str, Ear] = {}
        self._clocks: dict[str, Ear] = {}
        self._unsaved: set[str] = set()
        self.has_words = False
        """Whether there may be something to take: faults, batteries, clocks."""

    def resume(self, latest: Mapping[int, Mapping[str, Any]]) -> None:
        """Takes up what each channel last said; what was told of them is for :meth:`recall`."""
        for channel, ear in self._ears.items():
            row = latest.get(channel)
            if row is None or row["reason"] in OF_CLOCKS:
                continue
            ear.heard_at = row["heard_at"]
            ear.online = None if row["online"] is None else bool(row["online"])
            if row["measured_at"] is not None:
                ear.latest = Reading(
                    row["measured_at"], row["received_at"], row["celsius"], None, None, row["battery_percent"]
                )
                ear.is_corrected, ear.reason = True, row["reason"]

    def listen_from(self, at: int | None, now: int) -> None:
        """We can hear since ``at`` (None: not any more). After an outage of our own longer than a channel may be
        silent, its silence counts from our return; a short one only moves its deadline, or a line that flaps would
        hide a silent probe for ever."""
        if at is None:
            self._deaf_since = self._deaf_since or now
            return
        outage = 0 if self._deaf_since is None else max(0, at - self._deaf_since)
        for ear in self._ears.values():
            if ear.silent_at == NEVER or outage >= ear.probe.silent_after:
                ear.silent_at = max(at, ear.heard_at or at) + ear.probe.silent_after
                if ear.steady_at != NEVER:  # it can't have been heard meanwhile
                    ear.steady_at = max(ear.steady_at, at + LEAST)
            else:
                ear.silent_at += outage
        self._deaf_since = None

    def recall(
        self, silent: Iterable[str], faulty: Mapping[str, int], sound: Mapping[str, int | None]
    ) -> None:
        """Takes what was told from the store again, after a transaction that failed; ``sound``: since when the readings
        of faulty channels are good again."""
        quiet = set(silent)
        self._batteries.clear()
        self._clocks.clear()
        self._unsaved.clear()
        for ear in self._ears.values():
            ear.told_silent = ear.path in quiet
            ear.fault_since = faulty.get(ear.path)
            ear.sound_since = sound.get(ear.path)
        self._faults.clear()
        self._ended.clear()

    def recall_words(
        self, low: Mapping[str, tuple[int, float]], runs: Mapping[str, SkewedRun], steady: Mapping[str, int]
    ) -> None:
        """Takes what else was told: since which measurement batteries are low, and how low; the runs of wrong clocks;
        until when channels whose silences come and go must be heard."""
        for ear in self._ears.values():
            ear.low_at, ear.low_percent = low.get(ear.path, (NOT_LOW, 0.0))
            ear.charged_at = NOT_LOW
            ear.run = ear.run_before = runs.get(ear.path)
            ear.was_certain = ear.run is not None and ear.run.is_certain
            ear.steady_at = steady.get(ear.path, NEVER)

    def expect_steady(self, path: str, until: int) -> None:
        """A channel whose silences come and go is well when it has been heard until then without another one."""
        self._by_path[path].steady_at = until

    def hear(self, arrived: Arrived, reason: str | None) -> Silence | Steady | None:
        """Takes one reading (``reason``: why it is bad, if it is); the silence that it ends, if there was one."""
        channel, reading, item, live = arrived
        ear = self._ears.get(channel)
        if ear is None:
            return None
        self._changed.add(channel)
        silence: Silence | Steady | None = None
        battery = reading.battery_percent
        if battery is not None and (battery <= self._low or ear.low_at != NOT_LOW):
            self._take_battery(ear, reading, battery, reason)
        if live:
            at = reading.received_at
            if ear.told_silent or at > ear.silent_at:
                silence = Silence(ear.path, ear.heard_at, min(ear.silent_at, at), at, ear.is_offline)
                ear.told_silent = False
                ear.steady_at = NEVER
            elif at >= ear.steady_at:
                silence = Steady(ear.path, at)
                ear.steady_at = NEVER
            ear.heard_at = at
            ear.silent_at = at + ear.probe.silent_after
            if reason is not None or ear.run is not None or at - reading.measured_at > ear.late_after:
                self._take_clock(ear, reading, reason, item)
        if (reason is None or reason not in OF_CLOCKS) and _is_newer(reading, reason, ear):
            ear.latest, ear.reason, ear.is_corrected = reading, reason, False
            if reason is not None or ear.fault_since is not None:
                self._take_fault(ear, reading, reason)
                self.has_words = True
        return silence

    def _take_fault(self, ear: Ear, reading: Reading, reason: str | None) -> None:
        if reason is None and ear.fault_since is not None:
            if ear.sound_since is None:
                ear.sound_since = reading.measured_at
            if reading.measured_at - ear.sound_since >= SOUND_FOR:
                self._ended[ear.path] = ProbeFault(
                    ear.path, ear.fault_since, ear.fault_reason, ear.sound_since
                )
                ear.fault_since = ear.sound_since = None
        elif reason not in _NO_FAULT:
            ear.sound_since = None
            if ear.fault_since is None:
                ear.fault_since, ear.fault_reason = reading.measured_at, str(reason)
                self._faults.add(ear.path)

    def _take_battery(self, ear: Ear, reading: Reading, battery: float, reason: str | None) -> None:
        """Notes a low battery, or one that is charged again, by the newest measurement of each."""
        at = reading.measured_at
        if reason in OF_CLOCKS or not ear.probe.alarms:
            return
        if battery <= self._low:
            latest = ear.latest
            is_outdated = (
                latest is not None and at < latest.measured_at and _is_charged(latest, self._charged)
            )
            if at > ear.low_at and not is_outdated and reading.received_at - at <= FRESH_FOR:
                ear.low_at, ear.low_percent = at, battery
                self._batteries[ear.path], self.has_words = ear, True
        elif battery >= self._charged and at > ear.charged_at:
            ear.charged_at, ear.charged_received_at = at, reading.received_at
            self._batteries[ear.path], self.has_words = ear, True

    def take_batteries(self) -> list[BatteryWord]:
        """What batteries came to since the last call."""
        found = []
        for path, ear in self._batteries.items():
            ended_at = ear.charged_received_at if ear.charged_at > ear.low_at else None
            found.append(BatteryWord(path, ear.low_percent, ear.low_at, ended_at))
            if ended_at is not None:
                ear.low_at = ear.charged_at = NOT_LOW
        self._batteries.clear()
        return found

    def _take_clock(self, ear: Ear, reading: Reading, reason: str | None, item: int) -> None:
        """Goes on with a run of readings whose clock is wrong, or ends it. What an array brings late was kept, so it
        says nothing of the clock; but what is bad for its clock does, and what is in time."""
        measured_at, received_at = reading.measured_at, reading.received_at
        # Nothing newer than what is known already: late enough for nobody to know the present.
        is_old = ear.latest is not None and measured_at <= ear.latest.measured_at
        late_after = ear.late_after if is_old else self._late_after
        kind = kind_of(reason, measured_at=measured_at, received_at=received_at, late_after=late_after)
        if not ear.probe.alarms or (kind is None and ear.run is None):
            return
        if item == 0:
            ear.run_before = ear.run
        elif kind == "behind":
            ear.run = ear.run_before
            return
        ear.run = None if kind is None else longer(ear.run, kind, measured_at, received_at)
        self._clocks[ear.path], self.has_words = ear, True
        self._unsaved.add(ear.path)

    def take_clocks(self) -> list[ClockWord]:
        """The clocks that are certainly wrong, or sound again, by what was heard since the last call."""
        found = []
        for path, ear in self._clocks.items():
            if ear.run is not None and ear.run.is_certain:
                usable = None if ear.latest is None else ear.latest.received_at
                is_blind = ear.run.is_blind(usable, ear.probe.silent_after)
                found.append(ClockWord(path, ear.run, is_blind, None))
                ear.was_certain = True
            elif ear.run is None and ear.was_certain and ear.run_before is not None:
                found.append(ClockWord(path, ear.run_before, False, ear.heard_at))
                ear.was_certain = False
        self._clocks.clear()
        return found

    def take_runs(self) -> dict[str, SkewedRun | None]:
        """The runs that have changed since the last call, by channel; None: no run any more."""
        found = {path: self._by_path[path].run for path in sorted(self._unsaved)}
        self._unsaved.clear()
        return found

    def take_faults(self) -> list[ProbeFault]:
        """The probes that turned faulty or sound since the last call. To be asked at the end of each message, so
        that what a message both begins and ends is of the past (``ended_at`` set, and nobody was told before)."""
        if not (self._faults or self._ended):
            return []
        found = list(self._ended.values())
        self._ended.clear()
        for path in sorted(self._faults):
            ear = self._by_path[path]
            if ear.fault_since is not None:
                found.append(ProbeFault(path, ear.fault_since, ear.fault_reason, None))
        self._faults.clear()
        return found

    def heard_at(self, path: str) -> int | None:
        """When a channel was last heard; None for one that never was, or isn't watched."""
        ear = self._by_path.get(path)
        return None if ear is None else ear.heard_at

    def newest(self, path: str) -> tuple[int, float] | None:
        """When a channel's newest reading was measured, and its °C; None where that isn't a temperature."""
        ear = self._by_path.get(path)
        if ear is None or ear.latest is None or (celsius := ear.celsius()) is None:
            return None
        return ear.latest.measured_at, celsius

    def set_online(self, channel: int, online: bool, at: int) -> None:
        """Notes what a gateway said of a channel; a sign, not a reading."""
        ear = self._ears.get(channel)
        if ear is not None:
            ear.online = online
            ear.offline_at = None if online else at
            self._changed.add(channel)

    def due(self, now: int) -> list[str]:
        """The channels whose deadline has passed and that nobody has been told of, in the order of the deadlines."""
        if self._deaf_since is not None:
            return []
        silent = [ear for ear in self._ears.values() if not ear.told_silent and ear.silent_at < now]
        return [ear.path for ear in sorted(silent, key=lambda ear: ear.silent_at)]

    def take_silence(self, path: str) -> Silence:
        """The silence of a channel that is due, to be told now."""
        ear = self._by_path[path]
        ear.told_silent = True
        ear.steady_at = NEVER
        return Silence(ear.path, ear.heard_at, ear.silent_at, None, ear.is_offline)

    @property
    def to_do(self) -> list[set[int]]:
        """What is to be given back when a transaction fails."""
        return [self._changed]

    def take_changed(self) -> list[LatestRow]:
        """Rows of the newest readings for the store, of channels heard since the last call."""
        rows = [self._ears[channel].row(channel) for channel in sorted(self._changed)]
        self._changed.clear()
        return rows


def _is_charged(reading: Reading, charged: float) -> bool:
    return reading.battery_percent is not None and reading.battery_percent >= charged


def _is_newer(reading: Reading, reason: str | None, ear: Ear) -> bool:
    """Whether a reading is the newest to show; of two for one instant a good one, whatever their order."""
    if ear.latest is None or reading.measured_at > ear.latest.measured_at:
        return True
    return reading.measured_at == ear.latest.measured_at and (reason is None or ear.reason is not None)
