"""The folder that is handed over for a lot: exact contents, hashes, and nothing half or overwritten."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant, parse_instant
from monitor.ports import JSON
from monitor.report.lot import export_lot

NOW = parse_instant("2026-03-01T12:00:00Z")
T0 = parse_instant("2026-01-01T00:00:00Z")


def text(at: int) -> str:
    return format_instant(at)


class History:
    """A view of one lot and the readings of three units. ``questions`` holds the spans that were asked for."""

    def __init__(self) -> None:
        self.present = NOW
        self.custody: list[JSON] = []
        self.channels: dict[str, list[JSON]] = {
            "lab1/F01/product": [],
            "lab1/F02/product": [],
            "lab1/F01/air": [],
        }
        self.found: list[JSON] = []
        self.lot_id = "EXO-1"
        self.more: JSON = {}
        self.questions: list[tuple[str, int, int, int]] = []
        self.as_of: list[int | None] = []

    def stay(self, unit: str | None, start: int, end: int | None) -> None:
        self.custody.append({"unit": unit, "from": text(start), "to": None if end is None else text(end)})

    def read(
        self, channel: str, at: int, celsius: float | None, quality: str = "good", reason: str = ""
    ) -> None:
        reading: JSON = {"measured_at": text(at), "celsius": celsius, "quality": quality}
        self.channels[channel].append({**reading, "reason": reason} if reason else reading)

    def now(self) -> int:
        return self.present

    def unit(self, unit: str) -> JSON | None:
        probes = [name.rsplit("/", 1)[1] for name in self.channels if name.startswith(f"{unit}/")]
        if not probes:
            return None
        return {"unit": unit, "probes": [{"probe": p, "product": p == "product"} for p in sorted(probes)]}

    def lot(self, lot: str, *, as_of: int | None = None) -> JSON | None:
        self.as_of.append(as_of)
        if lot != self.lot_id:
            return None
        at = self.present if as_of is None else as_of
        known = {"as_of": text(at), "lot": lot, "product": "µ −80", "reasons": [], "custody": self.custody}
        return {**known, **self.more}

    def lots(self, *, as_of: int | None = None) -> list[JSON]:
        return []

    def readings(self, channel: str, start: int, end: int, points: int) -> JSON | None:
        self.questions.append((channel, start, end, points))
        if channel not in self.channels:
            return None
        inside = [r for r in self.channels[channel] if start <= parse_instant(r["measured_at"]) <= end]
        return {"channel": channel, "readings": inside}

    def excursions(self, *, lot: str | None = None, as_of: int | None = None, **_: Any) -> list[JSON]:
        assert lot == self.lot_id
        self.as_of.append(as_of)
        return list(self.found)


@pytest.fixture
def view() -> History:
    """In F01 for two hours, out for ten minutes, in F02 since; readings every half hour, one of them bad."""
    found = History()
    found.stay("lab1/F01", T0 + HOUR, T0 + 3 * HOUR)
    found.stay(None, T0 + 3 * HOUR, T0 + 3 * HOUR + 10 * MINUTE)
    found.stay("lab1/F02", T0 + 3 * HOUR + 10 * MINUTE, None)
    found.present = T0 + 4 * HOUR
    for n in range(12):
        at = T0 + n * 30 * MINUTE
        found.read("lab1/F01/product", at, -80.0 - n)
        found.read("lab1/F01/air", at, -70.0)
        found.read("lab1/F02/product", at, -60.5 - n)
    found.channels["lab1/F01/product"][4] |= {"celsius": None, "quality": "bad", "reason": "open_circuit"}
    return found


READINGS = """\
site,unit,probe,measured_at,celsius,quality,reason,in_custody
lab1,F01,product,2026-01-01T00:30:00.000Z,-81.0,good,,false
lab1,F01,product,2026-01-01T01:00:00.000Z,-82.0,good,,true
lab1,F01,product,2026-01-01T01:30:00.000Z,-83.0,good,,true
lab1,F01,product,2026-01-01T02:00:00.000Z,,bad,open_circuit,true
lab1,F01,product,2026-01-01T02:30:00.000Z,-85.0,good,,true
lab1,F01,product,2026-01-01T03:00:00.000Z,-86.0,good,,false
lab1,F02,product,2026-01-01T03:00:00.000Z,-66.5,good,,false
lab1,F02,product,2026-01-01T03:30:00.000Z,-67.5,good,,true
lab1,F02,product,2026-01-01T04:00:00.000Z,-68.5,good,,true
"""
CUSTODY = """\
unit,from,to,channel
lab1/F01,2026-01-01T01:00:00.000Z,2026-01-01T03:00:00.000Z,lab1/F01/product
,2026-01-01T03:00:00.000Z,2026-01-01T03:10:00.000Z,
lab1/F02,2026-01-01T03:10:00.000Z,,lab1/F02/product
"""


def crlf(lines: str) -> bytes:
    return lines.replace("\n", "\r\n").encode()


def export(view: History, out: Path, **more: Any) -> Path:
    return export_lot(view, view.lot_id, out, version="1.2.3", **more)  # type: ignore[arg-type]


def rows(folder: Path, file: str = "readings.csv") -> list[dict[str, str]]:
    with (folder / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_an_export_has_exactly_these_files_with_exactly_this_content(view: History, tmp_path: Path) -> None:
    folder = export(view, tmp_path / "out")
    assert folder == tmp_path / "out" / "EXO-1"
    assert sorted(os.listdir(folder)) == [
        *("custody.csv", "excursions.csv", "lot.json", "manifest.json", "readings.csv")
    ]
    assert (folder / "readings.csv").read_bytes() == crlf(READINGS)
    assert (folder / "custody.csv").read_bytes() == crlf(CUSTODY)
    assert json.loads((folder / "lot.json").read_text("utf-8")) == view.lot("EXO-1")
    assert "µ −80" in (folder / "lot.json").read_text("utf-8")


def test_the_manifest_says_what_is_in_each_file_and_what_was_asked(view: History, tmp_path: Path) -> None:
    folder = export(view, tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    files = {file["name"]: file for file in manifest.pop("files")}
    assert set(files) == set(os.listdir(folder)) - {"manifest.json"}
    for name, file in files.items():
        content = (folder / name).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["bytes"] == len(content)
    counts = {name: file["rows"] for name, file in files.items()}
    assert counts == {"lot.json": None, "readings.csv": 9, "excursions.csv": 0, "custody.csv": 3}
    assert manifest == {
        "format": "exosome-monitor lot history 1",
        "lot": "EXO-1",
        "as_of": "2026-01-01T04:00:00.000Z",
        "created_at": "2026-01-01T04:00:00.000Z",
        "software": {"name": "exosome-monitor", "version": "1.2.3"},
        "queries": [
            {
                "channel": "lab1/F01/product",
                "from": "2026-01-01T01:00:00.000Z",
                "to": "2026-01-01T03:00:00.000Z",
            },
            {
                "channel": "lab1/F02/product",
                "from": "2026-01-01T03:10:00.000Z",
                "to": "2026-01-01T04:00:00.001Z",
            },
        ],
        "incomplete": [],
    }


def test_the_same_history_gives_the_same_bytes(view: History, tmp_path: Path) -> None:
    first = export(view, tmp_path / "a", as_of=view.present)
    as_of = view.present
    view.present += DAY
    for readings in view.channels.values():
        readings.reverse()
    second = export(view, tmp_path / "b", as_of=as_of)
    for name in ("lot.json", "readings.csv", "excursions.csv", "custody.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    manifests = [json.loads((folder / "manifest.json").read_text("utf-8")) for folder in (first, second)]
    assert manifests[0].pop("created_at") != manifests[1].pop("created_at")
    assert manifests[0] == manifests[1]


def test_every_question_is_as_of_one_instant_and_unthinned(view: History, tmp_path: Path) -> None:
    at = T0 + 2 * HOUR
    view.custody = []
    view.stay("lab1/F01", T0 + HOUR, None)
    folder = export(view, tmp_path, as_of=at)
    assert set(view.as_of) == {at}
    assert {points for *_, points in view.questions} == {0}
    assert [row["measured_at"] for row in rows(folder)][-1] == text(at)
    assert rows(folder)[-1]["in_custody"] == "true"


def test_nothing_later_than_as_of_is_exported(view: History, tmp_path: Path) -> None:
    folder = export(view, tmp_path, as_of=T0 + 3 * HOUR + 5 * MINUTE)
    assert max(row["measured_at"] for row in rows(folder)) <= text(T0 + 3 * HOUR + 5 * MINUTE)


def test_a_disposed_lot_ends_with_its_disposal(view: History, tmp_path: Path) -> None:
    end = T0 + 2 * HOUR + 15 * MINUTE
    view.custody = []
    view.stay("lab1/F01", T0 + HOUR, end)
    view.more = {"disposed_at": text(end)}
    folder = export(view, tmp_path)
    assert [row["measured_at"] for row in rows(folder)][-1] == text(T0 + 2 * HOUR)


def test_the_reading_outside_an_edge_is_the_nearest_that_is_not_bad(view: History, tmp_path: Path) -> None:
    readings = view.channels["lab1/F01/product"]
    readings[1] |= {"celsius": None, "quality": "bad", "reason": "read_error"}
    readings[6] |= {"celsius": None, "quality": "bad", "reason": "read_error"}
    readings[7]["quality"] = "suspect"
    view.custody = view.custody[:1]
    found = rows(export(view, tmp_path))
    assert [row["measured_at"] for row in found if row["in_custody"] == "false"] == [
        text(T0),
        text(T0 + 210 * MINUTE),
    ]
    assert found[-1]["quality"] == "suspect"


def test_the_reading_outside_an_edge_is_found_however_far_it_is(tmp_path: Path) -> None:
    view = History()
    view.read("lab1/F01/product", NOW - 4_000 * DAY, -81.0)
    view.read("lab1/F01/product", NOW - 3_000 * DAY, -82.0)
    view.read("lab1/F01/product", NOW - DAY, -83.0)
    view.stay("lab1/F01", NOW - 40 * DAY, NOW - 39 * DAY)
    found = rows(export(view, tmp_path))
    assert [(row["celsius"], row["in_custody"]) for row in found] == [("-82.0", "false"), ("-83.0", "false")]
    assert len(view.questions) < 60


def test_a_reading_between_two_stays_in_one_unit_is_there_once(view: History, tmp_path: Path) -> None:
    view.custody = []
    view.stay("lab1/F01", T0 + HOUR, T0 + 80 * MINUTE)
    view.stay("lab1/F01", T0 + 100 * MINUTE, T0 + 170 * MINUTE)
    found = [(row["measured_at"][11:16], row["in_custody"]) for row in rows(export(view, tmp_path))]
    assert found == [
        *(("00:30", "false"), ("01:00", "true"), ("01:30", "false")),
        *(("02:00", "true"), ("02:30", "true"), ("03:00", "false")),
    ]


def test_a_reading_outside_one_stay_and_inside_the_next_is_inside(view: History, tmp_path: Path) -> None:
    view.custody = []
    view.stay("lab1/F01", T0 + HOUR, T0 + 2 * HOUR)
    view.stay("lab1/F01", T0 + 2 * HOUR, T0 + 3 * HOUR)
    found = rows(export(view, tmp_path))
    assert [row["in_custody"] for row in found] == ["false", *["true"] * 4, "false"]
    assert len({row["measured_at"] for row in found}) == len(found)


def test_a_long_stay_is_read_in_pieces_without_a_seam(tmp_path: Path) -> None:
    view = History()
    start = NOW - 100 * DAY
    for n in range(-1, 101):
        view.read("lab1/F01/product", start + n * DAY, -80.0)
    view.stay("lab1/F01", start, None)
    found = rows(export(view, tmp_path))
    assert len(found) == 102
    assert len({row["measured_at"] for row in found}) == 102
    assert [row["in_custody"] for row in found] == ["false", *["true"] * 101]


def test_two_values_of_one_instant_are_both_there(tmp_path: Path) -> None:
    view = History()
    view.read("lab1/F01/product", NOW, -80.0, "suspect")
    view.read("lab1/F01/product", NOW, -70.0, "suspect")
    view.read("lab1/F01/product", NOW, None, "bad", "read_error")
    view.stay("lab1/F01", NOW - HOUR, None)
    assert [row["celsius"] for row in rows(export(view, tmp_path))] == ["-80.0", "-70.0", ""]


def test_a_unit_that_is_configured_no_more_is_named_in_the_manifest(view: History, tmp_path: Path) -> None:
    view.stay("lab1/F09", T0 - HOUR, T0)
    folder = export(view, tmp_path)
    missing = json.loads((folder / "manifest.json").read_text("utf-8"))["incomplete"]
    assert [(each["unit"], each["from"]) for each in missing] == [("lab1/F09", text(T0 - HOUR))]
    assert rows(folder, "custody.csv")[0] == {
        "unit": "lab1/F09",
        "from": text(T0 - HOUR),
        "to": text(T0),
        "channel": "",
    }


def test_excursions_come_oldest_first_with_their_tables_as_json(view: History, tmp_path: Path) -> None:
    old = {
        "id": "x1",
        "version": 2,
        "channel": "lab1/F01/product",
        "direction": "high",
        "started_at": text(T0),
        "ended_at": None,
        "extreme_celsius": -48.5,
        "seconds_by_band": {"warmer": 10.5, "warm": 60},
        "events": [],
        "lots": ["EXO-1"],
    }
    view.found = [{**old, "id": "x2", "started_at": text(T0 + 1)}, old]
    found = rows(export(view, tmp_path), "excursions.csv")
    assert [row["id"] for row in found] == ["x1", "x2"]
    assert found[0]["extreme_celsius"] == "-48.5"
    assert found[0]["seconds_by_band"] == '{"warm": 60, "warmer": 10.5}'
    assert found[0]["lots"] == '["EXO-1"]'
    assert found[0]["ended_at"] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_text_that_a_spreadsheet_would_run_is_neutralised_and_numbers_are_not(
    start: str, tmp_path: Path
) -> None:
    view = History()
    view.read("lab1/F01/product", NOW, -80.0, "bad", f"{start}cmd|' /C calc'!A1")
    view.read("lab1/F01/product", NOW - 1, -80.5)
    view.stay("lab1/F01", NOW - HOUR, None)
    found = rows(export(view, tmp_path))
    assert found[1]["reason"] == f"'{start}cmd|' /C calc'!A1"
    assert [row["celsius"] for row in found] == ["-80.5", "-80.0"]


def test_a_name_that_begins_with_a_minus_is_neutralised(tmp_path: Path) -> None:
    view = History()
    view.channels = {"-1/=2/product": []}
    view.read("-1/=2/product", NOW, -80.0)
    view.stay("-1/=2", NOW - HOUR, None)
    folder = export(view, tmp_path)
    assert [rows(folder)[0][key] for key in ("site", "unit", "probe")] == ["'-1", "'=2", "product"]
    assert rows(folder, "custody.csv")[0]["unit"] == "'-1/=2"


def test_an_export_overwrites_nothing(view: History, tmp_path: Path) -> None:
    folder = export(view, tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    view.read("lab1/F02/product", T0 + 4 * HOUR - 1, -1.0)
    with pytest.raises(FileExistsError, match=r"EXO-1 is there already; an export overwrites nothing"):
        export(view, tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert os.listdir(tmp_path) == ["EXO-1"]


def test_an_empty_folder_is_filled_and_a_file_is_left(view: History, tmp_path: Path) -> None:
    (tmp_path / "EXO-1").mkdir()
    assert (export(view, tmp_path) / "manifest.json").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "EXO-1").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        export(view, tmp_path / "other")


def test_an_export_that_fails_leaves_nothing(view: History, tmp_path: Path) -> None:
    view.found = [
        {"id": "x1", "started_at": text(T0), "channel": "c", "extreme_celsius": {"a": float("nan")}}
    ]
    with pytest.raises(ValueError):
        export(view, tmp_path)
    assert os.listdir(tmp_path) == []


def test_an_unknown_lot_exports_nothing(view: History, tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="there is no lot 'EXO-2'"):
        export_lot(view, "EXO-2", tmp_path, version="1")  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


def test_a_lot_that_cannot_be_judged_is_not_handed_over(view: History, tmp_path: Path) -> None:
    view.more = {"reasons": [{"code": "not_judged", "text": "ValueError: a bug", "evidence": {}}]}
    with pytest.raises(ValueError, match="fails at judging it"):
        export(view, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../x"])
def test_a_lot_whose_id_is_no_folders_name_is_refused(name: str, view: History, tmp_path: Path) -> None:
    view.lot_id = name
    with pytest.raises(ValueError, match="not the name of a folder"):
        export(view, tmp_path / "out")
    assert not (tmp_path / "out").exists()
