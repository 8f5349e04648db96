"""What the writer has yet to do, and remembers in memory alone: given back as it was when a transaction fails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Part = dict[Any, Any] | set[Any]
"""Changed in place only, and its values never."""


class Memory:
    """Parts that are taken from within transactions: what was taken is to be done again if the transaction fails.

    They are copied and given back, not made anew from the store as alarms are: what waits would begin to wait again
    each time, so that one deadline that fails every second would hold it back for ever. Each holds at most an entry for
    each channel or unit, most of the time none.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = tuple(parts)

    def copy(self) -> list[Part]:
        """The parts as they are now."""
        return [part.copy() for part in self._parts]

    def restore(self, kept: Iterable[Part]) -> None:
        """Gives the parts back as :meth:`copy` found them."""
        for part, old in zip(self._parts, kept, strict=True):
            part.clear()
            part.update(old)
