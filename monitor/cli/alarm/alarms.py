"""``alarms``: conditions that need a person, and what people do about them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated

import typer

from monitor.cli.alarm.card import print_alarm, print_suppressions
from monitor.cli.options import ConfigOption, JsonOption, LimitOption, ListsByDefault, example
from monitor.cli.output import local, print_json, print_table, said, small
from monitor.cli.session import Finding, Session, known_unit, viewing
from monitor.core.alarm.choice import Choice
from monitor.core.alarm.condition import LEVELS, AlarmCondition
from monitor.core.alarm.machine import State
from monitor.core.answer.alarm import AlarmDetailAnswer
from monitor.core.answer.shape import AnyAnswer
from monitor.core.time.instant import in_local_time
from monitor.words import alarm as alarm_words
from monitor.words.condition import condition_name
from monitor.words.sign import level_sign

commands = typer.Typer(cls=ListsByDefault, help="Conditions that need a person.")

EVERY = 1_000_000

AlarmArgument = Annotated[str, typer.Argument(metavar="ALARM", help="The alarm's id, such as a17.")]


@commands.callback()
def alarms() -> None:
    """Conditions that need a person: lists them, and records what people do about them.

    Without a command it lists them: alarms --open is alarms list --open.
    """


# --- what there is ---


@commands.command("list", epilog=example("alarms list", "alarms list --unit lab1/F01 --state unacknowledged"))
def list_alarms(
    config: ConfigOption = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help=f"Only in this state: {', '.join(State)}."),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option("--condition", metavar="CONDITION", help="Only of this condition, such as no_data."),
    ] = None,
    level: Annotated[
        list[str] | None,
        typer.Option("--level", metavar="LEVEL", help=f"Only of this level: {', '.join(LEVELS)}."),
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", metavar="UNIT", help="Only about this unit and what is in it.")
    ] = None,
    limit: LimitOption = 500,
    every: Annotated[bool, typer.Option("--all", help="As many as there are.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Lists alarms, open ones first, then newest first."""
    with viewing(config) as session:
        choice = Choice(
            _of("--state", state, State),
            _of("--condition", condition, AlarmCondition),
            _of("--level", level, LEVELS),
            None if unit is None else known_unit(session.configuration, unit, "--unit"),
        )
        most = EVERY if every else limit
        looked_at = most if choice.is_everything else EVERY
        found = choice.of(session.view.alarms(open_only=open_only, limit=looked_at), most)
        if as_json:
            print_json(found)
            return
        rows = [
            (
                each["id"],
                small(level_sign(each)),
                condition_name(each["condition"]),
                each["subject"],
                said(alarm_words.state_of(each), session.zone(place_of(each))),
                local(each["raised_at"], session.zone(place_of(each))),
            )
            for each in found
        ]
    print_table(("Id", "Level", "Condition", "Subject", "State", "Raised at"), rows, none="No alarms.")


@commands.command(epilog=example("alarms show a17"))
def show(alarm: AlarmArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Shows all about an alarm.

    What became of it, who was told, and what is told as part of it.
    """
    with viewing(config) as session:
        found = known_alarm(session, alarm)
        if as_json:
            print_json(found)
        else:
            print_alarm(found, session.zone(place_of(found)))


@commands.command(epilog=example("alarms unwatched"))
def unwatched(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Lists what is not being watched now, and why.

    Shelved, suppressed, out of service, silent, faulty, not judged because the program fails at it, uncalibrated, or
    without a recipient. The exit code is 1 if there is any.
    """
    with viewing(config) as session:
        found = session.view.unwatched()
        if as_json:
            print_json(found)
        else:
            rows = [
                (
                    each["subject"],
                    alarm_words.unwatched_reason(each),
                    in_local_time(each["text"], session.zone(each["subject"])),
                    local(each["since"], session.zone(each["subject"])),
                )
                for each in found
            ]
            print_table(("Subject", "Reason", "What", "Since"), rows, none="Everything is being watched.")
    if found:
        raise typer.Exit(1)


@commands.command(epilog=example("alarms suppressions --all"))
def suppressions(
    config: ConfigOption = None,
    every: Annotated[bool, typer.Option("--all", help="Also what has ended.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Lists what holds back the telling of alarms, now or later."""
    with viewing(config) as session:
        found = session.view.suppressions(open_only=not every)
        if as_json:
            print_json(found)
        else:
            print_suppressions(found, lambda each: session.zone(each["subject"]))


# --- what they share ---


def place_of(alarm: AnyAnswer) -> str:
    """Where its time is local: its unit's, else its subject's."""
    evidence = alarm["evidence"]
    found: str = (evidence.get("unit") if isinstance(evidence, dict) else None) or alarm["subject"]
    return found


def known_alarm(session: Session, alarm: str) -> AlarmDetailAnswer:
    """An alarm, or a :class:`Finding` that names one that may be meant."""
    found = session.view.alarm(alarm)
    if found is not None:
        return found
    near = difflib.get_close_matches(alarm, [each["id"] for each in session.view.alarms()], n=1)
    hint = f"did you mean {near[0]}?" if near else "'exosome-monitor alarms list' lists those that are"
    raise Finding(f"there is no alarm {alarm!r}; {hint}")


def _of(option: str, given: list[str] | None, known: Iterable[str]) -> frozenset[str]:
    """What was given, of what there is."""
    names = [str(one) for one in known]
    for one in given or ():
        if one not in names:
            near = difflib.get_close_matches(one, names, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Write one of {', '.join(names)}."
            raise typer.BadParameter(f"{one!r} is none. {hint}", param_hint=option)
    return frozenset(given or ())
