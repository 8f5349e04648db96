"""Every source of a projection gives readings and facts in recorded order from any place, and keeps the place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.core.time.instant import MINUTE
from monitor.ports import ProjectionSource, Refusal
from monitor.store.projection import Projection
from monitor.testing import Rig
from tests.fakes.projection import MemoryProjection
from tests.rigs.lab import T0, WARM, live, minutes

CHANNEL = "lab1/F01/product"
COURSE = [float(celsius) for celsius in WARM]


def in_store(path: Path) -> Iterator[ProjectionSource]:
    """The store into which a writer put a freezer's warm half hour, and what came of it."""
    rig = Rig(path, now=T0)
    live(rig, minutes(COURSE))
    yield Projection(rig.store.database, lambda: rig.rules)
    rig.close()


def in_memory() -> ProjectionSource:
    """The same readings, and facts put there by hand."""
    source = MemoryProjection()
    for reading in minutes(COURSE):
        source.add(CHANNEL, reading.measured_at, reading.celsius)
    for version in (1, 2):
        source.add_fact("excursion", "e1", version, T0, {"id": "e1"})
    return source


@pytest.fixture(params=["Projection", "MemoryProjection"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ProjectionSource]:
    if request.param == "Projection":
        yield from in_store(tmp_path / "m.db")
    else:
        yield in_memory()


def test_readings_come_in_the_order_of_the_log_from_any_place_on(source: ProjectionSource) -> None:
    readings = source.readings_after(0, 1_000)
    assert [reading.celsius for reading in readings] == COURSE
    assert {reading.channel for reading in readings} == {CHANNEL}
    positions = [reading.position for reading in readings]
    assert positions == sorted(set(positions))
    assert source.readings_after(positions[4], 1_000) == readings[5:]
    assert source.readings_after(0, 3) == readings[:3]
    assert source.readings_after(positions[-1], 1_000) == []


def test_facts_come_in_the_order_in_which_they_were_recorded_version_by_version(
    source: ProjectionSource,
) -> None:
    facts = source.facts_after(0, 1_000)
    positions = [fact.position for fact in facts]
    assert positions == sorted(set(positions))
    versions: dict[str, list[int]] = {}
    for fact in facts:
        versions.setdefault(f"{fact.kind} {fact.id}", []).append(fact.version)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in versions.values())
    assert any(len(numbers) > 1 for numbers in versions.values())
    assert source.facts_after(positions[0], 1_000) == facts[1:]
    assert source.facts_after(0, 1) == facts[:1]


def test_the_last_positions_are_those_of_the_last_reading_and_the_last_fact(source: ProjectionSource) -> None:
    last_reading, last_fact = source.readings_after(0, 1_000)[-1], source.facts_after(0, 1_000)[-1]
    assert source.last_positions() == (last_reading.position, last_fact.position)


def test_a_channel_is_read_between_two_instants_the_end_left_out(source: ProjectionSource) -> None:
    assert source.channels() == [CHANNEL]
    last = T0 + (len(COURSE) - 1) * MINUTE
    assert source.span(CHANNEL) == (T0, last)
    between = source.readings_between(CHANNEL, T0 + MINUTE, T0 + 3 * MINUTE)
    assert [(reading.measured_at, reading.celsius) for reading in between] == [
        (T0 + MINUTE, COURSE[1]),
        (T0 + 2 * MINUTE, COURSE[2]),
    ]


def test_each_projection_has_a_place_of_its_own(source: ProjectionSource) -> None:
    assert source.cursor("readings") == 0
    source.advance_cursor("readings", 7)
    source.advance_cursor("facts", 2, [Refusal("a line", "too old")])
    assert (source.cursor("readings"), source.cursor("facts"), source.cursor("other")) == (7, 2, 0)
    source.advance_cursor("readings", 9)
    assert source.cursor("readings") == 9
