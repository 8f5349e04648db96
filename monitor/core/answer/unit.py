"""A unit, its probes, and what is coming for it, as JSON."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from monitor.core.answer.lot import WindowAnswer
from monitor.core.answer.shape import Degrees, DegreesPerHour, InstantText, OneOf, Percent, Seconds, UnitPath
from monitor.core.channel.reading import Quality

ProbeState = Literal["ok", "warning", "outside", "unknown", "no_data", "fault", "excursion"]
PROBE_STATES: tuple[ProbeState, ...] = (
    *("ok", "warning", "outside", "unknown", "no_data", "fault", "excursion"),
)
"""The states of a probe, best first."""


class SiteAnswer(TypedDict):
    """A site."""

    site: Annotated[str, "its name"]
    timezone: Annotated[str, "its time zone, by its IANA name"]


class ProbeAnswer(TypedDict):
    """A probe, with the newest that is known of it."""

    probe: Annotated[str, "its name"]
    product: Annotated[bool, "whether it is the unit's product probe"]
    celsius: Annotated[Degrees | None, "its newest value; null: that reading was bad, or there is none"]
    measured_at: Annotated[InstantText | None, "when that was measured, by the probe's clock"]
    received_at: Annotated[InstantText | None, "when it came"]
    age_seconds: Annotated[Seconds | None, "how old it is"]
    quality: Annotated[str | None, OneOf(tuple(Quality)), "how far it can be trusted"]
    reason: Annotated[str | None, "why it isn't good: `fault:open_circuit`, `clock_ahead` and so on"]
    battery_percent: Annotated[Percent | None, "its battery, where it says so"]
    online: Annotated[bool | None, "what its gateway said last; null: nothing"]
    state: Annotated[ProbeState, "the worst of its `states`"]
    states: Annotated[
        dict[str, str], "all that hold, each with a few words; `ok` only where nothing else does"
    ]
    state_text: Annotated[str, "all of them in words, worst first"]
    window: Annotated[WindowAnswer, "its window"]
    alarms: Annotated[bool, "whether it raises alarms"]


class CrossingAnswer(TypedDict):
    """When a warming unit reaches a limit: nine times in ten the truth lies between `earliest` and `latest`."""

    limit: Annotated[Degrees, "the limit"]
    what: Annotated[str, "what limit that is: the window, a band, the instant limit"]
    earliest: Annotated[InstantText, "the early end"]
    likely: Annotated[InstantText, "most likely"]
    latest: Annotated[InstantText | None, "the late end; null: perhaps never"]


class ForecastAnswer(TypedDict):
    """Where a warming unit is going."""

    made_at: Annotated[InstantText, "as of its last reading"]
    celsius: Annotated[Degrees, "the temperature then"]
    rate_per_hour: Annotated[DegreesPerHour, "how fast it rises then"]
    towards: Annotated[Degrees, "the temperature at which it would end"]
    tau_seconds: Annotated[Seconds | None, "the time constant of the course; null: it has none"]
    crossings: Annotated[list[CrossingAnswer], "the limits ahead, lowest first"]


class RescueAnswer(TypedDict):
    """A lot in a failing unit, and where to take it."""

    lot: Annotated[str, "the lot"]
    act_by: Annotated[InstantText | None, "by when"]
    what: Annotated[str, "the budget that runs out then; empty: none"]
    why: Annotated[str, "why to that unit, or why to none, in words"]
    to: Annotated[list[str], "units to take it to, best first"]


class _UnitNames(TypedDict):
    unit: Annotated[UnitPath, "its path"]
    title: Annotated[str, "what people call it"]


_UnitClass = TypedDict("_UnitClass", {"class": Annotated[str, "its storage class"]})


class UnitCard(_UnitNames, _UnitClass):
    """A unit as it is. Temperature and state are those of its product probe."""

    profile: Annotated[str, "the profile that judges it"]
    profile_version: Annotated[int, "the profile's version"]
    window: Annotated[WindowAnswer, "its window"]
    warning: Annotated[WindowAnswer | None, "its warning level; null: none"]
    celsius: Annotated[Degrees | None, "the newest value; null: that reading was bad, or there is none"]
    measured_at: Annotated[InstantText | None, "when that was measured"]
    age_seconds: Annotated[Seconds | None, "how old it is"]
    state: Annotated[ProbeState, "the worst that holds for its product probe"]
    state_text: Annotated[str, "all that hold, in words"]
    probes: Annotated[list[ProbeAnswer], "all its probes"]
    lots: Annotated[list[str], "lots that are in it"]
    alarms: Annotated[list[str], "ids of open alarms about it and its probes"]
    excursions: Annotated[list[str], "ids of open excursions of its probes, unconfirmed ones too"]


class UnitOutlook(TypedDict):
    """What is coming for a unit; all null or empty for one that is well."""

    forecast: Annotated[ForecastAnswer | None, "where it is going; null: it isn't warming, or no sure word"]
    act_by: Annotated[InstantText | None, "by when somebody must have acted for the first of its lots"]
    act_by_reason: Annotated[str | None, "for which lot, and what runs out then"]
    rescue: Annotated[list[RescueAnswer], "which lots to move first, and where to"]


class UnitAnswer(UnitCard, UnitOutlook):
    """A unit: a freezer, fridge, tank or room. Temperature and state are those of its product probe."""
