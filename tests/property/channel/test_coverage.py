"""The known share of a time, from packed history, equals that counted reading by reading."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.channel.reading import Fault, Reading
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import MINUTE, parse_instant
from monitor.store import series
from monitor.testing import Rig, one_unit
from monitor.writer.calendar.coverage import coverage

T0 = parse_instant("2026-03-27T12:00:00Z")
GAP = 15 * MINUTE
steps = st.lists(st.sampled_from((1, 5, 14, 15, 16, 90)), min_size=0, max_size=60)


def counted(instants: list[int], start: int, end: int) -> float | None:
    """Second by second would be the same; this is minute by minute, for all instants are whole minutes."""
    known = {
        minute
        for before, after in itertools.pairwise(instants)
        if after - before <= GAP
        for minute in range(max(before, start), min(after, end), MINUTE)
    }
    seen = [at for at in instants if at <= end]
    pending = bool(seen) and end - seen[-1] <= GAP
    total = (max(seen[-1], start) if pending else end) - start
    return len(known) * MINUTE / total if total > 0 else None


@settings(max_examples=40, deadline=None)
@given(
    steps,
    st.lists(st.integers(0, 59), max_size=5),
    st.integers(-30, 600),
    st.integers(1, 900),
    st.sampled_from((3, 7, 10_000)),
)
def test_coverage_is_that_of_the_readings_however_they_are_packed(
    spans: list[int], bad: list[int], start: int, length: int, block: int
) -> None:
    instants = [T0 + MINUTE * sum(spans[: n + 1]) for n in range(len(spans))]
    readings = [
        Reading(at, at, None, Fault.OPEN_CIRCUIT) if n in bad else Reading(at, at, -75.0 + n % 7 / 10)
        for n, at in enumerate(instants)
    ]
    good = [at for n, at in enumerate(instants) if n not in bad]
    first, last = T0 + start * MINUTE, T0 + (start + length) * MINUTE
    with tempfile.TemporaryDirectory() as folder, patch.object(series, "SETTLE_AT", block):
        installation = one_unit(ProbeSettings(max_gap=GAP))
        rig = Rig(Path(folder) / "store.db", now=T0 + 6000 * MINUTE, installation=installation)
        half = len(readings) // 2
        for part in (readings[half:], readings[:half]):  # late ones in between
            if part:
                rig.read(part)
                rig.clock.advance(2 * MINUTE)
                rig.writer.tick(rig.clock.now(), 0)
        channel = "lab1/F01/product"
        with rig.store.reading() as tx:
            found = coverage(rig.store, tx, rig.ids[channel], rig.rules[channel], first, last)
        rig.close()
    expected = counted(good, first, last)
    assert (found is None) == (expected is None)
    assert found is None or expected is None or abs(found - expected) < 1e-9
