"""The wire formats that are taken, and which of them a topic is of. One more is a module here and its row."""

from __future__ import annotations

from monitor.wire import v1
from monitor.wire.format import Address, Format, RejectedError

FORMATS: tuple[Format, ...] = (v1,)
"""Every format; a topic is of the first that knows it, so formats may share a root."""
OURS: Format = FORMATS[0]
"""The format in which the program itself puts what came by another way: rows of files, readings over HTTP."""


def addressed(topic: str, root: str) -> tuple[Format, Address]:
    """The format that a topic below ``root`` is of, and what it is for.

    Raises :class:`RejectedError` (``bad_topic``, in the first format's words) for one that is of none.
    """
    refusal: RejectedError | None = None
    for wire_format in FORMATS:
        try:
            return wire_format, wire_format.parse_topic(topic, root)
        except RejectedError as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal
