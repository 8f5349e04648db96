"""The broker goes and comes back, for the running program with a real broker and a real mail server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rigs.server.program import Inbox, Monitor, Mosquitto, Stopping, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def stopping() -> Iterator[Stopping]:
    everything = Stopping()
    yield everything
    everything.stop()


def test_a_broker_that_goes_is_one_alarm_and_one_mail_each_way(tmp_path: Path, stopping: Stopping) -> None:
    broker = stopping.add(Mosquitto(tmp_path))
    broker.start()
    inbox = stopping.add(Inbox())
    after = {"EXOSOME_MONITOR__ALERTING__BROKER_LOST_AFTER": "2s"}
    monitor = stopping.add(Monitor(tmp_path, broker, mail=inbox, env=after))
    monitor.start()
    broker.stop()
    wait_until(lambda: inbox.subjects(), 60, "told that the broker is gone")
    monitor.kill()
    broker.start()
    monitor.start()
    wait_until(lambda: len(inbox.subjects()) == 2, 60, "told that it is back")
    opened, closed = (subject.strip() for subject in inbox.subjects())
    assert opened.startswith("[ALARM] The MQTT broker cannot be reached: no readings arrive since ")
    assert closed.startswith("[CLOSED] The MQTT broker: out of reach, recovered ")
    (alarm,) = [one for one in monitor.json("alarms", "list") if one["condition"] == "broker_lost"]
    assert (alarm["subject"], alarm["cleared_at"] is None) == ("broker", False)
