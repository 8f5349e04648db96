"""A lot on a terminal: the verdict and why first, then what storage did to it, then what it is."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from monitor.cli.output import local, print_fields, print_table, said, small, words
from monitor.cli.session import Session
from monitor.cli.watching import print_excursions
from monitor.core.answer.excursion import ExcursionAnswer
from monitor.core.answer.lot import BudgetAnswer, LotAnswer
from monitor.words import lot as lot_words
from monitor.words.figures import Said, celsius, span, window
from monitor.words.reason import evidence, reason_sign
from monitor.words.sign import verdict_sign

CELLS = 10
"""Of a budget's bar."""


def print_lot(lot: LotAnswer, session: Session, excursions: list[ExcursionAnswer]) -> None:
    """All that the view gives of a lot, in the local time of its site."""
    zone = session.zone(lot_words.place_of(lot))
    print_fields(_head(lot, zone))
    if lot["reasons"]:
        print_table(("Makes it", "Why"), _reasons(lot, zone), none="")
    budgets = [_budget(budget, lot, zone) for budget in lot["budgets"]]
    columns = ("Budget", "", "Spent", "Left", "When")
    print_table(columns, budgets, none="Its profile has no budgets.")
    print_fields(_figures(lot, zone) | _about(lot, zone))
    stays = [
        (
            stay["unit"] or "out of storage",
            local(stay["from"], zone),
            local(stay["to"], zone) if stay["to"] else "now",
            span(stay["seconds"]),
        )
        for stay in lot_words.stays(lot)
    ]
    none = "It has never been stored."
    print_table(("Unit", "From", "To", "For"), stays, none=none, title="Custody")
    print_excursions(excursions, session, title="Excursions")


def _reasons(lot: LotAnswer, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """What each reason makes of the lot and why, followed by what it rests on, a line each."""
    for reason in lot["reasons"]:
        yield small(reason_sign(reason)), reason["text"]
        for line in evidence(reason):
            yield " ", f"  {said(line, zone)}"


def _budget(budget: BudgetAnswer, lot: LotAnswer, zone: ZoneInfo) -> tuple[str, str, str, str, str]:
    bar = lot_words.bar(budget)
    if bar is None:
        return (
            lot_words.band_text(budget),
            " ",
            f"{span(budget['spent_seconds'])}, {lot_words.NO_LIMIT}",
            " ",
            " ",
        )
    when = said(lot_words.end(budget, lot), zone)
    return lot_words.band_text(budget), cells(bar), bar.spent, bar.left, when or " "


def cells(bar: lot_words.Bar) -> str:
    """What is spent of a budget, as ten cells. Only an exhausted one is full; the first ms shows."""
    share = int(CELLS * bar.share / 100)
    full = CELLS if bar.sign is lot_words.EXHAUSTED else min(max(share, 1 if bar.share else 0), CELLS - 1)
    return "█" * full + "░" * (CELLS - full)


def _sentences(lines: list[Said], zone: ZoneInfo) -> str:
    return " ".join(said(line, zone) for line in lines)


def _head(lot: LotAnswer, zone: ZoneInfo) -> dict[str, object]:
    act_by = None if lot.get("act_by") is None else f"{local(lot['act_by'], zone)}: {lot['act_by_reason']}"
    return {
        "Verdict": small(verdict_sign(lot)),
        "Lot": lot["lot"],
        "Product": lot["product"],
        "Where": lot_words.where(lot),
        "Disposition": words(lot["disposition"]),
        "Expiry": _sentences(lot_words.expiry(lot), zone),
        "Act by": act_by,
        "As of": local(lot["as_of"], zone),
    }


def _figures(lot: LotAnswer, zone: ZoneInfo) -> dict[str, object]:
    """What storage did to it."""
    return {
        "Thaws": _sentences(lot_words.thaws(lot), zone),
        "Coverage": lot_words.coverage(lot),
        "Time in storage": lot_words.known_time(lot),
        "Out of storage": span(lot["out_of_storage_seconds"]),
        "Lowest": celsius(lot["min_celsius"], 2),
        "Highest": celsius(lot["max_celsius"], 2),
        "Near a limit": lot_words.near_limit(lot),
        "Mean kinetic temperature": lot_words.mkt(lot),
        "Worst of it": said(lot_words.mkt_worst(lot), zone),
    }


def _about(lot: LotAnswer, zone: ZoneInfo) -> dict[str, object]:
    """What it is, and by which rules it is judged."""
    without_effect = ", ".join(f"{name}: {why}" for name, why in lot["without_effect"].items())
    return {
        "Profile": f"{lot['profile']}, version {lot['profile_version']}",
        "Bound": said(lot_words.bound(lot), zone),
        "Storage class": lot["storage_class"],
        "Window": window(lot["window"]),
        "Label": local(lot["expires_at"], zone),
        "Registered": local(lot["registered_at"], zone),
        "Disposed of": local(lot["disposed_at"], zone),
        "Quantity": lot["quantity"],
        "GTIN": lot["gtin"],
        "Lot number": lot["lot_number"],
        "Serial": lot["serial"],
        "Aliquot of": lot["parent"],
        "Aliquots": ", ".join(lot["children"]),
        "Without effect": without_effect,
    }
