"""Excursions as of an instant.

Those that were closed by a reading at or before it are taken as recorded; a channel with an open one is folded again
from its last checkpoint, so that what is shown is never older than its readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from monitor.core.answer.excursion import ExcursionAnswer, ExcursionBody
from monitor.core.channel.checkpoint import state_from_json
from monitor.core.channel.excursion import KnownExcursion, reconcile
from monitor.core.channel.fold import ChannelState, fold, seen_at
from monitor.core.fact import decided_at, excursion_body, is_alive
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import format_instant, parse_instant
from monitor.ports import Fact, Store, Tx
from monitor.writer.installed import Installed


class _Shown(NamedTuple):
    """An excursion on its way out: its fact's id and version, and its body as of the instant asked for."""

    id: str
    version: int
    body: ExcursionBody


class Excursions:
    """Reads excursions from the store."""

    def __init__(self, store: Store, installed: Installed) -> None:
        self._store = store
        self._installed = installed

    def of_channels(self, channels: Iterable[str], at: int, *, history: bool) -> list[ExcursionAnswer]:
        """The excursions of some channels as of an instant, newest first, with what is joined to them."""
        with self._store.reading() as tx:
            found = [shown for channel in channels for shown in self._of_channel(tx, channel, at, history)]
            lots = self._store.facts.current(tx, "lot") if found else []
            joined = [self._joined(tx, shown, at, lots) for shown in found]
        return sorted(joined, key=lambda body: (body["started_at"], body["channel"]), reverse=True)

    def _of_channel(self, tx: Tx, channel: str, at: int, history: bool) -> list[_Shown]:
        facts = self._store.facts.current(tx, "excursion", subjects=[channel], until=at)
        standing = [fact for fact in facts if is_alive(fact.body)]
        settled = [f for f in standing if (decided := decided_at(f.body)) is not None and decided <= at]
        shown = [_recorded(f) for f in settled]
        if len(settled) < len(standing):
            shown = self._folded(tx, channel, at, standing)
        if history:
            shown += [_recorded(f) for f in facts if not is_alive(f.body)]
        return shown

    def _folded(self, tx: Tx, channel: str, at: int, standing: Sequence[Fact]) -> list[_Shown]:
        rules = self._installed.rules[channel]
        number = self._store.history.channel_ids(tx).get(channel)
        assert number is not None
        checkpoint = self._store.due.checkpoint_before(tx, number, at + 1)
        state = ChannelState(rules) if checkpoint is None else state_from_json(checkpoint[1], rules)
        after = None if checkpoint is None else checkpoint[0]
        carried = state.open_excursions()
        rows = self._store.history.readings(tx, number, after=after, upto=at)
        touched = fold(state, rules, (row.reading for row in rows), at)
        judged = [e for e in carried if not any(e is t for t in touched)] + touched
        before = [f for f in standing if after is not None and (decided_at(f.body) or at + 1) <= after]
        known = {f.id: f for f in sorted(standing, key=lambda f: int(f.id[1:])) if f not in before}
        matches = reconcile([_known(fact) for fact in known.values()], judged)
        found = [_recorded(f) for f in before]
        for match in matches:
            if match.excursion is not None:
                profile = rules.profile_named(match.excursion.profile, match.excursion.profile_version)
                body = excursion_body(seen_at(state, rules, match.excursion, at), channel, profile)
                fact = None if match.known is None else known[match.known.id]
                found.append(
                    _Shown("" if fact is None else fact.id, 0 if fact is None else fact.version, body)
                )
        return found

    def _joined(self, tx: Tx, shown: _Shown, at: int, lots: Sequence[Fact]) -> ExcursionAnswer:
        """An excursion with the unit's events inside it and the lots that were in the unit."""
        body = shown.body
        channel = Channel.parse(body["channel"])
        start = parse_instant(body["started_at"])
        end = at if body["ended_at"] is None else parse_instant(body["ended_at"])
        events = self._store.log.events(tx, "unit", subject=channel.unit_path, start=start, end=end)
        return {
            "id": shown.id,
            "version": shown.version,
            **body,
            "events": [
                {
                    "event_id": event["event_id"],
                    "occurred_at": format_instant(event["occurred_at"]),
                    "kind": event["kind"],
                }
                for event in events
                if not event["conflict"]
            ],
            "lots": self._lots_in(channel, start, end, lots),
        }

    def _lots_in(self, channel: Channel, start: int, end: int, lots: Sequence[Fact]) -> list[str]:
        unit = self._installed.installation.units.get(channel.unit_path)
        if unit is None or unit.product_probe != channel.probe:
            return []
        return sorted(
            lot.id
            for lot in lots
            if any(stay["unit"] == unit.path and _overlaps(stay, start, end) for stay in lot.body["custody"])
        )


def _recorded(fact: Fact) -> _Shown:
    return _Shown(fact.id, fact.version, cast(ExcursionBody, dict(fact.body)))


def _known(fact: Fact) -> KnownExcursion:
    body = fact.body
    ended_at = None if body["ended_at"] is None else parse_instant(body["ended_at"])
    return KnownExcursion(fact.id, body["direction"], parse_instant(body["started_at"]), ended_at)


def _overlaps(stay: Mapping[str, Any], start: int, end: int) -> bool:
    return parse_instant(stay["from"]) <= end and (stay["to"] is None or parse_instant(stay["to"]) >= start)
