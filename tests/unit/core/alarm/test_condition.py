"""Every condition can be routed, has its words, and clocks that were reset make no excursions of half a century."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from monitor.config.file.people_file import Condition
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.channel.quality import why_bad
from monitor.core.channel.reading import Reading
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import MINUTE, parse_instant


def test_a_route_may_name_every_condition() -> None:
    named = TypeAdapter(Condition)
    assert [named.validate_python(condition.value) for condition in AlarmCondition] == list(AlarmCondition)
    assert named.json_schema()["enum"] == [condition.value for condition in AlarmCondition]


@pytest.mark.parametrize(
    ("measured", "received", "why"),
    [
        ("1970-01-01T00:00:10Z", "2026-11-20T08:00:00Z", "clock_reset"),
        ("1980-01-06T00:00:00Z", "2026-11-20T08:00:00Z", "clock_reset"),
        ("1999-12-31T23:59:59.999Z", "2000-01-01T00:00:00Z", "clock_reset"),
        ("2000-01-01T00:00:00Z", "2026-11-20T08:00:00Z", None),
        ("1998-05-01T00:00:00Z", "1998-05-01T00:00:01Z", None),
    ],
)
def test_what_was_measured_before_2000_and_received_after_it_is_of_a_clock_that_was_reset(
    measured: str, received: str, why: str | None
) -> None:
    reading = Reading(parse_instant(measured), parse_instant(received), -80.0)
    assert why_bad(reading, ProbeSettings()) == why


def test_a_fault_is_told_before_the_clock() -> None:
    now = parse_instant("2026-11-20T08:00:00Z")
    assert why_bad(Reading(5 * MINUTE, now, None, "open_circuit"), ProbeSettings()) == "fault:open_circuit"
