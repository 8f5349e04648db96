"""Parquet files of readings as messages. A column's type says once what a CSV file says in each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from math import isfinite
from typing import Any

from monitor.ingest.past_file import PART_ROWS, FilePart, PastFile, UnusableFileError
from monitor.ingest.table import (
    NEEDED,
    OPTIONAL,
    Columns,
    Packer,
    Wrong,
    celsius_text,
    find_columns,
    optional_text,
    time_text,
)
from monitor.ports import Clock

_PER_MS = {"s": (1_000, 1), "ms": (1, 1), "us": (1, 1_000), "ns": (1, 1_000_000)}


def _open(name: str) -> Any:
    """The file as pyarrow opens it; raises :class:`UnusableFileError`. pyarrow is optional, has no types, and takes
    half a second to import: hence like this, and late."""
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        text = "is Parquet, which needs pyarrow: pip install pyarrow, or write the file as CSV"
        raise UnusableFileError(name, text) from None
    try:
        return parquet.ParquetFile(name)
    except (import_module("pyarrow").ArrowException, OSError) as error:
        raise UnusableFileError(name, f"can't be read as Parquet: {str(error).splitlines()[0]}") from None


def check_columns(name: str) -> Columns:
    """The columns by name and type; raises :class:`UnusableFileError` for one that is missing or can't be meant."""
    with _open(name) as file:
        schema = file.schema_arrow
    types = import_module("pyarrow.types")
    columns = find_columns(name, schema.names)
    for column in (*NEEDED[:3], "fault"):
        if column in schema.names and not _is_text(schema.field(column).type):
            _refuse_type(name, column, schema, "text")
    for column in ("celsius", "seq", "battery_percent"):
        if column in schema.names:
            kind = schema.field(column).type
            is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
            if not (is_number or types.is_null(kind) or _is_text(kind)):
                _refuse_type(name, column, schema, "numbers")
    at = schema.field("measured_at").type
    if types.is_timestamp(at) and at.tz is None:
        text = "its column measured_at has no time zone: write it with one (pandas: dt.tz_localize), in UTC for example"
        raise UnusableFileError(name, text)
    if not (types.is_timestamp(at) or types.is_integer(at) or _is_text(at)):
        _refuse_type(
            name, "measured_at", schema, "timestamps with a time zone, epoch milliseconds or RFC 3339 texts"
        )
    return columns


def _is_text(kind: Any) -> bool:
    types = import_module("pyarrow.types")
    inner = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(inner) or types.is_large_string(inner) or types.is_null(inner))


def _refuse_type(name: str, column: str, schema: Any, wanted: str) -> None:
    kind = schema.field(column).type
    raise UnusableFileError(name, f"its column {column} is of type {kind}: write {wanted}")


def parquet_parts(file: PastFile, *, root: str, clock: Clock, skip: int) -> Iterator[FilePart]:
    """The rows of a Parquet file as messages; a row's line is its number, counted from 1."""
    pyarrow = import_module("pyarrow")
    columns = check_columns(file.name)
    names = [*NEEDED, *(column for column, _ in columns.optional)]
    packer = Packer(file.name, root, clock)
    rows = 0
    with _open(file.name) as source:
        total = source.metadata.num_rows or 1
        try:
            for batch in source.iter_batches(batch_size=PART_ROWS, columns=names):
                start = max(0, skip - rows)
                if start < batch.num_rows:
                    _pack(packer, batch.slice(start), rows + start + 1)
                    yield FilePart(packer.take(), rows + batch.num_rows, (rows + batch.num_rows) / total)
                rows += batch.num_rows
        except (pyarrow.ArrowException, OSError) as error:
            text = f"is damaged ({str(error).splitlines()[0]}); what could be read of it was taken"
            raise UnusableFileError(file.name, text) from None


def _pack(packer: Packer, batch: Any, first: int) -> None:
    """Adds the rows of a batch; ``first`` is the number of the first."""
    at = _times(batch.column(NEEDED[3]))
    keys = zip(*(batch.column(name).to_pylist() for name in NEEDED[:3]), strict=True)
    celsius = batch.column(NEEDED[4]).to_pylist()
    present = [name for name in OPTIONAL if name in batch.schema.names]
    more: Iterator[Sequence[Any]] = (
        zip(*(batch.column(name).to_pylist() for name in present), strict=True)
        if present
        else iter([()] * batch.num_rows)
    )
    for number, (raw, measured_at, value, rest) in enumerate(
        zip(keys, at, celsius, more, strict=True), first
    ):
        key = tuple("" if each is None else each for each in raw)
        try:
            item = f'{{"measured_at":{_time(measured_at)},"celsius":{_celsius(value)}'
            for column, cell in zip(present, rest, strict=True):
                if cell is not None:
                    item += optional_text(column, str(cell))
        except Wrong as wrong:
            packer.refuse(number, (*key, measured_at, value, *rest), key, wrong.args)
            continue
        items, lines = packer.group(key)
        items.append(item + "}")
        lines.append(number)


def _times(column: Any) -> list[int | str | None]:
    """Instants in ms (finer ones cut off), or the texts as they stand."""
    pyarrow = import_module("pyarrow")
    kind = column.type
    if not pyarrow.types.is_timestamp(kind):
        texts: list[int | str | None] = column.to_pylist()
        return texts
    times, by = _PER_MS[kind.unit]
    return [None if at is None else at * times // by for at in column.cast(pyarrow.int64()).to_pylist()]


def _time(value: int | str | None) -> str:
    if value is None:
        raise Wrong("missing_field", "measured_at is null")
    return str(value) if isinstance(value, int) else time_text(value)


def _celsius(value: Any) -> str:
    """A cell's number as JSON; NaN stands for none."""
    if value is None:
        return "null"
    if isinstance(value, float):
        if isfinite(value):
            return repr(value)
        if value != value:
            return "null"
        raise Wrong("bad_number", f"celsius {value} is not a finite number")
    return celsius_text(str(value))
