"""The kinds of value that a file may hold. A wrong one raises ValueError saying what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    WithJsonSchema,
    model_validator,
)

from monitor.config.file.duration import PATTERN, format_duration, parse_duration
from monitor.core.time.instant import from_datetime, parse_instant, to_datetime
from monitor.core.time.recurring import WEEKDAYS, Recurring

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
"""Names of sites, units, probes, profiles and persons: what a topic of wire format v1 can carry."""

_WEEKLY = re.compile(rf"({'|'.join(WEEKDAYS)}) ([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


class EnvironmentText(str):
    """The value of an environment variable. It has no type, so a field that isn't text reads it as TOML."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Written:
    """How a file says what was read from one; ``nothing`` is how it says that there is none (None: by no value)."""

    write: Callable[[Any], object]
    nothing: object = None


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the configuration keeps what a key says, unless in an attribute of that name: attributes with dots between.

    Of a table whose keys are kept one by one ``{}`` stands for the key: ``"settings.plausible_{}"``.
    """

    place: str


def _typed(value: object) -> object:
    if not isinstance(value, EnvironmentText):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return str(value)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, EnvironmentText) else value


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError("a name: 1 to 64 of A-Z a-z 0-9 . _ -")
    return value


def _positive(value: int) -> int:
    if value == 0:
        raise ValueError("a duration longer than 0s")
    return value


def _day(value: object) -> object:
    if isinstance(value, datetime) or not isinstance(value, date):
        # pydantic collects ValueErrors, and only those.
        raise ValueError("a date without quotes such as 2027-03-01")  # noqa: TRY004
    return value


def _instant(value: object) -> int:
    expected = "an instant with an offset from UTC such as 2026-01-01T00:00:00Z"
    try:
        if isinstance(value, datetime):
            return from_datetime(value)
        if isinstance(value, str):
            return parse_instant(value)
    except ValueError:
        raise ValueError(expected) from None
    raise ValueError(expected)


def _clock_time(value: object) -> time:
    if isinstance(value, time) and value.tzinfo is None:
        return value.replace(second=0, microsecond=0)
    match = _CLOCK_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a time of day in quotes such as 07:00")
    return time(int(match[1]), int(match[2]))


def _daily(value: object) -> Recurring:
    values = value if isinstance(value, list) else [value]
    try:
        times = sorted({_clock_time(text) for text in values})
    except ValueError:
        times = []
    if not times:
        raise ValueError(
            'a time of day in quotes such as 07:00, or a list of them such as ["07:00", "19:00"]'
        )
    return Recurring(tuple(times))


def _weekly(value: object) -> Recurring:
    if value == "off":
        return Recurring()
    match = _WEEKLY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"off, or a weekday ({', '.join(WEEKDAYS)}) and a time of day such as Mon 08:00")
    return Recurring((time(int(match[2]), int(match[3])),), WEEKDAYS.index(match[1]))


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("a time zone of the IANA database such as Europe/Berlin") from None
    return value


def _written_clock_time(at: time) -> str:
    return f"{at:%H:%M}"


def _written_daily(daily: Recurring) -> list[str]:
    return [_written_clock_time(at) for at in daily.times]


def _flat(value: float) -> float:
    return value + 0.0  # −0.0 becomes 0.0: equal numbers must have equal digests


Text = Annotated[str, Strict(), BeforeValidator(_plain)]
Name = Annotated[Text, AfterValidator(_name)]
Zone = Annotated[Text, AfterValidator(_zone)]
FilePath = Annotated[Path, BeforeValidator(_plain), Written(str)]
Flag = Annotated[bool, Strict(), BeforeValidator(_typed)]
# Bounds stand before the validators: only there do they reach the JSON Schema.
Count = Annotated[int, Strict(), Field(ge=0), BeforeValidator(_typed)]
Ordinal = Annotated[int, Strict(), Field(ge=1), BeforeValidator(_typed)]
Port = Annotated[int, Strict(), Field(ge=0, le=65_535), BeforeValidator(_typed)]
InFlight = Annotated[int, Strict(), Field(ge=1, le=65_535), BeforeValidator(_typed)]
Number = Annotated[float, Strict(), AllowInfNan(False), AfterValidator(_flat), BeforeValidator(_typed)]
Positive = Annotated[float, Strict(), AllowInfNan(False), Field(gt=0), BeforeValidator(_typed)]
NotNegative = Annotated[
    float, Strict(), AllowInfNan(False), Field(ge=0), AfterValidator(_flat), BeforeValidator(_typed)
]
Share = Annotated[
    float, Strict(), AllowInfNan(False), Field(ge=0, le=1), AfterValidator(_flat), BeforeValidator(_typed)
]
Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": PATTERN}),
    Written(format_duration),
]
PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
Day = Annotated[date, BeforeValidator(_day), BeforeValidator(_typed)]
Instant = Annotated[
    int,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Written(to_datetime),
]
ClockTime = Annotated[
    time,
    BeforeValidator(_clock_time),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:00)?$"}),
    Written(_written_clock_time),
]

_TIME_SCHEMA = {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:00)?$"}
DailyTimes = Annotated[
    Recurring,
    PlainValidator(_daily),
    BeforeValidator(_typed),
    WithJsonSchema({"anyOf": [_TIME_SCHEMA, {"type": "array", "items": _TIME_SCHEMA, "minItems": 1}]}),
    Written(_written_daily),
]
"""Times of day: one, or a list."""
WeeklyTime = Annotated[
    Recurring,
    PlainValidator(_weekly),
    WithJsonSchema({"type": "string", "pattern": rf"^(off|({'|'.join(WEEKDAYS)}) ([01]\d|2[0-3]):[0-5]\d)$"}),
    Written(str),
]
"""A weekday with a time of day, or ``off``."""


class Table(BaseModel):
    """A table of a file: its keys are all there are."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _from_environment(cls, value: Any) -> Any:
        return _typed(value)

    @classmethod
    def keys(cls) -> dict[str, Any]:
        """The keys that the table may have, as the file words them, each with its field's annotation."""
        return {field.alias or name: field.annotation for name, field in cls.model_fields.items()}


def table_in(annotation: Any) -> type[Table] | None:
    """The table that a key's type is, or is a list or a mapping of; None for a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation
    return next(filter(None, map(table_in, get_args(annotation))), None)
