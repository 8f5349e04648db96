"""Recordings and Parquet files: what they hold, which lines and rows are refused; and parts on their way."""

from __future__ import annotations

import contextlib
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.ingest import files
from monitor.ingest.files import look_at
from monitor.ingest.past import decode
from monitor.ingest.past_file import UnusableFileError
from monitor.wire.recording import (
    LINE_BYTES_MAX,
    Origin,
    Recorded,
    decode_line,
    decode_part,
    encode_part,
    origin_of,
)
from tests.rigs.past_files import (
    AT,
    DECODER,
    NOW,
    ROOT,
    messages,
    parts,
    readings,
    reasons,
    taken,
    write,
)

__all__ = ["write"]  # a fixture


# --- recordings ---


def line(topic: str, payload: Any, **more: Any) -> str:
    return json.dumps({"topic": f"{ROOT}/{topic}", "payload": payload, **more})


def test_a_recording_holds_readings_statuses_and_events_as_they_came(write: Callable[..., str]) -> None:
    reading = {"measured_at": "2026-11-22T10:00:00Z", "celsius": -80}
    moved = {"event_id": "m1", "occurred_at": AT, "kind": "moved", "unit": "F01"}
    opened = {"event_id": "u1", "occurred_at": AT, "kind": "door_opened"}
    decoded = taken(
        write(
            line("lab1/F01/product/reading", reading, received_at="2026-11-22T10:00:01Z", qos=1),
            line("lab1/F01/product/reading", [reading, {**reading, "celsius": -81}], received_at=AT + 5),
            line("lab1/F01/product/reading", json.dumps(reading)),
            line("lab1/F01/product/status", "online"),
            line("lab1/F01/product/status", ""),
            line("lab1/F01/event", opened),
            line("lab1/lot/L1/event", moved, received_at=AT + 9),
            name="broker.jsonl",
        )
    )
    assert decoded.rejected == []
    assert [(a.reading.received_at - AT, a.item, a.live) for a in decoded.readings] == [
        (1000, 0, False),
        (5, 0, False),
        (5, 1, False),
        (NOW - AT, 0, False),
    ]
    assert [online for _, online, _ in decoded.statuses] == [True]
    assert [event.event_id for event, _ in decoded.unit_events] == ["u1"]
    assert [(event.lot, received_at - AT) for event, received_at in decoded.lot_events] == [("L1", 9)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not_recorded"),
        ("nonsense", "not_recorded"),
        ("[]", "not_recorded"),
        ('{"topic": "a/b"}', "not_recorded"),
        ('{"topic": 1, "payload": {}}', "not_recorded"),
        (line("x", {}, received_at="yesterday"), "not_recorded"),
        (line("x", {}, received_at="2026-11-22T10:00:00"), "not_recorded"),
        (line("x", {}, received_at=10**17), "not_recorded"),
        (line("lab1/F01/product/reading", {}, received_at=NOW + 1), "bad_time"),
        (line("lab1/F01/product/reading", {"measured_at": AT, "celsius": "-80"}), "wrong_type"),
        (line("lab1/F01/product/reading", "{"), "not_json"),
        (line("nowhere", {}), "bad_topic"),
        (line("lab1/F09/product/status", "online"), "unknown_channel"),
        (json.dumps({"topic": "\0", "payload": {}}), "bad_topic"),
        ('{"topic": "' + "x" * LINE_BYTES_MAX + '", "payload": {}}', "not_recorded"),
    ],
)
def test_a_line_that_holds_no_message_is_rejected_by_itself(
    write: Callable[..., str], text: str, reason: str
) -> None:
    good = line("lab1/F01/product/reading", {"measured_at": AT, "celsius": -80})
    name = write(good, text, good, name="broker.jsonl")
    decoded = taken(name)
    assert len(decoded.readings) == 2
    (rejected,) = decoded.rejected
    assert rejected["reason"] == reason
    assert rejected["detail"].startswith(f"{name}:2: ")
    assert "\0" not in rejected["topic"]


def test_parts_of_a_recording_are_bounded_by_messages_and_by_bytes(
    write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = write(*(line("x", {"n": n}) for n in range(25)), name="broker.jsonl")
    monkeypatch.setattr(files, "PART_ROWS", 10)
    assert [(len(part.messages), part.rows) for part in parts(name)] == [(10, 10), (10, 20), (5, 25)]
    assert [(len(part.messages), part.rows) for part in parts(name, 12)] == [(10, 22), (3, 25)]
    monkeypatch.setattr(files, "PART_BYTES", 1)
    assert [part.rows for part in parts(name)] == list(range(1, 26))


# --- Parquet ---


def test_without_pyarrow_parquet_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "past.parquet").write_bytes(b"PAR1....")
    with pytest.raises(UnusableFileError, match="pip install pyarrow"):
        look_at(str(tmp_path / "past.parquet"))


def parquet(path: Path, **columns: Any) -> str:
    pyarrow = pytest.importorskip("pyarrow")
    needed = {
        "site": ["lab1"],
        "unit": ["F01"],
        "probe": ["product"],
        "measured_at": [AT],
        "celsius": [-80.5],
    }
    table_ = pyarrow.table(
        {name: column for name, column in {**needed, **columns}.items() if column is not None}
    )
    pytest.importorskip("pyarrow.parquet").write_table(table_, path)
    return str(path)


def test_a_parquet_file_says_what_its_types_say(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    path = tmp_path / "past.dat"
    for unit, factor in (("s", 1), ("ms", 1000), ("us", 10**6), ("ns", 10**9)):
        at = pyarrow.array([AT // 1000 * factor + factor // 10_000], pyarrow.timestamp(unit, "Europe/Berlin"))
        assert readings(parquet(path, measured_at=at)) == [(1, AT, -80.5, None)]
    before = pyarrow.array([-1], pyarrow.timestamp("us", "UTC"))
    assert readings(parquet(path, measured_at=before)) == [(1, -1, -80.5, None)]
    assert readings(parquet(path, measured_at=["2026-11-22T10:00:00Z"])) == [(1, AT, -80.5, None)]
    assert readings(parquet(path, celsius=pyarrow.array([-80], pyarrow.int16()))) == [(1, AT, -80.0, None)]
    assert readings(parquet(path, celsius=[float("nan")])) == [(1, AT, None, None)]
    assert readings(parquet(path, celsius=pyarrow.nulls(1), fault=["open_circuit"])) == [
        (1, AT, None, "open_circuit")
    ]
    assert readings(parquet(path, unit=pyarrow.array(["F02"]).dictionary_encode())) == [(2, AT, -80.5, None)]
    (arrived,) = taken(parquet(path, seq=[7.0], battery_percent=[93], other=["x"])).readings
    assert (arrived.reading.seq, arrived.reading.battery_percent) == (7, 93.0)


def test_rows_of_parquet_are_rejected_by_themselves_with_their_number(tmp_path: Path) -> None:
    rows = 12
    celsius: list[float | None] = [-80.0] * rows
    celsius[3] = float("inf")
    at: list[int | None] = [AT + i for i in range(rows)]
    at[5] = None
    unit: list[str | None] = ["F01"] * rows
    unit[7], unit[8] = "F09", None
    name = parquet(
        tmp_path / "past.parquet",
        site=["lab1"] * rows,
        unit=unit,
        probe=["product"] * rows,
        measured_at=at,
        celsius=celsius,
    )
    assert len(taken(name).readings) == rows - 4
    assert sorted((reason, detail.split(":")[1]) for reason, detail in reasons(name)) == [
        ("bad_number", "4"),
        ("bad_topic", "9"),
        ("missing_field", "6"),
        ("unknown_channel", "8"),
    ]
    assert len(decode(DECODER, messages(name, 6)).readings) == 4


def test_a_parquet_column_that_is_missing_or_can_not_be_meant_refuses_the_file(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    path = tmp_path / "past.parquet"
    local = pyarrow.array([AT], pyarrow.timestamp("ms"))
    for columns, said in (
        ({"celsius": None}, "lacks the column celsius"),
        ({"measured_at": local}, "measured_at has no time zone"),
        ({"measured_at": [1.5]}, "measured_at is of type double"),
        ({"celsius": [True]}, "celsius is of type bool"),
        ({"unit": [7]}, "unit is of type int64: write text"),
    ):
        with pytest.raises(UnusableFileError, match=said):
            look_at(parquet(path, **columns))
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(UnusableFileError, match=r"past\.parquet: can't be read as Parquet"):
        look_at(str(path))


# --- on its way to the running program ---


def test_a_part_arrives_as_it_was_sent() -> None:
    sent = [
        (Recorded("a/b", b'[{"x": "\xc3\xa9"}]', 5), Origin("past.csv", (2, 3))),
        (Recorded("", b"\xff,1", 6), Origin("past.csv", (4,), ("bad_row", "no good"))),
        (Recorded("c", b"online", 7), None),
    ]
    part = decode_part(encode_part(sent, {"import:1": "9"}, last=True))
    assert part.last is True
    assert part.marks == {"import:1": "9"}
    assert [(m.topic, m.payload.encode(), m.received_at) for m in part.messages] == [
        ("a/b", b'[{"x": "\xc3\xa9"}]', 5),
        ("", b"\\xff,1", 6),
        ("c", b"online", 7),
    ]
    assert [origin_of(m) for m in part.messages] == [origin for _, origin in sent]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"messages": [{"topic": 1}]}', b'{"marks": {"a": 1}}', b"\xff"]
)
def test_a_body_that_is_no_part_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(ValueError, match="no part of an import"):
        decode_part(body)


def test_decoding_lines_of_random_bytes_raises_nothing_but_a_refusal() -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    rng = random.Random(seed)
    whole = line("lab1/F01/product/reading", {"measured_at": AT, "celsius": -80}, received_at=AT).encode()
    for _ in range(2_000):
        text = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            text[rng.randrange(len(text))] = rng.randrange(256)
        with contextlib.suppress(ValueError):
            assert decode_line(bytes(text)).topic is not None
