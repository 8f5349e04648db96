"""Why was nobody told? Every path of a plan has its reason, and every reason its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.core.alarm.alarm import (
    Acknowledgement,
    Alarm,
    acknowledged,
    cleared,
    of_the_past,
    raised,
    told_as_part_of,
)
from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.alarm.suppression import Suppression
from monitor.core.telling.answer import why_told
from monitor.core.telling.policy import Contact, Ladder, Place, Policy, QuietHours, Recipient, Route, Step
from monitor.core.telling.told import Plan, Told, Why, message_id, plan
from monitor.core.time.instant import HOUR, MINUTE

NOW = 3 * HOUR
UTC = ZoneInfo("UTC")
CONSOLE, ANNA = Recipient("console", "console", "console"), Recipient("anna", "mail", "anna@lab")
TRUTH = Truth(AlarmCondition.TEMPERATURE_HIGH, "lab1/F01/product", NOW, "alarm")
ALARM = raised("a1", TRUTH, now=NOW)
WARNING = raised("a1", replace(TRUTH, level="warning"), now=NOW)
TAKEN = acknowledged(ALARM, Acknowledgement(NOW, "bert"))
SHELF = Suppression("s1", "shelved", "lab1/F01", "anna", "on it", 0, NOW + HOUR)


def policy(*recipients: Recipient, quiet: QuietHours | None = None) -> Policy:
    return Policy(
        contacts={"anna": Contact("anna", recipients, None, quiet)},
        ladders={"all": Ladder("all", (Step(("anna",), 10 * MINUTE),), None)},
        routes=(Route("all", None, None, None, None),),
        always=(CONSOLE,),
        zones={"lab1": UTC},
    )


def told(recipient: Recipient, **changes: Any) -> Mapping[str, Told]:
    message = Told("opened", recipient, 1, NOW, NOW)._replace(**changes)
    return {message_id("a1", "opened", recipient): message}


NIGHT = QuietHours(time(0), time(6))
CASES: list[tuple[Why, Alarm, Mapping[str, Told], Policy, dict[str, Any]]] = [
    (Why.PAST, of_the_past("a1", TRUTH, ended_at=NOW, now=NOW), {}, policy(ANNA), {}),
    (Why.OVER, cleared(ALARM, at=NOW, evidence={}), told(ANNA), policy(ANNA), {}),
    (Why.OVER_UNTOLD, cleared(ALARM, at=NOW, evidence={}), told(CONSOLE), policy(ANNA), {}),
    (Why.TAKEN, TAKEN, told(ANNA), policy(ANNA), {}),
    (Why.TAKEN_UNTOLD, TAKEN, {}, policy(ANNA), {}),
    (Why.HELD_BACK, ALARM, {}, policy(ANNA), {"is_hushed": True}),
    (Why.PART_OF_ANOTHER, told_as_part_of(ALARM, "f1"), {}, policy(ANNA), {}),
    (Why.NOT_YET, raised("a1", replace(TRUTH, tell_after=MINUTE), now=NOW), {}, policy(ANNA), {}),
    (Why.NOBODY, ALARM, {}, policy(), {}),
    (Why.NOBODY, ALARM, {}, Policy(), {}),
    (Why.QUIET_HOURS, WARNING, {}, policy(ANNA, quiet=NIGHT), {}),
    (Why.NOW, ALARM, {}, policy(ANNA), {}),
    (Why.NOW, ALARM, {}, policy(ANNA, quiet=NIGHT), {}),
    (Why.UNDER_WAY, ALARM, told(ANNA, sent_at=None), policy(ANNA), {}),
    (Why.TOLD, ALARM, told(ANNA), policy(ANNA), {}),
    (Why.WITHDRAWN, ALARM, told(ANNA, sent_at=None, is_withdrawn=True), policy(ANNA), {}),
]
UNTIL = {Why.NOT_YET: NOW + MINUTE, Why.QUIET_HOURS: 6 * HOUR}


def planned(alarm: Alarm, known: Mapping[str, Told], policy: Policy, **more: Any) -> Plan:
    return plan(alarm, known, policy, NOW, place=Place("lab1", "lab1/F01"), **more)


@pytest.mark.parametrize(("why", "alarm", "known", "policy", "more"), CASES)
def test_every_path_has_its_reason_and_until_when_where_that_is_known(
    why: Why, alarm: Alarm, known: Mapping[str, Told], policy: Policy, more: dict[str, Any]
) -> None:
    found = planned(alarm, known, policy, **more)
    assert (found.why, found.until) == (why, UNTIL.get(why))


def test_every_reason_comes_of_some_path_and_has_words_of_its_own() -> None:
    assert {why for why, *_ in CASES} == set(Why)
    said = {why: why_told(Plan(why), ALARM, SHELF, UTC) for why in Why}
    assert all(said.values())
    assert len(set(said.values())) == len(Why)


def test_a_console_that_is_told_of_everything_is_not_somebody_who_was_told() -> None:
    found = planned(ALARM, {}, policy())
    assert [owed.recipient for owed in found.owed] == [CONSOLE]
    assert found.why is Why.NOBODY


def test_who_holds_it_back_until_when_and_why_is_said() -> None:
    text = why_told(Plan(Why.HELD_BACK), ALARM, SHELF, UTC)
    assert text == "shelved by anna until 1970-01-01 04:00 +00:00: on it"


def test_until_when_it_waits_and_who_has_taken_it_is_said() -> None:
    assert "06:00" in why_told(Plan(Why.QUIET_HOURS, until=6 * HOUR), WARNING, None, UTC)
    assert "03:01" in why_told(Plan(Why.NOT_YET, until=NOW + MINUTE), ALARM, None, UTC)
    assert why_told(Plan(Why.TAKEN_UNTOLD), TAKEN, None, UTC).startswith("bert took it")
    part = told_as_part_of(ALARM, "f1")
    assert why_told(Plan(Why.PART_OF_ANOTHER), part, None, UTC) == "it is told as part of alarm f1"
