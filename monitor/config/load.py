"""Reads a configuration directory: ``monitor.toml``, ``profiles/*.toml``, ``people.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from monitor.config.file.environment import overlay
from monitor.config.file.fields import NAME, Table
from monitor.config.file.files import MonitorFile
from monitor.config.file.people_file import PeopleFile
from monitor.config.file.problem import ConfigurationError, Review
from monitor.config.file.profile_file import ProfileFile
from monitor.config.file.toml import parse
from monitor.config.model import Configuration
from monitor.config.people import FILE as PEOPLE
from monitor.config.people import KnownNames, check_names, doubt_people, people_of
from monitor.config.profiles import doubts_about, findings_in, profile_of
from monitor.config.secret.places import refuse_placeholders, take_out_secrets
from monitor.config.sections import alerting_of, detection_of, influx_of, mail_of, mqtt_of, store_of, web_of
from monitor.config.units import doubt_units, sites_of, units_of
from monitor.core.profile.profile import Profile
from monitor.core.time.instant import format_instant

MONITOR = "monitor.toml"

_AnyTable = TypeVar("_AnyTable", bound=Table)
Document = dict[str, Any]


def load(directory: Path, environ: Mapping[str, str]) -> Configuration:
    """The configuration in ``directory``, with what ``environ`` overrides.

    A relative path of a secret or certificate is relative to ``directory``; that of the store to the current
    directory. Raises :class:`ConfigurationError`, whose text lists every mistake in every file.
    """
    review = Review()
    written = _read(directory, MONITOR, review)
    document = overlay(written or {}, environ, review)
    refuse_placeholders(document, MONITOR, review)
    monitor = _validated(MonitorFile, document, MONITOR, review)
    profiles, profile_names = _profiles(directory, review)
    people_document = _read(directory, PEOPLE, review) or {}
    refuse_placeholders(people_document, PEOPLE, review)
    people_file = _validated(PeopleFile, people_document, PEOPLE, review)

    names = _known(None if written is None else document, people_document)
    units = units_of(monitor.unit, sites=names.sites or (), profiles=profile_names, review=review)
    check_names(people_document, names, review)
    people = people_of(people_file, names, directory, environ, review)
    mail = mail_of(monitor.mail, directory, environ, review)
    doubt_units(units, profiles, review)
    doubt_people(people, mail.host, monitor.web.external_url, review)
    configuration = Configuration(
        store=store_of(monitor.store, review),
        mqtt=mqtt_of(monitor.mqtt, directory, environ, review),
        influx=influx_of(monitor.influx, directory, environ, review),
        web=web_of(monitor.web, review),
        mail=mail,
        alerting=alerting_of(monitor.alerting, directory, environ, review, has_rota=bool(people.rotas)),
        detection=detection_of(monitor.detection, review),
        sites=sites_of(monitor.site),
        units=units,
        profiles=profiles,
        people=people.people,
        rotas=people.rotas,
        ladders=people.ladders,
        routes=people.routes,
        directory=directory,
        warnings=tuple(review.warnings),
    )
    if review.problems:
        raise ConfigurationError(directory, review.problems)
    return configuration


def _known(monitor: Document | None, people: Document) -> KnownNames:
    """All names that there are; ``monitor`` is None if monitor.toml couldn't be read."""
    return KnownNames(
        people=_names(people, "person"),
        rotas=_names(people, "rota"),
        ladders=_names(people, "ladder"),
        sites=None if monitor is None else _names(monitor, "site"),
        units=None if monitor is None else _names(monitor, "unit"),
    )


def _read(directory: Path, file: str, review: Review) -> Document | None:
    """A file's document without secrets; None, and a mistake, if it can't be read."""
    path = directory / file
    try:
        document = parse(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        if file == MONITOR:
            review.refuse(file, "", None, "this file; 'exosome-monitor init DIR' writes one to start from")
        return None
    except OSError as error:
        review.refuse_text(file, "", str(error.strerror), "a file that can be read")
        return None
    except UnicodeDecodeError:
        review.refuse_text(file, "", "bytes that are not UTF-8", "a text file in UTF-8")
        return None
    except tomllib.TOMLDecodeError as error:
        # The line itself isn't shown: it may hold a secret.
        reason, at, place = str(error).partition(" (at ")
        review.refuse_text(file, place.rstrip(")") if at else "", f"a mistake ({reason})", "TOML")
        return None
    take_out_secrets(document, file, review)
    return document


def _validated(model: type[_AnyTable], document: Document, file: str, review: Review) -> _AnyTable:
    """The file's tables. Those with a mistake are left out, so that the others can be checked together."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        review.refuse_all(error, file, document, model)
        pruned = dict(document)
        for place in {detail["loc"][:2] for detail in error.errors(include_url=False)}:
            pruned = _without(pruned, place)
        # Indexes of a list stay what they are until here: None marks an item that was taken out.
        kept = {key: _compact(value) for key, value in pruned.items()}
        return _validated(model, kept, file, Review())


def _without(document: Document, place: tuple[int | str, ...]) -> Document:
    section = document.get(str(place[0]))
    inner = place[1] if len(place) > 1 else None
    if isinstance(section, dict) and inner in section:
        return document | {str(place[0]): {key: value for key, value in section.items() if key != inner}}
    if isinstance(section, list) and isinstance(inner, int):
        kept = [None if index == inner else item for index, item in enumerate(section)]
        return document | {str(place[0]): kept}
    return {key: value for key, value in document.items() if key != place[0]}


def _compact(value: Any) -> Any:
    return [item for item in value if item is not None] if isinstance(value, list) else value


def _names(document: Document, key: str) -> set[str]:
    """The names of a table's or a list's items, whether or not the items are right otherwise."""
    section = document.get(key)
    if isinstance(section, dict):
        return set(section)
    items = section if isinstance(section, list) else []
    return {str(item["name"]) for item in items if isinstance(item, dict) and "name" in item}


# --- profiles ---


def _profiles(directory: Path, review: Review) -> tuple[tuple[Profile, ...], set[str]]:
    """All versions of all profiles, and the names of all, also of those with a mistake."""
    versions: dict[str, tuple[str, Profile]] = {}
    names: set[str] = set()
    for path in sorted((directory / "profiles").glob("*.toml")):
        file = f"profiles/{path.name}"
        names.add(path.stem.partition("@")[0])
        profile = _profile(directory, file, path.stem, review)
        if profile is None:
            continue
        if profile.label in versions:
            other = versions[profile.label][0]
            review.refuse(file, "version", profile.version, f"a version that {other} doesn't have already")
        versions.setdefault(profile.label, (file, profile))
    ordered = sorted(versions.values(), key=lambda entry: (entry[1].name, entry[1].version))
    _check_succession(ordered, review)
    return tuple(profile for _, profile in ordered), names


def _profile(directory: Path, file: str, stem: str, review: Review) -> Profile | None:
    document = _read(directory, file, review)
    if document is None:
        return None
    try:
        table = ProfileFile.model_validate(document)
    except ValidationError as error:
        review.refuse_all(error, file, document, ProfileFile)
        return None
    name, at, version = stem.partition("@")
    if not NAME.fullmatch(name) or (at and not re.fullmatch(r"[1-9]\d*", version, re.ASCII)):
        review.refuse(file, "", stem, "a file called <name>.toml or <name>@<version>.toml")
    elif table.name != name:
        review.refuse(file, "name", table.name, f"{name}, as the file is called")
    elif at and table.version != int(version):
        review.refuse(file, "version", table.version, f"{version}, as the file is called")
    profile = profile_of(table)
    for finding in findings_in(table, profile):
        review.refuse(file, *finding)
    for doubt in doubts_about(profile):
        review.warn(file, doubt)
    return profile


def _check_succession(ordered: list[tuple[str, Profile]], review: Review) -> None:
    """Each version of a profile holds from its instant until the next one's: both in one order."""
    for (_, before), (file, after) in pairwise(ordered):
        if before.name != after.name:
            continue
        since = f"version {before.version}'s ({format_instant(before.effective_from)})"
        if after.effective_from < before.effective_from:
            given = format_instant(after.effective_from)
            review.refuse(file, "effective_from", given, f"an instant after {since}")
        elif after.effective_from == before.effective_from:
            review.warn(file, f"effective_from is {since}: that version never holds")
