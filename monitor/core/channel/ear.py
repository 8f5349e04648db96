"""What the watch keeps of one channel, and what that comes to: a battery, a clock or a probe that is not well.

What one message both begins and ends is of the past; so what was noted is taken at the end of each message, not with
each of its readings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from monitor.core.channel.probe_clock import SkewedRun, kind_of, longer
from monitor.core.channel.quality import OF_CLOCKS, corrected
from monitor.core.channel.reading import Quality, Reading
from monitor.core.profile.installation import Probe
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import DAY, MINUTE

NEVER = 1 << 62
NOT_LOW = -1
SOUND_FOR = 30 * MINUTE
"""A probe is sound again when all that it has said for so long is good: a loose contact would otherwise raise and end
an alarm with each of its readings."""
_NO_FAULT = frozenset({None, *OF_CLOCKS})
"""A clock that is wrong is a fault of the clock, not of the probe."""
FRESH_FOR = DAY
"""A battery that was low so long before anybody heard of it is not said to be low now."""


class LatestRow(TypedDict):
    """The newest reading and sign of life of a channel, by its number, as it is kept. Instants in ms; ``online`` 0,
    1 or None (nobody said)."""

    channel: int
    measured_at: int | None
    celsius: float | None
    quality: str | None
    reason: str | None
    battery_percent: float | None
    received_at: int | None
    heard_at: int | None
    online: int | None


@dataclass(slots=True)
class Ear:
    """One channel: what it last said, and what is known of its probe since when."""

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
    silent_at: int = NEVER
    told_silent: bool = False
    steady_at: int = NEVER
    online: bool | None = None
    offline_at: int | None = None
    low_at: int = NOT_LOW  # measured_at of the newest reading with a low battery
    low_percent: float = 0.0
    charged_at: int = NOT_LOW  # since then: of the newest with a charged one, and when that came
    charged_received_at: int = 0
    run: SkewedRun | None = None
    run_before: SkewedRun | None = None  # before the message under way
    was_certain: bool = False
    late_after: int = 0  # a reading that comes so late is looked at for its clock

    @property
    def is_offline(self) -> bool:
        """Whether the last that was heard of its gateway is that it is gone."""
        after = self.heard_at is None or self.offline_at is None or self.offline_at >= self.heard_at
        return self.online is False and after

    def celsius(self) -> float | None:
        """The newest reading's °C with the probe's offset; None for a bad one."""
        reading = self.latest
        if reading is None or reading.celsius is None or self.reason is not None:
            return None
        offset = 0.0 if self.is_corrected else self.rules.settings_at(reading.measured_at).offset
        return corrected(reading.celsius, offset)

    def row(self, channel: int) -> LatestRow:
        """The newest reading and sign of life of channel number ``channel``, for the store."""
        reading = self.latest
        return {
            "channel": channel,
            "measured_at": None if reading is None else reading.measured_at,
            "celsius": self.celsius(),
            "quality": None
            if reading is None
            else (Quality.GOOD if self.reason is None else Quality.BAD).value,
            "reason": self.reason,
            "battery_percent": None if reading is None else reading.battery_percent,
            "received_at": None if reading is None else reading.received_at,
            "heard_at": self.heard_at,
            "online": None if self.online is None else int(self.online),
        }


class BatteryWord(NamedTuple):
    """What a channel's battery came to by the end of a message: low as of ``measured_at``, or (``ended_at``, received)
    charged again."""

    channel: str
    percent: float
    measured_at: int
    ended_at: int | None


class Batteries:
    """Batteries that are low at a percentage of ``low`` or less, until one is charged again, or replaced."""

    def __init__(self, low: float, charged: float) -> None:
        self.low = low
        self._charged = charged
        self._noted: dict[str, Ear] = {}

    def take(self, ear: Ear, reading: Reading, percent: float, reason: str | None) -> bool:
        """Takes what a reading (``reason``: why it is bad) says of its battery, by the newest measurement of low and
        of charged; whether there is something to tell."""
        at = reading.measured_at
        if reason in OF_CLOCKS or not ear.probe.alarms:
            return False
        if percent <= self.low:
            latest = ear.latest
            is_outdated = latest is not None and at < latest.measured_at and self._is_charged(latest)
            if at <= ear.low_at or is_outdated or reading.received_at - at > FRESH_FOR:
                return False
            ear.low_at, ear.low_percent = at, percent
        elif percent >= self._charged and at > ear.charged_at:
            ear.charged_at, ear.charged_received_at = at, reading.received_at
        else:
            return False
        self._noted[ear.path] = ear
        return True

    def take_words(self) -> list[BatteryWord]:
        """What batteries came to since the last call."""
        words = []
        for path, ear in self._noted.items():
            ended_at = ear.charged_received_at if ear.charged_at > ear.low_at else None
            words.append(BatteryWord(path, ear.low_percent, ear.low_at, ended_at))
            if ended_at is not None:
                ear.low_at = ear.charged_at = NOT_LOW
        self.forget()
        return words

    def forget(self) -> None:
        """Nothing was noted."""
        self._noted.clear()

    def _is_charged(self, reading: Reading) -> bool:
        return reading.battery_percent is not None and reading.battery_percent >= self._charged


class ClockWord(NamedTuple):
    """What a channel's clock came to by the end of a message: wrong, or (``ended_at``) sound again. ``is_blind``:
    nothing that can be used has come for as long as it may be silent."""

    channel: str
    run: SkewedRun
    is_blind: bool
    ended_at: int | None


class Clocks:
    """Clocks that are wrong: what comes more than ``late_after`` ms after it was measured counts as such."""

    def __init__(self, late_after: int) -> None:
        self._late_after = late_after
        self._noted: dict[str, Ear] = {}
        self._unsaved: dict[str, Ear] = {}

    def take(self, ear: Ear, reading: Reading, reason: str | None, item: int) -> bool:
        """Goes on with a run of readings whose clock is wrong, or ends it; whether there may be something to tell.

        What an array brings late was kept, so it says nothing of the clock; but what is bad for its clock does, and
        what is in time. ``item``: the reading's place in the array.
        """
        measured_at, received_at = reading.measured_at, reading.received_at
        # Nothing newer than what is known already: late enough for nobody to know the present.
        is_old = ear.latest is not None and measured_at <= ear.latest.measured_at
        late_after = ear.late_after if is_old else self._late_after
        kind = kind_of(reason, measured_at=measured_at, received_at=received_at, late_after=late_after)
        if not ear.probe.alarms or (kind is None and ear.run is None):
            return False
        if item == 0:
            ear.run_before = ear.run
        elif kind == "behind":
            ear.run = ear.run_before
            return False
        ear.run = None if kind is None else longer(ear.run, kind, measured_at, received_at)
        self._noted[ear.path] = self._unsaved[ear.path] = ear
        return True

    def take_words(self) -> list[ClockWord]:
        """The clocks that are certainly wrong, or sound again, by what was heard since the last call."""
        words = []
        for path, ear in self._noted.items():
            if ear.run is not None and ear.run.is_certain:
                usable = None if ear.latest is None else ear.latest.received_at
                is_blind = ear.run.is_blind(usable, ear.probe.silent_after)
                words.append(ClockWord(path, ear.run, is_blind, None))
                ear.was_certain = True
            elif ear.run is None and ear.was_certain and ear.run_before is not None:
                words.append(ClockWord(path, ear.run_before, False, ear.heard_at))
                ear.was_certain = False
        self._noted.clear()
        return words

    def take_runs(self) -> dict[str, SkewedRun | None]:
        """The runs that have changed since the last call, by channel; None: no run any more."""
        runs = {path: ear.run for path, ear in sorted(self._unsaved.items())}
        self._unsaved.clear()
        return runs

    def forget(self) -> None:
        """Nothing was noted."""
        self._noted.clear()
        self._unsaved.clear()


class ProbeFault(NamedTuple):
    """A probe's newest readings are no temperatures since ``since_at`` (measured); ``ended_at``: since when all are
    again, told when that has lasted for :data:`SOUND_FOR`."""

    channel: str
    since_at: int
    reason: str
    ended_at: int | None


class Faults:
    """Probes whose newest readings are no temperatures, until all have been again for :data:`SOUND_FOR`."""

    def __init__(self) -> None:
        self._begun: dict[str, Ear] = {}
        self._ended: dict[str, ProbeFault] = {}

    def take(self, ear: Ear, reading: Reading, reason: str | None) -> None:
        """Takes a channel's newest reading; ``reason``: why it is bad, None if it is good."""
        if reason is None and ear.fault_since is not None:
            if ear.sound_since is None:
                ear.sound_since = reading.measured_at
            if reading.measured_at - ear.sound_since >= SOUND_FOR:
                fault = ProbeFault(ear.path, ear.fault_since, ear.fault_reason, ear.sound_since)
                self._ended[ear.path] = fault
                ear.fault_since = ear.sound_since = None
        elif reason not in _NO_FAULT:
            ear.sound_since = None
            if ear.fault_since is None:
                ear.fault_since, ear.fault_reason = reading.measured_at, str(reason)
                self._begun[ear.path] = ear

    def take_words(self) -> list[ProbeFault]:
        """The probes that turned faulty or sound since the last call. To be asked at the end of each message, so
        that what a message both begins and ends is of the past (``ended_at`` set, and nobody was told before)."""
        words = list(self._ended.values())
        for path, ear in sorted(self._begun.items()):
            if ear.fault_since is not None:
                words.append(ProbeFault(path, ear.fault_since, ear.fault_reason, None))
        self.forget()
        return words

    def forget(self) -> None:
        """Nothing was noted."""
        self._begun.clear()
        self._ended.clear()
