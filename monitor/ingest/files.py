"""Files of the past: what each is, whether it can be read, and its rows as messages, part by part.

What a file is shows in its first bytes, not in its name: Parquet, JSON Lines or CSV; CSV and JSON Lines also
compressed by gzip. ``-`` is standard input. All memory is bounded by a part and by a line, whatever the file's size.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from monitor.core.time.instant import format_instant
from monitor.ingest import parquet
from monitor.ingest.past_file import (
    PART_BYTES,
    PART_ROWS,
    FilePart,
    Kind,
    PastFile,
    UnusableFileError,
    opened,
    refused,
    standard_input,
    text_of,
)
from monitor.ingest.table import csv_parts, read_header
from monitor.ports import Clock, Message
from monitor.wire.recording import LINE_BYTES_MAX, Origin, decode_line

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_BOM = b"\xef\xbb\xbf"


def look_at(name: str) -> PastFile:
    """What a file is; raises :class:`UnusableFileError`, before any of it is taken, if it can't be imported.

    Of standard input only the kind is known until it is read.
    """
    if name == "-":
        kind, is_zipped = _kind_of(name, standard_input())
        return PastFile("-", kind, is_zipped, 0, "")
    try:
        with Path(name).open("rb") as raw:
            kind, is_zipped = _kind_of(name, raw)
            raw.seek(0)
            digest = hashlib.file_digest(raw, "sha256").hexdigest()
        file = PastFile(name, kind, is_zipped, Path(name).stat().st_size, digest)
        if kind != "jsonl":
            with opened(file) as stream:
                _check_columns(file, stream)
    except OSError as error:
        raise UnusableFileError(name, f"can't be read: {error.strerror or error}") from None
    except _DAMAGED as error:
        raise UnusableFileError(name, f"is damaged: {error}") from None
    return file


_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)


def _kind_of(name: str, stream: io.BufferedReader) -> tuple[Kind, bool]:
    """The kind of a stream by its first bytes, which stay there to be read."""
    head = stream.peek(1024)
    if head[:4] == _PARQUET:
        if name == "-":
            raise UnusableFileError(name, "Parquet is read from a file, not from standard input")
        return "parquet", False
    is_zipped = head[:2] == _GZIP
    if is_zipped:
        # Enough of it to see the first character: a damaged rest shows when it is read.
        head = zlib.decompressobj(wbits=31).decompress(head, 256)
    if not head.removeprefix(_BOM).strip():
        raise UnusableFileError(name, "is empty: it needs at least a header line")
    return ("jsonl" if head.removeprefix(_BOM).lstrip()[:1] == b"{" else "csv"), is_zipped


def _check_columns(file: PastFile, source: opened) -> None:
    if file.kind == "parquet":
        parquet.check_columns(file.name)
    else:
        read_header(file.name, text_of(source))


def read_parts(file: PastFile, *, root: str, clock: Clock, skip: int = 0) -> Iterator[FilePart]:
    """The file's rows as messages below ``root``, without the first ``skip`` rows; every message with its
    :class:`~monitor.wire.recording.Origin` as token, and ``retained``: none is a sign of life.

    Rows of CSV and Parquet are received now; recorded messages when the recording says. Raises
    :class:`UnusableFileError` where the file turns out to be damaged; the parts before it were good.
    """
    if file.kind == "parquet":
        yield from parquet.parquet_parts(file, root=root, clock=clock, skip=skip)
        return
    try:
        with opened(file) as source:
            if file.kind == "jsonl":
                yield from _recorded_parts(file.name, source, clock, skip)
            else:
                yield from csv_parts(file.name, source, root=root, clock=clock, skip=skip)
    except _DAMAGED as error:
        raise UnusableFileError(
            file.name, f"is damaged ({error}); what could be read of it was taken"
        ) from None
    except OSError as error:
        raise UnusableFileError(file.name, f"can't be read on: {error.strerror or error}") from None


def _recorded_parts(name: str, source: opened, clock: Clock, skip: int) -> Iterator[FilePart]:
    messages: list[Message] = []
    size, rows, number, now = 0, 0, 0, clock.now()
    for line in _lines(source.stream):
        number += 1
        if not line.strip():
            continue
        rows += 1
        if rows <= skip:
            continue
        messages.append(recorded_message(name, number, line, now))
        size += len(line)
        if len(messages) >= PART_ROWS or size >= PART_BYTES:
            yield FilePart(messages, rows, source.share)
            messages, size, now = [], 0, clock.now()
    if messages:
        yield FilePart(messages, rows, source.share)


def _lines(stream: io.BufferedReader) -> Iterator[bytes]:
    """The lines; of one that is too long only its beginning, longer than a line may be."""
    while line := stream.readline(LINE_BYTES_MAX + 2):
        if len(line) > LINE_BYTES_MAX and not line.endswith(b"\n"):
            while (more := stream.readline(LINE_BYTES_MAX)) and not more.endswith(b"\n"):
                pass
        yield line


def recorded_message(name: str, number: int, line: bytes, now: int) -> Message:
    """A line of a recording as a message, or as one refused: it holds none, or one that is yet to come."""
    line = line.removeprefix(_BOM) if number == 1 else line
    try:
        recorded = decode_line(line.strip())
    except ValueError as error:
        return refused(name, number, "", line, now, ("not_recorded", str(error)))
    received_at = now if recorded.received_at is None else recorded.received_at
    if received_at > now:
        text = f"received_at {format_instant(received_at)} lies in the future"
        return refused(name, number, recorded.topic, line, now, ("bad_time", text))
    topic = recorded.topic.replace("\0", "\ufffd")  # not every database keeps a NUL
    return Message(topic, recorded.payload, received_at, True, Origin(name, (number,)))
