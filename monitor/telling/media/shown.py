"""What errors may show: addresses and the words of other servers, without anything that may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote


def url_secrets(url: str) -> set[str]:
    """Every part of a URL that may be a token: all but scheme, short words and a host with dots."""
    rest = url.partition("://")[2]
    host = rest.partition("/")[0].rpartition("@")[2].partition(":")[0]
    pieces = {piece for piece in re.split(r"[/:?&=#@,+]", rest) if len(piece) > 3}
    if "." in host or host == "localhost":
        pieces.discard(host)
    return pieces | {unquote(piece) for piece in pieces}


def without(secrets: Iterable[str], text: str) -> str:
    """The text with each secret as ``***``; the longest first, as one may hold another."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def one_line(text: str, most: int = 500) -> str:
    """Text from outside on one printable line: no line break can forge a header or a line of the log."""
    kept = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(kept.split())[:most]
