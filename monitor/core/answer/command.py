"""What commands and requests that change something answer, and what the commands about files and messages print."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from monitor.core.answer.shape import InstantText, OneOf, UnitPath
from monitor.core.lot.verdict import Verdict


class EventOutcome(TypedDict):
    """What came of a lot event."""

    event_id: Annotated[str, "its id"]
    outcome: Annotated[
        Literal["recorded", "duplicate", "conflict"],
        "`duplicate`: it was there already; `conflict`: its id was used with other content, both are set aside",
    ]


class RefusedItemAnswer(TypedDict):
    """A message or an item that was not taken."""

    topic: Annotated[str, "its topic"]
    item: Annotated[int | None, "the item of the array, counted from 0; null: the whole message"]
    reason: Annotated[str, "why, for programs: [wire.md](wire.md) lists the reasons"]
    detail: Annotated[str, "why, in a sentence, after `file:line:` or `request:item:`"]


class RefusedItems(TypedDict):
    """What was not taken."""

    counts: Annotated[dict[str, int], "how many, by reason"]
    first: Annotated[list[RefusedItemAnswer], "the first twenty"]


class TakenAnswer(TypedDict):
    """What came of readings sent over HTTP."""

    readings: Annotated[int, "readings taken"]
    duplicates: Annotated[int, "readings that were there already"]
    rejected: Annotated[RefusedItems, "what was not taken"]


class PastFileAnswer(TypedDict):
    """A file of the past."""

    file: Annotated[str, "its name"]
    rows: Annotated[int, "rows read, those of an earlier attempt included"]
    resumed_at: Annotated[int, "rows that an import that was broken off had taken"]
    damaged: Annotated[str | None, "why it can't be read to its end"]


class ChangedExcursions(TypedDict):
    """Ids of excursions, by what became of them."""

    new: Annotated[list[str], "they are new"]
    changed: Annotated[list[str], "they have another version"]
    withdrawn: Annotated[list[str], "there was none, or it is part of another"]


class ChangedVerdict(TypedDict):
    """A lot whose verdict an import changed."""

    lot: Annotated[str, "its id"]
    before: Annotated[str | None, OneOf(tuple(Verdict)), "its verdict before; null: it had none"]
    after: Annotated[str, OneOf(tuple(Verdict)), "its verdict now"]


class ImportAnswer(TypedDict):
    """What an import of the past came to."""

    files: Annotated[list[PastFileAnswer], "each file"]
    rows: Annotated[int, "rows read"]
    accepted: Annotated[int, "readings, events and statuses taken"]
    readings: Annotated[int, "readings taken"]
    events: Annotated[int, "events taken"]
    duplicates: Annotated[int, "what was there already"]
    rejected: Annotated[int, "what was not taken"]
    rejected_by_reason: Annotated[dict[str, int], "the same, by reason"]
    rejected_first: Annotated[list[RefusedItemAnswer], "the first twenty"]
    excursions: Annotated[ChangedExcursions, "excursions that changed"]
    lots: Annotated[list[ChangedVerdict], "lots whose verdict changed"]
    past_alarms: Annotated[list[str], "ids of alarms that were over: they wake no one"]
    alarms: Annotated[list[str], "ids of alarms that hold still: they are told"]
    interrupted: Annotated[bool, "whether it was broken off; the same command goes on"]


class BackupAnswer(TypedDict):
    """A copy of the store."""

    path: Annotated[str, "where it is"]
    bytes: Annotated[int, "its size"]
    log_position: Annotated[int, "up to where it has the log"]
    recorded_at: Annotated[InstantText, "when it was made"]


class DeliveryAnswer(TypedDict):
    """How a test message went."""

    recipient: Annotated[str, "who"]
    medium: Annotated[str, "by which medium"]
    ok: Annotated[bool, "whether the medium took it"]
    text: Annotated[str, "`sent`, or why not"]


class VersionAnswer(TypedDict):
    """The program's version."""

    version: Annotated[str, "the version"]


class InfluxStatusAnswer(TypedDict):
    """How far InfluxDB is behind."""

    ok: Annotated[bool, "whether it would take lines now"]
    text: Annotated[str, "the same in words"]
    behind_readings: Annotated[int, "readings that it lacks"]
    behind_facts: Annotated[int, "changes of excursions, alarms and lots that it lacks"]


class _Compared(TypedDict):
    hours_compared: Annotated[int, "hours whose counts were compared"]
    hours_differing: Annotated[int, "hours that differed"]
    readings_resent: Annotated[int, "readings sent again"]
    readings_refused: Annotated[int, "readings that InfluxDB refused"]
    hours_still_differing: Annotated[int, "hours that differ still"]


class _ComparedChannel(TypedDict):
    channel: Annotated[str, "`site/unit/probe`"]


class ComparedAnswer(_ComparedChannel, _Compared):
    """A channel compared with InfluxDB."""


class _Agrees(TypedDict):
    agrees: Annotated[bool, "whether nothing differs now"]


class ReconcileAnswer(_Agrees, _Compared):
    """InfluxDB compared with the store; the sums of all channels, then each."""

    channels: Annotated[list[ComparedAnswer], "each channel"]


class ExportedFileAnswer(TypedDict):
    """A file of an export."""

    name: Annotated[str, "its name"]
    sha256: Annotated[str, "its SHA-256, in hexadecimal"]
    bytes: Annotated[int, "its size"]
    rows: Annotated[int | None, "its rows; null: it is no table"]


class SoftwareAnswer(TypedDict):
    """What made an export."""

    name: Annotated[str, "`exosome-monitor`"]
    version: Annotated[str, "its version"]


_QuerySpan = TypedDict(
    "_QuerySpan",
    {
        "from": Annotated[InstantText, "its beginning, which belongs to it"],
        "to": Annotated[InstantText, "its end, which doesn't"],
    },
)


class _QueryChannel(TypedDict):
    channel: Annotated[str, "`site/unit/probe`"]


class QueryAnswer(_QueryChannel, _QuerySpan):
    """Readings that an export asked for: those of a stay."""


_StaySpan = TypedDict(
    "_StaySpan",
    {
        "from": Annotated[InstantText, "its beginning"],
        "to": Annotated[InstantText | None, "its end; null: it goes on"],
    },
)


class _StayUnit(TypedDict):
    unit: Annotated[UnitPath, "the unit"]


class IncompleteStay(_StayUnit, _StaySpan):
    """A stay whose readings the export lacks."""

    reason: Annotated[str, "why"]


class ManifestAnswer(TypedDict):
    """`manifest.json` of an export."""

    format: Annotated[str, "`exosome-monitor lot history 1`"]
    lot: Annotated[str, "the lot"]
    as_of: Annotated[InstantText, "the instant that is judged"]
    created_at: Annotated[InstantText, "when it was made"]
    software: Annotated[SoftwareAnswer, "what made it"]
    queries: Annotated[list[QueryAnswer], "the readings that were asked for"]
    incomplete: Annotated[list[IncompleteStay], "stays without readings"]
    files: Annotated[list[ExportedFileAnswer], "each file with its hash"]


class ExportAnswer(TypedDict):
    """An export that was written."""

    folder: Annotated[str, "where it is"]
    manifest: Annotated[ManifestAnswer, "its manifest"]


class RefusalText(TypedDict):
    """What went wrong, and what to do about it."""

    code: Annotated[str, "what it is, for programs"]
    text: Annotated[str, "a sentence for people"]
    remedy: Annotated[str, "what to do about it"]


class ErrorAnswer(TypedDict):
    """Every answer of the API that is not 2xx (but `/readyz`'s 503)."""

    error: Annotated[RefusalText, "what went wrong"]
    reason: NotRequired[Annotated[str, "what a command said, where one refused"]]
    event_id: NotRequired[Annotated[str, "with `event_conflict`: the event's id"]]
    outcome: NotRequired[Annotated[Literal["conflict"], "with `event_conflict`"]]
