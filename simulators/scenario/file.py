"""Scenarios: a TOML file that tells of a fleet, its lots, what happens to them, and what is expected of who watches.

The simulators understand the first part. What concerns the watcher (``monitor``, ``profile``, ``action``, ``expect``,
``allow``) is handed on as it stands. Durations are written ``90s``, ``15m``, ``2h30m``, ``14d`` and count from the
scenario's start; docs/simulators.md lists every key.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from monitor.wire.v1 import DEFAULT_ROOT, NAME
from simulators.clock import SECOND, duration
from simulators.fleet import Fleet
from simulators.happening import FleetFailure
from simulators.require import require
from simulators.scenario.description import described
from simulators.scenario.reading import read
from simulators.scenario.tables import Document


class ScenarioError(ValueError):
    """A scenario file can't be used; the text says which file, where in it, and what was expected."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something done to the watcher ``at`` so many ms after the start, to be undone after ``lasting`` ms (None:
    at once); or by a person to one of its alarms: ``alarm`` is the condition, ``subject`` what it is about (``F01``,
    ``F01/product``, a lot), and a shelf lasts so long."""

    at: int
    do: str
    lasting: int | None = None
    alarm: str | None = None
    subject: str | None = None
    by: str = "technician"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario as read: ``document`` is the file, the rest are its instants and durations in ms."""

    name: str
    document: Document
    start_at: int
    length: int
    history: int
    step: int
    actions: tuple[Action, ...]

    def fleet(
        self, *, start_at: int | None = None, seed: int | None = None, root: str = DEFAULT_ROOT
    ) -> Fleet:
        """The fleet with what happens to it, from ``start_at`` on (default: the scenario's own start)."""
        begins = self.start_at if start_at is None else start_at
        seed = self.document.seed if seed is None else seed
        try:
            return described(self.document, start_at=begins, length=self.length, seed=seed, root=root)
        except ValueError as error:
            mistake = f"scenario {self.name}: {error}"
            raise ScenarioError(mistake) from error

    @property
    def failing(self) -> list[FleetFailure]:
        """What fails in it when, by the scenario's own start."""
        return self.fleet().failures()


def load(source: str | Path) -> Scenario:
    """The scenario of a file, or one that ships with the simulators, by its name.

    Raises ScenarioError for one that isn't there, that is no TOML, or that says what no scenario can.
    """
    path = Path(source)
    shipped = files("simulators") / "scenarios" / f"{source}.toml"
    if path.suffix != ".toml" and not shipped.is_file():
        names = ", ".join(name for name, _ in shipped_scenarios())
        mistake = (
            f"there is no scenario {str(source)!r}; those that ship are {names}. A file's name ends in .toml"
        )
        raise ScenarioError(mistake)
    try:
        text = path.read_text("utf-8") if path.suffix == ".toml" else shipped.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        mistake = f"scenario {source}: it can't be read: {error}"
        raise ScenarioError(mistake) from error
    return parse(text, path.stem, path) if path.suffix == ".toml" else parse(text, str(source))


def parse(text: str, name: str, place: Path | None = None) -> Scenario:
    """The scenario that a TOML text tells; ``place`` is its file. Raises ScenarioError, which says where and what."""
    try:
        document = read(Document, tomllib.loads(text))
        require(document.start.tzinfo is not None, "start has no offset from UTC: add Z")
        for key in ("length", "read_every", "step"):
            require(duration(getattr(document, key)) > 0, f"{key} {getattr(document, key)} is not above 0")
        require(document.speed > 0, f"speed {document.speed:g} is not above 0")
        require(len(document.unit) > 0, "unit: there is none")
        for number, action in enumerate(document.action, start=1):
            require(not action.at.startswith("-"), f"action {number}, at: {action.at} lies before the start")
            by_person = action.do in ("acknowledge", "shelve")
            named = action.alarm is not None and action.subject is not None
            require(named or not by_person, f"action {number}: to {action.do} needs an alarm and a subject")
            require(
                action.do != "shelve" or action.lasting is not None, f"action {number}: a shelf needs 'for'"
            )
        for number, table in enumerate(document.profile, start=1):
            proper = isinstance(table.get("name"), str) and NAME.fullmatch(table["name"]) is not None
            require(proper, f"profile {number}: it needs the 'name' of a profile")
        scenario = Scenario(
            name=name,
            document=document,
            start_at=round(document.start.timestamp() * SECOND),
            length=duration(document.length),
            history=duration(document.history),
            step=duration(document.step),
            actions=tuple(
                Action(
                    duration(action.at),
                    action.do,
                    None if action.lasting is None else duration(action.lasting),
                    action.alarm,
                    action.subject,
                    action.by,
                )
                for action in document.action
            ),
        )
        described(  # what is wrong with the fleet is told now, too
            document,
            start_at=scenario.start_at,
            length=scenario.length,
            seed=document.seed,
            root=DEFAULT_ROOT,
        )
    except ValueError as error:
        mistake = f"scenario {place or name}: {error}"
        raise ScenarioError(mistake) from error
    return scenario


def shipped_scenarios() -> list[tuple[str, str]]:
    """Name and title of each scenario that ships with the simulators, by name."""
    scenarios = []
    for each in (files("simulators") / "scenarios").iterdir():
        if each.name.endswith(".toml"):
            title = tomllib.loads(each.read_text("utf-8"))["title"]
            scenarios.append((each.name.removesuffix(".toml"), str(title)))
    return sorted(scenarios)
