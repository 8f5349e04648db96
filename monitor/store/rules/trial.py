"""Rules to be tried on the past: a rulebook made from a configuration, beside the one that the store holds.

Nothing is written. What the configuration doesn't speak of (a unit or profile that it no longer has) stays as stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from monitor.config.versions import profile_from_json, profile_to_json
from monitor.core.profile.installation import Installation
from monitor.core.profile.profile import Profile
from monitor.core.time.instant import EARLIEST
from monitor.store.rules.rulebook import Row, Rulebook, probe_body, unit_body

_NO_RULE = frozenset({"version", "effective_from", "title"})
"""What of a profile judges nothing."""


class Trial:
    """The rules of a configuration, held against those on record (rows of
    :func:`monitor.store.rules.versions.rule_versions`).

    The newest version of everything holds for all time. ``as_dated``: profile versions hold from their
    ``effective_from`` on, and versions on record stay where they held; an edit that bears no date (of a unit, of a
    probe, of a version on record) holds where what it replaces did.
    """

    def __init__(
        self,
        stored: Sequence[Row],
        installation: Installation,
        profiles: Sequence[Profile],
        *,
        as_dated: bool = False,
    ) -> None:
        self._stored = stored
        self._profiles = profiles
        self._zone_of = installation.zone_of
        self._bodies: dict[tuple[str, str], Row] = {
            **{("unit", unit.path): unit_body(unit) for unit in installation.units.values()},
            **{("probe", channel): probe_body(probe) for channel, probe in installation.probes().items()},
        }
        self._rows = self._dated() if as_dated else self._constant()

    @property
    def names(self) -> set[str]:
        """The profiles that the configuration has."""
        return {profile.name for profile in self._profiles}

    def book(self) -> Rulebook:
        """The rulebook to try. A lot stays bound to the version that it was bound to: as the configuration has it,
        else as it is on record."""
        on_record = [profile_from_json(row["body"]) for row in self._stored if row["kind"] == "profile"]
        rows = sorted(self._rows, key=lambda row: int(row["from_at"]))
        return Rulebook(rows, self._zone_of, spare=[*on_record, *self._profiles])

    def _constant(self) -> list[Row]:
        newest = {p.name: p for p in sorted(self._profiles, key=lambda profile: profile.version)}
        kept = [
            row
            for row in self._stored
            if (row["kind"], row["name"]) not in self._bodies
            and not (row["kind"] == "profile" and row["name"] in newest)
        ]
        return [
            *kept,
            *(_row("profile", name, EARLIEST, profile_to_json(p)) for name, p in newest.items()),
            *(_row(kind, name, EARLIEST, body) for (kind, name), body in self._bodies.items()),
        ]

    def _dated(self) -> list[Row]:
        tried = {(p.name, p.version): p for p in self._profiles}
        dated: list[Row] = []
        for row in self._stored:
            profile = tried.pop((row["name"], row["version"]), None) if row["kind"] == "profile" else None
            dated.append(row if profile is None else _replaced(row, profile))
        dated += [
            _row("profile", p.name, p.effective_from, profile_to_json(p))
            for p in sorted(tried.values(), key=lambda profile: profile.version)
        ]
        newest = {(row["kind"], row["name"]): index for index, row in enumerate(dated)}
        for key, body in self._bodies.items():
            if key in newest:
                dated[newest[key]] = {**dated[newest[key]], "body": body}
            else:
                dated.append(_row(*key, EARLIEST, body))
        return dated

    def changes(self) -> list[Row]:
        """What is tried that isn't on record: ``{kind, name, is_new, keys}`` for each profile, unit and probe whose
        newest version differs from that on record; ``keys`` are those that differ."""
        on_record = _newest(self._stored)
        changes: list[Row] = []
        for (kind, name), row in _newest(self._rows).items():
            old = on_record.get((kind, name))
            keys = _differing({} if old is None else old["body"], row["body"])
            if keys:
                changes.append({"kind": kind, "name": name, "is_new": old is None, "keys": keys})
        return changes


def _row(kind: str, name: str, from_at: int, body: Row) -> Row:
    return {"kind": kind, "name": name, "from_at": from_at, "body": body}


def _replaced(row: Row, profile: Profile) -> Row:
    """A version on record as the configuration has it: where it held, or from its new date on."""
    is_moved = profile.effective_from != row["body"]["effective_from"]
    from_at = profile.effective_from if is_moved else row["from_at"]
    return {**row, "from_at": from_at, "body": profile_to_json(profile)}


def _newest(rows: Iterable[Row]) -> dict[tuple[str, str], Row]:
    """The last of each by number, which units and probes on trial don't have."""
    newest: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row["kind"], row["name"])
        if key not in newest or _number(row) >= _number(newest[key]):
            newest[key] = row
    return newest


def _number(row: Row) -> int:
    return int(row["body"].get("version", row.get("version", 0)))


def _differing(old: Row, new: Row) -> list[str]:
    old, new = ({**body, **body.get("settings", {}), "settings": None} for body in (old, new))
    return sorted(
        key for key in old.keys() | new.keys() if key not in _NO_RULE and _text(old, key) != _text(new, key)
    )


def _text(body: Row, key: str) -> str:
    """As JSON, for which a tuple is a list."""
    return json.dumps(body.get(key), sort_keys=True)
