"""What messages say: topics to channels, units and lots; payloads to readings and events; the rest to rejections.

The topics of everything that is configured are tabled once, so the hot path is one look-up and one decode. Other
topics are parsed each time and never kept: a flood of garbage costs its rejections and no memory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from monitor.core.lot.event import LotEvent
from monitor.core.profile.unit import Channel
from monitor.ports import Arrived, Decoded, Message
from monitor.wire.format import (
    MESSAGE_BYTES_MAX,
    NAME,
    NOT_ONE_READING,
    Format,
    LotEventTopic,
    ReadingTopic,
    Reason,
    RejectedError,
    Rejection,
    StatusTopic,
    UnitEventTopic,
)
from monitor.wire.registry import FORMATS, OURS, addressed

_DETAIL_MAX = 500
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127)}


class Decoder:
    """Decodes batches of messages; never raises on what came in.

    ``channel_ids`` gives each configured channel's (``site/unit/probe``) number in the log, ``units`` are
    ``site/unit``. A retained message is an old value: its readings count, but not as a sign of life. An empty
    retained payload is the deletion of one and says nothing.
    """

    def __init__(
        self,
        root: str,
        channel_ids: Mapping[str, int],
        units: Collection[str],
        sites: Collection[str],
        profiles: Collection[str],
    ) -> None:
        self._root = root
        self._channel_ids = dict(channel_ids)
        self._units = frozenset(units)
        self._sites = frozenset(sites)
        self._profiles = frozenset(profiles)
        self._readings = {
            wire_format.reading_topic(Channel.parse(path), root): (number, wire_format)
            for wire_format in reversed(FORMATS)  # where two have one topic, the first has it
            for path, number in channel_ids.items()
        }

    def __call__(self, batch: Sequence[Message]) -> Decoded:
        """What a batch says, in its order."""
        decoded = Decoded()
        row_of, take_reading = self._readings.get, decoded.readings.append
        for message in batch:
            topic, payload, received_at, retained, _ = message
            row = row_of(topic)
            if row is None:
                self._take_other(message, decoded)
                continue
            channel, wire_format = row
            if len(payload) <= MESSAGE_BYTES_MAX:
                try:
                    reading = wire_format.decode_reading(payload, received_at)
                except NOT_ONE_READING:
                    pass  # an array, or to be explained
                else:
                    take_reading(Arrived(channel, reading, 0, not retained))
                    continue
            self._take_readings(wire_format, channel, message, decoded)
        return decoded

    def parse_lot_event(self, site: str, lot: str, event: Mapping[str, Any]) -> LotEvent:
        """A lot event in the wire's words that came by another way (HTTP, command line), with the same checks.

        Raises ValueError with a sentence for the sender.
        """
        for field, name in (("site", site), ("lot", lot)):
            if not NAME.fullmatch(name):
                raise RejectedError(
                    "bad_name", f"{field} {name!r} is not a name (A-Z a-z 0-9 . _ -, 1 to 64 characters)"
                )
        try:
            payload = msgspec.json.encode(event)
        except (TypeError, OverflowError, RecursionError) as error:
            raise ValueError(f"the event can't be written as JSON: {error}") from error
        return self._lot_event(OURS, payload, LotEventTopic(site, lot))

    # --- one message ---

    def _take_other(self, message: Message, decoded: Decoded) -> None:
        if message.retained and not message.payload:
            return
        try:
            self._take(message, decoded)
        except RejectedError as error:
            decoded.rejected.append(_row(message, error.rejection))

    def _take(self, message: Message, decoded: Decoded) -> None:
        wire_format, address = addressed(message.topic, self._root)
        match address:
            case StatusTopic(channel):
                number = self._number_of(channel)
                if message.payload:  # empty: the retained status was deleted
                    online = wire_format.decode_status(message.payload)
                    decoded.statuses.append((number, online, message.received_at))
            case UnitEventTopic(site, unit) as topic:
                self._check_unit(f"{site}/{unit}", f"event topic {message.topic!r}")
                event = wire_format.decode_unit_event(message.payload, topic)
                decoded.unit_events.append((event, message.received_at))
            case LotEventTopic() as topic:
                lot_event = self._lot_event(wire_format, message.payload, topic)
                decoded.lot_events.append((lot_event, message.received_at))
            case ReadingTopic(channel):
                self._take_readings(wire_format, self._number_of(channel), message, decoded)

    def _take_readings(self, wire_format: Format, channel: int, message: Message, decoded: Decoded) -> None:
        """Arrays, and whatever is wrong with a single reading."""
        if message.retained and not message.payload:
            return
        readings, rejections = wire_format.decode_readings(message.payload, message.received_at)
        bad = {rejection.item for rejection in rejections}
        for item, reading in enumerate(readings):  # of those taken, so that 0 begins what came in one message
            decoded.readings.append(Arrived(channel, reading, item, not message.retained))
        items = wire_format.items_of(message.payload) if bad - {None} else []
        for rejection in rejections:
            # Of a bad item that alone is kept: a thousand of them would each keep the whole message.
            payload = message.payload if rejection.item is None else items[rejection.item]
            decoded.rejected.append(_row(message._replace(payload=payload), rejection))

    def _lot_event(self, wire_format: Format, payload: bytes, topic: LotEventTopic) -> LotEvent:
        if topic.site not in self._sites:
            raise _unknown("unknown_site", "site", topic.site, "the lot's topic", "a [site] section")
        event = wire_format.decode_lot_event(payload, topic)
        what = f"the {event.kind.value} event {event.event_id!r}"
        if event.unit is not None:
            self._check_unit(event.unit, what)
        if event.profile is not None and event.profile not in self._profiles:
            raise _unknown("unknown_profile", "profile", event.profile, what, "a file profiles/<name>.toml")
        return event

    # --- what is known ---

    def _number_of(self, channel: Channel) -> int:
        number = self._channel_ids.get(str(channel))
        if number is None:
            raise _unknown("unknown_channel", "channel", str(channel), "the topic", "the unit and its probe")
        return number

    def _check_unit(self, unit: str, named_by: str) -> None:
        if unit not in self._units:
            raise _unknown("unknown_unit", "unit", unit, named_by, "a [[unit]] section")


def _unknown(reason: Reason, kind: str, name: str, named_by: str, remedy: str) -> RejectedError:
    return RejectedError(
        reason,
        f"{kind} {name!r}, which {named_by} names, is not configured: correct the name, or add {remedy}"
        " to the configuration",
    )


def _row(message: Message, rejection: Rejection) -> dict[str, Any]:
    """A rejected message or item as the store keeps it; ``detail`` is one line."""
    return {
        "received_at": message.received_at,
        "topic": message.topic,
        "payload": message.payload,
        "reason": rejection.reason,
        "detail": rejection.detail[:_DETAIL_MAX].translate(_CONTROLS),
        "item": rejection.item,
    }
