"""What a person states about a lot and would change nothing is refused with a sentence; all else is not."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from monitor.core.lot.custody import LotHistory, LotStanding, why_without_effect
from monitor.core.lot.event import LotEvent
from monitor.core.time.instant import DAY, HOUR
from tests.rigs.lab import T0, lot_event, register

BERLIN = ZoneInfo("Europe/Berlin")
NOW = T0 + HOUR
STANDING = LotStanding(
    LotHistory("L1", NOW, BERLIN, registered=register(), expires_at=T0 + 100 * DAY),
    kinds={"r-L1": "registered", "m1": "moved"},
    children=(),
    profile="ult@1",
    profiles=("ult@1", "ult@2"),
    last_binding=None,
    zone=BERLIN,
)
UNKNOWN = replace(STANDING, history=LotHistory("L1", NOW, BERLIN), kinds={}, profile=None)


def at_once(kind: str, **fields: object) -> LotEvent:
    return lot_event("e1", kind, NOW, **fields)


@pytest.mark.parametrize(
    ("event", "standing", "why"),
    [
        (replace(register(), event_id="r2"), STANDING, "lot L1 is registered already"),
        (at_once("voided", voids="m2"), STANDING, "lot L1 has no event 'm2' to void"),
        (at_once("aliquoted", into=("L2",)), replace(STANDING, children=["L2"]), "L2: a lot already"),
        (at_once("expiry_changed", expires_at=T0 + 100 * DAY), STANDING, "can only be brought forward"),
        (at_once("bound", profile="ult@2"), UNKNOWN, "there is no lot 'L1'"),
        (
            at_once("bound", profile="ult@3"),
            STANDING,
            "no profile version 'ult@3'; write one of ult@1, ult@2",
        ),
        (at_once("bound", profile="ult@1"), STANDING, "judged by ult@1 already"),
        (
            at_once("bound", profile="ult@2"),
            replace(STANDING, history=replace(STANDING.history, disposed_at=T0)),
            "was disposed of",
        ),
        (
            at_once("bound", profile="ult@2"),
            replace(STANDING, last_binding=lot_event("b0", "bound", NOW + DAY, profile="ult@1")),
            "which is later than now",
        ),
    ],
)
def test_what_would_change_nothing_is_refused_in_words(
    event: LotEvent, standing: LotStanding, why: str
) -> None:
    assert why in (why_without_effect(event, standing) or "")
    again = replace(standing, kinds={**standing.kinds, event.event_id: event.kind})
    assert why_without_effect(event, again) is None, "the same id again is the log's to say"


@pytest.mark.parametrize(
    ("event", "standing"),
    [
        (register(), UNKNOWN),
        (at_once("voided", voids="m1"), STANDING),
        (at_once("aliquoted", into=("L2",)), STANDING),
        (at_once("expiry_changed", expires_at=T0 + 99 * DAY), STANDING),
        (at_once("bound", profile="ult@2"), STANDING),
        (at_once("thawed"), STANDING),
        (at_once("moved", unit="lab1/F02"), UNKNOWN),
    ],
)
def test_what_changes_something_is_not(event: LotEvent, standing: LotStanding) -> None:
    assert why_without_effect(event, standing) is None
