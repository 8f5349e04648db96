"""A file of the past: what it is, its bytes, and a row of it that no message could be made of."""

from __future__ import annotations

import gzip
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from monitor.ports import Message
from monitor.wire.recording import Origin

PART_ROWS = 10_000
"""Rows of one part: what is committed at once, and what is in memory at once."""
PART_BYTES = 8 * 1024 * 1024

Kind = Literal["csv", "jsonl", "parquet"]


class UnusableFileError(ValueError):
    """A file that can't be read, or lacks what is needed; the text names the file and the remedy."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")


class FilePart(NamedTuple):
    """Some rows of a file. ``rows``: how many of the file there are up to its end; ``share``: how much of the file
    that is, 0 to 1, 0 where it isn't known."""

    messages: list[Message]
    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class PastFile:
    """A file to import. ``digest`` is that of its bytes, as they are; empty for standard input."""

    name: str
    kind: Kind
    is_zipped: bool
    size: int
    digest: str


def standard_input() -> io.BufferedReader:
    """The bytes that are piped in, which can be looked at without taking them."""
    stream = sys.stdin.buffer
    assert isinstance(stream, io.BufferedReader)
    return stream


class opened:  # noqa: N801  used as a context
    """A file's bytes, unzipped. ``share`` says how much of the file has been read, ``stream`` gives them."""

    def __init__(self, file: PastFile) -> None:
        self._file = file
        self._raw: IO[bytes] | None = None

    def __enter__(self) -> opened:
        raw: Any = (
            standard_input() if self._file.name == "-" else Path(self._file.name).open("rb", buffering=0)
        )
        self._raw = raw
        unzipped: Any = gzip.GzipFile(fileobj=raw) if self._file.is_zipped else raw
        self.stream: io.BufferedReader = (
            unzipped if isinstance(unzipped, io.BufferedReader) else io.BufferedReader(unzipped, 1 << 18)
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._raw is not None and self._file.name != "-":
            self._raw.close()

    @property
    def share(self) -> float:
        """How much of the file has been read, 0 to 1."""
        return self._raw.tell() / self._file.size if self._raw is not None and self._file.size else 0.0


def text_of(source: opened) -> io.TextIOWrapper:
    """The stream as text. Bytes that are no UTF-8 become U+FFFD, which no name, time or number holds: the rows with
    them are refused by themselves."""
    return io.TextIOWrapper(source.stream, "utf-8-sig", errors="replace", newline="")


def refused(name: str, line: int, topic: str, text: bytes, now: int, why: tuple[str, str]) -> Message:
    """A row that no message could be made of: kept as it stood, with the reason and a sentence."""
    return Message(topic, text, now, True, Origin(name, (line,), why))
