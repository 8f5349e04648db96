"""Every voice says, in a subject of one line and a body, what there is to say of an alarm, and changes nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import get_args

import pytest

from monitor.config import load
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition
from monitor.core.telling.told import MessageKind
from monitor.core.time.instant import parse_instant
from monitor.ports import JSON
from monitor.program.assembly import voice_of
from monitor.testing import ManualClock, PlainVoice
from monitor.words.voice import Voice
from tests.house import ROOT

NOW = parse_instant("2026-11-22T03:00:00Z")

VOICES: dict[str, Callable[[], Voice]] = {
    "Voice": lambda: voice_of(load(ROOT / "config", {}), ManualClock(NOW)),
    "Voice of nowhere": Voice,
    "PlainVoice": PlainVoice,
}


def alarm(condition: AlarmCondition) -> JSON:
    """An alarm of which no more is known than that it is there."""
    return {
        "id": "a1",
        "condition": condition.value,
        "subject": "lab1/F01/product",
        "level": LEVEL_OF[condition],
        "state": "unacknowledged",
        "raised_at": "2026-11-22T02:22:00.000Z",
        "cleared_at": None,
        "act_by": None,
        "evidence": {},
    }


@pytest.fixture(params=VOICES)
def voice(request: pytest.FixtureRequest) -> Voice:
    return VOICES[request.param]()


def is_said(words: tuple[str, str]) -> bool:
    subject, body = words
    return bool(subject.strip()) and "\n" not in subject and isinstance(body, str)


@pytest.mark.parametrize("condition", AlarmCondition)
def test_every_kind_of_message_about_every_condition_is_said(voice: Voice, condition: AlarmCondition) -> None:
    for kind in get_args(MessageKind)[:5]:  # the other two are about no single alarm
        of = alarm(condition)
        if kind == "closed":
            of["cleared_at"] = "2026-11-22T02:50:00.000Z"
        before = copy.deepcopy(of)
        assert is_said(voice.message(kind, of, others=["ben"], children=[alarm(condition)])), kind
        assert of == before


def test_the_end_of_a_shelf_is_said(voice: Voice) -> None:
    condition = AlarmCondition.TEMPERATURE_HIGH
    shelf = {
        "id": "s1",
        "condition": condition.value,
        "subject": "lab1/F01/product",
        "by": "ben",
        "reason": "defrosting",
        "until": "2026-11-22T03:00:00.000Z",
    }
    assert is_said(voice.shelf_ended(shelf, alarm(condition)))


def test_a_shift_and_a_week_in_which_nothing_was_are_said_too(voice: Voice) -> None:
    span = {"since": "2026-11-15T07:00:00.000Z", "until": "2026-11-22T07:00:00.000Z"}
    nothing: JSON = {"lots": [], "open": [], "past": [], "unseen": [], "unwatched": [], "calibrations": []}
    assert is_said(voice.digest("lab1", "2026-11-22T07:00", {**span, **nothing}))
    week: JSON = {"excursions": [], "lots": [], "coverage": [], "alarms": [], "alarms_cut": 0}
    week |= {"suppressions": [], "calibrations": [], "drills": []}
    assert is_said(voice.summary("lab1", "2026-11-22T07:00", {**span, **week}))


@pytest.mark.parametrize("condition", AlarmCondition)
def test_an_alarm_of_any_condition_has_its_headline_and_first_steps(
    voice: Voice, condition: AlarmCondition
) -> None:
    of = alarm(condition)
    assert voice.headline(of).strip()
    assert "\n" not in voice.headline(of)
    assert all(step.strip() for step in voice.first_steps(of))
