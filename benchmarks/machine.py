"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import broker

_SYNCS = 21


def facts(folder: Path) -> dict[str, Any]:
    """Cores, versions, and what a commit costs in ``folder``, where brokers and stores of the bench live."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "kernel": platform.release(),
        "load_average": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "mosquitto": broker.version(),
        "paho-mqtt": version("paho-mqtt"),
        "influxdb-client": version("influxdb-client"),
        "file_system": _file_system(folder),
        "fsync_ms": round(fsync_ms(folder), 3),
        "fsync_note": "median of a 4 KiB write and fsync; a durable commit waits for it, once a batch",
    }


def fsync_ms(folder: Path) -> float:
    """The median time of a 4 KiB write with fsync, in ms."""
    path, took = folder / "fsync", []
    with path.open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            before = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            took.append(time.perf_counter() - before)
    path.unlink()
    return statistics.median(took) * 1e3


def busy_seconds() -> float:
    """CPU seconds that all cores have spent on anything since the machine started, to 10 ms a core."""
    user, nice, system, _idle, _iowait, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text().split()[1:9]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """The kind of file system that holds ``folder``: the longest mount point above it."""
    mounts = (line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines())
    above = [(len(point), kind) for point, kind in mounts if folder.resolve().is_relative_to(point)]
    return max(above)[1] if above else "unknown"
