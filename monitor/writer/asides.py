"""What is set aside, on record: markers of the store, each with its alarm."""

from __future__ import annotations

import json
from collections.abc import Sequence

import structlog

from monitor.core.alarm.aside import Aside, failed, truth_of
from monitor.core.alarm.condition import AlarmCondition
from monitor.ports import Store, Tx
from monitor.writer.alarm.alarms import Alarms
from monitor.writer.turn import Turn, Waiting

log = structlog.get_logger(__name__)

MARKER = "aside:"
JUDGING, TELLING = "judging", "telling"
"""The work of judging a channel, and of telling people of an alarm."""
_FAILED = AlarmCondition.JUDGING_FAILED
Key = tuple[str, str]
"""The work that failed, and of what."""


def marker_of(work: str, subject: str) -> str:
    """The name of the marker of what is set aside."""
    return f"{MARKER}{work}:{subject}"


def on_record(store: Store, tx: Tx) -> list[Aside]:
    """All that is set aside, the longest first."""
    asides = [Aside(*json.loads(text)) for text in store.due.markers(tx, MARKER).values() if text]
    return sorted(asides, key=_longest_first)


def _longest_first(aside: Aside) -> tuple[int, str, str]:
    return (aside.since_at, aside.work, aside.subject)


class Asides:
    """Knows what is set aside. Used by the one writer, within its turns."""

    def __init__(self, store: Store, alarms: Alarms, version: str) -> None:
        self._store = store
        self._alarms = alarms
        self._version = version
        self._known: dict[Key, Aside] = {}

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Nothing: all of it is on record."""
        return ()

    def recall(self, turn: Turn) -> None:
        """Takes what is set aside from the store."""
        asides = on_record(self._store, turn.tx)
        self._known = {(aside.work, aside.subject): aside for aside in asides}

    def all(self) -> list[Aside]:
        """All that is set aside, the longest first. For any thread, and without waiting for a turn."""
        asides = list(self._known.values())  # at once: a turn may be changing it
        return sorted(asides, key=_longest_first)

    def subjects(self, work: str) -> set[str]:
        """What of a kind of work is set aside."""
        return {subject for known, subject in self._known if known == work}

    def holds(self, work: str, subject: str, now: int) -> bool:
        """Whether this is set aside, and not to be tried again yet."""
        aside = self._known.get((work, subject))
        return aside is not None and not aside.is_due(now, self._version)

    def put(self, turn: Turn, work: str, subject: str, error: BaseException) -> None:
        """This failed: it is set aside, and an alarm says so."""
        known = self._known.get((work, subject))
        aside = failed(known, work, subject, error, now=turn.now, version=self._version)
        # Where it failed is said once; that it still does, each time.
        log.error("set aside; it is tried again", what=aside.text, exc_info=error if known is None else None)
        self._record(turn, (work, subject), aside)
        self._alarms.hold(turn.tx, truth_of(aside), turn.now)

    def take_out(self, turn: Turn, work: str, subject: str) -> None:
        """This works again, or is no longer there; its alarm is over with the last that was set aside about it."""
        if (work, subject) not in self._known:
            return
        self._record(turn, (work, subject), None)
        if not any(known == subject for _, known in self._known):
            evidence = {"clear_reason": "recovered"}
            self._alarms.end(turn.tx, _FAILED, subject, at=turn.now, now=turn.now, evidence=evidence)

    def _record(self, turn: Turn, key: Key, aside: Aside | None) -> None:
        before = self._known.get(key)
        turn.undo(lambda: self._remember(key, before))
        self._remember(key, aside)
        self._store.due.put_markers(turn.tx, {marker_of(*key): "" if aside is None else json.dumps(aside)})

    def _remember(self, key: Key, aside: Aside | None) -> None:
        if aside is None:
            self._known.pop(key, None)
        else:
            self._known[key] = aside
