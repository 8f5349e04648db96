"""An InfluxDB for the bench: one of its own when ``influxd`` is found, or the one that INFLUXDB_URL names."""

from __future__ import annotations

import csv
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

from benchmarks.child import BenchError, Child, free_port, wait_until

START_SECONDS = 60.0
SETTLE_SECONDS = 10.0
_IDLE_SHARE = 0.05
_LOOK_SECONDS = 0.3
_COUNT = """from(bucket: "{bucket}") |> range(start: 0)
 |> filter(fn: (r) => r._measurement == "storage_temperature" and r._field == "celsius")
 |> group() |> count()"""


class Target(NamedTuple):
    """Where one run writes: a bucket of its own."""

    url: str
    org: str
    token: str
    bucket: str


def find_influxd() -> str | None:
    """The path of ``influxd``: on PATH, or built into the cache folder by ``.ci/install-influxd.sh``."""
    if found := shutil.which("influxd"):
        return found
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    cache = Path(os.environ.get("EXOSOME_MONITOR_CACHE") or Path(base) / "exosome-monitor")
    return next((str(path) for path in sorted(cache.glob("*/influxd"), reverse=True)), None)


def is_available() -> bool:
    """Whether there is an InfluxDB to write to."""
    return "INFLUXDB_URL" in os.environ or find_influxd() is not None


class Influx:
    """A usable InfluxDB 2; a context manager. INFLUXDB_URL needs INFLUXDB_TOKEN and INFLUXDB_ORG, too."""

    def __init__(self, folder: Path) -> None:
        self._child: Child | None = None
        if "INFLUXDB_URL" in os.environ:
            if not {"INFLUXDB_ORG", "INFLUXDB_TOKEN"} <= os.environ.keys():
                raise BenchError(
                    "INFLUXDB_URL is set; INFLUXDB_ORG and INFLUXDB_TOKEN have to be set with it"
                )
            self.url = os.environ["INFLUXDB_URL"]
            self.org, self._token = os.environ["INFLUXDB_ORG"], os.environ["INFLUXDB_TOKEN"]
        else:
            self.org, self._token = "bench", secrets.token_hex(16)
            self.url = self._start(folder)
        headers = {"Authorization": f"Token {self._token}"}
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=30.0, trust_env=False)

    def _start(self, folder: Path) -> str:
        program = find_influxd()
        if program is None:
            raise BenchError("no InfluxDB: influxd is not on PATH, and INFLUXDB_URL is not set")
        folder.mkdir(parents=True, exist_ok=True)
        address = f"127.0.0.1:{free_port()}"
        command = [program, "--reporting-disabled", "--log-level", "error", "--http-bind-address", address]
        command += ["--bolt-path", str(folder / "influxd.bolt"), "--engine-path", str(folder / "engine")]
        self._child = Child("influxd", command, folder=folder)
        return f"http://{address}"

    def __enter__(self) -> Self:
        if self._child is not None:
            try:
                wait_until("healthy InfluxDB", START_SECONDS, self._is_up, child=self._child)
                first = {
                    "username": "bench",
                    "password": secrets.token_hex(16),
                    "org": self.org,
                    "bucket": "first",
                }
                self._ask("POST", "/api/v2/setup", json=first | {"token": self._token})
            except BaseException:
                self._child.stop()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
        if self._child is not None:
            self._child.stop()

    @contextmanager
    def bucket(self) -> Iterator[Target]:
        """A new bucket, deleted on leaving."""
        name = f"bench-{secrets.token_hex(6)}"
        owner = self._ask("GET", "/api/v2/orgs", params={"org": self.org}).json()["orgs"][0]["id"]
        made = self._ask("POST", "/api/v2/buckets", json={"name": name, "orgID": owner}).json()
        try:
            yield Target(self.url, self.org, self._token, name)
        finally:
            self._ask("DELETE", f"/api/v2/buckets/{made['id']}")

    def count(self, target: Target) -> int:
        """How many temperatures a bucket holds."""
        query = {"query": _COUNT.format(bucket=target.bucket), "type": "flux"}
        said = self._ask("POST", "/api/v2/query", params={"org": self.org}, json=query).text
        rows = list(csv.DictReader(line for line in said.splitlines() if line and not line.startswith("#")))
        return int(rows[0]["_value"]) if rows else 0

    def version(self) -> str:
        """What the server calls itself."""
        return str(self._ask("GET", "/health").json().get("version", "unknown"))

    def cpu_seconds(self) -> float:
        """CPU that a private server has used so far; 0.0 for another's."""
        return 0.0 if self._child is None else self._child.cpu_seconds()

    def settle(self) -> None:
        """Waits, at most 10 s, until a private server has finished what the run before left it with."""
        if self._child is None:
            return
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            before = self.cpu_seconds()
            if self._child.ended_within(_LOOK_SECONDS) is not None:
                self._child.complain("ended during the bench")
            if self.cpu_seconds() - before < _IDLE_SHARE * _LOOK_SECONDS:
                return

    def _ask(self, method: str, path: str, **what: Any) -> httpx.Response:
        answer = self._http.request(method, path, **what)
        if answer.is_error:
            said = f"{answer.status_code} to {method} {path}: {answer.text}"
            raise BenchError("InfluxDB answered " + said)
        return answer

    def _is_up(self) -> bool:
        try:
            return self._http.get("/health").status_code == 200
        except httpx.TransportError:
            return False
