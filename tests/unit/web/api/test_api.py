"""The HTTP API over a made-up lab: what it answers, what it refuses, and how its stream and server end."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, Counter

from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant, parse_instant, to_datetime
from monitor.ports import JSON
from monitor.web.application import create_application
from monitor.web.charts.chart import chart_spec, series_of
from monitor.web.events import EventHub
from monitor.web.pages import markup
from monitor.web.server import WebServer
from monitor.web.wiring import Wiring
from monitor.words.sign import unit_sign, verdict_sign
from tests.fakes.commands import FakeCommands
from tests.fakes.lab import NOW, FakeLab

TOKEN = "correct horse"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
EVENT = {
    "event_id": "e1",
    "occurred_at": "2026-11-22T10:00:00Z",
    "kind": "moved",
    "unit": "F02",
    "by": "LIMS",
}


class Rig:
    """An application with its fakes at hand."""

    def __init__(self, token: str | None = TOKEN) -> None:
        self.view = FakeLab()
        self.commands = FakeCommands(self.view)
        self.events = EventHub()
        self.metrics = CollectorRegistry()
        wiring = Wiring(
            self.view,
            self.commands,
            title="Test lab",
            token=token,
            banner=("Demo: simulated lab",),
            events=self.events,
            metrics=self.metrics,
        )
        self.app = create_application(wiring)
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.client.get(path, params=query or None)


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def server(rig: Rig) -> Iterator[WebServer]:
    made = WebServer(rig.app, "127.0.0.1", 0)
    made.start()
    yield made
    made.stop()


def error(answer: httpx.Response, status: int, code: str) -> str:
    """The text and remedy of an error, after checking that it is the one expected."""
    assert answer.status_code == status, answer.text
    found = answer.json()["error"]
    assert found["code"] == code
    assert found["text"]
    assert found["remedy"]
    return f"{found['text']} {found['remedy']}"


# --- is it well ---


def test_alive_is_said_even_when_nothing_else_works(rig: Rig) -> None:
    rig.view.ready = False
    assert rig.get("/healthz").json() == {"status": "alive"}


def test_not_ready_is_503_and_names_the_part_that_fails(rig: Rig) -> None:
    assert rig.get("/readyz").status_code == 200
    assert rig.get("/readyz").json()["reasons"] == []
    rig.view.ready = False
    answer = rig.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["broker: not connected for 40 s"]


def test_it_is_ready_though_something_is_set_aside_which_it_names(rig: Rig) -> None:
    rig.view.judging = {"ok": False, "text": "1 part fails and is set aside: lot of L1", "aside": [{}]}
    answer = rig.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["reasons"] == ["judging: 1 part fails and is set aside: lot of L1"]


def test_a_health_check_that_raises_is_not_ready(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> JSON:
        raise OSError("disk is gone")

    monkeypatch.setattr(rig.view, "health", broken)
    answer = rig.get("/readyz")
    assert answer.status_code == 503
    assert "disk is gone" in answer.json()["reasons"][0]


def test_metrics_are_those_of_the_registry_given(rig: Rig) -> None:
    Counter("lab_readings", "Readings taken", registry=rig.metrics).inc(3)
    answer = rig.get("/metrics")
    assert "lab_readings_total 3.0" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


# --- what there is ---


@pytest.mark.parametrize("path", ["units", "lots", "excursions", "alarms", "unwatched", "notifications"])
def test_a_list_is_what_the_view_says(rig: Rig, path: str) -> None:
    assert rig.get(f"/api/v1/{path}").json() == getattr(rig.view, path)()


def test_one_unit_lot_and_the_rejected_are_what_the_view_says(rig: Rig) -> None:
    assert rig.get("/api/v1/units/lab1/F03").json() == rig.view.unit("lab1/F03")
    assert rig.get("/api/v1/lots/EXO-2026-021").json() == rig.view.lot("EXO-2026-021")
    assert rig.get("/api/v1/rejected").json() == rig.view.rejected()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v1/units/lab1/F99", "unknown_unit"),
        ("/api/v1/lots/NOPE", "unknown_lot"),
        ("/api/v1/channels/lab1/F03/nope/readings", "unknown_channel"),
        ("/api/v1/excursions?unit=lab1/F99", "unknown_unit"),
        ("/api/v1/excursions?lot=NOPE", "unknown_lot"),
        ("/api/v1/nowhere", "not_found"),
    ],
)
def test_what_is_not_there_is_404_and_says_what_was_asked(rig: Rig, path: str, code: str) -> None:
    assert "lists those" in error(rig.get(path), 404, code) or code == "not_found"


def test_open_alarms_alone_can_be_asked_for(rig: Rig) -> None:
    assert len(rig.get("/api/v1/alarms").json()) == 5
    assert {a["state"] for a in rig.get("/api/v1/alarms", open="true").json()} == {
        "unacknowledged",
        "acknowledged",
    }


def test_readings_default_to_the_last_day_and_a_thousand_points(rig: Rig) -> None:
    rig.get("/api/v1/channels/lab1/F01/product/readings")
    assert ("readings", ("lab1/F01/product", NOW - DAY, NOW, 1_000)) in rig.view.asked


def test_from_without_to_means_until_now_and_offsets_are_understood(rig: Rig) -> None:
    channel = "/api/v1/channels/lab1/F01/product/readings"
    answer = rig.get(channel, **{"from": "2026-11-22T10:00:00+01:00", "points": "50"})
    assert answer.status_code == 200
    start = parse_instant("2026-11-22T09:00:00Z")
    assert ("readings", ("lab1/F01/product", start, NOW, 50)) in rig.view.asked


def test_every_filter_of_excursions_reaches_the_view(rig: Rig) -> None:
    query = {"unit": "lab1/F03", "lot": "EXO-2026-014", "from": format_instant(NOW - HOUR), "open": "true"}
    as_of = {"as_of": format_instant(NOW), "history": "true"}
    found = rig.get("/api/v1/excursions", **query, **as_of).json()
    assert [each["id"] for each in found] == ["exc-17"]
    assert rig.view.asked[-1] == (
        "excursions",
        {
            "unit": "lab1/F03",
            "lot": "EXO-2026-014",
            "start": NOW - HOUR,
            "end": None,
            "open_only": True,
            "as_of": NOW,
            "history": True,
        },
    )


def test_a_lot_is_judged_as_of_the_instant_asked(rig: Rig) -> None:
    assert (
        rig.get("/api/v1/lots/MSC-77", as_of="2026-11-01T00:00:00Z").json()["as_of"]
        == "2026-11-01T00:00:00.000Z"
    )


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/v1/lots?as_of=2026-11-22T10:00:00", "add Z or +hh:mm"),
        ("/api/v1/lots?as_of=yesterday", "'as_of' is 'yesterday'"),
        ("/api/v1/lots?as_of=2026-11-22T10:00:00+01:00", "%2B"),
        ("/api/v1/lots?as_off=2026-11-22T10:00:00Z", "no parameter 'as_off'"),
        ("/api/v1/units?sort=name", "no parameter 'sort'"),
        ("/api/v1/channels/lab1/F01/product/readings?points=many", "'points' is 'many'"),
        ("/api/v1/channels/lab1/F01/product/readings?points=1", "greater than or equal to 2"),
        ("/api/v1/channels/lab1/F01/product/readings?from=2027-01-01T00:00:00Z", "not before"),
        ("/api/v1/excursions?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "not before"),
        ("/api/v1/alarms?open=perhaps", "'open' is 'perhaps'"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name_with_what_to_do(rig: Rig, path: str, said: str) -> None:
    assert said in error(rig.client.get(path), 422, "bad_parameter")


def test_a_bug_is_a_500_that_tells_nothing_of_the_inside(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[JSON]:
        raise KeyError("password")

    monkeypatch.setattr(rig.view, "units", broken)
    assert "password" not in error(rig.get("/api/v1/units"), 500, "internal_error")


# --- what changes ---


def test_an_event_is_recorded_once_and_then_a_duplicate(rig: Rig) -> None:
    path, body = "/api/v1/lots/EXO-2026-014/events", {**EVENT, "site": "lab1"}
    first = rig.client.post(path, json=body, headers=AUTHORIZED)
    assert (first.status_code, first.json()) == (200, {"event_id": "e1", "outcome": "recorded"})
    assert rig.client.post(path, json=body, headers=AUTHORIZED).json()["outcome"] == "duplicate"
    assert rig.commands.done()[0] == {"site": "lab1", "lot": "EXO-2026-014", "event": EVENT}


def test_the_site_of_a_known_lot_need_not_be_said(rig: Rig) -> None:
    rig.client.post("/api/v1/lots/EXO-2026-011/events", json=EVENT, headers=AUTHORIZED)
    assert rig.commands.done()[0]["site"] == "lab2"


def test_a_new_lot_needs_its_site_where_there_are_several(rig: Rig) -> None:
    answer = rig.client.post("/api/v1/lots/NEW-1/events", json=EVENT, headers=AUTHORIZED)
    assert "lab1, lab2" in error(answer, 422, "site_missing")
    body = {**EVENT, "site": "mars"}
    error(rig.client.post("/api/v1/lots/NEW-1/events", json=body, headers=AUTHORIZED), 422, "unknown_site")
    assert rig.commands.carried_out == []


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({}, "carries no token"),
        ({"Authorization": "Bearer wrong"}, "not the right one"),
        ({"Authorization": f"Basic {TOKEN}"}, "carries no token"),
        ({"Authorization": "Bearer "}, "carries no token"),
        ({"Authorization": "Bearer schlüssel".encode()}, "not the right one"),
    ],
)
def test_nothing_changes_without_the_token(rig: Rig, header: dict[str, str], said: str) -> None:
    answer = rig.client.post("/api/v1/lots/EXO-2026-014/events", json=EVENT, headers=header)
    assert said in error(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert rig.commands.carried_out == []


def test_a_server_without_a_token_takes_no_changes_at_all() -> None:
    rig = Rig(token=None)
    answer = rig.client.post("/api/v1/lots/X/events", json=EVENT, headers={"Authorization": "Bearer None"})
    assert "takes no changes" in error(answer, 401, "unauthorized")


def test_the_same_event_id_with_other_content_is_a_conflict(rig: Rig) -> None:
    path = "/api/v1/lots/EXO-2026-014/events"
    rig.client.post(path, json=EVENT, headers=AUTHORIZED)
    answer = rig.client.post(path, json={**EVENT, "unit": "F04"}, headers=AUTHORIZED)
    error(answer, 409, "event_conflict")
    assert answer.json()["outcome"] == "conflict"


def test_a_refused_event_says_why(rig: Rig) -> None:
    answer = rig.client.post("/api/v1/lots/EXO-2026-014/events", json={"kind": "moved"}, headers=AUTHORIZED)
    assert "missing required field" in error(answer, 422, "event_refused")


@pytest.mark.parametrize("body", [b"", b"[1]", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(rig: Rig, body: bytes) -> None:
    answer = rig.client.post("/api/v1/lots/X/events", content=body, headers=AUTHORIZED)
    error(answer, 422, "not_json")


def test_a_body_over_the_limit_of_a_message_is_refused(rig: Rig) -> None:
    answer = rig.client.post("/api/v1/lots/X/events", content=b" " * 300_000, headers=AUTHORIZED)
    error(answer, 413, "too_large")


def test_a_lot_that_cannot_be_a_name_is_refused(rig: Rig) -> None:
    answer = rig.client.post("/api/v1/lots/a%20b/events", json=EVENT, headers=AUTHORIZED)
    error(answer, 422, "bad_name")


# --- pages and documentation ---

PAGES = ["/", "/units/lab1/F03", "/units/lab2/F01", "/lots", "/lots/EXO-2026-021", "/alarms", "/docs"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_guarded_and_asks_no_other_host(rig: Rig, path: str) -> None:
    answer = rig.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert "://" not in answer.text.replace("http://www.w3.org", "")
    assert "<script>" not in answer.text
    assert " style=" not in answer.text


@pytest.mark.parametrize("path", PAGES[:-1])
def test_a_fragment_has_every_part_of_its_page(rig: Rig, path: str) -> None:
    page = rig.get(path).text
    fragment = rig.get(f"/fragments{'/wall' if path == '/' else path}").text
    assert "<html" not in fragment
    assert page.count("data-part") == fragment.count("data-part") > 0
    assert fragment.strip().splitlines()[-1].strip() in page


def test_the_words_of_an_age_do_not_change_with_time_so_that_an_unchanged_part_stays() -> None:
    text, zone = "2026-11-22T10:00:00.000Z", ZoneInfo("Europe/Berlin")
    now, later = (markup.time_tag(text, to_datetime(at, zone), age="ago") for at in (NOW, NOW + MINUTE))
    assert now == later
    assert "at 11:00 +01:00" in now


def test_lots_that_are_not_judged_yet_are_counted_and_not_taken_as_fine(rig: Rig) -> None:
    page = rig.get("/").text
    assert "1 not judged yet" in page
    assert page.index("EXO-2026-021") < page.index("EXO-2026-014")
    assert "MSC-77" not in page


def test_what_comes_from_outside_is_never_taken_as_markup(rig: Rig) -> None:
    rig.view.states["lab1/F01"] = ("ok", "<script>alert(1)</script>")
    assert "<script>alert" not in rig.get("/").text
    assert "&lt;script&gt;alert" in rig.get("/").text


def test_a_missing_page_is_a_page_for_a_person_and_json_for_a_program(rig: Rig) -> None:
    page = rig.client.get("/units/lab1/F99", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "There is no unit" in page.text
    assert page.headers["content-type"].startswith("text/html")
    error(rig.get("/units/lab1/F99"), 404, "unknown_unit")


def test_the_documentation_lists_every_path_of_the_api(rig: Rig) -> None:
    page, schema = rig.get("/docs").text, rig.get("/openapi.json").json()
    assert "/api/v1/lots/{lot}/events" in schema["paths"]
    assert "/fragments/wall" not in schema["paths"]
    for path in schema["paths"]:
        assert path in page


def test_figures_that_are_not_computed_yet_are_named(rig: Rig) -> None:
    page = rig.get("/lots/EXO-2026-030").text
    assert "Not computed yet:" in page
    assert "thaw count" in page
    assert "Not judged yet" in page
    assert "Not computed yet:" not in rig.get("/lots/EXO-2026-014").text


def test_a_page_as_of_the_past_says_that_it_is_not_now(rig: Rig) -> None:
    page = rig.get("/lots/EXO-2026-014", as_of="2026-11-21T10:00:00Z").text
    assert "data-still" in page
    assert "21 Nov 11:00 +01:00" in page


def test_static_files_may_be_kept_for_ever_and_others_do_not_exist(rig: Rig) -> None:
    assert "immutable" in rig.get("/static/live.js").headers["cache-control"]
    error(rig.get("/static/..%2Fapi.py"), 404, "not_found")
    error(rig.get("/static/secret.js"), 404, "not_found")


def test_an_unknown_state_is_never_shown_as_fine(rig: Rig) -> None:
    assert unit_sign({"state": "brand_new"}).css == "unknown"
    assert verdict_sign({"verdict": "brand_new"}).words == "Not judged yet"


# --- the chart ---


def channel(*readings: tuple[int, float | None], count: int | None = None) -> JSON:
    """A channel with readings at minutes after midnight."""
    made = [
        {
            "measured_at": format_instant(minute * MINUTE),
            "celsius": value,
            "quality": "good" if value else "bad",
        }
        for minute, value in readings
    ]
    return {"channel": "a/b/c", "max_gap_seconds": 900, "count": count or len(made), "readings": made}


def test_a_line_is_broken_where_readings_are_farther_apart_than_max_gap() -> None:
    found = series_of(channel((0, -80.0), (15, -80.1), (31, -80.2), (40, -80.3)), shift=0, start=0, end=HOUR)
    assert [point["stroke"] for point in found.line] == [1, 1, 2, 2]
    assert found.gaps == [
        {"from": 15 * MINUTE, "to": 31 * MINUTE},
        {"from": 40 * MINUTE, "to": HOUR},
    ]


def test_a_bad_reading_breaks_no_line_and_is_marked() -> None:
    found = series_of(channel((0, -80.0), (5, None), (10, -80.1)), shift=0, start=0, end=15 * MINUTE)
    assert len({point["stroke"] for point in found.line}) == 1
    assert [mark["at"] for mark in found.bad] == [5 * MINUTE]
    assert found.gaps == []


def test_thinning_invents_no_gaps_and_a_lone_reading_is_still_drawn() -> None:
    thinned = channel(*[(20 * n, -80.0) for n in range(72)], count=1_440)
    assert series_of(thinned, shift=0, start=0, end=DAY).gaps == []
    assert len(series_of(channel((30, -80.0)), shift=0, start=0, end=HOUR).alone) == 1


@pytest.mark.parametrize(
    "window", [{"low": None, "high": None}, {"low": None, "high": -150.0}, {"low": 2.0, "high": 8.0}]
)
def test_a_chart_without_readings_is_still_a_chart(window: JSON) -> None:
    spec = chart_spec(channel(), [], window=window, zone=ZoneInfo("UTC"), start=0, end=DAY)
    assert spec["datasets"]["gaps"] == [{"from": 0, "to": DAY, "label": "no data"}]
    assert "No good readings" in spec["description"]


def test_the_axis_is_in_the_local_time_of_the_end_of_the_range() -> None:
    zone = ZoneInfo("Europe/Berlin")
    end = parse_instant("2026-10-25T12:00:00Z")  # the night before, clocks were put back
    spec = chart_spec(channel(), [], window={"low": 2.0, "high": 8.0}, zone=zone, start=end - DAY, end=end)
    assert spec["datasets"]["gaps"] == [{"from": end - DAY + HOUR, "to": end + HOUR, "label": "no data"}]
    assert "UTC+01:00" in json.dumps(spec)


def test_the_chart_of_a_unit_has_its_excursion_gap_and_bad_readings(rig: Rig) -> None:
    spec = rig.get("/charts/units/lab1/F03.json", range="6h").json()
    found = spec["datasets"]
    assert [each["label"] for each in found["excursions"]] == ["Excursion −48.0\N{NO-BREAK SPACE}°C"]
    assert len(found["bad"]) == 2
    assert len(found["suspect"]) == 1
    assert [each["label"] for each in found["gaps"]] == ["no data"]
    assert found["others"]


# --- the stream ---


def take(hub: EventHub, publish: list[int]) -> list[JSON]:
    """What one slow client hears of events that were all published before it looked."""

    async def run() -> list[JSON]:
        subscription = hub.subscribe()
        threads = [threading.Thread(target=hub.publish, args=("n", {"n": n})) for n in publish]
        for thread in threads:
            thread.start()
            thread.join()
        hub.close()
        heard = b"".join([chunk async for chunk in subscription.chunks(0.05)])
        hub.unsubscribe(subscription)
        return [json.loads(line[6:]) for line in heard.decode().split("\n") if line.startswith("data: ")]

    found: list[JSON] = []
    thread = threading.Thread(target=lambda: found.extend(asyncio.run(run())))
    thread.start()
    thread.join(5)
    assert not thread.is_alive(), "the stream did not end"
    return found


def test_every_event_reaches_a_client_in_order() -> None:
    heard = take(EventHub(bound=10), [1, 2, 3])
    assert heard == [{"kind": "n", "body": {"n": n}} for n in (1, 2, 3)]


def test_a_client_too_slow_loses_the_oldest_and_is_told_to_start_over() -> None:
    heard = take(EventHub(bound=3), [1, 2, 3, 4, 5])
    assert heard[0] == {"kind": "resync", "body": {"lost": 2}}
    assert [each["body"]["n"] for each in heard[1:]] == [3, 4, 5]


def test_a_hub_that_is_closed_ends_new_streams_at_once() -> None:
    hub = EventHub()
    hub.close()
    assert take(hub, []) == []


def read_until(url: str, kind: str, heard: list[JSON], ready: threading.Event) -> None:
    with httpx.stream("GET", f"{url}/api/v1/stream", timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                heard.append(json.loads(line[6:]))
                ready.set()
                if heard[-1]["kind"] == kind:
                    return


def test_what_is_published_is_heard_over_http(rig: Rig, server: WebServer) -> None:
    heard: list[JSON] = []
    ready = threading.Event()
    reader = threading.Thread(target=read_until, args=(server.url, "alarm", heard, ready))
    reader.start()
    assert ready.wait(5)
    rig.events.publish("alarm", {"unit": "lab1/F03"})
    reader.join(5)
    assert heard == [
        {"kind": "hello", "body": {"now": format_instant(NOW)}},
        {"kind": "alarm", "body": {"unit": "lab1/F03"}},
    ]


def test_a_client_that_leaves_is_forgotten(rig: Rig, server: WebServer) -> None:
    read_until(server.url, "hello", [], threading.Event())
    deadline = time.monotonic() + 5
    while rig.events.listeners() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert rig.events.listeners() == 0


def test_more_clients_than_the_hub_takes_are_refused() -> None:
    rig = Rig()
    rig.events = EventHub(clients=0)
    app = create_application(Wiring(rig.view, rig.commands, events=rig.events))
    error(TestClient(app).get("/api/v1/stream"), 503, "too_many_clients")


# --- the server ---


def test_a_server_stops_within_three_seconds_though_streams_are_open(rig: Rig) -> None:
    made = WebServer(rig.app, "127.0.0.1", 0)
    made.start()
    ready = [threading.Event() for _ in range(3)]
    readers = [
        threading.Thread(target=read_until, args=(made.url, "never", [], event), daemon=True)
        for event in ready
    ]
    for reader in readers:
        reader.start()
    assert all(event.wait(5) for event in ready)
    began = time.monotonic()
    made.stop()
    assert time.monotonic() - began < 3
    for reader in readers:
        reader.join(2)
    assert not any(reader.is_alive() for reader in readers)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{made.url}/healthz")
    made.stop()


def test_a_server_stops_within_three_seconds_though_a_request_hangs(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, entered = threading.Event(), threading.Event()

    def hang() -> list[JSON]:
        entered.set()
        release.wait(10)
        return []

    monkeypatch.setattr(rig.view, "units", hang)
    made = WebServer(rig.app, "127.0.0.1", 0)
    made.start()

    def ask() -> None:
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{made.url}/api/v1/units", timeout=8).raise_for_status()

    asking = threading.Thread(target=ask)
    asking.start()
    assert entered.wait(5)
    began = time.monotonic()
    made.stop()
    took = time.monotonic() - began
    release.set()
    asking.join(5)
    assert took < 3


def test_a_port_that_is_taken_is_named(server: WebServer, rig: Rig) -> None:
    with pytest.raises(OSError, match=str(server.port)):
        WebServer(rig.app, "127.0.0.1", server.port).start()


def test_a_server_answers_as_soon_as_start_returns(server: WebServer) -> None:
    assert server.port > 0
    assert httpx.get(f"{server.url}/healthz").status_code == 200
