"""What a message says: subject and plain text of an alarm's opening, its closing, and the morning digest.

Pure. The subject, repeated as the body's first line, says how bad, what, where and since when; then comes how
long there is to act (only if the alarm knows), what to do first, the lots inside, the evidence, and where to
look. Sentences are wrapped for a phone; times are the site's own, with their offset from UTC.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from monitor.alerting.case import (
    TEMPERATURE,
    Case,
    Context,
    bounded,
    count_text,
    duration_text,
    full_text,
    limit_text,
    local,
    page,
    plain,
    short_text,
    unit_name,
    zone_of,
)
from monitor.alerting.wording import CONFIRMED_BY, move, spell_out, why_cleared
from monitor.ports import JSON

__all__ = ["Context", "closed", "digest", "opened"]

WIDTH = 64
MOST_LOTS = 30
MOST_LISTED = 50
_WORST_FIRST = ("breached", "indeterminate", "at_risk")


def opened(alarm: JSON, context: Context) -> tuple[str, str]:
    """Subject and body for an alarm that has opened."""
    case = Case.of(alarm, context)
    subject = f"[{case.level.upper()}] {_headline(case)}"
    act_by = full_text(case.at("act_by"))
    inside = None if case.lots is None else len(case.lots)
    steps = [step.replace("{move}", move(inside)) for step in case.wording.first]
    return subject, _body(
        [subject],
        [f"Act by: {act_by}"] if act_by else [],
        ["What to do first:", *_numbered(steps)],
        _lots_inside(case),
        _evidence(case),
        _footer(case, "opened"),
    )


def closed(alarm: JSON, context: Context) -> tuple[str, str]:
    """Subject and body for an alarm that is over, with the reason; an unnamed reason claims no recovery."""
    case = Case.of(alarm, context)
    reason = plain(case.evidence.get("clear_reason"))
    start, end = case.since, case.at("ended_at", "cleared_at")
    subject = f"[CLOSED] {case.name}: {case.wording.was}, {spell_out(reason) or 'closed'}"
    if end is not None:
        subject += f" {short_text(end, case.at('cleared_at') or end)}"
        if start is not None and reason == "recovered":
            subject += f" after {duration_text(start, end)}"
    lots = [*_lots_inside(case), "What it meant for each lot is on its page."] if case.lots else []
    return subject, _body(
        [subject],
        _wrapped(why_cleared(case.condition, reason)),
        lots,
        [*_evidence(case), *_labelled("Closed", full_text(case.at("cleared_at")))],
        _footer(case, "closed"),
    )


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
    open_lines = (f"[{case.level.upper()}] {_headline(case)}" for case in _cases(open_alarms, context))
    past_lines = (_past_line(case) for case in _cases(past_alarms, context))
    quiet = not (open_alarms or past_alarms or worrying)
    return subject, _body(
        [subject],
        ["Nothing to report."] if quiet else [],
        _section("Open now:", open_lines),
        _section("Over before we knew of them (late data):", past_lines),
        _section("Lots to look at:", (_lot_line(one, site, context) for one in worrying)),
        [f"{count_text(len(shown) - len(worrying), 'lot', 'lots')} within profile."] if shown else [],
        _labelled("Page", page(context)),
    )


def _headline(case: Case) -> str:
    """What, where, how bad, since when, in one line without the level."""
    happens = case.wording.happens
    if case.condition in TEMPERATURE and case.level == "warning":
        happens = happens.replace("too ", "getting ")
    return f"{case.name} {happens}{_how_bad(case)}{_since(case)}{_inside(case)}"


def _how_bad(case: Case) -> str:
    if case.condition in TEMPERATURE:
        now, limit = case.celsius("celsius"), limit_text(case.limit)
        return f"{f': {now}' if now else ''}{f' (limit {limit})' if limit else ''}"
    if case.condition == "probe_fault":
        parts = [part for part in (case.probe, spell_out(plain(case.evidence.get("fault")))) if part]
        return f" ({', '.join(parts)})" if parts else ""
    if case.lot and (expires := full_text(case.at("expires_at"))):
        return f": {expires}"
    return ""


def _since(case: Case) -> str:
    """Since when; where only the alarm's own instant is known of silence, that it was noticed then."""
    if case.lot and case.at("expires_at"):
        return ""
    since, raised = case.since, case.at("raised_at")
    if since is None:
        return ""
    never_heard = case.condition == "no_data" and case.at("last_received_at") is None
    return f"{', noticed' if never_heard else ' since'} {short_text(since, raised or since)}"


def _inside(case: Case) -> str:
    if case.lot:
        unit = unit_name(case.site, case.unit, case.context)
        return f", in {unit}" if unit else ""
    return "" if case.lots is None else f", {count_text(len(case.lots), 'lot', 'lots')} inside"


def _lots_inside(case: Case) -> list[str]:
    if not case.lots:
        return []
    return [f"Lots inside ({len(case.lots)}):", *bounded((f"  {lot}" for lot in case.lots), MOST_LOTS)]


def _evidence(case: Case) -> list[str]:
    """What is known, a line each; what isn't has none."""
    evidence = case.evidence
    window = evidence.get("window") or {}
    low, high = limit_text(window.get("low")), limit_text(window.get("high"))
    measured = full_text(case.at("measured_at"))
    reading = case.celsius("celsius")
    confirmed_by = plain(evidence.get("confirmed_by"))
    confirmed = f" ({CONFIRMED_BY.get(confirmed_by, spell_out(confirmed_by))})" if confirmed_by else ""
    confirmed_at = full_text(case.at("confirmed_at"))
    extreme = "Coldest" if case.condition == "temperature_low" else "Warmest"
    return [
        *_labelled("Product", plain(evidence.get("product"))),
        *_labelled("Unit", " ".join(filter(None, (plain(evidence.get("unit_title")), _path(case))))),
        *_labelled("Probe", case.probe),
        *_labelled("Fault", spell_out(plain(evidence.get("fault")))),
        *_labelled("Window", f"{low or 'open'} to {high or 'open'}" if low or high else ""),
        *_labelled("Last value", reading and reading + (f", {measured}" if measured else "")),
        *_labelled(extreme, case.celsius("extreme_celsius")),
        *_labelled("Last heard", full_text(case.at("last_received_at"))),
        *_labelled("Began", full_text(case.at("started_at"))),
        *_labelled("Confirmed", confirmed_at and confirmed_at + confirmed),
        *_labelled("Ended", full_text(case.at("ended_at"))),
        *_labelled("Expires", full_text(case.at("expires_at"))),
        *_labelled("Alarm raised", full_text(case.at("raised_at"))),
    ]


def _path(case: Case) -> str:
    return f"({case.unit_path})" if case.evidence.get("unit_title") and case.unit_path else case.unit_path


def _footer(case: Case, kind: str) -> list[str]:
    return [*_labelled("Page", case.page), f"Message: {case.id} {kind}"]


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
    return [title, *(part for line in listed for part in _wrapped(line, "- "))] if listed else []


def _numbered(steps: Iterable[str]) -> list[str]:
    return [line for place, step in enumerate(steps, 1) for line in _wrapped(step, f"{place}. ")]


def _labelled(label: str, text: str) -> list[str]:
    """``Label: text``, or nothing without a text. Never wrapped: it may be an address or a name to copy."""
    return [f"{label}: {text}"] if text else []


def _wrapped(text: str, prefix: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=prefix,
        subsequent_indent=" " * len(prefix),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _body(*blocks: Sequence[str]) -> str:
    """Blocks of lines with an empty line between them; empty blocks vanish."""
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
