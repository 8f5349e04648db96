"""A real InfluxDB 2 for tests: started from ``influxd`` on a loopback port, or one that runs already.

Looked for in this order: ``INFLUXDB_URL`` (with ``INFLUXDB_TOKEN``, ``INFLUXDB_ORG``, ``INFLUXDB_BUCKET``;
without a token it is set up first), ``EXOSOME_MONITOR_INFLUXD`` (the path of the program), ``influxd`` on the
PATH, and ``~/.cache/exosome-monitor/*/influxd``. A test that needs it is skipped by name where there is none,
and fails with ``REQUIRE_SERVERS=1``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient

from monitor.core.time.instant import format_instant, from_datetime
from tests.rigs.loopback import free_port

START_SECONDS = 60.0

Point = dict[str, Any]
"""A point read back: ``_measurement``, ``_time`` (ms), its tags and its fields, typed as they are there."""


def influxd_path() -> str | None:
    """The program to start, or None."""
    named = os.environ.get("EXOSOME_MONITOR_INFLUXD")
    if named:
        return named
    cache = os.environ.get("EXOSOME_MONITOR_CACHE")
    folder = Path(cache) if cache else Path.home() / ".cache" / "exosome-monitor"
    return shutil.which("influxd") or next((str(path) for path in sorted(folder.glob("*/influxd"))), None)


class InfluxServer:
    """An InfluxDB 2 with an organisation, a bucket and an all-access token."""

    def __init__(self, url: str, token: str, org: str, bucket: str) -> None:
        self.url, self.token, self.org, self.bucket = url.rstrip("/"), token, org, bucket

    def start(self) -> None:
        """Returns when it answers."""

    def kill(self) -> None:
        """Ends it at once, as a power cut would; skips the test if it was not started here."""
        pytest.skip("the server at INFLUXDB_URL is not ours to stop")

    def restart(self) -> None:
        """Kills it and starts it again with what it had made durable."""
        self.kill()
        self.start()

    def set_up(self) -> None:
        """Creates user, organisation, bucket and token; harmless on a server that has them."""
        body = {"username": "tests", "password": "tests-only-1", "org": self.org, "bucket": self.bucket}
        answer = httpx.post(f"{self.url}/api/v2/setup", json={**body, "token": self.token}, timeout=30)
        assert answer.status_code in (201, 422), answer.text

    def api(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A call of the HTTP API as the all-access user; any failure fails the test."""
        headers = {"Authorization": f"Token {self.token}"}
        answer = httpx.request(method, f"{self.url}/api/v2{path}", headers=headers, timeout=30, **more)
        answer.raise_for_status()
        return answer

    def write(self, body: str, precision: str) -> int:
        """Writes line protocol as it is; returns the status."""
        where = {"org": self.org, "bucket": self.bucket, "precision": precision}
        return self.api("POST", "/write", params=where, content=body.encode()).status_code

    def points(self, measurement: str, tag: str, value: str) -> list[Point]:
        """Every point of a measurement with that tag, in the order of time."""
        flux = (
            f'from(bucket: "{self.bucket}")'
            " |> range(start: 1678-01-01T00:00:00Z, stop: 2262-01-01T00:00:00Z)"
            f' |> filter(fn: (r) => r._measurement == "{measurement}" and r.{tag} == "{value}")'
        )
        merged: dict[tuple[Any, ...], Point] = {}
        with InfluxDBClient(url=self.url, token=self.token, org=self.org, timeout=30_000) as client:
            for table in client.query_api().query(flux):
                for row in table.records:
                    own = {name: held for name, held in row.values.items() if name not in _INTERNAL}
                    at = from_datetime(row.get_time())
                    point = merged.setdefault((at, *sorted(own.items())), {"_time": at, **own})
                    point[row.get_field()] = row.get_value()
        return sorted(merged.values(), key=lambda point: point["_time"])

    def delete(self, predicate: str, start: int, end: int) -> None:
        """Deletes what the predicate names with ``start`` ≤ time < ``end``; there the end is included."""
        body = {"predicate": predicate, "start": format_instant(start), "stop": format_instant(end - 1)}
        self.api("POST", "/delete", params={"org": self.org, "bucket": self.bucket}, json=body)

    def token_for(self, action: str) -> str:
        """A token that may only ``read`` or only ``write`` the bucket."""
        bucket = self.api("GET", "/buckets", params={"name": self.bucket}).json()["buckets"][0]
        right = {"action": action, "resource": {"type": "buckets", "id": bucket["id"]}}
        answer = self.api("POST", "/authorizations", json={"orgID": bucket["orgID"], "permissions": [right]})
        return str(answer.json()["token"])


class OwnInfluxServer(InfluxServer):
    """One that is started here, keeps its files in ``folder``, and is stopped by its process id."""

    def __init__(self, program: str, folder: Path) -> None:
        self._port = free_port()
        super().__init__(f"http://127.0.0.1:{self._port}", "tests-token", "tests", "readings")
        self._program, self._folder = program, folder
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it is ready; fails the test with its log otherwise. Only one runs."""
        self.kill()
        folder = self._folder
        flags = {
            "--http-bind-address": f"127.0.0.1:{self._port}",
            "--bolt-path": str(folder / "influxd.bolt"),
            "--engine-path": str(folder / "engine"),
            "--sqlite-path": str(folder / "influxd.sqlite"),
        }
        arguments = [part for flag in flags.items() for part in flag]
        log = folder / "influxd.log"
        with log.open("ab") as output:
            self._running = subprocess.Popen(
                [self._program, *arguments, "--reporting-disabled"],
                stdout=output,
                stderr=output,
                env={**os.environ, "HOME": str(folder)},
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._running.poll() is None:
            if self._answers():
                return
            time.sleep(0.05)
        self.kill()
        pytest.fail(f"influxd did not start:\n{log.read_text(errors='replace')[-3_000:]}")

    def _answers(self) -> bool:
        try:
            return bool(httpx.get(f"{self.url}/health", timeout=2).json().get("status") == "pass")
        except (httpx.HTTPError, ValueError):
            return False

    def kill(self) -> None:
        """Ends it with SIGKILL, by its process id."""
        if self._running is not None:
            if self._running.poll() is None:
                os.kill(self._running.pid, signal.SIGKILL)
            self._running.wait(10)
            self._running = None


_INTERNAL = {"result", "table", "_start", "_stop", "_time", "_value", "_field"}


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """A running, set-up InfluxDB 2 for one test module."""
    url = os.environ.get("INFLUXDB_URL")
    server: InfluxServer
    if url:
        token = os.environ.get("INFLUXDB_TOKEN")
        org, bucket = os.environ.get("INFLUXDB_ORG", "tests"), os.environ.get("INFLUXDB_BUCKET", "readings")
        server = InfluxServer(url, token or "tests-token", org, bucket)
        if not token:
            server.set_up()
        yield server
        return
    program = influxd_path()
    if program is None:
        message = "needs influxd (InfluxDB 2), which is not installed"
        if os.environ.get("REQUIRE_SERVERS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    server = OwnInfluxServer(program, tmp_path_factory.mktemp("influxd"))
    server.start()
    try:
        server.set_up()
        yield server
    finally:
        server.kill()
