"""A lot on the screen: the verdict and why first, then what storage did to it, then what it is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from monitor.cli.lot import lot_words
from monitor.cli.output import celsius, duration, local, print_fields, print_table, window, words
from monitor.cli.session import Session
from monitor.cli.watching import print_excursions
from monitor.core.time.instant import SECOND, parse_instant
from monitor.ports import JSON


def print_lot(lot: JSON, session: Session, excursions: list[JSON]) -> None:
    """All that the view gives of a lot, in the local time of its site."""
    zone = session.zone(lot["unit"] or lot["site"])
    print_fields(_head(lot, zone))
    if lot["reasons"]:
        print_table(("Makes it", "Why"), lot_words.reason_rows(lot, zone), none="")
    budgets = [
        (
            lot_words.band_words(budget),
            lot_words.bar(budget) or " ",
            lot_words.spent_words(budget),
            lot_words.left_words(budget) or " ",
            lot_words.end_words(budget, zone) or " ",
        )
        for budget in lot["budgets"]
    ]
    print_table(
        ("Budget", "", "Spent", "Left", "If all stays so"), budgets, none="Its profile has no budgets."
    )
    print_fields(_figures(lot, zone) | _about(lot, zone))
    stays = [
        (
            stay["unit"] or "out of storage",
            local(stay["from"], zone),
            local(stay["to"], zone) or "now",
            length,
        )
        for stay, length in zip(lot["custody"], _lengths(lot), strict=True)
    ]
    none = "It has never been stored."
    print_table(("Unit", "From", "To", "For"), stays, none=none, title="Custody")
    print_excursions(excursions, session, title="Excursions")


def _head(lot: JSON, zone: ZoneInfo) -> dict[str, object]:
    return {
        "Verdict": words(lot["verdict"]),
        "Lot": lot["lot"],
        "Product": lot["product"],
        "Where": _place(lot),
        "Disposition": words(lot["disposition"]),
        "Good until": lot_words.expiry_words(lot, zone),
        "Act by": lot_words.act_by_words(lot, zone),
        "As of": local(lot["as_of"], zone),
    }


def _place(lot: JSON) -> str:
    if lot["disposition"] == "disposed":
        return "disposed of"
    return lot["unit"] or ("out of storage" if lot["custody"] else "not stored yet")


def _figures(lot: JSON, zone: ZoneInfo) -> dict[str, object]:
    """What storage did to it."""
    return {
        "Thaws": lot_words.thaw_words(lot, zone),
        "Coverage": lot_words.coverage_words(lot),
        "Known": duration(lot["known_seconds"]),
        "Unknown": duration(lot["unknown_seconds"]),
        "Pending": duration(lot["pending_seconds"]) if lot["pending_seconds"] else None,
        "Out of storage": duration(lot["out_of_storage_seconds"]),
        "Lowest": celsius(lot["min_celsius"]),
        "Highest": celsius(lot["max_celsius"]),
        "Near a limit": lot_words.near_limit_words(lot),
        "MKT": lot_words.mkt_words(lot),
        "Worst MKT": lot_words.worst_words(lot, zone),
    }


def _about(lot: JSON, zone: ZoneInfo) -> dict[str, object]:
    """What it is, and by which rules it is judged."""
    without_effect = ", ".join(f"{name}: {why}" for name, why in lot["without_effect"].items())
    return {
        "Profile": f"{lot['profile']}, version {lot['profile_version']}",
        "Bound": lot_words.bound_words(lot, zone),
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
        "Aliquots": ", ".join(lot["children"]) or None,
        "Without effect": without_effect or None,
    }


def _lengths(lot: JSON) -> list[str | None]:
    """How long each stay was, up to the instant judged."""
    starts = [parse_instant(stay["from"]) for stay in lot["custody"]]
    ends = [parse_instant(stay["to"] or lot["as_of"]) for stay in lot["custody"]]
    return [duration((end - start) / SECOND) for start, end in zip(starts, ends, strict=True)]
