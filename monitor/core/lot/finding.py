"""A lot judged: the only place where its history, its figures and the excursions around it become a verdict.

What is on record, what a page and the API show, what a replay compares and what an outlook rests on are all put
together here, so that they can't differ. What is left to those who ask is reading: events, ledgers, excursions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor.core.channel.excursion import Excursion
from monitor.core.lot.custody import LotHistory
from monitor.core.lot.integrity import Integrity
from monitor.core.lot.timeline import Abode
from monitor.core.lot.verdict import Expiry, OpenExcursion, Reason, Verdict, reasons, worst


class LotFinding(NamedTuple):
    """A lot judged: what its events say, what storage did to it, when it expires, and what that makes of it.
    ``excursions`` are the ids of those that it had a part in."""

    history: LotHistory
    found: Integrity
    expiry: Expiry
    reasons: Sequence[Reason]
    excursions: Sequence[str]

    @property
    def verdict(self) -> Verdict:
        """The worst that its reasons make of it."""
        return worst(self.reasons)


def lot_finding(
    history: LotHistory,
    abodes: Sequence[Abode],
    found: Integrity,
    expiry: Expiry,
    open_excursions: Iterable[OpenExcursion],
    ids: Sequence[str] | None = None,
) -> LotFinding:
    """Judges a lot. ``open_excursions``: those that are confirmed and open, wherever; the ones where the lot is count.
    ``ids``: the excursions that it had a part in; None: those that count."""
    here = open_where(home_of(history, abodes), open_excursions)
    of_lot = [excursion.id for excursion in here] if ids is None else ids
    return LotFinding(history, found, expiry, reasons(history, found, expiry, here), of_lot)


def home_of(history: LotHistory, abodes: Sequence[Abode]) -> str | None:
    """The channel whose temperature a lot has now; None for one that is in no unit, or in one without readings."""
    return abodes[-1].channel if abodes and history.unit is not None else None


def open_where(channel: str | None, open_excursions: Iterable[OpenExcursion]) -> list[OpenExcursion]:
    """Those of a channel, the newest first, in whatever order they came."""
    here = (excursion for excursion in open_excursions if excursion.channel == channel)
    return sorted(here, key=lambda excursion: (excursion.started_at, excursion.id), reverse=True)


def still_open(excursion: Excursion, channel: str) -> OpenExcursion | None:
    """An excursion that was judged and not recorded, if it is confirmed and open; it has no id."""
    if excursion.confirmed_at is None or excursion.closed_at is not None:
        return None
    extreme, limit = excursion.extreme_celsius, excursion.limit_celsius
    return OpenExcursion("", channel, excursion.started_at, extreme, limit)
