"""Lots as facts: judged again when an event of theirs comes, when their channels say something, or a date passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from monitor.core.alarm.cause.lot import lot_truths
from monitor.core.alarm.condition import Truth
from monitor.core.answer.lot import LotBody
from monitor.core.fact import lot_body, open_excursion
from monitor.core.lot.custody import LotHistory, expiry_of
from monitor.core.lot.event import LotEvent, LotEventKind
from monitor.core.lot.ledger import Ledger
from monitor.core.lot.verdict import OpenExcursion
from monitor.core.profile.installation import Installation
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import LATEST, SECOND, format_instant
from monitor.ports import Fact, ProfileBook, Store, Tx
from monitor.writer.lot.findings import Findings, Judged, LotEvents
from monitor.writer.lot.ledgers import Ledgers, Waking
from monitor.writer.lot.outlook import Outlook

_TELLING = (
    *("verdict", "unit", "disposition", "expires_at", "effective_expires_at", "expiry_reason", "profile"),
    *("profile_version", "product", "thaw_count", "thaw_count_determinate", "custody", "parent", "children"),
)
"""What makes a new version of a lot when it changes, beside its reasons and budgets; the rest follows from these, or
from the clock."""


LATE_EVERY = 30 * SECOND
"""A lot is judged after late readings at most so often; a restart judges all that waited."""
_LATE = "late data"


class LotChange(NamedTuple):
    """A lot judged anew: its history and the alarms that hold for it now."""

    history: LotHistory
    body: LotBody | None
    truths: tuple[Truth, ...]


class Lots:
    """Judges lots from the store; keeps which lot is where and what it waits for. Used by the one writer.

    Lots to be judged wait in a queue of their own, each once, so that a unit with very many of them holds up no
    reading.
    """

    def __init__(
        self, store: Store, installation: Installation, profiles: ProfileBook, channel_ids: Mapping[str, int]
    ) -> None:
        self._store = store
        self._installation = installation
        self._profiles = profiles
        self._findings = Findings(store, installation, profiles, Ledgers(store, profiles, channel_ids))
        self._waking = Waking()
        self._unit_of: dict[str, str] = {}
        self._in_unit: dict[str, set[str]] = {}
        self._until: dict[str, dict[str, int]] = {}  # per channel: lots that were there, and until when
        self._queue: dict[str, str] = {}
        self._told_silent: set[int] = set()
        self._late: set[str] = set()  # lots to be judged after late readings, when they may be
        self._late_until: dict[str, int] = {}  # until when a lot isn't judged again for late readings

    @property
    def ledgers(self) -> Ledgers:
        """The ledgers that who judges channels must feed."""
        return self._findings.ledgers

    def resume(self, tx: Tx) -> None:
        """Finds out which lot is where."""
        for fact in self._store.facts.current(tx, "lot"):
            self.put(fact.id, fact.body["unit"])

    def unit_of(self, lot: str) -> str | None:
        """Where a lot is, as far as is known here."""
        return self._unit_of.get(lot)

    def put(self, lot: str, unit: str | None) -> None:
        """A lot is in a unit, or (None) in none."""
        old = self._unit_of.pop(lot, None)
        if old is not None:
            self._in_unit[old].discard(lot)
        if unit is not None:
            self._unit_of[lot] = unit
            self._in_unit.setdefault(unit, set()).add(lot)

    def in_unit(self, unit: str) -> list[str]:
        """The lots that are in a unit now."""
        return sorted(self._in_unit.get(unit, ()))

    def outlook(self, tx: Tx, rules: Mapping[str, ChannelRules], now: int) -> Outlook:
        """What is coming for units and the lots in them."""
        return Outlook(self._store, tx, rules, self._findings, now)

    # --- what must be judged again ---

    def queue(self, lots: Iterable[str], reason: str) -> None:
        """These lots must be judged again."""
        for lot in lots:
            self._queue.setdefault(lot, reason)

    def queue_all(self, tx: Tx, reason: str) -> LotEvents:
        """All lots must be judged again; returns their events, read at once."""
        events = LotEvents(self._store, tx)
        self.queue(events.lots(), reason)
        return events

    def queue_after_event(self, tx: Tx, lots: Iterable[str]) -> None:
        """Events came: their lots, all aliquots of them, and who else claims one of these as a child."""
        for lot in sorted(lots):
            family = self._store.log.descendants(tx, lot) | self._store.log.relatives(tx, lot)
            self.queue([lot, *sorted(family)], "event")

    def queue_after_readings(self, stirred: Iterable[Ledger]) -> None:
        """Readings came that matter to lots."""
        for ledger in stirred:
            self._told_silent.discard(id(ledger))
            self.queue(self._waking.woken(ledger), "readings")

    def queue_after_late(self, channel: str, at: int, now: int) -> None:
        """Readings of ``at`` or later came late: every lot that was there then, or whose last line there changes. Each
        at most once in :data:`LATE_EVERY`: what comes late, comes in numbers."""
        rules = self._profiles.rules_of(channel)
        gap = 0 if rules is None else max(settings.max_gap for _, settings in rules.settings)
        there = self._until.get(channel, {})
        for lot in sorted(lot for lot, until in there.items() if until >= at - gap):
            if self._late_until.get(lot, now) <= now:
                self._late_until[lot] = now + LATE_EVERY
                self.queue([lot], _LATE)
            else:
                self._late.add(lot)

    def queue_late(self, now: int) -> None:
        """Late readings that have waited long enough are looked at."""
        for lot in sorted(lot for lot in self._late if not now < self._late_until[lot] <= now + LATE_EVERY):
            self._late.discard(lot)
            self._late_until[lot] = now + LATE_EVERY
            self.queue([lot], _LATE)
        over = [lot for lot, until in self._late_until.items() if until <= now and lot not in self._late]
        for lot in over:
            del self._late_until[lot]

    def queue_silent(self, now: int) -> None:
        """The present time of these lots turned from pending to unknown."""
        for ledger in self._waking.inhabited():
            if id(ledger) not in self._told_silent and ledger.unknown_at <= now:
                self._told_silent.add(id(ledger))
                self.queue(sorted(self._waking.residents(ledger)), "silence")

    def due(self, limit: int) -> list[str]:
        """The next lots of the queue; they stay in it until :meth:`done`."""
        return list(islice(self._queue, limit))

    def why_queued(self, lot: str) -> str:
        """Why a lot of the queue is to be judged again."""
        return self._queue[lot]

    def done(self, lots: Iterable[str]) -> None:
        """These were judged, and that is committed."""
        for lot in lots:
            self._queue.pop(lot, None)

    # --- judging ---

    def refuse_without_effect(self, tx: Tx, event: LotEvent) -> None:
        """Raises ValueError, in words, for an event that a person states and that would change nothing."""
        rows = self._store.log.events(tx, "lot", subject=event.lot)
        if any(row["event_id"] == event.event_id for row in rows):
            return  # the same again is a no-op, other content a conflict: both are the log's to say
        history = self._findings.history(tx, event.lot, max(event.occurred_at, 0))
        match event.kind:
            case LotEventKind.REGISTERED:
                if history.registered is not None or any(
                    row["kind"] == LotEventKind.REGISTERED for row in rows
                ):
                    raise ValueError(
                        f"lot {event.lot} is registered already; use another id, or void its registration"
                    )
            case LotEventKind.VOIDED:
                if not any(row["event_id"] == event.voids for row in rows):
                    raise ValueError(f"lot {event.lot} has no event {event.voids!r} to void")
            case LotEventKind.ALIQUOTED:
                self._refuse_taken(tx, event)
            case LotEventKind.EXPIRY_CHANGED:
                self._refuse_later(event, history)
            case LotEventKind.BOUND:
                self._refuse_binding(tx, event, history)

    def _refuse_taken(self, tx: Tx, event: LotEvent) -> None:
        taken = [
            child for child in event.into if self._findings.history(tx, child, LATEST).registered is not None
        ]
        if taken:
            raise ValueError(f"{', '.join(taken)}: a lot already; an aliquot needs an id of its own")

    def _refuse_later(self, event: LotEvent, history: LotHistory) -> None:
        zone = self._installation.zone_of(event.site)
        if history.expires_at is not None and (expiry_of(event, zone) or 0) >= history.expires_at:
            raise ValueError(
                f"lot {event.lot} expires at {format_instant(history.expires_at)}; an expiry date can only be"
                " brought forward, a later one is a signed decision of QA"
            )

    def _refuse_binding(self, tx: Tx, event: LotEvent, history: LotHistory) -> None:
        lot, known, profile = event.lot, self._profiles.labels(), self._findings.profile_of(history)
        if profile is None:
            raise ValueError(f"there is no lot {lot!r}")
        if history.disposed_at is not None:
            raise ValueError(f"lot {lot} was disposed of; it stays judged as it was then")
        if event.profile not in known:
            raise ValueError(
                f"there is no profile version {event.profile!r}; write one of {', '.join(known)}"
                " (a new file is read when the program starts)"
            )
        if event.profile == profile.label:
            raise ValueError(f"lot {lot} is judged by {profile.label} already")
        last = self._findings.history(tx, lot, LATEST).bound
        if last is not None and last.key > event.key:
            raise ValueError(
                f"lot {lot} was bound to {last.profile} at {format_instant(last.occurred_at)}, which is later than"
                " now; see whether this machine's clock is right"
            )

    def judge(
        self,
        tx: Tx,
        lot: str,
        as_of: int,
        recorded_at: int,
        reason: str,
        events: LotEvents | None = None,
    ) -> LotChange:
        """Judges a lot as of an instant; records a version if anything that matters changed."""
        history = self._findings.history(tx, lot, as_of, events)
        profile = self._findings.profile_of(history)
        if profile is None:
            self._forget(tx, history, recorded_at)
            return LotChange(history, None, ())
        judged = self._findings.judge(tx, history, profile)
        finding = judged.finding(self._open_excursions(tx, judged, events))
        body = lot_body(finding)
        self._record(tx, history, body, recorded_at, reason)
        self._remember(tx, judged)
        return LotChange(history, body, tuple(lot_truths(finding)))

    def _remember(self, tx: Tx, judged: Judged) -> None:
        lot = judged.history.lot
        self._store.due.put_deadlines(tx, "lot", {lot: judged.next_at})
        self._waking.wait(lot, judged.waits)
        self.put(lot, judged.history.unit)
        for channel in {abode.channel for abode in judged.abodes if abode.channel is not None}:
            until = max(abode.to_at for abode in judged.abodes if abode.channel == channel)
            is_there = judged.history.unit is not None and judged.abodes[-1].channel == channel
            self._until.setdefault(channel, {})[lot] = LATEST if is_there else until

    def _forget(self, tx: Tx, history: LotHistory, recorded_at: int) -> None:
        """Takes back what was said of a lot whose registration no longer counts."""
        self.put(history.lot, None)
        self._waking.forget(history.lot)
        self._store.due.put_deadlines(tx, "lot", {history.lot: history.next_event_at})
        old = self._store.facts.one(tx, "lot", history.lot)
        if old is not None and not old.body.get("withdrawn"):
            body = {**old.body, "withdrawn": True, "unit": None, "custody": []}
            gone = old._replace(
                version=old.version + 1, recorded_at=recorded_at, to_at=recorded_at, body=body
            )
            self._store.facts.record(tx, gone, "its registration no longer counts")

    def _open_excursions(self, tx: Tx, judged: Judged, events: LotEvents | None) -> Iterator[OpenExcursion]:
        """The confirmed, open excursions where the lot is, as they are on record."""
        channel, facts = judged.home, list[Fact]()
        if events is not None:
            facts = events.excursions.get(channel or "", [])
        elif channel is not None:
            facts = self._store.facts.current(tx, "excursion", subjects=[channel], open_only=True)
        for fact in facts:
            if (excursion := open_excursion(fact.id, fact.body)) is not None:
                yield excursion

    def _record(self, tx: Tx, history: LotHistory, body: LotBody, recorded_at: int, reason: str) -> None:
        old = self._store.facts.one(tx, "lot", history.lot)
        if old is not None and not old.body.get("withdrawn") and _telling(old.body) == _telling(body):
            return
        fact = Fact(
            kind="lot",
            id=history.lot,
            version=1 if old is None else old.version + 1,
            recorded_at=recorded_at,
            subject=history.lot,
            from_at=history.born_at or recorded_at,
            to_at=history.disposed_at,
            body=body,
        )
        self._store.facts.record(tx, fact, reason)


def _telling(body: Mapping[str, Any]) -> list[Any]:
    """What is compared: of reasons what they say but for figures that grow, of budgets tenths of their limits."""
    telling: list[Any] = [body.get(name) for name in _TELLING]
    telling.append([(reason["code"], _lasting(reason["evidence"])) for reason in body["reasons"]])
    for budget in body.get("budgets", ()):
        limit = budget["limit_seconds"]
        tenths = None if not limit else min(10, int(10 * budget["spent_seconds"] / limit))
        telling.append((budget["band"], limit, budget["exhausted_at"], tenths))
    return telling


_GROWING = frozenset(("spent_seconds", "unknown_seconds", "coverage", "celsius", "from", "to"))


def _lasting(evidence: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in evidence.items() if key not in _GROWING}
