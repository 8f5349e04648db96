"""Liveness and probe faults: what each channel last said, and since when it has been silent.

Silence alone runs on ``received_at``. Its deadline is taken at its own instant: a watch that wakes late, or only as
the next reading comes, says the same as a punctual one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from monitor.core.installation import Probe
from monitor.core.instant import MINUTE
from monitor.core.quality import corrected
from monitor.core.reading import Quality, Reading
from monitor.core.rules import ChannelRules
from monitor.ports import Arrived

_NEVER = 1 << 62
SOUND_FOR = 30 * MINUTE
"""A probe is sound again when all that it has said for so long is good: a loose contact would otherwise raise and end
an alarm with each of its readings."""
_NO_FAULT = frozenset(
    {None, "clock_ahead"}
)  # a clock that runs ahead is a fault of the clock, not of the probe


class Silence(NamedTuple):
    """A channel that said nothing from ``heard_at`` (None: never) to its deadline ``silent_at``; ``heard_again_at``
    if a message has ended it."""

    channel: str
    heard_at: int | None
    silent_at: int
    heard_again_at: int | None


class ProbeFault(NamedTuple):
    """A probe's newest readings are no temperatures since ``since_at`` (measured); ``ended_at``: since when all are
    again, told when that has lasted for :data:`SOUND_FOR`."""

    channel: str
    since_at: int
    reason: str
    ended_at: int | None


@dataclass(slots=True)
class _Ear:
    """What the watch keeps of one channel."""

    path: str
    probe: Probe
    rules: ChannelRules
    latest: Reading | None = None
    is_corrected: bool = False  # the latest reading is the store's, its offset added already
    reason: str | None = None
    fault_since: int | None = None
    fault_reason: str = ""
    sound_since: int | None = None  # within a fault: since when all readings are good again
    heard_at: int | None = None
    silent_at: int = _NEVER
    told_silent: bool = False
    online: bool | None = None


class Watch:
    """Hears every reading in arrival order. Silence counts from our return after an outage of our own."""

    def __init__(
        self, probes: Mapping[str, Probe], rules: Mapping[str, ChannelRules], ids: Mapping[str, int]
    ) -> None:
        self._ears = {ids[path]: _Ear(path, probe, rules[path]) for path, probe in probes.items()}
        self._by_path = {ear.path: ear for ear in self._ears.values()}
        self._deaf_since: int | None = None
        self._changed: set[int] = set()
        self._faults: set[str] = set()
        self._ended: dict[str, ProbeFault] = {}

    def resume(self, latest: Mapping[int, Mapping[str, Any]]) -> None:
        """Takes up what each channel last said; what was told of them is for :meth:`recall`."""
        for channel, ear in self._ears.items():
            row = latest.get(channel)
            if row is None or row["reason"] == "clock_ahead":
                continue
            ear.heard_at = row["heard_at"]
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
            if ear.silent_at == _NEVER or outage >= ear.probe.silent_after:
                ear.silent_at = max(at, ear.heard_at or at) + ear.probe.silent_after
            else:
                ear.silent_at += outage
        self._deaf_since = None

    def recall(
        self, silent: Iterable[str], faulty: Mapping[str, int], sound: Mapping[str, int | None]
    ) -> None:
        """Takes what was told from the store again, after a transaction that failed; ``sound``: since when the readings
        of faulty channels are good again."""
        quiet = set(silent)
        for ear in self._ears.values():
            ear.told_silent = ear.path in quiet
            ear.fault_since = faulty.get(ear.path)
            ear.sound_since = sound.get(ear.path)
        self._faults.clear()
        self._ended.clear()

    def hear(self, arrived: Arrived, reason: str | None) -> Silence | None:
        """Takes one reading (``reason``: why it is bad, if it is); the silence that it ends, if there was one."""
        channel, reading, _, live = arrived
        ear = self._ears.get(channel)
        if ear is None:
            return None
        self._changed.add(channel)
        silence: Silence | None = None
        if live:
            at = reading.received_at
            if ear.told_silent or at > ear.silent_at:
                silence = Silence(ear.path, ear.heard_at, min(ear.silent_at, at), at)
                ear.told_silent = False
            ear.heard_at = at
            ear.silent_at = at + ear.probe.silent_after
        if reason != "clock_ahead" and _is_newer(reading, reason, ear):
            ear.latest, ear.reason, ear.is_corrected = reading, reason, False
            if reason is not None or ear.fault_since is not None:
                self._take_fault(ear, reading, reason)
        return silence

    def _take_fault(self, ear: _Ear, reading: Reading, reason: str | None) -> None:
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

    @property
    def has_faults(self) -> bool:
        """Whether :meth:`take_faults` has anything."""
        return bool(self._faults or self._ended)

    def take_faults(self) -> list[ProbeFault]:
        """The probes that turned faulty or sound since the last call. To be asked at the end of each message, so
        that what a message both begins and ends is of the past (``ended_at`` set, and nobody was told before)."""
        if not self.has_faults:
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

    def set_online(self, channel: int, online: bool) -> None:
        """Notes what a gateway said of a channel; a sign, not a reading."""
        ear = self._ears.get(channel)
        if ear is not None:
            ear.online = online
            self._changed.add(channel)

    def silences(self, now: int) -> list[Silence]:
        """The channels whose deadline has passed and that nobody has been told of, in the order of the deadlines."""
        found: list[Silence] = []
        if self._deaf_since is not None:
            return found
        for ear in self._ears.values():
            if not ear.told_silent and ear.silent_at < now:
                found.append(Silence(ear.path, ear.heard_at, ear.silent_at, None))
                ear.told_silent = True
        return sorted(found, key=lambda silence: silence.silent_at)

    def take_changed(self) -> list[dict[str, Any]]:
        """Rows of the newest readings for the store, of channels heard since the last call."""
        rows = [self._row(channel) for channel in sorted(self._changed)]
        self._changed.clear()
        return rows

    def _row(self, channel: int) -> dict[str, Any]:
        ear = self._ears[channel]
        reading, celsius = ear.latest, None
        if reading is not None and reading.celsius is not None and ear.reason is None:
            offset = 0.0 if ear.is_corrected else ear.rules.settings_at(reading.measured_at).offset
            celsius = corrected(reading.celsius, offset)
        return {
            "channel": channel,
            "measured_at": None if reading is None else reading.measured_at,
            "celsius": celsius,
            "quality": None
            if reading is None
            else (Quality.GOOD if ear.reason is None else Quality.BAD).value,
            "reason": ear.reason,
            "battery_percent": None if reading is None else reading.battery_percent,
            "received_at": None if reading is None else reading.received_at,
            "heard_at": ear.heard_at,
            "online": None if ear.online is None else int(ear.online),
        }


def _is_newer(reading: Reading, reason: str | None, ear: _Ear) -> bool:
    """Whether a reading is the newest to show; of two for one instant a good one, whatever their order."""
    if ear.latest is None or reading.measured_at > ear.latest.measured_at:
        return True
    return reading.measured_at == ear.latest.measured_at and (reason is None or ear.reason is not None)
