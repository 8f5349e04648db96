"""How an import ends, in steps: each channel with late readings is judged again, then what holds is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from monitor.ports import JSON, Clock, Store, Tx
from monitor.writer.asides import JUDGING
from monitor.writer.channel.arrears import Arrears
from monitor.writer.channel.readings import Readings
from monitor.writer.intake.aftermath import Aftermath
from monitor.writer.intake.held_back import HeldBack
from monitor.writer.intake.imports import IDLE_MAX, of_the_past
from monitor.writer.isolation import Isolation
from monitor.writer.turn import Turn, Turns

log = structlog.get_logger(__name__)

STEPS_FOR = 500
"""How long (ms) one tick goes on ending a broken-off import."""


class ImportEnd:
    """Ends an import. ``paths``: of the channels that are watched; ``judge_lots`` judges all that are queued."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        turns: Turns,
        held: HeldBack,
        readings: Readings,
        arrears: Arrears,
        aftermath: Aftermath,
        isolation: Isolation,
        paths: Mapping[int, str],
        judge_lots: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._turns = turns
        self._held = held
        self._readings = readings
        self._arrears = arrears
        self._aftermath = aftermath
        self._isolation = isolation
        self._paths = paths
        self._judge_lots = judge_lots

    def step(self, marks: Mapping[str, str], *, more_for: int = IDLE_MAX) -> JSON:
        """Goes one step towards the end of the import: judges one channel again, or, when none is left, raises the
        alarms whose conditions hold, judges the lots and notes ``marks``. To be called until ``ended`` is true;
        ``more_for`` (ms): an import that isn't asked to go on for so long is over.

        Returns also the changed ``excursions``, ``lots`` with their verdicts before and after, ``alarms`` raised and
        ``past_alarms``.
        """
        with self._turns.one_at_a_time:
            if self._held.since:
                return self._judge_again(more_for)
            return self._conclude(marks)

    def end_idle(self, now: int) -> None:
        """Ends an import that was broken off, at its deadline; some steps at each tick, for readings wait."""
        if self._held.until is None or now <= self._held.until:
            return
        left = len(self._held.since)
        log.warning("an import was broken off; what it held back is told now", channels_left=left)
        while not self.step({}, more_for=-1)["ended"]:
            if self._clock.now() - now > STEPS_FOR:
                return

    def _judge_again(self, more_for: int) -> JSON:
        held = self._held
        channel, since = next(iter(held.since.items()))
        became: dict[str, str] = {}
        past: list[str] = []

        def pass_by(turn: Turn) -> None:
            held.until = turn.now + more_for
            held.since.pop(channel, None)
            held.save(turn.tx)

        def judge_again(turn: Turn, _: str) -> None:
            pass_by(turn)
            if channel in self._paths:  # or nobody watches it any more
                became.update(self._aftermath.follow(turn, self._readings.judge_again(turn, channel, since)))
            past[:] = of_the_past(alarms)

        def give_up(turn: Turn, path: str) -> None:
            pass_by(turn)
            self._arrears.note(turn, path, since)

        with held.noting_alarms() as alarms:
            self._isolation.alone(JUDGING, self._paths.get(channel, ""), judge_again, failed=give_up)
        return _answer(ended=False, excursions=became, left=len(held.since), past_alarms=past)

    def _conclude(self, marks: Mapping[str, str]) -> JSON:
        """What holds now is told, and what it means for lots."""
        held = self._held
        with held.noting_alarms() as alarms:
            with self._turns.turn() as turn:
                before = self._verdicts(turn.tx)
                self._aftermath.tell_what_holds(turn.tx, turn.now, self._paths.values())
                held.end(turn.tx, turn.now)
                self._aftermath.queue_lots(turn.tx, turn.now)
                self._store.due.put_markers(turn.tx, marks)
                held.save(turn.tx)
            self._aftermath.forget()
            self._judge_lots()
        with self._store.reading() as tx:
            lots = [
                {"lot": lot, "before": before.get(lot), "after": verdict}
                for lot, verdict in self._verdicts(tx).items()
                if before.get(lot) != verdict
            ]
        return _answer(ended=True, lots=lots, alarms=[alarm.id for alarm in alarms if alarm.is_open])

    def _verdicts(self, tx: Tx) -> dict[str, str]:
        return {fact.id: fact.body["verdict"] for fact in self._store.facts.current(tx, "lot")}


def _answer(**figures: Any) -> JSON:
    """What a step of the end came to; what isn't given is nothing."""
    return {"excursions": {}, "lots": [], "left": 0, "past_alarms": [], "alarms": [], **figures}
