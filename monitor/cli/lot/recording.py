"""What the commands that record something of a lot share: where, when, who, and what came of it."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.options import When
from monitor.cli.output import print_json, words
from monitor.cli.session import Finding, known_unit, start_at, store_in_words, viewing
from monitor.core.answer.shape import AnyAnswer
from monitor.core.lot.event import LotEventKind
from monitor.core.time.instant import format_instant
from monitor.ports import JSON
from monitor.ports.commands import Command, RecordLotEvent
from monitor.program.clock import SystemClock

if TYPE_CHECKING:
    from monitor.config import Configuration


def unit_path(configuration: Configuration, given: str | None, site: str | None) -> str | None:
    """``site/unit``; a bare name is a unit of ``--site``, else of the only site that has one of that name."""
    if given is None or "/" in given:
        return given
    if site is not None:
        return f"{site}/{given}"
    return known_unit(configuration, given, "UNIT")


def site_of(
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
        known_lot = session.view.lot(lot)
    if known_lot is None:
        known = ", ".join(configuration.sites)
        raise typer.BadParameter(f"there are several sites. Write one of {known}.", param_hint="--site")
    return known_lot["site"]


def stamped(
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
        "by": by or login_name(),
        **fields,
    }


def login_name() -> str:
    """Who is at the keyboard; a usage error if the machine doesn't know."""
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):
        text = "this login has no name. Write who did it."
        raise typer.BadParameter(text, param_hint="--by") from None


def record(configuration: Configuration, site: str, lot: str, event: JSON, as_json: bool) -> None:
    """Hands an event over, and says what came of it."""
    found = asked(configuration, RecordLotEvent(site=site, lot=lot, event=event))
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


def asked(configuration: Configuration, command: Command) -> AnyAnswer:
    """The answer to a command; a finding where it is refused, or the program that holds the store can't be reached."""
    from monitor.program import app

    try:
        with store_in_words(), app.open_commands(configuration) as commands:
            return commands.carry_out(command)
    except (ValueError, RuntimeError) as error:
        raise Finding(str(error)) from error
