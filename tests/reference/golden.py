"""The golden cases of excursion judging: folders that a person can read, check by hand, and sign.

Each folder under ``tests/golden/excursions`` has ``case.toml`` (the rules in the words of a profile file),
``readings.csv``, ``expected.json`` (worked out by hand) and ``README.md`` (the arithmetic).
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .excursions import Fact, Reading, Rule, judge

FOLDER = Path(__file__).parent.parent / "golden" / "excursions"
ALWAYS = -62_135_596_800_000  # 0001-01-01T00:00:00Z: the first version holds for all time
INSTANTS = ("started_at", "ended_at", "closed_at", "confirmed_at")
DEGREE_MINUTES_TOLERANCE = 1e-3  # °C·min
EXTREME_TOLERANCE = 1e-3  # °C: what a line does in the half millisecond by which a crossing is rounded
TOLERANCES = {"degree_minutes": DEGREE_MINUTES_TOLERANCE, "extreme_celsius": EXTREME_TOLERANCE}
UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True)
class Case:
    """One history, its rules, and what is expected of it. Instants and durations in ms, values in °C."""

    name: str
    rules: tuple[Rule, ...]
    readings: tuple[Reading, ...]
    max_gap: int
    zone: ZoneInfo
    as_of: int
    uncertainty: float | None
    expected: tuple[Fact, ...]
    offset: float = 0.0
    plausible: tuple[float, float] = (-210.0, 60.0)

    def judged(self) -> list[Fact]:
        """What the reference says."""
        return judge(
            self.readings,
            self.rules,
            max_gap=self.max_gap,
            zone=self.zone,
            as_of=self.as_of,
            offset=self.offset,
            plausible=self.plausible,
            uncertainty=self.uncertainty,
        )


def load_cases() -> list[Case]:
    """All golden cases, by name."""
    return [load_case(folder) for folder in sorted(FOLDER.iterdir()) if folder.is_dir()]


def load_case(folder: Path) -> Case:
    """One golden folder; raises KeyError or ValueError if something in it is missing or can't be read."""
    settings = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return Case(
        name=folder.name,
        rules=tuple(_rule(table) for table in settings["rule"]),
        readings=_readings(folder / "readings.csv"),
        max_gap=_duration(settings["max_gap"]),
        zone=ZoneInfo(settings["zone"]),
        as_of=_instant(settings["as_of"]),
        uncertainty=settings.get("uncertainty"),
        expected=tuple(_fact(item) for item in expected),
        offset=settings.get("offset", 0.0),
    )


def differences(actual: list[Fact], expected: list[Fact]) -> list[str]:
    """What differs, in words: nothing if the list is empty.

    Instants are compared exactly, degree-minutes within ``DEGREE_MINUTES_TOLERANCE`` (they may be integrated
    from exact or from whole instants), other numbers within 1e-9.
    """
    found = []
    if len(actual) != len(expected):
        found.append(f"{len(actual)} excursions instead of {len(expected)}")
    for number, (one, other) in enumerate(zip(actual, expected, strict=False), start=1):
        for key in sorted(one.keys() | other.keys()):
            value, wanted = one.get(key, "absent"), other.get(key, "absent")
            tolerance = TOLERANCES.get(key, 1e-9)
            if not _same(value, wanted, tolerance):
                found.append(f"excursion {number}: {key} is {_shown(key, value)}, not {_shown(key, wanted)}")
    return found


def _same(value: Any, wanted: Any, tolerance: float) -> bool:
    if isinstance(value, float) and isinstance(wanted, int | float):
        return abs(value - wanted) <= tolerance
    if isinstance(value, dict) and isinstance(wanted, dict):
        return value.keys() == wanted.keys() and all(_same(value[k], wanted[k], tolerance) for k in value)
    return bool(value == wanted)


def _shown(key: str, value: Any) -> str:
    if key in INSTANTS and isinstance(value, int):
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)).isoformat()
    return repr(value)


def _instant(value: str | datetime) -> int:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _duration(text: str) -> int:
    """``1h30m`` in ms."""
    parts = re.findall(r"(\d+)([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        message = f"{text!r} is not a duration like 1h30m"
        raise ValueError(message)
    return sum(int(number) * UNITS[unit] for number, unit in parts)


def _by_side(value: str | dict[str, str] | None) -> tuple[int | None, int | None]:
    """A duration for both sides, or one for each, as (high, low)."""
    if isinstance(value, dict):
        high, low = value.get("high"), value.get("low")
    else:
        high = low = value
    return (None if high is None else _duration(high)), (None if low is None else _duration(low))


def _rule(table: dict[str, Any]) -> Rule:
    delay_high, delay_low = _by_side(table["delay"])
    clear_high, clear_low = _by_side(table["clear_delay"])
    cumulative_high, cumulative_low = _by_side(table.get("cumulative_delay"))
    assert delay_high is not None
    assert delay_low is not None
    assert clear_high is not None
    assert clear_low is not None
    return Rule(
        profile=table["profile"],
        version=table["version"],
        effective_from=_instant(table["effective_from"]) if "effective_from" in table else ALWAYS,
        low=table["window"].get("low"),
        high=table["window"].get("high"),
        deadband=table["deadband"],
        delay_high=delay_high,
        delay_low=delay_low,
        clear_high=clear_high,
        clear_low=clear_low,
        instant_high=table.get("instant", {}).get("high"),
        instant_low=table.get("instant", {}).get("low"),
        cumulative_high=cumulative_high,
        cumulative_low=cumulative_low,
        bands=tuple((band["name"], band.get("above"), band.get("up_to")) for band in table["band"]),
    )


def _readings(path: Path) -> tuple[Reading, ...]:
    """The rows in file order; without ``received_at`` a reading arrived when it was measured."""
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(
            Reading(
                measured_at=_instant(row["measured_at"]),
                received_at=_instant(row.get("received_at") or row["measured_at"]),
                celsius=float(row["celsius"]) if row["celsius"] else None,
                fault=row["fault"] or None,
            )
            for row in csv.DictReader(lines)
        )


def _fact(item: dict[str, Any]) -> Fact:
    return {
        key: _instant(value) if key in INSTANTS and value is not None else value
        for key, value in item.items()
    }
