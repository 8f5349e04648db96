"""Durations as people write them (``90s``, ``15m``, ``24h``, ``14d``, ``1h30m``) and as milliseconds."""

from __future__ import annotations

import re

from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND

EXPECTED = "a duration in quotes such as 90s, 15m, 24h, 14d or 1h30m"
PATTERN = r"^(?=\d)(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?$"
LONGEST = 36_500 * DAY
"""A hundred years: longer than any product keeps, short enough that no sum of durations overflows."""

_PARTS = re.compile(r"(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_UNITS = (DAY, HOUR, MINUTE, SECOND)


def parse_duration(text: object) -> int:
    """The milliseconds that a duration names, days before hours before minutes before seconds.

    >>> parse_duration("1h30m")
    5400000

    Raises ValueError, whose text says what was expected, for anything else and for more than a hundred years.
    """
    parts = _PARTS.fullmatch(text) if isinstance(text, str) and len(text) <= 40 else None
    if parts is None:
        raise ValueError(EXPECTED)
    length = sum(int(count) * unit for count, unit in zip(parts.groups(), _UNITS, strict=True) if count)
    if length > LONGEST:
        expected = f"a duration of at most {LONGEST // DAY}d"
        raise ValueError(expected)
    return length


def format_duration(length: int) -> str:
    """The text of a duration in ms, in hours up to two days because budgets are thought of in hours.

    >>> format_duration(24 * HOUR), format_duration(14 * DAY), format_duration(5_400_000), format_duration(0)
    ('24h', '14d', '1h30m', '0s')

    Raises ValueError for a negative length and for one that isn't whole seconds: a file can't say those.
    """
    if length < 0 or length % SECOND:
        text = f"{length} ms is not a duration of whole seconds"
        raise ValueError(text)
    text = ""
    for unit, letter in zip(_UNITS, "dhms", strict=True):
        if unit == DAY and length < 2 * DAY:
            continue
        count, length = divmod(length, unit)
        text += f"{count}{letter}" if count else ""
    return text or "0s"
