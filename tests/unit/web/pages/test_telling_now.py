"""Why people are told of an alarm, or aren't: the line above the list of who was told, over a real writer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.core.time.instant import HOUR
from monitor.telling.delivery import Deliverer
from monitor.testing import FakeMedium
from tests.rigs.alarms_rig import AlarmsRig
from tests.rigs.answers import policy

LINE = re.compile(r'Who was told</h2>\s*<p class="lead">(.*?)</p>')


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[AlarmsRig]:
    lab = AlarmsRig(tmp_path, policy=policy())
    yield lab
    lab.close()


def line(rig: AlarmsRig) -> str:
    """What stands between the heading and the list, on the page and in what it is renewed with."""
    shown = []
    for path in (f"/alarms/{rig.id}", f"/fragments/alarms/{rig.id}"):
        answer = rig.client.get(path)
        assert answer.status_code == 200
        shown += LINE.findall(answer.text)
    assert len(shown) == 2
    assert shown[0] == shown[1]
    return shown[0]


def test_the_page_says_that_messages_are_on_their_way_and_then_that_people_were_told(rig: AlarmsRig) -> None:
    assert line(rig) == "Messages are on their way, and none has been delivered yet."
    Deliverer(rig.store.outbox, {"mail": FakeMedium()}, rig.clock, 1000, 1000).run_due()
    assert line(rig) == "People were told, and nobody has taken it yet."


def test_the_page_says_who_holds_an_alarm_back_until_when_and_why(rig: AlarmsRig) -> None:
    rig.act("shelve", {"by": "anna", "reason": "ice on the seal", "for": "1h"})
    assert line(rig) == "Shelved by anna until 2026-11-20 10:14 +01:00: ice on the seal."


def test_the_page_says_that_somebody_has_taken_an_alarm(rig: AlarmsRig) -> None:
    rig.act("acknowledge", {"by": "anna"})
    assert line(rig) == "Anna has taken it, and whoever was told hears of that."


def test_the_page_says_that_it_is_over(rig: AlarmsRig) -> None:
    rig.cool()
    assert line(rig) == "It is over, and whoever was told that it began hears of that."


def test_where_nobody_is_configured_the_page_says_that_there_is_nobody_to_tell(tmp_path: Path) -> None:
    rig = AlarmsRig(tmp_path)
    assert line(rig) == "There is nobody to tell: no one on its route has an address."
    rig.clock.advance(HOUR)
    assert line(rig) == "There is nobody to tell: no one on its route has an address."
    rig.close()
