"""Liveness: what each channel last said, and since when it has been silent.

Silence alone runs on ``received_at``. Its deadline is taken at its own instant: a watch that wakes late, or only as
the next reading comes, says the same as a punctual one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from monitor.core.alarm.chatter import LEAST
from monitor.core.alarm.limits import Limits
from monitor.core.channel.ear import NEVER, NOT_LOW, Batteries, Clocks, Ear, Faults, LatestRow
from monitor.core.channel.probe_clock import SkewedRun
from monitor.core.channel.quality import OF_CLOCKS
from monitor.core.channel.reading import Arrived, Reading
from monitor.core.profile.installation import Probe
from monitor.core.profile.rules import ChannelRules


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


class Watch:
    """Hears every reading in arrival order. Silence counts from our return after an outage of our own.

    What it hears of ``batteries``, ``clocks`` and ``faults`` is taken from these at the end of each message.
    """

    def __init__(
        self,
        probes: Mapping[str, Probe],
        rules: Mapping[str, ChannelRules],
        ids: Mapping[str, int],
        limits: Limits,
    ) -> None:
        self.batteries = Batteries(limits.battery_low, limits.battery_charged)
        self.clocks = Clocks(limits.clock_skew_after)
        self.faults = Faults()
        self._ears = {ids[path]: Ear(path, probe, rules[path]) for path, probe in probes.items()}
        for ear in self._ears.values():
            ear.late_after = min(limits.clock_skew_after, ear.probe.silent_after)
        self._by_path = {ear.path: ear for ear in self._ears.values()}
        self._deaf_since: int | None = None
        self._changed: set[int] = set()
        self.has_words = False
        """Whether there may be something to take of faults, batteries or clocks."""

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
        for words in (self.batteries, self.clocks, self.faults):
            words.forget()
        for ear in self._ears.values():
            ear.told_silent = ear.path in quiet
            ear.fault_since = faulty.get(ear.path)
            ear.sound_since = sound.get(ear.path)

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
        if battery is not None and (battery <= self.batteries.low or ear.low_at != NOT_LOW):
            self.has_words |= self.batteries.take(ear, reading, battery, reason)
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
                self.has_words |= self.clocks.take(ear, reading, reason, item)
        if (reason is None or reason not in OF_CLOCKS) and _is_newer(reading, reason, ear):
            ear.latest, ear.reason, ear.is_corrected = reading, reason, False
            if reason is not None or ear.fault_since is not None:
                self.faults.take(ear, reading, reason)
                self.has_words = True
        return silence

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


def _is_newer(reading: Reading, reason: str | None, ear: Ear) -> bool:
    """Whether a reading is the newest to show; of two for one instant a good one, whatever their order."""
    if ear.latest is None or reading.measured_at > ear.latest.measured_at:
        return True
    return reading.measured_at == ear.latest.measured_at and (reason is None or ear.reason is not None)
