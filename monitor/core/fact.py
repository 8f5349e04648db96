"""Facts in the words of docs/json.md: the one place that says how an excursion and a lot look as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from monitor.core.answer.excursion import DecidedBy, ExcursionBody
from monitor.core.answer.lot import (
    BindingAnswer,
    BudgetAnswer,
    BudgetBody,
    LotBody,
    MktFigures,
    ReasonAnswer,
    ThawFigures,
    WindowAnswer,
)
from monitor.core.channel.excursion import Excursion
from monitor.core.lot.budget import Budget, Spending, tightest
from monitor.core.lot.custody import LotHistory
from monitor.core.lot.finding import LotFinding
from monitor.core.lot.integrity import Integrity
from monitor.core.lot.place import rule_in
from monitor.core.lot.verdict import OpenExcursion, Reason
from monitor.core.outlook.next_change import runs_out_at
from monitor.core.profile.profile import Profile
from monitor.core.record import degrees
from monitor.core.time.instant import format_instant, parse_instant

JSON = dict[str, Any]


def instant_or_none(at: int | None) -> str | None:
    """RFC 3339, or None."""
    return None if at is None else format_instant(at)


def excursion_body(excursion: Excursion, channel: str, profile: Profile) -> ExcursionBody:
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
        "decided_by": _deciding(excursion),
        "withdrawn": False,
        "superseded_by": None,
    }


def _deciding(excursion: Excursion) -> DecidedBy:
    return cast(DecidedBy, {what: format_instant(at) for what, at in excursion.decided_by.items()})


def is_alive(body: Mapping[str, Any]) -> bool:
    """Whether an excursion still stands: late data neither merged it into another nor took it away."""
    return not body["withdrawn"] and body["superseded_by"] is None


def is_going_on(body: Mapping[str, Any]) -> bool:
    """Whether an excursion's body says that it is confirmed and not over: somebody must know."""
    return is_alive(body) and body["confirmed_at"] is not None and body["closed_at"] is None


def decided_at(body: Mapping[str, Any]) -> int | None:
    """The instant of the reading that closed an excursion for good; None while it is open."""
    closed = body["decided_by"].get("closed")
    return None if closed is None else parse_instant(closed)


def open_excursion(excursion_id: str, body: Mapping[str, Any]) -> OpenExcursion | None:
    """An excursion that is on record, for the lots where it is; None if it isn't confirmed, or is over."""
    if not is_going_on(body):
        return None
    started_at, limit = parse_instant(body["started_at"]), body["limits"]["celsius"]
    return OpenExcursion(excursion_id, body["channel"], started_at, body["extreme_celsius"], limit)


def lot_body(finding: LotFinding) -> LotBody:
    """A registered lot in the words of docs/json.md."""
    history, found, expiry, reasons, excursions = finding
    registered, profile = history.registered, found.profile
    assert registered is not None
    is_aliquot = history.parent is not None
    return {
        "as_of": format_instant(history.judged_at),
        "lot": history.lot,
        "site": registered.site,
        "product": registered.product or "",
        "profile": profile.name,
        "profile_version": profile.version,
        "profile_title": profile.title,
        "profile_bound": _bound(history),
        "unit": history.unit,
        "storage_class": None if found.place is None else found.place.storage_class or profile.name,
        "window": _window(found),
        "disposition": history.disposition.value,
        "verdict": finding.verdict.value,
        "reasons": [_reason(reason) for reason in reasons],
        "expires_at": instant_or_none(history.expires_at),
        "effective_expires_at": instant_or_none(expiry.at),
        "expiry_reason": expiry.reason,
        **_thaw_figures(found),
        "budgets": [_budget(found, budget) for budget in found.budgets],
        "known_seconds": found.known_ms / 1000,
        "unknown_seconds": found.unknown_ms / 1000,
        "pending_seconds": found.pending_ms / 1000,
        "out_of_storage_seconds": found.out_ms / 1000,
        "coverage": found.coverage,
        "coverage_minimum": profile.coverage_minimum,
        **_mkt_figures(found),
        "min_celsius": found.min_celsius,
        "max_celsius": found.max_celsius,
        "uncertain_seconds": None if found.uncertain_ms is None else found.uncertain_ms / 1000,
        "custody": [
            {"unit": stay.unit, "from": format_instant(stay.from_at), "to": instant_or_none(stay.to_at)}
            for stay in history.custody
        ],
        "excursions": list(excursions),
        "parent": history.parent,
        "children": list(history.children),
        "quantity": None if is_aliquot else registered.quantity,
        "gtin": registered.gtin,
        "lot_number": registered.lot_number or registered.lot,
        "serial": None if is_aliquot else registered.serial,
        "registered_at": instant_or_none(history.born_at),
        "disposed_at": instant_or_none(history.disposed_at),
        "without_effect": dict(history.without_effect),
    }


def _reason(reason: Reason) -> ReasonAnswer:
    return {"code": reason.code, "text": reason.text, "evidence": reason.evidence}


def _bound(history: LotHistory) -> BindingAnswer | None:
    event = history.bound
    if event is None:
        return None
    return {
        "profile": event.profile or "",
        "reason": event.reason,
        "by": event.by,
        "at": format_instant(event.occurred_at),
        "event_id": event.event_id,
    }


def _window(found: Integrity) -> WindowAnswer:
    window = found.profile.window if found.place is None else found.place.window
    return {"low": window.low, "high": window.high}


def _thaw_figures(found: Integrity) -> ThawFigures:
    thaw, rule = found.thaw, found.profile.thaw
    return {
        "thaw_count": len(thaw.thaws),
        "thaw_count_determinate": thaw.determinate,
        "thaw_limit": None if rule is None else rule.limit,
        "thawed_at": instant_or_none(thaw.thaws[0].at if thaw.thaws else None),
        "is_frozen": thaw.frozen,
        "thaws": [
            {
                "at": format_instant(one.at),
                "event": one.event_id,
                "passage_from": instant_or_none(one.passage_from),
            }
            for one in thaw.thaws
        ],
    }


def _budget(found: Integrity, budget: Budget) -> BudgetBody:
    return {
        "band": budget.name,
        "above": budget.above,
        "up_to": budget.up_to,
        "limit_seconds": None if budget.limit is None else budget.limit / 1000,
        "spent_seconds": budget.spent / 1000,
        "left_seconds": None if budget.left is None else budget.left / 1000,
        "exhausted_at": instant_or_none(budget.exhausted_at),
        "runs_out_at": instant_or_none(runs_out_at(found, budget)),
    }


def tightest_budget(lot: Mapping[str, Any]) -> BudgetAnswer | None:
    """The budget of a lot's JSON that matters most (:func:`monitor.core.lot.budget.tightest`); None for a lot without
    limits, not judged yet, or disposed of. For whoever shows a lot, from wherever its JSON came."""
    if lot.get("disposition") == "disposed":
        return None
    limited = {one["band"]: one for one in lot.get("budgets") or () if one.get("limit_seconds") is not None}
    first = tightest(_spending(budget) for budget in limited.values())
    return None if first is None else limited[first.band]


def _spending(budget: Mapping[str, Any]) -> Spending:
    return Spending(
        budget["band"],
        limit=round(1000 * budget["limit_seconds"]),
        spent=round(1000 * (budget.get("spent_seconds") or 0)),
        exhausted_at=_at(budget.get("exhausted_at")),
        runs_out_at=_at(budget.get("runs_out_at")),
        likely_at=_at((budget.get("forecast") or {}).get("likely")),
    )


def _at(text: str | None) -> int | None:
    return None if text is None else parse_instant(text)


def _mkt_figures(found: Integrity) -> MktFigures:
    profile, worst_stretch = found.profile, found.mkt_worst
    reason = None
    if rule_in(profile, None).delta_h_over_r is None:
        reason = (
            f"the window lies below {degrees(0)}: a mean kinetic temperature says nothing of a frozen product"
        )
    elif found.mkt_celsius is None:
        reason = "no time of this lot is known"
    return {
        "mkt_celsius": found.mkt_celsius,
        "mkt_reason": reason,
        "mkt_limit": None if profile.mkt is None else profile.mkt.limit,
        "mkt_worst": None
        if worst_stretch is None
        else {
            "celsius": worst_stretch.celsius,
            "from": format_instant(worst_stretch.from_at),
            "to": format_instant(worst_stretch.to_at),
        },
    }
