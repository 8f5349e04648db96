"""Values from the environment: ``EXOSOME_MONITOR__STORE__URL=…`` overrides ``[store] url`` of monitor.toml.

After the prefix, parts are joined by two underscores, in any case; one underscore stands for each character
that a variable's name can't hold. A list's item goes by its name: ``EXOSOME_MONITOR__UNIT__F01__TITLE=…``.
A value is read as the key's type; a list or a table is written as TOML.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from monitor.config.file.fields import EnvironmentText
from monitor.config.file.problem import Key, Review, choices, key_text

PREFIX = "EXOSOME_MONITOR__"


def overlay(document: dict[str, Any], environ: Mapping[str, str], review: Review) -> dict[str, Any]:
    """A copy of a document of monitor.toml with the environment's values; ``review.origins`` notes them.

    A variable that leads nowhere is refused: ignored, a misspelt one would leave the old value in force.
    """
    document = copy.deepcopy(document)
    for variable in sorted(environ):
        if variable.startswith(PREFIX):
            parts = variable.removeprefix(PREFIX).split("__")
            location = _put(document, parts, EnvironmentText(environ[variable]), variable, review)
            if location:
                review.origins[key_text(document, location)] = variable
    return document


def _put(
    document: dict[str, Any], parts: list[str], value: EnvironmentText, variable: str, review: Review
) -> Key:
    """Writes a value where ``parts`` lead and returns the place; () if they lead nowhere."""
    node: Any = document
    location: Key = ()
    for left, part in zip(reversed(range(len(parts))), parts, strict=True):
        step = _step(node, part)
        if isinstance(step, str | int):
            location = (*location, step)
        else:
            review.refuse("environment", variable, str(value), step.expected)
            return ()
        if left == 0:
            node[step] = value
        elif isinstance(node, dict):
            node = node.setdefault(step, {})
        else:
            node = node[step]
    return location


class _Lost(NamedTuple):
    """Why a part of a variable's name leads nowhere."""

    expected: str


def _step(node: object, part: str) -> int | str | _Lost:
    if isinstance(node, dict):
        return next((key for key in node if _spelt(key) == _spelt(part)), part.lower())
    if not isinstance(node, list):
        return _Lost(f"a name that ends before {part}")
    matching = [index for index, item in enumerate(node) if _matches(item, part)]
    if len(matching) == 1:
        return matching[0]
    names = choices({str(item.get("name")) for item in node if isinstance(item, dict)})
    return _Lost(f"the name of one item ({names}), which {part} is not")


def _matches(item: object, part: str) -> bool:
    return isinstance(item, dict) and _spelt(str(item.get("name"))) == _spelt(part)


def _spelt(name: str) -> str:
    """A name as a variable can hold it."""
    return re.sub(r"[^a-z0-9]", "_", name.lower())
