"""The store's readings and facts, carried to InfluxDB in recorded order by two cursors.

A cursor moves only after the sink has the lines, so what is interrupted is written again, which is harmless:
nothing is lost, and nothing is there twice.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import structlog

from monitor.influx.lines import fact_line, reading_line
from monitor.influx.sink import MAX_LINES, Sink, SinkUnavailable, write_or_set_aside
from monitor.ports import LoggedFact, ProjectionSource, Refusal

READINGS_CURSOR = "influx.readings"
FACTS_CURSOR = "influx.facts"

LINGER_SECONDS = 0.25
"""A pause after each pass that emptied the log: at low load a few requests a second, not one per commit."""
IDLE_SECONDS = 1.0
"""How long to wait for a nudge before looking by itself."""
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
LONGEST_RETRY_AFTER_SECONDS = 3_600.0

_log = structlog.get_logger(__name__)


class Behind(NamedTuple):
    """Positions of the log that the projection doesn't have yet."""

    readings: int
    facts: int


def behind(source: ProjectionSource) -> Behind:
    """How far the projection is behind the store, in positions of each log."""
    readings, facts = source.last_positions()
    return Behind(
        readings=max(0, readings - source.cursor(READINGS_CURSOR)),
        facts=max(0, facts - source.cursor(FACTS_CURSOR)),
    )


def behind_text(lag: Behind) -> str:
    """The lag in a few words."""
    if lag.readings == 0 and lag.facts == 0:
        return "InfluxDB has everything"
    return f"InfluxDB is {lag.readings:,} readings and {lag.facts:,} facts behind"


class Exporter:
    """Writes what the sink doesn't have yet. One thread runs it; any thread may wake it or ask its status.

    In memory is at most one batch (``batch`` readings or facts). Whatever fails, the cursors stay, and it is
    tried again after 1 s, 2 s, … 60 s, or after what the sink asked for, up to an hour.
    """

    def __init__(self, source: ProjectionSource, sink: Sink, *, batch: int = MAX_LINES) -> None:
        """``batch`` is in lines, 1 to :data:`~monitor.influx.sink.MAX_LINES`."""
        if not 1 <= batch <= MAX_LINES:
            message = f"batch is {batch}; expected 1 to {MAX_LINES}"
            raise ValueError(message)
        self._source = source
        self._sink = sink
        self._batch = batch
        self._nudged = threading.Event()
        self._pause = 0.0
        self._failing: str | None = None
        self._last_error: str | None = None
        self._written = 0
        self._refused = 0

    def run_once(self) -> int:
        """Carries over at most one batch of readings and one of facts; returns the lines written.

        0 means that there was nothing left, or that all of it was set aside (:meth:`status` counts it).
        Raises :class:`SinkUnavailable` when the sink is, with the cursor where it was.
        """
        before = self._written
        self._pass()
        return self._written - before

    def run(self, stop: threading.Event) -> None:
        """Goes on until ``stop`` is set; then returns within a second, or the sink's timeout if it writes.

        ``stop.set()`` followed by :meth:`wake` ends the second's wait too.
        """
        while not stop.is_set():
            self._nudged.clear()
            try:
                more = self._pass()
            except SinkUnavailable as unavailable:
                stop.wait(self._failed(str(unavailable), unavailable.retry_after))
            except Exception as error:  # the store, or a bug: the projection must come back by itself
                stop.wait(self._failed(f"{type(error).__name__}: {error}", None))
            else:
                if not more and not stop.wait(LINGER_SECONDS):
                    self._nudged.wait(IDLE_SECONDS)

    def wake(self) -> None:
        """Says that something was committed. It doesn't cut a pause after a failure short."""
        self._nudged.set()

    def status(self) -> dict[str, Any]:
        """``{ok, text, behind_readings, behind_facts, last_error, written, refused}``.

        ``ok``: the last attempt succeeded. ``written`` and ``refused`` are lines since the start of this
        exporter. Reads the store.
        """
        lag = behind(self._source)
        failing = self._failing
        text = behind_text(lag)
        if failing is not None:
            text = f"{failing} ({text})"
        elif self._refused:
            text = f"{text}; {self._refused:,} lines were refused and set aside"
        return {
            "ok": failing is None,
            "text": text,
            "behind_readings": lag.readings,
            "behind_facts": lag.facts,
            "last_error": self._last_error,
            "written": self._written,
            "refused": self._refused,
        }

    def _pass(self) -> bool:
        """One batch of each; returns whether there may be more."""
        full = self._export_readings()
        full = self._export_facts() or full
        if self._failing is not None:
            _log.info("influx_back")
        self._failing, self._pause = None, 0.0
        return full

    def _export_readings(self) -> bool:
        readings = self._source.readings_after(self._source.cursor(READINGS_CURSOR), self._batch)
        if readings:
            lines = [reading_line(reading) for reading in readings]
            self._carry(READINGS_CURSOR, readings[-1].position, lines, [])
        return len(readings) >= self._batch

    def _export_facts(self) -> bool:
        facts = self._source.facts_after(self._source.cursor(FACTS_CURSOR), self._batch)
        lines: list[str] = []
        unspeakable: list[Refusal] = []
        for fact in facts:
            try:
                lines.append(fact_line(fact))
            except ValueError as error:
                unspeakable.append(Refusal(_named(fact), str(error)))
        if facts:
            self._carry(FACTS_CURSOR, facts[-1].position, lines, unspeakable)
        return len(facts) >= self._batch

    def _carry(self, cursor: str, position: int, lines: list[str], refusals: list[Refusal]) -> None:
        """Writes the lines and only then moves the cursor, with what was refused, in one commit."""
        refused = write_or_set_aside(self._sink, lines)
        self._source.advance_cursor(cursor, position, [*refusals, *refused])
        self._written += len(lines) - len(refused)
        self._refused += len(refusals) + len(refused)
        if refusals or refused:
            first = [*refusals, *refused][0]
            _log.warning(
                "influx_refused", lines=len(refusals) + len(refused), first=first.line, reason=first.reason
            )

    def _failed(self, text: str, retry_after: float | None) -> float:
        """Notes a failure and returns how long to wait, in seconds."""
        if self._failing != text:
            _log.warning("influx_failing", error=text)
        self._failing = self._last_error = text
        self._pause = min(max(FIRST_PAUSE_SECONDS, 2 * self._pause), LONGEST_PAUSE_SECONDS)
        return max(self._pause, min(retry_after or 0.0, LONGEST_RETRY_AFTER_SECONDS))


def _named(fact: LoggedFact) -> str:
    return f"{fact.kind} {fact.id} version {fact.version}"
