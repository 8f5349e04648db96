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
from monitor.testing import Writer
from tests.rigs.answers import F01, hold, pass_time, policy, the_alarm, told, warm
from tests.rigs.lab import T0, live, minutes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    found = Writer(path, now=T0, policy=policy())
    yield found
    found.close()


# --- ladders ---


def test_a_ladder_is_climbed_until_somebody_acknowledges(writer: Writer) -> None:
    alarm = warm(writer)
    assert told(writer) == [("opened", "anna")]
    pass_time(writer, 5 * MINUTE)
    assert told(writer) == [("opened", "anna")]
    pass_time(writer, 3 * MINUTE)
    assert told(writer) == [("opened", "anna"), ("opened", "bert")]
    found = writer.monitor.parts.operators.carry_out(
        Acknowledge(alarm=alarm, by="bert", reason="on my way", action="", how="web")
    )
    assert (found["state"], found["acknowledged_by"]) == ("acknowledged", "bert")
    assert told(writer)[2:] == [("taken", "anna")]
    pass_time(writer, HOUR)
    assert len(told(writer)) == 3


def test_a_machine_that_keeps_the_state_hears_also_what_its_own_person_did(path: Path) -> None:
    addresses = (Recipient("anna", "mail", "anna@lab"), Recipient("anna", "pagerduty", "pagerduty:k"))
    writer = Writer(path, now=T0, policy=Policy(contacts={"anna": Contact("anna", addresses)}))
    alarm = warm(writer)
    writer.monitor.parts.operators.carry_out(Acknowledge(alarm=alarm, by="anna", how="web"))
    rows = [(row["kind"], row["medium"]) for row in reversed(writer.view.notifications())]
    assert rows == [("opened", "mail"), ("opened", "pagerduty"), ("taken", "pagerduty")]
    writer.close()


def test_an_acknowledged_alarm_that_isnt_over_is_told_anew_at_its_own_instant(writer: Writer) -> None:
    alarm = warm(writer)
    taken_at = writer.clock.now()
    writer.monitor.parts.operators.carry_out(Acknowledge(alarm=alarm, by="anna", how="cli"))
    pass_time(writer, 6 * HOUR, step=97 * MINUTE)  # looks seldom
    found = the_alarm(writer, alarm)
    assert (found["state"], found["acknowledged_by"]) == ("unacknowledged", None)
    assert found["telling"]["from_at"] == format_instant(taken_at + 4 * HOUR)
    assert ("again", "anna") in told(writer)


def test_a_restart_in_the_middle_of_a_ladder_changes_no_instant_and_repeats_nothing(path: Path) -> None:
    def run(restarts: bool) -> list[dict[str, Any]]:
        file = path.with_suffix(f".{restarts}")
        writer = Writer(file, now=T0, policy=policy(repeat=30 * MINUTE))
        warm(writer)
        for _ in range(90):
            pass_time(writer, MINUTE)
            if restarts:
                writer.kill()
                writer = Writer(file, now=writer.clock.now(), policy=policy(repeat=30 * MINUTE))
        rows = [{k: row[k] for k in ("id", "kind", "created_at")} for row in writer.view.notifications()]
        writer.close()
        return rows

    plain = run(restarts=False)
    assert run(restarts=True) == plain
    assert {row["kind"] for row in plain} == {"opened", "reminder"}


def test_whoever_cannot_be_reached_keeps_nobody_waiting(writer: Writer) -> None:
    warm(writer)
    (row,) = writer.view.notifications()
    writer.store.outbox.record_failure(row["id"], writer.clock.now(), "refused", writer.clock.now() + HOUR)
    pass_time(writer, MINUTE)
    assert told(writer) == [("opened", "anna"), ("opened", "bert")]


def test_what_is_over_is_told_to_those_who_heard_and_waits_for_a_person(writer: Writer) -> None:
    alarm = warm(writer)
    live(writer, minutes([-80] * 8, start=writer.clock.now() + MINUTE))
    assert told(writer) == [("opened", "anna"), ("closed", "anna")]
    assert the_alarm(writer, alarm)["state"] == "returned_unacknowledged"
    assert writer.monitor.parts.operators.carry_out(Acknowledge(alarm=alarm, by="anna"))["state"] == "normal"
    with pytest.raises(ValueError, match="over already"):
        writer.monitor.parts.operators.carry_out(Acknowledge(alarm=alarm, by="anna"))
    with pytest.raises(LookupError, match="no alarm 'a999'"):
        writer.monitor.parts.operators.carry_out(Acknowledge(alarm="a999", by="anna"))
    with pytest.raises(ValueError, match="needs the name"):
        writer.monitor.parts.operators.carry_out(Acknowledge(alarm=alarm, by=" "))


def test_what_comes_back_is_a_new_alarm_and_the_old_one_waits_no_more(writer: Writer) -> None:
    alarm = warm(writer)
    live(writer, minutes([-80] * 8, start=writer.clock.now() + MINUTE))
    live(writer, minutes([-50] * 14, start=writer.clock.now() + MINUTE))
    (newest,) = writer.view.alarms(open_only=True)
    assert newest["id"] != alarm
    assert the_alarm(writer, alarm)["state"] == "normal"
    assert [one["reason"] for one in the_alarm(writer, alarm)["history"]] == [
        *("raised", "cleared", "came back: a new alarm")
    ]


# --- shelves ---


def shelve(writer: Writer, alarm: str, span: int) -> dict[str, Any]:
    until = writer.clock.now() + span
    return writer.monitor.parts.operators.carry_out(
        Shelve(alarm=alarm, by="bert", reason="moving its lots", until=until)
    )


def test_a_shelf_keeps_the_ladder_still_and_its_end_is_told(writer: Writer) -> None:
    alarm = warm(writer)
    shelf = shelve(writer, alarm, HOUR)
    assert the_alarm(writer, alarm)["shelved_until"] == shelf["until"]
    assert [one["reason"] for one in writer.view.unwatched()] == ["shelved"]
    pass_time(writer, 59 * MINUTE)
    assert told(writer) == [("opened", "anna")]
    assert the_alarm(writer, alarm)["state"] == "unacknowledged", "it goes on under the shelf"
    pass_time(writer, 2 * MINUTE)
    assert told(writer) == [("opened", "anna"), ("again", "anna")]
    assert the_alarm(writer, alarm)["shelved_until"] is None
    assert the_alarm(writer, alarm)["telling"]["from_at"] == shelf["until"]
    assert not writer.view.unwatched()


def test_a_shelf_outlives_a_restart_and_ends_at_its_instant(path: Path) -> None:
    writer = Writer(path, now=T0, policy=policy())
    alarm = warm(writer)
    shelf = shelve(writer, alarm, HOUR)
    writer.kill()
    writer = Writer(path, now=writer.clock.now() + 5 * HOUR, policy=policy())
    pass_time(writer, MINUTE)
    assert the_alarm(writer, alarm)["telling"]["from_at"] == shelf["until"]
    assert told(writer)[0:2] == [("opened", "anna"), ("again", "anna")]
    writer.close()


def test_a_shelved_alarm_that_gets_worse_breaks_through(writer: Writer) -> None:
    alarm = warm(writer)
    shelve(writer, alarm, HOUR)
    pass_time(writer, 5 * MINUTE)
    assert told(writer) == [("opened", "anna")]
    hold(writer, AlarmCondition.TEMPERATURE_HIGH, F01, "critical")
    assert told(writer) == [("opened", "anna"), ("again", "anna")]
    (shelf,) = writer.view.suppressions(open_only=False)
    assert (shelf["ended_by"], shelf["ended_why"]) == (
        "exosome-monitor",
        "it is critical now, and was shelved as alarm",
    )


def test_a_lot_that_gets_worse_breaks_its_units_shelf(writer: Writer) -> None:
    alarm = warm(writer)
    shelve(writer, alarm, HOUR)
    pass_time(writer, 5 * MINUTE)
    hold(writer, AlarmCondition.LOT_BUDGET, "L-1", "warning", unit="lab1/F02")
    assert writer.view.suppressions(), "that of another unit breaks nothing"
    hold(writer, AlarmCondition.LOT_BUDGET, "L-2", "warning", unit="lab1/F01")
    assert not writer.view.suppressions()
    assert ("again", "anna") in told(writer)


def test_shelving_is_bounded_and_needs_words(writer: Writer) -> None:
    alarm = warm(writer)
    with pytest.raises(ValueError, match="at most"):
        shelve(writer, alarm, 13 * HOUR)
    with pytest.raises(ValueError, match="needs a reason"):
        writer.monitor.parts.operators.carry_out(
            Shelve(alarm=alarm, by="bert", reason=" ", until=writer.clock.now() + HOUR)
        )
    shelve(writer, alarm, HOUR)
    writer.monitor.parts.operators.carry_out(Unshelve(alarm=alarm, by="bert", reason="done"))
    with pytest.raises(ValueError, match="isn't shelved"):
        writer.monitor.parts.operators.carry_out(Unshelve(alarm=alarm, by="bert"))


def test_the_end_of_a_shelf_is_told_also_if_nothing_is_wrong_any_more(writer: Writer) -> None:
    alarm = warm(writer)
    shelve(writer, alarm, HOUR)
    live(writer, minutes([-80] * 8, start=writer.clock.now() + MINUTE))
    assert told(writer) == [("opened", "anna"), ("closed", "anna")], "good news isn't held back"
    pass_time(writer, HOUR)
    assert told(writer)[2:] == [("notice", "anna")]


# --- suppressed by design, out of service ---


def suppress(
    writer: Writer, kind: Any, until: int, start: int | None = None, subject: str = "lab1/F01"
) -> str:
    made = writer.monitor.parts.operators.carry_out(
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
def test_readings_excursions_and_alarms_go_on_where_nobody_is_told(writer: Writer, kind: str) -> None:
    suppress(writer, kind, T0 + 2 * HOUR)
    alarm = warm(writer)
    assert told(writer) == []
    assert the_alarm(writer, alarm)["state"] == "unacknowledged"
    assert the_alarm(writer, alarm)["suppression"]["owner"] == "bert"
    assert [one["confirmed_at"] is not None for one in writer.view.excursions()] == [True]
    assert [one["reason"] for one in writer.view.unwatched()] == [kind]
    pass_time(writer, 2 * HOUR)
    assert told(writer)[0] == ("opened", "anna"), "what is still wrong when it ends is told"


def test_a_window_that_is_planned_begins_by_itself(writer: Writer) -> None:
    suppress(writer, "suppressed", T0 + 3 * HOUR, start=T0 + 2 * HOUR)
    warm(writer)
    assert told(writer) == [("opened", "anna")]


def test_it_can_be_ended_before_its_time(writer: Writer) -> None:
    made = suppress(writer, "suppressed", T0 + 2 * HOUR)
    warm(writer)
    writer.monitor.parts.operators.carry_out(
        EndSuppression(suppression=made, by="anna", reason="it is cold again")
    )
    assert told(writer) == [("opened", "anna")]
    with pytest.raises(LookupError, match="nothing is held back"):
        writer.monitor.parts.operators.carry_out(EndSuppression(suppression=made, by="anna"))
    with pytest.raises(LookupError, match="no unit and no probe"):
        suppress(writer, "suppressed", T0 + 9 * HOUR, subject="lab1/F99")
    with pytest.raises(ValueError, match="name a later end"):
        suppress(writer, "suppressed", T0)


def test_what_came_and_went_while_nobody_was_told_is_not_told_afterwards(writer: Writer) -> None:
    suppress(writer, "suppressed", T0 + HOUR)
    alarm = warm(writer)
    live(writer, minutes([-80] * 8, start=writer.clock.now() + MINUTE))
    pass_time(writer, HOUR)
    assert told(writer) == []
    assert the_alarm(writer, alarm)["state"] == "returned_unacknowledged", "it waits on the page"


# --- drills, latches ---


def test_a_drill_is_over_when_it_is_answered_and_escalates_when_it_isnt(path: Path) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    people = (("anna", berlin), ("chris", berlin))
    agenda = Agenda(drill=Recurring((time(10),), 1), drilled=people)
    writer = Writer(path, now=T0, policy=policy(), agenda=agenda)
    hold(writer, AlarmCondition.DRILL, "chris")
    hold(writer, AlarmCondition.DRILL, "anna")
    assert told(writer) == [("opened", "chris"), ("opened", "anna")]
    drill = next(one for one in writer.view.alarms() if one["subject"] == "chris")
    answered = writer.monitor.parts.operators.carry_out(
        Acknowledge(alarm=drill["id"], by="chris", how="link")
    )
    assert answered["state"] == "normal"
    pass_time(writer, 31 * MINUTE)
    assert [one for one in told(writer) if one[0] == "opened"][2:] == [], "anna is on call herself"
    pass_time(writer, 11 * MINUTE)
    assert [one for one in told(writer) if one[0] == "opened"][2:] == [("opened", "bert")]
    writer.close()


def test_what_latched_waits_for_a_reset(writer: Writer) -> None:
    hold(writer, AlarmCondition.LOT_THAWED, "L-1", unit="lab1/F01")
    writer.monitor.end(AlarmCondition.LOT_THAWED, "L-1")
    (alarm,) = writer.view.alarms()
    assert alarm["state"] == "latched_unacknowledged"
    operators = writer.monitor.parts.operators
    with pytest.raises(ValueError, match="acknowledge it first"):
        operators.carry_out(Reset(alarm=alarm["id"], by="qa"))
    operators.carry_out(Acknowledge(alarm=alarm["id"], by="qa"))
    assert (
        operators.carry_out(Reset(alarm=alarm["id"], by="qa", reason="a wrong event, voided"))["state"]
        == "normal"
    )
    assert the_alarm(writer, alarm["id"])["history"][-1]["reason"] == "reset by qa: a wrong event, voided"


def test_nobody_is_told_twice_where_a_person_is_in_every_step(path: Path) -> None:
    everywhere_anna = replace(
        policy(), ladders={"usual": Ladder("usual", (Step(("anna", "oncall"), 0), Step(("anna",), 0)), None)}
    )
    writer = Writer(path, now=T0, policy=everywhere_anna)
    warm(writer)
    pass_time(writer, HOUR)
    assert told(writer) == [("opened", "anna")]
    writer.close()


def test_excursions_of_one_batch_have_an_alarm_each_as_if_they_had_come_one_by_one(path: Path) -> None:
    """After an outage of our own a backlog comes as one batch: an alarm that was over went on with the next one's."""
    warm_twice = [-80, *[-50] * 15, *[-80] * 10, *[-50] * 15]
    found = []
    for batch in (1, len(warm_twice)):
        writer = Writer(path.with_suffix(f".{batch}"), now=T0 + 2 * HOUR, policy=policy())
        readings = minutes([float(one) for one in warm_twice])
        for first in range(0, len(readings), batch):
            writer.read(readings[first : first + batch])
        alarms = writer.view.alarms()
        found.append(sorted((one["raised_at"], one["cleared_at"] or "") for one in alarms))
        assert len(writer.view.excursions()) == 2
        writer.close()
    assert found[0] == found[1]
    assert len(found[0]) == 2


def test_a_backlog_that_ends_in_the_present_is_told_at_once(path: Path) -> None:
    """What its older readings leave open waits for a word of now: here it comes in the same batch."""
    writer = Writer(path, now=T0 + HOUR, policy=policy())
    old = minutes([-80.0, *[-50.0] * 59])
    writer.read([reading._replace(received_at=T0 + HOUR) for reading in old])
    assert told(writer) == [("opened", "anna")]
    writer.close()


def test_a_dead_address_on_a_ladder_of_one_step_lets_everybody_be_told(path: Path) -> None:
    alone = replace(policy(), ladders={"usual": Ladder("usual", (Step(("anna",), 0),), None)})
    writer = Writer(path, now=T0, policy=alone)
    warm(writer)
    (row,) = writer.view.notifications()
    pass_time(writer, MINUTE)
    writer.store.outbox.record_failure(row["id"], writer.clock.now(), "refused", writer.clock.now() + HOUR)
    pass_time(writer, MINUTE)
    assert sorted(who for _, who in told(writer)) == ["anna", "bert", "chris"]
    writer.close()


def test_a_suppression_that_never_began_says_nothing_when_it_is_cancelled(writer: Writer) -> None:
    made = suppress(writer, "suppressed", T0 + 3 * HOUR, start=T0 + 2 * HOUR)
    warm(writer)
    writer.monitor.parts.operators.carry_out(EndSuppression(suppression=made, by="anna", reason="not needed"))
    assert told(writer) == [("opened", "anna")]


def test_the_end_of_a_shelf_is_told_also_where_the_unit_is_out_of_service(writer: Writer) -> None:
    alarm = warm(writer)
    shelve(writer, alarm, HOUR)
    suppress(writer, "out_of_service", writer.clock.now() + 5 * HOUR)
    pass_time(writer, 61 * MINUTE)
    assert told(writer) == [("opened", "anna"), ("notice", "anna")]


def test_a_conflict_of_events_is_over_when_somebody_has_dealt_with_it(writer: Writer) -> None:
    hold(writer, AlarmCondition.EVENT_CONFLICT, "e-1", "warning")
    (alarm,) = writer.view.alarms()
    done = writer.monitor.parts.operators.carry_out(
        Acknowledge(alarm=alarm["id"], by="qa", reason="", action="voided one", how="api")
    )
    assert (done["state"], done["evidence"]["clear_reason"]) == ("normal", "dealt_with")
    pass_time(writer, 9 * HOUR, step=HOUR)
    assert [kind for kind, who in told(writer) if who == "anna"] == ["opened", "closed"]
