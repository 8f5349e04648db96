"""True and told: which messages are owed. What is true and what each recipient was told are kept apart.

:func:`plan` is pure and says for one alarm what is owed, which messages that were owed are out of date, and why. Every
message has an id of its own, made of what it says to whom, so that planning the same again owes nothing new: a crash, a
late wake-up or a clock that was set back tell nobody the same twice.

What is said, each to one recipient by one medium:

- ``opened``: there is an alarm. Once, to everyone whom the ladder has come to.
- ``again``: once for each further run of the ladder: it got worse, was acknowledged long ago, its shelf ended.
- ``reminder``: nobody has acknowledged; once for each round of a ladder that repeats.
- ``taken``: somebody has acknowledged; to those who were told, beside that person.
- ``closed``: it is over; to everyone who was told that it opened, after that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Literal, NamedTuple

from monitor.core.alarm.alarm import Alarm
from monitor.core.telling.policy import NOWHERE, Contact, Ladder, Place, Policy, Recipient

KEEP_A_STATE = frozenset({"pagerduty", "webhook"})
"""Media behind which a machine keeps an alarm's state: it must hear also what its own person has done elsewhere."""
MessageKind = Literal["opened", "again", "reminder", "taken", "closed", "notice", "digest"]
"""What a message is; a ``notice`` or a ``digest`` is about no single alarm."""


class Told(NamedTuple):
    """A message that is owed or was delivered (``sent_at``), of a ``run`` of the ladder.

    ``is_failing``: it was tried in vain. ``is_withdrawn``: it was owed and is no longer true; who died between sending
    and recording may have sent it all the same.
    """

    kind: MessageKind
    recipient: Recipient
    run: int
    created_at: int
    sent_at: int | None
    is_failing: bool = False
    is_withdrawn: bool = False

    @property
    def is_owed(self) -> bool:
        """Whether it is still to be delivered."""
        return self.sent_at is None and not self.is_withdrawn


class Owed(NamedTuple):
    """A message that is owed; ``waits_for`` names the one that must be delivered before it."""

    id: str
    kind: MessageKind
    recipient: Recipient
    waits_for: str | None = None


class Why(StrEnum):
    """Why people are told of an alarm now, or aren't; "people" are all but a console that is told of everything."""

    PAST = "past"
    OVER = "over"
    OVER_UNTOLD = "over_untold"
    TAKEN = "taken"
    TAKEN_UNTOLD = "taken_untold"
    HELD_BACK = "held_back"
    PART_OF_ANOTHER = "part_of_another"
    NOT_YET = "not_yet"
    NOBODY = "nobody"
    QUIET_HOURS = "quiet_hours"
    NOW = "now"
    UNDER_WAY = "under_way"
    TOLD = "told"
    WITHDRAWN = "withdrawn"


class Plan(NamedTuple):
    """Why people are told or aren't, what is owed beyond what was told, and the ids of messages that are owed and no
    longer true. ``more``: time alone may owe more. ``until``: until when it isn't told, where that is known."""

    why: Why
    owed: Sequence[Owed] = ()
    withdrawn: Sequence[str] = ()
    more: bool = False
    until: int | None = None


def message_id(about: str, kind: str, recipient: Recipient) -> str:
    """The id of a message, for ever the same."""
    return f"{about}:{kind}:{recipient.name}:{recipient.medium}:{recipient.address}"


def plan(
    alarm: Alarm,
    told: Mapping[str, Told],
    policy: Policy,
    now: int,
    *,
    place: Place = NOWHERE,
    is_hushed: bool = False,
) -> Plan:
    """What is owed about an alarm at ``now``. ``told``: every message about it, by id. ``is_hushed``: it is shelved,
    suppressed or out of service; that holds back what is bad news, never that it is over."""
    if alarm.past:
        return Plan(Why.PAST)
    if not alarm.is_open:
        return _over(alarm, told, policy)
    if alarm.is_acknowledged:
        return _taken(alarm, told, policy)
    if is_hushed:
        return Plan(Why.HELD_BACK)
    if alarm.parent is not None:
        return Plan(Why.PART_OF_ANOTHER)
    if now < alarm.run.from_at:
        return Plan(Why.NOT_YET, more=True, until=alarm.run.from_at)
    contacts = list(_reached(alarm, policy.ladder_of(alarm, place), told, policy, now, alarm.run.from_at))
    quiet = {one.name: policy.waits_until(one, alarm, place, now) for one in contacts}
    awake = [contact for contact in contacts if quiet[contact.name] is None]
    owed = list(_climb(alarm, told, policy, now, place, awake))
    # Whoever turns out not to be reached lets the next ones be told: until all is delivered it isn't settled.
    is_under_way = bool(owed) or any(one.is_owed and one.kind in ("opened", "again") for one in told.values())
    more = is_under_way or policy.goes_on(alarm, place)
    why, until = _why(alarm, told, policy, owed), None
    if why is Why.NOBODY and any(contact.recipients for contact in contacts):
        why, until = Why.QUIET_HOURS, min((at for at in quiet.values() if at is not None), default=None)
    return Plan(why, owed, _overtaken(alarm, told, owed), more=more, until=until)


def _why(alarm: Alarm, told: Mapping[str, Told], policy: Policy, owed: Iterable[Owed]) -> Why:
    """Why people are told of an open alarm in this run of its ladder; ``NOBODY``: nothing was ever owed to any."""
    if any(one.recipient not in policy.always for one in owed):
        return Why.NOW
    of_run = [one for one in _to_people(told, policy) if one.run == alarm.run.number]
    if any(one.sent_at is not None for one in of_run):
        return Why.TOLD
    if any(one.is_owed for one in of_run):
        return Why.UNDER_WAY
    return Why.WITHDRAWN if of_run else Why.NOBODY


def _to_people(told: Mapping[str, Told], policy: Policy) -> list[Told]:
    """The messages that said that there is an alarm, to others than a console."""
    kinds = ("opened", "again")
    return [one for one in told.values() if one.kind in kinds and one.recipient not in policy.always]


def _over(alarm: Alarm, told: Mapping[str, Told], policy: Policy) -> Plan:
    owed = []
    for opened_id, opened in told.items():
        closed_id = message_id(alarm.id, "closed", opened.recipient)
        if opened.kind == "opened" and closed_id not in told:
            owed.append(Owed(closed_id, "closed", opened.recipient, opened_id))
    why = Why.OVER if _to_people(told, policy) else Why.OVER_UNTOLD
    return Plan(why, owed, _out_of_date(told, ("again", "reminder", "taken")))


def _taken(alarm: Alarm, told: Mapping[str, Told], policy: Policy) -> Plan:
    by = None if alarm.acknowledgement is None else alarm.acknowledgement.by
    owed = []
    for opened_id, opened in told.items():
        taken_id = message_id(alarm.id, f"taken{alarm.run.number}", opened.recipient)
        knows = opened.recipient.name == by and opened.recipient.medium not in KEEP_A_STATE
        if opened.kind == "opened" and not knows and taken_id not in told:
            owed.append(Owed(taken_id, "taken", opened.recipient, opened_id))
    why = Why.TAKEN if _to_people(told, policy) else Why.TAKEN_UNTOLD
    return Plan(why, owed, _out_of_date(told, ("again", "reminder")))


def _out_of_date(told: Mapping[str, Told], kinds: Sequence[MessageKind]) -> list[str]:
    return [one_id for one_id, one in told.items() if one.is_owed and one.kind in kinds]


def _overtaken(alarm: Alarm, told: Mapping[str, Told], owed: Sequence[Owed]) -> list[str]:
    """What an address that fails has not been told yet and needn't be any more: that somebody took it, before it was
    told anew; and what is repeated by something newer."""
    of_run = (f"{alarm.id}:again{alarm.run.number}:", f"{alarm.id}:reminder{alarm.run.number}.")
    reminded = {one.recipient for one in owed if one.kind == "reminder"}
    return [
        one_id
        for one_id in _out_of_date(told, ("taken", "again", "reminder"))
        if not one_id.startswith(of_run)
        or (told[one_id].kind == "reminder" and told[one_id].recipient in reminded)
    ]


# --- climbing the ladder ---


def _climb(
    alarm: Alarm,
    told: Mapping[str, Told],
    policy: Policy,
    now: int,
    place: Place,
    awake: Iterable[Contact],
) -> Iterator[Owed]:
    """What is owed to everyone whom the ladder has come to; of rounds that were slept through only the last. ``awake``:
    those of them whose quiet hours hold nothing back."""
    ladder, start = policy.ladder_of(alarm, place), alarm.run.from_at
    reached = dict.fromkeys(policy.always)
    # Whoever heard that somebody has taken it must hear that this isn't enough any more.
    reached.update((one.recipient, None) for one in told.values() if one.kind == "taken")
    for contact in awake:
        reached.update(dict.fromkeys(contact.recipients))
    for recipient in reached:
        yield from _first(alarm, told, recipient)
    if ladder.repeat is None or now < start + ladder.repeat:
        return
    number = (now - start) // ladder.repeat
    begun_at = start + number * ladder.repeat
    again = _reached(alarm, ladder, told, policy, now, begun_at)
    for recipient in dict.fromkeys(one for contact in again for one in contact.recipients):
        if recipient in reached:
            yield from _reminder(alarm, told, recipient, number, begun_at)


def _reached(
    alarm: Alarm, ladder: Ladder, told: Mapping[str, Told], policy: Policy, now: int, start: int
) -> Iterator[Contact]:
    """Whom a round that began at ``start`` has come to. A step whose people can't be reached,
    or that leads to nobody, doesn't keep the next one waiting; after the last such step everybody is told."""
    due_at, is_lost = start, False
    for step in ladder.steps:
        if now < due_at and not is_lost:
            return
        contacts = list(policy.contacts_of(step, now))
        yield from contacts
        is_lost = all(_cannot_be_reached(alarm, contact, told) for contact in contacts)
        due_at += step.wait
    if is_lost:
        yield from policy.contacts.values()


def _cannot_be_reached(alarm: Alarm, contact: Contact, told: Mapping[str, Told]) -> bool:
    """Whether a person was told by every medium there is, each in vain."""
    found = [_newest(alarm, told, recipient) for recipient in contact.recipients]
    return all(one is not None and one.is_failing and one.sent_at is None for one in found)


def _newest(alarm: Alarm, told: Mapping[str, Told], recipient: Recipient) -> Told | None:
    """What this run of the ladder has said, or is about to say, to a recipient."""
    again = told.get(message_id(alarm.id, f"again{alarm.run.number}", recipient))
    opened = told.get(message_id(alarm.id, "opened", recipient))
    if again is not None or opened is None or opened.run < alarm.run.number:
        return again
    return opened


def _first(alarm: Alarm, told: Mapping[str, Told], recipient: Recipient) -> Iterator[Owed]:
    """That it opened; or, to who has been told that, what is new with this run."""
    opened_id = message_id(alarm.id, "opened", recipient)
    if opened_id not in told:
        yield Owed(opened_id, "opened", recipient)
    elif _newest(alarm, told, recipient) is None:
        yield Owed(message_id(alarm.id, f"again{alarm.run.number}", recipient), "again", recipient, opened_id)


def _reminder(
    alarm: Alarm, told: Mapping[str, Told], recipient: Recipient, number: int, begun_at: int
) -> Iterator[Owed]:
    """That nobody has acknowledged, in round ``number``; not to who was told of it only since that began."""
    newest = _newest(alarm, told, recipient)
    reminder_id = message_id(alarm.id, f"reminder{alarm.run.number}.{number}", recipient)
    if newest is not None and newest.created_at < begun_at and reminder_id not in told:
        opened_id = message_id(alarm.id, "opened", recipient)
        yield Owed(reminder_id, "reminder", recipient, opened_id)
