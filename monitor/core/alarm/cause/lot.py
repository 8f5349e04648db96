"""What a judged lot means for alarms: what a person must be told of it, and since when that is true.

Theory of operation. Each time a lot is judged, its verdict's reasons say which of its conditions hold, and since when;
those that hold are raised, and those that don't any more are over, with why. What breaches a lot, and that it thawed,
stays until a person resets it. A lot that is disposed of needs no one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from monitor.core.alarm.cause.outcome import End, Hold, Outcome
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.lot.budget import LOW_PERCENT
from monitor.core.lot.custody import LotHistory
from monitor.core.lot.finding import LotFinding
from monitor.core.lot.integrity import Integrity
from monitor.core.lot.verdict import VERDICT_OF, Expiry, Reason, Verdict
from monitor.core.record import whole_minutes
from monitor.core.time.instant import format_instant, format_local

OF_LOTS = (
    AlarmCondition.LOT_EXPIRING,
    AlarmCondition.LOT_EXPIRED,
    AlarmCondition.LOT_BUDGET,
    AlarmCondition.LOT_THAWED,
    AlarmCondition.LOT_BREACHED,
)


def lot_truths(finding: LotFinding) -> list[Truth]:
    """The conditions that hold for a lot; one that is disposed of needs no one."""
    history, found, expiry, reasons, _ = finding
    if history.disposed_at is not None or history.registered is None:
        return []
    place = {"product": history.registered.product, "unit": history.unit}
    return [
        Truth(
            condition,
            history.lot,
            max(since, history.born_at or since),
            LEVEL_OF[condition],
            {"text": _text(history, text), **place, **evidence},
        )
        for condition, since, text, evidence in (
            *_of_expiry(history, found, expiry, reasons),
            *_of_budgets(found),
            *_of_thaws(history, found),
            *_of_breaches(found, reasons),
        )
    ]


def of_lot(
    history: LotHistory, truths: Sequence[Truth], open_conditions: Collection[AlarmCondition], at: int
) -> list[Outcome]:
    """What a lot that was judged as of an instant comes to. ``truths``: what holds for it (:func:`lot_truths`);
    ``open_conditions``: of what it has open alarms."""
    holding = {truth.condition for truth in truths}
    over = (condition for condition in OF_LOTS if condition in open_conditions and condition not in holding)
    ends = [
        End(condition, history.lot, at, {"clear_reason": _why_over(history, condition, holding)})
        for condition in over
    ]
    return [*ends, *map(Hold, truths)]


def _why_over(history: LotHistory, condition: AlarmCondition, holding: Collection[AlarmCondition]) -> str:
    if history.disposed_at is not None:
        return "disposed"
    if condition is AlarmCondition.LOT_EXPIRING and AlarmCondition.LOT_EXPIRED in holding:
        return "expired"
    if condition is AlarmCondition.LOT_BUDGET and AlarmCondition.LOT_BREACHED in holding:
        return "exhausted"
    return "corrected"


Found = Iterator[tuple[AlarmCondition, int, str, Mapping[str, Any]]]


def _text(history: LotHistory, what: str) -> str:
    product = history.registered.product if history.registered is not None else None
    return f"{product}, {history.unit or 'out of storage'}: {what}"


def _of_expiry(history: LotHistory, found: Integrity, expiry: Expiry, reasons: Sequence[Reason]) -> Found:
    codes = {reason.code for reason in reasons}
    if expiry.at is None:
        return
    evidence = {"expires_at": format_instant(expiry.at), "expiry_reason": expiry.reason}
    day = format_local(expiry.at, history.zone)
    if "expired" in codes:
        yield AlarmCondition.LOT_EXPIRED, expiry.at, f"expired {day}", evidence
    elif "expiring" in codes and found.profile.look_ahead is not None:
        since = expiry.at - found.profile.look_ahead
        yield AlarmCondition.LOT_EXPIRING, since, f"expires {day}", evidence


def _of_budgets(found: Integrity) -> Found:
    low = [(budget.low_at, budget) for budget in found.budgets if budget.is_low and budget.low_at is not None]
    if not low:
        return
    since, first = min(low, key=lambda one: one[0])
    left = ", ".join(f"{one.name} {whole_minutes(one.left or 0)} left" for _, one in low)
    evidence = {
        "band": first.name,
        "left_seconds": {one.name: (one.left or 0) / 1000 for _, one in low},
    }
    yield AlarmCondition.LOT_BUDGET, since, f"over {LOW_PERCENT} % of a budget spent: {left}", evidence


def _of_thaws(history: LotHistory, found: Integrity) -> Found:
    thaws = found.thaw.thaws
    if not thaws:
        return
    last = format_local(thaws[-1].at, history.zone)
    times = "once" if len(thaws) == 1 else f"{len(thaws)} times, last"
    evidence = {"count": len(thaws), "thawed_at": format_instant(thaws[-1].at), "event": thaws[-1].event_id}
    yield AlarmCondition.LOT_THAWED, thaws[0].at, f"thawed {times} {last}", evidence


def _of_breaches(found: Integrity, reasons: Sequence[Reason]) -> Found:
    """Everything that breaches a lot but its date, which has a condition of its own."""
    breaches = [r for r in reasons if VERDICT_OF[r.code] is Verdict.BREACHED and r.code != "expired"]
    instants = [
        budget.exhausted_at for budget in found.budgets.exhausted() if budget.exhausted_at is not None
    ]
    rule = found.profile.thaw
    if rule is not None and rule.limit is not None and len(found.thaw.thaws) > rule.limit:
        instants.append(found.thaw.thaws[rule.limit].at)
    if any(reason.code == "mkt_over_limit" for reason in breaches) and found.mkt_worst is not None:
        instants.append(found.mkt_worst.to_at)
    if breaches and instants:
        evidence = {"codes": [reason.code for reason in breaches], "verdict": Verdict.BREACHED.value}
        yield AlarmCondition.LOT_BREACHED, min(instants), "; ".join(r.text for r in breaches), evidence
