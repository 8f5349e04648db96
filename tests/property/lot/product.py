"""The product's own answer to a case of the reference: through the core alone, without a store.

Ledgers are made as live judging makes them, calm stretches summed up; so what is compared is what runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from monitor.core.channel.fold import by_instant, good_values
from monitor.core.channel.reading import Reading
from monitor.core.fact import JSON, lot_body
from monitor.core.lot.custody import LotHistory, lot_history
from monitor.core.lot.event import LotEvent, LotEventKind
from monitor.core.lot.finding import LotFinding
from monitor.core.lot.integrity import LotPlace, integrity, out_of_storage
from monitor.core.lot.ledger import Ledger
from monitor.core.lot.piece import GoodValues, Unknown
from monitor.core.lot.place import PlaceRule
from monitor.core.lot.timeline import Abode, UnitVersion, timeline
from monitor.core.lot.verdict import OpenExcursion, effective_expiry, reasons
from monitor.core.profile import profile as core
from monitor.core.profile.rules import ChannelRules
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import EARLIEST, days_in, format_instant
from tests.reference.lot import inputs as ref
from tests.reference.lot.golden import LotCase

OPEN = OpenExcursion("x1", "lab1/F01/product", 0, 0.0, 0.0)


def bands_of(bands: Iterable[ref.Band]) -> tuple[core.Band, ...]:
    return tuple(core.Band(one.name, one.above, one.up_to, one.limit) for one in bands)


def profile_of(one: ref.Profile) -> core.Profile:
    """The product's profile that a configuration file with the same keys gives."""
    limits = {band.name: band.limit for band in one.budgets()}
    rule = core.SideRule(0, 0, None, None)

    def thaw_of(thaw: ref.ThawRule | None) -> core.ThawRule | None:
        if thaw is None:
            return None
        return core.ThawRule(thaw.above, thaw.after, thaw.refrozen_below, thaw.hidden_by_gap, one.thaw_limit)

    def alternative_of(other: ref.Alternative) -> core.Alternative:
        rules = one.rules_in(other.storage_class)
        bands = [core.Band(band.name, band.above, band.up_to, limits[band.name]) for band in rules.bands]
        return core.Alternative(
            other.storage_class,
            core.Window(rules.low, rules.high),
            other.shelf_life,
            tuple(bands),
            thaw_of(rules.thaw),
        )

    return core.Profile(
        name=one.name,
        version=one.version,
        effective_from=one.effective_from,
        title=one.name,
        window=core.Window(one.low, one.high),
        deadband=0.0,
        high=rule,
        low=rule,
        bands=bands_of(one.bands),
        ambient=one.ambient,
        out_of_storage=core.OutOfStorage(one.out_free, one.out_limit) if one.has_out_of_storage else None,
        unknown=core.UnknownRule(one.unknown_rule, one.unknown_band, one.unknown_after, one.unknown_limit),
        thaw=thaw_of(one.thaw),
        in_use=one.in_use,
        look_ahead=one.look_ahead,
        coverage_minimum=one.coverage_minimum,
        alternatives=tuple(alternative_of(other) for other in one.alternatives),
        mkt=None
        if one.mkt_window is None
        else core.MktRule(one.mkt_window, one.mkt_limit, one.delta_h_over_r),
    )


def event_of(lot: str, one: ref.Event, site: str = "lab1") -> LotEvent:
    """The product's event."""
    other = dict(one.other)
    return LotEvent(
        lot=lot,
        site=site,
        event_id=one.event_id,
        occurred_at=one.occurred_at,
        kind=LotEventKind(one.kind),
        by=other.get("by", ""),
        product=one.product or None,
        profile=one.profile or None,
        unit=one.unit,
        expires_on=one.expires_on,
        expires_at=one.expires_at,
        into=one.into,
        voids=one.voids,
        reason=other.get("reason"),
        note=str(sorted(one.other)) if one.other else None,
    )


def binding_of(case: LotCase, lot: str) -> list[LotEvent]:
    """QA's binding, as an event; sorted last of its instant."""
    if lot not in case.bindings:
        return []
    at, profile = case.bindings[lot]
    return [
        LotEvent(
            lot=lot,
            site="lab1",
            event_id="~bound",
            occurred_at=at,
            kind=LotEventKind.BOUND,
            by="qa",
            profile=f"{profile.name}@{profile.version}",
        )
    ]


def history_of(case: LotCase, lot: str, as_of: int) -> LotHistory:
    """A lot's history from all events of the case."""
    events = {(one.event_id, one): (of, one) for of, one in case.events}
    contents: dict[str, set[tuple[str, ref.Event]]] = {}
    for of, one in case.events:
        contents.setdefault(one.event_id, set()).add((of, one))
    contested = {event_id for event_id, found in contents.items() if len(found) > 1}
    every = [event_of(of, one) for of, one in dict.fromkeys(events.values())]
    own = [event for event in every if event.lot == lot] + binding_of(case, lot)
    others = [event for event in every if event.lot != lot]
    return lot_history(lot, own, as_of=as_of, zone=case.zone, contested=contested, relatives=others)


def in_force(versions: Sequence[ref.Profile], at: int) -> ref.Profile:
    return [versions[0], *(version for version in versions[1:] if version.effective_from <= at)][-1]


class Channels:
    """The ledgers of a case's channels."""

    def __init__(self, case: LotCase) -> None:
        self._case = case
        self._settings: dict[str, list[tuple[int, ProbeSettings]]] = {}
        for unit in case.units.values():
            for version in unit.versions:
                if version.probe is not None:
                    self._settings.setdefault(version.probe.channel, []).append(
                        (version.from_at, settings_of(version.probe))
                    )
        self._ledgers: dict[tuple[str, tuple[str, str | None]], Ledger] = {}

    def rules(self, channel: str) -> ChannelRules:
        profile = profile_of(next(iter(self._case.profiles.values()))[0])
        return ChannelRules(((EARLIEST, profile),), tuple(self._settings[channel]), days_in(ZoneInfo("UTC")))

    def good(self, channel: str) -> list[GoodValues]:
        rules = self.rules(channel)
        rows = [
            Reading(one.measured_at, one.received_at, one.celsius, one.fault)
            for one in self._case.readings.get(channel, ())
        ]
        groups = by_instant(sorted(rows, key=lambda row: row.measured_at))
        found = [(group[0].measured_at, good_values(group, rules)) for group in groups]
        return [one for one in found if one[1]]

    def ledger(self, channel: str, rule: PlaceRule) -> Ledger:
        key = (channel, rule.key)
        if key not in self._ledgers:
            ledger = self._ledgers[key] = Ledger(rule, self.rules(channel), EARLIEST)
            for at, values in self.good(channel):
                ledger.take(at, values)
        return self._ledgers[key]

    def place(self, abode: Abode, as_of: int, *, is_last: bool) -> LotPlace:
        start, end, unit, channel, rule = abode
        if unit is None:
            pieces = out_of_storage(rule.profile, start, end, closed=is_last)
            return LotPlace(start, end, None, None, rule, pieces)
        if channel is None or channel not in self._settings:
            return LotPlace(start, end, unit, None, rule, [Unknown(start, end)])
        ledger, good = self.ledger(channel, rule), self.good(channel)

        def zoom(first: int, last: int) -> list[GoodValues]:
            return [one for one in good if first <= one[0] <= last]

        return LotPlace(
            start,
            end,
            unit,
            channel,
            rule,
            ledger.pieces(start, end, as_of=as_of, closed=is_last, zoom=zoom),
            lambda calm: ledger.close_up(calm.from_at, calm.to_at, zoom),
            ledger.is_uncertainty_known(start, end),
        )


def settings_of(probe: ref.Probe) -> ProbeSettings:
    return ProbeSettings(
        max_gap=probe.max_gap,
        offset=probe.offset,
        plausible_low=probe.plausible[0],
        plausible_high=probe.plausible[1],
        uncertainty=probe.uncertainty,
    )


def versions_of(units: Mapping[str, ref.Unit]) -> dict[str, list[UnitVersion]]:
    return {
        name: [
            UnitVersion(
                version.from_at,
                version.storage_class,
                f"{name}/nothing" if version.probe is None else version.probe.channel,
            )
            for version in unit.versions
        ]
        for name, unit in units.items()
    }


def judged(
    case: LotCase, lot: str, as_of: int | None = None, channels: Channels | None = None
) -> JSON | None:
    """What the product says of a lot, in the words of its JSON; None if there is none."""
    history = history_of(case, lot, case.as_of if as_of is None else as_of)
    if history.registered is None:
        return None
    found = in_force(case.profiles[str(history.registered.profile)], history.registered.occurred_at)
    if history.bound is not None:
        found = case.bindings[lot][1]
    profile, channels = profile_of(found), channels or Channels(case)
    abodes = timeline(history, profile, versions_of(case.units))
    places = [channels.place(abode, history.judged_at, is_last=abode is abodes[-1]) for abode in abodes]
    figures = integrity(profile, places, history.thaw_events, judged_at=history.judged_at)
    expiry = effective_expiry(history.expires_at, figures)
    is_open = lot in case.excursion_open
    why = reasons(history, figures, expiry, [OPEN] if is_open else [])
    return lot_body(LotFinding(history, figures, expiry, why, []))


def steady(case: LotCase) -> LotCase:
    """The case with probes whose settings never change.

    Where they do, the reference cuts the line and the product doesn't: the specification leaves that open.
    """
    first: dict[str, ref.Probe] = {}
    units = {}
    for name, unit in case.units.items():
        versions: list[ref.UnitVersion] = []
        for version in unit.versions:
            probe = version.probe
            if probe is not None:
                probe = first.setdefault(probe.channel, probe)
            versions.append(replace(version, probe=probe))
        units[name] = ref.Unit(name, tuple(versions))
    return replace(case, units=units)


def disagreements(case: LotCase) -> list[str]:
    """Everything on which the product and the reference differ, lot by lot."""
    case = steady(case)
    channels, found = Channels(case), list[str]()
    for lot in case.ids():
        mine = judged(case, lot, channels=channels)
        # QA can bind only a lot that there is; the reference takes a binding of any instant.
        is_bound = mine is not None and mine["profile_bound"] is not None
        theirs = (case if is_bound else replace(case, bindings={})).judged(lot)
        found += [f"{case.name} {lot}: {line}" for line in differences(mine, theirs)]
    return found


# --- comparing ---

_EXACT = (
    *("verdict", "unit", "disposition", "profile", "profile_version", "thaw_count", "parent"),
    *("thaw_count_determinate", "thawed_at", "expires_at", "effective_expires_at", "expiry_reason"),
    *("unknown_seconds", "known_seconds", "out_of_storage_seconds", "uncertain_seconds", "custody"),
)


def differences(product: JSON | None, reference: dict | None) -> list[str]:
    """What the product and the reference say differently of a lot, in words."""
    if product is None or reference is None:
        return [] if product is reference is None else [f"a lot? product {product is not None}"]
    wanted = _in_words(reference)
    if wanted["disposition"] == "disposed":
        wanted["unit"] = None  # the product says of no unit that a disposed lot is in it
    found = [
        f"{key}: product {product[key]!r}, reference {wanted[key]!r}"
        for key in _EXACT
        if product[key] != wanted[key]
    ]
    codes = sorted({reason["code"] for reason in product["reasons"]})
    if codes != sorted(wanted["reasons"]):
        found.append(f"reasons: product {codes}, reference {sorted(wanted['reasons'])}")
    if sorted(product["children"]) != wanted["children"]:
        found.append(f"children: {product['children']}, {wanted['children']}")
    budgets = {one["band"]: one for one in product["budgets"]}
    for one in wanted["budgets"]:
        mine = budgets.get(one["band"], {})
        found += [
            f"budget {one['band']}.{key}: product {mine.get(key)!r}, reference {value!r}"
            for key, value in one.items()
            if mine.get(key) != value
        ]
    for key in ("coverage", "min_celsius", "max_celsius", "mkt_celsius"):
        found += _near(key, product[key], wanted[key])
    worst, other = product["mkt_worst"], wanted["mkt_worst"]
    if worst is None or other is None:
        found += [] if worst is other is None else [f"mkt_worst: product {worst}, reference {other}"]
    else:
        found += _near("mkt_worst", worst["celsius"], other["celsius"])
    return found


def _near(key: str, mine: float | None, wanted: float | None) -> list[str]:
    if mine is None or wanted is None:
        return [] if mine is wanted is None else [f"{key}: product {mine}, reference {wanted}"]
    return [] if abs(mine - float(wanted)) <= 2e-6 else [f"{key}: product {mine}, reference {float(wanted)}"]


def _in_words(reference: dict) -> JSON:
    def instant(at: int | None) -> str | None:
        return None if at is None else format_instant(at)

    words = {}
    for key, value in reference.items():
        if key.endswith("_ms"):
            words[key.removesuffix("_ms") + "_seconds"] = None if value is None else value / 1000
        elif key in ("thawed_at", "expires_at", "effective_expires_at"):
            words[key] = instant(value)
        else:
            words[key] = value
    words["custody"] = [
        {"unit": unit, "from": instant(start), "to": instant(end)}
        for unit, start, end in reference["custody"]
    ]
    words["budgets"] = [
        {
            "band": one["band"],
            "limit_seconds": None if one["limit"] is None else one["limit"] / 1000,
            "spent_seconds": one["spent"] / 1000,
            "left_seconds": None if one["left"] is None else one["left"] / 1000,
            "exhausted_at": instant(one["exhausted_at"]),
        }
        for one in reference["budgets"]
    ]
    return words
