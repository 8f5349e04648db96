"""The writer and lots: events, expiry, custody, the morning digest; on a real store."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from monitor.core.lot.event import LotEvent
from monitor.core.time.instant import DAY, MINUTE, format_instant
from monitor.core.time.recurring import Agenda, Recurring
from monitor.testing import Rig, one_unit
from tests.rigs.lab import T0, WARM, live, lot_event, minutes, register, subjects


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def test_a_lot_is_at_risk_while_its_unit_is_outside_and_not_after(path: Path) -> None:
    rig = Rig(path, now=T0)
    assert rig.writer.lot_event(register()) == "recorded"
    readings = minutes(WARM)
    live(rig, readings[:15])
    lot = rig.view.lot("L1")
    assert lot["verdict"] == "at_risk"
    assert [r["code"] for r in lot["reasons"]] == ["excursion_open"]
    live(rig, readings[15:])
    lot = rig.view.lot("L1")
    assert lot["verdict"] == "within_profile"
    assert len(lot["excursions"]) == 1
    assert rig.view.excursions()[0]["lots"] == ["L1"]
    spent = {budget["band"]: budget["spent_seconds"] for budget in lot["budgets"]}
    assert spent == rig.view.excursions()[0]["seconds_by_band"] | {"warmer": 0.0, "cold": 0.0}
    assert lot["coverage"] == 1.0
    assert lot["mkt_celsius"] is None
    rig.close()


def test_a_lot_moved_out_before_the_excursion_has_no_part_in_it(path: Path) -> None:
    rig = Rig(path, now=T0 + MINUTE, installation=one_unit(units=("F01", "F02")))
    rig.writer.lot_event(register())
    rig.writer.lot_event(lot_event("m1", "moved", T0 + MINUTE, unit="lab1/F02"))
    live(rig, minutes(WARM))
    assert rig.view.lot("L1")["excursions"] == []
    assert rig.view.excursions()[0]["lots"] == []
    rig.close()


def test_an_expiring_lot_is_told_at_its_look_ahead_and_again_when_it_has_expired(path: Path) -> None:
    rig = Rig(path, now=T0)
    rig.writer.lot_event(register(expires_at=T0 + 20 * DAY))
    for day in (5, 7, 21):
        rig.clock.at = T0 + day * DAY
        rig.writer.tick(rig.clock.now(), None)
    assert subjects(rig) == [
        "opened lot_expiring L1",
        "closed lot_expiring L1",
        "opened lot_expired L1",
    ]
    expired = next(a for a in rig.view.alarms() if a["condition"] == "lot_expired")
    assert expired["raised_at"] == format_instant(T0 + 20 * DAY)
    assert rig.view.lot("L1")["verdict"] == "breached"
    assert rig.view.lot("L1", as_of=T0 + 10 * DAY)["verdict"] == "at_risk"
    assert rig.view.lot("L1", as_of=T0 + DAY)["verdict"] == "within_profile"
    rig.close()


def test_the_same_lot_event_again_changes_nothing_and_other_content_sets_both_aside(path: Path) -> None:
    rig = Rig(path, now=T0, installation=one_unit(units=("F01", "F02")))
    rig.writer.lot_event(register())
    moved = lot_event("m1", "moved", T0 + MINUTE, unit="lab1/F02")
    rig.clock.at = T0 + 2 * MINUTE
    assert rig.writer.lot_event(moved) == "recorded"
    assert rig.writer.lot_event(moved) == "duplicate"
    assert rig.view.lot("L1")["unit"] == "lab1/F02"
    other = lot_event("m1", "moved", T0 + MINUTE, unit=None)
    assert rig.writer.lot_event(other) == "conflict"
    lot = rig.view.lot("L1")
    assert lot["unit"] == "lab1/F01"
    assert "m1" in lot["without_effect"]
    assert [a["condition"] for a in rig.view.alarms(open_only=True)] == ["event_conflict"]
    rig.close()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (register(at=T0 + MINUTE), "registered already"),
        (lot_event("x", "voided", T0 + MINUTE, voids="nothing", reason="x"), "no event 'nothing'"),
        (
            lot_event("x", "expiry_changed", T0 + MINUTE, expires_at=T0 + 900 * DAY, reason="x"),
            "brought forward",
        ),
    ],
)
def test_an_event_that_would_have_no_effect_is_refused_in_words(
    path: Path, event: LotEvent, words: str
) -> None:
    rig = Rig(path, now=T0 + MINUTE)
    rig.writer.lot_event(register())
    other_id = LotEvent(**{name: getattr(event, name) for name in event.__slots__} | {"event_id": "other"})
    with pytest.raises(ValueError, match=words):
        rig.writer.lot_event(other_id)
    rig.close()


def test_the_morning_digest_is_owed_once_a_day_with_what_expires_and_what_is_past(path: Path) -> None:
    rig = Rig(path, now=T0, agenda=Agenda(digest=Recurring((time(7, 0),))))
    rig.writer.tick(T0, None)
    rig.writer.lot_event(register(expires_at=T0 + 10 * DAY))
    rig.clock.at = T0 + DAY
    rig.read(minutes(WARM, lag=DAY), apart=False)
    for hour in (0, 1, 25, 26, 24 * 5):
        rig.clock.at = T0 + DAY + hour * 60 * MINUTE
        rig.writer.tick(rig.clock.now(), None)
    digests = [s for s in subjects(rig) if s.startswith("digest")]
    assert digests == [
        "digest lab1 2026-11-21T07:00: 1 lots, 1 past, 1 open",
        "digest lab1 2026-11-22T07:00: 1 lots, 0 past, 1 open",
        "digest lab1 2026-11-26T07:00: 1 lots, 0 past, 1 open",
    ]
    rig.close()


def test_an_event_that_is_stamped_ahead_of_our_clock_takes_effect_in_its_time(path: Path) -> None:
    rig = Rig(path, now=T0)
    rig.writer.lot_event(register(at=T0 + 5_000, expires_at=T0 + DAY))
    assert rig.view.lot("L1") is None
    rig.clock.at = T0 + 5_000
    rig.writer.tick(rig.clock.now(), None)
    assert rig.view.lot("L1")["unit"] == "lab1/F01"
    rig.writer.lot_event(lot_event("t1", "thawed", T0 + 8_000))
    assert "opened lot_thawed L1" not in subjects(rig)
    rig.clock.at = T0 + 10_000
    rig.writer.tick(rig.clock.now(), None)
    assert "opened lot_thawed L1" in subjects(rig)
    rig.clock.at = T0 + 2 * DAY
    rig.writer.tick(rig.clock.now(), None)
    assert "opened lot_expired L1" in subjects(rig)
    rig.close()
