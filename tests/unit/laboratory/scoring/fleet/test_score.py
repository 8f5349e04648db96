"""Scores of a fleet, computed by hand; and what holds for any fleet."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from laboratory.scoring.fleet.failure import attribute, in_order, pages_of
from laboratory.scoring.fleet.score import GRACE, score, score_forecasts
from laboratory.scoring.fleet.share import delays, percentile_95, wilson
from laboratory.scoring.fleet.usual import UsualPage
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant

JSON = dict[str, Any]


def failure(kind: str, unit: str, began: int, ended: int | None, **more: Any) -> JSON:
    return {
        "kind": kind,
        "unit": unit,
        "probe": None,
        "began_at": began,
        "ended_at": ended,
        "detect_by": None,
    } | more


def page(alarm: str, unit: str, told: int, **more: Any) -> JSON:
    plain = {"condition": "temperature_high", "level": "alarm", "subject": unit}
    return {"alarm": alarm, "unit": unit, "told_at": told, **plain, **more}


def scored(
    failures: list[JSON], pages: list[JSON], usual: list[UsualPage] | None = None, **more: Any
) -> JSON:
    return score(failures, pages, usual or [], [], [], 100.0, **more)


# Three compressors: told after 10 and 30 min, the third never. The usual rule: after 60 min, and the third after 4 h.
COMPRESSORS = [
    failure("compressor", "lab1/F1", 0, 10 * HOUR),
    failure("compressor", "lab1/F2", HOUR, 10 * HOUR),
    failure("compressor", "lab1/F3", 2 * HOUR, 10 * HOUR),
]
PAGES = [
    page("A1", "lab1/F1", 10 * MINUTE),
    page("A2", "lab1/F2", HOUR + 30 * MINUTE, level="critical"),
    page("W1", "lab1/F1", 4 * MINUTE, level="warning", condition="rising_fast"),
    page("W2", "lab1/F9", 4 * MINUTE, level="warning", condition="rising_fast"),
    page("A3", "lab1/F9", 5 * HOUR, condition="door_open"),
    page("A4", "lab1/F3", HOUR, condition="door_open"),  # an hour before it failed
]
USUAL = [
    UsualPage("lab1/F1", HOUR, None),
    UsualPage("lab1/F3", 6 * HOUR, 7 * HOUR),
    UsualPage("lab1/F9", 6 * HOUR, 7 * HOUR),
]


def test_a_fleet_is_scored_as_by_hand() -> None:
    scores = scored(COMPRESSORS, PAGES, USUAL)
    kind = scores["kinds"]["compressor"]
    assert (kind["n"], kind["detected"], kind["late"], kind["recall"]) == (3, 2, 0, 2 / 3)
    assert kind["delay_seconds"] == {"n": 2, "median": 1_200.0, "p95": 1_800.0}
    assert kind["first_sign_seconds"] == {"n": 2, "median": 1_020.0, "p95": 1_800.0}  # 4 min, 30 min
    assert kind["usual"]["delay_seconds"] == {"n": 2, "median": 9_000.0, "p95": 14_400.0}  # 1 h, 4 h
    assert (kind["n_both"], kind["ratio"]) == (1, 1 / 6)  # F1 alone: 10 min by 60 min
    assert scores["all"] == kind
    assert [each["unit"] for each in scores["missed"]] == ["lab1/F3"]
    assert [each["alarm"] for each in scores["false_pages"]] == ["A4", "A3"]
    ours, warnings, usual = (scores["pages"][who] for who in ("ours", "warnings", "usual"))
    assert (ours["n"], ours["per_unit_day"], ours["false"], ours["false_per_1000_unit_days"]) == (
        4,
        0.04,
        2,
        20.0,
    )
    assert ours["false_by_condition"] == {"door_open": {"n": 2, "per_1000_unit_days": 20.0}}
    assert (warnings["n"], warnings["false"]) == (2, 1)
    assert (usual["n"], usual["false"], usual["false_per_1000_unit_days"]) == (3, 1, 10.0)


def test_what_there_is_none_of_has_no_figure() -> None:
    scores = score([], [], [], [], [], 0.0, kinds=["compressor"])
    kind = scores["kinds"]["compressor"]
    assert kind["n"] == 0
    for figures in (kind, kind["usual"], scores["all"]):
        assert (figures["recall"], figures["recall_low"], figures["recall_high"]) == (None, None, None)
        assert figures["delay_seconds"] == {"n": 0, "median": None, "p95": None}
    assert kind["ratio"] is None
    assert scores["pages"]["ours"]["false_per_1000_unit_days"] is None
    assert scores["pages"]["ours"]["per_unit_day"] is None
    forecast = scores["forecast"]
    assert [forecast[key] for key in ("within_20_percent", "median_relative_error", "interval_held")] == [
        None
    ] * 3


@pytest.mark.parametrize(
    ("told", "belongs"),
    [
        (HOUR - 1, False),
        (HOUR, True),
        (2 * HOUR + GRACE, True),
        (2 * HOUR + GRACE + 1, False),
    ],
)
def test_a_page_belongs_from_the_beginning_to_the_end_with_grace(told: int, belongs: bool) -> None:
    scores = scored([failure("door", "lab1/F1", HOUR, 2 * HOUR)], [page("A1", "lab1/F1", told)])
    assert scores["all"]["detected"] == belongs
    assert scores["pages"]["ours"]["false"] == (not belongs)


def test_a_failure_that_never_ended_has_pages_for_ever() -> None:
    assert (
        scored([failure("x", "lab1/F1", 0, None)], [page("A1", "lab1/F1", 900 * DAY)])["all"]["detected"] == 1
    )


def test_instants_may_be_written_as_rfc_3339() -> None:
    text = format_instant
    failures = [{"kind": "x", "unit": "lab1/F1", "began_at": text(0), "ended_at": text(HOUR)}]
    scores = scored(failures, [page("A1", "lab1/F1", text(MINUTE))])  # type: ignore[arg-type]
    assert scores["all"]["delay_seconds"]["median"] == 60.0


def test_a_page_after_the_latest_useful_instant_is_late_and_neither_a_detection_nor_false() -> None:
    failures = [
        failure("x", "lab1/F1", 0, DAY, detect_by=HOUR),
        failure("x", "lab1/F2", 0, DAY, detect_by=HOUR),
    ]
    scores = scored(failures, [page("A1", "lab1/F1", HOUR), page("A2", "lab1/F2", HOUR + 1)])
    assert (scores["all"]["detected"], scores["all"]["late"], scores["all"]["recall"]) == (1, 1, 0.5)
    assert [each["unit"] for each in scores["late"]] == ["lab1/F2"]
    assert scores["missed"] == []
    assert scores["pages"]["ours"]["false"] == 0
    assert scores["all"]["delay_seconds"]["n"] == 2  # leaving the late out would flatter


def test_a_failing_probe_is_not_told_by_a_page_about_another_probe() -> None:
    failures = [failure("probe_stuck", "lab1/F1", 0, HOUR, probe="product")]
    for subject, detected in (("lab1/F1/product", 1), ("lab1/F1/air", 0), ("lab1/F1", 1), ("EXO-1", 1)):
        scores = scored(failures, [page("A1", "lab1/F1", MINUTE, subject=subject)])
        assert (scores["all"]["detected"], scores["pages"]["ours"]["false"]) == (detected, 1 - detected)


def test_of_several_failures_in_a_unit_the_page_is_of_the_last_that_began() -> None:
    failures = [failure("slow", "lab1/F1", 0, DAY), failure("fast", "lab1/F1", HOUR, DAY)]
    scores = scored(failures, [page("A1", "lab1/F1", 2 * HOUR), page("A2", "lab1/F1", 3 * HOUR)])
    assert [scores["kinds"][kind]["detected"] for kind in ("fast", "slow")] == [1, 0]


def test_a_failure_may_say_which_conditions_tell_of_it() -> None:
    failures = [
        failure("compressor", "lab1/F1", 0, DAY, told_by=["temperature_high", "rising_fast"]),
        failure("gateway", "lab1/F1", HOUR, DAY, told_by=["no_data"]),
    ]
    scores = scored(failures, [page("A1", "lab1/F1", 2 * HOUR)], [UsualPage("lab1/F1", 3 * HOUR, None)])
    assert [scores["kinds"][kind]["detected"] for kind in ("compressor", "gateway")] == [1, 0]
    assert [scores["kinds"][kind]["usual"]["detected"] for kind in ("compressor", "gateway")] == [1, 0]
    other = scored(failures, [page("A1", "lab1/F1", 2 * HOUR, condition="battery_low")])
    assert (other["all"]["detected"], other["pages"]["ours"]["false"]) == (0, 0)


def test_an_alarm_told_to_many_people_is_one_page() -> None:
    scores = scored([], [page("A1", "lab1/F1", MINUTE), page("A1", "lab1/F1", 2 * MINUTE)])
    assert (scores["pages"]["ours"]["n"], scores["pages"]["ours"]["false"]) == (1, 1)


def test_an_alarm_that_warned_before_it_paged_is_a_warning_and_a_page() -> None:
    both = [page("A1", "lab1/F1", MINUTE, level="warning"), page("A1", "lab1/F1", HOUR, level="critical")]
    scores = scored([failure("x", "lab1/F1", 0, DAY)], both)
    assert scores["all"]["first_sign_seconds"]["median"] == 60.0
    assert scores["all"]["delay_seconds"]["median"] == 3_600.0


# --- forecasts ---


def forecast(made: int, likely: int | None, earliest: int, latest: int | None, **more: Any) -> JSON:
    said = {"made_at": made, "likely": likely, "earliest": earliest, "latest": latest}
    return {"unit": "lab1/F1", "limit": -60.0, **said, **more}


def crossing(at: int, unit: str = "lab1/F1", limit: float = -60.0) -> JSON:
    return {"unit": unit, "limit": limit, "at": at}


def test_the_forecast_nearest_to_an_hour_before_is_scored() -> None:
    at = 10 * HOUR
    made = [
        forecast(at - 75 * MINUTE, at, at, at),
        forecast(at - 62 * MINUTE, at + 31 * MINUTE, at, at + HOUR),  # off by 31 of 62 min
        forecast(at - 55 * MINUTE, at, at, at),
        forecast(at - HOUR, at, at, at, limit=-50.0),
        forecast(at - HOUR, at, at, at, unit="lab1/F2"),
        forecast(at - HOUR, None, at, None),  # no forecast rather than a wild one
    ]
    scores = score_forecasts(made, [crossing(at) | {"cause": "a leak"}, crossing(at, unit="lab1/F9")])
    figures = {"n": 1, "within_20_percent": 0.0, "median_relative_error": 0.5, "interval_held": 1.0}
    of_the_leak = {**figures, "crossings": 1, "no_forecast": 0}
    assert scores == {**figures, "crossings": 2, "no_forecast": 1, "by_cause": {"a leak": of_the_leak}}


def test_shares_of_forecasts_are_of_those_that_there_were() -> None:
    at = [10 * HOUR, 20 * HOUR, 30 * HOUR, 40 * HOUR]
    made = [
        forecast(at[0] - HOUR, at[0] + 12 * MINUTE, at[0] - 1, None),  # exactly 20 % late, held
        forecast(
            at[1] - 50 * MINUTE, at[1] - 5 * MINUTE, at[1] - MINUTE, at[1] - 1
        ),  # 10 % early, did not hold
        forecast(at[2] - HOUR, at[2] + 13 * MINUTE, at[2] + 1, None),  # over 20 % late, did not hold
        forecast(at[3] - 49 * MINUTE, at[3], at[3], at[3]),  # more than 10 min off
    ]
    scores = score_forecasts(made, [crossing(each) for each in at])
    assert (scores["crossings"], scores["n"], scores["no_forecast"]) == (4, 3, 1)
    assert scores["within_20_percent"] == 2 / 3
    assert scores["median_relative_error"] == 0.2
    assert scores["interval_held"] == 1 / 3


# --- figures of few cases ---


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert wilson(9, 10) == pytest.approx(
        (0.595850, 0.982124), abs=1e-6
    )  # by hand: (0.9+0.192073±0.267316)/1.384146
    assert wilson(10, 10) == pytest.approx((0.722467, 1.0), abs=1e-6)
    assert wilson(0, 10) == pytest.approx((0.0, 0.277533), abs=1e-6)
    assert wilson(0, 0) is None


def test_the_95th_percentile_is_a_value_that_was_there() -> None:
    assert percentile_95([3.0]) == 3.0
    assert percentile_95(list(range(1, 21))) == 19
    assert percentile_95(list(range(1, 22))) == 20
    assert percentile_95([]) is None
    assert delays([4_000, 1_000]) == {"n": 2, "median": 2.5, "p95": 4.0}


# --- what holds for any fleet ---


def any_fleet(dice: random.Random) -> tuple[list[JSON], list[JSON], list[UsualPage], list[JSON], list[JSON]]:
    units = [f"lab1/F{n}" for n in range(4)]
    conditions = ["temperature_high", "no_data", "rising_fast"]
    failures = []
    for _ in range(dice.randrange(8)):
        began = dice.randrange(40) * HOUR
        failures.append(
            failure(
                dice.choice(["compressor", "door", "probe"]),
                dice.choice(units),
                began,
                dice.choice([None, began + dice.randrange(20) * HOUR]),
                probe=dice.choice([None, None, "product"]),
                detect_by=dice.choice([None, began + HOUR]),
                **dice.choice([{}, {"told_by": dice.sample(conditions, k=2)}]),
            )
        )
    pages = [
        page(
            f"A{dice.randrange(15)}",
            unit := dice.choice(units),
            dice.randrange(60) * HOUR,
            condition=dice.choice(conditions),
            level=dice.choice(["warning", "alarm", "critical"]),
            subject=dice.choice([unit, f"{unit}/product", f"{unit}/air", "EXO-1"]),
        )
        for _ in range(dice.randrange(20))
    ]
    usual = [UsualPage(dice.choice(units), dice.randrange(60) * HOUR, None) for _ in range(dice.randrange(8))]
    crossings = [crossing(dice.randrange(2, 60) * HOUR, dice.choice(units)) for _ in range(dice.randrange(6))]
    forecasts = []
    for _ in range(dice.randrange(12)):
        made = dice.randrange(1, 360) * 10 * MINUTE
        likely, latest = made + dice.randrange(1, 9) * 20 * MINUTE, dice.choice([None, made + 2 * HOUR])
        unit = dice.choice(units)
        forecasts.append(forecast(made, likely, made + dice.randrange(3) * HOUR, latest, unit=unit))
    return failures, pages, usual, forecasts, crossings


def test_shuffling_what_is_scored_changes_nothing() -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(200):
        fleet = any_fleet(dice)
        expected = score(*fleet, 10.0)
        assert json.loads(json.dumps(expected)) == expected
        mixed = [dice.sample(each, k=len(each)) for each in fleet]  # type: ignore[type-var, arg-type]
        assert score(*mixed, 10.0) == expected  # type: ignore[arg-type]


def test_no_page_counts_for_two_failures_or_is_both_a_detection_and_false() -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    detections = false = 0
    for _ in range(300):
        failures, pages, *_ = any_fleet(dice)
        known, told = in_order(failures), pages_of(pages)
        whole = attribute(known, told, GRACE)
        false += len(whole.false)
        for each in told:
            alone = attribute(known, [each], GRACE)
            of = [n for n, scores in enumerate(alone.told) if scores.sign_at is not None]
            detections += len(of)
            assert len(of) + len(alone.false) <= 1
            assert (each in whole.false) == (alone.false == [each])
            for n in of:  # told between beginning and end with grace, about the same unit
                assert known[n].began_at <= each.told_at
                assert known[n].ended_at is None or each.told_at <= known[n].ended_at + GRACE
                assert each.unit == known[n].unit
        score_of = scored(failures, pages)["all"]
        pages_told = sum(each.is_page for each in told)
        assert score_of["detected"] + score_of["late"] <= pages_told
    assert detections > 300
    assert false > 300


def test_a_share_lies_within_its_interval() -> None:
    for of in range(1, 60):
        for hits in range(of + 1):
            low, high = wilson(hits, of) or (2.0, -1.0)
            assert 0.0 <= low <= hits / of <= high <= 1.0


def test_what_nobody_must_be_told_of_is_neither_missed_nor_makes_a_page_false() -> None:
    harmless = {
        "kind": "door (harmless)",
        "unit": "lab1/F1",
        "began_at": 0,
        "ended_at": HOUR,
        "excused": True,
    }
    told = [page("a1", "lab1/F1", HOUR // 2)]
    scores = score([harmless, {**harmless, "unit": "lab1/F2"}], told, [], [], [], 10)
    assert scores["excused"] == {"door (harmless)": 2}
    assert (scores["kinds"], scores["missed"], scores["detections"]) == ({}, [], [])
    assert (scores["all"]["n"], scores["pages"]["ours"]["n"], scores["pages"]["ours"]["false"]) == (0, 1, 0)


def test_each_failure_is_listed_with_how_late_it_was_told() -> None:
    failure = {"kind": "compressor_failed", "unit": "lab1/F1", "began_at": HOUR, "ended_at": 9 * HOUR}
    told = [page("a1", "lab1/F1", HOUR + 20 * MINUTE)]
    scores = score([failure], told, [("lab1/F1", 2 * HOUR, None)], [], [], 10)
    (one,) = scores["detections"]
    assert (one["delay_seconds"], one["first_sign_seconds"], one["usual_delay_seconds"]) == (1200, 1200, 3600)
