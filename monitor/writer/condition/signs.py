"""Signs of failure, looked for as readings come: what the pure detectors say becomes alarms, and ends them.

A look sees the present alone: with no reading that is fresh by the clock nothing is claimed, so the past (a buffered
upload, an import) wakes no one. What asks for a look, :mod:`monitor.writer.condition.trails` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.outcome import unwatched
from monitor.core.alarm.cause.sign import Leaving, is_told_warm, of_end, of_prospect, of_sign
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.sign.base import Sign
from monitor.core.sign.cooling import cooling_over, cooling_weak
from monitor.core.sign.detection import SIGNS
from monitor.core.sign.drift import drift, drift_over
from monitor.core.sign.flat import flat, flat_over, is_moving
from monitor.core.sign.rising import rising, rising_over
from monitor.core.time.instant import HOUR
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions
from monitor.writer.condition.doors import Doors
from monitor.writer.condition.trails import WHOLE, Trails, WatchedChannel, WatchedUnit
from monitor.writer.installed import Installed
from monitor.writer.lot.lots import Lots
from monitor.writer.turn import Turn, Waiting

SELDOM, HOURLY = 3 * HOUR, HOUR
"""How often it is looked for what takes days to show, and for a compressor that never pauses."""


class Signs:
    """Looks for signs. Used by the one writer, within its transactions."""

    def __init__(
        self,
        store: Store,
        around: Installed,
        alarms: Alarms,
        conditions: Conditions,
        lots: Lots,
        heard_at: Callable[[str], int | None],
    ) -> None:
        self._detection = around.detection
        self._alarms = alarms
        self._conditions = conditions
        self.trails = Trails(store, around, lots.ledgers, self._has_sign)
        units = around.installation.units
        self.doors = Doors(store, around.detection, units, alarms, conditions, heard_at)

    # --- what is known ---

    def resume(self, tx: Tx, now: int) -> None:
        """Starts again from what is committed. Alarms that nothing looks after any more are ended."""
        self.trails.resume(tx)
        self.doors.resume(tx, now)
        known = {subject for place in self.trails.units.values() for subject in place.subjects}
        for condition in SIGNS.values():
            for subject in self._alarms.open_subjects(condition):
                if not self._detection.looks_for(condition) or subject not in known:
                    self._alarms.carry_out(tx, [unwatched(condition, subject, now)], now)

    @property
    def to_do(self) -> Sequence[Waiting]:
        """The units to look at."""
        return (self.trails.asking,)

    def recall(self, turn: Turn) -> None:
        """A look that failed is no look; readings that were put aside twice are one reading."""
        for place in self.trails.units.values():
            place.seldom = place.hourly = -1

    # --- looking ---

    def due(self, now: int) -> list[str]:
        """The units whose readings ask for a look, and a few channels whose trails are to be read from the history."""
        return self.trails.due()

    def look(self, turn: Turn, subject: str) -> None:
        """Looks at a unit, or reads the trail of a channel."""
        place = self.trails.units.get(subject)
        if place is None:
            self.trails.load(turn.tx, subject, turn.now)
            return
        self.trails.asking.discard(place)
        self._look_at(turn.tx, place, turn.now)

    def _look_at(self, tx: Tx, place: WatchedUnit, now: int) -> None:
        for channel in place.channels:
            channel.settle()
        fresh = [channel for channel in place.channels if channel.loaded and channel.probed.is_fresh(now)]
        if fresh:
            newest = max(channel.probed.trail.newest_at or 0 for channel in fresh)
            self._judge(tx, place, fresh, newest + 1, now)
        for channel in place.channels:
            channel.set_next(is_open=self._has_sign(place))

    def _has_sign(self, place: WatchedUnit) -> bool:
        return any(
            self._alarms.get(condition, subject) for condition in SIGNS.values() for subject in place.subjects
        )

    # --- judging a unit ---

    def _judge(
        self, tx: Tx, place: WatchedUnit, fresh: Sequence[WatchedChannel], as_of: int, now: int
    ) -> None:
        detection = self._detection
        if detection.rising_fast:
            self._judge_rising(tx, place, fresh, as_of, now)
        is_time = as_of // SELDOM != place.seldom
        is_hour = as_of // HOURLY != place.hourly
        place.seldom, place.hourly = as_of // SELDOM, as_of // HOURLY
        for channel in fresh:
            if channel.alarms and detection.flat_line:
                self._judge_flat(tx, channel, as_of, now)
            if channel.alarms and detection.slow_drift and is_time and channel.loaded == WHOLE:
                self._judge_drift(tx, channel, as_of, now)
        if is_hour and detection.cooling_weak:
            self._judge_cooling(tx, place, fresh, as_of, now, days=is_time)

    def _judge_rising(
        self, tx: Tx, place: WatchedUnit, fresh: Sequence[WatchedChannel], as_of: int, now: int
    ) -> None:
        condition, subject = AlarmCondition.RISING_FAST, place.unit.product_channel
        alarm = self._alarms.get(condition, subject)
        # The air is hours ahead of the product, whose own forecast says by when to act.
        product = next((channel for channel in fresh if channel.path == subject), None)
        if alarm is not None:
            shown, started_at = _named(fresh, alarm), alarm.grounds.started_at
            if shown is not None and started_at is not None:
                self._end(tx, alarm, rising_over(shown.probed, started_at, as_of), now)
            if alarm.act_by is None and product is not None and self._alarms.get(condition, subject):
                self._alarms.carry_out(tx, of_prospect(alarm, product.leaving(as_of)), now)
            return
        if not place.is_watched or self._is_warm(place):
            return
        probes = [channel.probed for channel in fresh]
        sign = rising(probes, self.doors.events_of(place.unit.path), as_of, subject)
        if sign is not None:
            self._hold(tx, sign, now, None if product is None else product.leaving(as_of))

    def _is_warm(self, place: WatchedUnit) -> bool:
        condition = AlarmCondition.TEMPERATURE_HIGH
        return is_told_warm(self._alarms.get(condition, channel.path) for channel in place.channels)

    def _judge_flat(self, tx: Tx, channel: WatchedChannel, as_of: int, now: int) -> None:
        condition = AlarmCondition.FLAT_LINE
        alarm = self._alarms.get(condition, channel.path)
        if alarm is not None:
            celsius, started_at = alarm.grounds.celsius, alarm.grounds.started_at
            if celsius is not None and started_at is not None:
                self._end(tx, alarm, flat_over(channel.probed, celsius, started_at, as_of), now)
        elif not is_moving(channel.probed, as_of) and (sign := flat(channel.probed, as_of)) is not None:
            self._hold(tx, sign, now)

    def _judge_drift(self, tx: Tx, channel: WatchedChannel, as_of: int, now: int) -> None:
        condition = AlarmCondition.SLOW_DRIFT
        alarm = self._alarms.get(condition, channel.path)
        if alarm is not None:
            celsius, per_day = alarm.grounds.celsius, alarm.grounds.drift_per_day
            if celsius is not None and per_day is not None:
                self._end(tx, alarm, drift_over(channel.probed, celsius, per_day, as_of), now)
            return
        profile = channel.rules.profile_at(as_of)
        warning, window = profile.warning, profile.window
        high = None if warning is None else warning.high
        low = None if warning is None else warning.low
        channel.probed.highest = window.high if high is None else high
        channel.probed.lowest = window.low if low is None else low
        sign = drift(channel.probed, as_of)
        if sign is not None:
            self._hold(tx, sign, now)

    def _judge_cooling(
        self, tx: Tx, place: WatchedUnit, fresh: Sequence[WatchedChannel], as_of: int, now: int, *, days: bool
    ) -> None:
        condition, subject = AlarmCondition.COOLING_WEAK, place.unit.path
        alarm = self._alarms.get(condition, subject)
        if alarm is not None:
            shown, started_at = _named(fresh, alarm), alarm.grounds.started_at
            if shown is not None and started_at is not None:
                self._end(tx, alarm, cooling_over(shown.probed, alarm.grounds, started_at, as_of), now)
            return
        is_told = self._is_warm(place) or self._alarms.get(
            AlarmCondition.RISING_FAST, place.unit.product_channel
        )
        if is_told or not place.is_watched:
            return
        sign = cooling_weak([channel.probed for channel in fresh], as_of, subject, days=days)
        if sign is not None:
            self._hold(tx, sign, now)

    # --- alarms ---

    def _hold(self, tx: Tx, sign: Sign, now: int, coming: Leaving | None = None) -> None:
        place = self._conditions.place(sign.subject)
        self._alarms.carry_out(tx, [of_sign(sign, place, now, coming)], now)

    def _end(self, tx: Tx, alarm: Alarm, over_at: int | None, now: int) -> None:
        self._alarms.carry_out(tx, of_end(alarm.condition, alarm.subject, over_at), now)


def _named(channels: Sequence[WatchedChannel], alarm: Alarm) -> WatchedChannel | None:
    """The channel that a sign was seen in."""
    return next((channel for channel in channels if channel.path == alarm.grounds.channel), None)
