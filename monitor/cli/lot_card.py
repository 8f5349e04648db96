"""A lot on the screen."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from monitor.cli.output import NONE, celsius, duration, local, percent, print_fields, print_table, words
from monitor.cli.session import Session
from monitor.cli.watching import print_excursions
from monitor.ports import JSON

_LATER = {
    "budgets": "time budgets",
    "thaw_count": "thaws",
    "coverage": "coverage",
    "mkt_celsius": "mean kinetic temperature",
}
"""Figures that may be absent because they aren't computed: a reader must not take silence for "fine"."""


def print_lot(lot: JSON, session: Session, excursions: list[JSON]) -> None:
    """All that the view gives of a lot, in the local time of its site."""
    zone = session.zone(lot["unit"] or lot.get("site"))
    print_fields(_fields(lot, zone))
    if lot.get("reasons"):
        rows = [(words(reason["code"]), reason["text"]) for reason in lot["reasons"]]
        print_table(("Reason", "What"), rows, none="", title="Why")
    if lot.get("budgets"):
        print_table(
            ("Band", "Spent", "Left", "Limit", "Ran out at"), _budgets(lot, zone), none="", title="Budgets"
        )
    stays = [
        (stay["unit"] or "out of storage", local(stay["from"], zone), local(stay["to"], zone) or "now")
        for stay in lot["custody"]
    ]
    print_table(("Unit", "From", "To"), stays, none="It has never been stored.", title="Custody")
    print_excursions(excursions, session, title="Excursions")


def _fields(lot: JSON, zone: ZoneInfo) -> dict[str, object]:
    absent = ", ".join(name for key, name in _LATER.items() if key not in lot)
    thaws = lot.get("thaw_count")
    return {
        "Lot": lot["lot"],
        "Verdict": words(lot.get("verdict")) or "not judged yet",
        "Judged by": ", ".join(lot["judged_by"]) if "judged_by" in lot else None,
        "Not computed": absent or None,
        "As of": local(lot["as_of"], zone),
        "Product": lot["product"],
        "Profile": f"{lot['profile']}, version {lot['profile_version']}",
        "Unit": lot["unit"] or "out of storage",
        "Disposition": words(lot["disposition"]),
        "Expires at": local(lot["expires_at"], zone),
        "Effective expiry": _effective(lot, zone),
        "Quantity": lot.get("quantity"),
        "GTIN": lot.get("gtin"),
        "Lot number": lot.get("lot_number"),
        "Serial": lot.get("serial"),
        "Thaws": None if thaws is None else f"{thaws}{'' if lot['thaw_count_determinate'] else ' or more'}",
        "Coverage": percent(lot.get("coverage")),
        "Unknown": duration(lot.get("unknown_seconds")),
        "Out of storage": duration(lot.get("out_of_storage_seconds")),
        "Lowest": celsius(lot.get("min_celsius")),
        "Highest": celsius(lot.get("max_celsius")),
        "MKT": celsius(lot.get("mkt_celsius")),
        "Without effect": ", ".join(f"{name}: {why}" for name, why in lot.get("without_effect", {}).items())
        or None,
    }


def _effective(lot: JSON, zone: ZoneInfo) -> str | None:
    if lot.get("effective_expires_at") is None:
        return None
    return f"{local(lot['effective_expires_at'], zone)}, by {words(lot.get('expiry_reason')) or NONE}"


def _budgets(lot: JSON, zone: ZoneInfo) -> list[tuple[object, ...]]:
    return [
        (
            budget["band"],
            duration(budget["spent_seconds"]),
            duration(budget["left_seconds"]),
            duration(budget["limit_seconds"]),
            local(budget["exhausted_at"], zone),
        )
        for budget in lot["budgets"]
    ]
