"""The forms of the pages: what they do, under whose name, and what another site can't do with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from monitor.core.time.instant import HOUR, format_instant, format_local
from tests.rigs.alarms_rig import AlarmsRig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[AlarmsRig]:
    made = AlarmsRig(tmp_path)
    yield made
    made.close()


def refused(rig: AlarmsRig, answer: httpx.Response, status: int, said: str) -> None:
    """It is a page for a person that says why, and nothing was changed."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert said in answer.text
    assert (rig.alarm()["state"], rig.alarm()["shelved_until"]) == ("unacknowledged", None)


def test_a_form_acknowledges_by_name_and_leads_back_to_the_alarm(rig: AlarmsRig) -> None:
    answer = rig.form("acknowledge", by=" M. Keller ", reason="door", action="closed it")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/alarms/{rig.id}")
    taken = rig.alarm()["acknowledgement"]
    assert (taken["by"], taken["reason"], taken["action"], taken["how"]) == (
        "M. Keller",
        "door",
        "closed it",
        "web",
    )


def test_forms_shelve_unshelve_and_reset(rig: AlarmsRig) -> None:
    assert rig.form("shelve", by="anna", reason="work", **{"for": "2h"}).status_code == 303
    assert rig.alarm()["shelved_until"] == format_instant(rig.clock.now() + 2 * HOUR)
    assert rig.form("unshelve", by="anna").status_code == 303
    assert rig.alarm()["shelved_until"] is None
    refused(rig, rig.form("reset", by="anna"), 409, "still holds")


@pytest.mark.parametrize(
    ("what", "fields", "status", "said"),
    [
        ("acknowledge", {}, 422, "write your name"),
        ("acknowledge", {"by": "   "}, 422, "write your name"),
        ("shelve", {"by": "anna", "for": "2h"}, 409, "needs a reason"),
        ("shelve", {"by": "anna", "reason": "x"}, 422, "when it ends"),
        ("shelve", {"by": "anna", "reason": "x", "for": "99d"}, 409, "at most"),
        ("unshelve", {"by": "anna"}, 409, "shelved"),
    ],
)
def test_a_form_that_lacks_something_is_answered_in_words(
    rig: AlarmsRig, what: str, fields: dict[str, str], status: int, said: str
) -> None:
    refused(rig, rig.form(what, **fields), status, said)


def test_the_page_offers_no_longer_shelf_than_is_allowed(tmp_path: Path) -> None:
    rig = AlarmsRig(tmp_path, shelve_max=HOUR)
    page = rig.client.get(f"/alarms/{rig.id}", headers={"accept": "text/html"}).text
    assert re.findall(r'name="for" value="([^"]*)"', page) == ["30m", "1h"]
    rig.close()


@pytest.mark.parametrize("accept", ["text/html", "*/*", ""])
def test_a_refused_form_is_answered_with_a_page_in_the_local_time_of_the_alarm(
    rig: AlarmsRig, accept: str
) -> None:
    answer = rig.form("shelve", {"accept": accept}, by="anna", reason="x", **{"for": "99d"})
    most = rig.clock.now() + 12 * HOUR
    refused(rig, answer, 409, f"until {format_local(most, ZoneInfo('Europe/Berlin'))} at most")
    assert format_instant(most) not in answer.text
    asked = rig.form("shelve", {"accept": "application/json"}, by="anna", reason="x", **{"for": "99d"})
    assert asked.json()["error"]["code"] == "refused"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8080.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("what", ["acknowledge", "reset", "shelve", "unshelve"])
def test_a_form_of_another_site_changes_nothing_even_with_the_right_token(
    rig: AlarmsRig, what: str, headers: dict[str, str]
) -> None:
    answer = rig.form(what, headers, by="anna", reason="x", **{"for": "1h"})
    refused(rig, answer, 403, "another site")


@pytest.mark.parametrize("csrf", ["", "guessed", "é"])
def test_a_form_without_the_token_of_this_process_changes_nothing(rig: AlarmsRig, csrf: str) -> None:
    refused(rig, rig.form("acknowledge", csrf=csrf, by="anna"), 403, "load the page again")


def test_each_process_has_a_token_of_its_own(rig: AlarmsRig, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = AlarmsRig(tmp_path / "other")
    assert len({rig.csrf, other.csrf}) == 2
    assert rig.csrf not in repr(rig.app.state.wiring)
    other.close()


def test_behind_a_proxy_the_external_name_is_ours_too(tmp_path: Path) -> None:
    rig = AlarmsRig(tmp_path, external_url="https://monitor.lab.example/")
    headers = {"origin": "https://monitor.lab.example"}
    assert rig.form("acknowledge", headers, by="anna").status_code == 303
    rig.close()


def test_what_is_not_a_form_or_too_long_is_refused(rig: AlarmsRig) -> None:
    path = f"/alarms/{rig.id}/acknowledge"
    headers = {"accept": "text/html"}
    body = {"csrf": rig.csrf, "by": "anna"}
    refused(rig, rig.client.post(path, json=body, headers=headers), 415, "not a form")
    refused(rig, rig.form("acknowledge", by="anna", reason="x" * 20_000), 413, "bytes")
    refused(
        rig, rig.form("acknowledge", by="anna", **{f"f{i}": "" for i in range(40)}), 422, "can&#39;t be read"
    )


def test_page_actions_can_be_turned_off(tmp_path: Path) -> None:
    rig = AlarmsRig(tmp_path, page_actions=False)
    refused(rig, rig.form("acknowledge", by="anna"), 403, "command line")
    assert rig.act("acknowledge", {"by": "anna"}).status_code == 200
    rig.close()


def test_an_alarm_that_is_not_there_is_said_so(rig: AlarmsRig) -> None:
    data = {"csrf": rig.csrf, "by": "anna"}
    answer = rig.client.post("/alarms/a99/acknowledge", data=data, headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "There is no alarm" in answer.text
