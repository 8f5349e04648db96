"""The units as they are shown on a wall: temperature, state in words, what is inside, what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.alarm.suppression import Suppression
from monitor.core.answer.unit import PROBE_STATES, ProbeAnswer, ProbeState, UnitCard
from monitor.core.fact import instant_or_none, is_alive
from monitor.core.outlook.shelter import Shelter, UnitState, shelters
from monitor.core.profile.installation import Probe, Unit
from monitor.core.profile.profile import HIGH
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import to_datetime
from monitor.ports import Store, Tx
from monitor.words.condition import CONDITIONS
from monitor.words.figures import degrees, time_of_day
from monitor.writer.installed import Installed

_SIGNS = sorted(
    (
        (AlarmCondition(condition), row.on_wall)
        for condition, row in CONDITIONS.items()
        if row.on_wall is not None
    ),
    key=lambda sign: sign[0] is AlarmCondition.DOOR_OPEN,
)
"""What an open sign makes of a probe's state: while it is in its window, the card mustn't say that all is well. A door
is named last: what the probe itself shows says more."""
NOT_JUDGED: tuple[ProbeState, str] = CONDITIONS[AlarmCondition.JUDGING_FAILED].on_wall or ("unknown", "")
"""What is said of a probe that nobody judges."""


class Wall:
    """All units' cards at one instant; what they have in common is read once."""

    def __init__(self, store: Store, tx: Tx, installed: Installed, now: int) -> None:
        self.now = now
        self._installed = installed
        paths = {number: path for path, number in store.history.channel_ids(tx).items()}
        self._latest = {paths[number]: row for number, row in store.history.latest(tx).items()}
        facts = store.facts.current(tx, "excursion", open_only=True)
        self._excursions = [fact for fact in facts if is_alive(fact.body)]
        self._alarms = [fact.body for fact in store.facts.current(tx, "alarm", open_only=True)]
        self._lots: dict[str, list[str]] = {}
        for fact in sorted(store.facts.current(tx, "lot"), key=lambda fact: fact.id):
            if fact.body["unit"] and fact.to_at is None:
                self._lots.setdefault(fact.body["unit"], []).append(fact.id)

    def _alarms_of(self, unit: str) -> list[str]:
        """The ids of the open alarms about a unit and its channels."""
        return [alarm["id"] for alarm in self._alarms if f"{alarm['subject']}/".startswith(f"{unit}/")]

    def _excursions_of(self, unit: str) -> list[str]:
        """The ids of the open excursions of a unit's probes."""
        return [fact.id for fact in self._excursions if fact.subject.startswith(f"{unit}/")]

    def _has_alarm(self, condition: AlarmCondition, channel: str) -> bool:
        """Whether a condition's alarm is open for a channel, or for its unit."""
        about = (channel, Channel.parse(channel).unit_path)
        return any(a["condition"] == condition.value and a["subject"] in about for a in self._alarms)

    def shelters(self, suppressions: Iterable[Suppression]) -> list[Shelter]:
        """The units as places to take lots to; ``suppressions``: all that are in force."""
        outside = {fact.subject for fact in self._excursions}
        states = [
            UnitState(
                unit,
                celsius=self._latest.get(unit.product_channel, {}).get("celsius"),
                window=self._installed.rules[unit.product_channel].profile_at(self.now).window,
                is_in_excursion=unit.product_channel in outside,
                lots=len(self._lots.get(unit.path, ())),
            )
            for unit in self._installed.installation.units.values()
        ]
        return shelters(states, map(Alarm.from_json, self._alarms), suppressions, self.now)

    def card(self, unit: Unit) -> UnitCard:
        """A unit as :meth:`monitor.ports.View.units` words it."""
        probes = [self._probe(unit, probe) for probe in unit.probes]
        product = next(probe for probe in probes if probe["product"])
        profile = self._installed.rules[unit.product_channel].profile_at(self.now)
        warning = profile.warning
        return {
            "unit": unit.path,
            "title": unit.title,
            "class": unit.storage_class,
            "profile": profile.name,
            "profile_version": profile.version,
            "window": product["window"],
            "warning": None if warning is None else {"low": warning.low, "high": warning.high},
            "celsius": product["celsius"],
            "measured_at": product["measured_at"],
            "age_seconds": product["age_seconds"],
            "state": product["state"],
            "state_text": product["state_text"],
            "probes": probes,
            "lots": self._lots.get(unit.path, []),
            "alarms": self._alarms_of(unit.path),
            "excursions": self._excursions_of(unit.path),
        }

    def unjudged(self, unit: Unit) -> UnitCard:
        """The card of a unit that can't be judged as it is asked for: unknown."""
        state, text = NOT_JUDGED
        return {
            "unit": unit.path,
            "title": unit.title,
            "class": unit.storage_class,
            "profile": unit.profile,
            "profile_version": 0,
            "window": {"low": None, "high": None},
            "warning": None,
            "celsius": None,
            "measured_at": None,
            "age_seconds": None,
            "state": state,
            "state_text": text,
            "probes": [_unknown(unit, probe) for probe in unit.probes],
            "lots": self._lots.get(unit.path, []),
            "alarms": self._alarms_of(unit.path),
            "excursions": self._excursions_of(unit.path),
        }

    def _probe(self, unit: Unit, probe: Probe) -> ProbeAnswer:
        channel = str(probe.channel)
        row = self._latest.get(channel, {})
        window = self._installed.rules[channel].profile_at(self.now).window
        holding = self._holding(channel, row)
        state = max(holding, key=PROBE_STATES.index)
        measured_at = row.get("measured_at")
        return {
            "probe": probe.channel.probe,
            "product": probe.channel.probe == unit.product_probe,
            "celsius": row.get("celsius"),
            "measured_at": instant_or_none(measured_at),
            "received_at": instant_or_none(row.get("received_at")),
            "age_seconds": None if measured_at is None else max(0, self.now - measured_at) / 1000,
            "quality": row.get("quality"),
            "reason": row.get("reason"),
            "battery_percent": row.get("battery_percent"),
            "online": None if row.get("online") is None else bool(row["online"]),
            "state": state,
            "states": dict(holding.items()),
            "state_text": "; ".join(
                holding[name] for name in sorted(holding, key=PROBE_STATES.index, reverse=True)
            ),
            "window": {"low": window.low, "high": window.high},
            "alarms": probe.alarms,
        }

    def _holding(self, channel: str, row: Mapping[str, Any]) -> dict[ProbeState, str]:
        """The states that hold for a probe, each with a few words; "ok" only where nothing else does."""
        zone = self._installed.installation.zone_of(Channel.parse(channel).site)
        found: dict[ProbeState, str] = {}
        if self._has_alarm(AlarmCondition.NO_DATA, channel):
            found["no_data"] = "silent"
        if row.get("measured_at") is None:
            return found or {"unknown": "never heard"}
        for fact in self._excursions:
            if fact.subject == channel and fact.body["confirmed_at"] is not None:
                side = "too warm" if fact.body["direction"] == HIGH else "too cold"
                found["excursion"] = f"{side} since {time_of_day(to_datetime(fact.from_at, zone))}"
        if row["quality"] == "bad":
            found["fault"] = str(row["reason"]).removeprefix("fault:").replace("_", " ")
        if row["celsius"] is not None and "excursion" not in found:
            found |= self._by_value(channel, row["celsius"])
        for condition, (state, text) in _SIGNS:
            if self._has_alarm(condition, channel):
                found[state] = f"{found[state]}, {text}" if state in found else text
        return found or {"ok": "in its window"}

    def _by_value(self, channel: str, celsius: float) -> dict[ProbeState, str]:
        profile = self._installed.rules[channel].profile_at(self.now)
        if not profile.window.contains(celsius):
            return {"outside": "outside, not confirmed yet"}
        warning = profile.warning
        if warning is not None and warning.high is not None and celsius > warning.high:
            return {"warning": f"warmer than {degrees(warning.high)}"}
        if warning is not None and warning.low is not None and celsius < warning.low:
            return {"warning": f"colder than {degrees(warning.low)}"}
        return {}


def _unknown(unit: Unit, probe: Probe) -> ProbeAnswer:
    state, text = NOT_JUDGED
    return {
        "probe": probe.channel.probe,
        "product": probe.channel.probe == unit.product_probe,
        "celsius": None,
        "measured_at": None,
        "received_at": None,
        "age_seconds": None,
        "quality": None,
        "reason": None,
        "battery_percent": None,
        "online": None,
        "state": state,
        "states": {state: text},
        "state_text": text,
        "window": {"low": None, "high": None},
        "alarms": probe.alarms,
    }
