"""What the writer is made of, put together: which part knows which."""

from __future__ import annotations

from functools import partial

from monitor.core.alarm.alarm import Alarm
from monitor.core.channel.liveness import Watch
from monitor.core.telling.policy import place_of
from monitor.ports import AlarmView, Store
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.alarm.deadlines import AlarmDeadlines
from monitor.writer.alarm.floods import Floods
from monitor.writer.alarm.hush import Hush
from monitor.writer.alarm.operators import Operators
from monitor.writer.alarm.suppressions import Suppressions
from monitor.writer.asides import JUDGING, Asides
from monitor.writer.batches import Batches
from monitor.writer.calendar.chores import Chores
from monitor.writer.calendar.digests import Digests
from monitor.writer.calendar.drills import Drills
from monitor.writer.channel.arrears import Arrears
from monitor.writer.channel.hearing import Hearing
from monitor.writer.channel.judge import Judge
from monitor.writer.channel.readings import Readings
from monitor.writer.channel.soundness import Soundness
from monitor.writer.clockwork import Clockwork, Work
from monitor.writer.condition.conditions import Conditions
from monitor.writer.condition.power import Power
from monitor.writer.condition.signs import Signs
from monitor.writer.condition.silences import Silences
from monitor.writer.condition.temperatures import Temperatures
from monitor.writer.condition.upkeep import Upkeep
from monitor.writer.condition.uploads import Uploads
from monitor.writer.health import Counts
from monitor.writer.installed import Installed
from monitor.writer.intake.aftermath import Aftermath
from monitor.writer.intake.commit import Intake
from monitor.writer.intake.copies import Copies
from monitor.writer.intake.held_back import HeldBack
from monitor.writer.intake.import_end import ImportEnd
from monitor.writer.intake.imports import Imports
from monitor.writer.isolation import Isolation
from monitor.writer.lot.judging import LOT, LotJudging
from monitor.writer.lot.lots import Lots
from monitor.writer.lot.queue import LotQueue
from monitor.writer.progress import Progress
from monitor.writer.telling.departed import Departed
from monitor.writer.telling.settling import Settling
from monitor.writer.telling.telling import Telling
from monitor.writer.turn import Turn, Turns


class Parts:
    """The parts of the writer. Those that remember take part in every turn; what is due by the clock, and what a
    reading leads to, goes from one to the next in an order of its own."""

    def __init__(self, store: Store, around: Installed, view: AlarmView) -> None:
        self._store = store
        self.around = around
        self.counts = Counts()
        self.turns = Turns(store, around.clock)
        self._make_judging(store, around)
        self._make_alarms(store, around)
        self._make_acts(store, around, view)
        self._join(store)

    # --- making them ---

    def _make_judging(self, store: Store, around: Installed) -> None:
        probes = around.installation.probes()
        self.ids = {path: around.channel_ids[path] for path in probes}
        self.lot_queue = LotQueue(store, around.profiles)
        self.lots = Lots(store, around.installation, around.profiles, around.channel_ids, self.lot_queue)
        self.judge = Judge(store, dict(around.rules), self.ids, self.lots.ledgers)
        self.watch = Watch(probes, around.rules, self.ids, around.limits)
        self.progress = Progress(store, self.judge, self.watch)
        self.arrears = Arrears(store)
        self.copies = Copies(store)

    def _make_alarms(self, store: Store, around: Installed) -> None:
        installation = around.installation
        self.alarms = Alarms(store, self._on_alarm)
        self.suppressions = Suppressions(store)
        self.asides = Asides(store, self.alarms, around.version)
        self.conditions = Conditions(
            store,
            installation,
            around.rules,
            self.alarms,
            self.suppressions,
            self.lots,
            self.watch.newest,
        )
        self._make_telling(store, around)
        known = self.alarms, self.conditions
        self.temperatures = Temperatures(store, installation, self.judge, *known)
        self.silences = Silences(store, installation, *known, self.watch)
        self.upkeep = Upkeep(store, installation, around.limits, *known, self.watch)
        self.power = Power(store, installation, *known)
        self.uploads = Uploads(store, self.judge, self.alarms, self.temperatures)
        self.signs = Signs(store, around, *known, self.lots, self.watch.heard_at)

    def _make_telling(self, store: Store, around: Installed) -> None:
        place_of_alarm = partial(place_of, installation=around.installation)
        telling = Telling(store, around.policy, around.voice, place_of_alarm, self.conditions.present)
        self.hush = Hush(self.alarms, self.suppressions, telling, self.conditions.act_by)
        floods = Floods(store, place_of_alarm, self.hush.holds)
        self.settling = Settling(store, self.alarms, telling, self.hush, floods, self.asides)
        self.alarm_deadlines = AlarmDeadlines(
            self.alarms,
            self.suppressions,
            self.hush,
            floods,
            self.settling,
            around.policy.rearm_after,
        )

    def _make_acts(self, store: Store, around: Installed, view: AlarmView) -> None:
        self.digests = Digests(store, around, view)
        self.drills = Drills(store, around, self.alarms)
        self.departed = Departed(store, around.policy)
        self.chores = Chores(self.turns, store)
        self.operators = Operators(
            self.turns, around, self.alarms, self.suppressions, self.hush, self.conditions
        )

    def _make_readings(self, store: Store, around: Installed) -> None:
        self.isolation = Isolation(store, around.clock, self.turns, self.asides)
        self.judging_lots = LotJudging(
            store, self.lot_queue, self.lots, self.alarms, self.asides, self.isolation, around
        )
        self.held = HeldBack(store, self.conditions)
        soundness = Soundness(store, around.rules, self.ids)
        self.hearing = Hearing(
            self.watch,
            soundness,
            self.alarms,
            self.silences,
            self.upkeep,
            on_faults=self.held.on_faults,
            held_back=self.held.faulty,
        )
        self.readings = Readings(
            around.installation.units,
            self.judge,
            self.progress,
            self.lots,
            self.lot_queue,
            self.hearing,
            soundness,
            self.uploads,
            self.signs.trails,
            counts=self.counts,
            publish=around.publish,
        )
        self.batches = Batches(
            store,
            self.turns,
            self.isolation,
            self.readings,
            self.arrears,
            self.signs,
            self.power,
            self.judging_lots,
            self.progress,
            self.ids,
            around.publish,
        )

    def _make_imports(self, store: Store, around: Installed) -> None:
        self.intake = Intake(store, self.copies, self.alarms, self.counts, self._stir)
        aftermath = Aftermath(
            store, self.judge.news, self.readings, self.temperatures, self.signs.trails, self.lot_queue
        )
        known = self.held, self.readings, self.arrears, aftermath
        self.imports = Imports(
            store, self.turns, self.intake, *known, self.progress, self.ids, around.publish
        )
        paths = {self.ids[path]: path for path in around.rules}
        self.ending = ImportEnd(
            store, around.clock, self.turns, *known, self.isolation, paths, self.judging_lots.judge_all
        )

    def _join(self, store: Store) -> None:
        around = self.around
        self._make_readings(store, around)
        self._make_imports(store, around)
        self.clockwork = Clockwork(self.isolation, self._works())
        doors = self.signs.doors
        self.turns.are_of(
            (
                *(self.alarms, self.suppressions, self.settling),
                *(self.asides, self.arrears, self.held, self.silences, self.upkeep),
                *(
                    self.hearing,
                    self.temperatures,
                    self.uploads,
                    self.power,
                    self.signs,
                    doors,
                    self.progress,
                ),
            ),
            before_commit=self.settling.settle,
        )

    # --- what is due by the clock ---

    def _works(self) -> list[Work]:
        """In this order: what is silent, what waited, signs; then what people are told of."""
        signs, power, lots = self.signs, self.power, self.judging_lots
        return [
            Work("silence", self.silences.due, self.silences.look),
            Work("upload", self.uploads.due, self.uploads.look),
            # An import says nothing of now; what it brings is looked at when it ends.
            Work("sign", lambda now: [] if self.held.is_on else signs.due(now), signs.look),
            Work("door", lambda now: [] if self.held.is_on else signs.doors.due(now), signs.doors.look),
            Work("power", lambda now: [] if self.held.is_on else power.due(now), power.look),
            Work("calibration", self.upkeep.due, self.upkeep.look),
            Work(JUDGING, lambda now: list(self.arrears.since), self._judge_again),
            Work("date", lots.dates_due, lots.take_dates, again=True),
            Work(LOT, lots.due, lots.look, failed=lots.give_up),
            Work("alarm", self.alarm_deadlines.due, self.alarm_deadlines.look),
            Work("digest", self.digests.due, self.digests.look),
            Work("drill", self.drills.due, self.drills.look),
            Work("message", self.departed.due, self.departed.look),
        ]

    def _judge_again(self, turn: Turn, channel: str) -> None:
        """Judges a channel that was set aside, from the first reading on that nobody judged."""
        since = self.arrears.since.get(channel)
        if since is not None and channel in self.ids:
            self.readings.judge_what_failed(turn, self.ids[channel], since)
        self.arrears.done(turn, channel)

    # --- what they tell one another ---

    def _stir(self, unit: str) -> None:
        self.signs.doors.stir(unit)
        self.power.stir(unit)

    def _on_alarm(self, alarm: Alarm) -> None:
        self.counts.alarms_raised += alarm.is_open
        self.held.note_alarm(alarm)
        self.around.publish("alarm", {"id": alarm.id})
