"""What can be asked: everything that pages, the API, the command line and exports show.

Every figure is as of an instant (default: now), from readings and events at or before it.
"""

from __future__ import annotations

from typing import Protocol

from monitor.core.answer.alarm import (
    AlarmAnswer,
    AlarmDetailAnswer,
    NotificationAnswer,
    SuppressionAnswer,
    UnwatchedAnswer,
)
from monitor.core.answer.excursion import ExcursionAnswer
from monitor.core.answer.health import AlarmHealthAnswer, HealthAnswer
from monitor.core.answer.lot import LotAnswer
from monitor.core.answer.reading import ReadingsAnswer, RejectedAnswer
from monitor.core.answer.unit import SiteAnswer, UnitAnswer


class Present(Protocol):
    """What time it is."""

    def now(self) -> int:
        """The present instant in ms."""


class UnitView(Present, Protocol):
    """What is watched, and what was measured there."""

    def sites(self) -> list[SiteAnswer]:
        """``{"site", "timezone"}``."""

    def units(self) -> list[UnitAnswer]:
        """Every configured unit: ``unit`` (site/unit), ``title``, ``class``, ``profile``, ``profile_version``,
        ``window`` {low, high}, ``warning`` {low, high} or null, ``celsius``, ``measured_at``, ``age_seconds``,
        ``state``, ``state_text``, ``probes`` [{``probe``, ``product`` (bool), ``celsius``, ``measured_at``,
        ``received_at``, ``quality``, ``reason``, ``battery_percent``, ``state``, ``window``}], ``lots`` [ids stored
        there now], ``alarms`` [ids, open], ``excursions`` [ids, open]. The unit's ``celsius``, ``state`` and so on
        are its product probe's.

        A probe's ``states`` are all that hold, each with its words. ``state`` is the worst that holds: ``ok``,
        ``warning`` (inside the window, beyond the warning level or with a sign of failure), ``outside`` (not yet
        confirmed), ``unknown`` (never heard), ``no_data``, ``fault``, ``excursion`` (confirmed and open).
        ``state_text`` says all that hold in a few words for a wall screen."""

    def unit(self, unit: str) -> UnitAnswer | None:
        """One unit as in :meth:`units`, or None."""

    def readings(self, channel: str, start: int, end: int, points: int) -> ReadingsAnswer | None:
        """``{channel, from, to, max_gap_seconds, count, readings: [{measured_at, celsius, quality, reason}]}``,
        thinned to about ``points`` (0: all) so that every minimum and maximum stays; bad readings have ``celsius``
        null and a ``reason``. None for an unknown channel."""

    def excursions(
        self,
        *,
        unit: str | None = None,
        lot: str | None = None,
        start: int | None = None,
        end: int | None = None,
        open_only: bool = False,
        as_of: int | None = None,
        history: bool = False,
    ) -> list[ExcursionAnswer]:
        """Excursions as docs/json.md has them, newest first; ``history`` adds withdrawn and superseded versions."""


class LotView(Present, Protocol):
    """What the storage did to each lot."""

    def lots(self, *, as_of: int | None = None) -> list[LotAnswer]:
        """Every lot as in :meth:`lot`."""

    def lot(self, lot: str, *, as_of: int | None = None) -> LotAnswer | None:
        """A lot as docs/json.md has it, or None."""


class AlarmView(Present, Protocol):
    """What needs a person, what is held back, and who was told."""

    def alarms(self, *, open_only: bool = False, limit: int = 500) -> list[AlarmAnswer]:
        """Alarms as docs/json.md has them, open ones first, then newest first."""

    def alarm(self, alarm: str) -> AlarmDetailAnswer | None:
        """One alarm as in :meth:`alarms`, with ``history`` [{``version``, ``recorded_at``, ``reason``, ``state``,
        ``level``}], ``children`` [alarms that are told as part of it], ``suppression`` (what holds it back now, or
        null), and ``told`` [its notifications, oldest first]; or None."""

    def suppressions(self, *, open_only: bool = True) -> list[SuppressionAnswer]:
        """What holds back the telling of alarms, now or later, newest first: ``{id, kind, subject, condition, owner,
        reason, from, until, level, ended_at, ended_by, ended_why}``; without ``open_only`` also what has ended."""

    def unwatched(self) -> list[UnwatchedAnswer]:
        """Who is not being watched now: ``{"subject", "reason", "text", "since"}``; of what people hold back also
        ``{"until", "by", "why", "condition", "id", "alarm"}``; ``reason`` one of ``shelved``,
        ``suppressed``, ``out_of_service``, ``silent``, ``faulty``, ``judging_failed``, ``uncalibrated``,
        ``without_recipient``."""

    def alarm_health(self, *, weeks: int = 4) -> AlarmHealthAnswer:
        """How well the alarms of the last ``weeks`` (1 to 52) served people, in total and per unit, as
        :func:`monitor.core.alarm.health.to_json` words it, with each unit's ``title``."""

    def notifications(self, *, limit: int = 200) -> list[NotificationAnswer]:
        """What was told or is owed: ``{id, alarm, recipient, medium, subject, due_at, sent_at, attempts, error}``."""


class ServiceView(Present, Protocol):
    """How the program is, and what it could not take."""

    def rejected(self, *, limit: int = 200) -> RejectedAnswer:
        """``{"counts": {reason: n}, "messages": [{received_at, topic, payload, reason, detail}]}``, newest first."""

    def health(self) -> HealthAnswer:
        """``{"ready": bool, "broker": {...}, "store": {...}, "influx": {...}, "judging": {...},
        "alerting": {...}}``; each part has ``ok`` (bool) and ``text``."""


class View(UnitView, LotView, AlarmView, ServiceView, Protocol):
    """All that can be asked of the store."""
