"""Silences that come and go, batteries, clocks, power, calibrations: what raises their alarms, and what ends them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from monitor.core.channel.reading import Reading
from monitor.core.lot.event import UnitEvent, UnitEventKind
from monitor.core.profile.installation import Installation
from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND, format_instant, parse_instant
from monitor.ports import JSON, Arrived, Decoded
from monitor.testing import Rig, one_unit

T0 = parse_instant("2026-11-20T08:00:00Z")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path / "s.db", now=T0)
    rig.writer.tick(T0, T0)
    yield rig
    rig.close()


def say(
    rig: Rig,
    at: int,
    *,
    measured: int | None = None,
    battery: float | None = None,
    celsius: float = -80.0,
) -> None:
    """One reading in a message of its own, received at ``at``."""
    rig.clock.at = at
    rig.read([Reading(at if measured is None else measured, at, celsius, None, None, battery)])


def tick(rig: Rig, at: int) -> None:
    rig.clock.at = at
    rig.writer.tick(at, T0)


def of(rig: Rig, condition: str) -> list[JSON]:
    """The alarms of a condition, oldest first."""
    found = [alarm for alarm in rig.view.alarms() if alarm["condition"] == condition]
    return sorted(found, key=lambda alarm: int(alarm["id"][1:]))


def restart(rig: Rig, **more: object) -> Rig:
    rig.kill()
    path = Path(str(rig.store.database.path))
    return Rig(path, clock=rig.clock, **more)  # type: ignore[arg-type]


def text(at: int) -> str:
    return format_instant(at)


# --- silences ---


def test_one_silence_is_over_with_the_first_reading(rig: Rig) -> None:
    say(rig, T0)
    tick(rig, T0 + 20 * MINUTE)
    say(rig, T0 + 30 * MINUTE)
    (alarm,) = of(rig, "no_data")
    assert (alarm["raised_at"], alarm["cleared_at"]) == (text(T0 + 15 * MINUTE), text(T0 + 30 * MINUTE))
    assert "offline" not in alarm["evidence"]


def test_a_silence_whose_gateway_said_that_it_is_gone_says_so(rig: Rig) -> None:
    say(rig, T0)
    gone = Decoded(statuses=[(rig.ids["lab1/F01/product"], False, T0 + MINUTE)])
    rig.writer.take(gone, lambda: None)
    tick(rig, T0 + 20 * MINUTE)
    (alarm,) = of(rig, "no_data")
    assert alarm["evidence"]["offline"] is True
    assert alarm["evidence"]["text"].startswith("its gateway is offline, last heard")


def test_a_channel_that_was_heard_after_that_is_not_offline_also_after_a_restart(rig: Rig) -> None:
    say(rig, T0)
    rig.writer.take(Decoded(statuses=[(rig.ids["lab1/F01/product"], False, T0 + 1)]), lambda: None)
    say(rig, T0 + MINUTE)
    tick(rig, T0 + 20 * MINUTE)
    assert "offline" not in of(rig, "no_data")[0]["evidence"]


def test_a_channel_that_falls_silent_again_and_again_is_one_alarm_until_it_is_steady(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "s.db", now=T0)
    tick(rig, T0)
    for number in range(36):  # a reading every 20 minutes, for twelve hours; silent after 15
        say(rig, T0 + number * 20 * MINUTE)
        tick(rig, rig.clock.at + 16 * MINUTE)
        if number % 5 == 4:
            rig = restart(rig)
            tick(rig, rig.clock.at)
    alarms = of(rig, "no_data")
    assert len(alarms) == 2, "the first was over at once, the second waits"
    assert [alarm["cleared_at"] is None for alarm in alarms] == [False, True]
    well_at = T0 + 36 * 20 * MINUTE
    for minute in range(0, 36, 5):
        say(rig, well_at + minute * MINUTE)
        tick(rig, rig.clock.at + MINUTE)
    assert of(rig, "no_data")[1]["cleared_at"] == text(well_at + 30 * MINUTE)
    tick(rig, rig.clock.at + 20 * MINUTE)
    assert len(of(rig, "no_data")) == 3, "a silence after that is a new one"
    rig.close()


def test_a_late_wake_up_and_restarts_change_no_instant_of_silences_that_come_and_go(tmp_path: Path) -> None:
    gaps = [16, 5, 17, 5, 18, 10, 16, 5, 5, 5, 5, 5, 5, 5, 16, 40, 5, 5, 5, 5, 5, 5, 5, 5]
    found = []
    for name, every, kills in (("a", 1, False), ("b", 1000, False), ("c", 7, True)):
        rig = Rig(tmp_path / f"{name}.db", now=T0)
        tick(rig, T0)
        at, ticks = T0, 0
        for number, gap in enumerate(gaps):
            say(rig, at)
            if kills and number % 3 == 1:
                rig = restart(rig)
                tick(rig, at)
            for minute in range(1, gap):
                ticks += 1
                if ticks % every == 0:
                    tick(rig, at + minute * MINUTE + SECOND)
            at += gap * MINUTE
        say(rig, at)
        found.append([(alarm["raised_at"], alarm["cleared_at"]) for alarm in of(rig, "no_data")])
        rig.close()
    assert found[0] == found[1] == found[2]
    assert len(found[0]) >= 2


# --- batteries ---


def test_a_battery_is_low_until_it_is_charged(rig: Rig) -> None:
    for minute, percent in enumerate((40, 16, 15, 14, 24, 13, 25)):
        say(rig, T0 + minute * MINUTE, battery=percent)
    (alarm,) = of(rig, "battery_low")
    assert (alarm["level"], alarm["subject"]) == ("warning", "lab1/F01/product")
    assert alarm["evidence"]["battery_percent"] == 15
    assert (alarm["raised_at"], alarm["cleared_at"]) == (text(T0 + 2 * MINUTE), text(T0 + 6 * MINUTE))


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0)])
def test_the_newest_measurement_decides_whatever_comes_first(rig: Rig, order: Sequence[int]) -> None:
    percents = (60, 10, 100)
    for place, one in enumerate(order):
        measured = T0 + one * MINUTE
        say(rig, T0 + HOUR + place * SECOND, measured=measured, battery=percents[one])
    assert [alarm["cleared_at"] for alarm in of(rig, "battery_low") if alarm["cleared_at"] is None] == []


def test_a_battery_that_was_low_days_before_it_was_heard_of_is_not_told(rig: Rig) -> None:
    say(rig, T0, measured=T0 - 3 * DAY, battery=5)
    assert of(rig, "battery_low") == []


def test_a_restart_neither_forgets_nor_repeats_a_low_battery(rig: Rig) -> None:
    say(rig, T0, battery=9)
    rig = restart(rig)
    say(rig, T0 + MINUTE, battery=8)
    say(rig, T0 + 2 * MINUTE, measured=T0 - MINUTE, battery=99)
    assert [alarm["cleared_at"] for alarm in of(rig, "battery_low")] == [None]
    say(rig, T0 + 3 * MINUTE, battery=99)
    assert [alarm["cleared_at"] for alarm in of(rig, "battery_low")] == [text(T0 + 3 * MINUTE)]
    rig.close()


# --- clocks ---


def test_three_readings_of_a_wrong_clock_are_a_warning_and_the_first_sound_one_ends_it(
    rig: Rig,
) -> None:
    say(rig, T0)
    for minute in (1, 2, 3):
        say(rig, T0 + minute * MINUTE, measured=T0 + minute * MINUTE + 10 * MINUTE)
    (alarm,) = of(rig, "clock_skew")
    assert (alarm["level"], alarm["raised_at"]) == ("warning", text(T0 + 3 * MINUTE))
    assert alarm["evidence"]["text"] == "its clock is 10 min ahead"
    say(rig, T0 + 4 * MINUTE)
    assert of(rig, "clock_skew")[0]["cleared_at"] == text(T0 + 4 * MINUTE)


def test_a_channel_that_talks_and_says_nothing_that_can_be_used_is_an_alarm(rig: Rig) -> None:
    say(rig, T0)
    for minute in range(1, 20):
        say(rig, T0 + minute * MINUTE, measured=minute * MINUTE)
        tick(rig, rig.clock.at + SECOND)
    (alarm,) = of(rig, "clock_skew")
    assert alarm["level"] == "alarm"
    assert alarm["evidence"]["text"].startswith("its clock was reset: it says 1970-01-01")
    assert alarm["evidence"]["text"].endswith("nothing that it sends can be used")
    assert rig.view.excursions() == []
    assert of(rig, "no_data") == []


def test_a_clock_that_is_an_hour_behind_is_a_warning_once_its_readings_are_new_again(rig: Rig) -> None:
    for minute in range(200):
        say(rig, T0 + minute * MINUTE, measured=T0 + minute * MINUTE - 2 * HOUR)
    (alarm,) = of(rig, "clock_skew")
    assert (alarm["level"], alarm["evidence"]["kind"]) == ("warning", "behind")


def test_what_a_gateway_kept_says_nothing_of_a_clock(rig: Rig) -> None:
    say(rig, T0)
    kept = [T0 - DAY + minute * MINUTE for minute in range(150)]
    for place, measured in enumerate(kept):  # one by one, as fast as they go
        say(rig, T0 + MINUTE + place * 80, measured=measured)
    for part in range(5):  # arrays, minutes apart
        now = T0 + (5 + part) * MINUTE
        readings = [Reading(T0 - 2 * DAY + (part * 50 + n) * MINUTE, now, -80.0) for n in range(50)]
        rig.clock.at = now
        rig.read(readings, apart=False)
    assert of(rig, "clock_skew") == []


def test_a_run_goes_on_through_a_restart(rig: Rig) -> None:
    say(rig, T0)
    for minute in (1, 2, 3):
        say(rig, T0 + minute * MINUTE, measured=minute * MINUTE)
        rig = restart(rig)
    assert [alarm["raised_at"] for alarm in of(rig, "clock_skew")] == [text(T0 + 3 * MINUTE)]
    say(rig, T0 + 4 * MINUTE)
    assert of(rig, "clock_skew")[0]["cleared_at"] == text(T0 + 4 * MINUTE)
    rig.close()


def test_batches_change_nothing_about_clocks_and_batteries(tmp_path: Path) -> None:
    wrong = [0, 0, 400, 400, 400, 400, 0, -90, -90, -90, -90, -90, 0, 0]
    readings = [
        Reading(T0 + (n + skew) * MINUTE, T0 + n * MINUTE, -80.0, None, None, (50, 12, 80)[n % 3])
        for n, skew in enumerate(wrong)
    ]
    found = []
    for size in (1, 3, 14):
        rig = Rig(tmp_path / f"{size}.db", now=T0)
        for start in range(0, len(readings), size):
            batch = readings[start : start + size]
            rig.clock.at = batch[-1].received_at
            rig.read(batch)
        alarms = of(rig, "clock_skew") + of(rig, "battery_low")
        found.append([(a["condition"], a["level"], a["raised_at"], a["cleared_at"]) for a in alarms])
        rig.close()
    assert found[0] == found[1] == found[2]
    assert {one[0] for one in found[0]} == {"clock_skew", "battery_low"}


# --- power ---


def event(rig: Rig, kind: str, at: int, received: int | None = None) -> None:
    """An event of F01, received at once or at ``received``."""
    rig.clock.at = max(rig.clock.at, at if received is None else received)
    said = UnitEvent(
        site="lab1", unit="F01", event_id=f"{kind}-{at}", occurred_at=at, kind=UnitEventKind(kind)
    )
    rig.writer.take(Decoded(unit_events=[(said, rig.clock.at)]), lambda: None)


def test_lost_power_is_an_alarm_at_once_until_it_is_back(rig: Rig) -> None:
    event(rig, "power_lost", T0 + MINUTE)
    (alarm,) = of(rig, "power_lost")
    assert (alarm["subject"], alarm["level"], alarm["raised_at"]) == ("lab1/F01", "alarm", text(T0 + MINUTE))
    event(rig, "backup_cooling_started", T0 + 2 * MINUTE)
    assert "backup cooling started" in of(rig, "power_lost")[0]["evidence"]["text"]
    rig = restart(rig)
    event(rig, "power_restored", T0 + 9 * MINUTE)
    (alarm,) = of(rig, "power_lost")
    assert alarm["cleared_at"] == text(T0 + 9 * MINUTE)
    rig.close()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_outage_that_is_told_of_when_it_is_over_is_of_the_past(rig: Rig, order: Sequence[int]) -> None:
    told = [("power_lost", T0 - HOUR), ("power_restored", T0 - 30 * MINUTE)]
    for one in order:
        event(rig, *told[one], received=T0 + one)
    tick(rig, T0 + 5 * MINUTE)
    (alarm,) = of(rig, "power_lost")
    assert alarm["past"]
    assert (alarm["raised_at"], alarm["cleared_at"]) == (text(T0 - HOUR), text(T0 - 30 * MINUTE))


def test_an_outage_that_is_told_of_late_and_not_over_is_told_after_a_moment(rig: Rig) -> None:
    event(rig, "power_lost", T0 - HOUR, received=T0)
    assert of(rig, "power_lost") == []
    tick(rig, T0 + 2 * MINUTE)
    assert [alarm["raised_at"] for alarm in of(rig, "power_lost")] == [text(T0 - HOUR)]


def test_the_same_events_again_and_in_any_order_are_the_same_outages(rig: Rig) -> None:
    for _ in range(2):
        event(rig, "power_restored", T0 + 5 * MINUTE)
        event(rig, "power_lost", T0 + MINUTE)
        event(rig, "power_lost", T0 + 2 * MINUTE)
        tick(rig, rig.clock.at + 5 * MINUTE)
    assert [(alarm["raised_at"], alarm["cleared_at"]) for alarm in of(rig, "power_lost")] == [
        (text(T0 + MINUTE), text(T0 + 5 * MINUTE))
    ]


# --- calibration ---


def due(on: date | None) -> Installation:
    """A unit whose probe is to be calibrated on a date."""
    installation = one_unit()
    unit = installation.units["lab1/F01"]
    probes = tuple(replace(probe, calibration_due=on) for probe in unit.probes)
    return replace(installation, units={"lab1/F01": replace(unit, probes=probes)})


def test_a_calibration_is_asked_for_two_weeks_before_its_date_until_the_date_is_far_again(
    tmp_path: Path,
) -> None:
    due_on = parse_instant("2026-12-10T00:00:00+01:00")
    rig = Rig(tmp_path / "s.db", now=T0, installation=due(date(2026, 12, 10)))
    tick(rig, due_on - 14 * DAY - 1)
    assert of(rig, "calibration_due") == []
    tick(rig, due_on - 10 * DAY)
    rig = restart(rig, installation=due(date(2026, 12, 10)))
    tick(rig, due_on + 40 * DAY)
    (alarm,) = of(rig, "calibration_due")
    assert (alarm["raised_at"], alarm["cleared_at"]) == (text(due_on - 14 * DAY), None)
    assert alarm["evidence"]["due_on"] == "2026-12-10"
    rig = restart(rig, installation=due(date(2027, 12, 10)))
    tick(rig, rig.clock.at + SECOND)
    assert of(rig, "calibration_due")[0]["evidence"]["clear_reason"] == "recovered"
    rig.close()


def test_a_message_of_several_readings_counts_as_one(rig: Rig) -> None:
    """An array whose last reading is in time is sound, whatever it kept before."""
    number = rig.ids["lab1/F01/product"]
    for minute in range(5):
        now = T0 + minute * MINUTE
        kept = [Reading(now - 3 * HOUR, now, -80.0), Reading(now, now, -80.0)]
        rig.clock.at = now
        rig.writer.take(
            Decoded(readings=[Arrived(number, reading, n, True) for n, reading in enumerate(kept)]),
            lambda: None,
        )
    assert of(rig, "clock_skew") == []


def test_a_clock_that_was_put_back_by_less_is_told_when_nothing_newer_has_come_for_too_long(
    rig: Rig,
) -> None:
    say(rig, T0)
    for minute in range(1, 45):
        say(rig, T0 + minute * MINUTE, measured=T0 + minute * MINUTE - 40 * MINUTE)
    (alarm,) = of(rig, "clock_skew")
    assert (alarm["level"], alarm["evidence"]["kind"]) == ("alarm", "behind")
    assert alarm["cleared_at"] == text(T0 + 41 * MINUTE), "newer than all again"
