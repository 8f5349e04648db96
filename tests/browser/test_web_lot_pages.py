"""A lot's page and a failing unit's in a real browser: what comes first, what is drawn, and that all can read it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from monitor.core.time.instant import MINUTE, format_instant
from tests.browser.conftest import Lab
from tests.fakes.view import NOW

pytestmark = pytest.mark.slow

LOT_PAGES = [
    "/lots/EXO-2026-014",
    "/lots/EXO-2026-009",
    "/lots/EXO-2026-011",
    "/lots/LYO-5",
    "/lots/EXO-2026-040",
    "/lots/EXO-2026-001",
]
FAINT = """() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const share = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * share(r) + 0.7152 * share(g) + 0.0722 * share(b);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const found = parts(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const wrong = [];
  for (const e of document.querySelectorAll("main *:not(svg, svg *)")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility()) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.7 && style.fontWeight >= 700) ? 3 : 4.5;
    const [a, b] = [light(parts(style.color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < needed) wrong.push(`${ratio.toFixed(2)}: ${e.className} ${e.textContent.trim().slice(0, 40)}`);
  }
  return wrong;
}"""
"""What is too faint to read by WCAG 2.2, 1.4.3 (AA): each text against the nearest opaque ground behind it."""


def chart(page: Page) -> None:
    expect(page.locator("#chart .drawn svg")).to_be_visible(timeout=20_000)


def test_act_by_comes_first_and_is_the_largest_text_of_the_page(page: Page, lab: Lab) -> None:
    for path in ("/units/lab1/F03", "/lots/EXO-2026-014"):
        page.goto(lab.url + path)
        act = page.get_by_role("region", name="Act by")
        expect(act.locator("b")).to_have_text("Act by 12:12")
        expect(act.locator(".left")).to_have_text("in 67 min", timeout=5_000)
        size = act.locator("b").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
        assert size > page.locator("h1").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
        for later in page.locator("main section h2").all():
            heading, banner = later.bounding_box(), act.bounding_box()
            assert heading
            assert banner
            assert heading["y"] > banner["y"]


def test_a_time_to_act_that_has_passed_is_said_to_have_passed(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/units/lab1/F03")
    past = format_instant(NOW - 5 * MINUTE)
    page.locator(".act .left").evaluate("(e, at) => e.setAttribute('datetime', at)", past)
    expect(page.locator(".act .left")).to_have_text("passed 5 min ago", timeout=5_000)


def test_a_unit_that_recovers_loses_its_banner_and_keeps_its_chart(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/units/lab1/F03")
    chart(page)
    page.evaluate("document.querySelector('#chart').mark = 'the same'")
    healthy = {"forecast": None, "act_by": None, "act_by_reason": None, "rescue": []}
    lab.view.ahead = lambda unit: healthy  # type: ignore[method-assign]
    lab.events.publish("unit", {"unit": "lab1/F03"})
    expect(page.locator(".act")).to_have_count(0, timeout=5_000)
    assert page.evaluate("document.querySelector('#chart').mark") == "the same"


def test_a_rescue_names_the_lots_in_order_and_where_to_take_each(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/units/lab1/F03")
    rows = page.get_by_role("region", name="What to move first").get_by_role("listitem")
    lots = ["EXO-2026-014", "EXO-2026-015", "EXO-2026-021"]
    assert [row.locator(".lot").inner_text() for row in rows.all()] == lots
    expect(rows.nth(0)).to_contain_text("to lab1/F01 or lab1/F04")
    expect(rows.nth(1)).to_contain_text("no healthy unit of its class")
    rows.nth(0).get_by_role("link", name="lab1/F04").click()
    expect(page.locator("h1")).to_have_text("Eppendorf F740, corridor")


def test_a_forecast_names_each_limit_with_its_interval(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/units/lab1/F03")
    rows = page.get_by_role("region", name="When it will cross").locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("−40 °C")
    expect(rows.nth(0)).to_contain_text("between today 12:02 and 12:39")
    expect(rows.nth(1)).to_contain_text("perhaps never")


def test_a_spent_budget_is_told_by_words_and_a_shape_and_a_full_bar(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/lots/EXO-2026-021")
    row = page.get_by_role("region", name="Time budgets").get_by_role("listitem").filter(has_text="warmer")
    expect(row.locator(".sign")).to_have_text("Exhausted")
    expect(row.locator(".sign svg")).to_be_visible()
    widths = row.locator(".bar rect").evaluate_all("all => all.map((e) => e.getBoundingClientRect().width)")
    assert widths[0] == pytest.approx(widths[1])
    half = page.get_by_role("region", name="Time budgets").get_by_role("listitem").filter(has_text="out of")
    rail, spent = half.locator(".bar rect").evaluate_all(
        "all => all.map((e) => e.getBoundingClientRect().width)"
    )
    assert spent / rail == pytest.approx(95 / 1_800, abs=0.005)


def test_a_curve_changes_with_custody_and_names_each_place(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/lots/MSC-77?range=all")
    chart(page)
    drawn = page.locator("#chart .drawn svg")
    expect(drawn.get_by_text("lab1/F02", exact=True)).to_be_visible()
    expect(drawn.get_by_text("lab1/L01", exact=True)).to_be_visible()
    assert drawn.locator(".mark-line path[stroke='#0b4f8a']").count() == 2
    expect(page.locator("#chart-words")).to_contain_text(
        re.compile("lab1/F02 .* then out of storage; then lab1/L01")
    )


def test_a_reading_of_a_reason_leads_to_the_chart_around_it(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/lots/EXO-2026-014")
    page.locator(".reasons .evidence", has_text="readings of").get_by_role("link").first.click()
    expect(page.get_by_role("link", name="24 h")).to_have_attribute("aria-current", "true")
    chart(page)
    assert page.locator("#chart .drawn svg .mark-rule line[stroke='#3b4754']").count() == 1
    expect(page.locator(".around")).to_contain_text("Around 10:12 +01:00")
    page.get_by_role("link", name="Show the latest").click()
    chart(page)
    assert page.locator("#chart .drawn svg .mark-rule line[stroke='#3b4754']").count() == 0


def test_an_excursion_named_by_a_reason_is_on_the_page(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/lots/EXO-2026-014")
    target = page.get_by_role("link", name="excursion exc-17").get_attribute("href")
    expect(page.locator(f"tr{target}")).to_contain_text("Excursion, too warm")


def test_a_card_of_a_failing_unit_says_by_when_to_act(page: Page, lab: Lab) -> None:
    page.goto(lab.url)
    expect(page.locator("#unit-lab1-F03")).to_contain_text("act by 12:12")
    assert page.locator(".card .by").count() == 1


def test_the_list_of_lots_shows_verdict_tightest_budget_and_expiry(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/lots")
    row = page.locator("tr", has_text="EXO-2026-021")
    expect(row).to_contain_text("Breached")
    expect(row).to_contain_text("Exhausted: nothing left")
    expect(row).to_contain_text("expired, was good until today 10:59")
    expect(page.locator("tr", has_text="LYO-5")).to_contain_text("7 h 40 min left")


@pytest.mark.parametrize("path", LOT_PAGES)
def test_a_lot_in_any_state_fits_a_phone(page: Page, lab: Lab, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(lab.url + path)
    if page.locator("#chart").count():
        chart(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(browser: Browser, lab: Lab, scheme: str) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    for path in ("/", "/units/lab1/F03", "/lots", "/lots/EXO-2026-021", "/lots/EXO-2026-011", "/alarms"):
        page.goto(lab.url + path)
        assert page.evaluate(FAINT) == [], path
    context.close()
