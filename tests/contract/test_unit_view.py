"""What every UnitView promises: View over a store, FakeView, FakeLab, and Lab, which a test changes."""

from __future__ import annotations

from monitor.core.time.instant import HOUR
from monitor.ports import UnitView


def test_a_unit_or_channel_that_is_not_there_is_none(view: UnitView) -> None:
    assert view.unit("lab1/F99") is None
    assert view.readings("lab1/F99/product", 0, view.now(), 10) is None


def test_a_unit_is_as_in_the_list_of_all(view: UnitView) -> None:
    for unit in view.units():
        assert view.unit(unit["unit"]) == unit


def test_excursions_are_picked_by_unit_lot_and_whether_they_are_open(view: UnitView) -> None:
    for excursion in view.excursions():
        unit = excursion["channel"].rpartition("/")[0]
        assert excursion in view.excursions(unit=unit)
        assert excursion not in view.excursions(unit="lab1/F99")
        for lot in excursion["lots"]:
            assert excursion in view.excursions(lot=lot)
    assert all(each["closed_at"] is None for each in view.excursions(open_only=True))


def test_a_channel_has_its_readings_between_two_instants(view: UnitView) -> None:
    channel, now = "lab1/F01/product", view.now()
    series = view.readings(channel, now - HOUR, now, 10)
    assert series is not None
    assert series["channel"] == channel
    assert {"from", "to", "max_gap_seconds", "count", "readings"} <= series.keys()


def test_each_site_has_its_time_zone(view: UnitView) -> None:
    assert view.sites()
    assert all(site.keys() == {"site", "timezone"} for site in view.sites())
