"""The ledgers of the channels that hold lots: made from the store when they are asked for, kept up as readings come."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from monitor.core.channel.fold import by_instant, good_values
from monitor.core.channel.reading import Reading
from monitor.core.lot.ledger import Ledger
from monitor.core.lot.piece import GoodValues, Zoom
from monitor.core.lot.place import PlaceRule
from monitor.core.outlook.next_change import Wakes
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import LATEST
from monitor.ports import ProfileBook, Store, Tx
from monitor.writer.lot.sweep import LedgerFold, sweep

ZOOMED_MAX = 64
"""Times looked at closely that are remembered: lots that came on one day ask for the same one."""
_AT = "at"

Key = tuple[str, tuple[str, str | None]]
"""A channel and the key of a place's rule."""


class Ledgers:
    """Every ledger in use, by channel and rule. Those of one transaction's questions are thrown away with it; the
    writer keeps its own, feeds them, and is told which lots to judge again.

    Bounded by the number of (channel, rule) pairs that lots were ever stored in.
    """

    def __init__(self, store: Store, book: ProfileBook, channel_ids: Mapping[str, int]) -> None:
        self._store = store
        self._book = book
        self._ids = channel_ids
        self._ledgers: dict[Key, Ledger] = {}
        self._of_channel: dict[str, list[Ledger]] = {}
        self._zoomed: dict[tuple[str, int, int], list[GoodValues]] = {}

    def of_channel(self, channel: str) -> list[Ledger]:
        """The ledgers of a channel: always the same list, so that who feeds them need ask only once."""
        return self._of_channel.setdefault(channel, [])

    def get(self, tx: Tx, channel: str, rule: PlaceRule, start: int) -> Ledger | None:
        """The ledger of a channel by a rule, from ``start`` on at least; None for a channel that never was."""
        rules = self._book.rules_of(channel)
        if rules is None or channel not in self._ids:
            return None
        since = _since(rules, start)
        ledger = self._ledgers.get((channel, rule.key))
        if ledger is None:
            ledger = self._add(channel, rule, rules, since)
            self._feed(tx, channel, rules, ledger, since - 1)
        elif ledger.since > since:
            self._feed(tx, channel, rules, ledger, ledger.begin_at(since))
        return ledger

    def expect(self, channel: str, rule: PlaceRule, start: int) -> None:
        """:meth:`get` will be asked for this ledger, and somebody feeds it before: those that are expected are
        made empty, from the earliest ``start`` on, and are in :meth:`of_channel`."""
        rules = self._book.rules_of(channel)
        if rules is None or channel not in self._ids:
            return
        ledger = self._ledgers.get((channel, rule.key)) or self._add(channel, rule, rules, LATEST)
        ledger.since = min(ledger.since, _since(rules, start))

    def _add(self, channel: str, rule: PlaceRule, rules: ChannelRules, since: int) -> Ledger:
        ledger = self._ledgers[channel, rule.key] = Ledger(rule, rules, since)
        self.of_channel(channel).append(ledger)
        return ledger

    def rewind(self, tx: Tx, channel: str, at: int) -> None:
        """Takes a channel's readings again from ``at`` on: some came late."""
        self._zoomed.clear()
        rules = self._book.rules_of(channel)
        for ledger in self.of_channel(channel):
            if rules is not None:
                self._feed(tx, channel, rules, ledger, ledger.rewind(at))

    def take_again(self, tx: Tx, channel: str, at: int, until: int | None) -> None:
        """Takes a channel's readings again from ``at`` on, some of which came late; ``until``: none after that did.
        Nothing counts anew, so nobody is woken: every lot that was there is judged after late readings."""
        rules = self._book.rules_of(channel)
        if rules is None:
            return
        self._zoomed.clear()
        for ledger in self.of_channel(channel):
            part = None if until is None or at < ledger.since else ledger.part_between(at, until)
            if part is not None:
                course = self._store.history.course(tx, self._ids[channel], after=part.after, upto=part.until)
                sweep(course, [(rules, [LedgerFold(part.ledger)])])
                if ledger.replace(part):
                    continue
            counted = dict(ledger.tally.counts)
            self._feed(tx, channel, rules, ledger, ledger.rewind(at))
            ledger.tally.counts = counted

    def _feed(self, tx: Tx, channel: str, rules: ChannelRules, ledger: Ledger, after: int) -> None:
        course = self._store.history.course(tx, self._ids[channel], after=after)
        sweep(course, [(rules, [LedgerFold(ledger)])])

    def zoom(self, tx: Tx, channel: str) -> Zoom:
        """A channel's good readings of a time that is over, from the store."""

        def zoomed(first: int, last: int) -> Sequence[GoodValues]:
            key = (channel, first, last)
            if key not in self._zoomed:
                if len(self._zoomed) >= ZOOMED_MAX:
                    del self._zoomed[next(iter(self._zoomed))]  # the oldest
                self._zoomed[key] = self.good_readings(tx, channel, first, last)
            return self._zoomed[key]

        return zoomed

    def good_readings(self, tx: Tx, channel: str, first: int, last: int) -> list[GoodValues]:
        """A channel's good readings in [first, last], as they are in the store now."""
        rules = self._book.rules_of(channel)
        assert rules is not None
        found: list[GoodValues] = []
        for packed in self._store.history.course(tx, self._ids[channel], after=first - 1, upto=last):
            plain = packed.plain()
            found += _good(packed.readings(), rules) if plain is None else plain.good_values(rules)
        return found


def _since(rules: ChannelRules, start: int) -> int:
    """Since when a ledger's readings may matter: the line to the first one in custody begins before it."""
    return start - max(settings.max_gap for _, settings in rules.settings)


def _good(readings: Iterable[Reading], rules: ChannelRules) -> Iterator[GoodValues]:
    for group in by_instant(readings):
        values = good_values(group, rules)
        if values:
            yield group[0].measured_at, values


class Wait(NamedTuple):
    """What a lot waits for in one ledger; ``is_home``: it is there now."""

    ledger: Ledger
    wakes: Wakes
    is_home: bool


class Waking:
    """Which lots to judge again as readings come: for each ledger, what it must tally, or which instant it must reach.

    The next of each kind is the top of a heap, so that a reading costs the same however many lots wait. What lots no
    longer wait for is dropped when it comes to the top, or when it makes up most of a heap.
    """

    def __init__(self) -> None:
        self._heaps: dict[int, dict[str, list[tuple[int, str, int]]]] = {}
        self._ledgers: dict[int, Ledger] = {}
        self._turn: dict[str, int] = {}
        self._residents: dict[int, set[str]] = {}
        self._home: dict[str, int] = {}

    def forget(self, lot: str) -> None:
        """The lot waits for nothing any more."""
        self._turn[lot] = self._turn.get(lot, 0) + 1
        home = self._home.pop(lot, None)
        if home is not None:
            self._residents[home].discard(lot)

    def wait(self, lot: str, waits: Iterable[Wait]) -> None:
        """The lot waits for this; what it waited for before is forgotten."""
        self.forget(lot)
        for ledger, wakes, is_home in waits:
            number = id(ledger)
            self._ledgers[number] = ledger
            if is_home:
                self._home[lot] = number
                self._residents.setdefault(number, set()).add(lot)
            for what, more in wakes.after.items():
                self._push(number, what, ledger.tally.counts.get(what, 0) + more, lot)
            if wakes.at is not None:
                self._push(number, _AT, wakes.at, lot)
                ledger.wake_at = self._heaps[number][_AT][0][0]

    def _push(self, number: int, what: str, level: int, lot: str) -> None:
        heap = self._heaps.setdefault(number, {}).setdefault(what, [])
        heapq.heappush(heap, (level, lot, self._turn[lot]))
        if len(heap) > 64 and len(heap) > 8 * len(self._residents.get(number, ())):
            heap[:] = [one for one in heap if self._turn.get(one[1]) == one[2]]
            heapq.heapify(heap)

    def residents(self, ledger: Ledger) -> set[str]:
        """The lots that are in a ledger's channel now, by its rule."""
        return self._residents.get(id(ledger), set())

    def inhabited(self) -> list[Ledger]:
        """The ledgers with lots."""
        return [self._ledgers[number] for number, lots in self._residents.items() if lots]

    def woken(self, ledger: Ledger) -> list[str]:
        """The lots whose time has come, after readings; each once."""
        ledger.stirred = False
        found: dict[str, None] = {}
        heaps = self._heaps.get(id(ledger), {})
        for what, heap in heaps.items():
            reached = (ledger.last_at or 0) if what == _AT else ledger.tally.counts.get(what, 0)
            while heap and (heap[0][0] <= reached or self._turn.get(heap[0][1]) != heap[0][2]):
                _, lot, turn = heapq.heappop(heap)
                if self._turn.get(lot) == turn:
                    found[lot] = None
        at_heap = heaps.get(_AT)
        ledger.wake_at = at_heap[0][0] if at_heap else LATEST
        return list(found)
