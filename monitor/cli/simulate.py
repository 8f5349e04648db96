"""``simulate``: a laboratory that doesn't exist, for a broker that does; scenarios checked; fleets scored."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from monitor.cli.options import ConfigOption, JsonOption, LengthOption, example
from monitor.cli.output import print_json, print_table, say
from monitor.cli.session import Finding, Unusable
from monitor.cli.waiting import asked_to_stop, progress_bar
from monitor.ports import JSON
from monitor.words.figures import span

if TYPE_CHECKING:
    from simulators.publish import Broker

commands = typer.Typer()

PASSWORD_VARIABLE = "EXOSOME_MONITOR_MQTT_PASSWORD"  # noqa: S105 - the name of a variable
_MODES = ("--list", "--check", "--score")


ScenarioOption = Annotated[
    str | None,
    typer.Option(
        "--scenario",
        metavar="NAME|FILE",
        help="One that ships, or a TOML file. Default: demo; with --check all.",
    ),
]
CheckOption = Annotated[
    bool,
    typer.Option("--check", help="Run it with a broker and a monitor of its own, and check what it expects."),
]
ScoreOption = Annotated[
    bool, typer.Option("--score", help="Score random laboratories: what was missed, what was false.")
]
UnitDaysOption = Annotated[
    int, typer.Option("--unit-days", min=1, help="With --score: how many units times days.")
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", help="Same seed, same bytes. Default: the scenario's.")
]
PlotOption = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE", help="With --score: draw it, as .svg or .png.")
]
SpeedOption = Annotated[float, typer.Option("--speed", min=0.1, help="How many times faster than real time.")]
UsernameOption = Annotated[
    str | None, typer.Option("--username", help=f"The password is in {PASSWORD_VARIABLE}.")
]


@commands.command(
    epilog=example(
        "simulate --list",
        "simulate --scenario compressor-fails --port 1883 --speed 60",
        "simulate --scenario compressor-fails --check",
        "simulate --check",
        "simulate --score --unit-days 1000 --seed 2000",
    )
)
def simulate(
    config: ConfigOption = None,
    scenario: ScenarioOption = None,
    listed: Annotated[bool, typer.Option("--list", help="List the scenarios that ship.")] = False,
    check: CheckOption = False,
    score: ScoreOption = False,
    unit_days: UnitDaysOption = 100,
    seed: SeedOption = None,
    plot: PlotOption = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="With --score: print Markdown.")] = False,
    speed: SpeedOption = 1.0,
    length: LengthOption = None,
    host: Annotated[str, typer.Option("--host", help="The broker.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65_535)] = 1883,
    root: Annotated[str, typer.Option("--root", help="Topics begin with it.")] = "exosome/v1",
    username: UsernameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Simulates a laboratory.

    Alone it feeds a broker at --host, in real time or faster, until Ctrl-C: for who tries a dashboard.

    With --check the scenario (without --scenario: each that ships) runs at high speed through a broker and a monitor
    of its own; the exit code is 1 if something that it expects didn't come, or somebody was paged for nothing. With
    --score random laboratories run in the same way, with and without failures.
    """
    # The monitor inside would tell of each connection; what it is asked for is the report.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if sum((listed, check, score)) > 1:
        raise typer.BadParameter(f"choose one of {', '.join(_MODES)}.", param_hint="--check")
    if listed:
        _list(as_json=as_json)
    elif check:
        _check(scenario, seed, as_json=as_json)
    elif score:
        _score(unit_days, seed, plot, as_json=as_json, markdown=markdown)
    else:
        from simulators.publish import Broker

        broker = Broker(host=host, port=port, username=username, password=os.environ.get(PASSWORD_VARIABLE))
        _feed(scenario or "demo", broker, seed=seed, speed=speed, seconds=length, root=root)


def _list(*, as_json: bool) -> None:
    from simulators.scenario.file import shipped_scenarios

    found = shipped_scenarios()
    if as_json:
        print_json([{"scenario": name, "title": title} for name, title in found])
    else:
        print_table(["Scenario", "What it tells"], found, none="No scenario ships.")


def _check(scenario: str | None, seed: int | None, *, as_json: bool) -> None:
    from laboratory.check import check_all
    from simulators.scenario.file import shipped_scenarios

    names = [name for name, _ in shipped_scenarios()] if scenario is None else [scenario]
    with progress_bar() as bar, asked_to_stop() as stop:
        task = bar.add_task(scenario or "all scenarios", total=None)

        def show(passed: float, of: float) -> None:
            bar.update(task, completed=passed, total=of or None)

        try:
            found = check_all(names, seed=seed, progress=show, stop=stop)
        except ValueError as error:
            raise Unusable(str(error)) from error
    if as_json:
        print_json([report for report, _ in found] if scenario is None else found[0][0])
    else:
        if scenario is None:
            _print_all([report for report, _ in found])
        for report, text in found:
            if scenario is not None or not report["ok"]:
                typer.echo(text)
    if not all(report["ok"] for report, _ in found):
        raise typer.Exit(1)


def _print_all(reports: Sequence[JSON]) -> None:
    rows = [
        [
            report["scenario"],
            "as expected" if report["ok"] else "NOT as expected",
            "" if "error" in report else f"{report['met']} of {report['met'] + report['missed']}",
            "" if "error" in report else len(report["false_pages"]),
            "" if "error" in report else f"{span(report['simulated_seconds'])} in {span(report['seconds'])}",
        ]
        for report in reports
    ]
    columns = ["Scenario", "Went", "Expectations met", "False pages", "Simulated"]
    print_table(columns, rows, none="No scenario ships.")


def _score(unit_days: int, seed: int | None, plot: Path | None, *, as_json: bool, markdown: bool) -> None:
    from laboratory.score import score_fleets

    if plot is not None and plot.suffix not in (".svg", ".png"):
        raise typer.BadParameter("its name must end in .svg or .png.", param_hint="--plot")
    with progress_bar() as bar, asked_to_stop() as stop:
        task = bar.add_task("unit-days", total=None)

        def show(passed: float, of: float) -> None:
            bar.update(task, completed=passed, total=of)

        try:
            found, text = score_fleets(
                unit_days,
                seed=1 if seed is None else seed,
                plot=plot,
                markdown=markdown,
                progress=show,
                stop=stop,
            )
        except RuntimeError as error:  # the simulation itself came to a halt
            raise Finding(str(error)) from error
    if as_json:
        print_json(found)
    else:
        typer.echo(text)


def _feed(
    scenario: str, broker: Broker, *, seed: int | None, speed: float, seconds: float | None, root: str
) -> None:
    from laboratory.feed import feed

    where = f"{broker.host}:{broker.port}"
    say(f"Feeding {where} below {root} with {scenario!r} at {speed:g} times real speed; Ctrl-C ends it.")
    with asked_to_stop() as stop:
        try:
            sent = feed(scenario, broker, stop, seed=seed, speed=speed, seconds=seconds, root=root)
        except ValueError as error:
            raise Unusable(str(error)) from error
    say(f"{sent} messages were handed over.")
    if not sent:
        raise Finding(f"nothing was taken: is there a broker at {where}?")
