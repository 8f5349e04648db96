"""What a part of an upload leaves open waits, unless people know of it already."""

from __future__ import annotations

from monitor.core.alarm.cause.upload import excursion_waits, spells_wait
from monitor.core.alarm.condition import AlarmCondition
from tests.rigs.causes import an_alarm

OPEN = {"withdrawn": False, "superseded_by": None, "confirmed_at": "t", "closed_at": None}
WARNING = an_alarm(AlarmCondition.TEMPERATURE_HIGH, level="warning")
TOLD = an_alarm(AlarmCondition.TEMPERATURE_HIGH, evidence={"excursion": "x1"})


def test_an_open_excursion_of_a_part_waits_unless_more_than_a_warning_was_told() -> None:
    assert excursion_waits(OPEN, None, is_part=True)
    assert excursion_waits(OPEN, WARNING, is_part=True)
    assert not excursion_waits(OPEN, TOLD, is_part=True)


def test_what_says_something_of_now_and_what_is_over_waits_for_nothing() -> None:
    assert not excursion_waits(OPEN, None, is_part=False)
    for over in ({"closed_at": "t"}, {"confirmed_at": None}, {"withdrawn": True}):
        assert not excursion_waits({**OPEN, **over}, None, is_part=True)


def test_spells_of_a_part_wait_while_one_of_them_is_untold() -> None:
    assert spells_wait([WARNING, None], is_part=True)
    assert not spells_wait([WARNING, TOLD], is_part=True)
    assert not spells_wait([None], is_part=False)
    assert not spells_wait([], is_part=True)
