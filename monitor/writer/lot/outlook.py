"""What is coming for units that warm: when they cross which limit, by when to act for which lot, where to take it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import structlog

from monitor.core.answer.lot import BudgetAnswer, LotAnswer, LotBody, ProspectAnswer
from monitor.core.answer.unit import CrossingAnswer, ForecastAnswer, RescueAnswer, UnitOutlook
from monitor.core.fact import instant_or_none
from monitor.core.lot.integrity import Integrity
from monitor.core.lot.verdict import Verdict
from monitor.core.outlook.forecast import LOOK_BACK, Crossing, Forecast, forecast
from monitor.core.outlook.prospect import ActBy, Prospect, act_by, in_words, prospects
from monitor.core.outlook.rescue import LotAtRisk, Rescue, rescue_order
from monitor.core.outlook.shelter import Shelter
from monitor.core.profile.installation import Unit
from monitor.core.profile.profile import Profile
from monitor.core.profile.rules import ChannelRules
from monitor.core.time.instant import format_instant
from monitor.ports import Store, Tx
from monitor.writer.lot.findings import Findings, Judged

log = structlog.get_logger(__name__)

LOTS_MAX = 200
"""Lots of a failing unit that are looked at, by their ids."""


class LotOutlook(NamedTuple):
    """A lot in a unit, and what is coming for it."""

    lot: str
    found: Integrity
    expected: list[Prospect]
    act_by: ActBy | None
    product: str
    is_breached: bool


class Outlook:
    """Answers within one transaction. A forecast is made only for a unit that is warmer than its warning level or its
    window: of others it would say something now and then that isn't so."""

    def __init__(
        self, store: Store, tx: Tx, rules: Mapping[str, ChannelRules], findings: Findings, now: int
    ) -> None:
        self._store = store
        self._tx = tx
        self._rules = rules
        self._findings = findings
        self._now = now
        self._ids = store.history.channel_ids(tx)
        self._forecasts: dict[str, Forecast | None] = {}

    def forecast(self, channel: str) -> Forecast | None:
        """Where a warming channel is going; made once."""
        if channel not in self._forecasts:
            self._forecasts[channel] = self._forecast(channel)
        return self._forecasts[channel]

    def _forecast(self, channel: str) -> Forecast | None:
        rules = self._rules.get(channel)
        if rules is None or channel not in self._ids:
            return None
        since = self._now - LOOK_BACK
        found = self._findings.ledgers.good_readings(self._tx, channel, since, self._now)
        readings = [(at, values[-1]) for at, values in found]
        # Silent for longer than its readings may lie apart: nothing can be said of now.
        if not readings or self._now - readings[-1][0] > rules.settings_at(self._now).max_gap:
            return None
        profile = rules.profile_at(self._now)
        if not _is_warm(profile, readings[-1][1]):
            return None
        return forecast(readings, ambient=profile.ambient)

    # --- lots ---

    def lot(self, judged: Judged) -> LotOutlook:
        """What is coming for a lot that was judged as of now."""
        history, found = judged.history, judged.found
        coming = None if judged.home is None else self.forecast(judged.home)
        expected = [] if coming is None else prospects(found, coming)
        registered = history.registered
        return LotOutlook(
            lot=history.lot,
            found=found,
            expected=expected,
            act_by=None if history.disposed_at is not None else act_by(found, expected),
            product=str(registered.product) if registered is not None else "",
            is_breached=judged.finding(()).verdict is Verdict.BREACHED,
        )

    def _lots_in(self, unit: Unit, lots: Iterable[str]) -> tuple[list[LotOutlook], list[str]]:
        """Those that are in a unit, and the ids of those that can't be judged."""
        inside, unjudged = [], []
        for lot in sorted(lots)[:LOTS_MAX]:
            try:
                history = self._findings.history(self._tx, lot, self._now)
                profile = self._findings.profile_of(history)
                if profile is not None and history.unit == unit.path:
                    inside.append(self.lot(self._findings.judge(self._tx, history, profile)))
            except Exception as error:
                if self._store.is_trouble(error):
                    raise
                log.warning("a lot in a warm unit can't be judged", lot=lot, error=repr(error))
                unjudged.append(lot)
        return inside, unjudged

    # --- units ---

    def unit(self, unit: Unit, lots: Iterable[str], shelters: Sequence[Shelter]) -> UnitOutlook:
        """What is coming for a unit that fails, and for the lots in it: ``forecast``, ``act_by``, ``act_by_reason``,
        ``rescue``. A lot that can't be judged is to be moved like the others; by when can't be said."""
        coming = self.forecast(unit.product_channel)
        inside, unjudged = self._lots_in(unit, lots)
        first = min((one for one in inside if one.act_by is not None), key=_act_at, default=None)
        found = nothing()
        found["forecast"] = None if coming is None else self._forecast_json(unit, coming)
        if first is not None and first.act_by is not None:
            found["act_by"] = format_instant(first.act_by.at)
            found["act_by_reason"] = f"lot {first.lot}: {in_words(first.act_by)}"
        at_risk = [_at_risk(one, unit) for one in inside]
        at_risk += [
            LotAtRisk(lot, None, "", None, breached=False, storage_classes=(unit.storage_class,), title="")
            for lot in unjudged
        ]
        order = rescue_order(at_risk, shelters, from_unit=unit.path)
        found["rescue"] = [_rescue_json(one) for one in order]
        return found

    def _forecast_json(self, unit: Unit, coming: Forecast) -> ForecastAnswer:
        profile = self._rules[unit.product_channel].profile_at(self._now)
        limits: dict[float, str] = {}
        for band in profile.bands:
            if band.above is not None:
                limits[band.above] = f"band {band.name}"
        if profile.high.instant is not None:
            limits[profile.high.instant] = "instant limit"
        if profile.window.high is not None:
            limits[profile.window.high] = "window"
        crossings = [(limits[limit], coming.crossing(limit)) for limit in sorted(limits)]
        return {
            "made_at": format_instant(coming.made_at),
            "celsius": round(coming.celsius, 2),
            "rate_per_hour": round(coming.rate_per_hour, 2),
            "towards": round(coming.towards, 1),
            "tau_seconds": None if coming.tau_ms is None else coming.tau_ms / 1000,
            "crossings": [_crossing_json(what, one) for what, one in crossings if one is not None],
        }


def nothing() -> UnitOutlook:
    """What is coming for a unit that is well."""
    return {"forecast": None, "act_by": None, "act_by_reason": None, "rescue": []}


def not_known() -> UnitOutlook:
    """What is said where the program fails at telling what is coming."""
    return {**nothing(), "act_by_reason": "not known: the program fails at telling what is coming"}


def _is_warm(profile: Profile, celsius: float) -> bool:
    warning, high = profile.warning, profile.window.high
    limit = high if warning is None or warning.high is None else warning.high
    return limit is not None and celsius > limit


def _act_at(one: LotOutlook) -> tuple[bool, int, str]:
    """Lots that are lost already come last."""
    return (one.is_breached, 0 if one.act_by is None else one.act_by.at, one.lot)


def _at_risk(one: LotOutlook, unit: Unit) -> LotAtRisk:
    profile = one.found.profile
    alternatives = [other.storage_class for other in profile.alternatives]
    own = [profile.name] if unit.storage_class in alternatives else [unit.storage_class, profile.name]
    budget = None if one.act_by is None else one.found.budgets.get(one.act_by.band)
    return LotAtRisk(
        lot=one.lot,
        act_by=None if one.act_by is None else one.act_by.at,
        what="" if one.act_by is None else one.act_by.band,
        left_ms=None if budget is None else budget.left,
        breached=one.is_breached,
        storage_classes=tuple(dict.fromkeys([*own, *alternatives])),
        title=one.product,
    )


def _rescue_json(one: Rescue) -> RescueAnswer:
    return {
        "lot": one.lot,
        "act_by": instant_or_none(one.act_by),
        "what": one.what,
        "why": one.why,
        "to": list(one.to),
    }


def _crossing_json(what: str, one: Crossing) -> CrossingAnswer:
    return {
        "limit": one.level,
        "what": what,
        "earliest": format_instant(one.earliest_at),
        "likely": format_instant(one.likely_at),
        "latest": instant_or_none(one.latest_at),
    }


def with_outlook(body: LotBody, one: LotOutlook | None) -> LotAnswer:
    """A lot's JSON with what is coming for it: ``forecast`` of each budget, ``act_by``; None: nothing can be said."""
    by_band = {} if one is None else {expected.band: expected for expected in one.expected}
    first = None if one is None else one.act_by
    budgets: list[BudgetAnswer] = [
        {**budget, "forecast": _prospect_json(by_band.get(budget["band"]))} for budget in body["budgets"]
    ]
    return {
        **body,
        "budgets": budgets,
        "act_by": None if first is None else format_instant(first.at),
        "act_by_reason": None if first is None else in_words(first),
    }


def _prospect_json(one: Prospect | None) -> ProspectAnswer | None:
    if one is None:
        return None
    return {
        "earliest": format_instant(one.earliest_at),
        "likely": instant_or_none(one.likely_at),
        "latest": instant_or_none(one.latest_at),
    }
