"""A scenario's expectations: ``[[expect]]`` and ``[[allow]]`` tables read, and checked against what came of a run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from laboratory.scoring.alarm import AllowedAlarm, ExpectedAlarm, told_words
from laboratory.scoring.counts import ExpectedReadings, ExpectedRejections
from laboratory.scoring.excursion import ExpectedExcursion
from laboratory.scoring.finding import ExpectationResult, count_words
from laboratory.scoring.lot import ExpectedLot
from laboratory.scoring.outcome import JSON, RunOutcome, is_within
from laboratory.scoring.report import ScoreReport, Uncovered
from laboratory.scoring.table import (
    Counts,
    ExpectationError,
    ExpectTable,
    Mistake,
    Vocabulary,
    shown,
)
from monitor.config.file.problem import nearest


class Expected(Protocol):
    """One expectation that can be checked on its own."""

    @property
    def number(self) -> int:
        """Which ``[[expect]]`` it is, from 1."""

    def check(self, outcome: RunOutcome) -> ExpectationResult:
        """Met or missed, and why."""


@dataclass(frozen=True, slots=True)
class ExpectedQuiet:
    """Nothing pages that isn't expected or allowed (``quiet = true``, which always holds), or warns (``warnings``)."""

    number: int
    note: str | None
    warnings: Counts | None

    @classmethod
    def read(cls, table: ExpectTable, number: int) -> ExpectedQuiet:
        """Reads a table with the key ``quiet`` or ``warnings``; what is wrong is noted in it."""
        if "quiet" in table.keys and table.flag("quiet") is False:
            table.refuse(
                "quiet", False, "true: a page that nothing covers always fails; name it in an [[allow]]"
            )
        most = table.count("warnings") if "warnings" in table.keys else None
        if most is not None and most[0] == most[1]:
            most = (0, most[1])
        return cls(number, table.text("note"), most)

    def check(self, pages: Sequence[Uncovered], warnings: Sequence[Uncovered]) -> ExpectationResult:
        """Counts what nothing covers: false pages, or warnings."""
        if self.warnings is None:
            why = f"{len(pages) or 'no'} false page{'' if len(pages) == 1 else 's'}"
            return ExpectationResult(
                self.number, "quiet", not pages, why, {"false_pages": len(pages)}, self.note
            )
        met = is_within(len(warnings), self.warnings)
        why = f"{len(warnings) or 'no'} warning{'' if len(warnings) == 1 else 's'} that nothing covers"
        why = why if met else f"{why}, expected {count_words(self.warnings)}"
        title = (
            "no other warnings" if self.warnings == (0, 0) else f"at most {self.warnings[1]} other warnings"
        )
        return ExpectationResult(self.number, title, met, why, {"warnings": len(warnings)}, self.note)


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a scenario expects and allows."""

    expected: tuple[Expected, ...]
    quiet: tuple[ExpectedQuiet, ...]
    allowed: tuple[AllowedAlarm, ...]


_KINDS: Mapping[str, Callable[[ExpectTable, int], Expected | ExpectedQuiet]] = {
    "alarm": ExpectedAlarm.read,
    "excursion": ExpectedExcursion.read,
    "rejected": ExpectedRejections.read,
    "readings": ExpectedReadings.read,
    "quiet": ExpectedQuiet.read,
    "warnings": ExpectedQuiet.read,
}
_LOT = "lot"  # also says where an alarm is expected, so it is the kind only where there is no other


def read_expectations(
    expect: object,
    allow: object = (),
    *,
    units: Collection[str] | None = None,
    probes: Collection[str] | None = None,
    lots: Collection[str] | None = None,
) -> Expectations:
    """Reads the tables of a scenario file, as tomllib gives them.

    ``units`` (``F01``), ``probes`` (``F01/product``) and ``lots`` are those of the scenario, to find misspelt names
    with (None: any name will do).
    Raises ExpectationError, which lists every mistake.
    """
    mistakes: list[Mistake] = []
    names = Vocabulary(units, probes, lots)
    every = [_read(table, number) for number, table in _tables("expect", expect, names, mistakes)]
    allowed = []
    for _, table in _tables("allow", allow, names, mistakes):
        allowed.append(AllowedAlarm.read(table))
        table.finish()
    if mistakes:
        raise ExpectationError(mistakes)
    quiet = tuple(each for each in every if isinstance(each, ExpectedQuiet))
    expected = tuple(each for each in every if each is not None and not isinstance(each, ExpectedQuiet))
    return Expectations(expected, quiet, tuple(allowed))


def _tables(
    name: str, value: object, names: Vocabulary, mistakes: list[Mistake]
) -> list[tuple[int, ExpectTable]]:
    """The tables of a list, numbered from 1 as a person counts them."""
    if not isinstance(value, list | tuple):
        mistakes.append(Mistake(name, "", shown(value), f"tables, each below a line [[{name}]]"))
        return []
    tables = []
    for number, keys in enumerate(value, start=1):
        where = f"[[{name}]] no. {number}"
        if isinstance(keys, Mapping):
            tables.append((number, ExpectTable(where, keys, names, mistakes)))
        else:
            mistakes.append(Mistake(where, "", shown(keys), "a table"))
    return tables


def _read(table: ExpectTable, number: int) -> Expected | ExpectedQuiet | None:
    kinds = [kind for kind in _KINDS if kind in table.keys] or [
        kind for kind in (_LOT,) if kind in table.keys
    ]
    every = [*_KINDS, _LOT]
    if len(kinds) != 1:
        near = (
            next((word for key in table.keys if (word := nearest(key, every))), None) if not kinds else None
        )
        instead = " and ".join(kinds) if kinds else ", ".join(table.keys) or None
        expected = f"one key that says what is expected: one of {', '.join(every)}"
        table.mistakes.append(Mistake(table.where, "", instead or "nothing", expected, near))
        return None
    read = _KINDS.get(kinds[0], ExpectedLot.read)
    expectation = read(table, number)
    table.finish(every)
    return expectation


def check(expectations: Expectations, outcome: RunOutcome) -> ScoreReport:
    """Compares what came of a run with what was expected of it. The order of the outcome's lists is of no matter."""
    covered: set[str] = set()
    findings = []
    for each in expectations.expected:
        findings.append(each.check(outcome))
        if isinstance(each, ExpectedAlarm):  # what shall be told is expected as an alarm, whatever else is
            covered |= each.covers(outcome)
    uncovered = _uncovered(expectations, outcome, covered)
    pages = [each for each in uncovered if each.is_page]
    warnings = [each for each in uncovered if not each.is_page]
    findings += [each.check(pages, warnings) for each in expectations.quiet]
    findings.sort(key=lambda finding: finding.number)
    return ScoreReport(tuple(findings), tuple(pages), tuple(warnings))


def _uncovered(expectations: Expectations, outcome: RunOutcome, covered: set[str]) -> list[Uncovered]:
    """The alarms that were told though nothing expects or allows them, as they were told."""
    by_id: dict[str, JSON] = {alarm["id"]: alarm for alarm in outcome.alarms}
    uncovered = []
    for name, at in outcome.first_told.items():
        alarm = by_id.get(name)
        if name in covered or (alarm and any(each.covers(alarm, outcome) for each in expectations.allowed)):
            continue
        if alarm and alarm["condition"] == "alarm_flood":
            continue  # the alarms that it lists count, each by itself
        uncovered.append(_as_uncovered(name, at, alarm, outcome))
    return sorted(uncovered, key=lambda each: (each.told_after, each.alarm))


def _as_uncovered(name: str, at: int, alarm: JSON | None, outcome: RunOutcome) -> Uncovered:
    after = at - outcome.started_at
    if alarm is None:  # told, and not among the alarms: nothing says that it was no page
        return Uncovered(name, None, None, None, after, True, f"alarm {name}, of which nothing is on record")
    is_page = outcome.is_page(alarm)
    return Uncovered(
        name, alarm["condition"], alarm["subject"], alarm["level"], after, is_page, told_words(alarm, outcome)
    )
