"""Channels that fall silent and are heard again: the alarms about no data, and silences that come and go.

Which channels chatter, and since when each is heard again, is kept in the store with the alarms: a restart goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.core.alarm.chatter import LEAST, steady_for
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.alarm.flood import gather_for
from monitor.core.channel.liveness import Silence, Steady, Watch
from monitor.core.profile.installation import Installation
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import format_instant, format_local
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions
from monitor.writer.turn import Turn, Waiting

_NO_DATA = AlarmCondition.NO_DATA
_MARKER = "steady:"
_SILENT = "silent"
_EARLIER_MAX = 100


class Silences:
    """Holds and ends the alarms about no data. Used by the one writer, within its transactions."""

    def __init__(
        self, store: Store, installation: Installation, alarms: Alarms, conditions: Conditions, watch: Watch
    ) -> None:
        self._store = store
        self._installation = installation
        self._probes = installation.probes()
        self._alarms = alarms
        self._conditions = conditions
        self._watch = watch
        self._chattering: dict[str, int | None] = {}  # until when it must be heard; None: silent

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: all of it is on record."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Takes from the store which channels chatter."""
        kept = self._store.due.markers(turn.tx, _MARKER)
        self._chattering = {
            name.removeprefix(_MARKER): None if value == _SILENT else int(value)
            for name, value in kept.items()
            if value and name.removeprefix(_MARKER) in self._probes
        }

    def due(self, now: int) -> list[str]:
        """The channels that have fallen silent, in the order of their deadlines."""
        return self._watch.due(now)

    def look(self, turn: Turn, channel: str) -> None:
        """Tells of one that has."""
        self.take(turn.tx, self._watch.take_silence(channel), turn.now)

    def silent(self) -> list[str]:
        """The channels that are silent and were told to be."""
        return [path for path in self._alarms.open_subjects(_NO_DATA) if self._chattering.get(path) is None]

    def steady(self) -> Mapping[str, int]:
        """Until when channels whose silences came and went must be heard without another one."""
        return {path: until for path, until in self._chattering.items() if until is not None}

    def take(self, tx: Tx, heard: Silence | Steady, now: int) -> None:
        """A channel was silent from its deadline on, and may have been heard again; or it has been heard for long."""
        if isinstance(heard, Steady):
            self._note(tx, heard.channel, "")
            self._end(tx, heard.channel, heard.at, now)
            return
        channel = heard.channel
        if not self._probes[channel].alarms and self._alarms.get(_NO_DATA, channel) is None:
            return
        if self._alarms.get(_NO_DATA, channel) is None:
            self._alarms.hold(tx, self._truth(heard), now)
        elif channel in self._chattering:
            self._note(tx, channel, _SILENT)
        if heard.heard_again_at is None:
            return
        span = steady_for(self._raised(tx, channel), heard.heard_again_at)
        if channel in self._chattering:
            span = max(span, LEAST)
        if span:
            until = heard.heard_again_at + span
            self._note(tx, channel, str(until))
            self._watch.expect_steady(channel, until)
        else:
            self._end(tx, channel, heard.heard_again_at, now)

    def _truth(self, silence: Silence) -> Truth:
        zone = self._installation.zone_of(Channel.parse(silence.channel).site)
        at = silence.heard_at
        text = "never heard" if at is None else f"last heard {format_local(at, zone)}"
        evidence = {
            "text": f"its gateway is offline, {text}" if silence.is_offline else text,
            "last_received_at": None if at is None else format_instant(at),
            **({"offline": True} if silence.is_offline else {}),
            **self._conditions.place(silence.channel),
        }
        wait = gather_for(self._probes[silence.channel].silent_after)
        return Truth(
            _NO_DATA, silence.channel, silence.silent_at, LEVEL_OF[_NO_DATA], evidence, tell_after=wait
        )

    def _raised(self, tx: Tx, channel: str) -> list[int]:
        """When the last alarms about no data were raised, the open one included."""
        facts = self._store.facts.current(tx, "alarm", subjects=[channel], limit=_EARLIER_MAX)
        return [fact.from_at for fact in facts if fact.body["condition"] == _NO_DATA.value]

    def _note(self, tx: Tx, channel: str, value: str) -> None:
        if value:
            self._chattering[channel] = None if value == _SILENT else int(value)
        else:
            self._chattering.pop(channel, None)
        self._store.due.put_markers(tx, {f"{_MARKER}{channel}": value})

    def _end(self, tx: Tx, channel: str, at: int, now: int) -> None:
        self._alarms.end(tx, _NO_DATA, channel, at=at, now=now, evidence={"clear_reason": "recovered"})
