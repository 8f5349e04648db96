"""One question has one answer, wherever it is asked: golden folders, each asked of everybody who answers.

Where may the lots go: by the message, and by the unit's page, API and command line. Which budget is tightest: by the
page and by the command line. Each folder has the case, why it is one, and the answer.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.core.channel.fold import ChannelState
from monitor.core.channel.reading import Reading
from monitor.core.fact import tightest_budget
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import HOUR, MINUTE
from monitor.ports import JSON
from monitor.ports.commands import Suppress
from monitor.testing import Rig, one_unit
from monitor.words import lot as lot_words
from monitor.words.lot import least_left
from monitor.writer.channel import checkpoints, judge
from tests.rigs.lab import T0, register

GOLDEN = Path(__file__).parents[2] / "golden" / "one-answer"
CASES = {path.parent.name: tomllib.loads(path.read_text()) for path in sorted(GOLDEN.glob("*/case.toml"))}


def expected(name: str) -> Any:
    return json.loads((GOLDEN / name / "expected.json").read_text())


def asking(question: str) -> list[str]:
    return [name for name, case in CASES.items() if case["question"] == question]


def fail_to_judge(rig: Rig, unit: str, patch: pytest.MonkeyPatch) -> None:
    """From now on the program has a bug that shows where it judges this unit."""
    rules = rig.rules[f"lab1/{unit}/product"]

    def broken(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(state: ChannelState, its: ChannelRules, *others: Any) -> Any:
            if its is rules:
                raise ZeroDivisionError("a bug")
            return real(state, its, *others)

        return call

    patch.setattr(judge, "advance", broken(judge.advance))
    patch.setattr(judge, "fold", broken(judge.fold))
    patch.setattr(checkpoints, "fold", broken(checkpoints.fold))


def lived_through(rig: Rig, case: dict[str, Any]) -> None:
    """A lot in F01, and the case's readings: a message of each unit at each minute."""
    rig.writer.lot_event(register())
    for unit, course in case["units"].items():
        if course.get("out_of_service"):
            hold = {"kind": "out_of_service", "by": "anna", "reason": "empty", "start": None}
            rig.writer.parts.operators.carry_out(
                Suppress(subject=f"lab1/{unit}", **hold, until=T0 + 9 * HOUR)
            )
    for minute in range(case["minutes"]):
        at = rig.clock.at = T0 + minute * MINUTE
        for unit, course in case["units"].items():
            if "celsius" in course:
                rise = min(course.get("per_minute", 0.0) * minute, course.get("most", 0.0))
                battery = course.get("battery_percent")
                reading = Reading(at, at, course["celsius"] + rise, None, None, battery)
                rig.read([reading], channel=f"lab1/{unit}/product")
        rig.writer.tick(at, T0)


def brief(rescue: list[JSON]) -> list[JSON]:
    return [{key: row[key] for key in ("lot", "to", "why")} for row in rescue]


@pytest.mark.parametrize("name", asking("shelter"))
def test_message_page_api_and_command_line_send_lots_to_the_same_unit_for_the_same_reason(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    rig = Rig(tmp_path / "s.db", installation=one_unit(units=tuple(case["units"])), now=T0)
    for unit, course in case["units"].items():
        if course.get("fails_to_be_judged"):
            fail_to_judge(rig, unit, monkeypatch)
    lived_through(rig, case)
    (alarm,) = [
        alarm
        for alarm in rig.view.alarms(open_only=True)
        if (alarm["condition"], alarm["subject"]) == ("temperature_high", "lab1/F01/product")
    ]
    shown = rig.view.unit("lab1/F01")
    assert shown is not None
    assert brief(shown["rescue"]) == expected(name), "the page, the API and the command line"
    assert brief(alarm["evidence"]["rescue"]) == expected(name), "the message"
    rig.close()


def judged(case: dict[str, Any]) -> JSON:
    """A lot's JSON with the budgets of a case."""
    plain = {"above": None, "up_to": None, "exhausted_at": None, "runs_out_at": None, "forecast": None}
    budgets = [
        {**plain, "left_seconds": max(0, one["limit_seconds"] - one["spent_seconds"]), **one}
        for one in case["budgets"]
    ]
    return {"lot": "L1", "disposition": case.get("disposition", "available"), "budgets": budgets}


@pytest.mark.parametrize("name", asking("tightest"))
def test_page_and_command_line_name_the_same_budget(name: str) -> None:
    lot, answer = judged(CASES[name]), expected(name)
    budget = tightest_budget(lot)
    assert (None if budget is None else budget["band"]) == answer["band"]
    bar = None if budget is None else lot_words.bar(budget)
    assert (None if bar is None else bar.left) == answer["page"]
    assert least_left(lot) == answer["command"]
