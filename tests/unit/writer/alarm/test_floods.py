"""Many alarms at once, and what belongs to one cause, through the whole writer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.alarm.flood import FLOOD_LEAST
from monitor.core.time.instant import DAY, HOUR, MINUTE
from monitor.ports.commands import Acknowledge, Shelve, Suppress
from monitor.testing import Rig, one_unit
from tests.rigs.answers import F01, hold, pass_time, policy, the_alarm, told
from tests.rigs.lab import T0, minutes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


# --- floods ---


def many(path: Path, units: int) -> Rig:
    names = [f"F{number:02d}" for number in range(1, units + 1)]
    return Rig(path, now=T0, policy=policy(), installation=one_unit(units=names))


def everywhere(rig: Rig, condition: AlarmCondition, numbers: Sequence[int], level: str = "alarm") -> None:
    """In one transaction, as a batch of readings would."""
    with rig.writer.parts.turns.turn() as turn:
        tx = turn.tx
        for number in numbers:
            truth = Truth(condition, f"lab1/F{number:02d}/product", rig.clock.now(), level, {"text": "t"})  # type: ignore[arg-type]
            rig.writer.parts.alarms.hold(tx, truth, rig.clock.now())


def conditions(rig: Rig) -> list[str]:
    return [
        row["subject"].split()[1] for row in reversed(rig.view.notifications()) if row["kind"] == "opened"
    ]


def test_ten_at_once_are_one_page_with_the_ten_listed(path: Path) -> None:
    rig = many(path, 12)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, FLOOD_LEAST))
    assert conditions(rig) == ["temperature_high"] * (FLOOD_LEAST - 1)
    rig.close()
    rig = many(path.with_name("other.db"), 12)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, FLOOD_LEAST + 1))
    assert conditions(rig) == ["alarm_flood"]
    (flood,) = [one for one in rig.view.alarms() if one["condition"] == "alarm_flood"]
    assert len(the_alarm(rig, flood["id"])["children"]) == FLOOD_LEAST
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, [11, 12])
    assert conditions(rig) == ["alarm_flood"], "more join it"
    rig.close()


def test_a_flood_that_gets_worse_is_told_again(path: Path) -> None:
    rig = many(path, 12)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 11))
    rig.writer.parts.operators.carry_out(Acknowledge(alarm=flood_of(rig)["id"], by="anna"))
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, [3], "critical")
    assert told(rig)[-1] == ("again", "anna")
    assert flood_of(rig)["level"] == "critical"
    rig.close()


def flood_of(rig: Rig) -> dict[str, Any]:
    (flood,) = [one for one in rig.view.alarms(open_only=True) if one["condition"] == "alarm_flood"]
    return flood


def test_more_that_join_an_acknowledged_flood_are_told_after_a_while(path: Path) -> None:
    rig = many(path, 14)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 11))
    rig.writer.parts.operators.carry_out(Acknowledge(alarm=flood_of(rig)["id"], by="anna"))
    before = len(told(rig))
    pass_time(rig, 5 * MINUTE)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, [11, 12])
    pass_time(rig, 3 * MINUTE)
    assert len(told(rig)) == before
    pass_time(rig, 3 * MINUTE)
    assert told(rig)[before:] == [("again", "anna")]
    rig.close()


def clear(rig: Rig, condition: AlarmCondition, numbers: Sequence[int]) -> None:
    with rig.writer.parts.turns.turn() as turn:
        tx = turn.tx
        for number in numbers:
            now = rig.clock.now()
            subject = f"lab1/F{number:02d}/product"
            rig.writer.parts.alarms.end(
                tx, condition, subject, at=now, now=now, evidence={"clear_reason": "recovered"}
            )


def test_what_outlives_its_flood_is_told_by_itself(path: Path) -> None:
    rig = many(path, 12)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    pass_time(rig, 5 * MINUTE)
    clear(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 11))
    pass_time(rig, 8 * MINUTE)
    assert conditions(rig)[:1] == ["alarm_flood"]
    assert "temperature_high" not in conditions(rig)
    pass_time(rig, 5 * MINUTE)
    assert conditions(rig).count("temperature_high") == 2
    assert ("closed", "anna") in told(rig)
    rig.close()


def test_a_flood_whose_alarms_are_all_over_is_over(path: Path) -> None:
    rig = many(path, 12)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    clear(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    pass_time(rig, 2 * MINUTE)
    assert not rig.view.alarms(open_only=True)
    assert [one for one in told(rig) if one[1] == "anna"] == [("opened", "anna"), ("closed", "anna")]
    rig.close()


def test_a_units_lost_power_is_told_with_what_it_explains_and_warmth_by_itself(path: Path) -> None:
    rig = many(path, 2)
    hold(rig, AlarmCondition.POWER_LOST, "lab1/F01")
    hold(rig, AlarmCondition.NO_DATA, F01)
    assert conditions(rig) == ["power_lost"]
    hold(rig, AlarmCondition.TEMPERATURE_HIGH, F01)
    assert conditions(rig) == ["power_lost", "temperature_high"]
    rig.writer.end(AlarmCondition.POWER_LOST, "lab1/F01")
    pass_time(rig, 9 * MINUTE)
    assert "no_data" not in conditions(rig)
    pass_time(rig, 2 * MINUTE)
    assert "no_data" in conditions(rig), "it has outlived its cause"
    rig.close()


def test_two_units_without_power_are_one_page(path: Path) -> None:
    rig = many(path, 3)
    with rig.writer.parts.turns.turn() as turn:
        tx = turn.tx
        for number in (1, 2):
            truth = Truth(AlarmCondition.POWER_LOST, f"lab1/F{number:02d}", T0, "alarm", {"text": "t"})
            rig.writer.parts.alarms.hold(tx, truth, T0)
    assert conditions(rig) == ["alarm_flood"]
    assert flood_of(rig)["evidence"]["cause"] == "power"
    hold(rig, AlarmCondition.TEMPERATURE_HIGH, F01)
    assert conditions(rig) == ["alarm_flood", "temperature_high"], "power explains no warmth"
    rig.close()


def test_a_gateway_that_takes_units_with_it_is_one_page(path: Path) -> None:
    rig = many(path, 5)
    for number in (1, 2, 3):
        truth = Truth(
            *(AlarmCondition.NO_DATA, f"lab1/F{number:02d}/product", rig.clock.now(), "alarm"),
            {"text": "t", "offline": True},
            tell_after=MINUTE,
        )
        rig.writer.hold(truth)
        pass_time(rig, 10_000, step=10_000)
    pass_time(rig, 2 * MINUTE)
    assert conditions(rig) == ["alarm_flood"]
    assert flood_of(rig)["evidence"]["cause"] == "gateway"
    rig.close()


def test_a_restart_in_a_flood_changes_nothing(path: Path) -> None:
    rig = many(path, 12)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    before = told(rig)
    now = rig.clock.now()
    rig.kill()
    rig = Rig(path, now=now, policy=policy(), installation=rig.installation)
    pass_time(rig, 2 * MINUTE)
    assert told(rig) == before
    clear(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    pass_time(rig, 2 * MINUTE)
    assert not rig.view.alarms(open_only=True)
    rig.close()


# --- found by a review ---


def test_a_flood_cant_be_shelved_it_would_hide_what_joins_it(path: Path) -> None:
    rig = many(path, 12)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 11))
    until = rig.clock.now() + HOUR
    with pytest.raises(ValueError, match="a flood can't be shelved"):
        rig.writer.parts.operators.carry_out(
            Shelve(alarm=flood_of(rig)["id"], by="anna", reason="r", until=until)
        )
    rig.close()


def test_a_shelved_loss_of_power_hides_nothing_else_of_its_unit(path: Path) -> None:
    rig = many(path, 2)
    hold(rig, AlarmCondition.POWER_LOST, "lab1/F01")
    hold(rig, AlarmCondition.NO_DATA, F01)
    (power,) = [one for one in rig.view.alarms() if one["condition"] == "power_lost"]
    until = rig.clock.now() + HOUR
    rig.writer.parts.operators.carry_out(
        Shelve(alarm=power["id"], by="anna", reason="the fuse is known", until=until)
    )
    assert conditions(rig) == ["power_lost", "no_data"]
    hold(rig, AlarmCondition.PROBE_FAULT, F01)
    assert conditions(rig) == ["power_lost", "no_data", "probe_fault"]
    rig.close()


def test_what_gets_worse_in_a_flood_that_is_no_worse_is_told_within_ten_minutes(path: Path) -> None:
    rig = many(path, 12)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 11), "critical")
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, [11], "warning")
    rig.writer.parts.operators.carry_out(Acknowledge(alarm=flood_of(rig)["id"], by="anna"))
    pass_time(rig, MINUTE)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, [11], "critical")
    pass_time(rig, 11 * MINUTE)
    assert told(rig)[-1] == ("again", "anna")
    rig.close()


def test_planned_maintenance_makes_no_flood(path: Path) -> None:
    rig = many(path, 12)
    for number in range(1, 13):
        rig.writer.parts.operators.carry_out(
            Suppress(subject=f"lab1/F{number:02d}", kind="suppressed", by="b", reason="r", until=T0 + HOUR)
        )
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    assert told(rig) == []
    rig.close()


def test_days_later_an_alarm_is_news_of_its_own_though_a_flood_is_open(path: Path) -> None:
    rig = many(path, 30)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 11))
    pass_time(rig, 3 * DAY, step=HOUR)
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, [20])
    assert conditions(rig)[-1] == "temperature_high"
    before = len(told(rig))
    everywhere(rig, AlarmCondition.NO_DATA, range(1, 15))
    assert {kind for kind, _ in told(rig)[before:]} == {"again"}, "a further flood is one page, too"
    rig.close()


def test_many_that_are_warm_are_one_page_also_while_their_power_is_gone(path: Path) -> None:
    rig = many(path, 14)
    with rig.writer.parts.turns.turn() as turn:
        tx = turn.tx
        for number in (1, 2):
            truth = Truth(AlarmCondition.POWER_LOST, f"lab1/F{number:02d}", T0, "alarm", {"text": "t"})
            rig.writer.parts.alarms.hold(tx, truth, T0)
    pass_time(rig, HOUR)
    before = len(told(rig))
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(1, 15))
    assert [kind for kind, _ in told(rig)[before:]] == ["again"]
    assert "temperature_high" not in conditions(rig)
    rig.close()


def test_an_acknowledged_alarm_is_not_told_as_taken_twice_for_having_been_part_of_a_flood(path: Path) -> None:
    rig = many(path, 12)
    hold(rig, AlarmCondition.TEMPERATURE_HIGH, F01)
    pass_time(rig, 11 * MINUTE)
    (alarm,) = rig.view.alarms()
    rig.writer.parts.operators.carry_out(Acknowledge(alarm=alarm["id"], by="chris"))
    everywhere(rig, AlarmCondition.TEMPERATURE_HIGH, range(2, 13))
    clear(rig, AlarmCondition.TEMPERATURE_HIGH, range(2, 13))
    pass_time(rig, 30 * MINUTE)
    about = [row["kind"] for row in the_alarm(rig, alarm["id"])["told"] if row["recipient"] == "anna"]
    assert about == ["opened", "taken"]
    rig.close()


def test_channels_that_fall_silent_one_after_the_other_are_one_page(path: Path) -> None:
    rig = many(path, 12)
    for number in range(12):
        rig.clock.at = T0 + number * 2_000
        reading = minutes([-80.0], start=rig.clock.now())
        rig.read(reading, channel=f"lab1/F{number + 1:02d}/product")
    rig.writer.tick(rig.clock.now(), T0)
    end = T0 + 18 * MINUTE
    while rig.clock.now() < end:
        rig.clock.advance(1_000)
        rig.writer.tick(rig.clock.now(), T0)
    assert conditions(rig) == ["alarm_flood"]
    rig.close()
