"""The chart of a lot: which part of its timeline, whose curve in which stay, and what is marked in it."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant
from monitor.ports import JSON
from monitor.web.charts.lot_chart import (
    MOST_STAYS,
    ChartStay,
    lot_chart_spec,
    shown_range,
    stays_between,
    timeline,
)
from monitor.words import lot as lot_words
from tests.fakes.view import NOW
from tests.rigs.web_rig import Rig, lot


@pytest.fixture
def rig() -> Rig:
    return Rig()


def stay(unit: str | None, start: int, end: int, *readings: tuple[int, float]) -> ChartStay:
    """A stay with readings at minutes."""
    if unit is None:
        return ChartStay(None, start * MINUTE, end * MINUTE)
    made = [
        {"measured_at": format_instant(at * MINUTE), "celsius": value, "quality": "good"}
        for at, value in readings
    ]
    channel = {"channel": f"{unit}/p", "readings": made, "count": len(made), "max_gap_seconds": 900}
    return ChartStay(unit, start * MINUTE, end * MINUTE, channel)


def drawn(*stays: ChartStay, excursions: list[JSON] | None = None, window: JSON | None = None) -> JSON:
    spec = lot_chart_spec(stays, excursions or [], window=window, zone=ZoneInfo("UTC"))
    found: JSON = spec["datasets"]
    return found


def test_no_line_is_drawn_across_a_change_of_custody() -> None:
    first, second = stay("a/x", 0, 10, (0, -80.0), (9, -80.0)), stay("a/y", 10, 20, (11, -79.0), (19, -79.0))
    strokes = [point["stroke"] for point in drawn(first, second)["line"]]
    assert strokes[0] == strokes[1] != strokes[2] == strokes[3]


def test_time_out_of_storage_is_marked_and_is_no_gap() -> None:
    first, last = stay("a/x", 0, 20, (0, -80.0), (14, -80.0)), stay("a/x", 60, 75, (60, -80.0), (70, -80.0))
    found = drawn(first, stay(None, 20, 60), last)
    assert found["outside"] == [{"from": 20 * MINUTE, "to": 60 * MINUTE}]
    assert found["gaps"] == []
    assert [mark["unit"] for mark in found["stays"]] == ["a/x", "out of storage", "a/x"]
    assert found["stays"][0]["colour"] == found["stays"][2]["colour"] != found["stays"][1]["colour"]


def test_a_stay_without_readings_is_all_gap() -> None:
    unknown = ChartStay("a/gone", 0, HOUR)
    assert [(gap["from"], gap["to"]) for gap in drawn(unknown)["gaps"]] == [(0, HOUR)]


def test_only_the_part_of_an_excursion_during_which_the_lot_was_there_is_shaded() -> None:
    excursion = {
        "channel": "a/x/p",
        "started_at": format_instant(0),
        "ended_at": None,
        "closed_at": None,
        "confirmed_at": format_instant(0),
        "extreme_celsius": -40.0,
    }
    before, after = stay("a/y", 0, 5, (0, -80.0)), stay("a/y", 10, 20, (10, -80.0))
    found = drawn(before, stay("a/x", 5, 10, (5, -50.0)), after, excursions=[excursion])["excursions"]
    assert [(each["from"], each["to"]) for each in found] == [(5 * MINUTE, 10 * MINUTE)]


def test_a_window_is_drawn_only_where_the_lot_has_one() -> None:
    found = stay("a/x", 0, 10, (0, -80.0), (9, -80.0))
    assert drawn(found)["window"] == []
    assert drawn(found, window={"low": None, "high": None})["window"] == []
    assert drawn(found, window={"low": None, "high": -60.0})["window"][0]["high"] == -60.0


def test_a_range_ends_with_the_timeline_or_holds_the_instant_asked_in_its_middle() -> None:
    span = (0, 100 * DAY)
    assert shown_range(span, None, None) == span
    assert shown_range(span, 7 * DAY, None) == (93 * DAY, 100 * DAY)
    assert shown_range(span, 2 * DAY, 50 * DAY) == (49 * DAY, 51 * DAY)
    assert shown_range(span, 2 * DAY, 0) == (0, 2 * DAY)
    assert shown_range(span, 2 * DAY, 500 * DAY) == (98 * DAY, 100 * DAY)
    assert shown_range((0, HOUR), DAY, 5 * MINUTE) == (0, HOUR)


def test_a_timeline_ends_with_the_disposal_and_does_not_go_beyond_the_present() -> None:
    assert timeline(lot("EXO-2026-001"), NOW) == (NOW - 30 * DAY, NOW - 2 * DAY)
    assert timeline(lot("EXO-2026-014"), NOW) == (NOW - 40 * DAY, NOW)
    assert timeline(lot("EXO-2026-040"), NOW) is None
    assert timeline({}, NOW) is None


def test_of_very_many_stays_the_newest_are_drawn() -> None:
    custody = [
        {"unit": f"a/u{n % 3}", "from": format_instant(n * HOUR), "to": format_instant((n + 1) * HOUR)}
        for n in range(500)
    ]
    found = stays_between({"custody": custody}, 0, 500 * HOUR)
    assert len(found) == MOST_STAYS
    assert found[-1].end == 500 * HOUR


def test_each_stay_is_read_from_the_product_probe_of_its_unit_for_its_time(rig: Rig) -> None:
    rig.view.asked.clear()
    spec = rig.get("/charts/lots/EXO-2026-014.json", range="all").json()
    asked = [what for name, what in rig.view.asked if name == "readings"]
    moved = NOW - 12 * DAY
    assert [(channel, start, end) for channel, start, end, _ in asked] == [
        ("lab1/F02/product", NOW - 40 * DAY, moved),
        ("lab1/F03/product", moved + 95_000, NOW),
    ]
    assert sum(points for *_, points in asked) <= 4_100
    assert [mark["unit"] for mark in spec["datasets"]["stays"]] == ["lab1/F02", "out of storage", "lab1/F03"]
    assert "lab1/F02" in spec["description"]
    assert [each["confirmed"] for each in spec["datasets"]["excursions"]] == [True]


def test_the_chart_of_the_past_ends_there_and_marks_the_instant_asked(rig: Rig) -> None:
    as_of, at = NOW - DAY, NOW - 2 * DAY
    query = {"range": "7d", "as_of": format_instant(as_of), "at": format_instant(at)}
    rig.view.asked.clear()
    found = rig.get("/charts/lots/EXO-2026-014.json", **query).json()["datasets"]
    ends = [what[2] for name, what in rig.view.asked if name == "readings"]
    assert ends == [as_of]
    assert found["marked"] == [{"at": at + HOUR}]  # as local time


def test_a_lot_out_of_any_unit_keeps_the_window_of_its_profile_in_the_chart(rig: Rig) -> None:
    disposed = rig.get("/charts/lots/EXO-2026-001.json").json()["datasets"]
    assert disposed["window"] == [{"low": -90.0, "high": -60.0}]
    rig.view.changed["EXO-2026-001"] = lot("EXO-2026-001", profile_version=2)
    assert rig.get("/charts/lots/EXO-2026-001.json").json()["datasets"]["window"] == []


def test_years_of_readings_are_drawn_only_when_asked_for() -> None:
    old = {"custody": [{"unit": "a/x", "from": format_instant(NOW - 91 * DAY), "to": None}]}
    assert lot_words.default_range(old, NOW) == "30d"
    assert lot_words.default_range(lot(), NOW) == "all"


@pytest.mark.parametrize(("days", "most"), [(1, 10), (30, 10), (300, 10), (3_650, 10)])
def test_a_long_axis_keeps_few_ticks(days: int, most: int) -> None:
    spec = lot_chart_spec([ChartStay("a/x", 0, days * DAY)], [], window=None, zone=ZoneInfo("UTC"))
    found = json.dumps(spec)
    ticks = json.loads(found[found.index('"values": [') + len('"values": ') :].split("]")[0] + "]")
    assert 2 <= len(ticks) <= most
