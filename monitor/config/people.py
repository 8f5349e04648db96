"""From ``people.toml`` to the model, and what may be wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from monitor.config.address import KeyPlace, address_of, refuse_unsent_mail, webhook_key_of
from monitor.config.file import people_file as files
from monitor.config.file.fields import NAME
from monitor.config.file.problem import Review, choices, key_text, nearest
from monitor.config.media import ADDRESS_KINDS
from monitor.config.model import Address, Person
from monitor.config.on_call import doubt_routes, doubt_the_rest
from monitor.config.secret.places import leaves
from monitor.core.telling.policy import Ladder, QuietHours, Route, Step
from monitor.core.telling.rota import Override, Rota

FILE = "people.toml"


class People(NamedTuple):
    """What ``people.toml`` says."""

    people: tuple[Person, ...]
    rotas: tuple[Rota, ...]
    ladders: tuple[Ladder, ...]
    routes: tuple[Route, ...]


class KnownNames(NamedTuple):
    """Names that ``people.toml`` may refer to, also of tables that are wrong elsewhere; None: unknown."""

    people: set[str]
    rotas: set[str]
    ladders: set[str]
    sites: set[str] | None
    units: set[str] | None


def people_of(
    file: files.PeopleFile, names: KnownNames, directory: Path, environ: Mapping[str, str], review: Review
) -> People:
    """The people, and the rules of who is told what; :func:`check_names` is for what they refer to."""
    _check_twice("person", [person.name for person in file.person], names.rotas, review)
    _check_twice("rota", [rota.name for rota in file.rota], (), review)
    _check_twice("ladder", [ladder.name for ladder in file.ladder], (), review)
    return People(
        tuple(_person(person, directory, environ, review) for person in file.person),
        tuple(_rota(rota, review) for rota in file.rota),
        tuple(_ladder(ladder) for ladder in file.ladder),
        tuple(
            Route(route.ladder, route.site, route.unit, route.condition, route.level) for route in file.route
        ),
    )


def _check_twice(kind: str, names: list[str], others: Iterable[str], review: Review) -> None:
    for name in sorted({name for name in names if names.count(name) > 1 or name in others}):
        review.refuse(FILE, f"{kind}[{name}].name", name, "a name that nothing else here has")


def check_names(document: Mapping[str, Any], there: KnownNames, review: Review) -> None:
    """Refuses each name that nothing has. It reads the file as it was written, so that what is wrong in the same table
    otherwise is told together with it."""
    places: dict[tuple[str, ...], tuple[str, set[str] | None]] = {
        ("rota", "people"): ("person", there.people),
        ("rota", "override", "person"): ("person", there.people),
        ("ladder", "step", "tell"): ("person or rota", there.people | there.rotas),
        ("route", "ladder"): ("ladder", there.ladders),
        ("route", "site"): ("site", there.sites),
        ("route", "unit"): ("unit", there.units),
    }
    for location, name in leaves(document):
        kind, names = places.get(tuple(part for part in location if isinstance(part, str)), ("", None))
        if names is None or not isinstance(name, str) or not NAME.fullmatch(name) or name in names:
            continue
        key = key_text(document, location)
        review.refuse(FILE, key, name, f"the name of a {kind} ({choices(names)})", nearest(name, names))


def _person(table: files.PersonTable, directory: Path, environ: Mapping[str, str], review: Review) -> Person:
    addresses = []
    for index, source in enumerate(table.addresses):
        key = f"person[{table.name}].addresses[{index}]"
        address = address_of(source, KeyPlace(key, directory, environ), review)
        if address is not None:
            addresses.append(address)
            if address.shown != source:
                doubt = f"an address such as {address.shown} may hold a token; write env:NAME or file:PATH"
                review.warn(FILE, f"{key}: {doubt}")
    place = KeyPlace(f"person[{table.name}].webhook_key", directory, environ)
    quiet = table.quiet_hours
    return Person(
        name=table.name,
        title=table.title or table.name,
        addresses=tuple(addresses),
        timezone=table.timezone,
        quiet_hours=None if quiet is None else QuietHours(quiet.start, quiet.until),
        qa=table.qa,
        webhook_key=webhook_key_of(table.webhook_key, addresses, place, review),
        webhook_key_source=table.webhook_key,
    )


def _rota(table: files.RotaTable, review: Review) -> Rota:
    where = f"rota[{table.name}]"
    for index, stand_in in enumerate(table.override):
        if stand_in.until_at <= stand_in.start_at:
            review.refuse_text(
                FILE, f"{where}.override[{index}].until", "an earlier instant", "one after from"
            )
    return Rota(
        name=table.name,
        timezone=table.timezone,
        people=tuple(table.people),
        first_week=table.first_week,
        handover_at=table.handover_at,
        overrides=tuple(
            Override(override.person, override.start_at, override.until_at) for override in table.override
        ),
    )


def _ladder(table: files.LadderTable) -> Ladder:
    return Ladder(table.name, tuple(Step(tuple(step.tell), step.wait) for step in table.step), table.repeat)


def doubt_people(people: People, mail_host: str, external_url: str, review: Review) -> None:
    """Warns of what is allowed and may not be meant, first of all that nobody is told; refuses mail that no server
    sends."""
    if not people.people:
        review.warn(FILE, "there is no [[person]]: nobody is told")
    elif not external_url:
        doubt = (
            "web.external_url is empty: messages carry no link that acknowledges the alarm; set it to where"
        )
        review.warn("monitor.toml", f"{doubt} the phones of those who are told reach the pages")
    refuse_unsent_mail(
        [address for person in people.people for address in person.addresses], mail_host, review
    )
    _doubt_shared_addresses(people, review)
    doubt_routes(people.routes, review)
    doubt_the_rest(people.routes, [person.name for person in people.people], review)
    led_to = {route.ladder for route in people.routes}
    named = {name for ladder in people.ladders for step in ladder.steps for name in step.tell}
    for ladder in people.ladders:
        if ladder.name not in led_to:
            review.warn(FILE, f"ladder[{ladder.name}]: no [[route]] leads to it, so it is never climbed")
    for rota in people.rotas:
        if rota.name not in named:
            review.warn(FILE, f"rota[{rota.name}]: no step of a [[ladder]] names it, so nobody is told by it")


def _doubt_shared_addresses(people: People, review: Review) -> None:
    """Two persons at one address are one: whoever answers, it isn't known which of them."""
    owners: dict[str, list[str]] = {}
    for person in people.people:
        for value in {_compared(address) for address in person.addresses}:
            owners.setdefault(value, []).append(person.name)
    for names in sorted({tuple(sharing) for sharing in owners.values() if len(sharing) > 1}):
        review.warn(FILE, f"{' and '.join(names)} have an address in common: escalation doesn't leave it")


def _compared(address: Address) -> str:
    text = address.value.reveal()
    return text.casefold() if ADDRESS_KINDS[address.medium].ignores_case else text
