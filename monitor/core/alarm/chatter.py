"""Silences that come and go: a channel that has fallen silent again and again is not well just because it speaks.

One outage and then data is over at once. But a battery that dies, or a line that flaps, would raise and end an alarm
with each of its readings; so after a second silence within two hours the alarm ends only when the channel has been
heard for half an hour without another one, and after a third within a day only after two hours (ISA-18.2 calls
this an off-delay). Silence is never recovery.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.time.instant import HOUR, MINUTE

STEPS = ((24 * HOUR, 3, 2 * HOUR), (2 * HOUR, 2, 30 * MINUTE))
"""(within, so many silences, heard for so long): the first that fits."""
LEAST = 30 * MINUTE
"""What has come and gone before its alarm was over must be heard for at least so long."""


def steady_for(raised_at: Sequence[int], heard_again_at: int) -> int:
    """How long a channel that is heard again must go on being heard until its alarm is over, in ms; 0: it is over.
    ``raised_at``: when its alarms were raised, the one that is open included."""
    for within, silences, span in STEPS:
        if sum(heard_again_at - within < at <= heard_again_at for at in raised_at) >= silences:
            return span
    return 0
