"""From measurements to figures: medians, ratios, and a table for people."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from benchmarks.modes import Mode, Run

REFERENCE = "mosquitto_sub"
NOISY_SHARE = 0.1


def summarize(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row for each mode and peer, in the order in which they first ran.

    ``rate`` (messages/s), ``cpu_us_per_message`` and ``in_influx_rate`` (messages/s until InfluxDB held them
    all; null where it didn't) are ``{min, median, max}``; ``ratio_to_mosquitto_sub`` is the ratio of the
    median rates and ``ratio_by_round`` the spread of each round's own, both null without that peer;
    ``other_cpu_cores`` is how many cores other programs kept busy.
    """
    groups: dict[tuple[Mode, str], list[Run]] = {}
    for one in runs:
        groups.setdefault((one.mode, one.peer), []).append(one)
    return [
        _row(mode, peer, found, reference=groups.get((mode, REFERENCE), []))
        for (mode, peer), found in groups.items()
    ]


def _row(mode: Mode, peer: str, found: list[Run], *, reference: list[Run]) -> dict[str, Any]:
    rate = _spread([one.rate for one in found])
    arrived = [one.messages / one.influx_seconds for one in found if one.influx_seconds is not None]
    peaks = [one.peak_mib for one in found if one.peak_mib is not None]
    base = statistics.median(one.rate for one in reference) if reference else None
    ratios = [one.rate / beside.rate for one, beside in zip(found, reference, strict=False)]
    return {
        "mode": mode,
        "peer": peer,
        "messages": found[0].messages,
        "rate": rate,
        f"ratio_to_{REFERENCE}": None if base is None else rate["median"] / base,
        "ratio_by_round": _spread(ratios) if ratios else None,
        "cpu_us_per_message": _spread([one.cpu_us_per_message for one in found]),
        "in_influx_rate": _spread(arrived) if len(arrived) == len(found) else None,
        "peak_mib": max(peaks, default=None),
        "other_cpu_cores": sum(one.other_cpu_seconds for one in found) / sum(one.seconds for one in found),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def table(report: dict[str, Any]) -> Table:
    """The results for people, within 80 columns."""
    settings = report["settings"]
    title = f"QoS 1, one reading a message, {settings['channels']} channels, rounds: {settings['rounds']}"
    shown = Table(title=title, caption=_caption(report), caption_justify="left", box=None)
    shown.padding = (0, 1, 0, 0)
    shown.add_column("mode", no_wrap=True)
    shown.add_column("peer", no_wrap=True)
    for heading in ("messages", "median/s", "min-max", "ratio", "CPU µs", "stored/s"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in report["results"]:
        rate, ratio, arrived = row["rate"], row[f"ratio_to_{REFERENCE}"], row["in_influx_rate"]
        shown.add_row(
            row["mode"],
            row["peer"],
            f"{row['messages']:,}",
            f"{rate['median']:,.0f}",
            f"{rate['min'] / 1e3:.2g}-{rate['max'] / 1e3:.2g}k",
            "" if ratio is None else f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.4f}",
            f"{row['cpu_us_per_message']['median']:,.1f}",
            "" if arrived is None else f"{arrived['median']:,.0f}",
        )
    return shown


def _caption(report: dict[str, Any]) -> str:
    machine = report["machine"]
    influx = machine["influxdb"]
    lines = [
        f"messages/s; ratio: of medians, to {REFERENCE}",
        "CPU µs: the peer's, per message; stored/s: until InfluxDB held every point",
        f"{machine['cores']} cores ({machine['processor']}), Python {machine['python']}, "
        f"mosquitto {machine['mosquitto']}, paho {machine['paho-mqtt']}",
        f"SQLite {machine['sqlite']}, fsync {machine['fsync_ms']} ms on {machine['file_system']}",
        f"InfluxDB {influx}" if influx else "no InfluxDB: the plain script writes to a file",
    ]
    others = max(row["other_cpu_cores"] for row in report["results"])
    if others > NOISY_SHARE * machine["cores"]:
        lines.append(f"NOISY: other programs kept up to {others:.1f} cores busy; repeat on a quiet machine.")
    return "\n".join(lines)
