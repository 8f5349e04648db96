"""A lot judged from the store: its events, its places, what their channels say, and what that makes of it.

The one way to a lot's figures, for the writer that records them and for whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from monitor.core.fact import JSON
from monitor.core.lot.custody import LotHistory, lot_history
from monitor.core.lot.event import LotEvent, LotEventKind
from monitor.core.lot.finding import LotFinding, home_of, lot_finding
from monitor.core.lot.integrity import Integrity, LotPlace, integrity, out_of_storage
from monitor.core.lot.ledger import Ledger
from monitor.core.lot.piece import Calm, Piece, Unknown, Zoom
from monitor.core.lot.timeline import Abode, timeline
from monitor.core.lot.verdict import Expiry, OpenExcursion, effective_expiry
from monitor.core.outlook.next_change import Wakes, next_change_at, wakes
from monitor.core.profile.installation import Installation
from monitor.core.profile.profile import Profile
from monitor.core.time.instant import EARLIEST
from monitor.ports import Fact, ProfileBook, Store, Tx
from monitor.writer.lot.ledgers import Ledgers, Wait


def event_to_json(event: LotEvent) -> JSON:
    """A lot event as the log keeps it: parsed, instants in ms."""
    return {name: getattr(event, name) for name in LotEvent.__slots__}


def event_from_json(body: Mapping[str, Any]) -> LotEvent:
    """The lot event again."""
    fields = {name: body[name] for name in LotEvent.__slots__ if name in body}
    fields["kind"] = LotEventKind(fields["kind"])
    fields["into"] = tuple(fields.get("into") or ())
    return LotEvent(**fields)


class LotEvents:
    """The events of all lots, read at once, and the open excursions by channel: for who judges many."""

    def __init__(self, store: Store, tx: Tx) -> None:
        self.excursions: dict[str, list[Fact]] = {}
        for fact in store.facts.current(tx, "excursion", open_only=True):
            self.excursions.setdefault(fact.subject, []).append(fact)
        self._rows: dict[str, list[JSON]] = {}
        self._parents: dict[str, set[str]] = {}
        for row in store.log.events(tx, "lot"):
            self._rows.setdefault(row["lot"], []).append(row)
            for child in row.get("into") or ():
                self._parents.setdefault(child, set()).add(row["lot"])

    def lots(self) -> list[str]:
        """Every id that an event is about or names as an aliquot."""
        return sorted(self._rows.keys() | self._parents.keys())

    def of(self, lot: str) -> list[JSON]:
        """The rows of a lot's events, in order."""
        return self._rows.get(lot, [])

    def relatives(self, lot: str) -> set[str]:
        """As :meth:`monitor.ports.Store.log.relatives` gives them."""
        ahead = {lot, *(child for row in self.of(lot) for child in row.get("into") or ())}
        found: set[str] = set()
        while ahead:
            found |= ahead
            ahead = {parent for one in ahead for parent in self._parents.get(one, ())} - found
        return found - {lot}


class Judged(NamedTuple):
    """A lot's history with what it comes to. ``waits``: what its channels would have to say to change that;
    ``next_at``: the instant at which time alone does."""

    history: LotHistory
    abodes: Sequence[Abode]
    found: Integrity
    expiry: Expiry
    waits: Sequence[Wait]
    next_at: int | None

    @property
    def home(self) -> str | None:
        """The channel whose temperature the lot has now."""
        return home_of(self.history, self.abodes)

    def finding(
        self, open_excursions: Iterable[OpenExcursion], ids: Sequence[str] | None = None
    ) -> LotFinding:
        """What it makes of the lot (:func:`monitor.core.lot.finding.lot_finding`)."""
        return lot_finding(self.history, self.abodes, self.found, self.expiry, open_excursions, ids)


class Findings:
    """Judges lots from the store. ``ledgers`` may be kept for long (by who feeds them) or for one transaction."""

    def __init__(self, store: Store, installation: Installation, book: ProfileBook, ledgers: Ledgers) -> None:
        self._store = store
        self._installation = installation
        self._book = book
        self._units = book.units()
        self.ledgers = ledgers

    def history(self, tx: Tx, lot: str, as_of: int, events: LotEvents | None = None) -> LotHistory:
        """What a lot's events, and those of its relatives, say as of an instant. ``events``: all, if at hand."""
        if events is None:
            rows = self._store.log.events(tx, "lot", subject=lot)
            others = self._store.log.relatives(tx, lot)
            more = [row for one in sorted(others) for row in self._store.log.events(tx, "lot", subject=one)]
        else:
            rows = events.of(lot)
            more = [row for one in sorted(events.relatives(lot)) for row in events.of(one)]
        return history_of(rows, self._installation, lot, as_of, more)

    def profile_of(self, history: LotHistory) -> Profile | None:
        """The profile version that judges a lot: the one bound by QA, or in force when it was registered."""
        registered, bound = history.registered, history.bound
        if registered is None or registered.profile is None:
            return None
        if bound is not None and bound.profile is not None:
            name, _, version = bound.profile.rpartition("@")
            return self._book.version(name, int(version))
        return self._book.in_force(registered.profile, registered.occurred_at)

    def judge(self, tx: Tx, history: LotHistory, profile: Profile) -> Judged:
        """The figures of a registered lot as of ``history.judged_at``."""
        abodes = timeline(history, profile, self._units)
        ledgers = [self._ledger(tx, abode) for abode in abodes]
        at = history.judged_at
        places = [
            self._place(tx, abode, ledger, at, is_last=abode is abodes[-1])
            for abode, ledger in zip(abodes, ledgers, strict=True)
        ]
        found = integrity(profile, places, history.thaw_events, judged_at=at)
        expiry = effective_expiry(history.expires_at, found)
        if history.disposed_at is not None:
            waits = _unfinished(abodes, ledgers)
            return Judged(history, abodes, found, expiry, waits, history.next_event_at)
        waits = _unfinished(abodes[:-1], ledgers[:-1])
        next_at = [
            history.next_event_at,
            next_change_at(found, expiry),
            *_pending_ends(abodes[:-1], ledgers[:-1], at),
        ]
        if ledgers and ledgers[-1] is not None:
            home = ledgers[-1]
            waits.append(Wait(home, wakes(found, is_warm=home.tally.is_warm), True))
            next_at.append(home.last_at)  # a clock that runs ahead: what it said is judged in its time
        return Judged(
            history,
            abodes,
            found,
            expiry,
            waits,
            min((n for n in next_at if n is not None and n > at), default=None),
        )

    def _ledger(self, tx: Tx, abode: Abode) -> Ledger | None:
        if abode.channel is None:
            return None
        return self.ledgers.get(tx, abode.channel, abode.rule, abode.from_at)

    def _place(self, tx: Tx, abode: Abode, ledger: Ledger | None, as_of: int, *, is_last: bool) -> LotPlace:
        start, end, unit, channel, rule = abode
        if unit is None:
            return LotPlace(
                start, end, None, None, rule, out_of_storage(rule.profile, start, end, closed=is_last)
            )
        if ledger is None or channel is None:
            return LotPlace(start, end, unit, channel, rule, [Unknown(start, end)])
        zoom = self.ledgers.zoom(tx, channel)
        pieces = ledger.pieces(start, end, as_of=as_of, closed=is_last, zoom=zoom)
        return LotPlace(
            start,
            end,
            unit,
            channel,
            rule,
            pieces,
            _closer(ledger, zoom),
            ledger.is_uncertainty_known(start, end),
        )


def _closer(ledger: Ledger, zoom: Zoom) -> Any:
    def close_up(calm: Calm) -> list[Piece]:
        return ledger.close_up(calm.from_at, calm.to_at, zoom)

    return close_up


def _unfinished(abodes: Sequence[Abode], ledgers: Sequence[Ledger | None]) -> list[Wait]:
    """Places that a lot has left, of whose end any reading to come will tell."""
    return [
        Wait(ledger, Wakes({}, EARLIEST), False)
        for abode, ledger in zip(abodes, ledgers, strict=True)
        if ledger is not None and (ledger.last_at is None or ledger.last_at < abode.to_at)
    ]


def _pending_ends(abodes: Sequence[Abode], ledgers: Sequence[Ledger | None], at: int) -> list[int]:
    """When the end of such a place, pending until then, turns out to be unknown."""
    return [
        ledger.unknown_at
        for abode, ledger in zip(abodes, ledgers, strict=True)
        if ledger is not None and ledger.last_at is not None and ledger.last_at < abode.to_at
    ]


def history_of(
    rows: Sequence[JSON],
    installation: Installation,
    lot: str,
    as_of: int,
    relatives: Sequence[JSON] = (),
) -> LotHistory:
    """A lot's history from the rows of its events and those of its relatives."""
    events, others = [event_from_json(row) for row in rows], [event_from_json(row) for row in relatives]
    contested = {row["event_id"] for row in (*rows, *relatives) if row["conflict"]}
    named = [
        e for e in (*events, *others) if e.kind is LotEventKind.REGISTERED and e.event_id not in contested
    ] or events
    zone = installation.zone_of(named[0].site if named else "")
    return lot_history(lot, events, as_of=as_of, zone=zone, contested=contested, relatives=others)
