"""What the load holds: heat by temperature, with the latent heat of the water in it.

Water with salts doesn't melt at one temperature. Below the eutectic point of salt water, about −21 °C, all of
it is solid; above, the liquid part is freezing point ÷ temperature (an ideal dilute solution), so that most
melts within 2 °C below the freezing point: the plateau near 0 °C that loaded freezers show. The curve is
taken piece by piece as a straight line, so that within a piece heat stays a linear equation.

General knowledge, no source read: the heat capacities of ice (2.05 kJ/(kg·K)) and water (4.18), the latent
heat (334 kJ/kg), the eutectic point, the freezing point of physiological salt water (−0.52 °C). Left out:
supercooling before it freezes, and that ice holds less heat per degree the colder it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from simulators.require import require

FREEZES_AT = -0.52
MELTED: Sequence[tuple[float, float]] = (
    (-22.0, 0.0),
    (-21.0, -0.52 / -21.0),
    (-10.0, -0.52 / -10.0),
    (-5.0, -0.52 / -5.0),
    (-2.0, -0.52 / -2.0),
    (-1.0, -0.52 / -1.0),
    (FREEZES_AT, 1.0),
)
"""°C, and the part of the water that is liquid there; the first degree is the melting of the eutectic."""

LATENT_BY_ICE = 334.0 / 2.05
"""Latent heat in degrees of ice: melting takes as much heat as warming ice by so many °C would."""
WATER_BY_ICE = 4.18 / 2.05


class Piece(NamedTuple):
    """A stretch of temperature, and the heat capacity in it as a multiple of that at the setpoint."""

    low: float
    high: float
    factor: float


class Melting:
    """The heat of a load of which ``water`` (0 to 1) is water, by its part of the frozen heat capacity.

    Heat is counted from 0 at ``setpoint``, in degrees: 1.0 warms the load by 1 °C there. So a unit's time
    constants are those at its setpoint, whatever melts later. Raises ValueError for water outside 0 to 1.
    """

    __slots__ = ("_heats", "_knots", "pieces")

    def __init__(self, water: float, setpoint: float) -> None:
        require(0 <= water <= 1, f"water {water} is not between 0 and 1")
        knots = [celsius for celsius, _ in MELTED]
        raw = [1.0]
        for (low, solid), (high, melted) in pairwise(MELTED):
            part = (solid + melted) / 2
            liquid = part * WATER_BY_ICE + (1 - part) + (melted - solid) / (high - low) * LATENT_BY_ICE
            raw.append(1 - water + water * liquid)
        raw.append(1 - water + water * WATER_BY_ICE)
        here = raw[bisect_right(knots, setpoint)]
        factors = [each / here for each in raw]
        ends = [float("-inf"), *knots, float("inf")]
        self.pieces = tuple(
            Piece(low, high, factor) for (low, high), factor in zip(pairwise(ends), factors, strict=True)
        )
        self._knots = knots
        steps = (
            (high - low) * factor for (low, high), factor in zip(pairwise(knots), factors[1:-1], strict=True)
        )
        self._heats = list(accumulate(steps, initial=0.0))
        offset = self.heat(setpoint)
        self._heats = [each - offset for each in self._heats]

    def piece(self, celsius: float) -> Piece:
        """The piece that a temperature lies in; a knot belongs to the piece above it."""
        return self.pieces[bisect_right(self._knots, celsius)]

    def heat(self, celsius: float) -> float:
        """The load's heat at a temperature, in degrees."""
        place = bisect_right(self._knots, celsius)
        nearest = max(0, place - 1)
        return self._heats[nearest] + (celsius - self._knots[nearest]) * self.pieces[place].factor

    def celsius(self, heat: float) -> float:
        """The temperature at which the load has so much heat: the inverse of :meth:`heat`."""
        place = bisect_right(self._heats, heat)
        nearest = max(0, place - 1)
        return self._knots[nearest] + (heat - self._heats[nearest]) / self.pieces[place].factor


@lru_cache(maxsize=256)
def melting(water: float, setpoint: float) -> Melting:
    """The same object for the same load: it never changes, and many units share it. Keeps the last 256."""
    return Melting(water, setpoint)
