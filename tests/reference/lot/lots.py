"""What a lot is worth, once more: slow, obvious, exact, and written from the specification alone.

``judge_lot`` takes the whole history and keeps no state. Temperatures are the fractions that their decimal
texts name; crossings lie on the full line between two readings, are rounded half up to the millisecond, and
are then clipped by the custody. Everything that has a duration is reckoned between whole milliseconds. The
mean kinetic temperature alone is floating point.

Where the specification leaves room, this reads it as follows.

Events.

1.  Voids are looked at before all else: a void counts even if it sorts before ``registered`` or after
    ``disposed``. An event counts if no counting void names it; voids that void one another in a circle count
    for nothing. A void names an event of its own lot, so an aliquot can't void what its parent was told.
2.  A lot begins with its ``registered`` or with the first ``aliquoted`` that names it, whichever sorts first.
    What sorts later is refused, what its own events say before that has no effect. Only that id is refused
    of an ``aliquoted``; the other ids become lots.
3.  After ``disposed`` nothing but a void has an effect, also at the same instant. An aliquot of a lot that is
    disposed of later lives on.
4.  The disposition is what the last event says that says any.
5.  ``expiry_changed`` counts only if it is earlier than the label in force, in the order of events.

Custody.

6.  A stay is [from, to). One without length never was, unless it is the last: the instant ``as_of`` (or the
    disposal) belongs to it. It then starts a shelf life too.
7.  A move to the unit where the lot already is changes nothing and cuts no line, like a repeated move to null.
8.  Moves to null before the first storage don't begin the timeline.
9.  A unit cuts the line where its class, its product probe or that probe's settings change. On each side its
    own line holds, completed by that line's value at the edge.
10. A unit that nobody knows has no readings.
11. ``custody`` gives the last stay no end, unless the lot is disposed of.

Temperature.

12. The line of a channel is that of all its readings up to ``as_of``, also of those outside the custody. Only
    readings in the custody are instants of the lot. A value that the line reaches at the end of a custody
    counts for the minimum, the maximum and the MKT.
13. A band of limit 0 is touched by a reading in it or by time in it (after rounding). Unknown time charged
    to it has to be longer than nothing. Out of storage, time at ambient begins ``free`` after the stay's
    beginning and is touched at that very instant.
14. Without ``ambient`` a whole stay out of storage has no temperature; without ``out_of_storage`` nothing is
    free. The free part is charged to ``out_of_storage`` too.
15. ``uncertain_ms`` is None if no probe of the lot's custody states an uncertainty.
16. ``known_ms`` and ``unknown_ms`` are those in storage. Time at ambient is known for MKT and its windows.
17. An unknown stretch goes on through a change of unit, class or probe, and through events. A good reading in
    the custody ends it; one at the very end of a custody isn't in it.

Thaws.

18. At one instant what ends there comes first (a timer that is due), then the events, then readings, then
    what begins there.
19. A passage is unbroken known time above the limit of each place. Its beginning is the physical one, for the
    2 h before and after as well; ``refrozen`` moves its timer alone. A passage that is excused stays so.
20. ``thawed`` counts wherever the lot is, also before its first storage.
21. Each frozen part of an unknown stretch is measured by itself, with the rule of the place where it gets
    long enough. An alternative without ``hidden_by_gap`` has the profile's.

Figures.

22. A budget that an alternative alone names has the alternative's limit. It is listed after the profile's,
    ``out_of_storage`` comes last, and only if the profile has the table.
23. A ``limit`` of 0 gives ``band_touched``, for ``out_of_storage`` too; any other ``budget_exhausted``.
24. ``reasons`` names each code once, in the specification's order. An expired lot isn't ``expiring``.
25. A window of ``mkt_worst`` touches time outside if it shares a time longer than nothing with it, or holds
    (ends included) a reading outside. Of equal windows the earliest is told. Edges are the ends of places.
26. A binding made after the disposal of a lot does not judge it.
27. Known hole: ``thawed``, ``refrozen``, ``thawed`` told in pending time count 2. If a later reading shows that a
    passage was due before the first of them, the rules leave 1: here alone a count falls as time goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from .custody import Life, Stay, disposition, label, lives, stays
from .inputs import Events, Profile, Reading, Unit
from .mkt import Worst, mean_kinetic, worst_window
from .thaw import Thaws, count_thaws
from .timeline import Timeline, timeline

Judgement = dict[str, Any]
Binding = tuple[int, Profile]

BREACHED = ("budget_exhausted", "band_touched", "thaws_over_limit", "mkt_over_limit", "expired")
INDETERMINATE = ("coverage_low", "thaw_count_indeterminate")
AT_RISK = ("budget_low", "expiring", "excursion_open", "unknown_over_limit")
OUT_OF_STORAGE = "out_of_storage"


@dataclass(frozen=True)
class Charge:
    """Time that a budget pays for, or a single instant that touches it; the first instant spends a limit of 0."""

    band: str
    from_at: int
    to_at: int


def judge_lot(
    lot: str,
    events_by_lot: Events,
    contested: Collection[str],
    units: Mapping[str, Unit],
    readings_by_channel: Mapping[str, Sequence[Reading]],
    profiles: Mapping[str, Sequence[Profile]],
    zone: ZoneInfo,
    as_of: int,
    binding: Binding | None = None,
    excursion_open: bool = False,
) -> Judgement | None:
    """The lot JSON's figures as of ``as_of``; None if there is no such lot by then.

    ``profiles`` has the versions of each name in the order of ``effective_from``. Instants and durations are
    int ms, temperatures floats (MKTs rounded to nine decimals), ``coverage`` a Fraction. The keys are those
    of the specification with ``_ms`` for ``_seconds``; ``custody`` is a list of (unit or None, from, to or
    None); ``budgets`` is a list of ``{band, above, up_to, limit, spent, left, exhausted_at}``.
    """
    life = lives(events_by_lot, contested, as_of).get(lot)
    if life is None:
        return None
    as_of = as_of if life.disposed_at is None else life.disposed_at
    profile = _profile(life, profiles, binding, as_of)
    lots_stays = stays(life.events, as_of)
    line = timeline(lots_stays, profile, units, readings_by_channel, as_of)
    thaws, determinate = count_thaws(line, life.events)
    budgets = _budgets(profile, charges(line, lots_stays, profile))
    found = {
        "as_of": as_of,
        "lot": lot,
        "product": life.registered.product,
        "profile": profile.name,
        "profile_version": profile.version,
        "unit": lots_stays[-1].unit if lots_stays else None,
        "disposition": disposition(life.events),
        "parent": life.parent,
        "children": sorted(life.children),
        "custody": [(stay.unit, stay.from_at, _end(stay, life)) for stay in lots_stays],
        "thaw_count": thaws.count,
        "thaw_count_determinate": determinate,
        "thawed_at": min(thaws.counted_at, default=None),
        "budgets": budgets,
        "out_of_storage_ms": sum(stay.to_at - stay.from_at for stay in lots_stays if stay.unit is None),
        **_figures(line, profile),
        **_expiry(label(life.events, zone), thaws, line, budgets, profile),
    }
    found["reasons"] = _reasons(found, profile, excursion_open)
    found["verdict"] = _verdict(found["reasons"])
    return found


def _end(stay: Stay, life: Life) -> int | None:
    return None if stay.lasts and life.disposed_at is None else stay.to_at


def _profile(
    life: Life, profiles: Mapping[str, Sequence[Profile]], binding: Binding | None, as_of: int
) -> Profile:
    """The bound profile, or the version in force at the registration; the first holds before its time too."""
    if binding is not None and binding[0] <= as_of:
        return binding[1]
    versions = profiles[life.registered.profile]
    at = life.registered.occurred_at
    return [versions[0], *(version for version in versions[1:] if version.effective_from <= at)][-1]


def charges(line: Timeline | None, lots_stays: Sequence[Stay], profile: Profile) -> list[Charge]:
    """Everything that any budget pays for, in no order."""
    if line is None:
        return []
    found = [Charge(OUT_OF_STORAGE, stay.from_at, stay.to_at) for stay in lots_stays if not stay.unit]
    for span in line.spans:
        band = None if span.celsius is None else span.place.rules.band(span.celsius)
        if band is not None:
            found.append(Charge(band, span.from_at, span.to_at))
    for instant in line.instants:
        band = instant.place.rules.band(instant.celsius)
        if band is not None:
            found.append(Charge(band, instant.at, instant.at))
    if profile.unknown_rule == "as_band" and profile.unknown_band is not None:
        for stretch in line.stretches():
            from_at = stretch.from_at + profile.unknown_after
            if from_at < stretch.to_at:
                found.append(Charge(profile.unknown_band, from_at, stretch.to_at))
    return found


def _budgets(profile: Profile, paid: list[Charge]) -> list[Judgement]:
    rows: list[tuple[str, float | None, float | None, int | None]] = [
        (band.name, band.above, band.up_to, band.limit) for band in profile.budgets()
    ]
    if profile.has_out_of_storage:
        rows.append((OUT_OF_STORAGE, None, None, profile.out_limit))
    found = []
    for name, above, up_to, limit in rows:
        own = sorted((charge for charge in paid if charge.band == name), key=lambda charge: charge.from_at)
        spent = sum(charge.to_at - charge.from_at for charge in own)
        found.append(
            {
                "band": name,
                "above": above,
                "up_to": up_to,
                "limit": limit,
                "spent": spent,
                "left": None if limit is None else max(0, limit - spent),
                "exhausted_at": None if limit is None else _exhausted_at(own, limit),
            }
        )
    return found


def _exhausted_at(own: list[Charge], limit: int) -> int | None:
    """The first instant at which what was spent reaches the limit."""
    if limit == 0:
        return min((charge.from_at for charge in own), default=None)
    left = limit
    for charge in own:
        length = charge.to_at - charge.from_at
        if length >= left:
            return charge.from_at + left
        left -= length
    return None


def _figures(line: Timeline | None, profile: Profile) -> Judgement:
    """What the timeline says without any rule but the window and the MKT's."""
    known = 0 if line is None else line.total("known")
    unknown = 0 if line is None else line.total("unknown")
    values = [] if line is None else line.values()
    mkt: float | None = None
    worst: Worst | None = None
    if line is not None and (profile.high is None or profile.high > 0):
        mkt = mean_kinetic(line.segments, profile.delta_h_over_r)
        if profile.mkt_window is not None:
            worst = worst_window(line, profile.mkt_window, profile.delta_h_over_r)
    return {
        "known_ms": known,
        "unknown_ms": unknown,
        "coverage": Fraction(known, known + unknown) if known + unknown else None,
        "mkt_celsius": mkt,
        "mkt_worst": None
        if worst is None
        else {"celsius": worst.celsius, "from": worst.from_at, "to": worst.to_at},
        "uncertain_ms": None if line is None else _uncertain(line),
        "min_celsius": float(min(values)) if values else None,
        "max_celsius": float(max(values)) if values else None,
    }


def _uncertain(line: Timeline) -> int | None:
    """Known time within the probe's uncertainty of a limit of the window, on the good side."""
    stated = [
        place for place in line.places if place.probe is not None and place.probe.uncertainty is not None
    ]
    if not stated:
        return None
    total = 0
    for span in line.spans:
        probe = span.place.probe
        if probe is None or probe.uncertainty is None or span.celsius is None:
            continue
        if span.place.rules.is_within(probe.uncertainty, span.celsius):
            total += span.length
    return total


def _expiry(
    expires_at: int, thaws: Thaws, line: Timeline | None, budgets: list[Judgement], profile: Profile
) -> Judgement:
    """The earliest of all instants that end the lot's life; on a tie the first named."""
    candidates = [(expires_at, 0, "label")]
    if thaws.counted_at and profile.in_use is not None:
        candidates.append((min(thaws.counted_at) + profile.in_use, 1, "thawed"))
    for place in [] if line is None else line.places:
        other = profile.alternative(place.storage_class)
        if other is not None and other.shelf_life is not None:
            candidates.append((place.from_at + other.shelf_life, 2, "alternative"))
    for budget in budgets:
        if budget["exhausted_at"] is not None:
            candidates.append((budget["exhausted_at"], 3, "budget"))
    effective, _order, reason = min(candidates)
    return {"expires_at": expires_at, "effective_expires_at": effective, "expiry_reason": reason}


def _reasons(found: Judgement, profile: Profile, excursion_open: bool) -> list[str]:
    """Every code that holds, in the specification's order."""
    limits = [(budget, budget["limit"]) for budget in found["budgets"] if budget["limit"] is not None]
    left = found["effective_expires_at"] - found["as_of"]
    coverage, worst = found["coverage"], found["mkt_worst"]
    holds = {
        "budget_exhausted": any(limit > 0 and budget["exhausted_at"] is not None for budget, limit in limits),
        "band_touched": any(limit == 0 and budget["exhausted_at"] is not None for budget, limit in limits),
        "thaws_over_limit": profile.thaw_limit is not None and found["thaw_count"] > profile.thaw_limit,
        "mkt_over_limit": profile.mkt_limit is not None
        and worst is not None
        and worst["celsius"] > profile.mkt_limit,
        "expired": left <= 0,
        "coverage_low": profile.coverage_minimum is not None
        and coverage is not None
        and coverage < Fraction(repr(profile.coverage_minimum)),
        "thaw_count_indeterminate": not found["thaw_count_determinate"],
        "budget_low": any(
            limit > 0 and budget["exhausted_at"] is None and budget["spent"] * 5 > limit * 4
            for budget, limit in limits
        ),
        "expiring": profile.look_ahead is not None and 0 < left <= profile.look_ahead,
        "excursion_open": excursion_open,
        "unknown_over_limit": profile.unknown_rule != "ignore"
        and profile.unknown_limit is not None
        and found["unknown_ms"] > profile.unknown_limit,
    }
    return [code for code in (*BREACHED, *INDETERMINATE, *AT_RISK) if holds[code]]


def _verdict(reasons: list[str]) -> str:
    """The worst reason wins."""
    for verdict, codes in (("breached", BREACHED), ("indeterminate", INDETERMINATE), ("at_risk", AT_RISK)):
        if any(code in codes for code in reasons):
            return verdict
    return "within_profile"
