"""What a message says: subject and plain text of an alarm's opening and its closing.

Pure. The subject, repeated as the body's first line, says how bad, what, where and since when; then comes how
long there is to act (only if the alarm knows), what to do first, which lots to move first, the lots inside, the
evidence, and where to look. Sentences are wrapped for a phone; times are the site's own, with their offset from UTC.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitor.core.alarm.condition import LEVELS
from monitor.core.answer.shape import AnyAnswer
from monitor.core.sign.detection import SIGNS
from monitor.core.telling.told import MessageKind
from monitor.words.case import TEMPERATURE, Case, Context, number, page, plain, unit_name, zone_of
from monitor.words.condition import move, why_cleared
from monitor.words.figures import (
    bounded,
    capital,
    count_text,
    degrees,
    full,
    local,
    minutes,
    short,
    spell_out,
    window,
)
from monitor.words.sign import confirmed_by

__all__ = ["Context", "closed", "message", "opened", "shelf_ended"]

WIDTH = 64
MOST_LOTS = 30
MOST_SHELTERS = 3


MOST_CHILDREN = 30


def message(
    kind: MessageKind,
    alarm: AnyAnswer,
    context: Context,
    *,
    others: Sequence[str] = (),
    children: Sequence[AnyAnswer] = (),
) -> tuple[str, str]:
    """Subject and body of what is said of an alarm. ``others``: who else was told, by name; ``children``: the alarms
    that are told as part of it."""
    match kind:
        case "closed":
            return closed(alarm, context)
        case "taken":
            return taken(alarm, context)
        case _:
            return opened(alarm, context, kind=kind, others=others, children=children)


def opened(
    alarm: AnyAnswer,
    context: Context,
    *,
    kind: str = "opened",
    others: Sequence[str] = (),
    children: Sequence[AnyAnswer] = (),
) -> tuple[str, str]:
    """Subject and body for an alarm that has opened; ``again`` with what is new, as a ``reminder`` with how long it
    has gone without an answer."""
    case = Case.of(alarm, context)
    mark = "REMINDER, " if kind == "reminder" else ""
    subject = f"[{mark}{case.level.upper()}] {headline(case)}"
    return subject, body(
        [subject],
        _why_again(case, kind),
        _act_by(case),
        ["What to do first:", *_numbered(first_steps(case))],
        _children(children, context),
        _why(case),
        _rescue(case),
        _lots_inside(case, besides=_rescued(case)),
        wrapped(f"Also told: {', '.join(map(plain, others))}.") if others else [],
        _evidence(case),
        _footer(case, kind),
    )


def first_steps(case: Case) -> list[str]:
    """What to do first, in order."""
    inside = None if case.lots is None else len(case.lots)
    return [step.replace("{move}", move(inside)) for step in case.words.first]


def _why_again(case: Case, kind: str) -> list[str]:
    telling = case.alarm.get("telling") or {}
    why = plain(telling.get("why"))
    if kind == "again" and why:
        return wrapped(f"Told again: {why}.")
    if kind == "reminder":
        return wrapped("Nobody has acknowledged it yet.")
    return []


def _children(children: Sequence[AnyAnswer], context: Context) -> list[str]:
    """The alarms that are told as part of this one, worst first."""
    if not children:
        return []
    worst = sorted(children, key=lambda one: (-LEVELS.index(one["level"]), plain(one.get("subject"))))
    lines = (f"[{one.level.upper()}] {headline(one)}" for one in (Case.of(child, context) for child in worst))
    listed = bounded(lines, MOST_CHILDREN)
    return [f"{len(children)} alarms:", *(part for line in listed for part in wrapped(line, "- "))]


def taken(alarm: AnyAnswer, context: Context) -> tuple[str, str]:
    """Subject and body for those who were told of an alarm that somebody else has acknowledged."""
    case = Case.of(alarm, context)
    said = alarm.get("acknowledgement") or {}
    by = plain(alarm.get("acknowledged_by"))
    subject = f"[TAKEN by {by}] {headline(case)}"
    return subject, body(
        [subject],
        wrapped(f"{by} has acknowledged it {full(case.at('acknowledged_at'))}. It still holds."),
        [*labelled("Reason", plain(said.get("reason"))), *labelled("Done", plain(said.get("action")))],
        _act_by(case),
        _footer(case, "taken"),
    )


def shelf_ended(suppression: AnyAnswer, alarm: AnyAnswer, context: Context) -> tuple[str, str]:
    """Subject and body for the end of a shelf: something is watched again, and how it is now."""
    case = Case.of(alarm, context)
    is_open = alarm.get("cleared_at") is None
    how = "it still holds" if is_open else "it is over"
    subject = f"[WATCHED AGAIN] {case.name}: {case.words.was}, {how}"
    zone = zone_of(case.site, context)
    since = full(local(suppression.get("from"), zone))
    shelved = (
        f"Shelved by {plain(suppression.get('owner'))} since {since}: {plain(suppression.get('reason'))}."
    )
    why = plain(suppression.get("ended_why"))
    return subject, body([subject], wrapped(shelved), labelled("Ended", why), _footer(case, "notice"))


def closed(alarm: AnyAnswer, context: Context) -> tuple[str, str]:
    """Subject and body for an alarm that is over, with the reason; an unnamed reason claims no recovery."""
    case = Case.of(alarm, context)
    reason = plain(case.evidence.get("clear_reason"))
    start, end = case.since, case.at("ended_at", "cleared_at")
    subject = f"[CLOSED] {case.name}: {case.words.was}, {spell_out(reason) or 'closed'}"
    if end is not None:
        subject += f" {short(end, case.at('cleared_at') or end)}"
        if start is not None and reason == "recovered":
            subject += f" after {minutes((end - start).total_seconds())}"
    lots = [*_lots_inside(case), "What it meant for each lot is on its page."] if case.lots else []
    return subject, body(
        [subject],
        wrapped(why_cleared(case.condition, reason, case.level)),
        lots,
        [*_evidence(case), *labelled("Closed", full(case.at("cleared_at")))],
        _footer(case, "closed"),
    )


def headline(case: Case) -> str:
    """What, where, how bad, since when, in one line without the level."""
    happens = case.words.happens
    if case.condition in TEMPERATURE and case.level == "warning":
        happens = happens.replace("too ", "getting ")
    if case.condition == "alarm_flood" and (text := plain(case.evidence.get("text"))):
        return f"{case.name}: {text}{_since(case)}"
    return f"{case.name} {happens}{_how_bad(case)}{_since(case)}{_inside(case)}"


def _how_bad(case: Case) -> str:
    if case.condition in TEMPERATURE:
        now, most = case.celsius("celsius"), case.limit
        return f"{f': {now}' if now else ''}{'' if most is None else f' (limit {degrees(most)})'}"
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
            budgets = left.items() if isinstance(left, Mapping) else ()
            known = [(band, seconds) for band, value in budgets if (seconds := number(value)) is not None]
            return ", ".join(f"{spell_out(plain(band))} {minutes(seconds)} left" for band, seconds in known)
        case "lot_thawed":
            count, last = number(evidence.get("count")), full(case.at("thawed_at"))
            times = "" if count is None or count < 2 else f"{count:g} times, last "
            return f"{times}{last}" if last else ""
        case "lot_breached":
            return ", ".join(spell_out(plain(code)) for code in evidence.get("codes") or ())
        case _:
            return full(case.at("expires_at"))


def _since(case: Case) -> str:
    """Since when; where only the alarm's own instant is known of silence, that it was noticed then."""
    if case.lot and case.at("expires_at", "thawed_at"):
        return ""
    since, raised = case.since, case.at("raised_at")
    if since is None:
        return ""
    never_heard = case.condition == "no_data" and case.at("last_received_at") is None
    return f"{', noticed' if never_heard else ' since'} {short(since, raised or since)}"


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
        line = f"Act by {full(at)}"
    else:
        span = minutes(abs((at - now).total_seconds()))
        how_far = f"in {span}" if at > now else f"{span} ago"
        line = f"Act by {short(at, now)} ({how_far})"
    reason = plain(case.evidence.get("act_by_reason"))
    return [line, *wrapped(capital(reason).rstrip(".") + ".")] if reason else [line]


def _why(case: Case) -> list[str]:
    """What a sign was seen by; or what broke a lot's profile, without product and place, which have their own lines."""
    if case.condition in SIGNS or case.words.says_why:
        text = plain(case.evidence.get("text"))
        return wrapped(f"Why: {text}.") if text else []
    if case.condition != "lot_breached":
        return []
    evidence = case.evidence
    about = f"{plain(evidence.get('product'))}, {plain(evidence.get('unit')) or 'out of storage'}: "
    text = plain(evidence.get("text")).removeprefix(about)
    return wrapped(f"Why: {text}.") if text else []


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
        f"by {short(act_by, case.now or case.at('raised_at'))}" if act_by else "",
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
    measured = full(case.at("measured_at"))
    reading = case.celsius("celsius")
    how = plain(evidence.get("confirmed_by"))
    confirmed = f" ({confirmed_by(how)})" if how else ""
    confirmed_at = full(case.at("confirmed_at"))
    extreme = "Coldest" if case.condition == "temperature_low" else "Warmest"
    return [
        *labelled("Product", plain(evidence.get("product"))),
        *labelled("Unit", " ".join(filter(None, (plain(evidence.get("unit_title")), _path(case))))),
        *labelled("Probe", case.probe),
        *labelled("Fault", spell_out(plain(evidence.get("fault")))),
        *labelled("Window", window(evidence["window"]) if evidence.get("window") else ""),
        *labelled("Last value", reading and reading + (f", {measured}" if measured else "")),
        *labelled(extreme, case.celsius("extreme_celsius")),
        *labelled("Last heard", full(case.at("last_received_at"))),
        *labelled("Began", full(case.at("started_at"))),
        *labelled("Confirmed", confirmed_at and confirmed_at + confirmed),
        *labelled("Ended", full(case.at("ended_at"))),
        *labelled("Thawed", full(case.at("thawed_at"))),
        *labelled("Event", plain(evidence.get("event"))),
        *labelled("Leaves its window", full(case.at("leaves_window_at"))),
        *labelled("Expires", full(case.at("expires_at"))),
        *labelled("Alarm raised", full(case.at("raised_at"))),
    ]


def _path(case: Case) -> str:
    return f"({case.unit_path})" if case.evidence.get("unit_title") and case.unit_path else case.unit_path


def _footer(case: Case, kind: str) -> list[str]:
    return [*labelled("Page", page(case.context, "alarms", case.id)), f"Message: {case.id} {kind}"]


def _numbered(steps: Iterable[str]) -> list[str]:
    return [line for place, step in enumerate(steps, 1) for line in wrapped(step, f"{place}. ")]


def labelled(label: str, text: str) -> list[str]:
    """``Label: text``, or nothing without a text. Never wrapped: it may be an address or a name to copy."""
    return [f"{label}: {text}"] if text else []


def wrapped(text: str, prefix: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=prefix,
        subsequent_indent=" " * len(prefix),
        break_long_words=False,
        break_on_hyphens=False,
    )


def body(*blocks: Sequence[str]) -> str:
    """Blocks of lines with an empty line between them; empty blocks vanish."""
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
