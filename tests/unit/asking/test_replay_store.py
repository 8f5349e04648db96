"""Rules tried on the stored history: packed and unpacked, beside a writer, and by the command."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from benchmarks.replay import main as bench
from monitor.cli.program import program
from monitor.config.starter import write_starter
from monitor.core.channel.columns import Plain
from monitor.core.channel.fold import judge
from monitor.core.channel.line import Line, nano
from monitor.core.channel.reading import Reading
from monitor.core.lot.ledger import Ledger
from monitor.core.lot.mkt import heat_along, heat_of
from monitor.core.lot.piece import Calm, GoodValues
from monitor.core.lot.place import rule_in
from monitor.core.profile.profile import Profile, ThawRule, UnknownRule, Window
from monitor.core.profile.rules import constant
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import DAY, HOUR, LATEST, MINUTE, days_in, format_instant
from monitor.ports import JSON
from monitor.store import series
from monitor.store.engine import StoreUnreadableError
from monitor.store.store import Store
from monitor.testing import Rig, one_unit, ult_profile
from monitor.writer.lot.sweep import LedgerFold
from tests.rigs.lab import T0, live, minutes, register
from tests.rigs.replaying import FAILING, WARMING, history, outcomes, profile, replayed, tighter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


# --- the same as judging reading by reading ---


@pytest.mark.parametrize("seed", range(6))
def test_packed_and_unpacked_history_give_what_the_core_gives(
    path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise around the limits, gaps, faults, copies, late readings: settled in small blocks."""
    monkeypatch.setattr(series, "SETTLE_AT", 400)
    monkeypatch.setattr(series, "BLOCK_MAX", 150)
    chance = random.Random(seed)
    print("seed", seed)
    readings = _wild(chance)
    settings = ProbeSettings(offset=chance.choice([0.0, 0.5]), sensor="pt1000", uncertainty=0.3)
    thawing = ThawRule(-40.0, 10 * MINUTE, -50.0, HOUR, 0)
    before = profile(unknown=UnknownRule("as_band", "warm", HOUR, DAY), thaw=thawing)
    after = replace(before, version=2, window=Window(-90.0, -66.0), bands=tighter().bands)
    rig = Rig(path, now=T0, installation=one_unit(settings), profiles=[before])
    rig.writer.lot_event(register(at=T0 + 200 * MINUTE))
    for start in range(0, len(readings), 200):
        rig.clock.at = max(r.received_at for r in readings[start : start + 200])
        rig.read(readings[start : start + 200])
    rules = rig.rules["lab1/F01/product"]
    rig.close()
    end = max(r.measured_at for r in readings) + chance.choice([-500 * MINUTE, MINUTE, HOUR])
    found = replayed(path, [after], installation=one_unit(settings), end=end)
    assert found["warnings"] == []
    tried = replace(rules, profiles=((rules.profiles[0][0], after),))
    for name, judging in (("was", rules), ("would_be", tried)):
        expected = judge(judging, readings, end)
        assert len(expected) == sum(
            number
            for outcome, number in outcomes(found["excursions"]).items()
            if outcome not in (("new",) if name == "was" else ("gone", "merged"))
        )
        by_start = {(e.direction, format_instant(e.started_at)): e for e in expected}
        for one in found["excursions"]["differences"]:
            if one[name] is not None:
                same = by_start[one[name]["direction"], one[name]["started_at"]]
                assert one[name]["degree_minutes"] == same.degree_minutes
                assert one[name]["uncertain_seconds"] == same.uncertain_ms / 1000
                assert one[name]["unknown_seconds"] == same.unknown_ms / 1000
    _agrees_with_the_view(path, settings, before, after, found, end)


def _wild(chance: random.Random) -> list[Reading]:
    at, value, found = T0, -80.0, list[Reading]()
    for _ in range(2_500):
        at += MINUTE if chance.random() < 0.995 else chance.randint(2, 90) * MINUTE
        warm = at // (400 * MINUTE) % 3 == 0
        value += (-62.0 if warm else -80.0) * 0.05 - value * 0.05 + chance.gauss(0, 1.0)
        celsius: float | None = round(value, 2)
        if chance.random() < 0.004:
            celsius = chance.choice([988.79, 70.0, -300.0])
        fault = "open_circuit" if chance.random() < 0.002 else None
        found.append(Reading(at, at + chance.randint(0, 2000), None if fault else celsius, fault))
        if chance.random() < 0.003:
            found.append(found[-1]._replace(received_at=at + 5_000))
        if chance.random() < 0.003:
            found.append(found[-1]._replace(celsius=round(value + 1, 2), fault=None))
    for _ in range(5):
        index = chance.randrange(len(found) - 300)
        found.insert(index + 250, found.pop(index)._replace(received_at=found[index + 250].received_at))
    return found


def _agrees_with_the_view(
    path: Path, settings: ProbeSettings, before: Profile, after: Profile, found: JSON, end: int
) -> None:
    """The lot's figures are those of the view, for what was; and for what would be, those of a store with these
    rules."""
    other = path.with_name("other.db")
    lots = {}
    for name, file, rule in (("was", path, before), ("would_be", other, replace(after, version=1))):
        rig = Rig(file, now=end, installation=one_unit(settings), profiles=[rule])
        if name == "would_be":
            old = Store(f"sqlite:///{path}", read_only=True)
            with old.reading() as tx:
                rows = [row.reading for row in old.history.readings(tx, 1)]
            old.close()
            rig.writer.lot_event(register(at=T0 + 200 * MINUTE))
            rig.clock.at = max(row.received_at for row in rows)
            rig.read(rows)
        lots[name] = rig.view.lot("L1", as_of=end)
        rig.close()
    (lot,) = found["lots"]["differences"]
    for name, body in lots.items():
        assert lot[name]["verdict"] == body["verdict"]
        assert lot[name]["coverage"] == body["coverage"]
        assert lot[name]["effective_expires_at"] == body["effective_expires_at"]
        assert [b["spent_seconds"] for b in lot[name]["budgets"]] == [
            b["spent_seconds"] for b in body["budgets"]
        ]
        assert [r["text"] for r in lot[name]["reasons"]] == [r["text"] for r in body["reasons"]]


# --- the live store ---


def _digests(folder: Path) -> dict[str, str]:
    files = (file for file in folder.iterdir() if not file.name.endswith("-shm"))  # readers' marks
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_a_store_that_is_being_written_is_replayed_and_left_as_it_is(path: Path) -> None:
    rig = history(path, WARMING, FAILING)
    before = _digests(path.parent)
    assert outcomes(replayed(path, [tighter()])["excursions"]) == {"new": 1, "changed": 1}
    assert _digests(path.parent) == before
    live(rig, minutes(FAILING, T0 + 12 * HOUR))  # it goes on
    assert outcomes(replayed(path, [profile()])["excursions"]) == {"unchanged": 2}
    rig.close()


def test_a_store_at_rest_keeps_every_byte(path: Path) -> None:
    history(path, WARMING).close()
    before = _digests(path.parent)
    replayed(path, [tighter()])
    after = _digests(path.parent)
    assert {name: after[name] for name in before} == before
    assert path.with_name(path.name + "-wal").stat().st_size == 0


def test_a_store_opened_for_reading_refuses_to_be_written(path: Path) -> None:
    history(path, WARMING).close()
    store = Store(f"sqlite:///{path}", read_only=True)
    with pytest.raises(RuntimeError, match="for reading only"):
        store.open_for_writing()
    with pytest.raises(RuntimeError, match="for reading only"), store.writing():
        pass
    store.close()


def test_a_store_that_is_not_there_is_not_made(path: Path) -> None:
    with pytest.raises(StoreUnreadableError, match="there is no store"):
        Store(f"sqlite:///{path.parent}/sub/none.db", read_only=True)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(("revision", "words"), [("0001", "older version"), ("9999", "newer version")])
def test_a_store_of_another_version_of_the_program_is_refused_in_words(
    path: Path, revision: str, words: str
) -> None:
    history(path, WARMING).close()
    store = Store(f"sqlite:///{path}")
    with store.writing() as tx:
        tx.exec_driver_sql(f"update alembic_version set version_num = '{revision}'")
    store.close()
    with pytest.raises(StoreUnreadableError, match=words):
        Store(f"sqlite:///{path}", read_only=True)


# --- the command ---

MONITOR_TOML = """
[store]
url = "sqlite:///{path}"
[site.lab1]
timezone = "Europe/Berlin"
[[unit]]
site = "lab1"
name = "F01"
profile = "ult-80"
probe = [{{ name = "product" }}]
"""


class Command:
    """A configuration to try, and the store that a live one of the same content has filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "trial"
        write_starter(self.folder)
        self.monitor = self.folder / "monitor.toml"
        self.monitor.write_text(MONITOR_TOML.format(path=folder / "store.db"), encoding="utf-8")
        self.profile = self.folder / "profiles" / "ult-80.toml"

    def fill(self) -> None:
        from monitor.program import app
        from monitor.program.assembly import installation_of

        live_one = app.load(self.folder)
        rig = Rig(
            self.folder.parent / "store.db",
            now=T0,
            installation=installation_of(live_one),
            profiles=live_one.profiles,
        )
        event = replace(register(), profile="ult-80")
        rig.writer.lot_event(event)
        live(rig, minutes(WARMING))
        rig.close()

    def run(self, *words: str, code: int = 0) -> Any:
        command = ["replay", "--config", str(self.folder), *words]
        done = CliRunner().invoke(program, command, prog_name="exosome-monitor")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done


@pytest.fixture
def command(tmp_path: Path) -> Command:
    found = Command(tmp_path)
    found.fill()
    return found


def _tighten(command: Command) -> None:
    text = command.profile.read_text(encoding="utf-8")
    edited = text.replace("high = -60.0", "high = -65.0").replace("above = -60.0", "above = -65.0")
    assert edited != text
    command.profile.write_text(edited, encoding="utf-8")


def test_the_command_says_in_a_sentence_what_an_edited_profile_would_have_done(command: Command) -> None:
    to = ("--to", format_instant(T0 + 3 * HOUR))
    assert "nothing would have been different" in command.run(*to).stdout
    _tighten(command)
    done = command.run(*to)
    assert done.stdout.startswith("With these rules 1 excursion more would have been confirmed")
    assert "ult-80" in done.stdout
    assert "window" in done.stdout
    found = json.loads(command.run(*to, "--json").stdout)
    assert found["to"] == format_instant(T0 + 3 * HOUR)
    assert found["rules"] == [
        {"kind": "profile", "name": "ult-80", "is_new": False, "keys": ["bands", "window"]}
    ]
    assert found["excursions"]["new"] == 1


def test_the_command_reads_another_store_if_told_to(command: Command) -> None:
    missing = command.folder.parent / "none.db"
    done = command.run("--store", f"sqlite:///{missing}", code=2)
    assert f"there is no store {missing}" in done.stderr
    assert not missing.exists()
    command.monitor.write_text(MONITOR_TOML.format(path=missing), encoding="utf-8")
    command.run(code=2)
    command.run("--store", f"sqlite:///{command.folder.parent / 'store.db'}")


def test_the_command_names_a_profile_that_is_missing_and_the_remedy(command: Command) -> None:
    text = command.profile.read_text(encoding="utf-8").replace('name = "ult-80"', 'name = "ult-90"')
    command.profile.unlink()
    (command.folder / "profiles" / "ult-90.toml").write_text(text, encoding="utf-8")
    toml = command.monitor.read_text(encoding="utf-8").replace("ult-80", "ult-90")
    command.monitor.write_text(toml, encoding="utf-8")
    done = command.run(code=2)
    assert "'ult-80' (1 lot)" in done.stderr
    assert "Put their files back" in done.stderr


def test_a_beginning_that_is_not_before_the_end_is_a_usage_error(command: Command) -> None:
    done = command.run("--from", "2026-11-22", "--to", "2026-11-20", code=2)
    assert "it is not before --to" in done.stderr


# --- what makes it fast ---


@pytest.mark.parametrize("seed", range(5))
def test_the_heat_along_a_stretch_is_that_of_its_lines(seed: int) -> None:
    chance = random.Random(seed)
    print("seed", seed)
    at = sorted(chance.sample(range(10_000_000), 200))
    celsius = [round(chance.gauss(5, 20), chance.choice([1, 2, 9])) for _ in at]
    lines = [
        Line(t0, nano(c0), t1, nano(c1)) for (t0, c0), (t1, c1) in pairwise(zip(at, celsius, strict=True))
    ]
    assert heat_along(at, celsius, 10_000.0) == sum(heat_of(one, one.t0, one.t1, 10_000.0) for one in lines)
    assert heat_along(at[:1], celsius[:1], 10_000.0) == 0


@pytest.mark.parametrize("delta", [None, 10_000.0])
def test_a_ledger_filled_in_stretches_holds_what_one_filled_by_readings_does(
    path: Path, delta: float | None
) -> None:
    fridge = ult_profile(window=Window(-90.0, 8.0 if delta else -60.0))
    rule = rule_in(fridge, None)
    assert rule.delta_h_over_r == delta
    rules = constant(fridge, ProbeSettings(offset=0.25), days_in(ZoneInfo("UTC")))
    readings = [(T0 + i * MINUTE, round(-80 + (i % 7) / 8, 3)) for i in range(1_000)]
    one, other = Ledger(rule, rules, T0), Ledger(rule, rules, T0)
    for at, celsius in readings:
        one.take(at, (celsius + 0.25,))
    fold = LedgerFold(other)
    for start in range(0, 1_000, 50):
        chunk = Plain(*map(list, zip(*readings[start : start + 50], strict=True)))
        assert fold.take_stretch(chunk.stretch(), chunk)
    ends = [
        ledger.pieces(T0, T0 + 999 * MINUTE, as_of=LATEST, closed=True, zoom=_none) for ledger in (one, other)
    ]
    (calm,), (same,) = (list(pieces) for pieces in ends)
    assert isinstance(calm, Calm)
    for name in ("from_at", "to_at", "low", "high", "heat"):
        assert getattr(calm, name) == getattr(same, name)
    assert (calm.heat > 0) == (delta is not None)


def _none(first: int, last: int) -> list[GoodValues]:
    return []


def test_the_bench_of_replaying_says_how_many_readings_it_swept(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ("--channels", "2", "--fridges", "1", "--days", "4", "--lots", "2", "--rounds", "1")
    assert bench([*sizes, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [one["rules"] for one in results] == ["no change", "freezers", "all"]
    assert {one["readings"] for one in results} == {2 * 4 * 1440}
    assert results[0]["lots_changed"] == 0
