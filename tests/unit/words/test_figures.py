"""Figures, spans and instants in words: what every page, mail, command and digest says, and how a page sets it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from monitor.core.time.instant import DAY, HOUR, MINUTE, parse_instant, to_datetime
from monitor.web.pages import markup
from monitor.words import figures as words
from monitor.words.figures import percent, span

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_600, "1 h"), (12_000, "3 h 20 min"), (90_000, "1 d 1 h")],
)
def test_a_span_is_said_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert words.span(seconds) == text


def test_a_temperature_never_reads_minus_zero_and_a_share_is_never_rounded_up() -> None:
    assert markup.number(-0.04) == "0.0"
    assert markup.number(-79.84) == "−79.8"
    assert markup.percent(0.9999) == "99.9\N{NO-BREAK SPACE}%"
    assert markup.percent(1.0) == "100\N{NO-BREAK SPACE}%"


def test_figures_are_cut_and_never_flattered() -> None:
    assert percent(0.9996) == "99.9 %"
    assert percent(1.0) == "100 %"
    assert [span(s) for s in (0, 59.9, 60, 61, 3_600, 90_000, None)] == [
        *("0 s", "59 s", "1 min", "1 min 1 s", "1 h", "1 d 1 h"),
        "–",
    ]


def test_a_whole_span_is_said_to_the_ms_and_a_coarse_one_to_the_minute() -> None:
    assert words.exact_span(DAY + 2 * HOUR + 10 * MINUTE + 400) == "1 d 2 h 10 min 0.4 s"
    assert words.exact_span(0) == "0 s"
    assert [words.minutes(seconds) for seconds in (59.0, 61.0, 3_725.0)] == ["59 s", "1 min", "1 h 2 min"]
    assert words.left(-5 * 60) == "passed 5 min ago"


def test_a_window_and_a_band_say_which_side_is_open() -> None:
    windows = ({"low": -90.0, "high": -60.0}, {"low": None, "high": -60.0}, {"low": 2.0, "high": None}, None)
    assert [words.window(each) for each in windows] == [
        "-90 to -60 °C",
        "up to -60 °C",
        "from 2 °C up",
        "no window",
    ]
    assert words.band_range(-60.0, -40.0) == "-60 to -40 °C"
    assert words.band_range(-20.0, None) == "above -20 °C"


def test_a_page_sets_figures_and_leaves_names_alone() -> None:
    shown = words.typeset("F-2: -90 to -60 °C, 24 min left, lot L-2 h, 2026-11-22").replace(
        "\N{NO-BREAK SPACE}", "~"
    )
    assert shown == "F-2: −90~to~−60~°C, 24~min left, lot L-2 h, 2026-11-22"


def test_one_instant_is_told_by_who_reads_it_when() -> None:
    moment = to_datetime(parse_instant("2026-11-22T02:12:30Z"), BERLIN)
    later = to_datetime(parse_instant("2026-11-22T09:00:00Z"), BERLIN)
    assert words.exact(moment, seconds=True) == "2026-11-22 03:12:30 +01:00"
    assert words.full(moment) == "Sun 2026-11-22 03:12 +01:00"
    assert words.short(moment, later) == words.brief(moment, later) == "03:12 +01:00"
    assert words.near(moment, later) == "today 03:12"
    assert words.exact(None) == words.celsius(None) == words.span(None) == "–"


def test_what_is_good_until_midnight_is_good_through_the_day_before() -> None:
    present = to_datetime(parse_instant("2026-11-22T09:00:00Z"), BERLIN)
    end = to_datetime(parse_instant("2028-06-30T22:00:00Z"), BERLIN)
    assert words.until(end, present) == ("through", "30 Jun 2028")
    assert words.until(to_datetime(parse_instant("2026-11-23T10:00:00Z"), BERLIN), present) == (
        "until",
        "tomorrow 11:00",
    )
