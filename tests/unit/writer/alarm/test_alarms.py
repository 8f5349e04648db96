"""What people do about alarms, and what time does, through the whole writer: ladders, shelves, floods, restarts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.core.alarm.condition import AlarmCondition
from monitor.core.telling.policy import Contact, Ladder, Policy, Recipient, Step
from monitor.core.time.instant import HOUR, MINUTE, format_instant
from monitor.core.time.recurring import Agenda, Recurring
from monitor.ports.commands import Acknowledge, EndSuppression, Reset, Shelve, Suppress, Unshelve
from monitor.testing import Rig
from tests.rigs.answers import F01, hold, pass_time, policy, the_alarm, told, warm
from tests.rigs.lab import T0, live, minutes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def rig(path: Path) -> Iterator[Rig]:
    found = Rig(path, now=T0, policy=policy())
    yield found
    found.close()


# --- ladders ---


def test_a_ladder_is_climbed_until_somebody_acknowledges(rig: Rig) -> None:
    alarm = warm(rig)
    assert told(rig) == [("opened", "anna")]
    pass_time(rig, 5 * MINUTE)
    assert told(rig) == [("opened", "anna")]
    pass_time(rig, 3 * MINUTE)
    assert told(rig) == [("opened", "anna"), ("opened", "bert")]
    found = rig.writer.parts.operators.carry_out(
        Acknowledge(alarm=alarm, by="bert", reason="on my way", action="", how="web")
    )
    assert (found["state"], found["acknowledged_by"]) == ("acknowledged", "bert")
    assert told(rig)[2:] == [("taken", "anna")]
    pass_time(rig, HOUR)
    assert len(told(rig)) == 3


def test_a_machine_that_keeps_the_state_hears_also_what_its_own_person_did(path: Path) -> None:
    addresses = (Recipient("anna", "mail", "anna@lab"), Recipient("anna", "pagerduty", "pagerduty:k"))
    rig = Rig(path, now=T0, policy=Policy(contacts={"anna": Contact("anna", addresses)}))
    alarm = warm(rig)
    rig.writer.parts.operators.carry_out(Acknowledge(alarm=alarm, by="anna", how="web"))
    rows = [(row["kind"], row["medium"]) for row in reversed(rig.view.notifications())]
    assert rows == [("opened", "mail"), ("opened", "pagerduty"), ("taken", "pagerduty")]
    rig.close()


def test_an_acknowledged_alarm_that_isnt_over_is_told_anew_at_its_own_instant(rig: Rig) -> None:
    alarm = warm(rig)
    taken_at = rig.clock.now()
    rig.writer.parts.operators.carry_out(Acknowledge(alarm=alarm, by="anna", how="cli"))
    pass_time(rig, 6 * HOUR, step=97 * MINUTE)  # looks seldom
    found = the_alarm(rig, alarm)
    assert (found["state"], found["acknowledged_by"]) == ("unacknowledged", None)
    assert found["telling"]["from_at"] == format_instant(taken_at + 4 * HOUR)
    assert ("again", "anna") in told(rig)


def test_a_restart_in_the_middle_of_a_ladder_changes_no_instant_and_repeats_nothing(path: Path) -> None:
    def run(restarts: bool) -> list[dict[str, Any]]:
        file = path.with_suffix(f".{restarts}")
        rig = Rig(file, now=T0, policy=policy(repeat=30 * MINUTE))
        warm(rig)
        for _ in range(90):
            pass_time(rig, MINUTE)
            if restarts:
                rig.kill()
                rig = Rig(file, now=rig.clock.now(), policy=policy(repeat=30 * MINUTE))
        rows = [{k: row[k] for k in ("id", "kind", "created_at")} for row in rig.view.notifications()]
        rig.close()
        return rows

    plain = run(restarts=False)
    assert run(restarts=True) == plain
    assert {row["kind"] for row in plain} == {"opened", "reminder"}


def test_whoever_cannot_be_reached_keeps_nobody_waiting(rig: Rig) -> None:
    warm(rig)
    (row,) = rig.view.notifications()
    rig.store.outbox.record_failure(row["id"], rig.clock.now(), "refused", rig.clock.now() + HOUR)
    pass_time(rig, MINUTE)
    assert told(rig) == [("opened", "anna"), ("opened", "bert")]


def test_what_is_over_is_told_to_those_who_heard_and_waits_for_a_person(rig: Rig) -> None:
    alarm = warm(rig)
    live(rig, minutes([-80] * 8, start=rig.clock.now() + MINUTE))
    assert told(rig) == [("opened", "anna"), ("closed", "anna")]
    assert the_alarm(rig, alarm)["state"] == "returned_unacknowledged"
    assert rig.writer.parts.operators.carry_out(Acknowledge(alarm=alarm, by="anna"))["state"] == "normal"
    with pytest.raises(ValueError, match="over already"):
        rig.writer.parts.operators.carry_out(Acknowledge(alarm=alarm, by="anna"))
    with pytest.raises(LookupError, match="no alarm 'a999'"):
        rig.writer.parts.operators.carry_out(Acknowledge(alarm="a999", by="anna"))
    with pytest.raises(ValueError, match="needs the name"):
        rig.writer.parts.operators.carry_out(Acknowledge(alarm=alarm, by=" "))


def test_what_comes_back_is_a_new_alarm_and_the_old_one_waits_no_more(rig: Rig) -> None:
    alarm = warm(rig)
    live(rig, minutes([-80] * 8, start=rig.clock.now() + MINUTE))
    live(rig, minutes([-50] * 14, start=rig.clock.now() + MINUTE))
    (newest,) = rig.view.alarms(open_only=True)
    assert newest["id"] != alarm
    assert the_alarm(rig, alarm)["state"] == "normal"
    assert [one["reason"] for one in the_alarm(rig, alarm)["history"]] == [
        *("raised", "cleared", "came back: a new alarm")
    ]


# --- shelves ---


def shelve(rig: Rig, alarm: str, span: int) -> dict[str, Any]:
    until = rig.clock.now() + span
    return rig.writer.parts.operators.carry_out(
        Shelve(alarm=alarm, by="bert", reason="moving its lots", until=until)
    )


def test_a_shelf_keeps_the_ladder_still_and_its_end_is_told(rig: Rig) -> None:
    alarm = warm(rig)
    shelf = shelve(rig, alarm, HOUR)
    assert the_alarm(rig, alarm)["shelved_until"] == shelf["until"]
    assert [one["reason"] for one in rig.view.unwatched()] == ["shelved"]
    pass_time(rig, 59 * MINUTE)
    assert told(rig) == [("opened", "anna")]
    assert the_alarm(rig, alarm)["state"] == "unacknowledged", "it goes on under the shelf"
    pass_time(rig, 2 * MINUTE)
    assert told(rig) == [("opened", "anna"), ("again", "anna")]
    assert the_alarm(rig, alarm)["shelved_until"] is None
    assert the_alarm(rig, alarm)["telling"]["from_at"] == shelf["until"]
    assert not rig.view.unwatched()


def test_a_shelf_outlives_a_restart_and_ends_at_its_instant(path: Path) -> None:
    rig = Rig(path, now=T0, policy=policy())
    alarm = warm(rig)
    shelf = shelve(rig, alarm, HOUR)
    rig.kill()
    rig = Rig(path, now=rig.clock.now() + 5 * HOUR, policy=policy())
    pass_time(rig, MINUTE)
    assert the_alarm(rig, alarm)["telling"]["from_at"] == shelf["until"]
    assert told(rig)[0:2] == [("opened", "anna"), ("again", "anna")]
    rig.close()


def test_a_shelved_alarm_that_gets_worse_breaks_through(rig: Rig) -> None:
    alarm = warm(rig)
    shelve(rig, alarm, HOUR)
    pass_time(rig, 5 * MINUTE)
    assert told(rig) == [("opened", "anna")]
    hold(rig, AlarmCondition.TEMPERATURE_HIGH, F01, "critical")
    assert told(rig) == [("opened", "anna"), ("again", "anna")]
    (shelf,) = rig.view.suppressions(open_only=False)
    assert (shelf["ended_by"], shelf["ended_why"]) == (
        "exosome-monitor",
        "it is critical now, and was shelved as alarm",
    )


def test_a_lot_that_gets_worse_breaks_its_units_shelf(rig: Rig) -> None:
    alarm = warm(rig)
    shelve(rig, alarm, HOUR)
    pass_time(rig, 5 * MINUTE)
    hold(rig, AlarmCondition.LOT_BUDGET, "L-1", "warning", unit="lab1/F02")
    assert rig.view.suppressions(), "that of another unit breaks nothing"
    hold(rig, AlarmCondition.LOT_BUDGET, "L-2", "warning", unit="lab1/F01")
    assert not rig.view.suppressions()
    assert ("again", "anna") in told(rig)


def test_shelving_is_bounded_and_needs_words(rig: Rig) -> None:
    alarm = warm(rig)
    with pytest.raises(ValueError, match="at most"):
        shelve(rig, alarm, 13 * HOUR)
    with pytest.raises(ValueError, match="needs a reason"):
        rig.writer.parts.operators.carry_out(
            Shelve(alarm=alarm, by="bert", reason=" ", until=rig.clock.now() + HOUR)
        )
    shelve(rig, alarm, HOUR)
    rig.writer.parts.operators.carry_out(Unshelve(alarm=alarm, by="bert", reason="done"))
    with pytest.raises(ValueError, match="isn't shelved"):
        rig.writer.parts.operators.carry_out(Unshelve(alarm=alarm, by="bert"))


def test_the_end_of_a_shelf_is_told_also_if_nothing_is_wrong_any_more(rig: Rig) -> None:
    alarm = warm(rig)
    shelve(rig, alarm, HOUR)
    live(rig, minutes([-80] * 8, start=rig.clock.now() + MINUTE))
    assert told(rig) == [("opened", "anna"), ("closed", "anna")], "good news isn't held back"
    pass_time(rig, HOUR)
    assert told(rig)[2:] == [("notice", "anna")]


# --- suppressed by design, out of service ---


def suppress(rig: Rig, kind: Any, until: int, start: int | None = None, subject: str = "lab1/F01") -> str:
    made = rig.writer.parts.operators.carry_out(
        Suppress(
            subject=subject,
            kind=kind,
            by="bert",
            reason="defrosting it",
            start=start,
            until=until,
        )
    )
    return str(made["id"])


@pytest.mark.parametrize("kind", ["suppressed", "out_of_service"])
def test_readings_excursions_and_alarms_go_on_where_nobody_is_told(rig: Rig, kind: str) -> None:
    suppress(rig, kind, T0 + 2 * HOUR)
    alarm = warm(rig)
    assert told(rig) == []
    assert the_alarm(rig, alarm)["state"] == "unacknowledged"
    assert the_alarm(rig, alarm)["suppression"]["owner"] == "bert"
    assert [one["confirmed_at"] is not None for one in rig.view.excursions()] == [True]
    assert [one["reason"] for one in rig.view.unwatched()] == [kind]
    pass_time(rig, 2 * HOUR)
    assert told(rig)[0] == ("opened", "anna"), "what is still wrong when it ends is told"


def test_a_window_that_is_planned_begins_by_itself(rig: Rig) -> None:
    suppress(rig, "suppressed", T0 + 3 * HOUR, start=T0 + 2 * HOUR)
    warm(rig)
    assert told(rig) == [("opened", "anna")]


def test_it_can_be_ended_before_its_time(rig: Rig) -> None:
    made = suppress(rig, "suppressed", T0 + 2 * HOUR)
    warm(rig)
    rig.writer.parts.operators.carry_out(
        EndSuppression(suppression=made, by="anna", reason="it is cold again")
    )
    assert told(rig) == [("opened", "anna")]
    with pytest.raises(LookupError, match="nothing is held back"):
        rig.writer.parts.operators.carry_out(EndSuppression(suppression=made, by="anna"))
    with pytest.raises(LookupError, match="no unit and no probe"):
        suppress(rig, "suppressed", T0 + 9 * HOUR, subject="lab1/F99")
    with pytest.raises(ValueError, match="name a later end"):
        suppress(rig, "suppressed", T0)


def test_what_came_and_went_while_nobody_was_told_is_not_told_afterwards(rig: Rig) -> None:
    suppress(rig, "suppressed", T0 + HOUR)
    alarm = warm(rig)
    live(rig, minutes([-80] * 8, start=rig.clock.now() + MINUTE))
    pass_time(rig, HOUR)
    assert told(rig) == []
    assert the_alarm(rig, alarm)["state"] == "returned_unacknowledged", "it waits on the page"


# --- drills, latches ---


def test_a_drill_is_over_when_it_is_answered_and_escalates_when_it_isnt(path: Path) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    people = (("anna", berlin), ("chris", berlin))
    agenda = Agenda(drill=Recurring((time(10),), 1), drilled=people)
    rig = Rig(path, now=T0, policy=policy(), agenda=agenda)
    hold(rig, AlarmCondition.DRILL, "chris")
    hold(rig, AlarmCondition.DRILL, "anna")
    assert told(rig) == [("opened", "chris"), ("opened", "anna")]
    drill = next(one for one in rig.view.alarms() if one["subject"] == "chris")
    answered = rig.writer.parts.operators.carry_out(Acknowledge(alarm=drill["id"], by="chris", how="link"))
    assert answered["state"] == "normal"
    pass_time(rig, 31 * MINUTE)
    assert [one for one in told(rig) if one[0] == "opened"][2:] == [], "anna is on call herself"
    pass_time(rig, 11 * MINUTE)
    assert [one for one in told(rig) if one[0] == "opened"][2:] == [("opened", "bert")]
    rig.close()


def test_what_latched_waits_for_a_reset(rig: Rig) -> None:
    hold(rig, AlarmCondition.LOT_THAWED, "L-1", unit="lab1/F01")
    rig.writer.end(AlarmCondition.LOT_THAWED, "L-1")
    (alarm,) = rig.view.alarms()
    assert alarm["state"] == "latched_unacknowledged"
    operators = rig.writer.parts.operators
    with pytest.raises(ValueError, match="acknowledge it first"):
        operators.carry_out(Reset(alarm=alarm["id"], by="qa"))
    operators.carry_out(Acknowledge(alarm=alarm["id"], by="qa"))
    assert (
        operators.carry_out(Reset(alarm=alarm["id"], by="qa", reason="a wrong event, voided"))["state"]
        == "normal"
    )
    assert the_alarm(rig, alarm["id"])["history"][-1]["reason"] == "reset by qa: a wrong event, voided"


def test_nobody_is_told_twice_where_a_person_is_in_every_step(path: Path) -> None:
    everywhere_anna = replace(
        policy(), ladders={"usual": Ladder("usual", (Step(("anna", "oncall"), 0), Step(("anna",), 0)), None)}
    )
    rig = Rig(path, now=T0, policy=everywhere_anna)
    warm(rig)
    pass_time(rig, HOUR)
    assert told(rig) == [("opened", "anna")]
    rig.close()


def test_excursions_of_one_batch_have_an_alarm_each_as_if_they_had_come_one_by_one(path: Path) -> None:
    """After an outage of our own a backlog comes as one batch: an alarm that was over went on with the next one's."""
    warm_twice = [-80, *[-50] * 15, *[-80] * 10, *[-50] * 15]
    found = []
    for batch in (1, len(warm_twice)):
        rig = Rig(path.with_suffix(f".{batch}"), now=T0 + 2 * HOUR, policy=policy())
        readings = minutes([float(one) for one in warm_twice])
        for first in range(0, len(readings), batch):
            rig.read(readings[first : first + batch])
        alarms = rig.view.alarms()
        found.append(sorted((one["raised_at"], one["cleared_at"] or "") for one in alarms))
        assert len(rig.view.excursions()) == 2
        rig.close()
    assert found[0] == found[1]
    assert len(found[0]) == 2


def test_a_backlog_that_ends_in_the_present_is_told_at_once(path: Path) -> None:
    """What its older readings leave open waits for a word of now: here it comes in the same batch."""
    rig = Rig(path, now=T0 + HOUR, policy=policy())
    old = minutes([-80.0, *[-50.0] * 59])
    rig.read([reading._replace(received_at=T0 + HOUR) for reading in old])
    assert told(rig) == [("opened", "anna")]
    rig.close()


def test_a_dead_address_on_a_ladder_of_one_step_lets_everybody_be_told(path: Path) -> None:
    alone = replace(policy(), ladders={"usual": Ladder("usual", (Step(("anna",), 0),), None)})
    rig = Rig(path, now=T0, policy=alone)
    warm(rig)
    (row,) = rig.view.notifications()
    pass_time(rig, MINUTE)
    rig.store.outbox.record_failure(row["id"], rig.clock.now(), "refused", rig.clock.now() + HOUR)
    pass_time(rig, MINUTE)
    assert sorted(who for _, who in told(rig)) == ["anna", "bert", "chris"]
    rig.close()


def test_a_suppression_that_never_began_says_nothing_when_it_is_cancelled(rig: Rig) -> None:
    made = suppress(rig, "suppressed", T0 + 3 * HOUR, start=T0 + 2 * HOUR)
    warm(rig)
    rig.writer.parts.operators.carry_out(EndSuppression(suppression=made, by="anna", reason="not needed"))
    assert told(rig) == [("opened", "anna")]


def test_the_end_of_a_shelf_is_told_also_where_the_unit_is_out_of_service(rig: Rig) -> None:
    alarm = warm(rig)
    shelve(rig, alarm, HOUR)
    suppress(rig, "out_of_service", rig.clock.now() + 5 * HOUR)
    pass_time(rig, 61 * MINUTE)
    assert told(rig) == [("opened", "anna"), ("notice", "anna")]


def test_a_conflict_of_events_is_over_when_somebody_has_dealt_with_it(rig: Rig) -> None:
    hold(rig, AlarmCondition.EVENT_CONFLICT, "e-1", "warning")
    (alarm,) = rig.view.alarms()
    done = rig.writer.parts.operators.carry_out(
        Acknowledge(alarm=alarm["id"], by="qa", reason="", action="voided one", how="api")
    )
    assert (done["state"], done["evidence"]["clear_reason"]) == ("normal", "dealt_with")
    pass_time(rig, 9 * HOUR, step=HOUR)
    assert [kind for kind, who in told(rig) if who == "anna"] == ["opened", "closed"]
