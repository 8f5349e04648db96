"""Readings of a channel, and what could not be taken, as JSON."""

from __future__ import annotations

from typing import Annotated, TypedDict

from monitor.core.answer.shape import ChannelPath, Degrees, InstantText, OneOf, Seconds
from monitor.core.channel.reading import Quality


class ReadingAnswer(TypedDict):
    """What a channel said at one instant; several readings of one instant are seen together."""

    measured_at: Annotated[InstantText, "when, by the probe's clock"]
    celsius: Annotated[
        Degrees | None, "the value, `offset` added; of two the one that counts; null: the reading is bad"
    ]
    quality: Annotated[str, OneOf(tuple(Quality)), "how far it can be trusted"]
    reason: Annotated[str | None, "why it isn't good; null: it is"]


_AskedSpan = TypedDict(
    "_AskedSpan",
    {
        "from": Annotated[InstantText, "the beginning that was asked for"],
        "to": Annotated[InstantText, "the end that was asked for"],
    },
)


class _OfChannel(TypedDict):
    channel: Annotated[ChannelPath, "the channel"]


class ReadingsAnswer(_OfChannel, _AskedSpan):
    """The readings of a channel, thinned so that every lowest and highest stays."""

    max_gap_seconds: Annotated[Seconds, "readings farther apart than this are not joined: unknown time"]
    count: Annotated[int, "how many there are before thinning"]
    readings: Annotated[list[ReadingAnswer], "in order"]


class RejectedMessageAnswer(TypedDict):
    """A message, or one item of an array, that was not taken."""

    received_at: Annotated[InstantText, "when it came"]
    topic: Annotated[str, "where it came in"]
    payload: Annotated[str, "as it came; bytes that are no UTF-8 are escaped"]
    size: Annotated[int, "its length, in bytes, also where the payload is kept in part"]
    reason: Annotated[str, "why, for programs: [wire.md](wire.md) lists the reasons"]
    detail: Annotated[str, "why, in a sentence"]
    item: Annotated[int | None, "the item of the array, counted from 0; null: the whole message"]


class RejectedAnswer(TypedDict):
    """What could not be taken: counted, and the newest as they came."""

    counts: Annotated[dict[str, int], "how many, by reason"]
    messages: Annotated[list[RejectedMessageAnswer], "the newest, newest first"]
