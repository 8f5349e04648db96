"""An outcome of a scenario made by hand, and ways to check expectations against it."""

from __future__ import annotations

import tomllib
from typing import Any

from laboratory.scoring.expectation import check, read_expectations
from laboratory.scoring.finding import ExpectationResult
from laboratory.scoring.outcome import RunOutcome
from laboratory.scoring.report import ScoreReport
from laboratory.scoring.span import parse_span
from monitor.core.time.instant import HOUR, format_instant, parse_instant

JSON = dict[str, Any]
START = parse_instant("2026-11-22T00:00:00Z")


def at(text: str) -> str:
    """An instant so long after the start of the scenario."""
    return format_instant(START + parse_span(text))


def alarm(name: str, condition: str, subject: str, *, level: str = "alarm", **more: Any) -> JSON:
    return {
        "id": name,
        "condition": condition,
        "subject": subject,
        "level": level,
        "raised_at": at("2h"),
        "cleared_at": None,
        "past": False,
        "evidence": {},
        **more,
    }


def excursion(name: str, channel: str = "lab1/F01/product", direction: str = "high", **more: Any) -> JSON:
    return {
        "id": name,
        "channel": channel,
        "direction": direction,
        "started_at": at("1h30m"),
        "ended_at": at("4h"),
        "closed_at": at("4h5m"),
        "confirmed_at": at("2h"),
        "confirmed_by": "delay",
        "extreme_celsius": -41.25,
        "unknown_seconds": 600.0,
        "limits": {"celsius": -60.0},
        "withdrawn": False,
        "superseded_by": None,
        **more,
    }


LOT: JSON = {
    "lot": "EXO-1",
    "verdict": "breached",
    "reasons": [{"code": "expired"}, {"code": "band_touched"}],
    "thaw_count": 1,
    "thaw_count_determinate": True,
    "budgets": [
        {"band": "warm", "spent_seconds": 7_200.0, "left_seconds": 79_200.0},
        {"band": "cold", "spent_seconds": 0.0, "left_seconds": None},
    ],
    "unknown_seconds": 600.0,
    "out_of_storage_seconds": 0.0,
    "coverage": 0.97,
    "expiry_reason": "budget",
    "min_celsius": -80.5,
    "max_celsius": -18.0,
}

# The true temperature goes from −80 °C at the start to −40 °C at 3 h, evenly: through −60 °C at 1 h 30 min.
TRUTH = {"lab1/F01/product": [(START, -80.0), (START + 3 * HOUR, -40.0)]}


def told(name: str, after: str, kind: str = "opened", level: str = "alarm") -> JSON:
    return {"alarm": name, "kind": kind, "level": level, "at": at(after)}


OUTCOME = RunOutcome(
    site="lab1",
    started_at=START,
    ended_at=START + 6 * HOUR,
    alarms=[
        alarm(
            "A1",
            "temperature_high",
            "lab1/F01/product",
            level="critical",
            cleared_at=at("4h5m"),
            act_by=at("15h30m"),
            evidence={"limit_celsius": -60.0},
        ),
        alarm("A2", "no_data", "lab1/F02/product"),
        alarm("A3", "temperature_high", "lab1/F03/air", past=True, cleared_at=at("3h")),
        alarm("A4", "lot_breached", "EXO-1", level="critical", evidence={"unit": "lab1/F01"}),
        alarm("A5", "rising_fast", "lab1/F01", level="warning"),
        alarm("A6", "influx_lagging", "influx", level="warning"),
    ],
    told=[told("A1", "2h14m"), told("A1", "2h20m"), told("A1", "4h5m", "closed"), told("A2", "3h")],
    excursions=[
        excursion("E1"),
        excursion(
            "E2", confirmed_at=None, confirmed_by=None, started_at=at("5h"), ended_at=None, closed_at=None
        ),
        excursion("E3", "lab1/F02/air", "low", extreme_celsius=-91.0),
        excursion("E4", superseded_by="E1", started_at=at("10m")),
        excursion("E5", withdrawn=True, started_at=at("20m")),
    ],
    lots=[LOT],
    rejected={"bad_number": 3, "unknown_channel": 1},
    readings={"lab1/F01/product": 360},
    truth=TRUTH,
)


def report(toml: str, outcome: RunOutcome = OUTCOME) -> ScoreReport:
    tables = tomllib.loads(toml)
    return check(read_expectations(tables.get("expect", []), tables.get("allow", [])), outcome)


def one(toml: str, outcome: RunOutcome = OUTCOME) -> ExpectationResult:
    (finding,) = report(f"[[expect]]\n{toml}", outcome).findings
    return finding
