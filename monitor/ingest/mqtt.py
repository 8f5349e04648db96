"""The MQTT subscription: a thread that keeps a connection to the broker, for ever, and loses nothing.

A message is acknowledged to the broker only when the consumer says that it is safe; until then the broker keeps it
and sends it again after a reconnect.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from itertools import count
from typing import Any, Literal

import structlog
from paho.mqtt.client import Client

from monitor.config.model import Mqtt
from monitor.core.time.instant import format_instant
from monitor.ingest import bulk
from monitor.ingest.connection import Connection
from monitor.ingest.dialling import Ending, Protocol
from monitor.ingest.inbox import Bell, Inbox
from monitor.ports import Clock, Message

log = structlog.get_logger(__name__)

BATCH_MAX = 5_000
"""Messages in one batch."""
BACKOFF_FIRST, BACKOFF_MAX = 0.5, 30.0
STEADY_SECONDS = 5.0
"""A connection that lasted this long was a good one: waiting begins anew. A shorter one (two clients that take one
another's session) must not make us reconnect without pause."""
CLOSE_SECONDS = 1.5
_JITTER = random.SystemRandom()


class ProtocolChoice:
    """Which version of MQTT to speak. With ``auto`` 5, until a broker turns out not to; what worked is remembered.

    A broker that can't be reached says nothing about what it speaks. One that doesn't answer does, but only as long
    as nothing has ever worked with it: later it is just standing still.
    """

    def __init__(self, setting: Literal["5", "3.1.1", "auto"]) -> None:
        self._auto = setting == "auto"
        self.current: Protocol = "3.1.1" if setting == "3.1.1" else "5"
        self._worked = False

    def note_accepted(self) -> None:
        """What is spoken now works."""
        self._worked = True

    def learn(self, ending: Ending) -> bool:
        """Takes note of how a connection ended; says whether the other version is to be tried at once."""
        if not self._auto:
            return False
        if ending.kind == "unsuited" or (ending.kind == "unanswered" and not self._worked):
            self.current = "3.1.1" if self.current == "5" else "5"
            self._worked = False
            return self.current == "3.1.1"
        if ending.kind == "unreachable" and not self._worked:
            self.current = "5"
        return False


class MqttSource:
    """A :class:`monitor.ports.Source` over MQTT. Call :meth:`start` once; one thread receives and acknowledges.

    At most ``inbox`` messages wait here (and one burst of reading); then the socket is left unread, and the broker
    keeps the rest. ``client_class``: see :class:`Connection`.
    """

    def __init__(
        self, settings: Mqtt, clock: Clock, inbox: int = 20_000, *, client_class: type[Client] | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._client_class = client_class or bulk.client_class()
        self._bell = Bell()
        self._inbox = Inbox(inbox, self._bell.ring)
        self._choice = ProtocolChoice(settings.protocol)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._connection: Connection | None = None
        self._since: int | None = None
        self._subscribed = threading.Event()
        self._text = "not started"

    # --- the consumer's side ---

    def start(self) -> None:
        """Starts the network's thread; returns at once."""
        self._say("connecting for the first time")
        self._thread.start()

    def receive(self, timeout: float) -> Sequence[Message]:
        """What waits, at most ``BATCH_MAX``; if nothing does, the first that comes within ``timeout`` seconds."""
        return self._inbox.take(timeout, BATCH_MAX)

    def acknowledge(self, batch: Sequence[Message]) -> None:
        """Has the broker told that these messages are safe with us."""
        if (connection := self._connection) is not None:
            connection.acknowledge(batch)

    def connected_since(self) -> int | None:
        """Since when the broker has been there without a break; None while it isn't."""
        return self._since

    def is_subscribed(self) -> bool:
        """Whether the broker has confirmed that all below the root comes to us; until then it may pass us by."""
        return self._subscribed.is_set()

    def status(self) -> dict[str, Any]:
        """``ok``, ``text``, ``host``, ``port``, ``protocol`` (as spoken or tried now), ``connected_since`` (RFC 3339
        or null), ``received`` (messages since the start), ``waiting``."""
        since = self._since
        return {
            "ok": since is not None,
            "text": self._text,
            "host": self._settings.host,
            "port": self._settings.port,
            "protocol": self._choice.current,
            "connected_since": None if since is None else format_instant(since),
            "received": self._inbox.received,
            "waiting": len(self._inbox),
        }

    def close(self) -> None:
        """Ends the connection and keeps the session: what wasn't acknowledged comes again. Within 2 s."""
        self._closing.set()
        self._bell.ring()
        if self._thread.ident is not None:
            self._thread.join(CLOSE_SECONDS)
        self._since = None
        self._say("closed")
        if not self._thread.is_alive():
            self._bell.close()

    # --- the network's thread ---

    def _run(self) -> None:
        wait = BACKOFF_FIRST
        for number in count(1):
            if self._closing.is_set():
                return
            began = time.monotonic()
            ending = self._connect_once(number)
            if self._closing.is_set():
                return
            self._say(f"{ending.text}; trying again", ok=False)
            if self._choice.learn(ending):
                continue  # without waiting: the broker is there, and only speaks the other version
            if ending.kind == "lost" and time.monotonic() - began > STEADY_SECONDS:
                wait = BACKOFF_FIRST
            # With jitter, so that many monitors don't come back to a broker in one moment.
            self._closing.wait(wait * _JITTER.uniform(0.5, 1.0))
            wait = min(BACKOFF_MAX, wait * 2)

    def _connect_once(self, number: int) -> Ending:
        """One connection from beginning to end. Whatever goes wrong in it, the thread goes on."""
        try:
            self._connection = Connection(
                self._settings,
                self._choice.current,
                number=number,
                clock=self._clock,
                inbox=self._inbox,
                bell=self._bell,
                on_accepted=self._on_accepted,
                on_subscribed=self._subscribed.set,
                client_class=self._client_class,
            )
            return self._connection.run(self._closing)
        except Exception as error:
            log.exception("the connection to the broker failed in a way that was not foreseen")
            return Ending("lost", f"the connection failed: {error}")
        finally:
            self._since = None
            self._subscribed.clear()

    def _on_accepted(self, session_present: bool) -> None:
        self._choice.note_accepted()
        self._since = self._clock.now()
        kept = "the session was kept" if session_present else "a new session began"
        self._say(f"connected with MQTT {self._choice.current}; {kept}")

    def _say(self, text: str, *, ok: bool = True) -> None:
        """Keeps the state for :meth:`status`, and logs it if it is another than before."""
        if text != self._text:
            self._text = text
            where = f"{self._settings.host}:{self._settings.port}"
            (log.info if ok else log.warning)("mqtt", broker=where, state=text)
