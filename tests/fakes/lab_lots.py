"""The lots of the fake lab, in every state that a page has to show.

Three are in the failing F03 (two at risk, one breached), one is unclear, one was thawed in a fridge class, one
never stored, one disposed of, one out of storage; of the young one nothing is computed yet.
"""

from __future__ import annotations

from collections.abc import Callable

from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND
from monitor.ports import JSON

At = Callable[[int], str]
"""The instant so many ms before the present one, as text."""

ULT_WINDOW = {"low": -90.0, "high": -60.0}
FRIDGE_WINDOW = {"low": 2.0, "high": 8.0}
WARMER_SPENT = 5_000
LABEL = "2028-06-30T22:00:00.000Z"


def budget(
    band: str, above: float | None, up_to: float | None, limit: int | None, spent: int = 0, **more: object
) -> JSON:
    """A budget as a lot's JSON has it; it isn't running unless ``more`` says so."""
    return {
        "band": band,
        "above": above,
        "up_to": up_to,
        "limit_seconds": limit,
        "spent_seconds": spent,
        "left_seconds": None if limit is None else max(limit - spent, 0),
        "exhausted_at": None,
        "runs_out_at": None,
        "forecast": None,
        **more,
    }


def fake_lots(at: At, as_of: str, f03_celsius: float | None) -> list[JSON]:
    """Every lot of the lab."""
    failing = {"celsius": f03_celsius, "max_celsius": -48.0, "excursions": ["exc-17"]}
    return [
        _at_risk("EXO-2026-014", at, as_of, failing),
        _at_risk("EXO-2026-015", at, as_of, {**failing, "act_by": at(-3 * HOUR)}),
        _breached(at, as_of, failing),
        _lot("EXO-2026-008", "lab1/F01", at, as_of),
        {**_lot("EXO-2026-009", "lab1/F02", at, as_of), **_family(at)},
        _unclear(at, as_of),
        _lot("MSC-77", "lab1/L01", at, as_of, window={"low": None, "high": -150.0}, celsius=-187.3),
        _young(at),
        _in_fridge(at, as_of),
        _never_stored(at, as_of),
        _disposed(at, as_of),
    ]


def _lot(lot: str, unit: str, at: At, as_of: str, **more: object) -> JSON:
    """A lot that has kept within its profile, with every figure there is."""
    return {
        "as_of": as_of,
        "lot": lot,
        "site": unit.split("/")[0],
        "product": "MSC exosomes, 1e11 particles/mL",
        "profile": "ult-80",
        "profile_version": 3,
        "profile_bound": None,
        "unit": unit,
        "storage_class": "ult-80",
        "window": ULT_WINDOW,
        "celsius": -79.8,
        "disposition": "in_storage",
        "verdict": "within_profile",
        "reasons": [],
        "act_by": None,
        "act_by_reason": None,
        "expires_at": LABEL,
        "effective_expires_at": LABEL,
        "expiry_reason": "label",
        "thaw_count": 0,
        "thaw_count_determinate": True,
        "thaw_limit": 1,
        "thawed_at": None,
        "is_frozen": True,
        "budgets": [
            budget("warm", -60.0, -40.0, 86_400),
            budget("warmer", -40.0, -20.0, 7_200),
            budget("thaw", -20.0, None, 0),
            budget("cold", None, -90.0, None),
            budget("out_of_storage", None, None, 1_800, 95),
        ],
        "known_seconds": 3_450_000,
        "unknown_seconds": 2_400,
        "pending_seconds": 12,
        "out_of_storage_seconds": 95,
        "coverage": 0.9987,
        "coverage_minimum": 0.95,
        "mkt_celsius": None,
        "mkt_reason": "its window lies below 0 °C",
        "mkt_worst": None,
        "mkt_limit": None,
        "min_celsius": -83.4,
        "max_celsius": -76.9,
        "uncertain_seconds": 210,
        "custody": [
            {"unit": "lab1/F02", "from": at(40 * DAY), "to": at(12 * DAY)},
            {"unit": None, "from": at(12 * DAY), "to": at(12 * DAY - 95 * SECOND)},
            {"unit": unit, "from": at(12 * DAY - 95 * SECOND), "to": None},
        ],
        "excursions": [],
        "parent": None,
        "children": [],
        **more,
    }


def _open_excursion(at: At) -> JSON:
    evidence = {
        "excursion": "exc-17",
        "limit": -60.0,
        "celsius": -48.0,
        "from": at(52 * MINUTE),
        "readings": [
            {"channel": "lab1/F03/product", "measured_at": at(52 * MINUTE), "celsius": -59.7},
            {"channel": "lab1/F03/product", "measured_at": at(42 * MINUTE), "celsius": -55.1},
        ],
        "profile": "ult-80@3",
    }
    text = "its unit is outside the window since 2026-11-22 10:12 +01:00: as far as −48 °C, limit −60 °C"
    return {"code": "excursion_open", "text": text, "evidence": evidence}


def _at_risk(lot: str, at: At, as_of: str, failing: JSON) -> JSON:
    forecast = {"earliest": at(-58 * MINUTE), "likely": at(-68 * MINUTE), "latest": at(-95 * MINUTE)}
    running = budget(
        "warm", -60.0, -40.0, 86_400, 80_000, runs_out_at=at(-106 * MINUTE - 40 * SECOND), forecast=forecast
    )
    band = {"band": "warm", "above": -60.0, "up_to": -40.0}
    low = {**band, "limit_seconds": 86_400.0, "spent_seconds": 80_000.0, "profile": "ult-80@3"}
    found = _lot(lot, "lab1/F03", at, as_of)
    return {
        **found,
        "verdict": "at_risk",
        "reasons": [
            {"code": "budget_low", "text": "92.5 % of the time in band warm is spent", "evidence": low},
            _open_excursion(at),
        ],
        "act_by": at(-68 * MINUTE),
        "act_by_reason": "then its budget of band warm runs out by the forecast",
        "budgets": [running, *found["budgets"][1:]],
        **failing,
    }


def _breached(at: At, as_of: str, failing: JSON) -> JSON:
    exhausted_at = at(5 * MINUTE)
    spent = budget("warmer", -40.0, -20.0, 7_200, 7_200, exhausted_at=exhausted_at)
    running = budget("warm", -60.0, -40.0, 86_400, 10_000, runs_out_at=at(-21 * HOUR - 13 * MINUTE))
    evidence = {
        "band": "warmer",
        "above": -40.0,
        "up_to": -20.0,
        "limit_seconds": 7_200.0,
        "spent_seconds": 7_200.0,
        "exhausted_at": exhausted_at,
        "readings": [{"channel": "lab1/F03/product", "measured_at": exhausted_at, "celsius": -38.2}],
        "profile": "ult-80@3",
    }
    text = "the budget of band warmer is exhausted"
    found = _lot("EXO-2026-021", "lab1/F03", at, as_of)
    return {
        **found,
        "disposition": "quarantined",
        "verdict": "breached",
        "reasons": [
            {"code": "budget_exhausted", "text": text, "evidence": evidence},
            {"code": "expired", "text": "expired on 2026-11-22 10:59 +01:00", "evidence": None},
            _open_excursion(at),
        ],
        "effective_expires_at": exhausted_at,
        "expiry_reason": "budget",
        "budgets": [running, spent, *found["budgets"][2:]],
        **failing,
    }


def _family(at: At) -> JSON:
    return {
        "parent": "EXO-2026-008",
        "children": ["EXO-2026-009-A", "EXO-2026-009-B"],
        "profile_bound": {
            "profile": "ult-80@3",
            "reason": "stability study S-12",
            "by": "QA, R. Lindqvist",
            "at": at(3 * DAY),
        },
    }


def _unclear(at: At, as_of: str) -> JSON:
    found = _lot("EXO-2026-011", "lab2/F01", at, as_of)
    coverage = {"coverage": 0.912, "limit": 0.95, "profile": "ult-80@3"}
    thaw = {"from": at(9 * HOUR), "to": at(4 * HOUR), "events": ["e-77"], "count": 1}
    hidden = "it may have thawed while nobody knew its temperature"
    return {
        **found,
        "verdict": "indeterminate",
        "reasons": [
            {"code": "coverage_low", "text": "only 91.2 % of its time is known", "evidence": coverage},
            {"code": "thaw_count_indeterminate", "text": hidden, "evidence": thaw},
        ],
        "coverage": 0.912,
        "celsius": None,
        "thaw_count": 1,
        "thaw_count_determinate": False,
        "thawed_at": at(9 * HOUR),
        "effective_expires_at": at(-15 * HOUR),
        "expiry_reason": "thawed",
    }


def _young(at: At) -> JSON:
    """A lot of which little is known yet: figures that aren't computed are absent."""
    return {
        "as_of": at(0),
        "lot": "EXO-2026-030",
        "product": "MSC exosomes, 1e11 particles/mL",
        "profile": "ult-80",
        "profile_version": 3,
        "unit": "lab1/F04",
        "disposition": "in_storage",
        "expires_at": "2028-11-30T23:00:00.000Z",
        "custody": [{"unit": "lab1/F04", "from": at(HOUR), "to": None}],
        "excursions": [],
        "parent": None,
        "children": [],
    }


def _in_fridge(at: At, as_of: str) -> JSON:
    return _lot(
        "LYO-5",
        "lab1/R01",
        at,
        as_of,
        profile="fridge-2-8",
        storage_class="fridge-2-8",
        window=FRIDGE_WINDOW,
        celsius=7.4,
        thaw_limit=None,
        is_frozen=None,
        budgets=[budget("warm", 8.0, 25.0, 28_800, 1_200), budget("hot", 25.0, None, 0)],
        min_celsius=3.1,
        max_celsius=9.2,
        mkt_celsius=5.414,
        mkt_reason=None,
        mkt_limit=8.0,
        mkt_worst={"celsius": 7.91, "from": at(9 * DAY), "to": at(8 * DAY)},
    )


def _never_stored(at: At, as_of: str) -> JSON:
    nothing = {"coverage": None, "known_seconds": 0, "unknown_seconds": 0, "pending_seconds": 0}
    bare = {"unit": None, "window": None, "celsius": None, "storage_class": None, "custody": []}
    extremes = {"min_celsius": None, "max_celsius": None, "out_of_storage_seconds": 0, "site": "lab1"}
    return {**_lot("EXO-2026-040", "lab1/F01", at, as_of), **nothing, **bare, **extremes}


def _disposed(at: At, as_of: str) -> JSON:
    found = _lot("EXO-2026-001", "lab1/F01", at, as_of)
    custody = [{"unit": "lab1/F01", "from": at(30 * DAY), "to": at(2 * DAY)}]
    gone = {"unit": None, "window": None, "celsius": None, "disposition": "disposed", "custody": custody}
    return {**found, **gone, "as_of": at(2 * DAY)}


def fake_rescue(at: At) -> list[JSON]:
    """Which of F03's lots to move first, and where to."""
    healthy = ["lab1/F01", "lab1/F04"]
    return [
        {
            "lot": "EXO-2026-014",
            "act_by": at(-68 * MINUTE),
            "what": "warm",
            "why": "Thermo TSX, room 3.14 (lab1/F01) is healthy, of its own class (ult-80), at the same site",
            "to": healthy,
        },
        {
            "lot": "EXO-2026-015",
            "act_by": at(-3 * HOUR),
            "what": "warm",
            "why": "No unit can take it: there is no other of class ult-80. Find other cold storage.",
            "to": [],
        },
        {
            "lot": "EXO-2026-021",
            "act_by": None,
            "what": "already breached",
            "why": "moving it saves nothing",
            "to": healthy,
        },
    ]


def fake_forecast(at: At) -> JSON:
    """F03's forecast: it is past its window and nears the next band."""
    return {
        "made_at": at(MINUTE),
        "celsius": -48.0,
        "rate_per_hour": 6.2,
        "towards": 21.5,
        "crossings": [
            {
                "limit": -40.0,
                "what": "instant limit",
                "earliest": at(-58 * MINUTE),
                "likely": at(-68 * MINUTE),
                "latest": at(-95 * MINUTE),
            },
            {
                "limit": -20.0,
                "what": "thaw",
                "earliest": at(-5 * HOUR),
                "likely": at(-7 * HOUR),
                "latest": None,
            },
        ],
    }
