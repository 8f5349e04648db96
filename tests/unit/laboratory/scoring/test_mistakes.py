"""Mistakes in a scenario's expectations are all named; times are read and told in words."""

from __future__ import annotations

import random
import tomllib
from dataclasses import replace

import pytest

from laboratory.scoring.expectation import read_expectations
from laboratory.scoring.outcome import crossings
from laboratory.scoring.span import parse_span, span_words
from laboratory.scoring.table import ExpectationError
from monitor.core.time.instant import HOUR, MINUTE, SECOND
from tests.rigs.scoring_outcome import OUTCOME, one, told

MISTAKES = [
    (
        'alarm = "temprature_high"\nunit = "F01"',
        '[[expect]] no. 1, alarm: found "temprature_high"',
        "temperature_high",
    ),
    ('alarm = "no_data"\nunit = "F9"', '[[expect]] no. 1, unit: found "F9"; expected one of F01, F02', None),
    ('alarm = "no_data"\nprobe = "F01/prodct"', '[[expect]] no. 1, probe: found "F01/prodct"', "F01/product"),
    ('alarm = "no_data"\nprobe = "F01"', "expected unit/probe such as F01/product", None),
    ('alarm = "lot_thawed"\nlot = "EXO-11"', '[[expect]] no. 1, lot: found "EXO-11"', "EXO-1"),
    ('alarm = "no_data"', "found nothing; expected where no_data is expected", None),
    (
        'alarm = "no_data"\nunit = "F01"\nprobe = "F01/product"',
        'found "unit and probe"; expected one of',
        None,
    ),
    ('alarm = "no_data"\nunit = "F01"\ntold = ["2h"]', 'told: found ["2h"]; expected two durations', None),
    (
        'alarm = "no_data"\nunit = "F01"\ntold = ["3h", "2h"]',
        "expected two durations, the shorter one first",
        None,
    ),
    ('alarm = "no_data"\nunit = "F01"\ntold = ["2 hours", "3h"]', "expected two durations", None),
    ('alarm = "no_data"\nunit = "F01"\nlevel = "critcal"', 'level: found "critcal"', "critical"),
    ('alarm = "no_data"\nunit = "F01"\nclosed = true', "closed: found true; expected two durations", None),
    ('alarm = "no_data"\nunit = "F01"\nact_by = "15h"', 'act_by: found "15h"; expected two durations', None),
    ('alarm = "no_data"\nunit = "F01"\npast = 1', "past: found 1; expected true or false", None),
    ('alarm = "no_data"\nunit = "F01"\npast = true\ntold = ["1h", "2h"]', "no key told beside past", None),
    ('alarm = "no_data"\nunit = "F01"\ncount = -1', "count: found -1; expected a whole number", None),
    ('alarm = "no_data"\nunit = "F01"\ncount = 1.5', "count: found 1.5; expected a whole number", None),
    ('alarm = "no_data"\nunit = "F01"\nsince = 90', "since: found 90; expected a duration in quotes", None),
    ('alarm = "no_data"\nunit = "F01"\ntodl = ["1h", "2h"]', "no. 1, todl", "told"),
    ('excursion = "up"\nunit = "F01"', 'excursion: found "up"; expected one of high, low', None),
    ('excursion = "high"', "where the excursion is expected: one of the keys unit, probe", None),
    (
        'excursion = "high"\nunit = "F01"\nextreme = [-40, "x"]',
        "expected two numbers, the lower one first",
        None,
    ),
    (
        'excursion = "high"\nunit = "F01"\nextreme = [-40, -41]',
        "extreme: found [-40, -41]; expected two numbers",
        None,
    ),
    (
        'excursion = "high"\nunit = "F01"\nextreme = [-40, inf]',
        "extreme: found [-40, inf]; expected two",
        None,
    ),
    ('excursion = "high"\nunit = "F01"\nby = "dely"', 'by: found "dely"', "delay"),
    ('excursion = "high"\nunit = "F01"\nby = "delay"\nconfirmed = false', "no key by beside confirmed", None),
    (
        'excursion = "high"\nunit = "F01"\nverdict = "x"',
        'no. 1, verdict: found "x"; expected one of the keys',
        None,
    ),
    (
        'lot = "EXO-1"\nverdict = "within"',
        'verdict: found "within"; expected one of at_risk',
        "within_profile",
    ),
    ('lot = "EXO-1"\nreasons = ["expird"]', 'reasons: found "expird"', "expired"),
    ('lot = "EXO-1"\nreasons = []', "reasons: found []; expected text in quotes, or a list", None),
    ('lot = "EXO-1"\nthaw_count = [1, 2]', "thaw_count: found [1, 2]; expected a whole number", None),
    ('lot = "EXO-1"\nbudget = "2h"', 'budget: found "2h"; expected a table such as', None),
    ('lot = "EXO-1"\nbudget = { warm = "2h" }', 'budget.warm: found "2h"; expected two durations', None),
    ('lot = "EXO-1"\nexpiry_reason = "labl"', 'expiry_reason: found "labl"', "label"),
    ('lot = "EXO-1"\nalrm = "no_data"', "no. 1, alrm", "alarm"),
    ("rejected = {}", "rejected: found an empty table; expected a table such as", None),
    (
        "rejected = { bad_number = [2, 1] }",
        "rejected.bad_number: found [2, 1]; expected a whole number",
        None,
    ),
    ('rejected = "no"', 'rejected: found "no"; expected a whole number', None),
    ('readings = "F01/product"', "count: found nothing; expected the fewest and the most", None),
    ("quiet = false", "quiet: found false; expected true", None),
    ("warnings = -1", "warnings: found -1; expected a whole number", None),
    ('alrm = "no_data"\nunit = "F01"', "no. 1: found alrm, unit; expected one key that says", "alarm"),
    (
        'alarm = "no_data"\nexcursion = "high"\nunit = "F01"',
        "found alarm and excursion; expected one key",
        None,
    ),
    ('alarm = 3\nunit = "F01"', "alarm: found 3; expected text in quotes", None),
]


def refused(expect: object, allow: object = ()) -> ExpectationError:
    with pytest.raises(ExpectationError) as caught:
        read_expectations(expect, allow, units=["F01", "F02"], probes=["F01/product"], lots=["EXO-1"])
    return caught.value


@pytest.mark.parametrize(("toml", "text", "near"), MISTAKES)
def test_a_mistake_is_named_with_its_table_key_value_and_what_was_expected(
    toml: str, text: str, near: str | None
) -> None:
    error = refused(tomllib.loads(f"[[expect]]\n{toml}")["expect"])
    (mistake,) = error.mistakes
    assert text in str(mistake)
    assert mistake.nearest == near
    assert str(mistake) in str(error)


def test_all_mistakes_of_all_tables_are_named_at_once() -> None:
    tables = [tomllib.loads(toml) for toml, _, _ in MISTAKES]
    allow = [{"alarm": ["no_data", "drll"]}, {"unit": "F01"}, {"alarm": "drill", "between": ["1h", "2h"]}, 7]
    error = refused(tables, allow)
    where = [mistake.where for mistake in error.mistakes]
    assert where[: len(MISTAKES)] == [f"[[expect]] no. {n}" for n in range(1, len(MISTAKES) + 1)]
    assert where[len(MISTAKES) :] == ["[[allow]] no. 4"] + [f"[[allow]] no. {n}" for n in (1, 2, 3)]
    assert str(error).startswith(f"{len(MISTAKES) + 4} mistakes in the scenario's expectations:\n")


def test_what_is_no_list_of_tables_is_refused_in_words() -> None:
    assert str(refused({"alarm": "no_data"}).mistakes[0]) == (
        "expect: found a table; expected tables, each below a line [[expect]]"
    )


def test_a_condition_without_a_place_needs_none() -> None:
    assert one('alarm = "influx_lagging"', replace(OUTCOME, told=[told("A6", "2h")])).met


# --- the truth, and words for time ---


def test_the_truth_crosses_a_limit_where_its_line_leaves_it() -> None:
    samples = [(0, -70.0), (100, -60.0), (200, -60.0), (300, -50.0), (400, -70.0), (500, -50.0), (600, -40.0)]
    assert list(crossings(samples, -60.0, "high")) == [200, 450]
    assert list(crossings(samples, -60.0, "low")) == [0, 350]
    assert list(crossings([], -60.0, "low")) == []


def test_two_lengths_that_differ_never_read_the_same_when_compared() -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(500):
        length = dice.choice([dice.randrange(5 * MINUTE), dice.randrange(90 * HOUR)])
        bound = (length + dice.randrange(-900, 900)) // SECOND * SECOND
        assert (span_words(length, [bound]) == span_words(bound)) == (length == bound)


@pytest.mark.parametrize(
    "text", ["", "2", "h", "1m2h", "-1h", "1.5h", " 1h", "1h ", "١h", 5, None, "9" * 50 + "d"]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="a duration in quotes"):
        parse_span(text)
