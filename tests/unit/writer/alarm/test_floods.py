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
from monitor.testing import Writer, one_unit
from tests.rigs.answers import F01, hold, pass_time, policy, the_alarm, told
from tests.rigs.lab import T0, minutes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


# --- floods ---


def many(path: Path, units: int) -> Writer:
    names = [f"F{number:02d}" for number in range(1, units + 1)]
    return Writer(path, now=T0, policy=policy(), installation=one_unit(units=names))


def everywhere(
    writer: Writer, condition: AlarmCondition, numbers: Sequence[int], level: str = "alarm"
) -> None:
    """In one transaction, as a batch of readings would."""
    with writer.monitor.parts.turns.turn() as turn:
        tx = turn.tx
        for number in numbers:
            truth = Truth(condition, f"lab1/F{number:02d}/product", writer.clock.now(), level, {"text": "t"})  # type: ignore[arg-type]
            writer.monitor.parts.alarms.hold(tx, truth, writer.clock.now())


def conditions(writer: Writer) -> list[str]:
    return [
        row["subject"].split()[1] for row in reversed(writer.view.notifications()) if row["kind"] == "opened"
    ]


def test_ten_at_once_are_one_page_with_the_ten_listed(path: Path) -> None:
    writer = many(path, 12)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, FLOOD_LEAST))
    assert conditions(writer) == ["temperature_high"] * (FLOOD_LEAST - 1)
    writer.close()
    writer = many(path.with_name("other.db"), 12)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, FLOOD_LEAST + 1))
    assert conditions(writer) == ["alarm_flood"]
    (flood,) = [one for one in writer.view.alarms() if one["condition"] == "alarm_flood"]
    assert len(the_alarm(writer, flood["id"])["children"]) == FLOOD_LEAST
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, [11, 12])
    assert conditions(writer) == ["alarm_flood"], "more join it"
    writer.close()


def test_a_flood_that_gets_worse_is_told_again(path: Path) -> None:
    writer = many(path, 12)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 11))
    writer.monitor.parts.operators.carry_out(Acknowledge(alarm=flood_of(writer)["id"], by="anna"))
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, [3], "critical")
    assert told(writer)[-1] == ("again", "anna")
    assert flood_of(writer)["level"] == "critical"
    writer.close()


def flood_of(writer: Writer) -> dict[str, Any]:
    (flood,) = [one for one in writer.view.alarms(open_only=True) if one["condition"] == "alarm_flood"]
    return flood


def test_more_that_join_an_acknowledged_flood_are_told_after_a_while(path: Path) -> None:
    writer = many(path, 14)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 11))
    writer.monitor.parts.operators.carry_out(Acknowledge(alarm=flood_of(writer)["id"], by="anna"))
    before = len(told(writer))
    pass_time(writer, 5 * MINUTE)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, [11, 12])
    pass_time(writer, 3 * MINUTE)
    assert len(told(writer)) == before
    pass_time(writer, 3 * MINUTE)
    assert told(writer)[before:] == [("again", "anna")]
    writer.close()


def clear(writer: Writer, condition: AlarmCondition, numbers: Sequence[int]) -> None:
    with writer.monitor.parts.turns.turn() as turn:
        tx = turn.tx
        for number in numbers:
            now = writer.clock.now()
            subject = f"lab1/F{number:02d}/product"
            writer.monitor.parts.alarms.end(
                tx, condition, subject, at=now, now=now, evidence={"clear_reason": "recovered"}
            )


def test_what_outlives_its_flood_is_told_by_itself(path: Path) -> None:
    writer = many(path, 12)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    pass_time(writer, 5 * MINUTE)
    clear(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 11))
    pass_time(writer, 8 * MINUTE)
    assert conditions(writer)[:1] == ["alarm_flood"]
    assert "temperature_high" not in conditions(writer)
    pass_time(writer, 5 * MINUTE)
    assert conditions(writer).count("temperature_high") == 2
    assert ("closed", "anna") in told(writer)
    writer.close()


def test_a_flood_whose_alarms_are_all_over_is_over(path: Path) -> None:
    writer = many(path, 12)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    clear(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    pass_time(writer, 2 * MINUTE)
    assert not writer.view.alarms(open_only=True)
    assert [one for one in told(writer) if one[1] == "anna"] == [("opened", "anna"), ("closed", "anna")]
    writer.close()


def test_a_units_lost_power_is_told_with_what_it_explains_and_warmth_by_itself(path: Path) -> None:
    writer = many(path, 2)
    hold(writer, AlarmCondition.POWER_LOST, "lab1/F01")
    hold(writer, AlarmCondition.NO_DATA, F01)
    assert conditions(writer) == ["power_lost"]
    hold(writer, AlarmCondition.TEMPERATURE_HIGH, F01)
    assert conditions(writer) == ["power_lost", "temperature_high"]
    writer.monitor.end(AlarmCondition.POWER_LOST, "lab1/F01")
    pass_time(writer, 9 * MINUTE)
    assert "no_data" not in conditions(writer)
    pass_time(writer, 2 * MINUTE)
    assert "no_data" in conditions(writer), "it has outlived its cause"
    writer.close()


def test_two_units_without_power_are_one_page(path: Path) -> None:
    writer = many(path, 3)
    with writer.monitor.parts.turns.turn() as turn:
        tx = turn.tx
        for number in (1, 2):
            truth = Truth(AlarmCondition.POWER_LOST, f"lab1/F{number:02d}", T0, "alarm", {"text": "t"})
            writer.monitor.parts.alarms.hold(tx, truth, T0)
    assert conditions(writer) == ["alarm_flood"]
    assert flood_of(writer)["evidence"]["cause"] == "power"
    hold(writer, AlarmCondition.TEMPERATURE_HIGH, F01)
    assert conditions(writer) == ["alarm_flood", "temperature_high"], "power explains no warmth"
    writer.close()


def test_a_gateway_that_takes_units_with_it_is_one_page(path: Path) -> None:
    writer = many(path, 5)
    for number in (1, 2, 3):
        truth = Truth(
            *(AlarmCondition.NO_DATA, f"lab1/F{number:02d}/product", writer.clock.now(), "alarm"),
            {"text": "t", "offline": True},
            tell_after=MINUTE,
        )
        writer.monitor.hold(truth)
        pass_time(writer, 10_000, step=10_000)
    pass_time(writer, 2 * MINUTE)
    assert conditions(writer) == ["alarm_flood"]
    assert flood_of(writer)["evidence"]["cause"] == "gateway"
    writer.close()


def test_a_restart_in_a_flood_changes_nothing(path: Path) -> None:
    writer = many(path, 12)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    before = told(writer)
    now = writer.clock.now()
    writer.kill()
    writer = Writer(path, now=now, policy=policy(), installation=writer.installation)
    pass_time(writer, 2 * MINUTE)
    assert told(writer) == before
    clear(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    pass_time(writer, 2 * MINUTE)
    assert not writer.view.alarms(open_only=True)
    writer.close()


# --- found by a review ---


def test_a_flood_cant_be_shelved_it_would_hide_what_joins_it(path: Path) -> None:
    writer = many(path, 12)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 11))
    until = writer.clock.now() + HOUR
    with pytest.raises(ValueError, match="a flood can't be shelved"):
        writer.monitor.parts.operators.carry_out(
            Shelve(alarm=flood_of(writer)["id"], by="anna", reason="r", until=until)
        )
    writer.close()


def test_a_shelved_loss_of_power_hides_nothing_else_of_its_unit(path: Path) -> None:
    writer = many(path, 2)
    hold(writer, AlarmCondition.POWER_LOST, "lab1/F01")
    hold(writer, AlarmCondition.NO_DATA, F01)
    (power,) = [one for one in writer.view.alarms() if one["condition"] == "power_lost"]
    until = writer.clock.now() + HOUR
    writer.monitor.parts.operators.carry_out(
        Shelve(alarm=power["id"], by="anna", reason="the fuse is known", until=until)
    )
    assert conditions(writer) == ["power_lost", "no_data"]
    hold(writer, AlarmCondition.PROBE_FAULT, F01)
    assert conditions(writer) == ["power_lost", "no_data", "probe_fault"]
    writer.close()


def test_what_gets_worse_in_a_flood_that_is_no_worse_is_told_within_ten_minutes(path: Path) -> None:
    writer = many(path, 12)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 11), "critical")
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, [11], "warning")
    writer.monitor.parts.operators.carry_out(Acknowledge(alarm=flood_of(writer)["id"], by="anna"))
    pass_time(writer, MINUTE)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, [11], "critical")
    pass_time(writer, 11 * MINUTE)
    assert told(writer)[-1] == ("again", "anna")
    writer.close()


def test_planned_maintenance_makes_no_flood(path: Path) -> None:
    writer = many(path, 12)
    for number in range(1, 13):
        writer.monitor.parts.operators.carry_out(
            Suppress(subject=f"lab1/F{number:02d}", kind="suppressed", by="b", reason="r", until=T0 + HOUR)
        )
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 13))
    assert told(writer) == []
    writer.close()


def test_days_later_an_alarm_is_news_of_its_own_though_a_flood_is_open(path: Path) -> None:
    writer = many(path, 30)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 11))
    pass_time(writer, 3 * DAY, step=HOUR)
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, [20])
    assert conditions(writer)[-1] == "temperature_high"
    before = len(told(writer))
    everywhere(writer, AlarmCondition.NO_DATA, range(1, 15))
    assert {kind for kind, _ in told(writer)[before:]} == {"again"}, "a further flood is one page, too"
    writer.close()


def test_many_that_are_warm_are_one_page_also_while_their_power_is_gone(path: Path) -> None:
    writer = many(path, 14)
    with writer.monitor.parts.turns.turn() as turn:
        tx = turn.tx
        for number in (1, 2):
            truth = Truth(AlarmCondition.POWER_LOST, f"lab1/F{number:02d}", T0, "alarm", {"text": "t"})
            writer.monitor.parts.alarms.hold(tx, truth, T0)
    pass_time(writer, HOUR)
    before = len(told(writer))
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(1, 15))
    assert [kind for kind, _ in told(writer)[before:]] == ["again"]
    assert "temperature_high" not in conditions(writer)
    writer.close()


def test_an_acknowledged_alarm_is_not_told_as_taken_twice_for_having_been_part_of_a_flood(path: Path) -> None:
    writer = many(path, 12)
    hold(writer, AlarmCondition.TEMPERATURE_HIGH, F01)
    pass_time(writer, 11 * MINUTE)
    (alarm,) = writer.view.alarms()
    writer.monitor.parts.operators.carry_out(Acknowledge(alarm=alarm["id"], by="chris"))
    everywhere(writer, AlarmCondition.TEMPERATURE_HIGH, range(2, 13))
    clear(writer, AlarmCondition.TEMPERATURE_HIGH, range(2, 13))
    pass_time(writer, 30 * MINUTE)
    about = [row["kind"] for row in the_alarm(writer, alarm["id"])["told"] if row["recipient"] == "anna"]
    assert about == ["opened", "taken"]
    writer.close()


def test_channels_that_fall_silent_one_after_the_other_are_one_page(path: Path) -> None:
    writer = many(path, 12)
    for number in range(12):
        writer.clock.at = T0 + number * 2_000
        reading = minutes([-80.0], start=writer.clock.now())
        writer.read(reading, channel=f"lab1/F{number + 1:02d}/product")
    writer.monitor.tick(writer.clock.now(), T0)
    end = T0 + 18 * MINUTE
    while writer.clock.now() < end:
        writer.clock.advance(1_000)
        writer.monitor.tick(writer.clock.now(), T0)
    assert conditions(writer) == ["alarm_flood"]
    writer.close()
