"""Simulations: the real program and a real mosquitto on a clock moved in steps, and the command that runs them."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from laboratory.check import Checked, check_scenario, workplace
from laboratory.embedded import EmbeddedPart, a_broker
from laboratory.engine import Simulation, SimulationError
from laboratory.scoring.outcome import RunOutcome
from laboratory.stepped import Together
from laboratory.watching import configured
from monitor.ingest import bulk
from monitor.ports import Message
from monitor.program.service import Service
from simulators.clock import HOUR, MINUTE, SECOND
from simulators.scenario.file import Action, Scenario, parse
from tests.conftest import need
from tests.rigs.loopback import free_port
from tests.rigs.server.mosquitto import Mosquitto, wait_until
from tests.rigs.server.subscription import keeping, sever
from tests.rigs.story import MISSED, PAGE, STORY

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _mosquitto() -> None:
    need("mosquitto")


@pytest.fixture(scope="module")
def plain() -> Checked:
    """The story as it is told."""
    need("mosquitto")
    return check_scenario(story())


def story(more: str = PAGE) -> Scenario:
    return parse(STORY + more, "story")


def facts(outcome: RunOutcome) -> dict[str, Any]:
    """What is true of excursions and lots and when alarms began and ended, whatever the numbers of the records."""
    excursions = [
        {key: value for key, value in each.items() if key not in ("id", "version", "decided_by")}
        for each in outcome.excursions
    ]
    alarms = [
        {key: each[key] for key in ("condition", "subject", "level", "raised_at", "cleared_at")}
        for each in outcome.alarms
    ]
    lots = [{key: value for key, value in each.items() if key != "excursions"} for each in outcome.lots]
    return {
        "excursions": sorted(excursions, key=lambda each: (each["started_at"], each["channel"])),
        "alarms": sorted(alarms, key=lambda each: (each["raised_at"], each["subject"])),
        "lots": lots,
        "readings": dict(outcome.readings),
        "rejected": dict(outcome.rejected),
    }


def numbered(found: Any) -> Any:
    """JSON with each number of a record (``a11``, ``x9``) replaced by how soon it comes."""
    text = json.dumps(found, sort_keys=True)
    names = dict.fromkeys(re.findall(r'"([ax]\d+)"', text))
    for index, name in enumerate(names):
        text = text.replace(f'"{name}"', f'"no. {index}"')
    return json.loads(text)


def everything(checked: Checked) -> Any:
    """All that a run came to, but for the real time it took and the numbers of its records."""
    outcome = checked.outcome
    told = sorted(outcome.told, key=lambda each: (each["at"], each["kind"], each["alarm"]))
    body = {key: value for key, value in checked.to_json().items() if key != "seconds"}
    whole = [body, outcome.alarms, outcome.excursions, outcome.lots, told, facts(outcome)]
    return numbered(whole)


def due(outcome: RunOutcome) -> dict[str, int]:
    """How many readings of each channel were due until the end."""
    return {name: sum(at <= outcome.ended_at for at, _ in truth) for name, truth in outcome.truth.items()}


# --- the engine ---------------------------------------------------------------------------------------------


def test_a_scenario_goes_as_its_physics_say(plain: Checked) -> None:
    assert plain.report.ok, plain.as_text()
    outcome = plain.outcome
    (excursion,) = [each for each in outcome.excursions if each["channel"] == "lab1/F01/product"]
    (crossed_at,) = outcome.crossed_at("lab1/F01/product", -60.0, "high")
    assert abs(outcome.after(excursion["started_at"]) + outcome.started_at - crossed_at) < MINUTE
    (lot,) = [each for each in outcome.lots if each["lot"] == "E-1"]
    (warm,) = [band["spent_seconds"] for band in lot["budgets"] if band["band"] == "warm"]
    above = [at for at, celsius in outcome.truth["lab1/F01/product"] if celsius > -60.0]
    assert warm == pytest.approx((above[-1] - above[0]) / SECOND, abs=120)
    assert outcome.readings == due(outcome)
    assert outcome.rejected == {}


def test_the_same_scenario_twice_gives_the_same_but_for_the_numbers_of_records(plain: Checked) -> None:
    again = check_scenario(story())
    assert everything(again) == everything(plain)
    assert check_scenario(story(), seed=2).outcome.truth != plain.outcome.truth


def test_the_length_of_the_steps_changes_no_fact(plain: Checked) -> None:
    other = check_scenario(replace(story(), step=MINUTE))
    assert facts(other.outcome) == facts(plain.outcome)
    # When something comes in is known by steps only, so what is late or missing is told by them. The last is shorter.
    coarse = facts(check_scenario(replace(story(), step=7 * MINUTE)).outcome)
    for what in ("excursions", "lots", "readings", "rejected"):
        assert coarse[what] == facts(plain.outcome)[what]


def test_a_restart_in_the_middle_changes_no_instant(plain: Checked) -> None:
    at = 95 * MINUTE  # the product is too warm, and not yet confirmed to be
    (excursion,) = [each for each in plain.outcome.excursions if each["channel"] == "lab1/F01/product"]
    started, confirmed = (plain.outcome.after(excursion[key]) for key in ("started_at", "confirmed_at"))
    assert started < at < confirmed
    for lasting in (None, 3 * MINUTE):
        restarted = check_scenario(replace(story(), actions=(Action(at, "restart_monitor", lasting),)))
        assert facts(restarted.outcome) == facts(plain.outcome)
        assert restarted.report.ok, restarted.as_text()


def test_a_broker_that_is_away_for_a_while_loses_nothing(plain: Checked) -> None:
    away = check_scenario(replace(story(), actions=(Action(100 * MINUTE, "stop_broker", 30 * MINUTE),)))
    assert away.outcome.readings == due(away.outcome) == plain.outcome.readings
    before, after = (
        next(each for each in one.outcome.excursions if each["channel"] == "lab1/F01/product")
        for one in (plain, away)
    )
    for key in ("started_at", "ended_at", "extreme_celsius", "seconds_by_band", "degree_minutes"):
        assert after[key] == before[key], key
    assert [each["verdict"] for each in away.outcome.lots] == ["within_profile"] * 2


def test_a_monitor_that_is_restarted_while_the_broker_is_away_hears_all_of_it(plain: Checked) -> None:
    broker = Action(100 * MINUTE, "stop_broker", 20 * MINUTE)
    monitor = Action(105 * MINUTE, "restart_monitor", 5 * MINUTE)
    both = check_scenario(replace(story(), actions=(broker, monitor)))
    assert both.outcome.readings == due(both.outcome) == plain.outcome.readings


@contextmanager
def a_simulation(**changes: Any) -> Iterator[tuple[Simulation, Path, EmbeddedPart]]:
    scenario = story()
    with workplace() as home, a_broker(home) as broker:
        configuration = configured(home, scenario.document, broker.settings, port=free_port())
        options = {"step": MINUTE, **changes}
        simulation = Simulation(scenario.fleet(), configuration, broker, **options)
        try:
            yield simulation, home, broker
        finally:
            simulation.close()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("reading", "waited in vain for the monitor to take what was sent: the store can't commit: "),
        ("deadline", "the monitor came to a halt: date: "),
    ],
)
def test_a_monitor_that_comes_to_a_halt_is_told_in_words(table: str, words: str) -> None:
    with a_simulation() as (simulation, home, _):

        def break_the_store(at: int, _: Service) -> None:
            if at == simulation.fleet.start_at + 10 * MINUTE:
                with closing(sqlite3.connect(home / "monitor.db", timeout=10.0)) as database:
                    database.execute(f"DROP TABLE {table}")

        with pytest.raises(SimulationError, match=re.escape(words)):
            list(simulation.run(HOUR, on_step=break_the_store))


def test_a_broker_that_falls_silent_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.stepped.PATIENCE_SECONDS", 1.0)
    with a_simulation() as (simulation, _, broker):
        server = broker.server
        assert server is not None

        def lose_it(at: int, _: Service) -> None:
            if at == simulation.fleet.start_at + 10 * MINUTE:
                server.stop()

        with pytest.raises(SimulationError, match="the broker has not acknowledged all within 1 s"):
            list(simulation.run(HOUR, on_step=lose_it))


def test_a_run_that_is_told_to_stop_is_not_taken_for_a_result() -> None:
    class AfterSome:
        def __init__(self) -> None:
            self.asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked > 20

    with pytest.raises(SimulationError, match="stopped before its end"):
        check_scenario(story(), stop=AfterSome())


def test_connections_that_break_unasked_change_no_fact(
    plain: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not yet acknowledged comes twice then; counted by number, steps would end early from there on."""
    acknowledge, calls = Together.acknowledge, [0]
    clients: list[Client] = []

    def break_sometimes(self: Together, batch: Sequence[Message]) -> None:
        calls[0] += 1
        if calls[0] in (40, 90, 140):
            sever(clients[-1])
        acknowledge(self, batch)

    kept = keeping(clients)
    monkeypatch.setattr(bulk, "client_class", lambda: kept)
    monkeypatch.setattr(Together, "acknowledge", break_sometimes)
    broken = check_scenario(story())
    assert calls[0] > 140
    assert everything(broken) == everything(plain)


def test_asked_after_its_end_a_simulation_says_that_the_monitor_doesnt_run() -> None:
    with a_simulation(actions=(Action(5 * MINUTE, "restart_monitor", HOUR),)) as (simulation, *_):
        assert list(simulation.run(10 * MINUTE))[-1] == simulation.fleet.start_at + 10 * MINUTE
        with pytest.raises(SimulationError, match="the monitor doesn't run"):
            _ = simulation.service


# --- the command --------------------------------------------------------------------------------------------


def simulate(*arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("EXOSOME_MONITOR")}
    command = [sys.executable, "-m", "monitor", "simulate", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == expect, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stdout + done.stderr
    return done


def a_file(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


def test_the_command_says_that_a_scenario_went_as_expected(tmp_path: Path) -> None:
    file = a_file(tmp_path, STORY + PAGE)
    assert "The scenario went as expected." in simulate("--scenario", file, "--check").stdout
    found = json.loads(simulate("--scenario", file, "--check", "--json").stdout)
    assert (found["ok"], found["missed"], found["false_pages"]) == (True, 0, [])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (PAGE + MISSED, "MISSED  4  temperature_low of lab1/R01/product: never raised"),
        ("", "False pages: 1\n  no_data of lab1/R01/product (alarm), told after 1 h 16 min 20 s"),
    ],
    ids=["something expected that doesn't come", "a page too many"],
)
def test_a_scenario_that_goes_otherwise_ends_with_1(tmp_path: Path, more: str, words: str) -> None:
    done = simulate("--scenario", a_file(tmp_path, STORY + more), "--check", expect=1)
    assert words in done.stdout
    assert "did NOT go as expected" in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = ", "mine.toml: Invalid value"),
        (STORY.replace("compressor_failed", "compressor_failde"), "did you mean compressor_failed?"),
        (STORY + '[[expect]]\nalarm = "temprature_high"\n', "did you mean temperature_high?"),
        (STORY + "[monitor.mqtt]\nprot = 1\n", "prot"),
    ],
    ids=["no TOML", "a kind misspelt", "an expectation misspelt", "a setting misspelt"],
)
def test_a_scenario_that_cant_be_used_ends_with_2_and_the_mistake(
    tmp_path: Path, text: str, words: str
) -> None:
    done = simulate("--scenario", a_file(tmp_path, text), "--check", expect=2)
    assert words in done.stderr
    assert not done.stdout


def test_a_scenario_that_isnt_there_ends_with_2_and_those_that_are(tmp_path: Path) -> None:
    assert "those that ship are" in simulate("--scenario", "holidays", "--check", expect=2).stderr
    assert "can't be read" in simulate("--scenario", str(tmp_path / "none.toml"), "--check", expect=2).stderr
    assert "choose one of" in simulate("--list", "--check", expect=2).stderr


def test_the_scenarios_that_ship_are_listed_with_what_they_tell() -> None:
    found = json.loads(simulate("--list", "--json").stdout)
    names = [each["scenario"] for each in found]
    assert names == sorted(names)
    assert "demo" in names
    assert all(each["title"] for each in found)
    shown = simulate("--list").stdout
    assert all(name in shown for name in names)


def test_a_broker_is_fed_for_as_long_as_asked(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    heard: list[tuple[str, bytes]] = []
    listener = Client(CallbackAPIVersion.VERSION2, client_id="listener")
    listener.on_message = lambda _c, _u, message: heard.append((message.topic, bytes(message.payload)))
    listener.connect("127.0.0.1", broker.port)
    listener.subscribe("lab/v1/#", qos=1)
    listener.loop_start()
    wait_until(lambda: broker.subscriptions("listener") == 1, "the subscription")
    try:
        file = a_file(tmp_path, STORY)
        done = simulate(
            *("--scenario", file, "--port", str(broker.port), "--root", "lab/v1"),
            *("--speed", "600", "--for", "2s", "--seed", "3"),
        )
        said = re.search(r"(\d+) messages were handed over", done.stderr + done.stdout)
        assert said is not None
        offline = {f"lab/v1/lab1/{name}/status" for name in ("F01/product", "F01/air", "R01/product")}
        wait_until(lambda: {(t, b"offline") for t in offline} <= set(heard), "the end")
        live = [topic for topic, _ in heard if topic.endswith("/reading")]
        assert len(live) == pytest.approx(3 * 20 + 3, abs=3)  # 20 minutes, and the past
        assert int(said[1]) == len(heard) - len(offline)
    finally:
        listener.disconnect()
        listener.loop_stop()
        broker.stop()


def test_without_a_broker_it_says_so_and_ends_with_1(tmp_path: Path) -> None:
    file = a_file(tmp_path, STORY)
    done = simulate("--scenario", file, "--port", str(free_port()), "--for", "1s", expect=1)
    assert "nothing was taken: is there a broker at 127.0.0.1:" in done.stderr
    assert "0 messages were handed over" in done.stderr + done.stdout
