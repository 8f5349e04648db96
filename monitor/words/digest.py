"""A site's digest: what is open, what was over before anybody saw it, who is not watched, lots to look at. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.alarm.condition import LEVELS
from monitor.core.answer.shape import AnyAnswer
from monitor.core.fact import JSON
from monitor.words.case import Case, Context, page, plain, unit_name, zone_of
from monitor.words.figures import bounded, count_text, degrees, full, local, short, spell_out
from monitor.words.message import body, headline, labelled, wrapped

MOST_LISTED = 50
_WORST_FIRST = ("breached", "indeterminate", "at_risk")


def digest(site: str, period: str, contents: JSON, context: Context) -> tuple[str, str]:
    """Subject and body of a site's digest of the local time ``period`` (``2026-11-22T07:00``).

    ``contents``: ``open``, ``past`` (alarms that began and ended before their readings came in), ``unseen``
    (alarms that ended before anybody acknowledged them), ``lots`` (Lot JSON: those within their profile are
    only counted), ``unwatched``, ``calibrations`` [{``channel``, ``due_on``, ``is_overdue``}]; each may be
    absent. With nothing to tell it says so: it is a sign of life too.
    """
    lots = [one for one in contents.get("lots", ()) if one.get("disposition") != "disposed"]
    worrying = sorted((one for one in lots if one.get("verdict") != "within_profile"), key=_urgency)
    still_open, past = sorted(contents.get("open", ()), key=_unanswered_first), contents.get("past", ())
    unseen, unwatched = contents.get("unseen", ()), contents.get("unwatched", ())
    counts = [
        count_text(len(still_open), "open alarm", "open alarms"),
        *([count_text(len(past), "past alarm", "past alarms")] if past else []),
        *([f"{len(unwatched)} not watched"] if unwatched else []),
        f"{count_text(len(worrying), 'lot', 'lots')} to look at",
    ]
    subject = f"[DIGEST] {plain(site)} {period_text(period)}: {', '.join(counts)}"
    due = (calibration_line(one) for one in contents.get("calibrations", ()))
    sections = [
        section("Open now, those that nobody has acknowledged first:", _open_lines(still_open, context)),
        section("Ended before anybody acknowledged them:", map(_past_line, _cases(unseen, context))),
        section("Over before we knew of them (late data):", map(_past_line, _cases(past, context))),
        section("Not watched now:", (plain(one.get("text")) for one in unwatched)),
        section("Lots to look at:", (lot_line(one, site, context) for one in worrying)),
        section("Calibrations due:", due),
    ]
    return subject, body(
        [subject],
        [] if any(sections) else ["Nothing to report."],
        *sections,
        [f"{count_text(len(lots) - len(worrying), 'lot', 'lots')} within profile."] if lots else [],
        labelled("Page", page(context)),
    )


def period_text(period: str) -> str:
    """``2026-11-22T07:00`` as ``2026-11-22 07:00``."""
    return plain(period).replace("T", " ")


def calibration_line(one: AnyAnswer) -> str:
    """``lab1/F01/product: was due on 2026-11-01``."""
    was = "was due on" if one.get("is_overdue") else "is due on"
    return f"{plain(one.get('channel'))}: {was} {plain(one.get('due_on'))}"


def _unanswered_first(alarm: AnyAnswer) -> tuple[bool, int, str]:
    level = alarm.get("level")
    rank = LEVELS.index(level) if level in LEVELS else 0
    return alarm.get("state") != "unacknowledged", -rank, plain(alarm.get("raised_at"))


def _open_lines(alarms: Sequence[AnyAnswer], context: Context) -> Iterable[str]:
    for alarm in alarms:
        case = Case.of(alarm, context)
        by = plain(alarm.get("acknowledged_by")) if alarm.get("state") == "acknowledged" else ""
        yield f"[{case.level.upper()}] {headline(case)}{f' (acknowledged by {by})' if by else ''}"


def _past_line(case: Case) -> str:
    start, end = case.since, case.at("ended_at", "cleared_at")
    extreme, most = case.celsius("extreme_celsius") or case.celsius("celsius"), case.limit
    side = "down to" if case.condition == "temperature_low" else "up to"
    how_bad = f", {side} {extreme}{'' if most is None else f' (limit {degrees(most)})'}" if extreme else ""
    span = f", {full(start)}" if start else ""
    if start and end:
        span += f" to {short(end, start)}"
    return f"{case.name}: {case.words.was}{how_bad}{span}"


def lot_line(lot: AnyAnswer, site: str, context: Context) -> str:
    """``L-7 (Exo-A, in F02): at risk, expires Mon …. Reason. Reason.``"""
    unit_site, _, unit = plain(lot.get("unit")).rpartition("/")
    place = unit_name(unit_site or site, unit, context)
    about = ", ".join(filter(None, (plain(lot.get("product")), f"in {place}" if place else "not in storage")))
    until = local(lot.get("effective_expires_at") or lot.get("expires_at"), zone_of(site, context))
    as_of = local(lot.get("as_of"), zone_of(site, context))
    tense = "expired" if until and as_of and until <= as_of else "expires"
    verdict = spell_out(plain(lot.get("verdict")))
    state = ", ".join(filter(None, (verdict, f"{tense} {full(until)}" if until else "")))
    reasons = (plain(reason.get("text")).rstrip(".") for reason in lot.get("reasons") or ())
    told = ". ".join(filter(None, (state, *reasons)))
    return f"{plain(lot.get('lot'))} ({about})" + (f": {told}." if told else "")


def _urgency(lot: AnyAnswer) -> tuple[int, str, str]:
    """Worst verdict first, then the earliest to expire."""
    verdict = lot.get("verdict")
    rank = _WORST_FIRST.index(verdict) if verdict in _WORST_FIRST else len(_WORST_FIRST)
    return rank, plain(lot.get("effective_expires_at") or lot.get("expires_at")) or "~", plain(lot.get("lot"))


def _cases(alarms: Sequence[AnyAnswer], context: Context) -> Iterable[Case]:
    return (Case.of(alarm, context) for alarm in alarms)


def section(title: str, lines: Iterable[str]) -> list[str]:
    """A title with a bounded list; nothing without lines."""
    listed = bounded(lines, MOST_LISTED)
    return [title, *(part for line in listed for part in wrapped(line, "- "))] if listed else []
