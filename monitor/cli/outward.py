"""Commands that carry something out: exports, InfluxDB, test messages, the backup, pages of the documentation."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn

from monitor.cli.options import (
    AsOfOption,
    ConfigOption,
    FromOption,
    JsonOption,
    LotArgument,
    ToOption,
    example,
)
from monitor.cli.output import print_fields, print_json, print_table, say, words
from monitor.cli.session import Finding, Unusable, load, span_of, viewing
from monitor.cli.waiting import progress_bar
from monitor.ports import JSON

commands = typer.Typer()
_export = typer.Typer(no_args_is_help=True)
_influx = typer.Typer(no_args_is_help=True)
_notify = typer.Typer(no_args_is_help=True)
_docs = typer.Typer(no_args_is_help=True)
commands.add_typer(_export, name="export", help="Folders to hand over.")
commands.add_typer(_influx, name="influx", help="The projection to InfluxDB.")
commands.add_typer(_notify, name="notify", help="Messages to people.")
commands.add_typer(_docs, name="docs", help="Documentation that is made from the program itself.")


@_export.command("lot", epilog=example("export lot EXO-2026-014 --out exports"))
def export_lot(
    lot: LotArgument,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The export becomes DIR/LOT.")],
    config: ConfigOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Writes a lot's history as a folder.

    JSON and CSV, with a manifest of hashes. Nothing is overwritten. The exit code is 1 if something is
    missing; the manifest says what.
    """
    from monitor import __version__
    from monitor.report import lot as report

    with viewing(config) as session:
        at = session.as_of(as_of, session.lot(lot, None).get("site"))
        session.lot(lot, at)
        try:
            folder = report.export_lot(session.view, lot, out, version=__version__, as_of=at)
        except ValueError as error:  # the lot's id names no folder
            raise Finding(str(error)) from error
    manifest: JSON = json.loads((folder / "manifest.json").read_text("utf-8"))
    if as_json:
        print_json({"folder": str(folder), "manifest": manifest})
    else:
        counts = ", ".join(
            f"{f['rows']} {f['name'].removesuffix('.csv')}"
            for f in manifest["files"]
            if f["rows"] is not None
        )
        typer.echo(f"{folder}: {counts}")
    for missing in manifest["incomplete"]:
        say(f"missing: {missing['unit']} from {missing['from']} to {missing['to']}: {missing['reason']}")
    if manifest["incomplete"]:
        raise typer.Exit(1)


@_influx.command("status", epilog=example("influx status"))
def influx_status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Says how far InfluxDB is behind.

    The exit code is 1 if it doesn't answer.
    """
    from monitor.program import app

    configuration = load(config)
    found = _asked(lambda: app.influx_status(configuration))
    if as_json:
        print_json(found)
    else:
        print_fields({words(key) or key: value for key, value in found.items() if key not in ("ok", "text")})
        typer.echo(found["text"])
    if not found["ok"]:
        raise typer.Exit(1)


@_influx.command("reconcile", epilog=example("influx reconcile --from 2026-11-01 --to 2026-11-30"))
def influx_reconcile(
    config: ConfigOption = None,
    start: FromOption = None,
    end: ToOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compares InfluxDB with the store.

    Counts per channel and hour; what differs is sent again. The exit code is 1 if something still differs afterwards.
    """
    from monitor.program import app

    configuration = load(config)
    first, last = span_of(configuration, start, end)
    with progress_bar(MofNCompleteColumn()) as bar:
        task = bar.add_task("InfluxDB", total=None)

        def show(done: int, total: int, channel: str) -> None:
            bar.update(task, completed=done, total=total, description=channel)

        found = _asked(lambda: app.influx_reconcile(configuration, first, last, show))
    _print_reconciled(found, as_json=as_json)
    if not found["agrees"]:
        raise typer.Exit(1)


def _print_reconciled(found: JSON, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["channel"],
            each["hours_compared"],
            each["hours_differing"],
            each["readings_resent"],
            each["hours_still_differing"],
        )
        for each in found["channels"]
    ]
    columns = ("Channel", "Hours", "Differed", "Sent again", "Differ still")
    print_table(columns, rows, none="There are no readings to compare.")
    typer.echo(
        "InfluxDB has what the store has." if found["agrees"] else "InfluxDB differs from the store still."
    )


def _asked(question: Callable[[], JSON]) -> JSON:
    """The answer; InfluxDB switched off is a matter of configuration, one that doesn't answer a finding."""
    try:
        return question()
    except ValueError as error:
        raise Unusable(str(error)) from error
    except RuntimeError as error:
        raise Finding(str(error)) from error


@_notify.command("test", epilog=example("notify test --person anna"))
def notify_test(
    config: ConfigOption = None,
    person: Annotated[
        str | None, typer.Option("--person", metavar="NAME", help="Only this person. Default: everyone.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Sends a test message to who is told.

    The exit code is 1 if one could not be delivered, or if people.toml names no one.
    """
    from monitor.program import app

    configuration = load(config)
    names = [each.name for each in configuration.people]
    if person is not None and person not in names:
        known = ", ".join(names) or "nobody"
        raise typer.BadParameter(
            f"{person!r} is not in people.toml, which has: {known}.", param_hint="--person"
        )
    found = app.notify_test(configuration, person)
    if as_json:
        print_json(found)
    else:
        rows = [
            (each["recipient"], each["medium"], "sent" if each["ok"] else "FAILED", each["text"])
            for each in found
        ]
        print_table(("To", "By", "Result", "What"), rows, none="No message was sent.")
    if not configuration.people:
        raise Finding("nobody is told of alarms: people.toml names no one")
    if not found or not all(each["ok"] for each in found):
        raise typer.Exit(1)


@commands.command(epilog=example("backup --out /mnt/backup"))
def backup(
    config: ConfigOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Into this folder. Default: [store] backup_dir."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Copies the store, whether the program runs or not.

    The copy is one file, checked by SQLite, and complete or not there at all. To restore it, stop the program and put
    it in the place of the store.

    The exit code is 1 if no backup could be made, and 2 for a store in PostgreSQL, which pg_dump backs up.
    """
    from monitor.program import app

    configuration = load(config)
    folder = out or configuration.store.backup_dir
    if folder is None:
        raise typer.BadParameter(
            "say where to: --out DIR, or [store] backup_dir in monitor.toml.", param_hint="--out"
        )
    try:
        copied = app.backup(configuration, folder)
    except ValueError as error:
        raise Unusable(str(error)) from error
    except RuntimeError as error:
        raise Finding(str(error)) from error
    if as_json:
        print_json(copied)
    else:
        typer.echo(f"{copied['path']}: {copied['bytes']:,} bytes, whole")


OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead of printing it.")
]


@_docs.command("alarms", epilog=example("docs alarms"))
def docs_alarms(out: OutOption = None, config: ConfigOption = None) -> None:
    """Every condition with its levels, what raises and what ends it, and what to do first; and the life of an alarm as
    a table and a diagram (Markdown)."""
    from monitor.words.alarm_doc import alarm_doc

    _give(alarm_doc(), out)


@_docs.command("json", epilog=example("docs json", "docs json --schema --out json.schema.json"))
def docs_json(
    schema: Annotated[bool, typer.Option("--schema", help="As JSON Schema, for programs.")] = False,
    out: OutOption = None,
    config: ConfigOption = None,
) -> None:
    """Every answer of the API and of commands with --json: each field with its type, unit and meaning (Markdown)."""
    from monitor.words.answer.page import json_doc, json_schema

    _give(json_schema() if schema else json_doc(), out)


def _give(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
