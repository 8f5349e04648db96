"""Lots: custody, expiry, voids, and what has no effect."""

from __future__ import annotations

from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from monitor.core.lot.custody import Stay, lot_history, voided_by
from monitor.core.lot.event import Disposition, LotEvent, LotEventKind
from monitor.core.time.instant import DAY, HOUR, LATEST, parse_instant

BERLIN = ZoneInfo("Europe/Berlin")
T0 = parse_instant("2026-03-01T08:00:00Z")


def event(event_id: str, kind: str, at: int = T0, **fields: object) -> LotEvent:
    return LotEvent(
        lot="L1", site="lab1", event_id=event_id, occurred_at=at, kind=LotEventKind(kind), by="LIMS", **fields
    )


def registered(at: int = T0, **fields: object) -> LotEvent:
    wanted = {"product": "EV-7", "profile": "ult", "unit": "lab1/F01", "expires_on": "2026-06-30", **fields}
    return event("e0", "registered", at, **wanted)


def folded(*events: LotEvent, as_of: int = T0 + 30 * DAY, contested: tuple[str, ...] = ()):
    return lot_history("L1", events, as_of=as_of, zone=BERLIN, contested=contested)


def test_a_lot_expires_when_the_day_on_its_label_has_passed_at_the_site() -> None:
    assert folded(registered()).expires_at == parse_instant("2026-06-30T22:00:00Z")


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        ("2026-03-29", "2026-03-29T22:00:00Z"),  # a day of 23 hours
        ("2026-10-25", "2026-10-25T23:00:00Z"),  # a day of 25 hours
        ("2028-02-29", "2028-02-29T23:00:00Z"),  # a leap day
        ("2026-12-31", "2026-12-31T23:00:00Z"),
    ],
)
def test_an_expiry_date_lasts_as_long_as_its_day_does(day: str, instant: str) -> None:
    assert folded(registered(expires_on=day)).expires_at == parse_instant(instant)


def test_an_expiry_instant_is_taken_as_it_is() -> None:
    assert folded(registered(expires_on=None, expires_at=T0 + DAY)).expires_at == T0 + DAY


def test_custody_follows_the_moves() -> None:
    history = folded(
        registered(),
        event("e1", "moved", T0 + HOUR, unit="lab1/F02"),
        event("e2", "moved", T0 + 2 * HOUR, unit=None),
        event("e3", "moved", T0 + 3 * HOUR, unit="lab1/F01"),
    )
    assert history.custody == [
        Stay("lab1/F01", T0, T0 + HOUR),
        Stay("lab1/F02", T0 + HOUR, T0 + 2 * HOUR),
        Stay(None, T0 + 2 * HOUR, T0 + 3 * HOUR),
        Stay("lab1/F01", T0 + 3 * HOUR, None),
    ]
    assert history.unit == "lab1/F01"


def test_a_move_to_where_the_lot_is_begins_no_new_stay() -> None:
    history = folded(
        registered(),
        event("e1", "moved", T0 + HOUR, unit=None),
        event("e2", "moved", T0 + 2 * HOUR, unit=None),
    )
    assert history.custody == [Stay("lab1/F01", T0, T0 + HOUR), Stay(None, T0 + HOUR, None)]


def test_a_lot_registered_without_a_unit_begins_at_its_first_storage() -> None:
    history = folded(
        registered(unit=None),
        event("e1", "moved", T0 + HOUR, unit=None),
        event("e2", "moved", T0 + 2 * HOUR, unit="lab1/F01"),
    )
    assert history.custody == [Stay("lab1/F01", T0 + 2 * HOUR, None)]


def test_the_order_in_which_events_came_changes_nothing() -> None:
    events = [
        registered(),
        event("e1", "moved", T0 + HOUR, unit="lab1/F02"),
        event("e2", "moved", T0 + HOUR, unit="lab1/F03"),
        event("e3", "voided", T0 + 2 * HOUR, voids="e1", reason="scanned twice"),
        event("e4", "quarantined", T0 + 3 * HOUR, reason="label torn"),
    ]
    found = [folded(*order) for order in permutations(events)]
    assert all(history == found[0] for history in found)
    assert found[0].unit == "lab1/F03"
    assert found[0].disposition is Disposition.QUARANTINED


def test_an_event_before_the_registration_waits_for_it_and_then_has_no_effect() -> None:
    early = event("a", "moved", T0 - HOUR, unit="lab1/F02")
    assert folded(early).registered is None
    history = folded(early, registered())
    assert history.unit == "lab1/F01"
    assert history.without_effect == {"a": "before the lot was registered"}


def test_a_second_registration_has_no_effect() -> None:
    again = event(
        "e9", "registered", T0 + HOUR, product="other", profile="ult", unit=None, expires_on="2030-01-01"
    )
    history = folded(registered(), again)
    assert history.registered is not None
    assert history.registered.product == "EV-7"
    assert "registered already" in history.without_effect["e9"]


def test_an_expiry_date_can_be_brought_forward_only() -> None:
    earlier = event("e1", "expiry_changed", T0 + HOUR, expires_on="2026-05-31", reason="stability data")
    later = event("e2", "expiry_changed", T0 + 2 * HOUR, expires_on="2026-12-31", reason="wish")
    history = folded(registered(), earlier, later)
    assert history.expires_at == parse_instant("2026-05-31T22:00:00Z")
    assert list(history.without_effect) == ["e2"]


def test_a_voided_event_counts_at_no_instant_even_before_it_was_voided() -> None:
    move = event("e1", "moved", T0 + HOUR, unit="lab1/F02")
    void = event("e2", "voided", T0 + 20 * DAY, voids="e1", reason="wrong lot scanned")
    assert folded(registered(), move, void, as_of=T0 + 2 * HOUR).unit == "lab1/F01"


def test_a_void_can_be_voided() -> None:
    move = event("e1", "moved", T0 + HOUR, unit="lab1/F02")
    void = event("e2", "voided", T0 + 2 * HOUR, voids="e1", reason="wrong lot")
    unvoid = event("e3", "voided", T0 + 3 * HOUR, voids="e2", reason="it was the right lot")
    assert folded(registered(), move, void, unvoid).unit == "lab1/F02"


def test_of_voids_in_a_ring_one_counts_by_its_id_and_the_search_ends() -> None:
    one = event("e1", "voided", T0 + HOUR, voids="e2", reason="x")
    two = event("e2", "voided", T0 + HOUR, voids="e1", reason="x")
    self_void = event("e3", "voided", T0 + HOUR, voids="e3", reason="x")
    assert voided_by([one, two, self_void]) == {"e1": "e2"}


def test_an_event_whose_id_came_with_other_content_is_set_aside() -> None:
    history = folded(registered(), event("e1", "moved", T0 + HOUR, unit="lab1/F02"), contested=("e1",))
    assert history.unit == "lab1/F01"
    assert "other content" in history.without_effect["e1"]


def test_a_disposed_lot_is_judged_as_of_its_disposal_and_takes_no_more_events() -> None:
    history = folded(
        registered(),
        event("e1", "disposed", T0 + DAY),
        event("e2", "moved", T0 + 2 * DAY, unit="lab1/F02"),
    )
    assert history.disposition is Disposition.DISPOSED
    assert history.judged_at == T0 + DAY
    assert history.unit is None
    assert history.custody == [Stay("lab1/F01", T0, T0 + DAY)]
    assert "e2" in history.without_effect


def test_events_after_the_instant_asked_for_are_not_known_then() -> None:
    move = event("e1", "moved", T0 + HOUR, unit="lab1/F02")
    assert folded(registered(), move, as_of=T0 + HOUR - 1).unit == "lab1/F01"
    assert folded(registered(), move, as_of=T0 + HOUR).unit == "lab1/F02"


def test_a_long_chain_of_voids_of_voids_is_followed_to_its_end() -> None:
    chain = [event("v0000", "moved", T0 + HOUR, unit="lab1/F02")]
    for n in range(1, 3_000):
        chain.append(event(f"v{n:04}", "voided", T0 + HOUR, voids=f"v{n - 1:04}", reason="x"))
    assert folded(registered(), *chain).unit == "lab1/F01"  # 2,999 voids: the move is voided


@pytest.mark.parametrize("expiry", [{"expires_on": "9999-12-31"}, {"expires_on": None, "expires_at": LATEST}])
def test_a_lot_that_never_expires_is_no_trouble(expiry: dict) -> None:
    assert folded(registered(**expiry)).expires_at == LATEST
