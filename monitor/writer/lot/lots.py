"""Lots as facts: judged again when an event of theirs comes, when their channels say something, or a date passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from monitor.core.alarm.cause.lot import lot_truths
from monitor.core.alarm.condition import Truth
from monitor.core.answer.lot import LotBody
from monitor.core.fact import lot_body, open_excursion
from monitor.core.lot.custody import LotHistory, LotStanding, why_without_effect
from monitor.core.lot.event import LotEvent
from monitor.core.lot.verdict import OpenExcursion
from monitor.core.profile.installation import Installation
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import LATEST
from monitor.ports import Fact, ProfileBook, Store, Tx
from monitor.writer.lot.findings import Findings, Judged, LotEvents
from monitor.writer.lot.ledgers import Ledgers
from monitor.writer.lot.outlook import Outlook
from monitor.writer.lot.queue import LotQueue

_TELLING = (
    *("verdict", "unit", "disposition", "expires_at", "effective_expires_at", "expiry_reason", "profile"),
    *("profile_version", "product", "thaw_count", "thaw_count_determinate", "custody", "parent", "children"),
)
"""What makes a new version of a lot when it changes, beside its reasons and budgets; the rest follows from these, or
from the clock."""


class LotChange(NamedTuple):
    """A lot judged anew: its history and the alarms that hold for it now."""

    history: LotHistory
    body: LotBody | None
    truths: tuple[Truth, ...]


class Lots:
    """Judges lots from the store, and knows which is where. Used by the one writer."""

    def __init__(
        self,
        store: Store,
        installation: Installation,
        profiles: ProfileBook,
        channel_ids: Mapping[str, int],
        queue: LotQueue,
    ) -> None:
        self._store = store
        self._installation = installation
        self._profiles = profiles
        self._findings = Findings(store, installation, profiles, Ledgers(store, profiles, channel_ids))
        self._queue = queue
        self._unit_of: dict[str, str] = {}
        self._in_unit: dict[str, set[str]] = {}

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

    # --- judging ---

    def refuse_without_effect(self, tx: Tx, event: LotEvent) -> None:
        """Raises ValueError, in words, for an event that a person states and that would change nothing."""
        findings, rows = self._findings, self._store.log.events(tx, "lot", subject=event.lot)
        history = findings.history(tx, event.lot, max(event.occurred_at, 0))
        profile = findings.profile_of(history)
        standing = LotStanding(
            history,
            kinds={row["event_id"]: row["kind"] for row in rows},
            children=[lot for lot in event.into if findings.history(tx, lot, LATEST).registered is not None],
            profile=None if profile is None else profile.label,
            profiles=self._profiles.labels(),
            last_binding=findings.history(tx, event.lot, LATEST).bound,
            zone=self._installation.zone_of(event.site),
        )
        if (why := why_without_effect(event, standing)) is not None:
            raise ValueError(why)

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
        self._queue.wait(judged)
        self.put(lot, judged.history.unit)

    def _forget(self, tx: Tx, history: LotHistory, recorded_at: int) -> None:
        """Takes back what was said of a lot whose registration no longer counts."""
        self.put(history.lot, None)
        self._queue.forget(history.lot)
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
