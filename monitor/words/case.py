"""An alarm's JSON (docs/json.md), read for telling: what it is about, when in local time, how much in °C.

Pure. A key that is absent or null yields fewer words, never an invented figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from monitor.core.answer.shape import AnyAnswer
from monitor.core.time.instant import to_datetime
from monitor.words.condition import ConditionWords, words_of
from monitor.words.figures import celsius, is_number, local

TEMPERATURE = ("temperature_high", "temperature_low")


@dataclass(frozen=True, slots=True)
class Context:
    """What a message needs beside the alarm: each site's time zone, where the pages are, and what time it is.

    ``external_url`` is [web] external_url, like ``https://monitor.lab.example``; empty: no links are given.
    ``now`` gives the present instant in ms; without it nothing is said of how far off an instant is.
    """

    zones: Mapping[str, ZoneInfo]
    external_url: str = ""
    now: Callable[[], int] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One alarm, opened up. ``site``, ``unit`` and ``probe`` are empty where it has none; ``lot`` likewise.

    ``lots`` are the lots inside the unit, None where the evidence doesn't say.
    """

    id: str
    condition: str
    level: str
    name: str
    site: str
    unit: str
    probe: str
    lot: str
    lots: tuple[str, ...] | None
    evidence: Mapping[str, Any]
    words: ConditionWords
    alarm: AnyAnswer
    context: Context

    @classmethod
    def of(cls, alarm: AnyAnswer, context: Context) -> Case:
        """Reads an alarm. Where several sites are watched, units are named with their site."""
        given = alarm.get("evidence")
        evidence: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        condition, subject = plain(alarm.get("condition")), plain(alarm.get("subject"))
        lot = subject if "/" not in subject and condition.startswith("lot_") else ""
        where = plain(evidence.get("unit")) if lot else subject
        site, unit, probe = ([*where.split("/"), "", ""] if "/" in where else ["", "", ""])[:3]
        words, lots = words_of(condition), evidence.get("lots")
        own = f"Lot {lot}" if lot else unit_name(site, unit, context) or subject
        return cls(
            id=plain(alarm.get("id")),
            condition=condition,
            level=plain(alarm.get("level")) or "alarm",
            name=words.thing or own,
            site=site,
            unit=unit,
            probe=probe,
            lot=lot,
            lots=None if lots is None else tuple(plain(one) for one in lots),
            evidence=evidence,
            words=words,
            alarm=alarm,
            context=context,
        )

    @property
    def unit_path(self) -> str:
        """``site/unit``, or empty."""
        return f"{self.site}/{self.unit}" if self.unit else ""

    @property
    def page(self) -> str:
        """Address of the page that shows what the alarm is about; empty without an external URL."""
        if self.lot:
            return page(self.context, "lots", self.lot)
        return page(self.context, "units", self.site, self.unit) if self.unit else page(self.context)

    def at(self, *keys: str) -> datetime | None:
        """The first of these instants that the evidence or the alarm has, in the site's time."""
        zone = zone_of(self.site, self.context)
        told = (local(source.get(key), zone) for key in keys for source in (self.evidence, self.alarm))
        return next((moment for moment in told if moment is not None), None)

    @property
    def now(self) -> datetime | None:
        """The present instant in the site's time; None where nobody says it."""
        if self.context.now is None:
            return None
        return to_datetime(self.context.now(), zone_of(self.site, self.context))

    @property
    def since(self) -> datetime | None:
        """Since when it has been so, by the readings where they tell, else since when it is known."""
        return self.at("last_received_at" if self.condition == "no_data" else "started_at", "raised_at")

    def celsius(self, key: str) -> str:
        """A temperature of the evidence, in as many decimals as tell it from the limit; or empty."""
        value = number(self.evidence.get(key))
        return "" if value is None else celsius(value, beside=self.limit)

    @property
    def limit(self) -> float | None:
        """The limit in °C that was passed: the evidence's own, else the window's end on the alarm's side."""
        own = number(self.evidence.get("limit_celsius"))
        if own is not None or self.condition not in TEMPERATURE:
            return own
        side = "high" if self.condition == "temperature_high" else "low"
        return number((self.evidence.get("window") or {}).get(side))


def plain(value: Any) -> str:
    """Text from outside as one printable line: no line break can forge a header or another line."""
    kept = (
        character if character.isprintable() else " " for character in str("" if value is None else value)
    )
    return " ".join("".join(kept).split())


def number(value: Any) -> float | None:
    """A JSON number, or None."""
    return float(value) if is_number(value) else None


def zone_of(site: str, context: Context) -> ZoneInfo | None:
    """The time zone of a site; for what belongs to no site, that of the only one; else None, for UTC."""
    if site in context.zones:
        return context.zones[site]
    return next(iter(context.zones.values())) if not site and len(context.zones) == 1 else None


def unit_name(site: str, unit: str, context: Context) -> str:
    """``F02``, or ``lab1/F02`` where several sites are watched; empty without a unit."""
    return f"{site}/{unit}" if unit and len(context.zones) > 1 else unit


def page(context: Context, *path: str) -> str:
    """The address of a page; empty where no external URL is configured."""
    if not context.external_url:
        return ""
    return "/".join((context.external_url.rstrip("/"), *(quote(part, safe="") for part in path)))
