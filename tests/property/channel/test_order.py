"""Order, copies, batches, restarts and late wake-ups change no fact; with hypothesis, which shrinks what fails."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.channel.checkpoint import state_from_json, state_to_json
from monitor.core.channel.fold import ChannelState, fold, judge, seen_at
from monitor.core.channel.reading import Reading
from monitor.core.profile.profile import Band, SideRule
from monitor.core.profile.rules import constant
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import MINUTE, SECOND, days_in, format_instant
from monitor.testing import ManualClock, Rig, one_unit, ult_profile

T0 = 1_774_738_800_000  # 2026-03-29, shortly before Berlin's clocks go forward
END = T0 + 400 * MINUTE
STEPS = [0, 1, 999, 30 * SECOND, MINUTE, MINUTE + 1, 3 * MINUTE, 3 * MINUTE + 1, 9 * MINUTE]
CELSIUS = [-95.0, -90.0, -80.0, -62.0, -61.5, -60.0, -59.9, -50.0, -40.0, -39.0, None]
SETTINGS = ProbeSettings(max_gap=3 * MINUTE, uncertainty=0.5)
PROFILE = ult_profile(
    high=SideRule(2 * MINUTE, MINUTE, -40.0, 6 * MINUTE),
    low=SideRule(2 * MINUTE, 0, None, None),
    bands=(Band("warm", -60.0, -40.0, None), Band("hot", -40.0, None, None), Band("cold", None, -90.0, None)),
)
RULES = constant(PROFILE, SETTINGS, days_in(ZoneInfo("Europe/Berlin")))


@st.composite
def readings(draw: st.DrawFn) -> list[Reading]:
    """A history of one channel: values around the limits, uneven steps, gaps, faults, early clocks, two values."""
    at, found = T0, []
    for _ in range(draw(st.integers(1, 25))):
        at += draw(
            st.sampled_from(
                [0, 1, 999, 30 * SECOND, MINUTE, MINUTE + 1, 3 * MINUTE, 3 * MINUTE + 1, 9 * MINUTE]
            )
        )
        celsius = draw(
            st.sampled_from([-95.0, -90.0, -80.0, -62.0, -61.5, -60.0, -59.9, -50.0, -40.0, -39.0, None])
        )
        lag = draw(st.sampled_from([0, 0, 0, 200, -6 * MINUTE]))
        found.append(Reading(at, at + lag, celsius, None if celsius is not None else "open_circuit"))
    return found


def facts(found: list) -> list[dict]:
    """Excursions without the readings that decided them."""
    return [{k: v for k, v in asdict(e).items() if k != "decided_by"} for e in found]


@given(history=readings(), data=st.data())
def test_order_and_copies_change_no_excursion(history: list[Reading], data: st.DataObject) -> None:
    copies = data.draw(st.lists(st.sampled_from(history), max_size=10))
    shuffled = data.draw(st.permutations(history + copies))
    assert facts(judge(RULES, shuffled, END)) == facts(judge(RULES, history, END))


@given(history=readings(), cut=st.integers(0, 25))
def test_a_fold_that_stops_is_kept_and_goes_on_gives_the_same(history: list[Reading], cut: int) -> None:
    ordered = sorted(history, key=lambda r: r.measured_at)
    while 0 < cut < len(ordered) and ordered[cut].measured_at == ordered[cut - 1].measured_at:
        cut += 1
    state = ChannelState(RULES)
    done = [e for e in fold(state, RULES, ordered[:cut]) if e.closed_at is not None]
    again = state_from_json(state_to_json(state), RULES)
    carried = again.open_excursions()
    touched = fold(again, RULES, ordered[cut:])
    rest = [e for e in carried if not any(e is t for t in touched)] + touched
    found = [*done, *(seen_at(again, RULES, e, END) for e in rest)]
    assert facts(sorted(found, key=lambda e: (e.started_at, e.direction))) == facts(
        judge(RULES, history, END)
    )


@given(history=readings(), early=st.integers(0, 25))
def test_what_was_closed_as_of_a_reading_stays_so(history: list[Reading], early: int) -> None:
    as_of = sorted(r.measured_at for r in history)[min(early, len(history) - 1)]
    later = {(e.direction, e.started_at): e for e in judge(RULES, history, END)}
    for excursion in judge(RULES, history, as_of):
        if excursion.closed_at is not None:
            assert facts([later[excursion.key]]) == facts([excursion])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=readings(), data=st.data())
def test_batches_restarts_and_late_wake_ups_change_no_fact(
    history: list[Reading], data: st.DataObject
) -> None:
    arriving = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history), max_size=5))))
    with tempfile.TemporaryDirectory() as folder:

        def rig() -> Rig:
            installation = one_unit(SETTINGS)
            return Rig(
                Path(folder) / "s.db", installation=installation, profiles=[PROFILE], clock=ManualClock(END)
            )

        subject = rig()
        while arriving:
            size = data.draw(st.integers(1, 6))
            subject.read(arriving[:size], apart=data.draw(st.booleans()))
            arriving = arriving[size:]
            what = data.draw(st.sampled_from(["on", "on", "kill", "close", "tick"]))
            if what == "tick":
                subject.writer.tick(END, T0)
            elif what != "on":
                getattr(subject, what)()
                subject = rig()
        found = subject.view.excursions(as_of=END)
        subject.close()
    shown = {
        (e["direction"], e["started_at"], e["closed_at"], e["confirmed_at"], e["unknown_seconds"])
        for e in found
    }
    expected = judge(RULES, history, END)
    assert shown == {
        (
            e.direction,
            format_instant(e.started_at),
            None if e.closed_at is None else format_instant(e.closed_at),
            None if e.confirmed_at is None else format_instant(e.confirmed_at),
            e.unknown_ms / 1000,
        )
        for e in expected
    }
    assert len(found) == len(expected)
