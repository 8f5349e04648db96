"""What is read out of an alarm's evidence to decide by: in one place, and of alarms of earlier versions too."""

from __future__ import annotations

import ast
from pathlib import Path

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.alarm.grounds import Grounds
from monitor.core.time.instant import format_instant
from tests.rigs.causes import NOW, an_alarm

ROOT = Path(__file__).parents[4] / "monitor"
BY_ITSELF = frozenset({"core/alarm/grounds.py"})
FOR_PEOPLE = frozenset({"text", "clear_reason"})


def test_an_alarm_of_before_says_the_same_after_its_json() -> None:
    evidence = {
        "excursion": "x7",
        "started_at": format_instant(NOW),
        "channel": "lab1/F01/air",
        "celsius": -48.0,
        "cause": "power",
        "offline": True,
        "act_by_reason": None,
        "rescue": [],
    }
    alarm = an_alarm(AlarmCondition.TEMPERATURE_HIGH, evidence=evidence)
    kept = alarm.to_json()
    assert kept["evidence"] == evidence
    assert (
        Alarm.from_json(kept).grounds
        == alarm.grounds
        == Grounds(
            excursion="x7",
            started_at=NOW,
            channel="lab1/F01/air",
            celsius=-48.0,
            flood_cause="power",
            is_offline=True,
            is_foretold=True,
            has_rescue=True,
        )
    )


def test_evidence_that_says_nothing_or_nonsense_decides_nothing() -> None:
    assert Grounds.of({}) == Grounds()
    assert Grounds.of({"started_at": "yesterday", "offline": "yes"}) == Grounds()


def test_nobody_else_reads_evidence_to_decide_by() -> None:
    """No subscript, ``get`` or ``in`` on an alarm's or a truth's evidence where alarms are decided on."""
    offenders = []
    for folder in (
        "core/alarm",
        "core/sign",
        "writer/alarm",
        "writer/condition",
        "writer/telling",
        "core/telling",
    ):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name not in BY_ITSELF:
                offenders += [f"{name}:{line}" for line in decided_by_evidence(path.read_text())]
    assert offenders == []


def test_the_check_finds_what_it_looks_for() -> None:
    for text in ('alarm.evidence["x"]', 'alarm.evidence.get("x")', '"x" in alarm.evidence'):
        assert list(decided_by_evidence(text)) == [1]
    for text in ('alarm.evidence.get("text")', "{**alarm.evidence}", 'evidence["x"] = 1'):
        assert not list(decided_by_evidence(text))


def decided_by_evidence(text: str) -> list[int]:
    """The lines that read a key of somebody's evidence."""
    lines = []
    for node in ast.walk(ast.parse(text)):
        key, value = None, None
        if isinstance(node, ast.Subscript):
            key, value = node.slice, node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            key, value = (node.args or [None])[0], node.func.value
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            key, value = node.left, node.comparators[0]
        is_evidence = isinstance(value, ast.Attribute) and value.attr == "evidence"
        if is_evidence and not (isinstance(key, ast.Constant) and key.value in FOR_PEOPLE):
            lines.append(key.lineno if key is not None else 0)
    return lines
