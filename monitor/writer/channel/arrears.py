"""Channels whose judging failed, and from which instant on they must be judged again: on record, so that a restart
knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.channel.reading import Arrived
from monitor.ports import Store
from monitor.writer.turn import Turn, Waiting

_MARKER = "again:"


class Arrears:
    """At most an instant for each channel. Used by the one writer, within its turns."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.since: dict[str, int] = {}
        """The channels that must be judged again, and from which instant on each."""

    @property
    def to_do(self) -> Sequence[Waiting]:
        """Given back with the turn that changed it."""
        return (self.since,)

    def recall(self, turn: Turn) -> None:
        """Takes them from the store."""
        kept = self._store.due.markers(turn.tx, _MARKER)
        self.since.clear()
        self.since.update({name.removeprefix(_MARKER): int(text) for name, text in kept.items() if text})

    def note(self, turn: Turn, channel: str, at: int) -> None:
        """A channel's readings from ``at`` on are not judged."""
        if at < self.since.get(channel, at + 1):
            self._put(turn, channel, at)

    def note_rows(self, turn: Turn, channel: str, rows: Iterable[Arrived]) -> None:
        """These readings of a channel are not judged."""
        self.note(turn, channel, min(row.reading.measured_at for row in rows))

    def done(self, turn: Turn, channel: str) -> None:
        """A channel was judged again, or nobody watches it any more."""
        self.since.pop(channel, None)
        self._store.due.put_markers(turn.tx, {f"{_MARKER}{channel}": ""})

    def _put(self, turn: Turn, channel: str, at: int) -> None:
        self.since[channel] = at
        self._store.due.put_markers(turn.tx, {f"{_MARKER}{channel}": at})
