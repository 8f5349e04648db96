"""The golden cases of judging lots: folders that a person can read, check by hand, and sign.

Each folder under ``tests/golden/lots`` has

- ``case.toml``: ``zone``, ``as_of``, ``[[unit]]`` in the words of ``monitor.toml`` (a unit that changes is there
  several times, with ``effective_from``), ``[[profile]]`` in the words of a profile file, ``excursion_open``
  (the lots whose unit has an open, confirmed excursion), ``[[binding]]`` (``lot``, ``bound_at``, ``profile``,
  ``version``);
- ``readings.csv``: ``channel,measured_at,celsius,fault``, and ``received_at`` where it matters;
- ``events.jsonl``: lot events as on the wire, with ``lot`` and ``site`` beside;
- ``expected.json``: by lot, those of the lot JSON's figures that matter; null for an id that is no lot.
  ``reasons`` are codes alone, and ``thawed_at`` is the first thaw that counted;
- ``README.md``: what the case is, and the arithmetic.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ..golden import ALWAYS, UNITS, _duration, _instant
from .custody import settle
from .inputs import Alternative, Band, Event, Probe, Profile, Reading, ThawRule, Unit, UnitVersion
from .lots import Binding, Judgement, judge_lot

FOLDER = Path(__file__).parents[2] / "golden" / "lots"
MKT_TOLERANCE = 1e-4  # °C: the cases give four decimals
Json = dict[str, Any]


@dataclass(frozen=True)
class LotCase:
    """Lots, units and readings, the rules, and what is expected. Instants and durations in ms, values in °C."""

    name: str
    zone: ZoneInfo
    as_of: int
    events: tuple[tuple[str, Event], ...]
    """(lot, event), in any order and with any copies."""
    units: Mapping[str, Unit]
    readings: Mapping[str, Sequence[Reading]]
    profiles: Mapping[str, Sequence[Profile]]
    bindings: Mapping[str, Binding] = field(default_factory=dict)
    excursion_open: frozenset[str] = frozenset()
    expected: Mapping[str, Json | None] = field(default_factory=dict)

    def judged(self, lot: str, as_of: int | None = None) -> Judgement | None:
        """What the reference says of a lot, at the case's ``as_of`` or at another."""
        by_lot, contested = settle(self.events)
        return judge_lot(
            lot,
            by_lot,
            contested,
            self.units,
            self.readings,
            self.profiles,
            self.zone,
            self.as_of if as_of is None else as_of,
            self.bindings.get(lot),
            lot in self.excursion_open,
        )

    def ids(self) -> list[str]:
        """Every id that an event names as a lot's."""
        named = {lot for lot, _event in self.events}
        return sorted(named | {child for _lot, event in self.events for child in event.into})


def load_lot_cases() -> list[LotCase]:
    """All golden cases, by name."""
    return [load_lot_case(folder) for folder in sorted(FOLDER.iterdir()) if folder.is_dir()]


def load_lot_case(folder: Path) -> LotCase:
    """One golden folder; raises KeyError or ValueError if something in it is missing or can't be read."""
    settings = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    profiles = [profile_from(table) for table in settings["profile"]]
    by_name: dict[str, list[Profile]] = defaultdict(list)
    for profile in sorted(profiles, key=lambda profile: profile.effective_from):
        by_name[profile.name].append(profile)
    return LotCase(
        name=folder.name,
        zone=ZoneInfo(settings["zone"]),
        as_of=_instant(settings["as_of"]),
        events=tuple(_events((folder / "events.jsonl").read_text(encoding="utf-8").splitlines())),
        units=_units(settings["unit"]),
        readings=_readings(folder / "readings.csv"),
        profiles=dict(by_name),
        bindings={item["lot"]: _binding(item, profiles) for item in settings.get("binding", ())},
        excursion_open=frozenset(settings.get("excursion_open", ())),
        expected=json.loads((folder / "expected.json").read_text(encoding="utf-8")),
    )


def _binding(item: Json, profiles: list[Profile]) -> Binding:
    bound = next(p for p in profiles if (p.name, p.version) == (item["profile"], item["version"]))
    return _instant(item["bound_at"]), bound


def _units(tables: list[Json]) -> dict[str, Unit]:
    versions: dict[str, list[UnitVersion]] = defaultdict(list)
    for table in tables:
        name = f"{table['site']}/{table['name']}"
        probes = table.get("probe", [])
        chosen = table.get("product_probe", probes[0]["name"] if probes else None)
        found = [_probe(name, probe) for probe in probes if probe["name"] == chosen]
        from_at = _instant(table["effective_from"]) if "effective_from" in table else ALWAYS
        versions[name].append(
            UnitVersion(from_at, table.get("class", table["profile"]), found[0] if found else None)
        )
    return {
        name: Unit(name, tuple(sorted(found, key=lambda version: version.from_at)))
        for name, found in versions.items()
    }


def _probe(unit: str, table: Json) -> Probe:
    plausible = table.get("plausible", {})
    return Probe(
        channel=f"{unit}/{table['name']}",
        max_gap=_duration(table["max_gap"]),
        offset=table.get("offset", 0.0),
        plausible=(plausible.get("low", -210.0), plausible.get("high", 60.0)),
        uncertainty=table.get("uncertainty"),
    )


def _ms(table: Json, key: str) -> int | None:
    return _duration(table[key]) if key in table else None


def _band(table: Json) -> Band:
    return Band(table["name"], table.get("above"), table.get("up_to"), _ms(table, "limit"))


def _thaw(table: Json | None) -> ThawRule | None:
    if table is None:
        return None
    return ThawRule(
        table["above"], _duration(table["after"]), table["refrozen_below"], _ms(table, "hidden_by_gap")
    )


def _alternative(table: Json) -> Alternative:
    window = table.get("window")
    bands = table.get("band")
    return Alternative(
        storage_class=table["class"],
        shelf_life=_ms(table, "shelf_life"),
        window=None if window is None else (window.get("low"), window.get("high")),
        bands=None if bands is None else tuple(_band(band) for band in bands),
        thaw=_thaw(table.get("thaw")),
    )


def profile_from(table: Json) -> Profile:
    """A profile in the words of its file."""
    out, unknown = table.get("out_of_storage"), table.get("unknown", {})
    thaw, expiry, mkt = table.get("thaw"), table.get("expiry", {}), table.get("mkt", {})
    return Profile(
        name=table["name"],
        version=table["version"],
        effective_from=_instant(table["effective_from"]) if "effective_from" in table else ALWAYS,
        low=table["window"].get("low"),
        high=table["window"].get("high"),
        bands=tuple(_band(band) for band in table["band"]),
        ambient=table.get("ambient"),
        has_out_of_storage=out is not None,
        out_free=_ms(out or {}, "free") or 0,
        out_limit=_ms(out or {}, "limit"),
        unknown_rule=unknown.get("rule", "report"),
        unknown_band=unknown.get("band"),
        unknown_after=_ms(unknown, "after") or 0,
        unknown_limit=_ms(unknown, "limit"),
        thaw=_thaw(thaw),
        thaw_limit=None if thaw is None else thaw.get("limit"),
        in_use=_ms(expiry, "in_use"),
        look_ahead=_ms(expiry, "look_ahead"),
        coverage_minimum=table.get("coverage", {}).get("minimum"),
        mkt_window=_ms(mkt, "window"),
        mkt_limit=mkt.get("limit"),
        delta_h_over_r=float(mkt.get("delta_h_over_r", 10_000.0)),
        alternatives=tuple(_alternative(other) for other in table.get("alternative", ())),
    )


def _readings(path: Path) -> dict[str, list[Reading]]:
    """By channel, in file order; without ``received_at`` a reading arrived when it was measured."""
    found: dict[str, list[Reading]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found[row["channel"]].append(
                Reading(
                    measured_at=_instant(row["measured_at"]),
                    received_at=_instant(row.get("received_at") or row["measured_at"]),
                    celsius=float(row["celsius"]) if row["celsius"] else None,
                    fault=row["fault"] or None,
                )
            )
    return dict(found)


def _events(lines: Iterable[str]) -> Iterable[tuple[str, Event]]:
    for line in lines:
        if line.strip():
            item = json.loads(line)
            yield item["lot"], event_from(item)


FIELDS = ("product", "profile", "expires_on", "voids")


def event_from(item: Json) -> Event:
    """A lot event of the wire with ``lot`` and ``site`` beside."""
    unit = item.get("unit")
    known = {*FIELDS, "event_id", "occurred_at", "kind", "unit", "expires_at", "into", "lot", "site"}
    return Event(
        event_id=item["event_id"],
        occurred_at=_instant(item["occurred_at"]),
        kind=item["kind"],
        unit=unit if unit is None or "/" in unit else f"{item['site']}/{unit}",
        expires_at=_instant(item["expires_at"]) if "expires_at" in item else None,
        into=tuple(item.get("into", ())),
        other=tuple(sorted((key, str(value)) for key, value in item.items() if key not in known)),
        **{name: item[name] for name in FIELDS if name in item},
    )


INSTANTS = ("as_of", "expires_at", "effective_expires_at", "thawed_at", "exhausted_at", "from", "to")


def differences(actual: Judgement | None, expected: Json | None) -> list[str]:
    """What differs from the expected figures, in words; figures that aren't expected are not compared.

    ``actual`` is a judgement of the reference; ``expected`` is in the words of the lot JSON. Instants and
    seconds are compared exactly, MKTs within ``MKT_TOLERANCE``, other numbers within 1e-9.
    """
    if actual is None or expected is None:
        return [] if actual is expected is None else ["one of them is no lot"]
    return _differences(_in_words(actual), expected, "")


def _in_words(judgement: Judgement) -> Json:
    """A judgement with the lot JSON's names, seconds, and stays and budgets as objects; instants stay ms."""
    words = {key.replace("_ms", "_seconds"): value for key, value in judgement.items()}
    for key, value in words.items():
        if key.endswith("_seconds") and value is not None:
            words[key] = value / 1000
    words["custody"] = [{"unit": unit, "from": one, "to": other} for unit, one, other in judgement["custody"]]
    words["budgets"] = {budget["band"]: _budget_in_words(budget) for budget in judgement["budgets"]}
    if words["coverage"] is not None:
        words["coverage"] = float(words["coverage"])
    return words


def _budget_in_words(budget: Json) -> Json:
    return {
        f"{key}_seconds" if key in ("limit", "spent", "left") else key: value / 1000
        if key in ("limit", "spent", "left") and value is not None
        else value
        for key, value in budget.items()
    }


def _differences(actual: Any, expected: Any, where: str) -> list[str]:
    if where == "budgets":
        expected = {item["band"]: item for item in expected}
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = []
        for key, wanted in expected.items():
            inner = f"{where}.{key}" if where else key
            if key not in actual:
                found.append(f"{inner} is absent")
            elif key in INSTANTS and isinstance(wanted, str):
                if actual[key] != _instant(wanted):
                    found.append(f"{inner} is {_shown(actual[key])}, not {wanted}")
            else:
                found += _differences(actual[key], wanted, inner)
        return found
    if isinstance(expected, list) and isinstance(actual, list) and len(actual) == len(expected):
        pairs = enumerate(zip(actual, expected, strict=True))
        return [line for at, (one, other) in pairs for line in _differences(one, other, f"{where}[{at}]")]
    tolerance = MKT_TOLERANCE if where.startswith("mkt_") else 1e-9
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return [] if abs(actual - expected) <= tolerance else [f"{where} is {actual!r}, not {expected!r}"]
    return [] if actual == expected else [f"{where} is {actual!r}, not {expected!r}"]


def _shown(at: int | None) -> str:
    if at is None:
        return "null"
    return datetime.fromtimestamp(at // UNITS["s"], tz=ZoneInfo("UTC")).isoformat() + f" + {at % 1000} ms"
