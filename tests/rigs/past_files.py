"""Files of the past for tests: written, read as the import reads them, and decoded as the writer does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.core.time.instant import parse_instant
from monitor.ingest.decode import Decoder
from monitor.ingest.files import look_at, read_parts
from monitor.ingest.past import decode
from monitor.ingest.past_file import FilePart
from monitor.ports import Decoded, Message
from monitor.testing import ManualClock

ROOT = "exosome/v1"
NOW = parse_instant("2026-11-22T12:00:00Z")
HEADER = "site,unit,probe,measured_at,celsius"
ROW = "lab1,F01,product,2026-11-22T10:00:00Z,-80.5"
AT = parse_instant("2026-11-22T10:00:00Z")
DECODER = Decoder(ROOT, {"lab1/F01/product": 1, "lab1/F02/product": 2}, {"lab1/F01"}, {"lab1"}, {"ult"})


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    def write_file(*lines: str, name: str = "past.csv", end: str = "\n") -> str:
        (tmp_path / name).write_bytes((end.join(lines) + end).encode())
        return str(tmp_path / name)

    return write_file


def parts(name: str, skip: int = 0) -> list[FilePart]:
    return list(read_parts(look_at(name), root=ROOT, clock=ManualClock(NOW), skip=skip))


def messages(name: str, skip: int = 0) -> list[Message]:
    return [message for part in parts(name, skip) for message in part.messages]


def taken(name: str) -> Decoded:
    return decode(DECODER, messages(name))


def readings(name: str) -> list[tuple[int, int, float | None, str | None]]:
    decoded = taken(name)
    assert decoded.rejected == []
    return [(a.channel, a.reading.measured_at, a.reading.celsius, a.reading.fault) for a in decoded.readings]


def reasons(name: str) -> list[tuple[str, str]]:
    return [(row["reason"], row["detail"].removeprefix(name)) for row in taken(name).rejected]
