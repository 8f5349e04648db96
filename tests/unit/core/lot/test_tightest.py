"""Which of a lot's budgets matters most."""

from __future__ import annotations

import pytest

from monitor.core.lot.budget import LOW_PERCENT, Budget, Spending, tightest

ROOMY, SMALL = Spending("roomy", 900, 0), Spending("small", 7_200, 3_600)
LATE, SOON = Spending("late", 86_400, 10, runs_out_at=9_000), Spending("soon", 86_400, 10, likely_at=1_000)
GONE = Spending("gone", 60, 60, exhausted_at=0)
UNTOUCHED = Spending("never", 0, 0)


@pytest.mark.parametrize(
    ("budgets", "band"),
    [
        ([], None),
        ([UNTOUCHED], None),
        ([ROOMY, SMALL, UNTOUCHED], "small"),
        ([ROOMY, SMALL, LATE], "late"),
        ([SMALL, LATE, SOON], "soon"),
        ([SMALL, SOON, GONE], "gone"),
        ([GONE, Spending("earlier", 900, 900, exhausted_at=-1)], "earlier"),
        ([Spending("touched", 0, 5, exhausted_at=3), SMALL], "touched"),
    ],
)
def test_one_used_up_comes_first_then_what_runs_out_first_then_the_smallest_share(
    budgets: list[Spending], band: str | None
) -> None:
    for order in (budgets, budgets[::-1]):
        first = tightest(order)
        assert (None if first is None else first.band) == band


def test_of_forecast_and_present_temperature_the_earlier_counts() -> None:
    both = Spending("both", 86_400, 0, runs_out_at=9_000, likely_at=500)
    assert tightest([LATE, SOON, both]) == both


def test_a_tie_goes_to_the_least_time_left_and_then_to_the_first_of_the_profile() -> None:
    small, large = Spending("small", 100, 50), Spending("large", 200, 100)
    assert tightest([large, small]) == small
    assert tightest([small, Spending("twin", 100, 50)]) == small


def test_a_budget_is_nearly_spent_from_one_constant_on() -> None:
    budget = Budget("warm", -60.0, -40.0, limit=1_000)
    budget.charge(0, 10 * LOW_PERCENT)
    assert (budget.is_low, budget.low_at) == (False, None)
    budget.charge(10 * LOW_PERCENT, 10 * LOW_PERCENT + 1)
    assert (budget.is_low, budget.low_at) == (True, 10 * LOW_PERCENT + 1)
