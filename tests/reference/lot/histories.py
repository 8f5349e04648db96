"""Nasty random histories of lots: everything that can coincide does so often.

Readings about every 5 min for a few hours, gaps of exactly ``max_gap``, faults and conflicts; values at the
limits and just beside them; moves, thaws and aliquotings at a reading, a millisecond beside one, or exactly
2 h after; voids, void voids, conflicting ids, disposals, bindings; budgets and delays of a few minutes, so
that they are reached exactly. All profiles are such as a configuration may have.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ..golden import ALWAYS
from .golden import LotCase
from .inputs import (
    Alternative,
    Band,
    Event,
    Probe,
    Profile,
    Reading,
    ThawRule,
    Unit,
    UnitVersion,
)
from .lots import Binding

MINUTE = 60_000
STEP = 5 * MINUTE
TWO_HOURS = 120 * MINUTE
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo")
BEGINS = (
    "2026-03-02T08:00+00:00",
    "2026-03-29T20:30+00:00",
    "2026-10-25T21:00+00:00",
    "2028-02-29T21:00+00:00",
)
FAULTS = ("open_circuit", "short_circuit", "read_error")
OWN, OTHER, ODD = "own", "other", "odd"
"""Storage classes: the profile's own, its alternative, and one that no profile knows."""
GENEROUS = (60 * MINUTE, 24 * 60 * MINUTE)
LIMITS = (None, 0, STEP, 2 * STEP, 30 * MINUTE, 60 * MINUTE, 450_000)


def lot_history(seed: int) -> LotCase:
    """The history of a seed: the inputs alone, nothing expected."""
    rng = random.Random(seed)
    frozen = rng.random() < 0.6
    shift = rng.choice((0.0, 0.0, 0.1, -0.3))
    begins_at = round(datetime.fromisoformat(rng.choice(BEGINS)).astimezone(UTC).timestamp() * 1000)
    units = _units(rng, begins_at)
    times = {name: _times(rng, begins_at, _max_gap(unit)) for name, unit in units.items()}
    channels = {
        version.probe.channel: name
        for name, unit in units.items()
        for version in unit.versions
        if version.probe is not None and name != "lab1/F03"
    }
    readings = {
        channel: _readings(rng, times[name], _values(name, frozen=frozen, shift=shift))
        for channel, name in channels.items()
    }
    instants = sorted({at for some in times.values() for at in some})
    profiles = {
        name: [_profile(rng, name, number, frozen=frozen, shift=shift) for number in (1, 2)]
        for name in ("main", "strict")
    }
    for versions in profiles.values():
        versions[1] = replace(versions[1], effective_from=rng.choice(instants[: len(instants) // 2]))
    events = _events(rng, instants, sorted(units))
    return LotCase(
        name=f"lot_history({seed})",
        zone=ZoneInfo(rng.choice(ZONES)),
        as_of=_as_of(rng, instants, units),
        events=tuple(events),
        units=units,
        readings=readings,
        profiles=profiles,
        bindings=_bindings(rng, instants, profiles),
        excursion_open=frozenset(rng.sample(("L1", "L2", "A1"), k=rng.choice((0, 0, 1)))),
    )


def _max_gap(unit: Unit) -> int:
    probe = unit.versions[0].probe
    return 3 * STEP if probe is None else probe.max_gap


def _units(rng: random.Random, begins_at: int) -> dict[str, Unit]:
    """F01 and F02 of the profile's class, F20 of the alternative's, F03 silent, F04 without any probe."""

    def probe(name: str, channel: str = "product") -> Probe:
        return Probe(
            channel=f"lab1/{name}/{channel}",
            max_gap=rng.choice((2 * STEP, 3 * STEP, 3 * STEP, STEP)),
            offset=rng.choice((0.0, 0.0, 0.0, 0.5)),
            plausible=rng.choice(((-210.0, 60.0), (-95.0, 60.0))),
            uncertainty=rng.choice((None, 0.0, 0.5, 1.0)),
        )

    found = {
        f"lab1/{name}": Unit(f"lab1/{name}", (UnitVersion(ALWAYS, storage_class, probe(name)),))
        for name, storage_class in (("F01", OWN), ("F02", ODD), ("F20", OTHER), ("F03", OWN))
    }
    found["lab1/F04"] = Unit("lab1/F04", (UnitVersion(ALWAYS, OWN, None),))
    if rng.random() < 0.5:
        first = found["lab1/F02"].versions[0]
        later = UnitVersion(
            begins_at + rng.choice((10, 20, 30, 40)) * STEP + rng.choice((0, 0, 1)),
            rng.choice((OTHER, ODD, OWN)),
            rng.choice((first.probe, probe("F02", "spare"), probe("F02"))),
        )
        found["lab1/F02"] = Unit("lab1/F02", (first, later))
    return found


def _times(rng: random.Random, begins_at: int, max_gap: int) -> list[int]:
    """30 to 60 instants of one channel."""
    odd = (1, 2, 150_000, 150_001, 2 * STEP, max_gap, max_gap, max_gap, max_gap + 1, 3 * max_gap, TWO_HOURS)
    at, found = begins_at + rng.choice((0, 0, 1, STEP, 6 * STEP)), []
    for _ in range(rng.randint(30, 60)):
        found.append(at)
        at += STEP if rng.random() < 0.75 else rng.choice(odd)
    return found


def _values(unit: str, *, frozen: bool, shift: float) -> list[float]:
    """The values of a unit: at the limits of those who may be there, and beside them."""
    if frozen:
        edges = (-20.0, -15.0, -10.0, -5.0) if unit == "lab1/F20" else (-60.0, -60.0, -40.0, -20.0)
        plain = [-20.0, -18.0] if unit == "lab1/F20" else [-80.0, -80.0, -70.0, -10.0, -91.0]
    else:
        edges = (15.0, 25.0, 20.0) if unit == "lab1/F20" else (2.0, 8.0, 8.0, 15.0, -0.5)
        plain = [20.0, 22.0] if unit == "lab1/F20" else [5.0, 5.0, 4.0, 12.0]
    found = [edge + step for edge in edges for step in (0.0, 0.0, 0.5, -0.5, 1.0, -1.0)] + plain * 3
    return [round(value + shift, 9) for value in found]


def _readings(rng: random.Random, times: list[int], values: list[float]) -> list[Reading]:
    """Runs of one value, jumps, conflicts, copies, bad ones; in any order."""
    found: list[Reading] = []
    celsius = rng.choice(values)
    for at in times:
        if rng.random() < 0.6:
            celsius = rng.choice(values)
        if rng.random() < 0.07:
            bad = (
                Reading(at, at, 30.0, rng.choice(FAULTS)),
                Reading(at, at, None, None),
                Reading(at, at, 85.0, None),
                Reading(at, at - 300_001, 30.0, None),
            )
            found.append(rng.choice(bad))
            continue
        found.append(Reading(at, at + rng.choice((-300_000, 0, 3_600_000)), celsius, None))
        if rng.random() < 0.08:
            found.append(Reading(at, at, rng.choice(values), None))
        if rng.random() < 0.05:
            found.append(replace(found[-1], received_at=found[-1].received_at + 60_000))
    rng.shuffle(found)
    return found


def _profile(rng: random.Random, name: str, version: int, *, frozen: bool, shift: float) -> Profile:
    """A version of a profile with everything or with little."""

    generous = rng.random() < 0.6

    def limit() -> int | None:
        return rng.choice((None, *GENEROUS) if generous else LIMITS)

    rows = (
        [("warm", -60.0, -40.0), ("warmer", -40.0, -20.0), ("thaw", -20.0, None), ("cold", None, -90.0)]
        if frozen
        else [
            ("warm", 8.0, 15.0),
            ("room", 15.0, 25.0),
            ("hot", 25.0, None),
            ("cool", -0.5, 2.0),
            ("freezing", None, -0.5),
        ]
    )
    narrower = 1.0 if name == "strict" else 0.0
    low, high = (-90.0, -60.0 - narrower) if frozen else (2.0, 8.0 - narrower)
    rows = [(band, high if band == "warm" else above, up_to) for band, above, up_to in rows]
    bands = tuple(
        Band(band, _plus(above, shift), _plus(up_to, shift), limit()) for band, above, up_to in rows
    )
    out = rng.random() < 0.7
    mkt_window = None if frozen else rng.choice((None, 60 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE))
    rule = ThawRule(
        round(-20.0 + shift, 9),
        rng.choice((STEP, 2 * STEP, 450_000)),
        round(rng.choice((-40.0, -40.0, -20.0)) + shift, 9),
        rng.choice((None, 4 * STEP, 6 * STEP, 60 * MINUTE)),
    )
    thaw = rule if frozen and rng.random() < 0.85 else None
    return Profile(
        name=name,
        version=version,
        effective_from=ALWAYS,
        low=round(low + shift, 9),
        high=round(high + shift, 9),
        bands=bands,
        ambient=rng.choice((None, 22.0, 22.0)),
        has_out_of_storage=out,
        out_free=rng.choice((0, STEP, 2 * STEP)) if out else 0,
        out_limit=rng.choice((None, 0, 2 * STEP, *GENEROUS)) if out else None,
        thaw=thaw,
        thaw_limit=None if thaw is None else rng.choice((None, 0, 1, 2)),
        in_use=rng.choice((None, 60 * MINUTE, TWO_HOURS)),
        look_ahead=rng.choice((None, 60 * MINUTE)),
        coverage_minimum=rng.choice((None, 0.5, 0.75)),
        mkt_window=mkt_window,
        mkt_limit=None if mkt_window is None else rng.choice((None, 8.0, 10.0)),
        alternatives=(_alternative(rng, frozen=frozen, shift=shift),) if rng.random() < 0.7 else (),
        **_unknown(rng),
    )


def _plus(celsius: float | None, shift: float) -> float | None:
    return None if celsius is None else round(celsius + shift, 9)


def _unknown(rng: random.Random) -> dict[str, object]:
    rule = rng.choice(("ignore", "report", "as_band", "as_band"))
    return {
        "unknown_rule": rule,
        "unknown_band": "warm" if rule == "as_band" else None,
        "unknown_after": rng.choice((0, STEP, 4 * STEP, 60 * MINUTE)) if rule == "as_band" else 0,
        "unknown_limit": rng.choice((None, 4 * STEP, TWO_HOURS)),
    }


def _alternative(rng: random.Random, *, frozen: bool, shift: float) -> Alternative:
    """The alternative has bands of the profile's names, without limits of its own."""
    if frozen:
        rows = [("warmer", -15.0, -5.0), ("thaw", -5.0, None), ("cold", None, -25.0)]
        low, high = -25.0, -15.0
        thaw = ThawRule(round(-5.0 + shift, 9), rng.choice((STEP, 2 * STEP)), round(-10.0 + shift, 9))
    else:
        rows = [("hot", 25.0, None), ("cool", None, 15.0)]
        low, high, thaw = 15.0, 25.0, None
    return Alternative(
        storage_class=OTHER,
        shelf_life=rng.choice((None, TWO_HOURS, 60 * MINUTE)),
        window=(round(low + shift, 9), round(high + shift, 9)),
        bands=tuple(
            Band(name, _plus(above, shift), _plus(up_to, shift), None) for name, above, up_to in rows
        ),
        thaw=thaw,
    )


class _Story:
    """Writes events: ids in a random order, instants at and about those of readings and of other events."""

    def __init__(self, rng: random.Random, instants: list[int], units: list[str]) -> None:
        self.rng, self.instants, self.units = rng, instants, units
        self.events: list[tuple[str, Event]] = []
        self.ids = rng.sample(range(1000), k=200)

    def when(self) -> int:
        at = self.rng.choice(self.instants)
        if self.events and self.rng.random() < 0.25:
            at = self.rng.choice(self.events)[1].occurred_at
        return at + self.rng.choice((0, 0, 0, 1, -1, 100_000, 150_000, STEP, TWO_HOURS, TWO_HOURS + 1))

    def tell(self, lot: str, kind: str, at: int | None = None, **more: object) -> Event:
        event = Event(f"e{self.ids.pop():03d}", self.when() if at is None else at, kind, **more)  # type: ignore[arg-type]
        self.events.append((lot, event))
        return event

    def place(self) -> str | None:
        return self.rng.choice([*self.units, "lab1/F01", "lab1/F01", "lab1/F20", None, None])

    def register(self, lot: str, at: int) -> None:
        expires: dict[str, object] = {"expires_at": self.rng.choice(self.instants) + TWO_HOURS}
        if self.rng.random() < 0.75:
            day = datetime.fromtimestamp(self.instants[0] / 1000, tz=UTC).date()
            day += timedelta(days=self.rng.choice((0, 1, 400, 400, 400)))
            expires = {"expires_on": day.isoformat()}
        profile = self.rng.choice(("main", "main", "strict"))
        unit = self.rng.choice((None, *["lab1/F01"] * 4, "lab1/F03", "lab1/F20", "lab1/F02"))
        self.tell(lot, "registered", at, product="EXO", profile=profile, unit=unit, **expires)

    def live(self, lot: str) -> None:
        rng = self.rng
        for _ in range(rng.choice((0, 1, 3, 5, 8))):
            self.tell(lot, "moved", unit=self.place())
        for _ in range(rng.choice((0, 1, 2, 4, 5))):
            self.tell(lot, rng.choice(("thawed", "thawed", "refrozen")))
        if rng.random() < 0.2:
            self.tell(
                lot,
                "expiry_changed",
                expires_at=rng.choice(self.instants) + rng.choice((1, 400 * 24)) * 60 * MINUTE,
            )
        if rng.random() < 0.2:
            self.tell(lot, "quarantined")
        if rng.random() < 0.15:
            self.tell(lot, "disposed")

    def void_some(self) -> None:
        """Voids name older events alone, so none of them go round in a circle."""
        for _ in range(self.rng.choice((0, 1, 2, 4))):
            lot, target = self.rng.choice(self.events)
            self.tell(lot, "voided", voids=target.event_id)
            if self.rng.random() < 0.4:
                self.tell(lot, "voided", voids=self.events[-1][1].event_id)


def _events(rng: random.Random, instants: list[int], units: list[str]) -> list[tuple[str, Event]]:
    """Three lots, aliquots and their aliquots, ids that are refused, ids that conflict, copies; in any order."""
    story = _Story(rng, instants, units)
    early = instants[: max(1, len(instants) // 4)]
    for lot in ("L1", "L2", "L3"):
        story.register(lot, rng.choice(early) - rng.choice((0, 0, 1, 4 * STEP)))
        story.live(lot)
    story.tell("L1", "aliquoted", into=("A1", "A2", rng.choice(("L2", "A3"))))
    story.tell("A1", "aliquoted", into=("B1", rng.choice(("A1", "A2", "B2"))))
    if rng.random() < 0.3:
        story.tell("L2", "aliquoted", into=(rng.choice(("A1", "B1", "L3")),))
    for lot in ("A1", "A2", "B1"):
        story.live(lot)
    if rng.random() < 0.2:
        story.register(rng.choice(("L1", "A1")), story.when())
    story.void_some()
    if rng.random() < 0.15:
        lot, event = rng.choice(story.events)
        story.events.append((lot, replace(event, occurred_at=event.occurred_at + 1)))
    story.events += rng.sample(story.events, k=2)
    rng.shuffle(story.events)
    return story.events


def _bindings(
    rng: random.Random, instants: list[int], profiles: dict[str, list[Profile]]
) -> dict[str, Binding]:
    if rng.random() < 0.8:
        return {}
    return {"L1": (rng.choice(instants), rng.choice(profiles["strict"]))}


def _as_of(rng: random.Random, instants: list[int], units: dict[str, Unit]) -> int:
    """At or about a reading in the later part, after it by about ``max_gap``, or long after all."""
    max_gap = _max_gap(rng.choice(list(units.values())))
    at = rng.choice(instants[len(instants) // 2 :])
    return at + rng.choice((0, 0, -1, 1, max_gap, max_gap + 1, 4 * max_gap))
