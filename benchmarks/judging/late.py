"""What late readings cost: a day's gap in a channel with a year of minutes and ten lots, filled message by message.

``python -m benchmarks.judging.late``. The gap lies almost a year back. Its 1,440 readings come as single messages, ten
a second by the program's clock, and are compared in one run with as many live ones. Figures are CPU time of the whole
process, so look at the ratio. ``--warm``: the lots' year is no calm one, every day has an hour outside the window.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import process_time
from typing import Any

from rich.console import Console

from monitor.core.channel.reading import Reading
from monitor.core.lot.event import LotEvent, LotEventKind
from monitor.core.time.instant import DAY, MINUTE, SECOND
from monitor.ports import Arrived, Decoded
from monitor.testing import Rig, one_unit
from monitor.writer.channel.checkpoints import CHECKPOINT_AFTER

START = 1_767_225_600_000  # 2026-01-01T00:00:00Z
CHANNEL = "lab1/F01/product"
DAYS, GAP_DAY, LOTS = 365, 20, 10
EVERY = SECOND // 10
PER_PART = 5_000


def celsius(at: int, *, warm: bool) -> float:
    """A compressor's course; an hour outside the window each day, if it is to be ``warm``."""
    minute = (at - START) // MINUTE
    return -50.0 if warm and minute % 1_440 < 60 else -80.0 + minute % 20 / 10


def readings(first: int, last: int, *, warm: bool) -> Iterable[Reading]:
    """A reading a minute, received as it was measured."""
    return (Reading(at, at, celsius(at, warm=warm)) for at in range(first, last, MINUTE))


def year(path: Path, *, warm: bool) -> Rig:
    """A writer on a store with a year of minutes of one channel but for one day, and ten lots that were there."""
    rig = Rig(path, installation=one_unit(), now=START + DAYS * DAY)
    number, gap = rig.ids[CHANNEL], START + GAP_DAY * DAY
    past = [
        *readings(START, gap, warm=warm),
        *readings(gap + DAY, START + DAYS * DAY, warm=warm),
    ]
    for start in range(0, len(past), PER_PART):
        rows = [
            Arrived(number, reading, n, False) for n, reading in enumerate(past[start : start + PER_PART])
        ]
        rig.writer.ingest(Decoded(readings=rows), live=False, marks={}, last=False)
    for lot in range(LOTS):
        rig.writer.lot_event(_registered(f"L{lot}"))
    while not rig.writer.ingest(Decoded(), live=False, marks={}, last=True)["ended"]:
        pass
    return rig


def _registered(lot: str) -> LotEvent:
    return LotEvent(
        site="lab1",
        lot=lot,
        event_id=f"r-{lot}",
        occurred_at=START + DAY,
        kind=LotEventKind.REGISTERED,
        by="bench",
        product="EV",
        profile="ult",
        unit="lab1/F01",
        expires_at=START + 10 * DAYS * DAY,
    )


def feed(rig: Rig, rows: Iterable[Reading], *, is_live: bool) -> float:
    """CPU seconds for single messages: live ones each at its minute, late ones ten a second, the clock's jobs with
    them."""
    number = rig.ids[CHANNEL]
    before = process_time()
    for reading in rows:
        rig.clock.at = reading.measured_at if is_live else rig.clock.at + EVERY
        came = reading._replace(received_at=rig.clock.at)
        rig.writer.take(Decoded(readings=[Arrived(number, came, 0, True)]), lambda: None)
        if rig.clock.at % SECOND == 0:
            rig.writer.tick(rig.clock.at, START)
    return process_time() - before


def measure(*, warm: bool) -> dict[str, Any]:
    """The figures of one run."""
    with tempfile.TemporaryDirectory(prefix="exosome-bench-") as folder:
        rig = year(Path(folder) / "store.db", warm=warm)
        end = START + DAYS * DAY
        live = feed(rig, readings(end, end + DAY, warm=warm), is_live=True)
        gap = START + GAP_DAY * DAY
        late = feed(rig, readings(gap, gap + DAY, warm=warm), is_live=False)
        rig.kill()
    return {
        "warm": warm,
        "messages": DAY // MINUTE,
        "live_us": 1e6 * live / (DAY // MINUTE),
        "late_us": 1e6 * late / (DAY // MINUTE),
        "ratio": late / live,
        "checkpoint_every": CHECKPOINT_AFTER,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m benchmarks.judging.late``: 0 fine, 2 usage."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judging.late", description=__doc__)
    parser.add_argument("--warm", action="store_true", help="an hour outside the window each day")
    parser.add_argument("--json", type=Path, dest="out", help="file for the figures")
    chosen = parser.parse_args(argv)
    figures = measure(warm=chosen.warm)
    Console().print(
        "live {live_us:,.0f} µs, late {late_us:,.0f} µs a message: {ratio:.1f} times;"
        " a checkpoint every {checkpoint_every:,} readings".format(**figures)
    )
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
