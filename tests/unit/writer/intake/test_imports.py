"""The writer and the past: what an import in parts leads to, whom it wakes, and what a crash in between changes."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from monitor.core.channel.reading import Reading
from monitor.core.lot.event import LotEvent
from monitor.core.time.instant import DAY, MINUTE, format_instant
from monitor.ports import JSON, Arrived, Decoded
from monitor.testing import Rig, one_unit
from monitor.writer.intake.imports import IDLE_MAX
from tests.rigs.lab import T0, WARM, live, lot_event, minutes, register, subjects

CHANNEL = "lab1/F01/product"
OPENED = f"opened temperature_high {CHANNEL}"
NOW = T0 + 30 * DAY
STAY_WARM = [-80, -75, -61, *[-55] * 20]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def part(
    rig: Rig,
    readings: Sequence[Reading],
    *,
    channel: str = CHANNEL,
    events: Sequence[LotEvent] = (),
    **marks: str,
) -> JSON:
    """A part of an import, received now."""
    now = rig.clock.now()
    arrived = [
        Arrived(rig.ids[channel], r._replace(received_at=now), item, False) for item, r in enumerate(readings)
    ]
    decoded = Decoded(readings=arrived, lot_events=[(event, now) for event in events])
    return rig.writer.parts.imports.take(decoded, marks)


def end(rig: Rig) -> list[JSON]:
    """Ends the import; the answers of all steps."""
    answers = [rig.writer.parts.ending.step({})]
    while not answers[-1]["ended"]:
        answers.append(rig.writer.parts.ending.step({}))
    return answers


def facts(rig: Rig) -> list[tuple[Any, ...]]:
    """The excursions that stand, without ids and versions."""
    hidden = {"id", "version", "superseded_by"}
    return sorted(
        tuple(sorted((k, json.dumps(v, sort_keys=True)) for k, v in e.items() if k not in hidden))
        for e in rig.view.excursions()
    )


def lot_figures(rig: Rig) -> JSON:
    """The lot as the view works it out, without the ids of excursions."""
    found = rig.view.lot("L1")
    assert found is not None
    found["excursions"] = len(found["excursions"])
    return found


def recorded_lot(rig: Rig) -> JSON:
    """The lot as the writer recorded it."""
    with rig.store.reading() as tx:
        fact = rig.store.facts.one(tx, "lot", "L1")
    assert fact is not None
    return fact.body


@pytest.mark.parametrize("size", [1, 4, 9, 100])
def test_an_excursion_that_an_import_opens_and_closes_wakes_no_one_however_it_is_cut(
    path: Path, size: int
) -> None:
    rig = Rig(path, now=NOW)
    readings = minutes(WARM)
    answers = [part(rig, readings[i : i + size]) for i in range(0, len(readings), size)]
    answers += end(rig)
    assert subjects(rig) == []
    (alarm,) = rig.view.alarms()
    assert (alarm["past"], alarm["state"]) == (True, "normal")
    (excursion,) = rig.view.excursions()
    assert alarm["cleared_at"] == excursion["closed_at"]
    changed: dict[str, str] = {}
    for answer in answers:
        changed = answer["excursions"] | changed
    assert changed == {excursion["id"]: "new"}
    assert [name for answer in answers for name in answer["past_alarms"]] == [alarm["id"]]
    rig.close()


def test_an_excursion_that_is_open_when_the_import_ends_wakes_someone_then_and_once(path: Path) -> None:
    rig = Rig(path, now=NOW)
    part(rig, minutes(STAY_WARM))
    assert subjects(rig) == []
    assert [e["confirmed_at"] is not None for e in rig.view.excursions()] == [True]
    assert end(rig)[-1]["alarms"] == [rig.view.alarms(open_only=True)[0]["id"]]
    end(rig)
    assert subjects(rig) == [OPENED]
    live(rig, minutes([-80] * 12, start=NOW))
    assert subjects(rig) == [OPENED, OPENED.replace("opened", "closed")]
    rig.close()


def test_late_readings_are_judged_once_at_the_end_and_as_if_they_had_come_in_order(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    rng = random.Random(seed)
    values = (WARM + [-80.0] * 4) * 8 + [-81.0]
    readings = minutes(values)
    straight = Rig(tmp_path / "straight.db", now=NOW)
    straight.writer.lot_event(register(expires_at=NOW + DAY))
    straight.read(readings, apart=False)
    for n in range(4):
        rig = Rig(tmp_path / f"{n}.db", now=NOW)
        cut = rng.randrange(len(readings))
        rig.writer.lot_event(register(expires_at=NOW + DAY))
        rig.read(readings[cut:], apart=False)
        mixed = [*readings[:cut], *rng.sample(readings, 20)]
        rng.shuffle(mixed)
        told = subjects(rig)
        for start in range(0, len(mixed), 17):
            part(rig, mixed[start : start + 17])
            if rng.random() < 0.2:
                rig.kill()
                rig = Rig(tmp_path / f"{n}.db", now=NOW)
        end(rig)
        assert facts(rig) == facts(straight)
        assert lot_figures(rig) == lot_figures(straight)
        assert recorded_lot(rig)["budgets"] == recorded_lot(straight)["budgets"]
        assert [s for s in subjects(rig) if "temperature" in s] == []
        assert subjects(rig)[: len(told)] == told
        assert all(alarm["past"] for alarm in rig.view.alarms() if alarm["condition"] == "temperature_high")
        rig.close()
    straight.close()


def test_a_backfill_judges_a_channel_again_once_and_not_at_every_part(path: Path) -> None:
    rig = Rig(path, now=NOW)
    live(rig, minutes([-80] * 5, start=NOW))
    for start in range(0, 23, 4):
        assert part(rig, minutes(WARM)[start : start + 4])["excursions"] == {}
    assert [len(answer["excursions"]) for answer in end(rig)] == [1, 0]
    assert len(rig.view.excursions(history=True)) == 1, "one version, and not one for each part"
    rig.close()


def test_a_channel_that_nobody_watches_any_more_does_not_hold_up_the_end_of_an_import(path: Path) -> None:
    two = one_unit(units=("F01", "F02"))
    rig = Rig(path, now=NOW, installation=two)
    for channel in ("lab1/F01/product", "lab1/F02/product"):
        rig.read([Reading(NOW, NOW, -80.0)], channel=channel)
        part(rig, minutes(WARM), channel=channel)
    rig.close()
    rig = Rig(path, clock=rig.clock)  # F02 is gone from the configuration
    end(rig)
    assert [one["channel"] for one in rig.view.excursions()] == ["lab1/F01/product"]
    assert rig.writer.set_aside() == []
    rig.close()


def test_readings_between_bad_ones_that_are_later_are_judged_too(path: Path) -> None:
    rig = Rig(path, now=NOW)
    live(rig, [Reading(NOW, NOW, None, "open_circuit")])
    part(rig, minutes(WARM))
    end(rig)
    (excursion,) = rig.view.excursions()
    assert excursion["closed_at"] is not None
    rig.close()


def test_the_same_import_again_changes_nothing(path: Path) -> None:
    rig = Rig(path, now=NOW)
    for _ in range(2):
        part(rig, minutes(WARM)), end(rig)
    before = (rig.view.excursions(history=True), rig.view.alarms())
    rig.clock.advance(DAY)
    answer = part(rig, minutes(WARM))
    assert (answer["readings"], answer["duplicates"], answer["excursions"]) == (0, len(WARM), {})
    assert end(rig)[-1]["ended"] is True
    assert (rig.view.excursions(history=True), rig.view.alarms()) == before
    rig.close()


def test_live_readings_wake_people_while_an_import_is_on(path: Path) -> None:
    rig = Rig(path, now=NOW, installation=one_unit(units=("F01", "F02")))
    part(rig, minutes(STAY_WARM, start=T0))
    for reading in minutes(STAY_WARM, start=NOW):
        rig.clock.at = reading.received_at
        rig.read([reading], channel="lab1/F02/product")
    assert subjects(rig) == [OPENED.replace("F01", "F02")]
    part(rig, minutes([-80] * 10, start=T0 + 25 * MINUTE))
    end(rig)
    assert subjects(rig) == [OPENED.replace("F01", "F02")]
    rig.close()


def test_an_open_live_alarm_ends_when_an_import_shows_that_it_is_over(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes(STAY_WARM))
    rig.clock.advance(DAY)
    part(rig, minutes([-70, *[-80] * 10], start=T0 + 23 * MINUTE))
    end(rig)
    assert subjects(rig) == [OPENED, OPENED.replace("opened", "closed")]
    rig.close()


def test_an_import_is_no_sign_of_life(path: Path) -> None:
    rig = Rig(path, now=NOW)
    live(rig, minutes([-80], start=NOW))
    rig.writer.tick(NOW, NOW)
    rig.clock.advance(14 * MINUTE)
    part(rig, minutes([-80] * 14, start=NOW))
    end(rig)
    rig.clock.advance(2 * MINUTE)
    rig.writer.tick(rig.clock.now(), NOW)
    (alarm,) = rig.view.alarms(open_only=True)
    assert (alarm["condition"], alarm["raised_at"]) == ("no_data", format_instant(NOW + 15 * MINUTE))
    part(rig, minutes([-80], start=rig.clock.now() - MINUTE))
    end(rig)
    assert rig.view.alarms(open_only=True) == [alarm]
    rig.close()


# --- faults of probes ---


def faulty(start: int, count: int) -> list[Reading]:
    return [Reading(start + i * MINUTE, 0, None, "open_circuit") for i in range(count)]


def test_a_fault_that_ends_in_a_later_part_is_an_alarm_of_the_past(path: Path) -> None:
    rig = Rig(path, now=NOW)
    part(rig, faulty(T0, 3))
    assert rig.view.alarms() == []
    part(rig, minutes([-80] * 31, start=T0 + 3 * MINUTE))
    end(rig)
    (alarm,) = rig.view.alarms()
    assert (alarm["condition"], alarm["past"]) == ("probe_fault", True)
    assert alarm["raised_at"] == format_instant(T0)
    assert subjects(rig) == []
    rig.close()


@pytest.mark.parametrize("crash", [False, True])
def test_a_fault_that_is_open_when_the_import_ends_wakes_someone_then(path: Path, crash: bool) -> None:
    rig = Rig(path, now=NOW)
    part(rig, faulty(T0, 3))
    if crash:
        rig.kill()
        rig = Rig(path, now=NOW)
    part(rig, faulty(T0 + 5 * MINUTE, 1))
    end(rig)
    (alarm,) = rig.view.alarms(open_only=True)
    assert (alarm["condition"], alarm["raised_at"]) == ("probe_fault", format_instant(T0))
    live(rig, minutes([-80] * 31, start=NOW))
    assert [s.split()[0] for s in subjects(rig)] == ["opened", "closed"]
    rig.close()


def test_a_live_reading_ends_a_fault_that_was_held_back(path: Path) -> None:
    rig = Rig(path, now=NOW)
    part(rig, faulty(T0, 3))
    live(rig, minutes([-80] * 31, start=NOW))
    end(rig)
    assert [alarm["past"] for alarm in rig.view.alarms()] == [True]
    assert subjects(rig) == []
    rig.close()


# --- lots ---


def test_what_an_import_means_for_lots_is_told_when_it_ends_and_only_what_holds_then(path: Path) -> None:
    rig = Rig(path, now=NOW)
    gone = register("GONE", at=T0, expires_at=T0 + DAY)
    part(rig, [], events=[gone, register("KEPT", at=T0, expires_at=T0 + DAY)])
    assert subjects(rig) == []
    part(rig, [], events=[lot_event("d1", "disposed", T0 + 2 * MINUTE, "GONE")])
    found = end(rig)[-1]["lots"]
    assert subjects(rig) == ["opened lot_expired KEPT"]
    assert ("KEPT", None, "breached") in [(each["lot"], each["before"], each["after"]) for each in found]
    rig.close()


def test_events_are_counted_as_recorded_or_known(path: Path) -> None:
    rig = Rig(path, now=NOW)
    answer = part(rig, minutes([-80]), events=[register(), register()])
    assert (answer["readings"], answer["events"], answer["duplicate_events"]) == (1, 1, 1)
    end(rig)
    rig.close()


def test_a_lot_in_a_unit_that_the_import_leaves_warm_is_at_risk(path: Path) -> None:
    rig = Rig(path, now=NOW)
    rig.writer.lot_event(register(expires_at=NOW + 100 * DAY))
    part(rig, minutes(STAY_WARM))
    assert end(rig)[-1]["lots"] == [{"lot": "L1", "before": "within_profile", "after": "at_risk"}]
    rig.close()


# --- crashes, and imports that are broken off ---


def test_an_import_that_was_broken_off_ends_at_its_deadline_also_after_a_crash(path: Path) -> None:
    rig = Rig(path, now=NOW)
    live(rig, minutes([-80] * 8, start=NOW))
    part(rig, minutes(STAY_WARM))
    rig.kill()
    rig = Rig(path, now=rig.clock.now() + IDLE_MAX)
    since = rig.clock.now()
    rig.writer.tick(since, since)
    assert rig.view.excursions() == []
    rig.clock.advance(2 * MINUTE)
    rig.writer.tick(rig.clock.now(), since)
    (excursion,) = rig.view.excursions()
    assert excursion["closed_at"] is not None
    assert subjects(rig) == []
    rig.close()


def test_what_a_broken_off_import_leaves_open_is_told_at_its_deadline_and_not_before(path: Path) -> None:
    rig = Rig(path, now=NOW)
    part(rig, minutes(STAY_WARM))
    rig.close()
    rig = Rig(path, now=NOW + MINUTE)
    rig.writer.tick(rig.clock.now(), NOW)
    assert subjects(rig) == []
    rig.clock.at = NOW + IDLE_MAX + 2
    rig.writer.tick(rig.clock.now(), None)
    assert subjects(rig) == [OPENED]
    rig.close()


@pytest.mark.parametrize("broken", ["progress.flush", "readings.hear"])
def test_a_part_that_fails_leaves_nothing_and_can_be_taken_again(
    path: Path, monkeypatch: Any, broken: str
) -> None:
    rig = Rig(path, now=NOW)
    part(rig, minutes(WARM)[:5], done="5")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    part_of, name = broken.split(".")
    with monkeypatch.context() as patch:
        patch.setattr(getattr(rig.writer.parts, part_of), name, fail)
        with pytest.raises(OSError, match="disk full"):
            part(rig, minutes(WARM)[5:], done="23")
    with rig.store.reading() as tx:
        assert rig.store.due.marker(tx, "done") == "5"
        assert len(rig.store.log.after(tx, 0, None)) == 5
        assert int(rig.store.due.marker(tx, "judged_position") or 0) == 5
    rig.close()
    rig = Rig(path, now=NOW)
    part(rig, minutes(WARM)[5:], done="23")
    end(rig)
    (excursion,) = rig.view.excursions()
    assert excursion["closed_at"] is not None
    assert subjects(rig) == []
    rig.close()


def test_a_store_that_never_saw_an_import_says_nothing_more_after_an_empty_one(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes(STAY_WARM))
    before = (subjects(rig), rig.view.excursions(history=True), rig.view.alarms())
    assert end(rig) == [
        {"ended": True, "excursions": {}, "lots": [], "left": 0, "past_alarms": [], "alarms": []}
    ]
    assert (subjects(rig), rig.view.excursions(history=True), rig.view.alarms()) == before
    rig.close()


def test_live_messages_by_another_way_are_signs_of_life_and_wake_people(path: Path) -> None:
    rig = Rig(path, now=T0)
    rig.writer.tick(T0, T0)
    for reading in minutes(STAY_WARM):
        rig.clock.at = reading.received_at
        decoded = Decoded(readings=[Arrived(rig.ids[CHANNEL], reading, 0, True) for _ in range(2)])
        answer = rig.writer.ingest(decoded, live=True, marks={}, last=False)
        assert (answer["readings"], answer["duplicates"]) == (1, 1)
    rig.writer.tick(rig.clock.now(), T0)
    assert subjects(rig) == [OPENED]
    rig.close()
