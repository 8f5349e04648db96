"""What judging keeps of a channel, and what it says has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from monitor.core.channel.fold import ChannelState
from monitor.core.channel.reading import Reading
from monitor.core.channel.warning import Spell, spells
from monitor.core.lot.ledger import Ledger
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import EARLIEST

STAGE = 1_000
"""Readings after which judging again keeps its state on the way."""


class ExcursionChange(NamedTuple):
    """A new version of an excursion, as recorded. ``is_part``: a message made it known that ends in the past as a part
    of a longer upload does; more of its channel's past may be on its way. ``is_rejudged``: its channel was judged
    again, and what else is on record of it is of the same judgement. ``is_confirmed``: it is confirmed since now.
    ``reason`` is for people."""

    channel: str
    id: str
    version: int
    reason: str
    body: Mapping[str, Any]
    is_part: bool = False
    is_rejudged: bool = False
    is_confirmed: bool = False


class SpellChange(NamedTuple):
    """What a message, or judging again, has begun and ended at a channel's warning level: ``spells`` as they were
    then, and those ``open`` at its end. ``after``: so many changes of excursions came before it. ``is_part`` as in
    :class:`ExcursionChange`."""

    channel: str
    spells: tuple[Spell, ...]
    open: tuple[Spell, ...]
    after: int
    is_part: bool = False
    is_rejudged: bool = False


@dataclass(slots=True)
class ChannelDesk:
    """What judging keeps of one channel: its rules, its state, the ids of its open excursions; and the ledgers of the
    lots there, which it feeds. Readings that came late lie between ``dirty_from`` and ``dirty_to``; those of the same
    batch that come after them wait until it is judged again (``has_skipped``)."""

    id: int
    path: str
    rules: ChannelRules
    state: ChannelState
    ledgers: list[Ledger]
    open_ids: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    dirty_from: int | None = None
    dirty_to: int = EARLIEST
    has_skipped: bool = False
    since_checkpoint: int = 0


class News:
    """What judging has to say to those who act on it; each takes what is theirs, once."""

    def __init__(self) -> None:
        self.stirred: dict[int, Ledger] = {}
        self._late: dict[str, int] = {}
        self._spells: list[SpellChange] = []

    def stir(self, ledgers: Iterable[Ledger]) -> None:
        """Something may have happened in these ledgers."""
        self.stirred |= {id(ledger): ledger for ledger in ledgers}

    def note_late(self, channel: str, since: int) -> None:
        """A channel was judged again from an instant on."""
        self._late[channel] = since

    def note_spells(
        self,
        desk: ChannelDesk,
        changed: Sequence[Spell],
        after: int,
        *,
        is_part: bool,
        is_rejudged: bool = False,
    ) -> None:
        """These began or ended at a channel's warning level, after so many changes of excursions."""
        still = tuple(spells((desk.state.warm, desk.state.cool)))
        self._spells.append(SpellChange(desk.path, tuple(changed), still, after, is_part, is_rejudged))

    def forget_spells(self) -> None:
        """The turn in which they were noted has failed."""
        self._spells.clear()

    def take_spells(self) -> list[SpellChange]:
        """What happened at warning levels since the last call, in order."""
        changes, self._spells = self._spells, []
        return changes

    def take_stirred(self) -> list[Ledger]:
        """The ledgers in which something happened since the last call."""
        ledgers = list(self.stirred.values())
        self.stirred.clear()
        return ledgers

    def take_late(self) -> dict[str, int]:
        """The channels that were judged again since the last call, and from which instant on."""
        late, self._late = self._late, {}
        return late


def stages(readings: Sequence[Reading]) -> Iterator[tuple[int, int]]:
    """Cuts of at most about ``STAGE`` readings, none between two of one instant."""
    start = 0
    while start < len(readings):
        end = min(start + STAGE, len(readings))
        while end < len(readings) and readings[end].measured_at == readings[end - 1].measured_at:
            end += 1
        yield start, end
        start = end
