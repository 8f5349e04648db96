"""A scenario file's tables read into what they are: what is wrong is told with its place and what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from simulators.clock import duration
from simulators.require import require

SPANS = frozenset({"length", "history", "read_every", "step", "at", "for", "expires_in"})
"""Keys of tables that are durations; ``at`` of lots and happenings, and ``expires_in``, may be negative."""
COUNTS = frozenset({"buffer", "array_max", "resent"})
"""Whole numbers of models that are no durations."""

_Table = TypeVar("_Table", bound=Struct)
_Model = TypeVar("_Model")


def signed(told: object) -> int:
    """The ms of a duration that may be negative (``-3h``). Raises ValueError for anything else."""
    if isinstance(told, str) and told.startswith("-"):
        return -span(told[1:])
    return span(told)


def span(told: object) -> int:
    """The ms of a duration (``15m``). Raises ValueError for anything else, numbers too."""
    require(isinstance(told, str), f"{told!r} is no duration: write 90s, 15m, 2h30m or 14d")
    return duration(cast("str", told))


def none_of(value: object, words: Collection[str], what: str) -> str:
    """That something isn't among those that are known, in words, with the one that may be meant."""
    near = difflib.get_close_matches(str(value), words, 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return f"there is no {what} {value!r}{meant}; there are {', '.join(words)}"


def read(kind: type[_Table], table: object, where: str = "") -> _Table:
    """A table as the struct that it is, tables in it too. Raises ValueError, in words that begin with its place."""
    place = f"{where}: " if where else ""
    require(isinstance(table, dict), f"{place}found {table!r}; expected a table")
    told = cast("dict[str, Any]", table)
    keys = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key in told:
        require(key in keys, f"{place}{none_of(key, keys, 'key')}")
    for key, field in keys.items():
        require(not field.required or key in told, f"{place}it needs {key!r}")
    return kind(**{keys[key].name: _value(keys[key].type, key, told[key], where) for key in told})


def _value(kind: Any, key: str, value: object, where: str) -> Any:
    place = f"{where}, {key}" if where else key
    inner = get_args(kind)[0] if get_origin(kind) is list else None
    if isinstance(inner, type) and issubclass(inner, Struct):
        require(isinstance(value, list), f"{place}: found {value!r}; expected tables")
        before = f"{where}, " if where else ""
        rows = enumerate(cast("list[Any]", value), start=1)
        return [read(inner, row, f"{before}{key} {_named(row, number)}") for number, row in rows]
    for choices in (each for each in (kind, *get_args(kind)) if get_origin(each) is Literal):
        words = get_args(choices)
        require(value in words, f"{place}: {value!r} is none of {', '.join(words)}")
    try:
        if key in SPANS:
            signed(value) if key in ("at", "expires_in") else span(value)
        return msgspec.convert(value, kind)
    except ValueError as error:
        mistake = f"{place}: {_in_words(value, error)}"
        raise ValueError(mistake) from error


def _in_words(value: object, error: ValueError) -> str:
    text = str(error)
    return (
        f"found {value!r}; {text[0].lower()}{text[1:]}"
        if isinstance(error, msgspec.ValidationError)
        else text
    )


def _named(row: object, number: int) -> str:
    """A row by its name, if it has one; else by its number, as a person counts."""
    name = None if not isinstance(row, dict) else row.get("name", row.get("lot"))
    return name if isinstance(name, str) else str(number)


def changed(model: _Model, changes: Mapping[str, Any], where: str) -> _Model:
    """A model with some of its fields changed, durations told in words; raises ValueError, in words, for a field that
    it lacks and a value that it can't have."""
    return _made(type(model), changes, where, model)


def _made(kind: type[_Model], told: Mapping[str, Any], where: str, base: _Model | None) -> _Model:
    hints = get_type_hints(kind)
    names = [each.name for each in fields(cast("Any", kind))]
    values = {}
    for name, value in told.items():
        require(name in names, f"{where}: {none_of(name, names, 'field')}")
        values[name] = _field(hints[name], value, f"{where}, {name}", getattr(base, name, None))
    if base is None:
        for each in fields(cast("Any", kind)):
            require(each.name in values or each.default is not MISSING, f"{where}: it needs {each.name!r}")
    try:
        return kind(**values) if base is None else cast("_Model", replace(cast("Any", base), **values))
    except ValueError as error:
        mistake = f"{where}: {error}"
        raise ValueError(mistake) from error


def _field(kind: Any, value: Any, where: str, old: Any) -> Any:
    """A field's value; a table stands for a part of the model (``defrost = { every = "8h", … }``)."""
    kinds = (kind, *get_args(kind))
    part = next((each for each in kinds if is_dataclass(each)), None)
    if isinstance(value, dict) and isinstance(part, type):
        return _made(part, value, where, old)
    try:
        if int in kinds and where.rpartition(", ")[2] not in COUNTS:
            return span(value)
        return msgspec.convert(value, kind)
    except ValueError as error:
        mistake = f"{where}: {_in_words(value, error)}"
        raise ValueError(mistake) from error
