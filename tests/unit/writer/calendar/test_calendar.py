"""What is told by the calendar, by a whole writer with a clock that is stepped: digests, summaries and drills."""

from __future__ import annotations

import json
import random
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from monitor.core.alarm.condition import AlarmCondition
from monitor.core.channel.reading import Reading
from monitor.core.telling.policy import Contact, Ladder, Policy, Recipient, Route, Step
from monitor.core.time.instant import DAY, HOUR, MINUTE, parse_instant, to_datetime
from monitor.core.time.recurring import Agenda, Recurring
from monitor.ports.commands import Acknowledge
from monitor.store import schema
from monitor.testing import ManualClock, Rig

ZONE = ZoneInfo("Europe/Berlin")
START = parse_instant("2026-03-15T11:00:00Z")  # the clocks go forward on the 29th
DIGEST = Recurring((time(7, 0),))
SUMMARY = Recurring((time(8, 0),), 0)
DRILL = Recurring((time(10, 0),), 1)
ANNA, BEN = (Recipient(name, "mail", f"{name}@lab.example") for name in ("anna", "ben"))
POLICY = Policy(
    contacts={one.name: Contact(one.name, (one,)) for one in (ANNA, BEN)},
    ladders={"usual": Ladder("usual", (Step(("ben",), 10 * MINUTE), Step(("anna",), 0)), None)},
    routes=(Route("usual", None, None, None, None),),
    zones={"lab1": ZONE},
)
BOTH = Agenda(DIGEST, SUMMARY, DRILL, ("anna",), (("anna", ZONE), ("ben", ZONE)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def opened(path: Path, clock: ManualClock, agenda: Agenda) -> Rig:
    return Rig(path, clock=clock, policy=POLICY, agenda=agenda)


def told(rig: Rig) -> list[Any]:
    with rig.store.reading() as tx:
        return list(tx.execute(sa.select(schema.notification).order_by(schema.notification.c.number)))


def live(rig: Rig, minutes: int) -> None:
    """Time goes on by so much, with a calm reading every ten minutes."""
    start = rig.clock.now()
    rig.clock.advance(minutes * MINUTE)
    instants = range(start + 10 * MINUTE, rig.clock.now() + 1, 10 * MINUTE)
    rig.read([Reading(at, at, -75.0 + (at // MINUTE % 70) / 100) for at in instants])
    rig.writer.tick(rig.clock.now(), START)


def local_text(at: int) -> str:
    return f"{to_datetime(at, ZONE):%Y-%m-%dT%H:%M}"


def test_a_quiet_site_sends_its_digest_and_nothing_else_for_a_month(path: Path) -> None:
    rig = opened(path, ManualClock(START), Agenda(digest=DIGEST))
    rig.writer.tick(START, START)
    while rig.clock.now() < START + 31 * DAY:
        live(rig, 60)
    rows = told(rig)
    days = [f"2026-03-{day:02d}" for day in range(16, 32)] + [f"2026-04-{day:02d}" for day in range(1, 16)]
    assert [(row.about, row.recipient) for row in rows] == [
        (f"digest:lab1:{day}T07:00", name) for day in days for name in ("anna", "ben")
    ]
    assert {local_text(row.created_at)[11:] for row in rows} == {"07:00"}  # on each side of the change
    assert {row.subject.partition(": ")[2] for row in rows} == {"0 lots, 0 past, 0 open"}
    rig.close()


@pytest.mark.parametrize("attempt", range(3))
def test_a_machine_that_sleeps_and_restarts_at_random_sends_each_digest_at_most_once(
    path: Path, attempt: int
) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    agenda = Agenda(digest=Recurring((time(7, 0), time(19, 0))))
    clock = ManualClock(START)
    rig = opened(path, clock, agenda)
    rig.writer.tick(START, START)
    expected = [agenda.digest.last(START, ZONE)]
    while clock.now() < START + 31 * DAY:
        match dice.choice(("awake", "awake", "awake", "asleep", "restart", "crash")):
            case "awake":
                clock.advance(dice.randrange(1, 90) * MINUTE)
            case "asleep":
                clock.advance(dice.randrange(1, 80) * HOUR)
            case "restart":
                rig.close()
                rig = opened(path, clock, agenda)
            case "crash":
                rig.kill()
                clock.advance(dice.randrange(1, 40) * HOUR)
                rig = opened(path, clock, agenda)
        rig.writer.tick(clock.now(), None)
        last = agenda.digest.last(clock.now(), ZONE)
        if last not in expected:
            expected.append(last)
    digests = [row.about for row in told(rig) if row.recipient == "anna" and row.kind == "digest"]
    assert len(digests) == len(set(digests))
    assert digests == [f"digest:lab1:{one.name}" for one in expected[1:] if one is not None]
    rig.close()


def test_a_clock_that_is_set_back_repeats_no_digest(path: Path) -> None:
    rig = opened(path, ManualClock(START), Agenda(digest=DIGEST))
    for at in (START, START + DAY, START + 2 * DAY, START + 20 * HOUR, START + 2 * DAY):
        rig.clock.at = at
        rig.writer.tick(at, None)
    assert len([row for row in told(rig) if row.recipient == "anna" and row.kind == "digest"]) == 2
    rig.close()


# --- drills ---


def drills(rig: Rig) -> list[tuple[str, str, str]]:
    return [
        (row.recipient, row.kind, row.subject.rpartition(" ")[2])
        for row in told(rig)
        if "drill" in row.subject
    ]


def until(rig: Rig, text: str) -> None:
    at = parse_instant(text)
    while rig.clock.now() < at:
        to_go = (at - rig.clock.now()) // MINUTE
        live(rig, 60 if to_go > 70 else 10)


def test_each_person_is_drilled_once_a_week_and_an_answer_ends_it(path: Path) -> None:
    rig = opened(path, ManualClock(START), BOTH)
    rig.writer.tick(START, START)
    until(rig, "2026-03-17T09:00:00Z")  # 10:00 in Berlin
    assert sorted(drills(rig)) == [("anna", "opened", "anna"), ("ben", "opened", "ben")]
    for alarm in rig.view.alarms(open_only=True):
        rig.clock.advance(MINUTE)
        person = alarm["subject"]
        rig.writer.parts.operators.carry_out(Acknowledge(alarm=alarm["id"], by=person, how="link"))
    until(rig, "2026-03-17T13:00:00Z")
    assert len(drills(rig)) == 4  # each heard that theirs is over, and nobody else heard anything
    assert rig.view.alarms(open_only=True) == []
    until(rig, "2026-03-23T07:00:00Z")
    (summary,) = [row for row in told(rig) if row.about == "summary:lab1:2026-03-23T08:00"]
    assert summary.recipient == "anna"  # alone: she is named for it
    found = json.loads(summary.body)
    assert [(one["person"], one["outcome"], one["by"]) for one in found["drills"]] == [
        ("ben", "answered", "ben"),
        ("anna", "answered", "anna"),
    ]
    assert all(one["seconds"] <= 120 for one in found["drills"])
    rig.close()


def test_a_drill_nobody_answers_goes_up_the_ladder_and_ends_unanswered_with_the_next(path: Path) -> None:
    agenda = Agenda(DIGEST, SUMMARY, DRILL, (), (("anna", ZONE),))
    rig = opened(path, ManualClock(START), agenda)
    rig.writer.tick(START, START)
    until(rig, "2026-03-17T09:20:00Z")
    assert drills(rig) == [("anna", "opened", "anna")]
    until(rig, "2026-03-17T09:30:00Z")
    assert drills(rig) == [("anna", "opened", "anna"), ("ben", "opened", "anna")]
    until(rig, "2026-03-24T09:10:00Z")
    (first,) = [one for one in rig.view.alarms() if one["condition"] == "drill" and one["cleared_at"]]
    assert first["evidence"]["clear_reason"] == "unanswered"
    assert rig.view.alarms(open_only=True)[0]["raised_at"] == "2026-03-24T09:00:00.000Z"
    until(rig, "2026-03-30T06:10:00Z")  # Monday at 8, a day after the change
    last = [row for row in told(rig) if row.about.startswith("summary:") and row.recipient == "anna"][-1]
    found = json.loads(last.body)
    assert [one["outcome"] for one in found["drills"]] == ["open"]
    rig.close()


def test_a_drill_that_was_slept_through_comes_at_its_time_of_day_and_not_at_night(path: Path) -> None:
    rig = opened(path, ManualClock(START), BOTH)
    rig.writer.tick(START, START)
    for text in ("2026-03-19T23:00:00Z", "2026-03-20T08:59:00Z"):
        rig.clock.at = parse_instant(text)
        rig.writer.tick(rig.clock.now(), START)
        assert drills(rig) == []
    until(rig, "2026-03-20T09:00:00Z")
    assert len(drills(rig)) == 2
    until(rig, "2026-03-20T12:00:00Z")
    assert len([one for one in rig.view.alarms() if one["condition"] == "drill"]) == 2
    rig.close()


def test_a_drill_of_somebody_who_is_drilled_no_more_ends(path: Path) -> None:
    clock = ManualClock(START)
    rig = opened(path, clock, BOTH)
    rig.writer.tick(START, START)
    until(rig, "2026-03-17T09:00:00Z")
    rig.close()
    rig = opened(path, clock, Agenda(DIGEST, SUMMARY, DRILL, (), (("anna", ZONE),)))
    rig.writer.tick(clock.now(), START)
    assert [one["subject"] for one in rig.view.alarms(open_only=True)] == ["anna"]
    (ended,) = [one for one in rig.view.alarms() if one["subject"] == "ben"]
    assert (ended["condition"], ended["evidence"]["clear_reason"]) == (AlarmCondition.DRILL, "not_drilled")
    rig.close()


def test_the_summary_counts_coverage_excursions_and_answers(path: Path) -> None:
    rig = opened(path, ManualClock(START), Agenda(digest=DIGEST, summary=SUMMARY))
    rig.writer.tick(START, START)
    until(rig, "2026-03-18T09:00:00Z")
    for _ in range(6):  # an hour too warm
        rig.clock.advance(10 * MINUTE)
        now = rig.clock.now()
        rig.read([Reading(now, now, -50.0)])
        rig.writer.tick(now, START)
    for alarm in rig.view.alarms(open_only=True):
        rig.writer.parts.operators.carry_out(Acknowledge(alarm=alarm["id"], by="anna", how="link"))
    live(rig, 120)
    rig.clock.advance(12 * HOUR)  # and half a day of silence
    rig.writer.tick(rig.clock.now(), START)
    until(rig, "2026-03-23T07:00:00Z")
    summaries = [row for row in told(rig) if row.about == "summary:lab1:2026-03-23T08:00"]
    assert {row.recipient for row in summaries} == {"anna", "ben"}  # nobody is named for it: everyone
    found = json.loads(summaries[0].body)
    assert [one["channel"] for one in found["excursions"]] == ["lab1/F01/product"]
    assert not found["excursions"][0]["is_late"]
    (unit,) = found["coverage"]
    week = parse_instant(found["until"]) - parse_instant(found["since"])
    assert unit["coverage"] == pytest.approx(1 - (12 * HOUR + 10 * MINUTE) / week, abs=0.002)
    (alarms,) = found["alarms"]
    assert (alarms["unit"], alarms["acknowledged"]) == ("lab1/F01", 1)
    assert alarms["count"] >= 2  # warm, and silent
    rig.close()
