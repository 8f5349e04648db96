"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.file.duration import LONGEST, format_duration, parse_duration
from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", 0),
        ("90s", 90 * SECOND),
        ("15m", 15 * MINUTE),
        ("24h", DAY),
        ("14d", 14 * DAY),
        ("1h30m", 90 * MINUTE),
        ("1d2h3m4s", DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND),
        ("36500d", LONGEST),
    ],
)
def test_a_duration_is_read_as_milliseconds(text: str, length: int) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text",
    [
        *["", "s", "15", "15 m", " 15m", "15m ", "15m\n", "-15m", "+15m", "1.5h", "15M", "٣m", "15ms", "1w"],
        *["30m1h", "1h1h", "36500d1s", "9" * 5000 + "d"],
        *[15, 1.5, True, None, ["15m"]],
    ],
)
def test_anything_else_is_refused_in_words_for_the_person_who_wrote_it(text: object) -> None:
    with pytest.raises(ValueError, match=r"^a duration "):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=LONGEST // SECOND))
def test_a_duration_that_is_written_reads_as_itself(seconds: int) -> None:
    assert parse_duration(format_duration(seconds * SECOND)) == seconds * SECOND


@pytest.mark.parametrize("length", [-SECOND, 1, 1_500])
def test_a_length_that_no_file_can_say_is_not_written(length: int) -> None:
    with pytest.raises(ValueError, match="not a duration of whole seconds"):
        format_duration(length)


def test_budgets_up_to_two_days_are_written_in_hours() -> None:
    assert [format_duration(hours * HOUR) for hours in (24, 36, 48, 49)] == ["24h", "36h", "2d", "2d1h"]
