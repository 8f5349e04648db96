"""The program's commands, put together; and what becomes of errors."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from typer.core import TyperGroup

from monitor.cli import ingest, outward, replay, service, simulate, watching
from monitor.cli.alarm import acts, alarms
from monitor.cli.lot import lots
from monitor.cli.options import CONFIG_VARIABLE, PROGRAM
from monitor.cli.output import clean
from monitor.cli.session import Finding, Unusable


class _Program(TyperGroup):
    """Turns errors that are for the person at the keyboard into a text and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            explained = _explained(error)
            if explained is None:
                raise
            text, code = explained
            typer.echo("\n".join(clean(line) for line in text.splitlines()), err=True)
            raise typer.Exit(code) from None


def _explained(error: Exception) -> tuple[str, int] | None:
    """What to say of an error and the exit code; None for what isn't the person's to mend."""
    match error:
        case Finding():
            return f"{PROGRAM}: {error}", 1
        case Unusable():
            return f"{PROGRAM}: {error}", 2
        case OSError() if error.errno != errno.EPIPE:
            place = f"{error.filename}: " if error.filename and error.strerror else ""
            return f"{PROGRAM}: {place}{error.strerror or error}", 2
        case _:
            return None


def _print_version(wanted: bool) -> None:
    if wanted:
        service.print_version()
        raise typer.Exit


program = typer.Typer(
    name=PROGRAM,
    cls=_Program,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@program.callback()
def root(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="DIR",
            envvar=CONFIG_VARIABLE,
            help="Configuration directory; also after the command.",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and stop."),
    ] = False,
) -> None:
    """Watches where exosome products are stored, and shows what the storage did to each lot.

    Exit codes: 0 fine, 1 a negative finding, 2 usage or configuration.
    """
    # Standard output is for what a command was asked for, JSON most of all.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


program.add_typer(service.commands)
program.add_typer(watching.commands)
alarms.commands.add_typer(acts.commands)
program.add_typer(alarms.commands, name="alarms")
program.add_typer(lots.commands, name="lots")
program.add_typer(ingest.commands)
program.add_typer(replay.commands)
program.add_typer(simulate.commands)
program.add_typer(outward.commands)
