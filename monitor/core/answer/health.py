"""How the program is, and how well its alarms serve people, as JSON."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from monitor.core.alarm.condition import AlarmCondition
from monitor.core.answer.shape import InstantText, OneOf, Seconds, Share, UnitPath


class AliveAnswer(TypedDict):
    """The program answers."""

    status: Annotated[str, OneOf(("alive",)), "always that"]


class PartAnswer(TypedDict):
    """How one part of the program is."""

    ok: Annotated[bool, "whether it works"]
    text: Annotated[str, "how it is, in words"]


class BrokerAnswer(PartAnswer):
    """The connection to the MQTT broker."""

    host: NotRequired[Annotated[str, "where it is"]]
    port: NotRequired[Annotated[int, "its port"]]
    protocol: NotRequired[Annotated[str, "the protocol that is spoken or tried now: `5` or `3.1.1`"]]
    connected_since: NotRequired[Annotated[InstantText | None, "null: not connected"]]
    received: NotRequired[Annotated[int, "messages since the start"]]
    waiting: NotRequired[Annotated[int, "messages that are not yet taken"]]


class ProjectionAnswer(PartAnswer):
    """How far InfluxDB is behind; all but `ok` and `text` is missing where it is off."""

    behind_readings: NotRequired[Annotated[int, "readings that it lacks"]]
    behind_facts: NotRequired[Annotated[int, "changes of excursions, alarms and lots that it lacks"]]
    last_error: NotRequired[Annotated[str | None, "what went wrong last"]]
    written: NotRequired[Annotated[int, "lines since the start"]]
    refused: NotRequired[Annotated[int, "lines that it refused; they are set aside"]]


class FailingLaneAnswer(TypedDict):
    """A recipient who can't be reached by one medium."""

    recipient: Annotated[str, "who"]
    medium: Annotated[str, "by which medium"]
    owed: Annotated[int, "messages that are owed there"]
    attempts: Annotated[int, "how often the oldest was tried"]
    error: Annotated[str, "why the last attempt failed"]
    since: Annotated[InstantText, "since when the oldest that was tried in vain is owed"]
    permanent: Annotated[bool | None, "a refusal that waiting doesn't heal; null: not tried since the start"]


class AlertingAnswer(PartAnswer):
    """Messages to people."""

    owed: Annotated[int, "messages that are not yet delivered"]
    failing: Annotated[list[FailingLaneAnswer], "who can't be reached"]


class ChoresAnswer(PartAnswer):
    """The daily work."""

    chores: Annotated[dict[str, PartAnswer], "backup, tidying, comparison with InfluxDB, each by its name"]


class AsideAnswer(TypedDict):
    """Something that nobody judges, because the program fails at it. Everything else is judged as always."""

    work: Annotated[
        str,
        "what fails: `judging` of a channel, `lot`, `sign`, `telling` of an alarm and so on, for programs",
    ]
    subject: Annotated[str, "of what: a channel, a unit, a lot, the id of an alarm, a site"]
    since: Annotated[InstantText, "since when"]
    error: Annotated[str, "the error"]
    attempts: Annotated[int, "how often it failed"]
    retry_at: Annotated[InstantText, "when it is tried again; another version of the program tries at once"]


class JudgingAnswer(PartAnswer):
    """Whether everything is judged. The program is ready though something isn't: everything else is."""

    aside: Annotated[list[AsideAnswer], "what is set aside, the longest first"]


class HealthAnswer(TypedDict):
    """Whether the program does its work, and how each part is. A command that reads the store while no program runs
    knows of `store` alone."""

    ready: Annotated[bool, "broker and store work"]
    broker: NotRequired[Annotated[BrokerAnswer, "the connection to the broker"]]
    store: Annotated[PartAnswer, "the store"]
    influx: NotRequired[Annotated[ProjectionAnswer, "the projection to InfluxDB"]]
    judging: NotRequired[Annotated[JudgingAnswer, "whether everything is judged"]]
    alerting: NotRequired[Annotated[AlertingAnswer, "messages to people"]]
    housekeeping: NotRequired[Annotated[ChoresAnswer, "the daily work"]]
    dead_man: NotRequired[Annotated[PartAnswer, "the ping to an outside address, where there is one"]]


class ReadyAnswer(HealthAnswer):
    """Whether the program does its work: status 200, or 503 if it isn't ready."""

    reasons: Annotated[list[str], "the parts that fail, in words"]


class _Figures(TypedDict):
    alarms: Annotated[int, "alarms, drills and those of the past apart"]
    pages: Annotated[int, "people told, however many media it took"]
    pages_per_week: Annotated[float, "pages a week"]
    pages_by_week: Annotated[list[int], "pages of each week, oldest first"]
    pages_per_person_week: Annotated[float, "pages a week of the person who was told most often"]
    chattering: Annotated[int, "conditions of a subject with three alarms within an hour"]
    stale: Annotated[int, "alarms that stood open for longer than a day"]
    flood_share: Annotated[Share, "share of the time in which ten alarms came within ten minutes"]
    ack_median_seconds: Annotated[Seconds | None, "until somebody took an alarm, in the median"]
    ack_p95_seconds: Annotated[Seconds | None, "the same, 95 of 100"]
    unacknowledged: Annotated[int, "alarms that nobody has taken until now"]
    held_seconds: Annotated[dict[str, float], "time held back, in s, by kind"]


class TotalHealthAnswer(_Figures):
    """The figures of all units together."""

    pages_by_person: Annotated[dict[str, float], "pages a week of each person"]
    top_ten_share: Annotated[Share | None, "share of the ten worst sources; null: there are no more than ten"]
    sources: Annotated[int, "conditions and subjects that raised an alarm"]
    drills: Annotated[int, "drills"]
    unanswered_drills: Annotated[int, "drills that nobody answered"]


class _UnitOf(TypedDict):
    unit: Annotated[UnitPath, "the unit"]


class UnitHealthAnswer(_UnitOf, _Figures):
    """The figures of one unit."""

    title: Annotated[str, "what people call it"]


class SourceAnswer(TypedDict):
    """One of the ten worst sources of alarms."""

    condition: Annotated[str, OneOf(tuple(AlarmCondition)), "its condition"]
    subject: Annotated[str, "its subject"]
    alarms: Annotated[int, "how many it raised"]
    share: Annotated[Share, "share of all"]


_HealthSpan = TypedDict(
    "_HealthSpan",
    {
        "from": Annotated[InstantText, "the beginning of the time looked at"],
        "to": Annotated[InstantText, "its end: now"],
    },
)


class AlarmHealthAnswer(_HealthSpan):
    """How well the alarms of some weeks served people: [operating.md](operating.md#how-well-alarms-serve)."""

    weeks: Annotated[float, "how many weeks that is"]
    targets: Annotated[dict[str, float], "the most that each figure should be"]
    total: Annotated[TotalHealthAnswer, "all units together"]
    units: Annotated[list[UnitHealthAnswer], "each unit"]
    top: Annotated[list[SourceAnswer], "the ten worst sources"]
