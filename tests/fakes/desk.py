"""A small lab behind the ports: two freezers, one lot breached, one well; one too warm, one latched, one shelf."""

from __future__ import annotations

from typing import Any

from monitor.core.time.instant import format_instant
from monitor.ports import JSON
from tests.fakes.view import NOW, FakeView


def fake_desk() -> FakeView:
    """The lab as a view; a test changes its lists."""
    view = FakeView()
    view.all_lots = [lot("EXO-1", "within_profile"), lot("EXO-2", "breached")]
    view.all_excursions = [excursion()]
    view.all_units = [_unit("lab1/F01", -48.0, "excursion"), _unit("lab1/F02", None, "unknown")]
    view.all_alarms = [alarm(), alarm("a18", state="normal", condition="no_data", level="alarm")]
    view.all_suppressions = [suppression()]
    view.all_unwatched = [
        {"subject": "lab1/F02/product", "reason": "silent", "text": "never heard", "since": None}
    ]
    view.all_notifications = [
        {
            "id": "n1",
            "alarm": "a1",
            "recipient": "anna",
            "medium": "mail",
            "subject": "Too warm: F01",
            "due_at": "2026-11-22T09:10:00.000Z",
            "sent_at": None,
            "attempts": 3,
            "error": "mail.lan refused",
        }
    ]
    view.all_rejected = [
        {
            "received_at": "2026-11-22T09:04:31.000Z",
            "topic": "exosome/v1/lab1/F01/product/reading",
            "payload": '{"measured_at": "2026-11-22T09:04:30", "celsius": -80}',
            "reason": "bad_time",
            "detail": "no offset",
        }
    ]
    return view


def excursion(**changes: Any) -> JSON:
    """A confirmed, open excursion of lab1/F01."""
    return {
        "id": "x17",
        "version": 2,
        "channel": "lab1/F01/product",
        "direction": "high",
        "started_at": "2026-11-22T09:00:00.000Z",
        "ended_at": None,
        "closed_at": None,
        "confirmed_at": "2026-11-22T09:10:00.000Z",
        "confirmed_by": "delay",
        "extreme_celsius": -48.0,
        "degree_minutes": 402.5,
        "seconds_by_band": {"warm": 3120},
        "unknown_seconds": 0,
        "profile": "ult-80",
        "profile_version": 1,
        "events": [],
        "lots": ["EXO-1"],
        "superseded_by": None,
        **changes,
    }


def budget(
    band: str,
    above: float | None,
    up_to: float | None,
    limit: float | None,
    spent: float = 0.0,
    **changes: Any,
) -> JSON:
    """A budget as a lot's JSON has it; seconds and °C."""
    left = None if limit is None else max(0.0, limit - spent)
    figures = {"limit_seconds": limit, "spent_seconds": spent, "left_seconds": left}
    ends = {"exhausted_at": None, "runs_out_at": None}
    return {"band": band, "above": above, "up_to": up_to, **figures, **ends, **changes}


def lot(name: str, verdict: str, **changes: Any) -> JSON:
    """A lot in lab1/F01, with every field that a lot's JSON has."""
    text = "expired on 2026-11-21 00:00 +01:00: by its label"
    evidence = {"expires_at": "2026-11-20T23:00:00.000Z", "expiry_reason": "label", "profile": "ult-80@1"}
    reasons = [{"code": "expired", "text": text, "evidence": evidence}] if verdict == "breached" else []
    return {
        "as_of": format_instant(NOW),
        "lot": name,
        "site": "lab1",
        "product": "MSC exosomes",
        "profile": "ult-80",
        "profile_version": 1,
        "unit": "lab1/F01",
        "disposition": "in_storage",
        "verdict": verdict,
        "reasons": reasons,
        "expires_at": "2026-11-20T23:00:00.000Z",
        "effective_expires_at": "2026-11-20T23:00:00.000Z",
        "expiry_reason": "label",
        "profile_bound": None,
        "storage_class": "ult-80",
        "window": {"low": -90.0, "high": -60.0},
        "thaw_count": 0,
        "thaw_count_determinate": True,
        "thaw_limit": 1,
        "thawed_at": None,
        "is_frozen": True,
        "thaws": [],
        "budgets": [
            budget("warm", -60.0, -40.0, 86_400.0, 3_120.0),
            budget("thaw", -20.0, None, 0.0),
            budget("cold", None, -90.0, None),
            budget("out_of_storage", None, None, 1_800.0),
        ],
        "known_seconds": 27_000_000.0,
        "unknown_seconds": 2_400.0,
        "pending_seconds": 0.0,
        "out_of_storage_seconds": 0.0,
        "coverage": 0.9996,
        "coverage_minimum": 0.95,
        "mkt_celsius": None,
        "mkt_reason": "the window lies below 0 °C",
        "mkt_limit": None,
        "mkt_worst": None,
        "min_celsius": -81.5,
        "max_celsius": -48.0,
        "uncertain_seconds": None,
        "parent": None,
        "children": [],
        "quantity": None,
        "gtin": None,
        "lot_number": name,
        "serial": None,
        "registered_at": "2026-01-05T08:00:00.000Z",
        "disposed_at": None,
        "without_effect": {},
        "custody": [{"unit": "lab1/F01", "from": "2026-01-05T08:00:00.000Z", "to": None}],
        "excursions": ["x17"],
        **changes,
    }


def alarm(name: str = "a17", **changes: Any) -> JSON:
    """An open, critical alarm of lab1/F01, with all that the view says of one alone."""
    return {
        "id": name,
        "condition": "temperature_high",
        "subject": "lab1/F01/product",
        "level": "critical",
        "state": "unacknowledged",
        "raised_at": "2026-11-22T09:10:00.000Z",
        "cleared_at": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "acknowledgement": None,
        "shelved_until": None,
        "act_by": "2026-11-22T12:00:00.000Z",
        "past": False,
        "parent": None,
        "evidence": {"unit": "lab1/F01", "text": "-48.0 °C, limit -60 °C"},
        "suppression": None,
        "history": [
            {
                "version": 1,
                "recorded_at": "2026-11-22T09:10:00.000Z",
                "reason": "raised",
                "state": "unacknowledged",
                "level": "critical",
            }
        ],
        "children": [],
        "told": [
            {
                "recipient": "anna",
                "medium": "mail",
                "kind": "opened",
                "sent_at": "2026-11-22T09:10:02.000Z",
                "withdrawn_at": None,
                "error": None,
                "attempts": 1,
            }
        ],
        **changes,
    }


def suppression(name: str = "s23", **changes: Any) -> JSON:
    """A shelf of that alarm."""
    return {
        "id": name,
        "kind": "shelved",
        "subject": "lab1/F01/product",
        "condition": "temperature_high",
        "owner": "anna",
        "reason": "defrosting",
        "from": "2026-11-22T10:00:00.000Z",
        "until": "2026-11-22T12:00:00.000Z",
        "level": "critical",
        "alarm": "a17",
        "ended_at": None,
        "ended_by": None,
        "ended_why": None,
        **changes,
    }


def _unit(unit: str, celsius: float | None, state: str) -> JSON:
    return {
        "unit": unit,
        "title": unit,
        "window": {"low": -90.0, "high": -60.0},
        "celsius": celsius,
        "measured_at": None if celsius is None else "2026-11-22T10:04:00.000Z",
        "state": state,
        "state_text": state,
        "probes": [{"probe": "product", "product": True}],
        "lots": [],
    }
