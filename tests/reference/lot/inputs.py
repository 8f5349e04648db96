"""What the reference needs to judge a lot: profiles, units, events. Instants and durations in ms, values in °C.

None is always "no such limit" or "no such rule".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ..lines import Reading, decimal

__all__ = [
    "Alternative",
    "Band",
    "Event",
    "Events",
    "PlaceRules",
    "Probe",
    "Profile",
    "Reading",
    "ThawRule",
    "Unit",
    "UnitVersion",
]


@dataclass(frozen=True)
class Band:
    """``(above, up_to]``; None is open. ``limit`` is the budget: None is recorded only."""

    name: str
    above: float | None
    up_to: float | None
    limit: int | None

    def holds(self, celsius: Fraction) -> bool:
        if self.above is not None and celsius <= decimal(self.above):
            return False
        return self.up_to is None or celsius <= decimal(self.up_to)


@dataclass(frozen=True)
class ThawRule:
    """Above ``above`` for ``after``: thawed; below ``refrozen_below``: frozen again."""

    above: float
    after: int
    refrozen_below: float
    hidden_by_gap: int | None = None


@dataclass(frozen=True)
class PlaceRules:
    """What holds for a lot in one place: window, bands, thaw rule."""

    low: float | None
    high: float | None
    bands: tuple[Band, ...]
    thaw: ThawRule | None

    def is_outside(self, celsius: Fraction) -> bool:
        if self.low is not None and celsius < decimal(self.low):
            return True
        return self.high is not None and celsius > decimal(self.high)

    def band(self, celsius: Fraction) -> str | None:
        """The band of a value; None inside the window."""
        if not self.is_outside(celsius):
            return None
        return next((band.name for band in self.bands if band.holds(celsius)), None)

    def badness(self, celsius: Fraction) -> tuple[Fraction, Fraction]:
        """How far outside, then how warm: the larger of two values of one instant counts."""
        above = Fraction(0) if self.high is None else celsius - decimal(self.high)
        below = Fraction(0) if self.low is None else decimal(self.low) - celsius
        return max(above, below, Fraction(0)), celsius

    def is_within(self, uncertainty: float, celsius: Fraction) -> bool:
        """Whether a value inside the window is no farther than ``uncertainty`` from one of its limits."""
        if self.is_outside(celsius):
            return False
        distances = [abs(celsius - decimal(limit)) for limit in (self.low, self.high) if limit is not None]
        return any(distance <= decimal(uncertainty) for distance in distances)

    def levels(self, uncertainty: float | None) -> set[Fraction]:
        """Every temperature at which something changes."""
        limits = [limit for limit in (self.low, self.high) if limit is not None]
        found = {decimal(limit) for limit in limits}
        if uncertainty is not None:
            found |= {decimal(limit) + sign * decimal(uncertainty) for limit in limits for sign in (1, -1)}
        for band in self.bands:
            found |= {decimal(edge) for edge in (band.above, band.up_to) if edge is not None}
        if self.thaw is not None:
            found |= {decimal(self.thaw.above), decimal(self.thaw.refrozen_below)}
        return found


@dataclass(frozen=True)
class Alternative:
    """Another class of unit. Its window, bands or thaw rule are the profile's where it has none."""

    storage_class: str
    shelf_life: int | None = None
    window: tuple[float | None, float | None] | None = None
    bands: tuple[Band, ...] | None = None
    thaw: ThawRule | None = None


@dataclass(frozen=True)
class Profile:
    """One version of a profile, as far as it judges lots."""

    name: str
    version: int
    effective_from: int
    low: float | None
    high: float | None
    bands: tuple[Band, ...]
    ambient: float | None = None
    has_out_of_storage: bool = False
    out_free: int = 0
    out_limit: int | None = None
    unknown_rule: str = "report"
    """``ignore``, ``report`` or ``as_band``."""
    unknown_band: str | None = None
    unknown_after: int = 0
    unknown_limit: int | None = None
    thaw: ThawRule | None = None
    thaw_limit: int | None = None
    in_use: int | None = None
    look_ahead: int | None = None
    coverage_minimum: float | None = None
    mkt_window: int | None = None
    mkt_limit: float | None = None
    delta_h_over_r: float = 10_000.0
    alternatives: tuple[Alternative, ...] = ()

    def alternative(self, storage_class: str | None) -> Alternative | None:
        return next((other for other in self.alternatives if other.storage_class == storage_class), None)

    def own_rules(self) -> PlaceRules:
        return PlaceRules(self.low, self.high, self.bands, self.thaw)

    def rules_in(self, storage_class: str | None) -> PlaceRules:
        """What holds in a unit of a class: the alternative's rules, and the profile's where it has none."""
        own, other = self.own_rules(), self.alternative(storage_class)
        if other is None:
            return own
        low, high = (own.low, own.high) if other.window is None else other.window
        thaw = own.thaw if other.thaw is None else other.thaw
        if thaw is not None and thaw.hidden_by_gap is None and own.thaw is not None:
            thaw = replace(thaw, hidden_by_gap=own.thaw.hidden_by_gap)
        return PlaceRules(low, high, own.bands if other.bands is None else other.bands, thaw)

    def budgets(self) -> tuple[Band, ...]:
        """One band for each name: the profile's first, then those that only an alternative has."""
        found: dict[str, Band] = {}
        for band in [*self.bands, *(band for other in self.alternatives for band in other.bands or ())]:
            if band.name not in found:
                found[band.name] = band
            elif found[band.name].limit is None and band.name not in {own.name for own in self.bands}:
                found[band.name] = replace(found[band.name], limit=band.limit)
        return tuple(found.values())


@dataclass(frozen=True)
class Probe:
    """A channel with the settings that judge it; ``uncertainty`` None if its calibration states none."""

    channel: str
    max_gap: int
    offset: float = 0.0
    plausible: tuple[float, float] = (-210.0, 60.0)
    uncertainty: float | None = None


@dataclass(frozen=True)
class UnitVersion:
    """What a unit was from ``from_at`` on; the first version holds for all time before it too."""

    from_at: int
    storage_class: str
    probe: Probe | None
    """The product probe; None for a unit without probes."""


@dataclass(frozen=True)
class Unit:
    """``name`` is ``site/unit``; the versions are in the order of ``from_at``."""

    name: str
    versions: tuple[UnitVersion, ...]


@dataclass(frozen=True)
class Event:
    """A lot event. ``unit`` is ``site/unit`` or None; only the fields of its ``kind`` count.

    Two events are the same if they are equal. ``received_at`` is no part of that, and nothing depends on it.
    """

    event_id: str
    occurred_at: int
    kind: str
    product: str = ""
    profile: str = ""
    unit: str | None = None
    expires_on: str | None = None
    """A date: through the end of that day."""
    expires_at: int | None = None
    into: tuple[str, ...] = ()
    voids: str | None = None
    other: tuple[tuple[str, str], ...] = field(default=())
    """Further fields (by, reason, note …): they only decide whether two events are the same."""


Events = Mapping[str, Sequence[Event]]
