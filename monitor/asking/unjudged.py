"""What is shown of a lot or a unit that can't be judged as it is asked for: that it is unknown, and never better than
what is on record. Nothing else is kept from being shown by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import structlog

from monitor.core.alarm.aside import error_text
from monitor.core.answer.lot import LotBody, ReasonAnswer
from monitor.core.lot.event import Disposition
from monitor.core.lot.verdict import VERDICT_OF, Verdict
from monitor.core.time.instant import format_instant, parse_instant
from monitor.ports import JSON, Store, Tx

log = structlog.get_logger(__name__)

CODE = "not_judged"
_ORDER = list(Verdict)


class Failures:
    """What failed as it was asked for; pages ask again every few seconds, so each subject is logged once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._logged: set[str] = set()

    def note(self, subject: str, error: Exception) -> None:
        """Raises what is the store's own trouble: of that nothing can be said."""
        if self._store.is_trouble(error):
            raise error
        if subject not in self._logged:
            self._logged.add(subject)
            log.error("it can't be judged as it is asked for", subject=subject, exc_info=error)


def unjudged_lot(
    store: Store, tx: Tx, lot: str, at: int, error: Exception, rows: Sequence[Mapping[str, Any]]
) -> LotBody:
    """A lot that can't be judged as of an instant: what is on record of that instant or before it, and indeterminate
    at best. ``rows``: its events, which say what it is while nothing is on record."""
    versions = [version["body"] for version in store.facts.versions(tx, "lot", lot)]
    past = [body for body in versions if parse_instant(body["as_of"]) <= at]
    known = cast(LotBody, past[-1]) if past else _blank(lot, at, rows)
    reason: ReasonAnswer = {
        "code": CODE,
        "text": f"it can't be judged, and what is shown is as of {known['as_of']}: {error_text(error)}",
        "evidence": {"error": error_text(error), "as_of": known["as_of"]},
    }
    reasons = sorted([reason, *known["reasons"]], key=lambda one: -_rank(VERDICT_OF[one["code"]]))
    verdict = max(Verdict(known["verdict"]), VERDICT_OF[CODE], key=_rank)
    return {**known, "verdict": verdict.value, "reasons": reasons}


def _rank(verdict: Verdict) -> int:
    return _ORDER.index(verdict)


def _blank(lot: str, at: int, rows: Sequence[Mapping[str, Any]]) -> LotBody:
    """A lot of which nothing is known but what it was registered as."""
    first: JSON = dict(next((row for row in rows if row.get("profile")), {}))
    return {
        "as_of": format_instant(at),
        "lot": lot,
        "site": first.get("site") or "",
        "product": first.get("product") or "",
        "profile": first.get("profile") or "",
        "profile_version": 0,
        "profile_title": "",
        "profile_bound": None,
        "unit": None,
        "storage_class": None,
        "window": {"low": None, "high": None},
        "disposition": Disposition.IN_STORAGE.value,
        "verdict": VERDICT_OF[CODE].value,
        "reasons": [],
        "expires_at": None,
        "effective_expires_at": None,
        "expiry_reason": None,
        "thaw_count": 0,
        "thaw_count_determinate": False,
        "thaw_limit": None,
        "thawed_at": None,
        "is_frozen": False,
        "thaws": [],
        "budgets": [],
        "known_seconds": 0.0,
        "unknown_seconds": 0.0,
        "pending_seconds": 0.0,
        "out_of_storage_seconds": 0.0,
        "coverage": None,
        "coverage_minimum": None,
        "mkt_celsius": None,
        "mkt_reason": "it can't be judged",
        "mkt_limit": None,
        "mkt_worst": None,
        "min_celsius": None,
        "max_celsius": None,
        "uncertain_seconds": None,
        "custody": [],
        "excursions": [],
        "parent": None,
        "children": [],
        "quantity": first.get("quantity"),
        "gtin": first.get("gtin"),
        "lot_number": first.get("lot_number") or lot,
        "serial": first.get("serial"),
        "registered_at": None,
        "disposed_at": None,
        "without_effect": {},
    }
