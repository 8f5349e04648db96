"""The programs that are compared, each a process of its own, and what the bench needs to know about each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from benchmarks.broker import ROOT, program
from benchmarks.child import Child, python_module
from benchmarks.influx import Target
from benchmarks.peer.plain_script import TOKEN_VARIABLE

CLIENT_ID = "bench-subscriber"
POINT_BY_POINT_MAX = 2_000
"""Messages for a peer that makes one HTTP request per point: they take seconds, all would take minutes."""


class Place(NamedTuple):
    """Where one run happens: folder, broker's port, what is sent, and where points go (None: no InfluxDB)."""

    folder: Path
    port: int
    messages: int
    channels: int
    influx: Target | None


class Peer(Protocol):
    """A program that subscribes to everything with QoS 1 in a persistent session named :data:`CLIENT_ID`."""

    @property
    def name(self) -> str:
        """The name in tables."""

    @property
    def writes_to_influx(self) -> bool:
        """Whether it writes to InfluxDB when there is one."""

    def messages(self, asked: int, *, influx: bool) -> int:
        """How many messages it gets when ``asked`` are asked for."""

    def start(self, place: Place) -> Child:
        """Starts it; the same place may be started again after it was stopped."""

    def await_up(self, child: Child, place: Place) -> None:
        """Returns once the program runs, whether or not the broker answers; raises BenchError."""

    def await_ready(self, child: Child, place: Place) -> None:
        """Returns once it is ready for messages, beyond being subscribed; raises BenchError."""

    def await_handled(self, child: Child, place: Place, *, since: float, seconds: float) -> float:
        """The monotonic instant at which it had handled every message; BenchError after ``seconds``."""


@dataclass(frozen=True, slots=True)
class MosquittoSub:
    """The C client that only prints a message, here to nowhere. It ends itself after the last.

    3.1.1, where the broker's in-flight window holds; handled = its process has ended.
    """

    name: str = "mosquitto_sub"
    writes_to_influx: bool = False

    def messages(self, asked: int, *, influx: bool) -> int:
        """All of them."""
        return asked

    def start(self, place: Place) -> Child:
        """Runs ``mosquitto_sub -C <messages>``."""
        command = [program("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(place.port), "-V", "mqttv311"]
        command += ["-q", "1", "-c", "-i", CLIENT_ID, "-t", f"{ROOT}/#", "-C", str(place.messages)]
        return Child("mosquitto_sub", command, folder=place.folder)

    def await_up(self, child: Child, place: Place) -> None:
        """Nothing to wait for beyond its connection."""

    def await_ready(self, child: Child, place: Place) -> None:
        """Nothing to wait for beyond its subscription."""

    def await_handled(self, child: Child, place: Place, *, since: float, seconds: float) -> float:
        """When it ended."""
        return child.finish(seconds).at


@dataclass(frozen=True, slots=True)
class PlainScript:
    """:mod:`benchmarks.peer.plain_script`; handled = written to InfluxDB or to its file, by its own word."""

    name: str = "plain script"
    writes_to_influx: bool = True

    def messages(self, asked: int, *, influx: bool) -> int:
        """All of them; with InfluxDB at most :data:`POINT_BY_POINT_MAX`."""
        return min(asked, POINT_BY_POINT_MAX) if influx else asked

    def start(self, place: Place) -> Child:
        """Runs the script."""
        command = python_module(
            "benchmarks.peer.plain_script", "--port", str(place.port), "--topic", f"{ROOT}/#"
        )
        command += ["--client-id", CLIENT_ID, "--count", str(place.messages)]
        command += ["--file", str(place.folder / "points.txt")]
        if (influx := place.influx) is None:
            return Child("plain_script", command, folder=place.folder, talks=True)
        command += ["--influx-url", influx.url, "--influx-org", influx.org, "--influx-bucket", influx.bucket]
        env = {TOKEN_VARIABLE: influx.token}
        return Child("plain_script", command, folder=place.folder, env=env, talks=True)

    def await_up(self, child: Child, place: Place) -> None:
        """Nothing to wait for beyond its connection."""

    def await_ready(self, child: Child, place: Place) -> None:
        """Nothing to wait for beyond its subscription."""

    def await_handled(self, child: Child, place: Place, *, since: float, seconds: float) -> float:
        """When it had written the last point."""
        return float(json.loads(child.hear(seconds))["last_at"])
