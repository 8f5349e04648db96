"""An alarm in words on a terminal, and what holds alarms back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from monitor.cli.output import local, print_fields, print_table, words
from monitor.ports import JSON


def print_alarm(alarm: JSON, zone: ZoneInfo) -> None:
    """Its fields, then its history, what is told as part of it, and who was told."""
    taken = alarm.get("acknowledgement") or {}
    evidence = alarm["evidence"]
    print_fields(
        {
            "Alarm": alarm["id"],
            "Condition": words(alarm["condition"]),
            "Subject": alarm["subject"],
            "Level": words(alarm["level"]),
            "State": f"{words(alarm['state'])}{' (past)' if alarm.get('past') else ''}",
            "What": evidence.get("text") if isinstance(evidence, dict) else evidence,
            "Raised at": local(alarm["raised_at"], zone),
            "Act by": local(alarm.get("act_by"), zone),
            "Over since": local(alarm["cleared_at"], zone),
            "Taken by": _taken(taken, zone),
            "Reason": taken.get("reason") or None,
            "Done": taken.get("action") or None,
            "Held back": _held_back(alarm.get("suppression"), zone),
            "Part of": alarm.get("parent"),
            "Telling": (alarm.get("telling_now") or {}).get("text"),
        }
    )
    rows = [
        (local(one["recorded_at"], zone), one["reason"], words(one["state"]), words(one["level"]))
        for one in alarm["history"]
    ]
    print_table(("At", "What happened", "State", "Level"), rows, none="", title="History")
    if alarm["children"]:
        parts = [
            (one["id"], words(one["level"]), words(one["condition"]), one["subject"], words(one["state"]))
            for one in alarm["children"]
        ]
        columns = ("Id", "Level", "Condition", "Subject", "State")
        print_table(columns, parts, none="", title="Told as part of it")
    told = [
        (one["recipient"], one["medium"], words(one["kind"]), _sent(one, zone), one["attempts"])
        for one in alarm["told"]
    ]
    print_table(("To", "By", "What", "Sent at", "Tries"), told, none="Nobody was told of it.", title="Told")


def print_suppressions(found: Sequence[JSON], zone_of: Callable[[JSON], ZoneInfo]) -> None:
    """A table of what holds alarms back; with how it ended, where any has."""
    has_ended = any(one["ended_at"] is not None for one in found)
    rows = []
    for one in found:
        zone, condition = zone_of(one), words(one["condition"])
        row = (
            one["id"],
            words(one["kind"]),
            one["subject"] if condition is None else f"{condition} of {one['subject']}",
            f"{one['owner']}: {one['reason']}",
            local(one["from"], zone),
            local(one["until"], zone),
        )
        ended = None if one["ended_at"] is None else f"{local(one['ended_at'], zone)}: {one['ended_why']}"
        rows.append((*row, ended) if has_ended else row)
    columns = ("Id", "Kind", "What", "Who and why", "From", "Until", *(["Ended"] if has_ended else []))
    print_table(columns, rows, none="Nothing holds alarms back.")


def state_text(alarm: JSON, zone: ZoneInfo) -> str:
    """An alarm's state in a list: with who took it, and what holds it back until when."""
    parts = [str(words(alarm["state"]))]
    if alarm.get("acknowledged_by"):
        parts.append(f"taken by {alarm['acknowledged_by']}")
    for kind in ("shelved", "suppressed", "out_of_service"):
        if alarm.get(f"{kind}_until"):
            parts.append(f"{words(kind)} until {local(alarm[f'{kind}_until'], zone)}")
    return ", ".join(parts)


def _taken(taken: JSON, zone: ZoneInfo) -> str | None:
    return f"{taken['by']}, {local(taken['at'], zone)}, by {taken['how']}" if taken else None


def _held_back(one: JSON | None, zone: ZoneInfo) -> str | None:
    if one is None:
        return None
    return f"{words(one['kind'])} by {one['owner']} until {local(one['until'], zone)}: {one['reason']}"


def _sent(one: JSON, zone: ZoneInfo) -> str:
    if one.get("withdrawn_at"):
        return f"withdrawn {local(one['withdrawn_at'], zone)}"
    return local(one["sent_at"], zone) or one["error"] or "owed"
