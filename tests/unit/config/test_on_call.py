"""check: times in which nobody is on call, ladders that lead to nobody, routes that are never taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from monitor.cli.program import program
from monitor.config import load
from monitor.config.file.problem import Review
from monitor.config.on_call import LOOK_AHEAD, doubt_routes, nobody_on_call
from monitor.config.starter import write_starter
from monitor.core.alarm.alarm import Alarm, Run
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.telling.policy import Place, Route
from monitor.core.time.instant import HOUR, parse_instant

PEOPLE = """
[[person]]
name = "anna"
addresses = ["ntfy://example/anna"]
[[person]]
name = "ben"
addresses = ["ntfy://example/ben"]
[[rota]]
name = "nights"
timezone = "Europe/Berlin"
people = ["anna", "ben"]
first_week = FIRST_WEEK
OVERRIDE
[[ladder]]
name = "urgent"
step = [{ tell = ["nights"], wait = "10m" }, { tell = ["nights", "ben"], wait = "20m" }]
repeat = "1h"
[[route]]
ladder = "urgent"
"""
NOW = parse_instant("2026-11-22T12:00:00Z")


def directory(tmp_path: Path, first_week: str, override: str = "", people: str = PEOPLE) -> Path:
    (tmp_path / "monitor.toml").write_text('[site.lab1]\ntimezone = "Europe/Berlin"\n')
    text = people.replace("FIRST_WEEK", first_week).replace("OVERRIDE", override)
    (tmp_path / "people.toml").write_text(text)
    return tmp_path


def found(path: Path, now: int = NOW) -> list[str]:
    configuration = load(path, {})
    return [str(one) for one in nobody_on_call(configuration.rotas, configuration.ladders, now)]


def test_a_rota_that_runs_has_no_gap(tmp_path: Path) -> None:
    assert found(directory(tmp_path, "2026-01-05")) == []


def test_a_rota_that_begins_later_has_a_gap_now_and_its_ladder_leads_to_nobody(tmp_path: Path) -> None:
    path = directory(tmp_path, "2026-12-07")
    assert found(path) == [
        "people.toml: rota[nights]: found nobody on call from 2026-11-22 13:00 +01:00; expected somebody at all "
        "times: an earlier first_week, or an override until then",
        "people.toml: ladder[urgent].step[0].tell: found a step that leads to nobody from 2026-11-22 13:00 +01:00; "
        "expected a person beside the rota, or a rota on which there is always somebody",
    ]
    assert found(path, parse_instant("2026-12-07T07:00:00Z")) == []


def test_who_stands_in_closes_a_gap_until_then(tmp_path: Path) -> None:
    stands_in = 'override = [{ person = "ben", from = 2026-11-01T00:00:00Z, until = 2026-12-01T00:00:00Z }]'
    path = directory(tmp_path, "2026-12-07", stands_in)
    assert "nobody on call from 2026-12-01 01:00 +01:00" in found(path)[0]
    closed = stands_in.replace("2026-12-01", "2026-12-07")
    assert "from 2026-12-07 01:00 +01:00" in found(directory(tmp_path, "2026-12-07", closed))[0]
    whole = stands_in.replace("2026-12-01T00", "2026-12-07T07")
    assert found(directory(tmp_path, "2026-12-07", whole)) == []


def test_a_gap_beyond_the_look_ahead_is_not_told_yet(tmp_path: Path) -> None:
    stands_in = 'override = [{ person = "ben", from = 2026-11-01T00:00:00Z, until = 2027-06-01T00:00:00Z }]'
    path = directory(tmp_path, "2027-12-06", stands_in)
    assert found(path) == []
    assert len(found(path, parse_instant("2027-06-01T00:00:00Z") - LOOK_AHEAD + HOUR)) == 2


def test_check_refuses_a_gap_with_exit_2(tmp_path: Path) -> None:
    path = directory(tmp_path, "2400-01-03")
    done = CliRunner().invoke(program, ["check", "--config", str(path)])
    assert done.exit_code == 2
    assert "rota[nights]: found nobody on call from" in done.output
    done = CliRunner().invoke(program, ["check", "--config", str(directory(tmp_path, "2020-01-06"))])
    assert done.exit_code == 0, done.output


def is_warned(tmp_path: Path, people: str, text: str) -> bool:
    configuration = load(directory(tmp_path, "2026-01-05", people=people), {})
    return any(text in one for one in configuration.warnings)


def test_two_people_at_one_address_are_told_of(tmp_path: Path) -> None:
    shared = PEOPLE.replace('["ntfy://example/ben"]', '["ntfy://example/ben", "ntfy://example/anna"]')
    assert is_warned(tmp_path, shared, "anna and ben have an address in common")
    assert not is_warned(tmp_path, PEOPLE, "in common")


def test_a_ladder_without_a_route_and_a_rota_without_a_ladder_are_told_of(tmp_path: Path) -> None:
    assert is_warned(tmp_path, PEOPLE.partition("[[route]]")[0], "ladder[urgent]: no [[route]]")
    assert is_warned(tmp_path, PEOPLE.partition("[[ladder]]")[0], "rota[nights]: no step")
    for text in ("not acted on", "no step", "no [[route]]"):
        assert not is_warned(tmp_path, PEOPLE, text)


def shadowed(*routes: Route) -> list[str]:
    review = Review()
    doubt_routes(routes, review)
    return [one.partition(":")[2].partition(" is never")[0].strip() for one in review.warnings]


def route(
    site: str | None = None, unit: str | None = None, condition: str | None = None, level: str | None = None
) -> Route:
    return Route("urgent", site, unit, condition, level)


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ([route(), route(level="critical")], ["route[1]"]),
        ([route(level="critical"), route()], []),
        ([route(site="lab1"), route(site="lab1", condition="no_data"), route(site="lab2")], ["route[1]"]),
        ([route(site="lab1"), route(unit="lab1/F01")], ["route[1]"]),
        ([route(site="lab1"), route(unit="F01")], []),
        ([route(unit="F01"), route(unit="lab1/F01", level="alarm")], ["route[1]"]),
        ([route(unit="lab1/F01"), route(unit="F01")], []),
        ([route(), route(), route()], ["route[1]", "route[2]"]),
    ],
)
def test_a_route_that_is_never_taken_is_told_of(routes: list[Route], expected: list[str]) -> None:
    assert shadowed(*routes) == expected


sites, units = st.sampled_from((None, "a", "b")), st.sampled_from((None, "F1", "a/F1", "b/F1", "F2"))
conditions = st.sampled_from((None, "no_data", "drill"))
levels = st.sampled_from((None, "warning", "alarm"))


@given(st.lists(st.builds(route, sites, units, conditions, levels), min_size=2, max_size=4))
def test_what_is_said_to_be_never_taken_never_is(routes: list[Route]) -> None:
    taken = set()
    for site in ("a", "b", "c"):
        for unit in ("F1", "F2", "F3"):
            for condition in (AlarmCondition.NO_DATA, AlarmCondition.DRILL, AlarmCondition.DOOR_OPEN):
                for level in ("warning", "alarm", "critical"):
                    alarm = Alarm("a1", condition, "x", level, 0, 0, Run(1, 0, ""))  # type: ignore[arg-type]
                    place = Place(site, f"{site}/{unit}")
                    taken.add(next((n for n, one in enumerate(routes) if one.matches(alarm, place)), None))
    assert not {f"route[{n}]" for n in taken} & set(shadowed(*routes))


# --- the starter ---


def uncommented(text: str) -> str:
    """The examples of a commented file: its paragraphs that begin with a table."""
    paragraphs = [one for one in text.split("\n\n") if one.startswith("# [[")]
    return "\n".join(
        line.removeprefix("# ").removeprefix("#") for one in paragraphs for line in one.splitlines()
    )


def test_the_examples_of_the_starter_are_a_configuration_without_doubts(tmp_path: Path) -> None:
    write_starter(tmp_path / "starter")
    people = tmp_path / "starter" / "people.toml"
    people.write_text(uncommented(people.read_text("utf-8")))
    (tmp_path / "starter" / "ben-push-url").write_text("ntfy://example/ben")
    (tmp_path / "starter" / "ben-push-url").chmod(0o600)
    environ = {
        "ANNA_PUSH_URL": "ntfy://example/anna",
        "LIMS_WEBHOOK_KEY": "sixteen-characters-or-more",
        "EXOSOME_MONITOR__MAIL__HOST": "mail.lab.example",
        "EXOSOME_MONITOR__MAIL__FROM": "monitor@lab.example",
    }
    configuration = load(tmp_path / "starter", environ)
    assert [one for one in configuration.warnings if one.startswith("people.toml")] == []
    assert nobody_on_call(configuration.rotas, configuration.ladders, NOW) == []
    assert [one.name for one in configuration.people if one.qa] == ["ben"]
    assert {route.ladder for route in configuration.routes} == {"urgent", "office"}
    assert str(configuration.alerting.drill) == "Tue 10:00"  # on where there is a rota
    without_rota = load(tmp_path / "starter", environ | {"EXOSOME_MONITOR__ALERTING__DRILL": "off"})
    assert str(without_rota.alerting.drill) == "off"


# --- what no route takes ---


ANNA = '[[person]]\nname = "anna"\naddresses = ["ntfy://a"]\n'
LADDER = '[[ladder]]\nname = "l"\nstep = [{ tell = ["anna"], wait = "1m" }]\n'


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ([], "there is no [[route]]: everything is told to everybody at once (anna)"),
        (['site = "lab1"'], "what no [[route]] takes is told to everybody at once (anna)"),
        (['level = "warning"', 'level = "critical"'], "what no [[route]] takes"),
        ([f'level = "{level}"' for level in ("warning", "alarm", "critical")], None),
        (['site = "lab1"', ""], None),
    ],
)
def test_who_is_told_of_what_no_route_takes_is_said(
    tmp_path: Path, routes: list[str], said: str | None
) -> None:
    write_starter(tmp_path / "c")
    written = "".join(f'[[route]]\nladder = "l"\n{one}\n' for one in routes)
    (tmp_path / "c" / "people.toml").write_text(ANNA + LADDER + written)
    found = [one for one in load(tmp_path / "c", {}).warnings if "everybody" in one]
    assert len(found) == (said is not None)
    assert said is None or said in found[0]


@pytest.mark.parametrize("url", ["", "https://monitor.lab.example"])
def test_people_without_a_link_that_acknowledges_are_warned_of(tmp_path: Path, url: str) -> None:
    write_starter(tmp_path / "c")
    (tmp_path / "c" / "people.toml").write_text(ANNA)
    found = load(tmp_path / "c", {"EXOSOME_MONITOR__WEB__EXTERNAL_URL": url}).warnings
    assert any("messages carry no link that acknowledges" in one for one in found) == (not url)
