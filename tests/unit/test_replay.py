"""Rules tried on the stored history: what they would have done, and that trying them changes nothing."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from monitor.cli.program import program
from monitor.config.starter import write_starter
from monitor.core.channel import judge
from monitor.core.installation import Installation
from monitor.core.instant import DAY, HOUR, MINUTE, format_instant
from monitor.core.profile import Band, Profile, SideRule, ThawRule, UnknownRule, Window
from monitor.core.reading import Reading
from monitor.core.unit import ProbeSettings
from monitor.ports import JSON
from monitor.runtime.difference import Difference
from monitor.runtime.replay import Replay
from monitor.store import series
from monitor.store.engine import StoreUnreadableError
from monitor.store.facts import rule_versions
from monitor.store.rulebook import Rulebook
from monitor.store.store import Store
from monitor.store.trial import Trial
from monitor.testing import Writer, one_unit, ult_profile
from tests.unit.lab import T0, live, lot_event, minutes, register

WARMING = [-80.0, -75.0, -68.0] + [-63.0] * 30 + [-68.0] + [-80.0] * 30
"""Half an hour at −63 °C: inside a window that ends at −60, outside one that ends at −65."""
FAILING = [-80.0, -70.0] + [-50.0] * 30 + [-70.0] + [-80.0] * 30
"""Half an hour at −50 °C: outside both."""
END = T0 + 2 * DAY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def profile(**changes: Any) -> Profile:
    """The test's profile with an hour's budget between −60 and −40 °C, in a version that says so."""
    bands = (
        Band("warm", -60.0, -40.0, HOUR),
        Band("warmer", -40.0, None, None),
        Band("cold", None, -90.0, None),
    )
    return ult_profile(**{"bands": bands, **changes})


def tighter(**changes: Any) -> Profile:
    """The same with a window that ends at −65 °C, whose band may last for 10 minutes."""
    bands = (
        Band("warm", -65.0, -40.0, 10 * MINUTE),
        Band("warmer", -40.0, None, None),
        Band("cold", None, -90.0, None),
    )
    return profile(**{"version": 2, "window": Window(-90.0, -65.0), "bands": bands, **changes})


def replayed(
    path: Path,
    profiles: Sequence[Profile],
    *,
    installation: Installation | None = None,
    start: int = 0,
    end: int = END,
    as_dated: bool = False,
) -> JSON:
    """As :func:`monitor.app.replay` does it, without its clock."""
    installation = installation or one_unit()
    store = Store(f"sqlite:///{path}", read_only=True)
    try:
        with store.reading() as tx:
            stored = rule_versions(tx)
            trial = Trial(stored, installation, profiles, as_dated=as_dated)
            books = Rulebook(stored, installation.zone_of), trial.book()
            replay = Replay(store, tx, installation, books, start=start, end=end)
            found = replay.run(trial.names)
            return Difference(store, tx, installation, start, end).to_json(replay, found)
    finally:
        store.close()


def history(path: Path, *courses: list[float], first: Profile | None = None) -> Writer:
    """A writer that has lived through the courses, one every 6 hours, with a lot in the unit."""
    writer = Writer(path, now=T0, profiles=[first or profile()])
    writer.monitor.lot_event(register())
    for number, course in enumerate(courses):
        live(writer, minutes(course, T0 + number * 6 * HOUR))
    return writer


def outcomes(part: JSON) -> dict[str, int]:
    return {name: part[name] for name in ("unchanged", "changed", "new", "gone", "merged") if part[name]}


# --- what would have been ---


def test_the_rules_in_force_make_no_difference(path: Path) -> None:
    history(path, WARMING, FAILING).close()
    found = replayed(path, [profile()])
    assert found["summary"] == "With these rules nothing would have been different: 1 excursion, 1 lot."
    assert outcomes(found["excursions"]) == {"unchanged": 1}
    assert outcomes(found["alarms"]) == {"unchanged": 1}
    assert outcomes(found["lots"]) == {"unchanged": 1}
    assert found["warnings"] == []
    assert found["readings"] == len(WARMING) + len(FAILING)


def test_a_tighter_window_finds_new_excursions_and_breached_lots(path: Path) -> None:
    history(path, WARMING, FAILING).close()
    found = replayed(path, [profile(), tighter()])
    assert outcomes(found["excursions"]) == {"new": 1, "changed": 1}
    new, changed = found["excursions"]["differences"]
    assert new["would_be"]["extreme_celsius"] == -63.0
    assert new["would_be"]["confirmed_by"] == "delay"
    assert new["was"] is None
    assert changed["id"].startswith("x")
    assert {"started_at", "ended_at", "seconds_by_band"} <= set(changed["changed"])
    assert "extreme_celsius" not in changed["changed"]
    (lot,) = found["lots"]["differences"]
    assert (lot["was"]["verdict"], lot["would_be"]["verdict"]) == ("within_profile", "breached")
    assert [reason["code"] for reason in lot["reasons_more"]][:1] == ["budget_exhausted"]
    conditions = {(alarm["condition"], alarm["outcome"]) for alarm in found["alarms"]["differences"]}
    assert {("temperature_high", "new"), ("lot_breached", "new")} <= conditions
    assert "1 excursion more would have been confirmed" in found["summary"]
    assert "1 lot would be breached that is not" in found["summary"]


def test_a_longer_delay_confirms_less_and_raises_fewer_alarms(path: Path) -> None:
    history(path, FAILING).close()
    slow = SideRule(2 * HOUR, 5 * MINUTE, None, None)
    found = replayed(path, [profile(version=2, high=slow)])
    (one,) = found["excursions"]["differences"]
    assert one["changed"] == ["confirmed_at", "confirmed_by"]
    assert "1 excursion that was confirmed would not have been" in found["summary"]
    gone = [alarm for alarm in found["alarms"]["differences"] if alarm["condition"] == "temperature_high"]
    assert [alarm["outcome"] for alarm in gone] == ["gone"]
    assert gone[0]["id"].startswith("a")


def test_a_probe_whose_alarms_are_off_would_have_raised_none(path: Path) -> None:
    history(path, FAILING).close()
    unit = one_unit().units["lab1/F01"]
    quiet = replace(unit, probes=(replace(unit.probes[0], alarms=False),))
    installation = Installation({quiet.path: quiet}, one_unit().zones)
    found = replayed(path, [profile()], installation=installation)
    assert outcomes(found["excursions"]) == {"unchanged": 1}
    assert outcomes(found["alarms"])["gone"] == 1


def test_another_offset_of_a_probe_is_tried_on_all_of_the_past(path: Path) -> None:
    history(path, WARMING).close()
    found = replayed(path, [profile()], installation=one_unit(ProbeSettings(offset=5.0)))
    assert outcomes(found["excursions"]) == {"new": 1}
    assert found["excursions"]["differences"][0]["would_be"]["extreme_celsius"] == -58.0


def test_an_alternative_place_for_a_lot_judges_it_by_the_class_that_is_tried(path: Path) -> None:
    history(path, FAILING).close()
    unit = replace(one_unit().units["lab1/F01"], profile="warmer")
    installation = Installation({unit.path: unit}, one_unit().zones)
    lax = profile(name="warmer", window=Window(-90.0, -20.0))
    found = replayed(path, [profile(), lax], installation=installation)
    assert outcomes(found["excursions"]) == {"gone": 1}
    assert outcomes(found["lots"]) == {"unchanged": 1}  # judged by its own profile, wherever it stands


def test_a_part_of_another_excursion_is_not_told_as_gone(path: Path) -> None:
    twice = FAILING[:-30] + [-80.0] * 8 + FAILING[1:]
    history(path, twice).close()
    slow = SideRule(10 * MINUTE, HOUR, -40.0, None)
    found = replayed(path, [profile(version=2, high=slow)])
    assert outcomes(found["excursions"]) == {"changed": 1, "merged": 1}
    assert "1 excursion would have been part of another" in found["summary"]
    assert "confirmed" not in found["summary"]


# --- which rules hold when ---


def test_a_version_that_begins_now_is_tried_on_the_past_unless_its_date_counts(path: Path) -> None:
    history(path, WARMING, FAILING).close()
    later = tighter(effective_from=T0 + 3 * HOUR)
    assert outcomes(replayed(path, [profile(), later])["excursions"]) == {"new": 1, "changed": 1}
    dated = replayed(path, [profile(), later], as_dated=True)
    assert outcomes(dated["excursions"]) == {"changed": 1}
    assert outcomes(dated["lots"]) == {"unchanged": 1}  # registered before: the version of that day judges it


def test_what_was_is_judged_by_the_versions_that_were_in_force(path: Path) -> None:
    history(path, WARMING).close()
    writer = Writer(path, now=T0 + 3 * HOUR, profiles=[profile(), tighter(effective_from=T0 + 3 * HOUR)])
    live(writer, minutes(WARMING, T0 + 6 * HOUR))
    writer.close()
    found = replayed(path, [profile(), tighter(effective_from=T0 + 3 * HOUR)])
    assert outcomes(found["excursions"]) == {"unchanged": 1, "new": 1}
    assert found["warnings"] == []
    dated = replayed(path, [profile(), tighter(effective_from=T0 + 3 * HOUR)], as_dated=True)
    assert outcomes(dated["excursions"]) == {"unchanged": 1}
    assert outcomes(dated["lots"]) == {"unchanged": 1}


def test_a_version_on_record_that_is_edited_is_tried_where_it_held(path: Path) -> None:
    history(path, WARMING).close()
    for as_dated in (False, True):
        found = replayed(path, [tighter(version=1)], as_dated=as_dated)
        assert outcomes(found["excursions"]) == {"new": 1}


def test_a_lot_stays_bound_to_the_version_that_qa_chose(path: Path) -> None:
    writer = Writer(path, now=T0, profiles=[profile(), tighter(effective_from=T0 + 50 * DAY)])
    writer.monitor.lot_event(register())
    live(writer, minutes(WARMING))
    writer.monitor.lot_event(lot_event("b1", "bound", writer.clock.now(), profile="ult@2", reason="study 7"))
    writer.close()
    for files in ([profile()], [profile(), profile(version=3)]):  # the store has version 2
        assert outcomes(replayed(path, files)["lots"]) == {"unchanged": 1}
    edited = replayed(path, [profile(), profile(version=2), tighter(version=3)])
    (lot,) = edited["lots"]["differences"]
    assert (lot["was"]["verdict"], lot["would_be"]["verdict"]) == ("breached", "within_profile")
    assert lot["would_be"]["profile"] == "ult@2"


def test_a_profile_that_lots_carry_and_the_rules_lack_is_named_with_the_remedy(path: Path) -> None:
    history(path, WARMING).close()
    unit = replace(one_unit().units["lab1/F01"], profile="ult-new")
    installation = Installation({unit.path: unit}, one_unit().zones)
    with pytest.raises(ValueError, match=r"'ult' \(1 lot\)\. Put their files back into profiles/"):
        replayed(path, [profile(name="ult-new")], installation=installation)


def test_a_lot_disposed_of_before_the_time_asked_for_is_left_out(path: Path) -> None:
    writer = history(path, WARMING)
    writer.monitor.lot_event(lot_event("d1", "disposed", writer.clock.now()))
    disposed_at = writer.clock.now()
    writer.close()
    assert outcomes(replayed(path, [tighter()], start=disposed_at)["lots"]) == {"changed": 1}
    after = replayed(path, [tighter(name="other")], start=disposed_at + 1, installation=_judged_by("other"))
    assert outcomes(after["lots"]) == {}


def _judged_by(name: str) -> Installation:
    unit = replace(one_unit().units["lab1/F01"], profile=name)
    return Installation({unit.path: unit}, one_unit().zones)


# --- from and to ---


def test_only_what_touches_the_time_is_shown_and_all_of_it_is_folded(path: Path) -> None:
    history(path, WARMING, FAILING).close()
    everything = replayed(path, [tighter()])
    first, second = everything["excursions"]["differences"]
    ended_at = T0 + _minute_of_return(first) * MINUTE
    for start, expected in ((ended_at, {"new": 1, "changed": 1}), (ended_at + MINUTE, {"changed": 1})):
        assert outcomes(replayed(path, [tighter()], start=start)["excursions"]) == expected
    late = replayed(path, [tighter()], start=ended_at + MINUTE)
    assert late["excursions"]["differences"] == [second]
    assert late["lots"] == everything["lots"]  # over the whole timeline, whatever is shown


def _minute_of_return(excursion: JSON) -> int:
    """The whole minute in which an excursion of the first course ended."""
    return (
        next(n for n in range(200) if format_instant(T0 + n * MINUTE) > excursion["would_be"]["ended_at"]) - 1
    )


def test_nothing_after_to_is_known(path: Path) -> None:
    history(path, FAILING).close()
    middle = T0 + 20 * MINUTE
    found = replayed(
        path, [profile(version=2, high=SideRule(5 * MINUTE, 5 * MINUTE, None, None))], end=middle
    )
    (one,) = found["excursions"]["differences"]
    assert one["was"]["closed_at"] is None
    assert one["changed"] == ["confirmed_at"]
    assert found["readings"] == 21
    (lot,) = found["lots"]["differences"] or [None]
    assert lot is None or lot["was"]["verdict"] == "at_risk"
    assert outcomes(replayed(path, [tighter()], end=T0 - 1)["excursions"]) == {}


def test_a_record_that_its_own_rules_do_not_give_is_warned_of(path: Path) -> None:
    writer = history(path, FAILING)
    writer.close()
    store = Store(f"sqlite:///{path}")
    store.open_for_writing()
    with store.writing() as tx:
        (fact,) = store.current_facts(tx, "excursion")
        body = {**fact.body, "confirmed_at": None}
        store.record_fact(tx, fact._replace(version=fact.version + 1, body=body), "by hand")
        lot = store.fact(tx, "lot", "L1")
        assert lot is not None
        reasons = [{"code": "expired", "text": "", "evidence": {}}]
        store.record_fact(
            tx, lot._replace(version=lot.version + 1, body={**lot.body, "reasons": reasons}), "by hand"
        )
    store.close()
    found = replayed(path, [profile()])
    assert len(found["warnings"]) == 2
    assert "lab1/F01/product" in found["warnings"][0]
    assert "L1" in found["warnings"][1]
    assert "nothing would have been different" in found["summary"]


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
    writer = Writer(path, now=T0, installation=one_unit(settings), profiles=[before])
    writer.monitor.lot_event(register(at=T0 + 200 * MINUTE))
    for start in range(0, len(readings), 200):
        writer.clock.at = max(r.received_at for r in readings[start : start + 200])
        writer.read(readings[start : start + 200])
    rules = writer.rules["lab1/F01/product"]
    writer.close()
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
        writer = Writer(file, now=end, installation=one_unit(settings), profiles=[rule])
        if name == "would_be":
            old = Store(f"sqlite:///{path}", read_only=True)
            with old.reading() as tx:
                rows = [row.reading for row in old.history(tx, 1)]
            old.close()
            writer.monitor.lot_event(register(at=T0 + 200 * MINUTE))
            writer.clock.at = max(row.received_at for row in rows)
            writer.read(rows)
        lots[name] = writer.view.lot("L1", as_of=end)
        writer.close()
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
    writer = history(path, WARMING, FAILING)
    before = _digests(path.parent)
    assert outcomes(replayed(path, [tighter()])["excursions"]) == {"new": 1, "changed": 1}
    assert _digests(path.parent) == before
    live(writer, minutes(FAILING, T0 + 12 * HOUR))  # it goes on
    assert outcomes(replayed(path, [profile()])["excursions"]) == {"unchanged": 2}
    writer.close()


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
        from monitor import app
        from monitor.assembly import installation_of

        live_one = app.load(self.folder)
        writer = Writer(
            self.folder.parent / "store.db",
            now=T0,
            installation=installation_of(live_one),
            profiles=live_one.profiles,
        )
        event = replace(register(), profile="ult-80")
        writer.monitor.lot_event(event)
        live(writer, minutes(WARMING))
        writer.close()

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
