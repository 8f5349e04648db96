"""Places: how a lot's profile judges it where it is, in storage of its own class, of an alternative one, or outside.

A place's rule is the lot's profile with the window, bands and thaw rule of the storage class there (docs/figures.md,
"Places, and the edges of custody"). Levels are whole nano-degrees, as lines are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from monitor.core.channel.line import Line, nano
from monitor.core.profile.profile import Band, Profile, ThawRule, Window

_MARGIN = 1e-6
"""°C by which the calm range keeps away from limits, so that what is near one is always looked at exactly."""


class Level(NamedTuple):
    """A band ``(above, up_to]`` in nano-degrees, with its budget in ms (None: recorded only).

    ``ends_at_window``: ``up_to`` is the window's low end, which is inside the window and so in no band.
    """

    name: str
    above: int | None
    up_to: int | None
    limit: int | None
    ends_at_window: bool

    def _side(self, line: Line, at: int) -> int:
        """Where the line is at an instant: 0 in the band, −1 colder, 1 warmer."""
        if self.above is not None and not line.above(at, self.above):
            return -1
        if self.up_to is None:
            return 0
        is_beyond = line.at_or_above if self.ends_at_window else line.above
        return int(is_beyond(at, self.up_to))

    def holds(self, u: int) -> bool:
        """Whether a value in nano-degrees is in the band."""
        return self._side(Line(0, u, 0, u), 0) == 0

    def span(self, line: Line, start: int, end: int) -> tuple[int, int] | None:
        """The part of [start, end] that the line is in the band; a reading alone is one of no length. None if there is
        neither (what is shorter than half a millisecond is none)."""
        before, after = self._side(line, start), self._side(line, end)
        if before == after:
            return (start, end) if before == 0 else None
        entered_at, left_at = line.between(self.above, self.up_to, start, end)
        if left_at > entered_at:
            return entered_at, left_at
        for at, u in ((line.t0, line.u0), (line.t1, line.u1)):
            if start <= at <= end and self.holds(u):
                return at, at
        return None


@dataclass(frozen=True, slots=True)
class PlaceRule:
    """The profile as it judges in one place.

    ``storage_class``: the alternative class, None for the profile's own (and out of storage). ``low`` and ``high``
    are the window's ends in nano-degrees. ``delta_h_over_r`` (kelvin) is None where a mean kinetic temperature has
    no meaning: for profiles whose window lies below 0 °C.
    """

    profile: Profile
    storage_class: str | None
    window: Window
    bands: tuple[Band, ...]
    thaw: ThawRule | None
    shelf_life: int | None
    low: int | None
    high: int | None
    levels: tuple[Level, ...]
    delta_h_over_r: float | None

    @property
    def key(self) -> tuple[str, str | None]:
        """What tells rules apart."""
        return (self.profile.label, self.storage_class)

    def worse(self, values: Sequence[float]) -> float:
        """Of several values (°C) of one instant the one that counts: the farther outside, else the warmer."""
        return max(values, key=lambda value: (self.window.distance(value), value))

    def calm_range(self, uncertainty: float) -> tuple[float, float]:
        """Values (°C) between which nothing happens to a lot: inside the window by more than the probe's
        ``uncertainty``, and cold enough to be frozen. Empty (low > high) if there are none."""
        low = float("-inf") if self.window.low is None else self.window.low + uncertainty + _MARGIN
        high = float("inf") if self.window.high is None else self.window.high - uncertainty - _MARGIN
        if self.thaw is not None:
            high = min(high, self.thaw.refrozen_below - _MARGIN)
        return low, high


@lru_cache(maxsize=1024)
def rule_in(profile: Profile, storage_class: str | None) -> PlaceRule:
    """The rule for a place of a storage class; None, and a class that the profile doesn't name: the profile's own."""
    for one in profile.alternatives:
        if one.storage_class == storage_class:
            return _rule(profile, one.storage_class, one.window, one.bands, one.thaw, one.shelf_life)
    return _rule(profile, None, profile.window, profile.bands, profile.thaw, None)


def _rule(
    profile: Profile,
    storage_class: str | None,
    window: Window,
    bands: tuple[Band, ...],
    thaw: ThawRule | None,
    shelf_life: int | None,
) -> PlaceRule:
    levels = tuple(
        Level(b.name, _nano(b.above), _nano(b.up_to), b.limit, b.up_to is not None and b.up_to == window.low)
        for b in bands
    )
    return PlaceRule(
        profile=profile,
        storage_class=storage_class,
        window=window,
        bands=bands,
        thaw=thaw,
        shelf_life=shelf_life,
        low=_nano(window.low),
        high=_nano(window.high),
        levels=levels,
        delta_h_over_r=_delta_h_over_r(profile),
    )


def _nano(celsius: float | None) -> int | None:
    return None if celsius is None else nano(celsius)


def _delta_h_over_r(profile: Profile) -> float | None:
    """The mean kinetic temperature is for storage above 0 °C; ΔH/R = 10,000 K unless the profile says so."""
    high = profile.window.high
    if high is not None and high <= 0:
        return None
    return 10_000.0 if profile.mkt is None else profile.mkt.delta_h_over_r
