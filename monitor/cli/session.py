"""What commands ask of a configuration: the ports it opens, its places, and instants in its time zones."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

from monitor.cli.options import When
from monitor.core.answer.lot import LotAnswer
from monitor.core.time.instant import end_of_day, format_instant, start_of_day
from monitor.ports import View

if TYPE_CHECKING:
    from monitor.config import Configuration


class Finding(Exception):  # noqa: N818  not a mistake: what was asked has a negative answer
    """A negative finding, in a sentence: printed on standard error, exit 1."""


class Unusable(Exception):  # noqa: N818
    """The configuration, or what it names, can't be used; a text with the remedy: exit 2."""


def load(directory: Path | None) -> Configuration:
    """The configuration in the directory that ``--config`` chose."""
    from monitor.program import app

    assert directory is not None  # the option's callback has filled it in
    with configuration_in_words():
        return app.load(directory)


@contextmanager
def configuration_in_words() -> Iterator[None]:
    """Says in words what is wrong with the configuration, by itself or after what the store has on record."""
    from monitor.config import ConfigurationError

    try:
        yield
    except ConfigurationError as error:
        raise Unusable(str(error)) from error


@contextmanager
def store_in_words() -> Iterator[None]:
    """Says in words that the database refuses or can't be reached, or contradicts the configuration."""
    from sqlalchemy.exc import DBAPIError

    try:
        with configuration_in_words():
            yield
    except DBAPIError as error:
        # Its own text would show the statement and its values.
        raise Unusable(f"the store of [store] url can't be used: {error.orig}") from error


@dataclass(frozen=True, slots=True)
class Session:
    """A configuration and the view of its store, for commands that list or show."""

    configuration: Configuration
    view: View

    def as_of(self, when: When | None, site: str | None = None) -> int | None:
        """The instant to judge at; None for now. A date is judged at its end, today at this moment."""
        if when is None:
            return None
        now = self.view.now()
        is_begun = start_at(self.configuration, when, "--as-of", site) <= now
        end = end_at(self.configuration, when, "--as-of", site)
        return min(end, now) if when.day and is_begun else end

    def zone(self, place: str | None) -> ZoneInfo:
        """The time zone of a site, unit or channel; of all sites where they agree; else UTC."""
        found = zone_of(self.configuration, None if place is None else place.split("/")[0])
        return found or ZoneInfo("UTC")

    def lot(self, lot: str, as_of: int | None) -> LotAnswer:
        """A lot, or a :class:`Finding` that names one that may be meant."""
        found = self.view.lot(lot, as_of=as_of)
        if found is not None:
            return found
        names = [each["lot"] for each in self.view.lots(as_of=as_of)]
        near = difflib.get_close_matches(lot, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; 'exosome-monitor lots list' lists those that are"
        then = "" if as_of is None else f" as of {format_instant(as_of)}"
        raise Finding(f"there is no lot {lot!r}{then}{hint}")


@contextmanager
def viewing(directory: Path | None) -> Iterator[Session]:
    """Opens the view of the configuration in a directory."""
    from monitor.program import app

    configuration = load(directory)
    with store_in_words(), ExitStack() as stack:
        try:
            view = stack.enter_context(app.open_view(configuration))
        except ValueError as error:  # the configuration and the store contradict each other
            raise Unusable(str(error)) from error
        yield Session(configuration, view)


def zone_of(configuration: Configuration, site: str | None) -> ZoneInfo | None:
    """The time zone of a site; without one, that of all sites if they share it."""
    if site in configuration.sites:
        return configuration.sites[site].zone
    zones = {each.timezone for each in configuration.sites.values()}
    return ZoneInfo(zones.pop()) if len(zones) == 1 else None


def start_at(configuration: Configuration, when: When, option: str, site: str | None = None) -> int:
    """The instant given, or the first of the day given."""
    if when.at is not None:
        return when.at
    assert when.day is not None
    return start_of_day(when.day, _zone_for(configuration, when, option, site))


def end_at(configuration: Configuration, when: When, option: str, site: str | None = None) -> int:
    """The instant given, or the last of the day given."""
    if when.at is not None:
        return when.at
    assert when.day is not None
    return end_of_day(when.day, _zone_for(configuration, when, option, site)) - 1


def span_of(
    configuration: Configuration, start: When | None, end: When | None, site: str | None = None
) -> tuple[int | None, int | None]:
    """What ``--from`` and ``--to`` say, each None where it isn't given; a usage error where they are out of order."""
    first = None if start is None else start_at(configuration, start, "--from", site)
    last = None if end is None else end_at(configuration, end, "--to", site)
    if first is not None and last is not None and first >= last:
        raise typer.BadParameter("it is not before --to. Swap them, or leave one out.", param_hint="--from")
    return first, last


def _zone_for(configuration: Configuration, when: When, option: str, site: str | None) -> ZoneInfo:
    found = zone_of(configuration, site)
    if found is None:
        text = (
            f"{when.text!r} is a date, and the sites have different time zones. Write a time with an offset."
        )
        raise typer.BadParameter(text, param_hint=option)
    return found


def known_unit(configuration: Configuration, given: str, option: str) -> str:
    """``site/unit`` for a unit's path, or for its name where only one unit has it; a usage error otherwise."""
    paths = [unit.path for unit in configuration.units]
    matches = [path for path in paths if given in (path, path.split("/")[1])]
    if len(matches) == 1:
        return matches[0]
    if matches:
        text = f"{given!r} is a unit at several sites. Write one of {', '.join(matches)}."
        raise typer.BadParameter(text, param_hint=option)
    near = difflib.get_close_matches(given, paths, n=1)
    hint = (
        f"Did you mean {near[0]}?" if near else f"Write one of {', '.join(paths) or '(none is configured)'}."
    )
    raise typer.BadParameter(f"there is no unit {given!r}. {hint}", param_hint=option)
