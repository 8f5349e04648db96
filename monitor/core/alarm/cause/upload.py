"""What an upload means for alarms: whether what it leaves open is told now, or waits.

Theory of operation. A gateway that was cut off sends what it kept, one array after the other, of which only the last
says what is true now. An excursion that lies across two arrays is open at the end of the first, and over by the end of
the second. So what an array that ends in the past leaves open, and nobody has been told of, waits for the next word of
its channel; if none comes, for ``PATIENCE``. What still holds then is told; what is over by then is an alarm of the
past. The same patience is kept for what units tell of late: that it is over may be on its way.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.core.alarm.alarm import Alarm
from monitor.core.answer.shape import AnyAnswer
from monitor.core.channel.reading import Reading
from monitor.core.fact import is_going_on
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import MINUTE

PATIENCE = 1 * MINUTE
"""How long (by our clock) the next array of an upload may take."""


def ends_in_the_past(last: Reading, rules: ChannelRules) -> bool:
    """Whether a message that ends with this reading ends in the past: it came later than the channel's longest gap."""
    return last.received_at - last.measured_at > rules.max_gap_after(last.measured_at)


def excursion_waits(body: AnyAnswer, alarm: Alarm | None, *, is_part: bool) -> bool:
    """Whether an excursion's new version is told later. ``alarm``: the open one of its side; ``is_part``: the message
    that led to it ends in the past."""
    return is_part and is_untold(body, alarm)


def is_untold(body: AnyAnswer, alarm: Alarm | None) -> bool:
    """Whether an excursion is confirmed and open, and nobody knows more than a warning of it."""
    return is_going_on(body) and (alarm is None or alarm.grounds.excursion is None)


def spells_wait(alarms: Iterable[Alarm | None], *, is_part: bool) -> bool:
    """Whether spells beyond a warning level are told later; ``alarms``: the open one of each spell's side."""
    return is_part and any(alarm is None for alarm in alarms)
