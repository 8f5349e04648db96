"""Questions answered from memory: for tests of what asks them. ``tests/contract`` holds it to the real view."""

from __future__ import annotations

from typing import Any

from monitor.core.alarm.health import Record, to_json
from monitor.core.time.instant import DAY, format_instant, parse_instant
from monitor.ports import JSON

NOW = parse_instant("2026-11-22T10:04:30Z")


class FakeView:
    """Implements :class:`monitor.ports.View` over lists, which a test fills and changes, of what the real one answers.

    ``asked`` holds what was asked. What is there to be picked from comes from methods, ``there_are_…``, for fakes in
    which it is derived from an instant.
    """

    def __init__(self, now: int = NOW) -> None:
        self.present = now
        self.ready = True
        self.judging: JSON = {"ok": True, "text": "nothing is set aside", "aside": []}
        self.asked: list[tuple[str, Any]] = []
        self.all_sites: list[JSON] = [{"site": "lab1", "timezone": "Europe/Berlin"}]
        self.all_units: list[JSON] = []
        self.all_excursions: list[JSON] = []
        self.all_lots: list[JSON] = []
        self.all_alarms: list[JSON] = []
        self.all_suppressions: list[JSON] = []
        self.all_unwatched: list[JSON] = []
        self.all_notifications: list[JSON] = []
        self.all_rejected: list[JSON] = []
        self.record = Record([], [], [])

    def at(self, before: int) -> str:
        """The instant ``before`` ms ago, as text."""
        return format_instant(self.present - before)

    # --- what there is ---

    def there_are_units(self) -> list[JSON]:
        return self.all_units

    def there_are_excursions(self) -> list[JSON]:
        return self.all_excursions

    def there_are_lots(self, at: int) -> list[JSON]:
        return self.all_lots

    def there_are_alarms(self) -> list[JSON]:
        return self.all_alarms

    # --- what is asked ---

    def now(self) -> int:
        return self.present

    def sites(self) -> list[JSON]:
        return self.all_sites

    def units(self) -> list[JSON]:
        return self.there_are_units()

    def unit(self, unit: str) -> JSON | None:
        return next((each for each in self.units() if each["unit"] == unit), None)

    def readings(self, channel: str, start: int, end: int, points: int) -> JSON | None:
        """None where the channel is unknown; a channel without readings."""
        self.asked.append(("readings", (channel, start, end, points)))
        unit, _, probe = channel.rpartition("/")
        if probe not in [each["probe"] for each in (self.unit(unit) or {"probes": []})["probes"]]:
            return None
        span = {"from": format_instant(start), "to": format_instant(end)}
        return {"channel": channel, **span, "max_gap_seconds": 900, "count": 0, "readings": []}

    def excursions(
        self,
        *,
        unit: str | None = None,
        lot: str | None = None,
        start: int | None = None,
        end: int | None = None,
        open_only: bool = False,
        as_of: int | None = None,
        history: bool = False,
    ) -> list[JSON]:
        asked = {"unit": unit, "lot": lot, "start": start, "end": end, "open_only": open_only}
        self.asked.append(("excursions", {**asked, "as_of": as_of, "history": history}))
        return [
            each
            for each in self.there_are_excursions()
            if (unit is None or each["channel"].startswith(f"{unit}/"))
            and (lot is None or lot in each["lots"])
            and (not open_only or each["closed_at"] is None)
        ]

    def lots(self, *, as_of: int | None = None) -> list[JSON]:
        self.asked.append(("lots", {"as_of": as_of}))
        return self.there_are_lots(self.present if as_of is None else as_of)

    def lot(self, lot: str, *, as_of: int | None = None) -> JSON | None:
        self.asked.append(("lot", {"lot": lot, "as_of": as_of}))
        lots = self.there_are_lots(self.present if as_of is None else as_of)
        return next((each for each in lots if each["lot"] == lot), None)

    def alarms(self, *, open_only: bool = False, limit: int = 500) -> list[JSON]:
        self.asked.append(("alarms", {"open_only": open_only, "limit": limit}))
        return [each for each in self.there_are_alarms() if not open_only or each["cleared_at"] is None][
            :limit
        ]

    def alarm(self, alarm: str) -> JSON | None:
        return next((each for each in self.there_are_alarms() if each["id"] == alarm), None)

    def suppressions(self, *, open_only: bool = True) -> list[JSON]:
        self.asked.append(("suppressions", {"open_only": open_only}))
        return [each for each in self.all_suppressions if not open_only or each["ended_at"] is None]

    def unwatched(self) -> list[JSON]:
        return self.all_unwatched

    def alarm_health(self, *, weeks: int = 4) -> JSON:
        health = to_json(self.record, start=self.present - weeks * 7 * DAY, end=self.present)
        titles = {each["unit"]: each["title"] for each in self.units()}
        return {**health, "units": [{**each, "title": titles[each["unit"]]} for each in health["units"]]}

    def notifications(self, *, limit: int = 200) -> list[JSON]:
        self.asked.append(("notifications", {"limit": limit}))
        return self.all_notifications[:limit]

    def rejected(self, *, limit: int = 200) -> JSON:
        self.asked.append(("rejected", {"limit": limit}))
        reasons = [message["reason"] for message in self.all_rejected]
        counts = {reason: reasons.count(reason) for reason in reasons}
        return {"counts": counts, "messages": self.all_rejected[:limit]}

    def health(self) -> JSON:
        broker = {"ok": self.ready, "text": "connected" if self.ready else "not connected for 40 s"}
        fine = {"ok": True, "text": "fine"}
        parts = {"store": fine, "influx": fine, "judging": self.judging, "alerting": fine}
        return {"ready": self.ready, "broker": broker, **parts}
