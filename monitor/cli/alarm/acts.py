"""What people do about alarms: ``alarms ack``, ``shelve`` and so on. Each is kept with who did it, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from monitor.cli.alarm.alarms import AlarmArgument, known_alarm, place_of
from monitor.cli.lot.recording import asked, login_name
from monitor.cli.options import ByOption, ConfigOption, JsonOption, When, example, read_duration, read_when
from monitor.cli.output import print_json, say, words
from monitor.cli.session import Finding, Unusable, end_at, load, start_at, store_in_words, viewing, zone_of
from monitor.core.answer.shape import AnyAnswer
from monitor.core.time.instant import SECOND, in_local_time
from monitor.ports import Commands
from monitor.program.clock import SystemClock
from monitor.words import alarm as alarm_words

if TYPE_CHECKING:
    from monitor.config import Configuration

commands = typer.Typer()

_ALARMS = "alarms list"

ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]
NeededReason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why: whoever comes next must know why it is quiet.")
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


@commands.command(epilog=example("alarms ack a17 --reason 'door left open' --action 'closed it'"))
def ack(
    alarm: AlarmArgument,
    config: ConfigOption = None,
    by: ByOption = None,
    reason: ReasonOption = "",
    action: Annotated[str, typer.Option("--action", metavar="TEXT", help="What was done about it.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Acknowledges an alarm: nobody more is told, and those who were hear who has it.

    It is told anew if it gets worse, or isn't over long after. Who acknowledged first stays.
    """
    configuration = load(config)
    name = _who(configuration, by)
    found = done(
        configuration, lambda to: to.acknowledge(alarm, by=name, reason=reason, action=action, how="cli")
    )
    if as_json:
        print_json(found)
    elif found["acknowledged_by"] == name:
        typer.echo(f"acknowledged by {name}: {_named(found)}; it is {alarm_words.state(found)}")
    else:
        text = f"{found['acknowledged_by']} had acknowledged it at {found['acknowledged_at']}"
        typer.echo(f"{_local(configuration, text, place_of(found))}: {_named(found)}")


@commands.command(epilog=example("alarms reset a17 --reason 'lot was rejected'"))
def reset(
    alarm: AlarmArgument,
    config: ConfigOption = None,
    by: ByOption = None,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> None:
    """Resets a latched alarm that was acknowledged and is dealt with."""
    configuration = load(config)
    name = _who(configuration, by)
    found = done(configuration, lambda to: to.reset(alarm, by=name, reason=reason))
    if as_json:
        print_json(found)
    else:
        typer.echo(f"reset by {name}: {_named(found)}; it is {alarm_words.state(found)}")


@commands.command(epilog=example("alarms shelve a17 --for 2h --reason 'defrosting by hand'"))
def shelve(
    alarm: AlarmArgument,
    reason: NeededReason,
    config: ConfigOption = None,
    lasting: ForOption = None,
    until: UntilOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shelves an alarm: nobody is told of it until then, unless it gets worse.

    For at most [alerting] shelve_max, and not beyond the time by which somebody must have acted.
    """
    configuration = load(config)
    name = _who(configuration, by)
    site = None
    if until is not None and until.day is not None:
        with viewing(config) as session:
            site = place_of(known_alarm(session, alarm)).split("/")[0]
    end = _end(configuration, until, lasting, site)
    found = done(configuration, lambda to: to.shelve(alarm, by=name, reason=reason, until=end))
    _say_held_back(configuration, found, as_json)


@commands.command(epilog=example("alarms unshelve a17"))
def unshelve(
    alarm: AlarmArgument,
    config: ConfigOption = None,
    by: ByOption = None,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> None:
    """Ends a shelf before its time: what is open is told."""
    configuration = load(config)
    name = _who(configuration, by)
    found = done(configuration, lambda to: to.unshelve(alarm, by=name, reason=reason))
    _say_ended(found, as_json)


@commands.command(
    epilog=example(
        "alarms suppress lab1/F01 --until 2026-11-23T15:00:00Z --reason 'yearly service'",
        "alarms suppress lab1/F01 --kind out_of_service --for 14d --reason 'empty, switched off'",
    )
)
def suppress(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="SITE/UNIT, or SITE/UNIT/PROBE.")],
    reason: NeededReason,
    config: ConfigOption = None,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="suppressed (planned: the default), or out_of_service (not relied on).",
        ),
    ] = "suppressed",
    start: Annotated[
        When | None,
        typer.Option(
            "--from", metavar="WHEN", parser=read_when, help="Default: now; of a date its beginning."
        ),
    ] = None,
    lasting: ForOption = None,
    until: UntilOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Suppresses the alarms of a unit or a probe for a time: planned work, or what isn't relied on.

    Readings, excursions and budgets go on, and what is open at the end is told.
    """
    configuration = load(config)
    name = _who(configuration, by)
    site = subject.split("/")[0]
    begin = None if start is None else start_at(configuration, start, "--from", site)
    end = _end(configuration, until, lasting, site)
    chosen = _kind(kind)
    found = done(
        configuration,
        lambda to: to.suppress(subject, kind=chosen, by=name, reason=reason, start=begin, until=end),
    )
    _say_held_back(configuration, found, as_json)


@commands.command(epilog=example("alarms end s23 --reason 'service is done'"))
def end(
    suppression: Annotated[
        str, typer.Argument(metavar="SUPPRESSION", help="Its id; 'alarms suppressions' lists them.")
    ],
    config: ConfigOption = None,
    by: ByOption = None,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> None:
    """Ends a suppression before its time: what is open there is told."""
    configuration = load(config)
    name = _who(configuration, by)
    found = done(
        configuration,
        lambda to: to.end_suppression(suppression, by=name, reason=reason),
        "alarms suppressions",
    )
    _say_ended(found, as_json)


def done(
    configuration: Configuration, what: Callable[[Commands], AnyAnswer], listed_by: str = _ALARMS
) -> AnyAnswer:
    """The answer of a command; a finding where it is refused, or there is no such thing; ``listed_by`` is the command
    that lists those that are."""
    from monitor.program import app

    with store_in_words():
        try:
            app.require_store(configuration)
        except ValueError as error:
            raise Unusable(str(error)) from error
    try:
        return asked(configuration, what)
    except Finding as error:  # a refusal
        raise Finding(_local(configuration, str(error), None)) from error
    except LookupError as error:
        if type(error) is not LookupError:  # a KeyError is a mistake of ours
            raise
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


def _kind(kind: str) -> Literal["suppressed", "out_of_service"]:
    if kind == "suppressed":
        return "suppressed"
    if kind == "out_of_service":
        return "out_of_service"
    raise typer.BadParameter(f"{kind!r} is none. Write suppressed or out_of_service.", param_hint="--kind")


def _end(configuration: Configuration, until: When | None, lasting: float | None, site: str | None) -> int:
    if (until is None) == (lasting is None):
        raise typer.BadParameter("give one of the two: it needs an end.", param_hint="--for / --until")
    if until is not None:
        return end_at(configuration, until, "--until", site)
    assert lasting is not None
    return SystemClock().now() + round(lasting * SECOND)


def _named(alarm: AnyAnswer) -> str:
    return f"{alarm['id']}, {alarm_words.about(alarm)}"


def _say_held_back(configuration: Configuration, found: AnyAnswer, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    text = f"{words(found['kind'])} by {found['owner']} from {found['from']} until {found['until']}"
    typer.echo(f"{_local(configuration, text, found['subject'])}: {alarm_words.about(found)} ({found['id']})")


def _say_ended(found: AnyAnswer, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        typer.echo(f"ended by {found['ended_by']}: {words(found['kind'])} {found['subject']} ({found['id']})")
