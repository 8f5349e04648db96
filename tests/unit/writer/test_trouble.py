"""The writer in trouble: failing commits, failing judging, lines that flap, clocks that lie, events that clash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.channel.reading import Reading
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import DAY, HOUR, LATEST, MINUTE, format_instant
from monitor.ports import Arrived, Decoded
from monitor.store import series
from monitor.store.projection import Projection
from monitor.testing import Rig, one_unit
from tests.rigs.lab import T0, WARM, live, lot_event, minutes, register, subjects

F01, F02 = "lab1/F01/product", "lab1/F02/product"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def two(path: Path, now: int = T0) -> Rig:
    return Rig(path, now=now, installation=one_unit(units=("F01", "F02")))


def failing(times: int, real):
    """Fails so often, then does what it should."""
    left = [times]

    def call(*args, **named):
        if left[0]:
            left[0] -= 1
            raise OSError("disk full")
        return real(*args, **named)

    return call


def test_an_upload_that_overlaps_the_one_before_accuses_no_other_freezer(path: Path) -> None:
    rig = two(path)
    rig.read(minutes([-80]), channel=F02)
    batch = [Arrived(rig.ids[F01], r, i, True) for i, r in enumerate(minutes([-50]))]
    batch += [Arrived(rig.ids[F02], r, i, True) for i, r in enumerate(minutes([-80, -80]))]
    rig.clock.at = T0 + HOUR
    rig.writer.take(Decoded(readings=batch), lambda: None)
    assert [e["channel"] for e in rig.view.excursions()] == [F01]
    with rig.store.reading() as tx:
        assert [f.subject for f in rig.store.facts.current(tx, "excursion")] == [F01]
    rig.close()


def test_an_upload_of_the_past_leaves_todays_alarm_open_until_it_is_over(path: Path) -> None:
    rig = Rig(path, now=T0 + DAY)
    today = minutes(WARM, start=T0 + DAY)
    live(rig, today[:15])
    rig.read([r._replace(received_at=rig.clock.now()) for r in minutes(WARM)], apart=False)
    live(rig, today[15:])
    assert [a["past"] for a in rig.view.alarms()] == [False, True]
    assert [a["state"] for a in rig.view.alarms()] == ["returned_unacknowledged", "normal"]
    assert [s.split()[0] for s in subjects(rig)] == ["opened", "closed"]
    rig.close()


def test_an_excursion_that_late_data_splits_keeps_one_alarm_to_its_end(path: Path) -> None:
    rig = Rig(path, now=T0)
    values = [-50] * 13 + [None] * 10 + [-50] * 15
    readings = [r for r, v in zip(minutes([v or 0 for v in values]), values, strict=True) if v is not None]
    live(rig, readings)
    late = minutes([-75] * 10, start=T0 + 13 * MINUTE)
    rig.read([r._replace(received_at=rig.clock.now()) for r in late], apart=False)
    assert len(rig.view.excursions()) == 2
    assert [a["state"] for a in rig.view.alarms()] == ["unacknowledged"]
    live(rig, minutes([-80] * 8, start=T0 + 38 * MINUTE))
    assert [a["state"] for a in rig.view.alarms()] == ["returned_unacknowledged"]
    assert [s.split()[0] for s in subjects(rig)] == ["opened", "closed"]
    rig.close()


def test_a_commit_that_fails_while_settling_hides_no_reading(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(series, "SETTLE_AT", 20)
    rig = Rig(path, now=T0)
    monkeypatch.setattr(rig.store.history, "put_latest", failing(1, rig.store.history.put_latest))
    for start in range(0, 60, 6):
        rig.clock.at = T0 + (start + 6) * MINUTE
        rig.read(minutes([-80] * 6, start=T0 + start * MINUTE))
    rig.writer.tick(rig.clock.now(), T0)
    with rig.store.reading() as tx:
        assert len(rig.store.history.readings(tx, 1)) == 60
    rig.close()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_readings_whose_judging_fails_are_judged_as_soon_as_that_works(
    path: Path, monkeypatch, times: int
) -> None:
    rig = Rig(path, now=T0 + HOUR)
    monkeypatch.setattr(rig.store.facts, "record", failing(times, rig.store.facts.record))
    acknowledged: list[int] = []
    decoded = Decoded(readings=[Arrived(1, r, 0, True) for r in minutes(WARM[:15])])
    rig.writer.take(decoded, lambda: acknowledged.append(1))
    for _ in range(4):
        rig.clock.advance(1_000)
        rig.writer.tick(rig.clock.now(), None)
    assert acknowledged == [1]
    assert [e["confirmed_by"] for e in rig.view.excursions()] == ["delay"]
    assert subjects(rig) == [f"opened temperature_high {F01}"]
    rig.close()


def test_an_acknowledgement_that_fails_takes_nothing_back(path: Path) -> None:
    rig = Rig(path, now=T0 + HOUR)

    def gone() -> None:
        raise ConnectionError("the broker hung up")

    rig.writer.take(Decoded(readings=[Arrived(1, r, 0, True) for r in minutes(WARM[:15])]), gone)
    assert len(rig.view.alarms(open_only=True)) == 1
    rig.close()


def test_a_silence_that_could_not_be_recorded_is_told_by_the_next_tick(path: Path, monkeypatch) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes([-80]))
    rig.writer.tick(rig.clock.now(), T0)
    monkeypatch.setattr(rig.store.facts, "record", failing(1, rig.store.facts.record))
    for wait in (20 * MINUTE, 20 * MINUTE, MINUTE):
        rig.clock.advance(wait)
        rig.writer.tick(rig.clock.now(), T0)
    assert subjects(rig) == [f"opened no_data {F01}"]
    rig.close()


def test_a_line_that_flaps_hides_no_silent_probe(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes([-80]))
    rig.writer.tick(T0, T0)
    for n in range(1, 6):  # down for 5 s every 10 minutes
        rig.clock.at = T0 + n * 10 * MINUTE
        rig.writer.tick(rig.clock.now(), None)
        rig.clock.advance(5_000)
        rig.writer.tick(rig.clock.now(), rig.clock.now())
    assert subjects(rig) == [f"opened no_data {F01}"]
    rig.close()


def test_a_reading_from_the_future_blinds_nobody(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes([-80]))
    live(rig, [Reading(T0 + 3_650 * DAY, T0 + MINUTE, -80.0)])
    live(rig, minutes([-79], start=T0 + 2 * MINUTE))
    assert rig.view.units()[0]["celsius"] == -79.0
    live(rig, [Reading(T0 + 3 * MINUTE, T0 + 3 * MINUTE, None, "open_circuit")])
    assert [a["condition"] for a in rig.view.alarms(open_only=True)] == ["probe_fault"]
    rig.close()


@pytest.mark.parametrize("early_first", [True, False])
def test_of_copies_the_one_that_came_earliest_counts_in_any_order(path: Path, early_first: bool) -> None:
    early = [
        replace_received(r, r.measured_at - 10 * MINUTE) for r in minutes(WARM[:15])
    ]  # a clock that ran ahead
    prompt = minutes(WARM[:15])
    rig = Rig(path, now=T0 + HOUR)
    for copies in (early, prompt) if early_first else (prompt, early):
        rig.read(copies)
    assert rig.view.excursions() == []
    # They tell that the clock runs ahead; nothing is said of the temperature.
    assert [alarm["condition"] for alarm in rig.view.alarms(open_only=True)] == ["clock_skew"]
    rig.close()


def replace_received(reading: Reading, at: int) -> Reading:
    return reading._replace(received_at=at)


def test_an_alarm_becomes_critical_when_the_instant_limit_is_reached_later(path: Path) -> None:
    rig = Rig(path, now=T0)
    live(rig, minutes([-55] * 13))
    assert [a["level"] for a in rig.view.alarms()] == ["alarm"]
    live(rig, minutes([-30], start=T0 + 13 * MINUTE))
    assert [a["level"] for a in rig.view.alarms()] == ["critical"]
    rig.close()


def test_a_clock_that_was_set_back_puts_no_edit_before_what_it_replaces(path: Path) -> None:
    for now, offset in ((T0, 0.0), (T0 - DAY, 1.0), (T0 - 2 * DAY, 2.0)):
        rig = Rig(path, now=now, installation=one_unit(ProbeSettings(offset=offset)))
        assert rig.rules[F01].settings_at(LATEST).offset == offset
        rig.close()


def test_a_lot_whose_registration_is_voided_is_no_longer_shown_anywhere(path: Path) -> None:
    rig = Rig(path, now=T0)
    rig.writer.lot_event(register(expires_at=T0 + 5 * DAY))
    rig.clock.advance(MINUTE)
    rig.writer.lot_event(lot_event("v", "voided", T0 + MINUTE, voids="r-L1", reason="wrong box"))
    assert rig.view.lots() == []
    assert rig.view.units()[0]["lots"] == []
    assert rig.view.alarms(open_only=True) == []
    with rig.store.reading() as tx:
        assert rig.store.due.passed(tx, LATEST, 10) == []
    rig.close()


def test_a_contested_event_id_sets_aside_the_events_of_both_lots(path: Path) -> None:
    rig = Rig(path, now=T0)
    rig.writer.lot_event(register("L1"))
    rig.writer.lot_event(replace(register("L2"), event_id="r-L1"))
    assert rig.view.lots() == []
    assert rig.view.units()[0]["lots"] == []
    rig.close()


def test_a_lot_that_never_expires_stops_nobody(path: Path) -> None:
    rig = Rig(path, now=T0)
    assert rig.writer.lot_event(register(expires_at=LATEST)) == "recorded"
    rig.kill()
    rig = Rig(path, now=T0)
    assert rig.view.lot("L1")["expires_at"] == format_instant(LATEST)
    rig.close()


def test_a_clock_of_the_year_one_stops_nobody(path: Path) -> None:
    rig = Rig(path, now=T0, installation=one_unit(zone="America/New_York"))
    rig.read([Reading(-62_135_596_800_000, T0, 20.0)])
    live(rig, minutes([-80]))
    rig.clock.advance(2_000)
    rig.writer.tick(rig.clock.now(), None)
    assert rig.view.units()[0]["celsius"] == -80.0
    rig.close()


def test_a_projection_gets_of_two_values_for_one_instant_the_one_that_counts(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(series, "SETTLE_AT", 3)
    rig = two(path)
    live(rig, minutes([-80, -79, -78]))
    rig.read(minutes([-81, -50, -78]), channel=F01)
    rig.read(minutes([-70]), channel=F02)
    found = Projection(rig.store.database, lambda: rig.rules).readings_after(0, 100)
    said = [(r.channel, r.measured_at - T0, r.celsius, r.quality) for r in found]
    assert said == [
        (F01, 0, -80.0, "suspect"),
        (F01, MINUTE, -50.0, "suspect"),
        (F01, 2 * MINUTE, -78.0, "good"),
        (F01, 0, -80.0, "suspect"),
        (F01, MINUTE, -50.0, "suspect"),
        (F02, 0, -70.0, "good"),
    ]
    between = Projection(rig.store.database, lambda: rig.rules).readings_between(F01, T0, T0 + MINUTE)
    assert [(r.celsius, r.quality) for r in between] == [(-80.0, "suspect")]
    rig.close()
