"""The store, as the writer needs it: the log, the facts, the messages owed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, Protocol

from monitor.core.channel.columns import Plain
from monitor.core.channel.reading import Reading
from monitor.core.lot.timeline import UnitVersion
from monitor.core.profile.profile import Profile
from monitor.core.profile.rules import ChannelRules, Stretch
from monitor.core.telling.policy import Recipient
from monitor.core.telling.told import Told

Tx = Any
"""A transaction of the store; the writer only hands it on."""

Outcome = Literal["recorded", "duplicate", "conflict"]

LogTuple = tuple[int, int, int, int, float | None, str | None, int | None, float | None, int]
"""The fields of a :class:`LogRow`, without its name: the hot path makes tens of thousands a second."""


class Placed(NamedTuple):
    """A reading at its place in the log. ``channel`` is the channel's number in the log."""

    position: int
    channel: int
    reading: Reading


class Fact(NamedTuple):
    """One version of a fact. ``subject``: channel, lot, or what an alarm is about; ``to_at`` None while it is open."""

    kind: str
    id: str
    version: int
    recorded_at: int
    subject: str
    from_at: int
    to_at: int | None
    body: dict[str, Any]


class Packed(Protocol):
    """Readings of a channel that lie together in its history."""

    @property
    def stretch(self) -> Stretch | None:
        """What they come to; None if they have to be looked at one by one."""

    def plain(self) -> Plain | None:
        """Their columns; None if they have to be looked at one by one. There are some wherever there is a
        ``stretch``."""

    def readings(self) -> list[Reading]:
        """The readings, sorted by instant, copies included."""


class Store(Protocol):
    """The log and the facts. One process writes (it holds the lock), one transaction at a time; reading is free."""

    def writing(self) -> AbstractContextManager[Tx]:
        """A transaction of the writer, durable when it ends without an exception."""

    def reading(self) -> AbstractContextManager[Tx]:
        """A consistent view of what is committed."""

    # the log
    def next_position(self) -> int:
        """The position that the next reading or event gets; only the writer asks."""

    def append_readings(self, tx: Tx, rows: Sequence[LogTuple], recorded_at: int) -> None:
        """Appends readings (the fields of a :class:`LogRow`) at positions from :meth:`next_position` on, in order."""

    def append_event(
        self, tx: Tx, scope: str, subject: str, received_at: int, body: Mapping[str, Any]
    ) -> Outcome:
        """Appends an event; the same event again changes nothing."""

    def append_rejected(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keeps rejected messages: received_at, topic, payload, reason, detail, item. Bounded; the counts stay."""

    def events(
        self,
        tx: Tx,
        scope: str,
        *,
        subject: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> list[dict[str, Any]]:
        """Events in the order of their instants and ids, with ``position``, ``received_at`` and ``conflict``."""

    def event_subjects(self, tx: Tx, scope: str, event_id: str | None = None) -> list[str]:
        """The subjects that have events of a scope."""

    def relatives(self, tx: Tx, lot: str) -> set[str]:
        """The lots whose events may matter to a lot: ancestors, children, and who else claims one of these."""

    def descendants(self, tx: Tx, lot: str) -> set[str]:
        """The lots that are said to be aliquots of a lot, or of one of those."""

    def log_after(self, tx: Tx, position: int, limit: int | None) -> list[LogRow]:
        """The next readings of the log (``limit`` None: all)."""

    def last_measured(self, tx: Tx) -> dict[int, int]:
        """For each channel the latest instant of which the log has a reading."""

    def channel_ids(self, tx: Tx) -> dict[str, int]:
        """Every channel ever configured with its number in the log."""

    def rejected(self, tx: Tx, limit: int) -> tuple[dict[str, int], list[dict[str, Any]]]:
        """Counts by reason, and the newest rejected messages."""

    def known(self, tx: Tx, wanted: Mapping[int, tuple[int, int]]) -> dict[int, dict[Any, int]]:
        """For each channel, of the readings between two instants: their identity to their earliest arrival."""

    def history(
        self,
        tx: Tx,
        channel: int,
        *,
        after: int | None = None,
        upto: int | None = None,
        position_max: int | None = None,
    ) -> list[Placed]:
        """The readings of a channel with ``after`` < measured_at ≤ ``upto``, sorted by instant, copies included."""

    def course(
        self, tx: Tx, channel: int, *, after: int | None = None, upto: int | None = None
    ) -> Iterator[Packed]:
        """The readings of a channel with ``after`` < measured_at ≤ ``upto`` in the order of time, as they lie
        together: what needs no closer look isn't unpacked."""

    def settle(self, tx: Tx, judged_position: int) -> bool:
        """Packs the judged tail of the log if it has grown long; says whether it did."""

    # facts
    def next_fact_position(self) -> int:
        """The position that the next version of a fact gets; only the writer asks."""

    def record_fact(self, tx: Tx, fact: Fact, reason: str) -> None:
        """Adds a version and makes it the current one."""

    def fact(self, tx: Tx, kind: str, fact_id: str) -> Fact | None:
        """The current version of a fact."""

    def versions(self, tx: Tx, kind: str, fact_id: str) -> list[dict[str, Any]]:
        """Every version of a fact, oldest first: version, recorded_at, reason, body."""

    def current_facts(
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

    # checkpoints, latest, deadlines, markers
    def put_checkpoint(self, tx: Tx, channel: int, at: int, body: Mapping[str, Any]) -> None:
        """Keeps a state of a channel's fold as of its last good reading."""

    def checkpoint_before(self, tx: Tx, channel: int, at: int | None) -> tuple[int, dict[str, Any]] | None:
        """The latest state strictly before an instant (None: the latest of all)."""

    def drop_checkpoints(self, tx: Tx, channel: int, since: int) -> None:
        """Forgets states that a late reading made wrong."""

    def put_latest(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keeps the newest reading and sign of life of channels."""

    def latest(self, tx: Tx) -> dict[int, dict[str, Any]]:
        """The newest reading and sign of life of each channel."""

    def put_deadlines(self, tx: Tx, kind: str, due: Mapping[str, int | None]) -> None:
        """Sets, moves or (None) removes the instant at which a subject must be looked at again."""

    def due(self, tx: Tx, now: int, limit: int) -> list[tuple[int, str, str]]:
        """Deadlines that have passed, in the order of their instants: (due_at, kind, subject)."""

    def marker(self, tx: Tx, name: str) -> str | None:
        """A small named value."""

    def markers(self, tx: Tx, prefix: str) -> dict[str, str]:
        """The named values whose names begin with a prefix."""

    def put_markers(self, tx: Tx, values: Mapping[str, Any]) -> None:
        """Sets small named values."""

    # messages
    def owe(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds messages that are owed; one whose id is there already stays as it is."""

    def newest_messages(self, tx: Tx, limit: int) -> list[dict[str, Any]]:
        """The newest messages, told or owed."""

    def messages_about(self, tx: Tx, about: str) -> list[dict[str, Any]]:
        """The messages about an alarm or digest, oldest first, withdrawn ones included."""

    def told(self, tx: Tx, about: str) -> dict[str, Told]:
        """The messages owed or delivered about an alarm or digest, by id, oldest first, withdrawn ones included."""

    def undelivered(self, tx: Tx) -> dict[str, Recipient]:
        """To whom messages are owed that were neither delivered nor withdrawn, by id, oldest first."""

    def withdraw(self, tx: Tx, ids: Sequence[str], at: int) -> None:
        """Messages that are owed and no longer true: they stay on record, and nobody gets them."""


class LogRow(NamedTuple):
    """A reading of the log with all that it came with; ``item`` 0 begins a message."""

    position: int
    channel: int
    measured_at: int
    received_at: int
    celsius: float | None
    fault: str | None
    seq: int | None
    battery_percent: float | None
    item: int


class ProfileBook(Protocol):
    """The profiles, in all their versions."""

    def in_force(self, name: str, at: int) -> Profile:
        """The version in force at an instant; raises KeyError for an unknown profile."""

    def names(self) -> set[str]:
        """Every profile's name."""

    def labels(self) -> list[str]:
        """Every version of every profile as ``name@version``, sorted by name and version."""

    def version(self, name: str, version: int) -> Profile:
        """One version of a profile; raises KeyError if there is none."""

    def units(self) -> Mapping[str, Sequence[UnitVersion]]:
        """The dated versions of every unit ever configured, by ``site/unit``, sorted."""

    def rules_of(self, channel: str) -> ChannelRules | None:
        """The rules of a channel ever configured, also one that is no longer watched; None for an unknown one."""
