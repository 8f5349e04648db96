"""The state of a channel, kept now and then; late readings, and starts, are folded from there."""

from __future__ import annotations

import json
from collections.abc import Iterable

import structlog

from monitor.core.channel.checkpoint import state_from_json, state_to_json
from monitor.core.channel.excursion import Excursion
from monitor.core.channel.fold import ChannelState, fold, take_stretch
from monitor.ports import Store, Tx
from monitor.writer.channel.desk import ChannelDesk, stages

log = structlog.get_logger(__name__)

CHECKPOINT_AFTER = 1_000
"""Readings of a channel after which its state is kept: a late reading is judged from the one before it to one after."""


class Checkpoints:
    """Keeps the states of channels. Used by the one writer, within its transactions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def before(self, tx: Tx, desk: ChannelDesk, at: int | None) -> tuple[ChannelState, int | None]:
        """The state kept last before an instant (None: of all), or that of a beginning; and of when it is."""
        found = self._store.due.checkpoint_before(tx, desk.id, at)
        if found is None:
            return ChannelState(desk.rules), None
        return state_from_json(found[1], desk.rules), found[0]

    def keep(self, tx: Tx, desks: Iterable[ChannelDesk]) -> None:
        """Keeps the state of channels that have come far since their last checkpoint. One that can't be kept is done
        without: judging goes back farther then."""
        for desk in desks:
            if desk.since_checkpoint >= CHECKPOINT_AFTER and desk.state.last_at is not None:
                desk.since_checkpoint = 0
                try:
                    self._store.due.put_checkpoint(tx, desk.id, desk.state.last_at, state_to_json(desk.state))
                except Exception as error:
                    if self._store.is_trouble(error):
                        raise
                    log.exception("the state of a channel can't be kept", channel=desk.path)

    def fold_until_known(
        self, tx: Tx, desk: ChannelDesk, state: ChannelState, after: int | None, since: int
    ) -> tuple[list[Excursion], int | None]:
        """Folds the readings later than ``after`` until the state is one that was kept at or after ``since``, and says
        when that was; None: until none was left. Checkpoints on the way are replaced."""
        touched: list[Excursion] = []
        so_far = desk.since_checkpoint
        while (kept := self._store.due.checkpoint_from(tx, desk.id, since)) is not None:
            kept_at, body = kept
            touched += self.fold_in_stages(tx, desk, state, after, kept_at)
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
        return touched + self.fold_in_stages(tx, desk, state, after), None

    def fold_in_stages(
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
