"""``lots``: what is shown of them, and what is recorded, with which site, instant, name and id."""

from __future__ import annotations

import getpass
import uuid
from pathlib import Path
from typing import Any

import pytest

from monitor.core.lot.event import LotEventKind
from monitor.core.time.instant import format_instant
from monitor.ports.commands import RecordLotEvent
from monitor.wire.v1 import LotEventTopic, decode_lot_event
from tests.fakes.app import FakeApp, add_site, answer, app, run
from tests.fakes.desk import lot
from tests.fakes.view import NOW

__all__ = ["app"]  # a fixture

REGISTER = "lots register EXO-7 --product 'MSC exosomes' --profile ult-80"


def recorded(app: FakeApp) -> tuple[str, str, dict[str, Any]]:
    """The last event that was handed over, after the wire's own decoder has taken it."""
    import msgspec

    site, name, event = app.commands.done(RecordLotEvent)[-1].values()
    decode_lot_event(msgspec.json.encode(event), LotEventTopic(site, name))
    return site, name, event


# --- showing ---


def test_lots_are_listed_with_their_verdict_and_the_budget_of_which_least_is_left(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    text = " ".join(run("lots list").stdout.split())
    assert "EXO-2 MSC exosomes lab1/F01 breached warm: 23 h 8 min 2026-11-21 00:00:00 +01:00" in text
    assert answer("lots list --json --as-of 2026-11-22T09:00:00Z") == app.view.all_lots
    asked = [what["as_of"] for name, what in app.view.asked if name == "lots"]
    assert [None if at is None else format_instant(at) for at in asked] == [None, "2026-11-22T09:00:00.000Z"]


def test_a_lot_within_its_profile_is_shown_with_exit_0(app: FakeApp) -> None:
    text = " ".join(run("lots show EXO-1").stdout.split())
    for said in ("Verdict within profile", "ult-80, version 1", "lab1/F01 2026-01-05 09:00:00 +01:00 now"):
        assert said in text
    assert answer("lots show EXO-1 --json") == app.view.all_lots[0]


def test_a_breached_lot_is_shown_with_its_reason_and_exit_1(app: FakeApp) -> None:
    text = run("lots show EXO-2", 1).stdout
    assert "expired on 2026-11-21 00:00 +01:00: by its label" in text
    assert answer("lots show EXO-2 --json", 1)["verdict"] == "breached"


@pytest.mark.parametrize("verdict", ["at_risk", "indeterminate", "within_profile"])
def test_no_other_verdict_is_an_exit_1(verdict: str, app: FakeApp) -> None:
    app.view.all_lots = [lot("EXO-1", verdict)]
    run("lots show EXO-1")


def test_a_lot_is_shown_as_of_an_instant(app: FakeApp) -> None:
    run("lots show EXO-1 --as-of 2026-11-22T09:00:00Z")
    asked = [what["as_of"] for name, what in app.view.asked if name in ("lot", "excursions")]
    assert {format_instant(at) for at in asked} == {"2026-11-22T09:00:00.000Z"}


def test_a_date_is_one_of_the_lots_own_site(app: FakeApp, tmp_path: Path) -> None:
    add_site(tmp_path)
    app.view.all_lots = [lot("EXO-1", "within_profile", site="lab2", unit="lab2/F01")]
    run("lots show EXO-1 --as-of 2026-03-29")
    assert format_instant(app.view.asked[-1][1]["as_of"]) == "2026-03-30T03:59:59.999Z"


def test_an_unknown_lot_is_a_finding_that_names_one_that_may_be_meant(app: FakeApp) -> None:
    assert "there is no lot 'EXO-22'; did you mean EXO-2?" in run("lots show EXO-22", 1).stderr
    assert "lots list" in run("lots show zzz --json", 1).stderr


# --- recording ---


def test_a_registered_lot_has_every_field_that_was_given(app: FakeApp) -> None:
    more = "--quantity 20 --gtin 09506000134352 --lot-number L/7 --serial 0042 --by LIMS --event-id e1"
    run(f"{REGISTER} --unit lab1/F01 --expires-on 2028-06-30 --at 2026-11-22T11:00:00+01:00 {more}")
    assert recorded(app) == (
        "lab1",
        "EXO-7",
        {
            "event_id": "e1",
            "occurred_at": "2026-11-22T10:00:00.000Z",
            "kind": "registered",
            "by": "LIMS",
            "product": "MSC exosomes",
            "profile": "ult-80",
            "unit": "lab1/F01",
            "expires_on": "2028-06-30",
            "quantity": 20.0,
            "gtin": "09506000134352",
            "lot_number": "L/7",
            "serial": "0042",
        },
    )


def test_what_is_not_given_has_the_documented_default(app: FakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "keller")
    monkeypatch.setattr("monitor.cli.lot.recording.SystemClock.now", lambda self: NOW)
    run(f"{REGISTER} --expires-at 2028-06-30T22:00:00Z --quantity '25 vials'")
    _, _, event = recorded(app)
    assert str(uuid.UUID(event.pop("event_id")))
    assert event == {
        "occurred_at": "2026-11-22T10:04:30.000Z",
        "kind": "registered",
        "by": "keller",
        "product": "MSC exosomes",
        "profile": "ult-80",
        "unit": None,
        "expires_at": "2028-06-30T22:00:00.000Z",
        "quantity": "25 vials",
    }


def test_two_events_never_get_the_same_id(app: FakeApp) -> None:
    for _ in range(2):
        run("lots move EXO-1 F02")
    first, second = (one["event"]["event_id"] for one in app.commands.done(RecordLotEvent))
    assert first != second


def test_nobody_by_name_is_asked_for_one(app: FakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid 12345")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert "Write who did it" in run("lots move EXO-1 out", 2).stderr
    run("lots move EXO-1 out --by anna")


@pytest.mark.parametrize("expiry", ["", "--expires-on 2028-06-30 --expires-at 2028-06-30T22:00:00Z"])
def test_exactly_one_expiry_is_needed(expiry: str, app: FakeApp) -> None:
    assert "--expires-on / --expires-at: give one of the two" in run(f"{REGISTER} {expiry}", 2).stderr
    changed = run(f"lots event EXO-1 expiry_changed --reason recall {expiry}", 2).stderr
    assert "give one of the two" in changed
    assert app.commands.carried_out == []


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (
            "--expires-on 2028-06-31",
            "'2028-06-31' names a day that does not exist. Write a date like 2028-06-30",
        ),
        ("--expires-on 30.6.2028", "'30.6.2028' is not a date"),
        ("--expires-at 2028-06-30", "for a date use --expires-on"),
        ("--expires-at 2028-06-30T22:00:00", "has no offset"),
        ("--expires-on 2028-06-30 --at noon", "'--at': time 'noon' is not RFC 3339"),
        ("--expires-on 2028-06-30 --site lab9", "there is no site 'lab9'. Write one of lab1"),
        ("--expires-on 2028-06-30 --unit F09", "there is no unit 'F09'. Write one of lab1/F01, lab1/F02"),
    ],
)
def test_a_wrong_value_is_usage_and_records_nothing(option: str, said: str, app: FakeApp) -> None:
    assert said in run(f"{REGISTER} {option}", 2).stderr
    assert app.commands.carried_out == []


@pytest.mark.parametrize(
    ("given", "unit"),
    [("lab1/F02", "lab1/F02"), ("F02", "lab1/F02"), ("out", None), ("lab1/out", "lab1/out")],
)
def test_a_lot_is_moved_to_a_unit_or_out(given: str, unit: str | None, app: FakeApp) -> None:
    run(f"lots move EXO-1 {given} --at 2026-11-22 --by anna")
    site, name, event = recorded(app)
    assert (site, name, event["kind"], event["unit"]) == ("lab1", "EXO-1", "moved", unit)
    assert event["occurred_at"] == "2026-11-21T23:00:00.000Z"


@pytest.mark.parametrize(
    ("line", "site", "unit"),
    [
        ("lots move EXO-1 lab2/F01", "lab2", "lab2/F01"),
        ("lots move EXO-1 F02", "lab1", "lab1/F02"),
        ("lots move EXO-1 F01 --site lab2", "lab2", "lab2/F01"),
        ("lots move EXO-1 lab2/F01 --site lab1", "lab1", "lab2/F01"),
        ("lots move EXO-1 out", "lab1", None),
        ("lots move EXO-9 out --site lab2", "lab2", None),
    ],
)
def test_the_site_is_the_one_named_else_the_units_else_the_lots(
    line: str, site: str, unit: str | None, app: FakeApp, tmp_path: Path
) -> None:
    add_site(tmp_path)
    run(line)
    found, _, event = recorded(app)
    assert (found, event["unit"]) == (site, unit)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lots move EXO-1 F01", "several sites. Write one of lab1/F01, lab2/F01"),
        ("lots move EXO-9 out", "there are several sites. Write one of lab1, lab2"),
    ],
)
def test_a_place_that_is_not_clear_is_asked_for(line: str, said: str, app: FakeApp, tmp_path: Path) -> None:
    add_site(tmp_path)
    assert said in run(line, 2).stderr


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("thawed", {}),
        ("refrozen --note 'back in'", {"note": "back in"}),
        ("disposed", {}),
        ("aliquoted --into A-1 --into A-2", {"into": ["A-1", "A-2"]}),
        ("voided --voids e1 --reason 'wrong lot'", {"voids": "e1", "reason": "wrong lot"}),
        (
            "expiry_changed --expires-on 2027-01-31 --reason recall",
            {"expires_on": "2027-01-31", "reason": "recall"},
        ),
        (
            "expiry_changed --expires-at 2027-01-31T00:00:00Z --reason recall",
            {"expires_at": "2027-01-31T00:00:00.000Z", "reason": "recall"},
        ),
        ("quarantined --reason 'label damaged'", {"reason": "label damaged"}),
    ],
)
def test_every_other_kind_is_recorded_in_the_wires_words(
    words: str, fields: dict[str, Any], app: FakeApp
) -> None:
    run(f"lots event EXO-1 {words} --event-id e9 --at 2026-11-22T10:00:00Z --by anna")
    _, _, event = recorded(app)
    common = {"event_id": "e9", "occurred_at": "2026-11-22T10:00:00.000Z", "by": "anna"}
    assert event == {**common, "kind": words.split()[0], **fields}


def test_every_kind_of_the_wire_has_its_command(app: FakeApp) -> None:
    text = run("lots event --help").stdout
    kinds = {kind.value for kind in LotEventKind} - {"registered", "moved", "bound"}
    assert [kind for kind in kinds if kind not in text] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("voided --reason x", "--voids: a voided event needs it"),
        ("voided --voids e1", "--reason: a voided event needs it"),
        ("quarantined", "--reason: a quarantined event needs it"),
        ("aliquoted", "--into: a aliquoted event needs it"),
        ("thawed --reason x", "--reason: a thawed event has no such field"),
        ("disposed --expires-on 2027-01-01", "--expires-on: a disposed event has no such field"),
        ("released", "signed decision of QA"),
        ("rejected", "signed decision of QA"),
        ("moved", "Use 'lots move'"),
        ("registered", "Use 'lots register'"),
        ("melted", "'melted' is not recorded here. Write one of thawed"),
    ],
)
def test_an_event_that_lacks_or_adds_something_is_usage(words: str, said: str, app: FakeApp) -> None:
    assert said in run(f"lots event EXO-1 {words}", 2).stderr
    assert app.commands.carried_out == []


def test_what_became_of_an_event_is_said(app: FakeApp) -> None:
    line = "lots move EXO-1 F02 --at 2026-11-22T09:00:00Z --event-id"
    assert run(f"{line} e1").stdout.startswith("recorded: EXO-1 moved at ")
    assert answer(f"{line} e2 --json") == {"event_id": "e2", "outcome": "recorded"}
    assert "on record already: event e1" in run(f"{line} e1").stdout


def test_a_conflict_is_a_finding(app: FakeApp) -> None:
    run("lots move EXO-1 F02 --event-id e1")
    line = "lots move EXO-1 out --event-id e1"
    assert "both are set aside" in run(line, 1).stderr
    assert answer(f"{line} --json", 1)["outcome"] == "conflict"


@pytest.mark.parametrize("kind", [ValueError, RuntimeError])
def test_an_event_that_is_refused_is_a_finding_in_words(kind: type[Exception], app: FakeApp) -> None:
    app.commands.refusal = kind("lot EXO-1 is registered already")
    result = run("lots move EXO-1 F02", 1)
    assert result.stderr == "exosome-monitor: lot EXO-1 is registered already\n"
    assert result.stdout == ""
