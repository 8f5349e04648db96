"""Facts in the words of SPEC section 7: the one place that says how an excursion and a lot look as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.core.custody import LotHistory
from monitor.core.excursion import Excursion
from monitor.core.instant import format_instant, parse_instant
from monitor.core.profile import Profile
from monitor.core.verdict import Reason, worst

JSON = dict[str, Any]


def instant_or_none(at: int | None) -> str | None:
    """RFC 3339, or None."""
    return None if at is None else format_instant(at)


def excursion_body(excursion: Excursion, channel: str, profile: Profile) -> JSON:
    """An excursion without what is joined to it when it is shown (id, version, events, lots)."""
    rule = profile.side(excursion.direction)
    return {
        "channel": channel,
        "direction": excursion.direction,
        "started_at": format_instant(excursion.started_at),
        "ended_at": instant_or_none(excursion.ended_at),
        "closed_at": instant_or_none(excursion.closed_at),
        "confirmed_at": instant_or_none(excursion.confirmed_at),
        "confirmed_by": excursion.confirmed_by,
        "limit_reached_at": instant_or_none(excursion.limit_reached_at),
        "extreme_celsius": excursion.extreme_celsius,
        "degree_minutes": excursion.degree_minutes,
        "seconds_by_band": {name: ms / 1000 for name, ms in sorted(excursion.ms_by_band.items())},
        "unknown_seconds": excursion.unknown_ms / 1000,
        "uncertain_seconds": excursion.uncertain_ms / 1000,
        "suspect_readings": excursion.suspect_readings,
        "profile": excursion.profile,
        "profile_version": excursion.profile_version,
        "limits": {
            "celsius": excursion.limit_celsius,
            "deadband": profile.deadband,
            "delay_seconds": rule.delay / 1000,
            "clear_delay_seconds": rule.clear_delay / 1000,
            "instant": rule.instant,
            "cumulative_delay_seconds": None
            if rule.cumulative_delay is None
            else rule.cumulative_delay / 1000,
        },
        "decided_by": {what: format_instant(at) for what, at in excursion.decided_by.items()},
        "withdrawn": False,
        "superseded_by": None,
    }


def is_alive(body: JSON) -> bool:
    """Whether an excursion still stands: late data neither merged it into another nor took it away."""
    return not body["withdrawn"] and body["superseded_by"] is None


def decided_at(body: JSON) -> int | None:
    """The instant of the reading that closed an excursion for good; None while it is open."""
    closed = body["decided_by"].get("closed")
    return None if closed is None else parse_instant(closed)


def lot_body(
    history: LotHistory, profile: Profile, reasons: Sequence[Reason], excursions: Sequence[str]
) -> JSON:
    """A registered lot. What this version doesn't compute yet (budgets, thaws, MKT, coverage) is absent; the
    verdict rests on what ``judged_by`` names, and on nothing else."""
    registered = history.registered
    assert registered is not None
    return {
        "as_of": format_instant(history.judged_at),
        "lot": history.lot,
        "product": registered.product,
        "profile": profile.name,
        "profile_version": profile.version,
        "unit": history.unit,
        "disposition": history.disposition.value,
        "verdict": worst(reasons).value,
        "judged_by": ["expiry", "excursions"],
        "reasons": [reason._asdict() for reason in reasons],
        "expires_at": instant_or_none(history.expires_at),
        "custody": [
            {
                "unit": stay.unit,
                "from": format_instant(stay.from_at),
                "to": instant_or_none(stay.to_at),
            }
            for stay in history.custody
        ],
        "excursions": list(excursions),
        "quantity": registered.quantity,
        "gtin": registered.gtin,
        "lot_number": registered.lot_number or history.lot,
        "serial": registered.serial,
        "registered_at": format_instant(registered.occurred_at),
        "disposed_at": instant_or_none(history.disposed_at),
        "without_effect": dict(history.without_effect),
    }
