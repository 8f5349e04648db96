"""What the program decides by of what an alarm rests on, typed; the evidence itself is for people.

An alarm's evidence is a dict that is put on record, shown and sent. Whatever a decision needs of it is read out of it
here and nowhere else, also of alarms that an earlier version of the program put on record: a key that is renamed is
renamed in this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from monitor.core.time.instant import parse_instant

FloodCause = Literal["power", "gateway", "many"]
"""Why many alarms came at once."""


class Grounds(NamedTuple):
    """What evidence says, as far as it does. Instants in ms.

    ``excursion``: the id of the confirmed one that the alarm is about; without one an alarm about a temperature is a
    warning. ``started_at``: since when, as its source has it (the door's contact, the unit's power, the course of
    readings). ``channel``: whose readings showed it. ``unit``: where a lot, or what else it is about, is.
    ``is_offline``: a gateway has said that it is gone. ``is_foretold``: it says by when to act, also if nobody must.
    ``has_rescue``: it says what to move where. ``usual_celsius``, ``usual_swing`` and ``usual_duty``: where a probe
    usually was at most, how far it moved, and which share of the time its compressor ran (the last only where that
    has grown).
    """

    excursion: str | None = None
    started_at: int | None = None
    measured_at: int | None = None
    channel: str | None = None
    unit: str | None = None
    celsius: float | None = None
    drift_per_day: float | None = None
    battery_percent: float | None = None
    usual_celsius: float | None = None
    usual_swing: float | None = None
    usual_duty: float | None = None
    flood_cause: FloodCause | None = None
    is_offline: bool = False
    is_foretold: bool = False
    has_rescue: bool = False

    @classmethod
    def of(cls, evidence: Mapping[str, Any]) -> Grounds:
        """What evidence says; nothing that it holds raises."""
        return cls(
            excursion=evidence.get("excursion"),
            started_at=_at(evidence.get("started_at")),
            measured_at=_at(evidence.get("measured_at")),
            channel=evidence.get("channel"),
            unit=evidence.get("unit"),
            celsius=evidence.get("celsius"),
            drift_per_day=evidence.get("drift_per_day"),
            battery_percent=evidence.get("battery_percent"),
            usual_celsius=evidence.get("usual_celsius"),
            usual_swing=evidence.get("usual_swing"),
            usual_duty=evidence.get("usual_duty"),
            flood_cause=evidence.get("cause"),
            is_offline=evidence.get("offline") is True,
            is_foretold="act_by_reason" in evidence,
            has_rescue="rescue" in evidence,
        )


def _at(text: object) -> int | None:
    try:
        return parse_instant(text) if isinstance(text, str) else None
    except ValueError:
        return None
