"""What people do about alarms: ``alarms ack``, ``shelve`` and so on. Each is kept with who did it, and why.

The arguments and options of each command are the fields of its value (:mod:`monitor.ports.commands`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.alarm.alarms import place_of
from monitor.cli.alarm.spoken import fields, parameters
from monitor.cli.lot.recording import asked, login_name
from monitor.cli.options import example
from monitor.cli.output import print_json, say, words
from monitor.cli.session import Finding, Unusable, load, store_in_words, zone_of
from monitor.core.answer.shape import AnyAnswer
from monitor.core.time.instant import in_local_time
from monitor.ports.commands import (
    Acknowledge,
    EndSuppression,
    OfAlarms,
    Reset,
    Shelve,
    Suppress,
    Unshelve,
)
from monitor.words import alarm as alarm_words

if TYPE_CHECKING:
    from monitor.config import Configuration

commands = typer.Typer()

_LISTED_BY: dict[type[OfAlarms], str] = {EndSuppression: "alarms suppressions"}
"""The command that lists what another is about, where it isn't ``alarms list``."""

Tell = Callable[["Configuration", str, AnyAnswer], None]


def _act(kind: type[OfAlarms], *examples: str) -> Callable[[Tell], Tell]:
    """A command that carries out a value; ``tell(configuration, who, answer)`` says what came of it."""

    def offer(tell: Tell) -> Tell:
        def run(*, config: Path | None, by: str | None, as_json: bool, **given: Any) -> None:
            configuration = load(config)
            name = _who(configuration, by)
            command: Callable[..., OfAlarms] = kind
            answer = done(configuration, command(by=name, **fields(configuration, config, kind, given)))
            if as_json:
                print_json(answer)
            else:
                tell(configuration, name, answer)

        run.__signature__ = inspect.Signature(list(parameters(kind)))  # type: ignore[attr-defined]
        name = tell.__name__
        commands.command(name, help=inspect.getdoc(tell), epilog=example(*examples))(run)
        return tell

    return offer


@_act(Acknowledge, "alarms ack a17 --reason 'door left open' --action 'closed it'")
def ack(configuration: Configuration, who: str, alarm: AnyAnswer) -> None:
    """Acknowledges an alarm: nobody more is told, and those who were hear who has it.

    It is told anew if it gets worse, or isn't over long after. Who acknowledged first stays.
    """
    if alarm["acknowledged_by"] == who:
        typer.echo(f"acknowledged by {who}: {_named(alarm)}; it is {alarm_words.state(alarm)}")
    else:
        text = f"{alarm['acknowledged_by']} had acknowledged it at {alarm['acknowledged_at']}"
        typer.echo(f"{_local(configuration, text, place_of(alarm))}: {_named(alarm)}")


@_act(Reset, "alarms reset a17 --reason 'lot was rejected'")
def reset(configuration: Configuration, who: str, alarm: AnyAnswer) -> None:
    """Resets a latched alarm that was acknowledged and is dealt with."""
    typer.echo(f"reset by {who}: {_named(alarm)}; it is {alarm_words.state(alarm)}")


@_act(Shelve, "alarms shelve a17 --for 2h --reason 'defrosting by hand'")
def shelve(configuration: Configuration, who: str, shelf: AnyAnswer) -> None:
    """Shelves an alarm: nobody is told of it until then, unless it gets worse.

    For at most [alerting] shelve_max, and not beyond the time by which somebody must have acted.
    """
    _say_held_back(configuration, shelf)


@_act(Unshelve, "alarms unshelve a17")
def unshelve(configuration: Configuration, who: str, shelf: AnyAnswer) -> None:
    """Ends a shelf before its time: what is open is told."""
    _say_ended(shelf)


@_act(
    Suppress,
    "alarms suppress lab1/F01 --until 2026-11-23T15:00:00Z --reason 'yearly service'",
    "alarms suppress lab1/F01 --kind out_of_service --for 14d --reason 'empty, switched off'",
)
def suppress(configuration: Configuration, who: str, suppression: AnyAnswer) -> None:
    """Suppresses the alarms of a unit or a probe for a time: planned work, or what isn't relied on.

    Readings, excursions and budgets go on, and what is open at the end is told.
    """
    _say_held_back(configuration, suppression)


@_act(EndSuppression, "alarms end s23 --reason 'service is done'")
def end(configuration: Configuration, who: str, suppression: AnyAnswer) -> None:
    """Ends a suppression before its time: what is open there is told."""
    _say_ended(suppression)


# --- doing it, and saying it --------------------------------------------------------------------------------


def done(configuration: Configuration, command: OfAlarms) -> AnyAnswer:
    """The answer of a command; a finding where it is refused, or there is no such thing."""
    from monitor.program import app

    with store_in_words():
        try:
            app.require_store(configuration)
        except ValueError as error:
            raise Unusable(str(error)) from error
    try:
        return asked(configuration, command)
    except Finding as error:  # a refusal
        raise Finding(_local(configuration, str(error), None)) from error
    except LookupError as error:
        if type(error) is not LookupError:  # a KeyError is a mistake of ours
            raise
        listed_by = _LISTED_BY.get(type(command), "alarms list")
        raise Finding(f"{error}; 'exosome-monitor {listed_by}' lists those that are") from error


def _who(configuration: Configuration, by: str | None) -> str:
    """Who does it; a name that isn't anybody's in people.toml is taken, and said."""
    if by is None:
        return login_name()
    names = [person.name for person in configuration.people]
    titles = [person.title for person in configuration.people]
    if names and by not in (*names, *titles):
        say(f"note: people.toml has no {by!r} (it has {', '.join(names)}); it is kept as written")
    return by


def _local(configuration: Configuration, text: str, place: str | None) -> str:
    """A sentence with its instants in the local time of a place; as it is where that isn't known."""
    zone = zone_of(configuration, None if place is None else place.split("/")[0])
    return text if zone is None else in_local_time(text, zone)


def _named(alarm: AnyAnswer) -> str:
    return f"{alarm['id']}, {alarm_words.about(alarm)}"


def _say_held_back(configuration: Configuration, suppression: AnyAnswer) -> None:
    span = f"from {suppression['from']} until {suppression['until']}"
    text = f"{words(suppression['kind'])} by {suppression['owner']} {span}"
    about = f"{alarm_words.about(suppression)} ({suppression['id']})"
    typer.echo(f"{_local(configuration, text, suppression['subject'])}: {about}")


def _say_ended(suppression: AnyAnswer) -> None:
    about = f"{words(suppression['kind'])} {suppression['subject']}"
    typer.echo(f"ended by {suppression['ended_by']}: {about} ({suppression['id']})")
