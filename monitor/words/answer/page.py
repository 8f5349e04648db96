"""docs/json.md: every answer of the API and of commands with ``--json``, for somebody who reads them by program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin, is_typeddict

from monitor.core.answer.command import ErrorAnswer
from monitor.core.answer.shape import Shape
from monitor.words.answer.fields import Field, every, fields_of, parts, schema, words_of
from monitor.words.answer.ways import CHANGES, QUESTIONS, AnswerWay

_HEAD = """\
# JSON

<!-- Made by `exosome-monitor docs json`. A test holds this page and the program equal: don't edit it by hand. -->

What the HTTP API answers, and what commands print with `--json`: the same figures in the same words. Each answer is
also described by a JSON Schema, in [json.schema.json](json.schema.json) under `$defs` by its name; a test holds that
against what the program really says. What comes in over MQTT is in [wire.md](wire.md).

## What all of them share

- Instants are RFC 3339 in UTC with milliseconds and `Z`: `2026-11-22T10:00:00.000Z`. In an address write them with an
  offset or `Z`; a `+` there is `%2B`.
- Temperatures are in °C, durations in s, shares between 0 and 1. A field's name ends in what it counts.
- Units are `site/unit`, channels `site/unit/probe`.
- A figure that can't be told is `null`, never 0. What is not known is not fine.
- Figures are as of now, or as of the instant that `as_of` names: judged from what was measured and happened up to then.
- Fields may be added in later versions, texts in words may change; names, types and codes stay. Read what you know
  and let the rest be.
- An unknown parameter or field of a body is refused: a misspelt one that is ignored would answer another question.
- Requests that change something carry `Authorization: Bearer TOKEN`; the token lies beside the store while the program
  runs ([operating.md](operating.md)).
- An answer that isn't 2xx is an [ErrorAnswer](#erroranswer): 401 no token or a wrong one, 404 no such thing, 409 it
  can't be, 413 too large, 422 a parameter or the body is wrong, 503 the store can't commit, or too many streams.
- Commands exit with 0 (fine), 1 (a negative finding: a breached lot, something unwatched, rejected items) or 2 (usage
  or configuration).
"""
_STREAM = """\
## What changes, as it happens

`GET /api/v1/stream` gives server-sent events. Each one's data is `{"kind": …, "body": {…}}`, and each body has `now`.
It says what to ask for again, and never the figures themselves.

| kind | body has | is |
|---|---|---|
| `hello` | | the first event |
| `tick` | | every 5 s, so that a line that died silently is noticed |
| `readings` | `count` | readings were taken |
| `excursion` | `id`, `channel` | an excursion has another version |
| `lot` | `lot` | a lot was judged anew |
| `alarm` | `id` | an alarm changed |
| `resync` | | events were lost: ask for everything again |
"""
_APART = """\
Not here: `GET /metrics` (Prometheus' text), `GET /openapi.json` (the API for programs), what a webhook gets
([operating.md](operating.md)), `check --json` (the configuration in force, with the keys of its files) and
`simulate --json` (reports of the laboratory, which may change).
"""


def json_doc() -> str:
    """The page as Markdown."""
    kinds = every([ErrorAnswer, *(way.kind for way in (*QUESTIONS, *CHANGES))])
    blocks = [
        _HEAD,
        "## What can be asked\n",
        _questions(QUESTIONS),
        _STREAM,
        "## What changes something\n",
        "Fields of the body in **bold** must be there. A lot event has the fields of its kind besides, as\n"
        "[wire.md](wire.md#lot-events) has them; readings are those of [wire.md](wire.md#over-http).\n",
        _changes(CHANGES),
        _APART,
        "## Answers\n",
        *map(_section, kinds),
    ]
    return "\n".join(blocks)


def json_schema() -> str:
    """The schema as a file."""
    document = schema([ErrorAnswer, *(way.kind for way in (*QUESTIONS, *CHANGES))])
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _questions(ways: Iterable[AnswerWay]) -> str:
    rows = [(_address(way), _list(way.takes), _command(way), _answer(way)) for way in ways]
    return _table(("address", "parameters", "command", "answer"), rows)


def _changes(ways: Iterable[AnswerWay]) -> str:
    rows = []
    for way in ways:
        body = [*(f"**`{name}`**" for name in way.needs), *(f"`{name}`" for name in way.takes)]
        rows.append((_address(way), ", ".join(body), _command(way), _answer(way)))
    return _table(("address", "body", "command", "answer"), rows)


def _address(way: AnswerWay) -> str:
    return "" if way.address is None else f"`{way.address}`"


def _command(way: AnswerWay) -> str:
    return "" if way.command is None else f"`{way.command}`"


def _answer(way: AnswerWay) -> str:
    return f"list of {_link(way.kind)}" if way.is_list else _link(way.kind)


def _section(kind: type) -> str:
    rows = [(_name(field), _type(field), field.meaning) for field in fields_of(kind)]
    return f"### {kind.__name__}\n\n{words_of(kind)}\n\n{_table(('field', 'type', 'meaning'), rows)}"


def _name(field: Field) -> str:
    return f"`{field.name}`" if field.is_required else f"`{field.name}` (not always there)"


def _type(field: Field) -> str:
    if field.one_of:
        can_be_null = any(part is type(None) for part in parts(field.hint))
        return _list(field.one_of) + (" or null" if can_be_null else "")
    return _said(field.hint)


def _said(hint: Any) -> str:
    """A type in words."""
    if get_origin(hint) is Annotated:
        shape = next((each for each in hint.__metadata__ if isinstance(each, Shape)), None)
        return _said(hint.__origin__) if shape is None else _shaped(shape)
    if is_typeddict(hint):
        return _link(hint)
    if get_origin(hint) is Literal:
        return _list(get_args(hint))
    if get_origin(hint) is list:
        return f"list of {_said(get_args(hint)[0])}"
    if get_origin(hint) is dict:
        value = get_args(hint)[1]
        return "object" if value is Any else f"object of {_said(value)}"
    several = list(parts(hint))
    return " or ".join(map(_said, several)) if len(several) > 1 else _PLAIN[hint]


_PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    type(None): "null",
    Any: "anything",
}
_MEASURES = {
    "celsius": "°C",
    "celsius_per_hour": "°C/h",
    "degree_minutes": "°C·min",
    "seconds": "s",
    "share": "0 to 1",
    "percent": "%",
}


def _shaped(shape: Shape) -> str:
    return shape.name if shape.measure is None else f"{shape.name} ({_MEASURES[shape.measure]})"


def _link(kind: type) -> str:
    return f"[{kind.__name__}](#{kind.__name__.lower()})"


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(_lines(header, rows)) + "\n"


def _lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
