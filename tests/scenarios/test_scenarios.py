"""Every scenario that ships, through a real broker and the real monitor: what it expects comes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from laboratory.check import check_all, check_scenario, expectations_of
from monitor.core.alarm.condition import Truth
from monitor.core.channel.ear import Faults
from monitor.core.channel.excursion import Side
from monitor.core.channel.liveness import Watch
from monitor.core.lot import verdict
from monitor.core.time.instant import MINUTE
from monitor.ports import JSON
from monitor.writer.alarm.alarms import Alarms
from simulators.scenario.file import load, shipped_scenarios
from tests.conftest import need

pytestmark = pytest.mark.slow

NAMES = [name for name, _ in shipped_scenarios()]


@pytest.fixture(scope="module")
def reports() -> dict[str, tuple[JSON, str]]:
    """What came of each, run beside one another: a minute or two for all of them."""
    need("mosquitto")
    return dict(zip(NAMES, check_all(NAMES), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_goes_as_it_expects(name: str, reports: dict[str, tuple[JSON, str]]) -> None:
    report, text = reports[name]
    print(text)
    assert report["ok"], text


def test_there_are_scenarios_enough_and_each_expects_something_and_says_where_it_is_from() -> None:
    assert len(NAMES) >= 25
    for name in NAMES:
        scenario = load(name)
        assert scenario.document.story, name
        assert scenario.document.source or name == "demo", name
        found = expectations_of(scenario)
        assert len(found.expected) + len(found.quiet) > 0, name


# --- a broken rule is found -------------------------------------------------------------------------------------


def forget_silence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Watch, "due", lambda self, now: [])


def forget_faults(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Faults, "take", lambda self, ear, reading, reason: None)


def confirm_late(patch: pytest.MonkeyPatch) -> None:
    delayed_at = Side.delayed_at

    def later(self: Side, start: int, end: int, *, ends_inside: bool) -> int | None:
        at = delayed_at(self, start, end, ends_inside=ends_inside)
        return None if at is None or at - (self.stay_since or at) < 20 * MINUTE else at

    patch.setattr(Side, "delayed_at", later)


def forgive_budgets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verdict, "_budget_reasons", lambda history, found: iter(()))


def page_for_the_past(patch: pytest.MonkeyPatch) -> None:
    def raise_and_end(self: Alarms, tx: Any, truth: Truth, *, ended_at: int, now: int) -> None:
        self.hold(tx, truth, now)
        self.end(tx, truth.condition, truth.subject, at=ended_at, now=now, evidence={})

    patch.setattr(Alarms, "past", raise_and_end)


BROKEN: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "silence is never told": (forget_silence, "gateway-outage"),
    "a fault is never told": (forget_faults, "probe-open-short"),
    "excursions are confirmed after twice the delay": (confirm_late, "ignored-then-worse"),
    "a lot outlives its budgets": (forgive_budgets, "breaker-off"),
    "what is over wakes people": (page_for_the_past, "gateway-outage"),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_makes_a_scenario_fail(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    need("mosquitto")
    breaks, name = BROKEN[rule]
    breaks(monkeypatch)
    checked = check_scenario(load(name))
    print(checked.as_text())
    assert not checked.report.ok
