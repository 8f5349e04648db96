"""What commands print: JSON for programs, tables for people."""

from __future__ import annotations

import json
import re
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

from monitor.core.time.instant import parse_instant, to_datetime

NONE = "–"

_WORD = re.compile(r"(?:[-−]?[\d.]+ to )?[-−]?[\d.]+ (?:°C|%|min|[dhs])\b|\S+")
"""What is not broken in a table: a word, or a figure with its unit."""

_STYLES = {
    "breached": "bold red",
    "excursion": "bold red",
    "critical": "bold red",
    "indeterminate": "yellow",
    "at_risk": "yellow",
    "outside": "yellow",
    "warning": "yellow",
    "fault": "yellow",
    "no_data": "yellow",
    "unknown": "yellow",
    "within_profile": "green",
    "ok": "green",
}


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
    words = [max(cell_len(word) for text in column for word in _WORD.findall(text)) for column in texts]
    whole = [max(map(cell_len, column)) for column in texts]
    widths = fitted(words, whole, console.width - 2 * len(columns))
    for column, width in zip(columns, widths, strict=True):
        right = column.endswith(("°C", "Count", "Spent", "Left", "Limit"))
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
    """Names and values, one below the other; those that are None are left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields.items():
        if value is not None:
            table.add_row(name, _cell(value))
    _console().print(table)


def _console() -> Console:
    """Made anew each time, for it holds on to the standard output of the moment."""
    return Console(markup=False, highlight=False, emoji=False)


def _cell(value: object) -> Text:
    text = NONE if value is None or value == "" else clean(str(value))
    return Text(text, style=_STYLES.get(text.replace(" ", "_"), ""))


def clean(text: str) -> str:
    """The text without what could drive a terminal: control and format characters are shown as escapes."""
    return "".join(
        letter if unicodedata.category(letter) not in ("Cc", "Cf", "Cs") else ascii(letter)[1:-1]
        for letter in text
    )


# --- figures in words ---


def celsius(value: float | None) -> str | None:
    """A temperature with its unit."""
    return None if value is None else f"{value:.2f} °C"


def window(limits: Mapping[str, float | None] | None) -> str | None:
    """A window; either side may be open."""
    low, high = (limits or {}).get("low"), (limits or {}).get("high")
    if low is None and high is None:
        return None
    if low is None:
        return f"up to {high:g} °C"
    return f"from {low:g} °C" if high is None else f"{low:g} to {high:g} °C"


def local(text: str | None, zone: ZoneInfo) -> str | None:
    """An instant of the JSON in a time zone, with its offset; seconds are cut, not rounded."""
    if text is None:
        return None
    moment = to_datetime(parse_instant(text), zone)
    offset = f"{moment:%z}"
    return f"{moment.year:04d}-{moment:%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def duration(seconds: float | None) -> str | None:
    """A span of time in its two largest units, cut off."""
    if seconds is None:
        return None
    whole = int(seconds)
    for size, name, smaller, smaller_name in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {name} {rest} {smaller_name}" if rest else f"{whole // size} {name}"
    return f"{whole} s"


def percent(share: float | None) -> str | None:
    """A share of one as a percentage, cut off rather than rounded up: 99.96 % is not 100 %."""
    return None if share is None else f"{int(share * 1000 + 1e-9) / 10:g} %"


def words(code: str | None) -> str | None:
    """A code as words: ``at_risk`` is "at risk"."""
    return None if code is None else code.replace("_", " ")
