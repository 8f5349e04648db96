"""The messages of one connection to the broker: what it has read, and which of them the broker is told are safe.

A message's token says on which connection it came, and by which packet's id. What came on an earlier connection can't
be acknowledged on this one: it comes again.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from typing import Any

from paho.mqtt.client import Client, MQTTMessage

from monitor.ingest.bulk import BulkClient, Published
from monitor.ingest.inbox import Inbox
from monitor.ports import Message

TOPICS_MAX = 20_000
NOT_UTF8 = "(a topic that is not UTF-8)"

_PUBACK = 0x4002_0000  # type 4, remaining length 2, then the packet's id; the same in 3.1.1 and 5
_ID_BITS, _ID_MASK = 16, 0xFFFF


class Arrivals:
    """What connection ``number`` has read and not handed over yet: ``burst``, received at ``received_at`` (ms, set by
    whoever reads). Bound: one burst beside the inbox."""

    def __init__(self, inbox: Inbox, number: int) -> None:
        self.burst: list[Message] = []
        self.received_at = 0
        self._inbox = inbox
        self._number = number << _ID_BITS
        self._topics: dict[bytes, str] = {}

    def listen_to(self, client: Client) -> None:
        """Takes what a client reads."""
        client.on_message = self._on_message
        if isinstance(client, BulkClient):
            client.on_published = self._on_published

    @property
    def room(self) -> int:
        """How many messages the inbox has room for."""
        return self._inbox.room

    def hand_over(self) -> None:
        """Puts what was read into the inbox."""
        if self.burst:
            self._inbox.put(self.burst)
            self.burst.clear()

    def _on_published(self, published: list[Published]) -> None:
        topics, number, received_at = self._topics, self._number, self.received_at
        for topic, mid, retain, payload in published:
            text = topics.get(topic)
            if text is None:
                text = self._topic_text(topic)
            self.burst.append(Message(text, payload, received_at, retain, number | mid))

    def _topic_text(self, topic: bytes) -> str:
        """A topic as text, kept: there are as many as channels. Bounded, so that a flood of others is not."""
        if len(self._topics) >= TOPICS_MAX:
            self._topics.clear()
        try:
            text = topic.decode("utf-8")
        except UnicodeDecodeError:
            text = NOT_UTF8
        self._topics[topic] = text
        return text

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = NOT_UTF8
        payload, token = bytes(message.payload), self._number | message.mid
        self.burst.append(Message(topic, payload, self.received_at, message.retain, token))


class Receipts:
    """Acknowledgements that wait to be written on connection ``number``. :meth:`add` may be called from any thread."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._waiting: deque[list[int]] = deque()

    def add(self, batch: Sequence[Message]) -> None:
        """These messages are safe."""
        self._waiting.append([message.token for message in batch])

    def take(self) -> bytes:
        """A PUBACK for each message of this connection since the last call; those of others are left out, and those
        of QoS 0, which have no packet id, and nothing to acknowledge."""
        number, words = self._number, list[int]()
        while self._waiting:
            tokens = self._waiting.popleft()
            words += [
                _PUBACK | token & _ID_MASK
                for token in tokens
                if token >> _ID_BITS == number and token & _ID_MASK
            ]
        return struct.pack(f"!{len(words)}I", *words)
