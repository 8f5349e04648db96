"""What can be asked, and what changes anything: for pages, the API, the command line and exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

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
from monitor.core.answer.shape import AnyAnswer
from monitor.core.answer.unit import SiteAnswer, UnitAnswer
from monitor.core.fact import JSON
from monitor.ports.source import Message


class Commands(Protocol):
    """What changes anything. One port: in the process that writes, or through its API from another."""

    def lot_event(self, site: str, lot: str, event: JSON) -> AnyAnswer:
        """Records a lot event in the wire's words and returns ``{"event_id", "outcome"}`` where outcome is
        ``recorded``, ``duplicate`` or ``conflict``. Raises ValueError with a sentence for a refused one."""

    def acknowledge(
        self, alarm: str, *, by: str, reason: str = "", action: str = "", how: str = "api"
    ) -> AnyAnswer:
        """Somebody takes an alarm; the alarm's JSON as it is then. ``how``: ``web``, ``api``, ``cli`` or ``link``.
        Raises LookupError for an unknown one, ValueError with a sentence where there is nothing to take. An alarm that
        is acknowledged already stays with the first name."""

    def reset(self, alarm: str, *, by: str, reason: str = "") -> AnyAnswer:
        """A latched alarm that was acknowledged is dealt with. Raises as :meth:`acknowledge`."""

    def shelve(self, alarm: str, *, by: str, reason: str, until: int) -> AnyAnswer:
        """Nobody is told of the alarm's condition and subject before ``until`` (ms), unless it breaks through; answers
        with the suppression's JSON. Raises as :meth:`acknowledge`."""

    def unshelve(self, alarm: str, *, by: str, reason: str = "") -> AnyAnswer:
        """Ends that now. Raises as :meth:`acknowledge`."""

    def suppress(
        self,
        subject: str,
        *,
        kind: Literal["suppressed", "out_of_service"],
        by: str,
        reason: str,
        start: int | None = None,
        until: int,
    ) -> AnyAnswer:
        """Nobody is told of a unit's or a channel's alarms from ``start`` (None: now) to ``until``; answers with the
        suppression's JSON. Raises LookupError for an unknown subject, ValueError with a sentence."""

    def end_suppression(self, suppression: str, *, by: str, reason: str = "") -> AnyAnswer:
        """Ends a suppression before its time. Raises as :meth:`acknowledge`."""

    def bind(self, lot: str, profile: str, *, reason: str, by: str) -> AnyAnswer:
        """From now on a lot is judged by another profile version (``name@version``), over its whole timeline: a
        decision of QA, kept as an event of the lot. Answers as :meth:`lot_event`; raises ValueError with a sentence
        for an unknown lot or version, one that judges it already, or no reason."""

    def ingest(
        self,
        messages: Sequence[Message],
        *,
        live: bool = False,
        marks: Mapping[str, str] | None = None,
        last: bool = False,
    ) -> JSON:
        """Takes messages that came by another way than the broker; they are durable when it returns.

        ``live``: they are signs of life, judged as if the broker had sent them. Otherwise they are a part of an
        import: what is over when the import ends wakes no one. ``marks`` are small named values that are kept in
        the same commit, to go on from; ``last`` (without messages) goes a step towards the end, until the answer's
        ``ended`` is true, and ``marks`` are then kept. What the answers hold: :mod:`monitor.writer.imports`."""


class View(Protocol):
    """What can be asked of the store: everything that pages, the API, the command line and exports show.

    Every figure is as of an instant (default: now), from readings and events at or before it.
    """

    def now(self) -> int:
        """The present instant in ms."""

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

    def lots(self, *, as_of: int | None = None) -> list[LotAnswer]:
        """Every lot as in :meth:`lot`."""

    def lot(self, lot: str, *, as_of: int | None = None) -> LotAnswer | None:
        """A lot as docs/json.md has it, or None."""

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
        ``suppressed``, ``out_of_service``, ``silent``, ``faulty``, ``uncalibrated``, ``without_recipient``."""

    def alarm_health(self, *, weeks: int = 4) -> AlarmHealthAnswer:
        """How well the alarms of the last ``weeks`` (1 to 52) served people, in total and per unit, as
        :func:`monitor.core.alarm.health.to_json` words it, with each unit's ``title``."""

    def notifications(self, *, limit: int = 200) -> list[NotificationAnswer]:
        """What was told or is owed: ``{id, alarm, recipient, medium, subject, due_at, sent_at, attempts, error}``."""

    def rejected(self, *, limit: int = 200) -> RejectedAnswer:
        """``{"counts": {reason: n}, "messages": [{received_at, topic, payload, reason, detail}]}``, newest first."""

    def health(self) -> HealthAnswer:
        """``{"ready": bool, "broker": {...}, "store": {...}, "influx": {...}, "alerting": {...}}``; each part has
        ``ok`` (bool) and ``text``."""
