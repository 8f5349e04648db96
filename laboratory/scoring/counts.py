"""Expected counts: what was rejected, what was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from laboratory.scoring.finding import ExpectationResult, count_words
from laboratory.scoring.outcome import RunOutcome, Subject, is_within
from laboratory.scoring.table import Counts, ExpectTable


@dataclass(frozen=True, slots=True)
class ExpectedRejections:
    """``counts`` by reason; ``total`` of all reasons. One of them is None."""

    number: int
    note: str | None
    counts: Mapping[str, Counts] | None
    total: Counts | None

    @classmethod
    def read(cls, table: ExpectTable, number: int) -> ExpectedRejections:
        """Reads a table with the key ``rejected``; what is wrong is noted in it."""
        is_table = isinstance(table.keys["rejected"], Mapping)
        counts = table.counts_by_name("rejected") if is_table else None
        total = None if is_table else table.count("rejected")
        return cls(number, table.text("note"), counts, total)

    def check(self, outcome: RunOutcome) -> ExpectationResult:
        """Compares what was rejected. Reasons that aren't named may have any count."""
        there = {reason: outcome.rejected[reason] for reason in sorted(outcome.rejected)}
        every = {"in all": (sum(there.values()), self.total)} if self.total is not None else {}
        named = {reason: (there.get(reason, 0), span) for reason, span in (self.counts or {}).items()}
        asked = {**every, **named}
        complaints = [
            f"{what} {number}, expected {count_words(span)}"
            for what, (number, span) in asked.items()
            if span is not None and not is_within(number, span)
        ]
        counts = ", ".join(f"{reason} {count}" for reason, count in there.items()) or "nothing was rejected"
        why = f"{'; '.join(complaints)} (there are: {counts})" if complaints else counts
        return ExpectationResult(self.number, "rejected", not complaints, why, dict(there), self.note)


@dataclass(frozen=True, slots=True)
class ExpectedReadings:
    """How many good readings of a probe were accepted."""

    number: int
    note: str | None
    probe: str
    count: Counts | None

    @classmethod
    def read(cls, table: ExpectTable, number: int) -> ExpectedReadings:
        """Reads a table with the key ``readings``; what is wrong is noted in it."""
        if not table.has("count"):
            table.refuse("count", None, "the fewest and the most, such as [1400, 1440]")
        probe = table.known("readings", 2, table.names.probes) or ""
        return cls(number, table.text("note"), probe, table.count("count"))

    def check(self, outcome: RunOutcome) -> ExpectationResult:
        """Compares the count; a channel without any has 0."""
        channel = outcome.full(Subject("probe", self.probe))
        count = outcome.readings.get(channel, 0)
        met = self.count is not None and is_within(count, self.count)
        why = f"{count} accepted" if met else f"{count} accepted, expected {count_words(self.count)}"
        return ExpectationResult(self.number, f"readings of {channel}", met, why, {"count": count}, self.note)
