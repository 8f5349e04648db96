"""Every guide has a headline of one line and the first steps, for any alarm that a page can show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.config import load
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.time.instant import parse_instant
from monitor.ports import Guide as GuidePort
from monitor.program.assembly import MessageWording
from monitor.testing import ManualClock
from monitor.web.wiring import PlainGuide
from tests.browser.conftest import Guide
from tests.contract.test_wording import alarm
from tests.fakes.lab import FakeLab
from tests.house import ROOT

NOW = parse_instant("2026-11-22T03:00:00Z")

GUIDES: dict[str, Callable[[], GuidePort]] = {
    "MessageWording": lambda: MessageWording(load(ROOT / "config", {}), ManualClock(NOW)),
    "PlainGuide": PlainGuide,
    "Guide": lambda: Guide(FakeLab()),
}


@pytest.fixture(params=GUIDES)
def guide(request: pytest.FixtureRequest) -> GuidePort:
    return GUIDES[request.param]()


@pytest.mark.parametrize("condition", AlarmCondition)
def test_an_alarm_of_any_condition_has_its_headline_and_first_steps(
    guide: GuidePort, condition: AlarmCondition
) -> None:
    of = alarm(condition)
    assert guide.headline(of).strip()
    assert "\n" not in guide.headline(of)
    assert all(step.strip() for step in guide.first_steps(of))
