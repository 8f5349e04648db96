"""The rules by which one channel is judged: profile versions and probe settings, each from an instant on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.core.channel.quality import is_range_good
from monitor.core.profile.profile import Profile
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import EARLIEST, LATEST, DayOf


class Stretch(NamedTuple):
    """Consecutive readings of a channel, summed up: enough to know that nothing happened in them.

    ``low`` and ``high`` are of the values as sent, ``last`` is the last one, ``longest`` the longest step between
    two. Only for readings without faults, at instants that rise, none from a clock that runs ahead or was reset.
    """

    first_at: int
    last_at: int
    readings: int
    low: float
    high: float
    last: float
    longest: int


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """What holds when. Both schedules are sorted by instant; the first entry applies to all time before it too.

    ``profiles`` is ``((from_at, profile), …)``, ``settings`` ``((from_at, settings), …)``; neither is empty.
    ``day_of`` gives the calendar days of the site's time zone.
    """

    profiles: tuple[tuple[int, Profile], ...]
    settings: tuple[tuple[int, ProbeSettings], ...]
    day_of: DayOf

    def profile_at(self, at: int) -> Profile:
        """The profile version in force at an instant."""
        return self.profiles[max(0, bisect_right(self.profiles, at, key=_from_at) - 1)][1]

    def next_profile_change(self, after: int) -> int:
        """The first instant later than ``after`` at which another version takes effect; beyond all time if none."""
        index = max(1, bisect_right(self.profiles, after, key=_from_at))
        return self.profiles[index][0] if index < len(self.profiles) else LATEST + 1

    def settings_at(self, at: int) -> ProbeSettings:
        """The probe settings in force at an instant."""
        settings = self.settings
        if len(settings) == 1:
            return settings[0][1]
        return settings[max(0, bisect_right(settings, at, key=_from_at) - 1)][1]

    def max_gap_after(self, last_at: int) -> int:
        """The longest time after a reading that a line to the next one may span.

        What held at that reading counts: a setting that is loaded during a silence changes nothing about it, or time
        that was unknown could become known by an edit.
        """
        return self.settings_at(last_at).max_gap

    def settings_in(self, start: int, end: int) -> list[ProbeSettings]:
        """The probe settings in force at some time in [start, end]."""
        return [self.settings_at(start)] + [one for at, one in self.settings if start < at <= end]

    def are_good(self, stretch: Stretch) -> bool:
        """Whether every reading of a stretch is good, whatever its values between the lowest and the highest."""
        settings = self.settings_at(stretch.first_at)
        if settings is not self.settings_at(stretch.last_at):
            return False
        return is_range_good(stretch.low, stretch.high, settings)

    def profile_named(self, name: str, version: int) -> Profile:
        """A profile version of the schedule; raises KeyError for one that never was in force here."""
        for _, profile in self.profiles:
            if profile.name == name and profile.version == version:
                return profile
        raise KeyError(f"{name}@{version}")


def _from_at(entry: tuple[int, object]) -> int:
    return entry[0]


def constant(profile: Profile, settings: ProbeSettings, day_of: DayOf) -> ChannelRules:
    """Rules that never change."""
    return ChannelRules(((EARLIEST, profile),), ((EARLIEST, settings),), day_of)


def schedule(profiles: Sequence[Profile]) -> tuple[tuple[int, Profile], ...]:
    """A schedule of versions from their own ``effective_from``."""
    return tuple(sorted(((p.effective_from, p) for p in profiles), key=_from_at))
