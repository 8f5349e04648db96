"""The daily work of the running program: a backup, tidying up, and the comparison with InfluxDB.

What is owed is a marker in the store, set when it is done; a chore that fails stays owed and is tried again each hour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import structlog

from monitor.config import Configuration
from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.time.instant import DAY, HOUR, format_instant
from monitor.core.time.recurring import Recurring
from monitor.influx.reconcile import reconcile
from monitor.influx.sink import InfluxSink
from monitor.ports import JSON, Clock, ProjectionSource
from monitor.program.assembly import sink_of
from monitor.store.store import Store
from monitor.store.upkeep.backup import back_up
from monitor.store.upkeep.retention import tidy
from monitor.writer.writer import Writer

log = structlog.get_logger(__name__)

RETRY_AFTER = 1 * HOUR
RECONCILED = 2 * DAY
"""How far back InfluxDB is compared with the store each day."""


@dataclass(slots=True)
class _Chore:
    """One piece of work. ``run`` says in words what it did, and whether that is well; it raises if it can't be done."""

    name: str
    run: Callable[[], tuple[bool, str]]
    retry_at: int = 0
    ok: bool = True
    text: str = "not done since the start"
    failing_since: int | None = field(default=None)


class Housekeeping:
    """Does each chore once a day at ``[store] housekeeping_at`` of the first site's local time."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        store: Store,
        writer: Writer,
        projection: ProjectionSource,
    ) -> None:
        self._configuration = configuration
        self._clock = clock
        self._store = store
        self._writer = writer
        self._projection = projection
        self._when = Recurring((configuration.store.housekeeping_at,))
        self._zone = next((site.zone for site in configuration.sites.values()), ZoneInfo("UTC"))
        self._chores = [_Chore("tidying", self._tidy)]
        if configuration.store.backup_dir is not None:
            self._chores.insert(0, _Chore("backup", self._back_up))
        if configuration.influx.url.startswith(("http://", "https://")):
            self._chores.append(_Chore("influx reconcile", self._reconcile))

    def run(self) -> None:
        """Does what is owed; a job of every half minute."""
        if self._configuration.store.backup_dir is None:
            self._writer.end(AlarmCondition.STORE_FAILING, "backup")
        for chore in self._chores:
            if 0 <= chore.retry_at - self._clock.now() <= RETRY_AFTER:
                continue
            owed = self._writer.parts.chores.owed(chore.name, self._when, self._zone)
            if owed is not None and self._do(chore):
                self._writer.parts.chores.put_done(chore.name, owed.name)

    def _do(self, chore: _Chore) -> bool:
        now = self._clock.now()
        try:
            chore.ok, text = chore.run()
        except Exception as error:  # one chore that fails must not keep the others from being done
            log.warning("chore_failed", chore=chore.name, error=str(error), again_in="1h")
            chore.ok, chore.text = False, f"failed {format_instant(now)}: {error}"
            chore.retry_at = now + RETRY_AFTER
            chore.failing_since = chore.failing_since or now
            self._tell(chore)
            return False
        log.info("chore_done", chore=chore.name, result=text)
        chore.text, chore.retry_at, chore.failing_since = f"{text} ({format_instant(now)})", 0, None
        self._tell(chore)
        return True

    def _tell(self, chore: _Chore) -> None:
        """A backup that isn't made must be known before it is needed; InfluxDB has an alarm of its own."""
        if chore.name != "backup":
            return
        condition = AlarmCondition.STORE_FAILING
        if chore.failing_since is None:
            self._writer.end(condition, "backup")
        else:
            evidence = {"text": f"the daily backup {chore.text}"}
            self._writer.hold(Truth(condition, "backup", chore.failing_since, "warning", evidence))

    def _back_up(self) -> tuple[bool, str]:
        store = self._configuration.store
        assert store.backup_dir is not None
        made = back_up(store.url, store.backup_dir, self._clock.now(), keep=store.backup_keep)
        return True, f"{made.path}, {made.bytes:,} bytes"

    def _tidy(self) -> tuple[bool, str]:
        now, store = self._clock.now(), self._configuration.store
        gone = tidy(
            self._store.database,
            rejected_before=now - store.keep_rejected,
            texts_before=now - store.keep_messages,
        )
        return True, (
            f"removed {gone.rejected} rejected messages, {gone.texts} texts of messages, "
            f"{gone.refused_lines} lines refused by InfluxDB"
        )

    def _reconcile(self) -> tuple[bool, str]:
        now, sink = self._clock.now(), sink_of(self._configuration)
        assert isinstance(sink, InfluxSink)
        try:
            found = reconcile(self._projection, sink, start=now - RECONCILED, end=now).as_json()
        finally:
            sink.close()
        text = (
            f"{found['hours_compared']} hours compared, {found['hours_differing']} differed, "
            f"{found['readings_resent']} readings sent again"
        )
        still = found["hours_still_differing"]
        return still == 0, text + (f", {still} hours differ still" if still else "")

    def status(self) -> JSON:
        """``{ok, text}`` of all, and each chore's by its name."""
        parts = {chore.name: {"ok": chore.ok, "text": chore.text} for chore in self._chores}
        text = "; ".join(f"{chore.name}: {chore.text}" for chore in self._chores)
        return {"ok": all(chore.ok for chore in self._chores), "text": text, "chores": parts}
