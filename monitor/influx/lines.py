"""Readings and versions of facts as InfluxDB line protocol. Pure; times are whole milliseconds.

=======================  ==================================  ===============
measurement              tags                                time
=======================  ==================================  ===============
``storage_temperature``  site, unit, probe                   ``measured_at``
``excursion``            site, unit, probe, direction, id    ``recorded_at``
``alarm``                condition, subject, level, id       ``recorded_at``
``lot_integrity``        lot, product                        ``recorded_at``
``monitor_health``       part                                ``recorded_at``
=======================  ==================================  ===============

InfluxDB keeps one point per series and time, so what must not overwrite one another differs in a tag. A field
has one type for ever: figures are floats (never ``-78i``), the rest booleans or texts. What a body lacks is
left out, and so is a figure that isn't a finite number: a NaN would make the whole line vanish.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from monitor.ports import LoggedFact, LoggedReading

Field = float | bool | str
Fields = dict[str, Field]

READINGS = "storage_temperature"

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_TAG_ESCAPES = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\\": "/"})
_TEXT_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\""})


class _Shape(NamedTuple):
    """How the body of a kind of fact becomes a point: which keys are tags, figures, texts, flags, lists."""

    measurement: str
    tags: tuple[str, ...]
    figures: tuple[str, ...]
    texts: tuple[str, ...]
    flags: tuple[str, ...]
    lists: tuple[str, ...] = ()


_SHAPES: Mapping[str, _Shape] = {
    "excursion": _Shape(
        measurement="excursion",
        tags=("direction",),
        figures=(
            "extreme_celsius",
            "degree_minutes",
            "unknown_seconds",
            "uncertain_seconds",
            "profile_version",
        ),
        texts=(
            "started_at",
            "ended_at",
            "closed_at",
            "confirmed_at",
            "confirmed_by",
            "profile",
            "superseded_by",
        ),
        flags=("withdrawn",),
        lists=("lots", "events"),
    ),
    "alarm": _Shape(
        measurement="alarm",
        tags=("condition", "subject", "level"),
        figures=(),
        texts=(
            *("state", "raised_at", "cleared_at", "acknowledged_at", "acknowledged_by"),
            *("shelved_until", "act_by", "evidence", "text"),
        ),
        flags=("past",),
    ),
    "lot": _Shape(
        measurement="lot_integrity",
        tags=("product",),
        figures=(
            *("profile_version", "thaw_count", "known_seconds", "unknown_seconds", "pending_seconds"),
            *("out_of_storage_seconds", "coverage", "mkt_celsius", "min_celsius", "max_celsius"),
            "uncertain_seconds",
        ),
        texts=(
            *("as_of", "profile", "unit", "disposition", "verdict"),
            *("expires_at", "effective_expires_at", "expiry_reason", "thawed_at", "disposed_at", "parent"),
            "profile_bound",
        ),
        flags=("thaw_count_determinate", "is_frozen", "withdrawn"),
        lists=("reasons", "children", "excursions"),
    ),
}


def reading_line(reading: LoggedReading) -> str:
    """The point of one reading. Every point has its quality; one without a finite value has no celsius."""
    fields = f'quality="{_quoted(reading.quality)}"'
    if reading.celsius is not None and math.isfinite(reading.celsius):
        fields = f"celsius={float(reading.celsius)!r},{fields}"
    battery = reading.battery_percent
    if battery is not None and math.isfinite(battery):
        fields = f"{fields},battery_percent={float(battery)!r}"
    return f"{_series_of(reading.channel)} {fields} {reading.measured_at}"


def fact_line(fact: LoggedFact) -> str:
    """The point of one version of a fact, at the instant at which it was recorded.

    Raises ValueError for a kind that has no measurement.
    """
    fields: Fields = {"version": float(fact.version), "reason": fact.reason}
    if fact.kind == "health":
        # The fact's own version and reason win: a body's "version" may be a text, and a field has one type.
        return _line(
            "monitor_health", [("part", fact.id)], _health_fields(fact.body) | fields, fact.recorded_at
        )
    shape = _SHAPES.get(fact.kind)
    if shape is None:
        message = f"no measurement for facts of the kind {fact.kind!r}"
        raise ValueError(message)
    fields |= _shaped_fields(shape, fact.body)
    fields |= _band_fields(fact.body)
    return _line(shape.measurement, _tags_of(fact, shape), fields, fact.recorded_at)


def _tags_of(fact: LoggedFact, shape: _Shape) -> list[tuple[str, object]]:
    own: list[tuple[str, object]] = [(name, fact.body.get(name)) for name in shape.tags]
    if fact.kind == "lot":
        return [("lot", fact.id), *own]
    place = _place(str(fact.body.get("channel") or "")) if fact.kind == "excursion" else []
    return [*place, *own, ("id", fact.id)]


def _shaped_fields(shape: _Shape, body: Mapping[str, Any]) -> Fields:
    fields: Fields = {}
    for name in shape.figures:
        if (figure := _figure(body.get(name))) is not None:
            fields[name] = figure
    for name in shape.texts:
        if body.get(name) is not None:
            fields[name] = _text(body[name])
    for name in shape.flags:
        if isinstance(body.get(name), bool):
            fields[name] = body[name]
    for name in shape.lists:
        if isinstance(body.get(name), list | tuple):
            fields[name] = ",".join(_text(_named(item)) for item in body[name])
    return fields


def _band_fields(body: Mapping[str, Any]) -> Fields:
    """``band_seconds_<band>`` of an excursion; ``spent_seconds_<band>``, ``left_seconds_<band>`` (of bands with a
    limit) and ``mkt_worst_celsius`` of a lot.
    """
    fields: dict[str, float | None] = {}
    by_band = body.get("seconds_by_band")
    if isinstance(by_band, Mapping):
        fields |= {f"band_seconds_{band}": _figure(seconds) for band, seconds in by_band.items()}
    budgets = body.get("budgets")
    for budget in budgets if isinstance(budgets, list | tuple) else ():
        if isinstance(budget, Mapping) and isinstance(budget.get("band"), str):
            for name in ("spent_seconds", "left_seconds"):
                fields[f"{name}_{budget['band']}"] = _figure(budget.get(name))
    worst = body.get("mkt_worst")
    if isinstance(worst, Mapping):
        fields["mkt_worst_celsius"] = _figure(worst.get("celsius"))
    return {name: figure for name, figure in fields.items() if figure is not None}


def _health_fields(body: Mapping[str, Any]) -> Fields:
    """Every flag, figure and text of a health fact; ``{"broker": {"ok": …}}`` becomes ``broker_ok``."""
    flat: dict[str, Any] = {}
    for name, value in body.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}_{inner}": part for inner, part in value.items()}
        else:
            flat[str(name)] = value
    fields: Fields = {}
    for name, value in flat.items():
        if isinstance(value, bool | str):
            fields[name] = value
        elif (figure := _figure(value)) is not None:
            fields[name] = figure
    return fields


def _named(item: object) -> object:
    """What stands for an item of a list in a text: its code, kind or id, or the item itself."""
    if isinstance(item, Mapping):
        return next((item[key] for key in ("code", "kind", "id") if item.get(key) is not None), item)
    return item


def _figure(value: object) -> float | None:
    """A number as a float; None for anything that isn't a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        figure = float(value)
    except OverflowError:
        return None
    return figure if math.isfinite(figure) else None


def _text(value: object) -> str:
    """A text as it is; anything else as compact JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def _line(measurement: str, tags: Iterable[tuple[str, object]], fields: Mapping[str, Field], at: int) -> str:
    written = ",".join(f"{_tag(name)}={_field(value)}" for name, value in fields.items())
    return f"{_series(measurement, tags)} {written} {at}"


def _series(measurement: str, tags: Iterable[tuple[str, object]]) -> str:
    """Measurement and tags. An empty tag is left out, as InfluxDB would refuse it."""
    present = ((name, _tag(str(value))) for name, value in tags if value is not None and value != "")
    return ",".join([measurement, *(f"{name}={value}" for name, value in present)])


@lru_cache(maxsize=16_384)
def _series_of(channel: str) -> str:
    return _series(READINGS, _place(channel))


def _place(channel: str) -> list[tuple[str, object]]:
    return list(zip(("site", "unit", "probe"), channel.split("/", 2), strict=False))


def _field(value: Field) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    return f'"{_quoted(value)}"'


def _tag(text: str) -> str:
    """A tag's value, or a key. A backslash becomes a slash: before a comma it would escape that."""
    return _one_line(text).translate(_TAG_ESCAPES)


def _quoted(text: str) -> str:
    return _one_line(text).translate(_TEXT_ESCAPES)


def _one_line(text: str) -> str:
    """The text with a space for each line break or control character, and ``?`` for what UTF-8 can't say."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub(" ", text).encode("utf-8", "replace").decode("utf-8")
