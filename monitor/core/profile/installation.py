"""What is watched: sites, units, probes. The frozen picture that configuration gives the rest of the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from monitor.core.profile.unit import Channel, ProbeSettings
from monitor.core.time.instant import MINUTE


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe of a unit. ``profile`` is its own, where it isn't judged by the unit's; ``silent_after`` in ms."""

    channel: Channel
    settings: ProbeSettings
    silent_after: int = 15 * MINUTE
    profile: str | None = None
    alarms: bool = True
    calibration_due: date | None = None

    @property
    def name(self) -> str:
        """What the unit's files and topics call it."""
        return self.channel.probe


@dataclass(frozen=True, slots=True)
class Unit:
    """A freezer, fridge, tank or room. ``product_probe`` is the probe whose readings are its lots' temperature."""

    site: str
    name: str
    title: str
    profile: str
    storage_class: str
    product_probe: str
    probes: tuple[Probe, ...]

    @property
    def path(self) -> str:
        """``site/unit``."""
        return f"{self.site}/{self.name}"

    @property
    def product_channel(self) -> str:
        """The channel of the product probe."""
        return f"{self.path}/{self.product_probe}"

    def probe(self, name: str) -> Probe | None:
        """The probe of that name, or None."""
        return next((probe for probe in self.probes if probe.name == name), None)


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that is watched: ``units`` by ``site/unit``, time zones by site."""

    units: Mapping[str, Unit]
    zones: Mapping[str, ZoneInfo]

    def probes(self) -> dict[str, Probe]:
        """Every probe by its channel."""
        return {str(probe.channel): probe for unit in self.units.values() for probe in unit.probes}

    def zone_of(self, site: str) -> ZoneInfo:
        """A site's time zone; UTC for a site that is no longer configured."""
        return self.zones.get(site, ZoneInfo("UTC"))
