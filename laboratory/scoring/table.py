"""One table of a scenario file, read key by key: what is right is taken, what is wrong is noted in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from laboratory.scoring.span import EXPECTED, Span, parse_span
from monitor.config.file.problem import nearest

Numbers = tuple[float, float]
Counts = tuple[int, int]

_FOUND_MAX = 60
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: in which table, at which key, what is there, what was expected; ``nearest`` is what may be
    meant."""

    where: str
    key: str
    found: str
    expected: str
    nearest: str | None = None

    def __str__(self) -> str:
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        place = f"{self.where}, {self.key}" if self.key else self.where
        return f"{place}: found {self.found}; expected {self.expected}{hint}"


class ExpectationError(ValueError):
    """The expectations of a scenario can't be used; the text lists every mistake that was found."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(f"{count} in the scenario's expectations:\n{lines}")
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that a scenario may use. ``units``, ``probes`` (``F01/product``) and ``lots``: None, if any will do."""

    units: Collection[str] | None = None
    probes: Collection[str] | None = None
    lots: Collection[str] | None = None


@dataclass(slots=True)
class ExpectTable:
    """One ``[[expect]]`` or ``[[allow]]``. A key that is asked for is a valid key; :meth:`finish` names the others.

    Whatever is asked for and is not there, or is wrong, comes back as None.
    """

    where: str
    keys: Mapping[str, object]
    names: Vocabulary
    mistakes: list[Mistake]
    asked: set[str] = field(default_factory=set)

    def has(self, key: str) -> bool:
        """Whether the table has the key. A valid key is thereby asked for."""
        self.asked.add(key)
        return key in self.keys

    def refuse(self, key: str, value: object, expected: str, nearest: str | None = None) -> None:
        """Notes a mistake."""
        self.mistakes.append(Mistake(self.where, key, shown(value), expected, nearest))

    def finish(self, others: Iterable[str] = ()) -> None:
        """Names the keys that nobody asked for; ``others`` are valid in other tables, and may be meant."""
        valid = sorted(self.asked)
        for key in self.keys:
            if key not in self.asked:
                near = nearest(key, [*valid, *others])
                self.refuse(key, self.keys[key], f"one of the keys {', '.join(valid)}", near)

    def text(self, key: str, choices: Iterable[str] | None = None) -> str | None:
        """Text; one of ``choices``, if any are given."""
        if not self.has(key):
            return None
        value = self.keys[key]
        if not isinstance(value, str) or not value:
            self.refuse(key, value, "text in quotes")
            return None
        return value if choices is None else self._choice(key, value, choices)

    def texts(self, key: str, choices: Iterable[str]) -> tuple[str, ...] | None:
        """One text or a list of them, each one of ``choices``."""
        if not self.has(key):
            return None
        value = self.keys[key]
        many: list[object] = value if isinstance(value, list) else [value]
        texts = [each for each in many if isinstance(each, str)]
        if not many or len(texts) < len(many):
            self.refuse(key, value, "text in quotes, or a list of such")
            return None
        chosen = [self._choice(key, each, choices) for each in texts]
        return tuple(each for each in chosen if each is not None)

    def flag(self, key: str) -> bool | None:
        """true or false."""
        if not self.has(key):
            return None
        value = self.keys[key]
        if isinstance(value, bool):
            return value
        self.refuse(key, value, "true or false")
        return None

    def span(self, key: str) -> int | None:
        """A duration, in ms."""
        if not self.has(key):
            return None
        try:
            return parse_span(self.keys[key])
        except ValueError:
            self.refuse(key, self.keys[key], EXPECTED)
            return None

    def spans(self, key: str) -> Span | None:
        """From and to, as durations, in ms."""
        return self._spans(key, self.keys[key]) if self.has(key) else None

    def spans_or_false(self, key: str) -> Span | bool | None:
        """From and to; or false."""
        if not self.has(key):
            return None
        value = self.keys[key]
        return False if value is False else self._spans(key, value, " or false")

    def spans_by_name(self, key: str) -> Mapping[str, Span] | None:
        """A table of names, each with from and to."""
        return self._by_name(key, 'a table such as { warm = ["1h50m", "2h10m"] }', self._spans)

    def numbers(self, key: str) -> Numbers | None:
        """Two finite numbers, the lower one first."""
        if not self.has(key):
            return None
        value = self.keys[key]
        if not is_pair(value, is_number):
            self.refuse(key, value, "two numbers, the lower one first, such as [-45.0, -40.0]")
            return None
        assert isinstance(value, list)
        return float(value[0]), float(value[1])

    def count(self, key: str) -> Counts | None:
        """A whole number, exactly so many; or the fewest and the most."""
        return self._count(key, self.keys[key]) if self.has(key) else None

    def counts_by_name(self, key: str) -> Mapping[str, Counts] | None:
        """A table of names, each with a count."""
        return self._by_name(key, "a table such as { bad_number = [1, 50] }", self._count)

    def known(self, key: str, parts: int, names: Collection[str] | None) -> str | None:
        """The name of a unit (``parts`` 1) or a probe (2), with or without its site before it."""
        word = self.text(key)
        if word is None:
            return None
        split = word.split("/")
        if len(split) not in (parts, parts + 1) or not all(split):
            form = "a name such as F01" if parts == 1 else "unit/probe such as F01/product"
            self.refuse(key, word, form)
            return None
        if names is None:
            return word
        last = "/".join(split[-parts:])
        there = {"/".join(name.split("/")[-parts:]) for name in names}
        if last not in there:
            self.refuse(key, word, f"one of {listed(there)}", nearest(last, there))
            return None
        return word

    def lot(self, key: str) -> str | None:
        """The id of a lot."""
        return self.text(key, self.names.lots)

    def _by_name(self, key: str, form: str, read: Callable[[str, object], _T | None]) -> dict[str, _T] | None:
        if not self.has(key):
            return None
        table = self.keys[key]
        if not isinstance(table, dict) or not table:
            self.refuse(key, table, form)
            return None
        each = {str(name): read(f"{key}.{name}", value) for name, value in table.items()}
        return {name: value for name, value in each.items() if value is not None}

    def _spans(self, key: str, value: object, otherwise: str = "") -> Span | None:
        try:
            if isinstance(value, list) and len(value) == 2:
                low, high = parse_span(value[0]), parse_span(value[1])
                if low <= high:
                    return low, high
        except ValueError:
            pass
        self.refuse(key, value, f'two durations, the shorter one first, such as ["2h", "2h10m"]{otherwise}')
        return None

    def _count(self, key: str, value: object) -> Counts | None:
        if is_count(value):
            assert isinstance(value, int)
            return value, value
        if not is_pair(value, is_count):
            self.refuse(key, value, "a whole number, or the fewest and the most, such as [1, 50]")
            return None
        assert isinstance(value, list)
        return value[0], value[1]

    def _choice(self, key: str, value: str, choices: Iterable[str]) -> str | None:
        every = list(choices)
        if value in every:
            return value
        self.refuse(key, value, f"one of {listed(every)}", nearest(value, every))
        return None


def is_number(value: object) -> bool:
    """Whether a value of a TOML file is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_count(value: object) -> bool:
    """Whether a value of a TOML file is a whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_pair(value: object, is_one: Callable[[object], bool]) -> bool:
    """Whether a value is a list of two, the lower one first."""
    return isinstance(value, list) and len(value) == 2 and all(map(is_one, value)) and value[0] <= value[1]


def listed(words: Iterable[str]) -> str:
    """Names in order, for a sentence."""
    return ", ".join(sorted(words)) or "none (there are none)"


def shown(value: object) -> str:
    """A value as a message shows it: as TOML writes it, and short."""
    match value:
        case None:
            text = "nothing"
        case str():
            text = f'"{value}"'
        case bool():
            text = "true" if value else "false"
        case list():
            text = f"[{', '.join(shown(each) for each in value)}]"
        case Mapping():
            text = "a table" if value else "an empty table"
        case _:
            text = str(value)
    return text if len(text) <= _FOUND_MAX else text[: _FOUND_MAX - 1] + "…"
