"""Plain readings, column by column: so that a long history is looked at closely only where something happens.

Readings are plain when their instants rise, none has a fault, and none comes from a clock that runs ahead or was reset:
then the columns of instants and values say all that judging needs. Calm ones never become objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import sub
from typing import NamedTuple

from monitor.core.channel.quality import corrected, why_bad
from monitor.core.channel.reading import Reading
from monitor.core.lot.piece import GoodValues
from monitor.core.profile.rules import ChannelRules, Stretch

CHUNK = 64
"""Readings that are summed up together once a block as a whole isn't calm: about an hour of them."""


class Plain(NamedTuple):
    """Plain readings: instants that rise, and the values as sent. Both columns have the same length, at least one."""

    at: Sequence[int]
    celsius: Sequence[float]

    def chunks(self) -> Iterator[Plain]:
        """The readings in order, at most ``CHUNK`` at a time."""
        for start in range(0, len(self.at), CHUNK):
            yield Plain(self.at[start : start + CHUNK], self.celsius[start : start + CHUNK])

    def stretch(self) -> Stretch:
        """What they come to."""
        at, celsius = self.at, self.celsius
        longest = max(map(sub, at[1:], at), default=0)
        return Stretch(at[0], at[-1], len(at), min(celsius), max(celsius), celsius[-1], longest)

    def good_values(self, rules: ChannelRules) -> list[GoodValues]:
        """The good readings among them, corrected."""
        settings = rules.settings_at(self.at[0])
        if rules.are_good(self.stretch()):
            if not settings.offset:
                return [(at, (celsius,)) for at, celsius in zip(self.at, self.celsius, strict=True)]
            offset = settings.offset
            return [(at, (corrected(c, offset),)) for at, c in zip(self.at, self.celsius, strict=True)]
        found: list[GoodValues] = []
        for at, celsius in zip(self.at, self.celsius, strict=True):
            settings = rules.settings_at(at)
            if why_bad(Reading(at, at, celsius), settings) is None:
                found.append((at, (corrected(celsius, settings.offset),)))
        return found
