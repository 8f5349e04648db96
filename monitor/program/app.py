"""The composition root's face: what the command line calls. :mod:`monitor.program.assembly` makes the parts,
:class:`monitor.program.service.Service` runs them."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

import structlog

from monitor.asking.difference import Difference
from monitor.asking.replay import Progress as ReplayProgress
from monitor.asking.replay import Replay
from monitor.asking.view import View as StoreView
from monitor.config import Configuration, ConfigurationError
from monitor.config import load as load_configuration
from monitor.config.on_call import nobody_on_call
from monitor.core.time.instant import EARLIEST, SECOND, format_instant
from monitor.influx.reconcile import reconcile, status
from monitor.influx.sink import CountingSink, FileSink, InfluxSink, SinkUnavailable
from monitor.ingest.files import look_at
from monitor.ingest.past import Progress, import_files
from monitor.ports import JSON, Commands, DeliveryError, Notification, View
from monitor.program.assembly import (
    installation_of,
    open_books,
    policy_of,
    read_books,
    refuse_edited_profiles,
    sink_of,
    token_path,
)
from monitor.program.clock import SystemClock
from monitor.program.inside import Inside, installed_of
from monitor.program.service import Service
from monitor.store.engine import StoreLockedError, refuse_absent
from monitor.store.projection import Projection
from monitor.store.rules.rulebook import Rulebook
from monitor.store.rules.trial import Trial
from monitor.store.rules.versions import rule_versions
from monitor.store.store import Store
from monitor.store.upkeep.backup import BackupNotHereError, back_up
from monitor.telling.link_key import LinkKeyError
from monitor.telling.media.registry import media_of, refuse_unknown_services
from monitor.web.client import ApiCommands

log = structlog.get_logger(__name__)


def load(directory: Path) -> Configuration:
    """The configuration of a directory, checked; raises ConfigurationError."""
    configuration = load_configuration(directory, os.environ)
    refuse_unknown_services(configuration)
    return configuration


def check_against_store(configuration: Configuration) -> None:
    """Raises ConfigurationError if the store's past forbids an edit of a profile; changes nothing."""
    refuse_edited_profiles(configuration)


def check_on_call(configuration: Configuration) -> None:
    """Raises ConfigurationError if there are times in which a rota or a ladder leads to nobody, now or soon."""
    problems = nobody_on_call(configuration.rotas, configuration.ladders, SystemClock().now())
    if problems:
        raise ConfigurationError(configuration.directory, problems)


def run(configuration: Configuration, *, stop: threading.Event | None = None) -> int:
    """Runs the service until SIGINT, SIGTERM or ``stop``; returns an exit code.

    Raises ConfigurationError where a profile was edited that has been judging.
    """
    ended = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
    try:
        service = Service(configuration)
    except StoreLockedError as error:
        log.error(
            "can't start", error=str(error), remedy="stop the other program, or use another [store] url"
        )
        return 2
    except LinkKeyError as error:
        log.error("can't start", error=str(error))
        return 2
    for warning in configuration.warnings:
        log.warning(warning)
    for problem in nobody_on_call(configuration.rotas, configuration.ladders, SystemClock().now()):
        log.warning(str(problem))  # it is told to everybody then; not to start would be worse
    if service.exporter is None:
        log.warning("InfluxDB is off: [influx] url is empty")
    try:
        service.start()
        log.info(
            "running", pages=service.web.url, broker=f"{configuration.mqtt.host}:{configuration.mqtt.port}"
        )
        ended.wait()
    except OSError as error:
        log.error("can't start", error=str(error), remedy="choose another [web] port")
        return 2
    finally:
        service.stop()
        log.info("stopped")
    return 0


def _health_of_store(store: Store) -> JSON:
    return {"ready": False, "store": {"ok": True, "text": str(store.database.url.render_as_string())}}


def _try_to_write(store: Store) -> bool:
    try:
        store.open_for_writing()
    except StoreLockedError:
        return False
    return True


def require_store(configuration: Configuration) -> None:
    """Raises ValueError, in words, where no store is yet; makes nothing.

    An empty store made in passing, in the wrong directory say, would answer that there is no alarm.
    """
    refuse_absent(configuration.store.url)


@contextmanager
def open_view(configuration: Configuration) -> Iterator[View]:
    """A view of the store, whether the program runs or not. Raises ValueError, in words, where no store is yet."""
    require_store(configuration)
    with ExitStack() as stack:
        store, clock = stack.enter_context(closing(Store(configuration.store.url))), SystemClock()
        if _try_to_write(store):
            books = open_books(configuration, store, clock.now())
            store.close()
            store = stack.enter_context(closing(Store(configuration.store.url)))
        else:
            books = read_books(configuration, store)
        installed = installed_of(configuration, clock, books)
        yield StoreView(store, installed, partial(_health_of_store, store))


@contextmanager
def open_commands(configuration: Configuration) -> Iterator[Commands]:
    """What changes something: through the running program's API, or by ourselves if nobody holds the store."""
    with closing(Store(configuration.store.url)) as store:
        if not _try_to_write(store):
            yield ApiCommands(token_path(store))
            return
        inside = Inside(configuration, store, SystemClock(), partial(_health_of_store, store))
        inside.writer.resume()
        yield inside.commands
        inside.writer.close()


def ingest(
    configuration: Configuration,
    names: Sequence[str],
    *,
    restart: bool,
    progress: Progress,
    stop: threading.Event,
) -> JSON:
    """Imports files of the past (``-``: standard input), and returns the summary; goes on where an import of the
    same files was broken off, unless ``restart``.

    Raises ValueError, before anything is taken, for a file that can't be imported; RuntimeError if a running program
    holds the store and can't be reached.
    """
    files = [look_at(name) for name in names]

    def done(mark: str) -> int:
        if restart:
            return 0
        with closing(Store(configuration.store.url)) as store, store.reading() as tx:
            return int(store.due.marker(tx, mark) or 0)

    # What is made of a part dies together and holds no circles: looking through it again and again finds nothing.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    with open_commands(configuration) as commands:
        root, clock = configuration.mqtt.root, SystemClock()
        return import_files(commands, files, root=root, clock=clock, done=done, progress=progress, stop=stop)


def replay(
    configuration: Configuration,
    *,
    store_url: str | None = None,
    start: int | None = None,
    end: int | None = None,
    as_dated: bool = False,
    progress: ReplayProgress = lambda what, done, of: None,
) -> JSON:
    """What the rules of a configuration would have done on the history of a store, which is only read: that of its
    ``[store] url``, or another. As of ``end`` (default, and at most: now); shown is what touches ``start`` or later.

    Raises ValueError, in words, for a store that can't be read so, and for lots whose profile the configuration lacks.
    """
    url = store_url or configuration.store.url
    now = SystemClock().now()
    first, last = EARLIEST if start is None else start, now if end is None else min(end, now)
    installation = installation_of(configuration)
    with closing(Store(url, read_only=True)) as store, store.reading() as tx:
        stored = rule_versions(tx)
        trial = Trial(stored, installation, configuration.profiles, as_dated=as_dated)
        books = Rulebook(stored, installation.zone_of), trial.book()
        replaying = Replay(store, tx, installation, books, start=first, end=last)
        outcomes = replaying.run(trial.names, progress)
        difference = Difference(store, tx, installation, first, last).to_json(replaying, outcomes)
    return {
        "from": None if start is None else format_instant(start),
        "to": format_instant(last),
        "store": store.database.url.render_as_string(),
        "as_dated": as_dated,
        "rules": trial.changes(),
        **difference,
    }


def backup(configuration: Configuration, folder: Path) -> JSON:
    """Copies the store into a folder, whether the program runs or not: ``{path, bytes, log_position, recorded_at}``.

    Raises :class:`RuntimeError`, in words; ValueError for a store that its own server backs up.
    """
    now = SystemClock().now()
    try:
        made = back_up(configuration.store.url, folder, now)
    except BackupNotHereError as error:
        raise ValueError(str(error)) from error
    return {
        "path": str(made.path),
        "bytes": made.bytes,
        "log_position": made.log_position,
        "recorded_at": format_instant(now),
    }


def influx_status(configuration: Configuration) -> JSON:
    """How far InfluxDB is behind."""
    with _projection(configuration) as (projection, sink):
        return status(projection, sink)


def influx_reconcile(
    configuration: Configuration,
    start: int | None = None,
    end: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> JSON:
    """Compares what InfluxDB has with the store, and re-sends what differs."""
    with _projection(configuration) as (projection, sink):
        if configuration.influx.url.startswith("file:"):
            raise ValueError("[influx] url is a file: there is nothing to compare with")
        assert isinstance(sink, InfluxSink)
        counting: CountingSink = sink
        try:
            return reconcile(projection, counting, start=start, end=end, progress=progress).as_json()
        except SinkUnavailable as error:
            raise RuntimeError(str(error)) from error


@contextmanager
def _projection(configuration: Configuration) -> Iterator[tuple[Projection, InfluxSink | FileSink]]:
    sink = sink_of(configuration)
    if sink is None:
        raise ValueError("InfluxDB is off: [influx] url is empty")
    with closing(sink):
        require_store(configuration)
        with closing(Store(configuration.store.url)) as store:
            books = read_books(configuration, store)
            yield Projection(store.database, lambda: books.rules), sink


def notify_test(configuration: Configuration, person: str | None = None) -> list[JSON]:
    """Sends a test message to everyone, or to one person, and says how that went."""
    media = media_of(configuration, SystemClock())
    found = []
    for number, recipient in enumerate(policy_of(configuration).recipients()):
        if person is not None and recipient.name != person:
            continue
        test = Notification(
            id=f"test:{SystemClock().now() // SECOND}:{recipient.name}:{number}",
            recipient=recipient.name,
            medium=recipient.medium,
            address=recipient.address,
            subject="exosome-monitor: test message",
            body="This is a test. If you can read it, alarms reach you here.",
            kind="test",
        )
        outcome: JSON = {"ok": True, "text": "sent"}
        try:
            media[recipient.medium].deliver(test)
        except DeliveryError as error:
            outcome = {"ok": False, "text": str(error)}
        found.append({"recipient": recipient.name, "medium": recipient.medium, **outcome})
    return found
