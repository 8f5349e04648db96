"""What a replay found, in the words of docs/json.md: the differences, what they come to, and what to doubt.

What was is judged anew by the rules in force, and held against the facts on record: where those say otherwise, the
record is older than its rules, or was made by others, and a warning says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from monitor.asking.replay import LotPair, Replay, Replayed, ReplaySide
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.answer.excursion import ExcursionBody
from monitor.core.answer.shape import AnyAnswer
from monitor.core.channel.excursion import Excursion
from monitor.core.fact import JSON, decided_at, excursion_body, instant_or_none, is_alive
from monitor.core.profile.installation import Installation
from monitor.core.profile.unit import Channel
from monitor.core.replay import (
    AlarmSpan,
    Outcome,
    Pair,
    ReplayCounts,
    alarm_of,
    in_words,
    lot_changes,
    outcome_of,
    overlap,
    reason_changes,
    tally,
    truth_changes,
)
from monitor.core.time.instant import format_instant, parse_instant
from monitor.ports import Fact, Store, Tx

_THERMAL = (AlarmCondition.TEMPERATURE_HIGH.value, AlarmCondition.TEMPERATURE_LOW.value)
_EXAMPLES = 3


class Difference:
    """Puts a replay into words. ``start`` and ``end``: what is shown touches that time."""

    def __init__(self, store: Store, tx: Tx, installation: Installation, start: int, end: int) -> None:
        self._store = store
        self._tx = tx
        self._probes = installation.probes()
        self._start = start
        self._end = end
        self._doubts: list[str] = []  # excursions and alarms on record that the rules don't give
        self._doubtful_lots: list[str] = []

    def to_json(self, replay: Replay, found: Replayed) -> JSON:
        """``{readings, summary, excursions, alarms, lots, warnings}``."""
        excursions: list[JSON] = []
        alarms: list[JSON] = []
        shown: list[Pair] = []
        for channel, pairs in found.channels.items():
            facts = self._facts("excursion", channel)
            self._doubt_excursions(channel, facts, pairs)
            touching = [pair for pair in pairs if pair.touches(self._start)]
            shown += touching
            excursions += [self._excursion(replay, channel, pair, facts) for pair in touching]
            alarms += self._alarms(channel, pairs)
        lots = [self._lot(pair) for pair in found.lots]
        alarms += [alarm for pair in found.lots for alarm in _lot_alarms(pair)]
        for pair in found.lots:
            self._doubt_lot(replay.was, pair)
        outcomes = Counter[Outcome](alarm["outcome"] for alarm in alarms)
        verdicts = [(lot["was"]["verdict"], lot["would_be"]["verdict"]) for lot in lots]
        others = sum(
            lot["outcome"] == "changed" and len(set(v)) == 1 for lot, v in zip(lots, verdicts, strict=True)
        )
        return {
            "readings": found.readings,
            "summary": in_words(ReplayCounts(shown, outcomes, verdicts, others)),
            "excursions": _part(excursions) | {"units": _by_unit(excursions)},
            "alarms": _part(alarms),
            "lots": _part(lots),
            "warnings": list(self._warnings()),
        }

    def _facts(self, kind: str, subject: str) -> list[Fact]:
        return self._store.facts.current(self._tx, kind, subjects=[subject], until=self._end)

    # --- excursions ---

    def _excursion(self, replay: Replay, channel: str, pair: Pair, facts: Sequence[Fact]) -> JSON:
        ids = {(fact.body["direction"], fact.from_at): fact.id for fact in facts if is_alive(fact.body)}
        was, would_be = pair.was, pair.would_be
        return {
            "outcome": pair.outcome,
            "channel": channel,
            "id": None if was is None else ids.get(was.key),
            "changed": list(pair.changed),
            "was": _body(replay.was, channel, was),
            "would_be": _body(replay.would_be, channel, would_be),
        }

    def _doubt_excursions(self, channel: str, facts: Sequence[Fact], pairs: Sequence[Pair]) -> None:
        """Closed ones only: what is on record of an open one is as old as its last version."""
        recorded = {
            _told(fact.body)
            for fact in facts
            if is_alive(fact.body) and (decided := decided_at(fact.body)) is not None and decided <= self._end
        }
        judged = {_key(pair.was) for pair in pairs if pair.was is not None and pair.was.closed_at is not None}
        self._doubts += [
            f"{channel} from {format_instant(one[1])}" for one in sorted(recorded ^ judged, key=_from_at)
        ]

    # --- alarms ---

    def _alarms(self, channel: str, pairs: Sequence[Pair]) -> Iterator[JSON]:
        """The alarms of a channel, but the warnings before its limits. One was raised if it is on record and an
        excursion that stands explains it."""
        probe = self._probes[channel]
        recorded = [
            fact
            for fact in self._facts("alarm", channel)
            if fact.body["condition"] in _THERMAL and fact.body["level"] != "warning"
        ]
        explained: set[str] = set()
        for pair in pairs:
            was, would_be = alarm_of(pair.was), alarm_of(pair.would_be) if probe.alarms else None
            facts = [] if was is None else [fact for fact in recorded if _is_of(fact, was)]
            explained |= {fact.id for fact in facts}
            was = was if facts else None
            outcome = outcome_of(was, would_be, merged=pair.outcome == "merged")
            spans = [span for span in (was, would_be) if span is not None]
            if outcome is not None and any(overlap(span, self._start, self._end) for span in spans):
                yield {
                    "outcome": outcome,
                    "condition": spans[0].condition.value,
                    "subject": channel,
                    "id": facts[-1].id if facts else None,
                    "was": None if was is None else was.to_json(),
                    "would_be": None if would_be is None else would_be.to_json(),
                }
        self._doubts += [
            f"alarm {fact.id} of {channel}"
            for fact in recorded
            if fact.id not in explained and fact.body["evidence"].get("clear_reason") != "corrected"
        ]

    # --- lots ---

    def _lot(self, pair: LotPair) -> JSON:
        history, was, would_be = pair.history, pair.was.body, pair.would_be.body
        changed = lot_changes(was, would_be)
        more, fewer = reason_changes(was, would_be)
        return {
            "outcome": "changed" if changed else "unchanged",
            "lot": history.lot,
            "product": None if history.registered is None else history.registered.product,
            "unit": history.unit,
            "disposition": history.disposition.value,
            "changed": changed,
            "was": was,
            "would_be": would_be,
            "reasons_more": more,
            "reasons_fewer": fewer,
        }

    def _doubt_lot(self, side: ReplaySide, pair: LotPair) -> None:
        """Whether the verdict on record is what its rules give, if need be as of the instant it was recorded for."""
        fact = self._store.facts.one(self._tx, "lot", pair.history.lot)
        if fact is None or fact.body.get("withdrawn") or parse_instant(fact.body["as_of"]) > self._end:
            return
        recorded = _codes(fact.body)
        if recorded == _codes(pair.was.body):
            return
        history = side.findings.history(self._tx, pair.history.lot, parse_instant(fact.body["as_of"]))
        profile = side.findings.profile_of(history)
        if profile is None:
            return
        then = side.outcome(side.findings.judge(self._tx, history, profile))
        if recorded != _codes(then.body):
            self._doubtful_lots.append(pair.history.lot)

    def _warnings(self) -> Iterator[str]:
        because = "what was is taken from the rules on record and the readings"
        for found, what in ((self._doubts, "excursions or alarms"), (self._doubtful_lots, "lots")):
            if found:
                few = ", ".join(found[:_EXAMPLES]) + (" …" if len(found) > _EXAMPLES else "")
                yield f"{len(found)} {what} on record are not what the store's own rules give ({few}); {because}"


def _part(found: Sequence[JSON]) -> JSON:
    """Counts, and what isn't as it was."""
    counts = tally(one["outcome"] for one in found)
    return {**counts, "differences": [one for one in found if one["outcome"] != "unchanged"]}


def _by_unit(excursions: Sequence[JSON]) -> list[JSON]:
    outcomes: dict[str, list[Outcome]] = {}
    for one in excursions:
        outcomes.setdefault(Channel.parse(one["channel"]).unit_path, []).append(one["outcome"])
    return [{"unit": unit, **tally(found)} for unit, found in sorted(outcomes.items())]


def _body(side: ReplaySide, channel: str, excursion: Excursion | None) -> ExcursionBody | None:
    rules = side.book.rules_of(channel)
    if excursion is None or rules is None:
        return None
    profile = rules.profile_named(excursion.profile, excursion.profile_version)
    return excursion_body(excursion, channel, profile)


def _key(excursion: Excursion) -> tuple[str, int, str | None, str | None]:
    ends = instant_or_none(excursion.ended_at), instant_or_none(excursion.confirmed_at)
    return (excursion.direction, excursion.started_at, *ends)


def _told(body: Mapping[str, str]) -> tuple[str, int, str | None, str | None]:
    return (body["direction"], parse_instant(body["started_at"]), body["ended_at"], body["confirmed_at"])


def _from_at(key: tuple[str, int, str | None, str | None]) -> int:
    return key[1]


def _is_of(fact: Fact, alarm: AlarmSpan) -> bool:
    """Whether an alarm on record is that of an excursion."""
    return fact.body["condition"] == alarm.condition.value and overlap(alarm, fact.from_at, fact.to_at)


def _codes(body: AnyAnswer) -> set[str]:
    """The reasons of a lot but the one that comes and goes with its unit."""
    return {reason["code"] for reason in body["reasons"]} - {"excursion_open"}


def _lot_alarms(pair: LotPair) -> Iterator[JSON]:
    for condition, was, would_be, outcome in truth_changes(pair.was.truths, pair.would_be.truths):
        yield {
            "outcome": outcome,
            "condition": condition.value,
            "subject": pair.history.lot,
            "id": None,
            **{
                name: None
                if truth is None
                else {
                    "level": truth.level,
                    "raised_at": format_instant(truth.since_at),
                    "text": truth.evidence["text"],
                }
                for name, truth in (("was", was), ("would_be", would_be))
            },
        }
