"""``docs``: pages of the documentation that are made from what the program goes by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import ConfigOption, example

commands = typer.Typer(no_args_is_help=True, help="Documentation that is made from the program itself.")


@commands.command(epilog=example("docs alarms"))
def alarms(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead of printing it.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Every condition with its levels, what raises and what ends it, and what to do first; and the life of an alarm as
    a table and a diagram (Markdown)."""
    from monitor.program.app import alarm_docs

    text = alarm_docs()
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
