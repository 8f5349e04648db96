"""The pages in a real browser: what they say, that they stay current, and that they fit."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from monitor.core.time.instant import MINUTE
from tests.browser.conftest import Lab

pytestmark = pytest.mark.slow

PAGES = [
    "/",
    "/units/lab1/F03",
    "/units/lab1/F05",
    "/lots",
    "/lots/EXO-2026-021",
    "/lots/EXO-2026-030",
    "/alarms",
    "/docs",
]


def test_a_card_says_its_state_in_words_and_by_a_shape_of_its_own(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    said = {
        "lab1-F03": "Excursion",
        "lab1-F05": "Probe fault",
        "lab2-F01": "No data",
        "lab1-R01": "Warning",
        "lab1-F01": "OK",
    }
    shapes = set()
    for unit, words in said.items():
        card = page.locator(f"#unit-{unit}")
        expect(card.locator(".state")).to_have_text(words)
        shapes.add(card.locator(".state svg").inner_html())
    assert len(shapes) == len(said)
    expect(page.locator("#unit-lab1-F03 .celsius")).to_have_text("−48.0°C")


def test_an_old_temperature_is_never_shown_as_the_present_one(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    silent = page.locator("#unit-lab2-F01")
    expect(silent.locator(".celsius")).to_have_text("– –°C")
    expect(silent.locator(".last")).to_contain_text("last known −80.3\N{NO-BREAK SPACE}°C, 47 min ago")


def test_alarms_come_first_and_worst_first(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    rows = page.locator("#alarms .alarm")
    expect(rows.first).to_contain_text("Critical")
    expect(rows.first).to_contain_text("Eppendorf F740, room 3.16")
    expect(rows.first).to_contain_text("for 42 min")
    assert [row.split()[0] for row in rows.all_inner_texts()] == ["CRITICAL", "ALARM", "ALARM", "WARNING"]
    last = rows.last.bounding_box()
    card = page.locator(".card").first.bounding_box()
    assert last
    assert card
    assert last["y"] < card["y"]


def test_a_wall_of_eight_units_fits_a_screen_without_scrolling(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    expect(page.locator("#link")).to_have_text("live")
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    size = page.locator("#unit-lab1-F01 .celsius").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= 80


def test_a_change_shows_without_loading_the_page_again(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    expect(page.locator("#link")).to_have_text("live")
    page.evaluate("window.mark = 'the same page'; document.querySelector('#unit-lab1-F02').mark = 1")
    lab.view.celsius["lab1/F01"] = -71.3
    lab.view.states["lab1/F01"] = ("warning", "above −72 °C")
    lab.events.publish("unit", {"unit": "lab1/F01"})
    expect(page.locator("#unit-lab1-F01 .celsius")).to_have_text("−71.3°C", timeout=5000)
    expect(page.locator("#unit-lab1-F01 .state")).to_have_text("Warning")
    assert page.evaluate("window.mark") == "the same page"


def test_a_part_that_did_not_change_is_left_alone(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    page.evaluate("document.querySelector('#unit-lab1-F02').mark = 'untouched'")
    lab.view.celsius["lab1/F01"] = -77.7
    lab.events.publish("unit", {"unit": "lab1/F01"})
    expect(page.locator("#unit-lab1-F01 .celsius")).to_have_text("−77.7°C", timeout=5000)
    assert page.evaluate("document.querySelector('#unit-lab1-F02').mark") == "untouched"


def test_ages_tick_on_while_nothing_happens(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    age = page.locator("#unit-lab1-F01 time")
    expect(age).to_have_text(re.compile(r"^\d+ s ago$"))
    first = int(age.inner_text().split()[0])  # 12, or more where the browser was slow to come
    assert first >= 12
    expect(age).to_have_text(re.compile(f"^({first + 2}|{first + 3}) s ago$"), timeout=5000)


def test_a_change_of_another_unit_asks_for_nothing(page: Page, lab: Lab) -> None:
    with page.expect_response("**/fragments/**"):  # the refresh that follows every connection
        page.goto(f"{lab.url}/units/lab1/F01")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/fragments/" in request.url else None)
    lab.events.publish("unit", {"unit": "lab1/F02"})
    page.wait_for_timeout(1500)
    assert asked == []
    lab.view.celsius["lab1/F01"] = -70.5
    lab.events.publish("unit", {"unit": "lab1/F01"})
    expect(page.locator("#head .celsius")).to_have_text("−70.5°C", timeout=5000)
    assert len(asked) == 1


def test_many_changes_are_fetched_at_most_once_a_second(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    expect(page.locator("#link")).to_have_text("live")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/fragments/" in request.url else None)
    for _ in range(30):
        lab.events.publish("unit", {"unit": "lab1/F01"})
        page.wait_for_timeout(100)
    assert 1 <= len(asked) <= 5


def test_a_lost_connection_is_said_loudly_and_ends_when_it_is_back(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    expect(page.locator("#link")).to_have_text("live")
    expect(page.locator("#connection")).to_be_hidden()
    lab.server.stop()
    expect(page.locator("#connection")).to_contain_text("Connection lost since", timeout=5000)
    expect(page.locator("#link")).to_have_text("not live")
    again = Lab(lab.server.port)
    try:
        expect(page.locator("#connection")).to_be_hidden(timeout=10_000)
        expect(page.locator("#link")).to_have_text("live")
    finally:
        again.server.stop()


def test_a_page_that_cannot_be_fetched_says_so(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/lots")
    expect(page.locator("#link")).to_have_text("live")
    page.route("**/fragments/**", lambda route: route.abort("connectionrefused"))
    lab.events.publish("lot", {})
    expect(page.locator("#connection")).to_contain_text("does not answer since", timeout=5000)
    page.unroute("**/fragments/**")
    lab.events.publish("lot", {})
    expect(page.locator("#connection")).to_be_hidden(timeout=5000)


def test_a_chart_is_drawn_with_its_line_broken_at_the_gap(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/units/lab1/F03?range=6h")
    drawn = page.locator("#chart .drawn svg")
    expect(drawn).to_be_visible(timeout=20_000)
    strokes = drawn.locator(".mark-line path[stroke='#0b4f8a']")
    assert strokes.count() == 2
    expect(drawn.get_by_text("Excursion −48.0")).to_be_visible()
    expect(drawn.get_by_text("no data", exact=True)).to_be_visible()
    expect(drawn.get_by_text("local time, UTC+01:00")).to_be_visible()
    expect(page.locator("#chart-words")).to_contain_text("lab1/F03/product: lowest")
    page.get_by_role("link", name="1 h").click()
    expect(page.locator("#chart .drawn svg")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("link", name="1 h")).to_have_attribute("aria-current", "true")


def test_a_chart_is_drawn_again_when_its_unit_changes(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/units/lab1/F01?range=1h")
    expect(page.locator("#chart .drawn svg")).to_be_visible(timeout=20_000)
    page.evaluate("document.querySelector('#chart .drawn').dataset.old = 1")
    lab.view.present += 10 * MINUTE
    lab.events.publish("unit", {"unit": "lab1/F01"})
    expect(page.locator("#chart [data-old]")).to_have_count(0, timeout=20_000)
    expect(page.locator("#chart .drawn svg")).to_be_visible()
    assert page.locator("#chart svg").count() == 1


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [390, 1920])
def test_nothing_scrolls_sideways(page: Page, lab: Lab, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(lab.url + path)
    if path.startswith("/units/"):
        expect(page.locator("#chart .drawn svg")).to_be_visible(timeout=20_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_keyboard_reaches_the_content_and_keeps_its_place_through_a_refresh(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    expect(page.locator("#link")).to_have_text("live")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    link = page.locator("#unit-lab1-F01 a")
    link.focus()
    lab.view.celsius["lab1/F01"] = -78.1
    lab.events.publish("unit", {"unit": "lab1/F01"})
    expect(page.locator("#unit-lab1-F01 .celsius")).to_have_text("−78.1°C", timeout=5000)
    expect(page.locator("#unit-lab1-F01 a")).to_be_focused()


def test_a_page_has_one_heading_and_named_regions(page: Page, lab: Lab) -> None:
    for path in PAGES:
        page.goto(lab.url + path)
        assert page.locator("h1").count() == 1, path
        assert page.locator("main").count() == 1, path
        assert page.locator("img:not([alt])").count() == 0, path
    page.goto(lab.url)
    expect(page.get_by_role("region", name="Open alarms")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("4 open alarms")


def test_times_are_local_to_the_site_with_utc_under_the_pointer(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/lots/EXO-2026-014")
    shown = page.locator(".custody time").first
    expect(shown).to_have_text("13 Oct 12:04 +02:00")
    expect(shown).to_have_attribute("title", "13 Oct 2026 10:04:30 UTC")
    expect(page.locator("time[data-zone='Europe/Berlin']")).to_contain_text("11:04:3")
