"""The history of each channel: its readings in the order of time, and its newest word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from monitor.core.channel.columns import Plain
from monitor.core.channel.reading import Reading
from monitor.core.profile.rules import Stretch
from monitor.ports.log import Tx


class Placed(NamedTuple):
    """A reading at its place in the log. ``channel`` is the channel's number in the log."""

    position: int
    channel: int
    reading: Reading


class Packed(Protocol):
    """Readings of a channel that lie together in its history."""

    @property
    def stretch(self) -> Stretch | None:
        """What they come to; None if they have to be looked at one by one."""

    def plain(self) -> Plain | None:
        """Their columns; None if they have to be looked at one by one. There are some wherever there is a
        ``stretch``."""

    def readings(self) -> list[Reading]:
        """The readings, sorted by instant, copies included."""


class History(Protocol):
    """The readings of each channel, made from the log: packed once they are settled. Channels go by their numbers."""

    def channel_ids(self, tx: Tx) -> dict[str, int]:
        """Every channel ever configured with its number in the log."""

    def last_measured(self, tx: Tx) -> dict[int, int]:
        """For each channel the latest instant of which the log has a reading."""

    def known(self, tx: Tx, wanted: Mapping[int, tuple[int, int]]) -> dict[int, dict[Any, int]]:
        """For each channel, of the readings between two instants: their identity to their earliest arrival."""

    def readings(
        self,
        tx: Tx,
        channel: int,
        *,
        after: int | None = None,
        upto: int | None = None,
        position_max: int | None = None,
    ) -> list[Placed]:
        """The readings of a channel with ``after`` < measured_at ≤ ``upto``, sorted by instant, copies included."""

    def course(
        self, tx: Tx, channel: int, *, after: int | None = None, upto: int | None = None
    ) -> Iterator[Packed]:
        """The readings of a channel with ``after`` < measured_at ≤ ``upto`` in the order of time, as they lie
        together: what needs no closer look isn't unpacked."""

    def as_it_is(self) -> Callable[[], None]:
        """To be called if the transaction fails in which readings are appended or settled: what is remembered of them
        is taken back then."""

    def settle(self, tx: Tx, judged_position: int) -> bool:
        """Packs the judged tail of the log if it has grown long; says whether it did."""

    def put_latest(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keeps the newest reading and sign of life of channels."""

    def latest(self, tx: Tx) -> dict[int, dict[str, Any]]:
        """The newest reading and sign of life of each channel."""
