"""The commands about alarms: what they print, what they hand over, and their exit codes."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import pytest

from monitor.cli.output import fitted
from monitor.core.time.instant import HOUR, MINUTE, parse_instant
from monitor.ports.commands import Acknowledge, Suppress
from monitor.program.clock import SystemClock
from tests.fakes.app import FakeApp, answer, app, run
from tests.fakes.commands import FakeCommands
from tests.fakes.desk import alarm, suppression

__all__ = ["app"]  # a fixture


def ids(line: str) -> list[str]:
    return [one["id"] for one in answer(line)]


# --- what there is ---


def test_alarms_are_listed(app: FakeApp) -> None:
    text = run("alarms list --open --limit 7").stdout
    assert app.view.asked[-1] == ("alarms", {"open_only": True, "limit": 7})
    assert "critical" in text
    assert ids("alarms list --json") == ["a17", "a18"]


def test_alarms_alone_lists_them_of_the_configuration_before_it(app: FakeApp) -> None:
    assert "critical" in run("alarms").stdout
    assert "critical" in run("--config config alarms").stdout
    run("--config nowhere alarms", code=2)


@pytest.mark.parametrize("config", ["--config config", "--config=config", ""])
@pytest.mark.parametrize(
    "what", ["", "list", "--json", "--all", "--state normal", "show a17", "ack a17 --by a"]
)
def test_a_group_that_lists_by_default_takes_the_options_of_its_list_and_config_anywhere(
    app: FakeApp, config: str, what: str
) -> None:
    expected = run(f"alarms {what or 'list'}").stdout
    assert run(f"alarms {config} {what}").stdout == expected
    if what != "":
        assert run(f"alarms {what} {config}").stdout == expected
    assert app.called["load"] == Path("config")


def test_a_configuration_given_to_the_group_is_the_one_that_is_read(app: FakeApp) -> None:
    for line in (
        "alarms --config nowhere",
        "alarms --config=nowhere --json",
        "alarms --config nowhere show a17",
    ):
        assert "nowhere" in run(line, code=2).stderr
    assert "No such command" in run("alarms lst", code=2).stderr
    assert "unwatched" in run("alarms --help").stdout
    assert "requires an argument" in run("alarms --config", code=2).stderr


def test_alarms_are_picked_out_of_all_by_state_condition_level_and_unit(app: FakeApp) -> None:
    assert ids("alarms list --json --state normal") == ["a18"]
    assert ids("alarms list --json --state normal --state unacknowledged") == ["a17", "a18"]
    assert ids("alarms list --json --condition temperature_high") == ["a17"]
    assert ids("alarms list --json --level alarm") == ["a18"]
    assert ids("alarms list --json --unit F02") == []
    assert ids("alarms list --json --unit lab1/F01 --limit 1") == ["a17"]
    assert app.view.asked[-1][1]["limit"] > 500_000
    run("alarms list --all")
    assert app.view.asked[-1][1]["limit"] > 500_000


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--state acknowleged", "acknowledged"),
        ("--condition temp_high", "temperature_high"),
        ("--level bad", "warning, alarm, critical"),
        ("--unit F9", "lab1/F01"),
    ],
)
def test_a_filter_that_means_nothing_is_a_usage_error(app: FakeApp, option: str, said: str) -> None:
    assert said in " ".join(run(f"alarms list {option}", code=2).output.split())


def test_a_list_says_who_took_an_alarm_and_what_holds_it_back(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    app.view.all_alarms = [alarm(acknowledged_by="ben", shelved_until="2026-11-22T12:00:00.000Z")]
    text = " ".join(run("alarms list").stdout.split())
    assert "taken by ben," in text
    assert "shelved until" in text


def test_an_alarm_is_shown_with_its_history_and_who_was_told(app: FakeApp) -> None:
    taken = {
        "at": "2026-11-22T10:00:00.000Z",
        "by": "ben",
        "reason": "door",
        "action": "shut it",
        "how": "link",
    }
    app.view.all_alarms = [
        alarm(acknowledgement=taken, suppression=suppression(), children=[alarm("a19")], parent="a3")
    ]
    text = " ".join(run("alarms show a17").stdout.split())
    for part in (
        "-48.0 °C, limit -60 °C",
        "2026-11-22 13:00:00 +01:00",
        "by ben, 2026-11-22 11:00:00 +01:00, by the link in a message",
        "door",
        "shut it",
        "shelved until 2026-11-22 13:00:00 +01:00 by anna: defrosting",
        "raised",
        "a19",
        "a3",
        "that it opened",
    ):
        assert part in text
    assert answer("alarms show a17 --json") == app.view.all_alarms[0]


def test_an_alarm_that_is_not_there_is_a_finding_that_names_a_near_one(app: FakeApp) -> None:
    assert "did you mean a17" in run("alarms show a177", code=1).stderr


def test_who_is_not_watched_is_listed_and_a_negative_finding(app: FakeApp) -> None:
    assert "never heard" in run("alarms unwatched", code=1).stdout
    assert answer("alarms unwatched --json", code=1)[0]["subject"] == "lab1/F02/product"
    app.view.all_unwatched = []
    assert "Everything is being watched." in run("alarms unwatched").stdout
    assert answer("alarms unwatched --json") == []


def test_what_holds_alarms_back_is_listed(app: FakeApp) -> None:
    text = " ".join(run("alarms suppressions").stdout.split())
    assert app.view.asked[-1] == ("suppressions", {"open_only": True})
    assert "defrosting" in text
    assert answer("alarms suppressions --all --json") == [suppression()]
    assert app.view.asked[-1] == ("suppressions", {"open_only": False})
    app.view.all_suppressions = []
    assert "Nothing holds alarms back." in run("alarms suppressions").stdout


def test_what_is_not_watched_is_told_in_local_time_alone(app: FakeApp) -> None:
    text = "temperature high: shelved by anna until 2026-11-22T12:00:00.000Z: defrosting"
    app.view.all_unwatched = [
        {"subject": "lab1/F02/product", "reason": "shelved", "text": text, "since": None}
    ]
    said = " ".join(run("alarms unwatched", code=1).stdout.split())
    assert "2026-11-22 13:00 +01:00" in said
    assert "12:00:00.000Z" not in said


def test_no_word_of_a_list_is_broken_in_80_columns(app: FakeApp) -> None:
    app.view.all_alarms = [
        alarm("a12345", subject="lab1/F03/product", acknowledged_by="dora"),
        alarm("a9", level="warning", condition="notifier_failing", subject="notifier", state="acknowledged"),
    ]
    text = run("alarms").stdout
    assert max(map(len, text.splitlines())) <= 80
    for word in ("acknowledged", "lab1/F03/product", "delivered", "critical", "notifier", "2026-11-22"):
        assert word in text
    app.view.all_suppressions = [suppression(subject="lab1/F03/product")]
    text = run("alarms suppressions").stdout
    assert max(map(len, text.splitlines())) <= 80
    for word in ("lab1/F03/product", "warm", "defrosting"):
        assert word in text


@pytest.mark.parametrize(
    ("words", "whole", "room", "widths"),
    [
        ([3, 5], [4, 9], 20, [4, 9]),  # all has room
        ([3, 5], [4, 9], 10, [3, 7]),  # what is left goes to what lacks most
        ([3, 9], [4, 9], 8, [3, 5]),  # not even the words have room
        ([3, 9], [4, 9], 1, [1, 1]),  # nothing has
    ],
)
def test_columns_are_as_wide_as_there_is_room(
    words: list[int], whole: list[int], room: int, widths: list[int]
) -> None:
    assert fitted(words, whole, room) == widths


# --- what people do ---


def test_an_acknowledgement_is_handed_over_with_who_why_and_what(app: FakeApp) -> None:
    text = run("alarms ack a17 --by anna --reason 'door open' --action 'closed it'").stdout
    assert app.commands.carried_out == [
        Acknowledge(alarm="a17", by="anna", reason="door open", action="closed it", how="cli")
    ]
    assert text.startswith("acknowledged by anna: a17")


def test_who_does_it_is_who_is_logged_in_unless_it_is_said(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ben")
    held_back = ("shelve a17 --reason x --for 1h", "suppress lab1/F01 --reason x --for 1h")
    for line in ("ack a17", "end s23", *held_back, "unshelve a17", "reset a17"):
        run(f"alarms {line}")
    assert [command.by for command in app.commands.carried_out] == ["ben"] * 6


def test_who_acknowledged_before_is_said(app: FakeApp) -> None:
    app.commands.carry_out(Acknowledge(alarm="a17", by="ben"))
    assert "ben had acknowledged it at 2026-11-22 11:04 +01:00" in run("alarms ack a17 --by anna").stdout


def test_what_is_held_back_and_what_is_refused_is_told_in_local_time(app: FakeApp) -> None:
    line = "alarms shelve a17 --reason x --until 2026-11-22T12:00:00Z"
    assert "until 2026-11-22 13:00 +01:00: Too warm" in run(line).stdout
    app.commands.refusal = ValueError("it can be shelved until 2026-11-22T12:00:00.000Z at most")
    assert "until 2026-11-22 13:00 +01:00 at most" in run(line, code=1).stderr


@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("shelve a17 --reason x --until 2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z"),
        ("shelve a17 --reason x --until 2026-11-22", "2026-11-22T22:59:59.999Z"),
        ("suppress lab1/F01 --reason x --until 2026-11-22", "2026-11-22T22:59:59.999Z"),
    ],
)
def test_an_end_is_an_instant_or_the_end_of_a_day_where_it_is(app: FakeApp, line: str, until: str) -> None:
    run(f"alarms {line}")
    assert app.commands.carried_out[0].until == parse_instant(until)


@pytest.mark.parametrize("line", ["shelve a17", "suppress lab1/F01"])
def test_an_end_may_be_said_as_how_long_from_now(app: FakeApp, line: str) -> None:
    run(f"alarms {line} --reason x --for 1h30m")
    assert abs(app.commands.carried_out[0].until - SystemClock().now() - 90 * MINUTE) < HOUR / 60


@pytest.mark.parametrize("line", ["shelve a17 --reason x", "suppress lab1/F01 --reason x"])
@pytest.mark.parametrize("ends", ["", "--for 2h --until 2026-11-22", "--for soon", "--until soon"])
def test_what_has_no_end_or_two_is_a_usage_error(app: FakeApp, line: str, ends: str) -> None:
    run(f"alarms {line} {ends}", code=2)
    assert app.commands.carried_out == []


@pytest.mark.parametrize("line", ["shelve a17 --for 2h", "suppress lab1/F01 --for 2h"])
def test_holding_something_back_needs_a_reason(app: FakeApp, line: str) -> None:
    assert "--reason" in run(f"alarms {line}", code=2).output


def test_a_suppression_has_a_kind_and_a_beginning(app: FakeApp) -> None:
    run("alarms suppress lab1/F01 --kind out_of_service --reason x --from 2026-11-22 --for 2h --by anna")
    (given,) = app.commands.done(Suppress)
    assert (given["subject"], given["kind"], given["start"]) == (
        "lab1/F01",
        "out_of_service",
        parse_instant("2026-11-21T23:00:00Z"),
    )
    assert "out_of_service" in run("alarms suppress lab1/F01 --kind off --reason x --for 2h", code=2).output


@pytest.mark.parametrize(
    "line",
    ["ack a17", "reset a17", "unshelve a17", "end s23", "shelve a17 --reason x --for 1h"],
)
@pytest.mark.parametrize("error", [ValueError("it is over already"), LookupError("there is no alarm 'a17'")])
def test_what_is_refused_or_unknown_is_a_finding_in_words(app: FakeApp, line: str, error: Exception) -> None:
    app.commands.refusal = error
    assert str(error) in run(f"alarms {line}", code=1).stderr


def test_a_mistake_of_ours_is_not_taken_for_an_unknown_alarm(app: FakeApp) -> None:
    app.commands.refusal = KeyError("x")
    with pytest.raises(KeyError):
        run("alarms ack a17")


def test_what_is_unknown_names_the_command_that_lists_those_that_are(app: FakeApp) -> None:
    app.commands.refusal = LookupError("nothing is held back under 's12' now")
    assert "'exosome-monitor alarms suppressions' lists" in run("alarms end s12", code=1).stderr
    assert "'exosome-monitor alarms list' lists" in run("alarms ack a12", code=1).stderr


def test_a_name_that_people_toml_does_not_have_is_taken_with_a_note(app: FakeApp, tmp_path: Path) -> None:
    assert run("alarms ack a17 --by dora").stderr == ""  # there are no people
    people = "".join(
        f'[[person]]\nname = "{name}"\ntitle = "{title}"\naddresses = ["ntfy://x"]\n'
        for name, title in (("anna", "Anna Example"), ("ben", "Ben"))
    )
    (tmp_path / "config" / "people.toml").write_text(people)
    found = run("alarms ack a17 --by dora")
    assert "people.toml has no 'dora' (it has anna, ben); it is kept as written" in found.stderr
    assert found.stdout.startswith("acknowledged by dora")
    for name in ("anna", "'Anna Example'"):
        assert run(f"alarms ack a17 --by {name}").stderr == ""


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("ack a17", "acknowledged_by"),
        ("reset a17", "state"),
        ("shelve a17 --reason x --for 1h", "until"),
        ("unshelve a17", "ended_by"),
        ("suppress lab1/F01 --reason x --for 1h", "kind"),
        ("end s23", "ended_why"),
    ],
)
def test_every_answer_is_json_if_asked_and_a_line_if_not(app: FakeApp, line: str, key: str) -> None:
    def begin_anew() -> None:
        app.commands = FakeCommands(app.view, app.view.all_suppressions)
        if line.startswith("reset"):
            app.commands.carry_out(Acknowledge(alarm="a17", by="anna"))

    begin_anew()
    found: Any = answer(f"alarms {line} --by anna --json")
    assert found[key]
    begin_anew()
    assert len(run(f"alarms {line} --by anna").stdout.splitlines()) == 1
