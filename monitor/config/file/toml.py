"""Writes TOML, which the standard library only reads, and reads it as people write it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from monitor.core.time.instant import format_instant, from_datetime

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_WIDTH = 100
_TOKEN = re.compile(
    r'''(?P<text>""".*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|'[^'\n]*')'''
    r"|(?P<comment>\#[^\n]*)|(?P<space>\s+)|(?P<other>[{}\[\],]|[^{}\[\],\s\#\"']+|.)",
    re.DOTALL,
)


def parse(text: str) -> dict[str, Any]:
    """The document that a TOML text holds. An inline table may run over several lines, as TOML 1.1 lets it.

    Raises tomllib.TOMLDecodeError, with line and column of ``text``.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The library knows TOML 1.0 alone. What is wrong in both versions is told as it found it at first.
        try:
            return tomllib.loads(_one_line_tables(text))
        except tomllib.TOMLDecodeError:
            raise error from None


def _one_line_tables(text: str) -> str:
    """The text with line ends, comments and a last comma taken out of inline tables."""
    written: list[str] = []
    opened: list[str] = []
    for token in _TOKEN.finditer(text):
        word = token.group()
        inside = opened[-1:] == ["{"]
        if inside and token["comment"]:
            continue
        if inside and token["space"]:
            word = " "
        if word in ("{", "["):
            opened.append(word)
        elif word in ("}", "]") and opened:
            opened.pop()
        if inside and word == "}":
            while written and written[-1] in (" ", ","):
                written.pop()
        written.append(word)
    return "".join(written)


def dump(document: Mapping[str, Any], *, sections: bool = True) -> str:
    """A document as TOML; None is left out, for TOML has no word for it.

    With ``sections``, tables of the top level and lists of tables get headers (``[store]``, ``[[unit]]``);
    without, everything is one table. Raises TypeError for a value that TOML doesn't have.
    """
    plain = {key: value for key, value in document.items() if not (sections and _is_section(value))}
    parts = ["\n".join(_lines(plain))] if plain else []
    for key, value in document.items():
        if key not in plain:
            parts.extend(_section(_key(key), value))
    return "\n\n".join(parts) + "\n"


def _is_section(value: object) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)
    )


def _section(header: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield "\n".join([f"[[{header}]]", *_lines(item)])
    elif value and all(isinstance(inner, Mapping) for inner in value.values()):
        for key, inner in value.items():
            yield from _section(f"{header}.{_key(key)}", inner)
    else:
        yield "\n".join([f"[{header}]", *_lines(value)])


def _lines(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        if value is None:
            continue
        text = _value(value)
        if isinstance(value, list) and len(text) > _WIDTH:
            text = "[\n" + "".join(f"  {_value(item)},\n" for item in value) + "]"
        yield f"{_key(key)} = {text}"


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    # JSON escapes what TOML wants escaped, but for DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    match value:
        case str():
            return _string(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case datetime():
            return format_instant(from_datetime(value))
        case date() | time():
            return value.isoformat()
        case Mapping():
            inner = ", ".join(
                f"{_key(key)} = {_value(item)}" for key, item in value.items() if item is not None
            )
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            text = f"TOML has no {type(value).__name__}"
            raise TypeError(text)
