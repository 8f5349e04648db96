"""The keys of ``profiles/<name>.toml``. Nothing that judges has a default, but "none"."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from monitor.config.file.duration import PATTERN, parse_duration
from monitor.config.file.fields import (
    Count,
    Duration,
    Instant,
    Kept,
    Name,
    NotNegative,
    Number,
    Ordinal,
    Positive,
    PositiveDuration,
    Share,
    Table,
    Text,
)


class LimitsTable(Table):
    """A limit for each side, °C; a side that is left out has none."""

    low: Number | None = None
    high: Number | None = None


class DelaysTable(Table):
    """A duration for each side."""

    high: Duration | None = None
    low: Duration | None = None


def _both_sides(value: Any) -> Any:
    if isinstance(value, dict | DelaysTable):
        return value
    try:
        parse_duration(value)
    except ValueError as error:
        expected = f"{error}, or a table of high and low"
        raise ValueError(expected) from None
    return {"high": value, "low": value}


Delays = Annotated[
    DelaysTable,
    BeforeValidator(_both_sides),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": PATTERN}, DelaysTable.model_json_schema()]}),
]


class LevelsTable(Table):
    """A level for each side, °C, the warm one first; a side that is left out has none."""

    high: Number | None = None
    low: Number | None = None


class WarningTable(LevelsTable):
    """A level inside the window at which a person may want to look."""

    delay: Duration = 0


class OutOfStorageTable(Table):
    """How long a lot may be out of storage."""

    free: Duration = Field(default=0, description="the part of each stay that has no temperature")
    limit: Duration | None = Field(default=None, description="budget for the sum of all stays")


class BandTable(Table):
    """A range of temperature (above, up_to] outside the window, with its budget."""

    name: Name
    above: Number | None = None
    up_to: Number | None = None
    limit: Duration | None = Field(
        default=None, description="left out: recorded only; 0s: must never be touched"
    )


class UnknownTable(Table):
    """What unknown time means for a lot."""

    rule: Literal["ignore", "report", "as_band"]
    band: Name | None = Field(default=None, description="for as_band: the band that is charged")
    after: Duration = Field(default=0, description="for as_band: the part of each stretch that isn't charged")
    limit: Duration | None = None


class ThawTable(Table):
    """When a frozen lot counts as thawed, and when as frozen again."""

    above: Number
    after: Duration
    refrozen_below: Number
    hidden_by_gap: PositiveDuration | None = None
    limit: Count | None = None


class ExpiryTable(Table):
    """Rules that end a lot's life before its label does, and how far ahead it is told."""

    in_use: Duration | None = Field(default=None, description="after the first thaw")
    look_ahead: Duration | None = None


class CoverageTable(Table):
    """The share of time in storage that must be known, 0 to 1."""

    minimum: Share | None = None


class MktTable(Table):
    """Mean kinetic temperature, for profiles above 0 °C."""

    window: PositiveDuration | None = Field(
        default=None, description="default: 30d for windows from 15 °C up, else 24h"
    )
    limit: Number | None = None
    delta_h_over_r: Positive = Field(default=10_000.0, description="kelvin")


class AlternativeTable(Table):
    """Another storage class that the product may be moved to; what is left out is the profile's."""

    storage_class: Name = Field(alias="class")
    window: LimitsTable | None = None
    shelf_life: Duration | None = None
    band: Annotated[list[BandTable] | None, Kept("bands")] = None
    thaw: ThawTable | None = None


class ProfileFile(Table):
    """``profiles/<name>.toml``"""

    name: Name
    version: Ordinal
    effective_from: Instant = Field(
        default=0, description="default: from the beginning, or from when it is loaded"
    )
    title: Text | None = Field(default=None, description="default: the name")
    window: LimitsTable
    deadband: NotNegative = 0.0
    delay: Annotated[Delays, Kept("{}.delay")] = Field(default_factory=DelaysTable)
    clear_delay: Annotated[Delays, Kept("{}.clear_delay")] = Field(default_factory=DelaysTable)
    instant: Annotated[LevelsTable, Kept("{}.instant")] = Field(default_factory=LevelsTable)
    cumulative_delay: Annotated[Delays, Kept("{}.cumulative_delay")] = Field(
        default_factory=DelaysTable, description="per calendar day; left out: none"
    )
    warning: WarningTable | None = None
    ambient: Number | None = Field(default=None, description="°C that a lot is at while out of storage")
    out_of_storage: OutOfStorageTable | None = None
    band: Annotated[list[BandTable], Kept("bands")] = Field(
        description="must cover all outside the window, without overlap"
    )
    unknown: UnknownTable | None = None
    thaw: ThawTable | None = None
    expiry: Annotated[ExpiryTable, Kept("{}")] = Field(default_factory=ExpiryTable)
    coverage: Annotated[CoverageTable, Kept("coverage_{}")] = Field(default_factory=CoverageTable)
    alternative: Annotated[list[AlternativeTable], Kept("alternatives")] = Field(default_factory=list)
    mkt: MktTable | None = None
