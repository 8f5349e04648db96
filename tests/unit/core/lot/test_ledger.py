"""Ledgers: what the properties don't reach."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from monitor.core.lot.ledger import Ledger
from monitor.core.lot.piece import Calm, Unknown, Untold
from monitor.core.lot.place import rule_in
from monitor.core.profile.rules import ChannelRules, Stretch
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import EARLIEST, MINUTE, days_in
from monitor.testing import ult_profile

DAY_OF = days_in(ZoneInfo("UTC"))


def ledger_of(*settings: tuple[int, ProbeSettings]) -> Ledger:
    profile = ult_profile()
    return Ledger(rule_in(profile, None), ChannelRules(((EARLIEST, profile),), settings, DAY_OF), EARLIEST)


def kinds(ledger: Ledger, end: int) -> list[type]:
    pieces = ledger.pieces(0, end, as_of=end, closed=True, zoom=lambda first, last: ())
    return [type(piece) for piece in pieces if piece.from_at < piece.to_at]


def test_a_longer_gap_that_is_loaded_during_a_silence_makes_no_unknown_time_known() -> None:
    ledger = ledger_of(
        (EARLIEST, ProbeSettings(max_gap=15 * MINUTE)), (20 * MINUTE, ProbeSettings(max_gap=60 * MINUTE))
    )
    ledger.take(0, (-80.0,))
    assert kinds(ledger, 15 * MINUTE) == [Untold]
    assert kinds(ledger, 18 * MINUTE) == [Unknown]
    assert kinds(ledger, 21 * MINUTE) == [Unknown]
    ledger.take(30 * MINUTE, (-80.0,))
    assert kinds(ledger, 30 * MINUTE) == [Unknown]
    ledger.take(80 * MINUTE, (-80.0,))
    assert kinds(ledger, 80 * MINUTE) == [Unknown, Calm]


def test_a_stretch_is_taken_as_a_whole_only_if_nothing_can_have_happened_in_it() -> None:
    calm = Stretch(MINUTE, 10 * MINUTE, 10, -81.0, -79.0, -80.0, MINUTE)
    ledger = ledger_of((EARLIEST, ProbeSettings()))
    ledger.take(0, (-80.0,))
    assert ledger.take_stretch(calm)
    assert ledger.last_at == 10 * MINUTE
    for trouble in (
        calm._replace(high=-60.0),  # at the limit
        calm._replace(longest=16 * MINUTE),  # a gap in it
        calm._replace(low=-300.0),  # implausible
        calm._replace(first_at=40 * MINUTE, last_at=50 * MINUTE),  # a gap before it
        calm._replace(first_at=0),  # not later than what came
    ):
        again = ledger_of((EARLIEST, ProbeSettings()))
        again.take(0, (-80.0,))
        assert not again.take_stretch(trouble)
        assert again.last_at == 0


def test_a_stretch_after_a_silence_is_joined_by_what_held_as_the_silence_began() -> None:
    ledger = ledger_of(
        (EARLIEST, ProbeSettings(max_gap=15 * MINUTE)), (20 * MINUTE, ProbeSettings(max_gap=60 * MINUTE))
    )
    ledger.take(0, (-80.0,))
    assert not ledger.take_stretch(Stretch(30 * MINUTE, 40 * MINUTE, 11, -81.0, -79.0, -80.0, MINUTE))
