"""Expected and allowed alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laboratory.scoring.finding import Candidate, ExpectationResult, Look, claim, judge, said, seconds, when
from laboratory.scoring.outcome import JSON, RunOutcome, Subject, is_within
from laboratory.scoring.span import Span, after_words, between_words
from laboratory.scoring.table import Counts, ExpectTable
from monitor.core.alarm.condition import LEVELS, AlarmCondition

PLACELESS = frozenset(
    (
        AlarmCondition.EVENT_CONFLICT,
        AlarmCondition.BROKER_LOST,
        AlarmCondition.INFLUX_LAGGING,
        AlarmCondition.STORE_FAILING,
        AlarmCondition.NOTIFIER_FAILING,
        AlarmCondition.DRILL,
        AlarmCondition.ALARM_FLOOD,
    )
)
"""Conditions that are about no unit, probe or lot."""


def place_of(table: ExpectTable, *kinds: str) -> Subject | None:
    """The place that a table names by one of the keys ``unit``, ``probe``, ``lot``; None if by none or by several."""
    names = table.names
    subjects: list[Subject] = []
    if "unit" in kinds and (name := table.known("unit", 1, names.units)):
        subjects.append(Subject("unit", name))
    if "probe" in kinds and (name := table.known("probe", 2, names.probes)):
        subjects.append(Subject("probe", name))
    if "lot" in kinds and (name := table.lot("lot")):
        subjects.append(Subject("lot", name))
    if len(subjects) > 1:
        both = " and ".join(place.kind for place in subjects)
        table.refuse("", both, f"one of the keys {', '.join(kinds)}, not several")
    return subjects[0] if len(subjects) == 1 else None


@dataclass(frozen=True, slots=True)
class ExpectedAlarm:
    """``told``, ``closed``, ``act_by`` and ``since`` count from the scenario's start, in ms; ``closed`` False: still
    open at the end. ``again``: when it is told once more (it got worse, its shelf
    ended, nobody answered); False: never. ``past``: on record, and never told. Without ``past`` the alarm must have
    been told."""

    number: int
    note: str | None
    condition: str
    place: Subject | None
    level: str | None
    told: Span | None
    closed: Span | bool | None
    act_by: Span | None
    past: bool
    count: Counts | None
    since: int | None
    again: Span | bool | None

    @classmethod
    def read(cls, table: ExpectTable, number: int) -> ExpectedAlarm:
        """Reads a table with the key ``alarm``; what is wrong is noted in it."""
        condition = table.text("alarm", AlarmCondition) or ""
        place = place_of(table, "unit", "probe", "lot")
        if condition and condition not in PLACELESS and not {"unit", "probe", "lot"} & table.keys.keys():
            table.refuse("", None, f"where {condition} is expected: one of the keys unit, probe, lot")
        past = table.flag("past") is True
        for key in ("told", "since"):
            if past and table.has(key):
                table.refuse(
                    key, table.keys[key], f"no key {key} beside past = true: such an alarm is never told"
                )
        return cls(
            number=number,
            note=table.text("note"),
            condition=condition,
            place=place,
            level=table.text("level", LEVELS),
            told=table.spans("told"),
            closed=table.spans_or_false("closed"),
            act_by=table.spans("act_by"),
            past=past,
            count=table.count("count"),
            since=table.span("since"),
            again=table.spans_or_false("again"),
        )

    def check(self, outcome: RunOutcome) -> ExpectationResult:
        """Looks for the alarm among those of the same condition and place."""
        alarms = outcome.alarms_of(self.condition, self.place)
        candidates = [Candidate(self._looks(each, outcome), self._figures(each, outcome)) for each in alarms]
        met, why, figures = judge(candidates, self.count, "never raised")
        fitting = [alarm for alarm, each in zip(alarms, candidates, strict=True) if each.fits]
        delay = self._delay(fitting[0], outcome) if met and fitting else None
        title = self.condition + ("" if self.place is None else f" of {outcome.full(self.place)}")
        figures = {**figures, "delay_seconds": seconds(delay)} if figures else figures
        return ExpectationResult(self.number, title, met, why, figures, self.note, delay)

    def covers(self, outcome: RunOutcome) -> set[str]:
        """The ids of the told alarms that this expectation accounts for: those told in the interval; if there are
        none, the first told after it, which is late and not false. What is told before its time is false."""
        if self.past or self.count == (0, 0):
            return set()
        told = [
            (after, alarm["id"])
            for alarm in outcome.alarms_of(self.condition, self.place)
            if (after := outcome.told_after(alarm)) is not None
        ]
        if self.told is None:
            return {name for _, name in told}
        inside = {name for after, name in told if is_within(after, self.told)}
        late = min(((after, name) for after, name in told if after > self.told[1]), default=None)
        return inside or (set() if late is None else {late[1]})

    def _looks(self, alarm: JSON, outcome: RunOutcome) -> list[Look]:
        looks = self._told_looks(alarm, outcome)
        if self.level is not None:
            reached = LEVELS.index(alarm["level"]) >= LEVELS.index(self.level)
            looks.append(claim(reached, f"level {alarm['level']}", f"{self.level} or worse"))
        cleared_at = alarm["cleared_at"]
        if self.closed is False:
            words = "still open" if cleared_at is None else f"closed {after_words(outcome.after(cleared_at))}"
            looks.append(claim(cleared_at is None, words, "open"))
        elif isinstance(self.closed, tuple):
            if cleared_at is None:
                looks.append(claim(False, "still open", f"to close {between_words(self.closed)}"))
            else:
                looks.append(when("closed", outcome.after(cleared_at), self.closed))
        if self.again is not None:
            looks.append(_again_look(outcome.told_again(alarm), self.again))
        if self.act_by is not None:
            looks.append(_act_by_look(alarm.get("act_by"), self.act_by, outcome))
        return looks

    def _told_looks(self, alarm: JSON, outcome: RunOutcome) -> list[Look]:
        after = outcome.told_after(alarm)
        if self.past:
            is_past = alarm.get("past") is True
            never = "never told" if after is None else f"told {after_words(after)}, expected never"
            marked = Look(is_past, "recorded as past" if is_past else "recorded, but not as past")
            return [marked, Look(after is None, never)]
        if after is None:
            expected = "" if self.told is None else f", expected {between_words(self.told)}"
            past = " (recorded as past)" if alarm.get("past") is True else ""
            return [Look(False, f"raised, but never told{past}{expected}")]
        if self.told is None:
            return [Look(True, f"told {after_words(after)}")]
        return [when("told", after, self.told)]

    def _delay(self, alarm: JSON, outcome: RunOutcome) -> int | None:
        """From cause to page: since what the scenario says, else since the true temperature crossed the limit."""
        told_at = outcome.first_told.get(alarm["id"])
        caused_at = outcome.caused_at(alarm) if self.since is None else outcome.started_at + self.since
        return None if told_at is None or caused_at is None else told_at - caused_at

    def _figures(self, alarm: JSON, outcome: RunOutcome) -> JSON:
        return {
            "alarm": alarm["id"],
            "subject": alarm["subject"],
            "level": alarm["level"],
            "raised_at": alarm["raised_at"],
            "cleared_at": alarm["cleared_at"],
            "act_by": alarm.get("act_by"),
            "told_after_seconds": seconds(outcome.told_after(alarm)),
        }


def _again_look(again: Sequence[int], expected: Span | bool) -> Look:
    """Whether it was told once more when it should have been; False: whether it never was."""
    said = "told again " + ", ".join(after_words(at) for at in again) if again else "never told again"
    if isinstance(expected, bool):
        return claim(not again, said, "never")
    return claim(any(is_within(at, expected) for at in again), said, between_words(expected))


def _act_by_look(act_by: str | None, expected: Span, outcome: RunOutcome) -> Look:
    if act_by is None:
        return claim(False, "no time to act is told", f"one that ends {between_words(expected)}")
    return when("its time to act ends", outcome.after(act_by), expected)


@dataclass(frozen=True, slots=True)
class AllowedAlarm:
    """Alarms that may be told and need not be: of these conditions, about this place (None: any), at most of this
    level, first told in this interval (ms from the start)."""

    conditions: tuple[str, ...]
    place: Subject | None
    level: str | None
    told: Span | None

    @classmethod
    def read(cls, table: ExpectTable) -> AllowedAlarm:
        """Reads an ``[[allow]]``; what is wrong is noted in it."""
        if not table.has("alarm"):
            table.refuse("alarm", None, "a condition, or a list of conditions")
        table.text("note")
        return cls(
            conditions=table.texts("alarm", AlarmCondition) or (),
            place=place_of(table, "unit", "probe", "lot"),
            level=table.text("level", LEVELS),
            told=table.spans("told"),
        )

    def covers(self, alarm: JSON, outcome: RunOutcome) -> bool:
        """Whether an alarm that was told is allowed."""
        after = outcome.told_after(alarm)
        return (
            alarm["condition"] in self.conditions
            and outcome.is_about(alarm, self.place)
            and (self.level is None or LEVELS.index(alarm["level"]) <= LEVELS.index(self.level))
            and (self.told is None or (after is not None and is_within(after, self.told)))
        )


def told_words(alarm: JSON, outcome: RunOutcome) -> str:
    """An alarm that nothing covers, in a line."""
    after = outcome.told_after(alarm)
    told = "never told" if after is None else f"told {after_words(after)}"
    return f"{alarm['condition']} of {said(alarm['subject'])} ({alarm['level']}), {told}"
