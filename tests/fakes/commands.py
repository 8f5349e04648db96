"""Commands carried out in memory: for tests of what asks for them. ``tests/contract`` holds it to the real ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from monitor.core.time.instant import format_instant
from monitor.ports import JSON, View
from monitor.ports.commands import (
    Acknowledge,
    BindProfile,
    Command,
    EndSuppression,
    Ingest,
    RecordLotEvent,
    Reset,
    Shelve,
    Spoken,
    Suppress,
    Unshelve,
    tidied,
)


class FakeCommands:
    """Implements :class:`monitor.ports.Commands` for what a view shows, without changing the view.

    ``carried_out`` holds what was done, as it was asked for. ``refusal``, once set, is raised instead.
    """

    def __init__(self, view: View, suppressions: Iterable[JSON] = ()) -> None:
        self.carried_out: list[Command] = []
        self.refusal: Exception | None = None
        self._view = view
        self._alarms: dict[str, JSON] = {}
        self._suppressions = {one["id"]: one for one in suppressions}
        self._events: dict[str, tuple[str, str, JSON]] = {}

    def done(self, kind: type = object) -> list[dict[str, Any]]:
        """The fields of each command, or of each of a kind, that was carried out."""
        return [asdict(command) for command in self.carried_out if isinstance(command, kind)]

    def carry_out(self, command: Command) -> JSON:
        if self.refusal is not None:
            raise self.refusal
        answer = self._answer(tidied(command) if isinstance(command, Spoken) else command)
        self.carried_out.append(command)
        return answer

    def _answer(self, command: Command) -> JSON:
        match command:
            case Acknowledge() | Reset():
                return self._about_an_alarm(command)
            case Shelve():
                return self._shelve(command)
            case Suppress():
                return self._suppress(command)
            case Unshelve() | EndSuppression():
                return self._end(command)
            case BindProfile():
                return self._bind(command)
            case RecordLotEvent():
                return self._record(command.site, command.lot, command.event)
            case Ingest():
                raise NotImplementedError("a fake takes no readings")

    # --- alarms ---

    def _alarm(self, name: str) -> JSON:
        alarm = self._alarms.get(name) or self._view.alarm(name)
        if alarm is None:
            raise LookupError(f"there is no alarm {name!r}")
        return alarm

    def _about_an_alarm(self, command: Acknowledge | Reset) -> JSON:
        alarm = self._alarm(command.alarm)
        is_taken = alarm["acknowledged_by"] is not None
        if isinstance(command, Reset):
            if not is_taken:
                raise ValueError(f"alarm {alarm['id']} still holds")
            alarm = {**alarm, "state": "normal"}
        elif not is_taken:
            who = {"acknowledged_by": command.by, "acknowledged_at": format_instant(self._view.now())}
            alarm = {**alarm, "state": "acknowledged", **who}
        self._alarms[command.alarm] = alarm
        return alarm

    def _shelve(self, command: Shelve) -> JSON:
        alarm = self._alarm(command.alarm)
        if alarm["state"] == "normal":
            raise ValueError(f"alarm {alarm['id']} is over already")
        held = {"kind": "shelved", "subject": alarm["subject"], "condition": alarm["condition"]}
        return self._hold_back(command, None, {**held, "level": alarm["level"], "alarm": alarm["id"]})

    def _suppress(self, command: Suppress) -> JSON:
        channels = (
            f"{each['unit']}/{probe['probe']}" for each in self._view.units() for probe in each["probes"]
        )
        if command.subject not in {*channels, *(each["unit"] for each in self._view.units())}:
            raise LookupError(f"there is no unit and no probe {command.subject!r}")
        held = {"kind": command.kind, "subject": command.subject, "condition": None}
        return self._hold_back(command, command.start, {**held, "level": None, "alarm": None})

    def _hold_back(self, command: Shelve | Suppress, start: int | None, held: JSON) -> JSON:
        from_at = self._view.now() if start is None else start
        if command.until <= max(from_at, self._view.now()):
            raise ValueError(f"its end {format_instant(command.until)} has passed: name a later end")
        name = f"s{len(self._suppressions) + 1}"
        self._suppressions[name] = {
            "id": name,
            **held,
            "owner": command.by,
            "reason": command.reason,
            "from": format_instant(from_at),
            "until": format_instant(command.until),
            "ended_at": None,
            "ended_by": None,
            "ended_why": None,
        }
        return self._suppressions[name]

    def _end(self, command: Unshelve | EndSuppression) -> JSON:
        held = {name: one for name, one in self._suppressions.items() if one["ended_at"] is None}
        if isinstance(command, Unshelve):
            alarm, usual = self._alarm(command.alarm), "unshelved"
            shelf = next((one for one in held.values() if one["alarm"] == alarm["id"]), None)
            if shelf is None:
                raise ValueError(f"alarm {alarm['id']} isn't shelved")
        else:
            usual = "ended"
            if command.suppression not in held:
                raise LookupError(f"nothing is held back under {command.suppression!r} now")
            shelf = held[command.suppression]
        ended = {"ended_by": command.by, "ended_why": command.reason or usual}
        self._suppressions[shelf["id"]] = {**shelf, **ended, "ended_at": format_instant(self._view.now())}
        return self._suppressions[shelf["id"]]

    # --- lots ---

    def _bind(self, command: BindProfile) -> JSON:
        lot = self._view.lot(command.lot)
        if lot is None:
            raise LookupError(f"there is no lot {command.lot!r}")
        name = f"b{len(self._events) + 1}"
        return self._record(lot["site"], command.lot, {"event_id": name, "profile": command.profile})

    def _record(self, site: str, lot: str, event: JSON) -> JSON:
        if "event_id" not in event:
            raise ValueError("Object missing required field `event_id`")
        name, given = event["event_id"], (site, lot, event)
        if name not in self._events:
            self._events[name] = given
            return {"event_id": name, "outcome": "recorded"}
        return {"event_id": name, "outcome": "duplicate" if self._events[name] == given else "conflict"}
