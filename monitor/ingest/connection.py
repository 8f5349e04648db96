"""One connection to the broker, from CONNECT to its end, driven by one thread.

The loop is our own over paho's public interface (``socket``, ``loop_read``, ``loop_write``, ``loop_misc``): it drains
the socket in bursts, and with ``on_socket_register_write`` set paho writes only when told to. That makes it safe to
write acknowledgements past paho: all of a batch in one send, where ``Client.ack`` costs a packet of its own and a send
for each. For messages of QoS 1 with ``manual_ack`` paho keeps no state that would have to know.
"""

from __future__ import annotations

import selectors
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.config.model import Mqtt
from monitor.core.time.instant import SECOND
from monitor.ingest.bulk import BulkClient, Published
from monitor.ingest.dialling import Protocol, connect, new_client, why_not
from monitor.ingest.inbox import Bell, Inbox
from monitor.ports import Clock, Message

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 5.0
"""How long a broker may take to answer CONNECT. A broker that stands still for a moment is not one that can't."""
BURST = 2_048
"""Messages read before they are handed over and what is to be written is written (at most some 50 ms of reading)."""
TURN_SECONDS = 1.0
TOPICS_MAX = 20_000
NOT_UTF8 = "(a topic that is not UTF-8)"
LEAVE_SECONDS = 1.0
"""How long :meth:`Connection.run` may take to end once it has been told to."""

_UNSUPPORTED_VERSION = 132
_FAILED = 128
_PUBACK = 0x4002_0000  # type 4, remaining length 2, then the packet's id; the same in 3.1.1 and 5
_PINGREQ, _DISCONNECT = b"\xc0\x00", b"\xe0\x00"  # the same in both versions, too
_ID_BITS, _ID_MASK = 16, 0xFFFF
_PAUSE_SECONDS = 0.05
_THROWN_AWAY_BYTES = 65_536
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


Kind = Literal["unreachable", "unanswered", "unsuited", "refused", "lost", "closed"]
"""``unanswered``: CONNECT got no answer, or the other end hung up on it; ``unsuited``: the broker says that it doesn't
speak this version of MQTT; ``refused``: it refuses us for another reason; ``lost``: it had accepted us."""


class Ending(NamedTuple):
    """How a connection ended. ``text`` is for people."""

    kind: Kind
    text: str


class Connection:
    """A connection numbered ``number``; :meth:`run` once, then throw it away. Bound: one burst beside the inbox.

    ``client_class`` may be a subclass of paho's that reads more at once, as long as its ``loop_read`` hands each
    message to ``on_message`` and returns without waiting.
    """

    def __init__(
        self,
        settings: Mqtt,
        protocol: Protocol,
        *,
        number: int,
        clock: Clock,
        inbox: Inbox,
        bell: Bell,
        on_accepted: Callable[[bool], None],
        on_subscribed: Callable[[], None],
        client_class: type[Client] = Client,
    ) -> None:
        self._settings = settings
        self._protocol: Protocol = protocol
        self._number = number
        self._clock = clock
        self._inbox = inbox
        self._bell = bell
        self._on_accepted = on_accepted
        self._on_subscribed = on_subscribed
        self._client = self._new_client(client_class)
        self._selector = selectors.DefaultSelector()
        self._watched = 0
        self._burst: list[Message] = []
        self._topics: dict[bytes, str] = {}
        self._received_at = 0
        self._acks: deque[list[int]] = deque()
        self._unsent = bytearray()
        self._accepted = False
        self._ending: Ending | None = None
        self._more = False  # the last burst ended before the socket was empty
        self._behind = False  # reading has stood still, and the socket was not empty since
        self._pinged = 0.0

    # --- any thread ---

    def acknowledge(self, batch: Sequence[Message]) -> None:
        """Has the broker told that these messages are safe. Those of earlier connections are left out: they come
        again, and only then can be acknowledged."""
        self._acks.append([message.token for message in batch])
        self._bell.ring()

    # --- the network's thread ---

    def run(self, stop: threading.Event) -> Ending:
        """Connects and carries messages until the connection ends or ``stop`` is set (ring the bell, too)."""
        try:
            self._selector.register(self._bell.reader, selectors.EVENT_READ)
            connect(self._client, self._settings, self._protocol)
            self._answer_by = time.monotonic() + ANSWER_SECONDS
            while self._ending is None and not stop.is_set():
                self._turn()
            return self._ending or self._leave()
        except OSError as error:
            return Ending("unreachable", why_not(error, self._where()))
        finally:
            self._hand_over()
            self._client.on_disconnect = None
            if (sock := self._client.socket()) is not None:
                self._forget_socket(self._client, None, sock)
                sock.close()
            self._selector.close()

    def _new_client(self, client_class: type[Client]) -> Client:
        client = new_client(self._settings, self._protocol, client_class)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        if isinstance(client, BulkClient):
            client.on_published = self._on_published
        client.on_disconnect = self._on_disconnect
        client.on_socket_open = self._watch_socket
        client.on_socket_close = self._forget_socket
        client.on_socket_register_write = self._write_soon
        return client

    def _turn(self) -> None:
        """Waits until there is something to do, and does it."""
        self._wait()
        self._write()
        if self._ending is None and self._may_read():
            self._read()
        if self._ending is None:
            self._watch_time()

    def _may_read(self) -> bool:
        if self._accepted and not self._inbox.room:
            self._behind = True
            return False
        return True

    def _wait(self) -> None:
        reads = selectors.EVENT_READ if self._may_read() else 0
        writes = selectors.EVENT_WRITE if self._unsent or self._client.want_write() else 0
        self._watch(reads | writes)
        timeout = 0.0 if self._more and reads else TURN_SECONDS
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._bell.reader:
                self._bell.silence()

    def _watch(self, events: int) -> None:
        """Watches the connection's socket for just these events."""
        sock = self._client.socket()
        if sock is None or events == self._watched:
            return
        if not events:
            self._selector.unregister(sock)
        elif self._watched:
            self._selector.modify(sock, events)
        else:
            self._selector.register(sock, events)
        self._watched = events

    def _read(self) -> None:
        """Reads what is there, a burst at most, and hands it over."""
        self._received_at = self._clock.now()
        burst, loop_read = self._burst, self._client.loop_read
        limit = (
            min(BURST, self._inbox.room) or 1
        )  # CONNECT's answer must be read even while the inbox is full
        self._more = True
        while len(burst) < limit:
            before = len(burst)
            if loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS or self._ending is not None:
                self._lost()
                break
            if len(burst) == before and not self._decrypted():
                # Nothing came, or another packet than a message: if there is more, the selector says so.
                self._more = self._behind = False
                break
        self._hand_over()

    def _decrypted(self) -> bool:
        """Whether bytes lie between TLS and us, which no selector sees."""
        sock = self._client.socket()
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    def _hand_over(self) -> None:
        if self._burst:
            self._inbox.put(self._burst)
            self._burst.clear()

    def _write(self) -> None:
        """Writes what paho has queued, then acknowledgements; neither into the middle of the other's packet."""
        client = self._client
        if not self._unsent and client.want_write() and client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._lost()
        if client.want_write() or self._ending is not None:
            return
        while self._acks:
            self._unsent += self._packed(self._acks.popleft())
        sock = client.socket()
        if not self._unsent or sock is None:
            return
        try:
            del self._unsent[: sock.send(self._unsent)]
        except _NOT_NOW:
            return
        except OSError as error:
            self._end("lost", why_not(error, self._where()))

    def _packed(self, tokens: Sequence[int]) -> bytes:
        """A PUBACK for each message of this connection. QoS 0 has no packet id, and nothing to acknowledge."""
        number = self._number
        words = [
            _PUBACK | token & _ID_MASK for token in tokens if token >> _ID_BITS == number and token & _ID_MASK
        ]
        return struct.pack(f"!{len(words)}I", *words)

    def _watch_time(self) -> None:
        """Pings, notices a broker that is gone, and one that never answers.

        While reading stands still, paho must not judge: it would miss the answer to its ping and hang up. The
        pings are ours then, so that the broker doesn't hang up either.
        """
        if not self._accepted:
            if time.monotonic() > self._answer_by:
                self._end("unanswered", f"{self._where()} does not answer CONNECT (MQTT {self._protocol})")
        elif not self._behind:
            if self._client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS or self._client.socket() is None:
                self._lost()
        elif time.monotonic() - self._pinged > self._settings.keepalive / SECOND / 2 and not self._unsent:
            self._pinged = time.monotonic()
            self._unsent += _PINGREQ

    def _leave(self) -> Ending:
        """Writes the last acknowledgements and says goodbye, so that the broker keeps the session and doesn't wait.

        The broker then hangs up. We don't do it first: with something left unread the system would answer its
        next packet with a reset, and what it has not read yet of ours would be gone (RFC 1122, 4.2.2.13).
        """
        until = time.monotonic() + LEAVE_SECONDS
        self._bell.silence()
        self._write()
        if self._accepted:
            self._unsent += _DISCONNECT
        while self._unsent and self._ending is None and time.monotonic() < until:
            self._watch(selectors.EVENT_WRITE)
            self._selector.select(_PAUSE_SECONDS)
            self._write()
        while self._accepted and not self._hung_up() and time.monotonic() < until:
            self._watch(selectors.EVENT_READ)
            self._selector.select(_PAUSE_SECONDS)
        return Ending("closed", "closed")

    def _hung_up(self) -> bool:
        """Whether the broker has; throws away what it sent before. What wasn't acknowledged comes again."""
        sock = self._client.socket()
        try:
            while sock is not None and sock.recv(_THROWN_AWAY_BYTES):
                pass
        except _NOT_NOW:
            return False
        except OSError:
            pass
        return True

    # --- how it ends ---

    def _end(self, kind: Kind, text: str) -> None:
        """The first cause is the one that is told."""
        if self._ending is None:
            self._ending = Ending(kind, text)

    def _lost(self) -> None:
        if self._accepted:
            self._end("lost", f"lost the connection to {self._where()}")
        else:
            self._end("unanswered", f"{self._where()} hung up on CONNECT (MQTT {self._protocol})")

    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    # --- what paho calls, in the network's thread ---

    def _on_connect(
        self,
        client: Client,
        _userdata: Any,
        flags: ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if code.is_failure:
            text = f"{self._where()} refuses the connection: {code}"
            if "uthori" in str(code) or "password" in str(
                code
            ):  # "Not authorized", "Unauthorized", by version
                text += " (check [mqtt] username and password)"
            self._end("unsuited" if code.value == _UNSUPPORTED_VERSION else "refused", text)
            return
        self._accepted = True
        self._pinged = time.monotonic()
        client.subscribe(f"{self._settings.root}/#", qos=1)
        self._on_accepted(flags.session_present)

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: Any,
        _mid: int,
        codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(code.value >= _FAILED for code in codes):
            self._end(
                "refused", f"{self._where()} refuses the subscription to {self._settings.root}/#: {codes[0]}"
            )
            return
        if any(code.value == 0 for code in codes):
            log.warning("the broker delivers at most once: messages can be lost", broker=self._where())
        self._on_subscribed()

    def _on_published(self, published: list[Published]) -> None:
        topics, number, received_at = self._topics, self._number << _ID_BITS, self._received_at
        for topic, mid, retain, payload in published:
            text = topics.get(topic)
            if text is None:
                text = self._topic_text(topic)
            self._burst.append(Message(text, payload, received_at, retain, number | mid))

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
        token = self._number << _ID_BITS | message.mid
        self._burst.append(Message(topic, bytes(message.payload), self._received_at, message.retain, token))

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,
        flags: DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._end("lost", f"{self._where()} ended the connection: {code}")

    def _watch_socket(self, _client: Client, _userdata: Any, _sock: Any) -> None:
        self._watch(selectors.EVENT_READ)

    def _forget_socket(self, _client: Client, _userdata: Any, sock: Any) -> None:
        if self._watched:
            self._selector.unregister(sock)
            self._watched = 0

    def _write_soon(self, _client: Client, _userdata: Any, _sock: Any) -> None:
        """Set, so that paho leaves the writing to the loop; :meth:`_wait` asks ``want_write`` itself."""
