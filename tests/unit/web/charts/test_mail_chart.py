"""The chart that a mail carries: of which unit, of which hours; and that drawing it stops nothing."""

from __future__ import annotations

import json
import struct
import threading
import time
from typing import Any

import pytest

from monitor.core.time.instant import HOUR, MINUTE, format_instant, parse_instant
from monitor.ports import JSON
from monitor.web.charts import mail_chart
from monitor.web.charts.mail_chart import HEIGHT, SCALE, WIDTH, alarm_picture, unit_of
from monitor.web.charts.png import png_of

NOW = parse_instant("2026-11-22T02:25:00.000Z")
SPEC: JSON = {
    "data": {"values": [{"a": 1}]},
    "mark": "point",
    "encoding": {"x": {"field": "a", "type": "quantitative"}},
}


class FakeView:
    """One freezer with two probes that warms; ``asked`` are the channels and times that were asked for."""

    def __init__(self, alarm: JSON | None, *, readings: int = 700) -> None:
        self.found = alarm
        self.count = readings
        self.asked: list[tuple[str, int, int]] = []

    def now(self) -> int:
        return NOW

    def sites(self) -> list[JSON]:
        return [{"site": "lab1", "timezone": "Europe/Zurich"}]

    def alarm(self, alarm: str) -> JSON | None:
        assert alarm == "a1"
        return self.found

    def unit(self, unit: str) -> JSON | None:
        window = {"low": None, "high": -60.0}
        probes = [
            {"probe": name, "product": name == "product", "window": window} for name in ("air", "product")
        ]
        return (
            {"unit": unit, "title": "Freezer", "window": window, "probes": probes}
            if unit == "lab1/F02"
            else None
        )

    def readings(self, channel: str, start: int, end: int, points: int) -> JSON:
        self.asked.append((channel, start, end))
        found = [
            {
                "measured_at": format_instant(end - i * MINUTE),
                "celsius": -80.0 + i % 3,
                "quality": "good",
                "reason": None,
            }
            for i in range(self.count)
        ]
        return {
            "channel": channel,
            "readings": found[::-1],
            "count": self.count,
            "max_gap_seconds": 900,
            "of": points,
        }

    def excursions(self, **_: Any) -> list[JSON]:
        return []


def view(alarm: JSON | None, **settings: int) -> Any:
    return FakeView(alarm, **settings)


def test_a_chart_is_a_picture_of_the_last_12_hours_with_the_alarms_own_probe_first() -> None:
    for probe, other in (("air", "product"), ("product", "air")):
        asked = view({"subject": f"lab1/F02/{probe}"})
        drawn = alarm_picture(asked, "a1")
        assert drawn is not None
        width, height = struct.unpack(">II", drawn[16:24])
        assert width > WIDTH * SCALE
        assert height > HEIGHT * SCALE
        assert asked.asked == [(f"lab1/F02/{one}", NOW - 12 * HOUR, NOW) for one in (probe, other)]


@pytest.mark.parametrize(
    ("alarm", "unit"),
    [
        ({"subject": "lab1/F02/product"}, "lab1/F02"),
        ({"subject": "lab1/F02"}, "lab1/F02"),
        ({"subject": "L-7", "evidence": {"unit": "lab1/F02"}}, "lab1/F02"),
        ({"subject": "L-7", "evidence": {"unit": None}}, ""),
        ({"subject": "influx", "evidence": None}, ""),
    ],
)
def test_an_alarm_is_about_its_subjects_unit_or_that_of_its_lot(alarm: JSON, unit: str) -> None:
    assert unit_of(alarm) == unit


@pytest.mark.parametrize("alarm", [None, {"subject": "influx"}, {"subject": "lab1/F99/product"}])
def test_where_there_is_nothing_to_draw_there_is_no_picture(alarm: JSON | None) -> None:
    assert alarm_picture(view(alarm), "a1") is None
    assert alarm_picture(view({"subject": "lab1/F02"}, readings=0), "a1") is None


def test_the_chart_tells_the_sites_time_and_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    specs: list[JSON] = []
    monkeypatch.setattr(mail_chart, "png_of", lambda text, scale: specs.append(json.loads(text)) or b"")
    alarm_picture(view({"subject": "lab1/F02/product"}), "a1")
    text = json.dumps(specs[0])
    assert "local time, UTC+01:00" in text
    assert specs[0]["datasets"]["limits"][0]["celsius"] == -60.0
    assert specs[0]["title"]["text"] == "Freezer: last 12 h of product"


def test_drawing_stops_no_other_thread() -> None:
    longest, stop = 0.0, threading.Event()

    def tick() -> None:
        nonlocal longest
        last = time.monotonic()
        while not stop.wait(0.001):
            longest, last = max(longest, time.monotonic() - last), time.monotonic()

    ticking = threading.Thread(target=tick)
    ticking.start()
    begun = time.monotonic()
    png_of(json.dumps(SPEC), scale=1.0)
    took = time.monotonic() - begun
    stop.set()
    ticking.join()
    assert longest < took * 0.7


def test_what_cannot_be_drawn_or_takes_too_long_is_told_in_words() -> None:
    with pytest.raises(RuntimeError, match="could not be drawn"):
        png_of("no specification", scale=1.0)
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match=r"not drawn within 0\.05 s"):
        png_of(json.dumps(SPEC), scale=1.0, seconds=0.05)
    assert time.monotonic() - begun < 2
