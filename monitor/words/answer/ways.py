"""By which address and which command one gets which answer."""

from __future__ import annotations

from typing import NamedTuple

from monitor.core.answer.alarm import (
    AlarmAnswer,
    AlarmBody,
    AlarmDetailAnswer,
    NotificationAnswer,
    SuppressionAnswer,
    UnwatchedAnswer,
)
from monitor.core.answer.command import (
    BackupAnswer,
    DeliveryAnswer,
    EventOutcome,
    ExportAnswer,
    ImportAnswer,
    InfluxStatusAnswer,
    ReconcileAnswer,
    TakenAnswer,
    VersionAnswer,
)
from monitor.core.answer.excursion import ExcursionAnswer
from monitor.core.answer.health import AlarmHealthAnswer, AliveAnswer, ReadyAnswer
from monitor.core.answer.lot import LotAnswer
from monitor.core.answer.reading import ReadingsAnswer, RejectedAnswer
from monitor.core.answer.replay import ReplayAnswer
from monitor.core.answer.unit import UnitAnswer


class Way(NamedTuple):
    """An ``address`` (method and path), or the words of a ``command``, and what comes back: a ``kind``, or a list of
    them. ``takes`` are what may be asked for in the address, or the fields of the body; those that must be there are
    in ``needs``."""

    kind: type
    is_list: bool = False
    address: str | None = None
    command: str | None = None
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


QUESTIONS: tuple[Way, ...] = (
    Way(UnitAnswer, True, "GET /api/v1/units", "units"),
    Way(UnitAnswer, False, "GET /api/v1/units/{site}/{unit}"),
    Way(
        ReadingsAnswer,
        False,
        "GET /api/v1/channels/{site}/{unit}/{probe}/readings",
        takes=("from", "to", "points"),
    ),
    Way(LotAnswer, True, "GET /api/v1/lots", "lots list", takes=("as_of",)),
    Way(LotAnswer, False, "GET /api/v1/lots/{lot}", "lots show", takes=("as_of",)),
    Way(
        ExcursionAnswer,
        True,
        "GET /api/v1/excursions",
        "excursions",
        takes=("unit", "lot", "from", "to", "open", "history", "as_of"),
    ),
    Way(
        AlarmAnswer,
        True,
        "GET /api/v1/alarms",
        "alarms list",
        takes=("open", "state", "condition", "level", "unit", "limit"),
    ),
    Way(AlarmDetailAnswer, False, "GET /api/v1/alarms/{alarm}", "alarms show"),
    Way(UnwatchedAnswer, True, "GET /api/v1/unwatched", "alarms unwatched"),
    Way(SuppressionAnswer, True, "GET /api/v1/suppressions", "alarms suppressions", takes=("all",)),
    Way(AlarmHealthAnswer, False, "GET /api/v1/alarm-health", takes=("weeks",)),
    Way(NotificationAnswer, True, "GET /api/v1/notifications", "notifications", takes=("limit",)),
    Way(RejectedAnswer, False, "GET /api/v1/rejected", "rejected", takes=("limit",)),
    Way(AliveAnswer, False, "GET /healthz"),
    Way(ReadyAnswer, False, "GET /readyz"),
    Way(ReplayAnswer, command="replay"),
    Way(InfluxStatusAnswer, command="influx status"),
    Way(VersionAnswer, command="version"),
)
"""What only looks."""

CHANGES: tuple[Way, ...] = (
    Way(
        EventOutcome,
        False,
        "POST /api/v1/lots/{lot}/events",
        "lots event",
        ("event_id", "occurred_at", "kind"),
        ("site",),
    ),
    Way(EventOutcome, command="lots register"),
    Way(EventOutcome, command="lots move"),
    Way(
        EventOutcome, False, "POST /api/v1/lots/{lot}/binding", "lots bind", needs=("profile", "reason", "by")
    ),
    Way(
        AlarmBody,
        False,
        "POST /api/v1/alarms/{alarm}/acknowledge",
        "alarms ack",
        ("by",),
        ("reason", "action", "how"),
    ),
    Way(AlarmBody, False, "POST /api/v1/alarms/{alarm}/reset", "alarms reset", ("by",), ("reason",)),
    Way(
        SuppressionAnswer,
        False,
        "POST /api/v1/alarms/{alarm}/shelve",
        "alarms shelve",
        ("by", "reason"),
        ("until", "for"),
    ),
    Way(
        SuppressionAnswer,
        False,
        "POST /api/v1/alarms/{alarm}/unshelve",
        "alarms unshelve",
        ("by",),
        ("reason",),
    ),
    Way(
        SuppressionAnswer,
        False,
        "POST /api/v1/suppressions",
        "alarms suppress",
        ("subject", "kind", "by", "reason"),
        ("from", "until", "for"),
    ),
    Way(
        SuppressionAnswer,
        False,
        "POST /api/v1/suppressions/{suppression}/end",
        "alarms end",
        ("by",),
        ("reason",),
    ),
    Way(TakenAnswer, False, "POST /api/v1/ingest/readings"),
    Way(ImportAnswer, command="ingest"),
    Way(ExportAnswer, command="export lot"),
    Way(ReconcileAnswer, command="influx reconcile"),
    Way(DeliveryAnswer, True, command="notify test"),
    Way(BackupAnswer, command="backup"),
)
"""What changes something, sends something, or writes a file."""
