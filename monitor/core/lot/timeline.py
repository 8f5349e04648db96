"""A lot's timeline: which rule and which channel hold for it when.

Custody says in which unit it was; a unit's storage class and product probe have dated versions, so one stay may hold
several places. No line is drawn from one place to the next.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from monitor.core.lot.custody import LotHistory
from monitor.core.lot.place import PlaceRule, rule_in
from monitor.core.profile.profile import Profile


class UnitVersion(NamedTuple):
    """What a unit is from an instant on (the first version: for all time before it too)."""

    from_at: int
    storage_class: str
    product_channel: str


class Abode(NamedTuple):
    """The time [from_at, to_at] of a lot in one place; ``unit`` None: out of storage. ``channel`` is None there, and
    in a unit that was never configured."""

    from_at: int
    to_at: int
    unit: str | None
    channel: str | None
    rule: PlaceRule


def timeline(
    history: LotHistory, profile: Profile, units: Mapping[str, Sequence[UnitVersion]]
) -> list[Abode]:
    """The places of a lot from its first storage to the instant as of which it is judged, in order.

    ``units``: the versions of every unit ever configured, by ``site/unit``, sorted.
    """
    found: list[Abode] = []
    for stay in history.custody:
        to_at = history.judged_at if stay.to_at is None else min(stay.to_at, history.judged_at)
        if stay.unit is None:
            found.append(Abode(stay.from_at, to_at, None, None, rule_in(profile, None)))
        else:
            found += _in_unit(stay.from_at, to_at, stay.unit, profile, units.get(stay.unit, ()))
    # The last one counts even if it has only begun: the timeline's last instant belongs to it.
    return [abode for abode in found[:-1] if abode.from_at < abode.to_at] + found[-1:]


def _in_unit(
    start: int, end: int, unit: str, profile: Profile, versions: Sequence[UnitVersion]
) -> list[Abode]:
    if not versions:
        return [Abode(start, end, unit, None, rule_in(profile, None))]
    found: list[Abode] = []
    first = max(0, bisect_right(versions, start, key=_from_at) - 1)
    for index in range(first, len(versions)):
        version = versions[index]
        if version.from_at >= end and index > first:
            break
        rule, channel = rule_in(profile, version.storage_class), version.product_channel
        before = versions[index - 1]
        if found and (before.storage_class, before.product_channel) == (version.storage_class, channel):
            continue
        if found:
            found[-1] = found[-1]._replace(to_at=version.from_at)
        found.append(Abode(start if not found else version.from_at, end, unit, channel, rule))
    return found


def _from_at(version: UnitVersion) -> int:
    return version.from_at
