"""The life of an alarm: every state with every event, and what people may ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from monitor.core.alarm.alarm import (
    Acknowledgement,
    Alarm,
    RefusedError,
    acknowledged,
    cleared,
    decide,
    of_the_past,
    raised,
    rearmed,
    replaced,
    reset,
    worsened,
)
from monitor.core.alarm.condition import LEVEL_OF, LEVELS, NATURE, AlarmCondition, Truth
from monitor.core.alarm.machine import ACTIVE, LETTERS, TRANSITIONS, Event, State, after
from monitor.core.time.instant import HOUR, MINUTE

T0 = 1_764_000_000_000
ANNA = Acknowledgement(T0 + MINUTE, "anna", "on my way", "", "web")


def truth(condition: AlarmCondition = AlarmCondition.TEMPERATURE_HIGH, level: str = "alarm") -> Truth:
    return Truth(condition, "lab1/F01/product", T0, level, {"text": "warm"})  # type: ignore[arg-type]


def an_alarm(condition: AlarmCondition = AlarmCondition.TEMPERATURE_HIGH) -> Alarm:
    return raised("a1", truth(condition), now=T0 + 5)


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_state_knows_every_event(state: State, event: Event) -> None:
    move = TRANSITIONS[state, event]
    assert move.to in State
    assert move.why
    assert not (move.refused and move.to != state), "what is refused changes nothing"


def test_the_table_has_nothing_beside_its_states_and_events() -> None:
    assert set(TRANSITIONS) == set(product(State, Event))
    assert "".join(LETTERS.values()) == "ABCDEF"


@pytest.mark.parametrize("event", [Event.RAISED, Event.WORSENED, Event.CLEARED, Event.LATCHED, Event.REARMED])
def test_what_happens_by_itself_is_never_refused(event: Event) -> None:
    assert not any(after(state, event).refused for state in State)


def test_only_a_condition_that_holds_makes_an_alarm_active() -> None:
    for (state, event), move in TRANSITIONS.items():
        if move.to in ACTIVE and state not in ACTIVE:
            assert event is Event.RAISED
        if event in (Event.CLEARED, Event.LATCHED):
            assert move.to not in ACTIVE


def test_nothing_but_a_person_takes_an_alarm_out_of_being_unacknowledged_for_good() -> None:
    unanswered = {State.UNACKNOWLEDGED, State.RETURNED_UNACKNOWLEDGED, State.LATCHED_UNACKNOWLEDGED}
    for (state, event), move in TRANSITIONS.items():
        if state in unanswered and move.to not in unanswered:
            assert event is Event.ACKNOWLEDGED


def test_every_condition_has_a_level() -> None:
    assert set(LEVEL_OF) == set(AlarmCondition)
    assert set(LEVEL_OF.values()) <= set(LEVELS)


def test_an_alarm_nobody_took_waits_for_a_person_when_it_is_over() -> None:
    over = cleared(an_alarm(), at=T0 + HOUR, evidence={"clear_reason": "recovered"})
    assert (over.state, over.cleared_at, over.is_open) == (State.RETURNED_UNACKNOWLEDGED, T0 + HOUR, False)
    assert acknowledged(over, ANNA).state is State.NORMAL
    assert replaced(over).state is State.NORMAL


def test_an_alarm_somebody_took_is_over_when_it_is_over() -> None:
    taken = acknowledged(an_alarm(), ANNA)
    assert (taken.state, taken.acknowledgement) == (State.ACKNOWLEDGED, ANNA)
    assert cleared(taken, at=T0 + HOUR, evidence={}).state is State.NORMAL


@pytest.mark.parametrize(
    "condition", sorted(condition for condition in AlarmCondition if NATURE[condition].latched)
)
def test_what_latches_needs_an_acknowledgement_and_a_reset(condition: AlarmCondition) -> None:
    over = cleared(an_alarm(condition), at=T0 + HOUR, evidence={})
    assert over.state is State.LATCHED_UNACKNOWLEDGED
    with pytest.raises(RefusedError, match="acknowledge it first"):
        reset(over)
    taken = acknowledged(over, ANNA)
    assert taken.state is State.LATCHED_ACKNOWLEDGED
    assert reset(taken).state is State.NORMAL


def test_the_first_name_stands() -> None:
    taken = acknowledged(an_alarm(), ANNA)
    bert = Acknowledgement(T0 + HOUR, "bert")
    assert acknowledged(taken, bert) == taken
    again = rearmed(taken, at=T0 + 4 * HOUR, why="not over")
    assert (again.state, again.acknowledgement) == (State.UNACKNOWLEDGED, None)
    assert again.run == (2, T0 + 4 * HOUR, "not over")
    assert acknowledged(again, bert).acknowledgement == bert


def test_a_worse_level_asks_again_whoever_took_the_lesser_one() -> None:
    taken = replace(acknowledged(an_alarm(), ANNA), parent="a0")
    worse = worsened(taken, truth(level="critical"), now=T0 + HOUR)
    assert (worse.state, worse.level, worse.acknowledgement, worse.parent) == (
        State.UNACKNOWLEDGED,
        "critical",
        None,
        None,
    )
    assert worse.run == (2, T0 + HOUR, "now critical")


def test_an_earlier_act_by_gives_way_to_what_is_known_now() -> None:
    with_act_by = raised("a1", replace(truth(), act_by=T0 + HOUR), now=T0)
    silent = replace(truth(level="critical"), evidence={})
    assert worsened(with_act_by, silent, now=T0).act_by == T0 + HOUR
    says_none = replace(truth(level="critical"), evidence={"act_by_reason": "no limit ahead"})
    assert worsened(with_act_by, says_none, now=T0).act_by is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: acknowledged(of_the_past("a1", truth(), ended_at=T0, now=T0), ANNA), "over already"),
        (lambda: reset(an_alarm()), "still holds"),
        (lambda: reset(acknowledged(an_alarm(), ANNA)), "still holds"),
    ],
)
def test_what_cannot_be_is_refused_in_words(make: Callable[[], Alarm], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        make()


def test_levels_never_fall_and_silence_is_no_answer() -> None:
    worse = raised("a1", truth(level="critical"), now=T0)
    assert decide(worse, truth(level="alarm")) == "nothing"
    assert decide(None, None) == "nothing"
    assert decide(worse, None) == "clear"


@pytest.mark.parametrize("condition", list(AlarmCondition))
def test_an_alarm_is_the_same_after_its_json(condition: AlarmCondition) -> None:
    alarm = an_alarm(condition)
    for one in (
        alarm,
        acknowledged(alarm, ANNA),
        cleared(alarm, at=T0 + 1, evidence={"a": 1}),
        replace(alarm, act_by=T0, parent="a9"),
        of_the_past("a2", truth(condition), ended_at=T0 + 3, now=T0),
    ):
        assert Alarm.from_json(one.to_json()) == one


def test_the_alarms_of_an_earlier_version_of_the_program_are_understood() -> None:
    body = an_alarm().to_json()
    for key in ("known_at", "acknowledgement", "parent", "telling"):
        del body[key]
    found = Alarm.from_json(body)
    assert (found.state, found.known_at, found.run) == (State.UNACKNOWLEDGED, T0, (1, T0, "raised"))
