"""CONTRIBUTING.md's table of rooms is what is there."""

from __future__ import annotations

import pytest

from tests.house import OURS, Source, none_of
from tests.rooms import BEGIN, CONTRIBUTING, END, first_line, may_import, renewed, rows


def test_the_table_of_rooms_is_made_from_the_tree() -> None:
    text = CONTRIBUTING.read_text(encoding="utf-8")
    assert text == renewed(text, OURS), (
        "run `make docs`: it writes the table again from the packages' docstrings"
    )


def test_every_room_says_in_one_line_what_it_holds() -> None:
    packages = [source for source in OURS if source.path.endswith("/__init__.py")]
    none_of(
        f"{source.path}: end the first line of its docstring as a sentence: it is the room's row in CONTRIBUTING.md"
        for source in packages
        if not first_line(source).endswith(".")
    )


def test_a_row_is_the_first_line_of_the_docstring_and_what_the_layout_allows() -> None:
    lots = Source(
        "monitor.web", "monitor/web/__init__.py", '"""Pages of :class:`a.View`, ``x``.\n\nMore."""\n'
    )
    inner = Source("monitor.web.api", "monitor/web/api/__init__.py", '"""The API."""\n')
    module = Source("monitor.web.errors", "monitor/web/errors.py", '"""Errors."""\n')
    assert first_line(lots) == "Pages of `a.View`, `x`."
    assert rows([lots, inner, module]) == [
        f"| `monitor/web/` | Pages of `a.View`, `x`. | {may_import(lots)} |",
        "| `monitor/web/api/` | The API. |  |",
    ]
    assert may_import(Source("monitor.program", "monitor/program/__init__.py", "")) == "all"


@pytest.mark.parametrize("text", ["", BEGIN, END + BEGIN, BEGIN + END + END, BEGIN + BEGIN + END])
def test_a_table_without_its_markers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="leave one line"):
        renewed(text, OURS)


def test_an_old_table_gives_way_and_the_rest_stays() -> None:
    text = renewed(f"before\n{BEGIN}\nan old row\n{END}\nafter\n", [])
    assert "an old row" not in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
