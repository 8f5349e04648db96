"""Tables of the past: what files are taken for, how rows become messages, and which rows are refused."""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.ingest import table
from monitor.ingest.files import look_at, read_parts
from monitor.ingest.past import decode
from monitor.ingest.past_file import UnusableFileError
from monitor.testing import ManualClock
from monitor.wire.v1 import MESSAGE_BYTES_MAX
from tests.rigs.past_files import (
    AT,
    DECODER,
    HEADER,
    NOW,
    ROOT,
    ROW,
    messages,
    parts,
    readings,
    reasons,
    taken,
    write,
)

__all__ = ["write"]  # a fixture


# --- CSV ---


def test_a_row_is_a_reading_that_is_received_now_and_is_no_sign_of_life(write: Callable[..., str]) -> None:
    (arrived,) = taken(write(HEADER, ROW)).readings
    assert (arrived.channel, arrived.live) == (1, False)
    assert arrived.reading == (AT, NOW, -80.5, None, None, None)


def test_columns_may_stand_in_any_order_beside_others_and_with_spaces(write: Callable[..., str]) -> None:
    name = write(
        "note, celsius ,probe,battery_percent,unit,site,seq,fault,measured_at",
        "hm,-80.5,product, 93 ,F01,lab1,7,,2026-11-22T10:00:00Z",
        f"hm, ,product,,F01,lab1,8.0,open_circuit,{AT + 1}",
    )
    first, second = (arrived.reading for arrived in taken(name).readings)
    assert first == (AT, NOW, -80.5, None, 7, 93.0)
    assert second == (AT + 1, NOW, None, "open_circuit", 8, None)


@pytest.mark.parametrize(
    ("cell", "celsius"),
    [
        ("-80", -80.0),
        ("-80.0", -80.0),
        ("+4.5", 4.5),
        (".5", 0.5),
        ("-8e1", -80.0),
        ("-80.", -80.0),
        ("007", 7.0),
        (" 5 ", 5.0),
        ("", None),
        ("NULL", None),
        ("nan", None),
        ("NaN", None),
        ("None", None),
        ("N/A", None),
    ],
)
def test_a_number_in_a_table_is_a_number_and_a_word_for_none_is_null(
    write: Callable[..., str], cell: str, celsius: float | None
) -> None:
    assert readings(write(HEADER, f"lab1,F01,product,{AT},{cell}")) == [(1, AT, celsius, None)]


@pytest.mark.parametrize(
    ("row", "reason", "text"),
    [
        (f"lab1,F01,product,{AT},-80x", "bad_number", "celsius '-80x' is not a finite number"),
        (f'lab1,F01,product,{AT},"-80,5"', "bad_number", "celsius '-80,5' is not a finite number"),
        (f"lab1,F01,product,{AT},inf", "bad_number", "celsius 'inf' is not a finite number"),
        (f"lab1,F01,product,{AT},1e999", "bad_number", "celsius '1e999' is not a finite number"),
        (f"lab1,F01,product,{AT},−80", "bad_number", "celsius '−80' is not a finite number"),
        (f"lab1,F01,product,{AT},true", "bad_number", "celsius 'true' is not a finite number"),
        (f'lab1,F01,product,{AT},"1,""fault"":null"', "bad_number", "is not a finite number"),
        (f"lab1,F01,product,{AT},-80,5", "bad_row", "6 cells where the header has 5"),
        ("lab1,F01,product,2026-11-22T10:00:00Z", "bad_row", "4 cells where the header has 5"),
        ("lab1,F01,product,2026-11-22T10:00:00,-80", "bad_time", "has no offset from UTC"),
        ("lab1,F01,product,2026-11-22 10:00:00,-80", "bad_time", "has no offset from UTC"),
        ("lab1,F01,product,22.11.2026 10:00,-80", "bad_time", "is not RFC 3339"),
        ("lab1,F01,product,,-80", "bad_time", "is not RFC 3339"),
        ('lab1,F01,product,"2026"",""x"":""",-80', "bad_time", "is not RFC 3339"),
        ("lab1,F01,product,1e12,-80", "bad_time", "is not RFC 3339"),
        (f"lab1,F01,product,{'9' * 19},-80", "bad_time", "outside the years 1 to 9999"),
        (f"lab1,F01,product,{'x' * 5000},-80", "bad_time", "is not RFC 3339"),
        (f"lab1,F09,product,{AT},-80", "unknown_channel", "channel 'lab1/F09/product'"),
        (f"lab1,F01,product/x,{AT},-80", "bad_topic", ""),
        (f",F01,product,{AT},-80", "bad_topic", ""),
        (f"lab1,F\ufffd1,product,{AT},-80", "bad_topic", ""),
    ],
)
def test_a_wrong_row_is_rejected_by_itself_with_file_line_and_reason(
    write: Callable[..., str], row: str, reason: str, text: str
) -> None:
    name = write(HEADER, ROW, row, ROW.replace("10:00", "10:01"))
    decoded = taken(name)
    assert len(decoded.readings) == 2
    (rejected,) = decoded.rejected
    assert rejected["reason"] == reason
    assert rejected["detail"].startswith(f"{name}:3: ")
    assert text in rejected["detail"]
    assert rejected["payload"]
    assert len(rejected["topic"]) < 300


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("fault", "broken", "bad_fault"),
        ("fault", "x" * 200, "bad_fault"),
        ("seq", "1.5", "bad_number"),
        ("seq", "9" * 20, "wrong_type"),
        ("battery_percent", "full", "bad_number"),
    ],
)
def test_a_wrong_optional_cell_rejects_its_row(
    write: Callable[..., str], column: str, cell: str, reason: str
) -> None:
    name = write(f"{HEADER},{column}", f"{ROW},{cell}", f"{ROW},")
    assert [found[0] for found in reasons(name)] == [reason]
    assert len(taken(name).readings) == 1


def test_a_line_that_is_no_csv_or_no_utf_8_is_rejected_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "past.csv"
    bad = b"lab1,F01,pro\xffduct," + str(AT).encode() + b",-80\n"
    path.write_bytes(b"\n".join([HEADER.encode(), b'"a"b,1,2,3,4', ROW.encode(), bad]))
    found = reasons(str(path))
    assert sorted(reason for reason, _ in found) == ["bad_row", "bad_topic"]
    assert [detail.split(":")[1] for reason, detail in found if reason == "bad_row"] == ["2"]
    assert len(taken(str(path)).readings) == 1


def test_windows_lines_a_mark_at_the_beginning_and_empty_lines_are_no_trouble(
    write: Callable[..., str],
) -> None:
    assert len(readings(write("\ufeff" + HEADER, ROW, "", ROW.replace("-80.5", "-81"), end="\r\n"))) == 2


def test_every_row_of_an_unknown_channel_is_rejected_with_its_own_line(write: Callable[..., str]) -> None:
    rows = [f"lab1,F0{i % 2 * 8 + 1},product,{AT + i},-80" for i in range(6)]
    found = reasons(write(HEADER, *rows))
    assert [(reason, detail.split(":")[1]) for reason, detail in found] == [
        ("unknown_channel", "3"),
        ("unknown_channel", "5"),
        ("unknown_channel", "7"),
    ]


def test_the_rows_of_a_channel_become_arrays_that_are_short_enough_for_the_wire(
    write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "-" + "1" * 21 + "." + "1" * 30
    header = HEADER + ",fault,seq,battery_percent"
    rows = [f"lab1,F01,product,{' ' * 3}{AT + i},{long},read_error,{10**17},{long}" for i in range(1_200)]
    found = messages(write(header, *rows))
    assert [len(json.loads(m.payload)) for m in found] == [500, 500, 200]
    assert max(len(m.payload) for m in found) < MESSAGE_BYTES_MAX
    monkeypatch.setattr(table, "PART_ROWS", 100)
    assert [len(part.messages) for part in parts(write(header, *rows))] == [1] * 12


@pytest.mark.parametrize("skip", [0, 1, 250, 251, 300, 1_000])
def test_skipping_rows_gives_what_the_rest_of_the_file_would(
    write: Callable[..., str], monkeypatch: pytest.MonkeyPatch, skip: int
) -> None:
    monkeypatch.setattr(table, "PART_ROWS", 100)
    name = write(HEADER, *(f"lab1,F01,product,{AT + i},{-80 if i % 7 else 'x'}" for i in range(300)))
    found = decode(DECODER, messages(name, skip))
    instants = [arrived.reading.measured_at - AT for arrived in found.readings]
    assert instants == [i for i in range(skip, 300) if i % 7]
    assert len(found.rejected) == len([i for i in range(skip, 300) if i % 7 == 0])
    assert all(part.rows == min(300, skip + 100 * (n + 1)) for n, part in enumerate(parts(name, skip)))


# --- what can't be imported at all ---


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["site,unit,probe,celsius", "a,b,c,1"], ["lacks the column measured_at", "'celsius'", "first line"]),
        (["lab1,F01,product,2026-11-22T10:00:00Z,-80"], ["lacks the columns site, unit, probe, measured_at"]),
        (["site;unit;probe;measured_at;celsius"], ["lacks the columns", "separate columns by commas"]),
        ([HEADER + ",celsius", ROW + ",-80"], ["has the column celsius twice"]),
        (["", " "], ["is empty"]),
        (['"site'], ["has no header"]),
    ],
)
def test_a_file_without_the_columns_is_refused_with_name_and_remedy(
    write: Callable[..., str], lines: list[str], said: list[str]
) -> None:
    name = write(*lines)
    with pytest.raises(UnusableFileError) as refusal:
        look_at(name)
    for words in [name, *said]:
        assert words in str(refusal.value)


def test_a_file_that_is_missing_or_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    for name, why in ((tmp_path / "none.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UnusableFileError, match=why) as refusal:
            look_at(str(name))
        assert str(name) in str(refusal.value)


def test_a_damaged_gzip_file_is_refused_at_once_or_where_it_breaks(tmp_path: Path) -> None:
    path = tmp_path / "past.csv.gz"
    rng = random.Random(1)
    rows = "\n".join(f"lab1,F01,product,{AT + i},{-80 + rng.random()}" for i in range(40_000))
    whole = gzip.compress(f"{HEADER}\n{rows}\n".encode())
    path.write_bytes(whole[: len(whole) // 2])
    found = read_parts(look_at(str(path)), root=ROOT, clock=ManualClock(NOW))
    assert next(found).rows == 10_000
    with pytest.raises(UnusableFileError, match="is damaged"):
        list(found)
    path.write_bytes(whole[:12])
    with pytest.raises(UnusableFileError, match=r"past\.csv\.gz"):
        look_at(str(path))


# --- kinds ---


def test_a_file_is_what_its_first_bytes_say_whatever_its_name_zipped_or_not(tmp_path: Path) -> None:
    line = json.dumps(
        {"topic": f"{ROOT}/lab1/F01/product/reading", "payload": {"measured_at": AT, "celsius": -80}}
    )
    for number, text in enumerate((f"{HEADER}\n{ROW}\n", f"\n {line}\n")):
        for content in (text.encode(), gzip.compress(text.encode())):
            path = tmp_path / f"{number}.dat"
            path.write_bytes(content)
            assert len(readings(str(path))) == 1


def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (f"{HEADER}\n{ROW}\n".encode(), gzip.compress(f"{HEADER}\n{ROW}\n".encode())):

        class Standard:
            buffer = io.BufferedReader(io.BytesIO(content))  # type: ignore[arg-type]

        monkeypatch.setattr(sys, "stdin", Standard())
        file = look_at("-")
        assert file.digest == ""
        (part,) = read_parts(file, root=ROOT, clock=ManualClock(NOW))
        assert len(decode(DECODER, part.messages).readings) == 1


def test_a_file_is_known_by_its_content(write: Callable[..., str]) -> None:
    one, other = look_at(write(HEADER, ROW)), look_at(write(HEADER, ROW, name="other.csv"))
    changed = look_at(write(HEADER, ROW, ROW))
    assert one.digest == other.digest != changed.digest
