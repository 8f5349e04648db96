"""Judging channels as readings come in, and again when they come late; excursions become facts with versions.

In order, a reading advances its channel's state. One that comes late (or a second value for an instant) marks the
channel dirty; at the end of the batch a dirty channel is judged again from the last checkpoint before, once however
many readings came late. Both ways end in the same state: a property test holds them together.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence

import structlog

from monitor.core.answer.excursion import ExcursionBody
from monitor.core.channel.checkpoint import state_from_json, state_to_json
from monitor.core.channel.excursion import Excursion, KnownExcursion, Match, reconcile
from monitor.core.channel.fold import ChannelState, advance, fold, take_stretch
from monitor.core.channel.quality import corrected, why_bad
from monitor.core.channel.reading import Reading
from monitor.core.channel.warning import Spell, spells
from monitor.core.fact import decided_at, excursion_body, is_alive
from monitor.core.lot.ledger import Ledger
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import EARLIEST, parse_instant
from monitor.ports import Arrived, Fact, Store, Tx
from monitor.writer.channel.desk import ChannelDesk, ExcursionChange, SpellChange, stages
from monitor.writer.lot.ledgers import Ledgers

log = structlog.get_logger(__name__)

CHECKPOINT_AFTER = 1_000
"""Readings of a channel after which its state is kept: a late reading is judged from the one before it to one after."""


class Judge:
    """Holds the state of every channel. Used by the one writer, within its transactions."""

    def __init__(
        self, store: Store, rules: dict[str, ChannelRules], ids: dict[str, int], ledgers: Ledgers
    ) -> None:
        self._store = store
        self._ledgers = ledgers
        self._desks = {
            ids[path]: ChannelDesk(
                ids[path], path, channel_rules, ChannelState(channel_rules), ledgers.of_channel(path)
            )
            for path, channel_rules in rules.items()
        }
        self._stirred: dict[int, Ledger] = {}
        self._late: dict[str, int] = {}
        self._in_doubt: dict[int, int] = {}  # channels to be read anew, and from which instant on
        self._spelled: list[Spell] = []  # of the message under way
        self._spell_changes: list[SpellChange] = []

    # --- starting, and starting again ---

    def resume(self, tx: Tx, judged_position: int, without: Collection[str]) -> dict[str, Exception]:
        """Brings every channel but those ``without`` to where it was when ``judged_position`` was committed. Returns
        those that can't be, and why."""
        self._in_doubt.clear()
        broken: dict[str, Exception] = {}
        open_facts = self._open_facts(tx)
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

    @property
    def is_in_doubt(self) -> bool:
        """Whether anything must be read anew before it is judged on."""
        return bool(self._in_doubt)

    def doubt(self, rows: Iterable[Arrived]) -> None:
        """These were taken in a turn that failed: what is known of their channels is to be read anew."""
        for channel, reading, _, _ in rows:
            self.distrust(channel, reading.measured_at)

    def distrust(self, channel: int, at: int) -> None:
        """What is known of a channel from an instant on is to be read anew."""
        self._spelled.clear()
        self._spell_changes.clear()
        self._in_doubt[channel] = min(at, self._in_doubt.get(channel, at))

    def refresh(self, tx: Tx, rows: Iterable[Arrived], judged_position: int) -> None:
        """Reads anew what is in doubt of the channels of these rows; raises what that raises. They stay in doubt until
        :meth:`trust`."""
        channels = self._in_doubt.keys() & {row.channel for row in rows}
        if not channels:
            return
        open_facts = self._open_facts(tx)
        for desk in (self._desks[channel] for channel in sorted(channels) if channel in self._desks):
            self._bring_up(tx, desk, judged_position, open_facts.get(desk.path, ()))
            self._ledgers.rewind(tx, desk.path, self._in_doubt[desk.id])
            self._stirred |= {id(ledger): ledger for ledger in desk.ledgers}

    def trust(self, channels: Iterable[int]) -> None:
        """What was read anew, or judged again, of these channels is committed."""
        for channel in channels:
            self._in_doubt.pop(channel, None)

    def _open_facts(self, tx: Tx) -> dict[str, list[Fact]]:
        by_channel: dict[str, list[Fact]] = {}
        for fact in self._store.facts.current(tx, "excursion", open_only=True):
            by_channel.setdefault(fact.subject, []).append(fact)
        return by_channel

    def _bring_up(self, tx: Tx, desk: ChannelDesk, judged_position: int, open_facts: Iterable[Fact]) -> None:
        """Brings a channel to where it was: its last checkpoint, then the rest."""
        desk.state, after = self._state_before(tx, desk, None)
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

    def _state_before(self, tx: Tx, desk: ChannelDesk, at: int | None) -> tuple[ChannelState, int | None]:
        found = self._store.due.checkpoint_before(tx, desk.id, at)
        if found is None:
            return ChannelState(desk.rules), None
        return state_from_json(found[1], desk.rules), found[0]

    # --- judging ---

    def why_bad(self, rows: Sequence[Arrived]) -> list[str | None]:
        """For each reading why it takes no part, None if it does."""
        desks = self._desks
        return [
            why_bad(reading, desk.rules.settings_at(reading.measured_at))
            if (desk := desks.get(channel)) is not None
            else "unknown"
            for channel, reading, _, _ in rows
        ]

    def good_since(self, tx: Tx, paths: Collection[str], span: int) -> dict[str, int | None]:
        """Since when, within the last ``span`` ms of what each of these channels said, all of it is good; None if the
        last isn't."""
        latest = self._store.history.latest(tx) if paths else {}
        sound: dict[str, int | None] = {}
        for desk in self._desks.values():
            last = latest.get(desk.id, {}).get("measured_at")
            if desk.path not in paths or last is None:
                continue
            try:
                sound[desk.path] = self._good_since(tx, desk, last - span)
            except Exception as error:
                if self._store.is_trouble(error):
                    raise
                sound[desk.path] = None  # nobody can tell: the fault goes on
        return sound

    def _good_since(self, tx: Tx, desk: ChannelDesk, after: int) -> int | None:
        since: int | None = None
        for _, _, reading in self._store.history.readings(tx, desk.id, after=after):
            if why_bad(reading, desk.rules.settings_at(reading.measured_at)) is not None:
                since = None
            elif since is None:
                since = reading.measured_at
        return since

    def take(
        self, tx: Tx, rows: Sequence[Arrived], reasons: Sequence[str | None], recorded_at: int
    ) -> list[ExcursionChange]:
        """Judges readings of the log in arrival order, records what changed, and returns it in order.

        ``reasons`` are those of :meth:`why_bad`. What is true at the end of each message is what gets a version:
        batches change nothing.
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
        changes = self._record_touched(tx, desk, touched, recorded_at, is_part=is_part)
        if self._spelled:
            self._note_spells(desk, self._spelled, before + len(changes), is_part=is_part)
            self._spelled.clear()
        return changes

    def _note_spells(
        self,
        desk: ChannelDesk,
        changed: Sequence[Spell],
        after: int,
        *,
        is_part: bool,
        is_rejudged: bool = False,
    ) -> None:
        still = tuple(spells((desk.state.warm, desk.state.cool)))
        self._spell_changes.append(SpellChange(desk.path, tuple(changed), still, after, is_part, is_rejudged))

    def take_spells(self) -> list[SpellChange]:
        """What happened at warning levels since the last call, in order."""
        found, self._spell_changes = self._spell_changes, []
        return found

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
        """Whether a message that ends with ``last`` ends in the past: a gateway that uploads what it kept, or a broker
        that hands out what it kept for us, sends one after the other, and only the last says what is true now."""
        desk = self._desks.get(last.channel)
        if desk is None:
            return False
        late = last.reading.received_at - last.reading.measured_at
        return late > desk.rules.max_gap_after(last.reading.measured_at)

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

    def take_stirred(self) -> list[Ledger]:
        """The ledgers in which something happened since the last call."""
        found = list(self._stirred.values())
        self._stirred.clear()
        return found

    def take_late(self) -> dict[str, int]:
        """The channels that were judged again since the last call, and from which instant on."""
        found, self._late = self._late, {}
        return found

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
            self._note_spells(desk, changed, after, is_part=is_part, is_rejudged=True)
        return [change._replace(is_part=is_part) for change in changes]

    def _rejudge(
        self, tx: Tx, desk: ChannelDesk, since: int, recorded_at: int, *, to_the_end: bool
    ) -> tuple[list[ExcursionChange], list[Spell]]:
        """Judges from the checkpoint before ``since`` on, as far as that changes anything (or ``to_the_end``): where
        the state is the one that was kept, all that follows is as it was."""
        if to_the_end:
            self._store.due.drop_checkpoints(tx, desk.id, since)
        state, after = self._state_before(tx, desk, since)
        changed: list[Spell] = []
        state.spells = changed
        judged = state.open_excursions()
        touched, until = self._fold_until_known(tx, desk, state, after, since)
        judged += touched
        facts = self._facts_between(tx, desk, after, until)
        if until is None:
            desk.state, state.spells = state, self._spelled
        else:
            # What is open there goes on as it did.
            judged = [excursion for excursion in judged if excursion.closed_at is not None]
            if desk.has_skipped:
                rest_after = desk.state.last_at
                judged += desk.state.open_excursions()
                judged += self._fold_in_stages(tx, desk, desk.state, rest_after)
                facts |= self._facts_between(tx, desk, rest_after, None)
        desk.has_skipped = False
        self._ledgers.take_again(tx, desk.path, since, until)
        self._stirred |= {id(ledger): ledger for ledger in desk.ledgers}
        self._late[desk.path] = since
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
        return self._record_matches(tx, desk, matches, facts, recorded_at), changed

    def _fold_until_known(
        self, tx: Tx, desk: ChannelDesk, state: ChannelState, after: int | None, since: int
    ) -> tuple[list[Excursion], int | None]:
        """Folds the readings later than ``after`` until the state is one that was kept at or after ``since``, and says
        when that was; None: until none was left. Checkpoints on the way are replaced."""
        touched: list[Excursion] = []
        so_far = desk.since_checkpoint
        while (kept := self._store.due.checkpoint_from(tx, desk.id, since)) is not None:
            kept_at, body = kept
            touched += self._fold_in_stages(tx, desk, state, after, kept_at)
            after = kept_at
            if state.last_at != kept_at:
                break
            now = state_to_json(state)
            if kept_at >= desk.dirty_to and json.loads(json.dumps(now)) == body:
                desk.since_checkpoint = so_far
                return touched, kept_at
            self._store.due.put_checkpoint(tx, desk.id, kept_at, now)
            since = kept_at + 1
        self._store.due.drop_checkpoints(tx, desk.id, since)
        return touched + self._fold_in_stages(tx, desk, state, after), None

    def _fold_in_stages(
        self, tx: Tx, desk: ChannelDesk, state: ChannelState, after: int | None, upto: int | None = None
    ) -> list[Excursion]:
        """Folds the readings later than ``after``, and keeps the state now and then: the next late reading needn't go
        back as far. What was packed while nothing happened isn't looked at one by one."""
        touched: list[Excursion] = []
        desk.since_checkpoint = 0
        for packed in self._store.history.course(tx, desk.id, after=after, upto=upto):
            if packed.stretch is not None and take_stretch(state, desk.rules, packed.stretch):
                desk.since_checkpoint += packed.stretch.readings
                self._keep_now_and_then(tx, desk, state, upto)
                continue
            readings = packed.readings()
            for start, end in stages(readings):
                touched += fold(state, desk.rules, readings[start:end])
                desk.since_checkpoint += end - start
                self._keep_now_and_then(tx, desk, state, upto)
        return list({id(excursion): excursion for excursion in touched}.values())

    def _keep_now_and_then(self, tx: Tx, desk: ChannelDesk, state: ChannelState, upto: int | None) -> None:
        if desk.since_checkpoint >= CHECKPOINT_AFTER and state.last_at is not None and state.last_at != upto:
            self._store.due.put_checkpoint(tx, desk.id, state.last_at, state_to_json(state))
            desk.since_checkpoint = 0

    def _facts_between(
        self, tx: Tx, desk: ChannelDesk, after: int | None, until: int | None
    ) -> dict[str, Fact]:
        """The standing excursions that a fold from ``after`` to ``until`` (None: to the end) decides, oldest first."""
        facts = self._store.facts.current(tx, "excursion", subjects=[desk.path], since=after, until=until)
        decided = [
            fact for fact in facts if is_alive(fact.body) and _is_between(decided_at(fact.body), after, until)
        ]
        return {fact.id: fact for fact in sorted(decided, key=lambda fact: int(fact.id[1:]))}

    # --- recording ---

    def _record_touched(
        self, tx: Tx, desk: ChannelDesk, touched: Iterable[Excursion], recorded_at: int, *, is_part: bool
    ) -> list[ExcursionChange]:
        changes = []
        for excursion in {id(e): e for e in touched}.values():
            known = desk.open_ids.get(excursion.key)
            reasons = [] if known else ["opened"]
            if excursion.confirmed_at is not None and not (known and self._was_confirmed(tx, known[0])):
                reasons.append("confirmed")
            if excursion.closed_at is not None:
                reasons.append("closed")
            reasons = reasons or ["limit reached"]
            change = self._record(tx, desk, excursion, known, ", ".join(reasons), recorded_at)
            changes.append(change._replace(is_part=is_part))
        return changes

    def _was_confirmed(self, tx: Tx, excursion_id: str) -> bool:
        fact = self._store.facts.one(tx, "excursion", excursion_id)
        return fact is not None and fact.body["confirmed_at"] is not None

    def _record_matches(
        self, tx: Tx, desk: ChannelDesk, matches: Sequence[Match], facts: dict[str, Fact], recorded_at: int
    ) -> list[ExcursionChange]:
        changes: list[ExcursionChange] = []
        ids: dict[int, str] = {}
        for match in matches:
            if match.excursion is not None:
                known = None if match.known is None else (match.known.id, facts[match.known.id].version)
                old = None if known is None else facts[known[0]].body
                if old is not None and known is not None and old == self._body(desk, match.excursion):
                    ids[id(match.excursion)] = known[0]
                    self._remember(desk, match.excursion, *known)
                    continue
                change = self._record(tx, desk, match.excursion, known, "late data", recorded_at)
                ids[id(match.excursion)] = change.id
                changes.append(change)
            elif match.known is not None:
                into = None if match.merged_into is None else ids[id(match.merged_into)]
                changes.append(self._record_gone(tx, desk, facts[match.known.id], into, recorded_at))
        return changes

    def _body(self, desk: ChannelDesk, excursion: Excursion) -> ExcursionBody:
        profile = desk.rules.profile_named(excursion.profile, excursion.profile_version)
        return excursion_body(excursion, desk.path, profile)

    def _record(
        self,
        tx: Tx,
        desk: ChannelDesk,
        excursion: Excursion,
        known: tuple[str, int] | None,
        reason: str,
        recorded_at: int,
    ) -> ExcursionChange:
        excursion_id = f"x{self._store.facts.next_position()}" if known is None else known[0]
        version = 1 if known is None else known[1] + 1
        body = self._body(desk, excursion)
        fact = Fact(
            kind="excursion",
            id=excursion_id,
            version=version,
            recorded_at=recorded_at,
            subject=desk.path,
            from_at=excursion.started_at,
            to_at=excursion.closed_at,
            body=body,
        )
        self._store.facts.record(tx, fact, reason)
        self._remember(desk, excursion, excursion_id, version)
        return ExcursionChange(desk.path, excursion_id, version, reason, body)

    def _remember(self, desk: ChannelDesk, excursion: Excursion, excursion_id: str, version: int) -> None:
        if excursion.closed_at is None:
            desk.open_ids[excursion.key] = (excursion_id, version)
        else:
            desk.open_ids.pop(excursion.key, None)

    def _record_gone(
        self, tx: Tx, desk: ChannelDesk, fact: Fact, into: str | None, recorded_at: int
    ) -> ExcursionChange:
        body = {**fact.body, "withdrawn": into is None, "superseded_by": into}
        reason = "late data: withdrawn" if into is None else f"late data: part of {into}"
        gone = fact._replace(version=fact.version + 1, recorded_at=recorded_at, to_at=fact.from_at, body=body)
        self._store.facts.record(tx, gone, reason)
        return ExcursionChange(desk.path, fact.id, gone.version, reason, body)

    # --- checkpoints ---

    def checkpoint(self, tx: Tx) -> None:
        """Keeps the state of channels that have come far since their last checkpoint. One that can't be kept is done
        without: judging goes back farther then."""
        for desk in self._desks.values():
            if desk.since_checkpoint >= CHECKPOINT_AFTER and desk.state.last_at is not None:
                desk.since_checkpoint = 0
                try:
                    self._store.due.put_checkpoint(tx, desk.id, desk.state.last_at, state_to_json(desk.state))
                except Exception as error:
                    if self._store.is_trouble(error):
                        raise
                    log.exception("the state of a channel can't be kept", channel=desk.path)


def _is_between(at: int | None, after: int | None, until: int | None) -> bool:
    """Whether what is decided at ``at`` (None: not yet) is decided after one instant and not after the other."""
    if at is None:
        return until is None
    return (after is None or at > after) and (until is None or at <= until)
