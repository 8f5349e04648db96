"""``replay``: rules tried on the past before they go live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.options import ConfigOption, FromOption, JsonOption, ToOption, example
from monitor.cli.output import local, print_json, print_table, say, small, words
from monitor.cli.session import Unusable, load, span_of, store_in_words, zone_of
from monitor.cli.waiting import progress_bar
from monitor.ports import JSON
from monitor.words.condition import condition_name
from monitor.words.figures import celsius
from monitor.words.sign import excursion_words, verdict_sign

commands = typer.Typer()


@commands.command(epilog=example("replay --config /etc/exosome-monitor --from 2026-01-01 --to 2026-06-30"))
def replay(
    config: ConfigOption = None,
    start: FromOption = None,
    end: ToOption = None,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="URL", help="Read this store. Default: that of [store] url in DIR."),
    ] = None,
    as_dated: Annotated[
        bool,
        typer.Option(
            "--as-dated", help="Profile versions hold from their effective_from on, not for all the past."
        ),
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many rows a table.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Tries rules on the past.

    --config names the rules to try: usually a copy of the live directory with an edited profile. Shows what they
    would have done on the stored history, and how that differs from what was: excursions, alarms, verdicts of lots.
    Lots are judged as of --to. The store is only read. A difference is no failure: the exit code is 0.
    """
    from monitor.program import app

    configuration = load(config)
    first, last = span_of(configuration, start, end)
    with store_in_words(), progress_bar() as bar:
        task = bar.add_task("store", total=None)

        def show(what: str, done: float, of: float) -> None:
            bar.update(task, description=what, completed=done, total=of)

        try:
            found = app.replay(
                configuration, store_url=store, start=first, end=last, as_dated=as_dated, progress=show
            )
        except ValueError as error:
            raise Unusable(str(error)) from error
    if as_json:
        print_json(found)
    else:
        zones = {site: zone_of(configuration, site) or ZoneInfo("UTC") for site in configuration.sites}
        _print(found, zones, limit)


def _print(found: JSON, zones: Mapping[str, ZoneInfo], limit: int) -> None:
    typer.echo(found["summary"])
    since = found["from"] or "the first reading"
    say(
        f"{found['readings']:,} readings of {found['store']} replayed, as of {found['to']}; shown since {since}"
    )
    for warning in found["warnings"]:
        say(f"warning: {warning}")
    rows = [
        (each["kind"], each["name"], "new" if each["is_new"] else ", ".join(each["keys"]))
        for each in found["rules"]
    ]
    print_table(
        ("Rule", "Name", "Differs in"), rows, none="The rules are those on record.", title="Rules tried"
    )
    _print_excursions(found["excursions"], zones, limit)
    _print_alarms(found["alarms"], zones, limit)
    _print_lots(found["lots"], limit)


def _print_excursions(found: JSON, zones: Mapping[str, ZoneInfo], limit: int) -> None:
    counts = [
        [each["unit"], *(each[name] for name in ("unchanged", "changed", "new", "gone", "merged"))]
        for each in found["units"]
    ]
    columns = ("Unit", "Unchanged", "Changed", "New", "Gone", "Merged")
    print_table(columns, counts, none="No excursions, by either rules.", title="Excursions")
    rows = [
        (
            each["outcome"],
            each["channel"],
            _instant(each["channel"], (each["would_be"] or each["was"])["started_at"], zones),
            _excursion(each["was"]),
            _excursion(each["would_be"]),
            ", ".join(words(name) or "" for name in each["changed"]),
        )
        for each in found["differences"][:limit]
    ]
    if rows:
        columns = ("Outcome", "Channel", "Started at", "Was", "Would be", "Differs in")
        print_table(columns, rows, none="")
        _say_more(found, limit)


def _print_alarms(found: JSON, zones: Mapping[str, ZoneInfo], limit: int) -> None:
    rows = [
        (
            each["outcome"],
            condition_name(each["condition"]),
            each["subject"],
            *(
                None
                if each[name] is None
                else f"{each[name]['level']} since {_instant(each['subject'], each[name]['raised_at'], zones)}"
                for name in ("was", "would_be")
            ),
        )
        for each in found["differences"][:limit]
    ]
    columns = ("Outcome", "Condition", "Subject", "Was", "Would be")
    print_table(columns, rows, none=f"Alarms: {found['unchanged']}, all as they were.", title="Alarms")
    _say_more(found, limit)


def _print_lots(found: JSON, limit: int) -> None:
    rows = [
        (
            each["lot"],
            each["unit"] or "out",
            small(verdict_sign(each["was"])),
            small(verdict_sign(each["would_be"])),
            "; ".join(
                [f"+ {reason['text']}" for reason in each["reasons_more"]]
                + [f"- {reason['text']}" for reason in each["reasons_fewer"]]
            )
            or f"other {', '.join(words(name) or '' for name in each['changed'])}",
        )
        for each in found["differences"][:limit]
    ]
    columns = ("Lot", "Unit", "Is", "Would be", "Why")
    print_table(columns, rows, none=f"Lots: {found['unchanged']}, all as they are.", title="Lots")
    _say_more(found, limit)


def _say_more(found: JSON, limit: int) -> None:
    more = len(found["differences"]) - limit
    if more > 0:
        say(f"{more} more; --limit shows more of them, --json all")


def _excursion(body: JSON | None) -> str | None:
    if body is None:
        return None
    return f"{celsius(body['extreme_celsius'], 2)}, {excursion_words(body)}"


def _instant(place: str, at: str, zones: Mapping[str, ZoneInfo]) -> str | None:
    """In the time zone of a channel's site; of a lot in UTC."""
    return local(at, zones.get(place.split("/")[0], ZoneInfo("UTC")))
