"""The page behind a message's link: who opens it changes nothing, and its button acknowledges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from monitor.core.telling.link import ticket
from monitor.core.time.instant import HOUR
from tests.rigs.alarms_rig import LINK_KEY, AlarmsRig

SCANNERS = [
    {},
    {"user-agent": "Mozilla/5.0 (compatible; Google-Safety; +http://www.google.com/bot.html)"},
    {"user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) SafeLinks"},
    {"sec-purpose": "prefetch;prerender", "purpose": "prefetch"},
    {"user-agent": "curl/8", "accept": "*/*"},
]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[AlarmsRig]:
    made = AlarmsRig(tmp_path)
    yield made
    made.close()


def address(rig: AlarmsRig, *, name: str = "anna", lasts: int = HOUR, alarm: str | None = None) -> str:
    expires_at = rig.clock.now() + lasts
    return "/a/" + ticket(LINK_KEY, alarm=alarm or rig.id, recipient=name, expires_at=expires_at)


def press(rig: AlarmsRig, path: str, **fields: str) -> httpx.Response:
    """As a browser does: under no-referrer the origin of a form is null."""
    headers = {"origin": "null", "content-type": "application/x-www-form-urlencoded"}
    return rig.client.post(path, data=fields, headers=headers)


def page(rig: AlarmsRig, path: str) -> str:
    answer = rig.client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", answer.text.replace("\N{NO-BREAK SPACE}", " ")))


@pytest.mark.parametrize("headers", SCANNERS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_a_link_changes_nothing_whoever_does_it(
    rig: AlarmsRig, method: str, headers: dict[str, str]
) -> None:
    before = rig.alarm()
    for _ in range(3):
        assert rig.client.request(method, address(rig), headers=headers).status_code == 200
    assert rig.alarm() == before


def test_no_other_method_acknowledges(rig: AlarmsRig) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        assert rig.client.request(method, address(rig)).status_code == 405
    assert rig.alarm()["state"] == "unacknowledged"


def test_the_page_says_what_where_since_when_and_has_one_button_with_the_name(rig: AlarmsRig) -> None:
    found = rig.client.get(address(rig)).text
    assert found.count("<button") == 1
    assert "Acknowledge as anna" in found
    assert "Freezer F01 (lab1/F01/product)" in found
    assert "ALARM" in found or "CRITICAL" in found
    assert f'href="/alarms/{rig.id}"' in found
    assert "<script" not in found
    assert 'name="viewport"' in found


def test_the_button_acknowledges_in_the_name_that_the_link_is_for(rig: AlarmsRig) -> None:
    path = address(rig)
    answer = press(rig, path, reason="door open", action="closing it", by="somebody else")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    taken = rig.alarm()["acknowledgement"]
    assert (taken["by"], taken["reason"], taken["action"], taken["how"]) == (
        "anna",
        "door open",
        "closing it",
        "link",
    )
    after = page(rig, path)
    assert "anna acknowledged it" in after
    assert "Reason: door open. Done: closing it." in after
    assert "Acknowledge as" not in after


def test_a_second_press_or_person_changes_nothing_and_sees_who_was_first(rig: AlarmsRig) -> None:
    press(rig, address(rig))
    before = rig.alarm()
    assert press(rig, address(rig)).status_code == 303
    assert press(rig, address(rig, name="ben")).status_code == 303
    assert rig.alarm() == before
    assert "anna acknowledged it" in page(rig, address(rig, name="ben"))


def test_an_alarm_that_is_over_says_so_and_can_still_be_seen_by_somebody(rig: AlarmsRig) -> None:
    path = address(rig, lasts=48 * HOUR)
    rig.cool()
    assert "It is over; nobody has acknowledged it yet." in page(rig, path)
    assert press(rig, path).status_code == 303
    assert "It is over: there is nothing left to acknowledge." in page(rig, path)
    late = press(rig, path)
    assert late.status_code == 409
    assert "over already" in late.text


def test_a_link_whose_time_is_up_is_gone_and_leads_to_the_alarm(rig: AlarmsRig) -> None:
    path = address(rig)
    rig.clock.advance(HOUR + 1_000)
    for answer in (rig.client.get(path), press(rig, path)):
        assert answer.status_code == 410
        assert "good until" in answer.text
        assert f'href="/alarms/{rig.id}"' in answer.text
    assert rig.alarm()["state"] == "unacknowledged"


def test_a_forged_or_cut_link_is_none(rig: AlarmsRig) -> None:
    good = address(rig)
    another = ticket(b"another key, also long enough", alarm=rig.id, recipient="anna", expires_at=2**42)
    for path in (good[:-1], good[:-4] + "AAAA", f"/a/{another}", "/a/x", f"/a/{'A' * 3_000}"):
        for answer in (rig.client.get(path), press(rig, path)):
            assert answer.status_code == 401, path
            assert "not one of ours" in answer.text
            assert 'href="/alarms"' in answer.text
    assert rig.alarm()["state"] == "unacknowledged"


def test_a_link_to_an_alarm_that_is_not_there_says_so(rig: AlarmsRig) -> None:
    assert rig.client.get(address(rig, alarm="a99")).status_code == 404
    assert press(rig, address(rig, alarm="a99")).status_code == 404


def test_the_address_is_kept_by_nobody_and_told_to_nobody(rig: AlarmsRig) -> None:
    paths = (address(rig), "/a/x", f"/a/{'A' * 3_000}")
    for answer in [*(rig.client.get(path) for path in paths), press(rig, address(rig))]:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "script-src" not in answer.headers["content-security-policy"]


def test_a_name_and_what_was_said_are_never_taken_as_markup(rig: AlarmsRig) -> None:
    path = address(rig, name="<b>anna</b>")
    assert "Acknowledge as &lt;b&gt;anna" in rig.client.get(path).text
    press(rig, path, reason="<script>alert(1)</script>")
    assert "<script" not in rig.client.get(path).text


def test_a_link_works_though_the_pages_forms_are_off(tmp_path: Path) -> None:
    rig = AlarmsRig(tmp_path, page_actions=False)
    assert press(rig, address(rig)).status_code == 303
    assert rig.alarm()["acknowledged_by"] == "anna"
    rig.close()
