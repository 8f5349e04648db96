"""``lots``: what the storage did to each lot, and what happened to it."""

from __future__ import annotations

import getpass
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.lot_card import print_lot
from monitor.cli.options import (
    AsOfOption,
    AtOption,
    ByOption,
    ConfigOption,
    EventIdOption,
    JsonOption,
    LotArgument,
    SiteOption,
    When,
    example,
    read_day,
    read_instant,
)
from monitor.cli.output import local, print_json, print_table, words
from monitor.cli.session import Finding, load, start_at, store_in_words, viewing
from monitor.clock import SystemClock
from monitor.core.instant import format_instant
from monitor.core.lot import LotEventKind
from monitor.ports import JSON

if TYPE_CHECKING:
    from monitor.config import Configuration

commands = typer.Typer(no_args_is_help=True, help="Lots: what the storage did to them.")

OUT = "out"
"""In place of a unit: out of storage."""

_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_EXPIRY = ("expires_on", "expires_at")
_TAKES: Mapping[str, tuple[str, ...]] = {
    "thawed": ("note",),
    "refrozen": ("note",),
    "disposed": ("note",),
    "aliquoted": ("into", "note"),
    "voided": ("voids", "reason", "note"),
    "expiry_changed": (*_EXPIRY, "reason", "note"),
    "quarantined": ("reason", "note"),
}
"""The kinds that ``lots event`` records, and the fields that each can have."""

_OF_OTHERS: Mapping[str, str] = {
    "registered": "Use 'lots register'.",
    "moved": "Use 'lots move'.",
    "released": "That is a signed decision of QA and is not made here.",
    "rejected": "That is a signed decision of QA and is not made here.",
}

ExpiresOn = Annotated[
    str | None,
    typer.Option(
        "--expires-on", metavar="DATE", parser=read_day, help="Good through the end of that day at its site."
    ),
]
ExpiresAt = Annotated[
    int | None,
    typer.Option(
        "--expires-at", metavar="TIME", parser=read_instant, help="Or an instant: RFC 3339 with an offset."
    ),
]


@commands.command("list", epilog=example("lots list --as-of 2026-11-22"))
def list_lots(config: ConfigOption = None, as_of: AsOfOption = None, as_json: JsonOption = False) -> None:
    """Lists lots with place, verdict and expiry."""
    with viewing(config) as session:
        found = session.view.lots(as_of=session.as_of(as_of))
        if as_json:
            print_json(found)
            return
        rows = [
            (
                each["lot"],
                each["product"],
                each["unit"] or OUT,
                words(each.get("verdict")),
                local(
                    each.get("effective_expires_at") or each["expires_at"],
                    session.zone(each["unit"] or each.get("site")),
                ),
            )
            for each in found
        ]
    print_table(("Lot", "Product", "Unit", "Verdict", "Expires at"), rows, none="No lot is registered.")


@commands.command(epilog=example("lots show EXO-2026-014 --as-of 2026-11-22T10:00:00Z"))
def show(
    lot: LotArgument, config: ConfigOption = None, as_of: AsOfOption = None, as_json: JsonOption = False
) -> None:
    """Shows all about a lot.

    Verdict with its reasons, figures, custody, excursions. The exit code of a breached lot is 1.
    """
    with viewing(config) as session:
        site = None if as_of is None or as_of.at is not None else session.lot(lot, None).get("site")
        at = session.as_of(as_of, site)
        found = session.lot(lot, at)
        if as_json:
            print_json(found)
        else:
            print_lot(found, session, session.view.excursions(lot=lot, as_of=at))
    if found.get("verdict") == "breached":
        raise typer.Exit(1)


@commands.command(
    epilog=example(
        "lots register EXO-2026-014 --product 'MSC exosomes' --profile ult-80 --unit lab1/F01 --expires-on 2028-06-30"
    )
)
def register(
    lot: LotArgument,
    product: Annotated[str, typer.Option("--product", metavar="TEXT", help="What it is.")],
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="The storage profile that judges it.")
    ],
    config: ConfigOption = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", metavar="UNIT", help="SITE/UNIT, or a unit's name. Default: not yet stored."),
    ] = None,
    expires_on: ExpiresOn = None,
    expires_at: ExpiresAt = None,
    quantity: Annotated[
        str | None, typer.Option("--quantity", metavar="N", help="How much: a number or words.")
    ] = None,
    gtin: Annotated[str | None, typer.Option("--gtin", metavar="GTIN", help="The product's GTIN.")] = None,
    lot_number: Annotated[
        str | None, typer.Option("--lot-number", metavar="TEXT", help="The maker's lot number. Default: LOT.")
    ] = None,
    serial: Annotated[str | None, typer.Option("--serial", metavar="TEXT", help="The serial number.")] = None,
    at: AtOption = None,
    by: ByOption = None,
    site: SiteOption = None,
    event_id: EventIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Registers a lot.

    Give either --expires-on or --expires-at.
    """
    _require_one_expiry(expires_on, expires_at)
    configuration = load(config)
    path = _unit(configuration, unit, site)
    event = {
        "product": product,
        "profile": profile,
        "unit": path,
        **_expiry(expires_on, expires_at),
        "quantity": float(quantity) if quantity is not None and _NUMBER.fullmatch(quantity) else quantity,
        "gtin": gtin,
        "lot_number": lot_number,
        "serial": serial,
    }
    kept = {key: value for key, value in event.items() if value is not None or key == "unit"}
    where = _site(configuration, config, lot, site, path)
    _record(
        configuration,
        where,
        lot,
        _stamped(configuration, where, "registered", kept, at, by, event_id),
        as_json,
    )


@commands.command(epilog=example("lots move EXO-2026-014 lab1/F02", "lots move EXO-2026-014 out"))
def move(
    lot: LotArgument,
    unit: Annotated[
        str, typer.Argument(metavar="UNIT", help="SITE/UNIT, a unit's name, or 'out': out of storage.")
    ],
    config: ConfigOption = None,
    at: AtOption = None,
    by: ByOption = None,
    site: SiteOption = None,
    event_id: EventIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Records that a lot was moved."""
    configuration = load(config)
    path = None if unit == OUT else _unit(configuration, unit, site)
    where = _site(configuration, config, lot, site, path)
    event = _stamped(configuration, where, "moved", {"unit": path}, at, by, event_id)
    _record(configuration, where, lot, event, as_json)


@commands.command("event", epilog=example("lots event EXO-2026-014 quarantined --reason 'label damaged'"))
def record_event(
    lot: LotArgument,
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(_TAKES)}.")],
    config: ConfigOption = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")] = None,
    voids: Annotated[
        str | None, typer.Option("--voids", metavar="ID", help="Of voided: the id of the mistaken event.")
    ] = None,
    expires_on: ExpiresOn = None,
    expires_at: ExpiresAt = None,
    into: Annotated[
        list[str] | None,
        typer.Option("--into", metavar="LOT", help="Of aliquoted: a new lot's id; once for each."),
    ] = None,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Anything to add.")] = None,
    at: AtOption = None,
    by: ByOption = None,
    site: SiteOption = None,
    event_id: EventIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Records another event of a lot.

    To release or reject a lot is a signed decision of QA; it is not made here.
    """
    given = {
        "reason": reason,
        "voids": voids,
        **_expiry(expires_on, expires_at),
        "into": into or None,
        "note": note,
    }
    fields = {key: value for key, value in given.items() if value is not None}
    _require_kind(kind, fields)
    if kind == "expiry_changed":
        _require_one_expiry(expires_on, expires_at)
    configuration = load(config)
    where = _site(configuration, config, lot, site, None)
    _record(
        configuration, where, lot, _stamped(configuration, where, kind, fields, at, by, event_id), as_json
    )


def _require_kind(kind: str, fields: Mapping[str, Any]) -> None:
    """A usage error for a kind that isn't recorded here, a field that it doesn't have, or one that it lacks."""
    if kind not in _TAKES:
        remedy = _OF_OTHERS.get(kind, f"Write one of {', '.join(_TAKES)}.")
        raise typer.BadParameter(f"{kind!r} is not recorded here. {remedy}", param_hint="KIND")
    for field in fields:
        if field not in _TAKES[kind]:
            raise typer.BadParameter(
                f"a {kind} event has no such field. Leave it out.", param_hint=_option(field)
            )
    for field in ("into", "voids", "reason"):
        if field in _TAKES[kind] and field not in fields:
            raise typer.BadParameter(f"a {kind} event needs it.", param_hint=_option(field))


def _option(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _require_one_expiry(expires_on: str | None, expires_at: int | None) -> None:
    if (expires_on is None) == (expires_at is None):
        raise typer.BadParameter("give one of the two.", param_hint="--expires-on / --expires-at")


def _expiry(expires_on: str | None, expires_at: int | None) -> JSON:
    return {
        "expires_on": expires_on,
        "expires_at": None if expires_at is None else format_instant(expires_at),
    }


# --- where, when, who ---


def _unit(configuration: Configuration, given: str | None, site: str | None) -> str | None:
    """``site/unit``; a bare name is a unit of ``--site``, else of the only site that has one of that name."""
    if given is None or "/" in given:
        return given
    if site is not None:
        return f"{site}/{given}"
    matches = [unit.path for unit in configuration.units if unit.name == given]
    if len(matches) > 1:
        text = f"{given!r} is a unit at several sites. Write one of {', '.join(matches)}."
        raise typer.BadParameter(text, param_hint="UNIT")
    if not matches:
        known = ", ".join(unit.path for unit in configuration.units)
        raise typer.BadParameter(f"there is no unit {given!r}. Write one of {known}.", param_hint="UNIT")
    return matches[0]


def _site(
    configuration: Configuration, config: Path | None, lot: str, given: str | None, path: str | None
) -> str:
    """The site named, else the unit's, else the only one, else the lot's."""
    if given is not None:
        if given not in configuration.sites:
            known = ", ".join(configuration.sites)
            raise typer.BadParameter(
                f"there is no site {given!r}. Write one of {known}.", param_hint="--site"
            )
        return given
    if path is not None:
        return path.split("/")[0]
    if len(configuration.sites) == 1:
        return next(iter(configuration.sites))
    with viewing(config) as session:
        site = (session.view.lot(lot) or {}).get("site")
    if site is None:
        known = ", ".join(configuration.sites)
        raise typer.BadParameter(f"there are several sites. Write one of {known}.", param_hint="--site")
    return str(site)


def _stamped(
    configuration: Configuration,
    site: str,
    kind: str,
    fields: Mapping[str, Any],
    at: When | None,
    by: str | None,
    event_id: str | None,
) -> JSON:
    """A whole event in the wire's words: its id, when, who, and its fields."""
    occurred_at = SystemClock().now() if at is None else start_at(configuration, at, "--at", site)
    return {
        "event_id": event_id or str(uuid.uuid4()),
        "occurred_at": format_instant(occurred_at),
        "kind": LotEventKind(kind).value,
        "by": by or _login_name(),
        **fields,
    }


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):
        text = "this login has no name. Write who did it."
        raise typer.BadParameter(text, param_hint="--by") from None


def _record(configuration: Configuration, site: str, lot: str, event: JSON, as_json: bool) -> None:
    from monitor import app

    try:
        with store_in_words(), app.open_commands(configuration) as commands_:
            found = commands_.lot_event(site, lot, event)
    except (
        ValueError,
        RuntimeError,
    ) as error:  # refused, or the program that holds the store can't be reached
        raise Finding(str(error)) from error
    outcome, name = found["outcome"], found["event_id"]
    if as_json:
        print_json(found)
    elif outcome == "recorded":
        typer.echo(f"recorded: {lot} {words(event['kind'])} at {event['occurred_at']} (event {name})")
    elif outcome == "duplicate":
        typer.echo(f"on record already: event {name}; nothing was changed")
    if outcome == "conflict":
        raise Finding(
            f"event {name} is on record with other content: both are set aside. Use a new --event-id."
        )
