"""What a message says: subject and plain text of an alarm's opening, its closing, and the morning digest.

Pure. The subject, repeated as the body's first line, says how bad, what, where and since when; then comes how
long there is to act (only if the alarm knows), what to do first, which lots to move first, the lots inside, the
evidence, and where to look. Sentences are wrapped for a phone; times are the site's own, with their offset from UTC.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
    number,
    page,
    plain,
    short_text,
    span_text,
    unit_name,
    zone_of,
)
from monitor.alerting.wording import CONFIRMED_BY, move, spell_out, why_cleared
from monitor.core.instant import SECOND
from monitor.core.sign.detection import SIGNS
from monitor.ports import JSON

__all__ = ["Context", "closed", "digest", "opened"]

WIDTH = 64
MOST_LOTS = 30
MOST_LISTED = 50
MOST_SHELTERS = 3
_WORST_FIRST = ("breached", "indeterminate", "at_risk")


def opened(alarm: JSON, context: Context) -> tuple[str, str]:
    """Subject and body for an alarm that has opened."""
    case = Case.of(alarm, context)
    subject = f"[{case.level.upper()}] {_headline(case)}"
    inside = None if case.lots is None else len(case.lots)
    steps = [step.replace("{move}", move(inside)) for step in case.wording.first]
    return subject, _body(
        [subject],
        _act_by(case),
        ["What to do first:", *_numbered(steps)],
        _why(case),
        _rescue(case),
        _lots_inside(case, besides=_rescued(case)),
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
    if case.condition in SIGNS:
        return _how_bad_a_sign(case)
    told = _how_bad_a_lot(case) if case.lot else ""
    return f": {told}" if told else ""


def _how_bad_a_sign(case: Case) -> str:
    """The temperature, and how it moves; of a probe that is stuck, which and at what."""
    evidence, now = case.evidence, case.celsius("celsius")
    if case.condition == "flat_line":
        parts = [part for part in (case.probe, now) if part]
        return f" ({', '.join(parts)})" if parts else ""
    rate, drift = number(evidence.get("rate_per_hour")), number(evidence.get("drift_per_day"))
    moves = f"{rate:+.1f} °C/h" if rate is not None else f"{drift:+.2f} °C a day" if drift is not None else ""
    parts = [part for part in (now, moves) if part]
    return f": {', '.join(parts)}" if parts else ""


def _how_bad_a_lot(case: Case) -> str:
    """When it expires, what is left of its budgets, how often it thawed, or how its profile was broken."""
    evidence = case.evidence
    match case.condition:
        case "lot_budget":
            left = evidence.get("left_seconds")
            found = left.items() if isinstance(left, Mapping) else ()
            known = [(band, seconds) for band, value in found if (seconds := number(value)) is not None]
            return ", ".join(
                f"{spell_out(plain(band))} {span_text(int(seconds * SECOND))} left" for band, seconds in known
            )
        case "lot_thawed":
            count, last = number(evidence.get("count")), full_text(case.at("thawed_at"))
            times = "" if count is None or count < 2 else f"{count:g} times, last "
            return f"{times}{last}" if last else ""
        case "lot_breached":
            return ", ".join(spell_out(plain(code)) for code in evidence.get("codes") or ())
        case _:
            return full_text(case.at("expires_at"))


def _since(case: Case) -> str:
    """Since when; where only the alarm's own instant is known of silence, that it was noticed then."""
    if case.lot and case.at("expires_at", "thawed_at"):
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


def _act_by(case: Case) -> list[str]:
    """By when somebody must have acted, how far off that is, and what happens then."""
    at, now = case.at("act_by"), case.now
    if at is None:
        return []
    if now is None:
        line = f"Act by {full_text(at)}"
    else:
        how_far = f"in {duration_text(now, at)}" if at > now else f"{duration_text(at, now)} ago"
        line = f"Act by {short_text(at, now)} ({how_far})"
    reason = plain(case.evidence.get("act_by_reason"))
    return [line, *_wrapped(reason[:1].upper() + reason[1:].rstrip(".") + ".")] if reason else [line]


def _why(case: Case) -> list[str]:
    """What a sign was seen by; or what broke a lot's profile, without product and place, which have their own lines."""
    if case.condition in SIGNS:
        text = plain(case.evidence.get("text"))
        return _wrapped(f"Why: {text}.") if text else []
    if case.condition != "lot_breached":
        return []
    evidence = case.evidence
    about = f"{plain(evidence.get('product'))}, {plain(evidence.get('unit')) or 'out of storage'}: "
    text = plain(evidence.get("text")).removeprefix(about)
    return _wrapped(f"Why: {text}.") if text else []


def _rescue_rows(case: Case) -> list[Mapping[str, Any]]:
    """The lots in the order in which to move them, if that was worked out."""
    rows = case.evidence.get("rescue")
    return [one for one in rows if isinstance(one, Mapping)] if isinstance(rows, list | tuple) else []


def _rescued(case: Case) -> frozenset[str]:
    return frozenset(plain(row.get("lot")) for row in _rescue_rows(case)[:MOST_LOTS])


def _rescue(case: Case) -> list[str]:
    """Which lots to move first: by when, where to, and why there."""
    rows = _rescue_rows(case)
    if not rows:
        return []
    more = len(rows) - MOST_LOTS
    return [
        "Move the lots in this order:",
        *_numbered(_rescue_line(case, row) for row in rows[:MOST_LOTS]),
        *([f"... and {more} more: see the page"] if more > 0 else []),
    ]


def _rescue_line(case: Case, row: Mapping[str, Any]) -> str:
    """``L-7, by 05:40 +01:00, to lab1/F01 or lab1/F04. Why.``"""
    act_by = local(row.get("act_by"), zone_of(case.site, case.context))
    to = row.get("to")
    units = [plain(unit) for unit in to[:MOST_SHELTERS]] if isinstance(to, list | tuple) else []
    parts = [
        plain(row.get("lot")),
        f"by {short_text(act_by, case.now or case.at('raised_at'))}" if act_by else "",
        f"to {' or '.join(units)}" if units else "",
    ]
    why = plain(row.get("why")).rstrip(".")
    return f"{', '.join(filter(None, parts))}.{f' {why}.' if why else ''}"


def _lots_inside(case: Case, besides: frozenset[str] = frozenset()) -> list[str]:
    """The lots in the unit; ``besides`` those that are named already."""
    lots = [lot for lot in case.lots or () if lot not in besides]
    if not lots:
        return []
    title = "Other lots inside" if besides else "Lots inside"
    return [f"{title} ({len(lots)}):", *bounded((f"  {lot}" for lot in lots), MOST_LOTS)]


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
        *_labelled("Thawed", full_text(case.at("thawed_at"))),
        *_labelled("Event", plain(evidence.get("event"))),
        *_labelled("Leaves its window", full_text(case.at("leaves_window_at"))),
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
