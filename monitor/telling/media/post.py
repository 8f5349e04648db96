"""One JSON document handed to an HTTP server, in bounded time, and what its answer means."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from monitor import __version__
from monitor.core.time.instant import SECOND, from_datetime
from monitor.telling.media.attempt import SOCKET_SECONDS
from monitor.telling.media.shown import one_line

MOST_READ = 4_096
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
_FOR_NOW = frozenset({408, 409, 423, 425, 429})
"""4xx that pass by waiting: timeout, conflict with an attempt that still runs, locked, too early, too many."""

# It logs each address with all that is secret in it, at INFO.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Answer(NamedTuple):
    """What a server said: status, the beginning of its words, and how long it wants to be left alone (ms)."""

    status: int
    text: str
    retry_after: int | None = None

    @property
    def is_permanent(self) -> bool:
        """Whether trying again soon is pointless: a 4xx that blames us, or a redirection, which is not followed."""
        return 300 <= self.status < 500 and self.status not in _FOR_NOW

    @property
    def reason(self) -> str:
        """The answer in words, for an error."""
        what = "redirects elsewhere, which is not followed" if 300 <= self.status < 400 else self.text
        return f"answered {self.status}{f': {what}' if what else ''}"


class NotReachedError(Exception):
    """No whole answer came; the text says why."""


def post(url: str, body: bytes, headers: Mapping[str, str], *, now: int) -> Answer:
    """Sends ``body`` as JSON and returns the answer, of which it reads ``MOST_READ`` bytes; raises
    :class:`NotReachedError`. Follows no redirection: what is signed for one server goes to no other."""
    ours = {"Content-Type": "application/json", "User-Agent": f"exosome-monitor/{__version__}"}
    sent = {**ours, "Accept-Encoding": "identity", **headers}
    try:
        with (
            _client(url) as client,
            client.stream("POST", url, content=body, headers=sent) as answer,
        ):
            read = bytearray()
            for part in answer.iter_bytes(MOST_READ):
                read += part
                if len(read) >= MOST_READ:
                    break
            said = one_line(bytes(read[:MOST_READ]).decode("utf-8", "replace"))
            asked = retry_after(answer.headers.get("Retry-After", ""), now)
            return Answer(answer.status_code, said, asked)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise NotReachedError(one_line(str(error)) or type(error).__name__) from error


def _client(url: str) -> httpx.Client:
    """A client that trusts whom the machine trusts, a laboratory's own authority too, and those whom httpx knows.
    It goes by the proxy of the environment, but never to this machine itself."""
    is_here = _LOOPBACK.fullmatch(urlsplit(url).hostname or "") is not None
    trusted = httpx.create_ssl_context()
    trusted.load_default_certs()
    return httpx.Client(timeout=SOCKET_SECONDS, follow_redirects=False, verify=trusted, trust_env=not is_here)


def retry_after(header: str, now: int) -> int | None:
    """How long to wait (ms) by a Retry-After header (RFC 9110, 10.2.3): seconds, or a date; None for anything else."""
    header = header.strip()
    if header.isascii() and header.isdigit() and len(header) < 10:
        return int(header) * SECOND
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(from_datetime(moment) - now, 0)
