"""The writer: what readings, events and the clock lead to, on a real store; with crashes in between."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.channel.reading import Reading
from monitor.core.lot.event import UnitEvent, UnitEventKind
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant
from monitor.ports import Decoded
from monitor.store.projection import Projection
from monitor.telling.delivery import Deliverer
from monitor.testing import FakeMedium, ManualClock, Rig, one_unit
from tests.rigs.lab import T0, WARM, live, minutes, subjects


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def test_a_confirmed_excursion_is_told_once_when_it_opens_and_once_when_it_is_over(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes(WARM))
    channel = "lab1/F01/product"
    assert subjects(rig) == [f"opened temperature_high {channel}", f"closed temperature_high {channel}"]
    (alarm,) = rig.view.alarms()
    (excursion,) = rig.view.excursions()
    assert alarm["raised_at"] == excursion["confirmed_at"]
    assert alarm["cleared_at"] == excursion["closed_at"]
    rig.close()


def test_a_restart_at_any_point_repeats_no_alarm_and_loses_none(path: Path) -> None:
    rig = Rig(path, now=T0)
    for reading in minutes(WARM):
        rig.clock.at = reading.received_at
        rig.read([reading])
        rig.kill()
        rig = Rig(path, now=reading.received_at)
    assert [s.split()[0] for s in subjects(rig)] == ["opened", "closed"]
    (excursion,) = rig.view.excursions()
    assert excursion["version"] == 3
    rig.close()


def test_readings_committed_and_not_judged_are_judged_after_a_crash(path: Path, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("killed")

    rig = Rig(path, now=T0)
    live(rig, minutes(WARM[:3]))
    monkeypatch.setattr(rig.writer.parts.readings, "take", broken)  # the crash: committed, acknowledged
    live(rig, minutes(WARM)[3:])
    rig.kill()
    again = Rig(path, now=T0 + 60 * MINUTE)
    (excursion,) = again.view.excursions()
    assert excursion["confirmed_at"] is not None
    assert [s.split()[0] for s in subjects(again)] == ["opened", "closed"]
    again.close()


def test_the_past_wakes_no_one_and_is_on_record(path: Path) -> None:
    rig = Rig(path, now=T0 + DAY)
    rig.read(minutes(WARM, lag=DAY), apart=False)
    assert subjects(rig) == []
    (alarm,) = rig.view.alarms()
    assert alarm["past"] is True
    assert alarm["state"] == "normal"
    rig.close()


@pytest.mark.parametrize("restart", [False, True])
def test_what_an_upload_leaves_open_wakes_someone_when_no_more_of_it_comes(path: Path, restart: bool) -> None:
    rig = Rig(path, now=T0 + DAY)
    rig.read(minutes(WARM[:15], lag=DAY), apart=False)
    rig.writer.tick(rig.clock.now(), None)
    assert subjects(rig) == []
    if restart:
        rig.kill()
        rig = Rig(path, now=rig.clock.now())
    rig.clock.advance(MINUTE)
    rig.writer.tick(rig.clock.now(), None)
    rig.writer.tick(rig.clock.now(), None)
    assert subjects(rig) == ["opened temperature_high lab1/F01/product"]
    rig.close()


@pytest.mark.parametrize("cut", [13, 14, 15])
def test_what_lies_across_two_arrays_of_an_upload_wakes_no_one(path: Path, cut: int) -> None:
    rig = Rig(path, now=T0 + DAY)
    readings = minutes(WARM, lag=DAY)
    rig.read(readings[:cut], apart=False)
    rig.read(readings[cut:], apart=False)
    rig.clock.advance(DAY)
    rig.writer.tick(rig.clock.now(), None)
    assert subjects(rig) == []
    (alarm,) = rig.view.alarms()
    assert alarm["past"] is True
    rig.close()


def test_an_upload_that_ends_now_tells_at_once_what_its_first_array_left_open(path: Path) -> None:
    rig = Rig(path, now=T0 + 15 * MINUTE)
    warm = minutes(WARM[:14])
    old = [r._replace(received_at=r.measured_at + HOUR) for r in warm[:13]]
    rig.read(old, apart=False)
    assert subjects(rig) == []
    live(rig, warm[13:])
    assert subjects(rig) == ["opened temperature_high lab1/F01/product"]
    rig.close()


def test_batches_of_messages_change_nothing_about_who_is_told(tmp_path: Path) -> None:
    told = []
    for number, size in enumerate((1, 2, 7, 21)):
        rig = Rig(tmp_path / f"{number}.db", now=T0)
        readings = minutes(WARM)
        for start in range(0, len(readings), size):
            rig.read(readings[start : start + size])
        told.append((subjects(rig), [a["raised_at"] for a in rig.view.alarms()]))
        rig.close()
    assert all(each == told[0] for each in told)


def test_silence_while_warm_keeps_the_alarm_and_raises_no_data_too(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes(WARM[:15]))
    rig.writer.tick(rig.clock.now(), T0)
    rig.clock.advance(3 * 60 * MINUTE)
    rig.writer.tick(rig.clock.now(), T0)
    assert {a["condition"] for a in rig.view.alarms(open_only=True)} == {"temperature_high", "no_data"}
    unit = rig.view.units()[0]
    assert unit["state"] == "excursion"
    assert "silent" in unit["state_text"]
    rig.close()


@pytest.mark.parametrize("late", [0, 1, 60 * MINUTE])
def test_silence_is_stamped_with_its_deadline_however_late_it_is_noticed(path: Path, late: int) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes([-80, -80]))
    rig.writer.tick(rig.clock.now(), T0)
    rig.clock.at = T0 + MINUTE + 15 * MINUTE + 1 + late
    rig.writer.tick(rig.clock.now(), T0)
    (alarm,) = rig.view.alarms(open_only=True)
    assert alarm["condition"] == "no_data"
    assert alarm["raised_at"] == format_instant(T0 + 16 * MINUTE)
    rig.close()


def test_a_silence_that_ended_before_anyone_looked_is_on_record_all_the_same(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes([-80, -80]))
    rig.writer.tick(rig.clock.now(), T0)
    live(rig, minutes([-80], start=T0 + 60 * MINUTE))
    (alarm,) = rig.view.alarms()
    assert (alarm["condition"], alarm["raised_at"]) == ("no_data", format_instant(T0 + 16 * MINUTE))
    assert alarm["cleared_at"] == format_instant(T0 + 60 * MINUTE)
    rig.close()


def test_after_an_outage_of_our_own_silence_is_counted_from_our_return(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes([-80]))
    rig.kill()
    back = T0 + 10 * 60 * MINUTE
    rig = Rig(path, now=back)
    rig.writer.tick(back, back)
    assert rig.view.alarms() == []
    rig.clock.at = back + 15 * MINUTE + 1
    rig.writer.tick(rig.clock.now(), back)
    assert [a["condition"] for a in rig.view.alarms()] == ["no_data"]
    rig.close()


def test_nobody_is_silent_while_we_cannot_hear(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes([-80]))
    rig.writer.tick(rig.clock.now(), None)
    rig.clock.advance(DAY)
    rig.writer.tick(rig.clock.now(), None)
    assert rig.view.alarms() == []
    rig.close()


def test_a_fault_code_is_a_probe_alarm_and_never_an_excursion(path: Path) -> None:
    settings = ProbeSettings(sensor="max31865")
    rig = Rig(path, now=T0, installation=one_unit(settings))
    live(rig, minutes([-80, -80, 988.79]))
    (alarm,) = rig.view.alarms(open_only=True)
    assert (alarm["condition"], alarm["evidence"]["fault"]) == ("probe_fault", "sensor_code")
    assert rig.view.excursions() == []
    assert rig.view.units()[0]["state"] == "fault"
    assert rig.view.units()[0]["celsius"] is None
    live(rig, minutes([-80] * 30, start=T0 + 3 * MINUTE))
    assert len(rig.view.alarms(open_only=True)) == 1  # not sure yet
    rig.kill()
    rig = Rig(path, now=rig.clock.now(), installation=one_unit(settings))
    live(rig, minutes([-80], start=T0 + 33 * MINUTE))
    (alarm,) = rig.view.alarms()
    assert alarm["cleared_at"] == format_instant(T0 + 3 * MINUTE)
    rig.close()


def test_a_loose_contact_raises_one_alarm_and_not_one_with_each_reading(path: Path) -> None:
    rig = Rig(path, now=T0)
    for n in range(60):
        fault = "read_error" if n % 20 == 0 else None
        live(rig, [Reading(T0 + n * MINUTE, T0 + n * MINUTE, None if fault else -80.0, fault)])
    assert len(rig.view.alarms()) == 1
    assert subjects(rig) == ["opened probe_fault lab1/F01/product"]
    rig.close()


def test_an_alarm_that_gets_worse_keeps_no_time_to_act_by_that_is_out_of_date(path: Path) -> None:
    rig = Rig(path, now=T0)
    known = {"act_by_reason": "lot EXO-1: warm"}
    channel, condition = "lab1/F01/product", AlarmCondition.TEMPERATURE_HIGH
    rig.writer.hold(Truth(condition, channel, T0, "alarm", known, act_by=T0 + HOUR))
    assert rig.view.alarms()[0]["act_by"] == format_instant(T0 + HOUR)
    rig.writer.hold(Truth(condition, channel, T0, "critical", {"act_by_reason": None}))
    (alarm,) = rig.view.alarms()
    assert (alarm["level"], alarm["act_by"], alarm["evidence"]["act_by_reason"]) == ("critical", None, None)
    rig.close()


def test_door_events_inside_an_excursion_are_listed_with_it(path: Path) -> None:
    rig = Rig(path, now=T0)
    door = UnitEvent(
        site="lab1",
        unit="F01",
        event_id="d1",
        occurred_at=T0 + 5 * MINUTE,
        kind=UnitEventKind.DOOR_OPENED,
    )
    rig.writer.take(Decoded(unit_events=[(door, T0)]), lambda: None)
    live(rig, minutes(WARM))
    (excursion,) = rig.view.excursions()
    assert [event["kind"] for event in excursion["events"]] == ["door_opened"]
    rig.close()


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_message_owed_goes_out_although_the_process_dies_before_or_while_sending(
    path: Path, after: int
) -> None:
    """``after``: how many steps of (commit, send, record) are done before the process dies."""
    rig = Rig(path, now=T0)
    live(rig, minutes(WARM[:15]))
    medium = FakeMedium()
    if after:
        outbox = rig.store.outbox
        if after < 3:
            outbox.record_sent = lambda *_: (_ for _ in ()).throw(RuntimeError("killed"))  # type: ignore[method-assign]
        deliverer = Deliverer(outbox, {"console": medium}, rig.clock, 1_000, 10_000)
        with contextlib.suppress(RuntimeError):
            deliverer.run_due()
    rig.kill()
    again = Rig(path, clock=ManualClock(T0 + 60 * MINUTE))
    deliverer = Deliverer(again.store.outbox, {"console": medium}, again.clock, 1_000, 10_000)
    deliverer.run_due()
    deliverer.close(1.0)
    assert {n.subject for n in medium.delivered} == {"opened temperature_high lab1/F01/product"}
    assert len(medium.delivered) == (2 if 0 < after < 3 else 1)
    assert all(message["sent_at"] is not None for message in again.view.notifications())
    again.close()


def test_a_commit_that_fails_acknowledges_nothing_and_can_be_taken_again(path: Path, monkeypatch) -> None:
    rig = Rig(path, now=T0)
    acknowledged = []
    readings = minutes(WARM)
    whole = rig.store.log.append_readings

    def full(*args: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(rig.store.log, "append_readings", full)
    decoded = _decoded(rig, readings)
    with pytest.raises(sqlite3.OperationalError):
        rig.writer.take(decoded, lambda: acknowledged.append(1))
    assert acknowledged == []
    monkeypatch.setattr(rig.store.log, "append_readings", whole)
    rig.writer.take(decoded, lambda: acknowledged.append(1))
    assert acknowledged == [1]
    rig.clock.advance(DAY)
    assert len(rig.view.excursions()) == 1
    rig.close()


def test_health_is_on_record_when_it_changes_and_every_hour(path: Path) -> None:
    rig = Rig(path, now=T0)
    for after, ok in ((0, True), (1, True), (2, False), (3, False), (70, False)):
        rig.clock.at = T0 + after * MINUTE
        rig.writer.note_health({"broker": ok})
    with rig.store.reading() as tx:
        found = [
            (v["reason"], v["body"]["broker_ok"]) for v in rig.store.facts.versions(tx, "health", "monitor")
        ]
    assert found == [("changed", True), ("changed", False), ("hourly", False)]
    rig.close()


def _decoded(rig: Rig, readings: list[Reading]) -> Decoded:
    from monitor.ports import Arrived

    return Decoded(readings=[Arrived(rig.ids["lab1/F01/product"], r, 0, True) for r in readings])


def test_an_alarm_of_a_unit_that_is_no_longer_watched_is_ended_in_words(path: Path) -> None:
    both = one_unit(units=("F01", "F02"))
    rig = Rig(path, now=T0, installation=both)
    live(rig, minutes(WARM[:15]))
    rig.close()
    rig = Rig(path, now=T0 + DAY, installation=one_unit(units=("F02",)))
    (alarm,) = rig.view.alarms()
    assert alarm["state"] == "returned_unacknowledged"
    assert alarm["evidence"]["clear_reason"] == "no_longer_watched"
    assert Projection(rig.store.database, lambda: rig.rules).readings_after(0, 100)[0].celsius == -80.0
    rig.close()
