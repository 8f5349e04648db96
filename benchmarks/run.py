"""``make bench``: every peer in turn, round by round, in one run; a readable table and JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any, Literal, get_args

from rich.console import Console

from benchmarks.child import BenchError
from benchmarks.clock import WallClock
from benchmarks.figures import summarize, table
from benchmarks.influx import Influx, is_available
from benchmarks.machine import facts
from benchmarks.modes import MODES, Mode, Run, measure
from benchmarks.peer.ours import Ours
from benchmarks.peer.peers import MosquittoSub, Peer, PlainScript

PEERS: tuple[Peer, ...] = (Ours(), MosquittoSub(), PlainScript())
Wish = bool | Literal["auto"]


def run(
    rounds: int = 3,
    messages: int = 50_000,
    channels: int = 200,
    modes: Sequence[Mode] = MODES,
    influx: Wish = "auto",
    out: Path | None = None,
    *,
    peers: Sequence[Peer] = PEERS,
    console: Console | None = None,
) -> dict[str, Any]:
    """Measures every peer ``rounds`` times in each mode, alternating, and returns what ``out`` gets as JSON.

    ``influx``: with InfluxDB, without, or ``auto``: with one if there is one. Raises :class:`BenchError` if a
    program is missing or a peer does not handle every message.
    """
    console = console or Console(stderr=True)
    with_influx = is_available() if influx == "auto" else influx
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="exosome-bench-")))
        server = stack.enter_context(Influx(base / "influx")) if with_influx else None
        machine = facts(base) | {"influxdb": server.version() if server else None}
        runs = _rounds(rounds, messages, channels, modes, peers, base, server, console)
    settings = {"rounds": rounds, "messages": messages, "channels": channels, "modes": list(modes)}
    settings |= {"influx": with_influx, "qos": 1, "readings_per_message": 1}
    report = {"machine": machine, "settings": settings, "results": summarize(runs)}
    report["runs"] = [one._asdict() | {"rate": one.rate} for one in runs]
    if out is not None:
        out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def _rounds(
    rounds: int,
    messages: int,
    channels: int,
    modes: Sequence[Mode],
    peers: Sequence[Peer],
    base: Path,
    server: Influx | None,
    console: Console,
) -> list[Run]:
    runs: list[Run] = []
    end_at = WallClock().last_whole_minute()  # one load for all: the same bytes to every peer
    for round_, mode, peer in product(range(1, rounds + 1), modes, peers):
        with ExitStack() as stack:
            target = None
            if server is not None:
                server.settle()
                target = stack.enter_context(server.bucket())
            found = measure(
                mode,
                peer,
                Path(stack.enter_context(tempfile.TemporaryDirectory(dir=base))),
                round_=round_,
                messages=peer.messages(messages, influx=server is not None),
                channels=channels,
                end_at=end_at,
                server=server,
                target=target,
            )
        runs.append(found)
        console.print(f"round {round_}  {mode:8} {peer.name:16} {found.rate:10,.0f} messages/s")
    return runs


def main(argv: Sequence[str] | None = None) -> int:
    """``exosome-monitor bench``: 0 fine, 1 the bench could not be carried out, 2 usage."""
    parser = argparse.ArgumentParser(prog="exosome-monitor bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--channels", type=int, default=200)
    parser.add_argument("--modes", nargs="+", choices=get_args(Mode), default=list(MODES))
    parser.add_argument("--peers", nargs="+", choices=[peer.name for peer in PEERS], help="default: all")
    parser.add_argument(
        "--influx", choices=("auto", "on", "off"), default="auto", help="auto: if there is one"
    )
    parser.add_argument("--json", type=Path, dest="out", help="file for the figures")
    chosen = parser.parse_args(argv)
    if min(chosen.rounds, chosen.messages, chosen.channels) < 1:
        parser.error("--rounds, --messages and --channels must be at least 1")
    wishes: dict[str, Wish] = {"auto": "auto", "on": True, "off": False}
    peers = [peer for peer in PEERS if not chosen.peers or peer.name in chosen.peers]
    console = Console()
    try:
        report = run(
            chosen.rounds,
            chosen.messages,
            chosen.channels,
            chosen.modes,
            wishes[chosen.influx],
            chosen.out,
            peers=peers,
            console=console,
        )
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    console.print(table(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
