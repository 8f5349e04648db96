"""The score of a random fleet: what truly failed, and who was told when; the field's usual rule beside ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from laboratory.scoring.fleet.failure import (
    Attribution,
    Failure,
    FailureTold,
    SentPage,
    attribute,
    in_order,
    instant,
    instant_or_none,
    pages_of,
    usual_as_pages,
)
from laboratory.scoring.fleet.share import delays, median, quotient, rate, recall, share
from laboratory.scoring.outcome import JSON
from monitor.core.time.instant import HOUR, MINUTE

GRACE = 2 * HOUR
"""How long after its end a page still belongs to a failure: recovery takes its time."""

AHEAD = HOUR
AHEAD_OFF = 10 * MINUTE
NEAR = 0.2
"""Forecasts are scored one hour ahead, at most 10 min off; within ±20 % of the time that was truly left is near."""


def score(
    failures: Iterable[Mapping[str, Any]],
    pages: Iterable[Mapping[str, Any]],
    usual_pages: Iterable[tuple[str, int | str, Any]],
    forecasts: Iterable[Mapping[str, Any]],
    crossings: Iterable[Mapping[str, Any]],
    unit_days: float,
    *,
    grace: int = GRACE,
    kinds: Iterable[str] = (),
) -> JSON:
    """The score of a fleet. The order of what is handed in is of no matter.

    ``failures``: see :meth:`laboratory.scoring.fleet.failure.Failure.of`; ``pages``: those and warnings, see
    ``pages_of``; ``usual_pages``: ``(unit, at, ended_at)``; ``forecasts`` and ``crossings``: see
    :func:`score_forecasts`. Units are site/unit, instants ms or RFC 3339, ``grace`` ms; ``kinds`` are shown though none
    of them failed.

    Gives ``{unit_days, grace_seconds, all, kinds: {kind: ...}, pages: {ours, warnings, usual}, forecast, excused,
    detections, missed, late, false_pages, false_warnings}``; delays are in seconds from the failure's beginning. What
    there is none of has no figure: None, never 0 or 100 %. ``excused`` counts those that nobody must be told of.
    """
    ordered = in_order(failures)
    told, usual_told = pages_of(pages), usual_as_pages(usual_pages)
    ours, usual = attribute(ordered, told, grace), attribute(ordered, usual_told, grace)
    due = [n for n, failure in enumerate(ordered) if not failure.excused]
    every = sorted({*kinds, *(ordered[n].kind for n in due)})
    of_kind = {kind: [n for n in due if ordered[n].kind == kind] for kind in every}
    false = [page for page in ours.false if page.is_page]
    warnings = [page for page in ours.false if not page.is_page]
    missed = [ordered[n] for n in due if ours.told[n].page_at is None]
    late = [ordered[n] for n in due if _is_late(ordered[n], ours.told[n].page_at)]
    return {
        "unit_days": unit_days,
        "grace_seconds": grace / 1000,
        "all": _detection(ordered, due, ours, usual),
        "kinds": {kind: _detection(ordered, numbers, ours, usual) for kind, numbers in of_kind.items()},
        "pages": {
            "ours": _rates([page for page in told if page.is_page], false, unit_days),
            "warnings": _rates([page for page in told if not page.is_page], warnings, unit_days),
            "usual": _rates(usual_told, usual.false, unit_days, by_condition=False),
        },
        "forecast": score_forecasts(forecasts, crossings),
        "excused": dict(sorted(Counter(failure.kind for failure in ordered if failure.excused).items())),
        "detections": [_told_of(ordered[n], ours.told[n], usual.told[n]) for n in due],
        "missed": [failure.to_json() for failure in missed],
        "late": [failure.to_json() for failure in late],
        "false_pages": [_page_json(page) for page in false],
        "false_warnings": [_page_json(page) for page in warnings],
    }


def _detection(
    failures: Sequence[Failure], numbers: Sequence[int], ours: Attribution, usual: Attribution
) -> JSON:
    """How many of some failures were detected in time, how late they were told, and the same of the usual rule.

    Delays are of all that were told, in time or not. ``ratio`` is our median by the usual rule's, over the failures
    that both told (``n_both``), so that neither gains by missing the slow ones.
    """
    signs = [at - failures[n].began_at for n in numbers if (at := ours.told[n].sign_at) is not None]
    own, theirs = _delays(failures, numbers, ours), _delays(failures, numbers, usual)
    both = sorted(own.keys() & theirs.keys())
    return {
        **_recall(failures, numbers, ours),
        "delay_seconds": delays(list(own.values())),
        "first_sign_seconds": delays(signs),
        "usual": {**_recall(failures, numbers, usual), "delay_seconds": delays(list(theirs.values()))},
        "n_both": len(both),
        "ratio": quotient(median([own[n] for n in both]), median([theirs[n] for n in both])),
    }


def _told_of(failure: Failure, ours: FailureTold, usual: FailureTold) -> JSON:
    """One failure, and how late it was told by us, by our first sign, by the usual rule; seconds, None: never."""

    def after(at: int | None) -> float | None:
        return None if at is None else (at - failure.began_at) / 1000

    return {
        **failure.to_json(),
        "delay_seconds": after(ours.page_at),
        "first_sign_seconds": after(ours.sign_at),
        "usual_delay_seconds": after(usual.page_at),
    }


def _recall(failures: Sequence[Failure], numbers: Sequence[int], attribution: Attribution) -> JSON:
    told = [n for n in numbers if attribution.told[n].page_at is not None]
    late = sum(_is_late(failures[n], attribution.told[n].page_at) for n in told)
    detected = len(told) - late
    return {"n": len(numbers), "detected": detected, "late": late, **recall(detected, len(numbers))}


def _is_late(failure: Failure, at: int | None) -> bool:
    return at is not None and failure.detect_by is not None and at > failure.detect_by


def _delays(failures: Sequence[Failure], numbers: Sequence[int], attribution: Attribution) -> dict[int, int]:
    told = {n: attribution.told[n].page_at for n in numbers}
    return {n: at - failures[n].began_at for n, at in told.items() if at is not None}


def _rates(
    told: Sequence[SentPage], false: Sequence[SentPage], unit_days: float, *, by_condition: bool = True
) -> JSON:
    """How often somebody was told, and for nothing; of a page about several conditions the first by name counts."""
    counts = Counter(min(page.conditions) for page in false) if by_condition else {}
    return {
        "n": len(told),
        "per_unit_day": rate(len(told), unit_days),
        "false": len(false),
        "false_per_1000_unit_days": rate(len(false), unit_days, 1_000),
        "false_by_condition": {
            condition: {
                "n": counts[condition],
                "per_1000_unit_days": rate(counts[condition], unit_days, 1_000),
            }
            for condition in sorted(counts)
        },
    }


def _page_json(page: SentPage) -> JSON:
    return {
        "alarm": page.alarm,
        "unit": page.unit,
        "condition": min(page.conditions),
        "level": page.level,
        "told_at": page.told_at,
    }


def score_forecasts(forecasts: Iterable[Mapping[str, Any]], crossings: Iterable[Mapping[str, Any]]) -> JSON:
    """How good forecasts were one hour ahead of the instants at which limits were truly crossed.

    ``forecasts``: ``{unit, made_at, limit, earliest, likely, latest | None}``; ``crossings``: ``{unit, limit, at}``,
    perhaps with a ``cause``. Of each crossing the forecast made nearest to an hour before is looked at, if it is at
    most 10 min off. The relative error is by how much it was wrong of the time that was left when it was made. An
    interval without a latest end held if the crossing came no earlier than it said. ``by_cause`` has the same for the
    crossings of each cause.
    """
    by_limit: dict[tuple[str, float], list[Mapping[str, Any]]] = {}
    for each in forecasts:
        if each.get("likely") is not None:
            by_limit.setdefault((each["unit"], float(each["limit"])), []).append(each)
    every = sorted(crossings, key=lambda crossing: (instant(crossing["at"]), str(crossing["unit"])))
    told = [(str(crossing.get("cause", "")), _forecast_of(by_limit, crossing)) for crossing in every]
    causes = sorted({cause for cause, _ in told if cause})
    return {
        **_forecast_score([forecast for _, forecast in told]),
        "by_cause": {
            cause: _forecast_score([forecast for why, forecast in told if why == cause]) for cause in causes
        },
    }


def _forecast_of(
    by_limit: Mapping[tuple[str, float], Sequence[Mapping[str, Any]]], crossing: Mapping[str, Any]
) -> tuple[float, bool] | None:
    """A crossing's forecast an hour before: its relative error, and whether its interval held; None without one."""
    at = instant(crossing["at"])
    forecasts = by_limit.get((crossing["unit"], float(crossing["limit"])), ())
    forecast = _an_hour_before(forecasts, at)
    if forecast is None:
        return None
    error = abs(instant(forecast["likely"]) - at) / (at - instant(forecast["made_at"]))
    latest = instant_or_none(forecast.get("latest"))
    return error, instant(forecast["earliest"]) <= at and (latest is None or at <= latest)


def _forecast_score(forecasts: Sequence[tuple[float, bool] | None]) -> JSON:
    told = [forecast for forecast in forecasts if forecast is not None]
    errors = [error for error, _ in told]
    return {
        "crossings": len(forecasts),
        "n": len(told),
        "no_forecast": len(forecasts) - len(told),
        "within_20_percent": share(sum(error <= NEAR for error in errors), len(errors)),
        "median_relative_error": median(errors),
        "interval_held": share(sum(held for _, held in told), len(told)),
    }


def _an_hour_before(forecasts: Iterable[Mapping[str, Any]], at: int) -> Mapping[str, Any] | None:
    def off(forecast: Mapping[str, Any]) -> int:
        return abs(at - AHEAD - instant(forecast["made_at"]))

    def order(forecast: Mapping[str, Any]) -> tuple[int, ...]:
        made_at, likely, earliest = (instant(forecast[key]) for key in ("made_at", "likely", "earliest"))
        return off(forecast), made_at, likely, earliest, instant_or_none(forecast.get("latest")) or 0

    return min((each for each in forecasts if off(each) <= AHEAD_OFF), key=order, default=None)
