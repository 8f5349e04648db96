"""From ``[site.<name>]`` and ``[[unit]]`` to the model, and what may be wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from monitor.config.file import files
from monitor.config.file.problem import Review, choices, nearest
from monitor.config.model import Site
from monitor.core.channel.quality import SENSOR_CODES, SENSOR_RANGES
from monitor.core.profile.installation import Probe, Unit
from monitor.core.profile.profile import Profile
from monitor.core.profile.unit import Channel, ProbeSettings

_FILE = "monitor.toml"


def sites_of(tables: Mapping[str, files.SiteTable]) -> dict[str, Site]:
    """The sites by name."""
    return {name: Site(name, table.timezone) for name, table in tables.items()}


def units_of(
    tables: Sequence[files.UnitTable], *, sites: Iterable[str], profiles: Iterable[str], review: Review
) -> tuple[Unit, ...]:
    """The units. ``sites`` and ``profiles`` are all names, also of those that are wrong elsewhere."""
    sites, profiles = set(sites), set(profiles)
    units: dict[str, Unit] = {}
    for table in tables:
        where = f"unit[{table.name}]"
        if table.name == "lot":
            review.refuse(_FILE, f"{where}.name", "lot", "another name: topics use this word for lots")
        _check_known(f"{where}.site", table.site, sites, "site", review)
        _check_known(f"{where}.profile", table.profile, profiles, "profile", review)
        for probe in table.probe:
            if probe.profile is not None:
                key = f"{where}.probe[{probe.name}].profile"
                _check_known(key, probe.profile, profiles, "profile", review)
        unit = _unit_of(table, review)
        if unit.path in units:
            review.refuse(
                _FILE, f"{where}.name", table.name, f"a name that no other unit of {table.site} has"
            )
        units[unit.path] = unit
    return tuple(units.values())


def _check_known(key: str, name: str, names: set[str], kind: str, review: Review) -> None:
    if name not in names:
        review.refuse(_FILE, key, name, f"the name of a {kind} ({choices(names)})", nearest(name, names))


def _unit_of(table: files.UnitTable, review: Review) -> Unit:
    where = f"unit[{table.name}]"
    names = [probe.name for probe in table.probe]
    for name in sorted({name for name in names if names.count(name) > 1}):
        review.refuse(
            _FILE, f"{where}.probe[{name}].name", name, "a name that no other probe of the unit has"
        )
    product_probe = table.product_probe
    if product_probe is None:
        product_probe = names[0]
        if len(set(names)) > 1:
            review.refuse(
                _FILE,
                f"{where}.product_probe",
                None,
                f"the probe that stands for the product ({choices(names)})",
            )
    elif product_probe not in names:
        review.refuse(
            _FILE,
            f"{where}.product_probe",
            product_probe,
            f"the name of a probe of the unit ({choices(names)})",
            nearest(product_probe, names),
        )
    return Unit(
        site=table.site,
        name=table.name,
        title=table.title or table.name,
        profile=table.profile,
        storage_class=table.storage_class or table.profile,
        product_probe=product_probe,
        probes=tuple(_probe_of(probe, table, review) for probe in table.probe),
    )


def _probe_of(table: files.ProbeTable, unit: files.UnitTable, review: Review) -> Probe:
    plausible = table.plausible
    if plausible.low >= plausible.high:
        key = f"unit[{unit.name}].probe[{table.name}].plausible.high"
        review.refuse(_FILE, key, plausible.high, f"more than low ({plausible.low})")
    return Probe(
        channel=Channel(unit.site, unit.name, table.name),
        settings=ProbeSettings(
            max_gap=table.max_gap,
            offset=table.offset,
            plausible_low=plausible.low,
            plausible_high=plausible.high,
            max_rate=table.max_rate,
            sensor=table.sensor,
            uncertainty=table.uncertainty,
        ),
        silent_after=table.max_gap if table.silent_after is None else table.silent_after,
        calibration_due=table.calibration_due,
        profile=table.profile,
        alarms=table.alarms,
    )


def doubt_units(units: Sequence[Unit], profiles: Sequence[Profile], review: Review) -> None:
    """Warns of what is allowed in units and may not be meant."""
    if not units:
        review.warn(_FILE, "there is no [[unit]]: every reading will be rejected")
    by_name = {profile.name: profile for profile in profiles}
    for unit in units:
        product = unit.probe(unit.product_probe)
        if product is not None and not product.alarms:
            review.warn(
                _FILE, f"unit[{unit.name}].probe[{product.name}] is the product's and has alarms = false"
            )
        for probe in unit.probes:
            _doubt_probe(f"unit[{unit.name}].probe[{probe.name}]", probe, review)
            _doubt_range(unit, probe, by_name.get(probe.profile or unit.profile), review)
    classes = {unit.storage_class for unit in units}
    for profile in profiles:
        for alternative in profile.alternatives:
            if alternative.storage_class not in classes:
                near = nearest(alternative.storage_class, classes)
                hint = f"; did you mean {near}?" if near else ""
                review.warn(
                    f"profile {profile.label}",
                    f"alternative[{alternative.storage_class}]: no unit is of this class{hint}",
                )


def _doubt_probe(where: str, probe: Probe, review: Review) -> None:
    sensor = probe.settings.sensor
    if sensor is not None and sensor not in SENSOR_CODES:
        near = nearest(sensor, SENSOR_CODES)
        hint = f"; did you mean {near}?" if near else f" (known: {choices(SENSOR_CODES)})"
        review.warn(_FILE, f'{where}.sensor: no fault codes of "{sensor}" are known{hint}')


def _doubt_range(unit: Unit, probe: Probe, profile: Profile | None, review: Review) -> None:
    """A probe that can't say what its window asks for will never give a reading that counts."""
    if profile is None:
        return
    low, high = SENSOR_RANGES.get(probe.settings.sensor or "", (float("-inf"), float("inf")))
    low = max(low, probe.settings.plausible_low)
    high = min(high, probe.settings.plausible_high)
    window = profile.window
    if (window.high is not None and window.high <= low) or (window.low is not None and window.low >= high):
        review.warn(
            _FILE,
            f"unit[{unit.name}].probe[{probe.name}] reads from {low} to {high} °C: "
            f"all readings in the window of {profile.name} will be bad",
        )
