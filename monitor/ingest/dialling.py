"""How a connection to the broker is asked for, how it stands, and in which words it is said that there is none."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.config.model import Mqtt, Tls
from monitor.core.time.instant import SECOND

log = structlog.get_logger(__name__)

Protocol = Literal["5", "3.1.1"]
Kind = Literal["unreachable", "unanswered", "unsuited", "refused", "lost", "closed"]
"""``unanswered``: CONNECT got no answer, or the other end hung up on it; ``unsuited``: the broker says that it doesn't
speak this version of MQTT; ``refused``: it refuses us for another reason; ``lost``: it had accepted us."""

TCP_SECONDS = 5.0
"""How long the broker's machine may take to accept a connection, and again for TLS."""

_VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
_RECEIVE_MAXIMUM_MAX = 65_535
_UNSUPPORTED_VERSION = 132
_FAILED = 128


class Ending(NamedTuple):
    """How a connection ended. ``text`` is for people."""

    kind: Kind
    text: str


def new_client(settings: Mqtt, protocol: Protocol, client_class: type[Client]) -> Client:
    """A client that acknowledges nothing by itself and never connects by itself."""
    client = client_class(
        CallbackAPIVersion.VERSION2,
        client_id=settings.client_id,
        clean_session=None if protocol == "5" else False,
        protocol=_VERSIONS[protocol],
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = TCP_SECONDS
    if settings.username is not None:
        secret = settings.password
        client.username_pw_set(settings.username, None if secret is None else secret.reveal())
    return client


def connect(client: Client, settings: Mqtt, protocol: Protocol) -> None:
    """Connects and has CONNECT sent, for a session that the broker keeps while we are away. Raises OSError."""
    if settings.tls is not None:
        client.tls_set_context(_tls_context(settings.tls))
    keepalive = max(1, settings.keepalive // SECOND)
    if protocol == "5":
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = settings.session_expiry // SECOND
        properties.ReceiveMaximum = min(settings.receive_maximum, _RECEIVE_MAXIMUM_MAX)
        client.connect(settings.host, settings.port, keepalive, clean_start=False, properties=properties)
    else:
        client.connect(settings.host, settings.port, keepalive)


def _tls_context(tls: Tls) -> ssl.SSLContext:
    """Read anew for each connection, so that renewed certificates are taken. OSError for a file that can't be."""
    context = ssl.create_default_context(cafile=None if tls.ca_file is None else str(tls.ca_file))
    if tls.cert_file is not None:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context


def why_not(error: OSError, where: str) -> str:
    """Why there is no connection with ``where`` (host:port), for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = "check [mqtt.tls] ca_file"
        return f"the certificate of {where} is not trusted: {error.verify_message} ({remedy})"
    if isinstance(error, ssl.SSLError):
        return f"TLS with {where} fails: {error.reason or error}"
    if error.filename is not None:
        return f"can't read {error.filename}: {error.strerror}"
    return f"can't reach {where}: {error.strerror or error}"


class Standing:
    """How one connection stands with the broker: asked for, accepted, or ended.

    ``accepted_at``: when the broker accepted us, on the machine's own clock in seconds; None until then. ``ending``:
    how it ended, None until then; the first cause is the one that is told.
    """

    def __init__(
        self,
        settings: Mqtt,
        protocol: Protocol,
        on_accepted: Callable[[bool], None],
        on_subscribed: Callable[[], None],
    ) -> None:
        self.accepted_at: float | None = None
        self.ending: Ending | None = None
        self._where = f"{settings.host}:{settings.port}"
        self._filter = f"{settings.root}/#"
        self._protocol = protocol
        self._on_accepted = on_accepted
        self._on_subscribed = on_subscribed

    def listen_to(self, client: Client) -> None:
        """Takes what the broker says to a client of the connection itself."""
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect

    def end(self, kind: Kind, text: str) -> None:
        """It has ended, unless it had before."""
        if self.ending is None:
            self.ending = Ending(kind, text)

    def fail(self, kind: Kind, error: OSError) -> None:
        """What the system says of it ended it."""
        self.end(kind, why_not(error, self._where))

    def lose(self) -> None:
        """The other end is gone."""
        if self.accepted_at is not None:
            self.end("lost", f"lost the connection to {self._where}")
        else:
            self.end("unanswered", f"{self._where} hung up on CONNECT (MQTT {self._protocol})")

    def give_up(self) -> None:
        """CONNECT has had no answer for long enough."""
        self.end("unanswered", f"{self._where} does not answer CONNECT (MQTT {self._protocol})")

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
            text = f"{self._where} refuses the connection: {code}"
            # "Not authorized", "Unauthorized", by version
            if "uthori" in str(code) or "password" in str(code):
                text += " (check [mqtt] username and password)"
            self.end("unsuited" if code.value == _UNSUPPORTED_VERSION else "refused", text)
            return
        self.accepted_at = time.monotonic()
        client.subscribe(self._filter, qos=1)
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
            self.end("refused", f"{self._where} refuses the subscription to {self._filter}: {codes[0]}")
            return
        if any(code.value == 0 for code in codes):
            log.warning("the broker delivers at most once: messages can be lost", broker=self._where)
        self._on_subscribed()

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,
        flags: DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self.end("lost", f"{self._where} ended the connection: {code}")
