"""What the clock wakes in the running program: each job asks for what is owed, so one that is late, skipped or run
twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from monitor.core.alarm.cause.ourselves import DEAD_MAN
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.time.instant import MINUTE
from monitor.influx.exporter import Exporter
from monitor.ports import JSON, Clock
from monitor.program.housekeeping import Housekeeping
from monitor.program.schedule import Job
from monitor.telling.dead_man import DeadMan
from monitor.telling.delivery import Deliverer
from monitor.words.figures import span
from monitor.writer.writer import Writer

INFLUX_LAG_AFTER = 5 * MINUTE
"""How long InfluxDB may be unreachable or behind before somebody is told."""
STALLED_SECONDS = 60.0
"""A job of every second that hasn't come to an end for so long hangs."""
PARTS = ("broker", "store", "influx", "alerting")
"""The parts whose health is put on record."""


class Jobs:
    """The jobs of the service. ``tick`` takes what is due by the clock; ``health`` says how each part is."""

    def __init__(
        self,
        clock: Clock,
        writer: Writer,
        deliverer: Deliverer,
        exporter: Exporter | None,
        housekeeping: Housekeeping,
        dead_man: DeadMan | None = None,
        *,
        tick: Callable[[], None],
        health: Callable[[], JSON],
    ) -> None:
        self._clock = clock
        self._writer = writer
        self._deliverer = deliverer
        self._exporter = exporter
        self._housekeeping = housekeeping
        self._dead_man = dead_man
        self._last_run = dict.fromkeys(("tick", "deliver"), monotonic())
        self._tick = tick
        self._health = health
        self._influx_bad_since: int | None = None

    def all(self) -> list[Job]:
        """Every job with its interval."""
        return [
            Job("tick", 1.0, self._take_tick),
            Job("deliver", 1.0, self._deliver),
            Job("influx watch", 5.0, self._watch_influx),
            Job("health", 10.0, self._note_health),
            Job("housekeeping", 30.0, self._housekeeping.run),
            Job("dead man", 5.0, self._ping),
        ]

    def _take_tick(self) -> None:
        self._tick()
        self._last_run["tick"] = monotonic()

    def _deliver(self) -> None:
        self._deliverer.run_due()
        self._last_run["deliver"] = monotonic()

    # --- the dead-man ping ---

    def _ping(self) -> None:
        """Pings if it is time to and all is well; a ping that fails for long is told, as a warning: messages to people
        go other ways."""
        condition, dead_man = AlarmCondition.NOTIFIER_FAILING, self._dead_man
        if dead_man is None:
            self._writer.end(condition, DEAD_MAN, "switched_off")
            return
        if not dead_man.is_due():
            return
        why = self.why_not_well()
        if why is not None:
            dead_man.withhold(why)
        elif dead_man.ping():
            self._writer.end(condition, DEAD_MAN)
        elif dead_man.is_to_be_told() and dead_man.failing_since is not None:
            evidence = {"text": dead_man.status()["text"]}
            self._writer.hold(Truth(condition, DEAD_MAN, dead_man.failing_since, "warning", evidence))

    def why_not_well(self) -> str | None:
        """Why the program isn't doing its work, in words; None: readings come in, commits go through, the clock's jobs
        run, and messages are handed out."""
        health = self._health()
        for part in ("broker", "store"):
            if not health[part]["ok"]:
                return f"{part}: {health[part]['text']}"
        for name, last_run in self._last_run.items():
            if monotonic() - last_run > STALLED_SECONDS:
                return f"the job {name!r} has not come to an end for {span(STALLED_SECONDS)}"
        try:
            self._writer.parts.chores.prove()
        except Exception as error:  # whatever it is, nothing can be committed
            return f"store: nothing can be committed: {error}"
        return None

    def status(self) -> JSON:
        """The health of the parts that are jobs: ``housekeeping``, and ``dead_man`` where there is one."""
        found = {"housekeeping": self._housekeeping.status()}
        return found if self._dead_man is None else {**found, "dead_man": self._dead_man.status()}

    def _watch_influx(self) -> None:
        if self._exporter is None:
            self._writer.end(AlarmCondition.INFLUX_LAGGING, "influx", "switched_off")
            return
        found = self._exporter.status()
        now = self._clock.now()
        if found["ok"] and not found["refused"]:
            self._influx_bad_since = None
            self._writer.end(AlarmCondition.INFLUX_LAGGING, "influx")
            return
        self._influx_bad_since = self._influx_bad_since or now
        if found["refused"] or now - self._influx_bad_since >= INFLUX_LAG_AFTER:
            condition = AlarmCondition.INFLUX_LAGGING
            evidence = {"text": found["text"], "refused": found["refused"]}
            since = self._influx_bad_since
            self._writer.hold(Truth(condition, "influx", since, LEVEL_OF[condition], evidence))

    def _note_health(self) -> None:
        found = self._health()
        self._writer.note_health({part: found[part]["ok"] for part in PARTS})
