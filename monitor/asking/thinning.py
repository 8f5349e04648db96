"""Fewer points for a chart that hide nothing: every bucket keeps its coldest and warmest reading, and every bad one."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.channel.fold import Instant


def thin(found: Sequence[Instant], points: int) -> list[Instant]:
    """At most about ``points`` of the readings, in order; ``points`` 0: all.

    Of each bucket of consecutive readings its first, coldest, warmest and last stay, and of bad ones the first.
    """
    if points <= 0 or len(found) <= points:
        return list(found)
    size = max(1, -(-4 * len(found) // points))
    kept: list[Instant] = []
    for start in range(0, len(found), size):
        kept += _of_bucket(found[start : start + size])
    return kept


def _of_bucket(bucket: Sequence[Instant]) -> list[Instant]:
    good = [i for i in bucket if i.celsius is not None]
    chosen = {bucket[0].at: bucket[0], bucket[-1].at: bucket[-1]}
    if good:
        for extreme in (min(good, key=_celsius), max(good, key=_celsius)):
            chosen[extreme.at] = extreme
    bad = next((i for i in bucket if i.celsius is None), None)
    if bad is not None:
        chosen[bad.at] = bad
    return [chosen[at] for at in sorted(chosen)]


def _celsius(instant: Instant) -> float:
    return instant.celsius if instant.celsius is not None else 0.0
