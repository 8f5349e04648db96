"""Alarms answered in every way, with the whole program: a mail's link, the page, the API, commands."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitor.core.time.instant import HOUR, MINUTE, format_instant, parse_instant
from tests.rigs.server.program import Inbox, Monitor, Mosquitto, Stopping, wait_until

pytestmark = pytest.mark.slow

UNITS = ("F01", "F02", "F03")


@pytest.fixture
def stopping() -> Iterator[Stopping]:
    everything = Stopping()
    yield everything
    everything.stop()


def now() -> int:
    return time.time_ns() // 1_000_000


def warming() -> list[str]:
    """An hour and a half of a freezer that failed in a room of 20 °C: out of its window for 40 minutes, and on."""
    first_at = now() // MINUTE * MINUTE - 90 * MINUTE
    celsius = [round(20 - 98 * math.exp(-i / 240), 2) for i in range(91)]
    return [
        json.dumps({"measured_at": format_instant(first_at + i * MINUTE), "celsius": value, "seq": i})
        for i, value in enumerate(celsius)
    ]


class Site:
    """The program with three freezers that fail, a lot in each, and Anna told by mail."""

    def __init__(self, folder: Path, stopping: Stopping) -> None:
        broker = stopping.add(Mosquitto(folder))
        broker.start()
        self.inbox = stopping.add(Inbox())
        self.monitor = stopping.add(Monitor(folder, broker, mail=self.inbox))
        self.monitor.environment["EXOSOME_MONITOR__WEB__EXTERNAL_URL"] = self.monitor.url  # of links in mails
        self.monitor.start()
        stored_at = format_instant(now() - 2 * HOUR)
        for unit in UNITS:
            options = ["--product", "EV", "--profile", "ult-80", "--unit", f"lab1/{unit}", "--at", stored_at]
            self.monitor.command("lots", "register", f"L-{unit}", *options, "--expires-on", "2099-01-01")
            broker.publish(f"exosome/v1/lab1/{unit}/product/reading", warming())

    def alarm_of(self, unit: str) -> str:
        """The id of the open alarm of a unit that is too warm."""
        query = f"/alarms?open=true&condition=temperature_high&unit=lab1/{unit}"
        return str(wait_until(lambda: self.monitor.get(query), 60.0, f"an alarm of {unit}")[0]["id"])

    def link_of(self, alarm: str) -> str:
        """The link in the mail that Anna got about an alarm."""

        def found() -> list[str]:
            texts = [str(mail.get_body(("plain",)).get_content()) for mail in self.inbox.mails]
            links = [link for text in texts for link in re.findall(r"https?://\S+/a/[\w-]+", text)]
            of_it = f'href="/alarms/{alarm}"'
            return [link for link in links if of_it in httpx.get(link, timeout=10.0).text]

        return str(wait_until(found, 60.0, f"a mail with a link about {alarm}")[0])

    def api(self, path: str, body: Any) -> httpx.Response:
        """A change through the API, with the token of the file beside the store."""
        way_in = json.loads(Path(f"{self.monitor.database}.token").read_text())
        headers = {"Authorization": f"Bearer {way_in['token']}"}
        return httpx.post(f"{self.monitor.url}/api/v1{path}", json=body, headers=headers, timeout=30.0)

    def refusal(self, *arguments: str) -> str:
        """What a command that is refused says."""
        command = [sys.executable, "-m", "monitor", *arguments]
        environment = self.monitor.environment
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 1, done.stderr
        return done.stderr

    def taken(self, alarm: str) -> dict[str, Any]:
        """Who has an alarm, and how it is on record."""
        found = self.monitor.get(f"/alarms/{alarm}")
        assert found["state"] == "acknowledged"
        by = found["acknowledged_by"]
        assert [one["reason"] for one in found["history"] if "acknowledged" in one["reason"]] == [
            f"acknowledged by {by}"
        ]
        return dict(found["acknowledgement"])


def test_alarms_are_answered_by_api_command_page_and_link_and_who_did_is_on_record(
    tmp_path: Path, stopping: Stopping
) -> None:
    site = Site(tmp_path, stopping)
    monitor = site.monitor
    by_api, by_command, by_link = (site.alarm_of(unit) for unit in UNITS)

    answer = site.api(
        f"/alarms/{by_api}/acknowledge", {"by": "M. Keller", "reason": "door", "action": "shut it"}
    )
    assert answer.status_code == 200, answer.text
    taken = site.taken(by_api)
    assert (taken["by"], taken["reason"], taken["action"], taken["how"]) == (
        "M. Keller",
        "door",
        "shut it",
        "api",
    )

    said = monitor.command("alarms", "ack", by_command, "--by", "ben", "--action", "moved the lots")
    assert said.startswith(f"acknowledged by ben: {by_command}")
    assert (site.taken(by_command)["how"], site.taken(by_command)["action"]) == ("cli", "moved the lots")

    link = site.link_of(by_link)
    for method in ("GET", "HEAD", "GET"):
        assert httpx.request(method, link, timeout=10.0).status_code == 200
    assert monitor.get(f"/alarms/{by_link}")["state"] == "unacknowledged"
    pressed = httpx.post(link, data={"action": "on my way"}, follow_redirects=True, timeout=30.0)
    assert "anna acknowledged it" in pressed.text
    assert (site.taken(by_link)["by"], site.taken(by_link)["how"]) == ("anna", "link")
    assert "anna had acknowledged it" in monitor.command("alarms", "ack", by_link, "--by", "ben")

    shown = monitor.json("alarms", "show", by_link)
    assert shown["told"][0]["recipient"] == "anna"
    assert shown["acknowledgement"]["action"] == "on my way"


def test_the_pages_form_acknowledges_and_a_form_of_another_site_does_not(
    tmp_path: Path, stopping: Stopping
) -> None:
    site = Site(tmp_path, stopping)
    alarm = site.alarm_of("F01")
    page = f"{site.monitor.url}/alarms/{alarm}"
    with httpx.Client(timeout=30.0, headers={"accept": "text/html"}) as browser:
        text = browser.get(page).text
        csrf = re.search(r'name="csrf" value="([^"]+)"', text)
        assert csrf is not None
        fields = {"csrf": csrf[1], "by": "M. Keller"}
        evil = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        assert browser.post(f"{page}/acknowledge", data=fields, headers=evil).status_code == 403
        assert browser.post(f"{page}/acknowledge", data={"by": "M. Keller"}).status_code == 403
        assert site.monitor.get(f"/alarms/{alarm}")["state"] == "unacknowledged"
        own = {"origin": site.monitor.url, "sec-fetch-site": "same-origin"}
        answer = browser.post(f"{page}/acknowledge", data=fields, headers=own)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/alarms/{alarm}")
        assert "M. Keller" in browser.get(page).text
    assert site.taken(alarm)["how"] == "web"


def test_a_shelf_is_bounded_and_what_is_held_back_is_listed_whether_the_program_runs_or_not(
    tmp_path: Path, stopping: Stopping
) -> None:
    site = Site(tmp_path, stopping)
    monitor = site.monitor
    alarm = site.alarm_of("F01")
    shelve = ("alarms", "shelve", alarm, "--by", "anna", "--reason", "defrosting")

    assert "at most" in site.refusal(*shelve, "--for", "13h")  # [alerting] shelve_max is 12 h
    act_by = wait_until(lambda: monitor.get("/units/lab1/F01")["act_by"], 30.0, "a forecast")
    assert now() < parse_instant(act_by) < now() + 11 * HOUR
    assert "somebody must have acted by" in site.refusal(*shelve, "--for", "11h")
    answer = site.api(f"/alarms/{alarm}/shelve", {"by": "anna", "reason": "defrosting", "for": "11h"})
    assert answer.status_code == 409
    assert "must have acted by" in answer.json()["error"]["text"]
    assert monitor.get("/suppressions") == []

    monitor.command(*shelve, "--for", "10m")
    assert monitor.get(f"/alarms/{alarm}")["suppression"]["owner"] == "anna"
    until = format_instant(now() + HOUR)
    monitor.command("alarms", "suppress", "lab1/R01", "--reason", "service", "--by", "ben", "--until", until)

    def held_back() -> set[tuple[str, str]]:
        rows = json.loads(monitor.command("alarms", "unwatched", "--json", expect=1))
        return {(one["subject"], one["reason"]) for one in rows if one["reason"] in ("shelved", "suppressed")}

    both = {("lab1/F01/product", "shelved"), ("lab1/R01", "suppressed")}
    assert held_back() == both
    monitor.stop()
    assert held_back() == both
    assert monitor.command("alarms", "unshelve", alarm, "--by", "ben").startswith("ended by ben")
    (kept,) = monitor.json("alarms", "suppressions")
    monitor.command("alarms", "end", kept["id"], "--by", "ben")
    assert "there is no alarm" in site.refusal("alarms", "ack", "a999", "--by", "ben")
    monitor.command("alarms", "ack", alarm, "--by", "ben")
    monitor.start()
    assert monitor.get("/suppressions") == []
    assert {one["ended_by"] for one in monitor.get("/suppressions?all=true")} == {"ben"}
    assert site.taken(alarm)["by"] == "ben"
