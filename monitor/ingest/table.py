"""Tables of readings as messages: a row is a reading in the words of wire format v1, or is refused by itself.

Rows of a part that are of one channel become arrays, as a gateway would have uploaded them. What a cell means is left
to the wire format as far as that goes; here is only what a table can't say: numbers are texts, and nothing is null.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, NamedTuple

from monitor.core.profile.unit import Channel
from monitor.ingest.past_file import PART_ROWS, FilePart, UnusableFileError, opened, refused, text_of
from monitor.ports import Clock, Message
from monitor.wire.recording import Origin
from monitor.wire.registry import OURS

NEEDED = ("site", "unit", "probe", "measured_at", "celsius")
OPTIONAL = ("fault", "seq", "battery_percent")
NULLS = frozenset({"", "null", "nan", "none", "na", "n/a"})
"""What stands for no value in tables, in small letters."""
MESSAGE_ITEMS = 500
"""Readings of one message; with a cell's longest text that stays below the wire's 256 KiB."""
CELL_MAX = 64
_HEADER_MAX = 64 * 1024
_LINE_MAX = 1024 * 1024

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,30})?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_PLAIN_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.Z+-]{6,30}", re.ASCII)


class Wrong(Exception):  # noqa: N818  a row's, not the program's
    """A cell that means nothing: the reason and a sentence."""


class Columns(NamedTuple):
    """Where the columns are, and how many there are; ``optional`` names those that are there, with their places."""

    key: tuple[int, int, int]
    measured_at: int
    celsius: int
    optional: tuple[tuple[str, int], ...]
    width: int


def find_columns(name: str, header: Sequence[str]) -> Columns:
    """The columns by their names; raises :class:`UnusableFileError` for a header that lacks or repeats one."""
    names = [each.strip() for each in header]
    header_names = ", ".join(repr(each) for each in names[:20]) or "none"
    missing = [each for each in NEEDED if each not in names]
    if missing:
        columns = "column" if len(missing) == 1 else "columns"
        hint = "; separate columns by commas" if len(names) == 1 and re.search("[;\t|]", names[0]) else ""
        lacking = f"lacks the {columns} {', '.join(missing)} (found: {header_names})"
        text = f"{lacking}: name the {columns} in the first line{hint}"
        raise UnusableFileError(name, text)
    for each in (*NEEDED, *OPTIONAL):
        if names.count(each) > 1:
            raise UnusableFileError(name, f"has the column {each} twice: rename or remove one")
    site, unit, probe, measured_at, celsius = (names.index(each) for each in NEEDED)
    optional = tuple((each, names.index(each)) for each in OPTIONAL if each in names)
    return Columns((site, unit, probe), measured_at, celsius, optional, len(names))


def read_header(name: str, text: io.TextIOWrapper) -> Columns:
    """The columns of a CSV file, whose first line is read."""
    line = text.readline(_HEADER_MAX)
    try:
        (header,) = csv.reader([line], strict=True)
    except (csv.Error, ValueError):
        raise UnusableFileError(name, "has no header: its first line is no line of CSV") from None
    return find_columns(name, header)


# --- cells ---


def celsius_text(cell: str) -> str:
    """A cell's number as JSON, ``null`` for one that stands for none; raises :class:`Wrong`."""
    return cell if _JSON_NUMBER.fullmatch(cell) else number_text("celsius", cell)


def number_text(column: str, cell: str) -> str:
    """As :func:`celsius_text`, for any column, and however the number is written."""
    text = cell.strip()
    if text.lower() in NULLS:
        return "null"
    if len(text) <= CELL_MAX and _NUMBER.fullmatch(text) and isfinite(value := float(text)):
        return repr(value)
    raise Wrong("bad_number", f"{column} {text[:CELL_MAX]!r} is not a finite number (such as -79.84)")


def time_text(cell: str) -> str:
    """A cell's time as JSON: epoch milliseconds as a number, anything else as a text for the wire format to judge."""
    if _PLAIN_TIME.fullmatch(cell):
        return f'"{cell}"'
    text = cell.strip()
    if len(text) > CELL_MAX:
        raise Wrong(
            "bad_time", f"measured_at {text[:CELL_MAX]!r} … is not RFC 3339 (like 2026-11-22T10:00:00.000Z)"
        )
    return str(int(text)) if _INTEGER.fullmatch(text) else json.dumps(text)


def optional_text(column: str, cell: str) -> str:
    """The JSON of an optional cell, with its name, to follow others; empty where the cell says nothing."""
    text = cell.strip()
    if text.lower() in NULLS:
        return ""
    if column == "fault":
        if len(text) > CELL_MAX:
            raise Wrong("bad_fault", f"fault {text[:CELL_MAX]!r} … is none that there is")
        return f',"fault":{json.dumps(text)}'
    if column == "seq":
        whole = text.removesuffix(".0")  # what tables make of whole numbers where some are missing
        if not _INTEGER.fullmatch(whole):
            raise Wrong("bad_number", f"seq {text[:CELL_MAX]!r} is not a whole number")
        return f',"seq":{int(whole)}'
    return f',"{column}":{number_text(column, text)}'


# --- rows to messages ---


class Packer:
    """Gathers the readings of a part by channel, and makes messages of them."""

    def __init__(self, name: str, root: str, clock: Clock) -> None:
        self.name = name
        self.now = clock.now()
        self._root = root
        self._clock = clock
        self._groups: dict[tuple[str, ...], tuple[list[str], list[int]]] = {}
        self._refused: list[Message] = []

    def group(self, key: tuple[str, ...]) -> tuple[list[str], list[int]]:
        """Where readings (as JSON) and lines of a channel gather."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = ([], [])
        return group

    def refuse(self, line: int, row: Sequence[object], key: tuple[str, ...], why: tuple[str, str]) -> None:
        """Sets a row aside."""
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(row)
        topic = self._topic(key) if key else ""
        self._refused.append(refused(self.name, line, topic, text.getvalue().encode(), self.now, why))

    def _topic(self, key: tuple[str, ...]) -> str:
        site, unit, probe = (each.strip().replace("\0", "\ufffd")[: CELL_MAX + 1] for each in key)
        return OURS.reading_topic(Channel(site, unit, probe), self._root)

    def take(self) -> list[Message]:
        """The messages of the part; the next one begins."""
        messages, now = self._refused, self.now
        for key, (items, lines) in self._groups.items():
            topic = self._topic(key)
            for start in range(0, len(items), MESSAGE_ITEMS):
                end = start + MESSAGE_ITEMS
                payload = f"[{','.join(items[start:end])}]".encode()
                messages.append(
                    Message(topic, payload, now, True, Origin(self.name, tuple(lines[start:end])))
                )
        self._groups, self._refused, self.now = {}, [], self._clock.now()
        return messages


def csv_parts(name: str, source: opened, *, root: str, clock: Clock, skip: int) -> Iterator[FilePart]:
    """The rows of a CSV file as messages; a row's line is the one that it ends on."""
    text = text_of(source)
    columns = read_header(name, text)
    # A line that is far too long comes in pieces, of which each is refused.
    reader = csv.reader(iter(lambda: text.readline(_LINE_MAX), ""), strict=True)
    packer = Packer(name, root, clock)
    rows = 0
    while rows < skip and (count := _fill(packer, columns, reader, min(PART_ROWS, skip - rows))):
        rows += count
        packer.take()
    while count := _fill(packer, columns, reader, PART_ROWS):
        rows += count
        yield FilePart(packer.take(), rows, source.share)


def _fill(packer: Packer, columns: Columns, reader: Any, wanted: int) -> int:
    """Reads up to ``wanted`` rows, and says how many there were. Empty lines are none."""
    site, unit, probe = columns.key
    is_plain_time, is_plain_number, group = _PLAIN_TIME.fullmatch, _JSON_NUMBER.fullmatch, packer.group
    count = 0
    while count < wanted:
        try:
            for row in reader:
                if not row:
                    continue
                count += 1
                # The reader's first line is the file's second: the header was read before it, hence + 1.
                if len(row) != columns.width:
                    text = f"{len(row)} cells where the header has {columns.width}"
                    packer.refuse(reader.line_num + 1, row, (), ("bad_row", text))
                else:
                    at, celsius = row[columns.measured_at], row[columns.celsius]
                    key = (row[site], row[unit], row[probe])
                    if columns.optional or not (is_plain_time(at) and is_plain_number(celsius)):
                        _pack(packer, columns, reader.line_num + 1, row, key)
                    else:  # what nearly all rows are
                        items, lines = group(key)
                        items.append(f'{{"measured_at":"{at}","celsius":{celsius}}}')
                        lines.append(reader.line_num + 1)
                if count == wanted:
                    break
            else:
                break
        except csv.Error as error:
            count += 1
            packer.refuse(reader.line_num + 1, (), (), ("bad_row", f"no line of CSV: {error}"))
    return count


def _pack(packer: Packer, columns: Columns, line: int, row: list[str], key: tuple[str, ...]) -> None:
    try:
        item = f'{{"measured_at":{time_text(row[columns.measured_at])},"celsius":{celsius_text(row[columns.celsius])}'
        for column, place in columns.optional:
            item += optional_text(column, row[place])
    except Wrong as wrong:
        packer.refuse(line, row, key, wrong.args)
        return
    items, lines = packer.group(key)
    items.append(item + "}")
    lines.append(line)
