"""The command that imports the past."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from monitor.cli.options import ConfigOption, JsonOption, example
from monitor.cli.output import clean, print_fields, print_json, print_table, say, words
from monitor.cli.session import Finding, Unusable, load, store_in_words
from monitor.cli.waiting import asked_to_stop
from monitor.ports import JSON

commands = typer.Typer()

_IDS_SHOWN = 10


@commands.command("ingest", epilog=example("ingest freezers-2025.csv", "ingest broker.jsonl.gz --json"))
def ingest(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="CSV, Parquet or JSON Lines; - is standard input.")
    ],
    config: ConfigOption = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin again, where a broken-off import of a file would go on.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Imports the past: readings from tables, recordings of what came over MQTT.

    CSV and Parquet need the columns site, unit, probe, measured_at, celsius; fault, seq and battery_percent are
    optional. A line of JSON Lines is {"topic": …, "payload": …, "received_at"?: …}. CSV and JSON Lines may be
    compressed by gzip. Times are RFC 3339 with an offset, or epoch milliseconds.

    What is over by the end wakes no one. What was taken before is taken no second time, and after Ctrl-C the same
    command goes on where it stopped.

    The exit code is 1 if a row was rejected, a file turned out to be damaged, or the import was broken off.
    """
    from monitor.program import app

    configuration = load(config)
    if len(set(files)) != len(files):
        raise typer.BadParameter("a file is named twice. Name each once.", param_hint="FILE")
    try:
        with store_in_words(), _bar() as progress, asked_to_stop() as stop:
            found = app.ingest(configuration, files, restart=restart, progress=progress, stop=stop)
    except ValueError as error:  # a file that can't be imported
        raise Unusable(str(error)) from error
    except RuntimeError as error:  # the program that holds the store can't be reached
        raise Finding(f"{error}. Run the same command again: it goes on where this one stopped") from error
    if as_json:
        print_json(found)
    else:
        _print_summary(found)
    for file in found["files"]:
        if file["damaged"]:
            say(clean(file["damaged"]))
    if found["interrupted"]:
        raise Finding("broken off. Run the same command again: it goes on where it stopped")
    if found["rejected"] or any(file["damaged"] for file in found["files"]):
        raise typer.Exit(1)


@contextmanager
def _bar() -> Iterator[Any]:
    """A progress bar on standard error, where that is a terminal."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("reading", total=1.0, rows=0)

        def show(what: str, rows: int, share: float) -> None:
            bar.update(task, description=clean(what), completed=share, rows=rows)

        yield show


def _print_summary(found: JSON) -> None:
    for file in found["files"]:
        resumed = f", resumed at row {file['resumed_at']:,}" if file["resumed_at"] else ""
        typer.echo(f"{clean(file['file'])}: {file['rows']:,} rows{resumed}")
    excursions = found["excursions"]
    print_fields(
        {
            "rows": f"{found['rows']:,}",
            "accepted": f"{found['accepted']:,} ({found['readings']:,} readings, {found['events']:,} events)",
            "duplicates": f"{found['duplicates']:,}",
            "rejected": f"{found['rejected']:,}",
            **{f"excursions {kind}": _ids(excursions[kind]) for kind in ("new", "changed", "withdrawn")},
            "lots with another verdict": _ids([each["lot"] for each in found["lots"]]),
            "alarms of the past": _ids(found["past_alarms"]),
            "alarms raised": _ids(found["alarms"]),
        }
    )
    if found["lots"]:
        rows = [(each["lot"], words(each["before"]), words(each["after"])) for each in found["lots"]]
        print_table(("Lot", "Verdict before", "Verdict now"), rows, none="")
    if found["rejected"]:
        counts = sorted(found["rejected_by_reason"].items(), key=lambda each: -each[1])
        print_table(("Rejected for", "Count"), [(words(reason), count) for reason, count in counts], none="")
        for row in found["rejected_first"]:
            say(clean(row["detail"]))
        more = found["rejected"] - len(found["rejected_first"])
        if more > 0:
            say(f"… and {more:,} more; 'exosome-monitor rejected' lists them")


def _ids(names: list[str]) -> str:
    shown = ", ".join(names[:_IDS_SHOWN])
    return f"{len(names):,}" + (f" ({shown}{', …' if len(names) > _IDS_SHOWN else ''})" if names else "")
