"""Signed links by which a person acknowledges one alarm: pure, single-purpose, and good up to an instant.

A message carries ``<external_url>/a/<token>``. The token names the alarm and the person, so that nothing about it has
to be stored; it is signed with the installation's own key (:func:`monitor.telling.link_key.link_key`), so that nobody
can make one for another alarm, another person or a longer time. It does nothing else than acknowledge, and opening it
does not do even that: mail scanners open every link. The page behind it shows the alarm and a button, which posts.

For who serves it::

    claim = link.claim(key, token, now=clock.now())   # raises LinkError, a ValueError, with a sentence to show
    commands.carry_out(Acknowledge(alarm=claim.alarm, by=claim.recipient, how="link"))
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import NamedTuple

from monitor.core.time.instant import HOUR, SECOND, format_instant

VALID_FOR = 72 * HOUR
"""How long a link in a message is good for: over a long weekend's nights, and no longer."""

_PURPOSE = b"exosome-monitor acknowledge 1\0"
_MAC_BYTES = 16
"""128 of HMAC-SHA256's bits: RFC 2104, section 5, allows half of them; the link stays short enough to be read out."""
_END_BYTES = 5
_LENGTH_BYTES = 1
_LONGEST_TOKEN = 1_000


class LinkError(ValueError):
    """A link that is not good (any more); the text is a sentence for whoever opened it."""


class Claim(NamedTuple):
    """What a good link says: who may acknowledge which alarm, before ``expires_at`` (ms, whole seconds)."""

    alarm: str
    recipient: str
    expires_at: int


def ticket(key: bytes, *, alarm: str, recipient: str, expires_at: int) -> str:
    """The token of a link for one alarm and one person, of letters, digits, ``-`` and ``_`` alone.

    ``expires_at`` (ms) is cut off to whole seconds. The same arguments give the same token. Raises ValueError for a key
    under 16 bytes, an instant before 1970, and names over 255 bytes.
    """
    if len(key) < 16:
        raise ValueError("a key for links has at least 16 bytes")
    names = (alarm.encode(), recipient.encode())
    if any(not 0 < len(name) <= 255 for name in names):
        raise ValueError("a link names an alarm and a person, each in 1 to 255 bytes")
    if expires_at < 0:
        raise ValueError("a link ends after 1970")
    content = (expires_at // SECOND).to_bytes(_END_BYTES, "big")
    for name in names:
        content += len(name).to_bytes(_LENGTH_BYTES, "big") + name
    return _text(_mac(key, content) + content)


def claim(key: bytes, token: str, *, now: int) -> Claim:
    """What a token says, if it was made with ``key`` and ``now`` (ms) is before its end; raises :class:`LinkError`."""
    content = _signed(key, token)
    if content is None:
        raise LinkError("This link is not one of ours, or was cut off or changed on its way.")
    found = _read(content)
    if now >= found.expires_at:
        raise LinkError(f"This link was good until {format_instant(found.expires_at)} and no longer.")
    return found


def _signed(key: bytes, token: str) -> bytes | None:
    """What a token holds beside its signature; None if that is not right."""
    if len(token) > _LONGEST_TOKEN:
        return None
    try:
        packed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if _text(packed) != token:  # several texts decode to the same bytes: only the one that we write is ours
        return None
    mac, content = packed[:_MAC_BYTES], packed[_MAC_BYTES:]
    return content if hmac.compare_digest(mac, _mac(key, content)) else None


def _read(content: bytes) -> Claim:
    """Takes apart what :func:`ticket` put together: its signature was right, so it is whole."""
    end, rest = int.from_bytes(content[:_END_BYTES], "big"), content[_END_BYTES:]
    alarm, rest = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
    return Claim(alarm.decode(), rest[1 : 1 + rest[0]].decode(), end * SECOND)


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + content, hashlib.sha256).digest()[:_MAC_BYTES]


def _text(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")
