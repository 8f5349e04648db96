"""Each kind of expectation, come true and not, against an outcome made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.time.instant import HOUR
from tests.rigs.scoring_outcome import OUTCOME, START, excursion, one

MET = [
    # alarms
    'alarm = "temperature_high"\nunit = "F01"',
    'alarm = "temperature_high"\nprobe = "F01/product"\ntold = ["2h10m", "2h14m"]\nlevel = "alarm"\ncount = 1',
    'alarm = "temperature_high"\nunit = "lab1/F01"\nlevel = "critical"\nclosed = ["4h", "4h10m"]',
    'alarm = "temperature_high"\nprobe = "lab1/F01/product"\ncount = [1, 2]',
    'alarm = "temperature_high"\nprobe = "F03/air"\npast = true\nclosed = ["3h", "3h"]',
    'alarm = "temperature_high"\nprobe = "F01/air"\ncount = 0',
    'alarm = "no_data"\nunit = "F02"\nclosed = false',
    'alarm = "temperature_high"\nprobe = "F01/product"\nact_by = ["15h", "15h30m"]',
    # excursions
    'excursion = "high"\nunit = "F01"',
    'excursion = "high"\nprobe = "F01/product"\nconfirmed = true\nby = "delay"\nstarted = ["1h", "2h"]\n'
    'ended = ["4h", "4h"]\nextreme = [-42, -41.25]\nduration = ["2h30m", "2h30m"]\nunknown = ["10m", "10m"]\n'
    'truth_within = "0s"\ncount = 1',
    'excursion = "high"\nprobe = "F01/product"\nconfirmed = false\nended = false\nduration = ["1h", "1h"]',
    'excursion = "high"\nprobe = "F01/product"\ncount = 2',
    'excursion = "low"\nunit = "F02"\nextreme = [-92.0, -90.0]',
    'excursion = "low"\nunit = "F01"\ncount = 0',
    # lots
    'lot = "EXO-1"\nverdict = "breached"\nreasons = ["band_touched"]\nthaw_count = 1\nthaw_count_determinate = true',
    'lot = "EXO-1"\nbudget = { warm = ["1h50m", "2h"] }\nleft = { warm = ["22h", "22h"] }\nunknown = ["10m", "11m"]',
    'lot = "EXO-1"\nout_of_storage = ["0s", "0s"]\ncoverage = [0.95, 1]\nexpiry_reason = "budget"',
    'lot = "EXO-1"\nmin = [-81, -80]\nmax = [-18, -18]',
    'lot = "EXO-1"',
    # counts
    "rejected = { bad_number = [1, 50] }",
    "rejected = { bad_number = 3, unknown_channel = 1, too_large = 0 }",
    "rejected = 4",
    'readings = "F01/product"\ncount = [350, 370]',
    'readings = "F09/product"\ncount = 0',
]

MISSED = [
    # alarms
    (
        'alarm = "temperature_high"\nunit = "F01"\ntold = ["2h", "2h10m"]',
        "told after 2 h 14 min, expected between 2 h and 2 h 10 min",
    ),
    ('alarm = "temperature_high"\nunit = "F02"', "never raised"),
    ('alarm = "temperature_high"\nunit = "F0"', "never raised"),  # F01 only begins like it
    ('alarm = "temperature_high"\nunit = "F03"', "raised, but never told (recorded as past)"),
    (
        'alarm = "temperature_high"\nunit = "F01"\npast = true',
        "recorded, but not as past; told after 2 h 14 min, expected never",
    ),
    ('alarm = "no_data"\nunit = "F02"\nlevel = "critical"', "level alarm, expected critical or worse"),
    (
        'alarm = "no_data"\nunit = "F02"\nclosed = ["3h", "4h"]',
        "still open, expected to close between 3 h and 4 h",
    ),
    ('alarm = "temperature_high"\nunit = "F01"\nclosed = false', "closed after 4 h 5 min, expected open"),
    (
        'alarm = "temperature_high"\nunit = "F01"\nclosed = ["3h", "4h"]',
        "closed after 4 h 5 min, expected between 3 h and 4 h",
    ),
    (
        'alarm = "temperature_high"\nunit = "F01"\ncount = 2',
        "told after 2 h 14 min; 1 found, expected exactly 2",
    ),
    (
        'alarm = "temperature_high"\nunit = "F01"\ncount = 0',
        "told after 2 h 14 min; 1 found, expected exactly 0",
    ),
    (
        'alarm = "rising_fast"\nunit = "F01"\ntold = ["1h", "2h"]',
        "raised, but never told, expected between 1 h and 2 h",
    ),
    (
        'alarm = "temperature_high"\nunit = "F01"\nact_by = ["15h45m", "16h"]',
        "its time to act ends after 15 h 30 min, expected between 15 h 45 min and 16 h",
    ),
    (
        'alarm = "no_data"\nunit = "F02"\nact_by = ["15h", "16h"]',
        "no time to act is told, expected one that ends between 15 h and 16 h",
    ),
    # excursions
    ('excursion = "high"\nunit = "F02"', "there is none"),
    ('excursion = "low"\nunit = "F01"\ncount = [1, 2]', "there is none; expected between 1 and 2"),
    ('excursion = "low"\nunit = "F02"\nconfirmed = false', "confirmed, expected not to be"),
    ('excursion = "low"\nunit = "F02"\nby = "instant"', "confirmed by delay, expected instant"),
    (
        'excursion = "low"\nunit = "F02"\nstarted = ["2h", "3h"]',
        "started after 1 h 30 min, expected between 2 h and 3 h",
    ),
    (
        'excursion = "low"\nunit = "F02"\nended = ["2h", "3h"]',
        "ended after 4 h, expected between 2 h and 3 h",
    ),
    ('excursion = "low"\nunit = "F02"\nended = false', "ended after 4 h, expected to go on"),
    (
        'excursion = "high"\nunit = "F01"\nconfirmed = false\nended = ["5h", "6h"]',
        "still going on, expected to end between 5 h and 6 h",
    ),
    (
        'excursion = "low"\nunit = "F02"\nextreme = [-90.9999, -80]',
        "extreme -91 °C, expected between -90.9999 and -80 °C",
    ),
    (
        'excursion = "low"\nunit = "F02"\nduration = ["1h", "2h"]',
        "lasted 2 h 30 min, expected between 1 h and 2 h",
    ),
    (
        'excursion = "low"\nunit = "F02"\nunknown = ["0s", "0s"]',
        "unknown for 10 min, expected exactly 0 s",
    ),
    (
        'excursion = "low"\nunit = "F02"\ntruth_within = "2m"',
        "the true temperature is not known, expected to start within 2 min of the truth",
    ),
    (
        'excursion = "high"\nunit = "F01"\nstarted = ["5h", "5h"]\nconfirmed = false\ntruth_within = "2m"',
        "3 h 30 min from the true crossing of -60 °C, expected 2 min at most",
    ),
    ('excursion = "high"\nunit = "F01"\ncount = 1', "started after 1 h 30 min; 2 found, expected exactly 1"),
    # lots
    ('lot = "EXO-2"', "there is no such lot; there are EXO-1"),
    (
        'lot = "EXO-1"\nverdict = "within_profile"',
        "verdict breached, expected within_profile (band_touched, expired)",
    ),
    (
        'lot = "EXO-1"\nreasons = ["expired", "coverage_low"]',
        "reasons band_touched, expired, expected coverage_low among them",
    ),
    ('lot = "EXO-1"\nthaw_count = 2', "thaw count 1, expected 2"),
    ('lot = "EXO-1"\nthaw_count_determinate = false', "thaw count determinate: yes, expected no"),
    (
        'lot = "EXO-1"\nbudget = { warm = ["1h", "1h50m"] }',
        "warm spent 2 h, expected between 1 h and 1 h 50 min",
    ),
    (
        'lot = "EXO-1"\nbudget = { wram = ["1h", "2h"] }',
        "wram spent: no such band, there are cold, warm; did you mean warm?",
    ),
    (
        'lot = "EXO-1"\nleft = { cold = ["1h", "2h"] }',
        "cold left: the band has no limit, expected between 1 h and 2 h",
    ),
    ('lot = "EXO-1"\nunknown = ["0s", "9m"]', "unknown for 10 min, expected between 0 s and 9 min"),
    (
        'lot = "EXO-1"\nout_of_storage = ["1m", "9m"]',
        "out of storage for 0 s, expected between 1 min and 9 min",
    ),
    ('lot = "EXO-1"\ncoverage = [0.98, 1.0]', "coverage 0.97, expected between 0.98 and 1"),
    ('lot = "EXO-1"\nexpiry_reason = "label"', "expiry by budget, expected label"),
    ('lot = "EXO-1"\nmin = [-80, -70]', "lowest -80.5 °C, expected between -80 and -70 °C"),
    ('lot = "EXO-1"\nmax = [-20, -19]', "highest -18 °C, expected between -20 and -19 °C"),
    # counts
    (
        "rejected = { too_large = [1, 50] }",
        "too_large 0, expected between 1 and 50 (there are: bad_number 3, unknown_channel 1)",
    ),
    ("rejected = 0", "in all 4, expected exactly 0 (there are: bad_number 3, unknown_channel 1)"),
    ('readings = "F01/product"\ncount = [1, 359]', "360 accepted, expected between 1 and 359"),
]


@pytest.mark.parametrize("toml", MET)
def test_an_expectation_that_came_true_is_met(toml: str) -> None:
    finding = one(toml)
    assert finding.met, finding.why


@pytest.mark.parametrize(("toml", "why"), MISSED)
def test_an_expectation_that_did_not_come_true_is_missed_and_says_why(toml: str, why: str) -> None:
    finding = one(toml)
    assert not finding.met
    assert finding.why == why


def test_figures_that_are_absent_fulfil_nothing() -> None:
    bare = replace(OUTCOME, lots=[{"lot": "EXO-1"}], excursions=[excursion("E1", limits=None)])
    for keys in (
        'verdict = "breached"',
        "coverage = [0, 1]",
        'unknown = ["0s", "9d"]',
        'reasons = ["expired"]',
    ):
        assert not one(f'lot = "EXO-1"\n{keys}', bare).met
    found = one('excursion = "high"\nunit = "F01"\ntruth_within = "2m"', bare)
    assert found.why == "its limit is not known, expected to start within 2 min of the truth"


def test_a_truth_that_never_crossed_the_limit_confirms_no_excursion() -> None:
    calm = replace(OUTCOME, truth={"lab1/F01/product": [(START, -80.0), (START + HOUR, -60.0)]})
    found = one('excursion = "high"\nunit = "F01"\ntruth_within = "2m"', calm)
    assert (found.met, found.why) == (False, "the true temperature never crossed -60 °C")
