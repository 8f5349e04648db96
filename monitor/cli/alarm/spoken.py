"""The fields of a command (:mod:`monitor.ports.commands`) as arguments and options, and what was given as fields."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.alarm.alarms import known_alarm, place_of
from monitor.cli.options import ByOption, ConfigOption, JsonOption, When, read_duration, read_when
from monitor.cli.session import end_at, start_at, viewing
from monitor.core.time.instant import SECOND
from monitor.ports.commands import OfAlarms, Said, said_of
from monitor.program.clock import SystemClock

if TYPE_CHECKING:
    from monitor.config import Configuration

StartOption = Annotated[
    When | None,
    typer.Option("--from", metavar="WHEN", parser=read_when, help="Default: now; of a date its beginning."),
]
ForOption = Annotated[
    float | None,
    typer.Option(
        "--for", metavar="DURATION", parser=read_duration, help="For so long from now: 90m, 2h, 1d."
    ),
]
UntilOption = Annotated[
    When | None,
    typer.Option("--until", metavar="WHEN", parser=read_when, help="Or until then; of a date its end."),
]
_HELP = {
    "subject": "SITE/UNIT, or SITE/UNIT/PROBE.",
    "suppression": "Its id; 'alarms suppressions' lists them.",
    "kind": "suppressed (planned: the default), or out_of_service (not relied on).",
}
"""Of fields that a command line says in other words than a body."""


def parameters(kind: type[OfAlarms]) -> Iterator[inspect.Parameter]:
    """The parameters of a command: what it is about, what it needs, and then what may be left out."""
    said = said_of(kind)
    texts = [name for name, each in said.items() if each.role == "line" and name != "by"]
    for name in (name for name, each in said.items() if each.role == "thing"):
        yield _asked(name, Annotated[str, typer.Argument(metavar=name.upper(), help=_help(name, said[name]))])
    yield from (_asked(name, _text(name, said[name])) for name in texts if said[name].is_needed)
    yield _asked("config", ConfigOption, None)
    for name, each in said.items():
        if each.role == "choice":
            option = typer.Option(f"--{name}", metavar=name.upper(), help=_help(name, each))
            yield _asked(name, Annotated[str, option], each.choices[0])
        elif each.role == "begin":
            yield _asked(name, StartOption, None)
        elif each.role == "end":
            yield _asked("lasting", ForOption, None)
            yield _asked(name, UntilOption, None)
    yield _asked("by", ByOption, None)
    yield from (_asked(name, _text(name, said[name]), "") for name in texts if not said[name].is_needed)
    yield _asked("as_json", JsonOption, False)


def _asked(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _text(name: str, said: Said) -> Any:
    return Annotated[str, typer.Option(f"--{name}", metavar="TEXT", help=_help(name, said))]


def _help(name: str, said: Said) -> str:
    return _HELP.get(name) or f"{said.what[:1].upper()}{said.what[1:]}."


def fields(
    configuration: Configuration, config: Path | None, kind: type[OfAlarms], given: dict[str, Any]
) -> dict[str, Any]:
    """What was given as the fields of the value: days and spans as instants, where it is."""
    values = dict(given)
    for name, said in said_of(kind).items():
        if said.role == "way":
            values[name] = "cli"
        elif said.role == "begin" and values[name] is not None:
            values[name] = start_at(configuration, values[name], "--from", _site(config, given))
        elif said.role == "end":
            until, lasting = values[name], values.pop("lasting")
            site = None if until is None or until.day is None else _site(config, given)
            values[name] = _end(configuration, until, lasting, site)
        elif said.role == "choice" and values[name] not in said.choices:
            text = f"{values[name]!r} is none. Write {' or '.join(said.choices)}."
            raise typer.BadParameter(text, param_hint=f"--{name}")
    return values


def _site(config: Path | None, given: dict[str, Any]) -> str:
    """The site of what a command is about."""
    if "subject" in given:
        return str(given["subject"]).split("/")[0]
    with viewing(config) as session:
        return place_of(known_alarm(session, given["alarm"])).split("/")[0]


def _end(configuration: Configuration, until: When | None, lasting: float | None, site: str | None) -> int:
    if (until is None) == (lasting is None):
        raise typer.BadParameter("give one of the two: it needs an end.", param_hint="--for / --until")
    if until is not None:
        return end_at(configuration, until, "--until", site)
    assert lasting is not None
    return SystemClock().now() + round(lasting * SECOND)
