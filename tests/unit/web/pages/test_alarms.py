"""The pages about alarms: what stands on them and in which order, for every state that an alarm can be in."""

from __future__ import annotations

import re
from typing import Any

import pytest

from monitor.core.alarm.machine import State
from monitor.core.time.instant import HOUR, MINUTE, format_instant
from monitor.ports import JSON
from monitor.web.charts.ahead_chart import AFTERWARDS, AHEAD_MOST, Ahead
from monitor.web.pages.alarms import shelf_choices
from monitor.words import alarm as alarm_words
from monitor.words.figures import typeset
from tests.fakes.lab_alarms import fake_alarm, with_story
from tests.fakes.lab_lots import fake_forecast
from tests.fakes.view import NOW
from tests.rigs.web_rig import Rig, before, text


class Alarms(Rig):
    """The pages over alarms that a test makes up."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, JSON] = {}
        self.view.alarm = self.made.get  # type: ignore[method-assign, assignment]

    def show(self, **changes: Any) -> str:
        """The page of an alarm about F03, changed."""
        usual = ("temperature_high", "lab1/F03/product", "critical", 42 * MINUTE, {"celsius": -48.0})
        self.made["a1"] = with_story({**fake_alarm(before, "a1", *usual), **changes})
        return self.page("/alarms/a1")


@pytest.fixture
def rig() -> Alarms:
    return Alarms()


def test_what_matters_comes_first_and_in_the_order_in_which_it_is_needed(rig: Alarms) -> None:
    rig.view.changed.clear()
    child = fake_alarm(before, "a2", "no_data", "lab1/F05/product", "alarm", HOUR, {})
    page = rig.show(children=[child])
    ids = ("head", "act", "rescue", "chart", "steps", "state", "children", "told", "history")
    places = [page.index(f'id="{name}"') for name in ids]
    assert places == sorted(places)


def test_it_says_by_when_to_act_how_far_off_that_is_and_what_to_move_where(rig: Alarms) -> None:
    shown = text(rig.show())
    assert re.search(r"Act by 12:12\s*in 1 h 8 min", shown)
    assert shown.index("EXO-2026-014") < shown.index("EXO-2026-015")
    assert "to lab1/F01 or lab1/F04" in shown
    assert "no healthy unit of its class" in shown


def test_what_is_foreseen_now_goes_before_what_was_when_it_was_raised(rig: Alarms) -> None:
    shown = text(rig.show(act_by=format_instant(NOW + 9 * HOUR)))
    assert "Act by 12:12" in shown
    assert "20:04" not in shown


def test_where_nothing_is_foreseen_now_the_alarms_own_instant_stands(rig: Alarms) -> None:
    unit = rig.view.unit("lab1/F01")
    assert unit is not None
    evidence = {"act_by_reason": "then it leaves its window", "rescue": []}
    act_by = format_instant(NOW + 2 * HOUR)
    shown = text(rig.show(subject="lab1/F01/product", act_by=act_by, evidence=evidence))
    assert "Act by 13:04" in shown
    assert "Then it leaves its window." in shown


def test_without_a_time_to_act_by_it_says_so(rig: Alarms) -> None:
    assert "No time to act by is known" in rig.show(subject="lab1/F01/product")


OFFERED = {
    State.UNACKNOWLEDGED: {"acknowledge", "shelve"},
    State.ACKNOWLEDGED: {"shelve"},
    State.RETURNED_UNACKNOWLEDGED: {"acknowledge"},
    State.LATCHED_UNACKNOWLEDGED: {"acknowledge"},
    State.LATCHED_ACKNOWLEDGED: {"reset"},
    State.NORMAL: set(),
}


@pytest.mark.parametrize("state", State)
def test_in_each_state_it_offers_what_can_be_done_and_nothing_else(rig: Alarms, state: State) -> None:
    cleared_at = None if state in (State.UNACKNOWLEDGED, State.ACKNOWLEDGED) else before(MINUTE)
    page = rig.show(state=state.value, cleared_at=cleared_at)
    assert set(re.findall(r'action="/alarms/a1/(\w+)"', page)) == OFFERED[state]
    assert ("Act by" in page) == (cleared_at is None)


def shelf(**changes: object) -> JSON:
    usual = {"id": "s1", "kind": "shelved", "owner": "M. Keller", "reason": "ice on the seal"}
    return {**usual, "until": format_instant(NOW + HOUR), **changes}


def test_a_shelved_alarm_says_by_whom_until_when_and_why_and_can_be_unshelved(rig: Alarms) -> None:
    page = rig.show(suppression=shelf())
    assert set(re.findall(r'action="/alarms/a1/(\w+)"', page)) == {"acknowledge", "unshelve"}
    assert re.search(r"Shelved\s*until 12:04 \+01:00 by M\. Keller: ice on the seal", text(page))


def test_what_a_unit_is_out_of_service_for_cannot_be_unshelved(rig: Alarms) -> None:
    page = rig.show(suppression=shelf(kind="out_of_service"))
    assert "/unshelve" not in page
    assert "/shelve" not in page
    assert "Out of service" in page


def test_a_child_names_what_it_is_told_as_and_a_flood_lists_its_children(rig: Alarms) -> None:
    rig.made["p1"] = fake_alarm(before, "p1", "power_lost", "lab1", "alarm", HOUR, {})
    assert '<a href="/alarms/p1">Power lost' in rig.show(parent="p1")
    child = fake_alarm(before, "a2", "no_data", "lab1/F05/product", "alarm", HOUR, {})
    page = rig.show(children=[child])
    assert "1 alarm is told as this one" in page
    assert 'href="/alarms/a2"' in page


def test_who_was_told_is_listed_with_what_failed_and_why(rig: Alarms) -> None:
    shown = " ".join(text(rig.show()).split())
    assert "M. Keller by mail" in shown
    assert "not delivered yet, 3 attempts: the server answered 451: try later" in shown


def test_an_alarm_about_no_unit_has_no_curve(rig: Alarms) -> None:
    page = rig.show(condition="influx_lagging", subject="influx", evidence={"text": "12 min behind"})
    assert 'id="chart"' not in page
    assert rig.get("/charts/alarms/a1.json").status_code == 404


def test_an_alarm_about_a_lot_shows_the_unit_that_it_is_in(rig: Alarms) -> None:
    page = rig.show(condition="lot_budget", subject="EXO-2026-014", evidence={})
    assert 'href="/lots/EXO-2026-014"' in page
    assert 'href="/units/lab1/F03"' in page
    assert 'data-chart="/charts/alarms/a1.json?"' in page


def test_an_unknown_alarm_is_not_found(rig: Alarms) -> None:
    assert rig.get("/alarms/none").status_code == 404


def test_pages_that_may_not_act_name_the_command_instead(rig: Alarms) -> None:
    wired = rig.client.app.state.wiring  # type: ignore[attr-defined]
    rig.client.app.state.wiring = type(wired)(  # type: ignore[attr-defined]
        **{name: getattr(wired, name) for name in wired.__slots__} | {"page_actions": False}
    )
    page = rig.show()
    assert "<form" not in page
    assert "exosome-monitor alarms ack" in page


# --- the curve ----------------------------------------------------------------------------------------------


def test_the_curve_has_twelve_hours_and_what_lies_ahead(rig: Alarms) -> None:
    rig.show()
    found = rig.get("/charts/alarms/a1.json").json()["datasets"]
    local = NOW + HOUR  # Berlin in winter
    assert min(point["at"] for point in found["line"]) < local - 11 * HOUR - 50 * MINUTE
    assert [point["celsius"] for point in found["foreseen"]] == [-48.0, -40.0]
    assert found["act"] == [{"at": local + 68 * MINUTE}]
    assert found["excursions"]


def test_the_curve_of_an_alarm_that_is_over_ends_an_hour_after_it_and_foresees_nothing(rig: Alarms) -> None:
    rig.show(state="normal", cleared_at=before(5 * HOUR))
    found = rig.get("/charts/alarms/a1.json").json()["datasets"]
    assert max(point["at"] for point in found["line"]) <= NOW + HOUR - 4 * HOUR
    assert "foreseen" not in found


def test_a_picture_stands_in_where_no_scripts_run(rig: Alarms) -> None:
    page = rig.show()
    assert '<img src="/charts/alarms/a1.svg"' in page
    answer = rig.get("/charts/alarms/a1.svg", scheme="dark")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.startswith("<svg")


def test_what_lies_far_ahead_does_not_squeeze_what_was_measured() -> None:
    forecast = fake_forecast(before)
    soon = Ahead(NOW, forecast, before(-68 * MINUTE))
    assert soon.end == NOW + 68 * MINUTE + AFTERWARDS
    assert Ahead(NOW, forecast, before(-20 * HOUR)).end <= NOW + AHEAD_MOST
    assert Ahead(NOW, None, None).end == NOW
    late = {**forecast, "crossings": [{"limit": 0.0, "what": "band warm", "likely": before(-20 * HOUR)}]}
    assert Ahead(NOW, late, None).datasets(0)["crossings"] == []


# --- words --------------------------------------------------------------------------------------------------


def test_a_headline_has_true_minus_signs_and_figures_that_hold_together() -> None:
    found = typeset("F-2 too warm: -48.2 °C (limit -60 °C), L-2 h inside, 3 lots inside")
    shown = found.replace("\N{NO-BREAK SPACE}", "~")
    assert shown == "F-2 too warm: −48.2~°C (limit −60~°C), L-2 h inside, 3 lots inside"


def test_an_alarm_is_shelved_no_longer_than_until_somebody_must_have_acted() -> None:
    def choices(act_by: str | None, most_for: int = 12 * HOUR) -> list[str]:
        return [one.value for one in shelf_choices(NOW, act_by, most_for)]

    assert choices(None) == ["30m", "1h", "2h", "4h"]
    act_by = before(-68 * MINUTE)
    assert choices(act_by) == ["30m", "1h", act_by]
    assert choices(before(MINUTE)) == []
    assert choices(before(-24 * HOUR)) == [
        "30m",
        "1h",
        "2h",
        "4h",
    ]  # beyond what is allowed: it isn't offered
    assert choices(before(-12 * HOUR))[-1] == before(-12 * HOUR)
    assert choices(None, 2 * HOUR) == ["30m", "1h", "2h"]
    assert choices(act_by, HOUR) == ["30m", "1h"]
    assert choices(None, 10 * MINUTE) == ["10m"]
    assert choices(before(-5 * MINUTE), 10 * MINUTE) == [before(-5 * MINUTE)]


# --- who isn't watched --------------------------------------------------------------------------------------


def unwatched(*reasons: str) -> list[JSON]:
    return [
        {
            "subject": "lab1/F01",
            "reason": reason,
            "text": f"it is {reason}",
            "since": before(HOUR),
            "until": format_instant(NOW + HOUR) if reason == "shelved" else None,
            "by": "M. Keller" if reason == "shelved" else None,
            "id": "s7" if reason == "shelved" else None,
            "alarm": "a1" if reason == "shelved" else None,
        }
        for reason in reasons
    ]


@pytest.mark.parametrize(
    "path", ["/", "/units/lab1/F01", "/lots", "/alarms", "/unwatched", "/alarm-health", "/docs"]
)
def test_the_number_is_on_the_top_line_of_every_page(rig: Alarms, path: str) -> None:
    rig.view.unwatched = lambda: unwatched("shelved", "silent", "uncalibrated")  # type: ignore[method-assign]
    page = rig.page(path)
    assert '<a class="unwatched some urgent" href="/unwatched"><b>3</b> not watched</a>' in page


def test_a_calibration_that_is_due_is_no_alarm_by_itself(rig: Alarms) -> None:
    rig.view.unwatched = lambda: unwatched("uncalibrated")  # type: ignore[method-assign]
    assert 'class="unwatched some"' in rig.page("/")
    rig.view.unwatched = list  # type: ignore[method-assign]
    assert "everything is watched" in rig.page("/")


def test_who_is_held_back_can_be_watched_again_and_who_is_silent_can_not(rig: Alarms) -> None:
    rig.view.unwatched = lambda: unwatched("silent", "shelved")  # type: ignore[method-assign]
    page = rig.page("/unwatched")
    shown = " ".join(text(page).split())
    assert page.count('action="/suppressions/s7/end"') == 1
    assert shown.index("Shelved Thermo") < shown.index("Silent Thermo")
    assert re.search(r"until 12:04 \+01:00, by M\. Keller", shown)
    assert 'href="/alarms/a1"' in page


def test_a_lot_that_is_not_judged_keeps_its_name_and_says_what_to_do(rig: Alarms) -> None:
    why = "nobody judges it. Decide nothing by its verdict"
    lot = {"subject": "EXO-1", "reason": "judging_failed", "text": f"EXO-1: {why}", "since": before(HOUR)}
    rig.view.unwatched = lambda: [lot]  # type: ignore[method-assign]
    shown = " ".join(text(rig.page("/unwatched")).split())
    assert f"Not judged EXO-1 N{why[1:]}. Since" in shown


def test_why_says_what_a_person_gave_as_reason_and_of_which_condition() -> None:
    given = {**unwatched("shelved")[0], "why": "ice on the seal", "condition": "temperature_high"}
    assert alarm_words.why_unwatched(given) == "Too warm: ice on the seal"
    silent = {**unwatched("silent")[0], "text": "lab1/F01: never heard"}
    assert alarm_words.why_unwatched(silent) == "never heard"


# --- alarm health -------------------------------------------------------------------------------------------


def test_health_has_each_figure_with_its_target_and_says_what_misses_it(rig: Alarms) -> None:
    shown = " ".join(text(rig.page("/alarm-health")).split())
    assert re.search(r"Pages a week for the person told most .* 1\.25 at most 1 Too much", shown)
    assert re.search(r"Drills that nobody answered .*1 of 4 none Too much", shown)
    assert re.search(r"Time in floods .* 0 % at most 1 % Good", shown)
    assert "Held back: shelved 4 h." in shown


def test_health_is_there_as_json_and_refuses_a_span_that_is_not_offered(rig: Alarms) -> None:
    found = rig.get("/api/v1/alarm-health", weeks="2").json()
    assert found["weeks"] == 2
    assert found["total"]["chattering"] == 1
    assert found["targets"]["pages_per_person_week"] == 1
    assert {one["unit"] for one in found["units"]} == {"lab1/F03", "lab1/R01", "lab2/F01"}
    assert rig.get("/api/v1/alarm-health", weeks="0").status_code == 422
    assert rig.get("/api/v1/alarm-health", week="2").status_code == 422


def test_the_list_of_alarms_the_unit_and_the_lot_lead_to_an_alarms_page(rig: Alarms) -> None:
    for path in ("/alarms", "/units/lab1/F03", "/lots/EXO-2026-014"):
        assert 'href="/alarms/alm-41"' in rig.page(path)
    assert 'href="/alarms/alm-43"' not in rig.page("/lots/EXO-2026-014")
