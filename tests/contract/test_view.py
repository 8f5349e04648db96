"""What every View promises beside its parts: the one over a store, FakeView, FakeLab, and Lab."""

from __future__ import annotations

from monitor.ports import JSON, View
from tests.fakes.desk import fake_desk
from tests.fakes.lab import FakeLab

OF_ONE_ALARM = {"history", "children", "suppression", "told"}
"""What an alarm has only where it is asked for alone; fakes keep it with the alarm."""


def test_a_lot_is_as_in_the_list_of_all_and_none_if_it_is_not_there(view: View) -> None:
    for lot in view.lots():
        assert view.lot(lot["lot"]) == lot
    assert view.lot("EXO-999") is None


def test_what_could_not_be_taken_is_counted_and_shown_as_far_as_wanted(view: View) -> None:
    assert view.rejected(limit=0)["messages"] == []
    assert sum(view.rejected()["counts"].values()) >= len(view.rejected()["messages"])


def shapes(view: View) -> dict[str, JSON]:
    """One of each kind of what a view lists."""
    listed = {
        "unit": view.units(),
        "probe": [probe for unit in view.units() for probe in unit["probes"]],
        "excursion": view.excursions(),
        "alarm": view.alarms(),
        "suppression": view.suppressions(open_only=False),
        "notification": view.notifications(),
        "rejected": view.rejected()["messages"],
    }
    return {name: rows[0] for name, rows in listed.items() if rows}


def test_a_fake_has_no_field_that_the_real_view_does_not_have(real_view: View) -> None:
    known = shapes(real_view)
    for fake in (fake_desk(), FakeLab()):
        for name, shape in shapes(fake).items():
            if name in known:
                strange = shape.keys() - known[name].keys() - OF_ONE_ALARM
                assert not strange, f"{type(fake).__name__}: {name} has {', '.join(sorted(strange))}"
