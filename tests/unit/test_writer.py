"""The writer: what readings, events and the clock lead to, on a real store; with crashes in between."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import time
from functools import partial
from pathlib import Path

import pytest

from monitor.alerting.delivery import Deliverer
from monitor.alerting.schedule import digest_due
from monitor.core.instant import DAY, MINUTE, format_instant, parse_instant
from monitor.core.lot import LotEvent, LotEventKind, UnitEvent, UnitEventKind
from monitor.core.reading import Reading
from monitor.core.unit import ProbeSettings
from monitor.ports import Decoded
from monitor.testing import FakeMedium, ManualClock, Writer, one_unit

T0 = parse_instant("2026-11-20T08:00:00Z")
WARM = [
    -80,
    -75,
    -61,
    -58,
    -55,
    -50,
    -45,
    -44,
    -45,
    -46,
    -47,
    -48,
    -50,
    -55,
    -58,
    -61,
    -66,
    -70,
    -75,
    -78,
    -79,
    -80,
    -80,
]


def minutes(values: list[float], start: int = T0, lag: int = 0) -> list[Reading]:
    return [Reading(start + i * MINUTE, start + i * MINUTE + lag, float(v)) for i, v in enumerate(values)]


def live(writer: Writer, readings: list[Reading]) -> None:
    """Each reading as its own message, at the time it was measured."""
    for reading in readings:
        writer.clock.at = max(writer.clock.at, reading.received_at)
        writer.read([reading])


def subjects(writer: Writer) -> list[str]:
    return [message["subject"] for message in reversed(writer.view.notifications())]


def lot_event(event_id: str, kind: str, at: int, lot: str = "L1", **fields: object) -> LotEvent:
    kind = LotEventKind(kind)
    return LotEvent(lot=lot, site="lab1", event_id=event_id, occurred_at=at, kind=kind, by="LIMS", **fields)


def register(
    lot: str = "L1", at: int = T0, expires_at: int = T0 + 100 * DAY, unit: str = "lab1/F01"
) -> LotEvent:
    return lot_event(
        f"r-{lot}", "registered", at, lot, product="EV-7", profile="ult", unit=unit, expires_at=expires_at
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def test_a_confirmed_excursion_is_told_once_when_it_opens_and_once_when_it_is_over(path: Path) -> None:
    writer = Writer(path, now=T0)
    live(writer, minutes(WARM))
    channel = "lab1/F01/product"
    assert subjects(writer) == [f"opened temperature_high {channel}", f"closed temperature_high {channel}"]
    (alarm,) = writer.view.alarms()
    (excursion,) = writer.view.excursions()
    assert alarm["raised_at"] == excursion["confirmed_at"]
    assert alarm["cleared_at"] == excursion["closed_at"]
    writer.close()


def test_a_restart_at_any_point_repeats_no_alarm_and_loses_none(path: Path) -> None:
    writer = Writer(path, now=T0)
    for reading in minutes(WARM):
        writer.clock.at = reading.received_at
        writer.read([reading])
        writer.kill()
        writer = Writer(path, now=reading.received_at)
    assert [s.split()[0] for s in subjects(writer)] == ["opened", "closed"]
    (excursion,) = writer.view.excursions()
    assert excursion["version"] == 3
    writer.close()


def test_readings_committed_and_not_judged_are_judged_after_a_crash(path: Path, monkeypatch) -> None:
    writer = Writer(path, now=T0)
    live(writer, minutes(WARM[:3]))
    monkeypatch.setattr(
        writer.monitor, "_after_commit", lambda *_: None
    )  # the crash: committed, acknowledged
    live(writer, minutes(WARM)[3:])
    writer.kill()
    again = Writer(path, now=T0 + 60 * MINUTE)
    (excursion,) = again.view.excursions()
    assert excursion["confirmed_at"] is not None
    assert [s.split()[0] for s in subjects(again)] == ["opened", "closed"]
    again.close()


def test_the_past_wakes_no_one_and_is_on_record(path: Path) -> None:
    writer = Writer(path, now=T0 + DAY)
    writer.read(minutes(WARM, lag=DAY), apart=False)
    assert subjects(writer) == []
    (alarm,) = writer.view.alarms()
    assert alarm["past"] is True
    assert alarm["state"] == "normal"
    writer.close()


def test_what_is_still_open_in_an_upload_wakes_someone(path: Path) -> None:
    writer = Writer(path, now=T0 + DAY)
    writer.read(minutes(WARM[:15], lag=DAY), apart=False)
    assert subjects(writer) == ["opened temperature_high lab1/F01/product"]
    writer.close()


def test_batches_of_messages_change_nothing_about_who_is_told(tmp_path: Path) -> None:
    told = []
    for number, size in enumerate((1, 2, 7, 21)):
        writer = Writer(tmp_path / f"{number}.db", now=T0)
        readings = minutes(WARM)
        for start in range(0, len(readings), size):
            writer.read(readings[start : start + size])
        told.append((subjects(writer), [a["raised_at"] for a in writer.view.alarms()]))
        writer.close()
    assert all(each == told[0] for each in told)


def test_silence_while_warm_keeps_the_alarm_and_raises_no_data_too(path: Path) -> None:
    writer = Writer(path, now=T0)
    live(writer, minutes(WARM[:15]))
    writer.monitor.tick(writer.clock.now(), T0)
    writer.clock.advance(3 * 60 * MINUTE)
    writer.monitor.tick(writer.clock.now(), T0)
    assert {a["condition"] for a in writer.view.alarms(open_only=True)} == {"temperature_high", "no_data"}
    unit = writer.view.units()[0]
    assert unit["state"] == "excursion"
    assert "silent" in unit["state_text"]
    writer.close()


@pytest.mark.parametrize("late", [0, 1, 60 * MINUTE])
def test_silence_is_stamped_with_its_deadline_however_late_it_is_noticed(path: Path, late: int) -> None:
    writer = Writer(path, now=T0)
    live(writer, minutes([-80, -80]))
    writer.monitor.tick(writer.clock.now(), T0)
    writer.clock.at = T0 + MINUTE + 15 * MINUTE + 1 + late
    writer.monitor.tick(writer.clock.now(), T0)
    (alarm,) = writer.view.alarms(open_only=True)
    assert alarm["condition"] == "no_data"
    assert alarm["raised_at"] == format_instant(T0 + 16 * MINUTE)
    writer.close()


def test_a_silence_that_ended_before_anyone_looked_is_on_record_all_the_same(path: Path) -> None:
    writer = Writer(path, now=T0)
    live(writer, minutes([-80, -80]))
    writer.monitor.tick(writer.clock.now(), T0)
    live(writer, minutes([-80], start=T0 + 60 * MINUTE))
    (alarm,) = writer.view.alarms()
    assert (alarm["condition"], alarm["raised_at"]) == ("no_data", format_instant(T0 + 16 * MINUTE))
    assert alarm["cleared_at"] == format_instant(T0 + 60 * MINUTE)
    writer.close()


def test_after_an_outage_of_our_own_silence_is_counted_from_our_return(path: Path) -> None:
    writer = Writer(path, now=T0)
    live(writer, minutes([-80]))
    writer.kill()
    back = T0 + 10 * 60 * MINUTE
    writer = Writer(path, now=back)
    writer.monitor.tick(back, back)
    assert writer.view.alarms() == []
    writer.clock.at = back + 15 * MINUTE + 1
    writer.monitor.tick(writer.clock.now(), back)
    assert [a["condition"] for a in writer.view.alarms()] == ["no_data"]
    writer.close()


def test_nobody_is_silent_while_we_cannot_hear(path: Path) -> None:
    writer = Writer(path, now=T0)
    live(writer, minutes([-80]))
    writer.monitor.tick(writer.clock.now(), None)
    writer.clock.advance(DAY)
    writer.monitor.tick(writer.clock.now(), None)
    assert writer.view.alarms() == []
    writer.close()


def test_a_fault_code_is_a_probe_alarm_and_never_an_excursion(path: Path) -> None:
    settings = ProbeSettings(sensor="max31865")
    writer = Writer(path, now=T0, installation=one_unit(settings))
    live(writer, minutes([-80, -80, 988.79]))
    (alarm,) = writer.view.alarms(open_only=True)
    assert (alarm["condition"], alarm["evidence"]["fault"]) == ("probe_fault", "sensor_code")
    assert writer.view.excursions() == []
    assert writer.view.units()[0]["state"] == "fault"
    assert writer.view.units()[0]["celsius"] is None
    live(writer, minutes([-80], start=T0 + 3 * MINUTE))
    assert writer.view.alarms(open_only=True) == []
    writer.close()


def test_a_lot_is_at_risk_while_its_unit_is_outside_and_not_after(path: Path) -> None:
    writer = Writer(path, now=T0)
    assert writer.monitor.lot_event(register()) == "recorded"
    readings = minutes(WARM)
    live(writer, readings[:15])
    lot = writer.view.lot("L1")
    assert lot["verdict"] == "at_risk"
    assert [r["code"] for r in lot["reasons"]] == ["excursion_open"]
    live(writer, readings[15:])
    lot = writer.view.lot("L1")
    assert lot["verdict"] == "within_profile"
    assert len(lot["excursions"]) == 1
    assert writer.view.excursions()[0]["lots"] == ["L1"]
    for figure in ("budgets", "thaw_count", "mkt_celsius", "coverage"):
        assert figure not in lot
    writer.close()


def test_a_lot_moved_out_before_the_excursion_has_no_part_in_it(path: Path) -> None:
    writer = Writer(path, now=T0 + MINUTE, installation=one_unit(units=("F01", "F02")))
    writer.monitor.lot_event(register())
    writer.monitor.lot_event(lot_event("m1", "moved", T0 + MINUTE, unit="lab1/F02"))
    live(writer, minutes(WARM))
    assert writer.view.lot("L1")["excursions"] == []
    assert writer.view.excursions()[0]["lots"] == []
    writer.close()


def test_an_expiring_lot_is_told_at_its_look_ahead_and_again_when_it_has_expired(path: Path) -> None:
    writer = Writer(path, now=T0)
    writer.monitor.lot_event(register(expires_at=T0 + 20 * DAY))
    for day in (5, 7, 21):
        writer.clock.at = T0 + day * DAY
        writer.monitor.tick(writer.clock.now(), None)
    assert subjects(writer) == [
        "opened lot_expiring L1",
        "closed lot_expiring L1",
        "opened lot_expired L1",
    ]
    expired = next(a for a in writer.view.alarms() if a["condition"] == "lot_expired")
    assert expired["raised_at"] == format_instant(T0 + 20 * DAY)
    assert writer.view.lot("L1")["verdict"] == "breached"
    assert writer.view.lot("L1", as_of=T0 + 10 * DAY)["verdict"] == "at_risk"
    assert writer.view.lot("L1", as_of=T0 + DAY)["verdict"] == "within_profile"
    writer.close()


def test_the_same_lot_event_again_changes_nothing_and_other_content_sets_both_aside(path: Path) -> None:
    writer = Writer(path, now=T0, installation=one_unit(units=("F01", "F02")))
    writer.monitor.lot_event(register())
    moved = lot_event("m1", "moved", T0 + MINUTE, unit="lab1/F02")
    writer.clock.at = T0 + 2 * MINUTE
    assert writer.monitor.lot_event(moved) == "recorded"
    assert writer.monitor.lot_event(moved) == "duplicate"
    assert writer.view.lot("L1")["unit"] == "lab1/F02"
    other = lot_event("m1", "moved", T0 + MINUTE, unit=None)
    assert writer.monitor.lot_event(other) == "conflict"
    lot = writer.view.lot("L1")
    assert lot["unit"] == "lab1/F01"
    assert "m1" in lot["without_effect"]
    assert [a["condition"] for a in writer.view.alarms(open_only=True)] == ["event_conflict"]
    writer.close()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (register(at=T0 + MINUTE), "registered already"),
        (lot_event("x", "voided", T0 + MINUTE, voids="nothing", reason="x"), "no event 'nothing'"),
        (
            lot_event("x", "expiry_changed", T0 + MINUTE, expires_at=T0 + 900 * DAY, reason="x"),
            "brought forward",
        ),
    ],
)
def test_an_event_that_would_have_no_effect_is_refused_in_words(
    path: Path, event: LotEvent, words: str
) -> None:
    writer = Writer(path, now=T0 + MINUTE)
    writer.monitor.lot_event(register())
    other_id = LotEvent(**{name: getattr(event, name) for name in event.__slots__} | {"event_id": "other"})
    with pytest.raises(ValueError, match=words):
        writer.monitor.lot_event(other_id)
    writer.close()


def test_door_events_inside_an_excursion_are_listed_with_it(path: Path) -> None:
    writer = Writer(path, now=T0)
    door = UnitEvent(
        site="lab1",
        unit="F01",
        event_id="d1",
        occurred_at=T0 + 5 * MINUTE,
        kind=UnitEventKind.DOOR_OPENED,
    )
    writer.monitor.take(Decoded(unit_events=[(door, T0)]), lambda: None)
    live(writer, minutes(WARM))
    (excursion,) = writer.view.excursions()
    assert [event["kind"] for event in excursion["events"]] == ["door_opened"]
    writer.close()


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_message_owed_goes_out_although_the_process_dies_before_or_while_sending(
    path: Path, after: int
) -> None:
    """``after``: how many steps of (commit, send, record) are done before the process dies."""
    writer = Writer(path, now=T0)
    live(writer, minutes(WARM[:15]))
    medium = FakeMedium()
    if after:
        outbox = writer.store.outbox
        if after < 3:
            outbox.record_sent = lambda *_: (_ for _ in ()).throw(RuntimeError("killed"))  # type: ignore[method-assign]
        deliverer = Deliverer(outbox, {"console": medium}, writer.clock, 1_000, 10_000)
        with contextlib.suppress(RuntimeError):
            deliverer.run_due()
    writer.kill()
    again = Writer(path, clock=ManualClock(T0 + 60 * MINUTE))
    deliverer = Deliverer(again.store.outbox, {"console": medium}, again.clock, 1_000, 10_000)
    deliverer.run_due()
    deliverer.close(1.0)
    assert {n.subject for n in medium.delivered} == {"opened temperature_high lab1/F01/product"}
    assert len(medium.delivered) == (2 if 0 < after < 3 else 1)
    assert all(message["sent_at"] is not None for message in again.view.notifications())
    again.close()


def test_a_commit_that_fails_acknowledges_nothing_and_can_be_taken_again(path: Path, monkeypatch) -> None:
    writer = Writer(path, now=T0)
    acknowledged = []
    readings = minutes(WARM)
    whole = writer.store.append_readings

    def full(*args: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(writer.store, "append_readings", full)
    decoded = _decoded(writer, readings)
    with pytest.raises(sqlite3.OperationalError):
        writer.monitor.take(decoded, lambda: acknowledged.append(1))
    assert acknowledged == []
    monkeypatch.setattr(writer.store, "append_readings", whole)
    writer.monitor.take(decoded, lambda: acknowledged.append(1))
    assert acknowledged == [1]
    writer.clock.advance(DAY)
    assert len(writer.view.excursions()) == 1
    writer.close()


def test_the_morning_digest_is_owed_once_a_day_with_what_expires_and_what_is_past(path: Path) -> None:
    due = partial(digest_due, digest_at=time(7, 0))
    writer = Writer(path, now=T0, digest_due=lambda now, zone, done: due(now, zone, done_days=done))
    writer.monitor.lot_event(register(expires_at=T0 + 10 * DAY))
    writer.clock.at = T0 + DAY
    writer.read(minutes(WARM, lag=DAY), apart=False)
    for hour in (0, 1, 25, 26, 24 * 5):
        writer.clock.at = T0 + DAY + hour * 60 * MINUTE
        writer.monitor.tick(writer.clock.now(), None)
    digests = [s for s in subjects(writer) if s.startswith("digest")]
    assert digests == [
        "digest lab1 2026-11-21: 1 lots, 1 past, 1 open",
        "digest lab1 2026-11-22: 1 lots, 0 past, 1 open",
        "digest lab1 2026-11-26: 1 lots, 0 past, 1 open",
    ]
    writer.close()


def test_health_is_on_record_when_it_changes_and_every_hour(path: Path) -> None:
    writer = Writer(path, now=T0)
    for after, ok in ((0, True), (1, True), (2, False), (3, False), (70, False)):
        writer.clock.at = T0 + after * MINUTE
        writer.monitor.note_health({"broker": ok})
    with writer.store.reading() as tx:
        found = [
            (v["reason"], v["body"]["broker_ok"]) for v in writer.store.versions(tx, "health", "monitor")
        ]
    assert found == [("changed", True), ("changed", False), ("hourly", False)]
    writer.close()


def _decoded(writer: Writer, readings: list[Reading]) -> Decoded:
    from monitor.ports import Arrived

    return Decoded(readings=[Arrived(writer.ids["lab1/F01/product"], r, 0, True) for r in readings])
