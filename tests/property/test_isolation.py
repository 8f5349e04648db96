"""One part that raises stops nothing else: whatever it is, everything else has the same facts as without it.

Each history is judged twice, by a program that is sound and by one in which a part picked at random raises whenever it
is reached; what is on record of everything else must be equal. Then the part is mended, and has the facts of the sound
one too. ``ISOLATION_TO=N`` runs more histories.
"""

from __future__ import annotations

import importlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.core.channel.reading import Reading
from monitor.core.lot.event import LotEvent, LotEventKind, UnitEvent, UnitEventKind
from monitor.core.time.instant import HOUR, MINUTE, SECOND
from monitor.ports import JSON, Arrived, Decoded
from monitor.testing import Rig, one_unit

T0 = 1_800_000_000_000
UNITS = ("F01", "F02", "F03", "F04")
STEPS = 60
SEEDS = range(int(os.environ.get("ISOLATION_TO", "11")))


class BrokenError(Exception):
    """What the part that fails raises."""


Break = Callable[[Rig, str, pytest.MonkeyPatch], None]


def raising_about(real: Callable[..., Any], is_it: Callable[..., bool]) -> Callable[..., Any]:
    def call(*args: Any, **named: Any) -> Any:
        if is_it(*args):
            raise BrokenError("a bug")
        return real(*args, **named)

    return call


def judging_a_channel(rig: Rig, unit: str, patch: pytest.MonkeyPatch) -> None:
    import monitor.writer.channel.judge as judge

    rules = rig.rules[f"lab1/{unit}/product"]
    for name in ("advance", "fold"):
        patch.setattr(judge, name, raising_about(getattr(judge, name), lambda state, its, *_: its is rules))


def hearing_a_channel(rig: Rig, unit: str, patch: pytest.MonkeyPatch) -> None:
    watch, number = rig.writer.parts.watch, rig.ids[f"lab1/{unit}/product"]
    patch.setattr(watch, "hear", raising_about(watch.hear, lambda arrived, _: arrived.channel == number))


def a_ledger(rig: Rig, unit: str, patch: pytest.MonkeyPatch) -> None:
    from monitor.core.lot.ledger import Ledger

    rules = rig.rules[f"lab1/{unit}/product"]
    patch.setattr(Ledger, "take", raising_about(Ledger.take, lambda ledger, *_: ledger._rules is rules))


def the_alarm_of_a_channel(rig: Rig, unit: str, patch: pytest.MonkeyPatch) -> None:
    temperatures = rig.writer.parts.temperatures
    patch.setattr(
        temperatures,
        "on_excursion",
        raising_about(
            temperatures.on_excursion, lambda tx, change, now: change.channel.startswith(f"lab1/{unit}/")
        ),
    )


def a_lot(rig: Rig, unit: str, patch: pytest.MonkeyPatch) -> None:
    lots = rig.writer.parts.lots
    patch.setattr(lots, "judge", raising_about(lots.judge, lambda tx, lot, *_: lot == f"L-{unit}"))


def raises_inside(name: str, is_it: Callable[..., bool]) -> Break:
    """Breaks a method by its full name, where the ``n``-th argument says that it is about the unit."""

    def broken(rig: Rig, unit: str, patch: pytest.MonkeyPatch) -> None:
        owner = importlib.import_module(name.rsplit(".", 2)[0])
        kind, method = name.rsplit(".", 2)[1:]
        real = getattr(getattr(owner, kind), method)
        patch.setattr(name, raising_about(real, lambda *args: is_it(f"lab1/{unit}", *args)))

    broken.__name__ = name
    return broken


the_door_of_a_unit = raises_inside(
    "monitor.writer.condition.doors.Doors._judge", lambda unit, doors, tx, path, now: path == unit
)
the_power_of_a_unit = raises_inside(
    "monitor.writer.condition.power.Power._judge", lambda unit, power, tx, path, now: path == unit
)
signs_of_a_unit = raises_inside(
    "monitor.writer.condition.signs.Signs._look_at",
    lambda unit, signs, tx, place, now: place.unit.path == unit,
)
the_figures_of_a_lot = raises_inside(
    "monitor.writer.lot.findings.Findings.judge",
    lambda unit, findings, tx, history, *_: history.lot == f"L-{unit.partition('/')[2]}",
)
the_silence_of_a_channel = raises_inside(
    "monitor.writer.condition.silences.Silences.take",
    lambda unit, silences, tx, heard, now: heard.channel.startswith(f"{unit}/"),
)


def telling_of_a_unit(rig: Rig, unit: str, patch: pytest.MonkeyPatch) -> None:
    alarms = rig.writer.parts.alarms
    patch.setattr(
        alarms,
        "children",
        raising_about(alarms.children, lambda alarm: alarm.subject.startswith(f"lab1/{unit}")),
    )


PARTS: list[Break] = [
    *(judging_a_channel, hearing_a_channel, a_ledger, the_alarm_of_a_channel, a_lot, the_door_of_a_unit),
    *(
        the_power_of_a_unit,
        signs_of_a_unit,
        the_silence_of_a_channel,
        telling_of_a_unit,
        the_figures_of_a_lot,
    ),
]


def registered(unit: str) -> LotEvent:
    return LotEvent(
        site="lab1",
        lot=f"L-{unit}",
        event_id=f"r-{unit}",
        occurred_at=T0,
        kind=LotEventKind.REGISTERED,
        by="test",
        product="EV",
        profile="ult",
        unit=f"lab1/{unit}",
    )


def history(seed: int) -> list[tuple[int, Decoded]]:
    """Batches with the instants at which they come: readings of all units, some warm for a while, some silent, some
    late; doors and power."""
    chance = random.Random(seed)
    celsius = dict.fromkeys(UNITS, -80.0)
    warm_from = {unit: chance.randrange(5, STEPS) for unit in UNITS}
    silent = {unit: chance.randrange(5, 2 * STEPS) for unit in UNITS}
    batches: list[tuple[int, Decoded]] = []
    late: list[tuple[str, Reading]] = []
    for step in range(STEPS):
        at = T0 + step * MINUTE
        rows: list[tuple[str, Reading]] = []
        for unit in UNITS:
            is_warm = warm_from[unit] <= step < warm_from[unit] + 25
            celsius[unit] += chance.uniform(2.0, 5.0) if is_warm else (-80.0 - celsius[unit]) * 0.4
            reading = Reading(at, at, round(celsius[unit], 2), None)
            if silent[unit] <= step < silent[unit] + 30:
                continue
            if chance.random() < 0.1:
                late.append((unit, reading))
            else:
                rows.append((unit, reading))
        if chance.random() < 0.3:
            rows += [(unit, reading._replace(received_at=at)) for unit, reading in late]
            late.clear()
        events = []
        if chance.random() < 0.1:
            unit, kind = chance.choice(UNITS), chance.choice(list(UnitEventKind))
            events.append(
                (UnitEvent(site="lab1", unit=unit, event_id=f"e{step}", occurred_at=at, kind=kind), at)
            )
        batches.append((at, _decoded(rows, events)))
    return batches


def _decoded(rows: list[tuple[str, Reading]], events: list[tuple[UnitEvent, int]]) -> Decoded:
    numbers = {unit: number for number, unit in enumerate(UNITS, 1)}
    return Decoded(
        readings=[Arrived(numbers[unit], reading, 0, True) for unit, reading in rows], unit_events=events
    )


def open_writer(path: Path, now: int) -> Rig:
    return Rig(path, installation=one_unit(units=UNITS), now=now)


def run(rig: Rig, batches: list[tuple[int, Decoded]]) -> None:
    for at, decoded in batches:
        rig.clock.at = at
        rig.writer.take(decoded, lambda: None)
        rig.writer.tick(at, T0 - HOUR)


def facts(rig: Rig, without: set[str]) -> JSON:
    """What is on record, apart from ids and what is about the subjects ``without``."""

    def is_other(subject: str) -> bool:
        return not any(subject == one or subject.startswith(f"{one}/") for one in without)

    excursions = [
        {key: value for key, value in body.items() if key not in ("id", "version", "lots", "superseded_by")}
        for body in rig.view.excursions()
        if is_other(body["channel"])
    ]
    alarms = sorted(
        (body["condition"], body["subject"], body["raised_at"], body["cleared_at"] or "", body["level"])
        for body in rig.view.alarms()
        # Floods count all alarms there are; and a door that fails is no door that stands open elsewhere.
        if is_other(body["subject"]) and body["condition"] not in ("alarm_flood", "judging_failed")
    )
    lots = [
        (fact.id, fact.body["verdict"], fact.body["budgets"])
        for fact in _recorded(rig, "lot")
        if is_other(fact.id)
    ]
    return {"excursions": excursions, "alarms": alarms, "lots": sorted(lots)}


def lots_now(rig: Rig) -> list[JSON]:
    """What a fresh look makes of every lot, apart from ids."""
    return [
        {key: value for key, value in body.items() if key not in ("excursions", "reasons")}
        for body in rig.view.lots()
    ]


def _recorded(rig: Rig, kind: str) -> list[Any]:
    with rig.store.reading() as tx:
        return rig.store.facts.current(tx, kind)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_part_raises_everything_else_has_the_same_facts(tmp_path: Path, seed: int) -> None:
    chance = random.Random(f"which {seed}")
    unit, part = chance.choice(UNITS), PARTS[seed % len(PARTS)]
    is_restarted = chance.random() < 0.5
    print(f"seed {seed}: {part.__name__} of {unit}, restarted: {is_restarted}")
    batches = history(seed)
    without = {f"lab1/{unit}", f"L-{unit}"}
    sound, broken = open_writer(tmp_path / "sound.db", T0), open_writer(tmp_path / "broken.db", T0)
    half = len(batches) // 2
    with pytest.MonkeyPatch.context() as patch:
        for rig in (sound, broken):
            for each in UNITS:
                rig.writer.lot_event(registered(each))
        part(broken, unit, patch)
        run(broken, batches[:half])
        if is_restarted:
            broken.close()
        patch.undo()
        run(sound, batches[:half])
        if is_restarted:
            broken = open_writer(tmp_path / "broken.db", batches[half][0])
        part(broken, unit, patch)
        run(broken, batches[half:])
        broken_facts = facts(broken, without)
        patch.undo()
    run(sound, batches[half:])
    assert broken_facts == facts(sound, without)

    # Mended: it is tried again, and has the facts of the sound one.
    for rig in (sound, broken):
        end = T0 + STEPS * MINUTE + HOUR
        for at in range(T0 + STEPS * MINUTE, end, 10 * MINUTE):
            rig.clock.at = at
            rig.writer.tick(at, T0 - HOUR)
            rig.writer.tick(at + SECOND, T0 - HOUR)
    assert broken.writer.set_aside() == []
    assert facts(broken, set())["excursions"] == facts(sound, set())["excursions"]
    assert lots_now(broken) == lots_now(sound)
    verdicts = [{fact.id: fact.body["verdict"] for fact in _recorded(rig, "lot")} for rig in (broken, sound)]
    assert verdicts[0] == verdicts[1]
    sound.close(), broken.close()
