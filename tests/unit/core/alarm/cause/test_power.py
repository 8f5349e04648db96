"""What a unit's lost power means for an alarm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from monitor.core.alarm.cause.outcome import Amend, End, Hold, Past
from monitor.core.alarm.cause.power import LOST, PowerState, ReceivedEvent, of_power
from monitor.core.alarm.cause.upload import PATIENCE
from monitor.core.time.instant import HOUR, MINUTE, format_instant
from tests.rigs.causes import NOW, PLACE, UNIT, an_alarm


def event(kind: str, ago: int, *, late: int = 0) -> ReceivedEvent:
    return ReceivedEvent(NOW - ago, kind, NOW - ago + late)


def power(*events: ReceivedEvent, **changes: Any) -> PowerState:
    usual = {"alarm": None, "on_record": (), "zone": ZoneInfo("UTC"), "place": PLACE}
    return PowerState(unit=UNIT, events=events, **{**usual, **changes})


def lost_alarm(ago: int, text: str = "it told that its power is gone") -> Any:
    evidence = {"started_at": format_instant(NOW - ago), "text": text}
    return an_alarm(LOST, UNIT, at=NOW - ago, evidence=evidence)


def test_told_at_once_it_is_an_alarm_at_once_and_waits_for_others_of_its_circuit() -> None:
    (outcome,) = of_power(power(event("power_lost", MINUTE)), NOW).outcomes
    assert isinstance(outcome, Hold)
    assert outcome.truth.since_at == NOW - MINUTE
    assert outcome.truth.tell_after > 0


def test_told_of_late_it_waits_for_what_follows() -> None:
    late = power(event("power_lost", HOUR, late=HOUR))
    assert (of_power(late, NOW).outcomes, of_power(late, NOW).look_at) == ([], NOW + PATIENCE)
    assert isinstance(of_power(late, NOW + PATIENCE).outcomes[0], Hold)


def test_power_that_came_back_ends_the_alarm_and_tells_of_it_no_second_time() -> None:
    told = power(event("power_lost", HOUR), event("power_restored", MINUTE), alarm=lost_alarm(HOUR))
    (outcome,) = of_power(told, NOW).outcomes
    assert isinstance(outcome, End)
    assert outcome.at == NOW - MINUTE


def test_it_ends_also_where_its_loss_is_no_longer_among_the_events() -> None:
    (outcome,) = of_power(power(event("power_restored", MINUTE), alarm=lost_alarm(HOUR)), NOW).outcomes
    assert isinstance(outcome, End)


def test_an_outage_that_was_over_before_anybody_could_say_so_is_of_the_past_once() -> None:
    told = power(event("power_lost", HOUR), event("power_restored", MINUTE))
    (outcome,) = of_power(told, NOW).outcomes
    assert isinstance(outcome, Past)
    assert outcome.ended_at == NOW - MINUTE
    assert of_power(told._replace(on_record=[(NOW - HOUR, NOW - MINUTE)]), NOW).outcomes == []


def test_the_next_outage_is_news_though_the_one_before_it_ends_only_now() -> None:
    told = power(
        event("power_lost", HOUR),
        event("power_restored", 30 * MINUTE),
        event("power_lost", MINUTE),
        alarm=lost_alarm(HOUR),
    )
    ended, held = of_power(told, NOW).outcomes
    assert isinstance(ended, End)
    assert isinstance(held, Hold)
    assert held.truth.since_at == NOW - MINUTE


def test_the_backup_cooling_is_kept_with_the_alarm_and_nobody_is_told_anew() -> None:
    told = power(event("power_lost", HOUR), event("backup_cooling_started", MINUTE), alarm=lost_alarm(HOUR))
    (outcome,) = of_power(told, NOW).outcomes
    assert isinstance(outcome, Amend)
    assert "backup cooling started" in outcome.alarm.evidence["text"]
    assert outcome.alarm.run == lost_alarm(HOUR).run
    assert of_power(told._replace(alarm=outcome.alarm), NOW).outcomes == []
    elsewhere = replace(outcome.alarm, evidence={"started_at": format_instant(0), "text": ""})
    assert of_power(told._replace(alarm=elsewhere), NOW).outcomes == []


def test_what_a_clock_ahead_tells_of_is_looked_at_in_its_time() -> None:
    decided = of_power(power(event("power_lost", -MINUTE)), NOW)
    assert (decided.outcomes, decided.look_at) == ([], NOW + MINUTE)
