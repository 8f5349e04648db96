"""By which names the pages may be changed: another site's name that was made to lead here is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from monitor.core.telling.link import ticket
from monitor.core.time.instant import HOUR
from monitor.web.hosts import is_own
from tests.rigs.alarms_rig import AUTHORIZED, LINK_KEY, AlarmsRig

EXTERNAL = "https://monitor.lab.example"
EVERYWHERE = "0.0.0.0"
EVIL = [
    "evil.example",
    "evil.example:8080",
    "127.0.0.1.evil.example:8080",
    "monitor.lab.example.evil.example",
]
LOOPBACK = [
    "localhost",
    "LOCALHOST:8080",
    "localhost.:1",
    "127.0.0.1",
    "127.0.0.1:8080",
    "127.8.8.8",
    "[::1]:8080",
]
ADDRESSES = ["192.168.1.20", "192.168.1.20:8080", "[fd00::20]:8080", "[fe80::1]"]
NO_NAMES = [
    "",
    ":8080",
    "evil.example@127.0.0.1",
    "127.0.0.1/evil",
    "127.0.0.1:eighty",
    "[::1",
    "::1",
    "local host",
]


@pytest.mark.parametrize(
    "bound", ["127.0.0.1", "::1", "localhost", EVERYWHERE, "::", "192.168.1.20", "labpc"]
)
def test_loopback_and_the_external_name_are_ours_wherever_it_listens_and_a_strange_name_never_is(
    bound: str,
) -> None:
    own = [*LOOPBACK, "monitor.lab.example", "Monitor.Lab.Example.:443"]
    assert [host for host in own if not is_own(host, bound=bound, external_url=EXTERNAL)] == []
    strange = [*EVIL, *NO_NAMES, "monitor.lab"]
    assert [host for host in strange if is_own(host, bound=bound, external_url=EXTERNAL)] == []
    assert not is_own("monitor.lab.example", bound=bound, external_url="")


@pytest.mark.parametrize(
    ("bound", "expected"),
    [(EVERYWHERE, ADDRESSES), ("::", ADDRESSES), ("192.168.1.20", ADDRESSES), ("127.0.0.1", []), ("::1", [])],
)
def test_other_addresses_are_ours_only_where_others_can_reach_it(bound: str, expected: list[str]) -> None:
    assert [host for host in ADDRESSES if is_own(host, bound=bound, external_url="")] == expected


def test_the_name_that_it_listens_on_is_ours() -> None:
    assert is_own("labpc:8080", bound="LabPC", external_url="")
    assert not is_own("0.0.0.0.evil.example", bound=EVERYWHERE, external_url="")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[AlarmsRig]:
    made = AlarmsRig(tmp_path, external_url=EXTERNAL)
    yield made
    made.close()


def rebound(host: str) -> dict[str, str]:
    """What a browser sends that takes ``host`` for the site which the page is of."""
    return {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin", "accept": "text/html"}


def link(rig: AlarmsRig) -> str:
    return "/a/" + ticket(LINK_KEY, alarm=rig.id, recipient="anna", expires_at=rig.clock.now() + HOUR)


def refused(rig: AlarmsRig, answer: httpx.Response) -> None:
    assert answer.status_code == 421, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "[web] external_url" in answer.text
    assert (rig.alarm()["state"], rig.alarm()["shelved_until"]) == ("unacknowledged", None)


@pytest.mark.parametrize("host", EVIL)
@pytest.mark.parametrize("what", ["acknowledge", "reset", "shelve", "unshelve"])
def test_a_form_sent_to_a_strange_name_changes_nothing_even_with_the_right_token(
    rig: AlarmsRig, what: str, host: str
) -> None:
    refused(rig, rig.form(what, rebound(host), by="anna", reason="x", **{"for": "1h"}))


def test_what_ends_a_suppression_is_refused_too(rig: AlarmsRig) -> None:
    data = {"csrf": rig.csrf, "by": "anna"}
    refused(rig, rig.client.post("/suppressions/s1/end", data=data, headers=rebound("evil.example")))


def test_a_links_button_is_refused_at_a_strange_name_and_works_at_the_links_own(rig: AlarmsRig) -> None:
    form = {"content-type": "application/x-www-form-urlencoded", "origin": "null"}
    refused(rig, rig.client.post(link(rig), headers={**form, "host": "evil.example"}))
    answer = rig.client.post(link(rig), headers={**form, "host": "monitor.lab.example"})
    assert answer.status_code == 303
    assert rig.alarm()["acknowledged_by"] == "anna"


@pytest.mark.parametrize("host", ["monitor.lab.example", "localhost:8080", "[::1]:8080"])
def test_a_form_sent_to_a_name_of_ours_acknowledges(rig: AlarmsRig, host: str) -> None:
    assert rig.form("acknowledge", rebound(host), by="anna").status_code == 303
    assert rig.alarm()["acknowledged_by"] == "anna"


def test_an_address_of_the_network_is_taken_where_the_server_listens_there(tmp_path: Path) -> None:
    rig = AlarmsRig(tmp_path, host=EVERYWHERE)
    assert rig.csrf in rig.client.get(f"/alarms/{rig.id}", headers=rebound("[fd00::20]:8080")).text
    assert rig.form("acknowledge", rebound("[fd00::20]:8080"), by="anna").status_code == 303
    rig.close()


@pytest.mark.parametrize("prefix", ["", "/fragments"])
def test_a_page_gives_its_token_to_names_of_ours_only_and_says_why(rig: AlarmsRig, prefix: str) -> None:
    assert rig.act("shelve", {"by": "anna", "reason": "work", "for": "1h"}).status_code == 200
    for path in (f"{prefix}/alarms/{rig.id}", f"{prefix}/unwatched"):
        assert rig.csrf in rig.client.get(path, headers=rebound("monitor.lab.example")).text
        answer = rig.client.get(path, headers=rebound("<b>.evil.example"))
        assert answer.status_code == 200, "reading is not refused"
        assert rig.csrf not in answer.text
        assert "<form" not in answer.text
        assert "opened as &lt;b&gt;.evil.example" in answer.text
        assert "[web] external_url" in answer.text


def test_the_api_with_its_token_and_what_says_how_it_is_answer_under_any_name(rig: AlarmsRig) -> None:
    host = {"host": "monitor.internal"}
    for path in ("/healthz", "/metrics", "/api/v1/alarms"):
        assert rig.client.get(path, headers=host).status_code == 200
    path = f"/api/v1/alarms/{rig.id}/acknowledge"
    assert rig.client.post(path, json={"by": "anna"}, headers={**AUTHORIZED, **host}).status_code == 200
