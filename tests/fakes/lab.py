"""A believable lab behind the ports: eight units at two sites, with most of what can go wrong with them.

F03 is in a confirmed excursion at −48 °C with three lots inside, F05 has a probe fault, lab2/F01 is silent,
the fridge R01 is near its limit, the rest is well. The lots are those of :mod:`tests.fakes.lab_lots`. Everything
is derived from one instant, so that it is always "now".
"""

from __future__ import annotations

import math

from monitor.core.time.instant import HOUR, MINUTE, SECOND, format_instant
from monitor.ports import JSON
from tests.fakes.lab_alarms import fake_alarms, fake_past, fake_record, with_story
from tests.fakes.lab_lots import fake_forecast, fake_lots, fake_rescue
from tests.fakes.view import NOW, FakeView

ULT = {"low": -90.0, "high": -60.0}
FRIDGE = {"low": 2.0, "high": 8.0}
VAPOUR = {"low": None, "high": -150.0}
STEP = MINUTE


class FakeLab(FakeView):
    """The lab as a view. Tests change ``present``, ``celsius`` and ``states``."""

    def __init__(self, now: int = NOW) -> None:
        super().__init__(now)
        self.all_sites.append({"site": "lab2", "timezone": "America/New_York"})
        self.celsius: dict[str, float | None] = {
            "lab1/F01": -79.8,
            "lab1/F02": -81.2,
            "lab1/F03": -48.0,
            "lab1/F04": -78.6,
            "lab1/F05": None,
            "lab1/L01": -187.3,
            "lab1/R01": 7.4,
            "lab2/F01": -80.3,
        }
        self.states = {
            "lab1/F03": ("excursion", "too warm since 10:12"),
            "lab1/F05": ("fault", "open circuit"),
            "lab1/R01": ("warning", "above 7 °C"),
            "lab2/F01": ("no_data", "silent for 47 min"),
        }
        silent = {"subject": "lab2/F01/product", "reason": "silent", "text": "silent"}
        faulty = {"subject": "lab1/F05/product", "reason": "faulty", "text": "probe fault"}
        self.all_unwatched = [
            {**silent, "since": self.at(47 * MINUTE)},
            {**faulty, "since": self.at(12 * MINUTE)},
        ]
        self.all_notifications = [self._told()]
        self.all_rejected = [self._not_taken()]
        self.record = fake_record(now)  # a fridge that chatters, a freezer that pages; a drill not answered

    # --- units ---

    def there_are_units(self) -> list[JSON]:
        specs = [
            ("lab1/F01", "Thermo TSX, room 3.14", "ult-80", ULT),
            ("lab1/F02", "Thermo TSX, room 3.14 (2)", "ult-80", ULT),
            ("lab1/F03", "Eppendorf F740, room 3.16", "ult-80", ULT),
            ("lab1/F04", "Eppendorf F740, corridor", "ult-80", ULT),
            ("lab1/F05", "Backup freezer, cellar", "ult-80", ULT),
            ("lab1/L01", "LN2 vapour tank", "cryo-150", VAPOUR),
            ("lab1/R01", "Pharmacy fridge", "fridge-2-8", FRIDGE),
            ("lab2/F01", "Freezer, Boston", "ult-80", ULT),
        ]
        return [self._unit(*spec) for spec in specs]

    def _unit(self, unit: str, title: str, profile: str, window: JSON) -> JSON:
        state, text = self.states.get(unit, ("ok", "inside its window"))
        age = {"lab2/F01": 47 * MINUTE, "lab1/F05": 12 * MINUTE}.get(unit, 12 * SECOND)
        product = {
            "probe": "product",
            "product": True,
            "celsius": self.celsius[unit],
            "measured_at": self.at(age),
            "received_at": self.at(age - 2 * SECOND),
            "quality": "bad" if state == "fault" else "good",
            "reason": "open_circuit" if state == "fault" else None,
            "battery_percent": 93.0,
            "state": state,
            "window": window,
        }
        probes = [product]
        if unit == "lab1/F03":
            air = {
                "probe": "air",
                "product": False,
                "celsius": -44.1,
                "battery_percent": None,
                "window": None,
            }
            probes.append({**product, **air})
        return {
            "unit": unit,
            "title": title,
            "class": profile,
            "profile": profile,
            "profile_version": 3,
            "window": window,
            "warning": {"low": None, "high": 7.0} if profile == "fridge-2-8" else None,
            "celsius": self.celsius[unit],
            "measured_at": self.at(age),
            "age_seconds": age / SECOND,
            "state": state,
            "state_text": text,
            "probes": probes,
            "lots": [lot["lot"] for lot in self.there_are_lots(self.present) if lot.get("unit") == unit],
            "alarms": [a["id"] for a in fake_alarms(self.at) if str(a["subject"]).startswith(unit)],
            "excursions": ["exc-17"] if unit == "lab1/F03" else [],
            **self.ahead(unit),
        }

    def ahead(self, unit: str) -> JSON:
        """What is to come for a unit: nothing for a healthy one."""
        if unit != "lab1/F03":
            return {"forecast": None, "act_by": None, "act_by_reason": None, "rescue": []}
        return {
            "forecast": fake_forecast(self.at),
            "act_by": self.at(-68 * MINUTE),
            "act_by_reason": "then lot EXO-2026-014 has spent its time in band warm",
            "rescue": fake_rescue(self.at),
        }

    # --- readings ---

    def readings(self, channel: str, start: int, end: int, points: int) -> JSON | None:
        series = super().readings(channel, start, end, points)
        if series is None:
            return None
        step = max(STEP, (end - start) // points)
        instants = range(start - start % step + step, end, step)
        readings = [reading for at in instants if (reading := self._reading(channel, at))]
        return {**series, "count": len(range(start, end, STEP)), "readings": readings}

    def _reading(self, channel: str, at: int) -> JSON | None:
        """One a minute: a compressor's saw-tooth; F03 with a gap 3 h ago, a bad reading 2 h ago, and a
        failure."""
        before = self.present - at
        unit = channel.rpartition("/")[0]
        text = format_instant(at)
        if unit == "lab1/F03" and 3 * HOUR < before < 3 * HOUR + 40 * MINUTE:
            return None
        if unit == "lab2/F01" and before < 47 * MINUTE:
            return None
        if unit == "lab1/F03" and 2 * HOUR <= before < 2 * HOUR + 2 * MINUTE:
            return {"measured_at": text, "celsius": None, "quality": "bad", "reason": "open_circuit"}
        base = {"lab1/L01": -187.0, "lab1/R01": 5.2}.get(unit, -80.0)
        value = base + 1.4 * math.sin(at / (7 * MINUTE)) + (4.0 if channel.endswith("/air") else 0.0)
        warm_for = 76 * MINUTE - before
        if unit == "lab1/F03" and warm_for > 0:
            value += 33.0 * (1 - math.exp(-warm_for / (25 * MINUTE)))
        quality = "suspect" if unit == "lab1/F03" and 5 * HOUR <= before < 5 * HOUR + MINUTE else "good"
        return {"measured_at": text, "celsius": round(value, 2), "quality": quality}

    # --- excursions ---

    def there_are_excursions(self) -> list[JSON]:
        return [self._open_excursion(), self._transient()]

    def _open_excursion(self) -> JSON:
        return {
            "id": "exc-17",
            "version": 2,
            "channel": "lab1/F03/product",
            "started_at": self.at(52 * MINUTE),
            "ended_at": None,
            "closed_at": None,
            "confirmed_at": self.at(42 * MINUTE),
            "confirmed_by": "delay",
            "extreme_celsius": -48.0,
            "direction": "high",
            "degree_minutes": 402.5,
            "seconds_by_band": {"warm": 3120},
            "unknown_seconds": 0,
            "profile": "ult-80",
            "profile_version": 3,
            "events": [],
            "lots": ["EXO-2026-014", "EXO-2026-015", "EXO-2026-021"],
            "superseded_by": None,
        }

    def _transient(self) -> JSON:
        return {
            **self._open_excursion(),
            "id": "exc-12",
            "started_at": self.at(9 * HOUR),
            "ended_at": self.at(9 * HOUR - 6 * MINUTE),
            "closed_at": self.at(9 * HOUR - 11 * MINUTE),
            "confirmed_at": None,
            "confirmed_by": None,
            "extreme_celsius": -58.2,
            "lots": [],
        }

    # --- lots ---

    def there_are_lots(self, at: int) -> list[JSON]:
        return fake_lots(self.at, format_instant(at), self.celsius["lab1/F03"])

    # --- alarms and the rest ---

    def there_are_alarms(self) -> list[JSON]:
        return [*fake_alarms(self.at), fake_past(self.at)]

    def alarm(self, alarm: str) -> JSON | None:
        card = super().alarm(alarm)
        return None if card is None else with_story(card)

    def _told(self) -> JSON:
        return {
            "id": "ntf-1",
            "alarm": "alm-41",
            "recipient": "M. Keller",
            "medium": "mail",
            "subject": "Too warm: Eppendorf F740, room 3.16",
            "due_at": self.at(42 * MINUTE),
            "sent_at": self.at(42 * MINUTE - SECOND),
            "attempts": 1,
            "error": None,
        }

    def _not_taken(self) -> JSON:
        return {
            "received_at": self.at(HOUR),
            "topic": "exosome/v1/lab1/F01/product/reading",
            "payload": '{"measured_at": "2026-11-22T09:04:30", "celsius": -80}',
            "reason": "bad_time",
            "detail": "time '2026-11-22T09:04:30' has no offset from UTC: add Z or +hh:mm",
        }
