"""A site's weekly summary for QA: what left its limits, how well it was watched, how soon people answered. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.core.answer.shape import AnyAnswer
from monitor.core.fact import JSON
from monitor.words.case import Context, number, page, plain, zone_of
from monitor.words.digest import calibration_line, lot_line, period_text, section
from monitor.words.figures import celsius, count_text, full, local, minutes, percent, short, spell_out
from monitor.words.message import body, labelled


def summary(site: str, period: str, contents: JSON, context: Context) -> tuple[str, str]:
    """Subject and body of a site's week for QA.

    ``contents``: ``since``, ``until``; ``excursions`` (with ``is_late``); ``lots``; ``coverage`` [{``unit``, ``title``,
    ``coverage``}]; ``alarms`` [{``unit``, ``count``, ``past``, ``acknowledged``, ``never_acknowledged``,
    ``median_seconds``, ``longest_seconds``}], ``alarms_cut``; ``suppressions`` (with ``seconds`` of this time);
    ``calibrations`` as in a digest; ``drills`` [{``person``, ``raised_at``, ``outcome``, ``by``, ``seconds``}].
    """
    lots = [one for one in contents.get("lots", ()) if one.get("disposition") != "disposed"]
    worrying = [one for one in lots if one.get("verdict") != "within_profile"]
    excursions, alarms = contents.get("excursions", ()), contents.get("alarms", ())
    zone = zone_of(site, context)
    since, until = local(contents.get("since"), zone), local(contents.get("until"), zone)
    raised = sum(one["count"] for one in alarms)
    subject = (
        f"[WEEK] {plain(site)} {period_text(period)}: {count_text(len(excursions), 'excursion', 'excursions')}, "
        f"{count_text(raised, 'alarm', 'alarms')}, {count_text(len(worrying), 'lot', 'lots')} to look at"
    )
    span = f"From {full(since)} to {full(until)}." if since and until else ""
    cut = ["Only the newest alarms are counted: there were too many."] if contents.get("alarms_cut") else []
    due = (calibration_line(one) for one in contents.get("calibrations", ()))
    return subject, body(
        [subject],
        [span] if span else [],
        section("Confirmed excursions:", (_excursion_line(one, site, context) for one in excursions))
        or ["No excursion was confirmed."],
        section("Lots to look at:", (lot_line(one, site, context) for one in worrying)),
        [f"{count_text(len(lots) - len(worrying), 'lot', 'lots')} within profile."] if lots else [],
        section(
            "Known time of each unit, the least first:", map(_coverage_line, contents.get("coverage", ()))
        ),
        section("Alarms by unit:", map(_alarms_line, alarms)),
        cut,
        section("Held back:", map(_held_back_line, contents.get("suppressions", ()))),
        section("Drills:", _drill_lines(contents.get("drills", ()))),
        section("Calibrations due:", due),
        labelled("Page", page(context)),
    )


def _excursion_line(one: AnyAnswer, site: str, context: Context) -> str:
    """``F01/product: up to -48.2 °C, Sun 2026-11-22 03:12 +01:00 to 05:10 +01:00``."""
    zone = zone_of(site, context)
    start, end = local(one.get("started_at"), zone), local(one.get("ended_at"), zone)
    side = "down to" if one.get("direction") == "low" else "up to"
    extreme = number(one.get("extreme_celsius"))
    until = f" to {short(end, start)}" if end else ", open"
    late = " (of before; came to be known by late data)" if one.get("is_late") else ""
    how = "" if extreme is None else f" {side} {celsius(extreme)},"
    return f"{plain(one.get('channel'))}:{how} {full(start)}{until}{late}"


def _coverage_line(one: AnyAnswer) -> str:
    share = number(one.get("coverage"))
    text = "nothing to count yet" if share is None else percent(share)
    return f"{plain(one.get('unit'))}: {text}"


def _alarms_line(one: AnyAnswer) -> str:
    """``lab1/F01: 3 alarms, 2 acknowledged (typically after 4 min, at most 9 min), 1 never``."""
    parts = [count_text(one["count"], "alarm", "alarms")]
    if one["acknowledged"]:
        usual, most = (minutes(one[key]) for key in ("median_seconds", "longest_seconds"))
        parts.append(f"{one['acknowledged']} acknowledged (typically after {usual}, at most {most})")
    if one["never_acknowledged"]:
        parts.append(f"{one['never_acknowledged']} not acknowledged")
    if one["past"]:
        parts.append(f"{one['past']} past")
    return f"{plain(one['unit'])}: {', '.join(parts)}"


def _held_back_line(one: AnyAnswer) -> str:
    """``lab1/F01: suppressed for 3 h by anna: defrosting``."""
    condition = spell_out(plain(one.get("condition")))
    subject = f"{plain(one.get('subject'))}{f' ({condition})' if condition else ''}"
    length = minutes(one["seconds"])
    kind = spell_out(plain(one.get("kind")))
    return f"{subject}: {kind} for {length} by {plain(one.get('owner'))}: {plain(one.get('reason'))}"


def _drill_lines(drills: Iterable[AnyAnswer]) -> list[str]:
    return [f"{plain(one.get('person'))}: {_outcome(one)}" for one in drills]


def _outcome(one: AnyAnswer) -> str:
    seconds, by, person = number(one.get("seconds")), plain(one.get("by")), plain(one.get("person"))
    if seconds is not None:
        whom = "" if by == person else f", by {by}"
        return f"answered after {minutes(seconds)}{whom}"
    match one.get("outcome"):
        case "unanswered":
            return "NOT ANSWERED until the next was due"
        case "open":
            return "not answered yet"
        case _:
            return "ended: not drilled any more"
