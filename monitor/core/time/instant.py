"""Instants: whole milliseconds since 1970-01-01T00:00:00Z, and their RFC 3339 text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EARLIEST = -62_135_596_800_000  # 0001-01-01T00:00:00Z
LATEST = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
_WRITTEN = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

DayOf = Callable[[int], tuple[int, int]]
"""``day_of(at)`` is the calendar day that holds the instant ``at``, as ``(first instant, first instant after)``."""


# A time such as 2026-11-22T10:00:00.123Z is looked up in parts. The tables of minutes, seconds and milliseconds are
# complete; a day is added once the whole pattern has accepted it, so a look-up can succeed only for what it accepts.
_MINUTES = {
    f"{hour:02d}:{minute:02d}:": hour * HOUR + minute * MINUTE for hour in range(24) for minute in range(60)
}
_SECONDS = {f"{second:02d}.": second * SECOND for second in range(60)}
_MILLIS = {f"{milli:03d}Z": milli for milli in range(1_000)}
_DAYS_MAX = 4_096
_days: dict[
    str, int
] = {}  # "2026-11-22T" to the instant at which that day begins in UTC; emptied when it is full
_dates: dict[int, str] = {}  # days since 1970 to "2026-11-22"; emptied when it is full


def parse_instant(text: str) -> int:
    """The instant that an RFC 3339 time with an offset names; decimals beyond milliseconds are cut off.

    >>> parse_instant("1970-01-01T01:00:00.0019+01:00")
    1

    Raises ValueError, in words for the sender, for anything else: a time without an offset most of all.
    """
    try:
        return _days[text[:11]] + _MINUTES[text[11:17]] + _SECONDS[text[17:20]] + _MILLIS[text[20:]]
    except KeyError:
        return _parse_by_pattern(text)


def _parse_by_pattern(text: str) -> int:
    found = _RFC3339.fullmatch(text)
    if found is None:
        fault = "has no offset from UTC: add Z or +hh:mm"
        if not _RFC3339.fullmatch(text + "Z"):
            fault = "is not RFC 3339 (like 2026-11-22T10:00:00.000Z)"
        raise ValueError(f"time {text!r} {fault}")
    year, month, day, hour, minute, second, decimals, _zulu, sign, off_hour, off_minute = found.groups()
    h, m, s = int(hour), int(minute), int(second)
    if h > 23 or m > 59 or s > 59:
        raise ValueError(f"time {text!r} has an hour, minute or second out of range")
    try:
        midnight = (date(int(year), int(month), int(day)).toordinal() - _EPOCH_ORDINAL) * DAY
    except ValueError:
        raise ValueError(f"time {text!r} names a day that does not exist") from None
    at = midnight + h * HOUR + m * MINUTE + s * SECOND
    if decimals:
        at += int((decimals + "00")[:3])
    if sign:
        oh, om = int(off_hour), int(off_minute)
        if oh > 23 or om > 59:
            raise ValueError(f"time {text!r} has an offset out of range")
        offset = oh * HOUR + om * MINUTE
        at += offset if sign == "-" else -offset
    elif text[10] == "T":
        if len(_days) >= _DAYS_MAX:
            _days.clear()
        _days[text[:11]] = midnight
    if not EARLIEST <= at <= LATEST:
        raise ValueError(f"time {text!r} is outside the years 1 to 9999")
    return at


def format_instant(at: int) -> str:
    """RFC 3339 in UTC with milliseconds and ``Z``.

    >>> format_instant(1)
    '1970-01-01T00:00:00.001Z'
    """
    day, rest = divmod(at, DAY)
    text = _dates.get(day)
    if text is None:
        if len(_dates) >= _DAYS_MAX:
            _dates.clear()
        text = _dates[day] = date.fromordinal(_EPOCH_ORDINAL + day).isoformat()
    seconds, millis = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    return f"{text}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.{millis:03d}Z"


def format_local(at: int, zone: ZoneInfo) -> str:
    """An instant for people at a site: local date and time with the offset, to the minute."""
    moment = to_datetime(at, zone)
    offset = f"{moment:%z}"
    return f"{moment:%Y-%m-%d %H:%M} {offset[:3]}:{offset[3:5]}"


def file_stamp(at: int) -> str:
    """An instant as it stands in the name of a file: UTC to the second, which sorts by time.

    >>> file_stamp(0)
    '19700101T000000Z'
    """
    return f"{to_datetime(at):%Y%m%dT%H%M%SZ}"


def in_local_time(text: str, zone: ZoneInfo) -> str:
    """A sentence with every instant in it that is written as :func:`format_instant` does told in local time.

    >>> in_local_time("shelved until 2026-11-22T10:00:00.000Z at most", ZoneInfo("Europe/Berlin"))
    'shelved until 2026-11-22 11:00 +01:00 at most'
    """
    return _WRITTEN.sub(lambda found: format_local(parse_instant(found[0]), zone), text)


def to_datetime(at: int, zone: ZoneInfo | None = None) -> datetime:
    """The aware datetime of an instant, in ``zone`` (default UTC).

    The first and last days of the calendar, which some systems send for "never", are not carried into a zone, where
    they would leave the calendar; they stay a few days inside it.
    """
    inside = at if zone is None else min(max(at, EARLIEST + 3 * DAY), LATEST - 3 * DAY)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=inside)
    return moment if zone is None else moment.astimezone(zone)


def from_datetime(moment: datetime) -> int:
    """The instant of an aware datetime, cut to whole milliseconds; a naive one raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no offset from UTC")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def start_of_day(day: date, zone: ZoneInfo) -> int:
    """The first instant of a calendar day in ``zone``; where midnight is skipped, the instant of the jump."""
    if not date(1, 1, 3) <= day <= date(9999, 12, 28):
        return EARLIEST if day.year == 1 else LATEST
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone))


def days_in(zone: ZoneInfo) -> DayOf:
    """The :data:`DayOf` of a time zone. A day there lasts 23, 24 or 25 hours, or whatever its law says."""

    def day_of(at: int) -> tuple[int, int]:
        day = to_datetime(at, zone).date()
        return min(at, start_of_day(day, zone)), max(at + 1, start_of_day(day + timedelta(days=1), zone))

    return day_of


def end_of_day(day: date, zone: ZoneInfo) -> int:
    """The instant at which a date has passed in ``zone``: the first of the day after.

    GS1 General Specifications, AI (17): a product is good through the whole of its expiry date.
    """
    return LATEST if day >= date(9999, 12, 28) else start_of_day(day + timedelta(days=1), zone)
