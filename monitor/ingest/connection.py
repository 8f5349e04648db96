"""One connection to the broker, from CONNECT to its end, driven by one thread.

The loop is our own over paho's public interface (``socket``, ``loop_read``, ``loop_write``, ``loop_misc``): it drains
the socket in bursts, and with ``on_socket_register_write`` set paho writes only when told to. That makes it safe to
write acknowledgements past paho: all of a batch in one send, where ``Client.ack`` costs a packet of its own and a send
for each. For messages of QoS 1 with ``manual_ack`` paho keeps no state that would have to know.
"""

from __future__ import annotations

import selectors
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

from monitor.config.model import Mqtt
from monitor.core.time.instant import SECOND
from monitor.ingest.dialling import Ending, Protocol, Standing, connect, new_client
from monitor.ingest.inbox import Bell, Inbox
from monitor.ingest.packets import Arrivals, Receipts
from monitor.ports import Clock, Message

ANSWER_SECONDS = 5.0
"""How long a broker may take to answer CONNECT. A broker that stands still for a moment is not one that can't."""
BURST = 2_048
"""Messages read before they are handed over and what is to be written is written (at most some 50 ms of reading)."""
TURN_SECONDS = 1.0
LEAVE_SECONDS = 1.0
"""How long :meth:`Connection.run` may take to end once it has been told to."""

_PINGREQ, _DISCONNECT = b"\xc0\x00", b"\xe0\x00"  # the same in both versions of MQTT
_PAUSE_SECONDS = 0.05
_THROWN_AWAY_BYTES = 65_536
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SocketWatch:
    """Waits for a client's socket, and for a bell."""

    def __init__(self, client: Client, bell: Bell) -> None:
        self._client = client
        self._bell = bell
        self._selector = selectors.DefaultSelector()
        self._selector.register(bell.reader, selectors.EVENT_READ)
        self._watched = 0
        client.on_socket_open = self._on_open
        client.on_socket_close = self._on_close
        client.on_socket_register_write = self._on_wish_to_write

    def wait(self, events: int, timeout: float) -> None:
        """Waits until the socket is ready for one of ``events``, the bell rings (heard once), or for ``timeout``
        seconds."""
        self._watch(events)
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._bell.reader:
                self._bell.silence()

    def close(self) -> None:
        """Closes the socket, if it is open."""
        if (sock := self._client.socket()) is not None:
            self._on_close(self._client, None, sock)
            sock.close()
        self._selector.close()

    def _watch(self, events: int) -> None:
        """Watches the socket for just these events."""
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

    def _on_open(self, _client: Client, _userdata: Any, _sock: Any) -> None:
        self._watch(selectors.EVENT_READ)

    def _on_close(self, _client: Client, _userdata: Any, sock: Any) -> None:
        if self._watched:
            self._selector.unregister(sock)
            self._watched = 0

    def _on_wish_to_write(self, _client: Client, _userdata: Any, _sock: Any) -> None:
        """Set, so that paho leaves the writing to the loop, which asks ``want_write`` itself."""


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
        self._clock = clock
        self._bell = bell
        self._standing = Standing(settings, protocol, on_accepted, on_subscribed)
        self._arrivals = Arrivals(inbox, number)
        self._receipts = Receipts(number)
        self._client = new_client(settings, protocol, client_class)
        self._standing.listen_to(self._client)
        self._arrivals.listen_to(self._client)
        self._unsent = bytearray()
        self._more = False  # the last burst ended before the socket was empty
        self._behind = False  # reading has stood still, and the socket was not empty since
        self._pinged_at = 0.0

    # --- any thread ---

    def acknowledge(self, batch: Sequence[Message]) -> None:
        """Has the broker told that these messages are safe. Those of earlier connections are left out: they come
        again, and only then can be acknowledged."""
        self._receipts.add(batch)
        self._bell.ring()

    # --- the network's thread ---

    def run(self, stop: threading.Event) -> Ending:
        """Connects and carries messages until the connection ends or ``stop`` is set (ring the bell, too)."""
        standing, socket_watch = self._standing, SocketWatch(self._client, self._bell)
        try:
            connect(self._client, self._settings, self._protocol)
            answer_by = time.monotonic() + ANSWER_SECONDS
            while standing.ending is None and not stop.is_set():
                self._turn(socket_watch, answer_by)
            if standing.ending is None:
                self._leave(socket_watch)
        except OSError as error:
            standing.fail("unreachable", error)
        finally:
            self._arrivals.hand_over()
            self._client.on_disconnect = None
            socket_watch.close()
        assert standing.ending is not None
        return standing.ending

    def _turn(self, socket_watch: SocketWatch, answer_by: float) -> None:
        """Waits until there is something to do, and does it."""
        reads = selectors.EVENT_READ if self._may_read() else 0
        writes = selectors.EVENT_WRITE if self._unsent or self._client.want_write() else 0
        socket_watch.wait(reads | writes, 0.0 if self._more and reads else TURN_SECONDS)
        self._write()
        if self._standing.ending is None and self._may_read():
            self._read()
        if self._standing.ending is None:
            self._watch_time(answer_by)

    def _may_read(self) -> bool:
        if self._standing.accepted_at is not None and not self._arrivals.room:
            self._behind = True
            return False
        return True

    def _read(self) -> None:
        """Reads what is there, a burst at most, and hands it over."""
        arrivals, standing = self._arrivals, self._standing
        arrivals.received_at = self._clock.now()
        burst, loop_read = arrivals.burst, self._client.loop_read
        limit = min(BURST, arrivals.room) or 1  # CONNECT's answer must be read even while the inbox is full
        self._more = True
        while len(burst) < limit:
            before = len(burst)
            if loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS or standing.ending is not None:
                standing.lose()
                break
            if len(burst) == before and not self._decrypted():
                # Nothing came, or another packet than a message: if there is more, the selector says so.
                self._more = self._behind = False
                break
        arrivals.hand_over()

    def _decrypted(self) -> bool:
        """Whether bytes lie between TLS and us, which no selector sees."""
        sock = self._client.socket()
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    def _write(self) -> None:
        """Writes what paho has queued, then acknowledgements; neither into the middle of the other's packet."""
        client = self._client
        if not self._unsent and client.want_write() and client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._standing.lose()
        if client.want_write() or self._standing.ending is not None:
            return
        self._unsent += self._receipts.take()
        sock = client.socket()
        if not self._unsent or sock is None:
            return
        try:
            del self._unsent[: sock.send(self._unsent)]
        except _NOT_NOW:
            return
        except OSError as error:
            self._standing.fail("lost", error)

    def _watch_time(self, answer_by: float) -> None:
        """Pings, notices a broker that is gone, and one that never answers.

        While reading stands still, paho must not judge: it would miss the answer to its ping and hang up. The
        pings are ours then, so that the broker doesn't hang up either.
        """
        standing = self._standing
        if standing.accepted_at is None:
            if time.monotonic() > answer_by:
                standing.give_up()
        elif not self._behind:
            if self._client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS or self._client.socket() is None:
                standing.lose()
        else:
            heard_of_us_at = max(standing.accepted_at, self._pinged_at)
            is_time = time.monotonic() - heard_of_us_at > self._settings.keepalive / SECOND / 2
            if is_time and not self._unsent:
                self._pinged_at = time.monotonic()
                self._unsent += _PINGREQ

    def _leave(self, socket_watch: SocketWatch) -> None:
        """Writes the last acknowledgements and says goodbye, so that the broker keeps the session and doesn't wait.

        The broker then hangs up. We don't do it first: with something left unread the system would answer its
        next packet with a reset, and what it has not read yet of ours would be gone (RFC 1122, 4.2.2.13).
        """
        standing, until = self._standing, time.monotonic() + LEAVE_SECONDS
        self._bell.silence()
        self._write()
        was_accepted = standing.accepted_at is not None
        if was_accepted:
            self._unsent += _DISCONNECT
        while self._unsent and standing.ending is None and time.monotonic() < until:
            socket_watch.wait(selectors.EVENT_WRITE, _PAUSE_SECONDS)
            self._write()
        while was_accepted and not self._hung_up() and time.monotonic() < until:
            socket_watch.wait(selectors.EVENT_READ, _PAUSE_SECONDS)
        standing.end("closed", "closed")

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
