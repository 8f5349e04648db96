"""Lengths of time: as scenario files write them, and as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.config.file.duration import parse_duration
from monitor.core.time.instant import MINUTE, SECOND
from monitor.words.figures import exact_span

Span = tuple[int, int]
"""From and to, in ms, both included."""

EXPECTED = "a duration in quotes such as 90s, 15m, 2h30m or 3d"


def parse_span(text: object) -> int:
    """The milliseconds that a duration names, days before hours before minutes before seconds.

    >>> parse_span("2h30m")
    9000000

    Raises ValueError, whose text says what was expected, for anything else.
    """
    try:
        return parse_duration(text)
    except ValueError:
        raise ValueError(EXPECTED) from None


def span_words(length: int, beside: Iterable[int] = ()) -> str:
    """A length of time in ms in words; from a minute on in whole seconds, unless that would read as one of ``beside``,
    the lengths that it is compared with.

    >>> span_words(8_040_000), span_words(7_800_400), span_words(7_800_400, beside=[7_800_000])
    ('2 h 14 min', '2 h 10 min', '2 h 10 min 0.4 s')
    """
    if length < 0:
        return f"-{span_words(-length, [-each for each in beside])}"
    whole = (length + SECOND // 2) // SECOND * SECOND
    if length >= MINUTE and not any(whole == each != length for each in beside):
        length = whole
    return exact_span(length)


def after_words(length: int, beside: Iterable[int] = ()) -> str:
    """When something was, told from the scenario's start: ``after 2 h 14 min``."""
    if length == 0:
        return "at the start"
    if length < 0:
        return f"{span_words(-length, [-each for each in beside])} before the start"
    return f"after {span_words(length, beside)}"


def between_words(span: Span) -> str:
    """``between 2 h and 2 h 10 min``; ``exactly 2 h`` where both are the same."""
    low, high = span
    if low == high:
        return f"exactly {span_words(low)}"
    return f"between {span_words(low, [high])} and {span_words(high, [low])}"
