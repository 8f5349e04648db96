"""Pieces: what a time in one place is to a lot, as it is known: calm, a line, unknown, or told nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from monitor.core.channel.line import Line, nano
from monitor.core.lot.place import PlaceRule
from monitor.core.profile.rules import ChannelRules

GoodValues = tuple[int, tuple[float, ...]]
"""An instant and the good values there."""


class Calm:
    """Known time well inside the window. ``low`` and ``high`` in °C; ``heat`` as in :mod:`monitor.core.lot.mkt`.

    The last piece of a ledger grows while the calm lasts; all others stay as they are.
    """

    __slots__ = ("count", "from_at", "heat", "high", "low", "to_at")

    def __init__(self, from_at: int, to_at: int, low: float, high: float, count: int) -> None:
        self.from_at = from_at
        self.to_at = to_at
        self.low = low
        self.high = high
        self.heat = 0
        self.count = count


class Known(NamedTuple):
    """A part of the line between two readings, or (of no length) a lone reading. ``near``: the probe's uncertainty in
    nano-degrees, None if it isn't known."""

    from_at: int
    to_at: int
    line: Line
    near: int | None


class Unknown(NamedTuple):
    """Time in storage of which nothing is known."""

    from_at: int
    to_at: int


class Untold(NamedTuple):
    """Time that is counted nowhere: pending, or the free part of a stay out of storage."""

    from_at: int
    to_at: int


Piece = Calm | Known | Unknown | Untold
Zoom = Callable[[int, int], Sequence[GoodValues]]
"""``zoom(first, last)`` gives the good values of the readings in [first, last], in order."""


def every_line(rule: PlaceRule, rules: ChannelRules, readings: Iterable[GoodValues]) -> list[Piece]:
    """The pieces between some readings, in order, each line by itself; a lone reading where one follows a gap."""
    pieces: list[Piece] = []
    last: tuple[int, int] | None = None
    for at, values in readings:
        u = nano(values[0] if len(values) == 1 else rule.worse(values))
        if last is not None and at - last[0] > rules.max_gap_after(last[0]):
            pieces.append(Unknown(last[0], at))
            last = None
        line = Line(*(last or (at, u)), at, u)
        uncertainty = rules.settings_at(at).uncertainty
        pieces.append(Known(line.t0, at, line, None if uncertainty is None else nano(uncertainty)))
        last = (at, u)
    return pieces


def cut(piece: Piece, start: int, end: int) -> Piece | None:
    """The part of a piece in [start, end]; None if there is none. A calm piece is given whole or not at all.

    Of a line that ends as the time begins the reading at its end stays: it is one of that time.
    """
    from_at, to_at = max(piece.from_at, start), min(piece.to_at, end)
    if isinstance(piece, Known) and from_at == to_at == piece.line.t1:
        u = piece.line.u1
        return Known(from_at, to_at, Line(from_at, u, from_at, u), piece.near)
    if from_at > to_at or (from_at == to_at and piece.from_at != piece.to_at):
        return None
    if isinstance(piece, Calm):
        return piece
    return piece._replace(from_at=from_at, to_at=to_at)
