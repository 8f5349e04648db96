"""The verdict of a lot: when it expires, every reason with its evidence, the worst of them in one word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from monitor.core.channel.line import NANO, Line
from monitor.core.lot.budget import OUT_OF_STORAGE, Budget
from monitor.core.lot.custody import LotHistory
from monitor.core.lot.integrity import Integrity
from monitor.core.record import degrees, span
from monitor.core.time.instant import format_instant, format_local


class Verdict(StrEnum):
    """What storage did to a lot, best first."""

    WITHIN_PROFILE = "within_profile"
    AT_RISK = "at_risk"
    INDETERMINATE = "indeterminate"
    BREACHED = "breached"


VERDICT_OF: Mapping[str, Verdict] = MappingProxyType(
    {
        "budget_exhausted": Verdict.BREACHED,
        "band_touched": Verdict.BREACHED,
        "thaws_over_limit": Verdict.BREACHED,
        "mkt_over_limit": Verdict.BREACHED,
        "expired": Verdict.BREACHED,
        "not_judged": Verdict.INDETERMINATE,
        "coverage_low": Verdict.INDETERMINATE,
        "thaw_count_indeterminate": Verdict.INDETERMINATE,
        "budget_low": Verdict.AT_RISK,
        "expiring": Verdict.AT_RISK,
        "excursion_open": Verdict.AT_RISK,
        "unknown_over_limit": Verdict.AT_RISK,
    }
)
"""Every reason code with what it makes of a lot."""

_ORDER = list(Verdict)


class Reason(NamedTuple):
    """Why a lot is not simply within its profile: a code, a sentence, and what it rests on."""

    code: str
    text: str
    evidence: dict[str, Any]


class OpenExcursion(NamedTuple):
    """A confirmed excursion that is open, of the product probe of the lot's unit."""

    id: str
    channel: str
    started_at: int
    extreme_celsius: float
    limit_celsius: float


ExpiryReason = Literal["label", "thawed", "alternative", "budget"]


class Expiry(NamedTuple):
    """From ``at`` on a lot is expired; None if nothing ends its life."""

    at: int | None
    reason: ExpiryReason | None


def effective_expiry(label_at: int | None, found: Integrity) -> Expiry:
    """The effective expiry. Of equal instants the reason is label, thawed, alternative, budget, in this order."""
    thaws, in_use = found.thaw.thaws, found.profile.in_use
    exhausted = found.budgets.exhausted()
    candidates: list[tuple[int | None, ExpiryReason]] = [
        (label_at, "label"),
        (thaws[0].at + in_use if thaws and in_use is not None else None, "thawed"),
        (found.shelf_life_ends_at, "alternative"),
        (exhausted[0].exhausted_at if exhausted else None, "budget"),
    ]
    best = Expiry(None, None)
    for at, reason in candidates:
        # Strictly earlier: of equal instants the reason that comes first in the list stays.
        if at is not None and (best.at is None or at < best.at):
            best = Expiry(at, reason)
    return best


def worst(reasons: Sequence[Reason]) -> Verdict:
    """The worst that the reasons make of a lot; without any it is within its profile."""
    return max(
        (VERDICT_OF[reason.code] for reason in reasons), key=_ORDER.index, default=Verdict.WITHIN_PROFILE
    )


def reasons(
    history: LotHistory,
    found: Integrity,
    expiry: Expiry,
    open_excursions: Sequence[OpenExcursion],
) -> list[Reason]:
    """Every reason why a lot isn't simply within its profile, worst first, each with what it rests on."""
    every = [
        *_budget_reasons(history, found),
        *_thaw_reasons(history, found),
        *_mkt_reasons(history, found),
        *_expiry_reasons(history, found, expiry),
        *_doubts(found),
        *_excursion_reasons(history, open_excursions),
    ]
    label = {"profile": found.profile.label}
    named = [Reason(one.code, one.text, {**one.evidence, **label}) for one in every]
    # A stable sort: those of one verdict stay in the order in which they were looked for.
    return sorted(named, key=lambda reason: -_ORDER.index(VERDICT_OF[reason.code]))


def _budget_reasons(history: LotHistory, found: Integrity) -> Iterator[Reason]:
    for budget in found.budgets.exhausted():
        at = format_local(budget.exhausted_at or 0, history.zone)
        evidence: dict[str, Any] = {
            **_budget_evidence(budget),
            "exhausted_at": format_instant(budget.exhausted_at or 0),
            "readings": _readings(budget.by_channel, budget.by_line),
        }
        if budget.limit == 0:
            text = f"{_range(budget)} must never be touched, and was on {at}"
            yield Reason("band_touched", text, evidence)
        else:
            text = f"the {span(budget.limit or 0)} allowed {_range(budget)} were used up on {at}"
            yield Reason("budget_exhausted", text, evidence)
    for budget in found.budgets:
        if budget.is_low:
            text = f"{span(budget.spent)} of the {span(budget.limit or 0)} allowed {_range(budget)} are spent"
            yield Reason("budget_low", text, _budget_evidence(budget))


def _budget_evidence(budget: Budget) -> dict[str, Any]:
    return {
        "band": budget.name,
        "above": budget.above,
        "up_to": budget.up_to,
        "limit_seconds": None if budget.limit is None else budget.limit / 1000,
        "spent_seconds": budget.spent / 1000,
    }


def _range(budget: Budget) -> str:
    """A budget in words: where it is spent."""
    if budget.name == OUT_OF_STORAGE:
        return "out of storage"
    parts = []
    if budget.above is not None:
        parts.append(f"above {degrees(budget.above)}")
    if budget.up_to is not None:
        parts.append(f"up to {degrees(budget.up_to)}")
    return f"in band {budget.name!r} ({', '.join(parts)})"


def _readings(channel: str | None, line: Line | None) -> list[dict[str, Any]]:
    """The readings at the ends of the line that decided; none where the time was assumed."""
    if channel is None or line is None:
        return []
    ends = {line.t0: line.u0, line.t1: line.u1}
    return [
        {"channel": channel, "measured_at": format_instant(at), "celsius": round(u / NANO, 9)}
        for at, u in ends.items()
    ]


def _thaw_reasons(history: LotHistory, found: Integrity) -> Iterator[Reason]:
    rule, thaw = found.profile.thaw, found.thaw
    thaws = [
        {"at": format_instant(one.at), "event": one.event_id, "since": _instant_or_none(one.passage_from)}
        for one in thaw.thaws
    ]
    if rule is not None and rule.limit is not None and len(thaws) > rule.limit:
        last = format_local(thaw.thaws[-1].at, history.zone)
        text = f"thawed {len(thaws)} times, {rule.limit} allowed; last on {last}"
        yield Reason("thaws_over_limit", text, {"count": len(thaws), "limit": rule.limit, "thaws": thaws})
    if not thaw.determinate:
        since = format_local(thaw.doubtful_from or 0, history.zone)
        text = f"nothing is known for so long from {since} on that a thaw may have gone unseen"
        evidence = {"from": _instant_or_none(thaw.doubtful_from), "count": len(thaws)}
        yield Reason("thaw_count_indeterminate", text, evidence)


def _mkt_reasons(history: LotHistory, found: Integrity) -> Iterator[Reason]:
    rule, worst_stretch = found.profile.mkt, found.mkt_worst
    if rule is None or rule.limit is None or worst_stretch is None or worst_stretch.celsius <= rule.limit:
        return
    text = (
        f"the mean kinetic temperature of the {span(rule.window)} to "
        f"{format_local(worst_stretch.to_at, history.zone)} was {degrees(worst_stretch.celsius, '.2f')}, "
        f"limit {degrees(rule.limit)}"
    )
    evidence = {
        "celsius": worst_stretch.celsius,
        "limit": rule.limit,
        "from": format_instant(worst_stretch.from_at),
        "to": format_instant(worst_stretch.to_at),
    }
    yield Reason("mkt_over_limit", text, evidence)


_WHY_EXPIRED = {
    "label": "by its label",
    "thawed": "its time in use after the first thaw is over",
    "alternative": "its shelf life in the other storage class is over",
    "budget": "a budget is used up",
}


def _expiry_reasons(history: LotHistory, found: Integrity, expiry: Expiry) -> Iterator[Reason]:
    if expiry.at is None or expiry.reason is None:
        return
    at, day = found.judged_at, format_local(expiry.at, history.zone)
    evidence = {"expires_at": format_instant(expiry.at), "expiry_reason": expiry.reason}
    why = _WHY_EXPIRED[expiry.reason]
    look_ahead = found.profile.look_ahead
    if at >= expiry.at:
        yield Reason("expired", f"expired on {day}: {why}", evidence)
    elif look_ahead is not None and at >= expiry.at - look_ahead:
        yield Reason("expiring", f"expires on {day}", evidence)


def _doubts(found: Integrity) -> Iterator[Reason]:
    profile, coverage = found.profile, found.coverage
    minimum, unknown = profile.coverage_minimum, profile.unknown
    if coverage is not None and minimum is not None and coverage < minimum:
        text = f"{100 * coverage:.2f} % of its time in storage is known, {100 * minimum:g} % are asked for"
        evidence = {"coverage": coverage, "minimum": minimum, "unknown_seconds": found.unknown_ms / 1000}
        yield Reason("coverage_low", text, evidence)
    if unknown is None or unknown.limit is None or unknown.rule == "ignore":
        return
    if found.unknown_ms > unknown.limit:
        text = f"nothing is known of {span(found.unknown_ms)} of its time in storage, limit {span(unknown.limit)}"
        limits = {"unknown_seconds": found.unknown_ms / 1000, "limit_seconds": unknown.limit / 1000}
        yield Reason("unknown_over_limit", text, limits)


def _excursion_reasons(history: LotHistory, open_excursions: Sequence[OpenExcursion]) -> Iterator[Reason]:
    for e in open_excursions:
        text = (
            f"its unit is outside the window since {format_local(e.started_at, history.zone)}: "
            f"as far as {degrees(e.extreme_celsius)}, limit {degrees(e.limit_celsius)}"
        )
        evidence = {"excursion": e.id, "channel": e.channel, "started_at": format_instant(e.started_at)}
        yield Reason("excursion_open", text, evidence)


def _instant_or_none(at: int | None) -> str | None:
    return None if at is None else format_instant(at)
