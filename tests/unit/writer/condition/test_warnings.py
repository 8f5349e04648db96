"""Warnings about temperature beside excursions: what ends them, and what is of the past."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.core.channel.reading import Reading
from monitor.core.profile.profile import WarningLevel
from monitor.core.time.instant import MINUTE, parse_instant
from monitor.testing import Rig, ult_profile
from tests.unit.writer.condition.test_upkeep import of, say

T0 = parse_instant("2026-11-20T08:00:00Z")


def warned(tmp_path: Path) -> Rig:
    """A freezer that has been beyond its warning level, -70 °C, for half an hour."""
    profile = ult_profile(warning=WarningLevel(None, -70.0, 10 * MINUTE))
    rig = Rig(tmp_path / "w.db", now=T0, profiles=[profile])
    for minute in range(30):
        say(rig, T0 + minute * MINUTE, celsius=-80.0 if minute < 2 else -65.0)
    assert [alarm["level"] for alarm in of(rig, "temperature_high")] == ["warning"]
    return rig


def test_a_moment_outside_that_confirms_nothing_ends_no_warning(tmp_path: Path) -> None:
    rig = warned(tmp_path)
    for minute in range(30, 60):
        say(rig, T0 + minute * MINUTE, celsius=-58.0 if 32 < minute < 36 else -65.0)
    assert [alarm["cleared_at"] for alarm in of(rig, "temperature_high")] == [None]
    for minute in range(60, 63):
        say(rig, T0 + minute * MINUTE, celsius=-80.0)
    assert [alarm["level"] for alarm in of(rig, "temperature_high")] == ["warning"]
    assert of(rig, "temperature_high")[0]["cleared_at"] is not None
    rig.close()


@pytest.mark.parametrize("size", [1, 7, 200])
def test_what_began_and_ended_while_we_were_away_is_of_the_past_though_a_warning_is_open(
    tmp_path: Path, size: int
) -> None:
    rig = warned(tmp_path)
    values = [-50.0] * 40 + [-65.0] * 40 + [-80.0] * 5
    now = T0 + 30 * MINUTE + len(values) * MINUTE
    rig.clock.at = now
    readings = [Reading(T0 + (30 + n) * MINUTE, now, value) for n, value in enumerate(values)]
    for start in range(0, len(readings), size):
        rig.read(readings[start : start + size])
    found = [(alarm["level"], alarm["past"]) for alarm in of(rig, "temperature_high")]
    assert found == [("warning", False), ("alarm", True)]
    assert all(alarm["cleared_at"] for alarm in of(rig, "temperature_high"))
    rig.close()
