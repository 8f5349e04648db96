"""The voice in which people are told: messages, digests, and what pages say of an alarm as its messages do."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.answer.shape import AnyAnswer
from monitor.core.fact import JSON
from monitor.core.telling.told import MessageKind
from monitor.words import digest, message, summary
from monitor.words.case import Case, Context


class Voice:
    """Says alarms, shelves and weeks as (subject, body), by the time zones, addresses and clock of a context."""

    def __init__(self, context: Context | None = None) -> None:
        self._context = Context({}) if context is None else context

    def message(
        self,
        kind: MessageKind,
        alarm: AnyAnswer,
        *,
        others: Sequence[str] = (),
        children: Sequence[AnyAnswer] = (),
    ) -> tuple[str, str]:
        """What is said of an alarm. ``others``: who else was told of it, by name; ``children``: the alarms that are
        told as part of it."""
        return message.message(kind, alarm, self._context, others=others, children=children)

    def headline(self, alarm: AnyAnswer) -> str:
        """What, where, how bad, since when, in one line without the level."""
        if alarm.get("cleared_at") is None:
            return message.headline(Case.of(alarm, self._context))
        return message.closed(alarm, self._context)[0].removeprefix("[CLOSED] ")

    def first_steps(self, alarm: AnyAnswer) -> list[str]:
        """What to do first, in order."""
        return message.first_steps(Case.of(alarm, self._context))

    def shelf_ended(self, suppression: AnyAnswer, alarm: AnyAnswer) -> tuple[str, str]:
        """That an alarm's condition and subject are watched again; ``alarm``: the open one, else the one shelved."""
        return message.shelf_ended(suppression, alarm, self._context)

    def digest(self, site: str, period: str, contents: JSON) -> tuple[str, str]:
        """What there is to know at a site at a local time: see :func:`monitor.words.digest.digest`."""
        return digest.digest(site, period, contents, self._context)

    def summary(self, site: str, period: str, contents: JSON) -> tuple[str, str]:
        """A site's week for QA: see :func:`monitor.words.summary.summary`."""
        return summary.summary(site, period, contents, self._context)
