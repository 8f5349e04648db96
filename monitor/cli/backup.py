"""The command that copies the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import ConfigOption, JsonOption, example
from monitor.cli.output import print_json
from monitor.cli.session import Finding, Unusable, load

commands = typer.Typer()


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
        made = app.backup(configuration, folder)
    except ValueError as error:
        raise Unusable(str(error)) from error
    except RuntimeError as error:
        raise Finding(str(error)) from error
    if as_json:
        print_json(made)
    else:
        typer.echo(f"{made['path']}: {made['bytes']:,} bytes, whole")
