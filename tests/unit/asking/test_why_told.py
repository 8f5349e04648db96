"""Why was nobody told? Asked of an alarm at the time of asking: in the API's JSON and on the command line."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.cli.alarm.card import print_alarm
from monitor.core.telling.policy import Policy, Recipient
from monitor.core.time.instant import HOUR, format_instant
from monitor.ports import JSON
from monitor.ports.commands import Suppress
from monitor.testing import Rig
from tests.rigs.answers import policy, warm
from tests.rigs.lab import T0


def the_alarm(rig: Rig) -> JSON:
    (alarm,) = rig.view.alarms(open_only=True)
    shown = rig.view.alarm(alarm["id"])
    assert shown is not None
    return shown


def test_an_alarm_says_why_people_are_told_or_not_as_of_now(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = Rig(tmp_path / "s.db", now=T0, policy=policy())
    warm(rig)
    assert the_alarm(rig)["telling_now"]["why"] == "under_way"
    until = rig.clock.now() + HOUR
    rig.writer.parts.operators.carry_out(
        Suppress(subject="lab1/F01", kind="out_of_service", by="anna", reason="empty", until=until)
    )
    shown = the_alarm(rig)
    assert shown["telling_now"]["why"] == "held_back"
    assert shown["telling_now"]["until"] == format_instant(until)
    assert shown["telling_now"]["text"].startswith("out of service by anna until ")
    assert shown["telling"]["why"] == "raised", "why its ladder began stays what it was"
    print_alarm(shown, ZoneInfo("UTC"))
    assert "out of service by anna until" in capsys.readouterr().out
    rig.close()


def test_where_nobody_is_configured_there_is_nobody_to_tell(tmp_path: Path) -> None:
    nobody = Policy(always=(Recipient("console", "console", "console"),))
    rig = Rig(tmp_path / "s.db", now=T0, policy=nobody)
    warm(rig)
    assert the_alarm(rig)["telling_now"]["why"] == "nobody"
    rig.close()
