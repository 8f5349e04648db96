"""Lots through the real writer and store: however news arrives, the figures are those of the whole history; and what is
on record of a lot is at every moment what a fresh look finds."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.channel.reading import Reading
from monitor.core.lot.ledger import Ledger
from monitor.core.lot.place import rule_in
from monitor.core.profile.installation import Installation, Probe, Unit
from monitor.core.profile.profile import SideRule
from monitor.core.profile.rules import constant
from monitor.core.profile.unit import Channel, ProbeSettings
from monitor.core.time.instant import EARLIEST, days_in
from monitor.ports import Arrived, Decoded
from monitor.store import series
from monitor.testing import Rig
from monitor.writer.channel import checkpoints
from tests.property.lot import product
from tests.reference.lot import inputs as ref
from tests.reference.lot.golden import LotCase
from tests.reference.lot.histories import lot_history

pytestmark = pytest.mark.slow

SEEDS = range(int(os.environ.get("LOT_ARRIVALS_FROM", "0")), int(os.environ.get("LOT_ARRIVALS_TO", "12")))
_NEVER = 10**13
"""A delay with which no excursion of a unit is ever confirmed: these tests are about lots."""


def plain(case: LotCase) -> LotCase:
    """The case with one version of each unit: the writer's configuration stands still."""
    units = {}
    for name, unit in case.units.items():
        first = unit.versions[0]
        probe = first.probe or ref.Probe(f"{name}/product", 600_000)
        units[name] = ref.Unit(name, (replace(first, probe=probe),))
    return replace(case, units=units, excursion_open=frozenset())


class Site:
    """A writer on the case's units; ``restart`` is a crash or a stop, and a start."""

    def __init__(self, path: Path, case: LotCase, now: int) -> None:
        self._path = path
        self._case = case
        self.rig = self._open(now)

    def _open(self, now: int) -> Rig:
        units = {}
        for name, unit in self._case.units.items():
            probe = unit.versions[0].probe
            assert probe is not None
            channel = Channel.parse(probe.channel)
            units[name] = Unit(
                site=channel.site,
                name=channel.unit,
                title=name,
                profile="main",
                storage_class=unit.versions[0].storage_class,
                product_probe=channel.probe,
                probes=(Probe(channel, product.settings_of(probe)),),
            )
        rule = SideRule(_NEVER, 0, None, None)
        profiles = [
            replace(product.profile_of(version), high=rule, low=rule)
            for versions in self._case.profiles.values()
            for version in versions
        ]
        installation = Installation(units, {"lab1": self._case.zone})
        return Rig(self._path, installation=installation, profiles=profiles, now=now)

    def take(self, news: list[tuple]) -> None:
        """One batch of readings and events."""
        decoded = Decoded()
        for kind, channel, content in news:
            if kind == "reading":
                number = self.rig.ids[channel]
                decoded.readings.append(Arrived(number, content, 0, True))
            else:
                decoded.lot_events.append((content, content.occurred_at))
        self.rig.writer.take(decoded, lambda: None)

    def restart(self, *, crash: bool) -> None:
        now = self.rig.clock.now()
        (self.rig.kill if crash else self.rig.close)()
        self.rig = self._open(now)


def news_of(case: LotCase) -> list[tuple]:
    """Every reading and event of the case, as the product takes them."""
    channels = {unit.versions[0].probe.channel for unit in case.units.values() if unit.versions[0].probe}
    found: list[tuple] = [
        ("reading", channel, Reading(one.measured_at, one.received_at, one.celsius, one.fault))
        for channel, readings in case.readings.items()
        if channel in channels
        for one in readings
    ]
    found += [("event", lot, product.event_of(lot, one)) for lot, one in case.events]
    for lot in case.bindings:
        found += [("event", lot, one) for one in product.binding_of(case, lot)]
    return found


def small_limits(chance: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that settling, merging, checkpoints and summing up happen within short histories."""
    monkeypatch.setattr(series, "SETTLE_AT", chance.choice((5, 20, 1_000)))
    monkeypatch.setattr(series, "BLOCK_MAX", 7)
    monkeypatch.setattr(series, "SMALL_BLOCK", 4)
    monkeypatch.setattr(series, "SMALL_BLOCKS_MAX", 3)
    monkeypatch.setattr(checkpoints, "CHECKPOINT_AFTER", chance.choice((1, 3, 10)))
    monkeypatch.setattr("monitor.writer.channel.desk.STAGE", chance.choice((3, 8, 1_000)))
    monkeypatch.setattr("monitor.core.lot.ledger.CALM_MAX", chance.choice((2, 5, 4_096)))
    # Nobody waits here for the clock; that late readings wait for one another has a test of its own.
    monkeypatch.setattr("monitor.writer.lot.queue.LATE_EVERY", 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_lots_come_to_the_same_however_their_news_arrives(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    case = plain(product.steady(lot_history(seed)))
    small_limits(chance, monkeypatch)
    news = news_of(case)
    news += chance.sample(news, len(news) // 4)
    chance.shuffle(news)
    site = Site(tmp_path / "store.db", case, case.as_of)
    while news:
        size = chance.choice((1, 3, 10, 40))
        site.take(news[:size])
        del news[:size]
        if chance.random() < 0.05:
            site.restart(crash=chance.random() < 0.7)
    site.rig.writer.tick(case.as_of, 0)
    for lot in case.ids():
        mine = site.rig.view.lot(lot, as_of=case.as_of)
        is_bound = mine is not None and mine["profile_bound"] is not None
        theirs = (case if is_bound else replace(case, bindings={})).judged(lot)
        assert product.differences(mine, theirs) == [], f"seed={seed} {lot}"
        assert on_record(site.rig, lot) == telling(mine), f"seed={seed} {lot}: on record"
    site.rig.close()


def telling(body: dict | None) -> dict | None:
    """What must be on record of a lot at every moment."""
    if body is None or body.get("withdrawn"):
        return None
    names = ("verdict", "unit", "disposition", "thaw_count", "thaw_count_determinate", "expiry_reason")
    return {
        **{name: body[name] for name in (*names, "effective_expires_at", "custody", "parent", "children")},
        "reasons": [reason["code"] for reason in body["reasons"]],
        "exhausted": {budget["band"]: budget["exhausted_at"] for budget in body["budgets"]},
    }


def on_record(rig: Rig, lot: str) -> dict | None:
    with rig.store.reading() as tx:
        fact = rig.store.facts.one(tx, "lot", lot)
    return None if fact is None else telling(fact.body)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_on_record_of_a_lot_is_always_what_a_fresh_look_finds(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    case = plain(product.steady(lot_history(seed)))
    # The worst window is looked at again now and then only: how late that may be is said in core.ahead.
    case = replace(
        case, profiles={n: [replace(p, mkt_limit=None) for p in v] for n, v in case.profiles.items()}
    )
    small_limits(chance, monkeypatch)
    # Some events come ahead of their time: a clock elsewhere, or a person who plans.
    leads = (0, 0, 0, 2_000, 600_000)
    news = [
        (one[2].measured_at if one[0] == "reading" else one[2].occurred_at - chance.choice(leads), one)
        for one in news_of(case)
    ]
    news.sort(key=lambda dated: (dated[0], str(dated[1])))
    site = Site(tmp_path / "store.db", case, news[0][0])
    for arrives_at, one in news:
        clock = site.rig.clock
        clock.at = max(clock.at, arrives_at)
        site.take([one])
        if chance.random() < 0.02:
            site.restart(crash=chance.random() < 0.7)
        if chance.random() < 0.3:
            site.rig.clock.at += chance.choice((1, 1_000, 400_000, 4_000_000))
            site.rig.writer.tick(site.rig.clock.now(), 0)
            for lot in case.ids():
                fresh = telling(site.rig.view.lot(lot, as_of=site.rig.clock.now()))
                assert on_record(site.rig, lot) == fresh, f"seed={seed} {lot} at {site.rig.clock.now()}"
    site.rig.close()


def test_a_reading_that_cannot_matter_stirs_no_ledger() -> None:
    """The hot path: a calm reading after calm ones does nothing but move the ledger's end."""
    case = lot_history(1)
    profile = product.profile_of(next(iter(case.profiles.values()))[0])
    rules = constant(profile, ProbeSettings(), days_in(case.zone))
    rule = rule_in(profile, None)
    middle = ((rule.window.low or 0.0) + (rule.window.high or 0.0)) / 2
    ledger = Ledger(rule, rules, EARLIEST)
    ledger.take(0, (middle,))
    ledger.stirred = False
    for at in range(60_000, 60_000 * 1_000, 60_000):
        ledger.take(at, (middle,))
    assert not ledger.stirred
    assert ledger.tally.counts == {}
