"""Whether InfluxDB has what the store has: counts per channel and hour, and the hours that differ sent again.

A reading has its own place there (channel and instant), so sending it again can't double it. Nothing is
deleted there: an hour that has too much is reported and stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from monitor.core.time.instant import DAY, HOUR
from monitor.influx.exporter import READINGS_CURSOR, behind, behind_text
from monitor.influx.lines import reading_line
from monitor.influx.sink import CountingSink, Sink, SinkUnavailable, write_or_set_aside
from monitor.ports import LoggedReading, ProjectionSource

SLICE = 7 * DAY
"""How much of a channel is in memory at a time."""

EARLIEST_HOUR = -(9_223_372_036_854 // HOUR) * HOUR
LATEST_HOUR = (9_223_372_036_854 // HOUR) * HOUR
"""The hours that InfluxDB can hold: nanoseconds in 64 bits, the years 1677 to 2262."""

Progress = Callable[[int, int, str], None]
"""Called as ``progress(slices done, slices in all, channel)`` after each slice of a channel."""


@dataclass(slots=True)
class ChannelReport:
    """One channel. Hours without readings on either side aren't counted."""

    channel: str
    hours_compared: int = 0
    hours_differing: int = 0
    readings_resent: int = 0
    readings_refused: int = 0
    hours_still_differing: int = 0


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was compared and sent, per channel."""

    channels: tuple[ChannelReport, ...]

    @property
    def agrees(self) -> bool:
        """Whether both have the same counts now."""
        return not any(channel.hours_still_differing for channel in self.channels)

    def as_json(self) -> dict[str, Any]:
        """``{agrees, hours_compared, …, channels: [{channel, hours_compared, …}]}``, with the sums on top."""
        rows = [
            {name: getattr(channel, name) for name in ChannelReport.__slots__} for channel in self.channels
        ]
        sums = {name: sum(row[name] for row in rows) for name in ChannelReport.__slots__ if name != "channel"}
        return {"agrees": self.agrees, **sums, "channels": rows}


def reconcile(
    source: ProjectionSource,
    sink: CountingSink,
    *,
    start: int | None = None,
    end: int | None = None,
    progress: Progress | None = None,
) -> Reconciliation:
    """Compares the counts of every channel for each hour that touches ``start`` ≤ time < ``end``, and sends
    again what differs. By default all time for which the store has readings.

    The exporter may run beside it: readings after its cursor may or may not be there. Raises
    :class:`~monitor.influx.sink.SinkUnavailable`; what was sent until then stays sent.
    """
    slices = {channel: list(_slices(source, channel, start, end)) for channel in source.channels()}
    total = sum(len(of_channel) for of_channel in slices.values())
    done = 0
    reports = []
    for channel, of_channel in slices.items():
        report = ChannelReport(channel)
        for first, last in of_channel:
            _reconcile_slice(source, sink, report, first, last)
            done += 1
            if progress is not None:
                progress(done, total, channel)
        reports.append(report)
    return Reconciliation(tuple(reports))


def status(source: ProjectionSource, sink: Sink) -> dict[str, Any]:
    """``{ok, text, behind_readings, behind_facts}``: whether the sink would take lines now, and how far
    behind it is.

    ``ok`` is about the sink alone; it is asked, and written nothing to.
    """
    lag = behind(source)
    text, ok = behind_text(lag), True
    try:
        sink.check()
    except SinkUnavailable as unavailable:
        text, ok = f"{unavailable} ({text})", False
    return {"ok": ok, "text": text, "behind_readings": lag.readings, "behind_facts": lag.facts}


def _slices(
    source: ProjectionSource, channel: str, start: int | None, end: int | None
) -> Iterator[tuple[int, int]]:
    """The time to compare, in whole hours, cut into bounded pieces."""
    span = source.span(channel)
    if span is None and (start is None or end is None):
        return
    first = start if start is not None else span[0] if span else 0
    last = end if end is not None else span[1] + 1 if span else 0
    at = max(first // HOUR * HOUR, EARLIEST_HOUR)
    stop = min(-(-last // HOUR) * HOUR, LATEST_HOUR)
    while at < stop:
        yield at, min(at + SLICE, stop)
        at += SLICE


def _reconcile_slice(
    source: ProjectionSource, sink: CountingSink, report: ChannelReport, first: int, last: int
) -> None:
    compared, differing = _differing_hours(source, sink, report.channel, first, last)
    report.hours_compared += compared
    if not differing:
        return
    report.hours_differing += len(differing)
    lines = [reading_line(reading) for readings in differing.values() for reading in readings]
    refusals = write_or_set_aside(sink, lines)
    report.readings_resent += len(lines) - len(refusals)
    report.readings_refused += len(refusals)
    _, remaining = _differing_hours(source, sink, report.channel, first, last)
    report.hours_still_differing += len(remaining)


def _differing_hours(
    source: ProjectionSource, sink: CountingSink, channel: str, first: int, last: int
) -> tuple[int, dict[int, list[LoggedReading]]]:
    """How many hours were compared, and the store's readings of each hour whose count differs."""
    # In this order: what the cursor covers is there when it is counted, and what is counted is in the store
    # when that is read. So between the two counts lies only what the exporter may be writing just now.
    cursor = source.cursor(READINGS_CURSOR)
    there = sink.counts_by_hour(channel, first, last)
    here: defaultdict[int, list[LoggedReading]] = defaultdict(list)
    for reading in source.readings_between(channel, first, last):
        here[reading.measured_at // HOUR * HOUR].append(reading)
    differing = {}
    hours = here.keys() | there.keys()
    for hour in sorted(hours):
        readings = here.get(hour, [])
        least = sum(1 for reading in readings if reading.position <= cursor)
        if not least <= there.get(hour, 0) <= len(readings):
            differing[hour] = readings
    return len(hours), differing
