"""The rescue order of a failing unit: which lots to move first, and where to. Pure.

A lot that is still good goes before one that is lost already; among the good ones the one with the least time goes
first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from monitor.core.outlook.shelter import Shelter


class LotAtRisk(NamedTuple):
    """A lot in the failing unit.

    ``act_by`` is the instant (ms) at which its first budget runs out or a band of limit 0 is touched, and ``left_ms``
    what is then left of that budget's time; None where nothing is foreseen. ``what`` names the band. ``breached``:
    its storage has broken its profile already. ``storage_classes`` are the classes it may be stored in, its own first.
    ``title`` is what people call it.
    """

    lot: str
    act_by: int | None
    what: str
    left_ms: int | None
    breached: bool
    storage_classes: tuple[str, ...]
    title: str


class Rescue(NamedTuple):
    """One lot's place in the order: by when, what runs out then, the units to take it to, best first, and why."""

    lot: str
    act_by: int | None
    what: str
    to: tuple[str, ...]
    why: str


def rescue_order(lots: Sequence[LotAtRisk], shelters: Sequence[Shelter], *, from_unit: str) -> list[Rescue]:
    """Every lot once, the first to move first; ``from_unit`` is the failing unit as ``site/unit``.

    Lots: those not breached first, by ``act_by`` (None last), then by what is left, then by name. Shelters: healthy
    ones of a class that fits, never the failing unit; the lot's own class first, then the same site, then the fewest
    lots. A lot that no unit can take has no ``to``, and ``why`` says so. The order of the arguments doesn't matter.
    """
    others = [shelter for shelter in sorted(set(shelters), key=_by_name) if shelter.unit != from_unit]
    site = from_unit.partition("/")[0]
    return [_rescue(lot, others, site) for lot in sorted(lots, key=_urgency)]


def _by_name(shelter: Shelter) -> tuple[str, ...]:
    return tuple(str(field) for field in shelter)


def _urgency(lot: LotAtRisk) -> tuple[object, ...]:
    by, left = lot.act_by, lot.left_ms
    # The rest only makes the order the same whatever the order of the arguments.
    last = (lot.lot, lot.what, lot.title, lot.storage_classes)
    return (lot.breached, by is None, by or 0, left is None, left or 0, *last)


def _rescue(lot: LotAtRisk, others: Sequence[Shelter], site: str) -> Rescue:
    fitting = [shelter for shelter in others if shelter.storage_class in lot.storage_classes]
    own = lot.storage_classes[:1]

    def preference(shelter: Shelter) -> tuple[bool, bool, int, str]:
        return (shelter.storage_class not in own, shelter.site != site, shelter.lots, shelter.unit)

    healthy = sorted((shelter for shelter in fitting if shelter.is_healthy), key=preference)
    to = tuple(dict.fromkeys(shelter.unit for shelter in healthy))
    why = _why_there(lot, healthy[0], site) if healthy else _why_nowhere(lot, fitting)
    if lot.breached:
        why += " Its profile is broken already, so lots that are still good go first."
    return Rescue(lot.lot, lot.act_by, lot.what, to, why)


def _why_there(lot: LotAtRisk, shelter: Shelter, site: str) -> str:
    """Why the first shelter is the first, as a sentence."""
    held = "no lot" if shelter.lots == 0 else "1 lot" if shelter.lots == 1 else f"{shelter.lots} lots"
    own = shelter.storage_class in lot.storage_classes[:1]
    kind = "its own class" if own else "another class that its profile allows"
    where = "at the same site" if shelter.site == site else f"at site {shelter.site}"
    note = f" (note: {shelter.note})" if shelter.note else ""
    return f"{_named(shelter)} is healthy, of {kind} ({shelter.storage_class}), {where}, with {held} in it{note}."


def _why_nowhere(lot: LotAtRisk, fitting: Sequence[Shelter]) -> str:
    """Why no unit can take a lot, as a sentence: there is none of the class, or none of them is healthy."""
    classes = " or ".join(lot.storage_classes)
    if not classes:
        return "No unit can take it: no storage class is known for it. Find other cold storage."
    if not fitting:
        return f"No unit can take it: there is no other of class {classes}. Find other cold storage."
    return f"No unit can take it: {'; '.join(_refusals(fitting))}. Find other cold storage."


def _refusals(fitting: Sequence[Shelter]) -> Iterator[str]:
    for shelter in fitting:
        yield f"{_named(shelter)} is not healthy ({shelter.why_not})"


def _named(shelter: Shelter) -> str:
    return f"{shelter.title} ({shelter.unit})" if shelter.title else shelter.unit
