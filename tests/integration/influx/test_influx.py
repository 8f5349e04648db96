"""The InfluxDB projection against a real InfluxDB 2, and a stand-in for what a real one rarely answers."""

from __future__ import annotations

import gzip
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from monitor.core.time.instant import DAY, HOUR, MINUTE
from monitor.influx import reconcile as reconciling
from monitor.influx.exporter import FACTS_CURSOR, READINGS_CURSOR, Exporter
from monitor.influx.reconcile import reconcile
from monitor.influx.sink import (
    FileSink,
    InfluxSink,
    SinkRefused,
    SinkUnavailable,
    open_sink,
    write_or_set_aside,
)
from monitor.ports import LoggedReading, Refusal
from tests.fakes.projection import MemoryProjection
from tests.rigs.loopback import free_port
from tests.rigs.server.influxd import InfluxServer, influx

__all__ = ["influx"]  # the fixture

START = 1_795_341_600_000  # 2026-11-22T10:00:00Z, a whole hour
_sites = (f"s{number}" for number in itertools.count(1))


@pytest.fixture
def site() -> str:
    """A site of this test alone: the tests share one bucket."""
    return f"{next(_sites)}-{time.time_ns()}"


@pytest.fixture
def store() -> MemoryProjection:
    return MemoryProjection()


def sink_of(server: InfluxServer, **changed: str) -> InfluxSink:
    settings = {
        "url": server.url,
        "org": server.org,
        "bucket": server.bucket,
        "token": server.token,
        **changed,
    }
    sink = open_sink(**settings, timeout=5.0)
    assert isinstance(sink, InfluxSink)
    return sink


@contextmanager
def running(exporter: Exporter) -> Iterator[None]:
    """The exporter's loop in a thread of its own."""
    stop = threading.Event()
    thread = threading.Thread(target=exporter.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        exporter.wake()
        thread.join(10)
        assert not thread.is_alive(), "the exporter does not stop"


def eventually(claim: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def fill(
    store: MemoryProjection, channel: str, count: int, *, first: int = START, step: int = MINUTE
) -> None:
    for number in range(count):
        store.add(channel, first + number * step, -80.0 + (number % 100) / 10)


def test_what_is_written_is_read_back_exactly(
    influx: InfluxServer, store: MemoryProjection, site: str
) -> None:
    store.add(f"{site}/F01/product", START, -78, "good", 93)
    store.add(f"{site}/F01/product", START + 1, -79.84, "suspect")
    store.add(f"{site}/F01/product", START + 2, None, "bad")
    store.add(f"{site}/F01/product", -5, 1e-07)
    exporter = Exporter(store, sink_of(influx))
    assert exporter.run_once() == 4
    place = {"_measurement": "storage_temperature", "site": site, "unit": "F01", "probe": "product"}
    points = influx.points("storage_temperature", "site", site)
    assert points == [
        {**place, "_time": -5, "celsius": 1e-07, "quality": "good"},
        {**place, "_time": START, "celsius": -78.0, "quality": "good", "battery_percent": 93.0},
        {**place, "_time": START + 1, "celsius": -79.84, "quality": "suspect"},
        {**place, "_time": START + 2, "quality": "bad"},
    ]
    assert type(points[1]["celsius"]) is float
    assert store.cursors[READINGS_CURSOR] == 4
    assert exporter.run_once() == 0
    assert exporter.status()["behind_readings"] == 0


def test_facts_are_read_back_with_their_types_and_odd_texts(
    influx: InfluxServer, store: MemoryProjection, site: str
) -> None:
    lot = f"lot {site}, a=b"
    store.add_fact("lot", lot, 1, START, {"product": 'x"y\\, z', "verdict": 'a "b"\\\nc', "thaw_count": 0})
    store.add_fact("lot", lot, 2, START + 5, {"product": 'x"y\\, z', "thaw_count_determinate": False})
    for name in ("x1", "x2"):
        store.add_fact(
            "excursion",
            name,
            1,
            START,
            {"channel": f"{site}/F01/air", "direction": "high", "withdrawn": False},
        )
    store.add_fact(
        "alarm", site, 1, START, {"condition": "no_data", "subject": f"{site}/F01", "level": "alarm"}
    )
    store.add_fact("health", f"part-{site}", 1, START, {"ok": True, "text": "fine", "queue": 3})
    assert Exporter(store, sink_of(influx)).run_once() == 6
    tags = {"_measurement": "lot_integrity", "lot": lot, "product": 'x"y/, z'}
    assert influx.points("lot_integrity", "lot", lot) == [
        {
            **tags,
            "_time": START,
            "version": 1.0,
            "reason": "because",
            "verdict": 'a "b"\\ c',
            "thaw_count": 0.0,
        },
        {**tags, "_time": START + 5, "version": 2.0, "reason": "because", "thaw_count_determinate": False},
    ]
    assert {point["id"] for point in influx.points("excursion", "site", site)} == {"x1", "x2"}
    (alarm,) = influx.points("alarm", "id", site)
    assert (alarm["condition"], alarm["subject"], alarm["level"]) == ("no_data", f"{site}/F01", "alarm")
    (health,) = influx.points("monitor_health", "part", f"part-{site}")
    assert (health["ok"], health["text"], health["queue"]) == (True, "fine", 3.0)


def test_a_server_that_is_down_at_first_is_caught_up_when_it_comes(
    influx: InfluxServer, store: MemoryProjection, site: str
) -> None:
    influx.kill()
    try:
        fill(store, f"{site}/F01/product", 12_000)
        store.add_fact("alarm", site, 1, START, {"condition": "no_data"})
        exporter = Exporter(store, sink_of(influx))
        with running(exporter):
            eventually(lambda: not exporter.status()["ok"])
            status = exporter.status()
            assert "can't be reached" in status["text"]
            assert influx.url in status["last_error"]
            assert (status["behind_readings"], status["behind_facts"]) == (12_000, 1)
            assert store.cursors == {}
            influx.start()
            eventually(lambda: exporter.status()["behind_readings"] == exporter.status()["behind_facts"] == 0)
            eventually(lambda: exporter.status()["ok"])
            assert "everything" in exporter.status()["text"]
    finally:
        if not _answers(influx):
            influx.start()
    assert len(influx.points("storage_temperature", "site", site)) == 12_000


def _answers(server: InfluxServer) -> bool:
    try:
        sink_of(server).check()
    except SinkUnavailable:
        return False
    return True


def test_a_kill_under_load_loses_nothing(influx: InfluxServer, store: MemoryProjection, site: str) -> None:
    influx.restart()  # or skip here, where it isn't ours to stop
    channel = f"{site}/F01/product"
    exporter = Exporter(store, sink_of(influx), batch=500)
    loaded = threading.Event()

    def load() -> None:
        for number in range(60):
            fill(store, channel, 500, first=START + number * 500 * 1_000, step=1_000)
            exporter.wake()
            time.sleep(0.05)
        loaded.set()

    loader = threading.Thread(target=load)
    with running(exporter):
        loader.start()
        eventually(lambda: exporter.status()["written"] > 2_000)
        assert not loaded.is_set(), "the kill has to come under load"
        influx.kill()
        time.sleep(0.5)
        influx.start()
        loader.join(30)
        eventually(lambda: exporter.status()["behind_readings"] == 0)
    assert len(store.readings) == 30_000
    assert store.refusals == []
    there = {point["_time"]: point["celsius"] for point in influx.points("storage_temperature", "site", site)}
    assert there == {reading.measured_at: reading.celsius for reading in store.readings}


def test_a_refused_line_is_set_aside_and_everything_else_arrives(
    influx: InfluxServer, store: MemoryProjection, site: str
) -> None:
    old = START - 500 * DAY
    influx.write(f"storage_temperature,site={site},unit=F09,probe=other celsius=1i {old}", "ms")
    fill(store, f"{site}/F01/product", 700)
    store.add(f"{site}/F01/product", old + HOUR, -80.5)  # celsius is an integer in that week's shard
    fill(store, f"{site}/F01/product", 700, first=START + DAY)
    store.add(f"{site}/F01/product", 10**14, -80.0)  # the year 5138: InfluxDB ends in 2262
    store.add_fact("weather", "w1", 1, START, {})
    store.add_fact("alarm", site, 1, START, {"condition": "no_data"})
    exporter = Exporter(store, sink_of(influx))
    try:
        assert exporter.run_once() == 1_401
        points = influx.points("storage_temperature", "unit", "F01")
        assert len([point for point in points if point["site"] == site]) == 1_400
        conflict, too_late, unspeakable = store.refusals
        assert conflict.line.endswith(f" {old + HOUR}")
        assert "field type conflict" in conflict.reason
        assert too_late.line.endswith(f" {10**14}")
        assert "time outside range" in too_late.reason
        assert unspeakable == Refusal(
            "weather w1 version 1", "no measurement for facts of the kind 'weather'"
        )
        assert store.cursors == {READINGS_CURSOR: 1_402, FACTS_CURSOR: 2}
        status = exporter.status()
        assert (status["ok"], status["written"], status["refused"]) == (True, 1_401, 3)
        assert "3 lines were refused" in status["text"]
    finally:
        influx.delete(f'_measurement="storage_temperature" AND site="{site}"', old - DAY, old + DAY)


def test_readings_older_than_the_buckets_retention_are_set_aside_with_one_request(
    influx: InfluxServer, store: MemoryProjection, site: str
) -> None:
    bucket = influx.api("GET", "/buckets", params={"name": influx.bucket}).json()["buckets"][0]
    day = {"type": "expire", "everySeconds": 86_400}
    made = influx.api(
        "POST", "/buckets", json={"orgID": bucket["orgID"], "name": site, "retentionRules": [day]}
    ).json()
    fill(store, f"{site}/F01/product", 3_000, first=10**12)
    sink = sink_of(influx, bucket=site)
    requests = 0

    class Counting:
        def write(self, lines: Sequence[str]) -> None:
            nonlocal requests
            requests += 1
            sink.write(lines)

        check, close = sink.check, sink.close

    Exporter(store, Counting()).run_once()
    influx.api("DELETE", f"/buckets/{made['id']}")
    assert len(store.refusals) == 3_000
    assert "etention" in store.refusals[0].reason
    assert requests == 1


@pytest.mark.parametrize(
    ("changed", "remedies"),
    [
        ({"token": "wrong-token-of-tests"}, ["401", "Set a token", "readings"]),
        ({"token": ""}, ["401", "Set a token"]),
        ({"token": "wröng\ntökén→"}, ["token"]),
        ({"bucket": "no-such-bucket"}, ["404", "no-such-bucket", "Create it", "[influx]"]),
        ({"org": "no-such-org"}, ["404", "no-such-org", "[influx]"]),
    ],
)
def test_a_misconfiguration_says_the_remedy_and_keeps_the_cursor(
    influx: InfluxServer, store: MemoryProjection, site: str, changed: dict[str, str], remedies: list[str]
) -> None:
    fill(store, f"{site}/F01/product", 3)
    sink = sink_of(influx, **changed)
    with pytest.raises(SinkUnavailable) as failed:
        Exporter(store, sink).run_once()
    told = str(failed.value)
    assert influx.url in told
    assert [remedy for remedy in remedies if remedy not in told] == []
    if changed.get("token"):
        assert changed["token"][:4] not in told, "a token must not be told"
    assert (store.cursors, store.refusals) == ({}, [])
    status = reconciling.status(store, sink)
    assert (status["ok"], status["behind_readings"]) == (False, 3)
    assert influx.points("storage_temperature", "site", site) == []


def test_a_token_that_may_only_read_is_told_which_right_it_lacks(
    influx: InfluxServer, store: MemoryProjection, site: str
) -> None:
    fill(store, f"{site}/F01/product", 1)
    with pytest.raises(SinkUnavailable, match=r"403.*right to read and write bucket"):
        Exporter(store, sink_of(influx, token=influx.token_for("read"))).run_once()
    rig = sink_of(influx, token=influx.token_for("write"))
    assert Exporter(store, rig).run_once() == 1
    with pytest.raises(SinkUnavailable, match="may not read it"):
        reconcile(store, rig)


def test_the_status_asks_the_server_and_writes_nothing(
    influx: InfluxServer, store: MemoryProjection, site: str
) -> None:
    fill(store, f"{site}/F01/product", 2)
    status = reconciling.status(store, sink_of(influx))
    assert status == {
        "ok": True,
        "text": "InfluxDB is 2 readings and 0 facts behind",
        "behind_readings": 2,
        "behind_facts": 0,
    }
    assert influx.points("storage_temperature", "site", site) == []


def test_what_was_deleted_there_is_restored_and_nothing_else_is_sent(
    influx: InfluxServer, store: MemoryProjection, site: str
) -> None:
    fill(store, f"{site}/F01/product", 20 * 24 * 6, step=10 * MINUTE)
    fill(store, f"{site}/F02/product", 100)
    store.add(f"{site}/F02/product", START + 30, None, "bad")
    exporter, sink = Exporter(store, sink_of(influx)), sink_of(influx)
    while exporter.run_once():
        pass
    before = influx.points("storage_temperature", "site", site)
    report = reconcile(store, sink)
    assert report.agrees
    assert report.as_json()["hours_compared"] == 480 + 2
    assert report.as_json()["readings_resent"] == 0

    cut = START + 15 * DAY + 10 * MINUTE
    influx.delete(f'_measurement="storage_temperature" AND site="{site}" AND unit="F01"', cut, cut + 2 * HOUR)
    assert len(influx.points("storage_temperature", "site", site)) == len(before) - 12
    seen: list[tuple[int, int, str]] = []
    report = reconcile(store, sink, progress=lambda done, total, channel: seen.append((done, total, channel)))
    assert report.agrees
    first, second = report.channels
    assert (first.channel, first.hours_compared, first.hours_differing) == (f"{site}/F01/product", 480, 3)
    assert (first.readings_resent, first.hours_still_differing) == (18, 0)
    assert (second.hours_compared, second.hours_differing, second.readings_resent) == (2, 0, 0)
    assert seen[-1] == (4, 4, f"{site}/F02/product")
    assert influx.points("storage_temperature", "site", site) == before


def test_a_reconcile_of_some_hours_leaves_the_others_alone(
    influx: InfluxServer, store: MemoryProjection, site: str
) -> None:
    fill(store, f"{site}/F01/product", 180)
    Exporter(store, sink_of(influx)).run_once()
    influx.delete(f'_measurement="storage_temperature" AND site="{site}"', START, START + 3 * HOUR)
    report = reconcile(store, sink_of(influx), start=START + HOUR + 5, end=START + HOUR + 6)
    assert report.as_json()["readings_resent"] == 60
    points = influx.points("storage_temperature", "site", site)
    assert [point["_time"] for point in points] == [START + HOUR + n * MINUTE for n in range(60)]


def test_what_the_exporter_has_not_sent_yet_is_no_difference(
    influx: InfluxServer, store: MemoryProjection, site: str
) -> None:
    fill(store, f"{site}/F01/product", 90)
    Exporter(store, sink_of(influx), batch=30).run_once()
    report = reconcile(store, sink_of(influx))
    assert (report.agrees, report.as_json()["hours_differing"]) == (True, 0)
    assert len(influx.points("storage_temperature", "site", site)) == 30


def test_an_hour_with_too_much_there_is_reported_and_stays(
    influx: InfluxServer, store: MemoryProjection, site: str
) -> None:
    fill(store, f"{site}/F01/product", 10)
    Exporter(store, sink_of(influx)).run_once()
    stranger = f'storage_temperature,site={site},unit=F01,probe=product celsius=1.0,quality="good"'
    influx.write(f"{stranger} {START + 1}", "ms")
    report = reconcile(store, sink_of(influx))
    assert not report.agrees
    assert report.as_json()["hours_still_differing"] == 1
    assert len(influx.points("storage_temperature", "site", site)) == 11


def test_a_file_is_accepted_by_the_server_as_it_is(
    influx: InfluxServer, store: MemoryProjection, site: str, tmp_path: Path
) -> None:
    path = tmp_path / "lines of today.lp"
    sink = open_sink(path.as_uri(), "", "", "")
    assert isinstance(sink, FileSink)
    fill(store, f"{site}/F01/product", 5)
    store.add(f"{site}/F01/product", 0, -1.5)
    store.add_fact("lot", site, 1, START, {"verdict": "über\n80 %"})
    exporter = Exporter(store, sink)
    assert exporter.run_once() == 7
    assert influx.write(path.read_text(encoding="utf-8"), "ns") == 204
    points = influx.points("storage_temperature", "site", site)
    assert [point["_time"] for point in points] == [0, *(START + n * MINUTE for n in range(5))]
    (lot,) = influx.points("lot_integrity", "lot", site)
    assert (lot["_time"], lot["verdict"]) == (START, "über 80 %")


def test_a_line_torn_by_a_crash_is_cut_off_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "lines.lp"
    sink = FileSink(path)
    sink.write(["a b=1.0 1"])
    with path.open("ab") as file:
        file.write(b"x" * 200_000)
    sink.write(["a b=2.0 2"])
    assert path.read_bytes() == b"a b=1.0 1000000\na b=2.0 2000000\n"


def test_a_file_that_cannot_be_written_keeps_the_cursor(store: MemoryProjection, tmp_path: Path) -> None:
    store.add("s/u/p", START, -80.0)
    with pytest.raises(SinkUnavailable, match="Make room or give the right"):
        Exporter(store, FileSink(tmp_path / "missing" / "lines.lp")).run_once()
    assert store.cursors == {}


def test_no_url_means_no_sink_and_a_wrong_one_is_a_sentence() -> None:
    assert open_sink("", "", "", "") is None
    with pytest.raises(ValueError, match="expected http"):
        open_sink("localhost:8086", "tests", "readings", "")
    with pytest.raises(ValueError, match="must not be empty"):
        open_sink("http://localhost:8086", "tests", " ", "")


@dataclass
class StandIn:
    """A server that answers from a list, the last answer for ever, and remembers what it was sent."""

    url: str
    answers: list[tuple[int, dict[str, str], str]]
    bodies: list[str]


@contextmanager
def stand_in(*answers: tuple[int, dict[str, str], str]) -> Iterator[StandIn]:
    told = StandIn("", list(answers), [])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Encoding"] == "gzip"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.bodies.append(gzip.decompress(body).decode())
            status, headers, text = told.answers.pop(0) if len(told.answers) > 1 else told.answers[0]
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


DONE: tuple[int, dict[str, str], str] = (204, {}, "")


def test_a_pause_that_the_server_asks_for_is_kept(store: MemoryProjection) -> None:
    store.add("s/u/p", START, -80.0)
    busy = (429, {"Retry-After": "2"}, '{"code":"too many requests","message":"slow down"}')
    with stand_in(busy, DONE) as server:
        exporter = Exporter(store, InfluxSink(server.url, "o", "b", "t"))
        with running(exporter):
            eventually(lambda: not exporter.status()["ok"])
            refused_at = time.monotonic()
            assert "slow down" in exporter.status()["text"]
            exporter.wake()
            eventually(lambda: exporter.status()["ok"])
        assert time.monotonic() - refused_at > 1.5, "the first pause of its own is 1 s"
    assert len(server.bodies) == 2
    assert store.cursors[READINGS_CURSOR] == 1


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((500, {}, '{"code":"internal error","message":"disk full"}'), "disk full.*tried again"),
        ((503, {}, "unavailable"), "503.*tried again"),
        ((200, {}, "<html>Welcome"), "answered 200 where InfluxDB 2 answers 204"),
        ((400, {}, "<html>400 plain HTTP sent to HTTPS port"), "Set .influx. url to InfluxDB 2 itself"),
        ((405, {}, ""), "405.*Set .influx. url"),
        ((307, {"Location": "http://127.0.0.1:9/elsewhere"}, ""), "Set .influx. url|can't be reached"),
        ((422, {}, '["not", "an object"]'), "422"),
    ],
)
def test_an_answer_that_is_not_about_the_lines_sets_none_aside(
    store: MemoryProjection, answer: tuple[int, dict[str, str], str], told: str
) -> None:
    store.add("s/u/p", START, -80.0)
    with stand_in(answer) as server, pytest.raises(SinkUnavailable, match=told):
        Exporter(store, InfluxSink(server.url, "o", "b", "t")).run_once()
    assert (store.cursors, store.refusals) == ({}, [])


def test_a_request_that_is_too_large_is_split(store: MemoryProjection) -> None:
    fill(store, "s/u/p", 4)
    with stand_in((413, {}, "too large"), DONE) as server:
        assert Exporter(store, InfluxSink(server.url, "o", "b", "t")).run_once() == 4
    assert [len(body.split("\n")) for body in server.bodies] == [4, 2, 2]
    assert "\n".join(server.bodies[1:]) == server.bodies[0]


def test_a_server_that_never_answers_is_given_up_within_the_timeout(store: MemoryProjection) -> None:
    store.add("s/u/p", START, -80.0)
    with stand_in(DONE) as server:
        port = free_port()
        began = time.monotonic()
        with _silent(port), pytest.raises(SinkUnavailable, match="can't be reached"):
            Exporter(store, InfluxSink(f"http://127.0.0.1:{port}", "o", "b", "t", 0.5)).run_once()
        assert time.monotonic() - began < 3
        assert Exporter(store, InfluxSink(server.url, "o", "b", "t", 0.5)).run_once() == 1


@contextmanager
def _silent(port: int) -> Iterator[None]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", port)):
        yield


class Choosy:
    """A sink in memory that refuses some lines, and is unavailable from a certain request on."""

    def __init__(self, refused: set[str], *, available_for: int = 10**9) -> None:
        self.refused, self.taken, self.left = refused, set[str](), available_for

    def write(self, lines: Sequence[str]) -> None:
        self.left -= 1
        if self.left < 0:
            raise SinkUnavailable("gone")
        assert 1 <= len(lines) <= 5_000
        self.taken |= set(lines) - self.refused
        if self.refused & set(lines):
            raise SinkRefused("no")

    def check(self) -> None: ...
    def close(self) -> None: ...


def test_halving_finds_exactly_the_refused_lines_wherever_they_are() -> None:
    lines = [f"m v={n}.0 {n}" for n in range(12_345)]
    refused = {lines[n] for n in (0, 1, 4_999, 5_000, 7_777, 12_344)}
    sink = Choosy(refused)
    assert {refusal.line for refusal in write_or_set_aside(sink, lines)} == refused
    assert sink.taken == set(lines) - refused
    assert 10**9 - sink.left < 150


def test_a_sink_lost_amid_the_halving_moves_no_cursor_and_sets_nothing_aside(store: MemoryProjection) -> None:
    fill(store, "s/u/p", 8)
    bad = f'storage_temperature,site=s,unit=u,probe=p celsius=-79.9,quality="good" {START + MINUTE}'
    with pytest.raises(SinkUnavailable):
        Exporter(store, Choosy({bad}, available_for=5)).run_once()
    assert (store.cursors, store.refusals) == ({}, [])
    exporter = Exporter(store, Choosy({bad}))
    assert exporter.run_once() == 7
    assert store.refusals == [Refusal(bad, "no")]


def test_a_failing_store_does_not_end_the_loop(store: MemoryProjection) -> None:
    store.add("s/u/p", START, -80.0)
    calls = itertools.count()
    honest = store.readings_after

    def failing(position: int, limit: int) -> list[LoggedReading]:
        if next(calls) == 0:
            raise OSError("disk I/O error")
        return honest(position, limit)

    store.readings_after = failing  # type: ignore[method-assign]
    sink = Choosy(set())
    exporter = Exporter(store, sink)
    with running(exporter):
        eventually(lambda: not exporter.status()["ok"])
        assert "disk I/O error" in exporter.status()["text"]
        eventually(lambda: exporter.status()["ok"])
    assert len(sink.taken) == 1
