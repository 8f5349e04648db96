"""However readings arrive (order, copies, batches, late, across restarts), the facts are the same."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from monitor.core.channel.fold import judge
from monitor.core.channel.reading import Reading
from monitor.core.profile.installation import Installation, Probe, Unit
from monitor.core.profile.unit import Channel
from monitor.store import series
from monitor.testing import Rig
from monitor.writer.channel import checkpoints
from tests.property.channel.test_excursions import as_dict, readings_of, rules_of
from tests.reference.histories import history

SEEDS = range(int(os.environ.get("ARRIVALS_FROM", "0")), int(os.environ.get("ARRIVALS_TO", "25")))
VARYING = ("id", "version", "decided_by")


def installation_of(case) -> Installation:
    """One unit, judged by the case's rules."""
    settings = rules_of(case).settings[0][1]
    probe = Probe(Channel("lab1", "F01", "product"), settings)
    unit = Unit("lab1", "F01", "", "random", "random", "product", (probe,))
    return Installation({"lab1/F01": unit}, {"lab1": case.zone})


def rig(path: Path, case, now: int) -> Rig:
    """A writer for the case; a second one on the same path is a restart."""
    profiles = [profile for _, profile in rules_of(case).profiles]
    return Rig(path, installation=installation_of(case), profiles=profiles, now=now)


def facts(found: list[dict]) -> list[dict]:
    """Excursions without what may differ between two histories of arrival."""
    kept = [{key: value for key, value in e.items() if key not in VARYING} for e in found]
    return sorted(kept, key=lambda e: (e["started_at"], e["direction"]))


def arrival(readings: list[Reading], chance: random.Random) -> list[list[Reading]]:
    """The readings in some order, some of them twice, in batches of any size."""
    found = readings + chance.sample(readings, len(readings) // 3)
    if chance.random() < 0.5:
        chance.shuffle(found)
    else:  # mostly in order, some late, as it happens in a lab
        found.sort(key=lambda r: r.measured_at + (chance.random() < 0.2) * chance.randrange(600_000))
    batches = []
    while found:
        size = chance.choice((1, 1, 2, 5, 20))
        batches.append(found[:size])
        found = found[size:]
    return batches


@pytest.mark.parametrize("seed", SEEDS)
def test_a_history_gives_the_same_facts_however_it_arrives(seed: int, tmp_path: Path, monkeypatch) -> None:
    chance = random.Random(seed)
    case = history(seed)
    # Small limits, so that settling, merging of blocks and checkpoints happen within these short histories.
    monkeypatch.setattr(series, "SETTLE_AT", chance.choice((5, 20, 1_000)))
    monkeypatch.setattr(series, "BLOCK_MAX", 7)
    monkeypatch.setattr(series, "SMALL_BLOCK", 4)
    monkeypatch.setattr(series, "SMALL_BLOCKS_MAX", 3)
    monkeypatch.setattr(checkpoints, "CHECKPOINT_AFTER", chance.choice((1, 3, 10)))
    monkeypatch.setattr("monitor.writer.channel.desk.STAGE", chance.choice((3, 8, 1_000)))
    readings = readings_of(case)
    path = tmp_path / "store.db"
    subject = rig(path, case, case.as_of)
    for batch in arrival(readings, chance):
        subject.read(batch, apart=chance.random() < 0.7)
        if chance.random() < 0.1:
            (subject.kill if chance.random() < 0.7 else subject.close)()
            subject = rig(path, case, case.as_of)
        if chance.random() < 0.1:
            subject.writer.tick(subject.clock.now(), 0)
    found = subject.view.excursions(as_of=case.as_of)
    subject.close()
    expected = judge(rules_of(case), readings, case.as_of)
    shown = [
        {
            "direction": e["direction"],
            "started_at": e["started_at"],
            "ended_at": e["ended_at"],
            "closed_at": e["closed_at"],
            "confirmed_at": e["confirmed_at"],
            "confirmed_by": e["confirmed_by"],
            "extreme_celsius": e["extreme_celsius"],
            "degree_minutes": e["degree_minutes"],
            "seconds_by_band": e["seconds_by_band"],
            "unknown_seconds": e["unknown_seconds"],
            "profile": e["profile"],
            "profile_version": e["profile_version"],
            "uncertain_seconds": None if case.uncertainty is None else e["uncertain_seconds"],
        }
        for e in facts(found)
    ]
    assert shown == [_as_json(as_dict(e, case.uncertainty)) for e in expected], f"seed={seed}"


def _as_json(excursion: dict) -> dict:
    from monitor.core.time.instant import format_instant

    keys = ("started_at", "ended_at", "closed_at", "confirmed_at")
    return {k: format_instant(v) if k in keys and v is not None else v for k, v in excursion.items()}


@pytest.mark.parametrize("seed", range(6))
def test_a_history_is_shown_as_of_any_instant_from_what_was_measured_by_then(
    seed: int, tmp_path: Path
) -> None:
    case = history(seed)
    readings = readings_of(case)
    subject = rig(tmp_path / "store.db", case, case.as_of)
    subject.read(readings)
    for as_of in sorted({r.measured_at for r in readings})[::9]:
        found = facts(subject.view.excursions(as_of=as_of))
        expected = judge(rules_of(case), readings, as_of)
        assert [(e["direction"], e["started_at"], e["closed_at"], e["unknown_seconds"]) for e in found] == [
            (x["direction"], x["started_at"], x["closed_at"], x["unknown_seconds"])
            for x in (_as_json(as_dict(e, None)) for e in expected)
        ], f"seed={seed} as_of={as_of}"
    subject.close()


def test_every_reading_that_was_taken_is_in_the_store_once(tmp_path: Path) -> None:
    case = history(3)
    readings = readings_of(case)
    chance = random.Random(3)
    subject = rig(tmp_path / "store.db", case, case.as_of)
    for batch in arrival(readings, chance):
        subject.read(batch)
    with subject.store.reading() as tx:
        rows = [row.reading.identity for row in subject.store.history.readings(tx, 1)]
    subject.close()
    assert len(set(rows)) == len({r.identity for r in readings})
    # A copy is in the log again only if it arrived earlier than the one before: trust depends on arrival.
    copies = len(rows) - len(set(rows))
    assert copies <= sum(
        1
        for r in readings
        if r.received_at > min(x.received_at for x in readings if x.identity == r.identity)
    )
