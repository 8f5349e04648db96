"""How much of a time a channel is known: the share between good readings no farther apart than its ``max_gap``."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.core.channel.fold import by_instant, good_values
from monitor.core.profile.rules import ChannelRules
from monitor.ports import Packed, Store, Tx


def coverage(store: Store, tx: Tx, channel: int, rules: ChannelRules, start: int, end: int) -> float | None:
    """Known ÷ (known + unknown) of [start, end); time after the last good reading counts nowhere while it is pending.
    None where nothing is either."""
    known, last_at = 0, None
    first = start - max(settings.max_gap for settings in rules.settings_in(start, end))
    for packed in store.history.course(tx, channel, after=first - 1, upto=end):
        for from_at, to_at in _runs(packed, rules):
            if last_at is not None and from_at - last_at <= rules.max_gap_after(last_at):
                known += from_at - max(last_at, start) if from_at > start else 0
            known += max(to_at - max(from_at, start), 0)
            last_at = to_at
    last_known = start if last_at is None else max(last_at, start)
    is_pending = last_at is not None and end - last_at <= rules.max_gap_after(last_at)
    counted = (last_known if is_pending else end) - start
    return known / counted if counted > 0 else None


def _runs(packed: Packed, rules: ChannelRules) -> Iterator[tuple[int, int]]:
    """Unbroken known time as (from, to), a lone reading as (at, at); what needs no closer look isn't unpacked."""
    stretch = packed.stretch
    if (
        stretch is not None
        and rules.are_good(stretch)
        and stretch.longest <= rules.max_gap_after(stretch.first_at)
    ):
        yield stretch.first_at, stretch.last_at
        return
    plain = packed.plain()
    if plain is not None:
        for at, _ in plain.good_values(rules):
            yield at, at
        return
    for group in by_instant(packed.readings()):
        if good_values(group, rules):
            yield group[0].measured_at, group[0].measured_at
