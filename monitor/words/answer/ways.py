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


class AnswerWay(NamedTuple):
    """An ``address`` (method and path), or the words of a ``command``, and what comes back: a ``kind``, or a list of
    them. ``takes`` are what may be asked for in the address, or the fields of the body; those that must be there are
    in ``needs``."""

    kind: type
    is_list: bool = False
    address: str | None = None
    command: str | None = None
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


QUESTIONS: tuple[AnswerWay, ...] = (
    AnswerWay(UnitAnswer, True, "GET /api/v1/units", "units"),
    AnswerWay(UnitAnswer, False, "GET /api/v1/units/{site}/{unit}"),
    AnswerWay(
        ReadingsAnswer,
        False,
        "GET /api/v1/channels/{site}/{unit}/{probe}/readings",
        takes=("from", "to", "points"),
    ),
    AnswerWay(LotAnswer, True, "GET /api/v1/lots", "lots list", takes=("as_of",)),
    AnswerWay(LotAnswer, False, "GET /api/v1/lots/{lot}", "lots show", takes=("as_of",)),
    AnswerWay(
        ExcursionAnswer,
        True,
        "GET /api/v1/excursions",
        "excursions",
        takes=("unit", "lot", "from", "to", "open", "history", "as_of"),
    ),
    AnswerWay(
        AlarmAnswer,
        True,
        "GET /api/v1/alarms",
        "alarms list",
        takes=("open", "state", "condition", "level", "unit", "limit"),
    ),
    AnswerWay(AlarmDetailAnswer, False, "GET /api/v1/alarms/{alarm}", "alarms show"),
    AnswerWay(UnwatchedAnswer, True, "GET /api/v1/unwatched", "alarms unwatched"),
    AnswerWay(SuppressionAnswer, True, "GET /api/v1/suppressions", "alarms suppressions", takes=("all",)),
    AnswerWay(AlarmHealthAnswer, False, "GET /api/v1/alarm-health", takes=("weeks",)),
    AnswerWay(NotificationAnswer, True, "GET /api/v1/notifications", "notifications", takes=("limit",)),
    AnswerWay(RejectedAnswer, False, "GET /api/v1/rejected", "rejected", takes=("limit",)),
    AnswerWay(AliveAnswer, False, "GET /healthz"),
    AnswerWay(ReadyAnswer, False, "GET /readyz"),
    AnswerWay(ReplayAnswer, command="replay"),
    AnswerWay(InfluxStatusAnswer, command="influx status"),
    AnswerWay(VersionAnswer, command="version"),
)
"""What only looks."""

CHANGES: tuple[AnswerWay, ...] = (
    AnswerWay(
        EventOutcome,
        False,
        "POST /api/v1/lots/{lot}/events",
        "lots event",
        ("event_id", "occurred_at", "kind"),
        ("site",),
    ),
    AnswerWay(EventOutcome, command="lots register"),
    AnswerWay(EventOutcome, command="lots move"),
    AnswerWay(
        EventOutcome, False, "POST /api/v1/lots/{lot}/binding", "lots bind", needs=("profile", "reason", "by")
    ),
    AnswerWay(
        AlarmBody,
        False,
        "POST /api/v1/alarms/{alarm}/acknowledge",
        "alarms ack",
        ("by",),
        ("reason", "action", "how"),
    ),
    AnswerWay(AlarmBody, False, "POST /api/v1/alarms/{alarm}/reset", "alarms reset", ("by",), ("reason",)),
    AnswerWay(
        SuppressionAnswer,
        False,
        "POST /api/v1/alarms/{alarm}/shelve",
        "alarms shelve",
        ("by", "reason"),
        ("until", "for"),
    ),
    AnswerWay(
        SuppressionAnswer,
        False,
        "POST /api/v1/alarms/{alarm}/unshelve",
        "alarms unshelve",
        ("by",),
        ("reason",),
    ),
    AnswerWay(
        SuppressionAnswer,
        False,
        "POST /api/v1/suppressions",
        "alarms suppress",
        ("subject", "kind", "by", "reason"),
        ("from", "until", "for"),
    ),
    AnswerWay(
        SuppressionAnswer,
        False,
        "POST /api/v1/suppressions/{suppression}/end",
        "alarms end",
        ("by",),
        ("reason",),
    ),
    AnswerWay(TakenAnswer, False, "POST /api/v1/ingest/readings"),
    AnswerWay(ImportAnswer, command="ingest"),
    AnswerWay(ExportAnswer, command="export lot"),
    AnswerWay(ReconcileAnswer, command="influx reconcile"),
    AnswerWay(DeliveryAnswer, True, command="notify test"),
    AnswerWay(BackupAnswer, command="backup"),
)
"""What changes something, sends something, or writes a file."""
