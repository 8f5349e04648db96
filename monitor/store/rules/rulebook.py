"""What judges, as dated versions: profiles, units and probes as they were configured, each from an instant on.

An edit of the configuration takes effect from the moment it is loaded (a profile's new version from its
``effective_from`` if that is later), never backwards. The first version of anything holds for all time before it,
so that the past can be imported; profile versions that are there at the first start hold from their own instants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from monitor.config.versions import (
    digest,
    profile_from_json,
    profile_to_json,
    settings_from_json,
    settings_to_json,
)
from monitor.core.lot.timeline import UnitVersion
from monitor.core.profile.installation import Installation, Probe, Unit
from monitor.core.profile.profile import Profile
from monitor.core.profile.rules import ChannelRules
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import EARLIEST, days_in
from monitor.store import schema
from monitor.store.rules.versions import add_rule_versions, rule_versions

Row = dict[str, Any]
Schedule = list[tuple[int, Any]]


class Edit(NamedTuple):
    """An edit of a profile version that can't be taken: what it says now, and what to write instead."""

    profile: Profile
    found: str
    expected: str

    def __str__(self) -> str:
        return f"profile {self.profile.name}: found {self.found}; expected {self.expected}"


class EditedProfileError(ValueError):
    """Profile versions that have been judging were changed without a new version number."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        super().__init__("; ".join(map(str, edits)))
        self.edits = tuple(edits)


class Rulebook:
    """Every version of every rule, as the store holds them. Implements :class:`monitor.ports.ProfileBook`."""

    def __init__(
        self, rows: Iterable[Row], zone_of: Callable[[str], ZoneInfo], spare: Iterable[Profile] = ()
    ) -> None:
        """``rows``: kind, name, from_at, body, in the order in which they take effect. ``spare``: further profile
        versions, in force nowhere, to which a lot can be bound."""
        self._zone_of = zone_of
        self._spare = {(profile.name, profile.version): profile for profile in spare}
        self._profiles: dict[str, Schedule] = {}
        self._units: dict[str, Schedule] = {}
        self._probes: dict[str, Schedule] = {}
        self._rules: dict[str, ChannelRules] = {}
        for row in rows:
            body, entry_at = row["body"], row["from_at"]
            match row["kind"]:
                case "profile":
                    self._profiles.setdefault(row["name"], []).append((entry_at, profile_from_json(body)))
                case "unit":
                    self._units.setdefault(row["name"], []).append((entry_at, body))
                case _:
                    self._probes.setdefault(row["name"], []).append((entry_at, body))

    @classmethod
    def stored(cls, tx: Connection, zone_of: Callable[[str], ZoneInfo]) -> Rulebook:
        """The book that the store holds."""
        return cls(rule_versions(tx), zone_of)

    def names(self) -> set[str]:
        """Every profile's name."""
        return set(self._profiles)

    def labels(self) -> list[str]:
        """Every version of every profile as ``name@version``, sorted by name and version."""
        versions = {(p.name, p.version) for schedule in self._profiles.values() for _, p in schedule}
        return [f"{name}@{version}" for name, version in sorted(versions | self._spare.keys())]

    def in_force(self, name: str, at: int) -> Profile:
        """The version of a profile in force at an instant; KeyError for an unknown name."""
        profile: Profile = _in_force(self._profiles[name], at)
        return profile

    def version(self, name: str, version: int) -> Profile:
        """One version of a profile; KeyError if there is none."""
        for _, profile in self._profiles.get(name, ()):
            if profile.version == version:
                match: Profile = profile
                return match
        if (name, version) in self._spare:
            return self._spare[name, version]
        raise KeyError(f"{name}@{version}")

    def units(self) -> dict[str, list[UnitVersion]]:
        """The dated versions of every unit ever configured."""
        return {
            path: [UnitVersion(at, body["class"], f"{path}/{body['product_probe']}") for at, body in schedule]
            for path, schedule in self._units.items()
        }

    def rules_of(self, channel: str) -> ChannelRules | None:
        """What judges a channel ever configured, and when; None for one that never was."""
        if channel not in self._probes:
            return None
        if channel not in self._rules:
            self._rules[channel] = self._channel_rules(Channel.parse(channel))
        return self._rules[channel]

    def _channel_rules(self, channel: Channel) -> ChannelRules:
        """A channel's own profile or its unit's, in every version, and its settings."""
        path, unit = str(channel), channel.unit_path
        own_names = {body["profile"] for _, body in self._probes[path]} - {None, ""}
        names = own_names | {body["profile"] for _, body in self._units[unit]}
        schedules = [self._probes[path], self._units[unit], *(self._profiles[name] for name in names)]
        profiles: list[tuple[int, Profile]] = []
        for at in sorted({at for schedule in schedules for at, _ in schedule}):
            own = _in_force(self._probes[path], at)["profile"]
            profile = self.in_force(own or _in_force(self._units[unit], at)["profile"], at)
            if not profiles or profiles[-1][1] != profile:
                profiles.append((at, profile))
        settings = tuple((at, settings_from_json(body["settings"])) for at, body in self._probes[path])
        return ChannelRules(tuple(profiles), settings, days_in(self._zone_of(channel.site)))


def _in_force(schedule: Schedule, at: int) -> Any:
    return next((value for from_at, value in reversed(schedule) if from_at <= at), schedule[0][1])


def load_rulebook(
    tx: Connection, installation: Installation, profiles: Iterable[Profile], now: int
) -> tuple[Rulebook, list[str]]:
    """Brings the store's versions up to the configuration; returns the book and what was changed, in words.

    Raises :class:`EditedProfileError` where a version that has been judging was edited in place.
    """
    stored, profiles = rule_versions(tx), list(profiles)
    refuse_edits(tx, profiles, stored)
    changes = [
        *_profile_changes(stored, profiles, now),
        *_changes(stored, "unit", {u.path: unit_body(u) for u in installation.units.values()}, now),
        *_changes(stored, "probe", {c: probe_body(p) for c, p in installation.probes().items()}, now),
    ]
    replaced = [row for row in changes if row.pop("replaces", False)]
    for row in replaced:
        c = schema.rule_version.c
        tx.execute(
            sa.delete(schema.rule_version).where(
                c.kind == row["kind"], c.name == row["name"], c.version == row["version"]
            )
        )
    add_rule_versions(tx, changes)
    told = [f"{row['kind']} {row['name']} version {row['version']}" for row in changes] if stored else []
    return Rulebook.stored(tx, installation.zone_of), told


def refuse_edits(
    tx: Connection, profiles: Iterable[Profile], stored: Sequence[Mapping[str, Any]] | None = None
) -> None:
    """Raises :class:`EditedProfileError` if a version that has been judging isn't what it was, or if a version that
    is new comes before one that is known. ``stored``: the store's versions, if at hand."""
    rows = rule_versions(tx) if stored is None else stored
    versions = {(row["name"], row["version"]): row for row in rows if row["kind"] == "profile"}
    has_judged = _has_judged(tx)
    edits = [edit for profile in profiles if (edit := _edit_of(profile, versions, has_judged=has_judged))]
    if edits:
        raise EditedProfileError(edits)


def _has_judged(tx: Connection) -> bool:
    """Whether any profile can have judged anything: a reading, or a lot."""
    readings = sa.select(schema.reading.c.position)
    lots = sa.select(schema.event.c.position).where(schema.event.c.scope == "lot")
    return any(tx.scalar(query.limit(1)) is not None for query in (readings, lots))


def _edit_of(
    profile: Profile, versions: Mapping[tuple[str, int], Mapping[str, Any]], *, has_judged: bool
) -> Edit | None:
    old = versions.get((profile.name, profile.version))
    if old is not None and (not has_judged or old["digest"] == digest(profile_to_json(profile))):
        return None
    newest = max((version for name, version in versions if name == profile.name), default=profile.version)
    if old is not None:
        expected = (
            f"the file as it was when {profile.label} began to judge; for new limits write version {newest + 1}, and"
            f" keep the old file as profiles/{profile.label}.toml"
        )
        return Edit(profile, f"{profile.version}, with other content than what has been judging", expected)
    if profile.version < newest:
        expected = f"a version over {newest}: {profile.name}@{newest} is in use"
        return Edit(profile, str(profile.version), expected)
    return None


def _profile_changes(
    stored: list[dict[str, Any]], profiles: Iterable[Profile], now: int
) -> list[dict[str, Any]]:
    versions = {(row["name"], row["version"]): row for row in stored if row["kind"] == "profile"}
    first_load = not versions
    changes = []
    for profile in profiles:
        body = profile_to_json(profile)
        old = versions.get((profile.name, profile.version))
        if old is not None and old["digest"] == digest(body):
            continue
        is_first = first_load or not any(name == profile.name for name, _ in versions)
        from_at = profile.effective_from if is_first or old is not None else max(profile.effective_from, now)
        row = _row("profile", profile.name, profile.version, from_at, now, body)
        changes.append({**row, "replaces": old is not None})
    return changes


def _changes(
    stored: list[dict[str, Any]], kind: str, bodies: Mapping[str, dict[str, Any]], now: int
) -> list[dict[str, Any]]:
    newest: dict[str, dict[str, Any]] = {}
    for row in stored:
        if row["kind"] == kind and row["version"] >= newest.get(row["name"], row)["version"]:
            newest[row["name"]] = row
    changes = []
    for name, body in bodies.items():
        old = newest.get(name)
        if old is None:
            changes.append(_row(kind, name, 1, EARLIEST, now, body))
        elif old["digest"] != digest(body):
            # A clock that was set back must not put an edit before what it replaces.
            from_at = max(now, old["from_at"] + 1)
            changes.append(_row(kind, name, old["version"] + 1, from_at, now, body))
    return changes


def _row(kind: str, name: str, version: int, from_at: int, now: int, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "version": version,
        "from_at": from_at,
        "recorded_at": now,
        "digest": digest(body),
        "body": body,
    }


def unit_body(unit: Unit) -> dict[str, Any]:
    return {
        "profile": unit.profile,
        "class": unit.storage_class,
        "product_probe": unit.product_probe,
    }


def probe_body(probe: Probe) -> dict[str, Any]:
    return {"profile": probe.profile, "settings": settings_to_json(probe.settings)}
