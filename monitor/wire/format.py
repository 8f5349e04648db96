"""What every wire format has: names and limits, what topics are for, why a message is refused, and the functions that
:data:`monitor.wire.registry.FORMATS` asks of a format's module."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import msgspec

from monitor.core.channel.reading import Reading
from monitor.core.lot.event import LotEvent, UnitEvent
from monitor.core.profile.unit import Channel

DEFAULT_ROOT = "exosome/v1"
MESSAGE_BYTES_MAX = 256 * 1024
ITEMS_MAX = 1_000
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

Reason = Literal[
    "bad_topic",
    "too_large",
    "not_utf8",
    "not_json",
    "too_many_items",
    "missing_field",
    "wrong_type",
    "bad_number",
    "bad_time",
    "bad_fault",
    "bad_name",
    "bad_event",
    "unknown_channel",
    "unknown_unit",
    "unknown_site",
    "unknown_profile",
]


class Rejection(NamedTuple):
    """Why a message, or one item of an array (counted from 0), was not taken; ``detail`` is a sentence."""

    reason: Reason
    detail: str
    item: int | None = None


class RejectedError(ValueError):
    """Raised inside decoding; carries the :class:`Rejection`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.rejection = Rejection(reason, detail)


@dataclass(frozen=True, slots=True)
class ReadingTopic:
    """Where readings of one channel come in."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class StatusTopic:
    """Where a channel's gateway says ``online`` or, as its last will, ``offline``."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class UnitEventTopic:
    """Where a unit's events come in."""

    site: str
    unit: str


@dataclass(frozen=True, slots=True)
class LotEventTopic:
    """Where a lot's events come in."""

    site: str
    lot: str


Address = ReadingTopic | StatusTopic | UnitEventTopic | LotEventTopic


NOT_ONE_READING = (RejectedError, msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What :meth:`Format.decode_reading` may raise."""


class Format(Protocol):
    """A wire format: a module of :mod:`monitor.wire` that has these functions and keeps no state. Nothing but
    ``decode_reading`` raises anything else than :class:`RejectedError` on what came in."""

    def parse_topic(self, topic: str, root: str = ...) -> Address:
        """What a topic below ``root`` is for; raises :class:`RejectedError` for one that isn't of this format."""

    def reading_topic(self, channel: Channel, root: str = ...) -> str:
        """The topic of a channel's readings."""

    def decode_reading(self, payload: bytes, received_at: int) -> Reading:
        """The reading of a message that holds a single one, and no more than ``MESSAGE_BYTES_MAX``: the direct way for
        the common case. Raises one of :data:`NOT_ONE_READING` for anything else."""

    def decode_readings(self, payload: bytes, received_at: int) -> tuple[list[Reading], list[Rejection]]:
        """The readings of any message, and what was wrong with the rest. Never raises."""

    def items_of(self, payload: bytes) -> list[bytes]:
        """The readings of an array, each as it was sent; empty for a payload that is no array."""

    def decode_status(self, payload: bytes) -> bool:
        """Whether a status message says that the channel's gateway is there."""

    def decode_unit_event(self, payload: bytes, topic: UnitEventTopic) -> UnitEvent:
        """The unit event of one message."""

    def decode_lot_event(self, payload: bytes, topic: LotEventTopic) -> LotEvent:
        """The lot event of one message."""
