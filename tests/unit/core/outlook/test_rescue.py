"""The rescue order: who goes first, and where to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.outlook.rescue import LotAtRisk, Rescue, rescue_order
from monitor.core.outlook.shelter import Shelter
from monitor.core.time.instant import HOUR

T0 = 1_770_000_000_000
ULT = ("ult-80", "freezer-20")


def lot(name: str, act_by: int | None = T0, **fields: object) -> LotAtRisk:
    given = {"what": "warm", "left_ms": HOUR, "breached": False, "storage_classes": ULT, "title": "EV-7"}
    return LotAtRisk(lot=name, act_by=act_by, **{**given, **fields})


def shelter(unit: str, storage_class: str = "ult-80", **fields: object) -> Shelter:
    given = {"title": "", "why_not": None, "site": unit.partition("/")[0], "lots": 0}
    return Shelter(unit=unit, storage_class=storage_class, **{**given, **fields})


def names(order: list[Rescue]) -> list[str]:
    return [rescue.lot for rescue in order]


def test_the_lot_with_the_least_time_goes_first_and_the_lost_one_last() -> None:
    lots = [
        lot("lost", T0 - HOUR, breached=True),
        lot("never", None, left_ms=None),
        lot("late", T0 + HOUR),
        lot("soon", T0),
    ]
    assert names(rescue_order(lots, [], from_unit="lab1/F02")) == ["soon", "late", "never", "lost"]


def test_a_tie_is_broken_by_what_is_left_and_then_by_name() -> None:
    lots = [lot("c", left_ms=None), lot("b", left_ms=5), lot("a", left_ms=5), lot("d", left_ms=0)]
    assert names(rescue_order(lots, [], from_unit="lab1/F02")) == ["d", "a", "b", "c"]


def test_an_act_by_at_the_epoch_is_not_taken_for_none() -> None:
    lots = [lot("none", None), lot("epoch", 0), lot("before", -5)]
    assert names(rescue_order(lots, [], from_unit="lab1/F02")) == ["before", "epoch", "none"]


def test_the_own_class_comes_before_the_site_and_the_site_before_room() -> None:
    shelters = [
        shelter("lab1/F11", "freezer-20"),
        shelter("lab2/F04"),
        shelter("lab1/F03", lots=9),
        shelter("lab1/F01", lots=2),
    ]
    [found] = rescue_order([lot("L1")], shelters, from_unit="lab1/F02")
    assert found.to == ("lab1/F01", "lab1/F03", "lab2/F04", "lab1/F11")
    assert found.why == "lab1/F01 is healthy, of its own class (ult-80), at the same site, with 2 lots in it."


def test_an_alternative_class_elsewhere_says_that_it_is_both() -> None:
    there = shelter("lab2/F11", "freezer-20", title="Cellar", lots=1)
    [found] = rescue_order([lot("L1")], [there], from_unit="lab1/F02")
    assert found.to == ("lab2/F11",)
    assert found.why == (
        "Cellar (lab2/F11) is healthy, of another class that its profile allows (freezer-20), at site lab2, "
        "with 1 lot in it."
    )


def test_a_lot_that_nothing_can_take_says_why() -> None:
    sick = shelter("lab1/F03", title="Thermo", why_not="its product probe is silent")
    failing, wrong = shelter("lab1/F02"), shelter("lab1/R01", "fridge-2-8")
    [found] = rescue_order([lot("L1")], [sick, failing, wrong], from_unit="lab1/F02")
    assert found.to == ()
    assert found.why == (
        "No unit can take it: Thermo (lab1/F03) is not healthy (its product probe is silent). "
        "Find other cold storage."
    )
    [alone] = rescue_order([lot("L1")], [failing, wrong], from_unit="lab1/F02")
    assert "there is no other of class ult-80 or freezer-20" in alone.why
    [unclassed] = rescue_order([lot("L1", storage_classes=())], [sick], from_unit="lab1/F02")
    assert "no storage class is known for it" in unclassed.why


def test_a_lost_lot_is_told_why_it_waits() -> None:
    [found] = rescue_order([lot("L1", breached=True)], [shelter("lab1/F01")], from_unit="lab1/F02")
    assert found.to == ("lab1/F01",)
    assert found.why.endswith("Its profile is broken already, so lots that are still good go first.")


CLASSES = st.sampled_from(["ult-80", "freezer-20", "fridge-2-8"])
INSTANTS = st.one_of(st.none(), st.integers(T0, T0 + 3))
LOTS = st.lists(
    st.builds(
        LotAtRisk,
        lot=st.sampled_from("ABCDEFGH"),
        act_by=INSTANTS,
        what=st.sampled_from(["warm", "thaw"]),
        left_ms=st.one_of(st.none(), st.integers(0, 3)),
        breached=st.booleans(),
        storage_classes=st.lists(CLASSES, max_size=3, unique=True).map(tuple),
        title=st.sampled_from(["", "EV-7"]),
    ),
    max_size=8,
)
SHELTERS = st.lists(
    st.builds(
        Shelter,
        unit=st.sampled_from(["lab1/F01", "lab1/F02", "lab1/F03", "lab2/F01", "lab2/R01"]),
        title=st.sampled_from(["", "Thermo"]),
        storage_class=CLASSES,
        why_not=st.sampled_from([None, "silent"]),
        site=st.sampled_from(["lab1", "lab2"]),
        lots=st.integers(0, 3),
    ),
    max_size=6,
    unique_by=lambda shelter: shelter.unit,
)


@given(lots=LOTS, shelters=SHELTERS, chance=st.randoms(use_true_random=False))
def test_the_order_of_the_arguments_does_not_matter(
    lots: list[LotAtRisk], shelters: list[Shelter], chance: object
) -> None:
    expected = rescue_order(lots, shelters, from_unit="lab1/F02")
    mixed_lots, mixed_shelters = lots.copy(), shelters.copy()
    chance.shuffle(mixed_lots)
    chance.shuffle(mixed_shelters)
    assert rescue_order(mixed_lots, mixed_shelters, from_unit="lab1/F02") == expected


@given(lots=LOTS, shelters=SHELTERS)
def test_no_lot_is_lost_and_none_goes_before_one_that_is_better_or_sooner(
    lots: list[LotAtRisk], shelters: list[Shelter]
) -> None:
    order = rescue_order(lots, shelters, from_unit="lab1/F02")
    assert sorted(names(order)) == sorted(each.lot for each in lots)
    good = sorted(names(order[: sum(not each.breached for each in lots)]))
    assert good == sorted(each.lot for each in lots if not each.breached)
    known = [each.act_by for each in order if each.act_by is not None and "broken already" not in each.why]
    assert known == sorted(known)


@given(lots=LOTS, shelters=SHELTERS)
def test_only_healthy_units_of_a_fitting_class_are_offered_and_all_of_them(
    lots: list[LotAtRisk], shelters: list[Shelter]
) -> None:
    for each in lots:
        [found] = rescue_order([each], shelters, from_unit="lab1/F02")
        fitting = {
            other.unit
            for other in shelters
            if other.is_healthy and other.storage_class in each.storage_classes and other.unit != "lab1/F02"
        }
        assert set(found.to) == fitting
        assert len(found.to) == len(fitting)
        assert found.why
        assert (not fitting) == found.why.startswith("No unit can take it")
