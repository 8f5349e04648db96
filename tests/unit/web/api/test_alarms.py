"""Alarms over HTTP, on a real writer: what is shown of them, what people do about them, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitor.core.alarm.choice import Choice
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant
from monitor.ports.commands import Acknowledge, EndSuppression, Reset, Shelve, Suppress, Unshelve
from monitor.web.client import ApiCommands, write_token_file
from monitor.web.server import WebServer
from tests.rigs.alarms_rig import AUTHORIZED, TOKEN, AlarmsRig

SUBJECT = "lab1/F01/product"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[AlarmsRig]:
    made = AlarmsRig(tmp_path)
    yield made
    made.close()


@pytest.fixture
def commands(rig: AlarmsRig, tmp_path: Path) -> Iterator[ApiCommands]:
    """The client that the command line uses, of a server that runs."""
    server = WebServer(rig.app, "127.0.0.1", 0)
    server.start()
    write_token_file(tmp_path / "token", server.url, TOKEN)
    yield ApiCommands(tmp_path / "token")
    server.stop()


def said(answer: httpx.Response, status: int, code: str) -> str:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert answer.json()["error"]["remedy"]
    return str(answer.json()["error"]["text"])


# --- what there is ---


def test_one_alarm_has_its_history_and_who_was_told(rig: AlarmsRig) -> None:
    found = rig.client.get(f"/api/v1/alarms/{rig.id}").json()
    assert (found["condition"], found["subject"], found["state"]) == (
        "temperature_high",
        SUBJECT,
        "unacknowledged",
    )
    assert [one["reason"] for one in found["history"]] == ["raised"]
    assert [one["kind"] for one in found["told"]] == ["opened"]
    assert found["children"] == []
    assert found["suppression"] is None


def test_an_alarm_that_is_not_there_is_404(rig: AlarmsRig) -> None:
    assert "a99" in said(rig.client.get("/api/v1/alarms/a99"), 404, "unknown_alarm")


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("state=unacknowledged", True),
        ("state=normal", False),
        ("state=normal&state=unacknowledged", True),
        ("condition=temperature_high", True),
        ("condition=no_data", False),
        ("level=alarm&level=critical&level=warning", True),
        ("unit=lab1/F01", True),
        ("unit=lab1/F02", False),
        ("unit=lab1/F01&condition=no_data", False),
        ("open=true&limit=1&unit=lab1/F01", True),
    ],
)
def test_alarms_are_picked_by_state_condition_level_and_unit(
    rig: AlarmsRig, query: str, is_found: bool
) -> None:
    found = rig.client.get(f"/api/v1/alarms?{query}").json()
    assert [one["id"] for one in found] == ([rig.id] if is_found else [])


@pytest.mark.parametrize("query", ["state=open", "condition=warm", "level=bad", "limit=0", "unknown=1"])
def test_a_filter_that_means_nothing_is_refused(rig: AlarmsRig, query: str) -> None:
    said(rig.client.get(f"/api/v1/alarms?{query}"), 422, "bad_parameter")
    said(rig.client.get("/api/v1/alarms?unit=lab1/F9"), 404, "unknown_unit")


def test_a_choice_takes_lots_by_the_unit_they_are_in_and_no_unit_by_a_part_of_its_name() -> None:
    alarm = {"state": "normal", "condition": "lot_breached", "level": "critical", "subject": "L1"}
    choice = Choice(unit="lab1/F01")
    assert choice.takes({**alarm, "evidence": {"unit": "lab1/F01"}})
    assert not choice.takes({**alarm, "evidence": {"unit": "lab1/F011"}})
    assert not choice.takes({**alarm, "subject": "lab1/F011/product", "evidence": {}})
    assert not choice.takes({**alarm, "evidence": "words"})
    assert choice.of([{**alarm, "subject": f"lab1/F01/p{i}", "evidence": {}} for i in range(5)], 2)[1:][0][
        "subject"
    ].endswith("p1")


# --- acknowledging ---


def test_an_acknowledgement_is_kept_with_who_why_what_and_by_which_way(rig: AlarmsRig) -> None:
    body = {"by": "M. Keller", "reason": "door open", "action": "closed it"}
    answer = rig.act("acknowledge", body)
    assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged")
    found = rig.alarm()
    assert found["acknowledged_by"] == "M. Keller"
    assert found["acknowledgement"] == {**body, "how": "api", "at": format_instant(rig.clock.now())}
    assert [one["reason"] for one in found["history"]] == ["raised", "acknowledged by M. Keller"]


def test_who_acknowledges_first_stays(rig: AlarmsRig) -> None:
    rig.act("acknowledge", {"by": "anna"})
    assert rig.act("acknowledge", {"by": "ben"}).json()["acknowledged_by"] == "anna"
    assert len(rig.alarm()["history"]) == 2


@pytest.mark.parametrize(
    ("what", "body", "status", "code"),
    [
        ("acknowledge", {}, 422, "bad_acknowledgement"),
        ("acknowledge", {"by": "  "}, 422, "by_missing"),
        ("acknowledge", {"by": 5}, 422, "bad_acknowledgement"),
        ("acknowledge", {"by": "anna", "how": "telepathy"}, 422, "bad_acknowledgement"),
        ("acknowledge", {"by": "anna", "resaon": "x"}, 422, "bad_acknowledgement"),
        ("acknowledge", {"by": "x" * 501}, 409, "refused"),
        ("reset", {"by": "anna"}, 409, "refused"),
        ("unshelve", {"by": "anna"}, 409, "refused"),
        ("shelve", {"by": "anna", "reason": "x"}, 422, "bad_end"),
        (
            "shelve",
            {"by": "anna", "reason": "x", "for": "2h", "until": "2026-11-20T10:00:00Z"},
            422,
            "bad_end",
        ),
        ("shelve", {"by": "anna", "reason": "x", "for": "two hours"}, 422, "bad_end"),
        ("shelve", {"by": "anna", "reason": "x", "until": "2026-11-20T10:00:00"}, 422, "bad_instant"),
        ("shelve", {"by": "anna", "reason": " ", "for": "2h"}, 422, "reason_missing"),
        ("shelve", {"by": "anna", "for": "2h"}, 422, "bad_shelf"),
        ("shelve", {"by": "anna", "reason": "x", "until": "2026-11-20T07:00:00Z"}, 409, "refused"),
    ],
)
def test_what_is_malformed_is_422_and_what_cannot_be_is_409(
    rig: AlarmsRig, what: str, body: Any, status: int, code: str
) -> None:
    before = rig.alarm()
    assert said(rig.act(what, body), status, code)
    assert rig.alarm() == before


def test_nothing_is_done_without_the_token_or_to_an_alarm_that_is_not_there(rig: AlarmsRig) -> None:
    for what in ("acknowledge", "reset", "shelve", "unshelve"):
        path = f"/api/v1/alarms/{rig.id}/{what}"
        said(rig.client.post(path, json={"by": "anna"}), 401, "unauthorized")
        body = {"by": "anna", "reason": "x", "for": "1h"} if what == "shelve" else {"by": "anna"}
        said(rig.post(f"/alarms/a99/{what}", body), 404, "unknown_alarm")
    for path in ("/api/v1/suppressions", "/api/v1/suppressions/s1/end"):
        said(rig.client.post(path, json={"by": "anna"}), 401, "unauthorized")
    assert rig.alarm()["state"] == "unacknowledged"


def test_an_alarm_that_is_over_and_seen_cannot_be_acknowledged_again(rig: AlarmsRig) -> None:
    rig.cool()
    assert rig.alarm()["state"] == "returned_unacknowledged"
    assert rig.act("acknowledge", {"by": "anna"}).json()["state"] == "normal"
    assert "over already" in said(rig.act("acknowledge", {"by": "ben"}), 409, "refused")
    assert "over already" in said(rig.act("shelve", {"by": "b", "reason": "x", "for": "1h"}), 409, "refused")


# --- shelving and suppressing ---


def test_a_shelf_has_an_owner_a_reason_and_an_end_and_is_ended_by_name(rig: AlarmsRig) -> None:
    shelf = rig.act("shelve", {"by": "anna", "reason": "defrosting", "for": "2h"}).json()
    until = format_instant(rig.clock.now() + 2 * HOUR)
    assert (shelf["owner"], shelf["reason"], shelf["until"]) == ("anna", "defrosting", until)
    assert rig.alarm()["shelved_until"] == until
    assert rig.alarm()["suppression"]["id"] == shelf["id"]
    unwatched = [(one["reason"], one["subject"]) for one in rig.client.get("/api/v1/unwatched").json()]
    assert unwatched == [("shelved", SUBJECT), ("silent", "lab1/F02/product")]
    ended = rig.act("unshelve", {"by": "ben", "reason": "done"}).json()
    assert (ended["ended_by"], ended["ended_why"]) == ("ben", "done")
    assert rig.alarm()["shelved_until"] is None
    assert rig.client.get("/api/v1/suppressions").json() == []
    assert [one["id"] for one in rig.client.get("/api/v1/suppressions?all=true").json()] == [shelf["id"]]


def test_a_shelf_beyond_the_longest_is_refused_with_the_latest_end_there_can_be(rig: AlarmsRig) -> None:
    text = said(rig.act("shelve", {"by": "a", "reason": "x", "for": "30d"}), 409, "refused")
    assert "at most" in text
    latest = text.split(" until ")[1].split(" at most")[0]
    assert rig.act("shelve", {"by": "a", "reason": "x", "until": latest}).status_code == 200


def test_what_is_planned_is_suppressed_from_then_on_until_its_end(rig: AlarmsRig) -> None:
    now = rig.clock.now()
    body = {"subject": "lab1/F02", "kind": "suppressed", "by": "anna", "reason": "service"}
    start, until = format_instant(now + HOUR), format_instant(now + 3 * HOUR)
    found = rig.post("/suppressions", {**body, "from": start, "until": until}).json()
    assert (found["kind"], found["from"], found["until"]) == ("suppressed", start, until)

    def unwatched() -> list[tuple[str, str]]:
        rows = rig.client.get("/api/v1/unwatched").json()
        return [(one["subject"], one["reason"]) for one in rows if one["reason"] not in ("silent", "faulty")]

    assert unwatched() == []
    rig.clock.advance(2 * HOUR)
    assert unwatched() == [("lab1/F02", "suppressed")]
    ended = rig.post(f"/suppressions/{found['id']}/end", {"by": "ben"}).json()
    assert ended["ended_by"] == "ben"
    assert unwatched() == []
    said(rig.post(f"/suppressions/{found['id']}/end", {"by": "ben"}), 404, "unknown_suppression")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"subject": "lab1/F9"}, 404, "unknown_subject"),
        ({"kind": "shelved"}, 422, "bad_suppression"),
        ({"reason": ""}, 422, "reason_missing"),
        ({"from": "tomorrow"}, 422, "bad_instant"),
        ({"until": "2026-11-01T00:00:00Z"}, 409, "refused"),
        ({"until": None}, 422, "bad_end"),
    ],
)
def test_a_suppression_that_is_none_is_refused(rig: AlarmsRig, change: Any, status: int, code: str) -> None:
    until = format_instant(rig.clock.now() + DAY)
    body = {"subject": "lab1/F02", "kind": "out_of_service", "by": "a", "reason": "x", "until": until}
    said(rig.post("/suppressions", {**body, **change}), status, code)
    assert rig.client.get("/api/v1/suppressions?all=true").json() == []


# --- through the client of the command line ---


def test_the_client_does_what_the_api_does_and_says_what_it_refuses(
    rig: AlarmsRig, commands: ApiCommands
) -> None:
    now = rig.clock.now()
    shelf = commands.carry_out(Shelve(alarm=rig.id, by="anna", reason="work", until=now + HOUR))
    assert shelf["until"] == format_instant(now + HOUR)
    assert commands.carry_out(Unshelve(alarm=rig.id, by="anna"))["ended_by"] == "anna"
    assert (
        commands.carry_out(Acknowledge(alarm=rig.id, by="anna", action="moved", how="cli"))["acknowledged_by"]
        == "anna"
    )
    assert rig.alarm()["acknowledgement"]["how"] == "cli"
    kept = commands.carry_out(
        Suppress(subject="lab1/F02", kind="suppressed", by="a", reason="x", start=now, until=now + MINUTE)
    )
    assert commands.carry_out(EndSuppression(suppression=kept["id"], by="a"))["ended_why"] == "ended"
    with pytest.raises(LookupError, match="a99"):
        commands.carry_out(Acknowledge(alarm="a99", by="anna"))
    with pytest.raises(ValueError, match="still holds"):
        commands.carry_out(Reset(alarm=rig.id, by="anna"))
    with pytest.raises(ValueError, match="at most"):
        commands.carry_out(Shelve(alarm=rig.id, by="anna", reason="x", until=now + 400 * DAY))


def test_the_description_of_the_api_has_an_example_for_every_change(rig: AlarmsRig) -> None:
    paths = rig.client.get("/openapi.json").json()["paths"]
    posts = {path: one["post"] for path, one in paths.items() if "post" in one}
    changes = {path: one for path, one in posts.items() if "alarms" in path or "suppressions" in path}
    assert len(changes) == 6
    for operation in changes.values():
        body = operation["requestBody"]["content"]["application/json"]
        assert (
            set(body["schema"]["required"]) <= body["example"].keys() <= body["schema"]["properties"].keys()
        )
        assert {"401", "404", "409", "422"} <= operation["responses"].keys()


def test_the_example_of_every_change_of_an_alarm_is_understood(rig: AlarmsRig) -> None:
    paths = rig.client.get("/openapi.json").json()["paths"]
    for what, expected in (("shelve", 200), ("unshelve", 200), ("acknowledge", 200), ("reset", 409)):
        operation = paths[f"/api/v1/alarms/{{alarm}}/{what}"]["post"]
        example = operation["requestBody"]["content"]["application/json"]["example"]
        assert rig.act(what, example).status_code == expected, what
    large = json.dumps({"by": "x" * 300_000}).encode()
    path = f"/api/v1/alarms/{rig.id}/acknowledge"
    said(rig.client.post(path, content=large, headers=AUTHORIZED), 413, "too_large")
