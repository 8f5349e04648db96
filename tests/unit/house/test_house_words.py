"""One voice: figures, spans, temperatures and times are said in ``words/`` (and ``wire/``), and what is said by
condition is said of every condition. Each check is also tried on a snippet that breaks it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

import pytest

from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition
from monitor.words.condition import CONDITIONS
from tests.house import OURS, Source, none_of

# --- who says figures ---

SPEAKERS = ("monitor/words/", "monitor/wire/")
UNIT_AFTER_A_FIGURE = re.compile(r"^ (?:min|h|d|s)\b")
LOCAL_TIME = re.compile(r"%[-#]?[aAbBcdHIjmMpSxXyYzZ]")
SPEAKS_TOO: Mapping[str, str] = {
    "monitor/config/": "a file's own language, in which its mistakes are named",
    "monitor/core/time/": "the form in which core's texts, which are on record, tell an instant",
    "monitor/core/record.py": "the form in which they tell a temperature and a span",
    "laboratory/": "it judges the product, and its reports are its own",
}
"""Files, or folders, that say a figure themselves, and why. The list only shrinks."""


def _docstrings(source: Source) -> set[int]:
    """The ids of the strings that stand alone: docstrings, of modules and attributes too."""
    return {id(node.value) for node in source.each(ast.Expr)}


def figures_said(source: Source) -> Iterator[str]:
    """Where a file writes a unit after a figure, a degree sign, or a local time."""
    silent = _docstrings(source)
    for node in source.each(ast.Constant, ast.JoinedStr, ast.Attribute):
        if id(node) in silent:
            continue
        what = None
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "°C" in node.value:
            what = "a temperature"
        elif isinstance(node, ast.JoinedStr):
            what = _said_of(node)
        elif isinstance(node, ast.Attribute) and node.attr == "strftime":
            what = "a local time"
        if what:
            yield f"{source.path}:{node.lineno}: says {what}: let monitor.words say it"


def _said_of(text: ast.JoinedStr) -> str | None:
    for before, part in zip(text.values, text.values[1:], strict=False):
        is_figure = isinstance(before, ast.FormattedValue) and isinstance(part, ast.Constant)
        if is_figure and UNIT_AFTER_A_FIGURE.match(str(part.value)):
            return "a span"
    for part in text.values:
        if isinstance(part, ast.FormattedValue) and isinstance(part.format_spec, ast.JoinedStr):
            spec = "".join(
                str(each.value) for each in part.format_spec.values if isinstance(each, ast.Constant)
            )
            if LOCAL_TIME.search(spec):
                return "a local time"
    return None


def test_figures_are_said_in_words_and_on_the_wire_alone() -> None:
    parts = [source for source in OURS if source.path.startswith(("monitor/", "laboratory/"))]
    assert len(parts) > 100
    none_of(
        line
        for source in parts
        if not source.path.startswith((*SPEAKERS, *SPEAKS_TOO))
        for line in figures_said(source)
    )


def test_every_exception_still_speaks() -> None:
    said = [
        line for source in OURS if source.path.startswith(tuple(SPEAKS_TOO)) for line in figures_said(source)
    ]
    idle = [place for place in SPEAKS_TOO if not any(line.startswith(place) for line in said)]
    none_of(f"{place}: says nothing any more: take it out" for place in idle)


@pytest.mark.parametrize(
    "text",
    [
        "said = f'{value:.1f} °C'",
        "UNIT = '°C'",
        "said = f'{length // 60} min'",
        "said = f'{days} d {hours:02d}'",
        "said = f'{moment:%H:%M}'",
        "said = moment.strftime('%d %b')",
    ],
)
def test_a_figure_that_is_said_elsewhere_is_found(text: str) -> None:
    assert len(list(figures_said(Source("monitor.web.api.api", "monitor/web/api/api.py", text)))) == 1


def test_a_docstring_may_name_units() -> None:
    text = '"""Temperatures are °C."""\nLIMIT = 3\n"""In °C."""\nname = f"{unit} stands still"\n'
    assert list(figures_said(Source("a", "a.py", text))) == []


# --- what is said of every condition ---


NAME_OF = {condition.value: condition.name for condition in AlarmCondition}


def partial_mappings(source: Source) -> Iterator[str]:
    """Dictionaries written out with conditions as keys, most of them but not all: of a new one they say nothing."""
    every = set(NAME_OF.values())
    for node in source.each(ast.Dict):
        named = {name for key in node.keys if (name := _condition(key)) is not None}
        if len(named) > len(every) // 2 and named != every:
            missing = ", ".join(sorted(every - named)).lower()
            yield f"{source.path}:{node.lineno}: says nothing of {missing}: every condition has its row"


def _condition(key: ast.expr | None) -> str | None:
    """The condition that a key names, by the enumeration or by its value."""
    match key:
        case ast.Attribute(value=ast.Name(id="AlarmCondition"), attr=name):
            return name
        case ast.Constant(value=str(text)):
            return NAME_OF.get(text)
    return None


def test_every_mapping_by_condition_is_total() -> None:
    none_of(line for source in OURS for line in partial_mappings(source))


def test_a_mapping_that_forgets_a_condition_is_found() -> None:
    keys = [f"'{condition}': 1" for condition in AlarmCondition]
    assert list(partial_mappings(Source("a", "a.py", f"NAMES = {{{', '.join(keys)}}}"))) == []
    lines = list(partial_mappings(Source("a", "a.py", f"NAMES = {{{', '.join(keys[:-1])}}}")))
    assert lines == ["a.py:1: says nothing of drill: every condition has its row"]


def test_there_is_one_row_for_each_condition_and_one_level() -> None:
    assert list(CONDITIONS) == list(AlarmCondition)
    assert set(LEVEL_OF) == set(AlarmCondition)
    assert len({row.name for row in CONDITIONS.values()}) == len(CONDITIONS)
