"""What is wrong with the program itself, and what that means for alarms."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.core.alarm.cause.ourselves import (
    BROKER,
    CONFLICT,
    DEAD_MAN,
    NOTIFIER,
    STORE,
    BrokerState,
    Trouble,
    of_broker,
    of_conflict,
    of_notifiers,
    of_store,
)
from monitor.core.alarm.cause.outcome import End, Hold
from monitor.core.time.instant import HOUR, MINUTE, SECOND, format_instant, parse_instant

T0 = parse_instant("2026-11-20T08:00:00Z")
BROKER_LOST = BrokerState(T0, T0 - HOUR, 2 * MINUTE, is_open=False)


# --- the broker ---


def test_a_connection_that_goes_is_noted_and_told_once_it_has_lasted() -> None:
    connected = BROKER_LOST._replace(lost_since=None)
    assert of_broker(connected, T0 - HOUR, "connected", T0) == ([], None)
    assert of_broker(connected, None, "refused", T0) == ([], T0)
    assert of_broker(BROKER_LOST, None, "refused", T0 + 2 * MINUTE - 1) == ([], T0)
    (held,), since = of_broker(BROKER_LOST, None, "refused", T0 + 2 * MINUTE)
    assert isinstance(held, Hold)
    assert (held.truth.condition, held.truth.since_at, since) == (BROKER, T0 + 2 * MINUTE, T0)
    assert held.truth.evidence == {"text": "refused", "started_at": format_instant(T0)}
    assert of_broker(BROKER_LOST._replace(is_open=True), None, "refused", T0 + HOUR) == ([], T0)


def test_a_loss_of_before_a_restart_is_told_only_when_this_process_has_had_its_time_to_connect() -> None:
    restarted = BROKER_LOST._replace(started_at=T0 + HOUR)
    assert of_broker(restarted, None, "refused", T0 + HOUR + MINUTE) == ([], T0)
    (held,), _ = of_broker(restarted, None, "refused", T0 + HOUR + 2 * MINUTE)
    assert isinstance(held, Hold)
    assert held.truth.since_at == T0 + 2 * MINUTE


@pytest.mark.parametrize(("back_at", "ended_at"), [(T0 + MINUTE, T0 + MINUTE), (T0 - MINUTE, T0)])
def test_it_is_over_when_the_connection_came_back_and_never_before_it_went(
    back_at: int, ended_at: int
) -> None:
    (ended,), since = of_broker(BROKER_LOST, back_at, "connected", T0 + HOUR)
    assert since is None
    evidence = {"clear_reason": "recovered", "ended_at": format_instant(ended_at)}
    assert ended == End(BROKER, "broker", ended_at, evidence)


# --- the store ---


@pytest.mark.parametrize(
    ("lasted", "is_well", "is_recorded", "kinds"),
    [
        (MINUTE - 1, False, False, []),
        (MINUTE, False, False, [Hold]),
        (MINUTE, False, True, []),
        (MINUTE, True, False, [Hold, End]),
        (HOUR, True, True, [End]),
        (MINUTE - 1, True, False, []),
    ],
)
def test_a_store_that_fails_for_long_is_put_on_record_once_and_ended_when_it_is_over(
    lasted: int, is_well: bool, is_recorded: bool, kinds: list[type]
) -> None:
    trouble = Trouble(T0, "disk full")
    outcomes = of_store(trouble, T0 + lasted, is_well=is_well, is_recorded=is_recorded)
    assert [type(outcome) for outcome in outcomes] == kinds
    for outcome in outcomes:
        if isinstance(outcome, Hold):
            assert (outcome.truth.condition, outcome.truth.since_at) == (STORE, T0 + MINUTE)
            assert outcome.truth.evidence["text"] == "disk full"
        else:
            assert outcome.at == T0 + lasted


# --- people ---


def lane(name: str, attempts: int = 2, **given: Any) -> dict[str, Any]:
    known = {"recipient": name, "medium": "mail", "owed": 1, "attempts": attempts, "error": "refused"}
    return {**known, "since": format_instant(T0), **given}


def notified(failing: list[dict[str, Any]], open_about: tuple[str, ...] = ()) -> list[Hold | End]:
    return of_notifiers(failing, open_about, {"anna", "bert"}, T0 + HOUR)


def test_who_cannot_be_reached_is_told_to_the_others_once_two_attempts_failed() -> None:
    assert notified([lane("anna", attempts=1)]) == []
    assert notified([lane("anna")], open_about=("anna",)) == []
    assert notified([lane("a stranger")]) == []
    (held,) = notified([lane("anna"), lane("anna", medium="push", owed=2, since=format_instant(T0 - SECOND))])
    assert isinstance(held, Hold)
    assert (held.truth.condition, held.truth.subject) == (NOTIFIER, "anna")
    assert held.truth.evidence == {
        "text": "mail: refused; push: refused",
        "started_at": format_instant(T0 - SECOND),
        "owed": 3,
    }


def test_it_is_over_when_nothing_fails_any_more_and_for_who_is_told_no_more() -> None:
    ends = notified([lane("bert", attempts=1)], open_about=("anna", "bert", "carl", DEAD_MAN))
    reasons = [(end.subject, end.evidence["clear_reason"]) for end in ends if isinstance(end, End)]
    assert reasons == [("anna", "recovered"), ("carl", "no_longer_told")]


# --- events ---


def test_two_events_of_one_id_are_told_with_what_the_second_is_about() -> None:
    truth = of_conflict("e1", "lot", "L1", T0).truth
    assert (truth.condition, truth.subject, truth.since_at, truth.level) == (CONFLICT, "e1", T0, "warning")
    assert truth.evidence["lot"] == "L1"
    assert "both are set aside" in truth.evidence["text"]
