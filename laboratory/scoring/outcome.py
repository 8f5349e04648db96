"""What a run of a scenario came to: the program's public JSON, and what truly was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from laboratory.scoring.span import Span
from monitor.core.time.instant import parse_instant

JSON = dict[str, Any]

PAGE_LEVELS = ("alarm", "critical")
"""The levels that call for a person at once; a warning may wait for the morning."""


class Subject(NamedTuple):
    """What an expectation is about; ``name`` with or without its site: ``F01``, ``F01/product``, ``EXO-1``."""

    kind: Literal["unit", "probe", "lot"]
    name: str


@dataclass(frozen=True)
class RunOutcome:
    """What there was at the end of a run. Instants are ms; in JSON they are RFC 3339.

    ``alarms``, ``excursions``, ``lots`` as docs/json.md has them, all of them (not only a first page);
    ``told``: ``{"alarm": id, "kind": "opened" | "again" | "reminder" | "closed", "level", "at": RFC 3339}``, with the
    level that it had then, in any order;
    ``rejected``: counts by reason; ``readings``: accepted good readings by channel (``site/unit/probe``);
    ``truth``: the true temperature of a probe, as ``(instant, °C)``, dense enough to be joined by lines.
    """

    site: str
    started_at: int
    ended_at: int
    alarms: Sequence[JSON]
    told: Sequence[JSON]
    excursions: Sequence[JSON]
    lots: Sequence[JSON]
    rejected: Mapping[str, int]
    readings: Mapping[str, int]
    truth: Mapping[str, Sequence[tuple[int, float]]]

    @cached_property
    def first_told(self) -> Mapping[str, int]:
        """When each alarm was first told, by its id: as a page, if it ever was one, else as a warning."""
        first: dict[str, tuple[bool, int]] = {}
        for each in self.told:
            if each["kind"] in ("opened", "again"):
                rank = (each["level"] not in PAGE_LEVELS, parse_instant(each["at"]))
                first[each["alarm"]] = min(rank, first.get(each["alarm"], rank))
        return {alarm: at for alarm, (_, at) in first.items()}

    def told_again(self, alarm: JSON) -> list[int]:
        """When an alarm was told again, in ms from the start: it got worse, or nobody had acknowledged it."""
        again = [each for each in self.told if each["alarm"] == alarm["id"]]
        return [self.after(each["at"]) for each in again if each["kind"] in ("again", "reminder")]

    def after(self, instant: str) -> int:
        """An RFC 3339 time as ms from the start of the scenario."""
        return parse_instant(instant) - self.started_at

    def told_after(self, alarm: JSON) -> int | None:
        """When an alarm was first told, in ms from the start; None if it never was."""
        at = self.first_told.get(alarm["id"])
        return None if at is None else at - self.started_at

    def full(self, place: Subject) -> str:
        """A place's name as the JSON writes it: a unit or a probe with its site."""
        parts = {"unit": 1, "probe": 2, "lot": 0}[place.kind]
        return f"{self.site}/{place.name}" if place.name.count("/") == parts - 1 else place.name

    def is_about(self, alarm: JSON, place: Subject | None) -> bool:
        """Whether an alarm is about a place. An alarm about a probe is about its unit too, one about a lot about the
        unit that its evidence names. None: about anything."""
        if place is None:
            return True
        subject: str = alarm["subject"]
        name = self.full(place)
        if subject == name:
            return True
        if place.kind != "unit":
            return False
        return subject.startswith(f"{name}/") or ("/" not in subject and _evidence(alarm).get("unit") == name)

    def alarms_of(self, condition: str, place: Subject | None) -> list[JSON]:
        """The alarms of a condition about a place, in the order in which they were raised."""
        alarms = [
            each for each in self.alarms if each["condition"] == condition and self.is_about(each, place)
        ]
        return sorted(alarms, key=lambda each: (parse_instant(each["raised_at"]), each["id"]))

    def crossed_at(self, channel: str, limit: float, direction: str) -> list[int]:
        """The instants at which the true temperature of a probe went beyond a limit; ``direction``: high, low."""
        return list(crossings(self.truth.get(channel, ()), limit, direction))

    def caused_at(self, alarm: JSON) -> int | None:
        """For a thermal alarm that was told: the last instant before, at which the true temperature crossed the
        limit in force. None for any other, and where the truth isn't given."""
        told_at = self.first_told.get(alarm["id"])
        direction = {"temperature_high": "high", "temperature_low": "low"}.get(alarm["condition"])
        limit = _evidence(alarm).get("limit_celsius")
        if told_at is None or direction is None or limit is None:
            return None
        before = [at for at in self.crossed_at(alarm["subject"], limit, direction) if at <= told_at]
        return max(before, default=None)

    @property
    def length(self) -> int:
        """How long the run was, in ms."""
        return self.ended_at - self.started_at

    def is_page(self, alarm: JSON) -> bool:
        """Whether an alarm calls for a person at once."""
        return alarm["level"] in PAGE_LEVELS


def _evidence(alarm: JSON) -> Mapping[str, Any]:
    return alarm.get("evidence") or {}


def crossings(samples: Sequence[tuple[int, float]], limit: float, direction: str) -> Iterator[int]:
    """The instants at which a line through ``samples`` (ms, °C; in any order) leaves a limit outwards, in order.

    At the limit is still inside, as in docs/figures.md. Samples that begin outside crossed it when they began.
    """
    sign = 1 if direction == "high" else -1
    before: tuple[int, float] | None = None
    for at, celsius in sorted(samples):
        beyond = sign * (celsius - limit)
        if beyond > 0 and before is None:
            yield at
        elif beyond > 0 and before is not None and before[1] <= 0:
            yield before[0] + round((at - before[0]) * -before[1] / (beyond - before[1]))
        before = (at, beyond)


def is_within(value: float, span: Span | tuple[float, float]) -> bool:
    """Whether a figure lies within two others, both included."""
    return span[0] <= value <= span[1]
