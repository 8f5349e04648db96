"""What a check of a scenario comes to: delays, false pages, warnings, and the report."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from monitor.core.time.instant import HOUR, MINUTE
from tests.rigs.scoring_outcome import OUTCOME, TRUTH, alarm, at, one, report, told
from tests.unit.laboratory.scoring.test_expectations import MET, MISSED

# --- delays, false pages ---


def test_the_delay_of_a_thermal_alarm_counts_from_the_true_crossing_of_its_limit() -> None:
    found = one('alarm = "temperature_high"\nunit = "F01"')
    assert found.delay == 44 * MINUTE  # crossed at 1 h 30 min, told at 2 h 14 min
    assert found.figures["delay_seconds"] == 2_640.0


def test_a_scenario_may_say_since_when_the_delay_counts() -> None:
    assert one('alarm = "no_data"\nunit = "F02"\nsince = "1h"').delay == 2 * HOUR
    assert one('alarm = "no_data"\nunit = "F02"').delay is None


def test_a_page_that_nothing_covers_is_false_and_fails_the_check() -> None:
    found = report('[[expect]]\nalarm = "temperature_high"\nunit = "F01"')
    assert [page.alarm for page in found.false_pages] == ["A2"]
    assert found.missed == ()
    assert not found.ok
    assert report('[[expect]]\nquiet = true\n[[allow]]\nalarm = ["no_data", "temperature_high"]').ok


@pytest.mark.parametrize(
    ("allow", "false"),
    [
        ('alarm = "no_data"', ["A1"]),
        ('alarm = "no_data"\nunit = "F02"', ["A1"]),
        ('alarm = "no_data"\nunit = "F01"', ["A1", "A2"]),
        ('alarm = "no_data"\nprobe = "F02/product"\ntold = ["2h", "3h"]', ["A1"]),
        ('alarm = "no_data"\ntold = ["2h", "2h59m"]', ["A1", "A2"]),
        ('alarm = ["no_data", "temperature_high"]\nlevel = "alarm"', ["A1"]),
        ('alarm = ["no_data", "temperature_high"]\nlevel = "critical"', []),
    ],
)
def test_what_is_allowed_is_not_false(allow: str, false: list[str]) -> None:
    assert [page.alarm for page in report(f"[[allow]]\n{allow}").false_pages] == false


def test_a_page_before_its_time_is_false_and_one_after_it_is_only_late() -> None:
    rest = '\n[[allow]]\nalarm = "no_data"'
    early = report('[[expect]]\nalarm = "temperature_high"\nunit = "F01"\ntold = ["3h", "4h"]' + rest)
    late = report('[[expect]]\nalarm = "temperature_high"\nunit = "F01"\ntold = ["1h", "2h"]' + rest)
    assert [len(each.missed) for each in (early, late)] == [1, 1]
    assert [len(each.false_pages) for each in (early, late)] == [1, 0]


def test_an_expected_lot_alarm_is_found_by_its_unit_too() -> None:
    woken = replace(OUTCOME, told=[told("A4", "2h")])
    for place in ('lot = "EXO-1"', 'unit = "F01"'):
        found = report(f'[[expect]]\nalarm = "lot_breached"\n{place}', woken)
        assert found.ok, found.as_text()


def test_a_told_alarm_that_is_not_on_record_counts_as_a_false_page() -> None:
    found = report("", replace(OUTCOME, told=[told("A77", "1h")]))
    assert [page.words for page in found.false_pages] == ["alarm A77, of which nothing is on record"]


def test_warnings_that_nothing_covers_fail_only_if_the_scenario_says_so() -> None:
    warned = replace(OUTCOME, told=[told("A5", "1h"), told("A6", "1h")])
    found = report("", warned)
    assert found.ok
    assert [each.alarm for each in found.warnings] == ["A5", "A6"]
    assert not report("[[expect]]\nwarnings = 0", warned).ok
    assert not report("[[expect]]\nwarnings = 1", warned).ok
    assert report("[[expect]]\nwarnings = 2", warned).ok
    assert report('[[expect]]\nwarnings = 0\n[[allow]]\nalarm = ["rising_fast", "influx_lagging"]', warned).ok


def test_an_alarm_that_was_never_told_woke_nobody_and_is_not_false() -> None:
    assert report("", replace(OUTCOME, told=[])).ok


def test_shuffling_the_outcome_changes_nothing() -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    toml = "".join(f"[[expect]]\n{each}\n" for each in [*MET, *(missed for missed, _ in MISSED)])
    expected = report(toml).to_json()
    for _ in range(20):
        mixed = {
            name: dice.sample(list(getattr(OUTCOME, name)), k=len(getattr(OUTCOME, name)))
            for name in ("alarms", "told", "excursions", "lots")
        }
        truth = {name: dice.sample(list(samples), k=len(samples)) for name, samples in TRUTH.items()}
        rejected = dict(dice.sample(list(OUTCOME.rejected.items()), k=2))
        assert report(toml, replace(OUTCOME, **mixed, truth=truth, rejected=rejected)).to_json() == expected


def test_every_alarm_told_is_covered_allowed_or_uncovered() -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(200):
        alarms = [
            alarm(
                f"A{n}",
                "no_data",
                f"lab1/F{dice.randrange(3)}/product",
                level=dice.choice(["warning", "alarm"]),
            )
            for n in range(dice.randrange(8))
        ]
        sent = [told(each["id"], f"{dice.randrange(600)}m") for each in alarms if dice.random() < 0.7]
        outcome = replace(OUTCOME, alarms=alarms, told=sent)
        toml = (
            '[[expect]]\nalarm = "no_data"\nunit = "F0"\ntold = ["1h", "3h"]\n'
            '[[allow]]\nalarm = "no_data"\nunit = "F1"'
        )
        found = report(toml, outcome)
        uncovered = {each.alarm for each in (*found.false_pages, *found.warnings)}
        assert len(uncovered) == len(found.false_pages) + len(found.warnings)
        subjects = {each["id"]: each["subject"] for each in alarms}
        expected = {
            each["alarm"]
            for each in sent
            if subjects[each["alarm"]] == "lab1/F2/product"
            or (subjects[each["alarm"]] == "lab1/F0/product" and each["at"] < at("1h"))
        }
        assert expected <= uncovered
        assert not any(subjects[name] == "lab1/F1/product" for name in uncovered)
        in_time = [
            one
            for one in sent
            if subjects[one["alarm"]].startswith("lab1/F0/") and at("1h") <= one["at"] <= at("3h")
        ]
        assert found.findings[0].met == bool(in_time)
        assert uncovered.isdisjoint(each["alarm"] for each in in_time)


# --- the report ---


def test_the_report_reads_as_plain_lines() -> None:
    found = report(
        '[[expect]]\nalarm = "temperature_high"\nunit = "F01"\n[[expect]]\nlot = "EXO-1"\nthaw_count = 2\n'
        "[[expect]]\nquiet = true"
    )
    assert found.as_text().split("\n") == [
        "Expectations: 1 of 3 met",
        "  met     1  temperature_high of lab1/F01: told after 2 h 14 min; detected in 44 min",
        "  MISSED  2  lot EXO-1: thaw count 1, expected 2",
        "  MISSED  3  quiet: 1 false page",
        "False pages: 1",
        "  no_data of lab1/F02/product (alarm), told after 3 h",
        "Warnings that nothing covers: none",
        "The scenario did NOT go as expected.",
    ]


def test_the_report_as_json_holds_what_the_text_holds() -> None:
    found = report(
        '[[expect]]\nalarm = "temperature_high"\nunit = "F01"\nnote = "the product warms"'
    ).to_json()
    assert json.loads(json.dumps(found)) == found
    assert (found["ok"], found["met"], found["missed"]) == (False, 1, 0)
    assert found["expectations"][0]["note"] == "the product warms"
    assert found["expectations"][0]["figures"]["told_after_seconds"] == 8_040.0
    assert found["detection_delays"] == [
        {"number": 1, "expected": "temperature_high of lab1/F01", "seconds": 2_640.0}
    ]
    assert [page["alarm"] for page in found["false_pages"]] == ["A2"]
