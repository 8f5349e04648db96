"""Signs in the writer: each opens its alarm once and closes it once, whatever the batches and restarts in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from monitor.core.channel.reading import Reading
from monitor.core.lot.event import UnitEvent, UnitEventKind
from monitor.core.sign.detection import Detection
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant
from monitor.ports import Decoded
from monitor.testing import Writer
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


def begun(path: Path, before: Sequence[Reading], **options: object) -> Writer:
    """A writer that starts at T0 with a past, and has read it."""
    first = Writer(path, now=T0)
    first.read(before, apart=False)
    first.kill()
    return restarted(path, T0, **options)


def restarted(path: Path, now: int, **options: object) -> Writer:
    writer = Writer(path, now=now, **options)
    for _ in range(12):
        writer.monitor.tick(now, now)
    return writer


def follow(writer: Writer, coming: Sequence[Reading], size: int = 1) -> None:
    """Hands readings over as they are measured, ``size`` at once, with a tick after each."""
    for start in range(0, len(coming), size):
        some = coming[start : start + size]
        writer.clock.at = max(writer.clock.at, some[-1].received_at)
        writer.read(some)
        writer.monitor.tick(writer.clock.at, writer.clock.at)


def alarms(writer: Writer, condition: str) -> list[tuple[str, str, str | None]]:
    found = [one for one in writer.view.alarms() if one["condition"] == condition]
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
    writer = begun(path, past())
    course = repaired(NOW + 25, NOW + 60)
    follow(writer, readings(course, NOW, NOW + 24 * 60 // 4, start=START))
    ((subject, raised, cleared),) = alarms(writer, "rising_fast")
    assert subject == CHANNEL
    assert format_instant(T0 + 35 * MINUTE) < raised < format_instant(T0 + 55 * MINUTE)
    assert cleared is not None
    assert cleared > format_instant(T0 + 60 * MINUTE)
    assert subjects(writer) == [f"opened rising_fast {CHANNEL}", f"closed rising_fast {CHANNEL}"]
    writer.close()


def test_the_reason_of_a_rise_is_in_words(path: Path) -> None:
    writer = begun(path, past())
    follow(writer, readings(failing(NOW + 25), NOW, NOW + 60, start=START))
    (alarm,) = writer.view.alarms(open_only=True)
    assert alarm["evidence"]["text"].startswith("has risen without a fall for ")
    assert alarm["evidence"]["unit"] == "lab1/F01"
    assert alarm["evidence"]["probe"] == "product"
    writer.close()


@pytest.mark.parametrize("size", [1, 4, 20])
def test_batches_and_restarts_change_nothing_about_a_sign(tmp_path: Path, size: int) -> None:
    coming = readings(repaired(NOW + 25, NOW + 60), NOW, NOW + 180, start=START)
    plain = begun(tmp_path / "plain.db", past())
    follow(plain, coming)
    expected = alarms(plain, "rising_fast")
    plain.close()
    path = tmp_path / "restarted.db"
    writer = begun(path, past())
    for start in range(0, len(coming), 20):
        follow(writer, coming[start : start + 20], size)
        writer.kill()
        writer = restarted(path, writer.clock.at)
    assert alarms(writer, "rising_fast") == expected
    assert [subject.split()[0] for subject in subjects(writer)] == ["opened", "closed"]
    writer.close()


def test_a_unit_without_a_past_is_not_said_to_rise(path: Path) -> None:
    writer = Writer(path, now=T0)
    follow(writer, readings(failing(NOW + 25), NOW, NOW + 60, start=START))
    assert alarms(writer, "rising_fast") == []
    writer.close()


def test_who_is_told_that_it_is_too_warm_is_not_told_that_it_rises(path: Path) -> None:
    writer = begun(path, past())
    leap = readings(lambda minute: -55.0 + 0.1 * (minute - NOW), NOW, NOW + 150, start=START)
    follow(writer, leap)
    assert {one["condition"] for one in writer.view.alarms()} == {"temperature_high"}
    writer.close()


def test_a_late_upload_of_a_rise_that_is_over_wakes_no_one(path: Path) -> None:
    writer = begun(path, past())
    course = repaired(NOW + 25, NOW + 60)
    held = readings(course, NOW, NOW + 300, start=START)
    writer.clock.at = T0 + 300 * MINUTE
    writer.read(held, apart=False)
    writer.monitor.tick(writer.clock.at, writer.clock.at)
    assert alarms(writer, "rising_fast") == []
    writer.close()


def test_an_upload_of_a_rise_that_goes_on_wakes_someone(path: Path) -> None:
    writer = begun(path, past())
    held = readings(failing(NOW + 25), NOW, NOW + 70, start=START)
    writer.clock.at = T0 + 70 * MINUTE
    writer.read(held, apart=False)
    assert subjects(writer) == [f"opened rising_fast {CHANNEL}"]
    writer.close()


def test_a_rise_that_was_measured_long_ago_is_not_said_to_be_now(path: Path) -> None:
    writer = begun(path, past())
    writer.clock.at = T0 + DAY
    writer.read(readings(failing(NOW + 25), NOW, NOW + 70, start=START), apart=False)
    assert alarms(writer, "rising_fast") == []
    writer.close()


def test_an_import_of_a_failure_says_nothing_of_signs(path: Path) -> None:
    writer = Writer(path, now=T0)
    number = writer.ids[CHANNEL]
    from monitor.ports import Arrived

    everything = past() + readings(failing(NOW - 60), NOW - 60, NOW - 30, start=START, seed=2)
    for start in range(0, len(everything), 500):
        part = [Arrived(number, one, item, False) for item, one in enumerate(everything[start : start + 500])]
        writer.monitor.ingest(Decoded(readings=part), live=False, marks={}, last=False)
    while not writer.monitor.ingest(Decoded(), live=False, marks={}, last=True)["ended"]:
        pass
    for _ in range(12):
        writer.monitor.tick(T0, T0)
    assert subjects(writer) == []
    writer.close()


def test_a_past_that_was_imported_is_known(path: Path) -> None:
    writer = Writer(path, now=T0)
    from monitor.ports import Arrived

    part = [Arrived(writer.ids[CHANNEL], one, item, False) for item, one in enumerate(past(days=1))]
    writer.monitor.ingest(Decoded(readings=part), live=False, marks={}, last=False)
    while not writer.monitor.ingest(Decoded(), live=False, marks={}, last=True)["ended"]:
        pass
    for _ in range(12):
        writer.monitor.tick(T0, T0)
    follow(writer, readings(failing(NOW + 25), NOW, NOW + 60, start=START))
    assert len(alarms(writer, "rising_fast")) == 1
    writer.close()


def test_a_probe_that_sticks_is_told_and_ended_when_it_moves(path: Path) -> None:
    writer = begun(path, past())
    stuck = [reading._replace(celsius=-80.11) for reading in readings(cycling, NOW, NOW + 180, start=START)]
    follow(writer, stuck + readings(cycling, NOW + 180, NOW + 240, start=START))
    ((subject, raised, cleared),) = alarms(writer, "flat_line")
    assert subject == CHANNEL
    assert raised == format_instant(T0 + 90 * MINUTE)
    assert cleared == format_instant(T0 + 180 * MINUTE)
    assert [text.split()[:2] for text in subjects(writer)] == [
        ["opened", "flat_line"],
        ["closed", "flat_line"],
    ]
    writer.close()


@pytest.mark.parametrize("late", [0, 1, 90 * MINUTE])
def test_a_door_is_open_since_its_deadline_however_late_somebody_looks(path: Path, late: int) -> None:
    writer = Writer(path, now=T0)
    writer.monitor.take(door("door_opened", T0), lambda: None)
    writer.monitor.tick(T0 + 5 * MINUTE - 1, T0)
    assert alarms(writer, "door_open") == []
    writer.clock.at = T0 + 5 * MINUTE + late
    writer.monitor.tick(writer.clock.at, writer.clock.at)
    assert alarms(writer, "door_open") == [("lab1/F01", format_instant(T0 + 5 * MINUTE), None)]
    writer.clock.at += MINUTE
    writer.monitor.take(door("door_closed", writer.clock.at), lambda: None)
    writer.monitor.tick(writer.clock.at, writer.clock.at)
    ((_, _, cleared),) = alarms(writer, "door_open")
    assert cleared == format_instant(writer.clock.at)
    told = [subject for subject in subjects(writer) if "door_open" in subject]
    assert told == ["opened door_open lab1/F01", "closed door_open lab1/F01"]
    writer.close()


def test_a_door_that_is_shut_in_time_wakes_no_one_in_whatever_order_it_is_told(path: Path) -> None:
    writer = Writer(path, now=T0 + 3 * MINUTE)
    for event in (door("door_closed", T0 + 2 * MINUTE), door("door_opened", T0)):
        writer.monitor.take(event, lambda: None)
    writer.clock.at = T0 + HOUR
    writer.monitor.tick(writer.clock.at, writer.clock.at)
    assert alarms(writer, "door_open") == []
    writer.close()


def test_a_door_that_stood_open_and_was_shut_before_anybody_heard_of_it_is_of_the_past(path: Path) -> None:
    writer = Writer(path, now=T0 + HOUR)
    opened, closed = door("door_opened", T0), door("door_closed", T0 + 20 * MINUTE)
    writer.monitor.take(Decoded(unit_events=opened.unit_events + closed.unit_events), lambda: None)
    writer.monitor.tick(T0 + HOUR, T0 + HOUR)
    (alarm,) = writer.view.alarms()
    assert (alarm["condition"], alarm["past"], alarm["state"]) == ("door_open", True, "normal")
    assert subjects(writer) == []
    writer.kill()
    writer = restarted(path, T0 + 2 * HOUR)
    assert len(writer.view.alarms()) == 1
    writer.close()


def test_a_door_told_of_late_wakes_no_one_before_its_closing_can_have_come(path: Path) -> None:
    now = T0 + HOUR
    for shut in (True, False):
        writer = Writer(path.with_name(f"{shut}.db"), now=now)
        writer.monitor.take(door("door_opened", T0, heard_at=now), lambda: None)
        writer.monitor.tick(now, now)
        assert subjects(writer) == []
        if shut:
            writer.monitor.take(door("door_closed", T0 + 20 * MINUTE, heard_at=now), lambda: None)
        writer.clock.at = now + MINUTE
        writer.monitor.tick(writer.clock.at, writer.clock.at)
        assert subjects(writer) == ([] if shut else ["opened door_open lab1/F01"])
        assert [alarm["past"] for alarm in writer.view.alarms()] == [shut]
        writer.close()


@pytest.mark.parametrize("shut", [True, False])
def test_a_door_of_a_unit_that_nobody_hears_is_not_said_to_stand_open(path: Path, shut: bool) -> None:
    writer = Writer(path, now=T0)
    live(writer, minutes([-80]))
    writer.monitor.take(door("door_opened", T0), lambda: None)
    for minute in (5, 6, 7):
        writer.clock.at = T0 + minute * MINUTE
        writer.monitor.tick(writer.clock.at, T0)
    assert subjects(writer) == []
    if shut:  # the gateway was away, and tells now
        writer.monitor.take(door("door_closed", T0 + MINUTE, heard_at=T0 + 8 * MINUTE), lambda: None)
    live(writer, minutes([-80], start=T0 + 8 * MINUTE))
    writer.clock.at = T0 + 9 * MINUTE
    writer.monitor.tick(writer.clock.at, T0)
    expected = [] if shut else [("lab1/F01", format_instant(T0 + 5 * MINUTE), None)]
    assert alarms(writer, "door_open") == expected
    writer.close()


def test_the_card_of_a_unit_with_an_open_door_does_not_say_that_all_is_well(path: Path) -> None:
    writer = Writer(path, now=T0)
    live(writer, minutes([-80]))
    assert writer.view.units()[0]["state"] == "ok"
    writer.monitor.take(door("door_opened", T0), lambda: None)
    live(writer, minutes([-80], start=T0 + 5 * MINUTE))
    writer.monitor.tick(writer.clock.at, writer.clock.at)
    (card,) = writer.view.units()
    assert (card["state"], card["state_text"]) == ("warning", "door open")
    writer.close()


def test_a_door_alarm_outlives_a_restart_and_is_not_repeated(path: Path) -> None:
    writer = Writer(path, now=T0)
    writer.monitor.take(door("door_opened", T0), lambda: None)
    writer.kill()
    writer = restarted(path, T0 + 10 * MINUTE)
    writer.kill()
    writer = restarted(path, T0 + 20 * MINUTE)
    assert subjects(writer) == ["opened door_open lab1/F01"]
    writer.close()


def test_a_sign_that_is_turned_off_ends_its_alarm(path: Path) -> None:
    writer = Writer(path, now=T0)
    writer.monitor.take(door("door_opened", T0), lambda: None)
    writer.clock.at = T0 + 10 * MINUTE
    writer.monitor.tick(writer.clock.at, writer.clock.at)
    writer.kill()
    writer = restarted(path, T0 + 20 * MINUTE, detection=Detection(door_open=False))
    (alarm,) = writer.view.alarms()
    assert alarm["evidence"]["clear_reason"] == "no_longer_watched"
    writer.close()


def test_a_calm_level_that_creeps_up_day_by_day_is_told_with_the_day_of_its_crossing(path: Path) -> None:
    def creeping(minute: int) -> float:
        return cycling(minute) + max(0, minute) * 2.5 / (24 * 60)

    before = readings(creeping, NOW - 6 * 24 * 60, NOW, start=START, every=5)
    writer = begun(path, before)
    follow(writer, readings(creeping, NOW, NOW + 2 * 24 * 60, start=START, every=5), size=12)
    ((subject, _, cleared),) = alarms(writer, "slow_drift")
    assert (subject, cleared) == (CHANNEL, None)
    (alarm,) = writer.view.alarms(open_only=True)
    assert "a day; going on like that it reaches -60 °C on 2026-" in alarm["evidence"]["text"]
    writer.close()


def test_a_compressor_without_a_pause_that_gets_nowhere_is_told_once(path: Path) -> None:
    def tired(minute: int) -> float:
        if minute < NOW + 5:
            return cycling(minute)
        return -80.4 + 3.2 * min(1.0, (minute - NOW - 5) / 300)

    writer = begun(path, past())
    follow(writer, readings(tired, NOW, NOW + 9 * 60, start=START), size=5)
    ((subject, _, cleared),) = alarms(writer, "cooling_weak")
    assert (subject, cleared) == ("lab1/F01", None)
    follow(writer, readings(cycling, NOW + 9 * 60, NOW + 12 * 60, start=START), size=5)
    ((_, _, cleared),) = alarms(writer, "cooling_weak")
    assert cleared is not None
    writer.close()


def test_an_air_probe_that_has_no_alarms_of_its_own_is_a_witness(path: Path) -> None:
    installation = two_probes()
    first = Writer(path, now=T0, installation=installation)
    first.read(past(), channel="lab1/F01/air", apart=False)
    still = readings(lambda minute: -80.0, 0, NOW, start=START)
    first.read(still, channel=CHANNEL, apart=False)
    first.kill()
    writer = restarted(path, T0, installation=installation)
    for reading in readings(failing(NOW + 25), NOW, NOW + 60, start=START):
        writer.clock.at = reading.received_at
        writer.read([reading], channel="lab1/F01/air")
        writer.read([reading._replace(celsius=-80.0)], channel=CHANNEL)
    (alarm,) = writer.view.alarms(open_only=True)
    assert (alarm["condition"], alarm["subject"]) == ("rising_fast", CHANNEL)
    assert alarm["evidence"]["probe"] == "air"
    writer.close()


def test_a_live_writer_without_a_past_goes_on_as_ever(path: Path) -> None:
    writer = Writer(path, now=T0)
    live(writer, readings(cycling, NOW, NOW + 60, start=START))
    assert writer.view.alarms() == []
    writer.close()
