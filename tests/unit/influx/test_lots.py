"""What each version of a lot becomes in InfluxDB, from the lots that the real writer records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.profile.profile import Band, MktRule, OutOfStorage, ThawRule, UnknownRule, Window
from monitor.core.time.instant import DAY, MINUTE
from monitor.influx.lines import fact_line
from monitor.ports import JSON, LoggedFact
from monitor.store.projection import Projection
from monitor.testing import Rig, ult_profile
from tests.rigs.lab import T0, WARM, live, lot_event, minutes, register
from tests.unit.influx.test_lines import parsed

ULT = ult_profile(
    bands=(
        Band("warm", -60.0, -50.0, 10 * MINUTE),
        Band("warmer", -50.0, None, DAY),
        Band("cold", None, -90.0, None),
    ),
    ambient=22.0,
    out_of_storage=OutOfStorage(2 * MINUTE, 30 * MINUTE),
    unknown=UnknownRule("report", None, 0, DAY),
    thaw=ThawRule(-50.0, 2 * MINUTE, -60.0, 60 * MINUTE, 1),
    coverage_minimum=0.95,
    in_use=DAY,
)
FRIDGE = replace(
    ULT,
    window=Window(2.0, 8.0),
    high=replace(ULT.high, instant=None),
    bands=(Band("warm", 8.0, 25.0, DAY), Band("hot", 25.0, None, 0), Band("cold", None, 2.0, None)),
    thaw=None,
    mkt=MktRule(DAY, 8.0, 10_000.0),
)


def facts_of(rig: Rig) -> list[LoggedFact]:
    """Every version of every lot, as InfluxDB is handed them."""
    found = Projection(rig.store.database, lambda: rig.rules).facts_after(0, 1_000)
    return [fact for fact in found if fact.kind == "lot"]


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Rig]:
    """A lot whose unit warms up, and that is moved out and disposed of afterwards."""
    rig = Rig(tmp_path / "frozen.db", now=T0, profiles=[ULT])
    rig.writer.lot_event(register())
    live(rig, minutes(WARM))
    rig.clock.advance(MINUTE)
    rig.writer.lot_event(lot_event("m1", "moved", rig.clock.at, unit=None))
    rig.clock.advance(MINUTE)
    rig.writer.lot_event(lot_event("d1", "disposed", rig.clock.at))
    yield rig
    rig.close()


@pytest.fixture
def cool(tmp_path: Path) -> Iterator[Rig]:
    """A lot in a fridge that gets too warm for a while."""
    rig = Rig(tmp_path / "cool.db", now=T0, profiles=[FRIDGE])
    rig.writer.lot_event(register())
    live(rig, minutes([5, 5, 7, 9, 12, 9, 6, 5, 5, 5]))
    rig.clock.advance(MINUTE)
    rig.writer.lot_event(lot_event("q1", "quarantined", rig.clock.at, reason="too warm"))
    yield rig
    rig.close()


def test_the_last_version_has_every_figure_of_the_lot(frozen: Rig) -> None:
    last = facts_of(frozen)[-1]
    measurement, tags, fields, at = parsed(fact_line(last))
    body: JSON = dict(last.body)
    assert (measurement, tags, at) == ("lot_integrity", {"lot": "L1", "product": "EV-7"}, last.recorded_at)
    for name in (
        *("thaw_count", "coverage", "known_seconds", "unknown_seconds", "out_of_storage_seconds"),
        *("min_celsius", "max_celsius", "profile_version"),
    ):
        assert body[name] is not None
        assert fields[name] == float(body[name]), name
    for name in ("verdict", "disposition", "effective_expires_at", "expiry_reason", "thawed_at"):
        assert fields[name] == body[name], name
    assert fields["thaw_count_determinate"] is True
    assert fields["thaw_count"] == 1.0
    for budget in body["budgets"]:
        assert fields[f"spent_seconds_{budget['band']}"] == budget["spent_seconds"]
        assert fields.get(f"left_seconds_{budget['band']}") == budget["left_seconds"]
    assert "left_seconds_cold" not in fields
    assert fields["spent_seconds_out_of_storage"] == 60.0


def test_a_mean_kinetic_temperature_that_there_is_not_has_no_field(frozen: Rig, cool: Rig) -> None:
    assert not {"mkt_celsius", "mkt_worst_celsius"} & parsed(fact_line(facts_of(frozen)[-1]))[2].keys()
    last = facts_of(cool)[-1]
    fields = parsed(fact_line(last))[2]
    assert fields["mkt_celsius"] == last.body["mkt_celsius"]
    assert fields["mkt_worst_celsius"] == last.body["mkt_worst"]["celsius"]


def test_a_field_has_one_type_in_all_versions_of_all_lots(frozen: Rig, cool: Rig) -> None:
    types: dict[str, set[type]] = {}
    lines = [fact_line(fact) for rig in (frozen, cool) for fact in facts_of(rig)]
    assert len(lines) > 5
    for line in lines:
        for name, value in parsed(line)[2].items():
            types.setdefault(name, set()).add(type(value))
    assert {name: found for name, found in types.items() if len(found) > 1} == {}
    assert int not in {one for found in types.values() for one in found}
