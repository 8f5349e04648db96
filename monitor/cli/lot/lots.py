"""``lots``: what the storage did to each lot, and what happened to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from monitor.cli.lot.card import print_lot
from monitor.cli.lot.recording import asked, login_name, record, site_of, stamped, unit_path
from monitor.cli.options import (
    AsOfOption,
    AtOption,
    ByOption,
    ConfigOption,
    EventIdOption,
    JsonOption,
    LotArgument,
    SiteOption,
    example,
    read_day,
    read_instant,
)
from monitor.cli.output import local, print_json, print_table, small
from monitor.cli.session import load, viewing
from monitor.core.time.instant import format_instant
from monitor.ports import JSON
from monitor.ports.commands import BindProfile
from monitor.words.lot import least_left
from monitor.words.sign import verdict_sign

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
    "bound": "Use 'lots bind'.",
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
    """Lists lots with place, verdict, the budget that runs out first, and expiry."""
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
                small(verdict_sign(each)),
                least_left(each),
                local(each["effective_expires_at"], session.zone(each["unit"] or each["site"])),
            )
            for each in found
        ]
    columns = ("Lot", "Product", "Unit", "Verdict", "Least time left", "Expires at")
    print_table(columns, rows, none="No lot is registered.")


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
    if found["verdict"] == "breached":
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
    path = unit_path(configuration, unit, site)
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
    where = site_of(configuration, config, lot, site, path)
    record(
        configuration,
        where,
        lot,
        stamped(configuration, where, "registered", kept, at, by, event_id),
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
    path = None if unit == OUT else unit_path(configuration, unit, site)
    where = site_of(configuration, config, lot, site, path)
    event = stamped(configuration, where, "moved", {"unit": path}, at, by, event_id)
    record(configuration, where, lot, event, as_json)


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
    where = site_of(configuration, config, lot, site, None)
    record(configuration, where, lot, stamped(configuration, where, kind, fields, at, by, event_id), as_json)


@commands.command(
    epilog=example("lots bind EXO-2026-014 ult-80@1 --reason 'stability study S-12' --by 'QA, R. Lindqvist'")
)
def bind(
    lot: LotArgument,
    profile: Annotated[
        str, typer.Argument(metavar="PROFILE@VERSION", help="The profile version that judges it from now on.")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    config: ConfigOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Binds a lot to another profile version.

    A decision of QA: from now on the lot is judged by it over its whole timeline. Who, when and why are kept as an
    event of the lot.
    """
    configuration = load(config)
    with viewing(config) as session:
        session.lot(lot, None)
    command = BindProfile(lot=lot, profile=profile, reason=reason, by=by or login_name())
    found = asked(configuration, command)
    if as_json:
        print_json(found)
    else:
        typer.echo(f"recorded: {lot} is judged by {profile} from now on (event {found['event_id']})")


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
