"""What comes next for a lot: when a budget runs out if all stays as it is, and when it must be looked at again."""

from __future__ import annotations

from typing import NamedTuple

from monitor.core.channel.line import nano
from monitor.core.lot.budget import OUT_OF_STORAGE, Budget
from monitor.core.lot.integrity import Integrity
from monitor.core.lot.place import Level, PlaceRule
from monitor.core.lot.verdict import Expiry
from monitor.core.time.instant import EARLIEST

_KEEP_WATCH = 48
"""A window of the mean kinetic temperature is looked at again this often while it may still get worse."""


class Wakes(NamedTuple):
    """When a lot in storage must be judged again because of what its channel's readings say.

    ``after``: more known ms in a band, or more happenings, as a ledger tallies them; ``at``: a reading from that
    instant on.
    """

    after: dict[str, int]
    at: int | None


def level_at(rule: PlaceRule, celsius: float) -> Level | None:
    """The band that holds a value; None in the window."""
    return next((level for level in rule.levels if level.holds(nano(celsius))), None)


def runs_out_at(found: Integrity, budget: Budget) -> int | None:
    """When a budget runs out if the lot stays where it is at its present temperature; None if it isn't being spent."""
    left = budget.left
    if left is None or budget.exhausted_at is not None or found.place is None:
        return None
    if found.out_from is not None:
        if budget.name == OUT_OF_STORAGE:
            return found.judged_at + left
        ambient = found.profile.ambient
        if ambient is None:
            return None
        warm_from = found.out_from + _free(found)
        level = level_at(found.place, ambient)
        return None if level is None or level.name != budget.name else max(found.judged_at, warm_from) + left
    if found.unknown_from is not None:
        rule = found.profile.unknown
        if rule is None or rule.rule != "as_band" or rule.band != budget.name:
            return None
        return max(found.judged_at, found.unknown_from + rule.after) + left
    if found.present is None or found.last_known_at is None:
        return None
    level = level_at(found.place, found.present)
    return None if level is None or level.name != budget.name else found.last_known_at + left


def _free(found: Integrity) -> int:
    out = found.profile.out_of_storage
    return 0 if out is None else out.free


def next_change_at(found: Integrity, expiry: Expiry) -> int | None:
    """The next instant after ``judged_at`` at which time alone, without a reading, changes what is true of a lot."""
    instants: list[int] = []
    if expiry.at is not None:
        instants.append(expiry.at)
        if found.profile.look_ahead is not None:
            instants.append(expiry.at - found.profile.look_ahead)
    if found.out_from is not None or found.unknown_from is not None:
        for budget in found.budgets:
            at = runs_out_at(found, budget)
            if at is not None and budget.limit is not None:
                instants += [at, at - budget.limit + 8 * budget.limit // 10 + 1]
    instants += _while_out(found) if found.out_from is not None else _while_silent(found)
    return min((at for at in instants if at > found.judged_at), default=None)


def _while_out(found: Integrity) -> list[int]:
    rule = found.profile.thaw
    instants = [(found.out_from or 0) + _free(found)]
    if rule is not None:
        instants += [at + rule.after for at in (instants[0], found.thaw.above_since) if at is not None]
    return instants


def _while_silent(found: Integrity) -> list[int]:
    if found.unknown_from is None or found.place is None:
        return []
    instants, unknown, thaw = [], found.profile.unknown, found.place.thaw
    if unknown is not None and unknown.limit is not None and found.unknown_ms <= unknown.limit:
        instants.append(found.judged_at + unknown.limit - found.unknown_ms + 1)
    if thaw is not None and thaw.hidden_by_gap is not None and found.thaw.frozen:
        since = max(found.unknown_from, found.thaw.frozen_since or found.unknown_from)
        instants.append(since + thaw.hidden_by_gap)
    minimum, coverage = found.profile.coverage_minimum, found.coverage
    if minimum and (coverage is None or coverage >= minimum):
        allowed = int(found.known_ms * (1 - minimum) / minimum)
        instants.append(found.judged_at + max(0, allowed - found.unknown_ms) + 1)
    return instants


def wakes(found: Integrity, *, is_warm: bool) -> Wakes:
    """What its channel's readings would have to say to change what is true of a lot. ``is_warm``: the last of them is
    above the thaw limit."""
    after: dict[str, int] = {"unknown": 1}
    rule = found.place
    if rule is None:
        return Wakes(after, None)
    for level in rule.levels:
        budget = found.budgets[level.name]
        if budget.limit is None or budget.exhausted_at is not None:
            continue
        if budget.limit == 0:
            after[f"touch:{level.name}"] = 1
        elif not budget.is_low:
            after[level.name] = max(1, 8 * budget.limit // 10 - budget.spent + 1)
        else:
            after[level.name] = budget.limit - budget.spent
    if rule.thaw is not None:
        after["rung"] = 1
    return Wakes(after, _next_reading_at(found, rule, is_warm=is_warm))


def _next_reading_at(found: Integrity, rule: PlaceRule, *, is_warm: bool) -> int | None:
    """The instant at which a reading must be looked at for this lot's own sake."""
    instants: list[int] = []
    if found.unknown_from is not None:
        instants.append(EARLIEST)  # any: what was taken to be unknown may turn out to be known
    if rule.thaw is not None and found.thaw.frozen:
        if found.thaw.above_since is not None:
            instants.append(found.thaw.above_since + rule.thaw.after)
        elif is_warm:
            instants.append(
                EARLIEST
            )  # it came into the warm; with the next reading its own time there begins
    minimum, coverage = found.profile.coverage_minimum, found.coverage
    if minimum is not None and coverage is not None and coverage < minimum < 1:
        needed = int(found.unknown_ms * minimum / (1 - minimum)) + 1
        instants.append((found.last_known_at or found.judged_at) + max(1, needed - found.known_ms))
    mkt = found.profile.mkt
    if mkt is not None and mkt.limit is not None and rule.delta_h_over_r is not None and found.last_known_at:
        worst = found.mkt_worst
        is_quiet = found.present is None and (worst is None or found.last_known_at > worst.to_at + mkt.window)
        if not is_quiet:
            instants.append(found.last_known_at + max(1, mkt.window // _KEEP_WATCH))
    return min(instants, default=None)
