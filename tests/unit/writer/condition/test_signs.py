"""Signs in the writer: each opens its alarm once and closes it once, whatever the batches and restarts in between."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from monitor.core.channel.reading import Reading
from monitor.core.lot.event import UnitEvent, UnitEventKind
from monitor.core.sign.detection import Detection
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant
from monitor.ports import Decoded
from monitor.testing import Rig
from tests.rigs.lab import T0, live, minutes, subjects
from tests.rigs.signs import cycling, failing, readings, two_probes

CHANNEL = "lab1/F01/product"
START = T0 - 2 * DAY
NOW = 2 * 24 * 60  # the minute at which T0 is


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def past(course: Callable[[int], float] = cycling, days: int = 2) -> list[Reading]:
    """What was measured before T0."""
    return readings(course, NOW - days * 24 * 60, NOW, start=START)


def begun(path: Path, before: Sequence[Reading], **options: object) -> Rig:
    """A writer that starts at T0 with a past, and has read it."""
    path.write_bytes(_store_with(tuple(before)))
    return restarted(path, T0, **options)


@functools.cache
def _store_with(before: tuple[Reading, ...]) -> bytes:
    """The store of a writer that has read some past and was killed. Most tests here have the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        rig = Rig(path, now=T0)
        rig.read(before, apart=False)
        rig.kill()
        return path.read_bytes()


def restarted(path: Path, now: int, **options: object) -> Rig:
    rig = Rig(path, now=now, **options)
    for _ in range(12):
        rig.writer.tick(now, now)
    return rig


def follow(rig: Rig, coming: Sequence[Reading], size: int = 1) -> None:
    """Hands readings over as they are measured, ``size`` at once, with a tick after each."""
    for start in range(0, len(coming), size):
        some = coming[start : start + size]
        rig.clock.at = max(rig.clock.at, some[-1].received_at)
        rig.read(some)
        rig.writer.tick(rig.clock.at, rig.clock.at)


def alarms(rig: Rig, condition: str) -> list[tuple[str, str, str | None]]:
    found = [one for one in rig.view.alarms() if one["condition"] == condition]
    return sorted((one["subject"], one["raised_at"], one["cleared_at"]) for one in found)


def door(kind: str, at: int, heard_at: int | None = None) -> Decoded:
    event = UnitEvent(
        site="lab1", unit="F01", event_id=f"{kind}-{at}", occurred_at=at, kind=UnitEventKind(kind)
    )
    return Decoded(unit_events=[(event, at if heard_at is None else heard_at)])


def repaired(fails_at: int, works_at: int) -> Callable[[int], float]:
    """It fails, warms, and from ``works_at`` on is brought down again."""
    warming = failing(fails_at)

    def celsius(minute: int) -> float:
        if minute < works_at:
            return warming(minute)
        return max(cycling(minute), warming(works_at) - 0.3 * (minute - works_at))

    return celsius


def test_a_compressor_that_dies_is_told_long_before_a_limit_is_passed(path: Path) -> None:
    rig = begun(path, past())
    course = repaired(NOW + 25, NOW + 60)
    follow(rig, readings(course, NOW, NOW + 24 * 60 // 4, start=START))
    ((subject, raised, cleared),) = alarms(rig, "rising_fast")
    assert subject == CHANNEL
    assert format_instant(T0 + 35 * MINUTE) < raised < format_instant(T0 + 55 * MINUTE)
    assert cleared is not None
    assert cleared > format_instant(T0 + 60 * MINUTE)
    assert subjects(rig) == [f"opened rising_fast {CHANNEL}", f"closed rising_fast {CHANNEL}"]
    rig.close()


def test_the_reason_of_a_rise_is_in_words(path: Path) -> None:
    rig = begun(path, past())
    follow(rig, readings(failing(NOW + 25), NOW, NOW + 60, start=START))
    (alarm,) = rig.view.alarms(open_only=True)
    assert alarm["evidence"]["text"].startswith("has risen without a fall for ")
    assert alarm["evidence"]["unit"] == "lab1/F01"
    assert alarm["evidence"]["probe"] == "product"
    rig.close()


@pytest.mark.parametrize("size", [1, 4, 20])
def test_batches_and_restarts_change_nothing_about_a_sign(tmp_path: Path, size: int) -> None:
    coming = readings(repaired(NOW + 25, NOW + 60), NOW, NOW + 180, start=START)
    plain = begun(tmp_path / "plain.db", past())
    follow(plain, coming)
    expected = alarms(plain, "rising_fast")
    plain.close()
    path = tmp_path / "restarted.db"
    rig = begun(path, past())
    for start in range(0, len(coming), 20):
        follow(rig, coming[start : start + 20], size)
        rig.kill()
        rig = restarted(path, rig.clock.at)
    assert alarms(rig, "rising_fast") == expected
    assert [subject.split()[0] for subject in subjects(rig)] == ["opened", "closed"]
    rig.close()


def test_a_unit_without_a_past_is_not_said_to_rise(path: Path) -> None:
    rig = Rig(path, now=T0)
    follow(rig, readings(failing(NOW + 25), NOW, NOW + 60, start=START))
    assert alarms(rig, "rising_fast") == []
    rig.close()


def test_who_is_told_that_it_is_too_warm_is_not_told_that_it_rises(path: Path) -> None:
    rig = begun(path, past())
    leap = readings(lambda minute: -55.0 + 0.1 * (minute - NOW), NOW, NOW + 150, start=START)
    follow(rig, leap)
    assert {one["condition"] for one in rig.view.alarms()} == {"temperature_high"}
    rig.close()


def test_a_late_upload_of_a_rise_that_is_over_wakes_no_one(path: Path) -> None:
    rig = begun(path, past())
    course = repaired(NOW + 25, NOW + 60)
    held = readings(course, NOW, NOW + 300, start=START)
    rig.clock.at = T0 + 300 * MINUTE
    rig.read(held, apart=False)
    rig.writer.tick(rig.clock.at, rig.clock.at)
    assert alarms(rig, "rising_fast") == []
    rig.close()


def test_an_upload_of_a_rise_that_goes_on_wakes_someone(path: Path) -> None:
    rig = begun(path, past())
    held = readings(failing(NOW + 25), NOW, NOW + 70, start=START)
    rig.clock.at = T0 + 70 * MINUTE
    rig.read(held, apart=False)
    assert subjects(rig) == [f"opened rising_fast {CHANNEL}"]
    rig.close()


def test_a_rise_that_was_measured_long_ago_is_not_said_to_be_now(path: Path) -> None:
    rig = begun(path, past())
    rig.clock.at = T0 + DAY
    rig.read(readings(failing(NOW + 25), NOW, NOW + 70, start=START), apart=False)
    assert alarms(rig, "rising_fast") == []
    rig.close()


def test_an_import_of_a_failure_says_nothing_of_signs(path: Path) -> None:
    rig = Rig(path, now=T0)
    number = rig.ids[CHANNEL]
    from monitor.ports import Arrived

    everything = past() + readings(failing(NOW - 60), NOW - 60, NOW - 30, start=START, seed=2)
    for start in range(0, len(everything), 500):
        part = [Arrived(number, one, item, False) for item, one in enumerate(everything[start : start + 500])]
        rig.writer.ingest(Decoded(readings=part), live=False, marks={}, last=False)
    while not rig.writer.ingest(Decoded(), live=False, marks={}, last=True)["ended"]:
        pass
    for _ in range(12):
        rig.writer.tick(T0, T0)
    assert subjects(rig) == []
    rig.close()


def test_a_past_that_was_imported_is_known(path: Path) -> None:
    rig = Rig(path, now=T0)
    from monitor.ports import Arrived

    part = [Arrived(rig.ids[CHANNEL], one, item, False) for item, one in enumerate(past(days=1))]
    rig.writer.ingest(Decoded(readings=part), live=False, marks={}, last=False)
    while not rig.writer.ingest(Decoded(), live=False, marks={}, last=True)["ended"]:
        pass
    for _ in range(12):
        rig.writer.tick(T0, T0)
    follow(rig, readings(failing(NOW + 25), NOW, NOW + 60, start=START))
    assert len(alarms(rig, "rising_fast")) == 1
    rig.close()


def test_a_probe_that_sticks_is_told_and_ended_when_it_moves(path: Path) -> None:
    rig = begun(path, past())
    stuck = [reading._replace(celsius=-80.11) for reading in readings(cycling, NOW, NOW + 180, start=START)]
    follow(rig, stuck + readings(cycling, NOW + 180, NOW + 240, start=START))
    ((subject, raised, cleared),) = alarms(rig, "flat_line")
    assert subject == CHANNEL
    assert raised == format_instant(T0 + 90 * MINUTE)
    assert cleared == format_instant(T0 + 180 * MINUTE)
    assert [text.split()[:2] for text in subjects(rig)] == [
        ["opened", "flat_line"],
        ["closed", "flat_line"],
    ]
    rig.close()


@pytest.mark.parametrize("late", [0, 1, 90 * MINUTE])
def test_a_door_is_open_since_its_deadline_however_late_somebody_looks(path: Path, late: int) -> None:
    rig = Rig(path, now=T0)
    rig.writer.take(door("door_opened", T0), lambda: None)
    rig.writer.tick(T0 + 5 * MINUTE - 1, T0)
    assert alarms(rig, "door_open") == []
    rig.clock.at = T0 + 5 * MINUTE + late
    rig.writer.tick(rig.clock.at, rig.clock.at)
    assert alarms(rig, "door_open") == [("lab1/F01", format_instant(T0 + 5 * MINUTE), None)]
    rig.clock.at += MINUTE
    rig.writer.take(door("door_closed", rig.clock.at), lambda: None)
    rig.writer.tick(rig.clock.at, rig.clock.at)
    ((_, _, cleared),) = alarms(rig, "door_open")
    assert cleared == format_instant(rig.clock.at)
    told = [subject for subject in subjects(rig) if "door_open" in subject]
    assert told == ["opened door_open lab1/F01", "closed door_open lab1/F01"]
    rig.close()


def test_a_door_that_is_shut_in_time_wakes_no_one_in_whatever_order_it_is_told(path: Path) -> None:
    rig = Rig(path, now=T0 + 3 * MINUTE)
    for event in (door("door_closed", T0 + 2 * MINUTE), door("door_opened", T0)):
        rig.writer.take(event, lambda: None)
    rig.clock.at = T0 + HOUR
    rig.writer.tick(rig.clock.at, rig.clock.at)
    assert alarms(rig, "door_open") == []
    rig.close()


def test_a_door_that_stood_open_and_was_shut_before_anybody_heard_of_it_is_of_the_past(path: Path) -> None:
    rig = Rig(path, now=T0 + HOUR)
    opened, closed = door("door_opened", T0), door("door_closed", T0 + 20 * MINUTE)
    rig.writer.take(Decoded(unit_events=opened.unit_events + closed.unit_events), lambda: None)
    rig.writer.tick(T0 + HOUR, T0 + HOUR)
    (alarm,) = rig.view.alarms()
    assert (alarm["condition"], alarm["past"], alarm["state"]) == ("door_open", True, "normal")
    assert subjects(rig) == []
    rig.kill()
    rig = restarted(path, T0 + 2 * HOUR)
    assert len(rig.view.alarms()) == 1
    rig.close()


def test_a_door_told_of_late_wakes_no_one_before_its_closing_can_have_come(path: Path) -> None:
    now = T0 + HOUR
    for shut in (True, False):
        rig = Rig(path.with_name(f"{shut}.db"), now=now)
        rig.writer.take(door("door_opened", T0, heard_at=now), lambda: None)
        rig.writer.tick(now, now)
        assert subjects(rig) == []
        if shut:
            rig.writer.take(door("door_closed", T0 + 20 * MINUTE, heard_at=now), lambda: None)
        rig.clock.at = now + MINUTE
        rig.writer.tick(rig.clock.at, rig.clock.at)
        assert subjects(rig) == ([] if shut else ["opened door_open lab1/F01"])
        assert [alarm["past"] for alarm in rig.view.alarms()] == [shut]
        rig.close()


@pytest.mark.parametrize("shut", [True, False])
def test_a_door_of_a_unit_that_nobody_hears_is_not_said_to_stand_open(path: Path, shut: bool) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes([-80]))
    rig.writer.take(door("door_opened", T0), lambda: None)
    for minute in (5, 6, 7):
        rig.clock.at = T0 + minute * MINUTE
        rig.writer.tick(rig.clock.at, T0)
    assert subjects(rig) == []
    if shut:  # the gateway was away, and tells now
        rig.writer.take(door("door_closed", T0 + MINUTE, heard_at=T0 + 8 * MINUTE), lambda: None)
    live(rig, minutes([-80], start=T0 + 8 * MINUTE))
    rig.clock.at = T0 + 9 * MINUTE
    rig.writer.tick(rig.clock.at, T0)
    expected = [] if shut else [("lab1/F01", format_instant(T0 + 5 * MINUTE), None)]
    assert alarms(rig, "door_open") == expected
    rig.close()


def test_the_card_of_a_unit_with_an_open_door_does_not_say_that_all_is_well(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes([-80]))
    assert rig.view.units()[0]["state"] == "ok"
    rig.writer.take(door("door_opened", T0), lambda: None)
    live(rig, minutes([-80], start=T0 + 5 * MINUTE))
    rig.writer.tick(rig.clock.at, rig.clock.at)
    (card,) = rig.view.units()
    assert (card["state"], card["state_text"]) == ("warning", "door open")
    rig.close()


def test_a_door_alarm_outlives_a_restart_and_is_not_repeated(path: Path) -> None:
    rig = Rig(path, now=T0)
    rig.writer.take(door("door_opened", T0), lambda: None)
    rig.kill()
    rig = restarted(path, T0 + 10 * MINUTE)
    rig.kill()
    rig = restarted(path, T0 + 20 * MINUTE)
    assert subjects(rig) == ["opened door_open lab1/F01"]
    rig.close()


def test_a_sign_that_is_turned_off_ends_its_alarm(path: Path) -> None:
    rig = Rig(path, now=T0)
    rig.writer.take(door("door_opened", T0), lambda: None)
    rig.clock.at = T0 + 10 * MINUTE
    rig.writer.tick(rig.clock.at, rig.clock.at)
    rig.kill()
    rig = restarted(path, T0 + 20 * MINUTE, detection=Detection(door_open=False))
    (alarm,) = rig.view.alarms()
    assert alarm["evidence"]["clear_reason"] == "no_longer_watched"
    rig.close()


def test_a_calm_level_that_creeps_up_day_by_day_is_told_with_the_day_of_its_crossing(path: Path) -> None:
    def creeping(minute: int) -> float:
        return cycling(minute) + max(0, minute) * 2.5 / (24 * 60)

    before = readings(creeping, NOW - 6 * 24 * 60, NOW, start=START, every=5)
    rig = begun(path, before)
    follow(rig, readings(creeping, NOW, NOW + 2 * 24 * 60, start=START, every=5), size=12)
    ((subject, _, cleared),) = alarms(rig, "slow_drift")
    assert (subject, cleared) == (CHANNEL, None)
    (alarm,) = rig.view.alarms(open_only=True)
    assert "a day; going on like that it reaches -60 °C on 2026-" in alarm["evidence"]["text"]
    rig.close()


def test_a_compressor_without_a_pause_that_gets_nowhere_is_told_once(path: Path) -> None:
    def tired(minute: int) -> float:
        if minute < NOW + 5:
            return cycling(minute)
        return -80.4 + 3.2 * min(1.0, (minute - NOW - 5) / 300)

    rig = begun(path, past())
    follow(rig, readings(tired, NOW, NOW + 9 * 60, start=START), size=5)
    ((subject, _, cleared),) = alarms(rig, "cooling_weak")
    assert (subject, cleared) == ("lab1/F01", None)
    follow(rig, readings(cycling, NOW + 9 * 60, NOW + 12 * 60, start=START), size=5)
    ((_, _, cleared),) = alarms(rig, "cooling_weak")
    assert cleared is not None
    rig.close()


def test_an_air_probe_that_has_no_alarms_of_its_own_is_a_witness(path: Path) -> None:
    installation = two_probes()
    first = Rig(path, now=T0, installation=installation)
    first.read(past(), channel="lab1/F01/air", apart=False)
    still = readings(lambda minute: -80.0, 0, NOW, start=START)
    first.read(still, channel=CHANNEL, apart=False)
    first.kill()
    rig = restarted(path, T0, installation=installation)
    for reading in readings(failing(NOW + 25), NOW, NOW + 60, start=START):
        rig.clock.at = reading.received_at
        rig.read([reading], channel="lab1/F01/air")
        rig.read([reading._replace(celsius=-80.0)], channel=CHANNEL)
    (alarm,) = rig.view.alarms(open_only=True)
    assert (alarm["condition"], alarm["subject"]) == ("rising_fast", CHANNEL)
    assert alarm["evidence"]["probe"] == "air"
    rig.close()


def test_a_live_writer_without_a_past_goes_on_as_ever(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, readings(cycling, NOW, NOW + 60, start=START))
    assert rig.view.alarms() == []
    rig.close()
