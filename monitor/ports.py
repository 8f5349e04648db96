"""What the inside needs of the outside, as protocols. Adapters implement them; :mod:`monitor.app` joins them.

Threading: a :class:`Source` is driven by one thread. A :class:`View` may be used from many threads at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from monitor.core.alarm.told import MessageKind, Told
from monitor.core.lot import LotEvent, UnitEvent
from monitor.core.plain import Plain
from monitor.core.profile import Profile
from monitor.core.reading import Reading
from monitor.core.rules import ChannelRules, Stretch
from monitor.core.timeline import UnitVersion

JSON = dict[str, Any]
"""A JSON object as SPEC section 7 words it: instants RFC 3339 in UTC with milliseconds and Z, units ``site/unit``."""


class Clock(Protocol):
    """The time of day. Everything that waits or stamps asks this, so that tests and simulations can drive it."""

    def now(self) -> int:
        """The present instant in ms."""


class Message(NamedTuple):
    """One message as it came in. ``token`` is the source's own, for acknowledging."""

    topic: str
    payload: bytes
    received_at: int
    retained: bool
    token: Any


class Source(Protocol):
    """Where messages come from: an MQTT subscription, a file, a test's list.

    Messages are handed over in batches and acknowledged in batches, *after* what they say is durable. A message
    that isn't acknowledged comes again after a reconnect. What is waiting is bounded; at the bound the source stops
    reading from its peer rather than drop anything.
    """

    def receive(self, timeout: float) -> Sequence[Message]:
        """What has come in, at once if anything waits, else within ``timeout`` seconds; empty if nothing did."""

    def acknowledge(self, batch: Sequence[Message]) -> None:
        """Tells the peer that these messages are safe with us."""

    def connected_since(self) -> int | None:
        """Since when the peer has been reachable without a break; None while it isn't. Silence counts from then."""

    def close(self) -> None:
        """Ends the connection. What was received and not acknowledged comes again."""


class Notification(NamedTuple):
    """One message to one recipient by one medium. ``id`` is stable: the same message has the same id for ever.

    ``about`` is the id of the alarm, or what else it is about; ``kind`` what it says of that
    (:data:`monitor.core.alarm.told.MessageKind`).
    """

    id: str
    recipient: str
    medium: str
    address: str
    subject: str
    body: str
    attempts: int = 0
    about: str = ""
    kind: str = "notice"


class DeliveryError(Exception):
    """A medium could not deliver; the text says what, where and the remedy. ``permanent``: trying again won't help."""

    def __init__(self, text: str, *, permanent: bool = False) -> None:
        super().__init__(text)
        self.permanent = permanent


class Medium(Protocol):
    """A way to reach a person. Called from several threads at once, for different addresses."""

    def deliver(self, notification: Notification) -> None:
        """Hands the message over, or raises :class:`DeliveryError` within a bounded time."""


@dataclass(frozen=True, slots=True)
class LoggedReading:
    """A reading at its place in the log, in arrival order."""

    position: int
    channel: str
    measured_at: int
    celsius: float | None
    quality: str
    battery_percent: float | None


@dataclass(frozen=True, slots=True)
class LoggedFact:
    """One version of a fact at its place among all versions, in the order in which they were recorded.

    ``kind`` is ``excursion``, ``alarm``, ``lot`` or ``health``; ``body`` its JSON as of that version.
    """

    position: int
    kind: str
    id: str
    version: int
    recorded_at: int
    reason: str
    body: Mapping[str, Any]


class Refusal(NamedTuple):
    """A line that the sink refused for good, and why."""

    line: str
    reason: str


class ProjectionSource(Protocol):
    """What a projection (InfluxDB) reads of the store, and where it keeps its place. All in recorded order."""

    def cursor(self, name: str) -> int:
        """The position up to which the projection ``name`` has everything; 0 at first."""

    def advance_cursor(self, name: str, position: int, refusals: Sequence[Refusal] = ()) -> None:
        """Records that everything up to ``position`` is there, or set aside as refused; both in one commit."""

    def readings_after(self, position: int, limit: int) -> list[LoggedReading]:
        """The next readings of the log. ``celsius`` has the probe's offset; where one instant has several good
        values it is the one that counts, and ``quality`` is ``suspect``."""

    def facts_after(self, position: int, limit: int) -> list[LoggedFact]:
        """The next versions of facts."""

    def last_positions(self) -> tuple[int, int]:
        """The last position of the log of readings, and of facts."""

    def channels(self) -> list[str]:
        """Every channel (``site/unit/probe``) with readings."""

    def readings_between(self, channel: str, start: int, end: int) -> list[LoggedReading]:
        """The readings of a channel with ``start`` ≤ measured_at < ``end``, in the order of their instants, one per
        instant, as :meth:`readings_after` gives them. Readings after the projection's cursor are included."""

    def span(self, channel: str) -> tuple[int, int] | None:
        """The first and last measured_at of a channel."""


class Commands(Protocol):
    """What changes anything. One port: in the process that writes, or through its API from another."""

    def lot_event(self, site: str, lot: str, event: JSON) -> JSON:
        """Records a lot event in the wire's words and returns ``{"event_id", "outcome"}`` where outcome is
        ``recorded``, ``duplicate`` or ``conflict``. Raises ValueError with a sentence for a refused one."""

    def acknowledge(
        self, alarm: str, *, by: str, reason: str = "", action: str = "", how: str = "api"
    ) -> JSON:
        """Somebody takes an alarm; the alarm's JSON as it is then. ``how``: ``web``, ``api``, ``cli`` or ``link``.
        Raises LookupError for an unknown one, ValueError with a sentence where there is nothing to take. An alarm that
        is acknowledged already stays with the first name."""

    def reset(self, alarm: str, *, by: str, reason: str = "") -> JSON:
        """A latched alarm that was acknowledged is dealt with. Raises as :meth:`acknowledge`."""

    def shelve(self, alarm: str, *, by: str, reason: str, until: int) -> JSON:
        """Nobody is told of the alarm's condition and subject before ``until`` (ms), unless it breaks through; answers
        with the suppression's JSON. Raises as :meth:`acknowledge`."""

    def unshelve(self, alarm: str, *, by: str, reason: str = "") -> JSON:
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
    ) -> JSON:
        """Nobody is told of a unit's or a channel's alarms from ``start`` (None: now) to ``until``; answers with the
        suppression's JSON. Raises LookupError for an unknown subject, ValueError with a sentence."""

    def end_suppression(self, suppression: str, *, by: str, reason: str = "") -> JSON:
        """Ends a suppression before its time. Raises as :meth:`acknowledge`."""

    def bind(self, lot: str, profile: str, *, reason: str, by: str) -> JSON:
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
        ``ended`` is true, and ``marks`` are then kept. What the answers hold: :mod:`monitor.runtime.importing`."""


class View(Protocol):
    """What can be asked of the store: everything that pages, the API, the command line and exports show.

    Every figure is as of an instant (default: now), from readings and events at or before it.
    """

    def now(self) -> int:
        """The present instant in ms."""

    def sites(self) -> list[JSON]:
        """``{"site", "timezone"}``."""

    def units(self) -> list[JSON]:
        """Every configured unit: ``unit`` (site/unit), ``title``, ``class``, ``profile``, ``profile_version``,
        ``window`` {low, high}, ``warning`` {low, high} or null, ``celsius``, ``measured_at``, ``age_seconds``,
        ``state``, ``state_text``, ``probes`` [{``probe``, ``product`` (bool), ``celsius``, ``measured_at``,
        ``received_at``, ``quality``, ``reason``, ``battery_percent``, ``state``, ``window``}], ``lots`` [ids stored
        there now], ``alarms`` [ids, open], ``excursions`` [ids, open]. The unit's ``celsius``, ``state`` and so on
        are its product probe's.

        ``state`` is the worst that holds: ``ok``, ``warning`` (inside the window, beyond the warning level or with a
        sign of failure), ``outside`` (not yet confirmed), ``unknown`` (never heard), ``no_data``, ``fault``,
        ``excursion`` (confirmed and open). ``state_text`` says all that hold in a few words for a wall screen."""

    def unit(self, unit: str) -> JSON | None:
        """One unit as in :meth:`units`, or None."""

    def readings(self, channel: str, start: int, end: int, points: int) -> JSON | None:
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
    ) -> list[JSON]:
        """Excursions as SPEC section 7 words them, newest first; ``history`` adds withdrawn and superseded versions."""

    def lots(self, *, as_of: int | None = None) -> list[JSON]:
        """Every lot as in :meth:`lot`."""

    def lot(self, lot: str, *, as_of: int | None = None) -> JSON | None:
        """A lot as SPEC section 7 words it; a figure that isn't computed yet is absent."""

    def alarms(self, *, open_only: bool = False, limit: int = 500) -> list[JSON]:
        """Alarms as SPEC section 7 words them, open ones first, then newest first."""

    def alarm(self, alarm: str) -> JSON | None:
        """One alarm as in :meth:`alarms`, with ``history`` [{``version``, ``recorded_at``, ``reason``, ``state``,
        ``level``}], ``children`` [alarms that are told as part of it], ``suppression`` (what holds it back now, or
        null), and ``told`` [its notifications, oldest first]; or None."""

    def suppressions(self, *, open_only: bool = True) -> list[JSON]:
        """What holds back the telling of alarms, now or later, newest first: ``{id, kind, subject, condition, owner,
        reason, from, until, level, ended_at, ended_by, ended_why}``; without ``open_only`` also what has ended."""

    def unwatched(self) -> list[JSON]:
        """Who is not being watched now: ``{"subject", "reason", "text", "since"}``; ``reason`` one of ``shelved``,
        ``suppressed``, ``out_of_service``, ``silent``, ``faulty``, ``uncalibrated``, ``without_recipient``."""

    def notifications(self, *, limit: int = 200) -> list[JSON]:
        """What was told or is owed: ``{id, alarm, recipient, medium, subject, due_at, sent_at, attempts, error}``."""

    def rejected(self, *, limit: int = 200) -> JSON:
        """``{"counts": {reason: n}, "messages": [{received_at, topic, payload, reason, detail}]}``, newest first."""

    def health(self) -> JSON:
        """``{"ready": bool, "broker": {...}, "store": {...}, "influx": {...}, "alerting": {...}}``; each part has
        ``ok`` (bool) and ``text``."""


class Outbox(Protocol):
    """The messages that are owed, as rows: what is due when, and what was told. Nothing owed is ever dropped."""

    def due(self, now: int, limit: int) -> list[Notification]:
        """Messages owed and due at ``now``, in the order in which they must be told. A *closed* message isn't due
        before its *opened* one has been delivered."""

    def record_sent(self, notification_id: str, at: int) -> None:
        """Recorded *after* the medium took it; a crash in between repeats the message, nothing loses it."""

    def record_failure(self, notification_id: str, at: int, error: str, next_attempt_at: int) -> None:
        """Keeps it owed, due again at ``next_attempt_at``."""


# --- the store, as the runtime needs it ---

Tx = Any
"""A transaction of the store; the runtime only hands it on."""

Outcome = Literal["recorded", "duplicate", "conflict"]


class Placed(NamedTuple):
    """A reading at its place in the log. ``channel`` is the channel's number in the log."""

    position: int
    channel: int
    reading: Reading


class Fact(NamedTuple):
    """One version of a fact. ``subject``: channel, lot, or what an alarm is about; ``to_at`` None while it is open."""

    kind: str
    id: str
    version: int
    recorded_at: int
    subject: str
    from_at: int
    to_at: int | None
    body: dict[str, Any]


class Packed(Protocol):
    """Readings of a channel that lie together in its history."""

    @property
    def stretch(self) -> Stretch | None:
        """What they come to; None if they have to be looked at one by one."""

    def plain(self) -> Plain | None:
        """Their columns; None if they have to be looked at one by one. There are some wherever there is a
        ``stretch``."""

    def readings(self) -> list[Reading]:
        """The readings, sorted by instant, copies included."""


class Store(Protocol):
    """The log and the facts. One process writes (it holds the lock), one transaction at a time; reading is free."""

    def writing(self) -> AbstractContextManager[Tx]:
        """A transaction of the writer, durable when it ends without an exception."""

    def reading(self) -> AbstractContextManager[Tx]:
        """A consistent view of what is committed."""

    # the log
    def next_position(self) -> int:
        """The position that the next reading or event gets; only the writer asks."""

    def append_readings(self, tx: Tx, rows: Sequence[LogTuple], recorded_at: int) -> None:
        """Appends readings (the fields of a :class:`LogRow`) at positions from :meth:`next_position` on, in order."""

    def append_event(
        self, tx: Tx, scope: str, subject: str, received_at: int, body: Mapping[str, Any]
    ) -> Outcome:
        """Appends an event; the same event again changes nothing."""

    def append_rejected(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keeps rejected messages: received_at, topic, payload, reason, detail, item. Bounded; the counts stay."""

    def events(
        self,
        tx: Tx,
        scope: str,
        *,
        subject: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> list[dict[str, Any]]:
        """Events in the order of their instants and ids, with ``position``, ``received_at`` and ``conflict``."""

    def event_subjects(self, tx: Tx, scope: str, event_id: str | None = None) -> list[str]:
        """The subjects that have events of a scope."""

    def relatives(self, tx: Tx, lot: str) -> set[str]:
        """The lots whose events may matter to a lot: ancestors, children, and who else claims one of these."""

    def descendants(self, tx: Tx, lot: str) -> set[str]:
        """The lots that are said to be aliquots of a lot, or of one of those."""

    def log_after(self, tx: Tx, position: int, limit: int | None) -> list[LogRow]:
        """The next readings of the log (``limit`` None: all)."""

    def last_measured(self, tx: Tx) -> dict[int, int]:
        """For each channel the latest instant of which the log has a reading."""

    def channel_ids(self, tx: Tx) -> dict[str, int]:
        """Every channel ever configured with its number in the log."""

    def rejected(self, tx: Tx, limit: int) -> tuple[dict[str, int], list[dict[str, Any]]]:
        """Counts by reason, and the newest rejected messages."""

    def known(self, tx: Tx, wanted: Mapping[int, tuple[int, int]]) -> dict[int, dict[Any, int]]:
        """For each channel, of the readings between two instants: their identity to their earliest arrival."""

    def history(
        self,
        tx: Tx,
        channel: int,
        *,
        after: int | None = None,
        upto: int | None = None,
        position_max: int | None = None,
    ) -> list[Placed]:
        """The readings of a channel with ``after`` < measured_at ≤ ``upto``, sorted by instant, copies included."""

    def course(
        self, tx: Tx, channel: int, *, after: int | None = None, upto: int | None = None
    ) -> Iterator[Packed]:
        """The readings of a channel with ``after`` < measured_at ≤ ``upto`` in the order of time, as they lie
        together: what needs no closer look isn't unpacked."""

    def settle(self, tx: Tx, judged_position: int) -> bool:
        """Packs the judged tail of the log if it has grown long; says whether it did."""

    # facts
    def next_fact_position(self) -> int:
        """The position that the next version of a fact gets; only the writer asks."""

    def record_fact(self, tx: Tx, fact: Fact, reason: str) -> None:
        """Adds a version and makes it the current one."""

    def fact(self, tx: Tx, kind: str, fact_id: str) -> Fact | None:
        """The current version of a fact."""

    def versions(self, tx: Tx, kind: str, fact_id: str) -> list[dict[str, Any]]:
        """Every version of a fact, oldest first: version, recorded_at, reason, body."""

    def current_facts(
        self,
        tx: Tx,
        kind: str,
        *,
        subjects: Sequence[str] | None = None,
        open_only: bool = False,
        since: int | None = None,
        until: int | None = None,
        recorded_after: int | None = None,
        limit: int | None = None,
    ) -> list[Fact]:
        """Current versions, newest first."""

    # checkpoints, latest, deadlines, markers
    def put_checkpoint(self, tx: Tx, channel: int, at: int, body: Mapping[str, Any]) -> None:
        """Keeps a state of a channel's fold as of its last good reading."""

    def checkpoint_before(self, tx: Tx, channel: int, at: int | None) -> tuple[int, dict[str, Any]] | None:
        """The latest state strictly before an instant (None: the latest of all)."""

    def drop_checkpoints(self, tx: Tx, channel: int, since: int) -> None:
        """Forgets states that a late reading made wrong."""

    def put_latest(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keeps the newest reading and sign of life of channels."""

    def latest(self, tx: Tx) -> dict[int, dict[str, Any]]:
        """The newest reading and sign of life of each channel."""

    def put_deadlines(self, tx: Tx, kind: str, due: Mapping[str, int | None]) -> None:
        """Sets, moves or (None) removes the instant at which a subject must be looked at again."""

    def due(self, tx: Tx, now: int, limit: int) -> list[tuple[int, str, str]]:
        """Deadlines that have passed, in the order of their instants: (due_at, kind, subject)."""

    def marker(self, tx: Tx, name: str) -> str | None:
        """A small named value."""

    def markers(self, tx: Tx, prefix: str) -> dict[str, str]:
        """The named values whose names begin with a prefix."""

    def put_markers(self, tx: Tx, values: Mapping[str, Any]) -> None:
        """Sets small named values."""

    # messages
    def owe(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds messages that are owed; one whose id is there already stays as it is."""

    def newest_messages(self, tx: Tx, limit: int) -> list[dict[str, Any]]:
        """The newest messages, told or owed."""

    def messages_about(self, tx: Tx, about: str) -> list[dict[str, Any]]:
        """The messages about an alarm or digest, oldest first, withdrawn ones included."""

    def told(self, tx: Tx, about: str) -> dict[str, Told]:
        """The messages owed or delivered about an alarm or digest, by id, oldest first; none that were withdrawn."""

    def withdraw(self, tx: Tx, ids: Sequence[str], at: int) -> None:
        """Messages that are owed and no longer true: they stay on record, and nobody gets them."""


LogTuple = tuple[int, int, int, int, float | None, str | None, int | None, float | None, int]
"""The fields of a :class:`LogRow`, without its name: the hot path makes tens of thousands a second."""


class LogRow(NamedTuple):
    """A reading of the log with all that it came with; ``item`` 0 begins a message."""

    position: int
    channel: int
    measured_at: int
    received_at: int
    celsius: float | None
    fault: str | None
    seq: int | None
    battery_percent: float | None
    item: int


# --- what decoding gives ---


class Arrived(NamedTuple):
    """A reading as decoded: its channel's number, its place in its message, and whether it is a sign of life."""

    channel: int
    reading: Reading
    item: int
    live: bool


@dataclass(slots=True)
class Decoded:
    """What a batch of messages says: readings in order, events, who is online, and what was not taken.

    ``rejected`` rows: received_at, topic, payload, reason, detail, item.
    """

    readings: list[Arrived] = field(default_factory=list)
    lot_events: list[tuple[LotEvent, int]] = field(default_factory=list)
    unit_events: list[tuple[UnitEvent, int]] = field(default_factory=list)
    statuses: list[tuple[int, bool, int]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)


class Wording(Protocol):
    """Puts alarms into words for people: (subject, body)."""

    def message(
        self, kind: MessageKind, alarm: JSON, *, others: Sequence[str] = (), children: Sequence[JSON] = ()
    ) -> tuple[str, str]:
        """What is said of an alarm. ``others``: who else was told of it, by name; ``children``: the alarms that are
        told as part of it."""

    def shelf_ended(self, suppression: JSON, alarm: JSON) -> tuple[str, str]:
        """That an alarm's condition and subject are watched again; ``alarm``: the open one, else the one shelved."""

    def digest(
        self, site: str, day: str, lots: Sequence[JSON], past: Sequence[JSON], open_alarms: Sequence[JSON]
    ) -> tuple[str, str]:
        """The morning's look-ahead for a site."""


class ProfileBook(Protocol):
    """The profiles, in all their versions."""

    def in_force(self, name: str, at: int) -> Profile:
        """The version in force at an instant; raises KeyError for an unknown profile."""

    def names(self) -> set[str]:
        """Every profile's name."""

    def labels(self) -> list[str]:
        """Every version of every profile as ``name@version``, sorted by name and version."""

    def version(self, name: str, version: int) -> Profile:
        """One version of a profile; raises KeyError if there is none."""

    def units(self) -> Mapping[str, Sequence[UnitVersion]]:
        """The dated versions of every unit ever configured, by ``site/unit``, sorted."""

    def rules_of(self, channel: str) -> ChannelRules | None:
        """The rules of a channel ever configured, also one that is no longer watched; None for an unknown one."""
