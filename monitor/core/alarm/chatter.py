"""Silences that come and go: a channel that has fallen silent twice in a short time is not well just because it speaks.

One outage and then data is over at once. But a battery that dies, or a line that flaps, would raise and end an alarm
with each of its readings; so after the second silence within two hours the alarm ends only when the channel has been
heard for half an hour without another one (ISA-18.2 calls this an off-delay). Silence is never recovery.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.core.instant import HOUR, MINUTE

WITHIN = 2 * HOUR
SILENCES = 2
STEADY_FOR = 30 * MINUTE


def is_chattering(raised_at: Iterable[int], heard_again_at: int) -> bool:
    """Whether a channel that is heard again has fallen silent too often; ``raised_at``: when its alarms were raised,
    the one that is open included."""
    return sum(heard_again_at - WITHIN < at <= heard_again_at for at in raised_at) >= SILENCES
