"""Gateways: what passes readings on to the broker, with a buffer, and with all that can go wrong on the way. Seeded.

Everything about a message is settled when it is handed over or when something happens to the gateway; how often
and when :meth:`Gateway.release` is called changes nothing.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple

from monitor.wire.v1 import (
    ITEMS_MAX,
    Channel,
    Reading,
    encode_reading,
    encode_readings,
    reading_topic,
    status_topic,
)
from simulators.clock import SECOND
from simulators.network.garbling import KINDS, GarbleKind, garble
from simulators.require import require
from simulators.sensing.clockwork import DeviceClock

ONLINE, OFFLINE = b"online", b"offline"
COPY_WITHIN = 5 * SECOND
"""A copy of a message that is sent twice comes at most so much later."""


class GatewayMessage(NamedTuple):
    """One MQTT message, to be published at ``at`` (simulated ms) with QoS 1."""

    at: int
    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayModel:
    """What kind of gateway it is. Durations in ms, temperatures in °C.

    ``buffer``: how many readings and events it keeps while offline; beyond that the oldest is dropped. 0: it keeps
    none, and what was under way is lost as well. ``array_max``: how many readings an upload's message holds.
    ``delay``: how long each message takes. ``will_after``: how long after the connection is lost the broker says
    ``offline`` for it (its keep-alive, and half of it). ``resent``: how many messages come again at a reconnect.
    ``resolution``: it rounds to multiples of it. ``stamps``: readings get the time of its own clock, not the probe's.

    Raises ValueError for values that make no sense.
    """

    buffer: int = 10_000
    array_max: int = ITEMS_MAX
    delay: int = 0
    will_after: int = 0
    resent: int = 20
    resolution: float | None = None
    stamps: bool = False

    def __post_init__(self) -> None:
        for name in ("buffer", "delay", "will_after", "resent"):
            value = getattr(self, name)
            require(value >= 0, f"{name} {value} is below 0")
        require(1 <= self.array_max <= ITEMS_MAX, f"array_max {self.array_max} is not 1 to {ITEMS_MAX:,}")
        require(
            self.resolution is None or self.resolution > 0, f"resolution {self.resolution} is not above 0"
        )


class _Kept(NamedTuple):
    """What waits in the buffer: a reading on its topic, or an event's payload."""

    topic: str
    what: Reading | bytes


class Gateway:
    """One gateway's state. It begins online and has said nothing. Calls come in the order of time.

    Troubles that are set from outside, from then on for what is handed over: ``duplicating``: so many messages (a
    share) are sent twice. ``reordering``: each is late by up to so many ms, by chance. ``lagging``: each is late by so
    many ms. ``retaining``: readings are published retained. ``garbling``: so many messages of readings (a share) turn
    into bad ones of the kind ``garble_how``, or of any kind (``mixed``). ``clock`` matters where it stamps readings.
    ``online``, ``dropped`` (of the buffer or under way, so far) and ``garbled`` (by kind, so far) are for reading only.

    The same ``random`` (which is left with the gateway) and the same calls give the same bytes. Every method raises
    ValueError for an instant before that of an earlier call, and :meth:`read` KeyError for a channel that isn't its.
    """

    def __init__(
        self,
        name: str,
        model: GatewayModel,
        channels: Sequence[Channel],
        root: str,
        random: Random,
    ) -> None:
        self.name = name
        self.model = model
        self.clock = DeviceClock()
        self.online = True
        self.dropped = 0
        self.garbled: Counter[GarbleKind] = Counter()
        self._topics = {channel: reading_topic(channel, root) for channel in channels}
        self._statuses = tuple(status_topic(channel, root) for channel in channels)
        # Each trouble has luck of its own, so that one leaves the others as they were.
        self._copies, self._lateness, self._garbles = (Random(random.getrandbits(64)) for _ in range(3))
        self._now = 0
        self._serial = 0
        self._due: list[
            tuple[int, int, GatewayMessage]
        ] = []  # a heap; bounded by what is late or handed over at once
        self._gone: list[GatewayMessage] = []  # due by now; emptied at each release
        self._last = dict.fromkeys(self._topics.values(), GatewayMessage(0, "", b"", retained=False))
        self._sent: deque[GatewayMessage] = deque(maxlen=model.resent)
        self._kept: deque[_Kept] = deque()  # bounded by the model's buffer
        self._under_way: list[GatewayMessage] = []  # when the connection was lost
        self._end_troubles()

    def _end_troubles(self) -> None:
        self.duplicating = 0.0
        self.reordering = 0
        self.lagging = 0
        self.retaining = False
        self.garbling = 0.0
        self.garble_how: GarbleKind | Literal["mixed"] = "mixed"

    # --- what is handed over and goes out -------------------------------------------------------------------

    def read(self, at: int, channel: Channel, reading: Reading) -> None:
        """Takes a reading that came in at ``at``."""
        self._pass(at)
        topic = self._topics[channel]
        if self.model.stamps:
            reading = reading._replace(measured_at=self.clock.read(at))
        if (step := self.model.resolution) is not None and reading.celsius is not None:
            reading = reading._replace(celsius=round(round(reading.celsius / step) * step, 6))
        if not self.online:
            self._keep(_Kept(topic, reading))
        elif self.garbling and self._garbles.random() < self.garbling:
            self._send(at, *self._garble(topic, reading), retained=self.retaining)
        else:
            self._send(at, topic, encode_reading(reading), retained=self.retaining)

    def tell(self, at: int, topic: str, payload: bytes) -> None:
        """Takes an event's message at ``at``; events are never garbled."""
        self._pass(at)
        if self.online:
            self._send(at, topic, payload, retained=False)
        else:
            self._keep(_Kept(topic, payload))

    def release(self, until: int) -> list[GatewayMessage]:
        """All messages due through ``until`` that were not released before, in the order of time."""
        self._pass(until)
        self._let_go(until)
        released, self._gone = self._gone, []
        return released

    def next_at(self) -> int | None:
        """When the next message that was not yet released is due; None if there is none."""
        if self._gone:
            return self._gone[0].at
        return self._due[0][0] if self._due else None

    # --- troubles -------------------------------------------------------------------------------------------

    def lose(self, at: int) -> None:
        """Loses its way out, after all that was due through ``at``: its channels are said to be offline.

        What is handed over goes to the buffer; what was under way waits. Nothing happens if it is offline.
        """
        self._pass(at)
        self._let_go(at)
        if not self.online:
            return
        self.online = False
        if self.model.buffer:
            self._under_way = [message for _, _, message in sorted(self._due)]
        else:
            self.dropped += len(self._due)
        self._due.clear()
        for topic in self._statuses:
            self._put(GatewayMessage(at + self.model.will_after, topic, OFFLINE, retained=True))

    def restore(self, at: int) -> None:
        """Ends every trouble. If it was offline its channels are online again, and then all goes out that waited.

        First what was under way, then the readings of the buffer, per channel in arrays, the oldest first, then
        events. Its clock stays as it is.
        """
        self._pass(at)
        self._let_go(at)
        self._end_troubles()
        if self.online:
            return
        self.online = True
        self._due.clear()  # offline for so short a time that the broker did not notice
        self._put_all(at, (GatewayMessage(at, topic, ONLINE, retained=True) for topic in self._statuses))
        self._put_all(at, self._under_way)
        self._put_all(at, self._uploads(at))
        self._put_all(at, (GatewayMessage(at, *each, retained=False) for each in self._kept_events()))
        self._under_way.clear()
        self._kept.clear()

    def reconnect(self, at: int) -> None:
        """Sends its last messages (as many as the model says, statuses apart) again, byte for byte.

        With ``retaining``, :meth:`replay_retained` follows. Nothing happens while it is offline.
        """
        self._pass(at)
        self._let_go(at)
        if self.online:
            self._put_all(at, tuple(self._sent))
            if self.retaining:
                self.replay_retained(at)

    def replay_retained(self, at: int) -> None:
        """Sends each channel's old value again, flagged retained: the one last sent retained, or else the last.

        Nothing happens while it is offline.
        """
        self._pass(at)
        self._let_go(at)
        if self.online:
            old = [message for message in self._last.values() if message.topic]
            self._put_all(at, (message._replace(retained=True) for message in old))

    # --- inside ---------------------------------------------------------------------------------------------

    def _pass(self, at: int) -> None:
        if at < self._now:
            raise ValueError(f"gateway {self.name} is at {self._now} and can't go back to {at}")
        self._now = at

    def _send(self, at: int, topic: str, payload: bytes, *, retained: bool) -> None:
        """Puts a message on its way, with what the troubles of now make of it."""
        due = at + self.model.delay + self.lagging
        if self.reordering:
            due += self._lateness.randint(0, self.reordering)
        message = GatewayMessage(due, topic, payload, retained)
        self._put(message)
        if self.duplicating and self._copies.random() < self.duplicating:
            self._put(message._replace(at=due + self._copies.randint(1, COPY_WITHIN)))

    def _put(self, message: GatewayMessage) -> None:
        self._serial += 1
        heapq.heappush(self._due, (message.at, self._serial, message))

    def _put_all(self, at: int, messages: Iterable[GatewayMessage]) -> None:
        for message in messages:
            self._put(message._replace(at=at))

    def _let_go(self, to: int) -> None:
        """What is due through ``to`` has gone."""
        due, last = self._due, self._last
        while due and due[0][0] <= to:
            message = heapq.heappop(due)[2]
            self._gone.append(message)
            topic = message.topic
            if topic in last:
                if message.retained or not last[topic].retained:
                    last[topic] = message
            elif topic in self._statuses:
                continue
            self._sent.append(message)

    def _keep(self, kept: _Kept) -> None:
        if len(self._kept) >= self.model.buffer:
            self.dropped += 1
            if not self._kept:
                return
            self._kept.popleft()
        self._kept.append(kept)

    def _uploads(self, at: int) -> Iterator[GatewayMessage]:
        """The buffer's readings as arrays; of two arrays the one whose first reading came in earlier is first."""
        arrays: list[tuple[str, list[Reading]]] = []
        filling: dict[str, list[Reading]] = {}
        for topic, what in self._kept:
            if isinstance(what, bytes):
                continue
            array = filling.get(topic)
            if array is None or len(array) == self.model.array_max:
                array = filling[topic] = []
                arrays.append((topic, array))
            array.append(what)
        for topic, array in arrays:
            yield GatewayMessage(at, topic, encode_readings(array), retained=False)

    def _kept_events(self) -> Iterator[tuple[str, bytes]]:
        return ((topic, what) for topic, what in self._kept if isinstance(what, bytes))

    def _garble(self, topic: str, reading: Reading) -> tuple[str, bytes]:
        kind = self._garbles.choice(KINDS) if self.garble_how == "mixed" else self.garble_how
        self.garbled[kind] += 1
        return garble(kind, topic, reading, self._garbles)
