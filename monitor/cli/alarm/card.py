"""An alarm on a terminal, and what holds alarms back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from monitor.cli.output import local, print_fields, print_table, said, small, words
from monitor.core.answer.alarm import AlarmDetailAnswer, NotificationAnswer, SuppressionAnswer
from monitor.core.answer.shape import AnyAnswer
from monitor.words import alarm as alarm_words
from monitor.words.condition import condition_name
from monitor.words.figures import evidence
from monitor.words.sign import level_sign


def print_alarm(alarm: AlarmDetailAnswer, zone: ZoneInfo) -> None:
    """Its fields, then its history, what is told as part of it, and who was told."""
    acknowledgement: AnyAnswer = alarm.get("acknowledgement") or {}
    held, telling = alarm.get("suppression"), alarm.get("telling_now")
    print_fields(
        {
            "Alarm": alarm["id"],
            "Condition": condition_name(alarm["condition"]),
            "Subject": alarm["subject"],
            "Level": small(level_sign(alarm)),
            "State": f"{alarm_words.state(alarm)}{' (past)' if alarm.get('past') else ''}",
            "What": evidence(alarm["evidence"]),
            "Raised at": local(alarm["raised_at"], zone),
            "Act by": local(alarm.get("act_by"), zone),
            "Over since": local(alarm["cleared_at"], zone),
            "Acknowledged": said(alarm_words.acknowledged(alarm), zone),
            "Reason": acknowledgement.get("reason"),
            "Done": acknowledgement.get("action"),
            "Held back": f"{words(held['kind'])} {said(alarm_words.held_back(held), zone)}" if held else None,
            "Part of": alarm.get("parent"),
            "Telling": telling["text"] if telling else None,
        }
    )
    rows = [
        (
            local(version["recorded_at"], zone),
            version["reason"],
            alarm_words.state(version),
            small(level_sign(version)),
        )
        for version in alarm["history"]
    ]
    print_table(("At", "What happened", "State", "Level"), rows, none="", title="History")
    if alarm["children"]:
        parts = [
            (
                child["id"],
                small(level_sign(child)),
                condition_name(child["condition"]),
                child["subject"],
                alarm_words.state(child),
            )
            for child in alarm["children"]
        ]
        columns = ("Id", "Level", "Condition", "Subject", "State")
        print_table(columns, parts, none="", title="Told as part of it")
    told = [
        (
            message["recipient"],
            alarm_words.medium(message["medium"]),
            alarm_words.said(message["kind"]),
            sent(message, zone),
            message["attempts"],
        )
        for message in alarm["told"]
    ]
    print_table(("To", "By", "What", "Sent at", "Tries"), told, none="Nobody was told of it.", title="Told")


def print_suppressions(
    suppressions: Sequence[SuppressionAnswer], zone_of: Callable[[SuppressionAnswer], ZoneInfo]
) -> None:
    """A table of what holds alarms back; with how it ended, where any has."""
    has_ended = any(each["ended_at"] is not None for each in suppressions)
    rows = []
    for each in suppressions:
        zone = zone_of(each)
        row = (
            each["id"],
            words(each["kind"]),
            alarm_words.about(each),
            f"{each['owner']}: {each['reason']}",
            local(each["from"], zone),
            local(each["until"], zone),
        )
        ended = None if each["ended_at"] is None else f"{local(each['ended_at'], zone)}: {each['ended_why']}"
        rows.append((*row, ended) if has_ended else row)
    columns = ("Id", "Kind", "What", "Who and why", "From", "Until", *(["Ended"] if has_ended else []))
    print_table(columns, rows, none="Nothing holds alarms back.")


def sent(message: NotificationAnswer, zone: ZoneInfo) -> str:
    """When a message was delivered, or what became of it."""
    return local(message["sent_at"], zone) if message["sent_at"] else alarm_words.delivery(message).words
