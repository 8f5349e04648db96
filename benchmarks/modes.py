"""The two ways in which a peer is measured, the same for each: live, and draining a backlog.

Start-up never counts. Live: the load begins once the broker has logged the subscription and the peer says
that it is ready; the clock runs from the first message sent. Backlog: the peer subscribed once and went away,
the load has filled the broker's queue; the peer starts while the broker is paused (SIGSTOP), connects, and
waits for an answer with everything else done; the clock starts when the broker goes on.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from benchmarks.broker import Broker
from benchmarks.child import Child, python_module, wait_until
from benchmarks.influx import Influx, Target
from benchmarks.machine import busy_seconds
from benchmarks.peer.peers import CLIENT_ID, Peer, Place

Mode = Literal["live", "backlog"]
MODES: tuple[Mode, ...] = ("live", "backlog")
CONNECT_SECONDS = 60.0
LOAD_SECONDS = 600.0
INFLUX_SECONDS = 120.0
_SLOWEST_PER_SECOND = 50


class Run(NamedTuple):
    """One measurement. ``seconds`` is from the first message to the last one handled; all CPU is that used in
    between, by the peer, the broker, InfluxDB, and everything else on the machine (the live load apart).

    ``load_seconds`` is how long the load took to hand all messages to the broker. ``peak_mib`` is None for a
    peer that has ended itself. ``influx_seconds`` and ``influx_peer_cpu_seconds`` are time and the peer's CPU
    until InfluxDB held every point; None where the peer writes none or it took longer than 2 minutes.
    """

    mode: Mode
    peer: str
    round: int
    messages: int
    seconds: float
    peer_cpu_seconds: float
    broker_cpu_seconds: float
    influx_cpu_seconds: float
    other_cpu_seconds: float
    load_seconds: float
    load_cpu_seconds: float
    peak_mib: float | None
    influx_seconds: float | None
    influx_peer_cpu_seconds: float | None

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cpu_us_per_message(self) -> float:
        """The peer's CPU time per message, in µs."""
        return self.peer_cpu_seconds / self.messages * 1e6


class Mark(NamedTuple):
    """An instant (monotonic s), and the CPU seconds used by then by the peer, broker, InfluxDB, and all."""

    at: float
    peer: float
    broker: float
    influx: float
    machine: float


@dataclass(frozen=True, slots=True)
class Bench:
    """What stands ready for one measurement: a fresh broker, the load encoded and connected, an InfluxDB."""

    peer: Peer
    place: Place
    broker: Broker
    load: Child
    server: Influx | None

    def live(self) -> tuple[Child, Mark, Mark, dict[str, Any]]:
        """The peer (still running unless it ends itself), start, end, and what the load said."""
        child = self.peer.start(self.place)
        with _stopped_on_error(child):
            self._await_subscribed(child)
            start = self._mark(child)
            self.load.tell("go")
            end = self._await_handled(child, start)
            sent = json.loads(self.load.hear(LOAD_SECONDS))
            # The clock starts with the first message, not with the word to the load.
            return child, start._replace(at=sent["first_at"]), end, sent

    def backlog(self) -> tuple[Child, Mark, Mark, dict[str, Any]]:
        """As :meth:`live`."""
        with self.peer.start(self.place) as once:  # it leaves a session behind, for which the broker queues
            self._await_subscribed(once)
        self.load.tell("go")
        sent = json.loads(self.load.hear(LOAD_SECONDS))
        self.broker.pause()
        child = self.peer.start(self.place)
        with _stopped_on_error(child):
            wait_until("connection to the broker", CONNECT_SECONDS, self.broker.a_client_waits, child=child)
            self.peer.await_up(child, self.place)
            start = self._mark(child)
            self.broker.resume()
            return child, start, self._await_handled(child, start), sent

    def await_influx(self) -> float | None:
        """The instant from which InfluxDB holds every point, right to half a second; None if it has none to
        hold or not within 2 minutes."""
        target = self.place.influx
        if self.server is None or target is None or not self.peer.writes_to_influx:
            return None
        pause, deadline = threading.Event(), time.monotonic() + INFLUX_SECONDS
        while time.monotonic() < deadline:
            if self.server.count(target) >= self.place.messages:
                return time.monotonic()
            pause.wait(0.5)
        return None

    def _await_subscribed(self, child: Child) -> None:
        broker = self.broker
        wait_until("subscription", CONNECT_SECONDS, lambda: broker.subscriptions(CLIENT_ID) > 0, child=child)
        self.peer.await_ready(child, self.place)

    def _await_handled(self, child: Child, start: Mark) -> Mark:
        seconds = 60.0 + self.place.messages / _SLOWEST_PER_SECOND
        handled_at = self.peer.await_handled(child, self.place, since=start.at, seconds=seconds)
        return self._mark(child)._replace(at=handled_at)

    def _mark(self, child: Child) -> Mark:
        influx = self.server.cpu_seconds() if self.server is not None else 0.0
        return Mark(
            time.monotonic(), child.cpu_seconds(), self.broker.child.cpu_seconds(), influx, busy_seconds()
        )


def measure(
    mode: Mode,
    peer: Peer,
    folder: Path,
    *,
    round_: int,
    messages: int,
    channels: int,
    end_at: int,
    server: Influx | None,
    target: Target | None,
) -> Run:
    """Measures one peer once, with a broker of its own in ``folder``; raises BenchError.

    ``end_at`` is the instant of the load's last readings, ``target`` the bucket of ``server`` to write to.
    """
    with Broker(folder) as broker:
        place = Place(folder, broker.port, messages, channels, target)
        with _load(place, end_at) as load:
            bench = Bench(peer, place, broker, load, server)
            child, start, end, sent = bench.live() if mode == "live" else bench.backlog()
        with child:
            peak_mib = child.peak_mib()
            in_influx_at = bench.await_influx()
            influx_peer_cpu = child.cpu_seconds() - start.peer
    used = [after - before for before, after in zip(start, end, strict=True)]
    seconds, peer_cpu, broker_cpu, influx_cpu, machine_cpu = used
    known_cpu = peer_cpu + broker_cpu + influx_cpu + (sent["cpu_seconds"] if mode == "live" else 0.0)
    return Run(
        mode=mode,
        peer=peer.name,
        round=round_,
        messages=messages,
        seconds=seconds,
        peer_cpu_seconds=peer_cpu,
        broker_cpu_seconds=broker_cpu,
        influx_cpu_seconds=influx_cpu,
        other_cpu_seconds=max(0.0, machine_cpu - known_cpu),
        load_seconds=sent["last_at"] - sent["first_at"],
        load_cpu_seconds=sent["cpu_seconds"],
        peak_mib=peak_mib,
        influx_seconds=None if in_influx_at is None else in_influx_at - start.at,
        influx_peer_cpu_seconds=None if in_influx_at is None else influx_peer_cpu,
    )


@contextmanager
def _load(place: Place, end_at: int) -> Iterator[Child]:
    """The load, with everything encoded and connected, waiting for the word."""
    command = python_module("benchmarks.load", "--port", str(place.port), "--messages", str(place.messages))
    command += ["--channels", str(place.channels), "--end-at", str(end_at)]
    with Child("load", command, folder=place.folder, talks=True) as load:
        load.hear(LOAD_SECONDS)
        yield load


@contextmanager
def _stopped_on_error(child: Child) -> Iterator[None]:
    try:
        yield
    except BaseException:
        child.stop()
        raise
