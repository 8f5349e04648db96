"""What other rules would have done on the stored past, as JSON."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from monitor.core.alarm.condition import AlarmCondition, Level
from monitor.core.answer.excursion import ExcursionBody
from monitor.core.answer.lot import MktWorstAnswer
from monitor.core.answer.shape import ChannelPath, InstantText, OneOf, Seconds, Share, UnitPath
from monitor.core.lot.event import Disposition
from monitor.core.lot.verdict import VERDICT_OF, ExpiryReason, Verdict

ReplayOutcome = Literal["unchanged", "changed", "new", "gone", "merged"]


class RuleChangeAnswer(TypedDict):
    """A rule on trial that isn't on record so."""

    kind: Annotated[str, "`profile`, `unit` or `probe`"]
    name: Annotated[str, "its name"]
    is_new: Annotated[bool, "whether there was none of the name"]
    keys: Annotated[list[str], "the keys that differ"]


class OutcomeCounts(TypedDict):
    """How many of each outcome."""

    unchanged: Annotated[int, "as it was"]
    changed: Annotated[int, "there, and otherwise"]
    new: Annotated[int, "only with the rules on trial"]
    gone: Annotated[int, "only with the rules in force"]
    merged: Annotated[int, "a part of another"]


class ExcursionDifference(TypedDict):
    """An excursion that isn't as it was."""

    outcome: Annotated[ReplayOutcome, "what becomes of it"]
    channel: Annotated[ChannelPath, "its channel"]
    id: Annotated[str | None, "its id on record"]
    changed: Annotated[list[str], "the fields that differ"]
    was: Annotated[ExcursionBody | None, "as it was"]
    would_be: Annotated[ExcursionBody | None, "as it would be"]


class _UnitNamed(TypedDict):
    unit: Annotated[UnitPath, "the unit"]


class UnitOutcomes(_UnitNamed, OutcomeCounts):
    """The excursions of one unit, by outcome."""


class ExcursionDifferences(OutcomeCounts):
    """Excursions, by outcome."""

    differences: Annotated[list[ExcursionDifference], "those that aren't as they were"]
    units: Annotated[list[UnitOutcomes], "the same for each unit"]


class AlarmSpanAnswer(TypedDict):
    """An alarm, by one of the two."""

    level: Annotated[Level, "its level"]
    raised_at: Annotated[InstantText, "when it was raised"]
    cleared_at: NotRequired[Annotated[InstantText | None, "when it ended; only of temperatures"]]
    text: NotRequired[Annotated[str, "what it says; only of lots"]]


class AlarmDifference(TypedDict):
    """An alarm that isn't as it was."""

    outcome: Annotated[ReplayOutcome, "what becomes of it"]
    condition: Annotated[str, OneOf(tuple(AlarmCondition)), "its condition"]
    subject: Annotated[str, "its subject"]
    id: Annotated[str | None, "its id on record"]
    was: Annotated[AlarmSpanAnswer | None, "as it was"]
    would_be: Annotated[AlarmSpanAnswer | None, "as it would be"]


class AlarmDifferences(OutcomeCounts):
    """Alarms, by outcome."""

    differences: Annotated[list[AlarmDifference], "those that aren't as they were"]


class ComparedBudget(TypedDict):
    """What is compared of a budget."""

    band: Annotated[str, "the band"]
    limit_seconds: Annotated[Seconds | None, "what may be spent"]
    spent_seconds: Annotated[Seconds, "what is spent"]
    exhausted_at: Annotated[InstantText | None, "when it was used up"]


class ComparedReason(TypedDict):
    """What is compared of a reason."""

    code: Annotated[str, OneOf(tuple(VERDICT_OF)), "its code"]
    text: Annotated[str, "its sentence"]


class LotFigures(TypedDict):
    """What is compared of a lot; the fields are those of a lot."""

    verdict: Annotated[str, OneOf(tuple(Verdict)), "its verdict"]
    effective_expires_at: Annotated[InstantText | None, "its expiry"]
    expiry_reason: Annotated[ExpiryReason | None, "what decides it"]
    thaw_count: Annotated[int, "its thaws"]
    thaw_count_determinate: Annotated[bool, "whether that is sure"]
    known_seconds: Annotated[Seconds, "known time"]
    unknown_seconds: Annotated[Seconds, "unknown time"]
    out_of_storage_seconds: Annotated[Seconds, "time out of storage"]
    coverage: Annotated[Share | None, "its coverage"]
    mkt_worst: Annotated[MktWorstAnswer | None, "its worst mean kinetic temperature"]
    profile: Annotated[str, "`name@version`"]
    budgets: Annotated[list[ComparedBudget], "its budgets"]
    reasons: Annotated[list[ComparedReason], "its reasons"]


class LotDifference(TypedDict):
    """A lot that isn't as it was."""

    outcome: Annotated[ReplayOutcome, "`changed`"]
    lot: Annotated[str, "its id"]
    product: Annotated[str | None, "what it is"]
    unit: Annotated[UnitPath | None, "where it is"]
    disposition: Annotated[str, OneOf(tuple(Disposition)), "the decision on it"]
    changed: Annotated[list[str], "the figures that differ"]
    was: Annotated[LotFigures, "as it was"]
    would_be: Annotated[LotFigures, "as it would be"]
    reasons_more: Annotated[list[ComparedReason], "reasons that it would have and hasn't"]
    reasons_fewer: Annotated[list[ComparedReason], "reasons that it has and wouldn't have"]


class LotDifferences(OutcomeCounts):
    """Lots, by outcome."""

    differences: Annotated[list[LotDifference], "those that aren't as they were"]


_ReplaySpan = TypedDict(
    "_ReplaySpan",
    {
        "from": Annotated[InstantText | None, "shown is what touches this or later; null: everything"],
        "to": Annotated[InstantText, "the instant as of which both are judged"],
    },
)


class ReplayAnswer(_ReplaySpan):
    """What the rules of a configuration would have done on the stored past, beside what was:
    [operating.md](operating.md#trying-a-rule-on-the-past)."""

    store: Annotated[str, "the store's URL, without its password"]
    as_dated: Annotated[bool, "whether profile versions held from their date on, not for all the past"]
    rules: Annotated[list[RuleChangeAnswer], "the rules that differ"]
    readings: Annotated[int, "readings judged"]
    summary: Annotated[str, "the difference in a sentence"]
    excursions: Annotated[ExcursionDifferences, "excursions"]
    alarms: Annotated[AlarmDifferences, "alarms of temperatures and lots"]
    lots: Annotated[LotDifferences, "lots"]
    warnings: Annotated[list[str], "what to doubt"]
