"""The monitor itself as a peer: ``monitor run`` on a configuration written for the run, observed over HTTP.

A reading is handled when it has been decoded, committed, acknowledged and judged; the monitor counts these in
``exosome_monitor_readings_judged_total``. The counter is asked for rarely at first and every 10 ms near the
end, so that asking costs little and the instant is right to about 10 ms.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.broker import ROOT
from benchmarks.child import Child, free_port, python_module, wait_until
from benchmarks.load import PROBE, SITE, unit_name
from benchmarks.peer.peers import CLIENT_ID, Place
from benchmarks.peer.plain_script import TOKEN_VARIABLE

COUNTER = "exosome_monitor_readings_judged_total"
START_SECONDS = 60.0
_ASK_AT_LEAST, _ASK_AT_MOST = 0.01, 0.25

_PROFILE = """\
name = "ult-80"
version = 1
effective_from = 2020-01-01T00:00:00Z
title = "Ultra-low −80 °C (for the bench)"
window = { low = -90.0, high = -60.0 }
deadband = 2.0
delay = "10m"
clear_delay = "5m"
instant = { high = -40.0 }
cumulative_delay = "1h"
warning = { high = -70.0, delay = "30m" }
ambient = 22.0
out_of_storage = { free = "2m", limit = "30m" }
band = [
  { name = "warm",   above = -60.0, up_to = -40.0, limit = "24h" },
  { name = "warmer", above = -40.0, up_to = -20.0, limit = "2h" },
  { name = "thaw",   above = -20.0,                limit = "0s" },
  { name = "cold",   up_to = -90.0 },
]
unknown = { rule = "as_band", band = "warm", after = "4h", limit = "24h" }
thaw = { above = -20.0, after = "10m", refrozen_below = -40.0, hidden_by_gap = "4h", limit = 1 }
expiry = { in_use = "24h", look_ahead = "14d" }
coverage = { minimum = 0.95 }
"""


def monitor_toml(place: Place, web_port: int) -> str:
    """The text of ``monitor.toml``: SQLite in the run's folder, its broker, a web port, a unit a channel."""
    parts = [
        f'[store]\nurl = "sqlite:///{place.folder / "store.db"}"',
        f'[mqtt]\nhost = "127.0.0.1"\nport = {place.port}\nroot = "{ROOT}"\nclient_id = "{CLIENT_ID}"',
        f'[web]\nhost = "127.0.0.1"\nport = {web_port}',
        f'[site.{SITE}]\ntimezone = "UTC"',
    ]
    if (influx := place.influx) is not None:
        parts.append(f'[influx]\nurl = "{influx.url}"\norg = "{influx.org}"\nbucket = "{influx.bucket}"')
    probe = f'probe = [{{ name = "{PROBE}", max_gap = "15m" }}]'
    parts += [
        f'[[unit]]\nsite = "{SITE}"\nname = "{unit_name(number + 1)}"\nprofile = "ult-80"\n{probe}'
        for number in range(place.channels)
    ]
    return "\n\n".join(parts) + "\n"


@dataclass(frozen=True, slots=True)
class Ours:
    """``command --config DIR`` has to subscribe, and to serve ``/healthz``, ``/readyz`` and ``/metrics``."""

    name: str = "exosome-monitor"
    writes_to_influx: bool = True
    command: Sequence[str] = tuple(python_module("monitor", "run"))

    def messages(self, asked: int, *, influx: bool) -> int:
        """All of them."""
        return asked

    def start(self, place: Place) -> Child:
        """Writes the configuration, with a new web port, and starts the monitor on the store there is."""
        config = place.folder / "config"
        (config / "profiles").mkdir(parents=True, exist_ok=True)
        (config / "profiles" / "ult-80.toml").write_text(_PROFILE, encoding="utf-8")
        web_port = free_port()
        (config / "monitor.toml").write_text(monitor_toml(place, web_port), encoding="utf-8")
        (place.folder / "web_port").write_text(str(web_port))
        env = {} if place.influx is None else {TOKEN_VARIABLE: place.influx.token}
        return Child("monitor", [*self.command, "--config", str(config)], folder=place.folder, env=env)

    def await_up(self, child: Child, place: Place) -> None:
        """Waits until ``/healthz`` says that it is alive, so that the web server's start is not timed."""
        wait_until(
            "answer of /healthz", START_SECONDS, lambda: _get(place, "/healthz") is not None, child=child
        )

    def await_ready(self, child: Child, place: Place) -> None:
        """Waits until ``/readyz`` agrees."""
        wait_until("ready monitor", START_SECONDS, lambda: _get(place, "/readyz") is not None, child=child)

    def await_handled(self, child: Child, place: Place, *, since: float, seconds: float) -> float:
        """Asks for the counter until it has reached the number of messages."""
        pause = threading.Event()
        deadline = since + seconds
        while (judged := judged_total(_get(place, "/metrics") or "")) < place.messages:
            now = time.monotonic()
            if now > deadline or child.ended_within(0) is not None:
                child.complain(f"judged {judged} of {place.messages} readings in {now - since:.1f} s")
            # Half of what it will take at the pace so far: about ten questions in all.
            left = (now - since) * (place.messages - judged) / judged if judged else _ASK_AT_MOST
            pause.wait(min(_ASK_AT_MOST, max(_ASK_AT_LEAST, left / 2)))
        return time.monotonic()


def judged_total(metrics: str) -> int:
    """The counter's value, summed over its labels, in a Prometheus text; 0 if it isn't there."""
    lines = (line for line in metrics.splitlines() if line.startswith((COUNTER + " ", COUNTER + "{")))
    return int(sum(float(line.rsplit("}", 1)[-1].removeprefix(COUNTER).split()[0]) for line in lines))


def _get(place: Place, path: str) -> str | None:
    """The body of a page with status 200; None for any other answer, or none."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", int((place.folder / "web_port").read_text()), timeout=10
    )
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status == 200 else None
