"""Shares and spreads: figures of few cases, that say how few they are. Nothing of nothing is None, never 0."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from laboratory.scoring.outcome import JSON
from monitor.core.time.instant import SECOND

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution: two-sided 95 %."""


def share(hits: int, of: int) -> float | None:
    """A share; None of nothing."""
    return hits / of if of else None


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """The 95 % score interval of a share (Wilson 1927, without continuity correction); None of nothing.

    >>> [round(end, 4) for end in wilson(9, 10)]
    [0.5958, 0.9821]
    """
    if not of:
        return None
    p = hits / of
    middle = p + Z * Z / (2 * of)
    half = Z * math.sqrt(p * (1 - p) / of + Z * Z / (4 * of * of))
    whole = 1 + Z * Z / of
    # At either end the formula gives exactly 0 or 1, but for rounding.
    low = 0.0 if hits == 0 else (middle - half) / whole
    high = 1.0 if hits == of else (middle + half) / whole
    return low, high


def recall(hits: int, of: int) -> JSON:
    """``{recall, recall_low, recall_high}``: a share with its 95 % interval, all None of nothing."""
    interval = wilson(hits, of)
    low, high = (None, None) if interval is None else interval
    return {"recall": share(hits, of), "recall_low": low, "recall_high": high}


def median(values: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return statistics.median(values) if values else None


def percentile_95(values: Sequence[float]) -> float | None:
    """The smallest value that at least 95 % of the values don't exceed (nearest rank); None of nothing."""
    return sorted(values)[math.ceil(len(values) * 95 / 100) - 1] if values else None


def delays(lengths: Sequence[int]) -> JSON:
    """``{n, median, p95}`` of lengths in ms, told in seconds."""
    in_seconds = [length / SECOND for length in lengths]
    return {"n": len(lengths), "median": median(in_seconds), "p95": percentile_95(in_seconds)}


def quotient(value: float | None, by: float | None) -> float | None:
    """One figure by another; None where either is missing or the second is 0."""
    return None if value is None or not by else value / by


def rate(count: int, of: float, per: float = 1.0) -> float | None:
    """So many per so much; None of nothing."""
    return count * per / of if of > 0 else None
