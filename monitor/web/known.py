"""Units, lots and alarms by the names that a request gives, or the refusal that says where they are listed."""

from __future__ import annotations

from monitor.core.answer.alarm import AlarmDetailAnswer
from monitor.core.answer.lot import LotAnswer
from monitor.core.answer.unit import UnitAnswer
from monitor.web.refusal import not_found
from monitor.web.wiring import Wiring


def known_unit(wired: Wiring, unit: str) -> UnitAnswer:
    """The unit ``site/unit``, or 404."""
    card = wired.view.unit(unit)
    if card is None:
        raise not_found("unit", unit, "/api/v1/units")
    return card


def known_lot(wired: Wiring, lot: str, as_of: int | None = None) -> LotAnswer:
    """The lot, or 404."""
    card = wired.view.lot(lot, as_of=as_of)
    if card is None:
        raise not_found("lot", lot, "/api/v1/lots")
    return card


def known_alarm(wired: Wiring, alarm: str) -> AlarmDetailAnswer:
    """The alarm, or 404."""
    card = wired.view.alarm(alarm)
    if card is None:
        raise not_found("alarm", alarm, "/api/v1/alarms")
    return card
