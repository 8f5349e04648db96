"""One channel, judged: a fold over its readings in the order of their instants.

What this fold does *not* do: put readings in order, drop copies, or go back for a late one. The caller hands over
instants that only rise; for a late reading it starts again from a state before it (a checkpoint) and gets the same
result as if everything had come in order.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from monitor.core.channel.excursion import Excursion, Side
from monitor.core.channel.quality import corrected, is_too_fast, why_bad
from monitor.core.channel.reading import Quality, Reading
from monitor.core.channel.walk import Walk
from monitor.core.channel.warning import Spell, WarningSide
from monitor.core.profile.profile import HIGH, LOW
from monitor.core.profile.rules import ChannelRules, Stretch
from monitor.core.time.instant import EARLIEST

_INFINITY = float("inf")


class ChannelState:
    """Where the fold stands: the last good reading, both sides of the window, and those of the warning level.

    ``calm_low``, ``calm_high`` and ``calm_until`` say for which values and instants a reading changes nothing but
    the last one: no excursion is open, the value is inside its warning level and window, no other profile version
    takes effect. ``spells`` gains what begins and ends at the warning level, where somebody has set it to a list.
    """

    __slots__ = (
        "calm_high",
        "calm_low",
        "calm_until",
        "cool",
        "high",
        "last_at",
        "last_values",
        "low",
        "spells",
        "warm",
    )

    def __init__(self, rules: ChannelRules) -> None:
        profile = rules.profile_at(EARLIEST)
        self.high = Side(HIGH, profile)
        self.low = Side(LOW, profile)
        self.warm = WarningSide(HIGH)
        self.cool = WarningSide(LOW)
        self.spells: list[Spell] | None = None
        self.last_at: int | None = None
        self.last_values: tuple[float, ...] = ()
        self.calm_low = _INFINITY
        self.calm_high = -_INFINITY
        self.calm_until = EARLIEST

    def copy(self) -> ChannelState:
        """A state that can go on without changing this one."""
        return copy.deepcopy(self)

    def open_excursions(self) -> list[Excursion]:
        """The excursions that are open now, high before low."""
        return [side.excursion for side in (self.high, self.low) if side.excursion is not None]

    def settle(self, rules: ChannelRules) -> None:
        """Works out for which readings nothing can happen."""
        self.calm_low, self.calm_high = _INFINITY, -_INFINITY
        if self.last_at is None or self.high.excursion is not None or self.low.excursion is not None:
            return
        if self.high.profile is not self.low.profile:
            return
        window, warning = self.high.profile.window, self.high.profile.warning
        self.calm_low = -_INFINITY if window.low is None else window.low
        self.calm_high = _INFINITY if window.high is None else window.high
        self.calm_until = rules.next_profile_change(self.last_at)
        if warning is None and self.warm.is_calm and self.cool.is_calm:
            return
        for side in (self.warm, self.cool):
            low, high, until = side.calm(self.high.profile)
            self.calm_low, self.calm_high = max(self.calm_low, low), min(self.calm_high, high)
            self.calm_until = min(self.calm_until, until)


def advance(
    state: ChannelState, rules: ChannelRules, at: int, values: tuple[float, ...], touched: list[Excursion]
) -> None:
    """Takes the good values of the next instant (``at`` later than any before; ``values`` not empty, sorted).

    Excursions that opened, were confirmed or closed are appended to ``touched``, an excursion perhaps more than
    once; they go on changing with the next calls until they are closed.
    """
    last_at = state.last_at
    if at < state.calm_until and len(values) == 1 and state.calm_low <= values[0] <= state.calm_high:
        state.last_at = at
        state.last_values = values
        return
    settings = rules.settings_at(at)
    joined = last_at is not None and at - last_at <= rules.max_gap_after(last_at)
    suspect = why_suspect(rules, at, values, last_at, state.last_values) is not None
    end = (at, values)
    # High before low, always: what changes at one instant is then recorded in one order, whatever the batches.
    for side in (state.high, state.low):
        if last_at is not None and joined:
            Walk(side, rules, (last_at, state.last_values), end, settings.uncertainty, touched).join()
        else:
            if side.excursion is not None and last_at is not None:
                side.excursion.unknown_ms += at - last_at
            Walk(side, rules, end, end, settings.uncertainty, touched).begin()
    # After the window: an excursion that this reading confirmed makes the warning hold at once.
    _warn(state, rules, at, values, joined=joined)
    state.last_at = at
    state.last_values = values
    if suspect:
        # After the walk: the reading that opens an excursion is the first in it, the one that closed it is in none.
        for excursion in state.open_excursions():
            excursion.suspect_readings += 1
    state.settle(rules)


def _warn(
    state: ChannelState, rules: ChannelRules, at: int, values: tuple[float, ...], *, joined: bool
) -> None:
    """Takes the same at the warning level, after the window."""
    profile = rules.profile_at(at)
    if profile.warning is None and state.warm.is_calm and state.cool.is_calm:
        return
    changed: list[Spell] = [] if state.spells is None else state.spells
    end = (at, shown(rules, at, values))
    last_at = state.last_at
    start = (last_at, shown(rules, last_at, state.last_values)) if joined and last_at is not None else None
    for warning, side in ((state.warm, state.high), (state.cool, state.low)):
        confirmed_at = None if side.excursion is None else side.excursion.confirmed_at
        warning.take(profile, start, end, confirmed_at, changed)


def take_stretch(state: ChannelState, rules: ChannelRules, stretch: Stretch) -> bool:
    """Takes a stretch of readings, later than any before, as a whole if nothing happens in it; says whether it did."""
    offset = rules.settings_at(stretch.first_at).offset
    is_calm = (
        state.calm_low <= corrected(stretch.low, offset)
        and corrected(stretch.high, offset) <= state.calm_high
        and stretch.last_at < state.calm_until
        and rules.are_good(stretch)
    )
    if is_calm:
        state.last_at = stretch.last_at
        state.last_values = (corrected(stretch.last, offset),)
    return is_calm


def shown(rules: ChannelRules, at: int, values: tuple[float, ...]) -> float:
    """Of the good values of one instant the one that counts: the farthest outside the window, else the warmest."""
    if len(values) == 1:
        return values[0]
    # Of equally bad ones the warmer: warmth is what spoils the product.
    window = rules.profile_at(at).window
    return max(values, key=lambda value: (window.distance(value), value))


def why_suspect(
    rules: ChannelRules,
    at: int,
    values: tuple[float, ...],
    last_at: int | None,
    last_values: tuple[float, ...],
) -> str | None:
    """Why the good values of an instant, after those of ``last_at``, are suspect; None if they aren't."""
    if len(values) > 1:
        return "two_values"
    max_rate = rules.settings_at(at).max_rate
    if max_rate is None or last_at is None:
        return None
    too_fast = is_too_fast(
        from_at=last_at,
        from_celsius=shown(rules, last_at, last_values),
        to_at=at,
        to_celsius=values[0],
        max_rate=max_rate,
    )
    return "too_fast" if too_fast else None


class Instant(NamedTuple):
    """All readings of one instant, seen together.

    ``values``: the good ones, corrected, sorted, each once; empty if all are bad. ``celsius`` is the one to show
    (the one farther outside the window, on a tie the warmer), None if all are bad.
    """

    at: int
    values: tuple[float, ...]
    celsius: float | None
    quality: Quality
    reason: str | None
    received_at: int
    battery_percent: float | None


def good_values(readings: Iterable[Reading], rules: ChannelRules) -> tuple[float, ...]:
    """The good values among the readings of one instant: corrected, each once, sorted."""
    values = set()
    for reading in readings:
        settings = rules.settings_at(reading.measured_at)
        if why_bad(reading, settings) is None and reading.celsius is not None:
            values.add(corrected(reading.celsius, settings.offset))
    return tuple(sorted(values))


def by_instant(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    """Groups sorted readings by instant, copies merged (of copies, the earliest arrival counts)."""
    group: dict[tuple[int, float | None, str | None], Reading] = {}
    at: int | None = None
    for reading in readings:
        if reading.measured_at != at and group:
            yield list(group.values())
            group = {}
        at = reading.measured_at
        seen = group.get(reading.identity)
        if seen is None or reading.received_at < seen.received_at:
            group[reading.identity] = reading
    if group:
        yield list(group.values())


def instants(readings: Iterable[Reading], rules: ChannelRules) -> Iterator[Instant]:
    """What readings sorted by instant say, an instant at a time, with the quality of each."""
    last_at: int | None = None
    last_values: tuple[float, ...] = ()
    for group in by_instant(readings):
        at = group[0].measured_at
        values = good_values(group, rules)
        received_at = min(reading.received_at for reading in group)
        battery = next((r.battery_percent for r in group if r.battery_percent is not None), None)
        if not values:
            reason = why_bad(group[0], rules.settings_at(at))
            yield Instant(at, (), None, Quality.BAD, reason, received_at, battery)
            continue
        reason = why_suspect(rules, at, values, last_at, last_values)
        quality = Quality.GOOD if reason is None else Quality.SUSPECT
        yield Instant(at, values, shown(rules, at, values), quality, reason, received_at, battery)
        last_at, last_values = at, values


def fold(
    state: ChannelState, rules: ChannelRules, readings: Iterable[Reading], as_of: int | None = None
) -> list[Excursion]:
    """Takes readings sorted by instant, later than any the state has seen and not after ``as_of``.

    Returns the excursions that opened, were confirmed or closed, each once, in that order; those still open are the
    state's own and will change with it.
    """
    touched: list[Excursion] = []
    for group in by_instant(readings):
        at = group[0].measured_at
        if as_of is not None and at > as_of:
            break
        values = good_values(group, rules)
        if values:
            advance(state, rules, at, values, touched)
    return list({id(excursion): excursion for excursion in touched}.values())


def tail_unknown_ms(state: ChannelState, rules: ChannelRules, as_of: int) -> int:
    """Time from the last good reading to ``as_of`` that is unknown: none while it is pending, then all of it."""
    if state.last_at is None or as_of <= state.last_at:
        return 0
    tail = as_of - state.last_at
    return tail if tail > rules.max_gap_after(state.last_at) else 0


def seen_at(state: ChannelState, rules: ChannelRules, excursion: Excursion, as_of: int) -> Excursion:
    """An excursion of this state as it stands at ``as_of``: an open one has the unknown time up to then."""
    found = copy.deepcopy(excursion)
    for side in (state.high, state.low):
        if side.excursion is excursion:
            found.unknown_ms += tail_unknown_ms(state, rules, as_of)
            found.uncertain_ms += side.near_ms
    return found


def judge(rules: ChannelRules, readings: Iterable[Reading], as_of: int) -> list[Excursion]:
    """The excursions of a whole history as of an instant, from readings in any order, copies and all.

    The one definition that live judging, replay and verification must agree with; in the order of their start.
    """
    state = ChannelState(rules)
    ordered = sorted(readings, key=lambda reading: reading.measured_at)
    found = fold(state, rules, ordered, as_of)
    return sorted((seen_at(state, rules, e, as_of) for e in found), key=lambda e: (e.started_at, e.direction))
