"""The fake lab's alarms: four open ones, one that is over, and what the last weeks left on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from monitor.core.alarm.health import AlarmRecord, Held, Page, Record
from monitor.core.time.instant import DAY, HOUR, MINUTE
from monitor.ports import JSON

At = Callable[[int], str]
"""The instant so many ms ago, as text."""


def fake_alarms(at: At) -> list[JSON]:
    """The open ones: F03 too warm, lab2/F01 silent, F05's probe faulty and acknowledged, R01 getting too warm."""
    warm = {
        "text": "−48.0 °C, limit −60 °C, 3 lots inside",
        "celsius": -48.0,
        "limit_celsius": -60.0,
        "started_at": at(52 * MINUTE),
        "lots": ["EXO-2026-014", "EXO-2026-015", "EXO-2026-021"],
    }
    act_by = {"act_by": at(-68 * MINUTE)}
    keller = {"state": "acknowledged", "acknowledged_at": at(5 * MINUTE), "acknowledged_by": "M. Keller"}
    return [
        fake_alarm(
            at, "alm-41", "temperature_high", "lab1/F03/product", "critical", 42 * MINUTE, warm, **act_by
        ),
        fake_alarm(at, "alm-43", "no_data", "lab2/F01/product", "alarm", 32 * MINUTE, {"silent": "47 min"}),
        fake_alarm(
            at, "alm-42", "probe_fault", "lab1/F05/product", "alarm", 12 * MINUTE, "open circuit", **keller
        ),
        fake_alarm(
            at, "alm-44", "temperature_high", "lab1/R01/product", "warning", 6 * MINUTE, {"celsius": 7.4}
        ),
    ]


def fake_past(at: At) -> JSON:
    """One that is over."""
    over = {
        "state": "normal",
        "cleared_at": at(2 * DAY - 4 * MINUTE),
        "acknowledged_at": at(2 * DAY - 3 * MINUTE),
        "acknowledged_by": "A. Oyelaran",
    }
    return fake_alarm(
        at, "alm-30", "door_open", "lab1/F01", "warning", 2 * DAY, {"open_for": "6 min"}, **over
    )


def fake_alarm(
    at: At,
    name: str,
    condition: str,
    subject: str,
    level: str,
    ago: int,
    evidence: object,
    **changes: object,
) -> JSON:
    """One alarm as the list of alarms has it."""
    usual = {
        "id": name,
        "condition": condition,
        "subject": subject,
        "level": level,
        "state": "unacknowledged",
        "raised_at": at(ago),
        "cleared_at": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "shelved_until": None,
        "act_by": None,
        "evidence": evidence,
    }
    return {**usual, **changes}


def with_story(alarm: JSON) -> JSON:
    """An alarm with its history, and what became of the messages about it: one delivered, one refused."""
    opened = {"alarm": alarm["id"], "kind": "opened", "due_at": alarm["raised_at"], "error": None}
    keller = {"recipient": "M. Keller", "medium": "mail", "attempts": 1, "sent_at": alarm["raised_at"]}
    refused = {"error": "the server answered 451: try later", "attempts": 3, "sent_at": None}
    versions = [("raised", "unacknowledged")]
    if alarm["acknowledged_by"]:
        versions.append((f"acknowledged by {alarm['acknowledged_by']}", alarm["state"]))
    return {
        "suppression": None,
        "parent": None,
        "history": [
            {
                "version": number,
                "recorded_at": alarm["raised_at"],
                "reason": reason,
                "state": state,
                "level": alarm["level"],
            }
            for number, (reason, state) in enumerate(versions, 1)
        ],
        "children": [],
        "told": [
            {**opened, **keller, "id": "ntf-1"},
            {**opened, "id": "ntf-2", "recipient": "A. Oyelaran", "medium": "apprise", **refused},
        ],
        **alarm,
    }


def fake_record(now: int) -> Record:
    """What the lab's last weeks left on record."""
    fridge, freezer = "lab1/R01", "lab1/F03"
    chatter = [
        _record(f"c{n}", "door_open", fridge, now - 3 * DAY + n * 12 * MINUTE, 4 * MINUTE) for n in range(5)
    ]
    warm = [
        _record(f"w{n}", "temperature_high", freezer, now - n * 6 * DAY, 25 * MINUTE) for n in range(1, 4)
    ]
    for_long = replace(
        _record("n1", "no_data", "lab2/F01", now - 2 * DAY, 0), cleared_at=None, acknowledged_at=None
    )
    drills = [_drill(n, now - n * 7 * DAY - HOUR) for n in range(4)]
    pages = [
        Page(f"{one.id}:opened:{person}", one.known_at, person, one.unit)
        for one in (*warm, *chatter[:2])
        for person in ("M. Keller", "A. Oyelaran")[: 1 if one.unit == fridge else 2]
    ]
    held = [Held("s1", "shelved", fridge, now - 2 * DAY, now - 2 * DAY + 4 * HOUR)]
    return Record([*chatter, *warm, for_long, *drills], pages, held)


def _record(name: str, condition: str, unit: str, at: int, lasted: int) -> AlarmRecord:
    return AlarmRecord(name, condition, f"{unit}/product", unit, at, at, at + lasted, at + 3 * MINUTE)


def _drill(number: int, at: int) -> AlarmRecord:
    """The second one was not answered."""
    answered_at = None if number == 1 else at + HOUR
    return AlarmRecord(f"d{number}", "drill", "M. Keller", None, at, at, at + DAY, answered_at, is_drill=True)
