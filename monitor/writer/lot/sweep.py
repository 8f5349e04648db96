"""One pass over a channel's history for all who want something of it: nothing is unpacked twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from monitor.core.channel.columns import Plain
from monitor.core.channel.excursion import Excursion
from monitor.core.channel.fold import ChannelState, advance, by_instant, good_values, take_stretch
from monitor.core.channel.reading import Reading
from monitor.core.lot.ledger import Ledger
from monitor.core.profile.rules import ChannelRules, Stretch
from monitor.ports import Packed


class Taker(Protocol):
    """What a history can be folded into. Instants only rise."""

    def take_stretch(self, stretch: Stretch, plain: Plain | None = None) -> bool:
        """Takes a stretch as a whole if nothing happens in it; says whether it did. ``plain``: its readings, if they
        are at hand."""

    def take(self, at: int, values: tuple[float, ...]) -> None:
        """Takes the good values of the next instant."""


class ChannelFold:
    """A :class:`Taker` that finds excursions; those it has seen are in ``touched``, some more than once."""

    def __init__(self, rules: ChannelRules) -> None:
        self.rules = rules
        self.state = ChannelState(rules)
        self.touched: list[Excursion] = []

    def take_stretch(self, stretch: Stretch, plain: Plain | None = None) -> bool:
        """See :class:`Taker`."""
        return take_stretch(self.state, self.rules, stretch)

    def take(self, at: int, values: tuple[float, ...]) -> None:
        """See :class:`Taker`."""
        advance(self.state, self.rules, at, values, self.touched)


class LedgerFold:
    """A :class:`Taker` that fills a ledger, from the instant on from which it is wanted."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take_stretch(self, stretch: Stretch, plain: Plain | None = None) -> bool:
        """See :class:`Taker`."""
        if stretch.first_at < self._ledger.since:
            return stretch.last_at < self._ledger.since
        return self._ledger.take_stretch(stretch, plain)

    def take(self, at: int, values: tuple[float, ...]) -> None:
        """See :class:`Taker`."""
        if at >= self._ledger.since:
            self._ledger.take(at, values)


Folds = Sequence[tuple[ChannelRules, Sequence[Taker]]]
"""Who takes part in a sweep, and by which rules a reading is good or bad for them."""


def sweep(
    course: Iterable[Packed], folds: Folds, passed: Callable[[int], None] = lambda readings: None
) -> None:
    """Folds a channel's history, in order of time, into all that want it, unpacking nothing twice.

    ``passed`` is told, as it goes, how many readings lie behind.
    """
    for packed in course:
        stretch = packed.stretch
        closer = folds if stretch is None else _wanting(folds, stretch)
        if stretch is not None and not closer:
            passed(stretch.readings)
            continue
        plain = packed.plain()
        if plain is None:
            readings = packed.readings()
            _take_readings(readings, closer)
            passed(len(readings))
        else:
            _take_plain(plain, closer)
            passed(len(plain.at))


def _wanting(folds: Folds, stretch: Stretch, plain: Plain | None = None) -> Folds:
    """Those for whom something may happen in a stretch; the others have taken it."""
    found = [
        (rules, [one for one in takers if not one.take_stretch(stretch, plain)]) for rules, takers in folds
    ]
    return [(rules, takers) for rules, takers in found if takers]


def _take_plain(plain: Plain, folds: Folds) -> None:
    for chunk in plain.chunks():
        for rules, takers in _wanting(folds, chunk.stretch(), chunk):
            good = chunk.good_values(rules)
            for one in takers:
                for at, values in good:
                    one.take(at, values)


def _take_readings(readings: Sequence[Reading], folds: Folds) -> None:
    groups = list(by_instant(readings))
    for rules, takers in folds:
        good = [(group[0].measured_at, values) for group in groups if (values := good_values(group, rules))]
        for one in takers:
            for at, values in good:
                one.take(at, values)
