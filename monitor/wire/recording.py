"""Messages that didn't come from the broker: recordings of what did, and parts of an import on their way.

A recording is JSON Lines, one message a line: ``{"topic": …, "payload": …, "received_at"?: …}``. The payload is a JSON
object or array as it was sent, or a string of the bytes that were sent (``"online"``, or JSON once more as a text).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from monitor.core.time.instant import EARLIEST, LATEST, parse_instant

LINE_BYTES_MAX = 1024 * 1024
"""A line that is longer holds no message that could be taken."""
MESSAGES_MAX = 20_000
"""Messages of one part of an import."""


class Origin(NamedTuple):
    """Where a message stands: a file's name (or what else to call it), and the line of each of its readings, or one
    for all. ``refused`` (reason, sentence): no message could be made of it, and its payload is the text as it stood."""

    source: str
    lines: tuple[int, ...]
    refused: tuple[str, str] | None = None


class Recorded(NamedTuple):
    """A message of a recording; ``received_at`` in ms, None where the recording doesn't say."""

    topic: str
    payload: bytes
    received_at: int | None


class _Line(msgspec.Struct):
    topic: str
    payload: msgspec.Raw
    received_at: str | int | None = None


_line = msgspec.json.Decoder(_Line)
_text = msgspec.json.Decoder(str)


def decode_line(line: bytes) -> Recorded:
    """One line of a recording; raises ValueError with a sentence for one that holds no message."""
    if len(line) > LINE_BYTES_MAX:
        raise ValueError(f"a line of over {LINE_BYTES_MAX} bytes holds no message")
    try:
        recorded = _line.decode(line)
        raw = bytes(recorded.payload)
        payload = _text.decode(raw).encode() if raw[:1] == b'"' else raw
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"the line is no recorded message: {error}") from None
    at = recorded.received_at
    if isinstance(at, str):
        at = parse_instant(at)
    if at is not None and not EARLIEST <= at <= LATEST:
        raise ValueError(f"received_at {at} is outside the years 1 to 9999 in epoch milliseconds")
    return Recorded(recorded.topic, payload, at)


# --- a part of an import, from one process to another ---


class SentMessage(msgspec.Struct, omit_defaults=True):
    """A message on its way through the API. ``payload`` is the text of what was sent."""

    topic: str
    payload: str
    received_at: int
    source: str = ""
    lines: tuple[int, ...] = ()
    refused: tuple[str, str] | None = None


class SentPart(msgspec.Struct, omit_defaults=True):
    """A part of an import on its way: messages, what to note with them, and whether the import is to end."""

    messages: list[SentMessage] = []  # msgspec copies it
    marks: dict[str, str] = {}
    last: bool = False


_part = msgspec.json.Decoder(SentPart)


def encode_part(
    messages: Iterable[tuple[Recorded, Origin | None]], marks: Mapping[str, str], *, last: bool
) -> bytes:
    """A part as bytes. Bytes of a payload that are no UTF-8 are escaped, so that it is refused there as here."""
    sent = [
        SentMessage(
            message.topic,
            message.payload.decode("utf-8", "backslashreplace"),
            message.received_at or 0,
            *(origin or ("", ())),
        )
        for message, origin in messages
    ]
    return msgspec.json.encode(SentPart(sent, dict(marks), last))


def decode_part(body: bytes) -> SentPart:
    """A part again; raises ValueError with a sentence."""
    try:
        part = _part.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"the body is no part of an import: {error}") from None
    if len(part.messages) > MESSAGES_MAX:
        raise ValueError(f"{len(part.messages)} messages in one part; at most {MESSAGES_MAX}")
    for message in part.messages:
        if not EARLIEST <= message.received_at <= LATEST:
            raise ValueError(f"received_at {message.received_at} is outside the years 1 to 9999")
    return part


def origin_of(message: SentMessage) -> Origin | None:
    """Where such a message stands, if it says so."""
    return Origin(message.source, message.lines, message.refused) if message.source else None
