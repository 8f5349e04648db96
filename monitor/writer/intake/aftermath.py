"""What an import's readings lead to: what is over at once, what still holds and what it means for lots at its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.fact import is_alive, is_going_on
from monitor.core.lot.ledger import Ledger
from monitor.ports import Arrived, Store, Tx
from monitor.writer.channel.desk import ExcursionChange, News
from monitor.writer.channel.readings import Readings
from monitor.writer.condition.temperatures import Temperatures
from monitor.writer.condition.trails import Trails
from monitor.writer.lot.queue import LotQueue
from monitor.writer.turn import Turn


class Aftermath:
    """Follows what changed. What of a lot's surroundings has changed is kept, and lots are judged when the import
    ends. Used within the writer's turns."""

    def __init__(
        self,
        store: Store,
        news: News,
        readings: Readings,
        temperatures: Temperatures,
        trails: Trails,
        queue: LotQueue,
    ) -> None:
        self._store = store
        self._news = news
        self._readings = readings
        self._temperatures = temperatures
        self._trails = trails
        self._queue = queue
        self.forget()

    def forget(self) -> None:
        """An import is over."""
        self._touched: set[str] = set()
        self._channels: dict[str, None] = {}
        self._stirred: dict[int, Ledger] = {}
        self._late: dict[str, int] = {}

    def follow(self, turn: Turn, changes: Sequence[ExcursionChange]) -> dict[str, str]:
        """What changed excursions lead to now: all but what is open. Gives each id with what became of it."""
        self._note(changes)
        for change in changes:
            if not is_going_on(change.body):
                self._temperatures.on_excursion(turn.tx, change, turn.now)
        for spelled in self._news.take_spells():
            self._temperatures.on_spells(turn.tx, spelled, turn.now, hold=False)
        became: dict[str, str] = {}
        for change in changes:
            what = "changed" if is_alive(change.body) else "withdrawn"
            is_new = change.version == 1 or became.get(change.id) == what == "new"
            became[change.id] = "new" if is_new else what
        return became

    def _note(self, changes: Iterable[ExcursionChange]) -> None:
        """Takes from the judge what readings stirred, so that nobody else acts on it before the end."""
        self._channels |= dict.fromkeys(change.channel for change in changes)
        self._stirred |= {id(ledger): ledger for ledger in self._news.take_stirred()}
        for channel, at in self._news.take_late().items():
            self._late[channel] = min(at, self._late.get(channel, at))

    def note_events(self, rows: Iterable[Arrived], lots: Iterable[str]) -> None:
        """These readings are no signs of now, and these lots have new events."""
        self._trails.forget({row.channel for row in rows})
        self._touched.update(lots)

    def tell_what_holds(self, tx: Tx, now: int, channels: Iterable[str]) -> None:
        """The import ends: what is open on these channels is told."""
        watched = frozenset(channels)
        for fact in self._store.facts.current(tx, "excursion", open_only=True):
            if is_going_on(fact.body) and fact.subject in watched:
                self._temperatures.on_held_back(tx, fact, now)
        self._temperatures.tell_open(tx, now)

    def queue_lots(self, tx: Tx, now: int) -> None:
        """Queues the lots to which all that may matter."""
        self._queue.after_readings(self._stirred.values())
        for channel, at in self._late.items():
            self._queue.after_late(channel, at, now)
        self._readings.queue_lots_inside(self._channels)
        self._queue.after_event(tx, self._touched)
