"""Three heat capacities and what connects them, solved exactly from one look to the next.

The *air* (with liner and shelves) touches the *load* and the *wall*; the wall touches the surroundings, and so
does the air through an open door. Heat capacities are parts of that of air and load together, so heat is
in degrees: 1.0 warms air and load by 1 °C. Time is in ms.
"""

from __future__ import annotations

from math import frexp, sqrt

Matrix = list[list[float]]
Propagator = tuple[float, ...]

KEPT = 1_024
"""So many propagators are kept; then all are forgotten, and those still needed made again (0.1 ms each)."""


class Network:
    """The network of a unit; see ``UnitModel`` for the arguments.

    ``leak`` is the conductance through the whole wall, per ms: chosen so that the slowest way in which the
    closed unit approaches its surroundings has exactly the time constant ``warm_up_for``. The wall's mass
    sits in the middle of its insulation.
    """

    __slots__ = ("_known", "_to_door", "air_share", "leak", "load_share", "to_load", "wall_share")

    def __init__(
        self,
        *,
        air_share: float,
        wall_share: float,
        warm_up_for: int,
        load_follows_for: int,
        door_for: int,
    ) -> None:
        self.air_share = air_share
        self.load_share = 1 - air_share
        self.wall_share = wall_share
        self.to_load = self.load_share / load_follows_for
        self._to_door = air_share / door_for
        self._known: dict[tuple[float, float, int], Propagator] = {}
        # In the slowest way all three fall as e^(−t/τ). What air and load then give off has to go through
        # the wall, whose own mass gives off more on the way: a quadratic equation for the conductance.
        rate = 1 / warm_up_for
        inside = rate * (air_share + self.load_share / (1 - load_follows_for * rate))
        wall = rate * wall_share
        both = inside / 2 + wall / 4
        self.leak = both + sqrt(both * both - inside * wall / 4)

    def propagator(self, door: float, factor: float, dt: int) -> Propagator:
        """What ``dt`` ms make of the differences to the surroundings, row by row: to air, wall and load.

        Each row has four: the parts taken of air, wall and load, and what one degree of heat per ms into the
        air adds.
        ``door`` is how far it is open (0 to 1), ``factor`` multiplies the load's heat capacity.
        """
        key = (door, factor, dt)
        propagator = self._known.get(key)
        if propagator is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            rows = exponential(self._rates(door, factor, dt), dt)[:3]
            heated = dt / self.air_share
            propagator = self._known[key] = tuple(
                each * heated if column == 3 else each for row in rows for column, each in enumerate(row)
            )
        return propagator

    def _rates(self, door: float, factor: float, dt: int) -> Matrix:
        """The matrix of the linear equations per ms; its fourth column warms the air by 1 °C within ``dt``."""
        air, wall, load = self.air_share, self.wall_share, self.load_share * factor
        half, exchange, open_door = 2 * self.leak, self.to_load, self._to_door * opening(door)
        return [
            [-(half + exchange + open_door) / air, half / air, exchange / air, 1 / dt],
            [half / wall, -2 * half / wall, 0.0, 0.0],
            [exchange / load, 0.0, -exchange / load, 0.0],
            [0.0, 0.0, 0.0, 0.0],
        ]


def opening(door: float) -> float:
    """The part of a wide open door's heat that comes through one opened so far (0 to 1).

    Assumed: less than in proportion, since a narrow gap throttles what flows through it.
    """
    return door * sqrt(door)


def exponential(rates: Matrix, dt: int) -> Matrix:
    """e^(rates · dt) by its series, for a time so short that it converges at once, then squared back up."""
    size = max(sum(map(abs, row)) for row in rates) * dt
    halvings = max(0, frexp(size)[1] + 1)
    part = dt / 2**halvings
    small = [[each * part for each in row] for row in rates]
    total = [[float(row == column) for column in range(4)] for row in range(4)]
    term = total
    for order in range(1, 15):
        term = [[each / order for each in row] for row in product(term, small)]
        total = [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(total, term, strict=True)]
    for _ in range(halvings):
        total = product(total, total)
    return total


def product(left: Matrix, right: Matrix) -> Matrix:
    """The product of two matrices."""
    columns = list(zip(*right, strict=True))
    return [[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in left]
