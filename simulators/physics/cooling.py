"""What takes heat out of the air or puts it in: compressor, defrost heater, backup gas, liquid nitrogen.

Each is looked at every ``LOOK_EVERY``, decides, and has one flow of heat until the next look. Heat is in
degrees of the unit's air and load together, flows per ms; ``power`` is that of a healthy compressor at the
setpoint.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulators.clock import HOUR, MINUTE, SECOND
from simulators.require import require

LOOK_EVERY = 10 * SECOND
"""How often thermostat, defrost clock, backup and level control look."""


class Compressor:
    """A compressor with a thermostat: two temperatures of the air, a capacity that can fade, and its troubles.

    ``rest_for`` is how long it stays off at least. ``slope`` is by what part its power rises for each degree
    by which the air is warmer than ``rated_at``. It stands still at the start.
    """

    __slots__ = (
        "_blocked_until",
        "_dead",
        "_faded_at",
        "_fading",
        "_off_for",
        "_on_for",
        "_power",
        "_rated_at",
        "_rest_for",
        "_slope",
        "_started_at",
        "running",
    )

    def __init__(self, *, power: float, slope: float, rated_at: float, rest_for: int) -> None:
        self.running = False
        self._power, self._slope, self._rated_at, self._rest_for = power, slope, rated_at, rest_for
        self._started_at = 0
        self.restore()

    def fail(self) -> None:
        """It doesn't start any more."""
        self._dead = True

    def fade(self, now: int, to: float, over: int) -> None:
        """From ``now`` its capacity goes evenly to ``to`` (0 to 1), within ``over`` ms."""
        require(0 <= to <= 1, f"capacity {to} is not between 0 and 1")
        require(over >= 0, f"over {over} is below 0")
        self._fading = (self.capacity(now), to, over)
        self._faded_at = now

    def short_cycle(self, on_for: int, off_for: int) -> None:
        """It trips after each run of ``on_for`` and stays off for ``off_for``."""
        require(on_for > 0, f"on_for {on_for} is not above 0")
        require(off_for > 0, f"off_for {off_for} is not above 0")
        self._on_for, self._off_for = on_for, off_for

    def restore(self) -> None:
        """As good as new: ends every trouble, and whatever blocked it."""
        self._dead = False
        self._fading = (1.0, 1.0, 0)
        self._faded_at = 0
        self._on_for = self._off_for = 0
        self._blocked_until = 0

    def capacity(self, now: int) -> float:
        """Its cooling power as a part of what it was built for; 0.0 if dead."""
        if self._dead:
            return 0.0
        began, to, over = self._fading
        gone = now - self._faded_at
        return to if gone >= over else began + (to - began) * gone / over

    def look(self, now: int, air: float, *, starts_at: float, stops_at: float, may_run: bool) -> float:
        """Switches as it must, and says the heat that it takes from the air per ms until the next look."""
        if self.running:
            tripped = self._on_for and now - self._started_at >= self._on_for
            if tripped or air <= stops_at or self._dead or not may_run:
                self.running = False
                self._blocked_until = now + (self._off_for if tripped else self._rest_for)
        elif air >= starts_at and may_run and not self._dead and now >= self._blocked_until:
            self.running, self._started_at = True, now
        if not self.running:
            return 0.0
        warmer = 1 + self._slope * (air - self._rated_at)
        return self._power * self.capacity(now) * max(0.0, warmer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defrost:
    """Automatic defrosting: every so often the compressor rests and a heater warms the air.

    ``every`` and ``lasts_for`` in ms. ``heats`` is the heater's power in multiples of the compressor's, and
    the heater goes off early once the air is ``at_most`` °C warm. Raises ValueError for a defrost that would
    never end or never come.
    """

    every: int
    lasts_for: int
    heats: float
    at_most: float = 5.0

    def __post_init__(self) -> None:
        require(self.lasts_for > 0, f"lasts_for {self.lasts_for} is not above 0")
        require(
            self.every > self.lasts_for, f"every {self.every} is not longer than lasts_for {self.lasts_for}"
        )
        require(self.heats >= 0, f"heats {self.heats} is below 0")


class Defroster:
    """The clock and the heater of a unit's automatic defrost. ``on`` while it defrosts.

    The clock runs on without mains; what falls due meanwhile is left out.
    """

    __slots__ = ("_due_at", "_ends_at", "_heat", "_model", "on")

    def __init__(self, model: Defrost, *, power: float, due_at: int) -> None:
        self._model = model
        self._heat = model.heats * power
        self._due_at = due_at
        self._ends_at = 0
        self.on = False

    def look(self, now: int, air: float, *, powered: bool) -> float:
        """Goes on or off as it is due, and says the heat that goes into the air per ms until the next look."""
        if now >= self._due_at:
            late = (now - self._due_at) // self._model.every
            self._due_at += (late + 1) * self._model.every
            self.on, self._ends_at = True, now + self._model.lasts_for
        if now >= self._ends_at or not powered:
            self.on = False
        return self._heat if self.on and air < self._model.at_most else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupBottle:
    """A bottle whose gas cools when all else fails, without mains.

    It trips once the air has been at ``trips_at`` °C or above for ``after`` ms, and keeps it there. The
    bottle lasts ``lasts_for`` at that temperature; unused it would last ``stands_for`` (None: for ever).
    ``strength`` is the flow's power, in multiples of what holding takes. Raises ValueError for values that
    make no sense.
    """

    lasts_for: int
    trips_at: float = -60.0
    after: int = 3 * MINUTE
    stands_for: int | None = None
    strength: float = 4.0

    def __post_init__(self) -> None:
        require(self.lasts_for > 0, f"lasts_for {self.lasts_for} is not above 0")
        require(self.after >= 0, f"after {self.after} is below 0")
        require(
            self.stands_for is None or self.stands_for > 0, f"stands_for {self.stands_for} is not above 0"
        )
        require(self.strength > 1, f"strength {self.strength} is not above 1")


CARBON_DIOXIDE = BackupBottle(lasts_for=7 * HOUR)
"""A 50 lb bottle of carbon dioxide: about 8 h at −60 °C on a freezer that is three quarters full, as a maker of
freezers compares its two backup systems. One of the 8 is the cold that the load still has when it trips."""

LIQUID_NITROGEN = BackupBottle(lasts_for=48 * HOUR, stands_for=25 * 24 * HOUR)
"""A 160 l cylinder of liquid nitrogen: 45 to 50 h in all, and 3 to 4 weeks unused; the same source."""

SWING = 1.0
"""The gas flows in bursts that keep the air within so much below ``trips_at``."""
TAKEN_OVER = 8.0
"""Backup ends once the air is so much below ``trips_at``: something else cools again."""


class Gas:
    """The backup of one unit: ``left`` is what is in the bottle (1.0 to 0.0), ``on`` whether it has taken over."""

    __slots__ = (
        "_flow",
        "_flowing",
        "_high_since",
        "_looked_at",
        "_model",
        "_spent",
        "_standing",
        "left",
        "on",
    )

    def __init__(self, model: BackupBottle, *, leak: float, ambient: float, began_at: int) -> None:
        self._model = model
        need = leak * (ambient - model.trips_at)
        self._flow = need * model.strength
        self._spent = model.strength / model.lasts_for
        self._standing = 0.0 if model.stands_for is None else 1 / model.stands_for
        self._looked_at = began_at
        self._high_since: int | None = None
        self._flowing = False
        self.left = 1.0
        self.on = False

    def look(self, now: int, air: float) -> float:
        """Trips, flows or ends, and says the heat that the gas takes from the air per ms until the next look."""
        model, passed = self._model, now - self._looked_at
        self._looked_at = now
        self.left = max(0.0, self.left - passed * (self._spent if self._flowing else self._standing))
        if air < model.trips_at:
            self._high_since = None
        elif self._high_since is None:
            self._high_since = now
        if not self.on:
            self.on = self._high_since is not None and now - self._high_since >= model.after
        if self.left == 0 or air <= model.trips_at - TAKEN_OVER:
            self.on = False
        if not self.on or air <= model.trips_at - SWING:
            self._flowing = False
        elif air >= model.trips_at:
            self._flowing = True
        return self._flow if self._flowing else 0.0


BOILS_AT = -195.8
"""Liquid nitrogen at the pressure of the sea's level, °C. General knowledge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquid:
    """Liquid nitrogen at the bottom of a tank that keeps vapour cold.

    ``lasts_for``: how long a full tank takes to boil dry without supply at its usual loss (ms). The supply is
    opened at the level ``fills_at`` and fills what is missing; from empty to full that takes ``fill_for``.
    Raises ValueError for values that make no sense.
    """

    lasts_for: int
    fills_at: float = 0.75
    fill_for: int = 90 * MINUTE

    def __post_init__(self) -> None:
        require(self.lasts_for > 0, f"lasts_for {self.lasts_for} is not above 0")
        require(0 < self.fills_at < 1, f"fills_at {self.fills_at} is not between 0 and 1")
        require(self.fill_for > 0, f"fill_for {self.fill_for} is not above 0")


class Pool:
    """The liquid of one tank: its ``level`` (1.0 full, 0.0 dry) and whether it is ``filling``.

    Assumed: the vapour's contact with the cold is in proportion to the level. At a full pool the vapour
    stays at ``full_at`` °C.
    """

    __slots__ = ("_contact", "_looked_at", "_model", "_taken", "_usual", "filling", "level")

    def __init__(
        self, model: Liquid, *, leak: float, ambient: float, full_at: float, level: float, began_at: int
    ) -> None:
        require(full_at > BOILS_AT, f"setpoint {full_at} is not above {BOILS_AT}, where nitrogen boils")
        self._model = model
        self._usual = leak * (ambient - full_at)
        self._contact = self._usual / (full_at - BOILS_AT)
        self._looked_at = began_at
        self._taken = 0.0
        self.level = level
        self.filling = False

    def rests_at(self, leak: float, ambient: float) -> float:
        """°C at which the closed tank's vapour rests at this level."""
        contact = self._contact * self.level
        return (leak * ambient + contact * BOILS_AT) / (leak + contact)

    def look(self, now: int, air: float, *, may_fill: bool, capacity: float) -> float:
        """Boils off, fills, and says the heat that the liquid takes from the vapour until the next look."""
        model, passed = self._model, now - self._looked_at
        self._looked_at = now
        level = self.level - passed * self._taken / self._usual / model.lasts_for
        if self.filling:
            level += passed * capacity / model.fill_for
        self.level = min(1.0, max(0.0, level))
        if not may_fill or capacity == 0 or self.level == 1:
            self.filling = False
        elif self.level <= model.fills_at:
            self.filling = True
        self._taken = max(0.0, self._contact * self.level * (air - BOILS_AT))
        return self._taken
