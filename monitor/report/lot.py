"""A lot's history as a folder of JSON and CSV, with a manifest of hashes."""

from __future__ import annotations

import csv
import hashlib
import heapq
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from monitor.core.answer.lot import LotAnswer
from monitor.core.answer.shape import AnyAnswer
from monitor.core.time.instant import DAY, EARLIEST, HOUR, format_instant, parse_instant
from monitor.ports import JSON, View
from monitor.wire.format import NAME

FORMAT = "exosome-monitor lot history 1"
SLICE = 30 * DAY
"""How much of a channel is asked for, and in memory, at a time."""

READING_COLUMNS = ("site", "unit", "probe", "measured_at", "celsius", "quality", "reason", "in_custody")
CUSTODY_COLUMNS = ("unit", "from", "to", "channel")
EXCURSION_COLUMNS = (
    "id",
    "version",
    "channel",
    "direction",
    "started_at",
    "ended_at",
    "closed_at",
    "confirmed_at",
    "confirmed_by",
    "extreme_celsius",
    "degree_minutes",
    "seconds_by_band",
    "unknown_seconds",
    "profile",
    "profile_version",
    "events",
    "lots",
    "superseded_by",
)


class ReportStay(NamedTuple):
    """A stay of the lot in a unit, ``start`` ≤ time < ``end``; ``channel`` is the unit's product probe."""

    channel: str
    start: int
    end: int


class _Row(NamedTuple):
    """A line of readings.csv; the order of the fields is the order of the lines."""

    measured_at: int
    channel: str
    celsius: float | None
    quality: str
    reason: str | None


def export_lot(view: View, lot: str, out: Path, *, version: str, as_of: int | None = None) -> Path:
    """Writes the history of a lot as of an instant (default: now) and returns its folder, ``out/<lot>``.

    The folder holds ``lot.json`` (as the view gives it), ``readings.csv`` (every reading of the product probe while
    the lot was in its unit, and on either side of each stay the nearest one that isn't bad, marked
    ``in_custody`` false), ``excursions.csv``, ``custody.csv`` and ``manifest.json``. The same history gives the
    same bytes; in the manifest ``created_at`` differs. ``incomplete`` there lists stays without readings: a
    unit that is configured no more.

    Raises LookupError for an unknown lot, ValueError for an id that names no folder or a lot that can't be judged,
    and FileExistsError if there is anything in the folder already. What is written appears under its name all at once.
    """
    at = view.now() if as_of is None else as_of
    card = view.lot(lot, as_of=at)
    if card is None:
        raise LookupError(f"there is no lot {lot!r} as of {format_instant(at)}")
    if not NAME.fullmatch(lot) or lot in (".", ".."):
        raise ValueError(f"lot {lot!r} can't be exported: its id is not the name of a folder")
    if any(reason["code"] == "not_judged" for reason in card["reasons"]):
        raise ValueError(f"lot {lot!r} can't be exported: the program fails at judging it; see /readyz")
    target = out / lot
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} is there already; an export overwrites nothing")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{lot}-", dir=out) as nursery:
        folder = Path(nursery) / lot
        folder.mkdir()
        _write(folder, view, card, at, version)
        folder.rename(target)
    return target


def _write(folder: Path, view: View, lot: LotAnswer, at: int, version: str) -> None:
    disposed_at = lot.get("disposed_at")
    judged_at = min(at, parse_instant(disposed_at)) if disposed_at else at
    stays, custody, incomplete = _stays(view, lot, judged_at)
    excursions = view.excursions(lot=lot["lot"], as_of=judged_at)
    excursions.sort(key=lambda each: (each["started_at"], each["channel"], each["id"]))
    _write_json(folder / "lot.json", lot)
    counts = {
        "lot.json": None,
        "readings.csv": _write_csv(
            folder / "readings.csv", READING_COLUMNS, _readings(view, stays, judged_at)
        ),
        "excursions.csv": _write_csv(
            folder / "excursions.csv",
            EXCURSION_COLUMNS,
            ([_flat(each.get(column)) for column in EXCURSION_COLUMNS] for each in excursions),
        ),
        "custody.csv": _write_csv(folder / "custody.csv", CUSTODY_COLUMNS, custody),
    }
    manifest = {
        "format": FORMAT,
        "lot": lot["lot"],
        "as_of": format_instant(at),
        "created_at": format_instant(view.now()),
        "software": {"name": "exosome-monitor", "version": version},
        "queries": [
            {"channel": stay.channel, "from": format_instant(stay.start), "to": format_instant(stay.end)}
            for stay in stays
        ],
        "incomplete": incomplete,
        "files": [{"name": name, **_digest(folder / name), "rows": rows} for name, rows in counts.items()],
    }
    _write_json(folder / "manifest.json", manifest)


# --- what the lot went through ---


def _stays(view: View, lot: LotAnswer, at: int) -> tuple[list[ReportStay], list[list[Any]], list[JSON]]:
    """The stays in units, the lines of custody.csv, and the stays whose readings can't be had."""
    stays, lines, incomplete = list[ReportStay](), list[list[Any]](), list[JSON]()
    for each in sorted(lot["custody"], key=lambda stay: (stay["from"], stay["to"] is None, stay["to"])):
        channel = None if each["unit"] is None else _product_channel(view, each["unit"])
        lines.append([each["unit"], each["from"], each["to"], channel])
        # The instant of as_of itself still counts: a reading at it is judged.
        end = at + 1 if each["to"] is None else parse_instant(each["to"])
        if channel is not None:
            stays.append(ReportStay(channel, parse_instant(each["from"]), end))
        elif each["unit"] is not None:
            incomplete.append(
                {**each, "reason": "the unit is configured no more; its readings are in the store"}
            )
    return stays, lines, incomplete


def _product_channel(view: View, unit: str) -> str | None:
    card = view.unit(unit)
    if card is None:
        return None
    return next((f"{unit}/{probe['probe']}" for probe in card["probes"] if probe["product"]), None)


def _readings(view: View, stays: Sequence[ReportStay], at: int) -> Iterator[list[Any]]:
    """The lines of readings.csv in the order of their instants, whatever the number of stays."""
    edges = {
        row for stay in stays for row in (_before(view, stay), _after(view, stay, at)) if row is not None
    }
    outside = sorted((row for row in edges if not _is_in_custody(row, stays)), key=_order)
    inside = (row for stay in stays for row in _between(view, stay.channel, stay.start, stay.end))
    marked = heapq.merge(
        ((row, True) for row in inside), ((row, False) for row in outside), key=lambda pair: _order(pair[0])
    )
    for row, in_custody in marked:
        figures = (format_instant(row.measured_at), row.celsius, row.quality, row.reason)
        yield [*row.channel.split("/"), *figures, "true" if in_custody else "false"]


def _order(row: _Row) -> tuple[Any, ...]:
    return (row.measured_at, row.channel, row.celsius is None, row.celsius, row.quality, row.reason or "")


def _is_in_custody(row: _Row, stays: Iterable[ReportStay]) -> bool:
    return any(stay.channel == row.channel and stay.start <= row.measured_at < stay.end for stay in stays)


def _between(view: View, channel: str, start: int, end: int) -> Iterator[_Row]:
    """Every reading of a channel with ``start`` ≤ measured_at < ``end``, sorted, in bounded pieces."""
    for first in range(start, end, SLICE):
        yield from _asked(view, channel, first, min(first + SLICE, end))


def _asked(view: View, channel: str, start: int, end: int) -> list[_Row]:
    course = view.readings(channel, start, end, 0)
    rows = [
        _Row(
            parse_instant(reading["measured_at"]),
            channel,
            reading["celsius"],
            reading["quality"],
            reading.get("reason"),
        )
        for reading in (course["readings"] if course else [])
    ]
    # A view may take its end inclusively; a reading at it belongs to the next piece.
    return sorted((row for row in rows if start <= row.measured_at < end), key=_order)


def _before(view: View, stay: ReportStay) -> _Row | None:
    """The last reading before a stay that isn't bad: the line into the stay begins there."""
    end, width = stay.start, HOUR
    while end > EARLIEST:
        start = max(end - width, EARLIEST)
        rows = [row for row in _asked(view, stay.channel, start, end) if row.quality != "bad"]
        if rows:
            return rows[-1]
        end, width = start, 2 * width  # doubling: all of time in some 25 questions
    return None


def _after(view: View, stay: ReportStay, at: int) -> _Row | None:
    """The first reading at or after the end of a stay that isn't bad, as far as ``at`` knows."""
    start, width = stay.end, HOUR
    while start <= at:
        end = min(start + width, at + 1)
        rows = [row for row in _asked(view, stay.channel, start, end) if row.quality != "bad"]
        if rows:
            return rows[0]
        start, width = end, 2 * width
    return None


# --- files ---


def _write_json(path: Path, document: AnyAnswer) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Writes lines below a header and returns their number: RFC 4180 in UTF-8, lines end in CR LF."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        # CR LF also makes the writer quote cells with either of them inside.
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_neutral(cell) for cell in row])
            count += 1
    return count


def _neutral(cell: Any) -> Any:
    """A cell that no spreadsheet runs: text that could be a formula gets an apostrophe. Numbers stay numbers."""
    return (
        f"'{cell}"
        if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        else cell
    )


def _flat(value: Any) -> Any:
    """Lists and tables as JSON in one cell."""
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return value


def _digest(path: Path) -> JSON:
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}
