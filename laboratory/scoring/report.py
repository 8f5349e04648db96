"""What a check came to: for programs, and in plain lines for people."""

from __future__ import annotations

from dataclasses import dataclass

from laboratory.scoring.finding import ExpectationResult, seconds
from laboratory.scoring.outcome import JSON
from laboratory.scoring.span import span_words


@dataclass(frozen=True, slots=True)
class Uncovered:
    """An alarm that was told though nothing expects or allows it; ``told_after`` in ms from the scenario's start.

    One that isn't on record has no condition, subject and level, and counts as a page.
    """

    alarm: str
    condition: str | None
    subject: str | None
    level: str | None
    told_after: int
    is_page: bool
    words: str

    def to_json(self) -> JSON:
        """The alarm for programs; spans in seconds."""
        return {
            "alarm": self.alarm,
            "condition": self.condition,
            "subject": self.subject,
            "level": self.level,
            "told_after_seconds": seconds(self.told_after),
        }


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What was found of every expectation, and what was told beside them.

    ``false_pages`` fail the check. ``warnings`` don't, unless an expectation says how many there may be.
    """

    findings: tuple[ExpectationResult, ...]
    false_pages: tuple[Uncovered, ...]
    warnings: tuple[Uncovered, ...]

    @property
    def ok(self) -> bool:
        """Whether every expectation is met and nobody was paged for nothing."""
        return not self.missed and not self.false_pages

    @property
    def missed(self) -> tuple[ExpectationResult, ...]:
        """The expectations that are not met."""
        return tuple(finding for finding in self.findings if not finding.met)

    def to_json(self) -> JSON:
        """The report for programs; spans in seconds."""
        return {
            "ok": self.ok,
            "met": len(self.findings) - len(self.missed),
            "missed": len(self.missed),
            "expectations": [finding.to_json() for finding in self.findings],
            "false_pages": [page.to_json() for page in self.false_pages],
            "unexpected_warnings": [warning.to_json() for warning in self.warnings],
            "detection_delays": [
                {"number": each.number, "expected": each.expected, "seconds": seconds(each.delay)}
                for each in self.findings
                if each.delay is not None
            ],
        }

    def as_text(self) -> str:
        """The report for people, in plain lines, with no line break at the end."""
        met = len(self.findings) - len(self.missed)
        lines = [f"Expectations: {met} of {len(self.findings)} met"]
        width = len(str(max((finding.number for finding in self.findings), default=0)))
        for each in self.findings:
            delay = "" if each.delay is None else f"; detected in {span_words(each.delay)}"
            sign = "met   " if each.met else "MISSED"
            lines.append(f"  {sign}  {each.number:>{width}}  {each.expected}: {each.why}{delay}")
        lines += _listed("False pages", self.false_pages)
        lines += _listed("Warnings that nothing covers", self.warnings)
        lines.append("The scenario went as expected." if self.ok else "The scenario did NOT go as expected.")
        return "\n".join(lines)


def _listed(title: str, items: tuple[Uncovered, ...]) -> list[str]:
    if not items:
        return [f"{title}: none"]
    return [f"{title}: {len(items)}", *(f"  {each.words}" for each in items)]
