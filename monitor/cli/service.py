"""Commands that run the program, and those about its configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import PROGRAM, ConfigOption, JsonOption, LengthOption, example
from monitor.cli.output import print_json, say
from monitor.cli.session import configuration_in_words, load, store_in_words

commands = typer.Typer()

_SCHEMAS = {"monitor": "monitor.toml", "profile": "profile", "profiles": "profile", "people": "people.toml"}


@commands.command(epilog=example("demo --speed 60 --for 90s --no-browser"))
def demo(
    config: ConfigOption = None,
    scenario: Annotated[
        str,
        typer.Option(
            "--scenario", metavar="NAME|FILE", help="What happens: one of `simulate --list`, or a TOML file."
        ),
    ] = "demo",
    speed: Annotated[
        float | None,
        typer.Option(
            "--speed", min=0.1, help="How many times faster than real time. Default: the scenario's."
        ),
    ] = None,
    length: LengthOption = None,
    browser: Annotated[
        bool,
        typer.Option(
            "--browser/--no-browser", help="Open the pages in a browser, or only print their address."
        ),
    ] = True,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir", metavar="DIR", help="Keep its files there. Default: a folder that goes at the end."
        ),
    ] = None,
) -> None:
    """Shows the program at work on a simulated lab.

    Everything runs in this process and needs no set-up. Its configuration is its own: --config changes nothing.
    Never for real stock.
    """
    from laboratory.demo import run_demo

    try:
        code = run_demo(scenario=scenario, speed=speed, for_seconds=length, browser=browser, directory=folder)
    except ValueError as error:  # a scenario that can't be used
        raise typer.BadParameter(str(error), param_hint="--scenario") from error
    raise typer.Exit(code)


@commands.command(epilog=example("run --config /etc/exosome-monitor"))
def run(config: ConfigOption = None) -> None:
    """Runs the monitor until SIGINT or SIGTERM."""
    from monitor.program import app

    configuration = load(config)
    with store_in_words():
        code = app.run(configuration)
    raise typer.Exit(code)


@commands.command(epilog=example("check --config config"))
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Checks the configuration and prints it.

    What is printed is in force, every default included.

    Warnings go to standard error. Mistakes are listed all at once; the exit code is 2 then. An edit of a profile
    that has been judging is a mistake too, and so is a time within the next 90 days in which nobody is on call.
    """
    from sqlalchemy.exc import DBAPIError

    from monitor.config.effective import effective_json, effective_toml
    from monitor.program import app

    configuration = load(config)
    try:
        with configuration_in_words():
            app.check_on_call(configuration)
            app.check_against_store(configuration)
    except DBAPIError as error:
        say(f"warning: the store can't be asked whether a profile in use was edited: {error.orig}")
    if as_json:
        print_json(effective_json(configuration))
    else:
        typer.echo(effective_toml(configuration), nl=False)
    for warning in configuration.warnings:
        say(f"warning: {warning}")
    counts = f"{len(configuration.units)} units, {len(configuration.profiles)} profiles"
    say(f"{configuration.directory} can be used: {counts}, {len(configuration.warnings)} warnings")


@commands.command(epilog=example("init /etc/exosome-monitor"))
def init(
    target: Annotated[
        Path, typer.Argument(metavar="DIR", help="A directory that is empty or doesn't exist yet.")
    ],
    config: ConfigOption = None,
) -> None:
    """Writes a configuration to start from.

    It is commented. Nothing is overwritten.
    """
    from monitor.config.starter import write_starter

    write_starter(target)
    typer.echo(f"A configuration to start from is in {target}. Next: {PROGRAM} check --config {target}")


@commands.command(epilog=example("schema monitor.toml"))
def schema(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="monitor.toml, profile or people.toml. Default: all."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Prints the JSON Schema of configuration files."""
    from monitor.config.file.schema import schemas

    if file is None:
        print_json(schemas())
        return
    name = _SCHEMAS.get(Path(file).parts[0].removesuffix(".toml") if file else "")
    if name is None:
        text = f"there is no file {file!r} in a configuration. Write monitor.toml, profile or people.toml."
        raise typer.BadParameter(text, param_hint="FILE")
    print_json(schemas()[name])


@commands.command(
    epilog=example("bench --rounds 3 --messages 50000"),
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def bench(ctx: typer.Context, config: ConfigOption = None) -> None:
    """Measures this program beside others.

    It needs mosquitto and its clients on this machine.

    \b
    --rounds N, --messages N, --channels N   how much
    --modes live backlog                     which runs
    --peers NAME …                           which programs
    --influx auto|on|off                     with InfluxDB or without
    --json FILE                              figures as JSON
    """
    from benchmarks.run import main

    raise typer.Exit(main(ctx.args))


@commands.command(epilog=example("version"))
def version(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Prints the version."""
    if as_json:
        from monitor import __version__

        print_json({"version": __version__})
    else:
        print_version()


def print_version() -> None:
    """Name and version, as ``--version`` prints them too."""
    from monitor import __version__

    typer.echo(f"{PROGRAM} {__version__}")
