"""The program's commands as a whole: help, options, exit codes, what is printed. Lots are in cli/lot."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer.main

import monitor
from monitor.cli.output import clean, local
from monitor.cli.program import program
from monitor.config.starter import write_starter
from monitor.core.time.instant import format_instant, parse_instant
from monitor.ports import JSON
from monitor.ports.commands import Acknowledge
from simulators.scenario.file import load as load_scenario
from tests.fakes.app import FakeApp, add_site, answer, app, run
from tests.fakes.desk import excursion
from tests.fakes.view import NOW
from tests.house import ROOT
from tests.rigs.replaying import nothing_replayed

__all__ = ["app"]  # a fixture


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its words."""
    for name, inner in getattr(command, "commands", {}).items():
        if getattr(inner, "commands", None):
            yield from leaves(inner, (*path, name))
        else:
            yield " ".join((*path, name)), inner


COMMANDS = dict(leaves(typer.main.get_command(program)))


def add_person(tmp_path: Path) -> None:
    """Somebody who is told by mail."""
    text = '[[person]]\nname = "anna"\naddresses = ["anna@lab.example"]\n'
    (tmp_path / "config" / "people.toml").write_text(text, encoding="utf-8")
    with (tmp_path / "config" / "monitor.toml").open("a", encoding="utf-8") as file:
        file.write('\n[mail]\nhost = "mail.lab.example"\nfrom = "monitor@lab.example"\n')


# --- help and options ---


def test_the_commands_are_those_of_this_version() -> None:
    assert sorted(COMMANDS) == sorted(
        [
            *(
                "demo",
                "run",
                "ingest",
                "check",
                "init",
                "schema",
                "simulate",
                "bench",
                "version",
                "units",
                "excursions",
                "rejected",
            ),
            *("notifications", "lots list", "lots show", "lots register"),
            *(f"alarms {name}" for name in ("list", "show", "unwatched", "suppressions", "ack", "reset")),
            *(f"alarms {name}" for name in ("shelve", "unshelve", "suppress", "end")),
            *(
                "lots move",
                "lots event",
                "lots bind",
                "export lot",
                "influx status",
                "influx reconcile",
                "notify test",
                "backup",
                "replay",
                *("docs alarms", "docs json"),
            ),
        ]
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_mentions_every_option_and_has_an_example(command: str) -> None:
    text = run(f"{command} --help").stdout
    options = {name for option in COMMANDS[command].params for name in option.opts if name.startswith("--")}
    assert {"--help", "--config"} <= options | {"--help"}
    for option in options:
        assert option in text
    assert f"Example:\n    exosome-monitor {command}" in text


def went_as_expected(names: Sequence[str], **named: Any) -> list[tuple[JSON, str]]:
    """In the place of running scenarios: each is read, and is said to have gone well."""
    figures = {"ok": True, "met": 1, "missed": 0, "false_pages": [], "simulated_seconds": 60, "seconds": 1.0}
    return [({"scenario": load_scenario(name).name, **figures}, "it went well") for name in names]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_of_a_command_works(
    command: str, app: FakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    benches: list[list[str]] = []
    monkeypatch.setattr("benchmarks.run.main", lambda argv: benches.append(argv) or 0)
    monkeypatch.setattr(app, "replay", nothing_replayed, raising=False)
    monkeypatch.setattr("laboratory.feed.feed", lambda *given, **named: 1)
    monkeypatch.setattr("laboratory.check.check_all", went_as_expected)
    monkeypatch.setattr("laboratory.score.score_fleets", lambda *given, **named: ({}, "scored"))
    add_person(tmp_path)
    app.view.all_lots[0]["lot"] = "EXO-2026-014"
    app.view.all_unwatched = []
    app.commands.carry_out(Acknowledge(alarm="a17", by="anna"))  # what is reset was acknowledged
    examples = re.findall(r"^ *exosome-monitor (.*)$", COMMANDS[command].epilog, re.MULTILINE)
    assert examples
    for line in examples:
        own = tmp_path / ("new" if command == "init" else "config")
        run(line.replace("/etc/exosome-monitor", str(own)))
    assert len(benches) == (command == "bench")


@pytest.mark.parametrize(
    "command",
    [each for each in COMMANDS if each.split()[0] not in ("demo", "run", "init", "schema", "bench", "docs")],
)
def test_a_command_that_lists_or_shows_has_json(command: str) -> None:
    assert any("--json" in option.opts for option in COMMANDS[command].params)


def test_every_command_is_in_the_operating_manual() -> None:
    manual = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`{name}" not in manual] == []


def test_every_option_of_the_bench_is_in_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks.run import main

    with pytest.raises(SystemExit):
        main(["--help"])
    options = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    assert options
    text = run("bench --help").stdout
    assert [option for option in options if option not in text] == []


def test_the_bench_gets_its_options_and_gives_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[list[str]] = []
    monkeypatch.setattr("benchmarks.run.main", lambda argv: got.append(argv) or 1)
    run("bench --rounds 2 --modes live backlog --json out.json", 1)
    assert got == [["--rounds", "2", "--modes", "live", "backlog", "--json", "out.json"]]


def test_help_loads_neither_the_store_nor_the_configuration() -> None:
    text = (
        "import sys; sys.argv = ['x', 'lots', '--help']\n"
        "from monitor.cli.program import program\n"
        "try: program()\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'monitor.config', 'monitor.program.app', 'fastapi', 'benchmarks'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, cwd=ROOT, timeout=60)


def test_no_command_is_usage() -> None:
    assert "Commands:" in run("", 2).output
    assert "Commands:" in run("lots", 2).output


@pytest.mark.parametrize("line", ["version", "--version"])
def test_the_version_is_printed(line: str) -> None:
    assert run(line).stdout == f"exosome-monitor {monitor.__version__}\n"


# --- which configuration ---


@pytest.mark.parametrize(
    ("line", "chosen"),
    [
        ("units", "config"),
        ("units --config after", "after"),
        ("--config before units", "before"),
        ("--config before units --config after", "after"),
        ("--config before lots list", "before"),
    ],
)
def test_the_configuration_is_chosen_before_or_after_the_command(
    line: str, chosen: str, app: FakeApp, tmp_path: Path
) -> None:
    for name in ("before", "after"):
        write_starter(tmp_path / name)
    run(line)
    assert app.called["load"] == Path(chosen)


def test_the_configuration_comes_from_the_environment_unless_an_option_says_otherwise(
    app: FakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_starter(tmp_path / "elsewhere")
    monkeypatch.setenv("EXOSOME_MONITOR_CONFIG", "elsewhere")
    run("units")
    assert app.called["load"] == Path("elsewhere")
    run("units --config config")
    assert app.called["load"] == Path("config")


@pytest.mark.parametrize(
    "line", ["units", "lots list", "run", "check", "influx status", "lots move EXO-1 out"]
)
def test_a_configuration_with_mistakes_is_told_in_words_with_exit_2(line: str, app: FakeApp) -> None:
    result = run(f"--config nowhere {line}", 2)
    assert "1 mistake in the configuration nowhere" in result.stderr
    assert "exosome-monitor init DIR" in result.stderr
    assert result.stdout == ""


def test_a_configuration_that_contradicts_the_store_is_told_with_exit_2(app: FakeApp) -> None:
    app.fails_to_open = ValueError("profile ult-80@1 was changed after it had been judging")
    assert "was changed" in run("units", 2).stderr


def test_a_database_that_cannot_be_reached_is_told_without_its_statement(app: FakeApp) -> None:
    from sqlalchemy.exc import OperationalError

    app.fails_to_open = OperationalError("SELECT secret", {}, Exception("connection refused"))
    text = run("units", 2).stderr
    assert "connection refused" in text
    assert "SELECT" not in text


def test_a_bug_is_not_hidden(app: FakeApp) -> None:
    app.fails_to_open = KeyError("bug")
    with pytest.raises(KeyError):
        run("units")


# --- configuration ---


def test_check_prints_what_is_in_force_and_warnings_apart(app: FakeApp, tmp_path: Path) -> None:
    import tomllib

    result = run("check")
    assert tomllib.loads(result.stdout)["unit"][0]["name"] == "F01"
    assert "warning: people.toml: there is no [[person]]: nobody is told" in result.stderr
    assert "config can be used: 2 units, 5 profiles" in result.stderr
    assert answer("check --json")["site"] == {"lab1": {"timezone": "Europe/Berlin"}}


def test_init_writes_a_configuration_that_can_be_checked_and_overwrites_nothing(
    app: FakeApp, tmp_path: Path
) -> None:
    assert "check --config new" in run("init new").stdout
    run("check --config new")
    (tmp_path / "new" / "monitor.toml").write_text("mine", encoding="utf-8")
    assert "overwrites nothing" in run("init new", 2).stderr
    assert (tmp_path / "new" / "monitor.toml").read_text(encoding="utf-8") == "mine"


def test_init_below_a_file_is_told_in_words(app: FakeApp, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file" in run("init file/below", 2).stderr


def test_schema_prints_one_file_or_all() -> None:
    assert set(answer("schema")) == {"monitor.toml", "profile", "people.toml"}
    for name in ("monitor.toml", "profile", "people.toml", "people", "profiles/ult-80.toml"):
        assert answer(f"schema {name}")["type"] == "object"
    assert answer("schema people")["properties"].keys() >= {"person"}
    assert "Write monitor.toml, profile or people.toml" in run("schema monitor.yaml", 2).stderr


# --- running ---


def test_run_gives_the_exit_code_of_the_service(app: FakeApp) -> None:
    app.code = 2
    run("run", 2)
    assert app.called["run"] == Path("config")


def test_demo_hands_its_options_on(app: FakeApp) -> None:
    run("demo --for 1m30s --no-browser --speed 600 --dir there")
    assert app.called["demo"] == {
        "scenario": "demo",
        "speed": 600.0,
        "for_seconds": 90.0,
        "browser": False,
        "directory": Path("there"),
    }
    run("demo")
    assert app.called["demo"]["speed"] is None  # the scenario's own
    assert app.called["demo"]["browser"] is True
    assert app.called["demo"]["for_seconds"] is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("demo --for 90", "'--for': '90' is not a duration in quotes such as 90s"),
        ("demo --speed 0", "--speed"),
        ("demo --scenario none-such", "--scenario: there is no such story"),
    ],
)
def test_a_wrong_option_of_demo_is_usage(line: str, said: str, app: FakeApp) -> None:
    assert said in run(line, 2).stderr


# --- what is ---


def test_units_are_listed_with_temperature_and_local_time(app: FakeApp) -> None:
    text = run("units").stdout
    assert "-48.00 °C" in text
    assert "-90 to -60 °C" in text
    assert "11:04:00" in text
    assert "+01:00" in text
    assert max(map(len, text.splitlines())) <= 80
    assert answer("units --json") == app.view.all_units


def test_notifications_are_listed_with_what_went_wrong(app: FakeApp) -> None:
    assert "mail.lan refused" in run("notifications").stdout
    assert answer("notifications --json --limit 3")[0]["id"] == "n1"
    assert app.view.asked[-1] == ("notifications", {"limit": 3})


def test_rejected_messages_are_listed_with_their_counts(app: FakeApp) -> None:
    text = run("rejected").stdout
    assert re.search(r"bad_time +1", text)
    assert answer("rejected --json")["counts"] == {"bad_time": 1}


def test_a_rejected_message_cannot_drive_the_terminal(app: FakeApp) -> None:
    app.view.all_rejected[0]["payload"] = "\x1b[2J\x07[red]gone\u202e"
    text = run("rejected").stdout
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[red]" in text
    assert clean("a\x1b\u202e\n°−") == "a\\x1b\\u202e\\n°−"


def test_nothing_to_list_is_said_in_words(app: FakeApp) -> None:
    app.view.all_excursions = []
    assert run("excursions").stdout == "No excursions.\n"
    app.view.all_units = []
    assert run("units").stdout == "No unit is configured.\n"


# --- excursions and instants ---


def asked(app: FakeApp) -> dict[str, Any]:
    return next(what for name, what in reversed(app.view.asked) if name == "excursions")


def test_excursions_are_asked_for_as_the_options_say(app: FakeApp) -> None:
    span = "--from 2026-11-01T00:00:00Z --to 2026-11-02T01:00:00+01:00 --as-of 2026-11-22T09:00:00Z"
    run(f"excursions --unit F01 --lot EXO-1 --open --history {span}")
    assert asked(app) == {
        "unit": "lab1/F01",
        "lot": "EXO-1",
        "start": parse_instant("2026-11-01T00:00:00Z"),
        "end": parse_instant("2026-11-02T00:00:00Z"),
        "open_only": True,
        "as_of": parse_instant("2026-11-22T09:00:00Z"),
        "history": True,
    }


def test_a_date_is_a_day_of_the_sites_time_zone(app: FakeApp) -> None:
    run("excursions --from 2026-03-29 --to 2026-03-29 --as-of 2026-10-25")
    assert format_instant(asked(app)["start"]) == "2026-03-28T23:00:00.000Z"
    assert format_instant(asked(app)["end"]) == "2026-03-29T21:59:59.999Z"
    assert format_instant(asked(app)["as_of"]) == "2026-10-25T22:59:59.999Z"


def test_as_of_today_is_as_of_now_and_a_later_date_is_its_end(app: FakeApp) -> None:
    run("excursions --as-of 2026-11-22")
    assert asked(app)["as_of"] == NOW
    run("excursions --as-of 2026-12-24")
    assert format_instant(asked(app)["as_of"]) == "2026-12-24T22:59:59.999Z"
    run("excursions")
    assert asked(app)["as_of"] is None


def test_a_date_needs_a_site_where_time_zones_differ(app: FakeApp, tmp_path: Path) -> None:
    add_site(tmp_path)
    text = run("excursions --from 2026-03-29", 2).stderr
    assert "--from" in text
    assert "'2026-03-29'" in text
    assert "Write a time with an offset" in text
    run("excursions --from 2026-03-29 --unit lab2/F01")
    assert format_instant(asked(app)["start"]) == "2026-03-29T04:00:00.000Z"
    run("excursions --from 2026-03-29 --lot EXO-1")
    assert format_instant(asked(app)["start"]) == "2026-03-28T23:00:00.000Z"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026-11-22T10:00:00", "'2026-11-22T10:00:00' has no offset from UTC"),
        ("yesterday", "'yesterday' is not RFC 3339"),
        ("2026-02-30", "'2026-02-30' names a day that does not exist"),
        ("1763805600000", "'1763805600000' is not RFC 3339"),
    ],
)
@pytest.mark.parametrize("option", ["--from", "--to", "--as-of"])
def test_a_wrong_instant_names_the_option_the_value_and_the_remedy(
    option: str, value: str, said: str, app: FakeApp
) -> None:
    text = run(f"excursions {option} {value}", 2).stderr
    assert f"'{option}'" in text
    assert said in text
    assert "Write 2026-11-22T10:00:00Z" in text


def test_a_time_that_ends_before_it_begins_is_usage(app: FakeApp) -> None:
    assert "not before --to" in run("excursions --from 2026-11-02 --to 2026-11-01", 2).stderr
    assert "not before --to" in run("influx reconcile --from 2026-11-02 --to 2026-11-01", 2).stderr


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("lab1/F03", "Did you mean lab1/F0"),
        ("xyz", "Write one of lab1/F01, lab1/F02"),
        ("F01", "several sites"),
    ],
)
def test_a_unit_that_is_not_clear_is_usage(unit: str, said: str, app: FakeApp, tmp_path: Path) -> None:
    if unit == "F01":
        add_site(tmp_path)
    assert said in run(f"excursions --unit {unit}", 2).stderr


def test_excursions_of_an_unknown_lot_are_a_finding(app: FakeApp) -> None:
    assert "there is no lot 'EXO-3'; did you mean EXO-" in run("excursions --lot EXO-3", 1).stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "outside for longer than its delay"),
        ({"confirmed_at": None}, "outside, not confirmed yet"),
        ({"confirmed_at": None, "closed_at": "2026-11-22T09:30:00.000Z"}, "transient, never confirmed"),
        ({"superseded_by": "x9"}, "now x9"),
        ({"withdrawn": True}, "withdrawn"),
    ],
)
def test_an_excursion_says_whether_it_is_confirmed(
    changes: dict[str, Any], said: str, app: FakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    app.view.all_excursions = [excursion(**changes)]
    words = " ".join(run("excursions").stdout.split())
    assert said in words
    assert "-48.00 °C" in words
    assert "52 min" in words
    assert answer("excursions --json") == app.view.all_excursions


# --- outward ---


def test_influx_status_of_one_that_does_not_answer_is_a_finding(app: FakeApp) -> None:
    assert "up to date" in run("influx status").stdout
    app.influx = {"ok": False, "text": "http://influx: refused", "behind_readings": 7, "behind_facts": 0}
    assert re.search(r"behind readings +7", run("influx status", 1).stdout)
    assert answer("influx status --json", 1)["behind_readings"] == 7


@pytest.mark.parametrize("line", ["influx status", "influx reconcile"])
def test_influx_switched_off_is_a_matter_of_configuration(line: str, app: FakeApp) -> None:
    app.influx = app.reconciled = ValueError("InfluxDB is off: [influx] url is empty")
    assert "InfluxDB is off" in run(line, 2).stderr


def test_reconciling_with_one_that_goes_away_is_a_finding(app: FakeApp) -> None:
    app.reconciled = RuntimeError("http://influx: refused")
    assert "refused" in run("influx reconcile", 1).stderr


def test_reconcile_says_what_differed_and_whether_it_still_does(app: FakeApp) -> None:
    row = {
        "channel": "lab1/F01/product",
        "hours_compared": 48,
        "hours_differing": 2,
        "readings_resent": 77,
        "hours_still_differing": 0,
    }
    app.reconciled = {"agrees": True, "channels": [row]}
    result = run("influx reconcile --from 2026-11-01 --to 2026-11-02T00:00:00Z")
    assert re.search(r"lab1/F01/product +48 +2 +77 +0", result.stdout)
    assert app.called["reconcile"] == (
        parse_instant("2026-10-31T23:00:00Z"),
        parse_instant("2026-11-02T00:00:00Z"),
    )
    app.reconciled = {"agrees": False, "channels": [row]}
    assert answer("influx reconcile --json", 1)["agrees"] is False


def test_a_test_message_that_fails_is_a_finding(app: FakeApp, tmp_path: Path) -> None:
    add_person(tmp_path)
    assert "sent" in run("notify test --person anna").stdout
    assert app.called["notify_test"] == "anna"
    app.tested.append({"recipient": "anna", "medium": "apprise", "ok": False, "text": "ntfy refused"})
    assert "FAILED" in run("notify test", 1).stdout
    assert answer("notify test --json", 1)[1]["text"] == "ntfy refused"


def test_a_test_message_to_somebody_unknown_is_usage(app: FakeApp, tmp_path: Path) -> None:
    add_person(tmp_path)
    assert "'bob' is not in people.toml, which has: anna" in run("notify test --person bob", 2).stderr
    assert "notify_test" not in app.called


def test_people_who_are_not_configured_are_a_finding(app: FakeApp) -> None:
    assert "people.toml names no one" in run("notify test", 1).stderr


# --- figures in words ---


def test_local_time_has_the_offset_of_its_moment() -> None:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Berlin")
    assert local("2026-07-01T10:00:59.999Z", zone) == "2026-07-01 12:00:59 +02:00"
    assert local("2026-12-01T23:30:00.000Z", zone) == "2026-12-02 00:30:00 +01:00"
