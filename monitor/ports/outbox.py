"""The messages that are owed, as rows: what is due when, and what was told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from monitor.core.answer.shape import AnyAnswer
from monitor.core.telling.policy import Recipient
from monitor.core.telling.told import MessageKind, Told
from monitor.ports.log import Tx


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
    alarm: AnyAnswer | None = None
    link: str = ""
    picture: bytes | None = None


Lane = tuple[str, str]
"""A medium and an address: what is told through it is told one after another, in order."""


class LaneBacklog(NamedTuple):
    """What is not yet delivered in a lane: ``messages``, whenever they are due, to ``recipient``; the most
    ``attempts`` that one of them has had; since when (ms) the oldest one that was tried in vain is owed, None: none
    was."""

    lane: Lane
    recipient: str
    messages: int
    attempts: int
    failing_since: int | None


def owed_row(
    message_id: str,
    recipient: Recipient,
    words: tuple[str, str],
    *,
    about: str,
    kind: MessageKind,
    now: int,
    run: int = 1,
    waits_for: str | None = None,
) -> dict[str, Any]:
    """A message that is owed, as a row: ``words`` are subject and body, ``about`` the alarm's or digest's id; due at
    once, but not before the message that it waits for has been delivered."""
    subject, body = words
    return {
        "id": message_id,
        "about": about,
        "kind": kind,
        "run": run,
        "waits_for": waits_for,
        "recipient": recipient.name,
        "medium": recipient.medium,
        "address": recipient.address,
        "subject": subject,
        "body": body,
        "created_at": now,
        "due_at": now,
        "attempts": 0,
    }


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

    def owed(self) -> list[LaneBacklog]:
        """Every lane with a message that is neither delivered nor withdrawn, that of the oldest first. There are no
        more than addresses were told of."""

    def record_sent(self, notification_id: str, at: int) -> None:
        """Recorded *after* the medium took it; a crash in between repeats the message, nothing loses it."""

    def record_failure(self, notification_id: str, at: int, error: str, next_attempt_at: int) -> None:
        """Keeps it owed, due again at ``next_attempt_at``."""

    def owe(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds messages that are owed; one whose id is there already stays as it is."""

    def newest(self, tx: Tx, limit: int) -> list[dict[str, Any]]:
        """The newest messages, told or owed."""

    def about(self, tx: Tx, about: str) -> list[dict[str, Any]]:
        """The messages about an alarm or digest, oldest first, withdrawn ones included."""

    def told(self, tx: Tx, about: str) -> dict[str, Told]:
        """The messages owed or delivered about an alarm or digest, by id, oldest first, withdrawn ones included."""

    def undelivered(self, tx: Tx) -> dict[str, Recipient]:
        """To whom messages are owed that were neither delivered nor withdrawn, by id, oldest first."""

    def withdraw(self, tx: Tx, ids: Sequence[str], at: int) -> None:
        """Messages that are owed and no longer true: they stay on record, and nobody gets them."""
