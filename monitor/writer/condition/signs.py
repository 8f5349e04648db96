"""Signs of failure, looked for as readings come: what the pure detectors say becomes alarms, and ends them.

Every good reading is put aside; only one that is warmer than usual for its probe, or half an hour of them, leads to a
look at the unit. A look sees the present alone: with no reading that is fresh by the clock nothing is claimed, so the
past (a buffered upload, an import) wakes no one. What a unit usually does is not kept: after a start each channel's
trail is read from the history again, a few at each tick, and until then nothing is said of that unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.cause.outcome import unwatched
from monitor.core.alarm.cause.sign import Leaving, is_told_warm, leaving, of_end, of_prospect, of_sign
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.channel.quality import corrected
from monitor.core.profile.installation import Unit
from monitor.core.profile.rules import ChannelRules
from monitor.core.sign.base import Probed, Sign
from monitor.core.sign.cooling import cooling_over, cooling_weak
from monitor.core.sign.detection import SIGNS
from monitor.core.sign.drift import drift, drift_over
from monitor.core.sign.flat import flat, flat_over, is_moving
from monitor.core.sign.rising import rising, rising_over
from monitor.core.sign.trail import HOURS_FOR, PARTS_FOR, Trail
from monitor.core.time.instant import EARLIEST, HOUR, MINUTE
from monitor.ports import Arrived, Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions
from monitor.writer.condition.doors import Doors
from monitor.writer.installed import Installed
from monitor.writer.lot.lots import Lots
from monitor.writer.turn import Turn, Waiting

LOOK_EVERY = 2 * MINUTE
"""A unit that is warmer than usual, or has a sign, is looked at so often; by its readings' own time."""
AT_LEAST_EVERY = 30 * MINUTE
SELDOM, HOURLY = 3 * HOUR, HOUR
"""How often it is looked for what takes days to show, and for a compressor that never pauses."""
HELD_MAX = 256
"""Readings of a channel that are put aside; more go to its trail at the next tick."""
LOADS_MAX = 5
"""So many times three days of a channel are read from the history in one tick. The rest wait: no reading is held up
by them. The last three days of every channel come first; what is older is for drifts, which take days."""
_INFINITY = float("inf")
_COLD, _RECENT, _WHOLE = 0, 1, 2


@dataclass(slots=True, eq=False)
class _Desk:
    """One channel. ``held``: readings as sent that its trail doesn't have yet. A value above ``ceiling`` is looked at
    from ``soon_at`` on, any from ``look_at`` on. ``loaded``: how much of its past its trail has, ``since`` when."""

    path: str
    id: int
    probed: Probed
    rules: ChannelRules
    alarms: bool
    unit: _Place
    held: list[tuple[int, float]] = field(default_factory=list)
    ceiling: float = _INFINITY
    soon_at: int = 0
    look_at: int = 0
    loaded: int = _COLD
    since: int = 0


@dataclass(slots=True, eq=False)
class _Place:
    """One unit with its channels; ``seldom`` and ``hourly`` number the last looks at what takes days, and hours."""

    unit: Unit
    desks: list[_Desk] = field(default_factory=list)
    seldom: int = -1
    hourly: int = -1


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
        self._store = store
        self._detection = around.detection
        self._alarms = alarms
        self._conditions = conditions
        self._ledgers = lots.ledgers
        self._desks: dict[int, _Desk] = {}
        self._places = {path: _Place(unit) for path, unit in around.installation.units.items()}
        self._due: set[_Place] = set()
        self._cold: dict[int, _Desk] = {}  # those that must be read from the history, in that order
        units = around.installation.units
        self.doors = Doors(store, around.detection, units, alarms, conditions, heard_at)
        for place in self._places.values() if around.detection.needs_trails else ():
            for probe in place.unit.probes:
                channel = str(probe.channel)
                rules = around.rules.get(channel)
                if rules is None:
                    continue
                gap = max(probe.silent_after, probe.settings.max_gap)
                is_product = channel == place.unit.product_channel
                probed = Probed(channel, Trail(), max_gap=gap, is_product=is_product)
                desk = _Desk(
                    channel,
                    around.channel_ids[channel],
                    probed,
                    rules,
                    probe.alarms,
                    place,
                )
                place.desks.append(desk)
                self._desks[desk.id] = desk

    # --- what is known ---

    def resume(self, tx: Tx, now: int) -> None:
        """Starts again from what is committed. Alarms that nothing looks after any more are ended."""
        self._due.clear()
        self.forget(self._desks)
        measured = self._store.history.last_measured(tx)
        for desk in self._desks.values():
            if desk.id not in measured:
                desk.loaded, desk.since = _WHOLE, EARLIEST
                del self._cold[desk.id]
        self.doors.resume(tx, now)
        for condition in SIGNS.values():
            for subject in self._alarms.open_subjects(condition):
                if not self._detection.looks_for(condition) or not self._is_known(subject):
                    self._alarms.carry_out(tx, [unwatched(condition, subject, now)], now)

    @property
    def to_do(self) -> Sequence[Waiting]:
        """The units to look at."""
        return (self._due,)

    def recall(self, turn: Turn) -> None:
        """A look that failed is no look; readings that were put aside twice are one reading."""
        for place in self._places.values():
            place.seldom = place.hourly = -1

    def _is_known(self, subject: str) -> bool:
        return subject in self._places or any(desk.path == subject for desk in self._desks.values())

    def forget(self, channels: Iterable[int]) -> None:
        """The past of these channels was written by another way than :meth:`hear`: it is read anew."""
        for channel in list(channels):
            desk = self._desks.get(channel)
            if desk is not None:
                desk.held.clear()
                desk.ceiling, desk.loaded = _INFINITY, _COLD
                desk.look_at = desk.soon_at = 0
                self._cold[channel] = desk
        # Those with an alarm to look after come first.
        ordered = sorted(self._cold.values(), key=lambda desk: (desk.loaded, not self._has_sign(desk.unit)))
        self._cold = {desk.id: desk for desk in ordered}

    def hear(self, rows: Sequence[Arrived], reasons: Sequence[str | None]) -> None:
        """Takes readings that were committed; ``reasons`` says why those that are bad are."""
        desks, due = self._desks, self._due
        if not desks:
            return
        for (channel, reading, _, _), reason in zip(rows, reasons, strict=True):
            if reason is None and (desk := desks.get(channel)) is not None and desk.loaded:
                at, celsius = reading[0], reading[2]
                desk.held.append((at, celsius))  # type: ignore[arg-type]
                if at >= desk.look_at or (celsius > desk.ceiling and at >= desk.soon_at):  # type: ignore[operator]
                    due.add(desk.unit)

    # --- looking ---

    def due(self, now: int) -> list[str]:
        """The units whose readings ask for a look, and a few channels whose trails are to be read from the history."""
        for desk in self._desks.values():
            if len(desk.held) > HELD_MAX:
                self._settle(desk)
        cold = [desk.path for desk in list(self._cold.values())[:LOADS_MAX]]
        return [*self.asked_for(), *cold]

    def asked_for(self) -> list[str]:
        """The units whose readings ask for a look."""
        return sorted(place.unit.path for place in self._due) if self._due else []

    def look(self, turn: Turn, subject: str) -> None:
        """Looks at a unit, or reads the trail of a channel."""
        place = self._places.get(subject)
        if place is not None:
            self._due.discard(place)
            self._look_at(turn.tx, place, turn.now)
            return
        desk = next(desk for desk in self._cold.values() if desk.path == subject)
        self._load(turn.tx, desk, turn.now)
        del self._cold[desk.id]
        if not self._cold and self._detection.slow_drift:
            wanting = (desk for desk in self._desks.values() if desk.loaded == _RECENT and desk.alarms)
            self._cold = {desk.id: desk for desk in wanting}

    def _load(self, tx: Tx, desk: _Desk, now: int) -> None:
        """Reads the last three days of a channel; when asked again, the three days before what was read."""
        if desk.loaded == _COLD:
            desk.probed.restart()
            since, until = now // HOUR * HOUR - PARTS_FOR, now + HOUR
            desk.held.clear()
        else:
            since, until = desk.since - PARTS_FOR, desk.since - 1
        found = self._ledgers.good_readings(tx, desk.path, since, until)
        desk.probed.trail.add((at, value) for at, values in found for value in values)
        desk.since = since
        desk.loaded = _WHOLE if since <= now - HOURS_FOR else _RECENT
        desk.look_at = 0

    def _settle(self, desk: _Desk) -> None:
        """Brings a channel's trail up to its readings."""
        held, since = desk.held, desk.since
        if held:
            settings = desk.rules.settings
            if len(settings) == 1 and not settings[0][1].offset:
                desk.probed.trail.add(
                    held if min(held)[0] >= since else [one for one in held if one[0] >= since]
                )
            else:
                offset = desk.rules.settings_at
                desk.probed.trail.add(
                    (at, corrected(value, offset(at).offset)) for at, value in held if at >= since
                )
            held.clear()

    def _look_at(self, tx: Tx, place: _Place, now: int) -> None:
        for desk in place.desks:
            self._settle(desk)
        fresh = [desk for desk in place.desks if desk.loaded and desk.probed.is_fresh(now)]
        if fresh:
            newest = max(desk.probed.trail.newest_at or 0 for desk in fresh)
            self._judge(tx, place, fresh, newest + 1, now)
        for desk in place.desks:
            self._set_next(desk, is_open=self._has_sign(place))

    def _set_next(self, desk: _Desk, *, is_open: bool) -> None:
        """When this channel's readings ask for the next look."""
        newest = desk.probed.trail.newest_at
        if newest is None:
            return
        usual = desk.probed.habit(newest - HOUR)
        offset = desk.rules.settings_at(newest).offset
        desk.ceiling = -_INFINITY if is_open else _INFINITY if usual is None else usual.clearly - offset
        desk.soon_at = (newest // LOOK_EVERY + 1) * LOOK_EVERY
        desk.look_at = (newest // AT_LEAST_EVERY + 1) * AT_LEAST_EVERY

    def _has_sign(self, place: _Place) -> bool:
        subjects = [place.unit.path, *(desk.path for desk in place.desks)]
        return any(
            self._alarms.get(condition, subject) for condition in SIGNS.values() for subject in subjects
        )

    # --- judging a unit ---

    def _judge(self, tx: Tx, place: _Place, fresh: Sequence[_Desk], as_of: int, now: int) -> None:
        detection = self._detection
        if detection.rising_fast:
            self._judge_rising(tx, place, fresh, as_of, now)
        is_time = as_of // SELDOM != place.seldom
        is_hour = as_of // HOURLY != place.hourly
        place.seldom, place.hourly = as_of // SELDOM, as_of // HOURLY
        for desk in fresh:
            if desk.alarms and detection.flat_line:
                self._judge_flat(tx, desk, as_of, now)
            if desk.alarms and detection.slow_drift and is_time and desk.loaded == _WHOLE:
                self._judge_drift(tx, desk, as_of, now)
        if is_hour and detection.cooling_weak:
            self._judge_cooling(tx, place, fresh, as_of, now, days=is_time)

    def _judge_rising(self, tx: Tx, place: _Place, fresh: Sequence[_Desk], as_of: int, now: int) -> None:
        condition, subject = AlarmCondition.RISING_FAST, place.unit.product_channel
        alarm = self._alarms.get(condition, subject)
        # The air is hours ahead of the product, whose own forecast says by when to act.
        product = next((desk for desk in fresh if desk.path == subject), None)
        if alarm is not None:
            shown, started_at = _named(fresh, alarm), alarm.grounds.started_at
            if shown is not None and started_at is not None:
                self._end(tx, alarm, rising_over(shown.probed, started_at, as_of), now)
            if alarm.act_by is None and product is not None and self._alarms.get(condition, subject):
                self._alarms.carry_out(tx, of_prospect(alarm, self._leaving(product, as_of)), now)
            return
        if not self._is_watched(place) or self._is_warm(place):
            return
        probes = [desk.probed for desk in fresh]
        sign = rising(probes, self.doors.events_of(place.unit.path), as_of, subject)
        if sign is not None:
            self._hold(tx, sign, now, None if product is None else self._leaving(product, as_of))

    def _is_watched(self, place: _Place) -> bool:
        return any(desk.alarms for desk in place.desks if desk.path == place.unit.product_channel)

    def _is_warm(self, place: _Place) -> bool:
        condition = AlarmCondition.TEMPERATURE_HIGH
        return is_told_warm(self._alarms.get(condition, desk.path) for desk in place.desks)

    def _leaving(self, desk: _Desk, as_of: int) -> Leaving | None:
        return leaving(desk.probed.course(as_of), desk.rules.profile_at(as_of), as_of)

    def _judge_flat(self, tx: Tx, desk: _Desk, as_of: int, now: int) -> None:
        condition = AlarmCondition.FLAT_LINE
        alarm = self._alarms.get(condition, desk.path)
        if alarm is not None:
            celsius, started_at = alarm.grounds.celsius, alarm.grounds.started_at
            if celsius is not None and started_at is not None:
                self._end(tx, alarm, flat_over(desk.probed, celsius, started_at, as_of), now)
        elif not is_moving(desk.probed, as_of) and (sign := flat(desk.probed, as_of)) is not None:
            self._hold(tx, sign, now)

    def _judge_drift(self, tx: Tx, desk: _Desk, as_of: int, now: int) -> None:
        condition = AlarmCondition.SLOW_DRIFT
        alarm = self._alarms.get(condition, desk.path)
        if alarm is not None:
            celsius, per_day = alarm.grounds.celsius, alarm.grounds.drift_per_day
            if celsius is not None and per_day is not None:
                self._end(tx, alarm, drift_over(desk.probed, celsius, per_day, as_of), now)
            return
        profile = desk.rules.profile_at(as_of)
        warning, window = profile.warning, profile.window
        high = None if warning is None else warning.high
        low = None if warning is None else warning.low
        desk.probed.highest = window.high if high is None else high
        desk.probed.lowest = window.low if low is None else low
        sign = drift(desk.probed, as_of)
        if sign is not None:
            self._hold(tx, sign, now)

    def _judge_cooling(
        self, tx: Tx, place: _Place, fresh: Sequence[_Desk], as_of: int, now: int, *, days: bool
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
        if is_told or not self._is_watched(place):
            return
        sign = cooling_weak([desk.probed for desk in fresh], as_of, subject, days=days)
        if sign is not None:
            self._hold(tx, sign, now)

    # --- alarms ---

    def _hold(self, tx: Tx, sign: Sign, now: int, coming: Leaving | None = None) -> None:
        place = self._conditions.place(sign.subject)
        self._alarms.carry_out(tx, [of_sign(sign, place, now, coming)], now)

    def _end(self, tx: Tx, alarm: Alarm, over_at: int | None, now: int) -> None:
        self._alarms.carry_out(tx, of_end(alarm.condition, alarm.subject, over_at), now)


def _named(desks: Iterable[_Desk], alarm: Alarm) -> _Desk | None:
    """The channel that a sign was seen in."""
    return next((desk for desk in desks if desk.path == alarm.grounds.channel), None)
