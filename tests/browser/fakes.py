"""A believable lab behind the ports: eight units at two sites, with most of what can go wrong with them.

F03 is in a confirmed excursion at −48 °C with three lots inside, F05 has a probe fault, lab2/F01 is silent,
the fridge R01 is near its limit, the rest is well. The lots are those of :mod:`tests.browser.lots`. Everything
is derived from one instant, so that it is always "now".
"""

from __future__ import annotations

import math
from typing import Any

from monitor.core.alarm.health import to_json
from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND, format_instant, parse_instant
from monitor.ports import JSON
from tests.browser.alarms import fake_alarms, fake_past, fake_record, with_story
from tests.browser.lots import fake_forecast, fake_lots, fake_rescue

NOW = parse_instant("2026-11-22T10:04:30Z")
ULT = {"low": -90.0, "high": -60.0}
FRIDGE = {"low": 2.0, "high": 8.0}
VAPOUR = {"low": None, "high": -150.0}
STEP = MINUTE
MAX_GAP_SECONDS = 900


class FakeView:
    """A :class:`monitor.ports.View` over made-up facts. Tests change ``present``, ``celsius`` and
    ``states``."""

    def __init__(self, now: int = NOW) -> None:
        self.present = now
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
        self.ready = True
        self.asked: list[tuple[str, Any]] = []

    def at(self, before: int) -> str:
        """The instant ``before`` ms ago, as text."""
        return format_instant(self.present - before)

    def now(self) -> int:
        return self.present

    def sites(self) -> list[JSON]:
        return [
            {"site": "lab1", "timezone": "Europe/Berlin"},
            {"site": "lab2", "timezone": "America/New_York"},
        ]

    # --- units ---

    def units(self) -> list[JSON]:
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
            "lots": [lot["lot"] for lot in self.lots() if lot.get("unit") == unit],
            "alarms": [a["id"] for a in self._open_alarms() if str(a["subject"]).startswith(unit)],
            "excursions": ["exc-17"] if unit == "lab1/F03" else [],
            **self._ahead(unit),
        }

    def _ahead(self, unit: str) -> JSON:
        """What is to come for a unit: nothing for a healthy one."""
        if unit != "lab1/F03":
            return {"forecast": None, "act_by": None, "act_by_reason": None, "rescue": []}
        return {
            "forecast": fake_forecast(self.at),
            "act_by": self.at(-68 * MINUTE),
            "act_by_reason": "then lot EXO-2026-014 has spent its time in band warm",
            "rescue": fake_rescue(self.at),
        }

    def unit(self, unit: str) -> JSON | None:
        return next((each for each in self.units() if each["unit"] == unit), None)

    # --- readings ---

    def readings(self, channel: str, start: int, end: int, points: int) -> JSON | None:
        self.asked.append(("readings", (channel, start, end, points)))
        unit = channel.rpartition("/")[0]
        found = self.unit(unit)
        if found is None or channel not in [f"{unit}/{p['probe']}" for p in found["probes"]]:
            return None
        step = max(STEP, (end - start) // points)
        instants = range(start - start % step + step, end, step)
        readings = [reading for at in instants if (reading := self._reading(channel, at))]
        return {
            "channel": channel,
            "from": format_instant(start),
            "to": format_instant(end),
            "max_gap_seconds": MAX_GAP_SECONDS,
            "count": len(range(start, end, STEP)),
            "readings": readings,
        }

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
        found = [self._open_excursion(), self._transient()]
        return [
            each
            for each in found
            if (unit is None or each["channel"].startswith(f"{unit}/"))
            and (lot is None or lot in each["lots"])
            and (not open_only or each["closed_at"] is None)
        ]

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

    def lots(self, *, as_of: int | None = None) -> list[JSON]:
        self.asked.append(("lots", as_of))
        text = format_instant(self.present if as_of is None else as_of)
        return fake_lots(self.at, text, self.celsius["lab1/F03"])

    def lot(self, lot: str, *, as_of: int | None = None) -> JSON | None:
        return next((each for each in self.lots(as_of=as_of) if each["lot"] == lot), None)

    # --- alarms and the rest ---

    def _open_alarms(self) -> list[JSON]:
        return fake_alarms(self.at)

    def alarms(self, *, open_only: bool = False, limit: int = 500) -> list[JSON]:
        return [*self._open_alarms(), *([] if open_only else [fake_past(self.at)])][:limit]

    def alarm(self, alarm: str) -> JSON | None:
        found = next((one for one in self.alarms() if one["id"] == alarm), None)
        return None if found is None else with_story(found)

    def unwatched(self) -> list[JSON]:
        return [
            {
                "subject": "lab2/F01/product",
                "reason": "silent",
                "text": "silent",
                "since": self.at(47 * MINUTE),
            },
            {
                "subject": "lab1/F05/product",
                "reason": "faulty",
                "text": "probe fault",
                "since": self.at(12 * MINUTE),
            },
        ]

    def alarm_health(self, *, weeks: int = 4) -> JSON:
        """A fridge that chatters, a freezer that pages; one drill of four was not answered."""
        start = self.present - weeks * 7 * DAY
        found = to_json(fake_record(self.present), start=start, end=self.present)
        titles = {unit["unit"]: unit["title"] for unit in self.units()}
        units = [{**one, "title": titles[one["unit"]]} for one in found["units"]]
        return {**found, "units": units}

    def notifications(self, *, limit: int = 200) -> list[JSON]:
        return [
            {
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
        ][:limit]

    def rejected(self, *, limit: int = 200) -> JSON:
        message = {
            "received_at": self.at(HOUR),
            "topic": "exosome/v1/lab1/F01/product/reading",
            "payload": '{"measured_at": "2026-11-22T09:04:30", "celsius": -80}',
            "reason": "bad_time",
            "detail": "time '2026-11-22T09:04:30' has no offset from UTC: add Z or +hh:mm",
        }
        return {"counts": {"bad_time": 1}, "messages": [message][:limit]}

    def health(self) -> JSON:
        broker = {"ok": self.ready, "text": "connected" if self.ready else "not connected for 40 s"}
        fine = {"ok": True, "text": "fine"}
        return {"ready": self.ready, "broker": broker, "store": fine, "influx": fine, "alerting": fine}


class FakeCommands:
    """Records what it was asked, and tells duplicates and conflicts by ``event_id``."""

    def __init__(self) -> None:
        self.events: dict[str, tuple[str, str, JSON]] = {}
        self.bound: list[tuple[str, str, str, str]] = []

    def lot_event(self, site: str, lot: str, event: JSON) -> JSON:
        if "event_id" not in event:
            raise ValueError("Object missing required field `event_id`")
        name, given = event["event_id"], (site, lot, event)
        if name not in self.events:
            self.events[name] = given
            return {"event_id": name, "outcome": "recorded"}
        return {"event_id": name, "outcome": "duplicate" if self.events[name] == given else "conflict"}

    def bind(self, lot: str, profile: str, *, reason: str, by: str) -> JSON:
        if not reason:
            raise ValueError("a binding needs 'reason'")
        self.bound.append((lot, profile, reason, by))
        return {"event_id": f"b{len(self.bound)}", "outcome": "recorded"}
