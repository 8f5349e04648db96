"""What is wrong with a configuration, in words for the person who edits it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from monitor.config.file.fields import Table, table_in
from monitor.config.secret.secret import SHOWN, names_a_secret, redacted
from monitor.core.time.instant import format_instant, from_datetime

Key = tuple[int | str, ...]

_FOUND_MAX = 80
_FILES = {"monitor.toml": 0, "environment": 1, "people.toml": 3}  # the order in which mistakes are told
_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text in quotes",
    "path_type": "a path in quotes",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
_AT_LEAST_ONE = {
    "tell": "at least one person or rota",
    "step": 'at least one step, such as { tell = ["anna"], wait = "10m" }',
    "people": "at least one person",
    "addresses": 'at least one address, such as "anna@lab.example"',
    "probe": 'at least one probe, such as { name = "product" }',
}
"""What a list that may not be empty wants, by its key."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is, what is there, what was expected; ``nearest`` is what may be meant."""

    file: str
    key: str
    found: str
    expected: str
    nearest: str | None = None

    def __str__(self) -> str:
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: found {self.found}; expected {self.expected}{hint}"


class ConfigurationError(Exception):
    """The configuration can't be used; the text lists every mistake that was found."""

    def __init__(self, directory: Path, problems: Sequence[Problem]) -> None:
        problems = sorted(problems, key=lambda problem: _FILES.get(problem.file, 2))
        count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{count} in the configuration {directory}:\n{lines}")
        self.problems = tuple(problems)


@dataclass(slots=True)
class Review:
    """What has been found so far. ``origins`` maps a key of monitor.toml to the variable that set it."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)

    def refuse(self, file: str, key: str, value: object, expected: str, nearest: str | None = None) -> None:
        """Records a mistake. ``value`` is a value of the file, or None for nothing."""
        if file == "monitor.toml" and (variable := self._origin(key)):
            file, key = "environment", variable
        self.problems.append(Problem(file, key, shown(value, key), expected, nearest))

    def refuse_text(self, file: str, key: str, instead: str, expected: str) -> None:
        """Records a mistake that is told in words; ``instead`` must hold nothing of the file."""
        self.problems.append(Problem(file, key, instead, expected))

    def _origin(self, key: str) -> str | None:
        """The variable that set a key, or a table that the key is in."""
        while key and key not in self.origins:
            key = key.rpartition(".")[0]
        return self.origins.get(key)

    def warn(self, file: str, text: str) -> None:
        """Records something that works and may not be meant."""
        self.warnings.append(f"{file}: {text}")

    def refuse_all(self, error: ValidationError, file: str, document: Any, model: type[Table]) -> None:
        """Records every mistake that validating ``document`` against ``model`` found."""
        for detail in error.errors(include_url=False):
            # The mistake may be in a table's own name (a site's): pydantic marks that with a last part [key].
            location = detail["loc"][:-1] if detail["loc"][-1:] == ("[key]",) else detail["loc"]
            key = key_text(document, location)
            if detail["type"] == "extra_forbidden":
                keys = _table_at(model, location[:-1]).keys()
                near = nearest(str(location[-1]), keys)
                self.refuse(file, key, detail["input"], f"one of the keys {', '.join(sorted(keys))}", near)
            elif detail["type"] == "missing":
                self.refuse(file, key, None, "this key, which has no default")
            else:
                self.refuse(file, key, detail["input"], _expected(detail))


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of ``words`` that is most like ``word``, if any is like it."""
    matches = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return matches[0] if matches else None


def choices(words: Iterable[str]) -> str:
    """Names in order, for a sentence; "none is defined" if there are none."""
    return ", ".join(sorted(words)) or "none is defined"


def shown(value: object, key: str = "") -> str:
    """A value of a file as a message may show it: short, and without any secret."""
    if value is None:
        return "nothing"
    if names_a_secret(key):
        return SHOWN
    text = redacted(_toml_like(value))
    return text if len(text) <= _FOUND_MAX else text[: _FOUND_MAX - 1] + "…"


def _toml_like(value: object) -> str:
    match value:
        case str():
            return f'"{value}"'
        case bool():
            return "true" if value else "false"
        case datetime() if value.tzinfo is not None:
            return format_instant(from_datetime(value))
        case date() | time():
            return value.isoformat()
        case Mapping():
            return "a table"
        case list():
            return "a list" if value else "an empty list"
        case _:
            return str(value)


def _expected(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error" | "enum":
            return f"one of {context['expected']}"
        case "greater_than_equal":
            return f"a number of at least {context['ge']}"
        case "greater_than":
            return f"a number over {context['gt']}"
        case "too_short":
            return _AT_LEAST_ONE.get(str(detail["loc"][-1]), "at least one item")
        case "less_than_equal":
            return f"a number of at most {context['le']}"
        case kind:
            return _KINDS.get(kind, detail["msg"])


def key_text(document: Any, location: Key) -> str:
    """A key as a dotted path in which an item of a list is told by its name, or by its index (from 0).

    >>> key_text({"unit": [{"name": "F01", "probe": [{}]}]}, ("unit", 0, "probe", 0, "max_gap"))
    'unit[F01].probe[0].max_gap'
    """
    text = ""
    for part in location:
        if isinstance(document, list) and isinstance(part, int):
            document = document[part]
            named = document if isinstance(document, dict) else {}
            text += f"[{named.get('name') or named.get('class') or part}]"
        else:
            document = document.get(part) if isinstance(document, dict) else None
            text += f".{part}" if text else str(part)
    return text


def _table_at(model: type[Table], location: Key) -> type[Table]:
    for part in location:
        annotation = model.keys().get(str(part))
        model = table_in(annotation) or model
    return model
