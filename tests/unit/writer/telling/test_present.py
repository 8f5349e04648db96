"""What messages say is of the time at which they are put together, not of that at which the alarm was raised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.core.time.instant import HOUR, MINUTE
from monitor.ports import JSON
from monitor.ports.commands import Suppress
from monitor.testing import PlainVoice, Rig, one_unit
from tests.rigs.answers import pass_time, policy, warm
from tests.rigs.lab import T0, live, minutes, register

Said = list[tuple[str, JSON]]


def recorded(monkeypatch: pytest.MonkeyPatch) -> Said:
    """The alarms of which words are asked from now on, and what kind of message they are for."""
    said: Said = []
    real = PlainVoice.message

    def message(voice: PlainVoice, kind: Any, alarm: JSON, **named: Any) -> tuple[str, str]:
        said.append((kind, alarm))
        return real(voice, kind, alarm, **named)

    monkeypatch.setattr(PlainVoice, "message", message)
    return said


def test_a_reminder_and_the_end_say_how_warm_it_is_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path / "m.db", now=T0, policy=policy(repeat=30 * MINUTE))
    said = recorded(monkeypatch)
    warm(rig)
    live(rig, minutes([-45.0] * 40, start=rig.clock.now() + MINUTE))
    pass_time(rig, MINUTE)
    live(rig, minutes([-80.0] * 8, start=rig.clock.now() + MINUTE))
    evidence = {kind: alarm["evidence"] for kind, alarm in reversed(said)}
    assert evidence["opened"]["celsius"] == -50.0
    assert (evidence["reminder"]["celsius"], evidence["reminder"]["extreme_celsius"]) == (-45.0, -45.0)
    assert (evidence["closed"]["celsius"], evidence["closed"]["extreme_celsius"]) == (-80.0, -45.0)
    rig.close()


@pytest.mark.parametrize("what", ["out of service", "outside", "well"])
def test_lots_are_sent_to_no_unit_that_is_out_of_service_or_outside_its_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    rig = Rig(tmp_path / "m.db", now=T0, policy=policy(), installation=one_unit(units=("F01", "F02")))
    said = recorded(monkeypatch)
    rig.writer.lot_event(register("L1"))
    if what == "out of service":
        rig.writer.parts.operators.carry_out(
            Suppress(subject="lab1/F02", kind="out_of_service", by="b", reason="empty", until=T0 + 9 * HOUR)
        )
    other = -50.0 if what == "outside" else -80.0
    for number, celsius in enumerate([-80.0, *[-50.0] * 12]):
        rig.clock.at = T0 + number * MINUTE
        rig.read(minutes([other if number > 8 else -80.0], start=rig.clock.at), channel="lab1/F02/product")
        rig.read(minutes([celsius], start=rig.clock.at))
    (alarm,) = [alarm for kind, alarm in said if kind == "opened"]
    (rescue,) = alarm["evidence"]["rescue"]
    assert rescue["to"] == (["lab1/F02"] if what == "well" else [])
    in_view = rig.view.unit("lab1/F01")
    assert in_view is not None
    assert [row["to"] for row in in_view["rescue"]] == [rescue["to"]]
    rig.close()
