"""The page of an alarm in a real browser, on a phone's screen: taking it with one hand, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from monitor.core.time.instant import MINUTE
from monitor.web.server import WebServer
from tests.browser.conftest import Lab
from tests.rigs.alarms_rig import AlarmsRig

pytestmark = pytest.mark.slow

PHONE = {"width": 390, "height": 844}
SMALL = {"width": 360, "height": 640}
ALARM = "/alarms/alm-41"
TARGET = 44.0
"""The least size of what is tapped, in px: WCAG 2.5.5."""


class Served:
    """The pages over a real writer with a real alarm, in a real browser on a phone."""

    def __init__(self, rig: AlarmsRig, server: WebServer, browser: Browser) -> None:
        self.rig = rig
        self.url = server.url
        self._browser = browser

    def phone(self, *, scripts: bool = True) -> Page:
        """A phone that has never been here."""
        context = self._browser.new_context(viewport=PHONE, java_script_enabled=scripts, has_touch=True)
        return context.new_page()

    def open(self, page: Page) -> None:
        """Opens the alarm's page."""
        page.goto(f"{self.url}/alarms/{self.rig.id}")


@pytest.fixture
def served(tmp_path: Path, browser: Browser) -> Iterator[Served]:
    rig = AlarmsRig(tmp_path)
    server = WebServer(rig.app, "127.0.0.1", 0)
    server.start()
    yield Served(rig, server, browser)
    for context in browser.contexts:
        context.close()
    server.stop()
    rig.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_an_alarm_is_taken_on_a_phone(served: Served, scripts: bool) -> None:
    page = served.phone(scripts=scripts)
    served.open(page)
    expect(page.locator("#head")).to_contain_text("not acknowledged")
    page.get_by_label("Your name").first.fill("M. Keller")
    page.locator("#take summary").tap()
    page.get_by_label("What you did").fill("closed the door")
    page.get_by_role("button", name="Acknowledge").tap()
    expect(page.locator("#take")).to_contain_text("Acknowledged by M. Keller")
    expect(page.locator("#state")).to_contain_text("closed the door")
    found = served.rig.alarm()
    assert (found["state"], found["acknowledged_by"]) == ("acknowledged", "M. Keller")
    assert found["acknowledgement"]["how"] == "web"
    assert found["acknowledgement"]["action"] == "closed the door"


def test_the_next_alarm_takes_one_tap_because_the_device_knows_the_name(served: Served) -> None:
    page = served.phone()
    served.open(page)
    page.get_by_label("Your name").first.fill("M. Keller")
    page.get_by_role("button", name="Acknowledge").tap()
    expect(page.locator("#take")).to_contain_text("Acknowledged by")
    page.get_by_role("link", name="Shelve").tap()
    expect(page.locator("#shelve").get_by_label("Your name")).to_have_value("M. Keller")


def test_what_is_refused_says_why_in_words_and_leads_back(served: Served) -> None:
    page = served.phone()
    served.open(page)
    served.rig.cool()
    served.rig.act("acknowledge", {"by": "A. Oyelaran"})
    page.get_by_label("Your name").first.fill("M. Keller")
    page.get_by_role("button", name="Acknowledge").tap()
    expect(page.locator("h1")).to_contain_text("it is over already")
    page.get_by_role("link", name="Back to the alarm").tap()
    expect(page.locator("#take")).to_contain_text("Over")
    assert served.rig.alarm()["acknowledged_by"] == "A. Oyelaran"


def test_it_is_shelved_named_on_every_page_and_watched_again(served: Served) -> None:
    page = served.phone()
    served.open(page)
    page.locator("#shelve summary").tap()
    form = page.locator("#shelve form")
    form.get_by_label("Your name").fill("M. Keller")
    form.get_by_label("Reason").fill("ice on the seal")
    form.get_by_role("radio", name="1 h", exact=True).check()
    form.get_by_role("button", name="Shelve").tap()
    expect(page.locator("#state")).to_contain_text("by M. Keller: ice on the seal")
    assert served.rig.alarm()["suppression"]["owner"] == "M. Keller"
    page.locator(".unwatched").tap()
    row = page.locator("#found li", has_text="ice on the seal")
    row.locator("summary").tap()
    row.get_by_label("Your name").fill("M. Keller")
    row.get_by_role("button", name="End it").tap()
    expect(page.locator("#found li", has_text="ice on the seal")).to_have_count(0)
    assert served.rig.alarm()["suppression"] is None


def test_what_is_typed_survives_what_changes_around_it(page: Page, lab: Lab) -> None:
    page.set_viewport_size(PHONE)
    page.goto(lab.url + ALARM)
    expect(page.locator("#link")).to_have_text("live")
    page.locator("#shelve summary").click()
    reason = page.locator("#shelve").get_by_label("Reason")
    reason.press_sequentially("defrosting")
    lab.view.present += 31 * MINUTE  # an hour from now is now past the time to act by: the choices change
    lab.view.celsius["lab1/F03"] = -45.0
    lab.events.publish("readings", {"count": 1})
    expect(page.locator("#head")).to_contain_text("−45.0", timeout=5000)
    expect(reason).to_have_value("defrosting")
    expect(reason).to_be_focused()
    assert page.locator("#shelve details").get_attribute("open") is not None


def test_act_by_counts_down_and_the_curve_shows_what_is_coming(page: Page, lab: Lab) -> None:
    page.set_viewport_size(PHONE)
    page.goto(lab.url + ALARM)
    left = page.locator("#act time.left")
    expect(left).to_have_text("in 67 min")  # the server's clock stands at 68, the page's goes on
    drawn = page.locator("#chart .drawn svg")
    expect(drawn).to_be_visible(timeout=20_000)
    expect(drawn.get_by_text("now", exact=True)).to_be_visible()
    expect(drawn.get_by_text("Excursion −48.0")).to_be_visible()
    expect(page.locator("#chart-words")).to_contain_text("It is expected to cross −40 °C")


@pytest.mark.parametrize("size", [PHONE, SMALL], ids=["390", "360"])
def test_a_thumb_reaches_the_button_wherever_the_page_is_scrolled_to(
    page: Page, lab: Lab, size: dict[str, int]
) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.goto(lab.url + ALARM)
    button = page.get_by_role("button", name="Acknowledge")
    for down in (0, 700, 100_000):
        page.evaluate(f"window.scrollTo(0, {down})")
        box = button.bounding_box()
        assert box
        assert box["y"] > size["height"] / 2
        assert box["y"] + box["height"] <= size["height"]
        assert box["height"] >= TARGET


@pytest.mark.parametrize("path", [ALARM, "/alarms/alm-42", "/alarms/alm-30", "/unwatched", "/alarm-health"])
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_scrolls_sideways(page: Page, lab: Lab, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(lab.url + path)
    if path.startswith("/alarms/"):
        expect(page.locator("#chart .drawn svg")).to_be_visible(timeout=20_000)
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", [ALARM, "/unwatched"])
def test_what_is_tapped_is_large_and_has_a_name(page: Page, lab: Lab, path: str) -> None:
    page.set_viewport_size(SMALL)  # type: ignore[arg-type]
    page.goto(lab.url + path)
    for summary in page.locator("summary").all():
        summary.click()
    for field in page.locator(
        "main :is(input:not([type=hidden], [type=radio]), button, summary, .choice)"
    ).all():
        box = field.bounding_box()
        assert box
        assert box["height"] >= TARGET, field.inner_html()
    unnamed = page.locator("main input:not([type=hidden])").evaluate_all(
        "fields => fields.filter(field => !field.labels.length).map(field => field.outerHTML)"
    )
    assert unnamed == []
    assert page.locator("h1").count() == 1
    assert page.locator("section:not([aria-label], [aria-labelledby]):not(:empty)").all_inner_texts() == []


CONTRAST = """() => {
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const found = parse(getComputedStyle(one).backgroundColor);
      if (found[3] > 0.99) return found;
    }
    return [255, 255, 255, 1];
  };
  const poor = [];
  for (const element of document.querySelectorAll("main *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest("svg, noscript, .hidden")) continue;
    const style = getComputedStyle(element), a = light(parse(style.color)), b = light(behind(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${element.className} ${element.textContent.trim().slice(0, 40)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [ALARM, "/alarms/alm-42", "/unwatched", "/alarm-health"])
def test_every_text_stands_out_from_what_is_behind_it(
    browser: Browser, lab: Lab, path: str, scheme: str
) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.goto(lab.url + path)
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate(CONTRAST) == []
    finally:
        context.close()


def test_at_night_no_large_area_is_bright(browser: Browser, lab: Lab) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme="dark")
    try:
        page = context.new_page()
        page.goto(lab.url + ALARM)
        colours = page.locator("body, main section, main header, main button").evaluate_all(
            "all => all.map(one => getComputedStyle(one).backgroundColor)"
        )
        for colour in colours:
            parts = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")]
            assert len(parts) == 4 or sum(parts) / 3 < 128, colour
    finally:
        context.close()


def test_a_keyboard_takes_an_alarm(page: Page, lab: Lab) -> None:
    page.goto(lab.url + ALARM)
    name = page.get_by_label("Your name").first
    name.focus()
    outline = name.evaluate("one => getComputedStyle(one).outlineWidth")
    assert float(outline.removesuffix("px")) >= 2
    page.keyboard.type("M. Keller")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Acknowledge")).to_be_focused()


def test_without_scripts_the_curve_is_a_picture(browser: Browser, lab: Lab) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(lab.url + ALARM)
        picture = page.get_by_role("img", name="The temperature of Eppendorf F740, room 3.16")
        expect(picture).to_be_visible()
        assert picture.evaluate("one => one.complete && one.naturalWidth > 0")
        expect(page.get_by_role("link", name="load it again")).to_be_visible()
        expect(page.locator("#act")).to_contain_text("in 1 h 8 min")
    finally:
        context.close()
