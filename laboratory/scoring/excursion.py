"""Expected excursions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from laboratory.scoring.alarm import place_of
from laboratory.scoring.finding import (
    Candidate,
    ExpectationResult,
    Look,
    claim,
    judge,
    lasted,
    measured,
    same,
    when,
)
from laboratory.scoring.outcome import JSON, RunOutcome, Subject
from laboratory.scoring.span import Span, after_words, between_words, span_words
from laboratory.scoring.table import Counts, ExpectTable, Numbers
from monitor.core.channel.excursion import ConfirmedBy
from monitor.core.time.instant import SECOND, parse_instant


@dataclass(frozen=True, slots=True)
class ExpectedExcursion:
    """``started`` and ``ended`` count from the scenario's start, in ms; ``ended`` False: still going on at the end.

    ``duration`` and ``unknown`` are lengths in ms, ``extreme`` is °C. ``truth_within``: how far ``started_at`` may lie
    from the instant at which the probe's true temperature crossed the excursion's limit, in ms.
    """

    number: int
    note: str | None
    direction: str
    place: Subject | None
    confirmed: bool | None
    by: str | None
    started: Span | None
    ended: Span | bool | None
    extreme: Numbers | None
    duration: Span | None
    unknown: Span | None
    count: Counts | None
    truth_within: int | None

    @classmethod
    def read(cls, table: ExpectTable, number: int) -> ExpectedExcursion:
        """Reads a table with the key ``excursion``; what is wrong is noted in it."""
        place = place_of(table, "unit", "probe")
        if not {"unit", "probe"} & table.keys.keys():
            table.refuse("", None, "where the excursion is expected: one of the keys unit, probe")
        confirmed, by = table.flag("confirmed"), table.text("by", get_args(ConfirmedBy))
        if confirmed is False and by is not None:
            table.refuse("by", by, "no key by beside confirmed = false")
        return cls(
            number=number,
            note=table.text("note"),
            direction=table.text("excursion", ("high", "low")) or "",
            place=place,
            confirmed=confirmed,
            by=by,
            started=table.spans("started"),
            ended=table.spans_or_false("ended"),
            extreme=table.numbers("extreme"),
            duration=table.spans("duration"),
            unknown=table.spans("unknown"),
            count=table.count("count"),
            truth_within=table.span("truth_within"),
        )

    def check(self, outcome: RunOutcome) -> ExpectationResult:
        """Looks for the excursion among those that stand, of the same side and place."""
        meant = [each for each in outcome.excursions if self._is_meant(each, outcome)]
        meant.sort(key=lambda each: (parse_instant(each["started_at"]), each["channel"], each["id"]))
        candidates = [Candidate(self._looks(each, outcome), _figures(each)) for each in meant]
        met, why, figures = judge(candidates, self.count, "there is none")
        where = "" if self.place is None else f" of {outcome.full(self.place)}"
        return ExpectationResult(
            self.number, f"{self.direction} excursion{where}", met, why, figures, self.note
        )

    def _is_meant(self, excursion: JSON, outcome: RunOutcome) -> bool:
        if excursion["direction"] != self.direction or self.place is None:
            return False
        if excursion.get("superseded_by") is not None or excursion.get("withdrawn") is True:
            return False
        channel: str = excursion["channel"]
        name = outcome.full(self.place)
        return channel == name or (self.place.kind == "unit" and channel.startswith(f"{name}/"))

    def _looks(self, excursion: JSON, outcome: RunOutcome) -> list[Look]:
        start, ended_at = outcome.after(excursion["started_at"]), excursion["ended_at"]
        end = None if ended_at is None else outcome.after(ended_at)
        looks = [Look(True, f"started {after_words(start)}")]
        if self.started is not None:
            looks = [when("started", start, self.started)]
        if self.ended is not None and self.ended is not True:
            looks.append(_ended(end, self.ended))
        is_confirmed = excursion["confirmed_at"] is not None
        if self.confirmed is not None:
            words = "confirmed" if is_confirmed else "not confirmed"
            expected = "to be" if self.confirmed else "not to be"
            looks.append(claim(is_confirmed is self.confirmed, words, expected))
        if self.by is not None:
            looks.append(same("confirmed by", excursion["confirmed_by"], self.by))
        if self.extreme is not None:
            looks.append(measured("extreme", excursion["extreme_celsius"], self.extreme, "°C"))
        if self.duration is not None:
            looks.append(lasted("lasted", (outcome.length if end is None else end) - start, self.duration))
        if self.unknown is not None:
            looks.append(lasted("unknown for", round(excursion["unknown_seconds"] * SECOND), self.unknown))
        if self.truth_within is not None:
            looks.append(self._truly(excursion, outcome, self.truth_within))
        return looks

    def _truly(self, excursion: JSON, outcome: RunOutcome, within: int) -> Look:
        limit = (excursion.get("limits") or {}).get("celsius")
        channel = excursion["channel"]
        if limit is None or not outcome.truth.get(channel):
            missing = "its limit" if limit is None else "the true temperature"
            expected = f"to start within {span_words(within)} of the truth"
            return claim(False, f"{missing} is not known", expected)
        started_at = parse_instant(excursion["started_at"])
        crossed = outcome.crossed_at(channel, limit, self.direction)
        off = min((abs(at - started_at) for at in crossed), default=None)
        if off is None:
            return Look(False, f"the true temperature never crossed {limit:g} °C")
        words = f"{span_words(off, [within])} from the true crossing of {limit:g} °C"
        return claim(off <= within, words, f"{span_words(within)} at most")


def _ended(end: int | None, expected: Span | bool) -> Look:
    if isinstance(expected, tuple):
        if end is None:
            return claim(False, "still going on", f"to end {between_words(expected)}")
        return when("ended", end, expected)
    return claim(end is None, "still going on" if end is None else f"ended {after_words(end)}", "to go on")


def _figures(excursion: JSON) -> JSON:
    keys = (
        "channel",
        "started_at",
        "ended_at",
        "confirmed_at",
        "confirmed_by",
        "extreme_celsius",
        "unknown_seconds",
    )
    return {"excursion": excursion["id"], **{key: excursion[key] for key in keys}}
