"""What every AlarmView promises: View over a store, FakeView, FakeLab, and Lab, which a test changes."""

from __future__ import annotations

from typing import get_args

from monitor.core.answer.alarm import UnwatchedReason
from monitor.ports import AlarmView


def test_an_alarm_that_is_not_there_is_none(view: AlarmView) -> None:
    assert view.alarm("a999") is None


def test_an_alarm_is_as_in_the_list_of_all_and_has_its_story(view: AlarmView) -> None:
    for card in view.alarms():
        alarm = view.alarm(card["id"])
        assert alarm is not None
        assert alarm.items() >= card.items()
        assert {"history", "children", "suppression", "told"} <= alarm.keys()


def test_only_what_is_open_is_listed_if_asked_and_no_more_than_wanted(view: AlarmView) -> None:
    every, still_open = view.alarms(), view.alarms(open_only=True)
    assert all(alarm in every and alarm["cleared_at"] is None for alarm in still_open)
    assert view.alarms(limit=1) == every[:1]
    assert len(view.notifications(limit=1)) <= 1


def test_what_holds_back_is_listed_while_it_does_and_all_of_it_if_asked(view: AlarmView) -> None:
    now_held, ever_held = view.suppressions(), view.suppressions(open_only=False)
    assert all(one in ever_held and one["ended_at"] is None for one in now_held)


def test_the_record_of_weeks_is_told_for_each_unit_by_its_title(view: AlarmView) -> None:
    weeks = view.alarm_health(weeks=2)
    assert {"from", "to", "units"} <= weeks.keys()
    assert all(unit["title"] for unit in weeks["units"])


def test_who_is_not_watched_is_told_with_the_reason(view: AlarmView) -> None:
    listed = view.unwatched()
    assert all({"subject", "reason", "text", "since"} <= one.keys() for one in listed)
    assert {one["reason"] for one in listed} <= set(get_args(UnwatchedReason))


def test_what_the_program_fails_to_judge_is_listed_with_since_when(view: AlarmView) -> None:
    unjudged = [one for one in view.unwatched() if one["reason"] == "judging_failed"]
    assert [one["subject"] for one in unjudged] == ["L9"]
    assert unjudged[0]["since"] is not None
