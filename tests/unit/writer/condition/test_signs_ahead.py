"""By when to act, in the alarms of signs: what the product's own forecast says, and when it says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.core.time.instant import HOUR, parse_instant
from monitor.testing import Rig
from tests.rigs.lab import T0, subjects
from tests.rigs.signs import failing, readings, two_probes
from tests.unit.writer.condition.test_signs import CHANNEL, NOW, START, alarms, past, restarted


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.mark.parametrize("warms", [False, True])
def test_by_when_to_act_is_what_the_product_foretells_and_not_the_air(path: Path, warms: bool) -> None:
    installation = two_probes()
    first = Rig(path, now=T0, installation=installation)
    first.read(past(), channel="lab1/F01/air", apart=False)
    first.read(readings(lambda minute: -80.0, 0, NOW, start=START), channel=CHANNEL, apart=False)
    first.kill()
    rig = restarted(path, T0, installation=installation)
    product = readings(
        lambda minute: -80.0 + max(0, minute - NOW) * 0.03 * warms, NOW, NOW + 200, start=START, noise=0.01
    )
    air = readings(failing(NOW + 25), NOW, NOW + 200, start=START)
    for minute, reading in enumerate(air):
        rig.clock.at = reading.received_at
        rig.read([reading], channel="lab1/F01/air")
        rig.read([product[minute]], channel=CHANNEL)
        if alarms(rig, "rising_fast"):
            break
    (alarm,) = rig.view.alarms(open_only=True)
    if not warms:
        assert alarm["act_by"] is None
    else:  # 20 °C to go, at 1.8 °C an hour and slowing down
        assert parse_instant(alarm["act_by"]) > rig.clock.at + 4 * HOUR
    rig.close()


def test_by_when_to_act_is_put_into_an_alarm_later_and_told_to_no_one_again(path: Path) -> None:
    installation = two_probes()
    first = Rig(path, now=T0, installation=installation)
    first.read(past(), channel="lab1/F01/air", apart=False)
    first.read(readings(lambda minute: -80.0, 0, NOW, start=START), channel=CHANNEL, apart=False)
    first.kill()
    rig = restarted(path, T0, installation=installation)
    product = readings(
        lambda minute: -80.0 + max(0, minute - NOW - 60) * 0.05, NOW, NOW + 400, start=START, noise=0.01
    )
    first_said = None
    for minute, reading in enumerate(readings(failing(NOW + 25), NOW, NOW + 400, start=START)):
        rig.clock.at = reading.received_at
        rig.read([reading], channel="lab1/F01/air")
        rig.read([product[minute]], channel=CHANNEL)
        first_said = first_said or next((one for one in rig.view.alarms()), None)
    assert first_said is not None
    assert (first_said["condition"], first_said["act_by"]) == ("rising_fast", None)
    (alarm,) = rig.view.alarms(open_only=True)
    assert alarm["id"] == first_said["id"]
    assert parse_instant(alarm["act_by"]) > T0 + 4 * HOUR
    assert alarm["evidence"]["act_by_reason"] == "it may leave its window (-60 °C) then"
    assert alarm["evidence"]["text"] == first_said["evidence"]["text"]
    assert subjects(rig) == [f"opened rising_fast {CHANNEL}"]
    rig.close()
