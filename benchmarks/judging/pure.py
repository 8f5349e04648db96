"""Judging alone, nothing around it: channels and their ledgers take readings as the writer feeds them."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from benchmarks.judging.stream import BEGINS_AT, Weather, minutes, profile
from monitor.core.channel.excursion import Excursion
from monitor.core.channel.fold import ChannelState, advance
from monitor.core.channel.quality import corrected, why_bad
from monitor.core.channel.reading import Reading
from monitor.core.lot.ledger import Ledger
from monitor.core.lot.place import rule_in
from monitor.core.outlook.next_change import Wakes
from monitor.core.profile.rules import ChannelRules, constant
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import MINUTE, days_in
from monitor.writer.lot.ledgers import Wait, Waking

Rows = Sequence[tuple[int, Reading]]
_WARMING_EVERY = 50
"""One channel in so many warms up now and then."""
_WAKES = Wakes({"warm": 3 * MINUTE, "rung": 1, "unknown": 1}, None)


class PureRun(NamedTuple):
    """One pass: CPU seconds of the loop alone, of the loop with judging, and of asking whether readings are good;
    excursions and lots that changed."""

    readings: int
    loop_seconds: float
    judge_seconds: float
    quality_seconds: float
    excursions: int
    lots_woken: int


class _Desks:
    """The state of every channel, each with the ledger of one lot."""

    def __init__(self, channels: int) -> None:
        self.rules: ChannelRules = constant(
            profile(), ProbeSettings(max_gap=5 * MINUTE), days_in(ZoneInfo("UTC"))
        )
        rule = rule_in(profile(), None)
        self.waking = Waking()
        self.woken = 0
        self.desks: list[tuple[ChannelState, list[Ledger]]] = []
        for number in range(channels):
            ledger = Ledger(rule, self.rules, BEGINS_AT)
            self.desks.append((ChannelState(self.rules), [ledger]))
            self.waking.wait(f"L{number}", [Wait(ledger, _WAKES, True)])

    def judge(self, rows: Rows) -> int:
        """What :class:`monitor.writer.channel.judge.Judge` does with each good reading; gives the excursions."""
        desks, rules, touched = self.desks, self.rules, list[Excursion]()
        for channel, reading in rows:
            state, ledgers = desks[channel]
            at, celsius = reading.measured_at, reading.celsius
            assert celsius is not None
            if state.last_at is not None and at <= state.last_at:
                continue
            values = (corrected(celsius, rules.settings_at(at).offset),)
            advance(state, rules, at, values, touched)
            for ledger in ledgers:
                if ledger.last_at is None or at > ledger.last_at:
                    ledger.take(at, values)
                    if ledger.stirred:
                        self._wake(ledger)
        return len({id(excursion) for excursion in touched})

    def _wake(self, ledger: Ledger) -> None:
        for lot in self.waking.woken(ledger):
            self.waking.wait(lot, [Wait(ledger, _WAKES, True)])
            self.woken += 1


def measure(channels: int, readings: int) -> PureRun:
    """One pass over the same readings: the bare loop, judging, quality."""
    stream = minutes(channels, Weather(frozenset(range(0, channels, _WARMING_EVERY)), has_gaps=True))
    rows = [row for minute in islice(stream, -(-readings // channels)) for row in minute]
    desks = _Desks(channels)
    gc.collect()
    gc.freeze()
    try:
        began = time.process_time()
        for channel, reading in rows:
            _, _, _ = desks.desks[channel], reading.measured_at, reading.celsius
        looped = time.process_time()
        excursions = desks.judge(rows)
        judged = time.process_time()
        for _, reading in rows:
            why_bad(reading, desks.rules.settings_at(reading.measured_at))
        asked = time.process_time()
    finally:
        gc.unfreeze()
    return PureRun(len(rows), looped - began, judged - looped, asked - judged, excursions, desks.woken)
