"""Addresses as they are stored, turned into the ones to use at the last moment."""

from __future__ import annotations

from collections.abc import Callable

from monitor.ports import DeliveryError

Reveal = Callable[[str], str]
"""From an address as it is stored (``env:NAME``, ``file:PATH``, or itself) to the one to use, so that no secret stands
in the outbox; raises ValueError, LookupError or OSError if it can't."""


def revealed(reveal: Reveal, stored: str) -> str:
    """The address to use; raises :class:`DeliveryError`, without showing what may be a secret."""
    try:
        return reveal(stored)
    except (ValueError, LookupError, OSError) as error:
        shown = stored if "://" not in stored else f"{stored.partition('://')[0]}://..."
        message = f"address {shown} cannot be read ({type(error).__name__}). Check people.toml"
        raise DeliveryError(message) from error
