"""What must be looked at again, and from where: what a restart has to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from monitor.ports.log import Tx


class Due(Protocol):
    """Deadlines, states of channels to judge on from, small named values."""

    def put_deadlines(self, tx: Tx, kind: str, due: Mapping[str, int | None]) -> None:
        """Sets, moves or (None) removes the instant at which a subject must be looked at again."""

    def passed(self, tx: Tx, now: int, limit: int) -> list[tuple[int, str, str]]:
        """Deadlines that have passed, in the order of their instants: (due_at, kind, subject)."""

    def put_checkpoint(self, tx: Tx, channel: int, at: int, body: Mapping[str, Any]) -> None:
        """Keeps a state of a channel's fold as of its last good reading."""

    def checkpoint_before(self, tx: Tx, channel: int, at: int | None) -> tuple[int, dict[str, Any]] | None:
        """The latest state strictly before an instant (None: the latest of all)."""

    def checkpoint_from(self, tx: Tx, channel: int, at: int) -> tuple[int, dict[str, Any]] | None:
        """The first state at or after an instant."""

    def drop_checkpoints(self, tx: Tx, channel: int, since: int) -> None:
        """Forgets states that a late reading made wrong."""

    def marker(self, tx: Tx, name: str) -> str | None:
        """A small named value."""

    def markers(self, tx: Tx, prefix: str) -> dict[str, str]:
        """The named values whose names begin with a prefix."""

    def put_markers(self, tx: Tx, values: Mapping[str, Any]) -> None:
        """Sets small named values."""
