"""A lot as JSON. How each figure is computed says docs/figures.md."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from monitor.core.answer.shape import Degrees, InstantText, OneOf, Seconds, Share, UnitPath
from monitor.core.lot.event import Disposition
from monitor.core.lot.verdict import VERDICT_OF, ExpiryReason, Verdict


class ReasonAnswer(TypedDict):
    """Why a lot is not simply within its profile."""

    code: Annotated[str, OneOf(tuple(VERDICT_OF)), "what it is, for programs"]
    text: Annotated[str, "a sentence for people"]
    evidence: Annotated[dict[str, Any], "the figures that it rests on; which, depends on the code"]


class WindowAnswer(TypedDict):
    """A closed interval of temperatures."""

    low: Annotated[Degrees | None, "its lower end; null: none"]
    high: Annotated[Degrees | None, "its upper end; null: none"]


class BindingAnswer(TypedDict):
    """How QA bound a lot to another version of a profile."""

    profile: Annotated[str, "`name@version`"]
    reason: Annotated[str | None, "why"]
    by: Annotated[str, "who"]
    at: Annotated[InstantText, "when"]
    event_id: Annotated[str, "the event that says so"]


class ThawAnswer(TypedDict):
    """A thaw that counted."""

    at: Annotated[InstantText, "when it counted"]
    event: Annotated[str | None, "the `event_id` of the `thawed` event; null: by the curve"]
    passage_from: Annotated[InstantText | None, "since when it had been above; null: by an event"]


class ProspectAnswer(TypedDict):
    """When a budget runs out by the forecast: nine times in ten the truth lies between `earliest` and `latest`."""

    earliest: Annotated[InstantText, "the early end"]
    likely: Annotated[InstantText | None, "most likely"]
    latest: Annotated[InstantText | None, "the late end; null: perhaps never"]


class BudgetBody(TypedDict):
    """What a lot may spend in one band, and has spent."""

    band: Annotated[str, "the band's name, or `out_of_storage`"]
    above: Annotated[Degrees | None, "the band holds what is above this; null: no lower end"]
    up_to: Annotated[Degrees | None, "up to and including this; null: no upper end"]
    limit_seconds: Annotated[
        Seconds | None, "what may be spent; null: recorded only; 0: must never be touched"
    ]
    spent_seconds: Annotated[Seconds, "what is spent; it never falls"]
    left_seconds: Annotated[Seconds | None, "what is left, never below 0; null: there is no limit"]
    exhausted_at: Annotated[InstantText | None, "when it was used up"]
    runs_out_at: Annotated[
        InstantText | None, "when it will be used up if all stays as it is; null: it isn't being spent"
    ]


class BudgetAnswer(BudgetBody):
    """What a lot may spend in one band over its whole life, and has spent."""

    forecast: Annotated[ProspectAnswer | None, "when it runs out by the forecast; null: nothing is forecast"]


_FromTo = TypedDict(
    "_FromTo",
    {
        "from": Annotated[InstantText, "its beginning, which belongs to it"],
        "to": Annotated[InstantText | None, "its end, which doesn't; null: it goes on"],
    },
)


class _Unit(TypedDict):
    unit: Annotated[UnitPath | None, "the unit; null: out of storage"]


class CustodyAnswer(_Unit, _FromTo):
    """A stay of a lot in one unit, or out of storage."""


_Stretch = TypedDict(
    "_Stretch",
    {
        "from": Annotated[InstantText, "its beginning"],
        "to": Annotated[InstantText, "its end"],
    },
)


class MktWorstAnswer(_Stretch):
    """The stretch of the profile's `mkt.window` with the highest mean kinetic temperature."""

    celsius: Annotated[Degrees, "its mean kinetic temperature"]


class _LotHead(TypedDict):
    as_of: Annotated[InstantText, "the instant that is judged; of a disposed lot, its disposal"]
    lot: Annotated[str, "its id"]
    site: Annotated[str, "the site at which it was registered"]
    product: Annotated[str, "what it is"]
    profile: Annotated[str, "the profile that judges it"]
    profile_version: Annotated[int, "the profile's version"]
    profile_title: Annotated[str, "the profile's title"]
    profile_bound: Annotated[
        BindingAnswer | None, "if QA bound another version than that of the registration: who, when, why"
    ]
    unit: Annotated[UnitPath | None, "where it is; null: out of storage, not yet stored, or disposed of"]
    storage_class: Annotated[str | None, "the class of storage where it is; null: never stored"]
    window: Annotated[WindowAnswer, "the window that holds for it where it is"]
    disposition: Annotated[str, OneOf(tuple(Disposition)), "the decision on it"]
    verdict: Annotated[str, OneOf(tuple(Verdict)), "the worst that its reasons make of it"]
    reasons: Annotated[list[ReasonAnswer], "every reason why it isn't simply within its profile, worst first"]
    expires_at: Annotated[InstantText | None, "from then on it is expired by its label"]
    effective_expires_at: Annotated[
        InstantText | None,
        "from then on it is expired: the earliest of label, thaw, other storage class, budget",
    ]
    expiry_reason: Annotated[ExpiryReason | None, "which of them"]


class ThawFigures(TypedDict):
    """How often a lot was thawed."""

    thaw_count: Annotated[int, "thaws that are known of"]
    thaw_count_determinate: Annotated[bool, "false: unknown time may hide a thaw"]
    thaw_limit: Annotated[int | None, "the thaws that the profile allows; null: no limit"]
    thawed_at: Annotated[InstantText | None, "the first thaw"]
    is_frozen: Annotated[bool, "whether it is frozen now, as far as is known"]
    thaws: Annotated[list[ThawAnswer], "each thaw"]


class _LotTime(TypedDict):
    known_seconds: Annotated[Seconds, "time in storage of which the temperature is known"]
    unknown_seconds: Annotated[Seconds, "time in storage of which it isn't"]
    pending_seconds: Annotated[Seconds, "time since the last reading, as long as the next may make it known"]
    out_of_storage_seconds: Annotated[Seconds, "time out of storage"]
    coverage: Annotated[Share | None, "known ÷ (known + unknown); null: no time in storage yet"]
    coverage_minimum: Annotated[Share | None, "the least that the profile asks for"]


class MktFigures(TypedDict):
    """The mean kinetic temperature of a lot."""

    mkt_celsius: Annotated[Degrees | None, "mean kinetic temperature of the whole time"]
    mkt_reason: Annotated[str | None, "why there is none"]
    mkt_limit: Annotated[Degrees | None, "the limit for `mkt_worst`"]
    mkt_worst: Annotated[MktWorstAnswer | None, "the worst stretch that touches time outside the window"]


class _LotRest(TypedDict):
    min_celsius: Annotated[Degrees | None, "the lowest temperature; null: none is known"]
    max_celsius: Annotated[Degrees | None, "the highest temperature; null: none is known"]
    uncertain_seconds: Annotated[
        Seconds | None, "time inside the window, but within a probe's uncertainty of its limits"
    ]
    custody: Annotated[list[CustodyAnswer], "where it was, in order"]
    excursions: Annotated[list[str], "ids of the excursions that touch its stays"]
    parent: Annotated[str | None, "the lot that it is an aliquot of"]
    children: Annotated[list[str], "its aliquots"]
    quantity: Annotated[float | str | None, "as registered; null for an aliquot"]
    gtin: Annotated[str | None, "as registered"]
    lot_number: Annotated[str, "the maker's lot number; if none was given, the lot's id"]
    serial: Annotated[str | None, "as registered; null for an aliquot"]
    registered_at: Annotated[InstantText | None, "when it was registered or, of an aliquot, made"]
    disposed_at: Annotated[InstantText | None, "when it was disposed of"]
    without_effect: Annotated[dict[str, str], "events that don't count: `event_id` to the reason"]


class _LotBudgets(TypedDict):
    budgets: Annotated[list[BudgetBody], "a row for each band, and one for `out_of_storage`"]


class LotBody(_LotHead, ThawFigures, _LotBudgets, _LotTime, MktFigures, _LotRest):
    """What is on record of a lot."""


class _LotForecasts(TypedDict):
    budgets: Annotated[list[BudgetAnswer], "a row for each band, and one for `out_of_storage`"]


class LotAnswer(_LotHead, ThawFigures, _LotForecasts, _LotTime, MktFigures, _LotRest):
    """A lot: where it was, what storage did to it, and what that makes of it. How each figure is computed says
    [figures.md](figures.md)."""

    act_by: Annotated[
        InstantText | None,
        "by when somebody must have acted for it; null: nothing is coming, or another `as_of`",
    ]
    act_by_reason: Annotated[str | None, "what runs out then"]
