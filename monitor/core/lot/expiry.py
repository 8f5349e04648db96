"""When a lot expires, and why: the earliest of what its label, its state and its budgets say."""

from __future__ import annotations

from typing import Literal, NamedTuple

from monitor.core.lot.integrity import Integrity

ExpiryReason = Literal["label", "thawed", "alternative", "budget"]


class Expiry(NamedTuple):
    """From ``at`` on a lot is expired; None if nothing ends its life."""

    at: int | None
    reason: ExpiryReason | None


def effective_expiry(label_at: int | None, found: Integrity) -> Expiry:
    """The effective expiry. Of equal instants the reason is label, thawed, alternative, budget, in this order."""
    thaws, in_use = found.thaw.thaws, found.profile.in_use
    exhausted = found.budgets.exhausted()
    candidates: list[tuple[int | None, ExpiryReason]] = [
        (label_at, "label"),
        (thaws[0].at + in_use if thaws and in_use is not None else None, "thawed"),
        (found.shelf_life_ends_at, "alternative"),
        (exhausted[0].exhausted_at if exhausted else None, "budget"),
    ]
    best = Expiry(None, None)
    for at, reason in candidates:
        # Strictly earlier: of equal instants the reason that comes first in the list stays.
        if at is not None and (best.at is None or at < best.at):
            best = Expiry(at, reason)
    return best
