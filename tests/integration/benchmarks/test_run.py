"""The bench at a tiny size: the shape of what it says, never how fast anything is."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.child import BenchError, Child, wait_until
from benchmarks.figures import table
from benchmarks.influx import find_influxd
from benchmarks.load import Stream, publish_packet, readings
from benchmarks.modes import MODES
from benchmarks.peer.ours import Ours, judged_total
from benchmarks.peer.peers import MosquittoSub, PlainScript
from benchmarks.run import main, run
from monitor.core.time.instant import MINUTE
from monitor.wire.v1 import decode_readings
from tests.conftest import need

pytestmark = pytest.mark.slow

END_AT = 1_800_000_000_000
QUIET = Console(quiet=True)

# Keeps the contract of `monitor run` that the bench relies on, and nothing else of the monitor.
STAND_IN = """
import sys, threading, tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
import paho.mqtt.client as mqtt
from monitor.wire.v1 import decode_readings

config = tomllib.loads((Path(sys.argv[sys.argv.index("--config") + 1]) / "monitor.toml").read_text())
subscribed, judged = threading.Event(), 0

class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        ready = self.path != "/readyz" or subscribed.is_set()
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(f"exosome_monitor_readings_judged_total {judged}.0\\n".encode())
    def log_message(self, *_):
        pass

def on_message(client, _, message):
    global judged
    judged += len(decode_readings(message.payload, 0)[0])

server = HTTPServer(("127.0.0.1", config["web"]["port"]), Pages)
threading.Thread(target=server.serve_forever, daemon=True).start()
version = mqtt.CallbackAPIVersion.VERSION2
client = mqtt.Client(version, client_id=config["mqtt"]["client_id"], clean_session=False)
client.on_connect = lambda client, *_: client.subscribe(config["mqtt"]["root"] + "/#", qos=1)
client.on_subscribe = lambda *_: subscribed.set()
client.on_message = on_message
client.connect("127.0.0.1", config["mqtt"]["port"])
client.loop_forever()
"""


@pytest.fixture(autouse=True)
def _broker_programs() -> None:
    need("mosquitto")
    need("mosquitto_sub")


@pytest.fixture
def stand_in(tmp_path: Path) -> Ours:
    program = tmp_path / "stand_in.py"
    program.write_text(STAND_IN)
    return Ours(name="stand-in", command=(sys.executable, str(program)))


def test_a_bench_measures_every_peer_in_both_modes_and_writes_what_it_returns(
    stand_in: Ours, tmp_path: Path
) -> None:
    out = tmp_path / "figures.json"
    peers = [stand_in, MosquittoSub(), PlainScript()]
    report = run(2, 300, 7, influx=False, out=out, peers=peers, console=QUIET)

    names = ["stand-in", "mosquitto_sub", "plain script"]
    assert [(row["mode"], row["peer"]) for row in report["results"]] == [(m, n) for m in MODES for n in names]
    order = [(one["round"], one["mode"], one["peer"]) for one in report["runs"]]
    assert order == [(r, m, n) for r in (1, 2) for m in MODES for n in names]
    for row in report["results"]:
        assert row["messages"] == 300
        assert 0 < row["rate"]["min"] <= row["rate"]["median"] <= row["rate"]["max"]
        assert row["cpu_us_per_message"]["min"] > 0
        assert row["in_influx_rate"] is None
    assert [row["ratio_to_mosquitto_sub"] for row in report["results"] if row["peer"] == names[1]] == [
        1.0,
        1.0,
    ]
    assert all(row["ratio_by_round"]["min"] <= row["ratio_by_round"]["max"] for row in report["results"])
    assert report["machine"]["fsync_ms"] > 0
    assert report["machine"]["influxdb"] is None
    assert json.loads(out.read_text()) == report


def test_a_bench_with_influxdb_says_when_every_point_had_arrived_there() -> None:
    if find_influxd() is None:
        need("influxd")
    report = run(1, 40, 4, ["live"], influx=True, peers=[PlainScript()], console=QUIET)
    (row,) = report["results"]
    assert row["in_influx_rate"]["median"] > 0
    assert row["ratio_to_mosquitto_sub"] is None
    assert report["machine"]["influxdb"]


@pytest.mark.skipif(
    importlib.util.find_spec("monitor.__main__") is None, reason="there is no command line yet"
)
def test_the_monitor_itself_is_measured_in_both_modes() -> None:
    report = run(1, 300, 7, influx=False, peers=[Ours()], console=QUIET)
    assert [(row["mode"], row["messages"]) for row in report["results"]] == [("live", 300), ("backlog", 300)]


def test_a_peer_that_dies_ends_the_bench_with_its_last_words() -> None:
    dying = Ours(command=(sys.executable, "-c", "import sys; sys.exit('no such broker')"))
    with pytest.raises(BenchError, match=r"(?s)ended before subscription.*no such broker"):
        run(1, 10, 2, ["live"], influx=False, peers=[dying], console=QUIET)


def test_a_condition_that_never_comes_true_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with (
        Child("idle", [sys.executable, "-c", "input()"], folder=tmp_path, talks=True) as idle,
        pytest.raises(BenchError, match="no miracle within"),
    ):
        wait_until("miracle", 0.05, lambda: False, child=idle)
    assert idle.ended_within(0) is not None


def test_the_command_line_refuses_a_bench_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--messages", "0"])
    assert caught.value.code == 2
    assert "at least 1" in capsys.readouterr().err


def test_the_command_line_prints_a_table_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    wish = ["--rounds", "1", "--messages", "50", "--modes", "live", "--peers", "mosquitto_sub"]
    assert main([*wish, "--influx", "off", "--json", str(out)]) == 0
    assert "1.00" in capsys.readouterr().out
    assert json.loads(out.read_text())["settings"]["messages"] == 50


def test_a_table_names_noise_from_other_programs_only_where_there_is_any() -> None:
    row = {"mode": "live", "peer": "x", "messages": 1, "rate": {"min": 1.0, "median": 2.0, "max": 3.0}}
    row |= {"ratio_to_mosquitto_sub": 0.004, "cpu_us_per_message": {"median": 1.0}, "in_influx_rate": None}
    machine = {"cores": 2, "processor": "p", "python": "3", "mosquitto": "2", "paho-mqtt": "2"}
    machine |= {"sqlite": "3", "fsync_ms": 1.0, "file_system": "ext4", "influxdb": None}
    report = {"machine": machine, "settings": {"channels": 1, "rounds": 1}}
    quiet, noisy = ({**report, "results": [row | {"other_cpu_cores": cores}]} for cores in (0.1, 0.9))
    assert "NOISY" not in str(table(quiet).caption)
    assert "0.9 cores" in str(table(noisy).caption)


def test_the_load_is_the_same_each_time_ordered_and_about_one_percent_outside() -> None:
    first = list(readings(40_000, 200, end_at=END_AT, seed=1))
    assert first == list(readings(40_000, 200, end_at=END_AT, seed=1))
    assert first != list(readings(40_000, 200, end_at=END_AT, seed=2))
    instants = [reading.measured_at for _, reading in first]
    assert instants == sorted(instants)
    assert END_AT - MINUTE <= instants[-1] < END_AT
    assert len({(channel, reading.measured_at) for channel, reading in first}) == 40_000
    outside = sum(not -90.0 <= (reading.celsius or 0.0) <= -60.0 for _, reading in first)
    assert 0.005 < outside / 40_000 < 0.02


def test_every_packet_of_a_stream_is_found_by_its_offsets_and_holds_its_reading() -> None:
    values = list(readings(70_000, 3, end_at=END_AT, seed=1))
    stream = Stream.of(values, "root")
    for number in (0, 1, 65_534, 65_535, 69_999):
        packet = stream.packets[stream.offsets[number] : stream.offsets[number + 1]]
        channel, reading = values[number]
        topic = f"root/{channel}/reading".encode()
        body = packet[packet.index(topic) + len(topic) :]
        assert int.from_bytes(body[:2]) == number % 65_535 + 1  # packet ids are never 0
        assert decode_readings(body[2:], reading.received_at) == ([reading], [])
    assert stream.offsets[-1] == len(stream.packets)


@pytest.mark.parametrize(("size", "length"), [(100, b"\x67"), (200, b"\xcb\x01"), (20_000, b"\xa3\x9c\x01")])
def test_a_packet_states_its_length_as_mqtt_does(size: int, length: bytes) -> None:
    packet = publish_packet("t", bytes(size - 2), 258)
    assert packet[:1] + packet[1 : 1 + len(length)] == b"\x32" + length
    assert packet[1 + len(length) :] == b"\x00\x01t\x01\x02" + bytes(size - 2)


def test_the_counter_is_read_from_prometheus_text_with_and_without_labels() -> None:
    name = "exosome_monitor_readings_judged_total"
    text = f'# TYPE {name} counter\n{name}{{site="a b"}} 2.0\n{name}{{site="c"}} 3e3\n{name}x 9\n'
    assert judged_total(text) == 3_002
    assert judged_total(f"{name} 7.0") == 7
    assert judged_total("") == 0
