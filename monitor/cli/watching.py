"""Commands that show what is: units, excursions, messages."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli.alarm.card import sent
from monitor.cli.options import (
    AsOfOption,
    ConfigOption,
    FromOption,
    JsonOption,
    LimitOption,
    ToOption,
    example,
)
from monitor.cli.output import local, print_json, print_table, small
from monitor.cli.session import Session, known_unit, span_of, viewing
from monitor.core.answer.excursion import ExcursionAnswer
from monitor.words.figures import celsius, span, window
from monitor.words.sign import excursion_words, unit_sign

commands = typer.Typer()


@commands.command(epilog=example("units --json"))
def units(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Lists units with temperature and state."""
    with viewing(config) as session:
        found = session.view.units()
        if as_json:
            print_json(found)
            return
        rows = [
            (
                each["unit"],
                celsius(each["celsius"], 2),
                window(each["window"]),
                small(unit_sign(each)),
                local(each["measured_at"], session.zone(each["unit"])),
                len(each["lots"]),
            )
            for each in found
        ]
    columns = ("Unit", "Temperature", "Window", "State", "Measured at", "Lots")
    print_table(columns, rows, none="No unit is configured.")


@commands.command(epilog=example("excursions --unit lab1/F01 --from 2026-11-01 --to 2026-11-30"))
def excursions(
    config: ConfigOption = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="SITE/UNIT", help="Only this unit's.")] = None,
    lot: Annotated[
        str | None, typer.Option("--lot", metavar="LOT", help="Only those in this lot's custody.")
    ] = None,
    start: FromOption = None,
    end: ToOption = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
    as_of: AsOfOption = None,
    history: Annotated[bool, typer.Option("--history", help="Withdrawn and superseded ones too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Lists excursions, newest first.

    Those that touch the time asked for; transients are included.
    """
    with viewing(config) as session:
        configuration = session.configuration
        path = None if unit is None else known_unit(configuration, unit, "--unit")
        site = None if path is None else path.split("/")[0]
        at = session.as_of(as_of, site)
        if lot is not None:
            site = site or session.lot(lot, at).get("site")
        first, last = span_of(configuration, start, end, site)
        found = session.view.excursions(
            unit=path, lot=lot, start=first, end=last, open_only=open_only, as_of=at, history=history
        )
        if as_json:
            print_json(found)
        else:
            print_excursions(found, session)


def print_excursions(found: list[ExcursionAnswer], session: Session, *, title: str | None = None) -> None:
    """A table of excursions in the local time of each one's site."""
    rows = [
        (
            each["id"],
            each["channel"],
            local(each["started_at"], session.zone(each["channel"])),
            local(each["ended_at"], session.zone(each["channel"])) if each["ended_at"] else "open",
            celsius(each["extreme_celsius"], 2),
            excursion_words(each),
            span(sum(each["seconds_by_band"].values())),
        )
        for each in found
    ]
    columns = ("Id", "Channel", "Started at", "Ended at", "Extreme", "Confirmed", "In bands")
    print_table(columns, rows, none="No excursions.", title=title)


@commands.command(epilog=example("rejected --limit 20"))
def rejected(config: ConfigOption = None, limit: LimitOption = 200, as_json: JsonOption = False) -> None:
    """Lists messages that could not be taken.

    Counts by reason, and the newest messages as they came.
    """
    with viewing(config) as session:
        found = session.view.rejected(limit=limit)
        zone = session.zone(None)
    if as_json:
        print_json(found)
        return
    counts = sorted(found["counts"].items(), key=lambda one: (-one[1], one[0]))
    print_table(("Reason", "Count"), counts, none="No message was rejected.")
    rows = [
        (local(each["received_at"], zone), each["topic"], each["reason"], each["detail"], each["payload"])
        for each in found["messages"]
    ]
    if rows:
        print_table(("Received at", "Topic", "Reason", "Detail", "Payload"), rows, none="")


@commands.command(epilog=example("notifications --limit 20"))
def notifications(config: ConfigOption = None, limit: LimitOption = 200, as_json: JsonOption = False) -> None:
    """Lists what was told, and what is owed."""
    with viewing(config) as session:
        found = session.view.notifications(limit=limit)
        zone = session.zone(None)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["recipient"],
            each["medium"],
            each["subject"],
            local(each["due_at"], zone),
            sent(each, zone),
            each["attempts"],
        )
        for each in found
    ]
    print_table(
        ("To", "By", "Message", "Due at", "Sent at", "Tries"), rows, none="Nothing was told, nothing is owed."
    )
