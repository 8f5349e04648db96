"""The verdict of a lot: every reason with its evidence, the worst of them in one word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from monitor.core.custody import LotHistory
from monitor.core.instant import format_instant, format_local
from monitor.core.profile import Profile


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


def worst(reasons: Sequence[Reason]) -> Verdict:
    """The worst that the reasons make of a lot; without any it is within its profile."""
    return max(
        (VERDICT_OF[reason.code] for reason in reasons), key=_ORDER.index, default=Verdict.WITHIN_PROFILE
    )


def reasons(history: LotHistory, profile: Profile, open_excursions: Sequence[OpenExcursion]) -> list[Reason]:
    """The reasons that follow from a lot's expiry and from excursions in its custody, worst first."""
    found = [*_expiry_reasons(history, profile)]
    found.extend(
        Reason(
            "excursion_open",
            f"its unit is outside the window since {format_local(e.started_at, history.zone)}: "
            f"as far as {e.extreme_celsius:g} °C, limit {e.limit_celsius:g} °C",
            {"excursion": e.id, "channel": e.channel, "started_at": format_instant(e.started_at)},
        )
        for e in open_excursions
    )
    return sorted(found, key=lambda reason: -_ORDER.index(VERDICT_OF[reason.code]))


def _expiry_reasons(history: LotHistory, profile: Profile) -> list[Reason]:
    expires_at, at = history.expires_at, history.judged_at
    if expires_at is None:
        return []
    evidence = {"expires_at": format_instant(expires_at)}
    if at >= expires_at:
        return [Reason("expired", f"expired on {format_local(expires_at, history.zone)}", evidence)]
    if profile.look_ahead is not None and at >= expires_at - profile.look_ahead:
        return [Reason("expiring", f"expires on {format_local(expires_at, history.zone)}", evidence)]
    return []


def next_change_at(history: LotHistory, profile: Profile) -> int | None:
    """The next instant after ``judged_at`` at which time alone changes the verdict; None if it never does."""
    if history.expires_at is None or history.disposed_at is not None:
        return None
    instants = [history.expires_at]
    if profile.look_ahead is not None:
        instants.append(history.expires_at - profile.look_ahead)
    return min((at for at in instants if at > history.judged_at), default=None)
