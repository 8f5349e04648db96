"""How fast rules are tried on the past: ``python -m benchmarks.replay``. Readings per second, and where time goes.

A store is made with channels × days of minute readings, as settling packs them: freezers at −80 °C and some fridges
at 5 °C, that cycle, with noise, door openings and a failure now and then; and lots that are moved between them. The
rules tried tighten every window and bump every version, so nothing can be taken over from what was: every channel is
folded by both rules, every lot judged by both.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import math
import os
import platform
import pstats
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from monitor.asking.difference import Difference
from monitor.asking.replay import Replay
from monitor.core.lot.event import LotEvent, LotEventKind
from monitor.core.profile.installation import Installation, Probe, Unit
from monitor.core.profile.profile import Band, MktRule, Profile, SideRule, ThawRule, Window
from monitor.core.profile.unit import Channel, ProbeSettings
from monitor.core.time.instant import DAY, HOUR, MINUTE
from monitor.ports import JSON, LogTuple
from monitor.store import series
from monitor.store.due import Due
from monitor.store.rules.rulebook import Rulebook, load_rulebook
from monitor.store.rules.trial import Trial
from monitor.store.rules.versions import rule_versions
from monitor.store.store import Store
from monitor.writer.lot.findings import event_to_json

START = 1_767_225_600_000  # 2026-01-01T00:00:00Z
SETTLED = 2_500
"""Readings of a channel in a block: 50,000 of 20 channels are settled together."""

FREEZER, FRIDGE = "ult-80", "fridge-2-8"


def profiles(version: int, tighter: float = 0.0) -> list[Profile]:
    """A freezer's and a fridge's profile; ``tighter`` takes so many °C off every window."""
    side = SideRule(10 * MINUTE, 5 * MINUTE, None, HOUR)
    high, cold = -60.0 - tighter, -90.0
    warm, cool = 8.0 - tighter / 10, 2.0
    return [
        Profile(
            name=FREEZER,
            version=version,
            effective_from=0,
            title="bench",
            window=Window(cold, high),
            deadband=2.0,
            high=side,
            low=side,
            bands=(
                Band("warm", high, -40.0, 24 * HOUR),
                Band("warmer", -40.0, None, 2 * HOUR),
                Band("cold", None, cold, None),
            ),
            thaw=ThawRule(-20.0, 10 * MINUTE, -40.0, 4 * HOUR, 1),
        ),
        Profile(
            name=FRIDGE,
            version=version,
            effective_from=0,
            title="bench",
            window=Window(cool, warm),
            deadband=0.5,
            high=side,
            low=side,
            bands=(Band("warm", warm, None, 24 * HOUR), Band("cool", None, cool, HOUR)),
            mkt=MktRule(DAY, 8.0, 10_000.0),
        ),
    ]


def installation(channels: int, fridges: int) -> Installation:
    """Units of one probe each, the last ones fridges."""
    units = {}
    for number in range(channels):
        name, profile = f"U{number:03d}", FREEZER if number < channels - fridges else FRIDGE
        probe = Probe(Channel("lab1", name, "product"), ProbeSettings())
        units[f"lab1/{name}"] = Unit("lab1", name, name, profile, profile, "product", (probe,))
    return Installation(units, {"lab1": ZoneInfo("Europe/Berlin")})


def course(seed: int, count: int, profile: str) -> list[float]:
    """Minute values of a unit: a cycling compressor with noise; some days a door, about monthly a failure."""
    chance = random.Random(seed)
    base, swing, noise, door = (-80.0, 2.0, 0.2, 6.0) if profile == FREEZER else (5.0, 0.8, 0.1, 1.5)
    warm = [0.0] * count
    for day in range(count // 1440):
        if chance.random() < 0.3:
            _bump(warm, day * 1440 + chance.randrange(1440), door * chance.random(), 5, 20)
        if chance.random() < 1 / 30:
            high = 35.0 if profile == FREEZER else 6.0
            _bump(warm, day * 1440 + chance.randrange(1440), high * (0.5 + chance.random() / 2), 60, 120)
    phase, period = chance.random() * 6, 43.0 + chance.random() * 10
    return [
        round(base + swing * math.sin(phase + i * 6.2832 / period) + chance.gauss(0, noise) + warm[i], 2)
        for i in range(count)
    ]


def _bump(warm: list[float], at: int, high: float, rise: int, fall: int) -> None:
    for i in range(rise + 4 * fall):
        if at + i < len(warm):
            warm[at + i] += high * (i / rise if i < rise else math.exp(-(i - rise) / fall))


def fill(path: Path, watched: Installation, days: int, lots: int, console: Console) -> int:
    """Makes the store: rules, packed readings, lots. Returns the number of readings."""
    store = Store(f"sqlite:///{path}")
    store.open_for_writing()
    count, position = days * 1440, 1
    with store.writing() as tx:
        ids = store.history.add_channels(tx, list(watched.probes()))
        load_rulebook(tx, watched, profiles(1), START)
    for number, (unit, (name, channel)) in enumerate(zip(watched.units.values(), ids.items(), strict=True)):
        console.print(f"making {name}", end="\r")
        values = course(number, count, unit.profile)
        with store.writing() as tx:
            for start in range(0, count, SETTLED):
                series.settle(tx, _rows(channel, position + start, start, values[start : start + SETTLED]))
        position += count
    with store.writing() as tx:
        Due().put_markers(tx, {series.SETTLED: position})
        for event in _lot_events(watched, days, lots):
            store.log.append_event(tx, "lot", event.lot, event.occurred_at, event_to_json(event))
    store.close()
    return count * len(ids)


def _rows(channel: int, position: int, minute: int, values: Sequence[float]) -> list[LogTuple]:
    return [
        (position + i, channel, at, at + 350, value, None, None, None, 0)
        for i, value in enumerate(values)
        for at in (START + (minute + i) * MINUTE,)
    ]


def _lot_events(watched: Installation, days: int, lots: int) -> Iterator[LotEvent]:
    chance = random.Random(7)
    units = list(watched.units.values())
    for number in range(lots):
        unit = units[number % len(units)]
        lot, at = f"L{number:04d}", START + chance.randrange(days * DAY // 2)
        others = [one for one in units if one.profile == unit.profile]
        common = {"lot": lot, "site": "lab1", "by": "bench"}
        kind = LotEventKind.REGISTERED
        yield LotEvent(
            **common,  # type: ignore[arg-type]
            event_id=f"r{number}",
            occurred_at=at,
            kind=kind,
            product="EV",
            profile=unit.profile,
            unit=unit.path,
        )
        moved_at = at + chance.randrange(days * DAY // 2)
        to = chance.choice(others).path
        kind = LotEventKind.MOVED
        yield LotEvent(**common, event_id=f"m{number}", occurred_at=moved_at, kind=kind, unit=to)  # type: ignore[arg-type]


class Watch:
    """Seconds of the parts of a replay, by the wall and of this process's CPU."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def lap(self, part: str) -> None:
        """A part is done."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.parts |= {part: wall - self._wall, f"{part}_cpu": cpu - self._cpu}
        self._wall, self._cpu = wall, cpu


def replay(
    path: Path, watched: Installation, tried: Sequence[Profile], end: int
) -> tuple[JSON, dict[str, float]]:
    """One replay, and the seconds of its parts: the pass over the readings, the lots, and putting it into words."""
    watch = Watch()

    def progress(what: str, done: float, of: float) -> None:
        if what.startswith("lot ") and "sweep" not in watch.parts:
            watch.lap("sweep")

    store = Store(f"sqlite:///{path}", read_only=True)
    with store.reading() as tx:
        stored = rule_versions(tx)
        trial = Trial(stored, watched, tried)
        books = Rulebook(stored, watched.zone_of), trial.book()
        replaying = Replay(store, tx, watched, books, end=end)
        found = replaying.run(trial.names, progress)
        watch.lap("lots" if "sweep" in watch.parts else "sweep")
        difference = Difference(store, tx, watched, START, end).to_json(replaying, found)
    store.close()
    watch.lap("words")
    return difference, watch.parts


def main(argv: Sequence[str] | None = None) -> int:
    """Makes the store, replays it, prints the figures; ``--json`` as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.replay", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--channels", type=int, default=20)
    parser.add_argument("--fridges", type=int, default=4, help="of the channels; their lots have an MKT")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--lots", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="show the functions that take the time")
    parser.add_argument("--store", type=Path, help="keep the store in this file, and use it if it is there")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="exosome-replay-") as folder:
        path = args.store or Path(folder) / "store.db"
        watched = installation(args.channels, args.fridges)
        if not path.exists():
            fill(path, watched, args.days, args.lots, console)
        report = _measure(path, watched, args)
        report["machine"] = {
            "cores": len(os.sched_getaffinity(0)),
            "load_average": round(os.getloadavg()[0], 2),
            "python": platform.python_version(),
        }
    if args.json:
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        for one in report["results"]:
            console.print(_line(one), highlight=False, soft_wrap=True)
        console.print(f"load average {report['machine']['load_average']}", highlight=False)
    return 0


def _measure(path: Path, watched: Installation, args: argparse.Namespace) -> dict[str, Any]:
    end = START + args.days * DAY - MINUTE
    same, tight = profiles(1), profiles(2, tighter=5.0)
    results = []
    for name, tried in (("no change", same), ("freezers", [tight[0], same[1]]), ("all", tight)):
        runs = [replay(path, watched, tried, end) for _ in range(args.rounds)]
        seconds = {part: round(statistics.median(run[1][part] for run in runs), 2) for part in runs[0][1]}
        found = runs[0][0]
        results.append(
            {
                "rules": name,
                "readings": found["readings"],
                "excursions": {
                    key: found["excursions"][key] for key in ("unchanged", "changed", "new", "gone")
                },
                "lots_changed": found["lots"]["changed"],
                "readings_per_second": round(found["readings"] / seconds["sweep"]),
                "readings_per_cpu_second": round(found["readings"] / seconds["sweep_cpu"]),
                "seconds": seconds,
            }
        )
        if args.profile:
            profiler = cProfile.Profile()
            profiler.runcall(replay, path, watched, tried, end)
            pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(18)
    settings = {key: getattr(args, key) for key in ("channels", "fridges", "days", "lots", "rounds")}
    return {"settings": settings, "results": results}


def _line(one: dict[str, Any]) -> str:
    seconds = one["seconds"]
    return (
        f"{one['rules']:>9}: {one['readings']:,} readings swept at {one['readings_per_second']:,}/s"
        f" ({one['readings_per_cpu_second']:,} a CPU second); sweep {seconds['sweep']} s,"
        f" lots {seconds.get('lots', 0.0)} s, words {seconds['words']} s"
    )


if __name__ == "__main__":
    raise SystemExit(main())
