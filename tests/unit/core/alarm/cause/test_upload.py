"""What a part of an upload leaves open waits, unless people know of it already."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from monitor.core.alarm.cause.upload import ends_in_the_past, excursion_waits, spells_wait
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.channel.reading import Reading
from monitor.core.profile.rules import ChannelRules
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import HOUR, MINUTE, days_in
from monitor.testing import ult_profile
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


def test_a_message_ends_in_the_past_if_it_came_later_than_the_longest_gap() -> None:
    settings = (0, ProbeSettings(max_gap=15 * MINUTE)), (HOUR, ProbeSettings(max_gap=5 * MINUTE))
    rules = ChannelRules(((0, ult_profile()),), settings, days_in(ZoneInfo("UTC")))
    for at, gap in ((0, 15 * MINUTE), (2 * HOUR, 5 * MINUTE)):
        assert not ends_in_the_past(Reading(at, at + gap, -80.0), rules)
        assert ends_in_the_past(Reading(at, at + gap + 1, -80.0), rules)
