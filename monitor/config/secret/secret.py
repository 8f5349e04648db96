"""Secrets: values that never print, and how text that may hold one is shown."""

from __future__ import annotations

import re

SHOWN = "<secret>"

_SECRET_KEY = re.compile(r"pass(?:word|wd|phrase|code)?$|token$|secret|api_?key|credential", re.IGNORECASE)
# Greedy up to the last @: a password with an unescaped / or @ in it must not leave its tail in a message.
_IN_URL = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^:/@\s]*:)(?P<secret>\S+)(?P<tail>@)", re.IGNORECASE)
_IN_QUERY = re.compile(
    r"(?P<head>[?&;](?:password|passwd|pass|token|secret|api_?key)=)(?P<secret>[^&;\s]+)(?P<tail>)",
    re.IGNORECASE,
)


class Secret:
    """A password or token. It prints as ``<secret>`` wherever it goes; only :meth:`reveal` tells it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself, for the one place that hands it to a server."""
        return self._text

    def __repr__(self) -> str:
        return SHOWN

    def __format__(self, spec: str) -> str:
        return format(SHOWN, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))


def names_a_secret(key: str) -> bool:
    """Whether a key's name says that its value is a secret (``password``, but not ``password_file``)."""
    return _SECRET_KEY.search(key) is not None


def holds_a_secret(text: str) -> bool:
    """Whether a text is a URL with a password or token inside."""
    return _IN_URL.search(text) is not None or _IN_QUERY.search(text) is not None


def redacted(text: str) -> str:
    """A text with the password or token of any URL in it shown as ``<secret>``.

    >>> redacted("postgresql://monitor:hunter2@db/stock")
    'postgresql://monitor:<secret>@db/stock'
    """
    for pattern in (_IN_URL, _IN_QUERY):
        text = pattern.sub(rf"\g<head>{SHOWN}\g<tail>", text)
    return text
