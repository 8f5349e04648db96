"""The whole program beside real servers: mosquitto, a mail server, and ``exosome-monitor run`` as a process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.controller import Controller

from tests.conftest import need
from tests.rigs.loopback import free_port

START_SECONDS = 30.0


def wait_until(claim: Any, seconds: float = 20.0, what: str = "") -> Any:
    """Waits until a claim holds (is truthy), and returns it; fails with ``what`` if it doesn't in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = claim()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or claim}"
        time.sleep(0.05)


class Mosquitto:
    """A broker of our own, with persistence, that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._program = need("mosquitto")
        self._conf = folder / "mosquitto.conf"
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 2000000",
            "max_inflight_messages 5000",
        ]
        if os.geteuid() == 0:
            lines.append("user root")
        self._conf.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it listens."""
        self._process = subprocess.Popen([self._program, "-c", str(self._conf)], stderr=subprocess.DEVNULL)
        wait_until(self._listens, START_SECONDS, "mosquitto listens")

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1.0).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Ends it in good order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def publish(self, topic: str, payloads: list[str]) -> None:
        """Publishes with mosquitto_pub, QoS 1, a message a line, as a person at a keyboard would."""
        program = need("mosquitto_pub")
        command = [program, "-p", str(self.port), "-q", "1", "-t", topic, "-l"]
        subprocess.run(command, input="\n".join(payloads).encode() + b"\n", check=True, timeout=30)


class Inbox:
    """A mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self._controller.start()
        self.port = self._controller.port

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """aiosmtpd's name."""
        from email import message_from_bytes, policy

        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def subjects(self) -> list[str]:
        """The subjects, in the order in which they came."""
        return [str(mail["subject"]) for mail in self.mails]

    def stop(self) -> None:
        """Ends it."""
        self._controller.stop()


class Monitor:
    """``exosome-monitor run`` as a process, with a configuration of its own."""

    def __init__(
        self, folder: Path, broker: Mosquitto, *, mail: Inbox | None = None, env: dict[str, str] | None = None
    ):
        self.config = folder / "config"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "monitor.db"
        self._log = folder / "monitor.log"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("EXOSOME_MONITOR__")},
            "EXOSOME_MONITOR_CONFIG": str(self.config),
            "EXOSOME_MONITOR__STORE__URL": f"sqlite:///{self.database}",
            "EXOSOME_MONITOR__MQTT__PORT": str(broker.port),
            "EXOSOME_MONITOR__WEB__PORT": str(self.port),
            "EXOSOME_MONITOR__ALERTING__CONSOLE": "false",
            **(env or {}),
        }
        if mail is not None:
            self.environment |= {
                "EXOSOME_MONITOR__MAIL__HOST": "127.0.0.1",
                "EXOSOME_MONITOR__MAIL__PORT": str(mail.port),
                "EXOSOME_MONITOR__MAIL__FROM": "monitor@lab.example",
            }
        if not self.config.exists():
            self.command("init", str(self.config))
        if mail is not None:
            people = '[[person]]\nname = "anna"\naddresses = ["anna@lab.example"]\n'
            (self.config / "people.toml").write_text(people)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it is ready."""
        with self._log.open("ab") as output:
            command = [sys.executable, "-m", "monitor", "run"]
            self._process = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)
        wait_until(self._is_ready, START_SECONDS, f"ready; its log: {self._log}")

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"it ended: {self._log.read_text()[-3000:]}"
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5.0).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)
        self._process = None

    def stop(self) -> int:
        """Ends it in good order; its exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        code = self._process.wait(30)
        self._process = None
        return code

    def command(self, *arguments: str, expect: int = 0) -> str:
        """Runs a command beside it; its standard output."""
        command = [sys.executable, "-m", "monitor", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """What a command prints with --json."""
        return json.loads(self.command(*arguments, "--json"))

    def get(self, path: str) -> Any:
        """What the API answers."""
        return httpx.get(f"{self.url}/api/v1{path}", timeout=10.0).raise_for_status().json()

    def measure(self, name: str) -> float:
        """A figure of /metrics."""
        for line in httpx.get(f"{self.url}/metrics", timeout=10.0).text.splitlines():
            if line.startswith(f"exosome_monitor_{name} "):
                return float(line.split()[1])
        raise AssertionError(f"no figure {name}")


class Stopping:
    """Stops what was started, last first, whatever happened."""

    def __init__(self) -> None:
        self._things: list[Any] = []
        self.lock = threading.Lock()

    def add(self, thing: Any) -> Any:
        """Adds something with ``stop``."""
        self._things.append(thing)
        return thing

    def stop(self) -> None:
        """Stops all."""
        for thing in reversed(self._things):
            thing.stop()
