"""What can be asked in an address, and how it is read: strictly. An unknown parameter is refused, because a
misspelt ``as_of`` that is ignored answers another question than the one that was asked."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from monitor.core.alarm.choice import Choice
from monitor.core.alarm.condition import AlarmCondition, Level
from monitor.core.alarm.machine import State
from monitor.core.time.instant import DAY, parse_instant
from monitor.web.refusal import ApiError


def _instant(value: object) -> object:
    return parse_instant(value) if isinstance(value, str) else value


Instant = Annotated[
    int,
    BeforeValidator(_instant),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "description": "RFC 3339 with an offset (or Z)"}
    ),
]
"""An instant in an address: RFC 3339 text outside, milliseconds inside."""


EVERY = 1_000_000
"""In place of a limit, where those that are asked for are picked out of all."""


class Strict(BaseModel):
    """A set of parameters; any other is refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Nothing(Strict):
    """No parameters."""


class AsOfQuery(Strict):
    """As of when; default: now."""

    as_of: Instant | None = Field(None, description="judged from what was measured and happened up to then")


class ReadingsQuery(Strict):
    """Which readings of a channel."""

    start: Instant | None = Field(None, alias="from", description="default: 24 h before `to`")
    end: Instant | None = Field(None, alias="to", description="default: now")
    points: int = Field(1_000, ge=2, le=20_000, description="thinned to about so many; every extreme stays")

    def span(self, now: int) -> tuple[int, int]:
        """``(from, to)`` with the defaults filled in; 422 unless from < to."""
        end = now if self.end is None else self.end
        start = end - DAY if self.start is None else self.start
        require_order(start, end)
        return start, end


class ExcursionsQuery(AsOfQuery):
    """Which excursions; those that touch [from, to]."""

    unit: str | None = Field(None, description="site/unit")
    lot: str | None = None
    start: Instant | None = Field(None, alias="from")
    end: Instant | None = Field(None, alias="to")
    open: bool = Field(False, description="only those that are open")
    history: bool = Field(False, description="withdrawn and superseded versions too")


class AlarmsQuery(Strict):
    """Which alarms."""

    open: bool = Field(False, description="only those that are open")
    state: list[State] = Field([], description="any of these")
    condition: list[AlarmCondition] = Field([], description="any of these")
    level: list[Level] = Field([], description="any of these")
    unit: str | None = Field(None, description="site/unit: about it, its probes, or lots in it")
    limit: int = Field(500, ge=1, le=5_000)

    def choice(self) -> Choice:
        """What they leave, of all alarms."""
        return Choice(
            frozenset(map(str, self.state)),
            frozenset(map(str, self.condition)),
            frozenset(self.level),
            self.unit,
        )


class SuppressionsQuery(Strict):
    """Which of what holds back telling."""

    all: bool = Field(False, description="also what has ended")


class LimitQuery(Strict):
    """How many, newest first."""

    limit: int = Field(200, ge=1, le=5_000)


def require_order(start: int | None, end: int | None) -> None:
    """422 unless ``start`` comes before ``end``, where both are given."""
    if start is not None and end is not None and start >= end:
        raise ApiError(
            422,
            "bad_parameter",
            "Parameter 'from' is not before 'to'.",
            "Swap them, or leave one of them out.",
        )
