"""What can't be judged as it is asked for: said to be unknown, never well; all else is answered as ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.asking.wall import Wall
from monitor.core.answer.lot import LotAnswer
from monitor.core.answer.unit import UnitAnswer
from monitor.core.channel.reading import Reading
from monitor.core.time.instant import HOUR, MINUTE
from monitor.ports import JSON
from monitor.testing import Rig, one_unit
from monitor.writer.lot.findings import Findings
from monitor.writer.lot.outlook import Outlook
from tests.rigs.answer.described import hold
from tests.rigs.lab import T0, register

UNITS = ("F01", "F02", "F03")
LOTS = {"L1": "lab1/F01", "L2": "lab1/F02", "L3": "lab1/F02"}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """F02 warms, with two lots in it; F01 and F03 are well."""
    lab = Rig(tmp_path / "s.db", installation=one_unit(units=UNITS), now=T0)
    for lot, unit in LOTS.items():
        lab.writer.lot_event(register(lot=lot, unit=unit))
    warm(lab, 40)
    yield lab
    lab.close()


def warm(rig: Rig, minutes: int) -> None:
    for minute in range(minutes):
        at = rig.clock.at = T0 + minute * MINUTE
        for unit in UNITS:
            celsius = -80.0 + (min(minute, 30) if unit == "F02" else 0.0)
            rig.read([Reading(at, at, celsius, None)], channel=f"lab1/{unit}/product")
        rig.writer.tick(at, T0)


def failing(real: Callable[..., Any], is_it: Callable[..., bool]) -> Callable[..., Any]:
    def call(*args: Any, **named: Any) -> Any:
        if is_it(*args):
            raise ValueError("a bug")
        return real(*args, **named)

    return call


def break_lot(patch: pytest.MonkeyPatch, lot: str, method: str = "judge") -> None:
    def is_it(findings: Findings, tx: Any, of: Any, *_: Any) -> bool:
        return lot == (of if isinstance(of, str) else of.lot)

    patch.setattr(Findings, method, failing(getattr(Findings, method), is_it))


def by_name(rows: list[LotAnswer] | list[UnitAnswer], name: str) -> dict[str, JSON]:
    return {row[name]: dict(row) for row in rows}  # type: ignore[literal-required]


@pytest.mark.parametrize("method", ["history", "judge"])
def test_a_lot_that_cannot_be_judged_is_unknown_with_what_is_on_record_and_all_others_are_the_same(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    sound = by_name(rig.view.lots(), "lot")
    rig.clock.advance(HOUR)
    sound_later = by_name(rig.view.lots(), "lot")
    break_lot(monkeypatch, "L1", method)
    answered = by_name(rig.view.lots(), "lot")
    unjudged = answered.pop("L1")
    del sound_later["L1"]
    assert answered == sound_later
    assert unjudged["verdict"] == "indeterminate"
    assert unjudged["reasons"][0]["code"] == "not_judged"
    assert "ValueError: a bug" in unjudged["reasons"][0]["text"]
    assert unjudged["as_of"] <= sound["L1"]["as_of"], "the figures are those on record, of their own instant"
    assert unjudged["custody"] == sound["L1"]["custody"]
    assert rig.view.lot("L1") == unjudged
    hold(LotAnswer, unjudged)


def test_a_lot_that_is_lost_stays_lost_when_it_cannot_be_judged_any_more(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.writer.lot_event(register(lot="L9", unit="lab1/F03", expires_at=T0 + HOUR))
    rig.clock.advance(2 * HOUR)
    rig.writer.tick(rig.clock.now(), T0)
    break_lot(monkeypatch, "L9")
    lost = by_name(rig.view.lots(), "lot")["L9"]
    assert lost["verdict"] == "breached"
    assert [reason["code"] for reason in lost["reasons"]][:2] == ["expired", "not_judged"]


def test_a_lot_of_which_nothing_is_on_record_is_unknown_too(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_lot(monkeypatch, "L9")
    rig.writer.lot_event(register(lot="L9", unit="lab1/F01"))
    unknown = by_name(rig.view.lots(), "lot")["L9"]
    assert (unknown["verdict"], unknown["site"], unknown["profile"]) == ("indeterminate", "lab1", "ult")
    assert unknown["budgets"] == []
    hold(LotAnswer, unknown)
    before_it_came = by_name(rig.view.lots(as_of=T0 - HOUR), "lot")
    assert before_it_came.keys() <= {"L9"}


def test_what_is_on_record_of_later_is_not_shown_for_an_earlier_instant(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_lot(monkeypatch, "L2")
    at = T0 + 5 * MINUTE
    assert by_name(rig.view.lots(as_of=at), "lot")["L2"]["as_of"] <= "2026-11-20T08:05:00.000Z"


def test_a_unit_that_cannot_be_judged_is_unknown_and_all_others_are_the_same(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = by_name(rig.view.units(), "unit")
    monkeypatch.setattr(Wall, "_probe", failing(Wall._probe, lambda wall, unit, probe: unit.name == "F01"))
    answered = by_name(rig.view.units(), "unit")
    unjudged, was = answered.pop("lab1/F01"), sound.pop("lab1/F01")
    assert answered == sound
    assert (unjudged["state"], unjudged["state_text"]) == ("unknown", "not judged: the program fails at it")
    assert [probe["state"] for probe in unjudged["probes"]] == ["unknown"]
    assert unjudged["celsius"] is None
    assert (unjudged["lots"], unjudged["alarms"]) == (was["lots"], was["alarms"])
    hold(UnitAnswer, unjudged)
    assert rig.view.unit("lab1/F01") == unjudged
    listed = [(one["subject"], one["reason"]) for one in rig.view.unwatched()]
    assert listed == [("lab1/F01/product", "judging_failed")]


def test_a_unit_of_which_no_outlook_can_be_made_says_so_and_has_its_state(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = by_name(rig.view.units(), "unit")["lab1/F02"]
    monkeypatch.setattr(Outlook, "forecast", failing(Outlook.forecast, lambda *_: True))
    shown = by_name(rig.view.units(), "unit")["lab1/F02"]
    assert shown["state"] == sound["state"] == "excursion"
    assert (shown["forecast"], shown["act_by"]) == (None, None)
    assert shown["act_by_reason"] == "not known: the program fails at telling what is coming"


def test_of_the_lots_in_a_warm_unit_one_that_cannot_be_judged_is_to_be_moved_as_well(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = {row["lot"]: row for row in by_name(rig.view.units(), "unit")["lab1/F02"]["rescue"]}
    break_lot(monkeypatch, "L2")
    rescue = {row["lot"]: row for row in by_name(rig.view.units(), "unit")["lab1/F02"]["rescue"]}
    assert rescue["L3"] == sound["L3"]
    assert rescue["L2"]["to"] == sound["L2"]["to"]


def test_a_lot_that_cannot_be_judged_keeps_nobody_from_hearing_that_its_unit_is_warm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path / "s.db", installation=one_unit(units=UNITS), now=T0)
    for lot, unit in LOTS.items():
        rig.writer.lot_event(register(lot=lot, unit=unit))
    break_lot(monkeypatch, "L2")
    warm(rig, 40)
    subjects = [message["subject"] for message in rig.view.notifications()]
    assert "opened temperature_high lab1/F02/product" in subjects
    alarms = {one["condition"]: one for one in rig.view.alarms(open_only=True)}
    assert [row["lot"] for row in alarms["temperature_high"]["evidence"]["rescue"]] == ["L2", "L3"]
    rig.close()


def test_a_store_that_cannot_be_read_is_no_lot_that_cannot_be_judged(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise sa.exc.OperationalError("select", {}, Exception("disk I/O error"))

    monkeypatch.setattr(Findings, "judge", broken)
    monkeypatch.setattr(Wall, "_probe", broken)
    with pytest.raises(sa.exc.OperationalError):
        rig.view.lots()
    with pytest.raises(sa.exc.OperationalError):
        rig.view.units()
