"""Channels that fall silent and are heard again: reads what :mod:`monitor.core.alarm.cause.silence` decides by.

Which channels chatter, and since when each is heard again, is kept in the store with the alarms: a restart goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.core.alarm.cause.silence import NO_DATA, Chatter, HearingState, of_silence, of_steady
from monitor.core.channel.liveness import Silence, Steady, Watch
from monitor.core.profile.installation import Installation
from monitor.core.profile.unit import Channel
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.condition.conditions import Conditions
from monitor.writer.turn import Turn, Waiting

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
        return [path for path in self._alarms.open_subjects(NO_DATA) if self._chattering.get(path) is None]

    def steady(self) -> Mapping[str, int]:
        """Until when channels whose silences came and went must be heard without another one."""
        return {path: until for path, until in self._chattering.items() if until is not None}

    def take(self, tx: Tx, heard: Silence | Steady, now: int) -> None:
        """A channel was silent from its deadline on, and may have been heard again; or it has been heard for long."""
        channel, chatter = heard.channel, self._chatter_of(heard.channel)
        if isinstance(heard, Steady):
            decided = of_steady(heard)
        else:
            decided = of_silence(heard, self._hearing(tx, heard, chatter))
        if decided.chatter != chatter:
            self._note(tx, channel, decided.chatter)
        self._alarms.carry_out(tx, decided.outcomes, now)
        until = None if decided.chatter is None else decided.chatter.until
        if until is not None and isinstance(heard, Silence) and heard.heard_again_at is not None:
            self._watch.expect_steady(channel, until)

    def _chatter_of(self, channel: str) -> Chatter | None:
        return Chatter(self._chattering[channel]) if channel in self._chattering else None

    def _hearing(self, tx: Tx, silence: Silence, chatter: Chatter | None) -> HearingState:
        """What is known of a channel; when its alarms were raised is asked only as it is heard again."""
        channel = silence.channel
        return HearingState(
            self._probes[channel],
            self._alarms.get(NO_DATA, channel),
            chatter,
            raised=() if silence.heard_again_at is None else self._raised(tx, channel),
            zone=self._installation.zone_of(Channel.parse(channel).site),
            place=self._conditions.place(channel),
        )

    def _raised(self, tx: Tx, channel: str) -> list[int]:
        """When the last alarms about no data were raised, the open one included."""
        facts = self._store.facts.current(tx, "alarm", subjects=[channel], limit=_EARLIER_MAX)
        return [fact.from_at for fact in facts if fact.body["condition"] == NO_DATA.value]

    def _note(self, tx: Tx, channel: str, chatter: Chatter | None) -> None:
        value = ""
        if chatter is None:
            self._chattering.pop(channel, None)
        else:
            self._chattering[channel] = chatter.until
            value = _SILENT if chatter.until is None else str(chatter.until)
        self._store.due.put_markers(tx, {f"{_MARKER}{channel}": value})
