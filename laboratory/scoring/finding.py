"""What was found of one expectation: met or missed, a sentence why, and the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from laboratory.scoring.outcome import JSON, is_within
from laboratory.scoring.span import Span, after_words, between_words, span_words
from laboratory.scoring.table import Counts, Numbers
from monitor.core.time.instant import SECOND


class Look(NamedTuple):
    """One claim about one thing: whether it holds, and the sentence; one that fails says what was expected."""

    holds: bool
    words: str


class Candidate(NamedTuple):
    """Something that an expectation may mean, with all that is claimed of it."""

    looks: Sequence[Look]
    figures: JSON

    @property
    def fits(self) -> bool:
        """Whether every claim holds."""
        return all(look.holds for look in self.looks)


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """``number``: which ``[[expect]]``, from 1. ``delay``: from cause to page, in ms, where both are known."""

    number: int
    expected: str
    met: bool
    why: str
    figures: JSON = field(default_factory=dict)
    note: str | None = None
    delay: int | None = None

    def to_json(self) -> JSON:
        """The finding for programs; spans in seconds."""
        return {
            "number": self.number,
            "expected": self.expected,
            "met": self.met,
            "why": self.why,
            "figures": self.figures,
            "delay_seconds": seconds(self.delay),
            "note": self.note,
        }


def judge(candidates: Sequence[Candidate], count: Counts | None, nothing: str) -> tuple[bool, str, JSON]:
    """Whether as many candidates fit as must (None: at least one), why in words, and the figures that show it.

    What is told of is the first that fits, or else the first of those that fail the fewest claims. ``nothing``: what
    to say where there is no candidate at all.
    """
    fitting = [each for each in candidates if each.fits]
    met = bool(fitting) if count is None else is_within(len(fitting), count)
    many = "" if count is None and met else f"{len(fitting)} found, expected {count_words(count)}"
    if fitting:
        words = ", ".join(look.words for look in fitting[0].looks)
        return met, "; ".join(filter(None, (words, many))), fitting[0].figures
    if not candidates:
        return met, nothing if count is None else f"{nothing}; expected {count_words(count)}", {}
    best = min(candidates, key=lambda each: sum(not look.holds for look in each.looks))
    failing = [look.words for look in best.looks if not look.holds]
    words = "; ".join(failing) if not met or count is None else many
    return met, words, best.figures


def claim(holds: bool, words: str, expected: str) -> Look:
    """A claim with what was expected, which is said where it doesn't hold."""
    return Look(holds, words if holds else f"{words}, expected {expected}")


def when(what: str, after: int, span: Span) -> Look:
    """A claim about an instant; all in ms from the start."""
    return claim(is_within(after, span), f"{what} {after_words(after, span)}", between_words(span))


def lasted(what: str, length: int, span: Span) -> Look:
    """A claim about a length of time in ms."""
    return claim(is_within(length, span), f"{what} {span_words(length, span)}", between_words(span))


def measured(what: str, value: float | None, span: Numbers, unit: str = "") -> Look:
    """A claim about a figure; one that isn't there fulfils nothing."""
    tail = f" {unit}" if unit else ""
    expected = f"between {span[0]:g} and {span[1]:g}{tail}"
    if value is None:
        return claim(False, f"{what} unknown", expected)
    return claim(is_within(value, span), f"{what} {shortest(value, span)}{tail}", expected)


def same(what: str, value: Any, expected: Any) -> Look:
    """A claim that a value is exactly so."""
    return claim(value == expected, f"{what} {said(value)}", said(expected))


def said(value: Any) -> str:
    """A JSON value in a sentence."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def shortest(value: float, beside: Numbers) -> str:
    """A figure in as few decimals (from two on) as still tell it from what it is compared with."""
    for decimals in range(2, 9):
        text = f"{value:.{decimals}f}"
        if all(float(text) != each or value == each for each in beside):
            break
    return text.rstrip("0").rstrip(".")


def count_words(count: Counts | None) -> str:
    """``exactly 1``, ``between 1 and 50``, ``at least 1``."""
    if count is None:
        return "at least 1"
    low, high = count
    return f"exactly {low}" if low == high else f"between {low} and {high}"


def seconds(length: int | None) -> float | None:
    """Milliseconds as seconds."""
    return None if length is None else length / SECOND
