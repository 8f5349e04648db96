"""Telling people: what is owed, by which medium, in which words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from monitor.core.fact import JSON
from monitor.core.telling.told import MessageKind


class Notification(NamedTuple):
    """One message to one recipient by one medium. ``id`` is stable: the same message has the same id for ever.

    ``about`` is the id of the alarm, or what else it is about; ``kind`` what it says of that
    (:data:`monitor.core.telling.told.MessageKind`, or ``test``); ``created_at`` (ms) since when it is owed.

    The rest is added when it is sent, and stands in no store: the alarm's JSON as it is then, the address that
    acknowledges it in this recipient's name, and a picture (PNG) of the last hours.
    """

    id: str
    recipient: str
    medium: str
    address: str
    subject: str
    body: str
    attempts: int = 0
    about: str = ""
    kind: str = "notice"
    created_at: int = 0
    alarm: JSON | None = None
    link: str = ""
    picture: bytes | None = None


class DeliveryError(Exception):
    """A medium could not deliver; the text says what, where and the remedy. ``permanent``: trying again won't help.
    ``retry_after`` (ms): what the other side asked for; None: nothing."""

    def __init__(self, text: str, *, permanent: bool = False, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.permanent = permanent
        self.retry_after = retry_after


class Medium(Protocol):
    """A way to reach a person. Called from several threads at once, for different addresses."""

    def deliver(self, notification: Notification) -> None:
        """Hands the message over, or raises :class:`DeliveryError` within a bounded time."""


Lane = tuple[str, str]
"""A medium and an address: what is told through it is told one after another, in order."""


class Owed(NamedTuple):
    """What is not yet delivered in a lane: ``messages``, whenever they are due, to ``recipient``; the most
    ``attempts`` that one of them has had; since when (ms) the oldest one that was tried in vain is owed, None: none
    was."""

    lane: Lane
    recipient: str
    messages: int
    attempts: int
    failing_since: int | None


class Outbox(Protocol):
    """The messages that are owed, as rows: what is due when, and what was told. Nothing owed is ever dropped."""

    def due(
        self, now: int, limit: int, *, per_lane: int | None = None, without: Collection[Lane] = ()
    ) -> list[Notification]:
        """Messages owed and due at ``now``, none of the lanes ``without``; within a lane in the order in which they
        must be told. A *closed* message isn't due before its *opened* one has been delivered.

        At most ``limit`` in all and ``per_lane`` of each lane; the rest of a lane is given once these are told, fail
        or are left out. The first of every lane, the oldest first, comes before the second of any: so however much
        is owed to one address, all others get their turn. Only with more than ``limit`` lanes at once do those of
        the newest messages wait until older ones are left out.
        """

    def owed(self) -> list[Owed]:
        """Every lane with a message that is neither delivered nor withdrawn, that of the oldest first. There are no
        more than addresses were told of."""

    def record_sent(self, notification_id: str, at: int) -> None:
        """Recorded *after* the medium took it; a crash in between repeats the message, nothing loses it."""

    def record_failure(self, notification_id: str, at: int, error: str, next_attempt_at: int) -> None:
        """Keeps it owed, due again at ``next_attempt_at``."""


class Guide(Protocol):
    """Says of an alarm on a page what its messages say."""

    def headline(self, alarm: JSON) -> str:
        """What, where, how bad, since when, in one line without the level."""

    def first_steps(self, alarm: JSON) -> list[str]:
        """What to do first, in order."""


class Wording(Protocol):
    """Puts alarms into words for people: (subject, body)."""

    def message(
        self, kind: MessageKind, alarm: JSON, *, others: Sequence[str] = (), children: Sequence[JSON] = ()
    ) -> tuple[str, str]:
        """What is said of an alarm. ``others``: who else was told of it, by name; ``children``: the alarms that are
        told as part of it."""

    def shelf_ended(self, suppression: JSON, alarm: JSON) -> tuple[str, str]:
        """That an alarm's condition and subject are watched again; ``alarm``: the open one, else the one shelved."""

    def digest(self, site: str, period: str, found: JSON) -> tuple[str, str]:
        """What there is to know at a site at a local time ``period`` (``2026-11-22T07:00``), also if that is nothing.
        ``found``: ``since``, ``until``; alarms ``open``, ``past``, ``unseen`` (over, and acknowledged by nobody);
        ``lots`` (Lot JSON); ``unwatched`` as in :meth:`View.unwatched`; ``calibrations`` [{``channel``, ``due_on``,
        ``is_overdue``}]."""

    def summary(self, site: str, period: str, found: JSON) -> tuple[str, str]:
        """A site's week for QA. ``found``: ``since``, ``until``; ``excursions`` (with ``is_late``); ``lots``;
        ``coverage`` [{``unit``, ``title``, ``coverage``}]; ``alarms`` [{``unit``, ``count``, ``past``,
        ``acknowledged``, ``never_acknowledged``, ``median_seconds``, ``longest_seconds``}], ``alarms_cut``;
        ``suppressions`` (with ``seconds`` of this time); ``calibrations``; ``drills`` [{``person``, ``raised_at``,
        ``outcome``, ``by``, ``seconds``}]."""
