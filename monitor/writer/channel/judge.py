"""Judging channels as readings come in, and again when they come late; excursions become facts with versions.

In order, a reading advances its channel's state. One that comes late (or a second value for an instant) marks the
channel dirty; at the end of the batch a dirty channel is judged again from the last checkpoint before, once however
many readings came late. Both ways end in the same state: a property test holds them together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from monitor.core.alarm.cause.upload import ends_in_the_past
from monitor.core.channel.excursion import Excursion, KnownExcursion, reconcile
from monitor.core.channel.fold import ChannelState, advance, fold
from monitor.core.channel.quality import corrected
from monitor.core.channel.reading import Reading
from monitor.core.channel.warning import Spell, spells
from monitor.core.fact import is_alive
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import EARLIEST, parse_instant
from monitor.ports import Arrived, Fact, Store, Tx
from monitor.writer.channel.checkpoints import Checkpoints
from monitor.writer.channel.desk import ChannelDesk, ExcursionChange, News
from monitor.writer.channel.recording import ExcursionRecord
from monitor.writer.lot.ledgers import Ledgers


class Judge:
    """Holds the state of every channel. Used by the one writer, within its transactions."""

    def __init__(
        self, store: Store, rules: dict[str, ChannelRules], ids: dict[str, int], ledgers: Ledgers
    ) -> None:
        self._store = store
        self._record = ExcursionRecord(store)
        self._checkpoints = Checkpoints(store)
        self._ledgers = ledgers
        self._desks = {
            ids[path]: ChannelDesk(
                ids[path], path, channel_rules, ChannelState(channel_rules), ledgers.of_channel(path)
            )
            for path, channel_rules in rules.items()
        }
        self.in_doubt: dict[int, int] = {}
        """Channels to be read anew before they are judged on, and from which instant on."""
        self._spelled: list[Spell] = []  # of the message under way
        self.news = News()
        self._stirred = self.news.stirred

    # --- starting, and starting again ---

    def resume(self, tx: Tx, judged_position: int, without: Collection[str]) -> dict[str, Exception]:
        """Brings every channel but those ``without`` to where it was when ``judged_position`` was committed. Returns
        those that can't be, and why."""
        self.in_doubt.clear()
        broken: dict[str, Exception] = {}
        open_facts = self._record.open(tx)
        for desk in self._desks.values():
            if desk.path in without:
                continue
            try:
                self._bring_up(tx, desk, judged_position, open_facts.get(desk.path, ()))
            except Exception as error:  # whatever it is, it concerns this channel alone
                if self._store.is_trouble(error):
                    raise
                broken[desk.path] = error
        return broken

    def doubt(self, rows: Iterable[Arrived]) -> None:
        """These were taken in a turn that failed: what is known of their channels is to be read anew."""
        for channel, reading, _, _ in rows:
            self.distrust(channel, reading.measured_at)

    def distrust(self, channel: int, at: int) -> None:
        """What is known of a channel from an instant on is to be read anew."""
        self._spelled.clear()
        self.news.forget_spells()
        self.in_doubt[channel] = min(at, self.in_doubt.get(channel, at))

    def refresh(self, tx: Tx, rows: Iterable[Arrived], judged_position: int) -> None:
        """Reads anew what is in doubt of the channels of these rows; raises what that raises. They stay in doubt until
        :meth:`trust`."""
        channels = self.in_doubt.keys() & {row.channel for row in rows}
        if not channels:
            return
        open_facts = self._record.open(tx)
        for desk in (self._desks[channel] for channel in sorted(channels) if channel in self._desks):
            self._bring_up(tx, desk, judged_position, open_facts.get(desk.path, ()))
            self._ledgers.rewind(tx, desk.path, self.in_doubt[desk.id])
            self.news.stir(desk.ledgers)

    def trust(self, channels: Iterable[int]) -> None:
        """What was read anew, or judged again, of these channels is committed."""
        for channel in channels:
            self.in_doubt.pop(channel, None)

    def _bring_up(self, tx: Tx, desk: ChannelDesk, judged_position: int, open_facts: Iterable[Fact]) -> None:
        """Brings a channel to where it was: its last checkpoint, then the rest."""
        desk.state, after = self._checkpoints.before(tx, desk, None)
        rows = self._store.history.readings(tx, desk.id, after=after, position_max=judged_position)
        fold(desk.state, desk.rules, (row.reading for row in rows))
        desk.state.spells = self._spelled
        desk.since_checkpoint = len(rows)
        desk.dirty_from, desk.dirty_to, desk.has_skipped = None, EARLIEST, False
        desk.open_ids = {
            (fact.body["direction"], parse_instant(fact.body["started_at"])): (fact.id, fact.version)
            for fact in open_facts
            if is_alive(fact.body)
        }
        if {excursion.key for excursion in desk.state.open_excursions()} != set(desk.open_ids):
            desk.dirty_from = EARLIEST  # the rules of the past were changed by hand; judge it all again

    # --- judging ---

    def take(
        self, tx: Tx, rows: Sequence[Arrived], reasons: Sequence[str | None], recorded_at: int
    ) -> list[ExcursionChange]:
        """Judges readings of the log in arrival order, records what changed, and returns it in order.

        ``reasons`` are those of :class:`monitor.writer.channel.soundness.Soundness`. What is true at the end of each
        message is what gets a version: batches change nothing.
        """
        changes: list[ExcursionChange] = []
        touched: list[Excursion] = []
        desk: ChannelDesk | None = None
        desks, spelled = self._desks, self._spelled
        before: Arrived | None = None
        for arrived, reason in zip(rows, reasons, strict=True):
            channel, reading, item, _ = arrived
            if (touched or spelled) and (item == 0 or desk is None or desk.id != channel):
                changes += self._end_message(tx, desk, before, touched, recorded_at, len(changes))
                touched = []
            before = arrived
            if reason is None:
                desk = desks[channel]
                self._advance(desk, reading, touched)
            elif reason == "clock_ahead":
                self._doubt(desks[channel], reading)
        changes += self._end_message(tx, desk, before, touched, recorded_at, len(changes))
        return changes + self.rejudge_dirty(tx, recorded_at, rows, len(changes))

    def _end_message(
        self,
        tx: Tx,
        desk: ChannelDesk | None,
        last: Arrived | None,
        touched: Sequence[Excursion],
        recorded_at: int,
        before: int,
    ) -> list[ExcursionChange]:
        """Records what a message that ends with ``last`` has changed, after ``before`` changes of excursions."""
        if desk is None or last is None or not (touched or self._spelled):
            return []
        is_part = self.is_part(last)
        changes = self._record.touched(tx, desk, touched, recorded_at, is_part=is_part)
        if self._spelled:
            self.news.note_spells(desk, self._spelled, before + len(changes), is_part=is_part)
            self._spelled.clear()
        return changes

    def open_spells(self) -> list[tuple[str, Spell]]:
        """The spells beyond a warning level that hold now, by channel."""
        return [
            (desk.path, spell)
            for desk in self._desks.values()
            for spell in spells((desk.state.warm, desk.state.cool))
        ]

    def path_of(self, channel: int) -> str:
        """The channel's path, or nothing for one that isn't watched."""
        desk = self._desks.get(channel)
        return "" if desk is None else desk.path

    def is_part(self, last: Arrived) -> bool:
        """Whether a message that ends with ``last`` ends in the past, as parts of an upload do."""
        desk = self._desks.get(last.channel)
        return desk is not None and ends_in_the_past(last.reading, desk.rules)

    def _advance(self, desk: ChannelDesk, reading: Reading, touched: list[Excursion]) -> None:
        desk.since_checkpoint += 1
        at, celsius, state = reading.measured_at, reading.celsius, desk.state
        assert celsius is not None
        if desk.dirty_from is not None or (state.last_at is not None and at <= state.last_at):
            if state.last_at is not None and at > state.last_at:
                desk.has_skipped = True
            else:
                desk.dirty_from = at if desk.dirty_from is None else min(desk.dirty_from, at)
                desk.dirty_to = max(desk.dirty_to, at)
            return
        values = (corrected(celsius, desk.rules.settings_at(at).offset),)
        advance(state, desk.rules, at, values, touched)
        for ledger in desk.ledgers:
            # One that was made a moment ago may have this reading from the log already.
            if ledger.last_at is None or at > ledger.last_at:
                ledger.take(at, values)
                if ledger.stirred:
                    self._stirred[id(ledger)] = ledger

    def _doubt(self, desk: ChannelDesk, reading: Reading) -> None:
        """A reading that came too early to be true may be an earlier copy of one that was taken for good."""
        last_at = desk.state.last_at
        if last_at is not None and reading.measured_at <= last_at:
            at = reading.measured_at
            desk.dirty_from = at if desk.dirty_from is None else min(desk.dirty_from, at)
            desk.dirty_to = max(desk.dirty_to, at)

    def rejudge_dirty(
        self, tx: Tx, recorded_at: int, rows: Sequence[Arrived], before: int = 0
    ) -> list[ExcursionChange]:
        """Judges the channels again that got late readings among ``rows``, after ``before`` changes."""
        changes: list[ExcursionChange] = []
        for desk in self._desks.values():
            if desk.dirty_from is not None:
                last = next((arrived for arrived in reversed(rows) if arrived.channel == desk.id), None)
                is_part = last is not None and self.is_part(last)
                changes += self._judge_again(
                    tx, desk, desk.dirty_from, recorded_at, before + len(changes), is_part=is_part
                )
        return changes

    def rejudge(self, tx: Tx, channel: int, since: int, recorded_at: int) -> list[ExcursionChange]:
        """Judges a channel again from an instant on, whatever is known of it; what that changed, in order."""
        desk = self._desks[channel]
        return self._judge_again(tx, desk, since, recorded_at, 0, is_part=False, to_the_end=True)

    def _judge_again(
        self,
        tx: Tx,
        desk: ChannelDesk,
        since: int,
        recorded_at: int,
        before: int,
        *,
        is_part: bool,
        to_the_end: bool = False,
    ) -> list[ExcursionChange]:
        # From the beginning: the rules of the past were changed, and so is what was kept by them.
        to_the_end = to_the_end or since == EARLIEST
        changes, changed = self._rejudge(tx, desk, since, recorded_at, to_the_end=to_the_end)
        desk.dirty_from, desk.dirty_to = None, EARLIEST
        if any(profile.warning is not None for _, profile in desk.rules.profiles):
            after = before + len(changes)
            self.news.note_spells(desk, changed, after, is_part=is_part, is_rejudged=True)
        return [change._replace(is_part=is_part) for change in changes]

    def _rejudge(
        self, tx: Tx, desk: ChannelDesk, since: int, recorded_at: int, *, to_the_end: bool
    ) -> tuple[list[ExcursionChange], list[Spell]]:
        """Judges from the checkpoint before ``since`` on, as far as that changes anything (or ``to_the_end``): where
        the state is the one that was kept, all that follows is as it was."""
        if to_the_end:
            self._store.due.drop_checkpoints(tx, desk.id, since)
        state, after = self._checkpoints.before(tx, desk, since)
        changed: list[Spell] = []
        state.spells = changed
        judged = state.open_excursions()
        touched, until = self._checkpoints.fold_until_known(tx, desk, state, after, since)
        judged += touched
        facts = self._record.decided(tx, desk, after, until)
        if until is None:
            desk.state, state.spells = state, self._spelled
        else:
            # What is open there goes on as it did.
            judged = [excursion for excursion in judged if excursion.closed_at is not None]
            if desk.has_skipped:
                rest_after = desk.state.last_at
                judged += desk.state.open_excursions()
                judged += self._checkpoints.fold_in_stages(tx, desk, desk.state, rest_after)
                facts |= self._record.decided(tx, desk, rest_after, None)
        desk.has_skipped = False
        self._ledgers.take_again(tx, desk.path, since, until)
        self.news.stir(desk.ledgers)
        self.news.note_late(desk.path, since)
        known = [
            KnownExcursion(
                fact.id,
                fact.body["direction"],
                parse_instant(fact.body["started_at"]),
                None if fact.body["ended_at"] is None else parse_instant(fact.body["ended_at"]),
            )
            for fact in facts.values()
        ]
        matches = reconcile(known, list({id(excursion): excursion for excursion in judged}.values()))
        if until is None:
            desk.open_ids = {}
        return self._record.matched(tx, desk, matches, facts, recorded_at), changed

    def checkpoint(self, tx: Tx) -> None:
        """Keeps the state of channels that have come far since they were kept last."""
        self._checkpoints.keep(tx, self._desks.values())
