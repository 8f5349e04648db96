"""Texts on record say a temperature and a span in one plain form."""

from __future__ import annotations

import pytest

from monitor.core.record import degrees, minutes, span, whole_minutes
from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND


def test_a_temperature_has_the_digits_that_it_needs_or_those_that_are_asked_for() -> None:
    assert (degrees(-80.0), degrees(-48.25), degrees(0)) == ("-80 °C", "-48.25 °C", "0 °C")
    assert (degrees(-48.25, ".1f"), degrees(0.5, "+.2f")) == ("-48.2 °C", "+0.50 °C")


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (59 * SECOND, "0 min"),
        (34 * MINUTE, "34 min"),
        (3 * HOUR, "3 h"),
        (3 * HOUR + 10 * MINUTE, "3 h 10 min"),
        (30 * HOUR, "30 h"),
    ],
)
def test_a_span_to_the_minute_counts_no_days(ms: int, text: str) -> None:
    assert minutes(ms) == text


def test_a_span_in_minutes_counts_no_hours() -> None:
    assert whole_minutes(190 * MINUTE + 59 * SECOND) == "190 min"


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 s"),
        (DAY + 4 * HOUR, "1 d 4 h"),
        (12 * MINUTE + 3 * SECOND, "12 min 3 s"),
        (DAY + 1, "1 d"),
    ],
)
def test_a_span_to_the_second_leaves_out_what_is_nought(ms: int, text: str) -> None:
    assert span(ms) == text
