"""The morning digest: what is open, what was over before anybody knew, which lots to look at. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.alerting.case import (
    Case,
    Context,
    bounded,
    count_text,
    full_text,
    limit_text,
    local,
    page,
    plain,
    short_text,
    unit_name,
    zone_of,
)
from monitor.alerting.message import body, headline, labelled, wrapped
from monitor.alerting.wording import spell_out
from monitor.ports import JSON

MOST_LISTED = 50
_WORST_FIRST = ("breached", "indeterminate", "at_risk")


def digest(
    site: str,
    day: str,
    lots: Sequence[JSON],
    past_alarms: Sequence[JSON],
    open_alarms: Sequence[JSON],
    context: Context,
) -> tuple[str, str]:
    """Subject and body of a site's morning digest for the local ``day`` (ISO date).

    ``lots`` is Lot JSON: those within their profile are only counted, disposed ones left out. ``past_alarms``
    began and ended before their readings came in. With nothing to tell it says so: it is a sign of life too.
    """
    shown = [one for one in lots if one.get("disposition") != "disposed"]
    worrying = sorted((one for one in shown if one.get("verdict") != "within_profile"), key=_urgency)
    counts = [
        count_text(len(open_alarms), "open alarm", "open alarms"),
        *([count_text(len(past_alarms), "past alarm", "past alarms")] if past_alarms else []),
        f"{count_text(len(worrying), 'lot', 'lots')} to look at",
    ]
    subject = f"[DIGEST] {plain(site)} {plain(day)}: {', '.join(counts)}"
    open_lines = (f"[{case.level.upper()}] {headline(case)}" for case in _cases(open_alarms, context))
    past_lines = (_past_line(case) for case in _cases(past_alarms, context))
    quiet = not (open_alarms or past_alarms or worrying)
    return subject, body(
        [subject],
        ["Nothing to report."] if quiet else [],
        _section("Open now:", open_lines),
        _section("Over before we knew of them (late data):", past_lines),
        _section("Lots to look at:", (_lot_line(one, site, context) for one in worrying)),
        [f"{count_text(len(shown) - len(worrying), 'lot', 'lots')} within profile."] if shown else [],
        labelled("Page", page(context)),
    )


def _past_line(case: Case) -> str:
    start, end = case.since, case.at("ended_at", "cleared_at")
    extreme, limit = case.celsius("extreme_celsius") or case.celsius("celsius"), limit_text(case.limit)
    side = "down to" if case.condition == "temperature_low" else "up to"
    how_bad = f", {side} {extreme}{f' (limit {limit})' if limit else ''}" if extreme else ""
    span = f", {full_text(start)}" if start else ""
    if start and end:
        span += f" to {short_text(end, start)}"
    return f"{case.name}: {case.wording.was}{how_bad}{span}"


def _lot_line(lot: JSON, site: str, context: Context) -> str:
    """``L-7 (Exo-A, in F02): at risk, expires Mon …. Reason. Reason.``"""
    unit_site, _, unit = plain(lot.get("unit")).rpartition("/")
    place = unit_name(unit_site or site, unit, context)
    about = ", ".join(filter(None, (plain(lot.get("product")), f"in {place}" if place else "not in storage")))
    until = local(lot.get("effective_expires_at") or lot.get("expires_at"), zone_of(site, context))
    as_of = local(lot.get("as_of"), zone_of(site, context))
    tense = "expired" if until and as_of and until <= as_of else "expires"
    verdict = spell_out(plain(lot.get("verdict")))
    state = ", ".join(filter(None, (verdict, f"{tense} {full_text(until)}" if until else "")))
    reasons = (plain(reason.get("text")).rstrip(".") for reason in lot.get("reasons") or ())
    told = ". ".join(filter(None, (state, *reasons)))
    return f"{plain(lot.get('lot'))} ({about})" + (f": {told}." if told else "")


def _urgency(lot: JSON) -> tuple[int, str, str]:
    """Worst verdict first, then the earliest to expire."""
    verdict = lot.get("verdict")
    rank = _WORST_FIRST.index(verdict) if verdict in _WORST_FIRST else len(_WORST_FIRST)
    return rank, plain(lot.get("effective_expires_at") or lot.get("expires_at")) or "~", plain(lot.get("lot"))


def _cases(alarms: Sequence[JSON], context: Context) -> Iterable[Case]:
    return (Case.of(alarm, context) for alarm in alarms)


def _section(title: str, lines: Iterable[str]) -> list[str]:
    listed = bounded(lines, MOST_LISTED)
    return [title, *(part for line in listed for part in wrapped(line, "- "))] if listed else []
