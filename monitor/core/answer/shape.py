"""What the texts and numbers of answers are, beyond being text or number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

Measure = Literal["celsius", "celsius_per_hour", "degree_minutes", "seconds", "share", "percent"]


class Shape(NamedTuple):
    """What a text or a number holds: its ``name`` for people, JSON Schema's ``format`` if it has one, and what a number
    counts."""

    name: str
    format: str | None = None
    measure: Measure | None = None


class OneOf(NamedTuple):
    """The texts that a field can have."""

    values: tuple[str, ...]


InstantText = Annotated[str, Shape("instant", format="date-time")]
"""RFC 3339 in UTC with milliseconds: ``2026-11-22T10:00:00.000Z``."""
UnitPath = Annotated[str, Shape("`site/unit`")]
ChannelPath = Annotated[str, Shape("`site/unit/probe`")]
Seconds = Annotated[float, Shape("number", measure="seconds")]
Degrees = Annotated[float, Shape("number", measure="celsius")]
DegreesPerHour = Annotated[float, Shape("number", measure="celsius_per_hour")]
DegreeMinutes = Annotated[float, Shape("number", measure="degree_minutes")]
Share = Annotated[float, Shape("number", measure="share")]
Percent = Annotated[float, Shape("number", measure="percent")]

AnyAnswer = Mapping[str, Any]
"""An answer of any type, to be read: also one that an earlier version of the program recorded."""
