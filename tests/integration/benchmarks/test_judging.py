"""The bench of judging at a tiny size: what it counts and says, never how fast anything is."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.child import BenchError
from benchmarks.judging.pure import measure
from benchmarks.judging.run import WARMING, main, run, tables
from benchmarks.judging.site import SiteProcess, unit_of
from benchmarks.judging.stream import Weather, minutes, profile

pytestmark = pytest.mark.slow

QUIET = Console(quiet=True)


def test_a_bench_of_judging_touches_the_same_lots_however_many_there_are(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    report = run(rounds=2, channels=20, readings=2_000, lots=[10, 40], minutes=12, out=out, console=QUIET)
    assert json.loads(out.read_text()) == report
    few, many = report["lots"]
    assert few["lots_judged"] == many["lots_judged"] == WARMING  # each lot once, as its unit warms up
    assert few["ratio_by_minute"] == {"min": 1.0, "median": 1.0, "max": 1.0}
    for row in report["lots"]:
        assert 0 < row["cpu_us_per_reading"]["min"] <= row["cpu_us_per_reading"]["median"]
        assert row["start_seconds"] > 0
    assert report["alone"]["readings"] <= 2_000
    assert [table.row_count for table in tables(report)] == [3, 2]


def test_judging_alone_sees_excursions_gaps_and_lots_that_wake() -> None:
    found = measure(100, 10_000)
    assert found.excursions > 0
    assert found.lots_woken > 0
    assert 9_000 < found.readings < 10_000
    assert found.judge_seconds > 0


def test_warm_units_hold_one_lot_each_and_no_unit_has_many_more_than_another() -> None:
    units = Counter(unit_of(lot, 1_000, 10) for lot in range(100_000))
    assert [units[unit] for unit in range(10)] == [1] * 10
    rest = [units[unit] for unit in range(10, 1_000)]
    assert sum(rest) == 99_990
    assert max(rest) - min(rest) <= 1


def test_the_readings_are_the_same_each_time_rise_and_only_warm_units_leave_the_window() -> None:
    weather = Weather(frozenset({3}), has_gaps=True)
    first = [row for minute in islice(minutes(5, weather), 40) for row in minute]
    assert first == [row for minute in islice(minutes(5, weather), 40) for row in minute]
    instants = [reading.measured_at for _, reading in first]
    assert instants == sorted(instants)
    window = profile().window
    assert {channel for channel, r in first if not window.contains(r.celsius or 0.0)} == {3}


def test_a_site_that_cannot_start_ends_the_bench(tmp_path: Path) -> None:
    site = SiteProcess(tmp_path / "site", 1, channels=3, warming=3)
    (tmp_path / "site").rmdir()
    (tmp_path / "site").write_text("no folder")
    with site, pytest.raises(BenchError, match="ended before its time"):
        site.start()


@pytest.mark.parametrize("wrong", [["--rounds", "0"], ["--lots", "0"], ["--channels", "10"]])
def test_the_bench_of_judging_refuses_a_bench_of_nothing(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(wrong)
    assert caught.value.code == 2
    assert "must be" in capsys.readouterr().err
