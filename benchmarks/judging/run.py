"""What judging costs: alone, and for each reading and lot in the real writer, however many lots there are.

``python -m benchmarks.judging --lots 10 1000 100000 --json FILE``. Figures are CPU time, so that waiting for the disk
and for other programs doesn't count; other programs still slow the machine's caches, so look at the ratios and at
their range.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.child import BenchError
from benchmarks.judging.pure import PureRun
from benchmarks.judging.pure import measure as measure_pure
from benchmarks.judging.site import Fed, SiteProcess, Start
from benchmarks.machine import fsync_ms

WARMING = 10
"""Units that warm up, each with one lot, in every site."""
_US, _MS = 1e6, 1e3


def run(
    *,
    rounds: int = 7,
    channels: int = 1_000,
    readings: int = 300_000,
    lots: Sequence[int] = (10, 1_000, 100_000),
    minutes: int = 60,
    out: Path | None = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Measures both parts and returns what ``out`` gets as JSON.

    ``rounds`` passes over ``readings`` readings of ``channels`` channels, judged alone; then one site for each number
    of ``lots``, each fed the same ``minutes`` minutes of readings in turn. Raises :class:`BenchError` if a site fails.
    """
    console = console or Console(stderr=True)
    pure = [measure_pure(channels, readings) for _ in range(rounds)]
    console.print(f"judged alone, {rounds} times")
    with tempfile.TemporaryDirectory(prefix="exosome-bench-") as folder:
        machine = {
            "cores": len(os.sched_getaffinity(0)),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "load_average": round(os.getloadavg()[0], 2),
            "fsync_ms": round(fsync_ms(Path(folder)), 3),
        }
        sites = _sites(Path(folder), channels, lots, minutes, console)
    report = {
        "machine": machine,
        "settings": {"rounds": rounds, "channels": channels, "minutes": minutes, "warming_units": WARMING},
        "alone": _alone(pure),
        "lots": [_row(number, start, fed, sites[0][2]) for number, start, fed in sites],
    }
    if out is not None:
        out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def _sites(
    folder: Path, channels: int, lots: Sequence[int], minutes: int, console: Console
) -> list[tuple[int, Start, list[Fed]]]:
    """Starts one after the other, so that none is in another's way; then feeds them in turn."""
    with ExitStack() as stack:
        sites, starts = [], []
        for number in lots:
            site = SiteProcess(folder / str(number), number, channels=channels, warming=WARMING)
            sites.append(stack.enter_context(site))
            starts.append(site.start())
            console.print(f"{number:,} lots: a start takes {starts[-1].start_seconds:,.1f} s of CPU")
        fed: list[list[Fed]] = [[] for _ in sites]
        for _ in range(minutes):
            for site, found in zip(sites, fed, strict=True):
                found.append(site.feed())
    return list(zip(lots, starts, fed, strict=True))


# --- figures ---


def _alone(runs: Sequence[PureRun]) -> dict[str, Any]:
    return {
        "readings": runs[0].readings,
        "excursions": runs[0].excursions,
        "lots_woken": runs[0].lots_woken,
        "readings_per_second": _spread([one.readings / one.judge_seconds for one in runs]),
        "ratio_to_the_bare_loop": _spread([one.judge_seconds / one.loop_seconds for one in runs]),
        "quality_ns": _spread([1e9 * one.quality_seconds / one.readings for one in runs]),
    }


def _row(lots: int, start: Start, fed: Sequence[Fed], base: Sequence[Fed]) -> dict[str, Any]:
    """The figures of one site. The readings' part is that of minutes in which no lot was judged; the lots' part is
    what the other minutes took beyond it, for each lot judged."""
    calm = [n for n, one in enumerate(fed) if not one.lots and not base[n].lots]
    if not calm:
        raise BenchError("lots were judged in every minute; feed more of them")
    cost = statistics.median(fed[n].cpu_seconds / fed[n].readings for n in calm)
    busy = [one for one in fed if one.lots]
    beyond = [(one.cpu_seconds - one.readings * cost) / one.lots for one in busy]
    return {
        "lots": lots,
        "created_seconds": start.created_seconds,
        "first_start_seconds": start.first_start_seconds,
        "start_seconds": start.start_seconds,
        "lots_judged": sum(one.lots for one in fed),
        "cpu_us_per_reading": _spread([_US * fed[n].cpu_seconds / fed[n].readings for n in calm]),
        "wall_us_per_reading": _spread([_US * fed[n].wall_seconds / fed[n].readings for n in calm]),
        "ratio_by_minute": _spread([fed[n].cpu_seconds / base[n].cpu_seconds for n in calm]),
        "cpu_ms_per_lot_judged": _spread([_MS * one for one in beyond]) if beyond else None,
        "cpu_ms_per_tick": _spread([_MS * one.tick_seconds for one in fed]),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def tables(report: dict[str, Any]) -> list[Table]:
    """The results for people: judged alone, and by number of lots."""
    settings, alone = report["settings"], report["alone"]
    first = Table(
        title=f"judged alone: {settings['channels']:,} channels, a lot in each, {settings['rounds']} times",
        box=None,
    )
    first.add_column("")
    for heading in ("median", "min", "max"):
        first.add_column(heading, justify="right")
    _add(first, "readings/s", alone["readings_per_second"], lambda x: f"{x:,.0f}")
    _add(first, "CPU, to the bare loop", alone["ratio_to_the_bare_loop"], lambda x: f"{x:.1f}")
    _add(first, "is it good? ns", alone["quality_ns"], lambda x: f"{x:,.0f}")
    return [first, _by_lots(report)]


def _by_lots(report: dict[str, Any]) -> Table:
    shown = Table(
        title="the writer, by number of lots (CPU; the same readings, the same lots touched)",
        caption=f"ratio: to {report['lots'][0]['lots']:,} lots, median of minutes; a start judges every lot anew",
        caption_justify="left",
        box=None,
    )
    for heading in ("lots", "µs/reading", "ratio", "lots judged", "ms/lot", "ms/tick", "start s"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in report["lots"]:
        by_lot = row["cpu_ms_per_lot_judged"]
        shown.add_row(
            f"{row['lots']:,}",
            f"{row['cpu_us_per_reading']['median']:.1f}",
            f"{row['ratio_by_minute']['median']:.2f}",
            f"{row['lots_judged']:,}",
            "" if by_lot is None else f"{by_lot['median']:.2f}",
            f"{row['cpu_ms_per_tick']['median']:.1f}",
            f"{row['start_seconds']:,.1f}",
        )
    return shown


def _add(table: Table, name: str, spread: dict[str, float], text: Callable[[float], str]) -> None:
    table.add_row(name, *(text(spread[key]) for key in ("median", "min", "max")))


def main(argv: Sequence[str] | None = None) -> int:
    """0 fine, 1 the bench could not be carried out, 2 usage."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judging", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="passes over the readings judged alone")
    parser.add_argument("--channels", type=int, default=1_000)
    parser.add_argument("--readings", type=int, default=300_000, help="judged alone in each round")
    parser.add_argument("--lots", type=int, nargs="+", default=[10, 1_000, 100_000])
    parser.add_argument("--minutes", type=int, default=60, help="minutes of readings for each number of lots")
    parser.add_argument("--json", type=Path, dest="out", help="file for the figures")
    chosen = parser.parse_args(argv)
    if min(chosen.rounds, chosen.readings, chosen.minutes, *chosen.lots) < 1:
        parser.error("--rounds, --readings, --minutes and --lots must be at least 1")
    if chosen.channels <= WARMING:
        parser.error(f"--channels must be over {WARMING}: so many warm up")
    console = Console()
    try:
        report = run(
            rounds=chosen.rounds,
            channels=chosen.channels,
            readings=chosen.readings,
            lots=chosen.lots,
            minutes=chosen.minutes,
            out=chosen.out,
        )
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    for table in tables(report):
        console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
