"""The alarms of the fakes of the command line: one too warm, one latched, one shelf.

Not a test itself.
"""

from __future__ import annotations

from typing import Any

from monitor.core.time.instant import format_instant
from monitor.ports import JSON


def alarm(name: str = "a17", **changes: Any) -> JSON:
    """An open, critical alarm of lab1/F01, with all that the view says of one alone."""
    return {
        "id": name,
        "condition": "temperature_high",
        "subject": "lab1/F01/product",
        "level": "critical",
        "state": "unacknowledged",
        "raised_at": "2026-11-22T09:10:00.000Z",
        "cleared_at": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "acknowledgement": None,
        "shelved_until": None,
        "act_by": "2026-11-22T12:00:00.000Z",
        "past": False,
        "parent": None,
        "evidence": {"unit": "lab1/F01", "text": "-48.0 °C, limit -60 °C"},
        "suppression": None,
        "history": [
            {
                "version": 1,
                "recorded_at": "2026-11-22T09:10:00.000Z",
                "reason": "raised",
                "state": "unacknowledged",
                "level": "critical",
            }
        ],
        "children": [],
        "told": [
            {
                "recipient": "anna",
                "medium": "mail",
                "kind": "opened",
                "sent_at": "2026-11-22T09:10:02.000Z",
                "withdrawn_at": None,
                "error": None,
                "attempts": 1,
            }
        ],
        **changes,
    }


def suppression(name: str = "s23", **changes: Any) -> JSON:
    """A shelf of that alarm."""
    return {
        "id": name,
        "kind": "shelved",
        "subject": "lab1/F01/product",
        "condition": "temperature_high",
        "owner": "anna",
        "reason": "defrosting",
        "from": "2026-11-22T10:00:00.000Z",
        "until": "2026-11-22T12:00:00.000Z",
        "level": "critical",
        "alarm": "a17",
        "ended_at": None,
        "ended_by": None,
        "ended_why": None,
        **changes,
    }


class AlarmsOfView:
    """The part of a view that is about alarms; tests change the lists."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.all_alarms = [alarm(), alarm("a18", state="normal", condition="no_data", level="alarm")]
        self.all_suppressions = [suppression()]
        self.all_unwatched: list[JSON] = [
            {"subject": "lab1/F02/product", "reason": "silent", "text": "never heard", "since": None}
        ]

    def alarms(self, *, open_only: bool = False, limit: int = 500) -> list[JSON]:
        self.asked.append(("alarms", {"open_only": open_only, "limit": limit}))
        return self.all_alarms

    def alarm(self, alarm: str) -> JSON | None:
        return next((one for one in self.all_alarms if one["id"] == alarm), None)

    def suppressions(self, *, open_only: bool = True) -> list[JSON]:
        self.asked.append(("suppressions", {"open_only": open_only}))
        return self.all_suppressions

    def unwatched(self) -> list[JSON]:
        return self.all_unwatched


class AlarmsOfCommands:
    """Keeps what was asked; ``answer`` is raised if it is an error."""

    def __init__(self) -> None:
        self.did: list[tuple[str, str, dict[str, Any]]] = []
        self.answer: str | Exception = "recorded"
        self.first = ""

    def _do(self, what: str, name: str, given: dict[str, Any]) -> None:
        if isinstance(self.answer, Exception):
            raise self.answer
        self.did.append((what, name, given))

    def acknowledge(self, alarm_id: str, **given: Any) -> JSON:
        self._do("acknowledge", alarm_id, given)
        by, at = self.first or given["by"], "2026-11-22T10:04:30.000Z"
        return alarm(alarm_id, state="acknowledged", acknowledged_by=by, acknowledged_at=at)

    def reset(self, alarm_id: str, **given: Any) -> JSON:
        self._do("reset", alarm_id, given)
        return alarm(alarm_id, state="normal")

    def shelve(self, alarm_id: str, **given: Any) -> JSON:
        self._do("shelve", alarm_id, given)
        return suppression(owner=given["by"], until=format_instant(given["until"]))

    def unshelve(self, alarm_id: str, **given: Any) -> JSON:
        self._do("unshelve", alarm_id, given)
        return suppression(ended_by=given["by"], ended_why="unshelved")

    def suppress(self, subject: str, **given: Any) -> JSON:
        self._do("suppress", subject, given)
        return suppression(subject=subject, condition=None, kind=given["kind"], owner=given["by"])

    def end_suppression(self, suppression_id: str, **given: Any) -> JSON:
        self._do("end", suppression_id, given)
        return suppression(suppression_id, ended_by=given["by"], ended_why="ended")
