"""What an import holds back until it ends: channels to judge again, and faults that nobody was told of. On record, so
that a restart knows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from monitor.core.alarm.alarm import Alarm
from monitor.core.channel.ear import ProbeFault
from monitor.ports import JSON, Arrived, Store, Tx
from monitor.writer.condition.conditions import Conditions
from monitor.writer.turn import Turn, Waiting

_MARKER = "import"


class HeldBack:
    """At most an instant for each channel and a fault for each probe. Used within the writer's turns.

    ``until``: when an import that says nothing more is over; None: none is on. ``since``: the channels to judge again,
    each from its earliest reading that came late. ``last``: the latest instant of each channel; None: not looked up.
    """

    def __init__(self, store: Store, conditions: Conditions) -> None:
        self._store = store
        self._conditions = conditions
        self.until: int | None = None
        self.since: dict[int, int] = {}
        self.last: dict[int, int] | None = None
        self._faults: dict[str, ProbeFault] = {}  # open, and told to no one
        self._alarms: list[Alarm] | None = None  # of the part under way; None: none is

    # --- part of every turn ---

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: what is held back is on record."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Takes what is held back from the store."""
        kept: dict[str, Any] = json.loads(self._store.due.marker(turn.tx, _MARKER) or "{}")
        self.until, self.last = kept.get("until"), None
        self.since = {int(channel): at for channel, at in kept.get("since", {}).items()}
        self._faults = {
            path: ProbeFault(path, since_at, reason, None)
            for path, (since_at, reason) in kept.get("faults", {}).items()
        }

    def save(self, tx: Tx) -> None:
        """Puts it on record as it is."""
        kept: JSON = {}
        if self.until is not None:
            faults = {path: (fault.since_at, fault.reason) for path, fault in self._faults.items()}
            kept = {"until": self.until, "since": self.since, "faults": faults}
        self._store.due.put_markers(tx, {_MARKER: json.dumps(kept)})

    # --- an import ---

    @property
    def is_on(self) -> bool:
        """Whether an import is under way."""
        return self.until is not None

    def judge_later(self, rows: Iterable[Arrived]) -> None:
        """These readings are judged when the import ends."""
        for row in rows:
            at = row.reading.measured_at
            self.since[row.channel] = min(at, self.since.get(row.channel, at))

    def end(self, tx: Tx, now: int) -> None:
        """The import is over: faults that are still there are told."""
        self._conditions.on_faults(tx, self._faults.values(), now)
        self.until, self.last, self._faults = None, None, {}

    # --- faults and alarms, as they come to be known ---

    def faulty(self) -> dict[str, int]:
        """The probes whose fault is held back, and since when: no one else would remember them."""
        return {path: fault.since_at for path, fault in self._faults.items()}

    def on_faults(self, tx: Tx, faults: Sequence[ProbeFault], now: int) -> None:
        """Probes turned faulty or sound, as the part under way says, or live readings if there is none."""
        for fault in faults:
            if self._alarms is not None and fault.ended_at is None:
                self._faults[fault.channel] = fault
            else:
                self._faults.pop(fault.channel, None)
                self._conditions.on_faults(tx, [fault], now)

    def note_alarm(self, alarm: Alarm) -> None:
        """An alarm has a new version."""
        if self._alarms is not None:
            self._alarms.append(alarm)

    @contextmanager
    def noting_alarms(self) -> Iterator[list[Alarm]]:
        """Notes the alarms that have new versions meanwhile: a part is under way."""
        noted = self._alarms = []
        try:
            yield noted
        finally:
            self._alarms = None
