"""Other rules tried on the stored history: what they would have found, beside what the rules in force find.

Both are judged anew, from the same readings and events as of the same instant, by the same core as live; so every
difference is one of the rules. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from monitor.core.alarm.cause.lot import lot_truths
from monitor.core.alarm.condition import Truth
from monitor.core.channel.excursion import Excursion
from monitor.core.channel.fold import seen_at
from monitor.core.fact import JSON, lot_body
from monitor.core.lot.custody import LotHistory
from monitor.core.lot.finding import still_open
from monitor.core.lot.timeline import timeline
from monitor.core.profile.installation import Installation
from monitor.core.profile.profile import Profile
from monitor.core.profile.rules import ChannelRules
from monitor.core.replay import Pair, figures, pairs
from monitor.core.time.instant import EARLIEST
from monitor.ports import ProfileBook, Store, Tx
from monitor.writer.lot.findings import Findings, Judged, LotEvents, history_of
from monitor.writer.lot.ledgers import Ledgers
from monitor.writer.lot.sweep import ChannelFold, LedgerFold, Taker, sweep

Progress = Callable[[str, float, float], None]
"""``progress(what, done, of)``: told as the work goes on."""


class LotOutcome(NamedTuple):
    """A lot by one book: its figures (:func:`monitor.core.replay.figures`) and the alarms that hold."""

    body: JSON
    truths: Sequence[Truth]


class LotPair(NamedTuple):
    """A lot by both books; the same outcome twice where nothing that judges it differs."""

    history: LotHistory
    was: LotOutcome
    would_be: LotOutcome


class Replayed(NamedTuple):
    """What both books make of the history as of an instant: pairs of excursions by channel, and of lots."""

    readings: int
    channels: Mapping[str, Sequence[Pair]]
    lots: Sequence[LotPair]


class ReplaySide:
    """One of the two books, and what it makes of the history as of ``end``."""

    def __init__(
        self, store: Store, installation: Installation, book: ProfileBook, ids: Mapping[str, int], end: int
    ) -> None:
        self.book = book
        self.ledgers = Ledgers(store, book, ids)
        self.findings = Findings(store, installation, book, self.ledgers)
        self.excursions: dict[str, list[Excursion]] = {}
        self._units = book.units()
        self._end = end

    def expect(self, history: LotHistory, profile: Profile) -> None:
        """Makes ready for a lot: the sweep will fill the ledgers of its channels."""
        for abode in timeline(history, profile, self._units):
            if abode.channel is not None:
                self.ledgers.expect(abode.channel, abode.rule, abode.from_at)

    def judges_as(self, other: ReplaySide, history: LotHistory, profile: Profile) -> bool:
        """Whether a lot's places and their readings are the same by both books."""
        abodes = timeline(history, profile, self._units)
        if abodes != timeline(history, profile, other._units):
            return False
        channels = {abode.channel for abode in abodes if abode.channel is not None}
        rules = [(self.book.rules_of(channel), other.book.rules_of(channel)) for channel in channels]
        return all(a is not None and b is not None and a.settings == b.settings for a, b in rules)

    def takers(self, channel: str, fold: ChannelFold | None) -> list[Taker]:
        """Who wants a channel's readings."""
        ledgers: list[Taker] = [LedgerFold(ledger) for ledger in self.ledgers.of_channel(channel)]
        return ledgers if fold is None else [fold, *ledgers]

    def keep(self, channel: str, fold: ChannelFold) -> None:
        """The excursions of a swept channel, as they stand at the end."""
        found = {id(excursion): excursion for excursion in fold.touched}.values()
        self.excursions[channel] = [
            seen_at(fold.state, fold.rules, one, self._end) if one.closed_at is None else one for one in found
        ]

    def outcome(self, judged: Judged) -> LotOutcome:
        """What a judged lot comes to, with the excursions that are open where it is."""
        channel = judged.home or ""
        going_on = (still_open(excursion, channel) for excursion in self.excursions.get(channel, ()))
        finding = judged.finding(filter(None, going_on), ())
        return LotOutcome(figures(lot_body(finding)), lot_truths(finding))


class _Case(NamedTuple):
    """A lot to be judged by both; ``by_would_be`` None: that is the same as by what was."""

    history: LotHistory
    by_was: Profile
    by_would_be: Profile | None


class Replay:
    """Judges the channels of ``installation`` and the lots of a store by two books, as of ``end``.

    ``profiles`` are the names that the rules on trial have: ValueError, in words, for a lot registered with another.
    """

    def __init__(
        self,
        store: Store,
        tx: Tx,
        installation: Installation,
        books: tuple[ProfileBook, ProfileBook],
        *,
        start: int = EARLIEST,
        end: int,
    ) -> None:
        self._store = store
        self._tx = tx
        self._installation = installation
        self._start = start
        self._end = end
        self._ids = store.history.channel_ids(tx)
        self.was, self.would_be = (ReplaySide(store, installation, book, self._ids, end) for book in books)
        self._readings = 0

    def run(self, profiles: set[str], progress: Progress = lambda what, done, of: None) -> Replayed:
        """Does it: one pass over the readings, then lot by lot."""
        cases = self._cases(profiles)
        channels = self._channels()
        found: dict[str, Sequence[Pair]] = {}
        for number, (channel, is_watched) in enumerate(channels.items()):

            def show(share: float, channel: str = channel, number: int = number) -> None:
                progress(channel, number + share, len(channels))

            self._sweep(channel, is_watched, show)
            if is_watched:
                found[channel] = pairs(self.was.excursions[channel], self.would_be.excursions[channel])
        lots = []
        for number, case in enumerate(cases):
            progress(f"lot {case.history.lot}", number, len(cases))
            lots.append(self._judge(case))
        return Replayed(self._readings, found, lots)

    # --- lots ---

    def _cases(self, profiles: set[str]) -> list[_Case]:
        events = LotEvents(self._store, self._tx)
        missing: Counter[str] = Counter()
        found = []
        for lot in events.lots():
            relatives = [row for one in sorted(events.relatives(lot)) for row in events.of(one)]
            history = history_of(events.of(lot), self._installation, lot, self._end, relatives)
            if history.registered is None or (history.disposed_at or self._end) < self._start:
                continue
            name = str(history.registered.profile)
            if name not in profiles:
                missing[name] += 1
            else:
                found.append(self._case(history))
        if missing:
            raise ValueError(_missing(missing))
        return [case for case in found if case is not None]

    def _case(self, history: LotHistory) -> _Case | None:
        by_was = self.was.findings.profile_of(history)
        by_would_be = self.would_be.findings.profile_of(history)
        if by_was is None or by_would_be is None:
            return None
        self.was.expect(history, by_was)
        if by_was == by_would_be and self.was.judges_as(self.would_be, history, by_was):
            return _Case(history, by_was, None)
        self.would_be.expect(history, by_would_be)
        return _Case(history, by_was, by_would_be)

    def _judge(self, case: _Case) -> LotPair:
        judged = self.was.findings.judge(self._tx, case.history, case.by_was)
        was = self.was.outcome(judged)
        if case.by_would_be is not None:
            judged = self.would_be.findings.judge(self._tx, case.history, case.by_would_be)
        return LotPair(case.history, was, self.would_be.outcome(judged))

    # --- channels ---

    def _channels(self) -> dict[str, bool]:
        """The channels to sweep, and whether their excursions are compared: a lot may have been where nobody
        watches any more."""
        watched = [c for c in self._installation.probes() if c in self._ids and self.was.book.rules_of(c)]
        of_lots = [
            channel
            for channel in self._ids
            if self.was.ledgers.of_channel(channel) or self.would_be.ledgers.of_channel(channel)
        ]
        return {**dict.fromkeys(of_lots, False), **dict.fromkeys(watched, True)}

    def _sweep(self, channel: str, is_watched: bool, progress: Callable[[float], None]) -> None:
        course = list(self._store.history.course(self._tx, self._ids[channel], upto=self._end))
        passed = 0

        def pass_by(readings: int) -> None:
            nonlocal passed
            passed += 1
            self._readings += readings
            if passed % 16 == 0:
                progress(passed / len(course))

        progress(0.0)
        folds = []
        kept: list[tuple[ReplaySide, ChannelFold]] = []
        for side, rules in self._rules(channel):
            fold = None
            if is_watched:
                is_same = bool(kept) and _judge_alike(kept[0][1].rules, rules)
                kept.append((side, kept[0][1] if is_same else ChannelFold(rules)))
                fold = None if is_same else kept[-1][1]
            folds.append((rules, side.takers(channel, fold)))
        sweep(course, folds, pass_by)
        for side, fold in kept:
            side.keep(channel, fold)

    def _rules(self, channel: str) -> Iterator[tuple[ReplaySide, ChannelRules]]:
        for side in (self.was, self.would_be):
            rules = side.book.rules_of(channel)
            if rules is not None:
                yield side, rules


def _judge_alike(one: ChannelRules, other: ChannelRules) -> bool:
    """Whether rules find the same excursions; their time zone is the same in any case."""
    return one.profiles == other.profiles and one.settings == other.settings


def _missing(profiles: Mapping[str, int]) -> str:
    names = ", ".join(
        f"{name!r} ({number} {'lot' if number == 1 else 'lots'})" for name, number in sorted(profiles.items())
    )
    return (
        f"lots in this time were registered with profiles that the rules to try don't have: {names}. Put their files"
        " back into profiles/; a lot keeps the name of its profile, so one that is renamed needs the old file too"
    )
