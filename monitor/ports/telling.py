"""Telling people: what is owed, by which medium, in which words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from monitor.core.fact import JSON
from monitor.core.telling.told import MessageKind
from monitor.ports.outbox import Notification


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
