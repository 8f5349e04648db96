"""The real writer with many lots, in a process of its own: made, started, started again, then fed minute by minute."""

from __future__ import annotations

import gc
import multiprocessing
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

from benchmarks.child import BenchError
from benchmarks.judging.stream import BEGINS_AT, Weather, minutes, profile
from monitor.asking.view import View
from monitor.core.channel.reading import Reading
from monitor.core.lot.event import LotEvent, LotEventKind
from monitor.core.profile.installation import Installation, Probe, Unit
from monitor.core.profile.unit import Channel, ProbeSettings
from monitor.core.telling.policy import Policy
from monitor.core.time.instant import DAY, MINUTE
from monitor.ports import Arrived, Decoded
from monitor.store.rules.rulebook import load_rulebook
from monitor.store.store import Store
from monitor.testing import ManualClock, PlainVoice
from monitor.writer.installed import Installed
from monitor.writer.lot.findings import event_to_json
from monitor.writer.writer import Writer

_SITE, _PROBE = "lab1", "product"
_STORED_AT = BEGINS_AT + MINUTE
_ANSWER_SECONDS = 3_600.0


class Start(NamedTuple):
    """CPU seconds: writing the events of all lots, the first start (which judges and records each lot), and a later
    start (which finds nothing new)."""

    created_seconds: float
    first_start_seconds: float
    start_seconds: float


class Fed(NamedTuple):
    """One minute of readings taken as one batch: CPU and wall seconds, and the lots judged because of it.
    ``tick_seconds``: the CPU seconds of the tick after it."""

    readings: int
    cpu_seconds: float
    wall_seconds: float
    lots: int
    tick_seconds: float


def unit_of(lot: int, channels: int, warming: int) -> int:
    """The unit of a lot, both by number from 0: one lot in each of the first ``warming`` units, which will warm up;
    all others spread over the rest. So the number of lots that a warm unit touches is the same however many there are.
    """
    return lot if lot < warming else warming + (lot - warming) % (channels - warming)


class _Site:
    """A writer on a store in ``folder``."""

    def __init__(self, folder: Path, channels: int) -> None:
        names = [f"U{number:05d}" for number in range(channels)]
        self._clock = ManualClock(BEGINS_AT)
        self._installation = Installation(
            {f"{_SITE}/{name}": _unit(name) for name in names}, {_SITE: ZoneInfo("Europe/Berlin")}
        )
        self._path = folder / "store.db"
        self._names = names
        self.lots_judged = 0

    def _publish(self, kind: str, body: dict[str, Any]) -> None:
        self.lots_judged += kind == "lot"

    def create(self, lots: int, warming: int) -> None:
        """Registers lots, straight into the log, and sets the clock to when they were stored."""
        self._clock.at = _STORED_AT
        store = self._open()
        with store.writing() as tx:
            for number in range(lots):
                unit = self._names[unit_of(number, len(self._names), warming)]
                event = LotEvent(
                    lot=f"L{number:06d}",
                    site=_SITE,
                    event_id=f"r{number}",
                    occurred_at=_STORED_AT,
                    kind=LotEventKind.REGISTERED,
                    by="bench",
                    product="EV-7",
                    profile="ult",
                    unit=f"{_SITE}/{unit}",
                    expires_at=BEGINS_AT + 500 * DAY,
                )
                store.log.append_event(tx, "lot", event.lot, _STORED_AT, event_to_json(event))
        store.close()

    def _open(self) -> Store:
        store = Store(f"sqlite:///{self._path}")
        store.open_for_writing()
        return store

    @contextmanager
    def started(self) -> Iterator[tuple[Writer, list[int]]]:
        """The writer, resumed, and the channels' numbers in the log."""
        store = self._open()
        with store.writing() as tx:
            ids = store.history.add_channels(tx, list(self._installation.probes()))
            book, _ = load_rulebook(tx, self._installation, [profile()], self._clock.now())
        rules = {path: book.rules_of(path) for path in self._installation.probes()}
        installed = Installed(
            clock=self._clock,
            installation=self._installation,
            rules={path: found for path, found in rules.items() if found is not None},
            profiles=book,
            channel_ids=ids,
            policy=Policy(),
            voice=PlainVoice(),
            publish=self._publish,
        )
        writer = Writer(store, installed, View(store, installed))
        writer.resume()
        try:
            yield writer, [ids[f"{_SITE}/{name}/{_PROBE}"] for name in self._names]
        finally:
            writer.close()
            store.close()

    def feed(self, writer: Writer, rows: list[Arrived]) -> Fed:
        """One batch, each reading a message of its own, and a tick after it."""
        self._clock.at = rows[-1].reading.received_at
        batch, judged = Decoded(readings=rows), self.lots_judged
        began, began_cpu = time.perf_counter(), time.process_time()
        writer.take(batch, lambda: None)
        cpu, wall = time.process_time() - began_cpu, time.perf_counter() - began
        if writer.failure is not None:
            raise BenchError(writer.failure)  # figures of a writer that fails would be worth nothing
        lots = self.lots_judged - judged
        began_cpu = time.process_time()
        writer.tick(self._clock.now(), BEGINS_AT)
        return Fed(len(rows), cpu, wall, lots, time.process_time() - began_cpu)


def _unit(name: str) -> Unit:
    probe = Probe(Channel(_SITE, name, _PROBE), ProbeSettings(max_gap=15 * MINUTE))
    return Unit(_SITE, name, name, "ult", "ult", _PROBE, (probe,))


def _serve(connection: Connection, folder: Path, lots: int, channels: int, warming: int) -> None:
    """The child: starts, says how long that took, then feeds a minute each time it is asked."""
    site = _Site(folder, channels)
    stream = minutes(channels, Weather(frozenset(range(warming)), has_gaps=False))
    with site.started() as (writer, ids):
        site.feed(writer, _arrived(next(stream), ids))  # the first of a channel wakes every lot there, once
    began = time.process_time()
    site.create(lots, warming)
    created = time.process_time()
    with site.started():
        first = time.process_time()
    again = time.process_time()
    with site.started() as (writer, ids):
        connection.send(Start(created - began, first - created, time.process_time() - again))
        gc.collect()  # as the service does once it has started
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
        while connection.recv():
            connection.send(site.feed(writer, _arrived(next(stream), ids)))


def _arrived(minute: Iterable[tuple[int, Reading]], ids: Sequence[int]) -> list[Arrived]:
    return [Arrived(ids[channel], reading, 0, True) for channel, reading in minute]


class SiteProcess:
    """A site with so many lots in a child process, so that its heap is its own. A context manager."""

    def __init__(self, folder: Path, lots: int, *, channels: int, warming: int) -> None:
        self.lots = lots
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        folder.mkdir()
        arguments = (theirs, folder, lots, channels, warming)
        self._child = context.Process(target=_serve, args=arguments, daemon=True)

    def __enter__(self) -> Self:
        self._child.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            with suppress(BrokenPipeError):  # it may have ended by itself
                self._connection.send(False)
            self._child.join(_ANSWER_SECONDS)
        self._child.kill()
        self._child.join()

    def start(self) -> Start:
        """Waits until it has started; raises :class:`BenchError` if it can't."""
        found = self._answer()
        assert isinstance(found, Start)
        return found

    def feed(self) -> Fed:
        """Has it take the next minute."""
        self._connection.send(True)
        found = self._answer()
        assert isinstance(found, Fed)
        return found

    def _answer(self) -> object:
        deadline = time.monotonic() + _ANSWER_SECONDS
        while not self._connection.poll(0.1):
            if not self._child.is_alive():
                raise BenchError(
                    f"the writer with {self.lots} lots ended before its time; see its words above"
                )
            if time.monotonic() > deadline:
                raise BenchError(f"the writer with {self.lots} lots did not answer")
        try:
            return self._connection.recv()
        except EOFError:
            raise BenchError(
                f"the writer with {self.lots} lots ended before its time; see its words above"
            ) from None
