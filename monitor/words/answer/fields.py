"""The fields of an answer's type, read off the type itself, and the same as JSON Schema."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from monitor.core.answer.shape import OneOf, Shape

_PRIMITIVES: Mapping[Any, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
_BOUNDS: Mapping[str, Mapping[str, int]] = {
    "seconds": {"minimum": 0},
    "share": {"minimum": 0, "maximum": 1},
}


class Field(NamedTuple):
    """A field: its name, its type without what is beside it, the texts that it can have, what it is, and whether it is
    always there."""

    name: str
    hint: Any
    one_of: tuple[str, ...]
    meaning: str
    is_required: bool


def fields_of(kind: type) -> Iterator[Field]:
    """The fields of a type of :mod:`monitor.core.answer`, in its order."""
    is_total = bool(getattr(kind, "__total__", True))
    for name, hint in get_type_hints(kind, include_extras=True).items():
        is_required, bare = is_total, hint
        if get_origin(bare) is NotRequired:
            (bare,), is_required = get_args(bare), False
        bare, beside = _apart(bare)
        one_of = next((each.values for each in beside if isinstance(each, OneOf)), ())
        meaning = next((each for each in beside if isinstance(each, str)), "")
        shapes = [each for each in beside if isinstance(each, Shape)]
        yield Field(name, Annotated[bare, shapes[0]] if shapes else bare, one_of, meaning, is_required)


def _apart(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type, and what is written beside it."""
    return (hint.__origin__, hint.__metadata__) if get_origin(hint) is Annotated else (hint, ())


def parts(hint: Any) -> Iterable[Any]:
    """The types that a value may have: those of a union apart, ``None`` last."""
    is_union = get_origin(hint) in (Union, types.UnionType)
    return sorted(get_args(hint), key=lambda part: part is type(None)) if is_union else (hint,)


def inner(hint: Any) -> Iterator[type]:
    """The answers that stand inside a type."""
    bare, _ = _apart(hint)
    if is_typeddict(bare):
        yield bare
    else:
        for part in () if get_origin(bare) is Literal else get_args(bare):
            yield from inner(part)


def every(kinds: Iterable[type]) -> list[type]:
    """The types and all that stand inside them, each once, outer before inner."""
    ordered: dict[type, None] = {}
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop(0)
        if kind not in ordered:
            ordered[kind] = None
            waiting = [each for field in fields_of(kind) for each in inner(field.hint)] + waiting
    return list(ordered)


def words_of(kind: type) -> str:
    """What a type's docstring says, in one line."""
    return " ".join((kind.__doc__ or "").split())


# --- JSON Schema ---


def schema(kinds: Iterable[type]) -> dict[str, Any]:
    """A JSON Schema (2020-12) with a definition for each type. Fields may be added: none is forbidden."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Answers of exosome-monitor",
        "description": "Each definition is one answer; docs/json.md says which address and command gives which.",
        "$defs": {
            kind.__name__: _object(kind) for kind in sorted(every(kinds), key=lambda kind: kind.__name__)
        },
    }


def _object(kind: type) -> dict[str, Any]:
    fields = list(fields_of(kind))
    return {
        "type": "object",
        "description": words_of(kind),
        "required": [field.name for field in fields if field.is_required],
        "properties": {field.name: _property(field) for field in fields},
    }


def _property(field: Field) -> dict[str, Any]:
    values = _schema_of(field.hint)
    if field.one_of:
        can_be_null = any(part is type(None) for part in parts(field.hint))
        values = {"enum": [*field.one_of, *([None] if can_be_null else [])]}
    return {**values, "description": field.meaning}


def _schema_of(hint: Any) -> dict[str, Any]:
    bare, beside = _apart(hint)
    if beside:
        return {**_schema_of(bare), **_keywords(beside)}
    if bare is Any:
        return {}
    if is_typeddict(bare):
        return {"$ref": f"#/$defs/{bare.__name__}"}
    if bare in _PRIMITIVES:
        return {"type": _PRIMITIVES[bare]}
    match get_origin(bare), get_args(bare):
        case origin, values if origin is Literal:
            return {"enum": list(values)}
        case origin, (item,) if origin is list:
            return {"type": "array", "items": _schema_of(item)}
        case origin, (_, value) if origin is dict:
            return {"type": "object", "additionalProperties": _schema_of(value)}
    return {"anyOf": [_schema_of(part) for part in parts(bare)]}


def _keywords(beside: Iterable[Any]) -> dict[str, Any]:
    for each in beside:
        if isinstance(each, Shape):
            return {**({"format": each.format} if each.format else {}), **_BOUNDS.get(each.measure or "", {})}
    return {}
