"""Storage profiles: the versioned limits of a product class.

Every limit is data of a product (there is no universal stability curve), so nothing in here has a default
that judges. All durations in ms, temperatures in °C. ``None`` means "no such rule".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["high", "low"]
HIGH: Direction = "high"
LOW: Direction = "low"


@dataclass(frozen=True, slots=True)
class Window:
    """The closed interval [low, high] in which the product may stay without limit; None leaves that side open."""

    low: float | None
    high: float | None

    def contains(self, celsius: float) -> bool:
        """Whether a value is inside; the limits themselves are."""
        return (self.low is None or celsius >= self.low) and (self.high is None or celsius <= self.high)

    def distance(self, celsius: float) -> float:
        """How far a value is outside, in °C as a decimal number (so that equal distances are equal); 0.0 inside."""
        if self.high is not None and celsius > self.high:
            return round(celsius - self.high, 9)
        if self.low is not None and celsius < self.low:
            return round(self.low - celsius, 9)
        return 0.0


@dataclass(frozen=True, slots=True)
class Band:
    """A range of temperature ``(above, up_to]`` outside the window; ``limit`` is its budget over a lot's life."""

    name: str
    above: float | None
    up_to: float | None
    limit: int | None


@dataclass(frozen=True, slots=True)
class SideRule:
    """How one side of the window is judged."""

    delay: int
    clear_delay: int
    instant: float | None
    cumulative_delay: int | None


@dataclass(frozen=True, slots=True)
class WarningLevel:
    """A level on the good side of the window at which a person may want to look."""

    low: float | None
    high: float | None
    delay: int


@dataclass(frozen=True, slots=True)
class OutOfStorage:
    """How long a lot may be out of storage: each stay's free part, and the budget for the sum of stays."""

    free: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class UnknownRule:
    """What unknown time means for a lot: nothing, a limit, or time in a band."""

    rule: Literal["ignore", "report", "as_band"]
    band: str | None
    after: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class ThawRule:
    """When a frozen lot counts as thawed, and when as frozen again."""

    above: float
    after: int
    refrozen_below: float
    hidden_by_gap: int | None
    limit: int | None


@dataclass(frozen=True, slots=True)
class MktRule:
    """Mean kinetic temperature: window, limit and activation energy over R in kelvin."""

    window: int
    limit: float | None
    delta_h_over_r: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another storage class that the product may be moved to, with the shelf life that then begins."""

    storage_class: str
    window: Window
    shelf_life: int | None
    bands: tuple[Band, ...]
    thaw: ThawRule | None


@dataclass(frozen=True, slots=True)
class Profile:
    """One version of a storage profile. ``effective_from`` is the instant from which this version holds."""

    name: str
    version: int
    effective_from: int
    title: str
    window: Window
    deadband: float
    high: SideRule
    low: SideRule
    bands: tuple[Band, ...]
    warning: WarningLevel | None = None
    ambient: float | None = None
    out_of_storage: OutOfStorage | None = None
    unknown: UnknownRule | None = None
    thaw: ThawRule | None = None
    in_use: int | None = None
    look_ahead: int | None = None
    coverage_minimum: float | None = None
    alternatives: tuple[Alternative, ...] = ()
    mkt: MktRule | None = None

    @property
    def label(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    def side(self, direction: Direction) -> SideRule:
        """The rule of one side."""
        return self.high if direction == HIGH else self.low

    def limit(self, direction: Direction) -> float | None:
        """The window's end on one side."""
        return self.window.high if direction == HIGH else self.window.low
