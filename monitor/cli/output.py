"""What commands print: JSON for programs, tables for people."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.words.figures import NONE, About, At, Said, exact, spell_out, typeset
from monitor.words.figures import local as in_zone
from monitor.words.sign import LEVEL_SIGNS, UNIT_SIGNS, VERDICT_SIGNS, Badge

_COLOURS = {"excursion": "bold red", "ok": "green"}
_STYLES = {
    sign.words.lower(): _COLOURS.get(sign.css, "yellow")
    for signs in (UNIT_SIGNS, VERDICT_SIGNS, LEVEL_SIGNS)
    for sign in signs.values()
}
_FIGURES = ("Temperature", "Extreme", "Count", "Spent", "Left", "Limit")
"""The columns that stand at the right."""


def print_json(found: Any) -> None:
    """JSON, indented, as the view gives it."""
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))


def say(text: str) -> None:
    """A line that is not the command's result, on standard error."""
    typer.echo(text, err=True)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, none: str, title: str | None = None
) -> None:
    """A table, or the sentence ``none`` where there are no rows. Long cells are folded, never cut, and words are not
    broken as long as the terminal has room for the longest of each column."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        typer.echo(none)
        return
    console = _console()
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        title=title,
        title_justify="left",
        title_style="bold",
    )
    texts = [[column, *(row[at].plain for row in cells)] for at, column in enumerate(columns)]
    words = [max(cell_len(word) for text in column for word in typeset(text).split(" ")) for column in texts]
    whole = [max(map(cell_len, column)) for column in texts]
    widths = fitted(words, whole, console.width - 2 * len(columns))
    for column, width in zip(columns, widths, strict=True):
        right = column.endswith(_FIGURES)
        table.add_column(column, overflow="fold", width=width, justify="right" if right else "left")
    for row in cells:
        table.add_row(*row)
    console.print(table)


def fitted(words: Sequence[int], whole: Sequence[int], room: int) -> list[int]:
    """How wide columns get in ``room``: as their longest word at least, as their longest text at most, and what is left
    goes to those that lack most. Where even the words have no room, the widest columns give it."""
    widths = list(words)
    while sum(widths) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    while sum(widths) < min(room, sum(whole)):
        lacks = [full - width for full, width in zip(whole, widths, strict=True)]
        widths[lacks.index(max(lacks))] += 1
    return widths


def print_fields(fields: Mapping[str, object]) -> None:
    """Names and values, one below the other; those of which nothing is known are left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields.items():
        if value not in (None, "", NONE):
            table.add_row(name, _cell(value))
    _console().print(table)


def _console() -> Console:
    """Made anew each time, for it holds on to the standard output of the moment."""
    return Console(markup=False, highlight=False, emoji=False)


def _cell(value: object) -> Text:
    text = NONE if value is None or value == "" else clean(str(value))
    return Text(text, style=_STYLES.get(text, ""))


def clean(text: str) -> str:
    """The text without what could drive a terminal: control and format characters are shown as escapes."""
    return "".join(
        letter if unicodedata.category(letter) not in ("Cc", "Cf", "Cs") else ascii(letter)[1:-1]
        for letter in text
    )


# --- words on a terminal ---


def local(text: str | None, zone: ZoneInfo) -> str:
    """An instant of the JSON in a time zone, with its offset; seconds are cut, not rounded. "–" for none."""
    return exact(in_zone(text, zone), seconds=True)


def said(sentence: Said, zone: ZoneInfo) -> str:
    """A sentence of words with its instants in a time zone."""
    return "".join(_part(part, zone) for part in sentence)


def _part(part: str | At | About, zone: ZoneInfo) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, About):
        return f"excursion {part.excursion}"
    return f"{'until ' if part.how == 'until' else ''}{local(part.text, zone)}"


def small(sign: Badge) -> str:
    """A state in a table."""
    return sign.words.lower()


def words(code: str | None) -> str | None:
    """A code as words: ``at_risk`` is "at risk"."""
    return None if code is None else spell_out(code)
