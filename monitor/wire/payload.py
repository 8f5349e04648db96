"""JSON that came in: the instants in it, and why a payload can't be decoded."""

from __future__ import annotations

import msgspec

from monitor.core.time.instant import EARLIEST, LATEST, parse_instant
from monitor.wire.format import RejectedError, Rejection

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder of msgspec raises on what came in."""


def instant_of(value: str | int) -> int:
    """The instant in ms that RFC 3339 or epoch milliseconds name; raises :class:`RejectedError` (``bad_time``)."""
    if type(value) is int:
        if not EARLIEST <= value <= LATEST:
            raise RejectedError(
                "bad_time", f"time {value} is outside the years 1 to 9999 in epoch milliseconds"
            )
        return value
    try:
        return parse_instant(str(value))
    except ValueError as error:
        raise RejectedError("bad_time", str(error)) from None


def why_undecodable(payload: bytes, error: Exception) -> Rejection:
    """Sorts a decoder's complaint under a reason."""
    text = str(error)
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        return Rejection("not_utf8", "the payload is not UTF-8")
    if not isinstance(error, msgspec.ValidationError):
        # msgspec calls a number beyond a double's range malformed; for the sender it is a bad number.
        return Rejection("bad_number" if "out of range" in text else "not_json", text)
    if "missing required field" in text:
        return Rejection("missing_field", text)
    if "out of range" in text:
        return Rejection("bad_number", text)
    if "Invalid enum value" in text:
        return Rejection("bad_fault" if "fault" in text else "bad_event", text)
    return Rejection("wrong_type", text)
