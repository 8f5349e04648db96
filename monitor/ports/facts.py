"""Facts: what was concluded, in versions. A version once written stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from monitor.ports.log import Tx


class Fact(NamedTuple):
    """One version of a fact. ``subject``: channel, lot, or what an alarm is about; ``to_at`` None while it is open."""

    kind: str
    id: str
    version: int
    recorded_at: int
    subject: str
    from_at: int
    to_at: int | None
    body: Mapping[str, Any]


class Facts(Protocol):
    """Excursions, lots, alarms and what else has versions."""

    def next_position(self) -> int:
        """The position that the next version of a fact gets; only the writer asks."""

    def record(self, tx: Tx, fact: Fact, reason: str) -> None:
        """Adds a version and makes it the current one."""

    def one(self, tx: Tx, kind: str, fact_id: str) -> Fact | None:
        """The current version of a fact."""

    def current(
        self,
        tx: Tx,
        kind: str,
        *,
        subjects: Sequence[str] | None = None,
        open_only: bool = False,
        since: int | None = None,
        until: int | None = None,
        recorded_after: int | None = None,
        limit: int | None = None,
    ) -> list[Fact]:
        """Current versions, newest first."""

    def versions(self, tx: Tx, kind: str, fact_id: str) -> list[dict[str, Any]]:
        """Every version of a fact, oldest first: version, recorded_at, reason, body."""
