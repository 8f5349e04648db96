"""What the watch keeps of one channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from monitor.core.channel.probe_clock import SkewedRun
from monitor.core.channel.quality import corrected
from monitor.core.channel.reading import Quality, Reading
from monitor.core.profile.installation import Probe
from monitor.core.profile.rules import ChannelRules

NEVER = 1 << 62
NOT_LOW = -1


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
