"""What a spell beyond the warning level means for an alarm."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.core.alarm.cause.outcome import End, Hold, Past
from monitor.core.alarm.cause.warning import LevelState, covers, of_ended_spell, of_no_spell, of_open_spell
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.channel.warning import Spell
from monitor.core.time.instant import HOUR, MINUTE
from tests.rigs.causes import CHANNEL, NOW, PLACE, an_alarm, kinds

HIGH = AlarmCondition.TEMPERATURE_HIGH
SPELL = Spell("high", -65.0, NOW - HOUR, NOW - 30 * MINUTE, -62.0, "ult@1")
OVER = Spell("high", -65.0, NOW - HOUR, NOW - 30 * MINUTE, -62.0, "ult@1", ended_at=NOW)


def level(**changes: Any) -> LevelState:
    usual = {"alarm": None, "is_watched": True, "is_outside": False, "is_on_record": False, "place": PLACE}
    return LevelState(**{**usual, **changes})


def test_one_that_holds_is_a_warning_and_no_more() -> None:
    (outcome,) = of_open_spell(CHANNEL, SPELL, level())
    assert isinstance(outcome, Hold)
    assert (outcome.truth.level, outcome.truth.since_at) == ("warning", NOW - 30 * MINUTE)
    assert outcome.truth.grounds.excursion is None


def test_one_that_was_told_with_an_alarm_that_is_over_warns_of_nothing_new() -> None:
    assert of_open_spell(CHANNEL, SPELL, level(is_on_record=True)) == []
    assert kinds(of_open_spell(CHANNEL, SPELL, level(alarm=an_alarm(HIGH)))) == ["Hold"]


def test_a_level_that_is_not_told_says_nothing() -> None:
    assert of_open_spell(CHANNEL, SPELL, level(is_watched=False)) == []
    assert of_ended_spell(CHANNEL, OVER, NOW, level(is_watched=False)) == []


def test_its_end_ends_the_warning_but_not_an_excursion() -> None:
    warning = an_alarm(HIGH, level="warning")
    (outcome,) = of_ended_spell(CHANNEL, OVER, NOW, level(alarm=warning))
    assert isinstance(outcome, End)
    assert (outcome.at, outcome.evidence["clear_reason"]) == (NOW, "recovered")
    assert of_ended_spell(CHANNEL, OVER, NOW, level(alarm=warning, is_outside=True)) == []


def test_one_that_nobody_was_told_of_is_of_the_past_once() -> None:
    (outcome,) = of_ended_spell(CHANNEL, OVER, NOW, level())
    assert isinstance(outcome, Past)
    assert outcome.ended_at == NOW
    later = an_alarm(HIGH, at=NOW + MINUTE)
    assert kinds(of_ended_spell(CHANNEL, OVER, NOW, level(alarm=later))) == ["Past"]
    assert of_ended_spell(CHANNEL, OVER, NOW, level(is_on_record=True)) == []


def test_judged_again_a_warning_without_a_spell_was_wrong_and_an_excursion_is_not_its_business() -> None:
    (outcome,) = of_no_spell(an_alarm(HIGH, level="warning"), NOW, is_outside=False)
    assert isinstance(outcome, End)
    assert outcome.evidence["clear_reason"] == "corrected"
    assert of_no_spell(an_alarm(HIGH, evidence={"excursion": "x1"}), NOW, is_outside=False) == []
    assert of_no_spell(an_alarm(HIGH), NOW, is_outside=True) == []
    assert of_no_spell(None, NOW, is_outside=False) == []


@pytest.mark.parametrize(
    ("span", "does"),
    [
        ((NOW - 30 * MINUTE, None), True),
        ((0, NOW - 30 * MINUTE), True),
        ((0, NOW - 30 * MINUTE - 1), False),
        ((NOW, NOW + 1), True),
        ((NOW + 1, None), False),
    ],
)
def test_a_span_covers_some_of_a_spell_if_they_share_an_instant(
    span: tuple[int, int | None], does: bool
) -> None:
    assert covers([span], OVER) is does
