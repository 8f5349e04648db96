"""An excursion as JSON."""

from __future__ import annotations

from typing import Annotated, TypedDict

from monitor.core.answer.shape import ChannelPath, DegreeMinutes, Degrees, InstantText, OneOf, Seconds
from monitor.core.channel.excursion import ConfirmedBy
from monitor.core.lot.event import UnitEventKind
from monitor.core.profile.profile import Direction


class LimitsAnswer(TypedDict):
    """The limits that were in force for an excursion."""

    celsius: Annotated[Degrees, "the end of the window that was left"]
    deadband: Annotated[Degrees, "so far inside it must come before it can close"]
    delay_seconds: Annotated[Seconds, "an unbroken stay of so long confirms it"]
    clear_delay_seconds: Annotated[Seconds, "so long it must stay inside before it closes"]
    instant: Annotated[Degrees | None, "reaching this confirms it at once; null: there is no such limit"]
    cumulative_delay_seconds: Annotated[
        Seconds | None, "so much time outside on one calendar day confirms it; null: no sum is kept"
    ]


class DecidedBy(TypedDict, total=False):
    """The readings that decided, by their `measured_at`."""

    opened: Annotated[InstantText, "the reading that opened it"]
    extreme: Annotated[InstantText, "the reading farthest outside"]
    confirmed: Annotated[InstantText, "the reading that confirmed it"]
    closed: Annotated[InstantText, "the reading that closed it"]


class ExcursionBody(TypedDict):
    """What is on record of an excursion."""

    channel: Annotated[ChannelPath, "the probe that was outside its window"]
    direction: Annotated[Direction, "above or below the window: the two are judged apart"]
    started_at: Annotated[
        InstantText, "when the window was left; after unknown time, the first reading outside"
    ]
    ended_at: Annotated[InstantText | None, "when it came back for the last time; null until it closes"]
    closed_at: Annotated[InstantText | None, "when that was sure; null while it is open"]
    confirmed_at: Annotated[
        InstantText | None, "when it was confirmed; null: not yet, or, if it is closed, a transient"
    ]
    confirmed_by: Annotated[ConfirmedBy | None, "which rule confirmed it"]
    limit_reached_at: Annotated[InstantText | None, "when the limit marked `instant` was first reached"]
    extreme_celsius: Annotated[Degrees, "the value farthest outside"]
    degree_minutes: Annotated[DegreeMinutes, "area between the line and the limit"]
    seconds_by_band: Annotated[
        dict[str, float], "known time in each band of the profile, in s, by the band's name"
    ]
    unknown_seconds: Annotated[
        Seconds, "unknown time between its start and its end (`as_of` while it is open)"
    ]
    uncertain_seconds: Annotated[
        Seconds, "time inside the window, but within the probe's uncertainty of the limit"
    ]
    suspect_readings: Annotated[int, "suspect readings that took part"]
    profile: Annotated[str, "the profile that judged it"]
    profile_version: Annotated[int, "the profile's version"]
    limits: Annotated[LimitsAnswer, "the limits in force"]
    decided_by: Annotated[DecidedBy, "the readings that decided"]
    withdrawn: Annotated[bool, "late data showed that there was none; listed only if `history` is asked for"]
    superseded_by: Annotated[str | None, "the id of the excursion that late data made it a part of"]


class UnitEventAnswer(TypedDict):
    """An event of a unit."""

    event_id: Annotated[str, "its id"]
    occurred_at: Annotated[InstantText, "when it happened"]
    kind: Annotated[str, OneOf(tuple(UnitEventKind)), "what happened"]


class _Numbered(TypedDict):
    id: Annotated[str, "its id: `E` and a number; empty for one that is not on record yet"]
    version: Annotated[int, "1, and 1 more with each change; 0: not on record yet"]


class ExcursionAnswer(_Numbered, ExcursionBody):
    """A stay, or stays, of a probe outside its window on one side. How it is found says
    [figures.md](figures.md#excursions-in-brief)."""

    events: Annotated[list[UnitEventAnswer], "door, power and defrost events of the unit inside it"]
    lots: Annotated[list[str], "lots that were in the unit meanwhile; of its product probe alone"]
