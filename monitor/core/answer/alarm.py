"""Alarms, what holds back their telling, what was told, and who isn't watched, as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from monitor.core.alarm.condition import AlarmCondition, Level
from monitor.core.alarm.machine import State
from monitor.core.answer.shape import InstantText, OneOf

_CONDITION = OneOf(tuple(AlarmCondition))
SuppressionKind = Literal["shelved", "suppressed", "out_of_service"]


UnwatchedReason = Literal[
    "shelved",
    "suppressed",
    "out_of_service",
    "silent",
    "faulty",
    "judging_failed",
    "uncalibrated",
    "without_recipient",
]


class AcknowledgementAnswer(TypedDict):
    """How a person took an alarm."""

    at: Annotated[InstantText, "when"]
    by: Annotated[str, "who"]
    reason: Annotated[str, "why it was, as they say; may be empty"]
    action: Annotated[str, "what they did about it; may be empty"]
    how: Annotated[str, "`web`, `api`, `cli` or `link`"]


class TellingAnswer(TypedDict):
    """The telling under way: one climbing of the ladder."""

    number: Annotated[int, "counted from 1; each time that it is told anew is another"]
    from_at: Annotated[InstantText, "when it began, or will"]
    why: Annotated[str, "why it was told then"]


class AlarmBody(TypedDict):
    """What is on record of an alarm."""

    id: Annotated[str, "its id"]
    condition: Annotated[str, _CONDITION, "what is wrong: [alarms.md](alarms.md) has all of them"]
    subject: Annotated[str, "what it is about: a channel, a unit, a lot, a person, a part of the program"]
    level: Annotated[Level, "how bad it is"]
    state: Annotated[str, OneOf(tuple(State)), "where it is in its life; `normal`: over"]
    raised_at: Annotated[InstantText, "since when the condition holds"]
    known_at: Annotated[InstantText, "when it was put on record"]
    cleared_at: Annotated[InstantText | None, "since when it no longer holds; null: it does"]
    acknowledged_at: Annotated[
        InstantText | None, "when somebody took it; null: nobody, or it was told anew since"
    ]
    acknowledged_by: Annotated[str | None, "who"]
    acknowledgement: Annotated[AcknowledgementAnswer | None, "the same with what they said"]
    shelved_until: Annotated[InstantText | None, "until when its telling is shelved"]
    act_by: Annotated[InstantText | None, "by when somebody must have acted, as far as can be told"]
    past: Annotated[bool, "over before anybody could know of it: it wakes no one"]
    parent: Annotated[str | None, "the id of the alarm about its cause, which is told in its stead"]
    telling: Annotated[TellingAnswer, "the telling under way"]
    evidence: Annotated[
        dict[str, Any], "what it rests on, for people; which fields, depends on the condition"
    ]


class AlarmAnswer(AlarmBody):
    """An alarm: a condition that needs a person. Its life is the table in [alarms.md](alarms.md)."""

    suppressed_until: NotRequired[
        Annotated[
            InstantText | None, "until when its unit or channel is suppressed; only there if anything is"
        ]
    ]
    out_of_service_until: NotRequired[
        Annotated[InstantText | None, "until when that is out of service; only there if anything is"]
    ]


class AlarmVersionAnswer(TypedDict):
    """A version of an alarm's record."""

    version: Annotated[int, "counted from 1"]
    recorded_at: Annotated[InstantText, "when it was recorded"]
    reason: Annotated[str, "what changed"]
    state: Annotated[str, OneOf(tuple(State)), "its state from then on"]
    level: Annotated[Level, "its level from then on"]


_HeldSpan = TypedDict(
    "_HeldSpan",
    {
        "from": Annotated[InstantText, "its beginning"],
        "until": Annotated[InstantText, "its end, unless it was ended before"],
    },
)


class _Held(TypedDict):
    id: Annotated[str, "its id"]
    kind: Annotated[SuppressionKind, "by a person at work on it; planned; or not relied on"]
    subject: Annotated[str, "what it is about: a channel, a unit; or what the shelved alarm is about"]
    condition: Annotated[str | None, _CONDITION, "of a shelf: the condition; null: all of them"]
    owner: Annotated[str, "who answers for it"]
    reason: Annotated[str, "why"]


class SuppressionAnswer(_Held, _HeldSpan):
    """What holds back the telling of alarms. Readings, excursions, budgets and alarms go on."""

    level: Annotated[Level | None, "of a shelf: the alarm's level then; a worse one breaks through"]
    alarm: Annotated[str | None, "of a shelf: the alarm's id"]
    ended_at: Annotated[InstantText | None, "when it was ended before its time"]
    ended_by: Annotated[str | None, "by whom"]
    ended_why: Annotated[str | None, "why"]


class NotificationAnswer(TypedDict):
    """One message to one recipient by one medium."""

    id: Annotated[str, "its id, made from what it tells: the same message never has two"]
    about: Annotated[str, "the id of what it tells: an alarm, a digest"]
    kind: Annotated[
        str,
        "`opened`, `again`, `reminder`, `taken`, `closed`, `notice`, `digest` or `test`, perhaps with `:` and more",
    ]
    recipient: Annotated[str, "who"]
    medium: Annotated[str, "by which medium: `mail`, `console`, `webhook`, `pagerduty`, an Apprise service"]
    subject: Annotated[str, "its first line"]
    body: Annotated[str, "its text"]
    attempts: Annotated[int, "how often it was tried in vain"]
    error: Annotated[str | None, "why the last attempt failed"]
    alarm: Annotated[str, "the same as `about`"]
    due_at: Annotated[InstantText, "when it is to be sent, or tried again"]
    created_at: Annotated[InstantText, "when it was decided"]
    sent_at: Annotated[InstantText | None, "when its medium took it; null: not yet, or never"]
    withdrawn_at: Annotated[InstantText | None, "when it was given up, because it is out of date"]


class TellingNowAnswer(TypedDict):
    """Why people are told of an alarm now, or aren't."""

    why: Annotated[
        str,
        OneOf(
            (
                *("past", "over", "over_untold", "taken", "taken_untold", "held_back"),
                *("part_of_another", "not_yet", "nobody", "quiet_hours", "now", "under_way"),
                *("told", "withdrawn"),
            )
        ),
        "why, for programs",
    ]
    text: Annotated[str, "the same in words"]
    until: Annotated[InstantText | None, "until when that holds; null: not known"]


class AlarmDetailAnswer(AlarmAnswer):
    """One alarm, with its history and what was told of it."""

    suppression: Annotated[SuppressionAnswer | None, "what holds its telling back now"]
    telling_now: Annotated[
        TellingNowAnswer | None,
        "why people are told of it now, or aren't; null: who is told isn't known here",
    ]
    history: Annotated[list[AlarmVersionAnswer], "its versions, oldest first"]
    children: Annotated[list[AlarmAnswer], "alarms that are told as part of it"]
    told: Annotated[list[NotificationAnswer], "its messages, oldest first"]


class UnwatchedAnswer(TypedDict):
    """Something that is not being watched now, or of which nobody would hear."""

    subject: Annotated[str, "a unit, a channel, what the shelved alarm is about, or what isn't judged"]
    reason: Annotated[UnwatchedReason, "why"]
    text: Annotated[str, "the same in words"]
    since: Annotated[InstantText | None, "since when; null: not known, or always"]
    until: NotRequired[Annotated[InstantText, "until when people hold it back; the next five only then"]]
    by: NotRequired[Annotated[str, "who holds it back"]]
    why: NotRequired[Annotated[str, "why, as they said"]]
    condition: NotRequired[Annotated[str | None, _CONDITION, "the condition that is shelved; null: all"]]
    id: NotRequired[Annotated[str, "the suppression's id"]]
    alarm: NotRequired[Annotated[str | None, "the shelved alarm's id"]]
