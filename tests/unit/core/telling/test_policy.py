"""Who is on call, where an alarm goes, whose quiet hours hold what back, what holds back a whole unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from monitor.core.alarm.alarm import Alarm, cleared, raised
from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.alarm.suppression import Suppression, breaks_through, hushing, why_not_shelved
from monitor.core.telling.policy import Contact, Ladder, Place, Policy, QuietHours, Recipient, Route, Step
from monitor.core.telling.rota import Override, Rota
from monitor.core.time.instant import DAY, HOUR, MINUTE, from_datetime, parse_instant

BERLIN = ZoneInfo("Europe/Berlin")
ROTA = Rota("oncall", "Europe/Berlin", ("anna", "bert", "chris"), date(2026, 1, 5), time(8), ())
PLACE = Place("lab1", "lab1/F01")


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=zone))


# --- rota ---


def test_each_has_a_week_and_it_changes_hands_at_the_hour() -> None:
    assert ROTA.on_call(at("2026-01-05T08:00")) == "anna"
    assert ROTA.on_call(at("2026-01-12T07:59:59")) == "anna"
    assert ROTA.on_call(at("2026-01-12T08:00")) == "bert"
    assert ROTA.on_call(at("2026-01-19T08:00")) == "chris"
    assert ROTA.on_call(at("2026-01-26T08:00")) == "anna"


def test_before_the_first_week_nobody_is_on_call() -> None:
    assert ROTA.on_call(at("2026-01-05T07:59")) is None
    assert ROTA.first_gap(at("2026-01-04T00:00"), at("2026-02-01T00:00")) == at("2026-01-04T00:00")
    assert ROTA.first_gap(at("2026-01-05T08:00"), at("2027-02-01T00:00")) is None
    stand_in = replace(ROTA, overrides=(Override("dana", 0, at("2026-01-05T06:00")),))
    assert stand_in.first_gap(at("2026-01-04T00:00"), at("2026-02-01T00:00")) == at("2026-01-05T06:00")


def test_a_stand_in_goes_before_the_rota_and_the_last_named_before_others() -> None:
    first = Override("dana", at("2026-01-06T00:00"), at("2026-01-08T00:00"))
    second = Override("emil", at("2026-01-07T00:00"), at("2026-01-09T00:00"))
    rota = replace(ROTA, overrides=(first, second))
    assert [rota.on_call(at(f"2026-01-0{day}T12:00")) for day in (5, 6, 7, 8, 9)] == [
        *("anna", "dana", "emil", "emil", "anna")
    ]
    assert rota.handover_after(at("2026-01-05T12:00")) == at("2026-01-06T00:00")
    assert rota.handover_after(at("2026-01-08T12:00")) == at("2026-01-09T00:00")


@pytest.mark.parametrize(
    ("first_week", "handover", "changes"),
    [
        # Berlin: 2026-03-29 02:00 becomes 03:00; 2026-10-25 03:00 becomes 02:00 again.
        (date(2026, 3, 22), time(2, 30), ("2026-03-29T01:30:00Z", "2026-03-29T01:29:59Z")),
        (date(2026, 10, 18), time(2, 30), ("2026-10-25T00:30:00Z", "2026-10-25T00:29:59Z")),
        (date(2026, 3, 23), time(8), ("2026-03-30T06:00:00Z", "2026-03-30T05:59:59Z")),
        (date(2026, 10, 19), time(8), ("2026-10-26T07:00:00Z", "2026-10-26T06:59:59Z")),
    ],
)
def test_on_daylight_saving_days_it_changes_hands_once_by_the_wall_clock(
    first_week: date, handover: time, changes: tuple[str, str]
) -> None:
    rota = replace(ROTA, first_week=first_week, handover_at=handover)
    after, before = map(parse_instant, changes)
    assert (rota.on_call(before), rota.on_call(after)) == ("anna", "bert")
    assert rota.handover_after(before) == after


def test_hand_overs_follow_one_another_and_there_is_always_exactly_one() -> None:
    seed = 20261127
    print("seed", seed)
    random = Random(seed)
    for _ in range(60):
        zone = random.choice(
            ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
        )
        start = date(2025, 1, 1) + timedelta(days=random.randrange(500))
        handover = time(random.randrange(24), random.choice((0, 15, 30)))
        rota = Rota("r", zone, ("a", "b", "c"), start, handover, ())
        moment = rota.handover_after(at(f"{start.isoformat()}T00:00", ZoneInfo(zone)) - 2 * DAY)
        for week in range(80):
            assert rota.on_call(moment) == "abc"[week % 3]
            following = rota.handover_after(moment)
            assert abs(following - moment - 7 * DAY) <= HOUR
            assert rota.on_call(following - 1) == "abc"[week % 3]
            moment = following


# --- routes ---


def an_alarm(
    condition: AlarmCondition = AlarmCondition.TEMPERATURE_HIGH,
    *,
    level: str = "alarm",
    subject: str = "lab1/F01/product",
) -> Alarm:
    return raised("a1", Truth(condition, subject, 0, level), now=0)  # type: ignore[arg-type]


def a_policy(*routes: Route) -> Policy:
    people = ("anna", "bert", "chris")
    return Policy(
        contacts={name: Contact(name, (Recipient(name, "mail", name),)) for name in people},
        rotas={"oncall": ROTA},
        ladders={
            "day": Ladder("day", (Step(("oncall", "anna"), 0),), None),
            "qa": Ladder("qa", (Step(("chris",), 0),), None),
        },
        routes=routes,
    )


@pytest.mark.parametrize(
    ("route", "alarm", "taken"),
    [
        (Route("qa", None, None, None, None), an_alarm(), True),
        (Route("qa", "lab1", None, None, None), an_alarm(), True),
        (Route("qa", "lab2", None, None, None), an_alarm(), False),
        (Route("qa", None, "F01", None, None), an_alarm(), True),
        (Route("qa", None, "lab1/F01", None, None), an_alarm(), True),
        (Route("qa", None, "F02", None, None), an_alarm(), False),
        (Route("qa", None, None, "no_data", None), an_alarm(), False),
        (Route("qa", None, None, "no_data", None), an_alarm(AlarmCondition.NO_DATA), True),
        (Route("qa", None, None, None, "critical"), an_alarm(), False),
        (Route("qa", None, None, None, "critical"), an_alarm(level="critical"), True),
    ],
)
def test_an_alarm_goes_the_way_of_the_first_route_that_matches(
    route: Route, alarm: Alarm, *, taken: bool
) -> None:
    rest = Route("day", None, None, None, None)
    assert a_policy(route, rest).ladder_of(alarm, PLACE).name == ("qa" if taken else "day")


def test_where_no_route_matches_everybody_is_told() -> None:
    policy = a_policy(Route("qa", "lab2", None, None, None))
    (step,) = policy.ladder_of(an_alarm(), PLACE).steps
    assert [one.name for one in policy.contacts_of(step, at("2026-01-06T00:00"))] == ["anna", "bert", "chris"]


def test_a_step_names_each_person_once() -> None:
    policy = a_policy()
    found = policy.contacts_of(policy.ladders["day"].steps[0], at("2026-01-06T00:00"))
    assert [one.name for one in found] == ["anna"]
    found = policy.contacts_of(policy.ladders["day"].steps[0], at("2026-01-13T00:00"))
    assert [one.name for one in found] == ["bert", "anna"]


def test_a_drill_goes_to_the_person_first_and_is_then_an_alarm_like_any_other() -> None:
    policy = a_policy(Route("qa", None, None, None, None))
    drill = an_alarm(AlarmCondition.DRILL, subject="bert")
    ladder = policy.ladder_of(drill, Place("lab1", None))
    assert [step.tell for step in ladder.steps] == [("bert",), ("chris",)]
    assert ladder.steps[0].wait == 30 * MINUTE


# --- quiet hours ---


def test_quiet_hours_hold_back_warnings_and_nothing_else() -> None:
    quiet = Contact("anna", (), None, QuietHours(time(22), time(6)))
    policy = replace(a_policy(), zones={"lab1": BERLIN})
    night, morning = at("2026-01-06T23:00"), at("2026-01-07T06:00")
    warning = an_alarm(level="warning")
    assert policy.waits_until(quiet, warning, PLACE, night) == morning
    assert policy.waits_until(quiet, warning, PLACE, at("2026-01-07T03:00")) == morning
    assert policy.waits_until(quiet, warning, PLACE, morning) is None
    assert policy.waits_until(quiet, an_alarm(), PLACE, night) is None
    at_home = replace(quiet, timezone="America/New_York")
    assert policy.waits_until(at_home, warning, PLACE, night) is None


def test_quiet_hours_of_one_day_and_those_that_a_change_of_clocks_makes_longer() -> None:
    noon = QuietHours(time(12), time(13))
    assert noon.end_after(at("2026-01-06T12:30"), BERLIN) == at("2026-01-06T13:00")
    assert noon.end_after(at("2026-01-06T13:30"), BERLIN) is None
    night = QuietHours(time(22), time(6))
    end = night.end_after(at("2026-10-24T22:00"), BERLIN)
    assert end is not None
    assert end - at("2026-10-24T22:00") == 9 * HOUR


# --- shelves and suppressions ---

SHELF = Suppression(
    id="s1",
    kind="shelved",
    subject="lab1/F01/product",
    owner="anna",
    reason="moving its lots",
    from_at=0,
    until_at=4 * HOUR,
    condition=AlarmCondition.TEMPERATURE_HIGH,
    level="alarm",
    alarm="a1",
)


def test_a_shelf_covers_one_condition_of_one_subject() -> None:
    assert hushing(an_alarm(), [SHELF], HOUR) == SHELF
    assert hushing(an_alarm(AlarmCondition.NO_DATA), [SHELF], HOUR) is None
    assert hushing(an_alarm(subject="lab1/F02/product"), [SHELF], HOUR) is None
    assert hushing(an_alarm(), [SHELF], 4 * HOUR) is None
    assert hushing(an_alarm(), [replace(SHELF, ended_at=HOUR)], HOUR) is None


def test_a_unit_out_of_service_covers_its_probes_and_no_lot_in_it() -> None:
    unit = replace(SHELF, kind="out_of_service", subject="lab1/F01", condition=None, level=None)
    assert hushing(an_alarm(), [unit], HOUR) == unit
    assert hushing(an_alarm(AlarmCondition.DOOR_OPEN, subject="lab1/F01"), [unit], HOUR) == unit
    assert hushing(an_alarm(subject="lab1/F011/product"), [unit], HOUR) is None
    assert hushing(an_alarm(AlarmCondition.LOT_BREACHED, subject="L-1"), [unit], HOUR) is None


@pytest.mark.parametrize(
    ("level", "act_by", "lots", "words"),
    [
        ("alarm", None, (), None),
        ("critical", None, (), "it is critical now"),
        ("alarm", 3 * HOUR, (), "must have acted by"),
        ("alarm", 4 * HOUR, (), None),
        ("alarm", None, ("L-1: 20 min left",), "a lot in it got worse: L-1"),
    ],
)
def test_a_shelf_breaks_when_it_gets_worse(
    level: str, act_by: int | None, lots: tuple[str, ...], words: str | None
) -> None:
    found = breaks_through(SHELF, an_alarm(level=level), act_by=act_by, lots_worse=lots)
    assert (found is None) == (words is None)
    assert words is None or words in str(found)
    other = replace(SHELF, kind="suppressed")
    assert breaks_through(other, an_alarm(level=level), act_by=act_by, lots_worse=lots) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"until_at": HOUR}, "has passed"),
        ({"until_at": HOUR + 13 * HOUR}, "at most: shelve it again"),
        ({"act_by": 2 * HOUR}, "shelve it until then at most"),
        ({"alarm": cleared(an_alarm(), at=1, evidence={})}, "is over already"),
        ({"alarm": an_alarm(condition=AlarmCondition.ALARM_FLOOD)}, "a flood can't be shelved"),
        ({}, None),
    ],
)
def test_shelving_asks_for_an_alarm_that_can_be_shelved_and_an_end_in_time(
    changes: dict[str, object], words: str | None
) -> None:
    wish = {
        "alarm": an_alarm(),
        "now": HOUR,
        "until_at": 3 * HOUR,
        "act_by": None,
        "most_for": 12 * HOUR,
    }
    found = why_not_shelved(**{**wish, **changes})  # type: ignore[arg-type]
    assert (found is None) == (words is None)
    assert words is None or words in str(found)


def test_what_holds_back_is_the_same_after_its_json() -> None:
    ended = replace(SHELF, ended_at=HOUR, ended_by="bert", ended_why="done")
    for one in (SHELF, ended, replace(SHELF, kind="suppressed", condition=None, level=None, alarm=None)):
        assert Suppression.from_json(one.to_json()) == one
