"""True and told: which messages are owed. What is true and what each recipient was told are kept apart.

:func:`plan` is pure and says what is owed for one alarm. Every message has an id of its own, made of what it says to
whom, so that planning the same again owes nothing new.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from monitor.core.alarm import Alarm


class Recipient(NamedTuple):
    """A person at one address. ``name`` and ``address`` together are unique."""

    name: str
    medium: str
    address: str


class Owed(NamedTuple):
    """A message that is owed; ``waits_for`` names the one that must be delivered before it."""

    id: str
    kind: Literal["opened", "closed"]
    recipient: Recipient
    waits_for: str | None


def plan(alarm: Alarm, told: Collection[str], recipients: Sequence[Recipient]) -> list[Owed]:
    """The messages that are owed about an alarm beyond ``told`` (ids of those owed or delivered already).

    *opened* to every recipient of an alarm that isn't of the past; *closed*, once it is over, to everyone who was
    or is to be told that it opened, in that order.
    """
    if alarm.past:
        return []
    owed: list[Owed] = []
    for recipient in recipients:
        opened = message_id(alarm.id, "opened", recipient)
        closed = message_id(alarm.id, "closed", recipient)
        if alarm.is_open and opened not in told:
            owed.append(Owed(opened, "opened", recipient, None))
        if not alarm.is_open and opened in told and closed not in told:
            owed.append(Owed(closed, "closed", recipient, opened))
    return owed


def message_id(alarm_id: str, kind: str, recipient: Recipient) -> str:
    """The id of a message, for ever the same."""
    return f"{alarm_id}:{kind}:{recipient.name}:{recipient.medium}:{recipient.address}"
