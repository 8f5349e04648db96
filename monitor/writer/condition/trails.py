"""What each channel has measured lately, as the detectors of signs see it: one trail a channel.

Every good reading is put aside; only one that is warmer than usual for its probe, or half an hour of them, asks for a
look at the unit. What a unit usually does is not kept: after a start each channel's trail is read from the history
again, a few at each tick, and until then nothing is said of that unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from monitor.core.alarm.cause.sign import Leaving, leaving
from monitor.core.channel.quality import corrected
from monitor.core.profile.installation import Probe, Unit
from monitor.core.profile.rules import ChannelRules
from monitor.core.sign.base import Probed
from monitor.core.sign.trail import HOURS_FOR, PARTS_FOR, Trail
from monitor.core.time.instant import EARLIEST, HOUR, MINUTE
from monitor.ports import Arrived, Store, Tx
from monitor.writer.installed import Installed
from monitor.writer.lot.ledgers import Ledgers

LOOK_EVERY = 2 * MINUTE
"""A unit that is warmer than usual, or has a sign, is looked at so often; by its readings' own time."""
AT_LEAST_EVERY = 30 * MINUTE
HELD_MAX = 256
"""Readings of a channel that are put aside; more go to its trail at the next tick."""
LOADS_MAX = 5
"""So many times three days of a channel are read from the history in one tick. The rest wait: no reading is held up
by them. The last three days of every channel come first; what is older is for drifts, which take days."""
_INFINITY = float("inf")
COLD, RECENT, WHOLE = 0, 1, 2
"""How much of its past a trail has: nothing, three days, all that a drift takes."""


@dataclass(slots=True, eq=False)
class WatchedChannel:
    """One channel. ``held``: readings as sent that its trail doesn't have yet. A value above ``ceiling`` is looked at
    from ``soon_at`` on, any from ``look_at`` on. ``loaded``: how much of its past its trail has, ``since`` when."""

    path: str
    id: int
    probed: Probed
    rules: ChannelRules
    alarms: bool
    unit: WatchedUnit
    held: list[tuple[int, float]] = field(default_factory=list)
    ceiling: float = _INFINITY
    soon_at: int = 0
    look_at: int = 0
    loaded: int = COLD
    since: int = 0

    def forget(self) -> None:
        """Its past is to be read anew."""
        self.held.clear()
        self.ceiling, self.loaded = _INFINITY, COLD
        self.look_at = self.soon_at = 0

    def settle(self) -> None:
        """Brings its trail up to its readings."""
        held, since = self.held, self.since
        if held:
            settings = self.rules.settings
            if len(settings) == 1 and not settings[0][1].offset:
                self.probed.trail.add(
                    held if min(held)[0] >= since else [one for one in held if one[0] >= since]
                )
            else:
                offset = self.rules.settings_at
                self.probed.trail.add(
                    (at, corrected(value, offset(at).offset)) for at, value in held if at >= since
                )
            held.clear()

    def set_next(self, *, is_open: bool) -> None:
        """When its readings ask for the next look; ``is_open``: its unit has a sign."""
        newest = self.probed.trail.newest_at
        if newest is None:
            return
        usual = self.probed.habit(newest - HOUR)
        offset = self.rules.settings_at(newest).offset
        self.ceiling = -_INFINITY if is_open else _INFINITY if usual is None else usual.clearly - offset
        self.soon_at = (newest // LOOK_EVERY + 1) * LOOK_EVERY
        self.look_at = (newest // AT_LEAST_EVERY + 1) * AT_LEAST_EVERY

    def leaving(self, as_of: int) -> Leaving | None:
        """When it may leave its window, if it goes on as it does."""
        return leaving(self.probed.course(as_of), self.rules.profile_at(as_of), as_of)


@dataclass(slots=True, eq=False)
class WatchedUnit:
    """One unit with its channels; ``seldom`` and ``hourly`` number the last looks at what takes days, and hours."""

    unit: Unit
    channels: list[WatchedChannel] = field(default_factory=list)
    seldom: int = -1
    hourly: int = -1

    @property
    def subjects(self) -> list[str]:
        """What a sign can be about here."""
        return [self.unit.path, *(channel.path for channel in self.channels)]

    @property
    def is_watched(self) -> bool:
        """Whether its product probe raises alarms."""
        return any(one.alarms for one in self.channels if one.path == self.unit.product_channel)


class Trails:
    """All of them. Used by the one writer. ``is_urgent``: the units whose trails are read first."""

    def __init__(
        self, store: Store, around: Installed, ledgers: Ledgers, is_urgent: Callable[[WatchedUnit], bool]
    ) -> None:
        self._store = store
        self._ledgers = ledgers
        self._is_urgent = is_urgent
        self._with_past = around.detection.slow_drift
        self._channels: dict[int, WatchedChannel] = {}
        self.units = {path: WatchedUnit(unit) for path, unit in around.installation.units.items()}
        self.asking: set[WatchedUnit] = set()
        """The units whose readings ask for a look."""
        self._cold: dict[int, WatchedChannel] = {}  # those that must be read from the history, in that order
        for place in self.units.values() if around.detection.needs_trails else ():
            for probe in place.unit.probes:
                rules = around.rules.get(str(probe.channel))
                if rules is not None:
                    self._watch(place, probe, rules, around.channel_ids[str(probe.channel)])

    def _watch(self, place: WatchedUnit, probe: Probe, rules: ChannelRules, number: int) -> None:
        channel = str(probe.channel)
        gap = max(probe.silent_after, probe.settings.max_gap)
        is_product = channel == place.unit.product_channel
        probed = Probed(channel, Trail(), max_gap=gap, is_product=is_product)
        watched = WatchedChannel(channel, number, probed, rules, probe.alarms, place)
        place.channels.append(watched)
        self._channels[number] = watched

    def resume(self, tx: Tx) -> None:
        """Starts again from what is committed."""
        self.asking.clear()
        self.forget(self._channels)
        measured = self._store.history.last_measured(tx)
        for channel in self._channels.values():
            if channel.id not in measured:
                channel.loaded, channel.since = WHOLE, EARLIEST
                del self._cold[channel.id]

    def forget(self, channels: Iterable[int]) -> None:
        """The past of these channels was written by another way than :meth:`hear`: it is read anew."""
        for number in list(channels):
            channel = self._channels.get(number)
            if channel is not None:
                channel.forget()
                self._cold[number] = channel
        # Those with an alarm to look after come first.
        ordered = sorted(self._cold.values(), key=lambda one: (one.loaded, not self._is_urgent(one.unit)))
        self._cold = {channel.id: channel for channel in ordered}

    def hear(self, rows: Sequence[Arrived], reasons: Sequence[str | None]) -> None:
        """Takes readings that were committed; ``reasons`` says why those that are bad are."""
        channels, asking = self._channels, self.asking
        if not channels:
            return
        for (number, reading, _, _), reason in zip(rows, reasons, strict=True):
            if reason is None and (channel := channels.get(number)) is not None and channel.loaded:
                at, celsius = reading[0], reading[2]
                channel.held.append((at, celsius))  # type: ignore[arg-type]
                if at >= channel.look_at or (celsius > channel.ceiling and at >= channel.soon_at):  # type: ignore[operator]
                    asking.add(channel.unit)

    def asked_for(self) -> list[str]:
        """The units whose readings ask for a look."""
        return sorted(place.unit.path for place in self.asking) if self.asking else []

    def due(self) -> list[str]:
        """The same, and a few channels whose trails are to be read from the history."""
        for channel in self._channels.values():
            if len(channel.held) > HELD_MAX:
                channel.settle()
        cold = [channel.path for channel in list(self._cold.values())[:LOADS_MAX]]
        return [*self.asked_for(), *cold]

    def load(self, tx: Tx, path: str, now: int) -> None:
        """Reads the last three days of a channel; when asked again, the three days before what was read."""
        channel = next(channel for channel in self._cold.values() if channel.path == path)
        if channel.loaded == COLD:
            channel.probed.restart()
            since, until = now // HOUR * HOUR - PARTS_FOR, now + HOUR
            channel.held.clear()
        else:
            since, until = channel.since - PARTS_FOR, channel.since - 1
        readings = self._ledgers.good_readings(tx, channel.path, since, until)
        channel.probed.trail.add((at, value) for at, values in readings for value in values)
        channel.since = since
        channel.loaded = WHOLE if since <= now - HOURS_FOR else RECENT
        channel.look_at = 0
        del self._cold[channel.id]
        if not self._cold and self._with_past:
            wanting = (one for one in self._channels.values() if one.loaded == RECENT and one.alarms)
            self._cold = {one.id: one for one in wanting}
