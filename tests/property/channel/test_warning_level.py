"""The warning level: judged like a slow, obvious second opinion says, and the same however its readings come in."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.core.channel.checkpoint import state_from_json, state_to_json
from monitor.core.channel.fold import ChannelState, advance
from monitor.core.channel.reading import Reading
from monitor.core.channel.warning import Spell
from monitor.core.profile.profile import SideRule, WarningLevel, Window
from monitor.core.profile.rules import constant
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import MINUTE, SECOND, days_in, parse_instant
from monitor.testing import Rig, ult_profile

pytestmark = pytest.mark.slow

T0 = parse_instant("2026-11-20T08:00:00Z")
LEVEL, DEADBAND, DELAY, MAX_GAP = -70, 2, 7 * MINUTE, 15 * MINUTE
STEPS = (0, 0, 1, 2, 3, 4, 5, 6, 10, 12)
"""How far a value moves from reading to reading: lines through whole degrees pass them at whole seconds."""
FAR = ult_profile(window=Window(None, 0.0), warning=WarningLevel(None, float(LEVEL), DELAY))
NEAR = ult_profile(
    warning=WarningLevel(None, float(LEVEL), DELAY), high=SideRule(10 * MINUTE, 5 * MINUTE, -40.0, None)
)


def history(chance: random.Random, length: int, low: int = -80, high: int = -50) -> list[Reading]:
    """Readings minutes apart, with gaps now and then, that wander about the level."""
    at, value, found = T0, -72, []
    for _ in range(length):
        value += chance.choice((-1, 1)) * chance.choice(STEPS)
        value = min(high, max(low, value))
        if not found or abs(value - (found[-1].celsius or 0)) in STEPS:
            found.append(Reading(at, at, float(value)))
        at += MINUTE * chance.choice((1, 1, 1, 1, 2, 3, 5, 16, 40))
    return found


Span = tuple[int, int, int | None]


def second_opinion(readings: list[Reading]) -> list[Span]:
    """(stay began, certain, over) for each spell, by looking at every second."""
    since: int | None = None
    spell: tuple[int, int] | None = None
    found: list[Span] = []
    at_level: int | None = None  # a line leaves the level where it was last at it
    for at, value in every_second(readings):
        if spell is None:
            start = at_level if at_level == at - SECOND else at
            since = None if value <= LEVEL else start if since is None else since
        at_level = at if value == LEVEL else None
        if spell is None and since is not None and at - since >= DELAY:
            spell = (since, at)
        if spell is not None and value <= LEVEL - DEADBAND:
            found.append((*spell, at))
            spell = since = None
    return found if spell is None else [*found, (*spell, None)]


def every_second(readings: list[Reading]) -> list[tuple[int, float]]:
    """The known line, a point for each second; nothing between readings too far apart."""
    found: list[tuple[int, float]] = []
    before: Reading | None = None
    for reading in readings:
        end = reading.celsius or 0.0
        if before is not None and reading.measured_at - before.measured_at <= MAX_GAP:
            start, span = before.celsius or 0.0, reading.measured_at - before.measured_at
            inner = range(before.measured_at + SECOND, reading.measured_at, SECOND)
            found += [(at, start + (end - start) * (at - before.measured_at) / span) for at in inner]
        found.append((reading.measured_at, end))
        before = reading
    # A crossing is on a whole second, and its value on a whole degree: what the division left is taken off.
    return [(at, round(value, 9)) for at, value in found]


def judged(readings: list[Reading], restarts: random.Random | None = None) -> list[Span]:
    rules = constant(FAR, ProbeSettings(max_gap=MAX_GAP), days_in(ZoneInfo("UTC")))
    state, changed = ChannelState(rules), list[Spell]()
    state.spells = changed
    for reading in readings:
        if restarts is not None and restarts.random() < 0.3:
            state = state_from_json(state_to_json(state), rules)
            state.spells = changed
        advance(state, rules, reading.measured_at, (reading.celsius or 0.0,), [])
    last = {spell.raised_at: spell for spell in changed}
    return [(spell.started_at, spell.raised_at, spell.ended_at) for spell in last.values()]


@pytest.mark.parametrize("seed", range(150))
def test_spells_are_those_of_a_second_opinion_also_after_restarts(seed: int) -> None:
    readings = history(random.Random(seed), 60)
    expected = second_opinion(readings)
    assert judged(readings) == expected, f"seed={seed}"
    assert judged(readings, restarts=random.Random(seed)) == expected, f"seed={seed}"


def test_the_histories_hold_spells_of_every_kind() -> None:
    found = [second_opinion(history(random.Random(seed), 60)) for seed in range(150)]
    assert sum(len(spells) for spells in found) > 150
    assert any(spells and spells[-1][2] is None for spells in found)
    assert any(not spells for spells in found)


# --- what the writer makes of it ---

Told = list[tuple[str, str, str, str | None, bool]]


def told(rig: Rig) -> Told:
    """Every alarm about temperature: what a person could look up."""
    alarms = sorted(rig.view.alarms(), key=lambda alarm: int(alarm["id"][1:]))
    return [
        (alarm["condition"], alarm["level"], alarm["raised_at"], alarm["cleared_at"], alarm["past"])
        for alarm in alarms
        if alarm["condition"] == "temperature_high"
    ]


def run(
    folder: Path,
    readings: list[Reading],
    chance: random.Random | None,
) -> Told:
    """Readings in order, as they are measured; with ``chance`` in batches, twice, with ticks between and restarts."""
    rig = Rig(folder / "s.db", now=T0, profiles=[NEAR])
    waiting = list(readings)
    while waiting:
        count = 1 if chance is None else chance.randint(1, 6)
        batch, waiting = waiting[:count], waiting[count:]
        rig.clock.at = batch[-1].received_at
        if chance is not None and chance.random() < 0.3:
            batch = [*batch, *batch[: chance.randint(0, len(batch))]]
        rig.read(batch)
        if chance is not None and chance.random() < 0.3:
            rig.writer.tick(rig.clock.now(), T0)
        if chance is not None and chance.random() < 0.2:
            (rig.kill if chance.random() < 0.5 else rig.close)()
            rig = Rig(folder / "s.db", profiles=[NEAR], clock=rig.clock)
    found = told(rig)
    rig.close()
    return found


@pytest.mark.parametrize("seed", range(12))
def test_batches_copies_ticks_and_restarts_change_no_alarm(seed: int) -> None:
    readings = history(random.Random(seed), 70, high=-38)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        plain = run(Path(one), readings, None)
        assert run(Path(two), readings, random.Random(seed)) == plain, f"seed={seed}"


def test_those_histories_worsen_and_recover() -> None:
    levels: set[str] = set()
    for seed in range(6):
        with tempfile.TemporaryDirectory() as folder:
            found = run(Path(folder), history(random.Random(seed), 70, high=-38), None)
        levels |= {level for _, level, *_ in found}
    assert levels == {"warning", "alarm", "critical"}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_order_readings_come_in_what_is_open_at_the_end_is_the_same(seed: int) -> None:
    chance = random.Random(seed)
    readings = history(chance, 50, high=-38)
    now = readings[-1].measured_at + MINUTE
    late = [replace_received(reading, now) for reading in readings]
    chance.shuffle(late)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        in_order = [alarm for alarm in run(Path(one), readings, None) if alarm[3] is None]
        rig = Rig(Path(two) / "s.db", now=now, profiles=[NEAR])
        while late:
            count = chance.randint(1, 10)
            rig.read(late[:count])
            late = late[count:]
        rig.clock.at += 2 * MINUTE
        rig.writer.tick(rig.clock.now(), T0)
        shuffled = [alarm for alarm in told(rig) if alarm[3] is None]
        rig.close()
    assert [alarm[0] for alarm in shuffled] == [alarm[0] for alarm in in_order], f"seed={seed}"


def replace_received(reading: Reading, at: int) -> Reading:
    return reading._replace(received_at=at)


def test_a_profile_without_a_warning_level_has_no_spells() -> None:
    rules = constant(replace(FAR, warning=None), ProbeSettings(), days_in(ZoneInfo("UTC")))
    state = ChannelState(rules)
    state.spells = []
    for reading in history(random.Random(1), 60):
        advance(state, rules, reading.measured_at, (reading.celsius or 0.0,), [])
    assert state.spells == []
