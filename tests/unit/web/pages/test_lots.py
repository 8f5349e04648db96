"""Lots and failing units in words: budgets, reasons, expiry, thaws, act by, whatever of it is absent."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.core.fact import tightest_budget
from monitor.core.time.instant import HOUR, format_instant, parse_instant, to_datetime
from monitor.ports import JSON
from monitor.web.pages.zones import Zones
from monitor.words import figures as words
from monitor.words import lot as lot_words
from monitor.words.reason import evidence
from tests.fakes.lab import FakeLab
from tests.fakes.lab_lots import budget
from tests.fakes.view import NOW
from tests.rigs.web_rig import Rig, before, lot, text

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = Zones(FakeLab())
PRESENT = to_datetime(NOW, BERLIN)
LOTS = [lot["lot"] for lot in FakeLab().lots()]


def shown(said: words.Said, place: str | None = "lab1") -> str:
    """A sentence as the lot's page shows it, without its markup."""
    return text(ZONES.said(said, place))


BARE = {"lot", "as_of"}
"""What every lot's JSON has."""


@pytest.fixture
def rig() -> Rig:
    return Rig()


# --- whatever is absent ---


@pytest.mark.parametrize("name", ["EXO-2026-021", "LYO-5"])
def test_a_lot_is_shown_whichever_figure_is_absent(rig: Rig, name: str) -> None:
    for key in sorted(lot(name).keys() - BARE):
        rig.view.changed[name] = {k: v for k, v in lot(name).items() if k != key}
        assert f"Lot {name}" in rig.page(f"/lots/{name}"), key


@pytest.mark.parametrize("key", ["budgets", "effective_expires_at", "custody", "unit", "site", "disposition"])
def test_a_list_of_lots_is_shown_whichever_figure_is_absent(rig: Rig, key: str) -> None:
    rig.view.changed["LYO-5"] = {k: v for k, v in lot("LYO-5").items() if k != key}
    assert "LYO-5" in rig.page("/lots")
    assert "Overview" in rig.page("/")


@pytest.mark.parametrize("name", LOTS)
def test_a_lot_in_any_state_is_shown_with_its_chart_where_there_is_one(rig: Rig, name: str) -> None:
    page = rig.page(f"/lots/{name}")
    answer = rig.get(f"/charts/lots/{name}.json")
    assert ("data-chart" in page) == (answer.status_code == 200)
    assert answer.status_code == (404 if name == "EXO-2026-040" else 200)


@pytest.mark.parametrize("name", LOTS)
def test_a_lot_of_which_only_its_name_is_known_is_not_called_fine(rig: Rig, name: str) -> None:
    rig.view.changed[name] = {k: v for k, v in lot(name).items() if k in BARE}
    page = rig.page(f"/lots/{name}")
    assert "Not judged yet" in page
    assert "No expiry is on record." in page
    assert "Every limit of its profile holds." not in page


@pytest.mark.parametrize("key", ["forecast", "act_by", "act_by_reason", "rescue"])
def test_a_unit_is_shown_though_what_is_to_come_is_absent(rig: Rig, key: str) -> None:
    found = FakeLab().unit("lab1/F03")
    assert found
    rig.view.changed["lab1/F03"] = {k: v for k, v in found.items() if k != key}
    assert "Eppendorf F740" in rig.page("/units/lab1/F03")


# --- budgets ---


@pytest.mark.parametrize(
    ("spent", "limit", "exhausted", "share", "sign", "left"),
    [
        (0, 7_200, False, 0.0, None, "2 h left"),
        (5_760, 7_200, False, 80.0, None, "24 min left"),
        (5_761, 7_200, False, 80.01, "Nearly spent", "23 min 59 s left"),
        (7_200, 7_200, True, 100.0, "Exhausted", "nothing left"),
        (9_999, 7_200, True, 100.0, "Exhausted", "nothing left"),
        (0, 0, False, 0.0, None, "never touched"),
        (0, 0, True, 100.0, "Exhausted", "touched"),
    ],
)
def test_a_budget_says_by_a_sign_and_in_words_how_much_is_left(
    spent: int, limit: int, exhausted: bool, share: float, sign: str | None, left: str
) -> None:
    found = lot_words.bar(
        budget("b", None, None, limit, spent, exhausted_at=before(0) if exhausted else None)
    )
    assert found is not None
    assert round(found.share, 2) == share
    assert (found.sign and found.sign.words) == sign
    assert found.left == left


def test_a_band_without_a_limit_is_a_figure_and_no_bar() -> None:
    cold = budget("cold", None, -90.0, None, 300)
    assert lot_words.bar(cold) is None
    assert [b["band"] for b in lot_words.unlimited(lot())] == ["cold"]
    assert "cold" not in [b["band"] for b in lot_words.limited(lot())]
    assert lot_words.limits(cold) == "up to -90 °C"


def test_a_running_budget_says_when_it_runs_out_at_this_temperature_and_by_the_forecast() -> None:
    said = shown(lot_words.runs_out(lot()["budgets"][0], lot()))
    assert said == "Runs out today 12:51 at −48.0 °C; between today 12:02 and 12:39 by the forecast."
    assert lot_words.runs_out(lot()["budgets"][1], lot()) == ()
    exhausted = {**lot()["budgets"][0], "exhausted_at": before(0)}
    assert lot_words.runs_out(exhausted, lot()) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"celsius": -48.0}, "Runs out today 12:51 at −48.0 °C."),
        ({"celsius": None}, "Runs out today 12:51 if its temperature stays unknown."),
        ({"celsius": None, "unit": None}, "Runs out today 12:51 if it stays out of storage."),
    ],
)
def test_a_running_budget_says_what_it_is_running_for(changes: JSON, said: str) -> None:
    running = {**lot()["budgets"][0], "forecast": None}
    assert shown(lot_words.runs_out(running, lot(**changes))) == said
    old = {key: value for key, value in lot().items() if key != "celsius"}
    assert "at the present temperature" in shown(lot_words.runs_out(running, old))


def tight(*budgets: JSON, **more: object) -> str | None:
    found = tightest_budget({"budgets": list(budgets), **more})
    return None if found is None else str(found["band"])


def test_the_tightest_budget_is_an_exhausted_one_else_the_first_to_run_out_else_the_smallest_share() -> None:
    roomy, small = budget("roomy", 0, 1, 900, 0), budget("small", 1, 2, 7_200, 3_600)
    late = budget("late", 2, 3, 86_400, 10, runs_out_at=before(-9 * HOUR))
    soon = budget("soon", 3, 4, 86_400, 10, forecast={"earliest": None, "likely": before(-HOUR)})
    gone = budget("gone", 4, 5, 60, 60, exhausted_at=before(0))
    untouched = budget("never", 5, 6, 0)
    assert tight(roomy, small, untouched) == "small"
    assert tight(roomy, small, late) == "late"
    assert tight(small, late, soon) == "soon"
    assert tight(small, soon, gone) == "gone"
    assert tight(untouched, budget("cold", None, 0, None)) is None
    assert tight(small, disposition="disposed") is None


# --- instants and intervals ---


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-22T14:40:00Z", "today 15:40"),
        ("2026-11-22T23:00:00Z", "tomorrow 00:00"),
        ("2026-11-21T22:59:00Z", "yesterday 23:59"),
        ("2026-11-24T14:40:00Z", "24 Nov 15:40"),
        ("2027-01-02T14:40:00Z", "2 Jan 2027 15:40"),
    ],
)
def test_an_instant_is_said_by_the_local_day(at: str, said: str) -> None:
    assert words.near(to_datetime(parse_instant(at), BERLIN), PRESENT) == said


@pytest.mark.parametrize(
    ("earliest", "latest", "said"),
    [
        ("2026-11-22T13:10:00Z", "2026-11-22T15:30:00Z", "between today 14:10 and 16:30"),
        ("2026-11-22T22:10:00Z", "2026-11-22T23:30:00Z", "between today 23:10 and tomorrow 00:30"),
        ("2026-11-22T13:10:00Z", None, "not before today 14:10, perhaps never"),
        (None, None, ""),
    ],
)
def test_a_forecast_is_an_interval_and_says_when_it_may_never_happen(
    earliest: str | None, latest: str | None, said: str
) -> None:
    assert shown(words.interval({"earliest": earliest, "likely": earliest, "latest": latest})) == said
    assert words.interval(None) == ()


# --- expiry, thaws, coverage ---


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("EXO-2026-008", ["Good through 30 Jun 2028, by its label."]),
        (
            "EXO-2026-021",
            [
                "Expired: it was good until today 10:59, because a time budget ran out.",
                "Its label says through 30 Jun 2028.",
            ],
        ),
        (
            "EXO-2026-011",
            [
                "Good until today 20:04, because it was first thawed yesterday 20:04.",
                "Its label says until 30 Jun 2028 18:00.",
            ],
        ),
        ("EXO-2026-030", ["Good through 30 Nov 2028, by its label."]),
    ],
)
def test_expiry_is_a_sentence_with_its_reason(name: str, said: list[str]) -> None:
    assert [shown(line, lot_words.place_of(lot(name))) for line in lot_words.expiry(lot(name))] == said


def test_a_lot_is_expired_from_its_instant_on_and_not_before() -> None:
    now = format_instant(NOW)
    changes = {"effective_expires_at": now, "expires_at": now, "as_of": now}
    assert shown(lot_words.expiry(lot(**changes))[0]).startswith("Expired")
    assert shown(lot_words.expiry(lot(**{**changes, "as_of": before(1)}))[0]).startswith("Good")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"thaw_count": 0}, "Thawed 0 of 1 times allowed. The count is certain. It is frozen now."),
        (
            {"thaw_count": 2},
            "Thawed 2 of 1 times allowed: over the limit. The count is certain. It is frozen now.",
        ),
        (
            {"thaw_count": 1, "thaw_limit": None},
            "Thawed 1 time, no limit. The count is certain. It is frozen now.",
        ),
        ({"is_frozen": False}, "Thawed 0 of 1 times allowed. The count is certain. It is thawed now."),
        ({"thaw_count": None}, ""),
        (
            {"thaw_limit": None, "window": {"low": 2.0, "high": 8.0}},
            "Not counted: the product is not kept frozen.",
        ),
    ],
)
def test_thaws_are_counted_of_their_limit_with_how_sure_that_is(changes: JSON, said: str) -> None:
    assert " ".join(map(shown, lot_words.thaws(lot(**changes)))) == said


def test_an_indeterminate_thaw_count_is_never_called_certain() -> None:
    said = " ".join(map(shown, lot_words.thaws(lot("EXO-2026-011"))))
    assert "At least: it may have thawed" in said
    assert "certain" not in said


def test_coverage_below_its_minimum_is_said_in_words(rig: Rig) -> None:
    assert "too little" in rig.page("/lots/EXO-2026-011")
    assert "too little" not in rig.page("/lots/EXO-2026-014")


def test_the_worst_mkt_is_shown_with_its_ends_and_an_absent_one_with_its_reason(rig: Rig) -> None:
    page = text(rig.page("/lots/LYO-5"))
    assert "worst 7.91 °C from 13 Nov 11:04 +01:00 to 14 Nov 11:04 +01:00" in page
    assert "over its limit" not in page
    rig.view.changed["LYO-5"] = lot("LYO-5", mkt_worst={"celsius": 8.01, "from": before(9), "to": before(0)})
    assert "over its limit" in rig.page("/lots/LYO-5")
    assert "none: its window lies below 0 °C" in text(rig.page("/lots/EXO-2026-014"))


def test_a_profile_that_qa_bound_is_shown_with_who_and_why(rig: Rig) -> None:
    page = text(rig.page("/lots/EXO-2026-009"))
    assert "QA bound it to profile ult-80 version 3, by QA, R. Lindqvist" in page
    assert "Reason: Stability study S-12." in page
    assert 'href="/lots/EXO-2026-009-B"' in rig.page("/lots/EXO-2026-009")


# --- reasons ---


def lines(reason: JSON) -> list[str]:
    return [str(ZONES.said(line, "lab1")) for line in evidence(reason)]


def test_a_reason_shows_its_limit_its_readings_and_the_rule() -> None:
    reasons = lot("EXO-2026-021")["reasons"]
    assert [text(line) for line in lines(reasons[0])] == [
        "band warmer (−40 to −20 °C), limit 2 h, spent 2 h, exhausted 10:59 +01:00",
        "reading of lab1/F03/product: −38.20 °C at 10:59 +01:00",
        "by profile ult-80 version 3",
    ]
    assert lines(reasons[1]) == []
    assert '<a href="#excursion-exc-17">' in lines(reasons[2])[-1]


def test_a_reading_leads_to_the_chart_around_it_as_of_the_same_instant(rig: Rig) -> None:
    page = rig.page("/lots/EXO-2026-014", as_of=format_instant(NOW))
    address = "/lots/EXO-2026-014?range=24h&amp;at=2026-11-22T09%3A12%3A30.000Z&amp;as_of=2026-11-22"
    assert address in page
    assert "#chart-head" in page[page.index(address) :].split('"')[0]


@pytest.mark.parametrize(
    ("code", "limit", "said"),
    [
        ("budget_low", 7_200, "limit 2 h"),
        ("mkt_over_limit", 8, "limit 8 °C"),
        ("coverage_low", 0.95, "limit 95 %"),
        ("thaws_over_limit", 1, "limit 1"),
        ("brand_new", 12.5, "limit 12.5"),
        ("budget_low", "two hours", "limit two hours"),
    ],
)
def test_a_limit_is_said_in_the_unit_of_its_reason(code: str, limit: object, said: str) -> None:
    assert [text(line) for line in lines({"code": code, "evidence": {"limit": limit}})] == [said]


def test_each_thaw_that_counts_is_listed_with_its_event() -> None:
    thaws = [
        {"at": "2026-11-20T09:00:00.000Z", "event": None, "since": "2026-11-20T08:50:00.000Z"},
        {"at": "2026-11-21T09:00:00.000Z", "event": "e-9", "since": None},
    ]
    evidence = {"count": 2, "limit": 1, "thaws": thaws}
    said = [text(line) for line in lines({"code": "thaws_over_limit", "evidence": evidence})]
    assert said == [
        "limit 1, counted 2",
        "thawed 20 Nov 10:00 +01:00 (above since 20 Nov 09:50 +01:00), 21 Nov 10:00 +01:00 by event e-9",
    ]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("warm", "Then its time in band warm runs out."),
        ("out_of_storage", "Then its time out of storage runs out."),
        ("already breached", "Already breached."),
    ],
)
def test_a_rescue_says_what_runs_out(what: str, said: str) -> None:
    assert lot_words.runs_out_then(what) == said


def test_evidence_of_any_shape_is_shown_and_never_taken_as_markup(rig: Rig) -> None:
    odd: list[Any] = [
        "<b>words</b>",
        {"note": "<b>x</b>", "readings": ["r1", {"measured_at": "<i>", "celsius": None}], "events": "e<1>"},
        {"from": "soon<", "to": 3, "excursion": "<u>", "profile": "<p>", "started_at": "x<"},
        ["<li>"],
        17,
    ]
    reasons = [{"code": "brand_new", "text": "<script>1</script>", "evidence": each} for each in odd]
    rig.view.changed["EXO-2026-014"] = lot(reasons=reasons)
    page = rig.page("/lots/EXO-2026-014")
    for raw in ("<b>words", "<b>x", "<script>1", "<li></li>", "e<1>", "<u>", "<p>,", "x<", "soon<"):
        assert raw not in page, raw
    assert "&lt;b&gt;words&lt;/b&gt;." in page
    assert "Noted" in page


# --- act by ---


def test_a_failing_unit_says_by_when_to_act_and_a_healthy_one_says_nothing(rig: Rig) -> None:
    page, wall, healthy = rig.page("/units/lab1/F03"), rig.page("/"), rig.page("/units/lab1/F01")
    assert "Act by 12:12" in text(page)
    assert text(page).index("Act by 12:12") < text(page).index("What to move first")
    assert "act by 12:12" in text(wall)
    for said in ("Act by", "When it will cross", "What to move first"):
        assert said in page
        assert said not in healthy
    assert "No forecast" not in healthy


def test_an_excursion_without_a_forecast_says_so(rig: Rig) -> None:
    found = FakeLab().unit("lab1/F03")
    assert found
    rig.view.changed["lab1/F03"] = {**found, "forecast": None}
    page = rig.page("/units/lab1/F03")
    assert "No forecast: its recent readings do not allow a sound one." in page
    assert "When it will cross" not in page


def test_the_past_says_no_time_to_act(rig: Rig) -> None:
    assert "Act by" in rig.page("/lots/EXO-2026-014")
    assert "Act by" not in rig.page("/lots/EXO-2026-014", as_of="2026-11-22T10:00:00Z")
