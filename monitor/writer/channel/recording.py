"""Excursions as facts: a new version for each that a message, or judging again, has changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.answer.excursion import ExcursionBody
from monitor.core.channel.excursion import Excursion, Match
from monitor.core.fact import decided_at, excursion_body, is_alive
from monitor.ports import Fact, Store, Tx
from monitor.writer.channel.desk import ChannelDesk, ExcursionChange


class ExcursionRecord:
    """Records excursions. Used by the one writer, within its transactions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # --- what is on record ---

    def open(self, tx: Tx) -> dict[str, list[Fact]]:
        """The open excursions of each channel that has any."""
        by_channel: dict[str, list[Fact]] = {}
        for fact in self._store.facts.current(tx, "excursion", open_only=True):
            by_channel.setdefault(fact.subject, []).append(fact)
        return by_channel

    def decided(self, tx: Tx, desk: ChannelDesk, after: int | None, until: int | None) -> dict[str, Fact]:
        """The standing excursions that folding a channel from ``after`` to ``until`` (None: to the end) decides,
        oldest first."""
        facts = self._store.facts.current(tx, "excursion", subjects=[desk.path], since=after, until=until)
        decided = [
            fact for fact in facts if is_alive(fact.body) and _is_between(decided_at(fact.body), after, until)
        ]
        return {fact.id: fact for fact in sorted(decided, key=lambda fact: int(fact.id[1:]))}

    # --- what has changed ---

    def touched(
        self, tx: Tx, desk: ChannelDesk, touched: Iterable[Excursion], recorded_at: int, *, is_part: bool
    ) -> list[ExcursionChange]:
        """Records the excursions that a message touched."""
        changes = []
        for excursion in {id(e): e for e in touched}.values():
            known = desk.open_ids.get(excursion.key)
            reasons = [] if known else ["opened"]
            was_confirmed = known is not None and self._was_confirmed(tx, known[0])
            is_confirmed = excursion.confirmed_at is not None and not was_confirmed
            if is_confirmed:
                reasons.append("confirmed")
            if excursion.closed_at is not None:
                reasons.append("closed")
            reasons = reasons or ["limit reached"]
            change = self._record(tx, desk, excursion, known, ", ".join(reasons), recorded_at)
            changes.append(change._replace(is_part=is_part, is_confirmed=is_confirmed))
        return changes

    def _was_confirmed(self, tx: Tx, excursion_id: str) -> bool:
        fact = self._store.facts.one(tx, "excursion", excursion_id)
        return fact is not None and fact.body["confirmed_at"] is not None

    def matched(
        self, tx: Tx, desk: ChannelDesk, matches: Sequence[Match], facts: dict[str, Fact], recorded_at: int
    ) -> list[ExcursionChange]:
        """Records what judging again made of those on record (``facts``)."""
        changes: list[ExcursionChange] = []
        ids: dict[int, str] = {}
        for match in matches:
            if match.excursion is not None:
                known = None if match.known is None else (match.known.id, facts[match.known.id].version)
                old = None if known is None else facts[known[0]].body
                if old is not None and known is not None and old == self._body(desk, match.excursion):
                    ids[id(match.excursion)] = known[0]
                    self._remember(desk, match.excursion, *known)
                    continue
                change = self._record(tx, desk, match.excursion, known, "late data", recorded_at)
                ids[id(match.excursion)] = change.id
                changes.append(change._replace(is_rejudged=True))
            elif match.known is not None:
                into = None if match.merged_into is None else ids[id(match.merged_into)]
                changes.append(self._record_gone(tx, desk, facts[match.known.id], into, recorded_at))
        return changes

    def _body(self, desk: ChannelDesk, excursion: Excursion) -> ExcursionBody:
        profile = desk.rules.profile_named(excursion.profile, excursion.profile_version)
        return excursion_body(excursion, desk.path, profile)

    def _record(
        self,
        tx: Tx,
        desk: ChannelDesk,
        excursion: Excursion,
        known: tuple[str, int] | None,
        reason: str,
        recorded_at: int,
    ) -> ExcursionChange:
        excursion_id = f"x{self._store.facts.next_position()}" if known is None else known[0]
        version = 1 if known is None else known[1] + 1
        body = self._body(desk, excursion)
        fact = Fact(
            kind="excursion",
            id=excursion_id,
            version=version,
            recorded_at=recorded_at,
            subject=desk.path,
            from_at=excursion.started_at,
            to_at=excursion.closed_at,
            body=body,
        )
        self._store.facts.record(tx, fact, reason)
        self._remember(desk, excursion, excursion_id, version)
        return ExcursionChange(desk.path, excursion_id, version, reason, body)

    def _remember(self, desk: ChannelDesk, excursion: Excursion, excursion_id: str, version: int) -> None:
        if excursion.closed_at is None:
            desk.open_ids[excursion.key] = (excursion_id, version)
        else:
            desk.open_ids.pop(excursion.key, None)

    def _record_gone(
        self, tx: Tx, desk: ChannelDesk, fact: Fact, into: str | None, recorded_at: int
    ) -> ExcursionChange:
        body = {**fact.body, "withdrawn": into is None, "superseded_by": into}
        reason = "late data: withdrawn" if into is None else f"late data: part of {into}"
        gone = fact._replace(version=fact.version + 1, recorded_at=recorded_at, to_at=fact.from_at, body=body)
        self._store.facts.record(tx, gone, reason)
        return ExcursionChange(desk.path, fact.id, gone.version, reason, body, is_rejudged=True)


def _is_between(at: int | None, after: int | None, until: int | None) -> bool:
    """Whether what is decided at ``at`` (None: not yet) is decided after one instant and not after the other."""
    if at is None:
        return until is None
    return (after is None or at > after) and (until is None or at <= until)
