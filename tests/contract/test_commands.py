"""What all Commands promise: OwnCommands, those through the API of another process, and the fake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant
from monitor.ports import JSON, Commands
from monitor.ports.commands import (
    TEXT_MAX,
    Acknowledge,
    BindProfile,
    EndSuppression,
    OfAlarms,
    RecordLotEvent,
    Reset,
    Shelve,
    Spoken,
    Suppress,
    Unshelve,
    said_of,
    values_of,
)
from monitor.web.bodies import ROUTES
from monitor.web.client import ApiCommands, write_token_file
from monitor.web.server import WebServer
from tests.fakes.commands import FakeCommands
from tests.fakes.desk import fake_desk
from tests.rigs.alarms_rig import TOKEN, AlarmsRig


class Case(NamedTuple):
    """Commands in a lab with an open alarm that nobody has acknowledged, of a probe of lab1/F01."""

    commands: Commands
    alarm: str
    now: int


@pytest.fixture(params=["fake", "own", "api"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    if request.param == "fake":
        view = fake_desk()
        yield Case(FakeCommands(view), "a17", view.now())
        return
    rig = AlarmsRig(tmp_path)
    if request.param == "own":
        yield Case(rig.commands, rig.id, rig.clock.now())
    else:
        server = WebServer(rig.app, "127.0.0.1", 0)
        server.start()
        write_token_file(tmp_path / "token", server.url, TOKEN)
        yield Case(ApiCommands(tmp_path / "token"), rig.id, rig.clock.now())
        server.stop()
    rig.close()


def every_command(case: Case, **changes: Any) -> list[OfAlarms]:
    """One of each that people do about alarms, in an order in which all but the last can be done."""
    why, until = "work", case.now + HOUR
    who = {"alarm": case.alarm, "by": "anna", **changes}
    suppress: dict[str, Any] = {"subject": "lab1/F02", "kind": "suppressed", "by": "anna", **changes}
    return [
        Acknowledge(**who, reason="door", action="shut it", how="cli"),
        Shelve(**who, reason=why, until=until),
        Unshelve(**who),
        Suppress(**{**suppress, "reason": why, "until": until}),
        EndSuppression(suppression="s2", by=who["by"]),
    ]


def test_an_acknowledgement_stays_with_the_first_name(case: Case) -> None:
    taken = case.commands.carry_out(Acknowledge(alarm=case.alarm, by="anna", action="shut it"))
    assert (taken["id"], taken["state"], taken["acknowledged_by"]) == (case.alarm, "acknowledged", "anna")
    assert taken["acknowledged_at"] == format_instant(case.now)
    assert case.commands.carry_out(Acknowledge(alarm=case.alarm, by="ben"))["acknowledged_by"] == "anna"


def test_a_shelf_has_an_owner_a_reason_and_an_end_and_ends_by_name(case: Case) -> None:
    shelf = case.commands.carry_out(
        Shelve(alarm=case.alarm, by="anna", reason="defrosting", until=case.now + HOUR)
    )
    assert (shelf["kind"], shelf["owner"], shelf["reason"]) == ("shelved", "anna", "defrosting")
    assert (shelf["from"], shelf["until"]) == (format_instant(case.now), format_instant(case.now + HOUR))
    assert (shelf["alarm"], shelf["ended_at"]) == (case.alarm, None)
    ended = case.commands.carry_out(Unshelve(alarm=case.alarm, by="ben"))
    assert (ended["id"], ended["ended_by"], ended["ended_why"]) == (shelf["id"], "ben", "unshelved")
    with pytest.raises(ValueError, match="isn't shelved"):
        case.commands.carry_out(Unshelve(alarm=case.alarm, by="ben"))


@pytest.mark.parametrize("kind", ["suppressed", "out_of_service"])
@pytest.mark.parametrize("subject", ["lab1/F02", "lab1/F02/product"])
def test_what_is_planned_is_held_back_from_then_on_until_it_is_ended(
    case: Case, kind: Any, subject: str
) -> None:
    wish = Suppress(
        subject=subject,
        kind=kind,
        by="anna",
        reason="service",
        start=case.now + HOUR,
        until=case.now + DAY,
    )
    held = case.commands.carry_out(wish)
    assert (held["kind"], held["subject"], held["condition"]) == (kind, subject, None)
    assert (held["from"], held["until"]) == (format_instant(wish.start or 0), format_instant(wish.until))
    end = EndSuppression(suppression=held["id"], by="ben", reason="done")
    ended = case.commands.carry_out(end)
    assert (ended["ended_by"], ended["ended_why"]) == ("ben", "done")
    with pytest.raises(LookupError, match=held["id"]):
        case.commands.carry_out(end)


def test_a_suppression_begins_now_unless_it_is_said(case: Case) -> None:
    held = case.commands.carry_out(
        Suppress(subject="lab1/F02", kind="suppressed", by="a", reason="x", until=case.now + MINUTE)
    )
    assert held["from"] == format_instant(case.now)


def test_what_is_not_there_is_a_lookup_error(case: Case) -> None:
    who, until = {"alarm": "a99", "by": "anna"}, case.now + HOUR
    missing: list[tuple[Spoken, str]] = [
        (Acknowledge(**who), "a99"),
        (Reset(**who), "a99"),
        (Shelve(**who, reason="x", until=until), "a99"),
        (Unshelve(**who), "a99"),
        (Suppress(subject="lab1/F9", kind="suppressed", by="a", reason="x", until=until), "lab1/F9"),
        (EndSuppression(suppression="s99", by="anna"), "s99"),
        (BindProfile(lot="EXO-9", profile="ult@2", reason="x", by="QA"), "EXO-9"),
    ]
    for command, name in missing:
        with pytest.raises(LookupError, match=name):
            case.commands.carry_out(command)  # type: ignore[arg-type]


def test_what_cannot_be_is_a_value_error_in_words(case: Case) -> None:
    with pytest.raises(ValueError, match="still holds"):
        case.commands.carry_out(Reset(alarm=case.alarm, by="anna"))
    past = {"by": "anna", "reason": "x", "until": case.now - HOUR}
    with pytest.raises(ValueError, match="name a later"):
        case.commands.carry_out(Shelve(alarm=case.alarm, **past))
    with pytest.raises(ValueError, match="name a later"):
        case.commands.carry_out(Suppress(subject="lab1/F02", kind="suppressed", **past))


def test_every_command_is_refused_without_a_name_in_its_own_words(case: Case) -> None:
    for command in every_command(case, by="  "):
        missing = said_of(type(command))["by"].missing
        assert missing is not None
        with pytest.raises(ValueError, match=missing.format(kind="suppressed").partition(": ")[0][1:]):
            case.commands.carry_out(command)


def test_every_command_is_refused_with_a_text_that_would_not_be_kept_whole(case: Case) -> None:
    for command in every_command(case, by="x" * (TEXT_MAX + 1)):
        with pytest.raises(ValueError, match=f"of which {TEXT_MAX} are kept"):
            case.commands.carry_out(command)


def test_what_holds_something_back_needs_a_reason(case: Case) -> None:
    commands = (command for command in every_command(case) if isinstance(command, Shelve | Suppress))
    for command in commands:
        fields: dict[str, Any] = {**values_of(command), "reason": " \n"}
        with pytest.raises(ValueError, match="needs a reason: whoever comes next"):
            case.commands.carry_out(type(command)(**fields))


def test_texts_are_kept_on_one_line(case: Case) -> None:
    shelf = Shelve(alarm=case.alarm, by=" Anna\tL. ", reason="a\x07b\nc", until=case.now + HOUR)
    held = case.commands.carry_out(shelf)
    assert (held["owner"], held["reason"]) == ("Anna L.", "a b c")


def event(case: Case, **changes: Any) -> JSON:
    usual = {"event_id": "e1", "occurred_at": format_instant(case.now), "kind": "moved", "by": "LIMS"}
    return {**usual, "unit": "lab1/F02", **changes}


def test_an_event_is_recorded_once_and_another_of_its_name_is_a_conflict(case: Case) -> None:
    def record(**changes: Any) -> JSON:
        return case.commands.carry_out(RecordLotEvent(site="lab1", lot="EXO-1", event=event(case, **changes)))

    assert record() == {"event_id": "e1", "outcome": "recorded"}
    assert record() == {"event_id": "e1", "outcome": "duplicate"}
    conflict = record(unit=None)
    assert (conflict["event_id"], conflict["outcome"]) == ("e1", "conflict")


def test_an_event_that_is_none_is_refused_in_words(case: Case) -> None:
    nameless = event(case)
    del nameless["event_id"]
    with pytest.raises(ValueError, match="event_id"):
        case.commands.carry_out(RecordLotEvent(site="lab1", lot="EXO-1", event=nameless))


def test_every_command_that_people_fill_in_has_a_route_and_every_thing_it_is_about_a_name() -> None:
    kinds = {*get_args(OfAlarms), BindProfile}
    assert set(ROUTES) == kinds
    for kind in kinds:
        roles = [said.role for said in said_of(kind).values()]
        assert roles.count("thing") >= 1
        assert said_of(kind)["by"].missing
