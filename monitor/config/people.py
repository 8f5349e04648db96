"""From ``people.toml`` to the model, and what may be wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from monitor.config import people_file as files
from monitor.config.model import REFERENCES, Address, Person
from monitor.config.problem import Review, choices, nearest
from monitor.config.secret import Secret
from monitor.config.secret_places import secret_file
from monitor.core.alarm.policy import Ladder, QuietHours, Route, Step
from monitor.core.alarm.rota import Override, Rota

FILE = "people.toml"

_MAIL = re.compile(r"[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+|[^\s@:/]+@localhost")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_EXPECTED = "a mail address, an Apprise URL, env:NAME or file:PATH"


class People(NamedTuple):
    """What ``people.toml`` says."""

    people: tuple[Person, ...]
    rotas: tuple[Rota, ...]
    ladders: tuple[Ladder, ...]
    routes: tuple[Route, ...]


class Known(NamedTuple):
    """Names that ``people.toml`` may refer to, also of tables that are wrong elsewhere; None: unknown."""

    people: set[str]
    rotas: set[str]
    ladders: set[str]
    sites: set[str] | None
    units: set[str] | None


def people_of(
    file: files.PeopleFile, known: Known, directory: Path, environ: Mapping[str, str], review: Review
) -> People:
    """The people, and the rules of who is told what."""
    _check_twice("person", [one.name for one in file.person], known.rotas, review)
    _check_twice("rota", [one.name for one in file.rota], (), review)
    _check_twice("ladder", [one.name for one in file.ladder], (), review)
    return People(
        tuple(_person(one, directory, environ, review) for one in file.person),
        tuple(_rota(one, known, review) for one in file.rota),
        tuple(_ladder(one, known, review) for one in file.ladder),
        tuple(_route(index, one, known, review) for index, one in enumerate(file.route)),
    )


def _check_twice(kind: str, names: list[str], others: Iterable[str], review: Review) -> None:
    for name in sorted({name for name in names if names.count(name) > 1 or name in others}):
        review.refuse(FILE, f"{kind}[{name}].name", name, "a name that nothing else here has")


def _check_known(key: str, name: str | None, names: set[str] | None, kind: str, review: Review) -> None:
    if name is not None and names is not None and name not in names:
        review.refuse(FILE, key, name, f"the name of a {kind} ({choices(names)})", nearest(name, names))


def _person(table: files.PersonTable, directory: Path, environ: Mapping[str, str], review: Review) -> Person:
    addresses = []
    for index, source in enumerate(table.addresses):
        key = f"person[{table.name}].addresses[{index}]"
        address = _address(source, key, directory, environ, review)
        if address is not None:
            addresses.append(address)
            if address.shown != source:
                review.warn(
                    FILE,
                    f"{key}: a URL such as {address.shown} may hold a token; write env:NAME or file:PATH",
                )
    quiet = table.quiet_hours
    return Person(
        name=table.name,
        title=table.title or table.name,
        addresses=tuple(addresses),
        timezone=table.timezone,
        quiet_hours=None if quiet is None else QuietHours(quiet.start, quiet.until),
        qa=table.qa,
    )


def _address(
    source: str, key: str, directory: Path, environ: Mapping[str, str], review: Review
) -> Address | None:
    """Where ``source`` leads; None, and a mistake, if it leads nowhere."""
    value: Secret | None = Secret(source)
    if source.startswith("env:"):
        text = environ.get(source.removeprefix("env:"), "").strip()
        if not text:
            review.refuse(FILE, key, source, "a variable that is set in the environment")
            return None
        value = Secret(text)
    elif source.startswith("file:"):
        value = secret_file(directory.absolute() / source.removeprefix("file:"), FILE, key, review)
    if value is None:
        return None
    if _MAIL.fullmatch(value.reveal()):
        return Address("mail", source, value)
    if _URL.fullmatch(value.reveal()):
        return Address("apprise", source, value)
    if source.startswith(REFERENCES):
        review.refuse_text(FILE, key, f"something else at {source}", "a mail address or an Apprise URL there")
    else:
        review.refuse(FILE, key, source, _EXPECTED)
    return None


def _rota(table: files.RotaTable, known: Known, review: Review) -> Rota:
    where = f"rota[{table.name}]"
    for index, name in enumerate(table.people):
        _check_known(f"{where}.people[{index}]", name, known.people, "person", review)
    for index, one in enumerate(table.override):
        _check_known(f"{where}.override[{index}].person", one.person, known.people, "person", review)
        if one.until_at <= one.start_at:
            review.refuse_text(
                FILE, f"{where}.override[{index}].until", "an earlier instant", "one after from"
            )
    return Rota(
        name=table.name,
        timezone=table.timezone,
        people=tuple(table.people),
        first_week=table.first_week,
        handover_at=table.handover_at,
        overrides=tuple(Override(one.person, one.start_at, one.until_at) for one in table.override),
    )


def _ladder(table: files.LadderTable, known: Known, review: Review) -> Ladder:
    for index, step in enumerate(table.step):
        for at, name in enumerate(step.tell):
            key = f"ladder[{table.name}].step[{index}].tell[{at}]"
            _check_known(key, name, known.people | known.rotas, "person or rota", review)
    return Ladder(table.name, tuple(Step(tuple(step.tell), step.wait) for step in table.step), table.repeat)


def _route(index: int, table: files.RouteTable, known: Known, review: Review) -> Route:
    where = f"route[{index}]"
    _check_known(f"{where}.ladder", table.ladder, known.ladders, "ladder", review)
    _check_known(f"{where}.site", table.site, known.sites, "site", review)
    _check_known(f"{where}.unit", table.unit, known.units, "unit", review)
    return Route(table.ladder, table.site, table.unit, table.condition, table.level)


def doubt_people(people: People, mail_host: str, review: Review) -> None:
    """Warns of what is allowed and may not be meant; first of all that nobody is told."""
    if not people.people:
        review.warn(FILE, "there is no [[person]]: nobody is told")
    for person in people.people:
        if not mail_host and any(address.medium == "mail" for address in person.addresses):
            review.warn(
                FILE, f"person[{person.name}] has a mail address, but [mail] host is empty: no mail is sent"
            )
    for kind, found in (("rota", people.rotas), ("ladder", people.ladders), ("route", people.routes)):
        if found:
            review.warn(FILE, f"[[{kind}]] is read and checked, but not acted on yet by this version")
