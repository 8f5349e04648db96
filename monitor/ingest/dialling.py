"""How a connection to the broker is asked for, and in which words it is said that there is none."""

from __future__ import annotations

import ssl
from typing import Literal

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from monitor.config.model import Mqtt, Tls
from monitor.core.time.instant import SECOND

Protocol = Literal["5", "3.1.1"]

TCP_SECONDS = 5.0
"""How long the broker's machine may take to accept a connection, and again for TLS."""

_VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
_RECEIVE_MAXIMUM_MAX = 65_535


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
