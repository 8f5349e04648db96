"""A fleet's score as tables, lines and a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory.scoring.fleet.plot import plot
from laboratory.scoring.fleet.words import as_markdown, as_text, percent, seconds_words
from monitor.core.time.instant import DAY, HOUR, SECOND
from tests.unit.laboratory.scoring.fleet.test_score import COMPRESSORS, PAGES, USUAL, failure, page, scored


def test_the_tables_show_the_figures() -> None:
    text = as_markdown(scored(COMPRESSORS, PAGES, USUAL, kinds=["ln2_loss"]))
    assert (
        "| compressor | 3 | 2 | 66.7 % (20.8 % to 93.9 %) | 20 min | 30 min | 17 min | 66.7 % | 2 h 30 min | 0.167 |"
        in text
    )
    assert "| ln2_loss | 0 | 0 | – | – | – | – | – | – | – |" in text
    assert "| our pages | 4 | 0.04 | 2 | 20 |" in text
    assert "| of these, door_open |  |  | 2 | 20 |" in text
    assert "Forecasts: no limit was truly crossed." in text
    assert "up to 2 h before" in text


def test_the_text_lists_what_was_missed_late_and_false() -> None:
    late = failure("door", "lab1/F2", 20 * HOUR, None, detect_by=20 * HOUR, probe="air")
    text = as_text(scored([*COMPRESSORS, late], [*PAGES, page("A9", "lab1/F2", 21 * HOUR)], USUAL))
    assert "missed: compressor of lab1/F3" in text
    assert "too late: door of lab1/F2, probe air" in text
    assert "false page: door_open of lab1/F9 (alarm, A3)" in text


def test_no_share_is_rounded_to_all_or_nothing() -> None:
    assert [percent(each) for each in (0.0, 1.0, 0.99999, 0.00001, 0.5, None)] == [
        *("0 %", "100 %", "99.9 %", "0.1 %", "50.0 %", "–"),
    ]


def test_lengths_are_told_to_two_units() -> None:
    told = [seconds_words(each) for each in (0.0, 0.5, 59.6, 3_599.6, 3_872.0, 100_000.0, None)]
    assert told == ["0 s", "0.5 s", "59.6 s", "1 h", "1 h 5 min", "1 d 4 h", "–"]


def test_the_plot_names_kinds_units_and_what_was_never_told(tmp_path: Path) -> None:
    failures = [*COMPRESSORS, failure("probe_stuck", "lab1/F7", 0, DAY)]
    found = scored(failures, [*PAGES, page("A7", "lab1/F7", 3 * SECOND)], USUAL, kinds=["ln2_loss"])
    plot(found, tmp_path / "score.svg")
    svg = (tmp_path / "score.svg").read_text()
    for words in ("compressor (3)", "probe stuck (1)", "ln2 loss (0)", "none failed", "told none of 1"):
        assert f">{words}<" in svg
    for words in ("20 min (2 of 3 told)", "2 h 30 min (2 of 3 told)", "10 min", "this program", "3 s"):
        assert f">{words}<" in svg
    assert "logarithmic" in svg
    plot(found, tmp_path / "score.png")
    assert (tmp_path / "score.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=r"ends in \.svg or \.png"):
        plot(found, tmp_path / "score.pdf")


def test_a_fleet_in_which_nothing_was_told_can_be_drawn(tmp_path: Path) -> None:
    plot(scored(COMPRESSORS, []), tmp_path / "score.svg")
    assert (tmp_path / "score.svg").read_text().count(">told none of 3<") == 2
